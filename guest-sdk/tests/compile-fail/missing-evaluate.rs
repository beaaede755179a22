//! No function `evaluate`.

licit_guest::plugin!("plugin.toml");


fn main() {}
