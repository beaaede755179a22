//! What Navigation adds to its manifest: no human watches where somebody is on the way.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::LocationBasedService(facts) => match facts.actor_role() {
            ActorRole::System | ActorRole::User => permit(),
            ActorRole::Staff | ActorRole::VendorStaff => deny(Reason::NobodyWatches),
        },
        Purpose::ProductImprovement => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn no_human_looks_on() {
        let guide = ask!(Use LocationBasedService [PreciseLocation], actor.role = "system");
        guide.assert_permit();
        guide.fact("actor.role", "user").assert_permit();
        guide
            .fact("actor.role", "staff")
            .assert_deny(Reason::NobodyWatches);
        guide
            .fact("actor.role", "vendor-staff")
            .assert_deny(Reason::NobodyWatches);
    }

    #[test]
    fn a_fault_may_be_looked_into() {
        ask!(Use ProductImprovement [CrashInformation]).assert_permit();
    }
}
