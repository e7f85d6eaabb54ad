//! What the configuration says that this crate needs: the remote, and what a copy of the repository must share.

use std::collections::BTreeMap;

/// Settings without which files or objects would be read differently in a copy of the repository.
const CARRIED: [&str; 8] = [
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.symlinks",
    "extensions.objectformat",
    "extensions.partialclone",
];

/// The settings of a repository, in force where it lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Section to keys and values, to be written into the copy's own configuration.
    pub(crate) carried: BTreeMap<String, String>,
    /// First URL of the remote, as configured.
    pub(crate) remote_url: Option<String>,
    /// The remote may be asked for objects that are missing here, with this filter.
    pub(crate) promisor: Option<String>,
}

impl Settings {
    /// Reads the output of `git config --list -z`: `key\nvalue\0`, or `key\0` for a key alone.
    pub(crate) fn parse(listed: &[u8], remote: &str) -> Self {
        let entries = listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
        Self::of(
            entries.map(|entry| {
                let entry = String::from_utf8_lossy(entry);
                let (key, value) = entry.split_once('\n').unwrap_or((&entry, "true"));
                (key.to_owned(), value.to_owned())
            }),
            remote,
        )
    }

    /// Takes what it needs of keys and values, in the order in which they come into force.
    pub(crate) fn of(entries: impl Iterator<Item = (String, String)>, remote: &str) -> Self {
        let mut settings = Self::default();
        let [url, promisor, filter] =
            ["url", "promisor", "partialclonefilter"].map(|key| format!("remote.{remote}.{key}"));
        let mut filters = BTreeMap::new();
        for (key, value) in entries {
            if key == url {
                // Git fetches from the first.
                settings.remote_url.get_or_insert(value);
            } else if key == promisor || key == filter {
                filters.insert(key, value);
            } else if CARRIED.contains(&key.as_str()) {
                settings.carried.insert(key, value);
            }
        }
        if filters.get(&promisor).is_some_and(|value| value == "true") {
            settings.promisor = Some(filters.remove(&filter).unwrap_or_else(|| "blob:none".to_owned()));
        }
        settings
    }
}

/// Writes a value so that git reads it back as it is.
pub(crate) fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_url_and_the_last_setting_win() {
        let listed = b"core.filemode\nfalse\0core.filemode\ntrue\0core.editor\nvi\0core.symlinks\0remote.origin.url\na\0\
            remote.origin.url\nb\0remote.up.url\nc\0";
        let settings = Settings::parse(listed, "origin");
        assert_eq!(settings.remote_url.as_deref(), Some("a"));
        assert_eq!(settings.carried.get("core.filemode").map(String::as_str), Some("true"));
        assert_eq!(settings.carried.get("core.symlinks").map(String::as_str), Some("true"));
        assert_eq!(settings.carried.len(), 2);
        assert_eq!(Settings::parse(listed, "up").remote_url.as_deref(), Some("c"));
    }

    #[test]
    fn a_partial_clone_keeps_its_filter() {
        let listed = b"remote.origin.promisor\ntrue\0remote.origin.partialclonefilter\nblob:limit=1k\0";
        assert_eq!(Settings::parse(listed, "origin").promisor.as_deref(), Some("blob:limit=1k"));
        assert_eq!(Settings::parse(listed, "other").promisor, None);
    }
}
