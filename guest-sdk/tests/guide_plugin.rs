//! The plugin of the author's guide, `README.md`, and its tests: the test `guide` holds both to be the same.

licit_guest::plugin!("guide.toml");

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ContentRecommendation(facts) => {
            if facts.right_objected_purposes().contains("content-recommendation") {
                return deny(Reason::Objected);
            }
            if facts.subject_child_signal() != Some(false) && request.has(Data::BrowsingHistory) {
                return deny(Reason::ChildSignal);
            }
            permit()
        }
        Purpose::SystemServiceOperation
            if request.operation() == Operation::Collect && request.has(Data::Comment) =>
        {
            permit().with(Obligation::ModerateComment)
        }
        Purpose::SystemServiceOperation => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn objections_and_signs_of_a_child_are_heeded() {
        let unknown = ask!(Use ContentRecommendation [BrowsingHistory], right.objected_purposes = []);
        unknown.assert_deny(Reason::ChildSignal);
        unknown.data([Data::DownloadHistory]).assert_permit();

        let adult = unknown.fact("subject.child_signal", false);
        adult.assert_permit();
        let objects = adult.fact("right.objected_purposes", ["content-recommendation"]);
        objects.assert_deny(Reason::Objected);
    }

    #[test]
    fn only_collected_comments_are_moderated() {
        let comment = ask!(Collect SystemServiceOperation [Comment]);
        comment.assert_permit_with([Obligation::ModerateComment]);
        comment.operation(Operation::Use).assert_permit();
    }
}
