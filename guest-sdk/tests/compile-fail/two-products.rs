//! Two products in one crate.

mod one {
    licit_guest::plugin!(manifest_only, "plugin.toml");
}

mod other {
    licit_guest::plugin!(manifest_only, "plugin.toml");
}

fn main() {}
