//! The company-wide policy as data, and the engine that judges requests under it.

mod advice;
mod baseline;
mod condition;
mod consent;
mod decision;
mod diagnostic;
mod document;
mod embedded;
mod fact;
mod facts;
mod judge;
mod law;
mod manifest;
mod review;
mod rules;
mod settled;
mod table;
mod taxonomy;

pub use baseline::{Baseline, Citations, EngineFacts, EngineValues};
pub use condition::{Comparison, Expression, ExpressionKind};
pub use consent::ConsentRecord;
pub use decision::{Decision, Decisions, Kleene, Timing};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, Source, nearest};
pub use document::{
    Document, Format, Node, NodeValue, Reported, Spanned, Table as Fields, is_hidden, printable,
};
pub use fact::{
    Fact, FactType, FactValue, PerCategory, RegisterKey, Supplier, duration_text, parse_duration,
    parse_instant,
};
pub use facts::Facts;
pub use judge::{CategoryOutcome, Certainty, Considered, Finding, Judgement, Query};
pub use law::{Determination, Law};
pub use manifest::{
    Activity, AskedBy, Hold, Integration, LegalBasis, Manifest, ManifestKey, ManifestTable, PluginObligation,
    PluginReason, Retention, Tier,
};
pub use review::{Allowance, Lint};
pub use rules::{ConditionKey, Rule, RuleKind, RuleScope, Written, WrittenCondition};
pub use settled::Settled;
pub use table::{Entry, Id, Set, Table};
pub use taxonomy::*;
