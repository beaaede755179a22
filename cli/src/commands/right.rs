//! `licit right`: puts the request of a person to every product and makes one answer of theirs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use licit_baseline::FactValue;
use licit_host::{Decision, ItemAnswer, PersonRequest, ProductAnswer, RightAnswer, Timing};

use crate::answer;
use crate::commands::eval;
use crate::input;
use crate::setup::{Deployment, NO_PROFILE};
use crate::terminal::{BOLD, DIM, Problem, Terminal, YELLOW, columns, list, paint, safe, safe_json, wrapped};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deployment: Deployment,
    /// The person's request, in JSON or TOML, without a product; `-` for standard input
    #[arg(long, value_name = "FILE")]
    person: PathBuf,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Output {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let text = input::text(&arguments.person)?;
    let ready = arguments.deployment.load(None, terminal)?;
    let format = input::format(&arguments.person, &text.text);
    let request = ready.host.person_request(&text.name, &text.text, format)?;
    let answer = ready.host.right(&request);
    match arguments.format {
        Output::Human => {
            write(&mut terminal.out, &request, &answer)?;
            if !ready.has_profile {
                wrapped(&mut terminal.out, "  ", "  ", &paint(DIM, NO_PROFILE))?;
            }
        }
        Output::Json => {
            if !ready.has_profile {
                terminal.warn(NO_PROFILE);
            }
            let json = serde_json::to_string_pretty(&answer)
                .map_err(|error| Problem::Text(format!("cannot write the answer: {error}")))?;
            writeln!(terminal.out, "{}", safe_json(&json))?;
        }
    }
    terminal.out.flush()?;
    Ok(eval::code(answer.decision))
}

fn write(out: &mut impl Write, request: &PersonRequest, answer: &RightAnswer) -> io::Result<()> {
    headline(out, request, answer)?;
    for product in &answer.products {
        of_product(out, product)?;
    }
    for refused in &answer.unanswered {
        let line = format!("could not be asked: {}", safe(refused.message()));
        wrapped(out, &format!("  {}  ", safe(refused.file())), "    ", &line)?;
    }
    obligations(out, answer)?;
    missing(out, answer)?;
    writeln!(out, "  {}", paint(DIM, &format!("policy {}", answer.policy())))
}

fn headline(out: &mut impl Write, request: &PersonRequest, answer: &RightAnswer) -> io::Result<()> {
    let kind = request.facts().find_map(|(name, value)| match value {
        FactValue::Text(kind) if name == "right.kind" => Some(format!("`{}` request", safe(kind))),
        _ => None,
    });
    let data: Vec<&str> = request.data().collect();
    let about = if data.is_empty() {
        "everything".to_owned()
    } else {
        list(&data)
    };
    let count = |decision| answer.items(decision).count();
    let products = match answer.products.len() {
        0 => "no product is loaded".to_owned(),
        1 => "1 product asked".to_owned(),
        number => format!("{number} products asked"),
    };
    let text = format!(
        "{} about {about}: {products}, {} items granted, {} refused, {} waiting",
        kind.as_deref().unwrap_or("request of a person"),
        count(Decision::Permit),
        count(Decision::Deny),
        count(Decision::Pend),
    );
    let first = format!("{}  ", answer::decision(answer.decision));
    wrapped(out, &first, &" ".repeat(columns(&first)), &text)?;
    if let Some(deadline) = answer.deadline {
        writeln!(out, "  {} {deadline}", paint(BOLD, "answer by"))?;
    }
    Ok(())
}

fn of_product(out: &mut impl Write, product: &ProductAnswer) -> io::Result<()> {
    let response = &product.response;
    writeln!(
        out,
        "  {}  {}",
        paint(BOLD, response.product()),
        answer::decision(response.decision)
    )?;
    if product.items.is_empty() {
        line(out, "holds", "none of the data")?;
    }
    let with = |decision| product.items.iter().filter(move |item| item.decision == decision);
    let granted: Vec<&str> = with(Decision::Permit).map(|item| item.data.as_str()).collect();
    if !granted.is_empty() {
        line(out, "grants", &list(&granted))?;
    }
    for (word, decision) in [("refuses", Decision::Deny), ("waits", Decision::Pend)] {
        let mut items: Vec<&ItemAnswer> = with(decision).collect();
        while let Some(first) = items.first().copied() {
            // What has the same reason stands together.
            let same = |item: &&ItemAnswer| {
                (&item.rule, &item.hold, item.until) == (&first.rule, &first.hold, first.until)
            };
            let (together, others): (Vec<_>, Vec<_>) = items.into_iter().partition(same);
            let names: Vec<&str> = together.iter().map(|item| item.data.as_str()).collect();
            line(
                out,
                word,
                &format!("{}: {}", list(&names), because(product, first)),
            )?;
            items = others;
        }
    }
    if product.items.is_empty() {
        for reason in response
            .deciding()
            .filter(|it| it.kind == "deny" || it.kind == "pend")
        {
            line(out, "because", &answer::cited(response, &reason))?;
        }
    }
    if !product.recipients.is_empty() {
        line(out, "tells", &list(&product.recipients))?;
    }
    Ok(())
}

/// Why an item is refused or waits: what the rule says, and the hold that covers it.
fn because(product: &ProductAnswer, item: &ItemAnswer) -> String {
    let reason = product
        .response
        .deciding()
        .find(|reason| Some(reason.rule) == item.rule.as_deref());
    let mut text = match reason {
        Some(reason) => answer::cited(&product.response, &reason),
        None => "nobody has granted it yet".to_owned(),
    };
    if let Some(hold) = &item.hold {
        text += &format!(", hold {}", safe(hold));
    }
    if let Some(until) = item.until {
        text += &format!(" until {until}");
    }
    text
}

fn line(out: &mut impl Write, word: &str, text: &str) -> io::Result<()> {
    wrapped(out, &format!("    {word:8} "), "             ", text)
}

fn obligations(out: &mut impl Write, answer: &RightAnswer) -> io::Result<()> {
    let due = answer.obligations();
    if due.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {}", paint(BOLD, "to do"))?;
    for duty in due {
        let when = match duty.timing {
            Timing::Before => "before",
            Timing::During => "during",
            Timing::After => "after",
            Timing::ByDeadline => "in time",
        };
        let by = duty.deadline.map(|at| format!("by {at}: ")).unwrap_or_default();
        let whom = if duty.products.len() == answer.products.len() {
            String::new()
        } else {
            format!(": {}", duty.products.join(", "))
        };
        let rule = duty.rule.map(|rule| format!(", {rule}")).unwrap_or_default();
        let text = format!(
            "{by}{}{whom} {}",
            safe(duty.text),
            paint(DIM, &format!("({}{rule})", safe(duty.id)))
        );
        let first = format!("    {} ", paint(YELLOW, &format!("{when:8}")));
        wrapped(out, &first, "             ", &text)?;
    }
    Ok(())
}

fn missing(out: &mut impl Write, answer: &RightAnswer) -> io::Result<()> {
    let missing = answer.missing();
    if missing.is_empty() {
        return Ok(());
    }
    let facts = missing.iter().map(|name| safe(name)).collect::<Vec<_>>();
    wrapped(
        out,
        &format!("  {} ", paint(BOLD, "missing facts")),
        "    ",
        &facts.join(", "),
    )
}
