//! `licit eval`: answers one request, or a stream of them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use licit_baseline::Diagnostics;
use licit_host::{Decision, Format, Host, Response};
use serde_json::json;

use crate::answer::{self, Style};
use crate::input::{self, Line, Lines};
use crate::setup::{Deployment, NO_PROFILE, Ready};
use crate::terminal::{BOLD, DIM, Problem, RED, Terminal, diagnostics, paint, safe, safe_json, wrapped};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    asked: Asked,
    /// How to print the answer [default: human; ndjson with --requests]
    #[arg(long, value_enum)]
    format: Option<Output>,
    /// The obligations that the service can discharge [default: all of them]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    discharge: Option<Vec<String>>,
    /// Tell everything: all rules, all missing facts, and the facts used
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Asked {
    /// One request, in JSON or TOML; `-` for standard input
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// One JSON request per line; `-` for standard input
    #[arg(long, value_name = "FILE")]
    requests: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// One JSON document per line
    Ndjson,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    // The input first: a slip in its name should not wait for the plugins.
    match (&arguments.asked.request, &arguments.asked.requests) {
        (_, Some(path)) => {
            let lines = Lines::open(path)?;
            let ready = arguments
                .deployment
                .load(arguments.discharge.as_deref(), terminal)?;
            stream(arguments, lines, &ready, terminal)
        }
        (Some(path), None) => one(arguments, path, terminal),
        (None, None) => Err(Problem::Text("name the request: `--request FILE`".to_owned())),
    }
}

fn one(arguments: &Arguments, path: &Path, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let text = input::text(path)?;
    let ready = arguments
        .deployment
        .load(arguments.discharge.as_deref(), terminal)?;
    let format = input::format(path, &text.text);
    let request = ready.host.request(&text.name, &text.text, format)?;
    let response = ready.host.explain(&request);
    match arguments.format.unwrap_or(Output::Human) {
        Output::Human => {
            let style = Style {
                verbose: arguments.verbose,
                footer: true,
            };
            answer::write(&mut terminal.out, &request, &response, style)?;
            if !ready.has_profile {
                wrapped(&mut terminal.out, "  ", "  ", &paint(DIM, NO_PROFILE))?;
            }
        }
        output => {
            if !ready.has_profile {
                terminal.warn(NO_PROFILE);
            }
            writeln!(terminal.out, "{}", in_json(&response, output == Output::Json)?)?;
        }
    }
    terminal.out.flush()?;
    Ok(code(response.decision))
}

/// The exit code that tells the decision.
pub(crate) fn code(decision: Decision) -> ExitCode {
    ExitCode::from(match decision {
        Decision::Permit => 0,
        Decision::Deny => 2,
        Decision::Pend => 3,
    })
}

/// The documented JSON form of an answer.
pub(crate) fn in_json(response: &Response, pretty: bool) -> Result<String, Problem> {
    let text = if pretty {
        serde_json::to_string_pretty(response)
    } else {
        serde_json::to_string(response)
    };
    text.map(|text| safe_json(&text))
        .map_err(|error| Problem::Text(format!("cannot write the answer: {error}")))
}

fn stream(
    arguments: &Arguments,
    mut lines: Lines,
    ready: &Ready,
    terminal: &mut Terminal,
) -> Result<ExitCode, Problem> {
    let output = arguments.format.unwrap_or(Output::Ndjson);
    if !ready.has_profile {
        terminal.warn(NO_PROFILE);
    }
    let style = Style {
        verbose: arguments.verbose,
        footer: false,
    };
    let (mut number, mut answered, mut broken) = (0_u64, 0_u64, false);
    while let Some(line) = lines.next()? {
        number += 1;
        let name = format!("{} line {number}", lines.name());
        let answer = match &line {
            Line::Text(text) if text.trim().is_empty() => continue,
            Line::Text(text) => ready.host.request(&name, text, Format::Json),
            Line::Broken(_) => Err(Diagnostics::default()),
        };
        broken |= answer.is_err();
        let out = &mut terminal.out;
        match (output, answered) {
            (Output::Human, 0) | (Output::Ndjson, _) => {}
            (Output::Human, _) => writeln!(out)?,
            (Output::Json, 0) => writeln!(out, "[")?,
            (Output::Json, _) => writeln!(out, ",")?,
        }
        answered += 1;
        match (answer, output) {
            (Ok(request), Output::Human) => {
                let id = request
                    .id()
                    .map(|id| format!(" · {}", safe(id)))
                    .unwrap_or_default();
                writeln!(out, "{}", paint(BOLD, &format!("line {number}{id}")))?;
                answer::write(out, &request, &ready.host.explain(&request), style)?;
            }
            (Ok(request), _) => {
                write!(out, "{}", in_json(&ready.host.explain(&request), false)?)?;
                end(out, output)?;
            }
            (Err(found), Output::Human) => {
                writeln!(out, "{}", paint(BOLD, &format!("line {number}")))?;
                match &line {
                    Line::Broken(why) => writeln!(out, "{} {why}", paint(RED, "error:"))?,
                    Line::Text(_) => writeln!(out, "{}", diagnostics(&found))?,
                }
            }
            (Err(found), _) => {
                let error = match &line {
                    Line::Broken(why) => (*why).to_owned(),
                    Line::Text(_) => in_one_line(&found),
                };
                write!(
                    out,
                    "{}",
                    safe_json(&json!({ "error": error, "line": number }).to_string())
                )?;
                end(out, output)?;
            }
        }
    }
    if output == Output::Json {
        let out = &mut terminal.out;
        writeln!(out, "{}", if answered == 0 { "[]" } else { "\n]" })?;
    }
    terminal.out.flush()?;
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// In a stream a line ends its answer; in a document the comma before the next one does.
fn end(out: &mut impl Write, output: Output) -> std::io::Result<()> {
    if output == Output::Ndjson {
        writeln!(out)
    } else {
        Ok(())
    }
}

/// Everything that is wrong with a line, with its column.
fn in_one_line(found: &Diagnostics) -> String {
    let problem = |it: &licit_baseline::Diagnostic| {
        let (_, column) = it.position();
        let help = it
            .help
            .as_ref()
            .map(|help| format!(" ({help})"))
            .unwrap_or_default();
        format!("column {column}: {}{help}", it.message)
    };
    found.items().iter().map(problem).collect::<Vec<_>>().join("; ")
}

/// Reads and checks one request from a file.
pub(crate) fn read(host: &Host, path: &Path) -> Result<licit_host::Request, Problem> {
    let text = input::text(path)?;
    let format = input::format(path, &text.text);
    Ok(host.request(&text.name, &text.text, format)?)
}
