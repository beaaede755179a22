//! The `licit` command.
fn main() {}
