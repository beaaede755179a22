//! A fact of the policy that no activity of this purpose reads.

licit_guest::plugin!("plugin.toml");

fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) if facts.subject_child_signal() => {
            deny(Reason::Objected)
        }
        Purpose::ContentRecommendation(_) | Purpose::SystemServiceOperation => permit(),
    }
}

fn main() {}
