//! What a person's consent records say about one purpose at one instant.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::baseline::Baseline;
use crate::document::printable;
use crate::fact::{Fact, FactValue, parse_instant};
use crate::facts::Facts;
use crate::table::Id;
use crate::taxonomy::Purpose;

/// One consent: the purpose it names, and its life.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsentRecord {
    /// The id of the one purpose it names (§5-2: consent is specific).
    pub purpose: Box<str>,
    /// Whether it was given by a clear act of its own.
    pub explicit: bool,
    /// When it was given.
    pub given: Timestamp,
    /// When it was withdrawn, if it was.
    pub withdrawn: Option<Timestamp>,
    /// When it runs out, if it does.
    pub expires: Option<Timestamp>,
    /// When it was given and withdrawn, as facts: they are handed out by reference.
    times: (FactValue, Option<FactValue>),
}

impl ConsentRecord {
    /// Reads a record: `PURPOSE [explicit] given INSTANT [withdrawn INSTANT] [expires INSTANT]`.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the record, in one line.
    ///
    /// # Examples
    ///
    /// ```
    /// use licit_baseline::ConsentRecord;
    ///
    /// let record = ConsentRecord::parse("marketing-push explicit given 2026-01-01T00:00:00Z").unwrap();
    /// assert!(record.explicit && record.withdrawn.is_none());
    /// assert!(ConsentRecord::parse("marketing-push").unwrap_err().contains("given"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let purpose = words.next().ok_or("a consent record is empty")?;
        let (mut explicit, mut given, mut withdrawn, mut expires) = (false, None, None, None);
        while let Some(word) = words.next() {
            let place = match word {
                "explicit" if !explicit => {
                    explicit = true;
                    continue;
                }
                "given" => &mut given,
                "withdrawn" => &mut withdrawn,
                "expires" => &mut expires,
                _ => {
                    return Err(format!(
                        "`{}` has no meaning in a consent record: {SHAPE}",
                        printable(word)
                    ));
                }
            };
            let instant = words
                .next()
                .ok_or_else(|| format!("`{word}` needs an instant: {SHAPE}"))?;
            if place.replace(parse_instant(instant)?).is_some() {
                return Err(format!("`{word}` is given twice in a consent record"));
            }
        }
        let given = given.ok_or_else(|| format!("a consent record lacks `given`: {SHAPE}"))?;
        Ok(Self {
            purpose: purpose.into(),
            explicit,
            given,
            withdrawn,
            expires,
            times: (FactValue::Time(given), withdrawn.map(FactValue::Time)),
        })
    }
}

const SHAPE: &str = "write `PURPOSE [explicit] given INSTANT [withdrawn INSTANT] [expires INSTANT]`";

static EXPLICIT: FactValue = FactValue::Flag(true);
static NOT_EXPLICIT: FactValue = FactValue::Flag(false);

/// The facts computed from the consent records for one purpose, each if it is known and there is such a fact.
type Computed<'f> = [Option<(Id<Fact>, &'f FactValue)>; 4];

impl Baseline {
    /// The facts that the engine computes for a purpose from other facts, with their values.
    #[must_use]
    pub fn computed_facts<'f>(
        &'f self,
        purpose: Id<Purpose>,
        facts: &Facts<'f>,
    ) -> Vec<(Id<Fact>, &'f FactValue)> {
        self.consent(purpose, facts).into_iter().flatten().collect()
    }

    /// What the consent records say about one purpose; nothing if they are not known.
    pub(crate) fn consent<'f>(&'f self, purpose: Id<Purpose>, facts: &Facts<'f>) -> Computed<'f> {
        let known = self.engine_facts();
        let records = known.consent_records.and_then(|fact| facts.supplied(fact));
        let Some(FactValue::Consents(records, _)) = records else {
            return [None; 4];
        };
        let values = self.engine_values();
        let name = self.taxonomy().purposes.name(purpose);
        let at = facts.at();
        let expired = |record: &ConsentRecord| record.expires.is_some_and(|expires| expires <= at);
        // A consent of tomorrow does not count today. Of several, the latest one speaks; of those given at the same
        // instant, the one that protects the person most.
        let weight = |record: &ConsentRecord| {
            let withdrawn = record.withdrawn.map(Reverse);
            (record.given, expired(record), withdrawn, !record.explicit)
        };
        let latest = records
            .iter()
            .filter(|record| *record.purpose == *name && record.given <= at)
            .max_by_key(|record| weight(record));
        let status = match latest {
            None => &values.consent_not_given,
            Some(record) if expired(record) => &values.consent_expired,
            // Whether the withdrawal came before `at` is for the rule about retroactivity to say (§9-7).
            Some(record) if record.withdrawn.is_some() => &values.consent_withdrawn,
            Some(_) => &values.consent_given,
        };
        let explicit = if latest.is_some_and(|record| record.explicit) {
            &EXPLICIT
        } else {
            &NOT_EXPLICIT
        };
        let times = latest.map(|record| &record.times);
        [
            known.consent_status.zip(Some(status)),
            known.consent_explicit.zip(Some(explicit)),
            known.consent_time.zip(times.map(|(given, _)| given)),
            known
                .consent_withdrawn_at
                .zip(times.and_then(|(_, withdrawn)| withdrawn.as_ref())),
        ]
    }
}
