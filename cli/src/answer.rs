//! An answer in words: short for whoever has to act on it, exact for whoever has to check it.

use std::io::{self, Write};

use licit_baseline::{Axis, FactValue, RuleKind, Supplier, Timing};
use licit_host::{CategoryAnswer, Deciding, Decision, DenyKind, Layer, Request, Response};

use crate::terminal::{BOLD, DIM, GREEN, RED, YELLOW, columns, list, paint, safe, wrapped};

/// How much an answer tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Everything: all rules, all missing facts, and the facts used.
    pub(crate) verbose: bool,
    /// Which policy and which plugin answered.
    pub(crate) footer: bool,
}

/// The most entries of a list that is shortened unless everything was asked for.
const MOST: usize = 5;

/// The decision as it stands out.
pub(crate) fn decision(decision: Decision) -> String {
    match decision {
        Decision::Permit => paint(GREEN, "PERMIT"),
        Decision::Deny => paint(RED, "DENY"),
        Decision::Pend => paint(YELLOW, "PEND"),
    }
}

/// Writes an answer for people.
pub(crate) fn write(
    out: &mut impl Write,
    request: &Request,
    response: &Response,
    style: Style,
) -> io::Result<()> {
    headline(out, request, response)?;
    reasons(out, response, style)?;
    categories(out, response)?;
    surplus(out, response)?;
    obligations(out, response)?;
    missing(out, request, response, style)?;
    advice(out, response)?;
    if style.verbose {
        facts_used(out, response)?;
    }
    if style.footer {
        let plugin = match response.plugin() {
            Some((version, digest)) => {
                let short: String = digest.chars().take("sha256:".len() + 12).collect();
                let digest = if style.verbose { digest } else { &short };
                format!(
                    "plugin {} {} ({})",
                    response.product(),
                    safe(version),
                    safe(digest)
                )
            }
            None => format!("no plugin of {}", response.product()),
        };
        writeln!(
            out,
            "  {}",
            paint(DIM, &format!("policy {}, {plugin}", response.policy()))
        )?;
    }
    Ok(())
}

/// The decision and what it is about, in one sentence.
pub(crate) fn headline(out: &mut impl Write, request: &Request, response: &Response) -> io::Result<()> {
    let asked = question(request, response.decision);
    let because = match (&response.deny_kind, response.decision) {
        (Some(kind), _) => format!(": {}", paint(BOLD, &in_words(kind, response))),
        (None, Decision::Pend) => format!(": {}", paint(BOLD, "more is needed before it can be granted")),
        (None, _) if owes(response, Timing::Before) => {
            format!(", {}", paint(BOLD, "once what is due beforehand is done"))
        }
        (None, _) => String::new(),
    };
    let first = format!("{}  ", decision(response.decision));
    let rest = " ".repeat(columns(&first));
    wrapped(out, &first, &rest, &format!("{asked}{because}"))
}

fn owes(response: &Response, timing: Timing) -> bool {
    response.obligations().any(|it| it.timing == timing)
}

/// What was asked, as a statement that fits the decision.
fn question(request: &Request, decision: Decision) -> String {
    let data: Vec<&str> = request.data().collect();
    let product = request.product();
    if request.operation() == "right" {
        let kind = request.facts().find_map(|(name, value)| match value {
            FactValue::Text(kind) if name == "right.kind" => Some(safe(kind)),
            _ => None,
        });
        let kind = kind.map_or_else(
            || "request of a data subject".to_owned(),
            |kind| format!("`{kind}` request"),
        );
        let about = if data.is_empty() {
            "everything the product holds".to_owned()
        } else {
            list(&data)
        };
        return format!("{product}: {kind} about {about}");
    }
    let may = if decision == Decision::Permit {
        "may"
    } else {
        "may not"
    };
    format!(
        "{product} {may} {} {} for {}",
        verb(request.operation()),
        list(&data),
        request.purpose()
    )
}

/// An operation as a verb with its object to follow.
fn verb(operation: &str) -> &str {
    match operation {
        "disclose-public" => "disclose to the public",
        "profile" => "build a profile from",
        "train-model" => "train a model on",
        "automated-decision" => "decide automatically by",
        "notify" => "notify with",
        "contact" => "make contact with",
        other => other,
    }
}

