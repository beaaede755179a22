//! What Themes adds to its manifest: objections to recommendations, care with minors, moderated comments.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) => {
            let objected = facts.right_objected_purposes();
            if objected.contains("content-recommendation") || objected.contains("personalisation") {
                return deny(Reason::Objected);
            }
            if facts.subject_age_class() != SubjectAgeClass::Adult && request.has(Data::BrowsingHistory) {
                return deny(Reason::MinorBrowsing);
            }
            permit()
        }
        Purpose::SystemServiceOperation
            if request.operation() == Operation::Collect && request.has(Data::Comment) =>
        {
            permit().with(Obligation::ModerateComment)
        }
        Purpose::SystemServiceOperation | Purpose::SystemServiceOptimisation => permit(),
    }
}
