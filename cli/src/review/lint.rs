//! What is wrong with a rule book although it can be read.

use std::collections::BTreeMap;

use licit_baseline::{
    Axes, Axis, Baseline, ConditionKey, Expression, ExpressionKind, Kleene, Lint, Rule, RuleKind,
    WrittenCondition,
};

use super::cases::Reached;
use super::logic::{Domain, Search, Space};
use super::parts::{Does, Part};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// The policy cannot mean what it says.
    Error,
    /// Somebody has to look at it.
    Warning,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One finding.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) lint: Lint,
    /// The rule, purpose or ambiguity.
    pub(crate) subject: String,
    pub(crate) message: String,
    pub(crate) why: String,
    pub(crate) fix: String,
    /// Where: file and line.
    pub(crate) place: Option<(String, usize)>,
    /// Why the policy's authors meant it, if they say so.
    pub(crate) allowed: Option<String>,
}

impl Finding {
    pub(crate) fn severity(&self) -> Severity {
        match self.lint {
            Lint::UnreachableRule | Lint::ShadowedPermit | Lint::ConstantCondition => Severity::Error,
            Lint::UnpermittedPurpose
            | Lint::DenyWithoutCase
            | Lint::RuleWithoutCase
            | Lint::AmbiguityWithoutCase
            | Lint::UnusedAllowance => Severity::Warning,
        }
    }

    fn about(
        rule: &Rule,
        lint: Lint,
        message: String,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            lint,
            subject: rule.id.clone(),
            message,
            why: why.into(),
            fix: fix.into(),
            place: Some((rule.written.file.clone(), rule.written.line)),
            allowed: None,
        }
    }
}

/// Everything found, that which is allowed included; what the cases lack only if there are cases.
pub(crate) fn find(baseline: &Baseline, reached: Option<&Reached>) -> Vec<Finding> {
    let parts = Part::all(0, baseline);
    let mut space = Space::new(&[baseline]);
    let mut found = Vec::new();
    for (_, rule) in baseline.rules().iter() {
        let own = Part::of(0, baseline, rule);
        let before = found.len();
        for part in &own {
            found.extend(empty_axis(part, &space).map(|axis| unreachable(part, axis)));
        }
        if found.len() == before {
            constants(&own, &mut space, &mut found);
        }
    }
    shadowed(&parts, &mut space, &mut found);
    purposes(baseline, &parts, &mut found);
    if let Some(reached) = reached {
        without_cases(baseline, reached, &mut found);
    }
    allow(baseline, found, reached.is_some())
}

/// The first axis on which nothing can lie in the scope.
fn empty_axis(part: &Part<'_>, space: &Space<'_>) -> Option<&'static str> {
    let scope = &part.rule.written.scope;
    let domain = part.domain(space);
    let axes = [
        (domain.operations.is_empty(), "operations"),
        (domain.purposes.is_empty(), "purposes"),
        (domain.products.is_empty(), "products"),
        (
            scope
                .recipients
                .as_ref()
                .is_some_and(licit_baseline::Set::is_empty),
            "recipients",
        ),
        (domain.categories.is_empty() && !domain.without_data, "data"),
    ];
    axes.into_iter().find(|(empty, _)| *empty).map(|(_, axis)| axis)
}

fn unreachable(part: &Part<'_>, axis: &str) -> Finding {
    let what = if part.is_closure() {
        "the ban that it brings along"
    } else {
        "it"
    };
    let why = match (part.does, axis) {
        (Does::Grants, "data") => {
            "a permit covers what lies inside its scope with everything below it, and no category does"
        }
        (Does::Grants, "purposes") => {
            "a permit covers what lies inside its scope with everything below it, and no purpose does"
        }
        _ => "its scope names nothing that a request can state",
    };
    Finding::about(
        part.rule,
        Lint::UnreachableRule,
        format!("no request can reach {what}: nothing lies in its scope by `{axis}`"),
        why,
        format!("widen `{axis}`, or delete the rule"),
    )
}

