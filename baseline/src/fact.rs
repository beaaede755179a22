//! Facts: what they are called, what they may be, who supplies them.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::consent::ConsentRecord;
use crate::table::Set;
use crate::taxonomy::Category;

/// One fact of the fact table (`facts.toml`).
#[derive(Debug)]
pub struct Fact {
    /// Its name, dotted snake case: `controls.find_device`.
    pub name: String,
    /// The type of its value.
    pub fact_type: FactType,
    /// The words it may take, if the list is closed; otherwise empty.
    pub values: Vec<String>,
    /// What its words name (`categories`, `products`, `countries`, `references` …), if anything.
    pub values_of: Option<String>,
    /// The only party that may supply it.
    pub supplier: Supplier,
    /// Sections of the policy it comes from.
    pub section: Vec<String>,
    /// What it says, in a few words.
    pub meaning: String,
    /// The value taken while it is missing: the one that protects the person most. Absent: it is unknown.
    pub unknown: Option<FactValue>,
    /// Whether its value may differ by data category.
    pub per_category: bool,
    /// For supplier `register`: the register that holds it, and the facts that find the row. For a reference that a
    /// request states: the register that has to have its row.
    pub register: Option<RegisterKey>,
}

/// Where a register fact is looked up, or a reference is backed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterKey {
    /// The register, e.g. `recipients`.
    pub register: String,
    /// The facts that find the row: one whose value names it, e.g. `recipient.id`, or several that the row is compared
    /// with. None for a reference, which names its own row.
    pub keys: Vec<String>,
}

/// The type of a fact's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactType {
    /// True or false.
    Flag,
    /// A word or a text.
    Text,
    /// A whole number.
    Integer,
    /// A set of words.
    Texts,
    /// An instant: RFC 3339 text, compared as an instant.
    Time,
    /// A length of time: ISO 8601 (`P30D`, `PT12H`) or a whole number of days.
    Days,
}

impl FactType {
    pub(crate) const ALL: [Self; 6] = [
        Self::Flag,
        Self::Text,
        Self::Integer,
        Self::Texts,
        Self::Time,
        Self::Days,
    ];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Texts => "texts",
            Self::Time => "time",
            Self::Days => "days",
        }
    }

    pub(crate) fn described(self) -> &'static str {
        match self {
            Self::Flag => "a flag (true or false)",
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Texts => "a list of texts",
            Self::Time => "an instant (RFC 3339 text)",
            Self::Days => "a length of time (ISO 8601 text such as `P30D`, or a number of days)",
        }
    }
}

/// Who supplies a fact. Every fact has exactly one supplier; a request may carry only `state` and `caller` facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Supplier {
    /// Computed by the engine from other facts.
    Engine,
    /// The plugin's manifest, per activity.
    Manifest,
    /// The deployment's profile.
    Host,
    /// A register, keyed by a reference in the request.
    Register,
    /// A legal determination per jurisdiction and rule.
    Law,
    /// The state of the person: one look-up by the service.
    State,
    /// The caller, per request.
    Caller,
}

impl Supplier {
    /// All suppliers.
    pub const ALL: [Self; 7] = [
        Self::Engine,
        Self::Manifest,
        Self::Host,
        Self::Register,
        Self::Law,
        Self::State,
        Self::Caller,
    ];

    /// The word used in files and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Manifest => "manifest",
            Self::Host => "host",
            Self::Register => "register",
            Self::Law => "law",
            Self::State => "state",
            Self::Caller => "caller",
        }
    }

    /// Where its facts come from, for messages.
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            Self::Engine => "computed by the engine",
            Self::Manifest => "taken from the plugin's manifest",
            Self::Host => "taken from the deployment's profile (`licit.toml`)",
            Self::Register => "looked up in a register of the deployment's profile",
            Self::Law => "taken from the legal determinations of the deployment",
            Self::State => "the person's state, given in the request",
            Self::Caller => "given in the request",
        }
    }

    /// Whether a request may carry facts of this supplier.
    #[must_use]
    pub fn may_be_requested(self) -> bool {
        matches!(self, Self::State | Self::Caller)
    }
}

impl fmt::Display for Supplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq)]
pub enum FactValue {
    /// True or false.
    Flag(bool),
    /// A word or a text.
    Text(Box<str>),
    /// A whole number.
    Integer(i64),
    /// A set of words, sorted, without duplicates. The word `*` stands for every word.
    Texts(Box<[Box<str>]>),
    /// Consent records, and each as it was written, sorted.
    Consents(Box<[ConsentRecord]>, Box<[Box<str>]>),
    /// A set of words that name data categories: the words, and the categories with everything below them.
    Categories(Box<[Box<str>]>, Set<Category>),
    /// An instant.
    Time(Timestamp),
    /// A length of time.
    Days(SignedDuration),
    /// A value for each of some data categories (with everything below them); unknown for the others.
    PerCategory(Box<[PerCategory]>),
}

