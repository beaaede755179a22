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

    fn command(command: &'static str, factor: &'static str, data: Data) -> Verdict {
        let request = Request::new(Operation::Use, "find-device", [data])
            .fact("feature.command", command)
            .fact("subject.second_factor", factor);
        evaluate(&request)
    }

    #[test]
    fn coordinates_are_read_only_on_command() {
        assert_eq!(
            command("none", "present", Data::LatitudeLongitude),
            deny(Reason::NobodyAsked)
        );
        assert!(command("none", "present", Data::DeviceFindLocation).is_permit());
        assert!(command("locate", "absent", Data::LatitudeLongitude).is_permit());
    }

    #[test]
    fn erasing_needs_a_second_factor() {
        assert_eq!(
            command("erase", "absent", Data::DeviceId),
            deny(Reason::EraseNeedsSecondFactor)
        );
        let unknown =
            Request::new(Operation::Use, "find-device", [Data::DeviceId]).fact("feature.command", "erase");
        assert_eq!(evaluate(&unknown), deny(Reason::EraseNeedsSecondFactor));
        assert!(command("erase", "present", Data::DeviceId).is_permit());
        assert!(command("lock", "absent", Data::DeviceId).is_permit());
    }
}