/// Conditions of a rule that say the same whatever the facts are.
fn constants(parts: &[Part<'_>], space: &mut Space<'_>, found: &mut Vec<Finding>) {
    let Some(main) = parts.first() else { return };
    let before = found.len();
    // A closed set asks its condition where it grants and where it forbids.
    let mut domain = main.domain(space);
    for part in parts {
        domain = domain.with(part.domain(space));
    }
    if main.is_asked_about() {
        domain.operations = (0..space.operations.names.len()).collect();
    }
    for condition in &main.rule.written.conditions {
        let opens = main.does == Does::Grants || !matches!(condition.key, ConditionKey::When);
        space.clear();
        let formula = space.part(0, main.rule, condition.key, opens, &condition.expression);
        let holds = |value: Kleene| {
            if opens {
                value == Kleene::True
            } else {
                value != Kleene::False
            }
        };
        let never = space.search(&domain, |at| holds(at.value(&formula))) == Search::None;
        let always = !never && space.search(&domain, |at| !holds(at.value(&formula))) == Search::None;
        if never || always {
            found.push(constant(
                main.rule,
                condition,
                &condition.expression,
                always,
                opens,
            ));
            continue;
        }
        let inside = Inside {
            rule: main.rule,
            domain: &domain,
            condition,
        };
        inside.operands(&condition.expression, opens, space, found);
    }
    if found.len() > before {
        return;
    }
    // Each condition may be fine and still exclude the others.
    for part in parts {
        space.clear();
        let domain = part.domain(space);
        let fires = part.fires(space);
        if space.search(&domain, |at| fires.here(at)) == Search::None {
            let what = match (part.does, part.is_closure()) {
                (Does::Grants, _) => "it never covers anything",
                (_, true) => "the ban that it brings along never fires",
                _ => "it never fires",
            };
            found.push(Finding::about(
                part.rule,
                Lint::ConstantCondition,
                format!("{what}: its conditions exclude each other"),
                "no values that its facts may have within its scope make it do anything",
                "correct the conditions, or delete the rule",
            ));
        }
    }
}

fn constant(
    rule: &Rule,
    condition: &WrittenCondition,
    part: &Expression,
    holds: bool,
    opens: bool,
) -> Finding {
    let key = condition.key.as_str();
    let snippet = condition.text.get(part.span.clone()).unwrap_or(&condition.text);
    let whole = part.span == condition.expression.span;
    let what = if whole {
        format!("`{key}`")
    } else {
        format!("`{}` in `{key}`", one_line(snippet))
    };
    let why = match (holds, opens) {
        (true, false) if whole => {
            "where a condition works against the processing, not knowing counts as holding, and no value makes it fail"
        }
        (true, _) => "it holds for every value that its facts may have within the scope of the rule",
        (false, _) => "no value that its facts may have within the scope of the rule makes it hold",
    };
    Finding::about(
        rule,
        Lint::ConstantCondition,
        format!("{what} {} holds", if holds { "always" } else { "never" }),
        why,
        if whole {
            format!("delete `{key}`, or say what is meant")
        } else {
            "delete this part, or say what is meant".to_owned()
        },
    )
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The parts of one condition of one rule.
struct Inside<'p> {
    rule: &'p Rule,
    domain: &'p Domain,
    condition: &'p WrittenCondition,
}

impl Inside<'_> {
    /// Looks at each operand of a condition that is not constant itself.
    fn operands(
        &self,
        expression: &Expression,
        opens: bool,
        space: &mut Space<'_>,
        found: &mut Vec<Finding>,
    ) {
        match &expression.kind {
            ExpressionKind::Not(inner) => self.operands(inner, !opens, space, found),
            ExpressionKind::All(operands) | ExpressionKind::Any(operands) => {
                for operand in operands {
                    self.operand(operand, opens, space, found);
                }
            }
            _ => {}
        }
    }

    fn operand(&self, operand: &Expression, opens: bool, space: &mut Space<'_>, found: &mut Vec<Finding>) {
        space.clear();
        let formula = space.part(0, self.rule, self.condition.key, opens, operand);
        for (value, holds) in [(Kleene::True, true), (Kleene::False, false)] {
            // As a part of something, not knowing is a value of its own.
            if space.search(self.domain, |at| at.value(&formula) != value) == Search::None {
                found.push(constant(self.rule, self.condition, operand, holds, true));
                return;
            }
        }
        self.operands(operand, opens, space, found);
    }
}

