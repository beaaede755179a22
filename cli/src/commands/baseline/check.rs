//! `licit baseline check`: whether a host would take a folder of policy files.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use licit_baseline::{Baseline, Diagnostic, Diagnostics, Severity};
use serde_json::json;

use super::{count, folder_texts, outcome, pairs, write_json};
use crate::commands::inspect::Output;
use crate::input;
use crate::terminal::{GREEN, Problem, Terminal, diagnostics, paint, safe};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let files = folder_texts(&arguments.folder)?;
    let read = Baseline::read(pairs(&files));
    let broken = read.is_err();
    match (arguments.format, &read) {
        (Output::Human, Ok(baseline)) => {
            let taxonomy = baseline.taxonomy();
            writeln!(
                terminal.out,
                "{} {}, {}, in force from {}: {} ({} run), {}, {}, {}, {}",
                paint(GREEN, "ok"),
                safe(baseline.title()),
                safe(baseline.version()),
                baseline.effective(),
                count(baseline.rules().len(), "rule", "rules"),
                baseline.compiled_rules(),
                count(taxonomy.categories.len(), "data category", "data categories"),
                count(taxonomy.purposes.len(), "purpose", "purposes"),
                count(taxonomy.products.len(), "product", "products"),
                count(taxonomy.facts.len(), "fact", "facts"),
            )?;
        }
        (Output::Human, Err(found)) => {
            writeln!(terminal.out, "{}", diagnostics(found))?;
            writeln!(
                terminal.out,
                "\n{} in {}",
                count(found.items().len(), "problem", "problems"),
                safe(&input::shown(&arguments.folder))
            )?;
        }
        (Output::Json, read) => {
            let none = Diagnostics::default();
            let found = read.as_ref().err().unwrap_or(&none);
            let document = json!({
                "folder": input::shown(&arguments.folder),
                "ok": !broken,
                "version": read.as_ref().ok().map(Baseline::version),
                "rules": read.as_ref().ok().map(|it| it.rules().len()),
                "diagnostics": found.items().iter().map(problem).collect::<Vec<_>>(),
            });
            write_json(terminal, &document)?;
        }
    }
    terminal.out.flush()?;
    Ok(outcome(broken))
}

fn problem(it: &Diagnostic) -> serde_json::Value {
    let (line, column) = it.position();
    let severity = if it.severity == Severity::Error {
        "error"
    } else {
        "warning"
    };
    json!({
        "severity": severity, "message": it.message, "file": it.source.name, "line": line, "column": column,
        "reason": it.reason, "help": it.help,
    })
}
