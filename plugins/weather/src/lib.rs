//! What Weather adds to its manifest: its supplier learns for which place a forecast is, and never for whom.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::LocationBasedService(facts) if request.operation() == Operation::Share => {
            let names_somebody = facts
                .data_fields()
                .is_none_or(|fields| fields.contains("identifier"));
            if names_somebody {
                deny(Reason::PlaceNotPerson)
            } else {
                permit()
            }
        }
        Purpose::LocationBasedService(_) | Purpose::ServiceNotification | Purpose::Statistics => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn a_supplier_is_told_where_and_not_who() {
        let supplier = ask!(Share LocationBasedService [CityCode], data.fields = []);
        supplier.assert_permit();
        supplier
            .fact("data.fields", ["identifier"])
            .assert_deny(Reason::PlaceNotPerson);
    }

    #[test]
    fn what_stays_here_is_not_looked_at() {
        ask!(Use LocationBasedService [CityCode]).assert_permit();
        ask!(Notify ServiceNotification [AppSetting]).assert_permit();
        ask!(Share Statistics [StatisticalUsageData]).assert_permit();
    }
}
