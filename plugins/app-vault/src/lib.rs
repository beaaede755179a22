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
    use licit_guest::testing::ask;

    #[test]
    fn the_list_of_apps_stays_on_the_device() {
        let list = ask!(Use SystemServiceOperation [AppList], locus = "device");
        list.assert_permit();
        list.fact("locus", "server").assert_deny(Reason::AppsStayHere);
    }

    #[test]
    fn cards_may_come_from_a_server() {
        ask!(Use SystemServiceOperation [LanguageSetting, Region]).assert_permit();
    }
}
