//! No `plugin.toml`.

licit_guest::plugin!();

fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) if facts.right_objected_purposes().contains("profiling") => {
            deny(Reason::Objected)
        }
        Purpose::ContentRecommendation(_) | Purpose::SystemServiceOperation => permit(),
    }
}

fn main() {}
