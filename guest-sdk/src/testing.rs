//! A test kit: a request in one line, and the verdict that it has to get.
//!
//! [`ask!`](crate::testing::ask) makes an [`Ask`], a request to the plugin's `evaluate`. One `Ask` is a base for many:
//! [`data`](Ask::data), [`fact`](Ask::fact) and their like make another that differs in one thing.
//!
//! ```
//! # /*
//! licit_guest::plugin!();
//! # */ licit_guest::plugin!("../tests/themes.toml");
//!
//! pub fn evaluate(request: &Request) -> Verdict {
//!     match request.purpose() {
//!         Purpose::ContentRecommendation(facts) if facts.right_objected_purposes().contains("profiling") => {
//!             deny(Reason::Objected)
//!         }
//!         Purpose::ContentRecommendation(_) | Purpose::SystemServiceOperation => permit(),
//!     }
//! }
//!
//! # /*
//! #[cfg(test)]
//! mod tests {
//!     use super::*;
//! # */
//! use licit_guest::testing::ask;
//!
//! # /*
//!     #[test]
//! # */
//! fn an_objection_is_heard() {
//!     let recommend = ask!(
//!         Use ContentRecommendation [DownloadHistory],
//!         at = "2026-11-23T10:00:00Z", consent.explicit = true,
//!         controls.personalisation = "on", right.objected_purposes = []
//!     );
//!     recommend.assert_permit();
//!     recommend.fact("right.objected_purposes", ["profiling"]).assert_deny(Reason::Objected);
//! }
//! # /*
//! }
//! # */
//! # fn main() { an_objection_is_heard() }
//! ```
//!
//! # What no host would ask
//!
//! A host asks a plugin only what an activity of its manifest covers, and states every fact under `reads` of that
//! activity and none that it does not list. A test that asks anything else would show nothing, so it fails and
//! says what does not fit.
//!
//! Nothing of this is in the wasm: the kit is called by tests alone.

use crate::abort::abort;
use crate::facts::FactValue;
use crate::request::Request;
use crate::verdict::Verdict;
use crate::vocabulary::{ActivitySpec, Term, Vocabulary};
use core::fmt;

pub use crate::__ask as ask;

/// A request to a plugin's `evaluate`: [`ask!`](crate::testing::ask)`(OPERATION PURPOSE [DATA, …], FACT = VALUE, …)`.
///
/// Operation, purpose and data are variants of the generated types, so what the manifest does not declare does not
/// compile. Facts have the names of the manifest, dots included; a value is a `bool`, an integer (days: in seconds),
/// a text, a variant of a generated type, or an array of texts.
///
/// The test has to see what [`plugin!`](crate::plugin) generated and the function `evaluate`, as `use super::*` makes it.
///
/// See [`testing`](crate::testing) for an example.
#[doc(hidden)]
#[macro_export]
macro_rules! __ask {
    (
        $operation:ident $purpose:ident [$($data:ident),* $(,)?]
        $(, $fact:ident $(. $part:ident)* = $value:expr)* $(,)?
    ) => {
        $crate::testing::Ask::<Plugin>::new(
            evaluate,
            Operation::$operation,
            |purpose| ::core::matches!(purpose, Purpose::$purpose { .. }),
            [$(Data::$data),*],
        )
        $(.fact(::core::concat!(::core::stringify!($fact) $(, ".", ::core::stringify!($part))*), $value))*
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "a test asks `ask!(OPERATION PURPOSE [DATA, …], FACT = VALUE, …)`, such as \
             `ask!(Use Messaging [ChatHistory], reader.role = \"sender\")`"
        )
    };
}

/// The author's function.
type Evaluate<V> = fn(&Request<'_, V>) -> Verdict<<V as Vocabulary>::Reason, <V as Vocabulary>::Obligation>;

/// One request to a plugin, made by [`ask!`](crate::testing::ask), and what is expected of it.
///
/// # Panics
///
/// Every `assert_…` and [`verdict`](Self::verdict) panic when no host would ask this (see
/// [`testing`](crate::testing)); an `assert_…` also when the verdict is another one. The message shows the request,
/// its facts, and what was expected.
#[derive(Clone)]
#[must_use = "an `Ask` shows nothing until it is asserted: `.assert_permit()`, `.assert_deny(…)`"]
pub struct Ask<'a, V: Vocabulary> {
    evaluate: Evaluate<V>,
    request: Request<'a, V>,
}

