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
    use licit_guest::testing::{Ask, ask};

    fn recommend<'a>() -> Ask<'a, Plugin> {
        ask!(Use ContentRecommendation [DownloadHistory], right.objected_purposes = [], subject.child_signal = false)
    }

    #[test]
    fn an_objection_outweighs_everything() {
        recommend().assert_permit();
        let objected = |to| recommend().fact("right.objected_purposes", [to]);
        objected("content-recommendation").assert_deny(Reason::Objected);
        objected("personalisation").assert_deny(Reason::Objected);
        objected("marketing").assert_permit();
    }

    #[test]
    fn what_a_child_may_have_looked_at_is_not_used() {
        let child = recommend().fact("subject.child_signal", true);
        child
            .data([Data::BrowsingHistory])
            .assert_deny(Reason::ChildSignal);
        child.assert_permit();
    }

    #[test]
    fn only_collected_comments_are_moderated() {
        let comment = ask!(Collect SystemServiceOperation [Comment]);
        comment.assert_permit_with([Obligation::ModerateComment]);
        comment.operation(Operation::Use).assert_permit();
        comment.data([Data::Like]).assert_permit();
    }
}
