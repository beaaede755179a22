//! What the checks of one plugin found.

use std::fmt;

use licit_baseline::{Diagnostics, is_hidden};
use serde_json::{Value, json};

use super::code::Subject;
use super::table::{Check, Severity};
use super::trial::Trial;

/// What was found in one plugin.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// What messages call the file.
    pub name: String,
    /// The product and the version of its manifest, if that can be read.
    pub speaks_for: Option<String>,
    /// What was found, errors first.
    pub findings: Vec<Finding>,
    /// The requests that its code was asked; `None` if it cannot be asked, or if no check needs it.
    pub asked: Option<Asked>,
}

/// One thing that one check found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The check, which says why it matters and what to do.
    pub check: &'static Check,
    /// What was found, in a line without its full stop.
    pub what: String,
    /// Where: the request that shows it.
    pub place: Option<String>,
    /// For a manifest: each problem with its place in the text.
    pub diagnostics: Diagnostics,
}

/// The requests that a plugin's code was asked, and what its answers took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// How many.
    pub requests: usize,
    /// For each activity of the manifest, whether these were all that there can be; otherwise they are a sample.
    pub activities: Vec<(String, bool)>,
    /// What the sample was drawn with.
    pub seed: u64,
    /// Whether asking ended early, because so many requests ran into a limit.
    pub ended_early: bool,
    /// The most fuel that an answer took, what 95 of 100 answers stayed within, and the limit.
    pub fuel: [u64; 3],
    /// The most memory that an answer took, and the limit, in bytes.
    pub memory: [usize; 2],
    /// The most obligations that a verdict had, and the limit.
    pub obligations: [usize; 2],
}

impl Asked {
    pub(super) fn of(trial: &Trial<'_>) -> Self {
        let limits = licit_host::tier_limits(trial.manifest.tier);
        let mut fuel: Vec<u64> = trial.answers().map(|(_, it)| it.fuel).collect();
        fuel.sort_unstable();
        let within = fuel.get((fuel.len() * 95).div_ceil(100).saturating_sub(1));
        let fields = trial.space.fields.iter();
        Self {
            requests: trial.first.len(),
            activities: fields.map(|it| (it.id.clone(), it.exhaustive)).collect(),
            seed: trial.space.seed,
            ended_early: trial.ended_early(),
            fuel: [
                fuel.last().copied().unwrap_or(0),
                within.copied().unwrap_or(0),
                limits.fuel,
            ],
            memory: [
                trial.answers().map(|(_, it)| it.memory).max().unwrap_or(0),
                limits.memory_bytes,
            ],
            obligations: [
                trial.answers().map(|(_, it)| it.obligations()).max().unwrap_or(0),
                licit_host::sandbox::MAX_OBLIGATIONS,
            ],
        }
    }
}

impl fmt::Display for Asked {
    /// In a line: how many requests, how they were chosen, what they took.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sampled: Vec<&str> = self
            .activities
            .iter()
            .filter(|(_, exhaustive)| !exhaustive)
            .map(|(id, _)| id.as_str())
            .collect();
        let word = if self.requests == 1 { "request" } else { "requests" };
        write!(f, "{} {word}, ", self.requests)?;
        if sampled.is_empty() {
            f.write_str("all there are")?;
        } else {
            write!(
                f,
                "a sample of those of {} with seed {}",
                sampled.join(", "),
                self.seed
            )?;
        }
        if self.ended_early {
            f.write_str(", ended early for so many that ran into a limit")?;
        }
        let [most, within, limit] = self.fuel;
        let [memory, memory_limit] = self.memory;
        write!(
            f,
            "; fuel at most {most}, 95 % within {within}, of {limit}; memory at most {} KiB of {}",
            memory / 1024,
            memory_limit / 1024
        )
    }
}

impl Report {
    pub(super) fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            speaks_for: None,
            findings: Vec::new(),
            asked: None,
        }
    }

    pub(super) fn new(name: &str, subject: &Subject<'_>) -> Self {
        let speaks_for = subject.manifest().map(|manifest| {
            let baseline = licit_baseline::Baseline::embedded();
            let product = baseline.taxonomy().products.name(manifest.product);
            format!("{product} {}", manifest.version)
        });
        Self {
            speaks_for,
            ..Self::empty(name)
        }
    }

    /// How many findings are of this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let of = |finding: &&Finding| finding.check.severity == severity;
        self.findings.iter().filter(of).count()
    }

    /// The report as JSON: `file`, `plugin`, `findings`, `asked`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            let problems = finding.diagnostics.items().iter().map(|it| {
                let (line, column) = it.position();
                json!({ "message": it.message, "line": line, "column": column, "reason": it.reason, "help": it.help })
            });
            json!({
                "check": finding.check.id,
                "severity": finding.check.severity.as_str(),
                "found": finding.what,
                "at": finding.place,
                "fix": finding.check.fix,
                "problems": problems.collect::<Vec<_>>(),
            })
        });
        let asked = self.asked.as_ref().map(|asked| {
            let [fuel_most, fuel_95, fuel_limit] = asked.fuel;
            let [memory_most, memory_limit] = asked.memory;
            let [obligations_most, obligations_limit] = asked.obligations;
            let activities = asked.activities.iter();
            let activities = activities.map(|(id, all)| json!({ "id": id, "exhaustive": all }));
            json!({
                "requests": asked.requests,
                "activities": activities.collect::<Vec<_>>(),
                "seed": asked.seed,
                "ended-early": asked.ended_early,
                "fuel": { "most": fuel_most, "p95": fuel_95, "limit": fuel_limit },
                "memory-bytes": { "most": memory_most, "limit": memory_limit },
                "obligations": { "most": obligations_most, "limit": obligations_limit },
            })
        });
        json!({
            "file": self.name,
            "plugin": self.speaks_for,
            "findings": findings.collect::<Vec<_>>(),
            "asked": asked,
        })
    }
}

impl fmt::Display for Report {
    /// Everything, in plain text and without what would act on a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(&self.name))?;
        if let Some(plugin) = &self.speaks_for {
            write!(f, " ({})", shown(plugin))?;
        }
        for finding in &self.findings {
            let Check {
                id, severity, fix, ..
            } = finding.check;
            write!(f, "\n{}[{id}]: {}", severity.as_str(), shown(&finding.what))?;
            if let Some(place) = &finding.place {
                write!(f, "\n  at: {}", shown(place))?;
            }
            for line in finding.diagnostics.render(false).lines() {
                write!(f, "\n  {}", shown(line))?;
            }
            write!(f, "\n  fix: {fix}")?;
        }
        if let Some(asked) = &self.asked {
            write!(f, "\nasked: {asked}")?;
        }
        Ok(())
    }
}

/// Text from outside: what would act on a terminal, or reorder what is read, is escaped.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}
