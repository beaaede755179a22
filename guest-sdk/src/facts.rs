//! Facts as the plugin's code sees them: typed, all of them declared.

use crate::abort::{abort, listed};
use crate::instant::Instant;
use crate::vocabulary::{Term, same};
use core::fmt;

/// The value of a fact as it travels: what a test states by [`Request::fact`](crate::Request::fact). Made from a
/// `bool`, an `i64` (also for days: seconds), a `&str`, a generated enum, an [`Instant`], or words in an array
/// or a `Vec`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue<'a> {
    /// True or false.
    Flag(bool),
    /// A word of a closed list, an id, an instant, or free text.
    Text(&'a str),
    /// A whole number, or a duration in seconds.
    Integer(i64),
    /// A set of words, sorted, without duplicates.
    Texts(Vec<&'a str>),
}

/// One declared fact of a purpose.
#[doc(hidden)]
#[derive(Debug)]
pub struct FactSpec {
    pub name: &'static str,
    pub kind: Kind,
    /// Every activity with this purpose lists the fact under `reads`.
    pub required: bool,
}

/// The type of a fact, as the baseline's fact table states it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Flag,
    Integer,
    Text,
    /// A text of this closed list.
    Word(&'static [&'static str]),
    Time,
    Texts,
    /// A fact that may differ by data category: `category=value` entries where it does, one plain value where it
    /// does not.
    PerCategory,
}

impl Kind {
    /// The value as this type, or `None` when it is of another type or outside the closed list.
    fn admit(self, value: FactValue<'_>) -> Option<Value<'_>> {
        match (self, value) {
            (Self::Flag, FactValue::Flag(flag)) => Some(Value::Flag(flag)),
            (Self::Integer, FactValue::Integer(integer)) => Some(Value::Integer(integer)),
            (Self::Text, FactValue::Text(text)) => Some(Value::Text(text)),
            (Self::Word(words), FactValue::Text(text)) => {
                let (place, word) = words.iter().enumerate().find(|(_, word)| same(word, text))?;
                Some(Value::Word { word, place })
            }
            (Self::Time, FactValue::Text(text)) => {
                Instant::parse(text).is_some().then_some(Value::Text(text))
            }
            (Self::Texts | Self::PerCategory, FactValue::Texts(words)) => Some(Value::Texts(words)),
            (Self::PerCategory, FactValue::Text(text)) => Some(Value::Texts(vec![text])),
            (Self::PerCategory, FactValue::Flag(flag)) => {
                Some(Value::Texts(vec![if flag { "true" } else { "false" }]))
            }
            _ => None,
        }
    }

    /// What a value of this type looks like, in words.
    fn expected(self) -> String {
        match self {
            Self::Flag => "a flag".to_owned(),
            Self::Integer => "an integer".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Word(words) => format!("one of {}", listed(words.iter().copied())),
            Self::Time => "an instant like 2026-03-01T00:00:00Z".to_owned(),
            Self::Texts => "a set of words".to_owned(),
            Self::PerCategory => "one value, or `category=value` entries".to_owned(),
        }
    }
}

/// The value of a declared fact.
#[derive(Clone)]
enum Value<'a> {
    Flag(bool),
    Integer(i64),
    /// Also an instant.
    Text(&'a str),
    Word {
        word: &'static str,
        /// Its place in the closed list.
        place: usize,
    },
    Texts(Vec<&'a str>),
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Integer(integer) => integer.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Word { word, .. } => word.fmt(f),
            Self::Texts(words) => words.fmt(f),
        }
    }
}

/// A value for each declared fact of a purpose, in the order of the declaration; `None` where it is unknown.
#[derive(Clone)]
pub(crate) struct Stated<'a> {
    specs: &'static [FactSpec],
    values: Vec<Option<Value<'a>>>,
}

impl<'a> Stated<'a> {
    pub(crate) fn none(specs: &'static [FactSpec]) -> Self {
        Self {
            specs,
            values: specs.iter().map(|_| None).collect(),
        }
    }

    /// Takes a value; aborts unless the fact is declared and the value of its type.
    #[track_caller]
    pub(crate) fn state(&mut self, name: &str, value: FactValue<'a>) {
        let (spec, slot) = self.slot(name);
        *slot = spec.kind.admit(value);
        if slot.is_none() {
            abort(|| format!("the fact `{name}` takes {}", spec.kind.expected()));
        }
    }

    /// Makes a fact unknown again; aborts unless it is declared.
    #[track_caller]
    pub(crate) fn forget(&mut self, name: &str) {
        *self.slot(name).1 = None;
    }

    #[track_caller]
    fn slot(&mut self, name: &str) -> (&'static FactSpec, &mut Option<Value<'a>>) {
        let mut slots = self.specs.iter().zip(&mut self.values);
        match slots.find(|(spec, _)| same(spec.name, name)) {
            Some(found) => found,
            None => abort(|| {
                let declared = listed(self.specs.iter().map(|spec| spec.name));
                format!("no activity with this purpose reads the fact `{name}` (declared: {declared})")
            }),
        }
    }

