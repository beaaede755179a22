//! A purpose that the manifest declares and the code forgets.

licit_guest::plugin!("plugin.toml");

fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) if facts.right_objected_purposes().contains("profiling") => {
            deny(Reason::Objected)
        }
        Purpose::ContentRecommendation(_) => permit(),
    }
}

fn main() {}
