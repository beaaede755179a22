//! What the privacy portal adds to its manifest: a copy goes to who may have it, and proofs of identity do not pile up.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::RightsFulfilment(facts) = request.purpose() else {
        return permit();
    };
    match request.operation() {
        Operation::Export if facts.subject_identity_verified() != Some(true) => deny(Reason::WhoAsks),
        Operation::Export if facts.subject_agent_authority() == Some(SubjectAgentAuthority::Claimed) => {
            deny(Reason::MayThey)
        }
        Operation::Collect if request.has(Data::CorrespondenceRecord) => {
            permit().with(Obligation::ForgetProof)
        }
        _ => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn a_copy_goes_to_who_may_have_it() {
        let copy = ask!(
            Export RightsFulfilment [CorrespondenceRecord],
            subject.identity_verified = true,
            subject.agent_authority = "not-applicable",
        );
        copy.assert_permit();
        copy.fact("subject.agent_authority", "shown").assert_permit();
        copy.fact("subject.agent_authority", "claimed")
            .assert_deny(Reason::MayThey);
        copy.fact("subject.identity_verified", false)
            .assert_deny(Reason::WhoAsks);
    }

    #[test]
    fn a_proof_is_forgotten() {
        let collect = ask!(Collect RightsFulfilment [CorrespondenceRecord]);
        collect.assert_permit_with([Obligation::ForgetProof]);
        collect.data([Data::ConsentRecord]).assert_permit();
        ask!(Contact CustomerInquiry [CorrespondenceRecord]).assert_permit();
    }
}
