//! `licit facts`: which facts could still change an answer, and with which values it would be a permit.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use licit_baseline::{FactValue, Supplier};
use licit_host::{Candidate, Decision, DenyKind, Opening, Openings, Request};
use serde_json::{Value, json};

use crate::answer::{self, shown};
use crate::commands::eval;
use crate::commands::inspect::Output;
use crate::setup::{Deployment, NO_PROFILE};
use crate::terminal::{
    BOLD, DIM, GREEN, Problem, RED, Terminal, YELLOW, columns, list, paint, safe_json, wrapped,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deployment: Deployment,
    /// The request, in JSON or TOML; `-` for standard input
    #[arg(long = "for", value_name = "REQUEST")]
    request: PathBuf,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let ready = arguments.deployment.load(None, terminal)?;
    let request = eval::read(&ready.host, &arguments.request)?;
    let openings = ready.host.openings(&request);
    match arguments.format {
        Output::Human => {
            write(&mut terminal.out, &request, &openings)?;
            if !ready.has_profile {
                wrapped(&mut terminal.out, "  ", "  ", &paint(DIM, NO_PROFILE))?;
            }
        }
        Output::Json => {
            if !ready.has_profile {
                terminal.warn(NO_PROFILE);
            }
            let text = serde_json::to_string_pretty(&document(&openings))
                .map_err(|error| Problem::Text(format!("cannot write the answer: {error}")))?;
            writeln!(terminal.out, "{}", safe_json(&text))?;
        }
    }
    terminal.out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn write(out: &mut impl Write, request: &Request, openings: &Openings) -> io::Result<()> {
    answer::headline(out, request, &openings.response)?;
    if openings.settled {
        return wrapped(out, "  ", "  ", &finality(openings));
    }
    writeln!(out)?;
    let tried = if openings.exhausted {
        "the search was cut short"
    } else {
        "as far as was tried"
    };
    let tried = format!("{tried}, {} evaluations", openings.evaluations);
    let stands = openings.response.decision == Decision::Permit;
    let verdict = match (stands, openings.permits, openings.facts.is_empty()) {
        (true, _, true) => format!("No missing fact takes that back ({tried})."),
        (true, _, false) => "That can still be taken back by these facts:".to_owned(),
        (false, true, _) => format!("It is {} with these facts:", paint(GREEN, "a permit")),
        (false, false, empty) => {
            let nothing = paint(RED, "No value of a missing fact leads to a permit");
            let rest = if empty {
                ""
            } else {
                " These facts take away what they can:"
            };
            format!("{nothing} ({tried}).{rest}")
        }
    };
    wrapped(out, "", "", &verdict)?;
    for supplier in ORDER {
        let facts: Vec<&Opening> = openings
            .facts
            .iter()
            .filter(|it| it.supplier == supplier)
            .collect();
        if facts.is_empty() {
            continue;
        }
        writeln!(out, "\n  {}", paint(BOLD, place(supplier)))?;
        let width = facts.iter().map(|it| it.name.len()).max().unwrap_or(0);
        for fact in facts {
            write_fact(out, fact, width)?;
        }
    }
    if !openings.permits {
        write_obstacles(out, openings)?;
    }
    Ok(())
}

const ORDER: [Supplier; 7] = [
    Supplier::Caller,
    Supplier::State,
    Supplier::Register,
    Supplier::Host,
    Supplier::Law,
    Supplier::Manifest,
    Supplier::Engine,
];

/// Where a fact of this supplier is to be written down.
fn place(supplier: Supplier) -> &'static str {
    match supplier {
        Supplier::Caller => "stated in the request",
        Supplier::State => "the person's state, looked up by the service and stated in the request",
        Supplier::Register => "in a register of the deployment profile (`licit.toml`)",
        Supplier::Host => "in the deployment profile (`licit.toml`)",
        Supplier::Law => "a legal determination (`[[determination]]`), one for each rule",
        Supplier::Manifest => "declared by the product (`plugin.toml`)",
        Supplier::Engine => "computed",
    }
}

