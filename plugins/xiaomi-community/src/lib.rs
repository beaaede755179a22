//! What Xiaomi Community adds to its manifest: nobody but its author reads a post before it is posted.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::CommunityParticipation(facts)
            if request.operation() == Operation::Use
                && request.has(Data::CommunityContribution)
                && facts.data_visibility() != Some(DataVisibility::UserPosted)
                && !matches!(facts.reader_role(), Some(ReaderRole::Sender | ReaderRole::None)) =>
        {
            deny(Reason::NotPosted)
        }
        Purpose::CommunityParticipation(_) | Purpose::ServiceNotification => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn a_draft_has_one_reader() {
        let read = ask!(
            Use CommunityParticipation [CommunityContribution],
            data.visibility = "private",
            reader.role = "sender",
        );
        read.assert_permit();
        read.unknown("reader.role").assert_deny(Reason::NotPosted);
        for role in ["receiver", "moderator", "staff", "other"] {
            let other = read.fact("reader.role", role);
            other.assert_deny(Reason::NotPosted);
            other.fact("data.visibility", "user-posted").assert_permit();
        }
    }

    #[test]
    fn the_rest_is_declared() {
        ask!(Use CommunityParticipation [CommunityBadge]).assert_permit();
        ask!(Notify ServiceNotification [XiaomiAccountId]).assert_permit();
    }
}
