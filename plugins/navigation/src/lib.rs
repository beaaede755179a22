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

    #[test]
    fn no_human_looks_on() {
        let ask = |role: &'static str| {
            let request = Request::new(Operation::Use, "location-based-service", [Data::PreciseLocation]);
            evaluate(&request.fact("actor.role", role))
        };
        for role in ["system", "user"] {
            assert!(ask(role).is_permit(), "{role}");
        }
        for role in ["staff", "vendor-staff"] {
            assert_eq!(ask(role), deny(Reason::NobodyWatches), "{role}");
        }
    }

    #[test]
    fn a_fault_may_be_looked_into() {
        let request = Request::new(Operation::Use, "product-improvement", [Data::CrashInformation]);
        assert!(evaluate(&request).is_permit());
    }
}
