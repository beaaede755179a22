//! Which missing facts could still change an answer, with which values: what-if questions, never decisions.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use licit_baseline::{
    Baseline, Certainty, Decision, Fact, FactType, FactValue, Id, OperationKind, Rule, RuleKind, Supplier,
    Taxonomy,
};

use crate::assemble::assemble;
use crate::edition::{Declared, Edition};
use crate::evaluate::{Options, evaluate, feature};
use crate::request::Request;
use crate::response::{DenyKind, Reason, Response};

/// What could still change the answer to one request.
///
/// Made by [`Host::openings`](crate::Host::openings). Everything it claims was evaluated: a value is said to permit
/// only if the request with that value, and with the other values of the same assignment, is permitted.
#[derive(Debug)]
pub struct Openings {
    /// The answer as it stands, with its explanation.
    pub response: Response,
    /// The missing facts that matter, by supplier: first what the request could state, last what the product's
    /// manifest would have to say. Of a permit: those with a value that takes it back.
    pub facts: Vec<Opening>,
    /// Whether it is a permit, or some assignment of these facts leads to one. If it does, the `chosen` values of
    /// `facts` are one.
    pub permits: bool,
    /// The answer under the chosen values: a permit, or the nearest to one that was found, whose reasons are what
    /// stands in the way.
    pub nearest: Response,
    /// Whether no fact can change the answer, whatever its value: this is proven, not only tried.
    pub settled: bool,
    /// How many assignments were evaluated.
    pub evaluations: usize,
    /// Whether the search ended because it had evaluated as many as it may.
    pub exhausted: bool,
}

/// One missing fact that could still change an answer.
#[derive(Debug)]
pub struct Opening {
    /// Its name.
    pub name: String,
    /// Who supplies it.
    pub supplier: Supplier,
    /// What it says, in a few words.
    pub meaning: String,
    /// The value taken as long as it is missing.
    pub taken: Option<FactValue>,
    /// The value it has in the assignment that was found; none if another fact can stand in for it.
    pub chosen: Option<FactValue>,
    /// The facts of the assignment, any one of which it can stand in for.
    pub instead_of: Vec<String>,
    /// The values that were tried.
    pub values: Vec<Candidate>,
    /// The rules in scope that read it and do not yet favour the request. A legal determination is needed for each.
    pub rules: Vec<String>,
}

/// One value of a missing fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The value.
    pub value: FactValue,
    /// Whether it stands for any value: a reference, a free text.
    pub any: bool,
    /// Whether the request is permitted with it and the other chosen values.
    pub permits: bool,
    /// Whether, with the other chosen values, nothing objects to it that would not object anyway.
    pub clears: bool,
}

/// The most evaluations that one question may cost.
const BUDGET: usize = 4_000;

/// A plugin that fails this often is not asked again: each of its failures may take as long as its limits allow.
const PATIENCE: usize = 3;

type Assumed = Vec<(Id<Fact>, FactValue)>;

/// How far an answer is from a permit; the smaller, the nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    decision: Decision,
    baseline: Decision,
    objections: usize,
    lacking: usize,
    missing: usize,
}

impl Distance {
    fn of(response: &Response) -> Self {
        let objects = |reason: &&Reason| match reason {
            Reason::Rule { kind, .. } => {
                matches!(kind, RuleKind::Deny | RuleKind::Require | RuleKind::Pend)
            }
            Reason::Plugin(_) => true,
        };
        let judgement = &response.judgement;
        let lacking = judgement.categories.iter().map(|it| it.lacking.iter().count());
        Self {
            decision: response.decision,
            baseline: judgement.decision,
            objections: response.reasons.iter().filter(objects).count(),
            lacking: lacking.sum(),
            missing: judgement.missing.len(),
        }
    }

    /// The same without what is merely missing: a fact that makes only this smaller is not needed.
    fn in_substance(mut self) -> Self {
        self.missing = 0;
        self
    }
}

/// A value to try, and whether it stands for any value.
type Trial = (FactValue, bool);

