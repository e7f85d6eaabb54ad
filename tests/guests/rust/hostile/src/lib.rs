//! A mapper and a policy that do what their first label says: everything that a plugin must not get through with.

mod escape;

use std::hint::black_box;
use std::time::Duration;

use act_host_sdk::prelude::*;

struct Hostile;

label_mapper!(Hostile);
policy!(Hostile);

impl LabelMapper for Hostile {
    fn map(ask: &LabelAsk) -> Result<Mapped, Error> {
        let label = ask.labels.first().map_or("", String::as_str);
        match label {
            "giant-list" => Ok(Mapped::mine(giant(), "so many")),
            "giant-text" => Ok(Mapped::not_mine("x".repeat(8 << 20))),
            "bad-text" => Ok(Mapped::not_mine("\u{1b}[31mred\n::error::not mine\r\n::add-mask::o")),
            "twice" => Ok(Mapped::mine(twice(), "a key comes twice")),
            "error" => Err(Error::invalid("\u{1b}[2Jno\nthanks")),
            label => Ok(match do_as(label) {
                Some(said) => Mapped::not_mine(said),
                None => Mapped::mine(Placement::new().os(Os::Linux), "fine"),
            }),
        }
    }
}

impl Policy for Hostile {
    fn judge(ask: &PolicyAsk) -> Result<Verdict, Error> {
        let label = ask.labels.first().map_or("", String::as_str);
        match label {
            "out-of-phase" => Ok(Verdict::amend_labels(vec!["mine".to_owned()], "always")),
            "error" => Err(Error::internal("broken")),
            label => Ok(do_as(label).map_or(Verdict::Abstain, Verdict::deny)),
        }
    }
}

/// Does what a label says; returns what came of it, `None` for a label that means nothing.
fn do_as(label: &str) -> Option<String> {
    match label {
        "panic" => panic!("the guest gave up"),
        "exit" => std::process::exit(3),
        "spin" => loop {
            black_box(label);
        },
        "log-forever" => loop {
            log::info("again");
        },
        "sleep" => {
            std::thread::sleep(Duration::from_secs(3600));
            Some("slept".to_owned())
        }
        "memory" => {
            let mut kept = Vec::new();
            loop {
                kept.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        "recursion" => Some(deep(0).to_string()),
        "flood" => {
            for line in 0..100_000 {
                log::warn(&format!("\u{1b}[31m{line}\u{1b}[0m\n::add-mask::{line}\n::error file=a::b"));
            }
            None
        }
        "long-line" => {
            log::warn(&"x".repeat(1 << 19));
            None
        }
        "output" => {
            println!("\u{1b}]0;title\u{7}::add-mask::out");
            eprintln!("::set-output name=a::b");
            None
        }
        "files" => Some(escape::files()),
        "network" => Some(escape::network()),
        "surroundings" => Some(escape::surroundings()),
        _ => None,
    }
}

/// Fills the stack, whatever the compiler thinks of it.
#[expect(unconditional_recursion, reason = "on purpose")]
fn deep(depth: u64) -> u64 {
    let here = black_box([depth; 64]);
    black_box(deep(depth + 1)) + here[0]
}

fn giant() -> Placement {
    let attrs = (0..1_000_000).map(|key: u32| (key.to_string(), String::new())).collect();
    Placement { attrs, ..Placement::new() }
}

fn twice() -> Placement {
    let pair = |value: &str| ("key".to_owned(), value.to_owned());
    Placement { attrs: vec![pair("one"), pair("two")], ..Placement::new() }
}
