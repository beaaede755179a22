//! `licit baseline lint`: what is wrong with the rules although they can be read.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use licit_baseline::Baseline;
use serde_json::json;

use super::{Policy, count, outcome, write_json};
use crate::commands::inspect::Output;
use crate::review::cases::{Reached, Source};
use crate::review::lint::{self, Finding, Severity};
use crate::terminal::{BOLD, DIM, GREEN, Problem, RED, Terminal, YELLOW, paint, safe, wrapped};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policy: Policy,
    #[command(flatten)]
    source: Source,
    /// Look at the rules alone, and not at what the cases show of them
    #[arg(long, conflicts_with_all = ["cases", "fixtures"])]
    without_cases: bool,
    /// Show what the policy allows as well, with its reasons
    #[arg(long, short)]
    verbose: bool,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let baseline = arguments.policy.read()?;
    let reached = if arguments.without_cases {
        None
    } else {
        Some(Reached::run(&baseline, &arguments.source, terminal)?)
    };
    if let Some(failed) = reached.as_ref().map(|it| it.failed.len()).filter(|it| *it > 0) {
        terminal.warn(format!(
            "{} another answer than is written down and count for nothing: see `licit baseline coverage`",
            count(failed, "case gets", "cases get")
        ));
    }
    let found = lint::find(&baseline, reached.as_ref());
    let (allowed, open): (Vec<&Finding>, Vec<&Finding>) = found.iter().partition(|it| it.allowed.is_some());
    match arguments.format {
        Output::Human => {
            let mut shown = open.clone();
            if arguments.verbose {
                shown.extend(&allowed);
            }
            for finding in shown {
                write(finding, terminal)?;
            }
            write_total(&baseline, &open, allowed.len(), reached.as_ref(), terminal)?;
        }
        Output::Json => {
            let finding = |it: &Finding| {
                json!({
                    "lint": it.lint.as_str(),
                    "severity": it.severity().as_str(),
                    "subject": it.subject,
                    "message": it.message,
                    "why": it.why,
                    "fix": it.fix,
                    "file": it.place.as_ref().map(|(file, _)| file),
                    "line": it.place.as_ref().map(|(_, line)| line),
                    "allowed": it.allowed,
                })
            };
            let document = json!({
                "policy": baseline.version(),
                "clean": open.is_empty(),
                "cases": reached.as_ref().map(|it| it.cases.len()),
                "findings": found.iter().map(finding).collect::<Vec<_>>(),
            });
            write_json(terminal, &document)?;
        }
    }
    terminal.out.flush()?;
    Ok(outcome(!open.is_empty()))
}

fn write(finding: &Finding, terminal: &mut Terminal) -> Result<(), Problem> {
    let style = match finding.severity() {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
    };
    let head = format!(
        "{} {}: {}",
        paint(
            style,
            &format!("{}[{}]", finding.severity().as_str(), finding.lint.as_str())
        ),
        paint(BOLD, &safe(&finding.subject)),
        safe(&finding.message)
    );
    let out = &mut terminal.out;
    wrapped(out, "", "  ", &head)?;
    if let Some((file, line)) = &finding.place {
        writeln!(out, "  {}", paint(DIM, &format!("at {}:{line}", safe(file))))?;
    }
    wrapped(out, "  why: ", "       ", &safe(&finding.why))?;
    match &finding.allowed {
        Some(reason) => wrapped(out, "  allowed: ", "           ", &safe(reason))?,
        None => wrapped(out, "  fix: ", "       ", &safe(&finding.fix))?,
    }
    writeln!(out)?;
    Ok(())
}

fn write_total(
    baseline: &Baseline,
    open: &[&Finding],
    allowed: usize,
    reached: Option<&Reached>,
    terminal: &mut Terminal,
) -> Result<(), Problem> {
    let looked = match reached {
        Some(reached) => format!(" and {}", count(reached.cases.len(), "case", "cases")),
        None => ", without cases".to_owned(),
    };
    let verdict = if open.is_empty() {
        paint(GREEN, "clean")
    } else {
        paint(RED, &count(open.len(), "finding", "findings"))
    };
    let allowed = if allowed == 0 {
        String::new()
    } else {
        format!("; {allowed} allowed by the policy, each with a reason")
    };
    writeln!(
        terminal.out,
        "{verdict}: {}{looked} of policy {}{allowed}",
        count(baseline.rules().len(), "rule", "rules"),
        safe(baseline.version())
    )?;
    let mut codes: Vec<&str> = open.iter().map(|it| it.lint.as_str()).collect();
    codes.sort_unstable();
    for code in codes.chunk_by(|one, other| one == other) {
        if let Some(name) = code.first() {
            writeln!(terminal.out, "  {:5} {name}", code.len())?;
        }
    }
    Ok(())
}
