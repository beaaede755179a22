//! What Find device adds to its manifest: coordinates only on command, and no remote erasure on a password alone.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::FindDevice(facts) = request.purpose();
    match facts.feature_command() {
        FeatureCommand::Erase if facts.subject_second_factor() != Some(SubjectSecondFactor::Present) => {
            deny(Reason::EraseNeedsSecondFactor)
        }
        FeatureCommand::None if request.has(Data::LatitudeLongitude) => deny(Reason::NobodyAsked),
        FeatureCommand::None | FeatureCommand::Locate | FeatureCommand::Erase | FeatureCommand::Lock => {
            permit()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn coordinates_are_read_only_on_command() {
        let nobody = ask!(Use FindDevice [LatitudeLongitude], feature.command = "none");
        nobody.assert_deny(Reason::NobodyAsked);
        nobody.data([Data::DeviceFindLocation]).assert_permit();
        nobody.fact("feature.command", "locate").assert_permit();
    }

    #[test]
    fn erasing_needs_a_second_factor() {
        let erase = ask!(Use FindDevice [DeviceId], feature.command = "erase");
        erase.assert_deny(Reason::EraseNeedsSecondFactor);
        erase
            .fact("subject.second_factor", "absent")
            .assert_deny(Reason::EraseNeedsSecondFactor);
        erase.fact("subject.second_factor", "present").assert_permit();
        erase.fact("feature.command", "lock").assert_permit();
    }
}
