//! A purpose that the manifest does not declare.

licit_guest::plugin!("plugin.toml");

fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) if facts.right_objected_purposes().contains("profiling") => {
            deny(Reason::Objected)
        }
        Purpose::ContentRecommendation(_) | Purpose::SystemServiceOptimisation => permit(),
    }
}

fn main() {}
