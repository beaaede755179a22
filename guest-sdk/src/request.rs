//! The request, in the plugin's own words.

use crate::abort::{abort, listed};
use crate::facts::Stated;
use crate::vocabulary::{PurposeSpec, Term, Vocabulary, same};
use crate::{Fact, FactValue};
use core::fmt;

/// One processing request, reduced by the host to what the plugin declared.
///
/// Authors use the generated alias `Request`. Every id in it is one that `plugin.toml` declares; a request with
/// any other never reaches the author's code.
pub struct Request<V: Vocabulary> {
    operation: V::Operation,
    purpose: &'static PurposeSpec<V>,
    data: Vec<V::Data>,
    facts: Stated,
}

impl<V: Vocabulary> Request<V> {
    /// What is done with the data.
    #[must_use]
    pub fn operation(&self) -> V::Operation {
        self.operation
    }

    /// What for, with the facts that the activities of that purpose read. `match` on it: a purpose that is
    /// declared later and forgotten here is then a compile error.
    #[must_use]
    pub fn purpose(&self) -> V::Purpose<'_> {
        (self.purpose.variant)(self.facts.facts())
    }

    /// The declared data categories that cover the requested ones, sorted by id, at least one.
    pub fn data(&self) -> impl Iterator<Item = V::Data> {
        self.data.iter().copied()
    }

    /// Whether the request touches this declared data category.
    #[must_use]
    pub fn has(&self, category: V::Data) -> bool {
        self.data.contains(&category)
    }

    /// A request for a test or a benchmark, still without facts. `purpose` is the id of a declared purpose.
    ///
    /// # Panics
    ///
    /// When the manifest does not declare the purpose. (In a wasm plugin every panic named here is a trap.)
    #[must_use]
    pub fn new(operation: V::Operation, purpose: &str, data: impl IntoIterator<Item = V::Data>) -> Self {
        let mut data: Vec<_> = data.into_iter().collect();
        data.sort_unstable_by_key(|category| category.id());
        data.dedup();
        let purpose = declared_purpose(purpose);
        Self { operation, purpose, data, facts: Stated::none(purpose.facts) }
    }

    /// The same request with this fact, which replaces an earlier value of it. A value is a `bool`, an `i64`
    /// (also for days: seconds), a `&str`, a generated enum, an [`Instant`](crate::Instant), or an array of
    /// `&str` for a set of words.
    ///
    /// # Panics
    ///
    /// When no activity with this purpose reads the fact, or the value is not of its type. A fact under `reads`
    /// that is never stated panics where the code under test reads it.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<FactValue>) -> Self {
        self.facts.state(name, value.into());
        self
    }

    /// The request as it came over the wire: aborts unless it fits the declaration in every word.
    pub(crate) fn checked(operation: &str, purpose: &str, data: &[String], facts: Vec<Fact>) -> Self {
        let operation = match Term::from_id(operation) {
            Some(operation) => operation,
            None => abort(|| undeclared("operation", operation, ids::<V::Operation>())),
        };
        let purpose: &PurposeSpec<V> = declared_purpose(purpose);
        let data = data.iter().map(|id| declared_category::<V>(id)).collect();
        let mut stated = Stated::none(purpose.facts);
        for Fact { name, value } in facts {
            stated.state(&name, value);
        }
        stated.require_all();
        Self { operation, purpose, data, facts: stated }
    }
}

fn declared_purpose<V: Vocabulary>(id: &str) -> &'static PurposeSpec<V> {
    match V::PURPOSES.iter().find(|purpose| same(purpose.id, id)) {
        Some(purpose) => purpose,
        None => abort(|| undeclared("purpose", id, V::PURPOSES.iter().map(|purpose| purpose.id))),
    }
}

fn declared_category<V: Vocabulary>(id: &str) -> V::Data {
    match Term::from_id(id) {
        Some(category) => category,
        None => abort(|| undeclared("data category", id, ids::<V::Data>())),
    }
}

fn ids<T: Term>() -> impl Iterator<Item = &'static str> {
    T::ALL.iter().map(|term| term.id())
}

fn undeclared(what: &str, id: &str, declared: impl IntoIterator<Item = &'static str>) -> String {
    format!("`plugin.toml` declares no {what} `{id}`, only {}", listed(declared))
}

impl<V: Vocabulary> Clone for Request<V> {
    fn clone(&self) -> Self {
        Self {
            operation: self.operation,
            purpose: self.purpose,
            data: self.data.clone(),
            facts: self.facts.clone(),
        }
    }
}

impl<V: Vocabulary> fmt::Debug for Request<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("purpose", &self.purpose.id)
            .field("data", &self.data)
            .field("facts", &self.facts)
            .finish()
    }
}