struct Search<'s> {
    edition: &'s Arc<Edition>,
    request: &'s Request,
    discharges: Option<&'s [String]>,
    /// Every fact that came up as open, with the values to try.
    open: Vec<(Id<Fact>, Vec<Trial>)>,
    evaluations: usize,
    failures: usize,
}

pub(crate) fn find(edition: &Arc<Edition>, request: &Request, discharges: Option<&[String]>) -> Openings {
    let mut search = Search {
        edition,
        request,
        discharges,
        open: Vec::new(),
        evaluations: 0,
        failures: 0,
    };
    let response = search.explained(&[]);
    let optional = search.optional(&response);
    let settled = settled(edition, request, &response, optional.is_empty());
    let mut assumed = Assumed::new();
    let facts = if response.decision == Decision::Permit {
        search.open(&response, optional);
        search.risks(&response)
    } else if settled {
        Vec::new()
    } else {
        search.widen(&response);
        search.approach(&mut assumed);
        search.drop_superfluous(&mut assumed);
        search.openings(&response, &assumed)
    };
    let nearest = search.explained(&assumed);
    Openings {
        permits: nearest.decision == Decision::Permit,
        response,
        facts,
        nearest,
        settled,
        evaluations: search.evaluations,
        exhausted: search.spent(),
    }
}

