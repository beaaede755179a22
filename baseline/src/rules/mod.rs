//! Rules: what the policy says, clause by clause, and the index that finds those in scope of a request.

mod clause;
mod index;
mod read;
mod written;

pub(crate) use clause::{Clause, Duties, Parts, Role};
pub(crate) use index::Index;
pub(crate) use read::read_rules;
pub use written::{ConditionKey, RuleScope, Written, WrittenCondition};

use crate::decision::Decision;
use crate::table::Entry;
use crate::taxonomy::Due;

/// One rule of the policy, as it is cited.
#[derive(Debug)]
pub struct Rule {
    /// Its id, stable and never used again: `find-device-switch`.
    pub id: String,
    /// Sections of the policy that say so, without the § sign: `3.2-E8`.
    pub section: Vec<String>,
    /// What kind of rule it is.
    pub kind: RuleKind,
    /// What it says, in a sentence.
    pub summary: String,
    /// How an unclear wording is read, where it is unclear: the reading that protects the person most.
    pub reading: Option<String>,
    /// The ambiguities of the inventory that this reading settles: `A12`.
    pub ambiguities: Vec<String>,
    /// Duties that come with it.
    pub obligations: Vec<Due>,
    /// Which of those duties have a condition of their own, by position.
    pub(crate) own_duties: Vec<usize>,
    /// For kind `register`: the closed list of values.
    pub values: Vec<String>,
    /// The decisions that its duties, or its advice, come with.
    pub accompanies: Vec<Decision>,
    /// Whether the data it is known to refuse is surplus: the request may be asked again without it.
    pub surplus: bool,
    /// Where and how its author wrote it.
    pub written: Written,
}

impl Entry for Rule {
    const WHAT: &'static str = "rule";

    fn id(&self) -> &str {
        &self.id
    }
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// Grants the axes it names; everything else is still needed.
    Permit,
    /// Denies; nothing overrides it.
    Deny,
    /// A gate: known to be true, or deny. Grants nothing.
    Require,
    /// Adds a duty and never changes the decision.
    Oblige,
    /// Adds labels, categories, a purpose or a fact before the other rules run.
    Classify,
    /// Rights only: a human or more evidence is needed.
    Pend,
    /// A closed list of values, cited.
    Register,
    /// No verdict, cited; on answers, where it says for which.
    Advice,
    /// Implemented by the algebra, cited.
    Engine,
}

impl RuleKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Permit,
        Self::Deny,
        Self::Require,
        Self::Oblige,
        Self::Classify,
        Self::Pend,
        Self::Register,
        Self::Advice,
        Self::Engine,
    ];

    /// The word used in files and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::Require => "require",
            Self::Oblige => "oblige",
            Self::Classify => "classify",
            Self::Pend => "pend",
            Self::Register => "register",
            Self::Advice => "advice",
            Self::Engine => "engine",
        }
    }

    /// Whether rules of this kind are run; the others are only cited.
    #[must_use]
    pub fn is_compiled(self) -> bool {
        !matches!(self, Self::Register | Self::Advice | Self::Engine)
    }
}
