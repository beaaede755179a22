//! The parts of the `licit` command that other programs can call: building and packing a plugin.

pub mod build;
pub mod pack;
