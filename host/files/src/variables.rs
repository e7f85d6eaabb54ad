//! Decides which variables a process gets, and where its programs are looked for.

use act_process::Marker;

/// Lays variables over each other; of one name the last counts. The marker cannot be overruled: it is
/// how processes that a job leaves behind are found.
#[must_use]
pub fn overlay(
    inherited: &[(String, String)],
    own: &[(String, String)],
    prepend_path: &[String],
    marker: &Marker,
) -> Vec<(String, String)> {
    let mut all = [inherited, own].concat();
    if !prepend_path.is_empty() {
        let path = search_path(&all, prepend_path);
        all.push(("PATH".to_owned(), path));
    }
    all.push((marker.name.clone(), marker.value.clone()));
    all
}

/// Returns the `PATH` of some variables, with more folders before it.
#[must_use]
pub fn search_path(env: &[(String, String)], prepend: &[String]) -> String {
    let own = env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value);
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
        let last = |all: &[(String, String)], name: &str| {
            all.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        let all = overlay(&inherited, &own, &["/p".to_owned(), "/q".to_owned()], &marker);
        assert_eq!(last(&all, "PATH").as_deref(), Some("/p:/q:/own"));
        assert_eq!(last(&all, "A").as_deref(), Some("y"));
        assert_eq!(last(&all, "M").as_deref(), Some("1"));
        assert_eq!(search_path(&[], &["/p".to_owned()]), "/p");
    }
}