/// Whether the answer rests on what is known, so that a missing fact is not what it waits for.
fn certain(response: &Response) -> bool {
    match response.deny_kind {
        Some(DenyKind::NotDeclared | DenyKind::NotLoaded) => true,
        _ => response.deciding().any(|it| {
            !it.not_excluded && matches!(it.kind, "deny" | "require") && taken(response, &it).is_empty()
        }),
    }
}

fn in_words(kind: &DenyKind, response: &Response) -> String {
    let known = certain(response);
    match kind {
        DenyKind::Forbidden if known => "a rule forbids it".to_owned(),
        DenyKind::Forbidden => "too little is known to permit it".to_owned(),
        DenyKind::NotPermitted => "no rule permits it".to_owned(),
        DenyKind::NotDeclared => "the product does not declare it".to_owned(),
        DenyKind::PluginDenied => "the product's own logic refuses it".to_owned(),
        DenyKind::PluginFailed(failure) => {
            format!("the product's plugin failed ({})", safe(&failure.to_string()))
        }
        DenyKind::NotLoaded => "the product has no working plugin".to_owned(),
        DenyKind::DutyNotDischargeable => "a duty that is due beforehand cannot be done".to_owned(),
        DenyKind::Overloaded => "too many evaluations at once, ask again".to_owned(),
        other => other.as_str().to_owned(),
    }
}

/// A rule as it is cited: what it says, its sections, its id.
pub(crate) fn cited(response: &Response, reason: &Deciding<'_>) -> String {
    let text = if reason.text.is_empty() {
        safe(reason.rule)
    } else {
        safe(reason.text)
    };
    let rules = response.baseline().rules();
    let kind = rules
        .find(reason.rule)
        .and_then(|id| rules.get(id))
        .map(|rule| rule.kind);
    // A gate and a closed set say what has to be; as reasons of a no they read the other way round.
    let text = match (reason.kind, kind, reason.not_excluded) {
        ("require", _, false) => format!("not met: {text}"),
        ("require", _, true) => format!("needed: {text}"),
        ("deny", Some(RuleKind::Permit), false) => format!("beyond this: {text}"),
        ("deny", Some(RuleKind::Permit), true) => format!("only this: {text}"),
        _ => text,
    };
    format!("{text} {}", citation(reason))
}

/// Where it stands: the sections of the policy and the id of the rule.
fn citation(reason: &Deciding<'_>) -> String {
    let sections: Vec<String> = reason.section.iter().map(|it| format!("§{it}")).collect();
    let from = if sections.is_empty() {
        format!("{}, {}", reason.layer.as_str(), safe(reason.rule))
    } else {
        format!("{}, {}", sections.join(" "), reason.rule)
    };
    paint(DIM, &format!("({from})"))
}

fn reasons(out: &mut impl Write, response: &Response, style: Style) -> io::Result<()> {
    let (open, mut known): (Vec<Deciding<'_>>, Vec<Deciding<'_>>) =
        response.deciding().partition(|reason| reason.not_excluded);
    // That the product says nothing about it is the first thing to know.
    known.sort_by_key(|reason| reason.layer != Layer::Declaration);
    let citations = response.baseline().citations();
    let rules = response.baseline().rules();
    let default_deny = citations.default_deny.map(|rule| rules.name(rule));
    let conjunction = citations.conjunction.map(|rule| rules.name(rule));
    for reason in &known {
        let mark = mark(reason, response.decision);
        if Some(reason.rule) == default_deny {
            for line in lacking(response) {
                item(out, mark, &format!("{line} {}", citation(reason)))?;
            }
            continue;
        }
        if Some(reason.rule) == conjunction {
            item(
                out,
                mark,
                &format!("{} {}", layer(response, reason), citation(reason)),
            )?;
            continue;
        }
        item(out, mark, &cited(response, reason))?;
        let taken = taken(response, reason);
        if !taken.is_empty() {
            wrapped(out, "      ", "      ", &paint(DIM, &counts_as(&taken)))?;
        }
    }
    not_excluded(out, response, &open, style)
}