    /// The facts that are known, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, impl fmt::Debug)> {
        let stated = self.specs.iter().zip(&self.values);
        stated.filter_map(|(spec, value)| Some((spec.name, value.as_ref()?)))
    }

    /// Aborts unless every required fact has a value.
    pub(crate) fn require_all(&self) {
        for (spec, value) in self.specs.iter().zip(&self.values) {
            if spec.required && value.is_none() {
                missing(spec.name);
            }
        }
    }

    pub(crate) const fn facts(&self) -> Facts<'_> {
        Facts(self)
    }
}

impl fmt::Debug for Stated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[track_caller]
fn missing(name: &str) -> ! {
    abort(|| format!("the fact `{name}` is missing: state it with `.fact(\"{name}\", …)`"))
}

/// The facts of one request, by their place in the declaration: what the generated accessors read from.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a>(&'a Stated<'a>);

impl<'a> Facts<'a> {
    fn get(self, place: usize) -> Option<&'a Value<'a>> {
        self.0.values.get(place)?.as_ref()
    }

    pub fn flag(self, place: usize) -> Option<bool> {
        match self.get(place)? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn integer(self, place: usize) -> Option<i64> {
        match self.get(place)? {
            Value::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    pub fn text(self, place: usize) -> Option<&'a str> {
        match self.get(place)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn word<T: Term>(self, place: usize) -> Option<T> {
        match self.get(place)? {
            Value::Word { place, .. } => T::ALL.get(*place).copied(),
            _ => None,
        }
    }

    pub fn time(self, place: usize) -> Option<Instant<'a>> {
        self.text(place).map(Instant::admitted)
    }

    pub fn texts(self, place: usize) -> Option<Texts<'a>> {
        match self.get(place)? {
            Value::Texts(texts) => Some(Texts(texts)),
            _ => None,
        }
    }

    /// The value of a fact that every activity with this purpose reads. The host never calls without it; a
    /// request that a test builds may lack it.
    #[track_caller]
    pub fn known<T>(self, place: usize, value: Option<T>) -> T {
        match value {
            Some(value) => value,
            None => missing(self.0.specs.get(place).map_or("", |spec| spec.name)),
        }
    }
}

/// The value of a fact that is a set of words: `right.objected_purposes`, `data.source` …
///
/// A set that holds `*` means *all*: the host sends it where nothing is known and the policy then assumes
/// every word, so [`contains`](Self::contains) is true of any word.
///
/// A fact that may differ by data category holds `category=value` entries, read by [`of`](Self::of).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts<'a>(&'a [&'a str]);

impl<'a> Texts<'a> {
    /// A view of these words, for code that is tested without a request.
    pub const fn new(words: &'a [&'a str]) -> Self {
        Self(words)
    }

    /// Whether the set holds this word, or `*`.
    ///
    /// ```
    /// use licit_guest::Texts;
    ///
    /// let objected = Texts::new(&["direct-marketing", "profiling"]);
    /// assert!(objected.contains("profiling"));
    /// assert!(!objected.contains("user-support"));
    /// assert!(Texts::new(&["*"]).contains("user-support"));
    /// ```
    pub fn contains(self, word: &str) -> bool {
        self.0.iter().any(|held| same(held, word) || *held == "*")
    }

    /// The words, sorted, as they were sent.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        self.0.iter().copied()
    }

    /// The values of a fact that may differ by data category, for one category: the `observed` of
    /// `oaid=observed`. A word without a category holds for every category; a flag reads `true` or `false`. Empty
    /// when nothing is known for that category.
    ///
    /// ```
    /// use licit_guest::Texts;
    ///
    /// let sources = Texts::new(&["name=other-user", "name=user", "oaid=observed"]);
    /// assert!(sources.of("name").eq(["other-user", "user"]));
    /// assert!(Texts::new(&["observed"]).of("oaid").eq(["observed"]));
    /// ```
    pub fn of(self, category: &str) -> impl Iterator<Item = &'a str> {
        self.iter().filter_map(move |entry| match entry.split_once('=') {
            Some((other, value)) => same(other, category).then_some(value),
            None => Some(entry),
        })
    }

    /// How many words the set holds.
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether the set holds no word.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl From<bool> for FactValue<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for FactValue<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

/// So that a literal needs no suffix.
impl From<i32> for FactValue<'_> {
    fn from(integer: i32) -> Self {
        Self::Integer(integer.into())
    }
}

impl<'a> From<&'a str> for FactValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Instant<'a>> for FactValue<'a> {
    fn from(instant: Instant<'a>) -> Self {
        Self::Text(instant.as_str())
    }
}

/// A word of a closed list, by its generated type.
impl<T: Term> From<T> for FactValue<'_> {
    fn from(word: T) -> Self {
        Self::Text(word.id())
    }
}

/// A set of words, in any order.
impl<'a> From<Vec<&'a str>> for FactValue<'a> {
    fn from(mut words: Vec<&'a str>) -> Self {
        words.sort_unstable();
        words.dedup();
        Self::Texts(words)
    }
}

/// A set of words, in any order.
impl<'a, const N: usize> From<[&'a str; N]> for FactValue<'a> {
    fn from(words: [&'a str; N]) -> Self {
        Self::from(words.to_vec())
    }
}
