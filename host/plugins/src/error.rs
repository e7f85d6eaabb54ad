//! Why plugins cannot be hosted here, and why one cannot be loaded: always with its name, and with what to do.

use std::io;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::manifest::ManifestError;

/// The machine cannot host plugins.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The engine does not start.
    #[error("plugins cannot run here: {0}")]
    Engine(String),
    /// A folder cannot be used.
    #[error("`{path}` cannot hold what plugins need: {why}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// A plugin cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("plugin `{plugin}` cannot be loaded: {fault}")]
pub struct LoadError {
    /// Which.
    pub plugin: String,
    /// Why.
    pub fault: Box<LoadFault>,
}

/// Why a plugin cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadFault {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Too large.
    #[error("its component has more than {} MiB", crate::compile::LARGEST_COMPONENT >> 20)]
    TooLarge,
    /// Not the bytes that were pinned.
    #[error("its digest is sha256:{actual}, and sha256:{pinned} is pinned: it is another component")]
    Pin {
        /// What the operator wrote.
        pinned: Digest,
        /// What the file has.
        actual: Digest,
    },
    /// Its name names no folder.
    #[error("its name must be 1 to 64 of `a-z`, `0-9` and `-`, with no `-` in front")]
    Name,
    /// Its manifest is missing or wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its settings do not fit its schema.
    #[error("its settings are wrong: {0}")]
    Settings(String),
    /// It imports a capability that its manifest does not request.
    #[error(
        "it imports `{import}`, and its manifest does not request it: \
         the author must add `[{request}]` to plugin.toml and build it again"
    )]
    NotRequested {
        /// Which interface.
        import: String,
        /// The table of the manifest.
        request: &'static str,
    },
    /// It needs a grant that the operator did not give.
    #[error(
        "it needs {what}, which is not granted; `act-host plugin grant --write {}` grants it, or these lines of \
         act-host.toml, in its `[[plugin]]` where it has one:\n\n{lines}", file.display()
    )]
    NotGranted {
        /// In words.
        what: String,
        /// The component.
        file: PathBuf,
        /// What to add.
        lines: String,
    },
    /// It imports what no host of this kind has.
    #[error("it imports what act-host does not have: {}", .0.join(", "))]
    UnknownImports(Vec<String>),
    /// It was built for another version of the interfaces.
    #[error("it was built for `{wanted}`, and this act-host has version {here}: {advice}")]
    OtherVersion {
        /// The interface with its version.
        wanted: String,
        /// The version this host speaks.
        here: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// It is of no kind.
    #[error(
        "it is neither a label mapper nor a policy nor a scheduler: it exports {0}; \
         a plugin exports `act-host:label-mapper/label-mapper`, `act-host:policy/policy` or \
         `act-host:scheduler/scheduler`, version 0.1"
    )]
    NoKind(String),
    /// An interface has the right name and the wrong functions or types.
    #[error("its interfaces do not fit: {0}")]
    Link(String),
    /// The bytes are no component that can be compiled.
    #[error("its component is not valid: {0}")]
    Invalid(String),
    /// The compiler gave up or was ended.
    #[error("it cannot be compiled: {0}")]
    Compile(String),
}
