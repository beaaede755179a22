//! A manifest with a data category that the policy does not know.

licit_guest::plugin!("manifest-unknown-category.toml");

fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) if facts.right_objected_purposes().contains("profiling") => {
            deny(Reason::Objected)
        }
        Purpose::ContentRecommendation(_) | Purpose::SystemServiceOperation => permit(),
    }
}

fn main() {}
