//! What Find device adds to its manifest: coordinates only on command, and no remote erasure on a password alone.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::FindDevice(facts) = request.purpose();
    match facts.feature_command() {
        FeatureCommand::Erase if facts.subject_second_factor() != SubjectSecondFactor::Present => {
            deny(Reason::EraseNeedsSecondFactor)
        }
        FeatureCommand::None if request.has(Data::LatitudeLongitude) => deny(Reason::NobodyAsked),
        FeatureCommand::None | FeatureCommand::Locate | FeatureCommand::Erase | FeatureCommand::Lock => {
            permit()
        }
    }
}
