//! Why a sandbox cannot be made, or bytes are not a plugin.

use std::error::Error;
use std::fmt;

use super::{EVALUATOR, MANIFEST_SECTION};

/// Why a sandbox could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SandboxError {
    /// An option is out of range; the text names it and the range.
    Options(&'static str),
    /// The engine could not reserve its memory, or does not support this machine.
    Engine(String),
    /// The operating system refused the thread that keeps the time.
    Ticker(String),
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SandboxError::Options(which) => f.write_str(which),
            SandboxError::Engine(detail) => {
                write!(
                    f,
                    "the sandbox cannot start on this machine ({detail}); try fewer slots or less memory"
                )
            }
            SandboxError::Ticker(detail) => {
                write!(
                    f,
                    "the sandbox cannot start its clock thread ({detail}); raise the thread limit"
                )
            }
        }
    }
}

impl Error for SandboxError {}

/// Why bytes were refused as a plugin. The text is one line, safe to print, and says what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are not a WebAssembly component.
    NotAComponent {
        /// What they are instead.
        found: &'static str,
    },
    /// The plugin is larger, in some respect, than the sandbox compiles.
    Exceeds {
        /// What there is too much of, in the plural: `functions`, `bytes in one function` …
        what: &'static str,
        /// How much there is; for a sum, how much there was when the limit was passed.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
    /// The bytes are not valid WebAssembly, or use a proposal that the sandbox leaves off.
    Invalid {
        /// What and where, by the validator.
        detail: String,
    },
    /// The component imports something. A plugin is a pure function.
    Imports {
        /// The imports' names, escaped.
        names: Vec<String>,
    },
    /// The component does not export the evaluator.
    NoEvaluator {
        /// What it exports, escaped.
        found: Vec<String>,
    },
    /// The component exports an evaluator of another version or another type.
    WrongEvaluator {
        /// What differs.
        detail: String,
    },
    /// The manifest cannot be read from the component.
    Manifest(ManifestFault),
    /// The compiler refused the component.
    Compile {
        /// Why, by the compiler.
        detail: String,
    },
}

/// What is wrong with a component's manifest section. Whether the manifest itself makes sense is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestFault {
    /// There is none.
    Missing,
    /// There are several, so that a reviewer and a host might read different ones.
    Repeated {
        /// How many.
        count: u32,
    },
    /// It is not UTF-8.
    NotText,
    /// It is longer than [`MAX_MANIFEST_BYTES`](super::MAX_MANIFEST_BYTES).
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::NotAComponent { found } => {
                write!(
                    f,
                    "expected a WebAssembly component, found {found}; `licit build` makes a component"
                )
            }
            LoadError::Exceeds { what, found, limit } => {
                write!(
                    f,
                    "the plugin has {found} {what}, and {limit} is the most that is compiled"
                )
            }
            LoadError::Invalid { detail } => write!(f, "the component is not valid: {detail}"),
            LoadError::Imports { names } => {
                write!(
                    f,
                    "the component imports {}, but a plugin must not import anything; ",
                    list(names)
                )?;
                f.write_str(if names.iter().any(|name| name.starts_with("wasi:")) {
                    "build it without WASI: `componentize-js` with `--disable stdio random clocks http fetch-event`, \
                     `componentize-py` with `--stub-wasi`, other compilers for a target without it"
                } else {
                    "remove what needs it"
                })
            }
            LoadError::NoEvaluator { found } if found.is_empty() => {
                write!(
                    f,
                    "the component exports nothing, but a plugin exports `{EVALUATOR}`"
                )
            }
            LoadError::NoEvaluator { found } => {
                write!(
                    f,
                    "the component exports {}, but a plugin exports `{EVALUATOR}`",
                    list(found)
                )
            }
            LoadError::WrongEvaluator { detail } => {
                write!(
                    f,
                    "the component's evaluator is not `{EVALUATOR}` of the published contract: {detail}"
                )
            }
            LoadError::Manifest(fault) => fault.fmt(f),
            LoadError::Compile { detail } => write!(f, "the component cannot be compiled: {detail}"),
        }
    }
}

impl Error for LoadError {}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManifestFault::Missing => {
                write!(
                    f,
                    "the component has no manifest section `{MANIFEST_SECTION}`; run `licit pack` on it"
                )
            }
            ManifestFault::Repeated { count } => write!(
                f,
                "the component has {count} manifest sections `{MANIFEST_SECTION}`; \
                 run `licit pack` on the component as it was before packing"
            ),
            ManifestFault::NotText => {
                write!(
                    f,
                    "the manifest section is not UTF-8; run `licit pack` with a manifest that is"
                )
            }
            ManifestFault::TooLong { bytes } => write!(
                f,
                "the manifest section has {bytes} bytes, and {} is the most that is read; shorten the manifest",
                super::MAX_MANIFEST_BYTES
            ),
        }
    }
}

impl From<ManifestFault> for LoadError {
    fn from(fault: ManifestFault) -> LoadError {
        LoadError::Manifest(fault)
    }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = String::new();
    for (index, name) in names.iter().take(SHOWN).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        text.push_str(&format!("{separator}`{name}`"));
    }
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// Makes text from a plugin, or with parts of one in it, safe for one line of any terminal or log: printable ASCII
/// stays, everything else is escaped, and the length is bounded.
pub(super) fn escape(text: &str) -> String {
    const MOST: usize = 200;
    let mut safe = String::new();
    for character in text.chars() {
        if safe.len() >= MOST {
            safe.push('…');
            break;
        }
        match character {
            '`' => safe.push('\''),
            ' '..='~' => safe.push(character),
            _ => safe.extend(character.escape_unicode()),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_a_plugin_is_harmless_and_short() {
        assert_eq!(
            escape("wasi:clocks/wall-clock@0.2.0"),
            "wasi:clocks/wall-clock@0.2.0"
        );
        assert_eq!(
            escape("a`b\n\u{1b}[31m\u{202e}ü"),
            "a'b\\u{a}\\u{1b}[31m\\u{202e}\\u{fc}"
        );
        assert!(escape(&"x".repeat(100_000)).len() < 300);
    }

    #[test]
    fn a_list_names_five_and_counts_the_rest() {
        let names: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        assert_eq!(list(&names), "`0`, `1`, `2`, `3`, `4` and 3 more");
    }
}
