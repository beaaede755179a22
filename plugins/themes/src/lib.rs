//! What Themes adds to its manifest: objections to recommendations, care where a child may be using the device, moderated comments.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) => {
            let objected = facts.right_objected_purposes();
            if objected.contains("content-recommendation") || objected.contains("personalisation") {
                return deny(Reason::Objected);
            }
            if facts.subject_child_signal() && request.has(Data::BrowsingHistory) {
                return deny(Reason::ChildSignal);
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

    fn recommend(child_signal: bool, objected: Vec<&'static str>, data: Data) -> Verdict {
        let request = Request::new(Operation::Use, "content-recommendation", [data])
            .fact("subject.child_signal", child_signal)
            .fact("right.objected_purposes", objected);
        evaluate(&request)
    }

    #[test]
    fn an_objection_outweighs_everything() {
        let verdict = recommend(false, vec!["content-recommendation"], Data::DownloadHistory);
        assert_eq!(verdict, deny(Reason::Objected));
        assert_eq!(
            recommend(false, vec!["personalisation"], Data::Oaid),
            deny(Reason::Objected)
        );
        assert!(recommend(false, vec!["marketing"], Data::DownloadHistory).is_permit());
    }

    #[test]
    fn what_a_child_may_have_looked_at_is_not_used() {
        assert_eq!(
            recommend(true, vec![], Data::BrowsingHistory),
            deny(Reason::ChildSignal)
        );
        assert!(recommend(true, vec![], Data::DownloadHistory).is_permit());
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
