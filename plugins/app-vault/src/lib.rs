//! What App Vault adds to its manifest: the list of apps is looked at on the device and sent nowhere.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::SystemServiceOperation(facts) = request.purpose();
    if request.has(Data::AppList) && facts.locus() != Some(Locus::Device) {
        return deny(Reason::AppsStayHere);
    }
    permit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(data: Data) -> Request<'static> {
        Request::new(Operation::Use, "system-service-operation", [data])
    }

    #[test]
    fn the_list_of_apps_stays_on_the_device() {
        assert!(evaluate(&ask(Data::AppList).fact("locus", "device")).is_permit());
        for elsewhere in [ask(Data::AppList).fact("locus", "server"), ask(Data::AppList)] {
            assert_eq!(evaluate(&elsewhere), deny(Reason::AppsStayHere));
        }
    }

    #[test]
    fn cards_may_come_from_a_server() {
        assert!(evaluate(&ask(Data::LanguageSetting)).is_permit());
    }
}