impl Search<'_> {
    fn spent(&self) -> bool {
        self.evaluations >= BUDGET || self.failures >= PATIENCE
    }

    fn answer(&mut self, assumed: &[(Id<Fact>, FactValue)], explain: bool) -> Response {
        self.evaluations += 1;
        let discharges = self.discharges;
        let options = Options {
            discharges,
            explain,
            assumed,
        };
        let response = evaluate(self.edition, self.request, &options);
        if matches!(response.deny_kind, Some(DenyKind::PluginFailed(_))) {
            self.failures += 1;
        }
        response
    }

    fn explained(&mut self, assumed: &[(Id<Fact>, FactValue)]) -> Response {
        self.answer(assumed, true)
    }

    fn distance(&mut self, assumed: &[(Id<Fact>, FactValue)]) -> Distance {
        let response = self.answer(assumed, false);
        self.widen(&response);
        Distance::of(&response)
    }

    /// Notes the facts that an answer leaves open, as far as somebody could supply them.
    fn widen(&mut self, response: &Response) {
        let table = &self.edition.baseline.taxonomy().facts;
        let missing: Vec<Id<Fact>> = response.judgement.missing.iter().collect();
        let mut found = Vec::new();
        for fact in missing {
            let supplier = table.get(fact).map(|it| it.supplier);
            match supplier {
                Some(Supplier::Engine) => {
                    let inputs = inputs(table.name(fact)).iter();
                    found.extend(inputs.filter_map(|name| table.find(name)));
                }
                _ => found.push(fact),
            }
            found.extend(self.edition.profile.selectors(fact));
        }
        self.open(response, found);
    }

    /// Opens these facts, unless they are stated or nothing is known to try for them.
    fn open(&mut self, response: &Response, found: Vec<Id<Fact>>) {
        let table = &self.edition.baseline.taxonomy().facts;
        for fact in found {
            // What the request is about is the question itself.
            let asked = ["operation", "product", "purpose", "data", "at"].contains(&table.name(fact));
            let stated = asked || self.request.facts.iter().any(|(other, _)| *other == fact);
            if !stated && !self.open.iter().any(|(other, _)| *other == fact) {
                let trials = trials(self.edition, self.request, response, fact);
                if !trials.is_empty() {
                    self.open.push((fact, trials));
                }
            }
        }
        // Of two facts that do equally well, the one that a request may state comes first.
        let rank = |fact: Id<Fact>| table.get(fact).map_or(usize::MAX, |it| rank(it.supplier));
        self.open.sort_by_key(|(fact, _)| rank(*fact));
    }

    /// The facts that the plugin's code can do without, and that nobody supplied: knowing one may still make it object.
    fn optional(&self, response: &Response) -> Vec<Id<Fact>> {
        let Some(plugin) = self.edition.plugin(self.request.product) else {
            return Vec::new();
        };
        let added = response.judgement.added_purposes.iter().copied();
        let mut optional = Vec::new();
        for purpose in std::iter::once(self.request.purpose).chain(added) {
            let feature = feature(self.request, &[]);
            let Declared::By(activity) = plugin.declared(self.request, purpose, feature) else {
                continue;
            };
            let facts = assemble(
                self.edition,
                self.request,
                Some(plugin),
                Some(activity),
                &[],
                |_, _, _| {},
            );
            let reads = activity.optional_reads.iter();
            optional.extend(reads.copied().filter(|fact| facts.supplied(*fact).is_none()));
        }
        optional
    }

    /// The open facts of a permit that has a value which takes it back.
    fn risks(&mut self, response: &Response) -> Vec<Opening> {
        let mut risks = Vec::new();
        for (fact, trials) in self.open.clone() {
            let mut values = Vec::new();
            for (value, any) in trials {
                let answer = self.answer(&[(fact, value.clone())], false);
                let permits = answer.decision == Decision::Permit;
                values.push(Candidate {
                    value,
                    any,
                    permits,
                    clears: permits,
                });
            }
            if values.iter().any(|it| !it.permits) {
                risks.push(self.opening(response, fact, None, &[], values));
            }
        }
        risks
    }

    /// Goes towards a permit, one fact at a time and, where no single fact helps, two at a time.
    fn approach(&mut self, assumed: &mut Assumed) {
        let mut here = self.distance(assumed);
        while here.decision != Decision::Permit && !self.spent() {
            let step = self
                .best_step(assumed, here)
                .or_else(|| self.best_pair(assumed, here));
            let Some((next, distance)) = step else { return };
            *assumed = next;
            here = distance;
        }
    }

    fn best_step(&mut self, assumed: &Assumed, here: Distance) -> Option<(Assumed, Distance)> {
        let mut best: Option<(Assumed, Distance)> = None;
        for (fact, trials) in self.open.clone() {
            for (value, _) in trials {
                if self.spent() {
                    return best;
                }
                let next = with(assumed, fact, value);
                if next == *assumed {
                    continue;
                }
                let distance = self.distance(&next);
                if distance < best.as_ref().map_or(here, |(_, best)| *best) {
                    best = Some((next, distance));
                }
            }
        }
        best
    }

    fn best_pair(&mut self, assumed: &Assumed, here: Distance) -> Option<(Assumed, Distance)> {
        let open = self.open.clone();
        for (index, (fact, trials)) in open.iter().enumerate() {
            for (value, _) in trials {
                let first = with(assumed, *fact, value.clone());
                for (other, trials) in open.iter().skip(index + 1) {
                    for (value, _) in trials {
                        if self.spent() {
                            return None;
                        }
                        let next = with(&first, *other, value.clone());
                        let distance = self.distance(&next);
                        if distance.in_substance() < here.in_substance() {
                            return Some((next, distance));
                        }
                    }
                }
            }
        }
        None
    }

    /// Takes out every value without which the answer is no further from a permit.
    fn drop_superfluous(&mut self, assumed: &mut Assumed) {
        let here = self.distance(assumed).in_substance();
        for fact in assumed.iter().map(|(fact, _)| *fact).rev().collect::<Vec<_>>() {
            let without: Assumed = assumed.iter().filter(|(it, _)| *it != fact).cloned().collect();
            if self.distance(&without).in_substance() <= here {
                *assumed = without;
            }
        }
    }

    fn openings(&mut self, response: &Response, assumed: &Assumed) -> Vec<Opening> {
        if assumed.is_empty() {
            return Vec::new();
        }
        let here = self.distance(assumed).in_substance();
        let mut openings = Vec::new();
        for (fact, trials) in self.open.clone() {
            let chosen = assumed.iter().find(|(it, _)| *it == fact).map(|(_, value)| value);
            let mut instead_of = Vec::new();
            let mut values = Vec::new();
            for (value, any) in trials {
                let distance = self.distance(&with(assumed, fact, value.clone()));
                let (mut permits, mut clears) = (
                    distance.decision == Decision::Permit,
                    distance.in_substance() <= here,
                );
                if chosen.is_none() {
                    let replaced = self.replaces(assumed, fact, &value, here);
                    (permits, clears) = (permits && !replaced.is_empty(), clears && !replaced.is_empty());
                    for other in replaced {
                        if !instead_of.contains(&other) {
                            instead_of.push(other);
                        }
                    }
                }
                values.push(Candidate {
                    value,
                    any,
                    permits,
                    clears,
                });
            }
            if chosen.is_some() || !instead_of.is_empty() {
                openings.push(self.opening(response, fact, chosen.cloned(), &instead_of, values));
            }
        }
        openings
    }

    /// The facts of an assignment that this value of another fact makes superfluous.
    fn replaces(
        &mut self,
        assumed: &Assumed,
        fact: Id<Fact>,
        value: &FactValue,
        here: Distance,
    ) -> Vec<Id<Fact>> {
        let mut replaced = Vec::new();
        for (other, _) in assumed {
            if self.spent() {
                break;
            }
            let without: Assumed = assumed.iter().filter(|(it, _)| it != other).cloned().collect();
            let swapped = with(&without, fact, value.clone());
            if self.distance(&swapped).in_substance() <= here {
                replaced.push(*other);
            }
        }
        replaced
    }

    fn opening(
        &self,
        response: &Response,
        fact: Id<Fact>,
        chosen: Option<FactValue>,
        instead_of: &[Id<Fact>],
        values: Vec<Candidate>,
    ) -> Opening {
        let baseline = &self.edition.baseline;
        let facts = &baseline.taxonomy().facts;
        let definition = facts.get(fact);
        Opening {
            name: facts.name(fact).to_owned(),
            supplier: definition.map_or(Supplier::Caller, |it| it.supplier),
            meaning: definition.map(|it| it.meaning.clone()).unwrap_or_default(),
            taken: definition.and_then(|it| it.unknown.clone()),
            chosen,
            instead_of: instead_of.iter().map(|it| facts.name(*it).to_owned()).collect(),
            values,
            rules: readers(baseline, response, fact),
        }
    }
}

