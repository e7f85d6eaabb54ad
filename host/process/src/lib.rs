//! act-process
