//! What the scan adds to its manifest: which apps somebody has goes to no company whose audit is more than a year old.

use licit_guest::{DAY, Instant};

licit_guest::plugin!();

/// The vote on one request.
pub fn evaluate(request: &Request) -> Verdict {
    match request.purpose() {
        Purpose::SecurityAppFeature(facts) if request.operation() == Operation::Share => {
            let fresh = |(at, audit): (Instant, Instant)| (0..=365 * DAY).contains(&at.seconds_since(audit));
            if facts.at().zip(facts.vendor_audit_date()).is_some_and(fresh) {
                permit()
            } else {
                deny(Reason::AuditTooOld)
            }
        }
        Purpose::SecurityAppFeature(_) | Purpose::FraudPrevention => permit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use licit_guest::testing::ask;

    #[test]
    fn an_audit_lasts_a_year() {
        let share = ask!(
            Share SecurityAppFeature [AppList],
            at = "2026-11-23T10:00:00Z", vendor.audit_date = "2025-11-23T10:00:00Z"
        );
        share.assert_permit();
        for other in ["2025-11-23T09:59:59Z", "2026-11-23T10:00:01Z"] {
            share
                .fact("vendor.audit_date", other)
                .assert_deny(Reason::AuditTooOld);
        }
    }

    #[test]
    fn what_stays_here_needs_no_audit() {
        ask!(Use SecurityAppFeature [AppList]).assert_permit();
        ask!(Use FraudPrevention [SystemLog]).assert_permit();
    }
}
