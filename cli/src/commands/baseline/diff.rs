//! `licit baseline diff`: what another version changes, and whether it widens.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use licit_baseline::Baseline;
use serde_json::json;

use super::{count, folder_texts, outcome, pairs, write_json};
use crate::commands::inspect::Output;
use crate::review::diff::{self, Change, Effect, What};
use crate::terminal::{BOLD, DIM, GREEN, Problem, RED, Terminal, YELLOW, did_you_mean, paint, safe, wrapped};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The old version: a folder, or the name of a version that is built in
    #[arg(value_name = "OLD")]
    old: String,
    /// The new version
    #[arg(value_name = "NEW")]
    new: String,
    /// How to print what differs
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let (old, new) = (version(&arguments.old)?, version(&arguments.new)?);
    let changes = diff::find(&old, &new);
    let harmful = changes
        .iter()
        .any(|it| matches!(it.effect, Effect::Widens | Effect::Check));
    match arguments.format {
        Output::Human => write(&old, &new, &changes, terminal)?,
        Output::Json => {
            let change = |it: &Change| {
                let details = it
                    .details
                    .iter()
                    .map(|(effect, text)| json!({ "effect": effect.as_str(), "text": text }));
                json!({
                    "table": it.table,
                    "id": it.id,
                    "what": it.what.as_str(),
                    "effect": it.effect.as_str(),
                    "details": details.collect::<Vec<_>>(),
                })
            };
            let document = json!({
                "old": { "version": old.version(), "effective": old.effective().to_string() },
                "new": { "version": new.version(), "effective": new.effective().to_string() },
                "widens-or-undecided": harmful,
                "changes": changes.iter().map(change).collect::<Vec<_>>(),
            });
            write_json(terminal, &document)?;
        }
    }
    terminal.out.flush()?;
    Ok(outcome(harmful))
}

/// A folder if there is one of that name, else a version that is built in.
fn version(name: &str) -> Result<Arc<Baseline>, Problem> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(Arc::new(Baseline::read(pairs(&folder_texts(path)?))?));
    }
    let embedded = Baseline::embedded();
    if embedded.version() == name {
        return Ok(embedded);
    }
    let near = did_you_mean(name, [embedded.version()]);
    Err(Problem::Text(format!(
        "`{name}` is neither a folder nor a version that is built in ({}){near}",
        embedded.version()
    )))
}

fn write(old: &Baseline, new: &Baseline, changes: &[Change], terminal: &mut Terminal) -> Result<(), Problem> {
    let out = &mut terminal.out;
    writeln!(
        out,
        "{} {} → {} {}",
        paint(BOLD, &safe(old.version())),
        paint(DIM, &format!("(from {})", old.effective())),
        paint(BOLD, &safe(new.version())),
        paint(DIM, &format!("(from {})", new.effective()))
    )?;
    for change in changes {
        let style = match change.effect {
            Effect::Same => DIM,
            Effect::Narrows => GREEN,
            Effect::Widens => RED,
            Effect::Check => YELLOW,
        };
        let sign = match change.what {
            What::Added => "+",
            What::Removed => "-",
            What::Changed => "~",
        };
        writeln!(
            out,
            "\n{sign} {} {} {}",
            change.table,
            paint(BOLD, &safe(&change.id)),
            paint(
                style,
                &format!("{}, {}", change.what.as_str(), change.effect.as_str())
            )
        )?;
        for (effect, text) in &change.details {
            wrapped(
                out,
                &format!("    {:8} ", effect.as_str()),
                "             ",
                &safe(text),
            )?;
        }
    }
    let number = |effect: Effect| changes.iter().filter(|it| it.effect == effect).count();
    writeln!(
        out,
        "\n{}: {} widen, {} to be checked, {} narrow, {} without effect",
        count(changes.len(), "change", "changes"),
        number(Effect::Widens),
        number(Effect::Check),
        number(Effect::Narrows),
        number(Effect::Same)
    )?;
    Ok(())
}
