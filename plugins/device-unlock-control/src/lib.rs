//! What unlock control adds to its manifest: no unlock by an account at risk, and a human behind every refusal.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::UnlockAbusePrevention(facts) = request.purpose();
    match (request.operation(), facts.subject_account_risk()) {
        (Operation::Use, Some(false)) => permit().with(Obligation::OfferReview),
        (Operation::Use, _) => deny(Reason::AccountAtRisk),
        (Operation::Collect | Operation::Store | Operation::Retain, _) => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn an_account_at_risk_unlocks_nothing() {
        let decide = ask!(Use UnlockAbusePrevention [SerialNumber], subject.account_risk = false);
        decide.assert_permit_with([Obligation::OfferReview]);
        decide
            .fact("subject.account_risk", true)
            .assert_deny(Reason::AccountAtRisk);
    }

    #[test]
    fn who_tries_is_seen_all_the_same() {
        ask!(Collect UnlockAbusePrevention [IpAddress]).assert_permit();
    }
}
