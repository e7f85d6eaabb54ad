//! act-local
