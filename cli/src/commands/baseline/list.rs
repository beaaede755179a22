//! `licit baseline list`: the rules that match.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use licit_baseline::{Baseline, Id, Operation, Purpose, Rule, RuleKind};
use serde_json::json;

use super::{Policy, count, find, sections, write_json};
use crate::commands::inspect::Output;
use crate::terminal::{BOLD, DIM, Problem, Terminal, columns, did_you_mean, paint, safe, wrapped};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policy: Policy,
    /// Only rules that cite this section or one below it: `3.2`, `3.2-E8`
    #[arg(long, value_name = "SECTION")]
    section: Vec<String>,
    /// Only rules of this group: the name of a rule file, or how it begins (`h-retention`, `h`)
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Only rules that are run for this operation
    #[arg(long, value_name = "ID")]
    operation: Vec<String>,
    /// Only rules that are run for this purpose
    #[arg(long, value_name = "ID")]
    purpose: Vec<String>,
    /// Only rules of this kind
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    format: Output,
}

/// What to list; an empty list lets everything through.
struct Filter {
    sections: Vec<String>,
    groups: Vec<String>,
    operations: Vec<Id<Operation>>,
    purposes: Vec<Id<Purpose>>,
    kinds: Vec<RuleKind>,
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let baseline = arguments.policy.read()?;
    let filter = Filter::new(arguments, &baseline)?;
    let matching = baseline
        .rules()
        .iter()
        .map(|(_, rule)| rule)
        .filter(|rule| filter.takes(rule, &baseline));
    let rules: Vec<&Rule> = matching.collect();
    match arguments.format {
        Output::Human => write(&rules, baseline.rules().len(), terminal)?,
        Output::Json => {
            let rule = |it: &&Rule| {
                json!({
                    "id": it.id,
                    "kind": it.kind.as_str(),
                    "section": it.section,
                    "group": it.written.group(),
                    "summary": it.summary,
                    "ambiguities": it.ambiguities,
                    "file": it.written.file,
                    "line": it.written.line,
                })
            };
            let document =
                json!({ "policy": baseline.version(), "rules": rules.iter().map(rule).collect::<Vec<_>>() });
            write_json(terminal, &document)?;
        }
    }
    terminal.out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn write(rules: &[&Rule], all: usize, terminal: &mut Terminal) -> Result<(), Problem> {
    let width =
        |text: &dyn Fn(&Rule) -> String| rules.iter().map(|rule| columns(&text(rule))).max().unwrap_or(0);
    let id_width = width(&|rule| safe(&rule.id));
    let kind_width = width(&|rule| rule.kind.as_str().to_owned());
    for rule in rules {
        let head = format!(
            "{}  {:kind_width$}  ",
            paint(BOLD, &format!("{:id_width$}", safe(&rule.id))),
            rule.kind.as_str()
        );
        let text = format!("{} {}", safe(&rule.summary), paint(DIM, &safe(&sections(rule))));
        wrapped(
            &mut terminal.out,
            &head,
            &" ".repeat(id_width + kind_width + 4),
            &text,
        )?;
    }
    let total = if rules.len() == all {
        count(all, "rule", "rules")
    } else {
        format!("{} of {}", rules.len(), count(all, "rule", "rules"))
    };
    writeln!(terminal.out, "{}", paint(DIM, &total))?;
    Ok(())
}

impl Filter {
    /// Checks what was asked for: a misspelt word would list nothing and look like an answer.
    fn new(arguments: &Arguments, baseline: &Baseline) -> Result<Self, Problem> {
        let rules = || baseline.rules().iter().map(|(_, rule)| rule);
        let sections: Vec<String> = arguments
            .section
            .iter()
            .map(|it| it.trim_start_matches('§').to_owned())
            .collect();
        for section in &sections {
            if !rules().any(|rule| rule.section.iter().any(|it| is_below(it, section))) {
                let near = did_you_mean(
                    section,
                    rules().flat_map(|rule| rule.section.iter().map(String::as_str)),
                );
                return Err(Problem::Text(format!("no rule cites section `{section}`{near}")));
            }
        }
        for group in &arguments.group {
            if !rules().any(|rule| in_group(rule, group)) {
                let near = did_you_mean(group, rules().map(|rule| rule.written.group()));
                return Err(Problem::Text(format!("no rule is in group `{group}`{near}")));
            }
        }
        let kind = |word: &String| {
            RuleKind::ALL
                .into_iter()
                .find(|it| it.as_str() == word)
                .ok_or_else(|| {
                    let all: Vec<&str> = RuleKind::ALL.iter().map(|it| it.as_str()).collect();
                    let near = did_you_mean(word, all.iter().copied());
                    Problem::Text(format!("unknown kind `{word}`{near}; one of: {}", all.join(", ")))
                })
        };
        let taxonomy = baseline.taxonomy();
        Ok(Self {
            sections,
            groups: arguments.group.clone(),
            operations: arguments
                .operation
                .iter()
                .map(|id| find(&taxonomy.operations, id))
                .collect::<Result<_, _>>()?,
            purposes: arguments
                .purpose
                .iter()
                .map(|id| find(&taxonomy.purposes, id))
                .collect::<Result<_, _>>()?,
            kinds: arguments.kind.iter().map(kind).collect::<Result<_, _>>()?,
        })
    }

    fn takes(&self, rule: &Rule, baseline: &Baseline) -> bool {
        let (scope, purposes) = (&rule.written.scope, &baseline.taxonomy().purposes);
        let compiled = rule.kind.is_compiled();
        let on = |id: &Id<Operation>| {
            compiled && (scope.operations.contains(*id) || scope.else_deny.contains(*id))
        };
        // As the algebra has it: a permit speaks for what lies inside, the others for what they touch.
        let about = |id: &Id<Purpose>| {
            let inside = rule.kind == RuleKind::Permit && scope.else_deny.is_empty();
            compiled
                && if inside {
                    purposes.lies_in(*id, &scope.purposes)
                } else {
                    purposes.overlaps(*id, &scope.purposes)
                }
        };
        let any = |empty: bool, found: bool| empty || found;
        any(
            self.sections.is_empty(),
            self.sections
                .iter()
                .any(|it| rule.section.iter().any(|own| is_below(own, it))),
        ) && any(
            self.groups.is_empty(),
            self.groups.iter().any(|it| in_group(rule, it)),
        ) && any(self.operations.is_empty(), self.operations.iter().any(on))
            && any(self.purposes.is_empty(), self.purposes.iter().any(about))
            && any(self.kinds.is_empty(), self.kinds.contains(&rule.kind))
    }
}

/// Whether a section is the wanted one or below it: `3.2-E8` is below `3.2` and `3`, `3.1.2` is not below `3.1.20`.
pub(super) fn is_below(section: &str, wanted: &str) -> bool {
    section
        .strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

/// Whether a rule is in a group, given by the name of its file or the letter and number with which that begins.
fn in_group(rule: &Rule, wanted: &str) -> bool {
    let group = rule.written.group();
    let head = group.split('-').next().unwrap_or(group);
    let letters = head.trim_end_matches(|it: char| it.is_ascii_digit());
    [group, head, letters]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(wanted))
}
