//! act-engine