/// The rules in scope that read a fact, or what is computed from it, and do not favour the request.
fn readers(baseline: &Baseline, response: &Response, fact: Id<Fact>) -> Vec<String> {
    let facts = &baseline.taxonomy().facts;
    let name = facts.name(fact);
    let mut readings = facts.empty_set();
    readings.insert(fact);
    for (id, other) in facts.iter().filter(|(_, it)| it.supplier == Supplier::Engine) {
        if inputs(&other.name).contains(&name) {
            readings.insert(id);
        }
    }
    let mut rules: Vec<String> = Vec::new();
    for (rule, kind, outcome) in response.considered() {
        let favours = match kind {
            "permit" => outcome == "covers",
            "deny" | "require" | "pend" => matches!(outcome, "silent" | "holds"),
            _ => true,
        };
        let reads = baseline.rules().find(rule).map(|rule| baseline.reads(rule));
        if !favours && reads.is_some_and(|reads| reads.intersects(&readings)) {
            rules.push(rule.to_owned());
        }
    }
    rules.dedup();
    rules
}

/// The facts from which the engine computes one of its own.
fn inputs(name: &str) -> &'static [&'static str] {
    match name {
        "consent.status" | "consent.explicit" | "consent.time" | "consent.withdrawn_at" => {
            &["consent.records"]
        }
        "transfer.from" => &["collection.operation_country"],
        "transfer.to" => &[
            "recipient.country",
            "storage.country",
            "storage.kind",
            "locus",
            "locus.country",
        ],
        _ => &[],
    }
}

fn rank(supplier: Supplier) -> usize {
    const ORDER: [Supplier; 7] = [
        Supplier::Caller,
        Supplier::State,
        Supplier::Register,
        Supplier::Host,
        Supplier::Law,
        Supplier::Manifest,
        Supplier::Engine,
    ];
    ORDER.iter().position(|it| *it == supplier).unwrap_or(ORDER.len())
}

fn with(assumed: &Assumed, fact: Id<Fact>, value: FactValue) -> Assumed {
    let mut next: Assumed = assumed.iter().filter(|(it, _)| *it != fact).cloned().collect();
    next.push((fact, value));
    next
}

