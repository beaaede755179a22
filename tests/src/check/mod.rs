//! What a reviewer asks of a plugin that nobody has vetted: is it well formed, and does it keep its word?
//!
//! [`CHECKS`] is the table of all checks: each has an id that stays, a severity, the reason why it matters and what to do
//! about what it finds. Checks of the code look at the file; nothing of it runs. Checks of the answers ask the code, in the
//! sandbox of its tier, every request that its manifest lets it expect, as far as there are not too many of them: each
//! operation of each activity, on each of its data categories alone, on pairs and on all of them, under the values of the
//! facts that the activity reads. The [`Asked`] of a report says whether these were all there are or a sample of them.
//!
//! What the checks cannot show: that the conditions in the code are the right ones. That is what cases are for
//! ([`CaseFile`](crate::CaseFile)).
//!
//! # Examples
//!
//! In the tests of a product team, one line:
//!
//! ```no_run
//! #[test]
//! fn it_keeps_its_word() -> Result<(), licit_conformance::check::Failed> {
//!     licit_conformance::check::passes("target/plugins/notes.wasm")
//! }
//! ```
//!
//! One plugin, and what was found:
//!
//! ```
//! use licit_conformance::check::{Checker, Severity};
//!
//! let report = Checker::new()?.check("rubbish.wasm", b"\0asm\x01\0\0\0");
//! assert_eq!(report.findings[0].check.id, "valid-component");
//! assert_eq!(report.findings[0].check.severity, Severity::Error);
//! assert!(report.findings[0].what.contains("a core module"));
//! # Ok::<(), licit_host::sandbox::SandboxError>(())
//! ```
//!
//! # A new check
//!
//! Write a function in `code.rs` (it sees the file and what is known of it) or in `answers.rs` (it sees every request that
//! was asked, with its answer), and add one entry to [`CHECKS`]. A test asks for a plugin that the new check finds.

mod answers;
mod code;
mod report;
mod space;
mod table;
mod trial;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use licit_baseline::{Baseline, Diagnostics, Manifest, Tier};
use licit_host::sandbox::{self, CallFailure, CallRequest, Sandbox, SandboxError, SandboxOptions, Verdict};
use licit_host::{Host, HostBuilder};

pub use report::{Asked, Finding, Report};
pub use table::{CHECKS, Check, Severity, explain, find};

use code::Subject;
use space::Space;
use table::Look;
use trial::{Answered, Trial};

/// What one check found once.
#[derive(Debug, Default)]
struct Found {
    what: String,
    place: Option<String>,
    diagnostics: Diagnostics,
}

impl Found {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ..Self::default()
        }
    }

    fn at(self, place: String) -> Self {
        Self {
            place: Some(place),
            ..self
        }
    }
}

/// Runs the checks; keeps the sandboxes of both tiers, so that many plugins can be checked one after another.
#[derive(Debug)]
pub struct Checker {
    checks: Vec<&'static Check>,
    seed: u64,
    loaded_at: Option<Timestamp>,
    baseline: Arc<Baseline>,
    compiled: Sandbox,
    interpreted: Sandbox,
}

impl Checker {
    /// All checks, under the policy that is built in.
    ///
    /// # Errors
    ///
    /// If the machine refuses a sandbox its memory or its clock thread.
    pub fn new() -> Result<Self, SandboxError> {
        // Fuel decides here, too; a busy machine must not make a plugin look slow.
        let patient = |options: SandboxOptions| options.slots(4).time(Duration::from_secs(60));
        Ok(Self {
            checks: CHECKS.iter().collect(),
            seed: 1,
            loaded_at: None,
            baseline: Baseline::embedded(),
            compiled: Sandbox::new(patient(SandboxOptions::default()))?,
            interpreted: Sandbox::new(patient(SandboxOptions::interpreted()))?,
        })
    }

    /// Only these checks.
    #[must_use]
    pub fn only(mut self, checks: Vec<&'static Check>) -> Self {
        self.checks = checks;
        self
    }

    /// Another sample, where there are too many requests to ask them all.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// When the plugin is to come into force, instead of now: for tests that must not turn stale with the calendar.
    #[must_use]
    pub fn loaded_at(mut self, instant: Timestamp) -> Self {
        self.loaded_at = Some(instant);
        self
    }

