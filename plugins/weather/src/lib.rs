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

    fn ask(operation: Operation, fields: Vec<&'static str>) -> Verdict {
        let request = Request::new(operation, "location-based-service", [Data::CityCode]);
        evaluate(&request.fact("data.fields", fields))
    }

    #[test]
    fn a_supplier_is_told_where_and_not_who() {
        assert!(ask(Operation::Share, vec![]).is_permit());
        assert_eq!(
            ask(Operation::Share, vec!["identifier"]),
            deny(Reason::PlaceNotPerson)
        );
    }

    #[test]
    fn our_own_forecast_may_know_for_whom_it_is() {
        assert!(ask(Operation::Use, vec!["identifier"]).is_permit());
    }
}
