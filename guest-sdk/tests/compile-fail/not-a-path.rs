//! Something else than the path of a manifest.

licit_guest::plugin!(themes);

fn main() {}
