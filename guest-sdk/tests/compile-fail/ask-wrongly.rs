//! A test that asks in other words.

licit_guest::plugin!("plugin.toml");

fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) if facts.right_objected_purposes().contains("profiling") => {
            deny(Reason::Objected)
        }
        Purpose::ContentRecommendation(_) | Purpose::SystemServiceOperation => permit(),
    }
}

fn ask() {
    licit_guest::testing::ask!(Use, ContentRecommendation, [BrowsingHistory]).assert_permit();
}

fn main() {}
