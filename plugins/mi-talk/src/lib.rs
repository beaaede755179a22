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
