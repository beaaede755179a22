//! What the shop adds to its manifest: nothing is delivered without an order, and no offer rides along with a parcel.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::OrderDelivery(facts) if facts.order_ref() == "none" => deny(Reason::NoOrder),
        Purpose::ParcelTrackingNotice(facts)
            if request.operation() == Operation::Contact && facts.notice_promotional_content() =>
        {
            deny(Reason::OfferInParcelMail)
        }
        _ => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn a_parcel_belongs_to_an_order() {
        let deliver = ask!(Share OrderDelivery [RecipientInformation], order.ref = "O-1");
        deliver.assert_permit();
        deliver.fact("order.ref", "none").assert_deny(Reason::NoOrder);
    }

    #[test]
    fn a_parcel_brings_no_offer() {
        let tell = ask!(Contact ParcelTrackingNotice [EmailAddress], notice.promotional_content = true);
        tell.assert_deny(Reason::OfferInParcelMail);
        tell.fact("notice.promotional_content", false).assert_permit();
        tell.operation(Operation::Collect).assert_permit();
    }

    #[test]
    fn the_rest_is_declared() {
        ask!(Store AfterSalesSupport [OrderInformation]).assert_permit();
    }
}
