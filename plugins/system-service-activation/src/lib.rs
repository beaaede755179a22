//! What activation adds to its manifest: a phone that nobody bought is not registered, however needed its identifiers are.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::ActivationRegistration(facts) if !facts.subject_purchase() => deny(Reason::NotBought),
        Purpose::ActivationRegistration(_) | Purpose::SystemServiceActivation => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn only_what_was_bought_is_registered() {
        let register = ask!(Store ActivationRegistration [DeviceId], subject.purchase = true);
        register.assert_permit();
        register
            .fact("subject.purchase", false)
            .assert_deny(Reason::NotBought);
        ask!(Use SystemServiceActivation [Imei, CellIdentity]).assert_permit();
    }
}
