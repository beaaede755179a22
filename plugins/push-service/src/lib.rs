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

    fn notify(kind: NoticeType) -> Verdict {
        evaluate(&Request::new(Operation::Notify, "push-delivery", [Data::FcmToken]).fact("notice.type", kind))
    }

    #[test]
    fn an_offer_is_no_delivery() {
        assert_eq!(notify(NoticeType::Promotion), deny(Reason::OfferInDisguise));
        assert_eq!(notify(NoticeType::SystemUpdate), permit());
    }

    #[test]
    fn an_offer_sent_as_one_is_left_to_the_policy() {
        assert_eq!(
            evaluate(&Request::new(Operation::Notify, "marketing-push", [Data::FcmToken])),
            permit()
        );
    }
}
