//! What the author of a Licit plugin depends on.
//!
//! A plugin is an ordinary library crate: a `plugin.toml` that declares what the product does with which data,
//! and one free function.
//!
//! ```
//! # /*
//! licit_guest::plugin!();
//! # */ licit_guest::plugin!("../tests/themes.toml");
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
pub mod testing;
mod verdict;
mod vocabulary;

pub use facts::{FactValue, Texts};
pub use instant::{DAY, Instant};
pub use request::Request;
pub use verdict::Verdict;
pub use vocabulary::{Term, Vocabulary};

/// Declares this crate a plugin: turns its `plugin.toml` into types, and the function `evaluate` beside the call
/// into the component's export.
///
/// `plugin!()` reads the `plugin.toml` beside `Cargo.toml`; `plugin!("path/to/plugin.toml")` one named relative to
/// the calling file. Errors in the manifest are compile errors that quote its lines, and a changed manifest is
/// compiled anew. It is read against the built-in policy, or against the one in the folder that the environment
/// variable `LICIT_BASELINE` names.
///
/// What it puts where it is called:
///
/// | Name | What it is |
/// |---|---|
/// | `Request` | the [`Request`] that this plugin is asked |
/// | `Purpose` | one variant per declared purpose; where activities of that purpose read facts, it carries them |
/// | `Data`, `Operation` | the declared data categories and operations |
/// | `Reason`, `Obligation` | the declared reasons and obligations |
/// | `Verdict`, `permit()`, `deny(Reason::…)` | the [`Verdict`], and what makes one |
/// | `<Purpose>Facts`, `<Fact>` | the facts of a purpose; the values of a fact with a closed list of them |
///
/// A fact is read by its name, with `_` for `.`: `facts.controls_personalisation()`. It is an `Option` unless every
/// activity of that purpose lists it under `reads`.
///
/// | Type of the fact | Type in Rust |
/// |---|---|
/// | flag | `bool` |
/// | integer; days | `i64`; `i64`, in seconds (see [`DAY`]) |
/// | text with a closed list of values | a generated enum |
/// | any other text | `&str` |
/// | time | [`Instant`] |
/// | texts; any fact that may differ by data category | [`Texts`] |
///
/// # A product without logic of its own
///
/// Where baseline and manifest say all there is to say, `plugin!(manifest_only)` is the whole plugin. It has no objection
/// to what the manifest declares:
///
/// ```
/// # /*
/// licit_guest::plugin!(manifest_only);
/// # */ licit_guest::plugin!(manifest_only, "../tests/themes.toml");
///
/// # fn main() {
/// let request = Request::new(Operation::Use, "content-recommendation", [Data::DownloadHistory]);
/// assert_eq!(evaluate(&request), permit());
/// # }
/// ```
#[macro_export]
macro_rules! plugin {
    (manifest_only $(, $path:literal)?) => {
        $crate::plugin!($($path)?);

        /// Has no objection: what baseline and manifest say is all there is to say.
        pub fn evaluate(_: &Request<'_>) -> Verdict {
            permit()
        }
    };
    ($($path:literal)?) => {
        $crate::__private::expand! { ($crate) $($path)? }
    };
}

/// What the code that [`plugin!`] generates refers to. Not for authors: no promise of stability.
#[doc(hidden)]
pub mod __private {
    pub use crate::__export as export;
    pub use crate::abi;
    pub use crate::facts::{FactSpec, Facts, Kind};
    pub use crate::vocabulary::{ActivitySpec, PurposeSpec};
    pub use licit_guest_macros::expand;
}
