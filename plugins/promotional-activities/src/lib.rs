//! What Promotional activities adds to its manifest: an address is there for one prize, and then forgotten.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    if request.operation() == Operation::Collect && request.has(Data::PostalAddress) {
        return permit().with(Obligation::ForgetAddress);
    }
    permit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn an_address_is_forgotten() {
        let collect = ask!(Collect PrizeFulfilment [Name, PostalAddress]);
        collect.assert_permit_with([Obligation::ForgetAddress]);
        collect.data([Data::Name]).assert_permit();
        collect.operation(Operation::Share).assert_permit();
    }
}
