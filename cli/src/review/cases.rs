//! What the cases show of a rule book.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use licit_baseline::{Baseline, ConditionKey, Rule, RuleKind};
use licit_conformance::{Answer, Case, CaseFile, Hosts};
use licit_host::Host;

use crate::terminal::{Problem, Terminal};

/// Which cases, and which plugins they are asked of.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// A folder of cases; may be given several times [default: `tests/cases`, and those of each plugin below `plugins`]
    #[arg(long, value_name = "DIR")]
    pub(crate) cases: Vec<PathBuf>,
    /// The folder that holds the plugins
    #[arg(long, value_name = "DIR", default_value = "target/plugins")]
    pub(crate) plugins: PathBuf,
    /// A folder of manifests, each of which stands for a plugin that permits all it declares
    #[arg(long, value_name = "DIR")]
    pub(crate) fixtures: Option<PathBuf>,
}

/// What the cases reach.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// The names of all cases, by number.
    pub(crate) cases: Vec<CaseName>,
    rules: BTreeMap<String, Coverage>,
    /// Cases whose answer is not the one that is written down: they show nothing.
    pub(crate) failed: Vec<(usize, String)>,
}

/// Where a case stands.
#[derive(Debug, Clone)]
pub(crate) struct CaseName {
    pub(crate) file: String,
    pub(crate) name: String,
}

/// The cases of one rule, by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coverage {
    /// It decides: it is among the deciding rules, or its duties are among those of the answer.
    pub(crate) decided_by: Vec<usize>,
    /// It is in scope and does not: a permit that lacks something, a ban that is not triggered, a gate that holds, a duty
    /// that is not owed.
    pub(crate) spared_by: Vec<usize>,
    /// For a closed set: its ban decides.
    pub(crate) closed_by: Vec<usize>,
    /// It is in scope, whatever becomes of it.
    pub(crate) in_scope_of: Vec<usize>,
}

impl Coverage {
    /// Whether cases show both that it decides and that it does not.
    pub(crate) fn both_ways(&self) -> bool {
        !self.decided_by.is_empty() && !self.spared_by.is_empty()
    }
}

impl Reached {
    pub(crate) fn rule(&self, id: &str) -> Coverage {
        self.rules.get(id).cloned().unwrap_or_default()
    }

    /// The cases named after an ambiguity: `a12-…`.
    pub(crate) fn ambiguity(&self, id: &str) -> Vec<usize> {
        let prefix = id.to_lowercase();
        let named = |case: &CaseName| {
            let rest = case.name.to_lowercase();
            rest.strip_prefix(&prefix)
                .is_some_and(|rest| !rest.starts_with(|it: char| it.is_ascii_digit()))
        };
        let cases = self.cases.iter().enumerate();
        let passed = cases.filter(|(at, _)| !self.failed.iter().any(|(failed, _)| failed == at));
        passed.filter(|(_, case)| named(case)).map(|(at, _)| at).collect()
    }

    /// Runs every case, and notes what it shows.
    pub(crate) fn run(
        baseline: &Arc<Baseline>,
        source: &Source,
        terminal: &mut Terminal,
    ) -> Result<Self, Problem> {
        let hosts = source.hosts(baseline, terminal)?;
        let mut reached = Self::default();
        for (name, text, permissive) in source.files()? {
            let under = permissive
                .as_ref()
                .map(|(name, text)| (name.as_str(), text.as_str()));
            let file = CaseFile::read(hosts.usual(), &name, &text, under)?;
            let folder = Path::new(&name).parent().unwrap_or(Path::new("."));
            let host = hosts
                .of(&file, folder)
                .map_err(|error| Problem::Text(format!("{name}: {error}")))?;
            // A case that is not run shows nothing.
            for case in file.cases.iter().filter(|case| case.skipped().is_none()) {
                let answer = case.answer(&host);
                if answer.policy == baseline.version() {
                    reached.note(baseline, &name, case, &answer);
                }
            }
        }
        Ok(reached)
    }

    fn note(&mut self, baseline: &Baseline, file: &str, case: &Case, answer: &Answer) {
        let number = self.cases.len();
        self.cases.push(CaseName {
            file: file.to_owned(),
            name: case.name.clone(),
        });
        let differences = case.differences(answer);
        if !differences.is_empty() {
            self.failed.push((number, differences));
            return;
        }
        for (rule, kind, outcome) in &answer.considered {
            let Some(definition) = find(baseline, rule) else {
                continue;
            };
            let coverage = self.rules.entry(rule.clone()).or_default();
            add(&mut coverage.in_scope_of, number);
            let own = *kind == definition.kind.as_str();
            let silent = match definition.kind {
                RuleKind::Permit => *outcome != "covers",
                _ => matches!(*outcome, "silent" | "holds"),
            };
            if own && silent {
                add(&mut coverage.spared_by, number);
            } else if own && owes(baseline, definition, answer) {
                add(&mut coverage.decided_by, number);
            }
        }
        for (rule, kind) in &answer.deciding {
            let Some(definition) = find(baseline, rule) else {
                continue;
            };
            let coverage = self.rules.entry(rule.clone()).or_default();
            if definition.kind == RuleKind::Permit && *kind == RuleKind::Deny.as_str() {
                add(&mut coverage.closed_by, number);
                // What a closed set keeps out shows where it stops.
                add(&mut coverage.spared_by, number);
            } else {
                add(&mut coverage.decided_by, number);
            }
        }
        self.note_named(baseline, case, answer, number);
    }