/// Permits of which a ban or a gate leaves nothing.
fn shadowed(parts: &[Part<'_>], space: &mut Space<'_>, found: &mut Vec<Finding>) {
    let bans: Vec<(&Part<'_>, Domain)> = parts
        .iter()
        .filter(|part| part.does == Does::Forbids)
        .map(|part| (part, part.sure_domain(space)))
        .collect();
    for permit in parts.iter().filter(|part| part.does == Does::Grants) {
        let domain = permit.domain(space);
        if domain.is_empty() {
            continue;
        }
        for (ban, banned) in &bans {
            let lies_in = |some: &[usize], all: &[usize]| some.iter().all(|at| all.binary_search(at).is_ok());
            let recipients = match (
                &ban.rule.written.scope.recipients,
                &permit.rule.written.scope.recipients,
            ) {
                (None, _) => true,
                (Some(all), Some(some)) => some.is_subset(all),
                (Some(_), None) => false,
            };
            let covers = recipients
                && ban.rule.id != permit.rule.id
                && lies_in(&domain.operations, &banned.operations)
                && lies_in(&domain.purposes, &banned.purposes)
                && lies_in(&domain.products, &banned.products)
                && lies_in(&domain.categories, &banned.categories);
            if !covers {
                continue;
            }
            space.clear();
            let (granted, forbidden) = (permit.fires(space), ban.fires(space));
            if space.search(&domain, |at| granted.here(at) && !forbidden.here(at)) == Search::None
                && space.search(&domain, |at| granted.here(at)) != Search::None
            {
                found.push(Finding::about(
                    permit.rule,
                    Lint::ShadowedPermit,
                    format!("`{}` forbids everything that it grants", ban.rule.id),
                    format!("§{} is in scope wherever this permit covers, and fires under the same condition or a weaker one; a deny wins", ban.rule.section.join(", §")),
                    "narrow the ban, or delete the permit",
                ));
                break;
            }
        }
    }
}

/// Purposes that no permit is about.
///
/// A permit for any purpose whatsoever (for data that identifies nobody, say) is about none of them.
fn purposes(baseline: &Baseline, parts: &[Part<'_>], found: &mut Vec<Finding>) {
    let table = &baseline.taxonomy().purposes;
    let grants: Vec<&Part<'_>> = parts
        .iter()
        .filter(|part| {
            part.does == Does::Grants && !part.rule.written.grants.both(Axes::of(Axis::Purpose)).is_empty()
        })
        .filter(|part| !part.rule.written.words("purposes").is_empty())
        .filter(|part| {
            !part.rule.written.scope.operations.is_empty() && !part.rule.written.scope.admits.is_empty()
        })
        .collect();
    for (id, purpose) in table.iter() {
        // A group need not be permitted as a whole; what lies below it is looked at by itself.
        let is_group = table.subtree(id).len() > 1;
        if is_group
            || grants
                .iter()
                .any(|part| table.lies_in(id, &part.rule.written.scope.purposes))
        {
            continue;
        }
        found.push(Finding {
            lint: Lint::UnpermittedPurpose,
            subject: purpose.id.clone(),
            message: format!(
                "no permit that names its purposes grants `{}` for any operation",
                purpose.id
            ),
            why:
                "what nothing grants is denied: a request for it gets at most what is granted for any purpose"
                    .to_owned(),
            fix: "write a permit for it, or say in an `[[allow]]` entry why there is none".to_owned(),
            place: None,
            allowed: None,
        });
    }
}

/// Rules and ambiguities that no case shows.
fn without_cases(baseline: &Baseline, reached: &Reached, found: &mut Vec<Finding>) {
    let mut ambiguities: BTreeMap<(String, usize), (&str, &Rule)> = BTreeMap::new();
    for (_, rule) in baseline.rules().iter() {
        for ambiguity in &rule.ambiguities {
            let number = ambiguity
                .trim_start_matches(|it: char| !it.is_ascii_digit())
                .parse()
                .unwrap_or(usize::MAX);
            ambiguities
                .entry((ambiguity.clone(), number))
                .or_insert((ambiguity, rule));
        }
        if !rule.kind.is_compiled() {
            continue;
        }
        let coverage = reached.rule(&rule.id);
        let denies = rule.kind == RuleKind::Deny;
        if coverage.decided_by.is_empty() {
            let (lint, what) = if denies {
                (Lint::DenyWithoutCase, "triggers it")
            } else {
                (Lint::RuleWithoutCase, "it decides")
            };
            found.push(Finding::about(
                rule,
                lint,
                format!(
                    "no case {}",
                    if denies {
                        what.to_owned()
                    } else {
                        format!("that {what}")
                    }
                ),
                "a rule that nothing shows at work may say anything",
                format!(
                    "write a case `{}: …` with it in `deciding`, in tests/cases/rules/{}.toml",
                    rule.id,
                    rule.written.group()
                ),
            ));
        } else if !rule.written.scope.else_deny.is_empty() && coverage.closed_by.is_empty() {
            found.push(Finding::about(
                rule,
                Lint::DenyWithoutCase,
                "no case triggers its `else-deny`".to_owned(),
                "what a closed set keeps out is as much a rule as what it lets in",
                format!(
                    "write a case `{}: …` that it keeps out, in tests/cases/rules/{}.toml",
                    rule.id,
                    rule.written.group()
                ),
            ));
        }
        if coverage.spared_by.is_empty() {
            found.push(Finding::about(
                rule,
                Lint::RuleWithoutCase,
                "no case in which it is in scope and does not decide".to_owned(),
                "what shows only that it decides does not show where it stops",
                format!(
                    "write a case `{}: …` with it in `considered`, in tests/cases/rules/{}.toml",
                    rule.id,
                    rule.written.group()
                ),
            ));
        }
    }
    let mut ambiguities: Vec<_> = ambiguities.into_iter().collect();
    ambiguities.sort_by_key(|((_, number), _)| *number);
    for (_, (ambiguity, rule)) in ambiguities {
        if reached.ambiguity(ambiguity).is_empty() {
            found.push(Finding {
                subject: ambiguity.to_owned(),
                ..Finding::about(
                    rule,
                    Lint::AmbiguityWithoutCase,
                    format!("no case is named after ambiguity {ambiguity}"),
                    "a lawyer who reads the wording the other way has to find the one place where it matters",
                    format!(
                        "write a case `{}-…: …` that would come out the other way under the other reading",
                        ambiguity.to_lowercase()
                    ),
                )
            });
        }
    }
}

/// Marks what the policy allows, and adds the allowances that nothing needs.
fn allow(baseline: &Baseline, mut found: Vec<Finding>, with_cases: bool) -> Vec<Finding> {
    let mut unused = Vec::new();
    for allowance in baseline.allowances() {
        let mut used = false;
        for finding in found
            .iter_mut()
            .filter(|it| it.lint == allowance.lint && it.subject == allowance.subject)
        {
            finding.allowed = Some(allowance.reason.clone());
            used = true;
        }
        let about_cases = matches!(
            allowance.lint,
            Lint::DenyWithoutCase | Lint::RuleWithoutCase | Lint::AmbiguityWithoutCase
        );
        if !used && (with_cases || !about_cases) {
            unused.push(Finding {
                lint: Lint::UnusedAllowance,
                subject: allowance.subject.clone(),
                message: format!(
                    "nothing needs the allowance of `{}` for `{}`",
                    allowance.lint.as_str(),
                    allowance.subject
                ),
                why: "an exception that outlives its reason hides the next finding".to_owned(),
                fix: "delete the `[[allow]]` entry".to_owned(),
                place: Some((allowance.file.clone(), allowance.line)),
                allowed: None,
            });
        }
    }
    found.extend(unused);
    found
}
