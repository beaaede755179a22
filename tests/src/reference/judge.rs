//! The decision algebra of `baseline/README.md`, rule by rule and category by category.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::{Expression, Touching, Truth, all, not, open_facts};
use super::policy::{Names, Policy, Rule, Tree};
use super::scene::{Receiver, Request, Scene, Value, instant};

/// An answer; the order is strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// Licit.
    Permit,
    /// A human is needed.
    Pend,
    /// Not licit.
    Deny,
}

impl Decision {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Pend => "pend",
            Self::Deny => "deny",
        }
    }
}

/// What the reference makes of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The answer.
    pub decision: Decision,
    /// By category: the answer, the axes that lack a grant, the rules that deny it or leave it pending, and the
    /// classification that added it.
    pub categories: BTreeMap<String, Outcome>,
    /// The rules that decided, each with its kind, and whether the facts say so or only do not exclude it.
    pub deciding: BTreeMap<(String, String), bool>,
    /// Denies, gates and pends that fired, whatever came out.
    pub objecting: BTreeMap<(String, String), bool>,
    /// Every rule in scope with its kind and what came of it.
    pub considered: BTreeMap<(String, String), Truth>,
    /// Duties: rule, duty, timing.
    pub obligations: BTreeSet<(String, String, String)>,
    /// The facts that leave something open.
    pub missing: BTreeSet<String>,
    /// Purposes that classification added.
    pub added_purposes: BTreeSet<String>,
}

/// The outcome for one category.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its own answer.
    pub decision: Decision,
    /// The axes that nothing grants.
    pub lacking: BTreeSet<String>,
    /// The rules that deny it or leave it pending.
    pub rules: BTreeSet<String>,
    /// The classifications that add it.
    pub added_by: BTreeSet<String>,
}

/// A category while it is being judged; the request as a whole if it has none.
#[derive(Debug)]
struct Subject {
    category: Option<String>,
    added_by: BTreeSet<String>,
    labels: Vec<String>,
    granted: BTreeSet<String>,
    covered: bool,
    decision: Decision,
    rules: BTreeSet<String>,
}

impl Subject {
    fn new(category: Option<String>) -> Self {
        Self {
            category,
            added_by: BTreeSet::new(),
            labels: Vec::new(),
            granted: BTreeSet::new(),
            covered: false,
            decision: Decision::Permit,
            rules: BTreeSet::new(),
        }
    }
}

/// The judgement under one purpose.
struct Judge<'p> {
    policy: &'p Policy,
    request: &'p Request,
    purpose: &'p str,
    facts: BTreeMap<String, Value>,
    subjects: Vec<Subject>,
    /// The categories of the subjects.
    data: Vec<String>,
    needed: BTreeSet<String>,
    granting: BTreeSet<String>,
    classifying: BTreeMap<String, bool>,
    objecting: BTreeMap<(&'p str, &'p str), bool>,
    considered: BTreeMap<(&'p str, &'p str), Truth>,
    /// The rules whose duties are owed, and the decisions that these come with.
    owing: Vec<(&'p Rule, Vec<String>)>,
    missing: BTreeSet<String>,
    added_purposes: BTreeSet<String>,
}

/// One part of a rule's condition, and what the rule needs of it in order to fire.
#[derive(Debug, Clone, Copy)]
struct Part<'p> {
    condition: Option<&'p Expression>,
    needs: Needs,
    touching: Touching,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Not to be false.
    Holds,
    /// Not to be true.
    Fails,
    /// To be known to be true.
    Known,
}

impl Part<'_> {
    fn value(&self, scene: &Scene<'_>) -> Truth {
        let value = scene.says(self.condition, self.touching);
        match self.needs {
            Needs::Holds => value,
            Needs::Fails => not(value),
            Needs::Known if scene.taken => Some(value == Some(true)),
            Needs::Known => value,
        }
    }
}