/// Whether the answer is the same whatever anybody supplies: a permit whose plugin asks for nothing more, a product that
/// cannot answer, processing that the product does not declare, or a rule that forbids it by facts that are all known.
///
/// Rights are never settled: a refusal may be cited at any time.
fn settled(edition: &Edition, request: &Request, response: &Response, asks_no_more: bool) -> bool {
    let baseline = &*edition.baseline;
    let table = &baseline.taxonomy().facts;
    let judgement = &response.judgement;
    let feature = baseline.engine_facts().feature;
    let tells_apart = feature.is_some_and(|feature| judgement.missing.contains(feature));
    if request.kind == OperationKind::Right {
        return false;
    }
    match &response.deny_kind {
        None => return asks_no_more,
        Some(DenyKind::NotLoaded) => return true,
        Some(DenyKind::NotDeclared) if !tells_apart => return true,
        _ => {}
    }
    // The person's region says what the profile supplies.
    let region = baseline.engine_facts().region;
    if !request.facts.iter().any(|(fact, _)| Some(*fact) == region) {
        return false;
    }
    // A classification that is still open may set facts for the rules after it. What else it does only adds objections.
    let mut unsettled = table.empty_set();
    for it in judgement.considered.iter().filter(|it| !it.missing.is_empty()) {
        unsettled.add(&baseline.sets(it.rule));
    }
    // What is known without any missing fact stays so, by the logic of three values; but what the profile supplies, and
    // what is computed, may follow from facts that are missing.
    let steady = |rule: Id<Rule>| {
        let mut considered = judgement.considered.iter().filter(|it| it.rule == rule);
        let given = |fact: Id<Fact>| match table.get(fact).map(|it| it.supplier) {
            Some(Supplier::Host | Supplier::Register) | None => false,
            Some(Supplier::Engine) => inputs(table.name(fact)) == ["consent.records"],
            Some(_) => true,
        };
        let reads = baseline.reads(rule);
        considered.all(|it| it.missing.is_empty()) && !reads.intersects(&unsettled) && reads.iter().all(given)
    };
    response.reasons.iter().any(|reason| match reason {
        Reason::Rule {
            rule,
            kind: RuleKind::Deny | RuleKind::Require,
            certainty: Certainty::Known,
            ..
        } => steady(*rule),
        _ => false,
    })
}

