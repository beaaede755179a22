//! What the user experience programme adds to its manifest: people join it by an explicit consent.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::UserExperienceProgram(facts) if !facts.consent_explicit() => deny(Reason::NotExplicit),
        Purpose::UserExperienceProgram(_) | Purpose::HardwareSoftwareAnalysis => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn nobody_joins_by_implication() {
        let study = ask!(Collect UserExperienceProgram [UsageFrequency], consent.explicit = true);
        study.assert_permit();
        study
            .fact("consent.explicit", false)
            .assert_deny(Reason::NotExplicit);
        ask!(Use HardwareSoftwareAnalysis [DeviceUsageInformation]).assert_permit();
    }
}
