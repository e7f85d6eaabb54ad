//! Names of objects: computed from the machine's id, the same whenever they are asked for.

use act_core::ids::MachineId;
use sha2::{Digest as _, Sha256};

/// The longest name of an object that becomes a label as well.
const LONGEST: usize = 63;

/// Hexadecimal digits of the id that a name ends in.
const DIGITS: usize = 16;

/// Names a machine's pod: `act-<job>-<digest>`, readable and unique.
pub(crate) fn machine(id: &MachineId) -> String {
    let digest = digest(id);
    // The id is `<run>-<job>-<attempt>-<launch>`: people look for the job.
    let job = id.0.split_once('-').map_or("", |(_, rest)| rest);
    let job = job.rsplitn(3, '-').last().unwrap_or_default();
    let room = LONGEST - "act--".len() - DIGITS;
    let job: String = dns(job).chars().take(room).collect();
    match job.trim_matches('-') {
        "" => format!("act-{digest}"),
        job => format!("act-{job}-{digest}"),
    }
}

/// Returns the digest by which a machine's objects are found.
pub(crate) fn digest(id: &MachineId) -> String {
    Sha256::digest(id.0.as_bytes()).iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a part of a name: lower case, digits and single dashes.
pub(crate) fn dns(text: &str) -> String {
    let mut made = String::new();
    for letter in text.chars() {
        match letter.to_ascii_lowercase() {
            letter if letter.is_ascii_lowercase() || letter.is_ascii_digit() => made.push(letter),
            _ if made.ends_with('-') || made.is_empty() => {}
            _ => made.push('-'),
        }
    }
    made.trim_end_matches('-').to_owned()
}

/// Whether a text can be the name of a host.
pub(crate) fn is_host_name(text: &str) -> bool {
    let is_edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_label = |part: &str| {
        let bytes = part.as_bytes();
        bytes.len() <= 63
            && is_edge(bytes.first())
            && is_edge(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    !text.is_empty() && text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(job: &str) -> String {
        machine(&MachineId(format!("01m0000000000000000000000z-{job}-1-2")))
    }

    #[test]
    fn names_are_readable_short_and_the_same_each_time() {
        for job in ["build", "Caller_build.3", "a-b-c", "ünï", "", &"very-long-name-".repeat(10)] {
            let name = name(job);
            assert!(name.len() <= 63 && is_host_name(&name) && !name.contains('.'), "{name}");
            assert_eq!(name, self::name(job));
        }
        assert!(name("build").starts_with("act-build-"));
        assert!(name("caller_build.3").starts_with("act-caller-build-3-"));
        assert_ne!(name("a.b"), name("a_b"), "what reads alike is told apart");
    }

    #[test]
    fn host_names_are_those_of_rfc_1123() {
        for (text, is) in
            [("db", true), ("my-db.local", true), ("my_db", false), ("Db", false), ("-a", false), ("", false)]
        {
            assert_eq!(is_host_name(text), is, "{text}");
        }
    }
}
