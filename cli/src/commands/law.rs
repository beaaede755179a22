//! `licit law`: what of the deployment is about to lapse.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use licit_baseline::{duration_text, parse_duration, parse_instant};
use licit_host::{Expiry, Host};
use serde_json::json;

use crate::setup::Texts;
use crate::terminal::{BOLD, DIM, Problem, RED, Terminal, YELLOW, paint, safe, safe_json};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the determinations, register rows and the profile that have lapsed or are about to
    ///
    /// The exit code is 2 if there is any, 0 if there is none. What another row takes over from in time is left out.
    Check(Check),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    texts: Texts,
    /// How far to look ahead
    #[arg(long, value_name = "DURATION", default_value = "P30D")]
    expires_within: String,
    /// The instant to look from [default: now]
    #[arg(long, value_name = "INSTANT")]
    at: Option<String>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
}

pub(crate) fn run(command: &Command, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let Command::Check(check) = command;
    let wrong = |option: &str, message: String| Problem::Text(format!("`{option}`: {message}"));
    let within = parse_duration(&check.expires_within).map_err(|it| wrong("--expires-within", it))?;
    let at = match &check.at {
        Some(text) => parse_instant(text).map_err(|it| wrong("--at", it))?,
        None => Timestamp::now(),
    };
    let by = at
        .checked_add(within)
        .map_err(|_| wrong("--expires-within", "that is beyond all time".to_owned()))?;
    let (deployment, _) = check.texts.read()?;
    let host = Host::builder().deployment(deployment).build();
    let host = host.map_err(|error| Problem::Lines(error.to_string()))?;
    let all = host.expiries();
    if all.is_empty() {
        return Err(Problem::Text(
            "there is nothing to check: put a `law.toml` or a `licit.toml` into this folder, or pass `--law FILE`".to_owned(),
        ));
    }
    let lapsing = host.lapsing(at, by);
    match check.format {
        Format::Human => write(terminal, &lapsing, all.len(), at, &duration_text(within))?,
        Format::Json => {
            let rows: Vec<_> = lapsing.iter().map(|it| row(it, at)).collect();
            let text =
                json!({ "at": at.to_string(), "by": by.to_string(), "checked": all.len(), "lapsing": rows });
            writeln!(terminal.out, "{}", safe_json(&format!("{text:#}")))?;
        }
    }
    terminal.out.flush()?;
    Ok(ExitCode::from(if lapsing.is_empty() { 0 } else { 2 }))
}

fn write(
    terminal: &mut Terminal,
    lapsing: &[Expiry],
    checked: usize,
    at: Timestamp,
    within: &str,
) -> std::io::Result<()> {
    let out = &mut terminal.out;
    for it in lapsing {
        let (style, word) = if it.expires <= at {
            (RED, "lapsed")
        } else {
            (YELLOW, "lapses")
        };
        writeln!(
            out,
            "{} {}  {}",
            paint(style, word),
            it.expires,
            paint(BOLD, &safe(&subject(it)))
        )?;
        let signed = it.author.iter().map(|author| format!("signed by {author}"));
        let filed = it
            .reference
            .iter()
            .map(|reference| format!("filed as {reference}"));
        let details: Vec<String> = signed.chain(filed).chain([format!("in {}", it.source)]).collect();
        writeln!(out, "    {}", paint(DIM, &safe(&details.join(", "))))?;
    }
    let summary = match lapsing.len() {
        0 => format!("nothing lapses within {within} from {at}"),
        1 => format!("1 entry has lapsed or lapses within {within} from {at}: renew it by a further row"),
        many => format!(
            "{many} entries have lapsed or lapse within {within} from {at}: renew them by further rows"
        ),
    };
    writeln!(out, "{summary} ({checked} checked)")
}

/// What expires, in words.
fn subject(it: &Expiry) -> String {
    match (&it.fact, &it.rule, &it.jurisdiction) {
        (Some(fact), Some(rule), Some(jurisdiction)) => format!("{fact} for {rule} in {jurisdiction}"),
        _ => it.source.clone(),
    }
}

fn row(it: &Expiry, at: Timestamp) -> serde_json::Value {
    json!({
        "status": if it.expires <= at { "lapsed" } else { "lapses" },
        "expires": it.expires.to_string(),
        "fact": it.fact,
        "rule": it.rule,
        "jurisdiction": it.jurisdiction,
        "author": it.author,
        "ref": it.reference,
        "source": it.source,
    })
}
