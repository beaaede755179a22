//! When what a deployment says stops counting: an expiry at midnight must not be an outage nobody saw coming.

use jiff::Timestamp;

/// One thing of a deployment that expires: the profile as a whole, a row of a register, a legal determination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// Where it stands: `licit.toml`, `licit.toml register.recipients.parcels-in`, `law.toml`.
    pub source: String,
    /// For a determination: the fact.
    pub fact: Option<String>,
    /// For a determination: the rule that asks.
    pub rule: Option<String>,
    /// For a determination: whose law.
    pub jurisdiction: Option<String>,
    /// Who signed it.
    pub author: Option<String>,
    /// Where the reasoning is filed.
    pub reference: Option<String>,
    /// From when it counts; it always did if left out.
    pub date: Option<Timestamp>,
    /// From when it no longer counts.
    pub expires: Timestamp,
}

impl Expiry {
    /// Whether two entries say something about the same thing, so that one can take over from the other.
    fn same_subject(&self, other: &Self) -> bool {
        (&self.source, &self.fact, &self.rule, &self.jurisdiction)
            == (&other.source, &other.fact, &other.rule, &other.jurisdiction)
    }

    fn counts_at(&self, at: Timestamp) -> bool {
        self.date.is_none_or(|date| date <= at) && at < self.expires
    }
}

/// Those that no longer count at `by`, whether they have lapsed already or not, and that no other entry has taken over
/// from or will take over from in time.
pub(crate) fn lapsing(all: &[Expiry], at: Timestamp, by: Timestamp) -> Vec<&Expiry> {
    let taken_over = |lapsing: &Expiry| {
        let mut until = lapsing.expires.max(at);
        // Renewals may follow one another: each takes over where the one before it ends.
        while let Some(next) = all
            .iter()
            .filter(|it| it.same_subject(lapsing) && it.counts_at(until))
            .map(|it| it.expires)
            .max()
        {
            until = next;
        }
        until > by
    };
    all.iter()
        .filter(|it| it.expires <= by && !taken_over(it))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rule: &str, date: &str, expires: &str) -> Expiry {
        let instant = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
        Expiry {
            source: "law.toml".into(),
            fact: Some("law.permits".into()),
            rule: Some(rule.into()),
            jurisdiction: Some("IN".into()),
            author: None,
            reference: None,
            date: Some(instant(date)),
            expires: instant(expires),
        }
    }

    #[test]
    fn what_is_renewed_in_time_does_not_lapse() {
        let (at, by) = (
            "2026-11-23T00:00:00Z".parse().unwrap(),
            "2026-12-23T00:00:00Z".parse().unwrap(),
        );
        let lapses = |rows: &[Expiry]| lapsing(rows, at, by).len();
        let soon = row("a", "2026-01-01", "2026-12-01");
        assert_eq!(lapses(std::slice::from_ref(&soon)), 1);
        assert_eq!(lapses(&[row("a", "2026-01-01", "2027-12-01")]), 0);
        assert_eq!(lapses(&[soon.clone(), row("a", "2026-12-01", "2027-12-01")]), 0);
        assert_eq!(
            lapses(&[soon.clone(), row("b", "2026-12-01", "2027-12-01")]),
            1,
            "another rule"
        );
        assert_eq!(
            lapses(&[soon.clone(), row("a", "2026-12-02", "2027-12-01")]),
            1,
            "a day without"
        );
        assert_eq!(
            lapses(&[soon.clone(), row("a", "2026-11-01", "2026-12-20")]),
            2,
            "renewed for too short"
        );
        let chain = [
            soon,
            row("a", "2026-11-01", "2026-12-20"),
            row("a", "2026-12-20", "2027-01-20"),
        ];
        assert_eq!(lapses(&chain), 0);
        let lapsed = row("a", "2025-01-01", "2026-01-01");
        assert_eq!(lapses(std::slice::from_ref(&lapsed)), 1);
        assert_eq!(
            lapses(&[lapsed, row("a", "2026-03-01", "2027-12-01")]),
            0,
            "long replaced"
        );
    }
}
