//! Support for act-host's tests.
