//! A data category that the manifest does not declare.

licit_guest::plugin!("plugin.toml");

fn evaluate(request: &Request) -> Verdict {
    if request.has(Data::Imei) { deny(Reason::Objected) } else { permit() }
}

fn main() {}