    /// A rule that fires wherever it is in scope is spared only outside of it: a case named after it shows where.
    fn note_named(&mut self, baseline: &Baseline, case: &Case, answer: &Answer, number: usize) {
        let Some((id, _)) = case.name.split_once(':') else {
            return;
        };
        let Some(rule) = find(baseline, id) else { return };
        let decides = self
            .rules
            .get(id)
            .is_some_and(|it| it.decided_by.last() == Some(&number));
        if !decides && is_unconditional(rule) {
            add(
                &mut self.rules.entry(id.to_owned()).or_default().spared_by,
                number,
            );
        }
        // A classification may find everything in place already.
        if !decides && rule.kind == RuleKind::Classify && answer.considered.iter().any(|it| it.0 == id) {
            add(
                &mut self.rules.entry(id.to_owned()).or_default().spared_by,
                number,
            );
        }
    }
}

/// Whether the answer has a duty of an obligation rule. A duty that several rules name stands there once, under the
/// first of them.
fn owes(baseline: &Baseline, rule: &Rule, answer: &Answer) -> bool {
    let obligations = &baseline.taxonomy().obligations;
    rule.kind == RuleKind::Oblige
        && rule.obligations.iter().any(|due| {
            let duty = format!("{} {}", obligations.name(due.obligation), due.timing);
            answer.obligations.contains(&duty)
        })
}

/// Whether a rule fires wherever it is in scope.
fn is_unconditional(rule: &Rule) -> bool {
    let written = &rule.written;
    let narrows = written.scope.at_most_one.is_some() || !written.scope.data.is_subset(&written.scope.admits);
    !narrows
        && written
            .conditions
            .iter()
            .all(|it| it.key == ConditionKey::RefuseWhen)
}

fn find<'b>(baseline: &'b Baseline, id: &str) -> Option<&'b Rule> {
    baseline.rules().get(baseline.rules().find(id)?)
}

fn add(list: &mut Vec<usize>, number: usize) {
    if list.last() != Some(&number) {
        list.push(number);
    }
}

/// Name and text of a file of cases, and of the facts that lie under them.
type CaseText = (String, String, Option<(String, String)>);

impl Source {
    fn hosts(&self, baseline: &Arc<Baseline>, terminal: &mut Terminal) -> Result<Hosts, Problem> {
        let mut plugins = licit_conformance::built(&self.plugins).map_err(|error| {
            Problem::Text(format!(
                "cannot read the plugins: {error}; run `licit build` first, or pass `--plugins DIR`"
            ))
        })?;
        let builder = Host::builder().baselines([Arc::clone(baseline)]);
        let builder = licit_conformance::as_cases_are_asked(builder);
        let fixtures = self
            .fixtures
            .as_deref()
            .map(licit_conformance::fixtures)
            .transpose();
        let fixtures = fixtures.map_err(|error| Problem::Text(error.to_string()))?;
        plugins.extend(fixtures.unwrap_or_default());
        let hosts = Hosts::new(builder, plugins).map_err(|error| Problem::Lines(error.to_string()))?;
        for refused in hosts.usual().refused() {
            terminal.warn(format!(
                "plugin `{}` is refused: {}",
                refused.file(),
                refused.message()
            ));
        }
        Ok(hosts)
    }

    fn files(&self) -> Result<Vec<CaseText>, Problem> {
        let folders = if self.cases.is_empty() {
            usual_folders()?
        } else {
            self.cases.clone()
        };
        let mut files = Vec::new();
        let mut permissive = None;
        for folder in &folders {
            let mut found = texts(folder)?;
            // The facts that lie under the cases of one folder lie under those of the folders after it.
            let is_under = |name: &str| {
                Path::new(name)
                    .file_name()
                    .is_some_and(|it| it == "permissive.toml")
            };
            if let Some(at) = found.iter().position(|(name, _)| is_under(name)) {
                permissive = Some(found.remove(at));
            }
            files.extend(
                found
                    .into_iter()
                    .map(|(name, text)| (name, text, permissive.clone())),
            );
        }
        if files.is_empty() {
            return Err(Problem::Text(
                "there are no cases: name a folder of them with `--cases DIR`, or go where `tests/cases` is"
                    .to_owned(),
            ));
        }
        Ok(files)
    }
}

fn usual_folders() -> Result<Vec<PathBuf>, Problem> {
    let mut folders = Vec::new();
    let own = Path::new("tests/cases");
    if own.is_dir() {
        folders.push(own.to_owned());
    }
    let plugins = Path::new("plugins");
    if plugins.is_dir() {
        let found = licit::build::plugins_in(plugins);
        let found = found.map_err(|error| Problem::file("read", "plugins", &error))?;
        let cases = found.iter().map(|plugin| plugin.join("cases"));
        folders.extend(cases.filter(|cases| cases.is_dir()));
    }
    Ok(folders)
}

fn texts(folder: &Path) -> Result<Vec<(String, String)>, Problem> {
    licit_conformance::texts(folder).map_err(|error| Problem::Text(format!("cannot read {error}")))
}
