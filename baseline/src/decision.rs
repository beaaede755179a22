//! The words of an answer, and three-valued logic.

use std::fmt;

/// The answer to a request. The order is strictness: the strictest of several decisions stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// The processing is licit, provided its obligations are met.
    Permit,
    /// Only for rights of data subjects: more evidence or a human is needed. It is not a refusal.
    Pend,
    /// The processing is not licit; for a right: refused, on a cited ground.
    Deny,
}

impl Decision {
    /// The word used in files and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Pend => "pend",
            Self::Deny => "deny",
        }
    }
}

/// A set of decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decisions(u8);

impl Decisions {
    /// Every decision.
    pub const ALL: Self = Self::of(Decision::Permit)
        .with(Decision::Pend)
        .with(Decision::Deny);

    /// This decision alone.
    #[must_use]
    pub const fn of(decision: Decision) -> Self {
        Self(1 << decision as u8)
    }

    /// These decisions and one more.
    #[must_use]
    pub const fn with(self, decision: Decision) -> Self {
        Self(self.0 | Self::of(decision).0)
    }

    /// The decisions in both sets.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Decision> for Decisions {
    fn from_iter<I: IntoIterator<Item = Decision>>(decisions: I) -> Self {
        decisions.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A truth value of Kleene's strong three-valued logic. The order is false, unknown, true.
///
/// `and` is the smaller, `or` the larger of two values. Both are monotone: learning a fact can settle an unknown
/// result and never flips a settled one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kleene {
    /// Known to be false.
    False,
    /// Not known.
    Unknown,
    /// Known to be true.
    True,
}

impl From<bool> for Kleene {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Kleene {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Self::Unknown, Self::from)
    }
}

impl Kleene {
    /// True only if both are known to be true.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// True if one of them is known to be true.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }
}

impl std::ops::Not for Kleene {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

/// When an obligation is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timing {
    /// Before the processing starts. A caller that cannot do it has no permit.
    Before,
    /// As long as the processing lasts.
    During,
    /// Once the processing has ended, or once it was refused.
    After,
    /// Within a time limit.
    ByDeadline,
}

impl Timing {
    pub(crate) const ALL: [Self; 4] = [Self::Before, Self::During, Self::After, Self::ByDeadline];

    /// The word used in files and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
            Self::ByDeadline => "by-deadline",
        }
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
