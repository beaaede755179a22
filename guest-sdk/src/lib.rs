//! What the author of a Licit plugin depends on.
//!
//! A plugin is an ordinary library crate: a `plugin.toml` that declares what the product does with which data,
//! and one free function.
//!
//! ```ignore
//! licit_guest::plugin!();
//!
//! fn evaluate(request: &Request) -> Verdict {
//!     match request.purpose() {
//!         Purpose::ContentRecommendation(facts) if facts.right_objected_purposes().contains("profiling") => {
//!             deny(Reason::Objected)
//!         }
//!         Purpose::ContentRecommendation(_) | Purpose::SystemServiceOperation => permit(),
//!     }
//! }
//! ```
//!
//! [`plugin!`] turns the manifest into types, so that an undeclared purpose cannot be written down and a
//! forgotten one is a compile error. The wasm export exists only on wasm32, so the same crate tests, links and
//! benchmarks natively. `licit build` makes the component.
//!
//! The function must be pure and total: it sees nothing but the request, it lives for one evaluation, and a
//! panic is a deny.

mod abort;
mod arena;
#[doc(hidden)]
pub mod bindings;
mod facts;
mod instant;
mod request;
mod verdict;
mod vocabulary;

pub use bindings::exports::licit::policy::evaluator::{Fact, FactValue};
pub use facts::Texts;
pub use instant::{DAY, Instant};
pub use request::Request;
pub use verdict::Verdict;
pub use vocabulary::{Term, Vocabulary};

/// What the code that [`plugin!`] generates refers to. Not for authors: no promise of stability.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings;
    pub use crate::bindings::exports::licit::policy::evaluator::{
        Guest, Request as WireRequest, Verdict as WireVerdict,
    };
    pub use crate::facts::{FactSpec, Facts, Kind};
    pub use crate::vocabulary::PurposeSpec;
    use crate::{Request, Verdict, Vocabulary};

    /// Reads the request, asks the author's function, and writes its verdict.
    pub fn run<V: Vocabulary>(
        request: WireRequest,
        evaluate: fn(&Request<V>) -> Verdict<V::Reason, V::Obligation>,
    ) -> WireVerdict {
        let WireRequest { operation, purpose, data, facts } = request;
        let request = Request::checked(&operation, &purpose, &data, facts);
        let verdict = evaluate(&request).into();
        // The instance ends with this call, so nothing is worth freeing.
        core::mem::forget((operation, purpose, data, request));
        verdict
    }
}
