//! act-git
