//! Compiles and runs plugins that nobody trusts.
//!
//! This module knows wasmtime and the WIT contract (`wit/`), and nothing else: no taxonomy, no manifest model,
//! no rules. It takes bytes and gives back either a [`Plugin`] that is safe to call, or a [`LoadError`] that says
//! in one line what to change; a call gives back either a well-formed [`Verdict`] or a [`CallFailure`].
//!
//! What it promises about a plugin, however hostile:
//!
//! - **No imports.** A plugin sees its request and nothing else: no clock, no random numbers, no files.
//! - **No memory of earlier calls.** Every call runs in a fresh instance, so nothing of one person's request can
//!   reach another's, and a verdict is a pure function of the request.
//! - **Bounded compilation.** Whatever could make the compiler slow or big is counted before it starts.
//! - **Bounded evaluation.** Fuel decides (the same request always uses the same fuel), a wall clock is the
//!   backstop, and memory, tables, stack and the size of the verdict all have limits.
//! - **No echo.** Nothing that a plugin wrote reaches a message unescaped, and of a malformed verdict nothing
//!   at all.
//! - **No panic** on any input; a plugin that fails leaves every other plugin as it was.
//!
//! ```
//! use licit_host::sandbox::{CallFailure, CallRequest, Sandbox, SandboxOptions, Verdict};
//!
//! # fn ask(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::new(SandboxOptions::default())?;
//! let plugin = sandbox.load(bytes)?;
//! let request = CallRequest {
//!     operation: "collect",
//!     purpose: "content-recommendation",
//!     data: &["download-history"],
//!     facts: &[],
//! };
//! match plugin.call(&request) {
//!     Ok((Verdict::Permit(obligations), stats)) => println!("{obligations:?} for {} fuel", stats.fuel_used),
//!     Ok((Verdict::Deny(reason), _)) => println!("the plugin objects: {reason}"),
//!     Err(CallFailure::Overloaded { .. }) => println!("more calls than slots; raise `slots` or wait"),
//!     Err(failure) => println!("a deny: {failure}"),
//! }
//! # Ok(())
//! # }
//! # assert!(ask(b"\0asm").is_err());
//! ```
//!
//! Threads: a [`Sandbox`] and a [`Plugin`] are `Send + Sync` and cheap to clone. A call runs on the caller's
//! thread and may use up to [`STACK_BYTES`] of its stack for the plugin; a thread with less than
//! twice that to spare must not call.

mod bindings;
mod call;
mod component;
mod engine;
mod error;
mod limits;
mod prescan;

pub use call::{CallFact, CallFailure, CallRequest, CallStats, FactValue, Malformed, ResourceLimit, Verdict};
pub use component::{Plugin, manifest_text};
pub use engine::Sandbox;
pub use error::{LoadError, ManifestFault, SandboxError};
pub use limits::{Limits, MAX_ID_BYTES, MAX_OBLIGATIONS, STACK_BYTES, SandboxOptions, Tier};
pub use prescan::{Description, describe, fits};

/// The interface a plugin exports, by its full name.
pub const EVALUATOR: &str = "licit:policy/evaluator@0.1.0";

/// The custom section of the outer component that holds the manifest.
pub const MANIFEST_SECTION: &str = "licit:manifest";

/// The largest manifest that is read, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 256 * 1024;
