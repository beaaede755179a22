//! What the push service adds to its manifest: an offer does not travel as a plain delivery.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::PushDelivery(facts) if facts.notice_type() == Some(NoticeType::Promotion) => {
            deny(Reason::OfferInDisguise)
        }
        Purpose::PushDelivery(_) | Purpose::MarketingPush | Purpose::AdPerformanceMeasurement => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn an_offer_is_no_delivery() {
        let push = ask!(Notify PushDelivery [FcmToken], notice.type = "system-update");
        push.assert_permit();
        let offer = push.fact("notice.type", "promotion");
        offer.assert_deny(Reason::OfferInDisguise);
        offer.data([Data::SpaceId]).assert_deny(Reason::OfferInDisguise);
    }

    #[test]
    fn what_no_notice_is_about_is_left_alone() {
        ask!(Use PushDelivery [Gaid]).assert_permit();
        ask!(Notify MarketingPush [FcmToken]).assert_permit();
    }
}