/// The values to try for a fact: its closed list, what rules compare it with, and for an open domain one value that
/// stands for any.
fn trials(edition: &Edition, request: &Request, response: &Response, fact: Id<Fact>) -> Vec<Trial> {
    const MOST: usize = 24;
    let baseline = &edition.baseline;
    let taxonomy = baseline.taxonomy();
    let Some(definition) = taxonomy.facts.get(fact) else {
        return Vec::new();
    };
    let compared = baseline.compared_values(fact);
    let mut trials: Vec<Trial> = Vec::new();
    let mut add = |value: FactValue, any: bool| {
        if !trials.iter().any(|(other, _)| *other == value) {
            trials.push((value, any));
        }
    };
    let rows = edition.profile.rows(fact);
    let names = definition.values_of.as_deref();
    match definition.fact_type {
        FactType::Flag => [true, false]
            .into_iter()
            .for_each(|flag| add(FactValue::Flag(flag), false)),
        FactType::Text => {
            let words = definition.values.iter().map(String::as_str);
            let words = words.chain(rows.iter().map(String::as_str));
            words.for_each(|word| add(FactValue::Text(word.into()), false));
            match names {
                Some("countries") => {
                    let places = countries(taxonomy, &compared);
                    places
                        .into_iter()
                        .for_each(|place| add(FactValue::Text(place.into()), false));
                }
                Some("products") => add(FactValue::Text(request.product().into()), false),
                _ => {}
            }
            if names != Some("countries") {
                compared.into_iter().for_each(|value| add(value, false));
            }
            // A reference that has to have a row helps nobody while there is none.
            let free = rows.is_empty() && definition.register.is_none();
            if free && matches!(names, Some("references" | "free-text")) {
                add(FactValue::Text("REF-1".into()), true);
            }
        }
        FactType::Texts => match names {
            Some("consent-records") => consents(taxonomy, request, response)
                .into_iter()
                .for_each(|it| add(it, false)),
            Some("categories") => {
                let all: Vec<Box<str>> = request.data().map(Into::into).collect();
                let mut covers = taxonomy.categories.empty_set();
                request
                    .data
                    .iter()
                    .for_each(|id| covers.add(&taxonomy.categories.subtree(*id)));
                add(FactValue::Categories(all.into(), covers), false);
                add(
                    FactValue::Categories([].into(), taxonomy.categories.empty_set()),
                    false,
                );
            }
            _ => {
                add(FactValue::texts::<&str>([]), false);
                let words = definition.values.iter().map(String::as_str);
                words.for_each(|word| add(FactValue::texts([word]), false));
                match names {
                    Some("purposes") => add(FactValue::texts([request.purpose()]), false),
                    Some("products") => add(FactValue::texts([request.product()]), false),
                    _ => {}
                }
                compared.into_iter().for_each(|value| add(value, false));
            }
        },
        FactType::Integer => {
            let numbers = compared.iter().filter_map(|value| match value {
                FactValue::Integer(number) => Some(*number),
                _ => None,
            });
            let near =
                numbers.flat_map(|number| [number, number.saturating_sub(1), number.saturating_add(1)]);
            near.chain([1])
                .for_each(|number| add(FactValue::Integer(number), false));
        }
        FactType::Time => {
            instants(request.at, &compared)
                .into_iter()
                .for_each(|at| add(FactValue::Time(at), false));
        }
        FactType::Days => {
            compared.into_iter().for_each(|value| add(value, false));
            [0, 30, 365]
                .into_iter()
                .for_each(|days| add(FactValue::Days(SignedDuration::from_hours(24 * days)), false));
        }
    }
    trials.truncate(MOST);
    trials
}

/// The countries that rules name one by one, the data centres, one country of every group, and one of none.
fn countries(taxonomy: &Taxonomy, compared: &[FactValue]) -> Vec<String> {
    let grouped = |country: &str| {
        let mut groups = taxonomy.regions.iter();
        groups
            .any(|(_, region)| region.countries.len() > 1 && region.countries.iter().any(|it| it == country))
    };
    let alone = compared.iter().filter_map(|value| match value {
        FactValue::Text(word) if word.len() == 2 && !grouped(word) => Some(word.to_string()),
        _ => None,
    });
    let first = taxonomy
        .regions
        .iter()
        .filter_map(|(_, region)| region.countries.first().cloned());
    alone
        .chain(first)
        .chain(["SG".to_owned(), "BR".to_owned()])
        .collect()
}

/// No consent at all, and one given the day before for every purpose in play, plain and explicit.
fn consents(taxonomy: &Taxonomy, request: &Request, response: &Response) -> Vec<FactValue> {
    let given = day_before(request.at);
    let added = response.judgement.added_purposes.iter().copied();
    let purposes: Vec<&str> = std::iter::once(request.purpose)
        .chain(added)
        .map(|it| taxonomy.purposes.name(it))
        .collect();
    let records = |word: &str| {
        let record = |purpose: &&str| format!("{purpose}{word} given {given}");
        FactValue::consents(purposes.iter().map(record))
    };
    let none = FactValue::consents::<&str>([]);
    [records(""), records(" explicit"), none]
        .into_iter()
        .flatten()
        .collect()
}

fn day_before(at: Timestamp) -> Timestamp {
    at.checked_sub(SignedDuration::from_hours(24)).unwrap_or(at)
}

/// Just before, and more than a year before and after the request, and whatever rules name.
fn instants(at: Timestamp, compared: &[FactValue]) -> Vec<Timestamp> {
    let year = SignedDuration::from_hours(24 * 400);
    let far = [at.checked_add(year), at.checked_sub(year)];
    let named = compared.iter().filter_map(|value| match value {
        FactValue::Time(instant) => Some(*instant),
        _ => None,
    });
    std::iter::once(day_before(at))
        .chain(far.into_iter().flatten())
        .chain(named)
        .collect()
}