/// What a layer has to say, of which the policy only knows that both have to permit.
fn layer(response: &Response, reason: &Deciding<'_>) -> &'static str {
    match (reason.layer, &response.deny_kind) {
        (Layer::Declaration, Some(DenyKind::NotPermitted)) => {
            "the product's code needs facts that are missing"
        }
        (Layer::Declaration, _) => "no activity of the product's manifest covers it",
        (Layer::Plugin, None) => "the product's own logic permits it too",
        _ => "both the policy and the product have to permit",
    }
}

fn mark(reason: &Deciding<'_>, decision: Decision) -> &'static str {
    match (reason.kind, decision) {
        ("deny" | "require", _) => "\x1b[1;31m✗\x1b[0m",
        ("pend", _) => "\x1b[1;33m?\x1b[0m",
        ("permit", _) => "\x1b[1;32m✓\x1b[0m",
        ("engine", Decision::Permit) => "\x1b[1;32m✓\x1b[0m",
        ("engine", Decision::Deny) => "\x1b[1;31m✗\x1b[0m",
        _ => "·",
    }
}

/// The facts that a rule reads, that are missing, and for which a value is taken meanwhile.
fn taken<'r>(response: &'r Response, reason: &Deciding<'_>) -> Vec<(&'r str, String)> {
    if reason.layer != Layer::Baseline || reason.kind == "permit" {
        return Vec::new();
    }
    let facts = &response.baseline().taxonomy().facts;
    let missing = response.missing_for(reason.rule).into_iter();
    let with_value = missing.filter_map(|name| {
        let value = facts.get(facts.find(name)?)?.unknown.as_ref()?;
        Some((name, shown(value)))
    });
    with_value.collect()
}

/// The same in words.
fn counts_as(taken: &[(&str, String)]) -> String {
    let mut values: Vec<&str> = Vec::new();
    for (_, value) in taken {
        if !values.contains(&value.as_str()) {
            values.push(value);
        }
    }
    let group = |value: &&str| {
        let names: Vec<&str> = taken
            .iter()
            .filter(|(_, other)| other == value)
            .map(|(name, _)| *name)
            .collect();
        let (is, counts) = if names.len() == 1 {
            ("is", "counts")
        } else {
            ("are", "count")
        };
        format!("{} {is} not known and {counts} as `{value}`", list(&names))
    };
    values.iter().map(group).collect::<Vec<_>>().join("; ")
}

/// A value as people read it.
pub(crate) fn shown(value: &FactValue) -> String {
    match value {
        FactValue::Texts(words) | FactValue::Categories(words, _) | FactValue::Consents(_, words)
            if words.is_empty() =>
        {
            "none".to_owned()
        }
        FactValue::Texts(words) if words.iter().any(|word| **word == *"*") => "all".to_owned(),
        value => safe(&value.to_string()),
    }
}

/// The rules that apply only because something is unknown: one entry for all of them.
fn not_excluded(
    out: &mut impl Write,
    response: &Response,
    open: &[Deciding<'_>],
    style: Style,
) -> io::Result<()> {
    if open.is_empty() {
        return Ok(());
    }
    let mut unknown: Vec<&str> = Vec::new();
    for name in open.iter().flat_map(|reason| response.missing_for(reason.rule)) {
        if !unknown.contains(&name) {
            unknown.push(name);
        }
    }
    let because = match unknown.as_slice() {
        [] => "could not be excluded".to_owned(),
        several if !style.verbose && certain(response) => {
            let rules = if open.len() == 1 {
                "1 more rule".to_owned()
            } else {
                format!("{} more rules", open.len())
            };
            let facts = if several.len() == 1 {
                "a fact is"
            } else {
                "facts are"
            };
            let line =
                format!("{rules} could not be excluded, because {facts} unknown (`--verbose` lists them)");
            return item(out, &paint(YELLOW, "?"), &paint(DIM, &line));
        }
        [one] => format!("could not be excluded, because {one} is unknown"),
        several if several.len() > MOST && !style.verbose => {
            format!(
                "could not be excluded, because {} facts are unknown",
                several.len()
            )
        }
        several => format!("could not be excluded, because {} are unknown", list(several)),
    };
    item(out, &paint(YELLOW, "?"), &format!("{because}:"))?;
    let most = if style.verbose || open.len() == MOST + 1 {
        open.len()
    } else {
        MOST
    };
    for reason in open.iter().take(most) {
        wrapped(out, "      - ", "        ", &cited(response, reason))?;
    }
    let rest: Vec<&str> = open.iter().skip(most).map(|reason| reason.rule).collect();
    if !rest.is_empty() {
        let more = paint(DIM, &format!("and {} more: {}", rest.len(), rest.join(", ")));
        wrapped(out, "      - ", "        ", &more)?;
    }
    Ok(())
}

/// The axes that nothing grants, each with the data it is about.
fn lacking(response: &Response) -> Vec<String> {
    let categories: Vec<CategoryAnswer<'_>> = response.categories().collect();
    let mut axes: Vec<Axis> = Vec::new();
    for axis in categories.iter().flat_map(|it| it.lacking.iter()) {
        if !axes.contains(axis) {
            axes.push(*axis);
        }
    }
    let what = |axis: Axis| match axis {
        Axis::Purpose => "nothing permits this purpose",
        Axis::Source => "nothing permits collecting it from this source",
        Axis::Recipient => "nothing permits this recipient",
        Axis::Place => "nothing permits this place",
        Axis::Retention => "nothing permits keeping it",
    };
    let line = |axis: Axis| {
        let of: Vec<&str> = categories
            .iter()
            .filter(|it| it.lacking.contains(&axis))
            .map(|it| it.data)
            .collect();
        if of.len() == categories.len() && of.len() > 1 {
            what(axis).to_owned()
        } else {
            format!("{}: {}", what(axis), list(&of))
        }
    };
    axes.into_iter().map(line).collect()
}

fn item(out: &mut impl Write, mark: &str, text: &str) -> io::Result<()> {
    wrapped(out, &format!("  {mark} "), "    ", text)
}

/// The outcome of each category, where they differ or some were added.
fn categories(out: &mut impl Write, response: &Response) -> io::Result<()> {
    let categories: Vec<CategoryAnswer<'_>> = response.categories().collect();
    let Some(first) = categories.first() else {
        return Ok(());
    };
    let differ = categories
        .iter()
        .any(|it| it.decision != first.decision || it.rules != first.rules || it.added_by.is_some());
    if !differ {
        return Ok(());
    }
    let width = categories
        .iter()
        .map(|it| it.data.chars().count())
        .max()
        .unwrap_or(0);
    writeln!(out, "  {}", paint(BOLD, "by data category"))?;
    for category in categories {
        let mut notes: Vec<String> = category.rules.iter().map(|it| (*it).to_owned()).collect();
        if !category.lacking.is_empty() {
            let axes: Vec<&str> = category.lacking.iter().map(|axis| axis.as_str()).collect();
            notes.push(format!("nothing grants {}", list(&axes)));
        }
        if let Some(rule) = category.added_by {
            notes.push(format!("added by {rule}"));
        }
        let pad = " ".repeat("permit".len().saturating_sub(category.decision.as_str().len()));
        let style = match category.decision {
            Decision::Permit => GREEN,
            Decision::Deny => RED,
            Decision::Pend => YELLOW,
        };
        let name = format!("{:width$}", category.data);
        let first = format!("    {}{pad}  {name}  ", paint(style, category.decision.as_str()));
        let rest = " ".repeat(columns(&first));
        wrapped(
            out,
            first.trim_end(),
            &rest,
            &paint(DIM, &format!("  {}", notes.join("; "))),
        )?;
    }
    Ok(())
}

/// The data without which the request may be asked again.
fn surplus(out: &mut impl Write, response: &Response) -> io::Result<()> {
    let data: Vec<&str> = response.surplus().collect();
    if data.is_empty() {
        return Ok(());
    }
    let line = format!("more than is needed: ask again without {}", list(&data));
    item(out, &paint(YELLOW, "−"), &line)
}

/// What the policy has to say besides.
fn advice(out: &mut impl Write, response: &Response) -> io::Result<()> {
    for advice in response.advice() {
        let sections: Vec<String> = advice.section.iter().map(|it| format!("§{it}")).collect();
        let from = paint(DIM, &format!("({}, {})", sections.join(" "), safe(advice.rule)));
        item(
            out,
            "·",
            &format!("for information: {} {from}", safe(advice.text)),
        )?;
    }
    Ok(())
}

fn obligations(out: &mut impl Write, response: &Response) -> io::Result<()> {
    let mut due = response.obligations().peekable();
    if due.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "  {}", paint(BOLD, "to do"))?;
    for obligation in due {
        let when = match obligation.timing {
            Timing::Before => "before",
            Timing::During => "during",
            Timing::After => "after",
            Timing::ByDeadline => "in time",
        };
        let from = obligation
            .rule
            .map(|rule| format!(", {rule}"))
            .unwrap_or_default();
        let id = paint(DIM, &format!("({}{from})", safe(obligation.id)));
        let first = format!(
            "    {}{} ",
            paint(YELLOW, when),
            " ".repeat(8_usize.saturating_sub(when.len()))
        );
        wrapped(
            out,
            &first,
            "             ",
            &format!("{} {id}", safe(obligation.text)),
        )?;
    }
    Ok(())
}

/// Who has to supply a fact, as people say it.
pub(crate) fn supplier(supplier: Supplier) -> &'static str {
    match supplier {
        Supplier::Engine => "computed",
        Supplier::Manifest => "plugin.toml",
        Supplier::Host => "licit.toml",
        Supplier::Register => "register",
        Supplier::Law => "law",
        Supplier::State => "person's state",
        Supplier::Caller => "request",
    }
}

