//! The host of Licit: loads sandboxed policy plugins and answers processing requests.
//!
//! A backend service embeds this crate. [`Host`] loads a folder of plugins and the deployment's profile; a
//! [`ProductHandle`] answers [`Request`]s with [`Response`]s, each judged by the company-wide policy, by the product's
//! declaration and by the product's own code, in a fresh sandbox.

mod assemble;
mod edition;
mod error;
mod evaluate;
mod host;
mod openings;
mod profile;
mod request;
mod response;
pub mod sandbox;

pub use error::{BuildError, BuildErrorKind, LoadError};
pub use host::{Host, HostBuilder, LoadedSummary, ProductHandle};
pub use licit_baseline::{Decision, Diagnostics, Format, Timing};
pub use openings::{Candidate, Opening, Openings};
pub use request::Request;
pub use response::{
    Advice, CategoryAnswer, Deciding, DenyKind, Explanation, FactUsed, Layer, Obligation, PluginFailure,
    Response,
};
