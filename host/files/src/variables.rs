//! Decides which variables a process gets, and where its programs are looked for.

use std::borrow::Cow;
use std::ffi::OsStr;

use act_process::{Marker, Variables};

/// Lays variables over each other; of one name the last counts. The marker cannot be overruled: it is
/// how processes that a job leaves behind are found.
#[must_use]
pub fn overlay<'a>(
    layers: &[&'a [(String, String)]],
    prepend_path: &[String],
    marker: &'a Marker,
) -> Variables<'a> {
    let variables = layers.iter().copied().flatten();
    // With room for the path and the marker.
    let mut all = Variables::with_capacity(layers.iter().map(|layer| layer.len()).sum::<usize>() + 2);
    all.extend(variables.clone().map(|(name, value)| (text(name), text(value))));
    if !prepend_path.is_empty() {
        all.push((text("PATH"), Cow::Owned(folders(variables, prepend_path).into())));
    }
    all.push((text(&marker.name), text(&marker.value)));
    all
}

fn text(text: &str) -> Cow<'_, OsStr> {
    Cow::Borrowed(OsStr::new(text))
}

/// Returns the `PATH` of some variables, with more folders before it.
#[must_use]
pub fn search_path(env: &[(String, String)], prepend: &[String]) -> String {
    folders(env.iter(), prepend)
}

fn folders<'a>(mut env: impl DoubleEndedIterator<Item = &'a (String, String)>, prepend: &[String]) -> String {
    let own = env.rfind(|(name, _)| name == "PATH").map(|(_, value)| value);
    let folders: Vec<&str> = prepend.iter().chain(own).map(String::as_str).collect();
    folders.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_step_overrules_what_is_inherited_but_not_the_marker() {
        let marker = Marker { name: "M".to_owned(), value: "1".to_owned() };
        let inherited = pairs(&[("PATH", "/bin"), ("A", "x")]);
        let own = pairs(&[("A", "y"), ("M", ""), ("PATH", "/own")]);
        let last = |all: &Variables<'_>, name: &str| {
            let found = all.iter().rfind(|(key, _)| **key == *name);
            found.map(|(_, value)| value.to_str().unwrap().to_owned())
        };
        let prepended = ["/p".to_owned(), "/q".to_owned()];
        let all = overlay(&[&inherited, &own], &prepended, &marker);
        assert_eq!(last(&all, "PATH").as_deref(), Some("/p:/q:/own"));
        assert_eq!(last(&all, "A").as_deref(), Some("y"));
        assert_eq!(last(&all, "M").as_deref(), Some("1"));
        assert_eq!(search_path(&[], &["/p".to_owned()]), "/p");
    }
}
