//! licit-host