/// The value of a fact for some data categories.
#[derive(Debug, Clone, PartialEq)]
pub struct PerCategory {
    /// The category as it was named.
    pub category: Box<str>,
    /// That category and everything below it.
    pub covers: Set<Category>,
    /// The value for these categories.
    pub value: FactValue,
}

impl FactValue {
    /// The set of these words.
    pub fn texts<T: Into<Box<str>>>(words: impl IntoIterator<Item = T>) -> Self {
        Self::Texts(sorted(words))
    }

    /// The words of a set of words, whatever they name; none for any other value.
    #[must_use]
    pub fn words(&self) -> &[Box<str>] {
        match self {
            Self::Texts(words) | Self::Categories(words, _) | Self::Consents(_, words) => words,
            _ => &[],
        }
    }

    /// The set of these consent records, each as [`ConsentRecord::parse`] reads it.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the first record that is none, in one line.
    pub fn consents<T: Into<Box<str>>>(records: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let words = sorted(records);
        let parsed: Result<Box<[_]>, _> = words.iter().map(|word| ConsentRecord::parse(word)).collect();
        Ok(Self::Consents(parsed?, words))
    }
}

pub(crate) fn sorted<T: Into<Box<str>>>(words: impl IntoIterator<Item = T>) -> Box<[Box<str>]> {
    let mut words: Vec<Box<str>> = words.into_iter().map(Into::into).collect();
    words.sort_unstable();
    words.dedup();
    words.into_boxed_slice()
}

impl fmt::Display for FactValue {
    /// As a policy author would write it: `true`, `on`, `3`, `a, b`, `2026-11-23T10:00:00Z`, `P30D`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Texts(words) | Self::Categories(words, _) | Self::Consents(_, words) => {
                f.write_str(&words.join(", "))
            }
            Self::Time(instant) => write!(f, "{instant}"),
            Self::Days(length) => f.write_str(&duration_text(*length)),
            Self::PerCategory(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{}={}", entry.category, entry.value)?;
                }
                Ok(())
            }
        }
    }
}

/// A length of time as ISO 8601: whole days as `P30D`, anything else in hours, minutes and seconds.
#[must_use]
pub fn duration_text(length: SignedDuration) -> String {
    const DAY: i64 = 24 * 60 * 60;
    if length.as_secs() % DAY == 0 && length.subsec_nanos() == 0 {
        format!("P{}D", length.as_secs() / DAY)
    } else {
        format!("{length}")
    }
}

/// Reads a length of time: ISO 8601 with weeks, days, hours, minutes and seconds.
///
/// Months and years have no fixed length and are refused: a limit must not depend on when it is read.
///
/// # Errors
///
/// Says what is wrong with the text, in one line.
///
/// # Examples
///
/// ```
/// use licit_baseline::parse_duration;
///
/// assert_eq!(parse_duration("P30D").unwrap().as_hours(), 720);
/// assert!(parse_duration("P1M").unwrap_err().contains("months"));
/// assert!(parse_duration("30 days").is_err());
/// ```
pub fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || {
        format!(
            "`{}` is not an ISO 8601 duration such as `P30D` or `PT12H`",
            crate::printable(text)
        )
    };
    // `Span::from_str` would also read `30 days`, which is no ISO 8601.
    let parser = jiff::fmt::temporal::SpanParser::new();
    let span = parser.parse_span(text).map_err(|_| wrong())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(format!(
            "`{}` counts months or years, whose length varies: use days",
            crate::printable(text)
        ));
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let hours = days * 24 + i64::from(span.get_hours());
    let seconds = hours
        .checked_mul(60)
        .and_then(|minutes| minutes.checked_add(span.get_minutes()))
        .and_then(|minutes| minutes.checked_mul(60))
        .and_then(|seconds| seconds.checked_add(span.get_seconds()))
        .ok_or_else(wrong)?;
    if seconds < 0 {
        return Err(format!("`{}` is negative", crate::printable(text)));
    }
    Ok(SignedDuration::from_secs(seconds))
}

/// Reads an instant: RFC 3339 with an offset, or a date alone, which is its first instant in UTC.
///
/// # Errors
///
/// Says what is wrong with the text, in one line.
pub fn parse_instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == "2025-10-10".len()
    {
        return format!("{date}T00:00:00Z")
            .parse()
            .map_err(|_| out_of_range(text));
    }
    text.parse().map_err(|_| {
        format!(
            "`{}` is not an instant such as `2026-11-23T10:00:00Z`",
            crate::printable(text)
        )
    })
}

fn out_of_range(text: &str) -> String {
    format!("`{}` is out of range", crate::printable(text))
}