impl<'a, V: Vocabulary> Ask<'a, V> {
    #[doc(hidden)]
    #[track_caller]
    pub fn new(
        evaluate: Evaluate<V>,
        operation: V::Operation,
        is_purpose: fn(V::Purpose<'_>) -> bool,
        data: impl IntoIterator<Item = V::Data>,
    ) -> Self {
        let request = Request::matching(operation, is_purpose, data);
        Self { evaluate, request }
    }

    /// The same with another operation.
    pub fn operation(&self, operation: V::Operation) -> Self {
        self.with(self.request.clone().with_operation(operation))
    }

    /// The same about other data.
    pub fn data(&self, data: impl IntoIterator<Item = V::Data>) -> Self {
        self.with(self.request.clone().with_data(data))
    }

    /// The same with this fact, which replaces an earlier value of it.
    ///
    /// # Panics
    ///
    /// When no activity with this purpose reads the fact, or the value is not of its type.
    #[track_caller]
    pub fn fact(&self, name: &str, value: impl Into<FactValue<'a>>) -> Self {
        self.with(self.request.clone().fact(name, value))
    }

    /// The same where nothing is known of a fact.
    ///
    /// # Panics
    ///
    /// When no activity with this purpose reads the fact.
    #[track_caller]
    pub fn unknown(&self, name: &str) -> Self {
        self.with(self.request.clone().without(name))
    }

    fn with(&self, request: Request<'a, V>) -> Self {
        Self {
            evaluate: self.evaluate,
            request,
        }
    }

    /// The plugin's verdict.
    #[track_caller]
    pub fn verdict(&self) -> Verdict<V::Reason, V::Obligation> {
        self.require_activity();
        (self.evaluate)(&self.request)
    }

    /// Expects a permit without obligations.
    #[track_caller]
    pub fn assert_permit(&self) {
        self.expect(Verdict::Permit(Vec::new()));
    }

    /// Expects a permit with exactly these obligations, in any order.
    #[track_caller]
    pub fn assert_permit_with(&self, obligations: impl IntoIterator<Item = V::Obligation>) {
        self.expect(Verdict::Permit(obligations.into_iter().collect()));
    }

    /// Expects a deny with this reason.
    #[track_caller]
    pub fn assert_deny(&self, reason: V::Reason) {
        self.expect(Verdict::Deny(reason));
    }

    #[track_caller]
    fn expect(&self, expected: Verdict<V::Reason, V::Obligation>) {
        let (expected, got) = (shown(expected), shown(self.verdict()));
        if expected != got {
            abort(|| {
                format!("the verdict is another one\n{self:?}\n  expected  {expected}\n  got       {got}")
            });
        }
    }

    /// Ends the test unless a host could ask this.
    #[track_caller]
    fn require_activity(&self) {
        let mut refused = None;
        for activity in V::ACTIVITIES
            .iter()
            .filter(|activity| self.is_covered_by(activity))
        {
            match self.unfit(activity) {
                None => return,
                Some(why) => refused = refused.or(Some(why)),
            }
        }
        abort(|| {
            let why = refused.unwrap_or_else(|| self.uncovered());
            format!("no host would ask this: {why}\n{self:?}")
        });
    }

    fn is_covered_by(&self, activity: &ActivitySpec<V>) -> bool {
        let mut data = self.request.data().peekable();
        activity.purpose == self.request.purpose_id()
            && activity.operations.contains(&self.request.operation())
            && data.peek().is_some()
            && data.all(|category| activity.data.contains(&category))
    }

    /// What does not fit about the facts, if anything.
    fn unfit(
        &self,
        ActivitySpec {
            id,
            reads,
            optional_reads,
            ..
        }: &ActivitySpec<V>,
    ) -> Option<String> {
        let stated = || self.request.stated().map(|(name, _)| name);
        if let Some(name) = reads.iter().find(|name| stated().all(|it| it != **name)) {
            return Some(format!(
                "the activity `{id}` reads `{name}`, which has no value; state it: `{name} = …`"
            ));
        }
        let unread = stated().find(|name| !reads.contains(name) && !optional_reads.contains(name))?;
        Some(format!(
            "the activity `{id}` does not read `{unread}`; leave it out, or add it to `reads` or `optional-reads`"
        ))
    }

    /// Which activities the purpose has, where none covers the request.
    fn uncovered(&self) -> String {
        let purpose = self.request.purpose_id();
        let declared = V::ACTIVITIES
            .iter()
            .filter(|activity| activity.purpose == purpose);
        let mut why = "no activity of `plugin.toml` covers it".to_owned();
        for ActivitySpec {
            id, operations, data, ..
        } in declared
        {
            why += &format!(
                "\n  declared  {} {purpose} [{}], as `{id}`",
                ids(operations),
                ids(data)
            );
        }
        why
    }
}

/// The request and its facts, a line each.
impl<V: Vocabulary> fmt::Debug for Ask<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, .. } = self;
        let data: Vec<_> = request.data().collect();
        write!(
            f,
            "  request   {} {} [{}]",
            request.operation().id(),
            request.purpose_id(),
            ids(&data)
        )?;
        let mut lead = "\n  facts     ";
        for (name, value) in request.stated() {
            write!(f, "{lead}{name} = {value:?}")?;
            lead = ", ";
        }
        Ok(())
    }
}

fn ids<T: Term>(terms: &[T]) -> String {
    let ids: Vec<_> = terms.iter().map(|term| term.id()).collect();
    ids.join(", ")
}

/// A verdict in the words of the manifest, the same for the same obligations in another order.
fn shown<R: Term, O: Term>(verdict: Verdict<R, O>) -> String {
    match verdict {
        Verdict::Permit(obligations) if obligations.is_empty() => "permit".to_owned(),
        Verdict::Permit(mut obligations) => {
            obligations.sort_unstable_by_key(|obligation| obligation.id());
            format!("permit with {}", ids(&obligations))
        }
        Verdict::Deny(reason) => format!("deny {}", reason.id()),
    }
}
