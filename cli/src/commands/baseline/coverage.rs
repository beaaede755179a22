//! `licit baseline coverage`: which sections and rules the cases reach.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use licit_baseline::{Baseline, Lint, Rule};
use serde_json::{Value, json};

use super::{Policy, count, html, outcome, sections, write_json};
use crate::review::cases::{Coverage, Reached, Source};
use crate::terminal::{BOLD, DIM, GREEN, Problem, RED, Terminal, paint, safe, wrapped};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policy: Policy,
    #[command(flatten)]
    source: Source,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people: what no case reaches
    #[default]
    Human,
    /// One JSON document: every section, rule and case
    Json,
    /// One web page that needs nothing else
    Html,
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let baseline = arguments.policy.read()?;
    let reached = Reached::run(&baseline, &arguments.source, terminal)?;
    let table = Table::new(&baseline, &reached);
    match arguments.format {
        Output::Human => table.write(&mut terminal.out)?,
        Output::Json => write_json(terminal, &table.json())?,
        Output::Html => html::write(&table, &mut terminal.out)?,
    }
    terminal.out.flush()?;
    Ok(outcome(table.has_gap()))
}

/// Sections × rules × cases.
pub(super) struct Table<'t> {
    pub(super) baseline: &'t Baseline,
    pub(super) reached: &'t Reached,
    pub(super) rules: Vec<Row<'t>>,
    pub(super) sections: Vec<Section<'t>>,
}

/// One rule and its cases.
pub(super) struct Row<'t> {
    pub(super) rule: &'t Rule,
    pub(super) coverage: Coverage,
    /// Why the policy has it so that no case shows all of it.
    pub(super) allowed: Option<&'t str>,
}

/// One section and the rules that cite it.
pub(super) struct Section<'t> {
    pub(super) id: &'t str,
    /// Positions in the list of rules.
    pub(super) rules: Vec<usize>,
}

impl Row<'_> {
    /// What no case shows of it; empty if nothing, and for a rule that is only cited.
    pub(super) fn gaps(&self) -> Vec<&'static str> {
        if !self.rule.kind.is_compiled() {
            return Vec::new();
        }
        let closes = !self.rule.written.scope.else_deny.is_empty();
        [
            (self.coverage.decided_by.is_empty(), "no case that it decides"),
            (
                closes && self.coverage.closed_by.is_empty(),
                "no case that it keeps out",
            ),
            (
                self.coverage.spared_by.is_empty(),
                "no case in which it is in scope and does not decide",
            ),
        ]
        .into_iter()
        .filter(|(gap, _)| *gap)
        .map(|(_, text)| text)
        .collect()
    }
}

impl Row<'_> {
    /// Whether no case shows all of it and the policy does not say why.
    pub(super) fn is_open(&self) -> bool {
        self.allowed.is_none() && !self.gaps().is_empty()
    }
}

impl<'t> Table<'t> {
    fn new(baseline: &'t Baseline, reached: &'t Reached) -> Self {
        let rules: Vec<Row<'t>> = baseline
            .rules()
            .iter()
            .map(|(_, rule)| Row {
                rule,
                coverage: reached.rule(&rule.id),
                allowed: baseline
                    .allowances()
                    .iter()
                    .find(|it| it.lint == Lint::RuleWithoutCase && it.subject == rule.id)
                    .map(|it| it.reason.as_str()),
            })
            .collect();
        let mut sections: BTreeMap<Vec<Part<'t>>, Section<'t>> = BTreeMap::new();
        for (at, row) in rules.iter().enumerate() {
            for section in &row.rule.section {
                let entry = sections.entry(in_order(section));
                entry
                    .or_insert_with(|| Section {
                        id: section,
                        rules: Vec::new(),
                    })
                    .rules
                    .push(at);
            }
        }
        Self {
            baseline,
            reached,
            rules,
            sections: sections.into_values().collect(),
        }
    }

