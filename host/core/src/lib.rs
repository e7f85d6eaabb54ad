//! act-core
