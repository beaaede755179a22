//! What Xiaomi Cloud adds to its manifest: only private content is synchronised, and only its holder gets it back.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::CloudSync(facts) = request.purpose();
    if request.operation() == Operation::Use {
        return match facts.subject_is_account_holder() {
            Some(true) => permit().with(Obligation::TellHolder),
            Some(false) | None => deny(Reason::NotTheHolder),
        };
    }
    match facts.data_visibility() {
        Some(DataVisibility::Private | DataVisibility::TwoParty | DataVisibility::Internal) => permit(),
        Some(DataVisibility::UserPosted) | None => deny(Reason::PostedContent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn only_private_content_is_synchronised() {
        let sync = ask!(Store CloudSync [CloudSyncedContent], data.visibility = "private");
        sync.assert_permit();
        sync.fact("data.visibility", "user-posted")
            .assert_deny(Reason::PostedContent);
    }

    #[test]
    fn only_the_holder_gets_it_back() {
        let restore = ask!(Use CloudSync [CloudSyncedContent], subject.is_account_holder = true);
        restore.assert_permit_with([Obligation::TellHolder]);
        restore
            .fact("subject.is_account_holder", false)
            .assert_deny(Reason::NotTheHolder);
    }
}
