//! What Xiaomi Account adds to its manifest: only the holder changes what opens an account, and hears of a risky sign-in.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::AccountManagement(facts)
            if request.has(Data::AccountSecurityInformation)
                && facts.subject_is_account_holder() != Some(true) =>
        {
            deny(Reason::NotTheHolder)
        }
        Purpose::SignInProtection(facts) if facts.subject_account_risk() == Some(true) => {
            permit().with(Obligation::WarnHolder)
        }
        Purpose::AccountManagement(_)
        | Purpose::SignInProtection(_)
        | Purpose::ServiceNotification
        | Purpose::Statistics => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn only_the_holder_changes_secrets() {
        let change =
            ask!(Use AccountManagement [AccountSecurityInformation], subject.is_account_holder = true);
        change.assert_permit();
        change
            .fact("subject.is_account_holder", false)
            .assert_deny(Reason::NotTheHolder);
        ask!(Use AccountManagement [Nickname]).assert_permit();
    }

    #[test]
    fn the_holder_hears_of_a_risky_sign_in() {
        let check = ask!(Use SignInProtection [SignInInformation], subject.account_risk = true);
        check.assert_permit_with([Obligation::WarnHolder]);
        check.fact("subject.account_risk", false).assert_permit();
        ask!(Derive SignInProtection [DeviceId]).assert_permit();
    }
}