fn missing(out: &mut impl Write, request: &Request, response: &Response, style: Style) -> io::Result<()> {
    let mut names: Vec<&str> = response.missing().collect();
    // What is missing and does not matter is for the reviewer.
    let idle = response.decision == Decision::Permit || certain(response);
    if names.is_empty() || (idle && !style.verbose) {
        return Ok(());
    }
    let mut matter: Vec<&str> = Vec::new();
    for reason in response.deciding().filter(|it| it.kind != "classify") {
        matter.extend(response.missing_for(reason.rule));
    }
    if matter.is_empty() {
        matter.clone_from(&names);
    }
    if !style.verbose {
        names.retain(|name| matter.contains(name));
    }
    let facts = &response.baseline().taxonomy().facts;
    writeln!(out, "  {}", paint(BOLD, "missing facts"))?;
    let most = if style.verbose || names.len() == MOST + 1 {
        names.len()
    } else {
        MOST
    };
    let width = names.iter().take(most).map(|name| name.len()).max().unwrap_or(0);
    for name in names.iter().take(most) {
        let definition = facts.find(name).and_then(|id| facts.get(id));
        let (from, meaning) = definition.map_or(("?", ""), |it| (supplier(it.supplier), it.meaning.as_str()));
        let first = format!("    {name:width$}  {} ", paint(DIM, &format!("{from:14}")));
        let rest = " ".repeat(columns(&first));
        let register = definition.and_then(|it| it.register.as_ref());
        let stated = request.facts().find(|(stated, _)| stated == name);
        match (stated, register) {
            (Some((_, value)), Some(register)) => {
                let register = &register.register;
                let why = format!("`{}` has no row in force in register `{register}`", shown(value));
                wrapped(out, &first, &rest, &why)?;
            }
            _ => wrapped(out, &first, &rest, meaning)?,
        }
    }
    let more = names.len().saturating_sub(most);
    if more > 0 {
        let more = format!("and {more} more; `licit facts` tells which values would permit");
        writeln!(out, "    {}", paint(DIM, &more))?;
    }
    Ok(())
}

fn facts_used(out: &mut impl Write, response: &Response) -> io::Result<()> {
    let Some(explanation) = response
        .explanation
        .as_ref()
        .filter(|it| !it.facts_used.is_empty())
    else {
        return Ok(());
    };
    writeln!(out, "  {}", paint(BOLD, "facts used"))?;
    let width = explanation
        .facts_used
        .iter()
        .map(|fact| fact.name.len())
        .max()
        .unwrap_or(0);
    for fact in &explanation.facts_used {
        let source = paint(DIM, &format!("({}: {})", fact.supplier, safe(&fact.source)));
        let first = format!("    {:width$}  ", fact.name);
        let rest = " ".repeat(columns(&first));
        wrapped(out, &first, &rest, &format!("{} {source}", shown(&fact.value)))?;
    }
    Ok(())
}
