//! act-workflow
