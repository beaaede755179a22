//! `licit baseline`: reads the rule book, looks for what is wrong with it, and compares two.

mod check;
mod coverage;
mod diff;
mod explain;
mod html;
mod lint;
mod list;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use licit_baseline::{Baseline, Entry, Id, Rule, Table};
use serde_json::Value;

use crate::input;
use crate::terminal::{Problem, Terminal, did_you_mean, safe_json};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List rules, all or those that match
    List(list::Arguments),
    /// Say what a rule means, in plain words, and which cases show it
    Explain(explain::Arguments),
    /// Look for what is wrong with the rules although they can be read; exit code 2 if something is
    Lint(lint::Arguments),
    /// Show which sections and rules the cases reach, and which not; exit code 2 if there is a gap
    Coverage(coverage::Arguments),
    /// Check a folder of policy files; exit code 2 if a host would refuse it
    Check(check::Arguments),
    /// Show what another version changes, and whether it widens; exit code 2 if it does or nobody can tell
    Diff(diff::Arguments),
}

/// Exit code of a command that found something.
const FINDINGS: u8 = 2;

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments, terminal),
        Command::Explain(arguments) => explain::run(arguments, terminal),
        Command::Lint(arguments) => lint::run(arguments, terminal),
        Command::Coverage(arguments) => coverage::run(arguments, terminal),
        Command::Check(arguments) => check::run(arguments, terminal),
        Command::Diff(arguments) => diff::run(arguments, terminal),
    }
}

/// Which policy.
#[derive(Debug, Args)]
struct Policy {
    /// A folder of policy files [default: the policy that is built in]
    #[arg(long, value_name = "DIR")]
    baseline: Option<PathBuf>,
}

impl Policy {
    fn read(&self) -> Result<Arc<Baseline>, Problem> {
        match &self.baseline {
            Some(folder) => Ok(Arc::new(Baseline::read(pairs(&folder_texts(folder)?))?)),
            None => Ok(Baseline::embedded()),
        }
    }
}

/// Path and text of every file of a policy folder.
fn folder_texts(folder: &Path) -> Result<Vec<(String, String)>, Problem> {
    let files =
        licit_conformance::texts(folder).map_err(|error| Problem::Text(format!("cannot read {error}")))?;
    if files.is_empty() {
        return Err(Problem::Text(format!(
            "there is no `.toml` file in `{}`: name the folder of a policy",
            input::shown(folder)
        )));
    }
    Ok(files)
}

fn pairs(files: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str()))
}

/// Finds an entry by its id, or says which one is nearest.
fn find<T: Entry>(table: &Table<T>, id: &str) -> Result<Id<T>, Problem> {
    table.find(id).ok_or_else(|| {
        let near = did_you_mean(id, table.names());
        Problem::Text(format!(
            "unknown {} `{}`{near}",
            T::WHAT,
            licit_baseline::printable(id)
        ))
    })
}

/// The sections of a rule as they are cited.
fn sections(rule: &Rule) -> String {
    rule.section
        .iter()
        .map(|it| format!("§{it}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Writes a JSON document.
fn write_json(terminal: &mut Terminal, document: &Value) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Problem::Text(format!("cannot write the answer: {error}")))?;
    writeln!(terminal.out, "{}", safe_json(&text))?;
    Ok(())
}

/// A number with its noun.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn outcome(found: bool) -> ExitCode {
    if found {
        ExitCode::from(FINDINGS)
    } else {
        ExitCode::SUCCESS
    }
}
