//! act-mask
