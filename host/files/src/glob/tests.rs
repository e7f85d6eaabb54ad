//! Whole searches on small trees.

use super::*;

/// Makes a tree of files (`a/b`), folders (`a/`) and links (`a -> b`).
fn tree(entries: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for entry in entries {
        if let Some((link, target)) = entry.split_once(" -> ") {
            std::os::unix::fs::symlink(target, root.join(link)).unwrap();
        } else if entry.ends_with('/') {
            fs::create_dir_all(root.join(entry)).unwrap();
        } else {
            fs::create_dir_all(root.join(entry).parent().unwrap()).unwrap();
            fs::write(root.join(entry), *entry).unwrap();
        }
    }
    (folder, root)
}

fn search(root: &Path, patterns: &str, follow_links: bool) -> Vec<String> {
    let mut found = Vec::new();
    let glob = Glob::parse(patterns, root.to_str().unwrap(), None, follow_links).unwrap();
    glob.walk(|path| {
        let shown = path.strip_prefix(root).unwrap_or(path);
        found.push(shown.to_str().unwrap().to_owned());
        Ok::<(), GlobError>(())
    })
    .unwrap();
    found
}

#[test]
fn searches_go_depth_first_in_byte_order() {
    let (_folder, root) = tree(&["b/y", "b/x/1", "b-/z", "a", "B", ".h/i"]);
    assert_eq!(
        search(&root, "**", false),
        ["", ".h", ".h/i", "B", "a", "b", "b/x", "b/x/1", "b/y", "b-", "b-/z"]
    );
    assert_eq!(search(&root, "b/y\nb/x\nb/x/1", false), ["b/y", "b/x", "b/x/1"]);
}

#[test]
fn later_patterns_overrule_earlier_ones() {
    let (_folder, root) = tree(&["a/1", "a/2", "a/b/3"]);
    for (patterns, found) in [
        ("a\n!a/b", vec!["a", "a/1", "a/2"]),
        ("a\n!a/b\na/b/3", vec!["a", "a/1", "a/2", "a/b/3"]),
        ("!a/1\na/*", vec!["a/1", "a/2", "a/b", "a/b/3"]),
        ("# a\n\n  a/1  ", vec!["a/1"]),
        ("a/*/", vec!["a/b", "a/b/3"]),
        ("a\n!a/b/", vec!["a", "a/1", "a/2"]),
        ("!a", vec![]),
        ("none/x", vec![]),
    ] {
        assert_eq!(search(&root, patterns, false), found, "{patterns}");
    }
}

#[test]
fn links_are_followed_only_on_demand_and_circles_end() {
    let (_folder, root) = tree(&["a/1", "a/up -> ..", "l -> a", "broken -> none"]);
    assert_eq!(search(&root, "**/*", false), ["a", "a/1", "a/up", "broken", "l"]);
    assert_eq!(search(&root, "**/*", true), ["a", "a/1", "l", "l/1"]);
}
