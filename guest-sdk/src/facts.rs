//! Facts as the plugin's code sees them: typed, by name, all of them declared.

use crate::abort::{abort, listed};
use crate::instant::Instant;
use crate::vocabulary::Term;
use crate::{Fact, FactValue};

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
}

impl Kind {
    pub(crate) fn accepts(self, value: &FactValue) -> bool {
        match (self, value) {
            (Self::Flag, FactValue::Flag(_))
            | (Self::Integer, FactValue::Integer(_))
            | (Self::Text, FactValue::Text(_))
            | (Self::Texts, FactValue::Texts(_)) => true,
            (Self::Word(words), FactValue::Text(text)) => words.contains(&text.as_str()),
            (Self::Time, FactValue::Text(text)) => Instant::parse(text).is_some(),
            _ => false,
        }
    }

    /// What a value of this type looks like, in words.
    pub(crate) fn expected(self) -> String {
        match self {
            Self::Flag => "a flag".to_owned(),
            Self::Integer => "an integer".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Word(words) => format!("one of {}", listed(words.iter().copied())),
            Self::Time => "an instant like 2026-03-01T00:00:00Z".to_owned(),
            Self::Texts => "a set of words".to_owned(),
        }
    }
}

/// The facts of one request: what the generated accessors read from.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a>(pub(crate) &'a [Fact]);

impl<'a> Facts<'a> {
    fn find(self, name: &str) -> Option<&'a FactValue> {
        self.0.iter().find(|fact| fact.name == name).map(|fact| &fact.value)
    }

    pub fn flag(self, name: &str) -> Option<bool> {
        match self.find(name)? {
            FactValue::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn integer(self, name: &str) -> Option<i64> {
        match self.find(name)? {
            FactValue::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    pub fn text(self, name: &str) -> Option<&'a str> {
        match self.find(name)? {
            FactValue::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn word<T: Term>(self, name: &str) -> Option<T> {
        self.text(name).and_then(T::from_id)
    }

    pub fn time(self, name: &str) -> Option<Instant<'a>> {
        self.text(name).and_then(Instant::parse)
    }

    pub fn texts(self, name: &str) -> Option<Texts<'a>> {
        match self.find(name)? {
            FactValue::Texts(texts) => Some(Texts(texts)),
            _ => None,
        }
    }

    /// The value of a fact that every activity with this purpose reads. The host never calls without it; a
    /// request that a test builds may lack it.
    pub fn known<T>(name: &'static str, value: Option<T>) -> T {
        match value {
            Some(value) => value,
            None => abort(|| format!("the fact `{name}` is missing: state it with `.fact(\"{name}\", …)`")),
        }
    }
}

/// The value of a fact that is a set of words: `right.objected_purposes`, `data.source` …
///
/// A set that holds `*` means *all*: the host sends it where nothing is known and the policy then assumes
/// every word, so [`contains`](Self::contains) is true of any word.
///
/// A fact that differs by data category holds `category=value` entries, read by [`of`](Self::of).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts<'a>(&'a [String]);

impl<'a> Texts<'a> {
    /// A view of these words, for code that is tested without a request.
    pub const fn new(words: &'a [String]) -> Self {
        Self(words)
    }

    /// Whether the set holds this word, or `*`.
    ///
    /// ```
    /// use licit_guest::Texts;
    ///
    /// let objected = ["direct-marketing".to_owned(), "profiling".to_owned()];
    /// assert!(Texts::new(&objected).contains("profiling"));
    /// assert!(!Texts::new(&objected).contains("user-support"));
    /// assert!(Texts::new(&["*".to_owned()]).contains("user-support"));
    /// ```
    pub fn contains(self, word: &str) -> bool {
        self.0.iter().any(|held| held == word || held == "*")
    }

    /// The words, sorted, as they were sent.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(String::as_str)
    }

    /// The values of a fact that differs by data category, for one category: the `observed` of
    /// `oaid=observed`. Empty when nothing is known for that category.
    ///
    /// ```
    /// use licit_guest::Texts;
    ///
    /// let sources = ["name=other-user".to_owned(), "name=user".to_owned(), "oaid=observed".to_owned()];
    /// assert!(Texts::new(&sources).of("name").eq(["other-user", "user"]));
    /// ```
    pub fn of(self, category: &str) -> impl Iterator<Item = &'a str> {
        self.iter().filter_map(move |entry| entry.strip_prefix(category)?.strip_prefix('='))
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

impl From<bool> for FactValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for FactValue {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<&str> for FactValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Instant<'_>> for FactValue {
    fn from(instant: Instant<'_>) -> Self {
        Self::from(instant.as_str())
    }
}

/// A set of words; sorted and freed of duplicates, as the host sends it.
impl<const N: usize> From<[&str; N]> for FactValue {
    fn from(words: [&str; N]) -> Self {
        let mut words = words.map(str::to_owned).to_vec();
        words.sort_unstable();
        words.dedup();
        Self::Texts(words)
    }
}

/// A word of a closed list, by its generated type.
impl<T: Term> From<T> for FactValue {
    fn from(word: T) -> Self {
        Self::from(word.id())
    }
}
