//! The suite that reviewers and product teams run on plugins, and the project's own cross-crate tests.
//!
//! A case is a file that a policy author can read: a request, the facts it is asked under, and the answer it must
//! get. [`CaseFile::read`] reads one, [`Case::check`] asks a host and compares.

mod case;
pub mod check;
mod complete;
mod fixture;
mod hosts;
pub mod reference;
mod variation;

/// The facts that lie under every case: each at the value that stands in nobody's way. Name and text of
/// `tests/cases/permissive.toml`.
pub const PERMISSIVE: (&str, &str) = ("permissive.toml", include_str!("../cases/permissive.toml"));

pub use case::{Answer, Case, CaseFile};
pub use complete::{Lack, lacking};
pub use fixture::{as_cases_are_asked, built, fixture, fixtures, texts, with_manifest};
pub use hosts::{Hosts, Stand};
