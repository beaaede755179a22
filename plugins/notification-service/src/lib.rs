//! What the notification service adds to its manifest: important news reaches those who muted notices by mail alone.

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    let Purpose::ServiceNotification(facts) = request.purpose() else {
        return permit();
    };
    match facts.controls_notification_preference() {
        ControlsNotificationPreference::Muted => deny(Reason::Muted),
        ControlsNotificationPreference::NotMuted => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn what_is_muted_stays_off_the_screen() {
        let show =
            ask!(Notify ServiceNotification [FcmToken], controls.notification_preference = "not-muted");
        show.assert_permit();
        show.fact("controls.notification_preference", "muted")
            .assert_deny(Reason::Muted);
    }

    #[test]
    fn and_may_come_by_mail() {
        ask!(Contact ImportantNotice [EmailAddress]).assert_permit();
    }
}
