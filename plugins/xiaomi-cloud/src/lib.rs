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
        Some(DataVisibility::UserPosted) => deny(Reason::PostedContent),
        Some(DataVisibility::Private | DataVisibility::TwoParty | DataVisibility::Internal) | None => {
            permit()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(operation: Operation) -> Request<'static> {
        Request::new(operation, "cloud-sync", [Data::CloudSyncedContent])
    }

    #[test]
    fn only_private_content_is_synchronised() {
        assert!(evaluate(&request(Operation::Collect)).is_permit());
        assert!(evaluate(&request(Operation::Collect).fact("data.visibility", "private")).is_permit());
        let posted = request(Operation::Store).fact("data.visibility", "user-posted");
        assert_eq!(evaluate(&posted), deny(Reason::PostedContent));
    }

    #[test]
    fn only_the_holder_gets_it_back() {
        let restore =
            |holder: bool| evaluate(&request(Operation::Use).fact("subject.is_account_holder", holder));
        assert_eq!(restore(true), permit().with(Obligation::TellHolder));
        assert_eq!(restore(false), deny(Reason::NotTheHolder));
    }
}
