//! What Mi Talk adds to its manifest: a message has two readers, and history has one owner.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::Messaging(facts) => match facts.reader_role() {
            ReaderRole::Sender | ReaderRole::Receiver | ReaderRole::None => permit(),
            ReaderRole::Moderator | ReaderRole::Staff | ReaderRole::Other => deny(Reason::StrangerReads),
        },
        Purpose::ChatHistorySync(facts) if facts.subject_is_account_holder() => permit(),
        Purpose::ChatHistorySync(_) => deny(Reason::NotTheHolder),
        Purpose::AuthorityDisclosure => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn a_message_has_two_readers() {
        for role in ["sender", "receiver", "none"] {
            ask!(Use Messaging [ChatHistory], reader.role = role).assert_permit();
        }
        for role in ["moderator", "staff", "other"] {
            ask!(Use Messaging [ChatHistory], reader.role = role).assert_deny(Reason::StrangerReads);
        }
    }

    #[test]
    fn history_has_one_owner() {
        let sync = ask!(Store ChatHistorySync [ChatHistory], subject.is_account_holder = true);
        sync.assert_permit();
        sync.fact("subject.is_account_holder", false)
            .assert_deny(Reason::NotTheHolder);
    }
}
