//! A function `evaluate` that is no plugin's.

licit_guest::plugin!("plugin.toml");

fn evaluate(request: &Request) -> bool {
    request.has(Data::BrowsingHistory)
}

fn main() {}
