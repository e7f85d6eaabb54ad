//! What an agent leaves behind where its machine keeps it: how each of its processes ended, in at most 4,096 bytes.
//!
//! A pod's termination message, written anew after every end. It is the second proof of an end: with it a host that has
//! all the output can conclude a step although the machine is gone.

use serde::Deserialize;

use crate::exec::{Collected, Cursor, End, Ending};

/// The message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Parting {
    /// Its form: 1.
    pub v: u32,
    /// Whose launch the machine was.
    #[serde(default)]
    pub job: String,
    /// Why the agent itself ended, unless it was told to.
    #[serde(default)]
    pub why: Option<String>,
    /// How many of the oldest ends had no room.
    #[serde(default)]
    pub dropped: u32,
    /// The ends, oldest first.
    #[serde(default)]
    pub ends: Vec<PartingEnd>,
}

/// How one process ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PartingEnd {
    /// The process, without the launch where that is the message's.
    pub id: String,
    /// `exited`, `timed-out`, `stopped`, `not-started`, `lost`.
    pub how: String,
    /// Of a process that exited.
    #[serde(default)]
    pub code: Option<u32>,
    /// Bytes that it wrote to standard output.
    pub out: u64,
    /// Bytes that it wrote to standard error.
    pub err: u64,
    /// A letter for each file to be collected: `e`mpty, `m`issing, or `x` for one whose content is not known from here.
    #[serde(default)]
    pub files: String,
}

impl PartingEnd {
    /// Says an end in short.
    #[must_use]
    pub fn new(id: &str, end: &End) -> Self {
        let (how, code) = match end.how {
            Ending::Exited { code } => ("exited", Some(code)),
            Ending::TimedOut => ("timed-out", None),
            Ending::Stopped => ("stopped", None),
            Ending::NotStarted { .. } => ("not-started", None),
            Ending::Lost { .. } => ("lost", None),
        };
        let letter = |file: &Collected| match file {
            Collected::Bytes(bytes) if bytes.is_empty() => 'e',
            Collected::Missing => 'm',
            Collected::Bytes(_) | Collected::TooLarge { .. } | Collected::Kept { .. } => 'x',
        };
        Self {
            id: id.to_owned(),
            how: how.to_owned(),
            code,
            out: end.written.stdout,
            err: end.written.stderr,
            files: end.files.iter().map(letter).collect(),
        }
    }

    /// Returns all that the process wrote, in bytes.
    #[must_use]
    pub const fn written(&self) -> Cursor {
        Cursor { stdout: self.out, stderr: self.err }
    }

    fn json(&self) -> String {
        let code = self.code.map_or_else(String::new, |code| format!(",\"code\":{code}"));
        format!(
            "{{\"id\":{},\"how\":{}{code},\"out\":{},\"err\":{},\"files\":{}}}",
            quoted(&self.id),
            quoted(&self.how),
            self.out,
            self.err,
            quoted(&self.files)
        )
    }
}

impl Parting {
    /// What a machine keeps at the most; Kubernetes cuts what is longer.
    pub const LIMIT: usize = 4096;

    /// Returns it as JSON of at most [`Self::LIMIT`] bytes; the oldest ends go where there is not enough room.
    #[must_use]
    pub fn to_json(&self) -> String {
        let why = self.why.as_deref().map(|why| format!(",\"why\":{}", quoted(short(why, 400))));
        let job = quoted(short(&self.job, 600));
        let head = format!("{{\"v\":1,\"job\":{job}{}", why.unwrap_or_default());
        // Room for the count and the brackets.
        let mut room = Self::LIMIT.saturating_sub(head.len() + 40);
        let mut kept = Vec::new();
        for end in self.ends.iter().rev().map(PartingEnd::json) {
            if end.len() + 1 > room {
                break;
            }
            room -= end.len() + 1;
            kept.push(end);
        }
        kept.reverse();
        let left_out = u32::try_from(self.ends.len() - kept.len()).unwrap_or(u32::MAX);
        let dropped = self.dropped.saturating_add(left_out);
        format!("{head},\"dropped\":{dropped},\"ends\":[{}]}}", kept.join(","))
    }
}

/// Returns the begin of a text, of at most so many bytes.
fn short(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Writes a text as JSON has it; what cannot be seen becomes a blank, so that no text grows beyond twice its length.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(if c.is_ascii_control() { ' ' } else { c });
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn end(index: u64) -> PartingEnd {
        let files = vec![
            Collected::Bytes(Bytes::new()),
            Collected::Missing,
            Collected::Bytes(Bytes::from_static(b"x")),
            Collected::TooLarge { size: 3 },
        ];
        let written = Cursor { stdout: index, stderr: 1 };
        PartingEnd::new(&format!("{index}-main-0"), &End { how: Ending::Exited { code: 3 }, written, files })
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let why = Some("no host for 600 s: \"gone\" \\".to_owned());
        let ends = vec![end(0), end(1), PartingEnd { code: None, how: "lost".to_owned(), ..end(2) }];
        let parting = Parting { v: 1, job: "01/büild".to_owned(), why, dropped: 0, ends };
        let read: Parting = serde_json::from_str(&parting.to_json()).unwrap();
        assert_eq!(read, parting);
        assert_eq!(read.ends[0].files, "emxx");
    }

    #[test]
    fn the_oldest_ends_go_where_there_is_no_room() {
        for job in ["short".to_owned(), "\u{1}".repeat(2_000)] {
            let ends: Vec<_> = (0..500).map(end).collect();
            let why = Some("w\n".repeat(500));
            let json = Parting { v: 1, job, why, dropped: 0, ends }.to_json();
            assert!(json.len() <= Parting::LIMIT, "{}", json.len());
            let read: Parting = serde_json::from_str(&json).unwrap();
            assert_eq!(read.dropped as usize + read.ends.len(), 500);
            assert!(read.ends.is_empty() || read.ends.last() == Some(&end(499)));
        }
    }
}
