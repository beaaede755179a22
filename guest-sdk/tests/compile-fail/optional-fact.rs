//! A fact that need not be known, used as if it were.

licit_guest::plugin!("plugin.toml");

fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) if facts.subject_region() == "IN" => {
            deny(Reason::Objected)
        }
        Purpose::ContentRecommendation(_) | Purpose::SystemServiceOperation => permit(),
    }
}

fn main() {}
