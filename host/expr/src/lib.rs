//! act-expr
