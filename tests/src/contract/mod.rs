//! One suite a port; every implementor passes it.
