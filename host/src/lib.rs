//! The host of Licit: loads sandboxed policy plugins and answers processing requests.
//!
//! A backend service embeds this crate. [`Host`] loads a folder of plugins and the deployment's profile; a
//! [`ProductHandle`] answers [`Request`]s with [`Response`]s, each judged by the company-wide policy, by the product's
//! declaration and by the product's own code, in a fresh sandbox.

mod assemble;
mod changes;
mod deployment;
mod edition;
mod engines;
mod error;
mod evaluate;
mod expiry;
mod host;
mod load;
mod openings;
mod profile;
mod request;
mod response;
mod rights;
pub mod sandbox;

pub use deployment::Deployment;
pub use engines::{check_tier, tier_limits};
pub use error::{BuildError, BuildErrorKind, LoadError};
pub use expiry::Expiry;
pub use host::{Host, HostBuilder, LoadedSummary, ProductHandle};
pub use licit_baseline::{Decision, Diagnostics, Format, Timing};
pub use load::{LoadAnswer, LoadRequest};
pub use openings::{Candidate, Opening, Openings};
pub use request::Request;
pub use response::{
    Advice, CategoryAnswer, Deciding, DenyKind, Explanation, FactUsed, Layer, Obligation, PluginFailure,
    Response,
};
pub use rights::{ItemAnswer, PersonRequest, ProductAnswer, RightAnswer, SharedDuty};
