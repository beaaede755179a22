//! The company-wide policy as data, and the engine that judges requests under it.

mod decision;
mod diagnostic;
mod document;
mod fact;
mod table;
mod taxonomy;

pub use decision::{Decision, Kleene, Timing};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, Source, nearest};
pub use document::{Document, Format, Node, NodeValue, Reported, Spanned, Table as Fields, printable};
pub use fact::{
    Fact, FactType, FactValue, PerCategory, RegisterKey, Supplier, duration_text, parse_duration,
    parse_instant,
};
pub use table::{Entry, Id, Set, Table};
pub use taxonomy::*;
