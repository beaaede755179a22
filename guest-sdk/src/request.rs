//! The request, in the plugin's own words.

use crate::abort::{abort, listed};
use crate::facts::{FactValue, Stated};
use crate::vocabulary::{PurposeSpec, Term, Vocabulary, same};
use core::fmt;

/// One processing request, reduced by the host to what the plugin declared.
///
/// Authors use the generated alias `Request`. Every id in it is one that `plugin.toml` declares; a request with
/// any other never reaches the author's code.
pub struct Request<'a, V: Vocabulary> {
    operation: V::Operation,
    purpose: &'static PurposeSpec<V>,
    data: Vec<V::Data>,
    facts: Stated<'a>,
}

impl<'a, V: Vocabulary> Request<'a, V> {
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
    #[track_caller]
    pub fn new(operation: V::Operation, purpose: &str, data: impl IntoIterator<Item = V::Data>) -> Self {
        Self::of(operation, declared_purpose(purpose), data)
    }

    fn of(
        operation: V::Operation,
        purpose: &'static PurposeSpec<V>,
        data: impl IntoIterator<Item = V::Data>,
    ) -> Self {
        Self {
            operation,
            purpose,
            data: sorted(data),
            facts: Stated::none(purpose.facts),
        }
    }

    /// The same request with this fact, which replaces an earlier value of it.
    ///
    /// # Panics
    ///
    /// When no activity with this purpose reads the fact, or the value is not of its type. A fact under `reads`
    /// that is never stated panics where the code under test reads it.
    #[must_use]
    #[track_caller]
    pub fn fact(mut self, name: &str, value: impl Into<FactValue<'a>>) -> Self {
        self.facts.state(name, value.into());
        self
    }

    /// A request whose purpose is the one that `is_purpose` knows, for the test kit.
    #[track_caller]
    pub(crate) fn matching(
        operation: V::Operation,
        is_purpose: fn(V::Purpose<'_>) -> bool,
        data: impl IntoIterator<Item = V::Data>,
    ) -> Self {
        let mut purposes = V::PURPOSES.iter();
        let found = purposes.find(|spec| is_purpose((spec.variant)(Stated::none(spec.facts).facts())));
        match found {
            Some(purpose) => Self::of(operation, purpose, data),
            None => abort(|| "no declared purpose is meant".to_owned()),
        }
    }

    pub(crate) fn with_operation(mut self, operation: V::Operation) -> Self {
        self.operation = operation;
        self
    }

    pub(crate) fn with_data(mut self, data: impl IntoIterator<Item = V::Data>) -> Self {
        self.data = sorted(data);
        self
    }

    #[track_caller]
    pub(crate) fn without(mut self, fact: &str) -> Self {
        self.facts.forget(fact);
        self
    }

    pub(crate) const fn purpose_id(&self) -> &'static str {
        self.purpose.id
    }

    /// The facts that are known, by name.
    pub(crate) fn stated(&self) -> impl Iterator<Item = (&'static str, impl fmt::Debug)> {
        self.facts.iter()
    }

    /// The request as it came over the wire: aborts unless it fits the declaration in every word.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        allow(dead_code, reason = "a request arrives only in a sandbox")
    )]
    pub(crate) fn admit(
        operation: &str,
        purpose: &str,
        data: impl Iterator<Item = &'a str>,
        facts: impl Iterator<Item = (&'a str, FactValue<'a>)>,
    ) -> Self {
        let operation = declared("operation", operation);
        let purpose: &PurposeSpec<V> = declared_purpose(purpose);
        // Both lists are sorted, so the search for each category goes on where the one before it was found.
        let mut ahead = V::Data::ALL.iter().copied();
        let data = data
            .map(|id| {
                ahead
                    .find(|term| same(term.id(), id))
                    .unwrap_or_else(|| declared("data category", id))
            })
            .collect();
        let mut stated = Stated::none(purpose.facts);
        for (name, value) in facts {
            stated.state(name, value);
        }
        stated.require_all();
        Self {
            operation,
            purpose,
            data,
            facts: stated,
        }
    }
}

/// Categories in the order of a request.
fn sorted<T: Term>(data: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut data: Vec<_> = data.into_iter().collect();
    data.sort_unstable_by_key(|category| category.id());
    data.dedup();
    data
}

#[track_caller]
fn declared_purpose<V: Vocabulary>(id: &str) -> &'static PurposeSpec<V> {
    match V::PURPOSES.iter().find(|purpose| same(purpose.id, id)) {
        Some(purpose) => purpose,
        None => abort(|| undeclared("purpose", id, V::PURPOSES.iter().map(|purpose| purpose.id))),
    }
}

#[cfg_attr(
    not(target_arch = "wasm32"),
    allow(dead_code, reason = "a request arrives only in a sandbox")
)]
fn declared<T: Term>(what: &str, id: &str) -> T {
    match T::from_id(id) {
        Some(term) => term,
        None => abort(|| undeclared(what, id, T::ALL.iter().map(|term| term.id()))),
    }
}

fn undeclared(what: &str, id: &str, declared: impl Iterator<Item = &'static str>) -> String {
    format!(
        "`plugin.toml` declares no {what} `{id}` (declared: {})",
        listed(declared)
    )
}

impl<V: Vocabulary> Clone for Request<'_, V> {
    fn clone(&self) -> Self {
        Self {
            operation: self.operation,
            purpose: self.purpose,
            data: self.data.clone(),
            facts: self.facts.clone(),
        }
    }
}

impl<V: Vocabulary> fmt::Debug for Request<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("purpose", &self.purpose.id)
            .field("data", &self.data)
            .field("facts", &self.facts)
            .finish()
    }
}