    pub(super) fn rows<'a>(&'a self, section: &'a Section<'t>) -> impl Iterator<Item = &'a Row<'t>> {
        section.rules.iter().filter_map(|at| self.rules.get(*at))
    }

    /// The compiled rules of a section, and how many of them cases show both ways.
    pub(super) fn shown(&self, section: &Section<'_>) -> (usize, usize) {
        let compiled = self.rows(section).filter(|row| row.rule.kind.is_compiled());
        compiled.fold((0, 0), |(all, both), row| {
            (all + 1, both + usize::from(row.coverage.both_ways()))
        })
    }

    fn has_gap(&self) -> bool {
        !self.reached.failed.is_empty() || self.rules.iter().any(Row::is_open)
    }

    fn compiled(&self) -> impl Iterator<Item = &Row<'t>> {
        self.rules.iter().filter(|row| row.rule.kind.is_compiled())
    }

    /// The numbers that sum it up: compiled rules; decided, spared, both ways; only cited; cited by a case.
    pub(super) fn totals(&self) -> [usize; 6] {
        let cited = self.rules.iter().filter(|row| !row.rule.kind.is_compiled());
        [
            self.compiled().count(),
            self.compiled()
                .filter(|row| !row.coverage.decided_by.is_empty())
                .count(),
            self.compiled()
                .filter(|row| !row.coverage.spared_by.is_empty())
                .count(),
            self.compiled().filter(|row| row.coverage.both_ways()).count(),
            cited.clone().count(),
            cited.filter(|row| !row.coverage.decided_by.is_empty()).count(),
        ]
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let [compiled, decided, spared, both, cited, cited_by] = self.totals();
        writeln!(
            out,
            "{}",
            paint(BOLD, &format!("policy {}", safe(self.baseline.version())))
        )?;
        let percent = |part: usize| (part * 100).checked_div(compiled).unwrap_or(100);
        writeln!(
            out,
            "  {} of {}",
            count(self.reached.cases.len(), "case", "cases"),
            count(self.files(), "file", "files")
        )?;
        writeln!(
            out,
            "  {compiled} rules are run: {both} shown both ways ({} %), {decided} decide a case, {spared} are in scope of one and do not",
            percent(both)
        )?;
        writeln!(
            out,
            "  {cited} rules are only cited: {cited_by} of them by a case"
        )?;
        writeln!(out, "\n{}", paint(BOLD, "sections"))?;
        let width = self
            .sections
            .iter()
            .map(|it| it.id.chars().count())
            .max()
            .unwrap_or(0);
        for section in &self.sections {
            let (all, both) = self.shown(section);
            let text = match (all, !self.rows(section).any(Row::is_open)) {
                (0, _) => paint(DIM, "only cited"),
                (_, true) => paint(GREEN, &format!("{both} of {all}")),
                (_, false) => paint(RED, &format!("{both} of {all}")),
            };
            writeln!(out, "  §{:width$}  {text}", safe(section.id))?;
        }
        let gaps: Vec<&Row<'_>> = self.rules.iter().filter(|row| !row.gaps().is_empty()).collect();
        if !gaps.is_empty() {
            writeln!(out, "\n{}", paint(BOLD, "what no case reaches"))?;
        }
        for row in gaps {
            let head = format!(
                "  {} {} {}",
                paint(BOLD, &safe(&row.rule.id)),
                row.rule.kind.as_str(),
                paint(DIM, &safe(&sections(row.rule)))
            );
            wrapped(out, &head, "      ", &format!(" {}", row.gaps().join("; ")))?;
            if let Some(reason) = row.allowed {
                wrapped(out, "      allowed: ", "               ", &safe(reason))?;
            }
        }
        if !self.reached.failed.is_empty() {
            writeln!(
                out,
                "\n{}",
                paint(
                    RED,
                    "cases that get another answer than is written down, and count for nothing"
                )
            )?;
        }
        for (at, differences) in &self.reached.failed {
            if let Some(case) = self.reached.cases.get(*at) {
                writeln!(out, "  {}: {}", safe(&case.file), safe(&case.name))?;
                for line in differences.lines() {
                    writeln!(out, "    {}", safe(line))?;
                }
            }
        }
        Ok(())
    }

    fn files(&self) -> usize {
        let files: std::collections::BTreeSet<&str> =
            self.reached.cases.iter().map(|it| it.file.as_str()).collect();
        files.len()
    }

    fn json(&self) -> Value {
        let [compiled, decided, spared, both, cited, cited_by] = self.totals();
        let section = |it: &Section<'_>| {
            let (all, both) = self.shown(it);
            json!({
                "section": it.id,
                "rules": self.rows(it).map(|row| row.rule.id.as_str()).collect::<Vec<_>>(),
                "run": all,
                "both-ways": both,
            })
        };
        let rule = |row: &Row<'_>| {
            json!({
                "id": row.rule.id,
                "kind": row.rule.kind.as_str(),
                "section": row.rule.section,
                "group": row.rule.written.group(),
                "decides": row.coverage.decided_by,
                "closes": row.coverage.closed_by,
                "spares": row.coverage.spared_by,
                "in-scope": row.coverage.in_scope_of,
                "gaps": row.gaps(),
                "allowed": row.allowed,
            })
        };
        let failed = self
            .reached
            .failed
            .iter()
            .map(|(at, differences)| json!({ "case": at, "differences": differences }));
        json!({
            "policy": self.baseline.version(),
            "totals": {
                "cases": self.reached.cases.len(), "run": compiled, "decide": decided, "spare": spared, "both-ways": both,
                "cited": cited, "cited-by-a-case": cited_by,
            },
            "sections": self.sections.iter().map(section).collect::<Vec<_>>(),
            "rules": self.rules.iter().map(rule).collect::<Vec<_>>(),
            "cases": self.reached.cases.iter().map(|it| json!({ "file": it.file, "name": it.name })).collect::<Vec<_>>(),
            "failed": failed.collect::<Vec<_>>(),
        })
    }
}

/// A part of a section's number, in the order in which people count: numbers before words, 2 before 10.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'s> {
    Number(u64),
    Word(&'s str),
}

fn in_order(section: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for piece in section.split(['.', '-']) {
        let digits = piece.find(|it: char| it.is_ascii_digit()).unwrap_or(piece.len());
        let (word, number) = piece.split_at(digits);
        if !word.is_empty() {
            parts.push(Part::Word(word));
        }
        match number.parse() {
            Ok(number) => parts.push(Part::Number(number)),
            Err(_) if number.is_empty() => {}
            Err(_) => parts.push(Part::Word(number)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_in_the_order_of_the_policy() {
        let mut sections = [
            "10", "3.2-E10", "9", "3.2-E8", "3.2", "3.1.2-5", "5-4b", "8-note", "8-2",
        ];
        sections.sort_by(|a, b| in_order(a).cmp(&in_order(b)));
        assert_eq!(
            sections,
            [
                "3.1.2-5", "3.2", "3.2-E8", "3.2-E10", "5-4b", "8-2", "8-note", "9", "10"
            ]
        );
    }
}
