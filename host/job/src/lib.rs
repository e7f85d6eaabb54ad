//! act-job