/// Judges a request.
#[must_use]
pub fn judge(policy: &Policy, request: &Request) -> Answer {
    let mut purposes = vec![request.purpose.clone()];
    let mut parts: Vec<Judge<'_>> = Vec::new();
    let mut waiting: Vec<String> = purposes.clone();
    while let Some(purpose) = waiting.pop() {
        let name = policy.purposes.ids.iter().find(|id| **id == purpose);
        let mut part = Judge::new(policy, request, name.map_or("", String::as_str));
        part.run();
        for added in &part.added_purposes {
            if !purposes.contains(added) {
                purposes.push(added.clone());
                waiting.push(added.clone());
            }
        }
        parts.push(part);
    }
    conclude(policy, request, parts, purposes)
}

fn is_processing(operation: &str) -> bool {
    operation != "right" && operation != "load"
}

/// Joins the judgements under all purposes: each of them has to permit.
fn conclude(policy: &Policy, request: &Request, parts: Vec<Judge<'_>>, purposes: Vec<String>) -> Answer {
    let processing = is_processing(&request.operation);
    let mut answer = Answer {
        decision: Decision::Permit,
        categories: BTreeMap::new(),
        deciding: BTreeMap::new(),
        objecting: BTreeMap::new(),
        considered: BTreeMap::new(),
        obligations: BTreeSet::new(),
        missing: BTreeSet::new(),
        added_purposes: purposes.into_iter().skip(1).collect(),
    };
    let mut lacks = false;
    for part in &parts {
        for subject in &part.subjects {
            let lacking: BTreeSet<String> = if processing {
                part.needed.difference(&subject.granted).cloned().collect()
            } else {
                BTreeSet::new()
            };
            lacks |= !lacking.is_empty() || (processing && subject.category.is_none());
            answer.decision = answer.decision.max(subject.decision);
            let Some(category) = &subject.category else {
                continue;
            };
            let outcome = answer
                .categories
                .entry(category.clone())
                .or_insert_with(|| Outcome {
                    decision: Decision::Permit,
                    lacking: BTreeSet::new(),
                    rules: BTreeSet::new(),
                    added_by: BTreeSet::new(),
                });
            outcome.added_by.extend(subject.added_by.clone());
            outcome.decision = outcome.decision.max(subject.decision);
            if !lacking.is_empty() {
                outcome.decision = Decision::Deny;
            }
            outcome.lacking.extend(lacking);
            outcome.rules.extend(subject.rules.clone());
        }
        for ((rule, kind), certain) in &part.objecting {
            *answer
                .objecting
                .entry(((*rule).to_owned(), (*kind).to_owned()))
                .or_default() |= certain;
        }
        for ((rule, kind), outcome) in &part.considered {
            let known = answer
                .considered
                .entry(((*rule).to_owned(), (*kind).to_owned()))
                .or_insert(Some(false));
            *known = stronger(*known, *outcome);
        }
        answer.missing.extend(part.missing.clone());
    }
    if lacks {
        answer.decision = Decision::Deny;
    }
    if answer.decision == Decision::Permit {
        let granting = parts.iter().flat_map(|part| &part.granting);
        answer
            .deciding
            .extend(granting.map(|rule| ((rule.clone(), "permit".to_owned()), true)));
    } else {
        answer.deciding.clone_from(&answer.objecting);
    }
    for (rule, certain) in parts.iter().flat_map(|part| &part.classifying) {
        *answer
            .deciding
            .entry((rule.clone(), "classify".to_owned()))
            .or_default() |= certain;
    }
    if let (true, Some(rule)) = (lacks, &policy.default_deny) {
        answer.deciding.insert((rule.clone(), "engine".to_owned()), true);
    }
    for (rule, decisions) in parts.iter().flat_map(|part| &part.owing) {
        if decisions.iter().any(|it| it == answer.decision.as_str()) {
            let due = rule
                .obligations
                .iter()
                .map(|(duty, timing)| (rule.id.clone(), duty.clone(), timing.clone()));
            answer.obligations.extend(due);
        }
    }
    answer
}

