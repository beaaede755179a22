//! What SIM support adds to its manifest: it ends with the fault, however needed its data was while it lasted.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::ActivationFailureDiagnosis(facts) = request.purpose();
    if facts.fault_present() {
        permit()
    } else {
        deny(Reason::NothingFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn it_ends_with_the_fault() {
        let diagnose = ask!(Collect ActivationFailureDiagnosis [CellIdentity], fault.present = true);
        diagnose.assert_permit();
        diagnose
            .fact("fault.present", false)
            .assert_deny(Reason::NothingFailed);
    }
}
