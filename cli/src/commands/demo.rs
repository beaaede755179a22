//! `licit demo`: builds the plugins of the repository and takes a tour of real requests.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use clap::Args;
use licit_host::{Decision, Format, Host, Response};
use serde_json::{Value, json};

use crate::answer::{self, Style};
use crate::input;
use crate::setup::{self, NO_PROFILE};
use crate::terminal::{BOLD, DIM, Problem, Terminal, columns, paint, safe, wrapped};

const TOUR: &str = include_str!("../../demo/tour.toml");

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Use the plugins in this folder instead of building them
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    #[command(flatten)]
    texts: setup::Texts,
    /// Tell everything about each answer
    #[arg(long, short)]
    verbose: bool,
}

/// One stop of the tour.
struct Stop {
    title: String,
    note: Option<String>,
    /// The request in its JSON form.
    request: String,
    product: String,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let stops = tour(TOUR)?;
    let builder = match &arguments.plugins {
        Some(folder) => {
            let name = input::shown(folder);
            let dir = Dir::open_ambient_dir(folder, ambient_authority())
                .map_err(|error| Problem::file("read the plugins folder", &name, &error))?;
            Host::builder()
                .plugins(&dir)
                .map_err(|error| Problem::Text(format!("plugins folder `{name}`: {error}")))?
        }
        None => build(terminal)?,
    };
    let ready = setup::finish(builder, &arguments.texts, None, terminal)?;
    let style = Style {
        verbose: arguments.verbose,
        footer: false,
    };
    let mut answers: Vec<(usize, &Stop, Response)> = Vec::new();
    for stop in &stops {
        if answers
            .last()
            .is_none_or(|(_, last, _)| last.product != stop.product)
        {
            banner(&mut terminal.out, &ready.host, &stop.product)?;
        }
        let number = answers.len() + 1;
        let request = ready.host.request("the tour", &stop.request, Format::Json)?;
        let response = ready.host.explain(&request);
        show(&mut terminal.out, number, stop)?;
        answer::write(&mut terminal.out, &request, &response, style)?;
        writeln!(terminal.out)?;
        answers.push((number, stop, response));
    }
    summary(&mut terminal.out, &answers)?;
    if !ready.has_profile {
        wrapped(&mut terminal.out, "", "", NO_PROFILE)?;
    }
    terminal.out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the plugins from their folders in the repository.
fn build(terminal: &mut Terminal) -> Result<licit_host::HostBuilder, Problem> {
    let elsewhere = || {
        Problem::Text(
            "there are no plugins in `plugins`: run this in the root of the Licit repository, or pass `--plugins DIR`"
                .to_owned(),
        )
    };
    let folders = licit::build::plugins_in(Path::new("plugins")).map_err(|_| elsewhere())?;
    if folders.is_empty() {
        return Err(elsewhere());
    }
    let mut builder = Host::builder();
    for folder in folders {
        let name = input::shown(&folder);
        terminal.progress(format!("building {name}"));
        let file = licit::build::build(&folder)
            .map_err(|error| Problem::Text(format!("plugin `{name}`: {error}")))?;
        builder = builder.plugin(&name, input::bytes(&file)?);
    }
    Ok(builder)
}

/// Reads the tour. What is wrong with a request is reported when its turn comes.
fn tour(text: &str) -> Result<Vec<Stop>, Problem> {
    let wrong = |what: String| Problem::Text(format!("the tour is broken: {what}"));
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    let everyone = table
        .get("everyone")
        .and_then(toml::Value::as_table)
        .cloned()
        .unwrap_or_default();
    let stops = table
        .get("stop")
        .and_then(toml::Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let read = |stop: &toml::Value| {
        let word = |key: &str| stop.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let title = word("title").ok_or_else(|| wrong("a stop has no title".to_owned()))?;
        let request = stop.get("request").and_then(toml::Value::as_table);
        let mut request = request
            .cloned()
            .ok_or_else(|| wrong(format!("`{title}` has no request")))?;
        let product = request
            .get("product")
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let mut facts = everyone.clone();
        let without = stop
            .get("without")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten();
        without
            .filter_map(toml::Value::as_str)
            .for_each(|fact| drop(facts.remove(fact)));
        if let Some(toml::Value::Table(own)) = request.remove("facts") {
            facts.extend(own);
        }
        request.insert("facts".to_owned(), toml::Value::Table(facts));
        let request = in_json(&toml::Value::Table(request)).to_string();
        Ok(Stop {
            title,
            note: word("note"),
            request,
            product,
        })
    };
    stops.iter().map(read).collect()
}

/// A value of TOML as JSON; an instant becomes text.
fn in_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(flag) => json!(flag),
        toml::Value::Datetime(instant) => json!(instant.to_string()),
        toml::Value::Array(items) => items.iter().map(in_json).collect(),
        toml::Value::Table(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), in_json(value)))
                .collect(),
        ),
    }
}

fn banner(out: &mut impl Write, host: &Host, product: &str) -> io::Result<()> {
    let loaded = host.loaded();
    let version = loaded
        .iter()
        .find(|it| it.product == product)
        .map_or("(no plugin)", |it| it.version.as_str());
    let line = format!("━━ {product} {} ", safe(version));
    let rest = "━".repeat(100_usize.saturating_sub(columns(&line)));
    writeln!(out, "{}\n", paint(BOLD, &format!("{line}{rest}")))
}

fn show(out: &mut impl Write, number: usize, stop: &Stop) -> io::Result<()> {
    let first = format!("{number:2}. ");
    wrapped(out, &first, "    ", &paint(BOLD, &stop.title))?;
    match &stop.note {
        Some(note) => wrapped(out, "    ", "    ", &paint(DIM, note)),
        None => Ok(()),
    }
}

/// All answers at a glance.
fn summary(out: &mut impl Write, answers: &[(usize, &Stop, Response)]) -> io::Result<()> {
    let line = format!("━━ {} requests ", answers.len());
    let rest = "━".repeat(100_usize.saturating_sub(columns(&line)));
    writeln!(out, "{}\n", paint(BOLD, &format!("{line}{rest}")))?;
    for (index, (number, stop, response)) in answers.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| answers.get(at));
        if before.is_none_or(|(_, other, _)| other.product != stop.product) {
            writeln!(out, "{}", paint(BOLD, &stop.product))?;
        }
        let decision = answer::decision(response.decision);
        let pad = " ".repeat("PERMIT".len().saturating_sub(columns(&decision)));
        let first = format!("  {number:2}  {decision}{pad}  ");
        wrapped(out, &first, "              ", &stop.title)?;
    }
    let count = |decision: Decision| {
        answers
            .iter()
            .filter(|(_, _, it)| it.decision == decision)
            .count()
    };
    writeln!(
        out,
        "\n{} permitted, {} denied, {} pending. To ask one yourself: `licit eval --request FILE`.",
        count(Decision::Permit),
        count(Decision::Deny),
        count(Decision::Pend)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_is_well_formed_and_long_enough() {
        let stops = tour(TOUR).map_err(|problem| format!("{problem:?}")).unwrap();
        assert!(stops.len() >= 20);
        for stop in &stops {
            assert!(stop.title.ends_with('?'), "{}", stop.title);
        }
    }

    #[test]
    fn every_request_of_the_tour_is_valid() {
        let host = Host::builder().build().unwrap();
        for stop in tour(TOUR).map_err(|problem| format!("{problem:?}")).unwrap() {
            if let Err(found) = host.request(&stop.title, &stop.request, Format::Json) {
                panic!("{found}");
            }
        }
    }
}
