//! act-store
