//! Sets of names that differ in more than case.

use act_expr::text::{eq_ignore_case, hash_ignore_case};
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A set of names, compared as .NET's `OrdinalIgnoreCase` does.
#[derive(Debug, Default)]
pub(crate) struct CaselessSet {
    /// Most mappings have a handful of keys: comparing them is cheaper than hashing.
    few: Vec<Arc<str>>,
    many: HashSet<Caseless>,
}

const FEW: usize = 12;

impl CaselessSet {
    /// Adds a name; `false` if it was there.
    pub(crate) fn insert(&mut self, name: &Arc<str>) -> bool {
        if self.contains(name) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(name.clone());
            return true;
        }
        self.many.insert(Caseless(name.clone()))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        // No other character has an ASCII letter as its upper case, so ASCII equals ASCII only.
        let is_ascii = name.is_ascii();
        let same = |known: &Arc<str>| {
            if is_ascii { known.eq_ignore_ascii_case(name) } else { eq_ignore_case(known, name) }
        };
        self.few.iter().any(same) || (!self.many.is_empty() && self.many.contains(&Caseless(name.into())))
    }
}

#[derive(Debug)]
struct Caseless(Arc<str>);

impl PartialEq for Caseless {
    fn eq(&self, other: &Self) -> bool {
        eq_ignore_case(&self.0, &other.0)
    }
}

impl Eq for Caseless {}

impl Hash for Caseless {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_ignore_case(&self.0, state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_with_few_names_nor_with_many() {
        let mut set = CaselessSet::default();
        for index in 0..40 {
            assert!(set.insert(&format!("Name{index}").into()));
        }
        for index in 0..40 {
            assert!(!set.insert(&format!("nAME{index}").into()));
        }
    }
}
