//! What Customer support adds to its manifest: repairs are for people who bought something.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ProductMaintenance(facts) if !facts.subject_purchase() => deny(Reason::NothingBought),
        _ => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn repairs_are_for_buyers() {
        let repair = ask!(Use ProductMaintenance [EmailAddress], subject.purchase = true);
        repair.assert_permit();
        repair
            .fact("subject.purchase", false)
            .assert_deny(Reason::NothingBought);
        ask!(Contact CustomerInquiry [EmailAddress]).assert_permit();
    }
}
