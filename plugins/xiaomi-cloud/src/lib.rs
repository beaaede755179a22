//! What Xiaomi Cloud adds to its manifest: only private content is synchronised, and only its holder gets it back.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::CloudSync(facts) = request.purpose();
    if request.operation() == Operation::Use {
        return match facts.subject_is_account_holder() {
            Some(true) => permit().with(Obligation::TellHolder),
            Some(false) | None => deny(Reason::NotTheHolder),
        };
    }
    match facts.data_visibility() {
        Some(DataVisibility::UserPosted) => deny(Reason::PostedContent),
        Some(DataVisibility::Private | DataVisibility::TwoParty | DataVisibility::Internal) | None => {
            permit()
        }
    }
}