fn write_fact(out: &mut impl Write, fact: &Opening, width: usize) -> io::Result<()> {
    let value = |it: &Candidate| {
        if it.any {
            "any reference".to_owned()
        } else {
            shown(&it.value)
        }
    };
    let chosen = fact
        .values
        .iter()
        .find(|it| fact.chosen.as_ref() == Some(&it.value));
    let first = format!("    {:width$}  ", fact.name);
    let rest = " ".repeat(columns(&first));
    let all = |clears: bool| -> Vec<String> {
        let others = fact
            .values
            .iter()
            .filter(|it| it.clears == clears && chosen.is_none_or(|one| one != *it));
        others.map(value).collect()
    };
    let (also, not) = (all(true), all(false));
    let (head, also_with) = match chosen {
        Some(chosen) => (paint(GREEN, &value(chosen)), "also:"),
        None if fact.instead_of.is_empty() => (paint(RED, &short(&not)), "not by"),
        None => (format!("may stand in for {}", list(&fact.instead_of)), "with"),
    };
    let meaning = paint(DIM, &format!("({})", fact.meaning));
    wrapped(out, &first, &rest, &format!("{head} {meaning}"))?;
    let mut notes = Vec::new();
    if !also.is_empty() {
        notes.push(format!("{also_with} {}", short(&also)));
    }
    if !not.is_empty() && chosen.is_some() {
        notes.push(format!("not: {}", short(&not)));
    }
    if let Some(taken) = &fact.taken {
        notes.push(format!("until it is known it counts as {}", shown(taken)));
    }
    if fact.supplier == Supplier::Law && !fact.rules.is_empty() {
        notes.push(format!("for {}", list(&fact.rules)));
    }
    if notes.is_empty() {
        Ok(())
    } else {
        wrapped(out, &rest, &rest, &paint(DIM, &notes.join("; ")))
    }
}

fn short(values: &[String]) -> String {
    const MOST: usize = 8;
    let shown = values.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if values.len() > MOST {
        format!("{shown} and {} more", values.len() - MOST)
    } else {
        shown
    }
}

fn write_obstacles(out: &mut impl Write, openings: &Openings) -> io::Result<()> {
    writeln!(out, "\n  {}", paint(BOLD, "what then still stands in the way"))?;
    for reason in openings.nearest.deciding().filter(|it| it.kind != "classify") {
        wrapped(
            out,
            &format!("    {} ", paint(YELLOW, "-")),
            "      ",
            &answer::cited(&openings.nearest, &reason),
        )?;
    }
    Ok(())
}

/// Why no fact can change the answer.
fn finality(openings: &Openings) -> String {
    let response = &openings.response;
    let why = match (&response.deny_kind, response.decision) {
        (_, Decision::Permit) => "no fact that is missing can take it back".to_owned(),
        (Some(DenyKind::NotLoaded), _) => {
            "load a working plugin of the product; no fact can replace it".to_owned()
        }
        (Some(DenyKind::NotDeclared), _) => {
            "no activity of the product's manifest covers it; no fact can replace that".to_owned()
        }
        _ => {
            let rules: Vec<String> = response
                .deciding()
                .filter(|it| !it.not_excluded && matches!(it.kind, "deny" | "require"))
                .map(|it| answer::cited(response, &it))
                .collect();
            format!("facts that are known forbid it: {}", rules.join("; "))
        }
    };
    format!("This answer is final: {why}.")
}

fn document(openings: &Openings) -> Value {
    let fact = |it: &Opening| {
        let candidate = |it: &Candidate| json!({ "value": value(&it.value), "any": it.any, "permits": it.permits, "clears": it.clears });
        json!({
            "name": it.name,
            "supplier": it.supplier.as_str(),
            "meaning": it.meaning,
            "taken": it.taken.as_ref().map(value),
            "chosen": it.chosen.as_ref().map(value),
            "instead_of": it.instead_of,
            "values": it.values.iter().map(candidate).collect::<Vec<_>>(),
            "rules": it.rules,
        })
    };
    let obstacles = openings
        .nearest
        .deciding()
        .filter(|_| !openings.permits && openings.nearest.decision != Decision::Permit);
    json!({
        "decision": openings.response.decision.as_str(),
        "final": openings.settled,
        "permits": openings.permits,
        "facts": openings.facts.iter().map(fact).collect::<Vec<_>>(),
        "obstacles": obstacles
            .map(|it| json!({ "rule": it.rule, "section": it.section.join(" "), "kind": it.kind }))
            .collect::<Vec<_>>(),
        "evaluations": openings.evaluations,
        "exhausted": openings.exhausted,
    })
}

/// A fact's value as a request would write it.
fn value(value: &FactValue) -> Value {
    match value {
        FactValue::Flag(flag) => json!(flag),
        FactValue::Integer(number) => json!(number),
        FactValue::Texts(words) | FactValue::Categories(words, _) | FactValue::Consents(_, words) => {
            json!(words)
        }
        other => json!(other.to_string()),
    }
}
