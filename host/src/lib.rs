//! licit-host

pub mod sandbox;
