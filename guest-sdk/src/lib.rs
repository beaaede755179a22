//! licit-guest
