//! `licit baseline explain`: one rule in plain words.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use licit_baseline::{Baseline, Fact, Rule, RuleKind};
use serde_json::{Value, json};

use super::{Policy, find, sections, write_json};
use crate::commands::inspect::Output;
use crate::review::cases::{CaseName, Reached, Source};
use crate::review::words;
use crate::terminal::{BOLD, DIM, Problem, Terminal, paint, safe, wrapped};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The id of the rule
    #[arg(value_name = "RULE")]
    rule: String,
    #[command(flatten)]
    policy: Policy,
    #[command(flatten)]
    source: Source,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let baseline = arguments.policy.read()?;
    let id = find(baseline.rules(), &arguments.rule)?;
    let Some(rule) = baseline.rules().get(id) else {
        return Err(Problem::Text(format!("unknown rule `{}`", arguments.rule)));
    };
    // What a rule says can be read without any plugin; only the cases need them.
    let reached = match Reached::run(&baseline, &arguments.source, terminal) {
        Ok(reached) => Some(reached),
        Err(problem) => {
            terminal.warn("the cases are left out, because they cannot be run:");
            terminal.report(&problem);
            None
        }
    };
    let facts: Vec<&Fact> = baseline
        .reads(id)
        .iter()
        .filter_map(|fact| baseline.taxonomy().facts.get(fact))
        .collect();
    let view = View {
        baseline: &baseline,
        rule,
        facts,
        reached: reached.as_ref(),
    };
    match arguments.format {
        Output::Human => view.write(&mut terminal.out)?,
        Output::Json => write_json(terminal, &view.json())?,
    }
    terminal.out.flush()?;
    Ok(ExitCode::SUCCESS)
}

struct View<'v> {
    baseline: &'v Baseline,
    rule: &'v Rule,
    facts: Vec<&'v Fact>,
    reached: Option<&'v Reached>,
}

