//! Sets of variables, in order, whose names are one or two by the rules of the environment.

use indexmap::IndexMap;

/// Sets a variable. Where case does not count, a name keeps the spelling it came with first.
pub(crate) fn set(
    variables: &mut IndexMap<String, String>,
    name: &str,
    value: impl Into<String>,
    ignores_case: bool,
) {
    if ignores_case
        && let Some((_, known)) = variables.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name))
    {
        *known = value.into();
    } else {
        variables.insert(name.to_owned(), value.into());
    }
}

/// Lays variables over others.
pub(crate) fn extend(
    variables: &mut IndexMap<String, String>,
    over: impl IntoIterator<Item = (String, String)>,
    ignores_case: bool,
) {
    for (name, value) in over {
        set(variables, &name, value, ignores_case);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_are_one_where_the_environment_says_so() {
        for (ignores_case, expected) in
            [(true, vec![("Path", "b")]), (false, vec![("Path", "a"), ("PATH", "b")])]
        {
            let mut variables = IndexMap::new();
            set(&mut variables, "Path", "a", ignores_case);
            set(&mut variables, "PATH", "b", ignores_case);
            let all: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(all, expected);
        }
    }
}