/// True before unknown before false.
fn stronger(one: Truth, other: Truth) -> Truth {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (None, _) | (_, None) => None,
        _ => Some(false),
    }
}

impl<'p> Judge<'p> {
    fn new(policy: &'p Policy, request: &'p Request, purpose: &'p str) -> Self {
        let mut facts = request.facts.clone();
        let words = [("operation", &request.operation), ("product", &request.product)];
        for (name, word) in words {
            facts.insert(name.to_owned(), Value::Text(word.clone()));
        }
        facts.insert("at".to_owned(), Value::Time(request.at));
        facts.extend(instant(&policy.effective).map(|it| ("policy.effective".to_owned(), Value::Time(it))));
        if let Some(Value::Words(records)) = request.facts.get("consent.records") {
            facts.extend(consent(records, purpose, request.at));
        }
        facts.retain(|name, _| policy.facts.contains_key(name));
        let named = request
            .data
            .iter()
            .map(|category| Subject::new(Some(category.clone())));
        let mut subjects: Vec<Subject> = named.collect();
        if subjects.is_empty() {
            subjects.push(Subject::new(None));
        }
        let operation = policy.operations.get(&request.operation);
        Self {
            policy,
            request,
            purpose,
            facts,
            subjects,
            data: request.data.clone(),
            needed: operation.into_iter().flat_map(|it| it.axes.clone()).collect(),
            granting: BTreeSet::new(),
            classifying: BTreeMap::new(),
            objecting: BTreeMap::new(),
            considered: BTreeMap::new(),
            owing: Vec::new(),
            missing: BTreeSet::new(),
            added_purposes: BTreeSet::new(),
        }
    }

    fn run(&mut self) {
        self.classify();
        for rule in &self.policy.rules {
            match rule.kind.as_str() {
                "permit" => self.closed_set(rule),
                "deny" | "require" | "pend" => self.object(rule),
                "oblige" => self.oblige(rule),
                _ => {}
            }
        }
        self.grant();
        self.settle_place();
        if self.is_right() {
            for subject in self.subjects.iter_mut().filter(|it| !it.covered) {
                subject.decision = subject.decision.max(Decision::Pend);
            }
        }
    }

