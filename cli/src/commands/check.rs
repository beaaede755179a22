//! `licit check`: whether a plugin that nobody has vetted is well formed and keeps its word.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use licit_conformance::check::{CHECKS, Check, Checker, Finding, Report, Severity, explain, find};
use serde_json::{Value, json};

use crate::input;
use crate::terminal::{
    BOLD, DIM, GREEN, Problem, RED, Terminal, YELLOW, diagnostics, did_you_mean, paint, safe, safe_json,
    wrapped,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The plugins: files, or folders of them
    #[arg(value_name = "FILE.wasm|DIR", required_unless_present_any = ["list", "explain"])]
    plugins: Vec<PathBuf>,
    /// Name all checks, with what each makes sure of
    #[arg(long, conflicts_with_all = ["plugins", "explain"])]
    list: bool,
    /// Say why a check matters, and what to do about what it finds
    #[arg(long, value_name = "ID", conflicts_with = "plugins")]
    explain: Option<String>,
    /// Run this check alone; may be repeated
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Draw another sample, where there are too many requests to ask them all
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    if arguments.list {
        return list(arguments.format, terminal);
    }
    if let Some(id) = &arguments.explain {
        write!(terminal.out, "{}", explain(named(id)?))?;
        terminal.out.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut checker = Checker::new()
        .map_err(|error| Problem::Text(error.to_string()))?
        .seed(arguments.seed);
    if !arguments.only.is_empty() {
        let only: Result<Vec<_>, _> = arguments.only.iter().map(|id| named(id)).collect();
        checker = checker.only(only?);
    }
    let files = files(&arguments.plugins)?;
    let mut reports = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let name = input::shown(file);
        if files.len() > 1 {
            terminal.progress(format!("{}/{} {name}", at + 1, files.len()));
        }
        let report = checker.check(&name, &input::bytes(file)?);
        if arguments.format == Output::Human {
            write(terminal, &report)?;
        }
        reports.push(report);
    }
    match arguments.format {
        Output::Human => summary(terminal, &reports)?,
        Output::Json => {
            let plugins = reports.iter().map(Report::to_json).collect::<Vec<_>>();
            document(terminal, &json!({ "plugins": plugins }))?;
        }
    }
    terminal.out.flush()?;
    let clean = reports.iter().all(|report| report.count(Severity::Error) == 0);
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn named(id: &str) -> Result<&'static Check, Problem> {
    find(id).ok_or_else(|| {
        let near = did_you_mean(id, CHECKS.iter().map(|check| check.id));
        Problem::Text(format!(
            "there is no check `{id}`{near}; `licit check --list` names them all"
        ))
    })
}

/// The files that are meant: a folder stands for the plugins in it.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            let found = plugins_of(path)?;
            if found.is_empty() {
                let help = if path.join("plugin.toml").exists() {
                    ": `licit build` makes one of it, and says where"
                } else {
                    ""
                };
                return Err(Problem::Text(format!(
                    "`{}` has no file `*.wasm`{help}",
                    input::shown(path)
                )));
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn plugins_of(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let name = input::shown(folder);
    let unreadable = |error| Problem::file("read", &name, &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|it| it == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn list(format: Output, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    match format {
        Output::Human => {
            let width = CHECKS.iter().map(|check| check.id.len()).max().unwrap_or(0);
            for check in CHECKS {
                let first = format!("{:5}  {:width$}  ", check.severity.as_str(), check.id);
                let rest = " ".repeat(first.len());
                wrapped(&mut terminal.out, &first, &rest, check.holds)?;
            }
        }
        Output::Json => {
            let check = |it: &Check| {
                json!({
                    "id": it.id, "severity": it.severity.as_str(), "asks-the-code": it.asks(),
                    "holds": it.holds, "reason": it.reason, "fix": it.fix,
                })
            };
            let checks: Vec<Value> = CHECKS.iter().map(check).collect();
            document(terminal, &json!({ "checks": checks }))?;
        }
    }
    terminal.out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn document(terminal: &mut Terminal, document: &Value) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Problem::Text(format!("cannot write the answer: {error}")))?;
    writeln!(terminal.out, "{}", safe_json(&text))?;
    Ok(())
}

/// One plugin: a line if nothing was found, otherwise each finding with where it is and what to do.
fn write(terminal: &mut Terminal, report: &Report) -> Result<(), Problem> {
    let quiet = terminal.is_quiet();
    let found = |it: &&Finding| !quiet || it.check.severity == Severity::Error;
    let findings: Vec<&Finding> = report.findings.iter().filter(found).collect();
    if quiet && findings.is_empty() {
        return Ok(());
    }
    let out = &mut terminal.out;
    let speaks_for = report
        .speaks_for
        .as_ref()
        .map(|it| format!(" {}", safe(it)))
        .unwrap_or_default();
    writeln!(
        out,
        "{}{speaks_for}: {}",
        paint(BOLD, &safe(&report.name)),
        counted(&[report])
    )?;
    for finding in findings {
        let Check {
            id, severity, fix, ..
        } = finding.check;
        let style = match severity {
            Severity::Error => RED,
            Severity::Warn => YELLOW,
            Severity::Info => DIM,
        };
        let head = format!("  {} ", paint(style, &format!("{}[{id}]", severity.as_str())));
        wrapped(out, &head, "      ", &safe(&finding.what))?;
        if let Some(place) = &finding.place {
            wrapped(out, "      at: ", "          ", &safe(place))?;
        }
        if !finding.diagnostics.is_empty() {
            for line in diagnostics(&finding.diagnostics).lines() {
                writeln!(out, "      {line}")?;
            }
        }
        wrapped(out, &format!("      {} ", paint(DIM, "fix:")), "           ", fix)?;
    }
    if let Some(asked) = report.asked.as_ref().filter(|_| !quiet) {
        let asked = asked.to_string();
        wrapped(
            out,
            &format!("  {} ", paint(DIM, "asked")),
            "        ",
            &safe(&asked),
        )?;
    }
    Ok(())
}

fn summary(terminal: &mut Terminal, reports: &[Report]) -> Result<(), Problem> {
    if reports.len() > 1 && !terminal.is_quiet() {
        let all: Vec<&Report> = reports.iter().collect();
        let head = paint(BOLD, &format!("{} plugins", reports.len()));
        writeln!(terminal.out, "{head}: {}", counted(&all))?;
    }
    Ok(())
}

/// `1 error, 2 warnings`, or that nothing was found.
fn counted(reports: &[&Report]) -> String {
    let count = |severity| reports.iter().map(|it| it.count(severity)).sum::<usize>();
    let words = [
        (Severity::Error, RED, "error", "errors"),
        (Severity::Warn, YELLOW, "warning", "warnings"),
        (Severity::Info, DIM, "note", "notes"),
    ];
    let counted = words.into_iter().filter_map(|(severity, style, one, more)| {
        let count = count(severity);
        let word = if count == 1 { one } else { more };
        (count > 0).then(|| paint(style, &format!("{count} {word}")))
    });
    let counted: Vec<String> = counted.collect();
    if counted.is_empty() {
        paint(GREEN, "nothing found")
    } else {
        counted.join(", ")
    }
}
