//! Splits one text into arguments, by the rules of .NET on Unix.
//!
//! Source: dotnet/runtime `Process.Unix.cs`, `ParseArgumentsIntoList`.

use std::iter::Peekable;
use std::str::Chars;

pub(super) fn split(text: &str) -> Vec<String> {
    let mut chars = text.chars().peekable();
    let mut arguments = Vec::new();
    loop {
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        if chars.peek().is_none() {
            return arguments;
        }
        arguments.push(next_argument(&mut chars));
    }
}

fn next_argument(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut argument = String::new();
    let mut quoted = false;
    while let Some(c) = chars.next_if(|c| quoted || !matches!(c, ' ' | '\t')) {
        match c {
            '\\' => backslashes(chars, &mut argument),
            // A quote doubled inside of quotes stands for itself.
            '"' if quoted && chars.next_if_eq(&'"').is_some() => argument.push('"'),
            '"' => quoted = !quoted,
            c => argument.push(c),
        }
    }
    argument
}

/// Backslashes before a quote: each pair is one, a single one left over makes the quote plain text.
/// Others stand for themselves.
fn backslashes(chars: &mut Peekable<Chars<'_>>, argument: &mut String) {
    let mut count = 1;
    while chars.next_if_eq(&'\\').is_some() {
        count += 1;
    }
    if chars.peek() != Some(&'"') {
        argument.extend(std::iter::repeat_n('\\', count));
        return;
    }
    argument.extend(std::iter::repeat_n('\\', count / 2));
    if count % 2 == 1 {
        argument.extend(chars.next());
    }
}
