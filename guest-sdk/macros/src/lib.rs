//! licit-guest-macros
