//! The secrets a workflow may see: all of the run's, or those its caller hands over.

use std::sync::Arc;

use act_core::control::Secret;
use act_core::spec::SecretName;
use indexmap::IndexMap;

/// Values by name, whose case does not count. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Arc<IndexMap<String, (SecretName, Secret)>>);

impl Secrets {
    /// Finds one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(&name.to_ascii_uppercase()).map(|(_, secret)| secret)
    }

    /// Returns the names, as given.
    pub fn names(&self) -> impl Iterator<Item = &SecretName> {
        self.0.values().map(|(name, _)| name)
    }

    /// Returns the values.
    pub fn values(&self) -> impl Iterator<Item = &Secret> {
        self.0.values().map(|(_, secret)| secret)
    }
}

impl FromIterator<(String, Secret)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(entries: I) -> Self {
        let entry =
            |(name, secret): (String, Secret)| (name.to_ascii_uppercase(), (SecretName(name), secret));
        Self(Arc::new(entries.into_iter().map(entry).collect()))
    }
}
