//! What a person's consent records say about one purpose at one instant.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::baseline::{Baseline, EngineFacts};
use crate::document::printable;
use crate::fact::{Fact, FactValue, parse_instant};
use crate::facts::Facts;
use crate::table::Id;
use crate::taxonomy::Purpose;

/// One consent: the purpose it names, and its life.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        })
    }
}

const SHAPE: &str = "write `PURPOSE [explicit] given INSTANT [withdrawn INSTANT] [expires INSTANT]`";

/// The four facts computed from the record for one purpose; all missing if the records are not known.
#[derive(Debug, Default)]
pub(crate) struct Consent<'b> {
    status: Option<&'b FactValue>,
    explicit: Option<&'b FactValue>,
    time: Option<FactValue>,
    withdrawn_at: Option<FactValue>,
}

static EXPLICIT: FactValue = FactValue::Flag(true);
static NOT_EXPLICIT: FactValue = FactValue::Flag(false);

impl Baseline {
    /// The facts that the engine computes for a purpose from other facts, with their values.
    #[must_use]
    pub fn computed_facts(&self, purpose: Id<Purpose>, facts: &Facts<'_>) -> Vec<(Id<Fact>, FactValue)> {
        let known = self.engine_facts();
        let consent = Consent::find(self, purpose, facts);
        [
            (known.consent_status, consent.status.cloned()),
            (known.consent_explicit, consent.explicit.cloned()),
            (known.consent_time, consent.time),
            (known.consent_withdrawn_at, consent.withdrawn_at),
        ]
        .into_iter()
        .filter_map(|(fact, value)| Some((fact?, value?)))
        .collect()
    }
}

impl<'b> Consent<'b> {
    pub(crate) fn find(baseline: &'b Baseline, purpose: Id<Purpose>, facts: &Facts<'_>) -> Self {
        let supplied = baseline
            .engine_facts()
            .consent_records
            .and_then(|fact| facts.supplied(fact));
        let Some(supplied) = supplied else {
            return Self::default();
        };
        let parsed: Vec<ConsentRecord>;
        let records = match supplied {
            FactValue::Consents(records, _) => records,
            other => {
                parsed = other
                    .words()
                    .iter()
                    .filter_map(|record| ConsentRecord::parse(record).ok())
                    .collect();
                &*parsed
            }
        };
        let values = baseline.engine_values();
        let name = baseline.taxonomy().purposes.name(purpose);
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
        let Some(record) = latest else {
            return Self {
                status: Some(&values.consent_not_given),
                explicit: Some(&NOT_EXPLICIT),
                ..Self::default()
            };
        };
        let status = if expired(record) {
            &values.consent_expired
        } else if record.withdrawn.is_some() {
            // Whether the withdrawal came before `at` is for the rule about retroactivity to say (§9-7).
            &values.consent_withdrawn
        } else {
            &values.consent_given
        };
        Self {
            status: Some(status),
            explicit: Some(if record.explicit { &EXPLICIT } else { &NOT_EXPLICIT }),
            time: Some(FactValue::Time(record.given)),
            withdrawn_at: record.withdrawn.map(FactValue::Time),
        }
    }

    /// Supplies the computed facts.
    pub(crate) fn add_to<'a>(&'a self, known: &EngineFacts, facts: &mut Facts<'a>)
    where
        'b: 'a,
    {
        let computed = [
            (known.consent_status, self.status),
            (known.consent_explicit, self.explicit),
            (known.consent_time, self.time.as_ref()),
            (known.consent_withdrawn_at, self.withdrawn_at.as_ref()),
        ];
        for (fact, value) in computed {
            if let (Some(fact), Some(value)) = (fact, value) {
                facts.set(fact, value);
            }
        }
    }
}