    /// Checks a plugin, given as what messages call it and its bytes.
    ///
    /// Never fails and never panics: whatever is wrong with the bytes is a finding.
    #[must_use]
    pub fn check(&self, name: &str, bytes: &[u8]) -> Report {
        let subject = self.subject(name, bytes);
        let mut report = Report::new(name, &subject);
        let asks = self.checks.iter().any(|it| matches!(it.look, Look::Answers(_)));
        let loaded = subject.loaded.as_ref().ok().filter(|_| asks);
        let trial = loaded.zip(subject.manifest()).map(|(plugin, manifest)| {
            let ask = |request: &CallRequest<'_>| {
                plugin.call(request).map(|(verdict, used)| Answered {
                    verdict,
                    fuel: used.fuel_used,
                    memory: used.memory_bytes,
                })
            };
            self.trial(manifest, &ask)
        });
        self.look(&mut report, Some(&subject), trial.as_ref());
        report.asked = trial.as_ref().map(Asked::of);
        report
    }

    /// Checks the answers of code that runs somewhere else than in the sandbox of this crate: natively, or in another
    /// engine. The closure gives the verdict, and the fuel and the bytes of memory that it took.
    ///
    /// # Errors
    ///
    /// What is wrong with the manifest.
    pub fn check_answers(
        &self,
        name: &str,
        manifest: &str,
        ask: impl Fn(&CallRequest<'_>) -> Result<(Verdict, u64, usize), CallFailure> + Sync,
    ) -> Result<Report, Diagnostics> {
        let (manifest, _) = Manifest::parse(name, manifest, self.baseline.taxonomy())?;
        let ask = |request: &CallRequest<'_>| {
            ask(request).map(|(verdict, fuel, memory)| Answered {
                verdict,
                fuel,
                memory,
            })
        };
        let trial = self.trial(&manifest, &ask);
        let mut report = Report::empty(name);
        self.look(&mut report, None, Some(&trial));
        report.asked = Some(Asked::of(&trial));
        Ok(report)
    }

    fn look(&self, report: &mut Report, subject: Option<&Subject<'_>>, trial: Option<&Trial<'_>>) {
        for check in &self.checks {
            let found = match check.look {
                Look::Code(look) => subject.map(look),
                Look::Answers(look) => trial.map(look),
            };
            let finding = |found: Found| Finding {
                check,
                what: found.what,
                place: found.place,
                diagnostics: found.diagnostics,
            };
            report
                .findings
                .extend(found.unwrap_or_default().into_iter().map(finding));
        }
        report.findings.sort_by_key(|finding| finding.check.severity);
    }

    fn trial<'t>(
        &'t self,
        manifest: &'t Manifest,
        ask: &(dyn Fn(&CallRequest<'_>) -> Result<Answered, CallFailure> + Sync),
    ) -> Trial<'t> {
        /// Requests of one activity. An interpreted plugin takes a hundred times as long for each.
        const MOST: usize = 4_000;
        const MOST_INTERPRETED: usize = 150;
        let most = match manifest.tier {
            Tier::Compiled => MOST,
            Tier::Interpreted => MOST_INTERPRETED,
        };
        let taxonomy = self.baseline.taxonomy();
        let space = Space::new(manifest, taxonomy, most, self.seed);
        Trial::run(manifest, space, ask)
    }

    fn subject<'s>(&self, name: &'s str, bytes: &'s [u8]) -> Subject<'s> {
        let text = sandbox::manifest_text(bytes);
        let manifest = text
            .as_ref()
            .ok()
            .map(|text| Manifest::parse(&format!("{name}: plugin.toml"), text, self.baseline.taxonomy()));
        let tier = match &manifest {
            Some(Ok((manifest, _))) => manifest.tier,
            _ => Tier::Compiled,
        };
        let sandbox = match tier {
            Tier::Compiled => &self.compiled,
            Tier::Interpreted => &self.interpreted,
        };
        let loaded = sandbox.load(bytes);
        let host = loaded.as_ref().ok().and_then(|_| self.host(name, bytes));
        Subject {
            bytes,
            described: sandbox::describe(bytes),
            manifest_fault: text.err(),
            manifest,
            tier,
            loaded,
            host,
        }
    }

    /// A host with this plugin alone.
    fn host(&self, name: &str, bytes: &[u8]) -> Option<Host> {
        let builder: HostBuilder = Host::builder().discharges_all().plugin(name, bytes.to_vec());
        let builder = match self.loaded_at {
            Some(instant) => builder.loaded_at(instant),
            None => builder,
        };
        builder.build().ok()
    }
}

/// Checks the plugin in this file with every check.
///
/// # Errors
///
/// If the file cannot be read, or if a check of severity `error` finds something. The text says all that was found.
pub fn passes(path: impl AsRef<Path>) -> Result<(), Failed> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let bytes = crate::fixture::plugin_bytes(path)
        .map_err(|error| Failed(format!("cannot read `{name}`: {error}")))?;
    let checker = Checker::new().map_err(|error| Failed(error.to_string()))?;
    let report = checker.check(&name, &bytes);
    if report.count(Severity::Error) > 0 {
        return Err(Failed(report.to_string()));
    }
    Ok(())
}

/// A plugin does not pass. A test that returns it shows the report.
#[derive(Clone, PartialEq, Eq)]
pub struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failed {}