impl View<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let rule = self.rule;
        writeln!(
            out,
            "{}  {}  {}",
            paint(BOLD, &safe(&rule.id)),
            rule.kind.as_str(),
            safe(&sections(rule))
        )?;
        wrapped(out, "  ", "  ", &safe(&rule.summary))?;
        writeln!(out)?;
        if let Some(reading) = &rule.reading {
            row(out, "read as", &safe(reading))?;
        }
        if !rule.ambiguities.is_empty() {
            row(out, "settles", &rule.ambiguities.join(", "))?;
        }
        row(
            out,
            "written in",
            &safe(&format!("{}:{}", rule.written.file, rule.written.line)),
        )?;
        self.write_scope(out)?;
        self.write_conditions(out)?;
        self.write_duties(out)?;
        self.write_facts(out)?;
        self.write_cases(out)
    }

    fn write_scope(&self, out: &mut impl Write) -> io::Result<()> {
        let written = &self.rule.written;
        let keys = written
            .words
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "obligations" | "accompanies"));
        let keys: Vec<_> = keys.collect();
        if !keys.is_empty() {
            writeln!(out, "\n{}", paint(BOLD, "scope and effect"))?;
        }
        for (key, list) in keys {
            let list: Vec<String> = list.iter().map(|it| safe(&words::selector(it))).collect();
            row(out, words::key(key), &list.join(", "))?;
        }
        if self.rule.kind.is_compiled() {
            let open: Vec<&str> = ["purposes", "products", "data"]
                .into_iter()
                .filter(|key| written.words(key).is_empty())
                .filter(|key| *key != "data" || written.words("only-data").is_empty())
                .collect();
            if !open.is_empty() {
                row(out, "any", &open.join(", "))?;
            }
        } else {
            let how = match self.rule.kind {
                RuleKind::Register => "a closed list, cited and not run",
                RuleKind::Engine => "the algebra itself does this; the rule is what it cites",
                _ => "cited, and never changes an answer",
            };
            row(out, "run", how)?;
            if !self.rule.values.is_empty() {
                row(out, "values", &safe(&self.rule.values.join(", ")))?;
            }
        }
        Ok(())
    }

    fn write_conditions(&self, out: &mut impl Write) -> io::Result<()> {
        let conditions = &self.rule.written.conditions;
        if conditions.is_empty() {
            if self.rule.kind.is_compiled() {
                writeln!(
                    out,
                    "\n{}\n  none: it applies wherever it is in scope",
                    paint(BOLD, "conditions")
                )?;
            }
            return Ok(());
        }
        writeln!(out, "\n{}", paint(BOLD, "conditions"))?;
        for condition in conditions {
            let head = format!(
                "{} {}",
                words::purpose_of(self.rule, condition.key),
                paint(DIM, &format!("({})", condition.key.as_str()))
            );
            wrapped(out, "  ", "  ", &head)?;
            for line in words::outline(self.baseline, condition) {
                let indent = " ".repeat(4 + 2 * line.depth);
                wrapped(
                    out,
                    &format!("{indent}- "),
                    &format!("{indent}  "),
                    &safe(&line.text),
                )?;
            }
        }
        Ok(())
    }

    fn write_duties(&self, out: &mut impl Write) -> io::Result<()> {
        if self.rule.obligations.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", paint(BOLD, "duties"))?;
        for due in &self.rule.obligations {
            let obligation = self.baseline.taxonomy().obligations.get(due.obligation);
            let text = obligation.map_or(String::new(), |it| {
                format!(
                    "{} {}",
                    safe(&it.text),
                    paint(DIM, &format!("({})", safe(&it.id)))
                )
            });
            row(out, due.timing.as_str(), &text)?;
        }
        let company = self.rule.written.words("accompanies");
        if !company.is_empty() {
            row(out, "come with", &safe(&company.join(", ")))?;
        }
        Ok(())
    }

    fn write_facts(&self, out: &mut impl Write) -> io::Result<()> {
        if self.facts.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", paint(BOLD, "facts it reads"))?;
        for fact in &self.facts {
            let text = format!(
                "{} {}",
                safe(&fact.meaning),
                paint(
                    DIM,
                    &format!(
                        "({}; {})",
                        safe(&words::supplier(fact)),
                        safe(&words::while_missing(fact))
                    )
                )
            );
            wrapped(out, &format!("  {}  ", safe(&fact.name)), "      ", &text)?;
        }
        Ok(())
    }

    fn write_cases(&self, out: &mut impl Write) -> io::Result<()> {
        let Some(reached) = self.reached else {
            return Ok(());
        };
        let coverage = reached.rule(&self.rule.id);
        writeln!(out, "\n{}", paint(BOLD, "cases"))?;
        let mut lists = vec![("it decides", &coverage.decided_by)];
        if !self.rule.written.scope.else_deny.is_empty() {
            lists.push(("it denies as a closed set", &coverage.closed_by));
        }
        if self.rule.kind.is_compiled() {
            lists.push(("it is in scope and does not decide", &coverage.spared_by));
        }
        for (what, cases) in lists {
            writeln!(
                out,
                "  {what}: {}",
                if cases.is_empty() {
                    "none".to_owned()
                } else {
                    cases.len().to_string()
                }
            )?;
            self.write_list(out, reached, cases)?;
        }
        for ambiguity in &self.rule.ambiguities {
            let cases = reached.ambiguity(ambiguity);
            writeln!(
                out,
                "  named after {}: {}",
                safe(ambiguity),
                if cases.is_empty() {
                    "none".to_owned()
                } else {
                    cases.len().to_string()
                }
            )?;
            self.write_list(out, reached, &cases)?;
        }
        Ok(())
    }

    fn write_list(&self, out: &mut impl Write, reached: &Reached, cases: &[usize]) -> io::Result<()> {
        const MOST: usize = 8;
        let mut names: Vec<&CaseName> = cases.iter().filter_map(|at| reached.cases.get(*at)).collect();
        // Those that are about this rule come first.
        names.sort_by_key(|it| !it.name.starts_with(&self.rule.id));
        for case in names.iter().take(MOST) {
            wrapped(
                out,
                "    - ",
                "      ",
                &format!("{} {}", safe(&case.name), paint(DIM, &safe(&case.file))),
            )?;
        }
        if names.len() > MOST {
            writeln!(
                out,
                "      {}",
                paint(DIM, &format!("and {} more", names.len() - MOST))
            )?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let rule = self.rule;
        let condition = |it: &licit_baseline::WrittenCondition| {
            let outline: Vec<String> = words::outline(self.baseline, it)
                .into_iter()
                .map(|line| format!("{}{}", "  ".repeat(line.depth), line.text))
                .collect();
            json!({ "key": it.key.as_str(), "text": it.text, "means": words::purpose_of(rule, it.key), "words": outline })
        };
        let duty = |it: &licit_baseline::Due| json!({ "id": self.baseline.taxonomy().obligations.name(it.obligation), "timing": it.timing.as_str() });
        let fact = |it: &&Fact| {
            json!({
                "name": it.name, "meaning": it.meaning, "supplier": it.supplier.as_str(), "type": it.fact_type.as_str(),
                "unknown": it.unknown.as_ref().map(ToString::to_string),
            })
        };
        let scope: serde_json::Map<String, Value> = rule
            .written
            .words
            .iter()
            .map(|(key, words)| (key.clone(), json!(words)))
            .collect();
        let cases = self.reached.map(|reached| {
            let coverage = reached.rule(&rule.id);
            let names = |list: &[usize]| -> Vec<Value> {
                let cases = list.iter().filter_map(|at| reached.cases.get(*at));
                cases
                    .map(|it| json!({ "file": it.file, "name": it.name }))
                    .collect()
            };
            json!({
                "decides": names(&coverage.decided_by),
                "closes": names(&coverage.closed_by),
                "spares": names(&coverage.spared_by),
                "ambiguities": rule.ambiguities.iter()
                    .map(|it| (it.clone(), json!(names(&reached.ambiguity(it)))))
                    .collect::<serde_json::Map<_, _>>(),
            })
        });
        json!({
            "id": rule.id,
            "kind": rule.kind.as_str(),
            "section": rule.section,
            "summary": rule.summary,
            "reading": rule.reading,
            "ambiguities": rule.ambiguities,
            "group": rule.written.group(),
            "file": rule.written.file,
            "line": rule.written.line,
            "scope": scope,
            "values": rule.values,
            "conditions": rule.written.conditions.iter().map(condition).collect::<Vec<_>>(),
            "obligations": rule.obligations.iter().map(duty).collect::<Vec<_>>(),
            "facts": self.facts.iter().map(fact).collect::<Vec<_>>(),
            "cases": cases,
        })
    }
}

fn row(out: &mut impl Write, key: &str, value: &str) -> io::Result<()> {
    wrapped(
        out,
        &format!("  {} ", paint(DIM, &format!("{key:16}"))),
        &" ".repeat(19),
        value,
    )
}
