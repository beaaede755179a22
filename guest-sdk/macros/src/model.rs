//! What the generator needs to know of a manifest: ids with their documentation, and typed facts.

/// Everything that becomes a type.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) product: String,
    pub(crate) purposes: Vec<Purpose>,
    pub(crate) data: Vec<Entry>,
    pub(crate) operations: Vec<Entry>,
    pub(crate) reasons: Vec<Entry>,
    pub(crate) obligations: Vec<Entry>,
}

/// An id that becomes a variant of an enum.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) doc: String,
}

/// A declared purpose with the facts of all activities that have it, sorted by name.
#[derive(Debug)]
pub(crate) struct Purpose {
    pub(crate) entry: Entry,
    pub(crate) facts: Vec<Fact>,
}

/// A declared fact.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) kind: Kind,
    /// Every activity with this purpose lists it under `reads`.
    pub(crate) required: bool,
}

/// The type of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Flag,
    Integer,
    /// Travels as an integer, in seconds.
    Days,
    Text,
    /// A text of this closed list.
    Word(Vec<String>),
    Time,
    Texts,
}
