//! Loading is a decision too: whether a declaration may come into force (§14, and every rule about `load`).

use std::sync::Arc;

use jiff::Timestamp;
use licit_baseline::{
    Baseline, Decision, Fact, FactValue, Id, Judgement, Kleene, Manifest, Query, Rule, RuleKind, Timing,
};

use crate::assemble::assemble;
use crate::changes::Change;
use crate::edition::Edition;
use crate::request::Request;
use crate::response::outcome;

/// What is asked when a plugin is loaded: may this declaration come into force?
///
/// Made by [`Host::load_request`](crate::Host::load_request) from a manifest, before there is any code.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    pub(crate) baseline: Arc<Baseline>,
    pub(crate) manifest: Manifest,
    pub(crate) change: Change,
    pub(crate) at: Timestamp,
}

impl LoadRequest {
    /// The version of the policy that it was checked against.
    #[must_use]
    pub fn baseline(&self) -> &Arc<Baseline> {
        &self.baseline
    }

    /// The declaration.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it has beyond the last approved version, as the words of `plugin.delta`.
    #[must_use]
    pub fn widenings(&self) -> Vec<String> {
        self.change.words()
    }

    /// Whether the manifest, or the memory of changes, says what this fact is; for tests, whose general assumptions
    /// must not stand in for either.
    #[must_use]
    pub fn settles(&self, fact: Id<Fact>) -> bool {
        let known = self.baseline.engine_facts();
        let of_change = [
            known.plugin_delta,
            known.change_material,
            known.notice_kind,
            known.notice_time,
        ];
        let of_activity =
            |activity: &licit_baseline::Activity| activity.facts.iter().any(|(it, _)| *it == fact);
        of_change.contains(&Some(fact))
            || self.manifest.facts.iter().any(|(it, _)| *it == fact)
            || self.manifest.activities.iter().any(of_activity)
            || self.baseline.taxonomy().facts.name(fact) == "basis"
    }
}

/// The answer: one judgement per activity of the manifest, and per region in which the product is offered.
///
/// The plugin is loaded if every one of them is a permit.
#[derive(Debug)]
pub struct LoadAnswer {
    baseline: Arc<Baseline>,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    activity: String,
    judgement: Judgement,
    /// Duties that had to be discharged beforehand and cannot be.
    undischarged: Vec<Id<Rule>>,
}

impl Part {
    fn decision(&self) -> Decision {
        if self.undischarged.is_empty() {
            self.judgement.decision
        } else {
            Decision::Deny
        }
    }
}

impl LoadAnswer {
    /// Permit, or deny: then the last good version stays. A policy that knows no loading asks nothing and permits it.
    #[must_use]
    pub fn decision(&self) -> Decision {
        let decisions = self.parts.iter().map(Part::decision);
        decisions.max().unwrap_or(Decision::Permit)
    }

    /// The rules that decided, each once: the denies and gates that fired, and the classifications that changed
    /// something.
    #[must_use]
    pub fn deciding(&self) -> Vec<&Rule> {
        let found = self.parts.iter().flat_map(|part| {
            let deciding = part.judgement.deciding.iter().map(|finding| finding.rule);
            deciding.chain(part.undischarged.iter().copied())
        });
        self.rules(found)
    }

    /// Every rule in scope with what became of it, if that was asked for.
    #[must_use]
    pub fn considered(&self) -> Vec<(&str, &'static str, &'static str)> {
        let strongest = |rule: Id<Rule>| {
            let all = self.parts.iter().flat_map(|part| &part.judgement.considered);
            all.filter(|it| it.rule == rule)
                .map(|it| it.outcome)
                .max()
                .unwrap_or(Kleene::False)
        };
        let mut seen: Vec<(Id<Rule>, RuleKind)> = Vec::new();
        for considered in self.parts.iter().flat_map(|part| &part.judgement.considered) {
            let pair = (considered.rule, considered.kind);
            if !seen.contains(&pair) {
                seen.push(pair);
            }
        }
        let told = |(rule, kind): (Id<Rule>, RuleKind)| {
            (
                self.baseline.rules().name(rule),
                kind.as_str(),
                outcome(kind, strongest(rule)),
            )
        };
        seen.into_iter().map(told).collect()
    }

    /// The duties that come with it, each once: id, timing, and the rule that names it.
    #[must_use]
    pub fn obligations(&self) -> Vec<(&str, Timing, &Rule)> {
        let obligations = &self.baseline.taxonomy().obligations;
        let mut found: Vec<(&str, Timing, &Rule)> = Vec::new();
        for (rule, due) in self.parts.iter().flat_map(|part| &part.judgement.obligations) {
            let id = obligations.name(due.obligation);
            if let Some(rule) = self.baseline.rules().get(*rule)
                && !found
                    .iter()
                    .any(|(other, timing, _)| (*other, *timing) == (id, due.timing))
            {
                found.push((id, due.timing, rule));
            }
        }
        found
    }

    /// The names of the missing facts that leave a condition in scope open.
    #[must_use]
    pub fn missing(&self) -> Vec<&str> {
        let facts = &self.baseline.taxonomy().facts;
        let mut missing = facts.empty_set();
        self.parts
            .iter()
            .for_each(|part| missing.add(&part.judgement.missing));
        missing.iter().map(|fact| facts.name(fact)).collect()
    }

