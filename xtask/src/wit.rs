//! Reads which names the files in `wit/` define, as far as documents must know them.

use std::fs;
use std::path::Path;

/// Returns every named type, function, interface and world below a folder.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, String> {
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(said)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            names.extend(self::names(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            names.extend(text.lines().filter_map(defined).map(str::to_owned));
        }
    }
    Ok(names)
}

/// Returns the name that a line defines.
fn defined(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") {
        return None;
    }
    let function = || line.split_once(": func(").map(|(name, _)| name);
    let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
    let is_type =
        ["record", "variant", "enum", "flags", "type", "resource", "interface", "world"].contains(&keyword);
    let name = if is_type { rest.split([' ', '{', ';', '=']).next() } else { function() };
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_functions_are_found_and_nothing_else() {
        for (line, name) in [
            ("  record job-facts {", Some("job-facts")),
            ("  enum os { linux, macos }", Some("os")),
            ("  type attrs = list<tuple<string, string>>;", Some("attrs")),
            ("  judge: func(ask: ask) -> result<verdict, error>;", Some("judge")),
            ("interface policy {", Some("policy")),
            ("world base {", Some("base")),
            ("    repository: string,", None),
            ("  /// type of the job", None),
            ("  use common.{attrs};", None),
            ("}", None),
        ] {
            assert_eq!(defined(line), name, "{line}");
        }
    }
}
