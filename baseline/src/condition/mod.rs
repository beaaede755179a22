//! The condition language: a strict subset of CEL, checked at load and compiled to a flat program over fact slots.
//!
//! ```text
//! or      = and { "||" and }
//! and     = unary { "&&" unary }
//! unary   = "!" unary | "(" or ")" | compare
//! compare = operand [ ( "==" | "!=" | "<" | "<=" | "in" ) operand ]
//! operand = value [ "+" value ]
//! value   = "text" | 12 | true | false | [ "a", "b" ] | duration("P30D") | timestamp("2026-01-01T00:00:00Z")
//!         | fact.name | category | purpose
//!         | known(fact) | given(fact) | overlaps(category or purpose, list or fact) | above(category, list)
//!         | allowed(fact) | named_for_product() | rule("id")
//! ```

mod compile;
mod fold;
mod parse;
mod program;

pub(crate) use compile::{Compiler, Polarity, RuleParts};
pub(crate) use fold::Folded;
pub(crate) use parse::parse;
pub use parse::{Comparison, Expression, ExpressionKind};
pub(crate) use program::{Condition, Context, Jurisdiction, LawRead, Read, Scope, Tests, at_most_one};
