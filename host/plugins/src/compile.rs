//! Compiling components.

/// The largest component that is compiled, in bytes.
pub(crate) const LARGEST_COMPONENT: usize = 64 << 20;
