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

#[cfg(test)]
mod tests {
    use super::*;

    fn recommend(age: &'static str, objected: Vec<&'static str>, data: Data) -> Verdict {
        let request = Request::new(Operation::Use, "content-recommendation", [data])
            .fact("subject.age_class", age)
            .fact("right.objected_purposes", objected);
        evaluate(&request)
    }

    #[test]
    fn an_objection_outweighs_everything() {
        let verdict = recommend("adult", vec!["content-recommendation"], Data::DownloadHistory);
        assert_eq!(verdict, deny(Reason::Objected));
        assert_eq!(
            recommend("adult", vec!["personalisation"], Data::Oaid),
            deny(Reason::Objected)
        );
        assert!(recommend("adult", vec!["marketing"], Data::DownloadHistory).is_permit());
    }

    #[test]
    fn what_a_minor_looked_at_is_not_used() {
        assert_eq!(
            recommend("minor", vec![], Data::BrowsingHistory),
            deny(Reason::MinorBrowsing)
        );
        assert!(recommend("minor", vec![], Data::DownloadHistory).is_permit());
    }

    #[test]
    fn only_collected_comments_are_moderated() {
        let ask = |operation, data| evaluate(&Request::new(operation, "system-service-operation", [data]));
        assert_eq!(
            ask(Operation::Collect, Data::Comment),
            permit().with(Obligation::ModerateComment)
        );
        assert_eq!(ask(Operation::Use, Data::Comment), permit());
        assert_eq!(ask(Operation::Collect, Data::Like), permit());
    }
}
