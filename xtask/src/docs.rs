//! Keeps the documents true: what they point to must exist, links and the files named as shown by a test alike; and what
//! plugins are written against must be in their reference.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::root;
use crate::wit;

/// Documents beside those in `docs/`.
const PAGES: &[&str] = &["README.md", "ARCHITECTURE.md", "CHANGELOG.md"];

/// Code spans that begin so name a file or folder of the project.
const ROOTS: &[&str] = &["docs/", "examples/", "host/", "plugins/", "sdk/", "tests/", "wit/", "xtask/"];

/// The document that names all that `wit/` defines.
const REFERENCE: &str = "docs/plugins.md";

/// Checks all documents.
///
/// # Errors
/// Each target that does not exist, with the document that names it.
pub(crate) fn check() -> Result<String, String> {
    let root = root();
    let mut pages: Vec<PathBuf> = PAGES.iter().map(|page| root.join(page)).collect();
    collect(&root.join("docs"), &mut pages)?;
    let (mut count, mut missing) = (0, Vec::new());
    for page in &pages {
        let text = fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))?;
        for target in targets(&text) {
            count += 1;
            let base = if target.from_root { &root } else { page.parent().unwrap_or(&root) };
            if !base.join(target.path).exists() {
                let page = page.strip_prefix(&root).unwrap_or(page);
                missing.push(format!("{}: there is no {}", page.display(), target.path));
            }
        }
    }
    missing.extend(unnamed(&root)?);
    if missing.is_empty() {
        Ok(format!("{} documents, {count} targets, all there", pages.len()))
    } else {
        Err(missing.join("\n"))
    }
}

/// Returns what of `wit/` the reference does not name in a code span, bare or behind its package.
fn unnamed(root: &Path) -> Result<Vec<String>, String> {
    let page = root.join(REFERENCE);
    let text = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    let names = wit::names(&root.join("wit"))?;
    let is_missing =
        |name: &&String| !text.contains(&format!("`{name}`")) && !text.contains(&format!("/{name}`"));
    Ok(names
        .iter()
        .filter(is_missing)
        .map(|name| format!("{REFERENCE}: `{name}` of wit/ is not in it"))
        .collect())
}

/// Something that a document points to.
#[derive(Debug, PartialEq, Eq)]
struct Target<'a> {
    path: &'a str,
    /// Else from the document's own folder.
    from_root: bool,
}

/// Finds relative links and code spans that name a path; blocks of code are left out.
fn targets(text: &str) -> Vec<Target<'_>> {
    let prose = text.split("\n```").step_by(2);
    let links = prose.clone().flat_map(|prose| prose.split("](").skip(1)).filter_map(|rest| {
        let path = rest.split(')').next()?.split('#').next()?;
        (!path.is_empty() && !path.contains("://")).then_some(Target { path, from_root: false })
    });
    let spans =
        prose.flat_map(str::lines).flat_map(|line| line.split('`').skip(1).step_by(2)).filter(|span| {
            ROOTS.iter().any(|root| span.starts_with(root)) && !span.contains([' ', '*', '<', '{'])
        });
    links.chain(spans.map(|path| Target { path, from_root: true })).collect()
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_paths_are_found_and_nothing_else() {
        let text = "See [a](docs/a.md#part) and [b](https://example.org), `host/x.rs`, `host/*/src`, `x.rs`.\n\
                    ```sh\n[no](no.md) `host/no.rs`\n```\nThen `tests/it`, [c](../c.md), [d](#here).\n";
        let found: Vec<_> = targets(text).into_iter().map(|target| (target.path, target.from_root)).collect();
        let links = [("docs/a.md", false), ("../c.md", false)];
        assert_eq!(found, [&links[..], &[("host/x.rs", true), ("tests/it", true)]].concat());
    }
}
