//! The decision algebra once more, the slow and obvious way: sets of strings and recursion, written from
//! `baseline/README.md`, with no code of the engine. Where the two differ on a request, one of them is wrong.
//!
//! It reads the files of a policy folder itself, checks nothing (the engine's reader does), and takes requests as plain
//! values.

mod condition;
mod judge;
mod policy;
mod scene;

pub use condition::{Expression, names, parse};
pub use judge::{Answer, Decision, Outcome, judge};
pub use policy::{Fact, Names, Operation, Policy, Rule, Tree};
pub use scene::{Determination, Request, Value};
