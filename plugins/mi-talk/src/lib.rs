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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_two_readers() {
        let read = |role: &'static str| {
            evaluate(
                &Request::new(Operation::Use, "messaging", [Data::ChatHistory]).fact("reader.role", role),
            )
        };
        for role in ["sender", "receiver", "none"] {
            assert!(read(role).is_permit(), "{role}");
        }
        for role in ["moderator", "staff", "other"] {
            assert_eq!(read(role), deny(Reason::StrangerReads), "{role}");
        }
    }

    #[test]
    fn history_has_one_owner() {
        let sync = |holder: bool| {
            let request = Request::new(Operation::Store, "chat-history-sync", [Data::ChatHistory]);
            evaluate(&request.fact("subject.is_account_holder", holder))
        };
        assert!(sync(true).is_permit());
        assert_eq!(sync(false), deny(Reason::NotTheHolder));
    }
}
