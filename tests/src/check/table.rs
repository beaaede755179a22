//! The table of all checks.

use super::code::{self, Subject};
use super::trial::Trial;
use super::{Found, answers};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The plugin must not be accepted so.
    Error,
    /// Somebody has to look at it, and may accept it.
    Warn,
    /// Good to know.
    Info,
}

impl Severity {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Its id, which stays the same from version to version.
    pub id: &'static str,
    /// How much what it finds weighs.
    pub severity: Severity,
    /// What holds for a plugin in which it finds nothing.
    pub holds: &'static str,
    /// Why that matters.
    pub reason: &'static str,
    /// What to do about what it finds.
    pub fix: &'static str,
    pub(super) look: Look,
}

/// What a check looks at.
#[derive(Debug)]
pub(super) enum Look {
    Code(fn(&Subject<'_>) -> Vec<Found>),
    Answers(fn(&Trial<'_>) -> Vec<Found>),
}
use Look::{Answers, Code};
use Severity::{Error, Info, Warn};

impl Check {
    /// Whether it asks the plugin's code, instead of looking at the file alone.
    #[must_use]
    pub fn asks(&self) -> bool {
        matches!(self.look, Answers(_))
    }
}

/// The check with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

/// All that there is to say about a check, in plain text.
#[must_use]
pub fn explain(check: &Check) -> String {
    format!(
        "{} ({}, {})\n\n{}.\n\nWhy: {}.\n\nFix: {}.\n",
        check.id,
        check.severity.as_str(),
        if check.asks() {
            "asks the code"
        } else {
            "looks at the file"
        },
        check.holds,
        check.reason,
        check.fix
    )
}

/// All checks, in the order in which they are best read: from what the file is to what its code answers.
pub static CHECKS: &[Check] = &[
    Check {
        id: "valid-component",
        severity: Error,
        holds: "The file is a valid WebAssembly component that uses no proposal beyond those that a host turns on",
        reason: "what is not valid means something else to each reader, and threads or SIMD differ between machines",
        fix: "build it with `licit build`, or make a component and pack it with `licit pack`",
        look: Code(code::valid_component),
    },
    Check {
        id: "within-bounds",
        severity: Error,
        holds: "The component has no more bytes, functions, locals, nesting or initial memory than its tier compiles",
        reason: "a few kilobytes can keep a compiler busy for minutes, so what is too large is refused before it starts",
        fix: "leave out what a policy does not need; declare `tier = \"interpreted\"` only for code that brings an interpreter along",
        look: Code(code::within_bounds),
    },
    Check {
        id: "no-imports",
        severity: Error,
        holds: "The component imports nothing, neither functions nor types",
        reason: "an import is a way out of the sandbox, or a way in: a clock, random numbers, files, the network",
        fix: "build for `wasm32-unknown-unknown`, or without WASI; remove what needs the import",
        look: Code(code::no_imports),
    },
    Check {
        id: "exact-world",
        severity: Error,
        holds: "The component exports the evaluator of the contract, of exactly its version and its type, and that once",
        reason: "two evaluators, or one of another type, would be read by whoever looks first",
        fix: "export `licit:policy/evaluator@0.1.0` as `wit/licit.wit` has it, and no other version of it",
        look: Code(code::exact_world),
    },
    Check {
        id: "manifest-present",
        severity: Error,
        holds: "The component carries exactly one manifest, as text",
        reason: "without a manifest nothing is declared, and with two a reviewer and a host might read different ones",
        fix: "run `licit pack` once, on the component as the compiler made it",
        look: Code(code::manifest_present),
    },
    Check {
        id: "manifest-valid",
        severity: Error,
        holds: "The manifest says all that it must, in words that the policy knows, and stays inside the product's ceiling",
        reason: "what a product may collect, and what for, is the policy's to say (§3)",
        fix: "correct `plugin.toml` where the carets point, and build again",
        look: Code(code::manifest_valid),
    },
    Check {
        id: "manifest-doubts",
        severity: Warn,
        holds: "Nothing in the manifest is accepted although it can hardly be meant so",
        reason: "a class such as `personal-information` covers nothing, and a second activity can shadow the first",
        fix: "say in `plugin.toml` what is meant where the carets point",
        look: Code(code::manifest_doubts),
    },
    Check {
        id: "loads",
        severity: Error,
        holds: "A host of this plugin alone compiles it, and the policy lets its declaration come into force now",
        reason: "a host refuses what it cannot compile or what the policy refuses, and the last good version stays",
        fix: "see to the rule that the message names",
        look: Code(code::loads),
    },
    Check {
        id: "one-page",
        severity: Warn,
        holds: "The code begins with one page of memory (64 KiB)",
        reason: "every page is cleared after every evaluation",
        fix: "build with `licit build`, which asks for a small stack, and look out for large tables",
        look: Code(code::one_page),
    },
    Check {
        id: "no-floats",
        severity: Warn,
        holds: "The code does not compute with floating point",
        reason: "a condition of a policy is about words, counts and instants; fractions round",
        fix: "compute with whole numbers, or tell the reviewer why not",
        look: Code(code::no_floats),
    },
    Check {
        id: "no-start",
        severity: Warn,
        holds: "No code runs before the first question",
        reason: "a start function runs at every evaluation, and hides from whoever reads `evaluate`",
        fix: "remove the start function, or the static initialisers that make one",
        look: Code(code::no_start),
    },
    Check {
        id: "other-exports",
        severity: Info,
        holds: "The component exports nothing beside the evaluator",
        reason: "nobody ever calls it, and a reviewer wonders who should",
        fix: "leave it out, if the compiler lets you",
        look: Code(code::nothing_else_exported),
    },
    Check {
        id: "compiled-tier",
        severity: Info,
        holds: "The plugin runs in the tier `compiled`",
        reason: "an interpreter takes a thousand times as much of everything",
        fix: "accept the limits, or write the plugin in a compiled language",
        look: Code(code::compiled_tier),
    },
    Check {
        id: "total",
        severity: Error,
        holds: "The code answers every request that its manifest lets it expect, and never stops itself",
        reason: "a trap is a deny that nobody can explain",
        fix: "find the line that aborts for the request shown: a division, an index, an `unwrap`",
        look: Answers(answers::total),
    },
    Check {
        id: "bounded",
        severity: Error,
        holds: "No answer runs into a limit of fuel, time, memory, tables or stack",
        reason: "an answer that does not come is a deny, for everybody who asks the same",
        fix: "find the loop, the recursion or the allocation that grows with the request shown",
        look: Answers(answers::bounded),
    },
    Check {
        id: "headroom",
        severity: Warn,
        holds: "No answer takes more than half of the fuel or the memory that it may",
        reason: "requests have more data and longer facts than any test thinks of",
        fix: "make the code cheaper, or tell the reviewer what bounds it",
        look: Answers(answers::headroom),
    },
    Check {
        id: "well-formed-verdicts",
        severity: Error,
        holds: "Every answer is a verdict of the contract: text, ids in kebab case, not too many of them",
        reason: "a malformed verdict is a deny that nobody can explain",
        fix: "return what the SDK makes, or read `wit/licit.wit` again",
        look: Answers(answers::well_formed),
    },
    Check {
        id: "deterministic",
        severity: Error,
        holds: "The same request gets the same verdict for the same fuel and memory: asked twice, in another order, by another thread",
        reason: "an answer that changes by itself can be neither reviewed nor explained afterwards",
        fix: "decide from the request alone; if the code runs in the sandbox of this crate, report a defect of it",
        look: Answers(answers::deterministic),
    },
    Check {
        id: "declared-reasons",
        severity: Error,
        holds: "Every deny gives a reason that the manifest declares",
        reason: "a reason without a text cannot be told to anybody, and makes the verdict worthless",
        fix: "declare it as `[reason.ID]` with a text, or return one that is declared",
        look: Answers(answers::declared_reasons),
    },
    Check {
        id: "declared-obligations",
        severity: Error,
        holds: "Every permit carries only obligations that the manifest declares",
        reason: "a duty that nobody knows is met by nobody, and makes the verdict worthless",
        fix: "declare it as `[obligation.ID]` with text and timing, or return one that is declared",
        look: Answers(answers::declared_obligations),
    },
    Check {
        id: "reason-used",
        severity: Warn,
        holds: "Each reason that the manifest declares is given in answer to some request",
        reason: "a reason that is never given promises a condition that the code does not have",
        fix: "write the condition, or take the reason out of `plugin.toml`",
        look: Answers(answers::reason_used),
    },
    Check {
        id: "obligation-used",
        severity: Warn,
        holds: "Each obligation that the manifest declares comes with some permit",
        reason: "a duty that never comes promises care that the code does not take",
        fix: "attach it where it is due, or take the obligation out of `plugin.toml`",
        look: Answers(answers::obligation_used),
    },
    Check {
        id: "fact-used",
        severity: Warn,
        holds: "Each fact that an activity reads changes the verdict on some request of it",
        reason: "what is read without need is data handed over without need, and a request without it is denied for nothing",
        fix: "write the condition, or take the fact out of `reads`",
        look: Answers(answers::fact_used),
    },
    Check {
        id: "permits-something",
        severity: Warn,
        holds: "The code permits some request of each activity",
        reason: "an activity that is always denied is declared for nothing, and misleads whoever reads the manifest",
        fix: "take the activity out of `plugin.toml`, or correct the condition that denies everything",
        look: Answers(answers::permits_something),
    },
    Check {
        id: "fact-removed",
        severity: Error,
        holds: "A deny stays a deny when a fact becomes unknown",
        reason: "what is not known must never help processing: whoever leaves a fact out would get more",
        fix: "treat the missing fact like its strictest value",
        look: Answers(answers::fact_removed),
    },
    Check {
        id: "category-added",
        severity: Error,
        holds: "A deny stays a deny when the request asks for more data, everything else as it is",
        reason: "whoever asks for more would get what they were refused",
        fix: "decide for each category by itself, and deny if one of them is denied",
        look: Answers(answers::category_added),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_is_found_by_its_id_and_explains_itself() {
        for check in CHECKS {
            assert!(std::ptr::eq(find(check.id).unwrap(), check), "{}", check.id);
            let text = explain(check);
            for part in [check.id, check.holds, check.reason, check.fix] {
                assert!(!part.is_empty() && text.contains(part), "{}", check.id);
                assert!(!part.ends_with('.'), "{}: {part}", check.id);
            }
        }
        assert!(find("no-such-check").is_none());
    }
}