    fn receiver(&self) -> Receiver<'_> {
        let operation = self.policy.operations.get(&self.request.operation);
        let outward = |axes: &Vec<String>| axes.iter().any(|axis| axis == "recipient" || axis == "place");
        if !operation.is_some_and(|it| outward(&it.axes)) {
            return Receiver::Nobody;
        }
        let stated = self.facts.get("recipient.class");
        match stated.or_else(|| self.policy.facts.get("recipient.class")?.taken.as_ref()) {
            Some(Value::Text(class)) if self.policy.recipients.ids.contains(class) => Receiver::Known(class),
            _ => Receiver::Unknown,
        }
    }

    /// Whether a rule applies to the request on every axis but the data: a grant needs it inside, all others are met by
    /// what touches them.
    fn applies(&self, rule: &Rule, operations: &Names, operation: &str, grants: bool) -> bool {
        let recipient = match (&rule.recipients, self.receiver()) {
            (None, _) | (_, Receiver::Nobody) => true,
            (Some(_), Receiver::Unknown) => !grants,
            (Some(set), Receiver::Known(recipient)) => fits(&self.policy.recipients, recipient, set, grants),
        };
        recipient
            && operations.contains(operation)
            && rule.products.contains(&self.request.product)
            && fits(&self.policy.purposes, self.purpose, &rule.purposes, grants)
    }

    /// Whether a rule that applies speaks about a subject.
    fn is_about(&self, rule: &Rule, grants: bool, at: usize) -> bool {
        self.subjects
            .get(at)
            .is_some_and(|subject| match &subject.category {
                None => !rule.names_data,
                Some(category) => {
                    fits(&self.policy.categories, category, &rule.data, grants)
                        || (!grants && subject.labels.iter().any(|label| rule.data.contains(label)))
                }
            })
    }

    /// The subjects that a rule other than a permit meets.
    fn met(&self, rule: &Rule, operations: &Names) -> Vec<usize> {
        if !self.applies(rule, operations, &self.request.operation, false) {
            return Vec::new();
        }
        (0..self.subjects.len())
            .filter(|at| self.is_about(rule, false, *at))
            .collect()
    }

    fn scene<'s>(&'s self, rule: Option<&'s Rule>, at: Option<usize>, taken: bool) -> Scene<'s> {
        let subject = at.and_then(|at| self.subjects.get(at));
        Scene {
            policy: self.policy,
            facts: &self.facts,
            law: &self.request.law,
            at: self.request.at,
            product: &self.request.product,
            purpose: self.purpose,
            recipient: self.receiver(),
            data: &self.data,
            category: subject.and_then(|it| it.category.as_deref()),
            labels: subject.map_or(&[], |it| it.labels.as_slice()),
            rule: rule.map(|rule| (rule.id.as_str(), rule.jurisdiction.as_str())),
            taken,
        }
    }

    /// Whether all parts are as the rule needs them, with the values taken for missing facts. Notes the facts that are
    /// missing where the known ones do not settle it.
    fn outcome(&mut self, rule: &'p Rule, kind: &'p str, parts: &[Part<'p>], at: usize) -> Truth {
        let mut found = Vec::new();
        let open = self.scene(Some(rule), Some(at), false);
        if all(parts.iter().map(|part| part.value(&open))).is_none() {
            for part in parts {
                let mut note = |fact: &str| found.push(fact.to_owned());
                part.condition
                    .iter()
                    .for_each(|it| open_facts(it, &open, part.touching, &mut note));
            }
        }
        let taking = Scene { taken: true, ..open };
        let outcome = all(parts.iter().map(|part| part.value(&taking)));
        self.missing.extend(found);
        self.consider(rule, kind, outcome);
        outcome
    }

    fn consider(&mut self, rule: &'p Rule, kind: &'p str, outcome: Truth) {
        let known = self.considered.entry((&rule.id, kind)).or_insert(Some(false));
        *known = stronger(*known, outcome);
    }

    /// Adds what is to be seen before all others are asked, until nothing new comes in.
    fn classify(&mut self) {
        loop {
            let size = |judge: &Self| {
                judge.data.len() + judge.subjects.iter().map(|it| it.labels.len()).sum::<usize>()
            };
            let before = size(self);
            for rule in self.policy.rules.iter().filter(|rule| rule.kind == "classify") {
                self.classify_by(rule);
            }
            if size(self) == before {
                break;
            }
        }
    }

    fn classify_by(&mut self, rule: &'p Rule) {
        let mut strongest = Some(false);
        let mut fired = Vec::new();
        let mut parts = firing(rule);
        if rule.if_known.is_some() {
            parts.push(part(rule.if_known.as_ref(), Needs::Known));
        }
        for at in self.met(rule, &rule.operations) {
            let outcome = self.outcome(rule, "classify", &parts, at);
            strongest = stronger(strongest, outcome);
            fired.extend((outcome != Some(false)).then_some(at));
        }
        if strongest != Some(false) && self.apply(rule, &fired) {
            *self.classifying.entry(rule.id.clone()).or_default() |= strongest == Some(true);
        }
    }

    /// False if the request itself had all of it.
    fn apply(&mut self, rule: &'p Rule, fired: &[usize]) -> bool {
        let mut changed = !rule.sets.is_empty();
        let mut adds = rule.adds_data.clone();
        for fact in &rule.adds_data_from {
            match self.scene(Some(rule), None, true).value(fact) {
                Some(Value::Words(words)) => adds.extend(words.iter().cloned()),
                _ => {
                    // It might name anything, which nothing could permit.
                    changed = true;
                    self.missing.insert(fact.clone());
                    let decision = if self.is_right() {
                        Decision::Pend
                    } else {
                        Decision::Deny
                    };
                    fired
                        .iter()
                        .for_each(|at| self.mark(rule, "classify", *at, decision, false));
                }
            }
        }
        for at in fired {
            let Some(subject) = self.subjects.get_mut(*at) else {
                continue;
            };
            for label in &rule.adds_label {
                if subject.category.as_ref().is_some_and(|it| it != label) {
                    changed = true;
                    if !subject.labels.contains(label) {
                        subject.labels.push(label.clone());
                    }
                }
            }
        }
        adds.retain(|category| self.policy.categories.ids.contains(category));
        for category in adds {
            if self.request.data.contains(&category) {
                continue;
            }
            changed = true;
            if !self.data.contains(&category) {
                self.subjects.retain(|it| it.category.is_some());
                self.subjects.push(Subject::new(Some(category.clone())));
                self.data.push(category.clone());
            }
            let added = self
                .subjects
                .iter_mut()
                .filter(|it| it.category.as_ref() == Some(&category));
            added.for_each(|it| it.added_by.extend([rule.id.clone()]));
        }
        for purpose in rule.adds_purpose.iter().filter(|it| *it != self.purpose) {
            self.added_purposes.insert(purpose.clone());
            changed = true;
        }
        self.facts.extend(rule.sets.iter().cloned());
        changed
    }

    fn is_right(&self) -> bool {
        self.request.operation == "right"
    }

    fn mark(&mut self, rule: &'p Rule, kind: &'p str, at: usize, decision: Decision, certain: bool) {
        if let Some(subject) = self.subjects.get_mut(at) {
            subject.decision = subject.decision.max(decision);
            subject.rules.insert(rule.id.clone());
        }
        *self.objecting.entry((&rule.id, kind)).or_default() |= certain;
    }

    fn owe(&mut self, rule: &'p Rule, decisions: &[&str]) {
        self.owing
            .push((rule, decisions.iter().map(|&it| it.to_owned()).collect()));
    }

    /// A deny, a gate or a pend.
    fn object(&mut self, rule: &'p Rule) {
        let met = self.met(rule, &rule.operations);
        let (asked, mut fired) = (!met.is_empty(), false);
        for at in met {
            let outcome = self.outcome(rule, &rule.kind, &firing(rule), at);
            fired |= outcome != Some(false);
            // What is not known refuses no right.
            if outcome == Some(false) || (self.is_right() && rule.kind == "deny" && outcome.is_none()) {
                continue;
            }
            let decision = if !self.is_right() || self.refuses(rule, at, outcome) {
                Decision::Deny
            } else {
                Decision::Pend
            };
            self.mark(rule, &rule.kind, at, decision, outcome == Some(true));
            if rule.kind == "require" {
                self.owing.push((rule, rule.accompanies.clone()));
            } else {
                self.owe(rule, &["pend", "deny"]);
            }
        }
        if rule.kind == "require" && asked && !fired {
            self.owing.push((rule, rule.accompanies.clone()));
        }
    }

    /// Whether a rule that fires refuses the right, and does not only leave it to a human.
    fn refuses(&mut self, rule: &'p Rule, at: usize, outcome: Truth) -> bool {
        let Some(condition) = &rule.refuse_when else {
            return rule.kind == "deny";
        };
        let mut found = Vec::new();
        let open = self.scene(Some(rule), Some(at), false);
        open_facts(condition, &open, Touching::Never, &mut |fact| {
            found.push(fact.to_owned())
        });
        let refuses = Scene { taken: true, ..open }.says(Some(condition), Touching::Never) == Some(true);
        self.missing.extend(found);
        refuses && outcome == Some(true)
    }

    fn oblige(&mut self, rule: &'p Rule) {
        for at in self.met(rule, &rule.operations) {
            if self.outcome(rule, "oblige", &firing(rule), at) != Some(false) {
                self.owing.push((rule, rule.accompanies.clone()));
            }
        }
    }

    /// A permit that closes its scope: what lies in it and is not known to be covered is denied.
    fn closed_set(&mut self, rule: &'p Rule) {
        for at in self.met(rule, &rule.else_deny) {
            let mut parts = vec![Part {
                condition: rule.within.as_ref(),
                needs: Needs::Holds,
                touching: Touching::Now,
            }];
            if self.may_cover(rule, at) {
                parts.push(part(rule.when.as_ref(), Needs::Fails));
            }
            let outcome = self.outcome(rule, "deny", &parts, at);
            if outcome != Some(false) {
                self.mark(rule, "deny", at, Decision::Deny, outcome == Some(true));
                self.owe(rule, &["pend", "deny"]);
            }
        }
    }

    /// Whether a closed set has all that brings the category under its ban: every part of it that lies in the scope, and
    /// its labels if nothing else does.
    fn may_cover(&self, rule: &Rule, at: usize) -> bool {
        let tree = &self.policy.categories;
        let has = |id: &str| {
            tree.below(id)
                .iter()
                .all(|it| !rule.data.contains(it) || rule.covers.contains(it))
        };
        let spared = self
            .subjects
            .get(at)
            .is_some_and(|subject| match &subject.category {
                Some(category) if tree.part_in(category, &rule.data) => has(category),
                _ => subject
                    .labels
                    .iter()
                    .all(|label| !rule.data.contains(label) || has(label)),
            });
        spared
            && self
                .scene(None, None, true)
                .one_at_most(rule.at_most_one.as_ref())
    }

    /// Permits, axis by axis and category by category.
    fn grant(&mut self) {
        let operation = self.policy.operations.get(&self.request.operation);
        let borrowed = operation.and_then(|it| it.purpose_as.as_deref());
        for rule in self.policy.rules.iter().filter(|rule| rule.kind == "permit") {
            self.grant_by(rule, &self.request.operation, &|_| true);
            if let Some(operation) = borrowed {
                self.grant_by(rule, operation, &|axis| axis == "purpose");
            }
        }
    }

    fn grant_by(&mut self, rule: &'p Rule, operation: &str, counts: &dyn Fn(&str) -> bool) {
        if !self.applies(rule, &rule.operations, operation, true) {
            return;
        }
        let about: Vec<usize> = (0..self.subjects.len())
            .filter(|at| self.is_about(rule, true, *at))
            .collect();
        for at in about {
            self.grant_axes(rule, &rule.grants, &rule.covers, counts, at);
            for (axes, data) in &rule.also_grants {
                let Some(category) = self.subjects.get(at).and_then(|it| it.category.as_ref()) else {
                    continue;
                };
                if self.policy.categories.whole_in(category, data) {
                    self.grant_axes(rule, axes, &rule.covers, counts, at);
                }
            }
        }
    }

    fn grant_axes(
        &mut self,
        rule: &'p Rule,
        axes: &[String],
        covers: &Names,
        counts: &dyn Fn(&str) -> bool,
        at: usize,
    ) {
        let tree = &self.policy.categories;
        let category = self.subjects.get(at).and_then(|it| it.category.as_ref());
        let covered = category.is_none_or(|category| tree.whole_in(category, covers));
        if !covered
            || !self
                .scene(None, None, true)
                .one_at_most(rule.at_most_one.as_ref())
        {
            self.consider(rule, "permit", Some(false));
            return;
        }
        let narrowed = Part {
            condition: rule.within.as_ref(),
            needs: Needs::Holds,
            touching: Touching::Negated,
        };
        let outcome = self.outcome(
            rule,
            "permit",
            &[part(rule.when.as_ref(), Needs::Holds), narrowed],
            at,
        );
        if outcome != Some(true) {
            return;
        }
        let granted: Vec<&String> = axes.iter().filter(|axis| counts(axis)).collect();
        let counted = !granted.is_empty() || !is_processing(&self.request.operation);
        if let Some(subject) = self.subjects.get_mut(at) {
            subject.covered = true;
            subject.granted.extend(granted.into_iter().cloned());
        }
        if counted {
            self.granting.insert(rule.id.clone());
            self.owe(rule, &["permit"]);
        }
    }

    /// No place grant is needed where the data does not leave.
    fn settle_place(&mut self) {
        let operation = self.policy.operations.get(&self.request.operation);
        let Some(condition) = operation.and_then(|it| it.place_unless.as_ref()) else {
            return;
        };
        let mut found = Vec::new();
        let open = self.scene(None, None, false);
        open_facts(condition, &open, Touching::Never, &mut |fact| {
            found.push(fact.to_owned())
        });
        let stays = Scene { taken: true, ..open }.says(Some(condition), Touching::Never) == Some(true);
        self.missing.extend(found);
        if stays {
            self.needed.remove("place");
        }
    }
}

