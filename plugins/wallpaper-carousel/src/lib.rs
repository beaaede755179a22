//! What Wallpaper Carousel adds to its manifest: a lock screen has readers that nobody knows, and stories have publishers.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::SystemServiceOperation(facts) = request.purpose();
    match facts.subject_identity_verified() {
        Some(false) | None if request.has(Data::ArticleInteraction) => deny(Reason::LockedPhone),
        // Only stories read the fact.
        Some(_) if request.operation() == Operation::Use => permit().with(Obligation::NamePublisher),
        Some(_) | None => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn what_is_read_on_a_locked_phone_is_nobodys_reading() {
        let read =
            ask!(Collect SystemServiceOperation [ArticleInteraction], subject.identity_verified = false);
        read.assert_deny(Reason::LockedPhone);
        read.fact("subject.identity_verified", true).assert_permit();
        read.data([Data::ContentSubscription]).assert_permit();
    }

    #[test]
    fn a_story_is_shown_with_its_publisher() {
        ask!(Use SystemServiceOperation [ContentSubscription], subject.identity_verified = true)
            .assert_permit_with([Obligation::NamePublisher]);
    }

    #[test]
    fn pictures_are_for_everybody() {
        ask!(Use SystemServiceOperation [ImageViewRecord]).assert_permit();
    }
}
