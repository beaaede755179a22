//! What a review of a rule book may find, and which findings its authors meant.

use crate::document::{Spanned, Table as Fields};
use crate::rules::Rule;
use crate::table::Table;
use crate::taxonomy::{Purpose, Reader, resolve, word_of};

/// What `licit baseline lint` may find. The codes are stable; what is written about them is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lint {
    /// The scope of a rule is empty on some axis, so that nothing can ever reach it.
    UnreachableRule,
    /// Whatever a permit covers, a deny or a gate forbids.
    ShadowedPermit,
    /// A condition, or a part of one, has the same value whatever the facts are.
    ConstantCondition,
    /// No permit grants a purpose.
    UnpermittedPurpose,
    /// A ban that no case triggers.
    DenyWithoutCase,
    /// A rule without a case that it decides, or without one in which it is in scope and does not.
    RuleWithoutCase,
    /// An ambiguity that a rule settles, and that no case is named after.
    AmbiguityWithoutCase,
    /// An exception of the policy's own list that nothing needs.
    UnusedAllowance,
}

impl Lint {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::UnreachableRule,
        Self::ShadowedPermit,
        Self::ConstantCondition,
        Self::UnpermittedPurpose,
        Self::DenyWithoutCase,
        Self::RuleWithoutCase,
        Self::AmbiguityWithoutCase,
        Self::UnusedAllowance,
    ];

    /// The stable code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnreachableRule => "unreachable-rule",
            Self::ShadowedPermit => "shadowed-permit",
            Self::ConstantCondition => "constant-condition",
            Self::UnpermittedPurpose => "unpermitted-purpose",
            Self::DenyWithoutCase => "deny-without-case",
            Self::RuleWithoutCase => "rule-without-case",
            Self::AmbiguityWithoutCase => "ambiguity-without-case",
            Self::UnusedAllowance => "unused-allowance",
        }
    }

    /// The key of an `[[allow]]` entry that says what a finding is about; `None` for what cannot be allowed.
    #[must_use]
    pub fn subject(self) -> Option<&'static str> {
        match self {
            Self::UnpermittedPurpose => Some("purpose"),
            Self::AmbiguityWithoutCase => Some("ambiguity"),
            Self::UnusedAllowance => None,
            _ => Some("rule"),
        }
    }
}

/// A finding that the authors of a policy meant, with the reason: an `[[allow]]` entry of a baseline folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// What is found.
    pub lint: Lint,
    /// The rule, purpose or ambiguity that it is about.
    pub subject: String,
    /// Why that is as it should be.
    pub reason: String,
    /// The file of the entry.
    pub file: String,
    /// Its line, counted from 1.
    pub line: usize,
}

/// Reads every `[[allow]]` entry and checks what it names.
pub(crate) fn read_allowances(
    reader: &Reader,
    rules: &Table<Rule>,
    purposes: &Table<Purpose>,
) -> Vec<Allowance> {
    let mut allowances = Vec::new();
    for (document, fields) in reader.tables("allow", "an allowance") {
        let lint = fields.required_text("lint").and_then(|word| {
            word_of(document, "lint", &word, &Lint::ALL, Lint::as_str).map(|lint| (lint, word))
        });
        let reason = fields.required_text("reason");
        if let Some(reason) = reason.as_ref().filter(|it| it.value.trim().is_empty()) {
            document.error(
                reason.span.clone(),
                "an allowance without a reason allows nothing",
            );
        }
        let Some((lint, word)) = lint else { continue };
        let subject = match lint.subject() {
            Some("purpose") => known(&fields, "purpose", |id| resolve(document, id, purposes).is_some()),
            Some("ambiguity") => known(&fields, "ambiguity", |id| {
                let mut named = rules.iter().flat_map(|(_, rule)| &rule.ambiguities);
                let found = named.any(|it| *it == id.value);
                if !found {
                    document.unknown(
                        "ambiguity",
                        id,
                        rules
                            .iter()
                            .flat_map(|(_, rule)| rule.ambiguities.iter().map(String::as_str)),
                    );
                }
                found
            }),
            Some(_) => known(&fields, "rule", |id| resolve(document, id, rules).is_some()),
            None => {
                document
                    .error(word.span, format!("`{}` cannot be allowed", word.value))
                    .help("delete the entry that it is about");
                None
            }
        };
        fields.finish();
        if let (Some(subject), Some(reason)) = (subject, reason) {
            allowances.push(Allowance {
                lint,
                line: document.line(subject.span.start),
                subject: subject.value,
                reason: reason.value,
                file: document.source().name.clone(),
            });
        }
    }
    allowances
}

fn known(
    fields: &Fields<'_>,
    key: &'static str,
    is_known: impl FnOnce(&Spanned<String>) -> bool,
) -> Option<Spanned<String>> {
    fields.required_text(key).filter(is_known)
}
