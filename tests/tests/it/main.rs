//! The whole of Licit from outside: real plugins, the real host, requests as a service sends them, and every attack
//! that the project knows.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows tests by their attribute, and these are their helpers"
)]

mod check;
mod common;
mod host;
mod hostile;
mod loading;
mod narrowing;
mod plugins;
mod requests;
mod settled;
mod setup;
mod suppliers;
#[path = "../support/mod.rs"]
mod support;
mod tidy;
mod tiers;
mod versions;
