//! A function `evaluate` that asks for more than a plugin is given.

licit_guest::plugin!("plugin.toml");

fn evaluate(request: &Request, now: u64) -> Verdict {
    if now > 0 && request.has(Data::BrowsingHistory) { deny(Reason::Objected) } else { permit() }
}

fn main() {}