fn fits(tree: &Tree, id: &str, set: &Names, grants: bool) -> bool {
    if grants {
        tree.whole_in(id, set)
    } else {
        tree.part_in(id, set)
    }
}

fn part(condition: Option<&Expression>, needs: Needs) -> Part<'_> {
    Part {
        condition,
        needs,
        touching: Touching::Never,
    }
}

/// What makes a rule fire, other than a permit: its `when`, and not what spares.
fn firing(rule: &Rule) -> Vec<Part<'_>> {
    let mut parts = vec![part(rule.when.as_ref(), Needs::Holds)];
    let spares = if rule.kind == "require" {
        &rule.must
    } else {
        &rule.unless
    };
    if spares.is_some() {
        parts.push(part(spares.as_ref(), Needs::Fails));
    }
    parts
}

/// The four facts that follow from the records of one purpose, at one instant. A consent of tomorrow does not count
/// today; of several the latest speaks, and of those given at once the one that protects the person most.
fn consent(records: &BTreeSet<String>, purpose: &str, at: i128) -> Vec<(String, Value)> {
    let fact = |name: &str, value| (format!("consent.{name}"), value);
    let status = |word: &str| fact("status", Value::Text(word.to_owned()));
    let mut counting = Vec::new();
    for record in records {
        let mut words = record.split_whitespace();
        let named = words.next();
        let (mut explicit, mut times) = (false, BTreeMap::new());
        while let Some(word) = words.next() {
            if word == "explicit" {
                explicit = true;
            } else if let Some(time) = words.next().and_then(instant) {
                times.insert(word, time);
            }
        }
        let time = |word| times.get(word).copied();
        if let (true, Some(given)) = (named == Some(purpose), time("given").filter(|given| *given <= at)) {
            let expired = time("expires").is_some_and(|expires| expires <= at);
            let withdrawn = time("withdrawn");
            counting.push((
                given,
                expired,
                withdrawn.is_some(),
                withdrawn.map(|it| -it),
                !explicit,
            ));
        }
    }
    let Some((given, expired, _, withdrawn, implied)) = counting.into_iter().max() else {
        return vec![status("not-given"), fact("explicit", Value::Flag(false))];
    };
    let word = match (expired, withdrawn) {
        (true, _) => "expired",
        (_, Some(_)) => "withdrawn",
        _ => "given",
    };
    let mut facts = vec![
        status(word),
        fact("explicit", Value::Flag(!implied)),
        fact("time", Value::Time(given)),
    ];
    facts.extend(withdrawn.map(|it| fact("withdrawn_at", Value::Time(-it))));
    facts
}
