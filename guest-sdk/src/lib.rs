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

#[doc(hidden)]
pub mod abi;
mod abort;
mod arena;
mod facts;
mod instant;
mod request;
mod verdict;
mod vocabulary;

pub use facts::{FactValue, Texts};
pub use instant::{DAY, Instant};
pub use request::Request;
pub use verdict::Verdict;
pub use vocabulary::{Term, Vocabulary};

/// What the code that [`plugin!`] generates refers to. Not for authors: no promise of stability.
#[doc(hidden)]
pub mod __private {
    pub use crate::__export as export;
    pub use crate::abi;
    pub use crate::facts::{FactSpec, Facts, Kind};
    pub use crate::vocabulary::PurposeSpec;
}