    /// The decision per data category of the manifest.
    #[must_use]
    pub fn categories(&self) -> Vec<(&str, Decision)> {
        let categories = &self.baseline.taxonomy().categories;
        let mut found: Vec<(&str, Decision)> = Vec::new();
        for outcome in self.parts.iter().flat_map(|part| &part.judgement.categories) {
            let name = categories.name(outcome.category);
            match found.iter_mut().find(|(other, _)| *other == name) {
                Some((_, decision)) => *decision = (*decision).max(outcome.decision),
                None => found.push((name, outcome.decision)),
            }
        }
        found
    }

    /// Why it is refused, in words; nothing if it is permitted.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for part in self
            .parts
            .iter()
            .filter(|part| part.decision() != Decision::Permit)
        {
            let fired = part.judgement.deciding.iter();
            let fired = fired
                .filter(|finding| finding.kind != RuleKind::Classify)
                .map(|finding| finding.rule);
            for rule in self.rules(fired.chain(part.undischarged.iter().copied())) {
                let section = rule.section.join(", §");
                let line = format!(
                    "activity `{}`: {} (`{}`, §{section})",
                    part.activity, rule.summary, rule.id
                );
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        lines
    }

    fn rules(&self, ids: impl Iterator<Item = Id<Rule>>) -> Vec<&Rule> {
        let mut seen: Vec<Id<Rule>> = Vec::new();
        for id in ids {
            if !seen.contains(&id) {
                seen.push(id);
            }
        }
        seen.into_iter()
            .filter_map(|id| self.baseline.rules().get(id))
            .collect()
    }
}

/// How a load is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'t> {
    pub(crate) at: Timestamp,
    /// The ids of the obligations that the service can discharge; `None`: all of them.
    pub(crate) discharges: Option<&'t [String]>,
    pub(crate) explain: bool,
    /// Facts taken for given, whoever supplies them: what-if questions only.
    pub(crate) assumed: &'t [(Id<Fact>, FactValue)],
}

/// Judges whether a declaration may come into force: one request per activity, and per region in which the product is
/// offered, because the law and the legal basis differ from one to the next.
pub(crate) fn judge(
    edition: &Edition,
    manifest: &Manifest,
    change: &Change,
    terms: &Terms<'_>,
) -> LoadAnswer {
    let baseline = &*edition.baseline;
    let mut parts = Vec::new();
    if let Some(operation) = baseline.taxonomy().operations.find("load") {
        let regions = manifest.regions.iter().map(|it| Some(it.as_str()));
        let regions: Vec<Option<&str>> = if manifest.regions.is_empty() {
            vec![None]
        } else {
            regions.collect()
        };
        for (position, activity) in manifest.activities.iter().enumerate() {
            for region in &regions {
                let at = terms.at;
                let mut request =
                    Request::for_load(&edition.baseline, manifest.product, operation, activity, at);
                if let (Some(fact), Some(region)) = (baseline.engine_facts().region, region) {
                    request.facts.push((fact, FactValue::Text((*region).into())));
                }
                let judgement = judge_one(edition, manifest, change, &request, position, terms);
                parts.push(part(baseline, &activity.id, judgement, terms));
            }
        }
    }
    LoadAnswer {
        baseline: Arc::clone(&edition.baseline),
        parts,
    }
}

fn judge_one(
    edition: &Edition,
    manifest: &Manifest,
    change: &Change,
    request: &Request,
    position: usize,
    terms: &Terms<'_>,
) -> Judgement {
    let baseline = &*edition.baseline;
    let activity = manifest.activities.get(position);
    let own = FactValue::Time(manifest.review_date);
    let assumed = terms.assumed;
    let mut facts = assemble(edition, request, None, activity, assumed, |_, _, _| {});
    for (fact, value) in &manifest.facts {
        facts.set(*fact, value);
    }
    for (fact, value) in change.facts(baseline, position) {
        facts.set(fact, value);
    }
    for (fact, value) in assumed {
        facts.set(*fact, value);
    }
    // Both the plugin's own review and that of the deployment's practice count; the older one decides (§6.1).
    if let Some(review) = baseline.engine_facts().review_date
        && facts.supplied(review).is_none_or(|value| later(value, &own))
    {
        facts.set(review, &own);
    }
    let query = Query {
        operation: request.operation,
        product: request.product,
        purpose: request.purpose,
        data: &request.data,
        explain: terms.explain,
        settled: None,
    };
    baseline.judge(&query, &facts)
}

fn part(baseline: &Baseline, activity: &str, judgement: Judgement, terms: &Terms<'_>) -> Part {
    let able = |id: &str| terms.discharges.is_none_or(|able| able.iter().any(|it| it == id));
    let owed = judgement.obligations.iter().filter(|(_, due)| {
        due.timing == Timing::Before && !able(baseline.taxonomy().obligations.name(due.obligation))
    });
    let undischarged = match judgement.decision {
        Decision::Permit => owed.map(|(rule, _)| *rule).collect(),
        _ => Vec::new(),
    };
    Part {
        activity: activity.to_owned(),
        judgement,
        undischarged,
    }
}

/// Whether the first instant is later than the second.
fn later(first: &FactValue, second: &FactValue) -> bool {
    matches!((first, second), (FactValue::Time(first), FactValue::Time(second)) if first > second)
}
