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
