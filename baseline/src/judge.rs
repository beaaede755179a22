//! The decision algebra: one request, one version of the policy, one judgement.

use smallvec::SmallVec;

use crate::baseline::Baseline;
use crate::condition::Context;
use crate::decision::{Decision, Decisions, Kleene};
use crate::fact::{Fact, FactValue};
use crate::facts::Facts;
use crate::rules::{Clause, Duties, Role, Rule, RuleKind};
use crate::settled::{Residual, Settled};
use crate::table::{Id, Set};
use crate::taxonomy::{Axes, Axis, Category, Due, Operation, OperationKind, Product, Purpose, Recipient};

/// What is asked: one operation on some data categories for one purpose, by one product.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q> {
    /// What is done.
    pub operation: Id<Operation>,
    /// Which product asks.
    pub product: Id<Product>,
    /// The one stated purpose.
    pub purpose: Id<Purpose>,
    /// The data categories; may be empty for a right (all that the product holds).
    pub data: &'q [Id<Category>],
    /// Whether to record what was considered and which facts were read.
    pub explain: bool,
    /// What was settled beforehand about requests like this one; not used where an explanation is asked for.
    pub settled: Option<&'q Settled>,
}

/// The baseline's answer, with everything that an explanation needs.
#[derive(Debug)]
pub struct Judgement {
    /// The answer.
    pub decision: Decision,
    /// Whether an axis of some category lacks a grant.
    pub lacks_grant: bool,
    /// Whether a deny or a gate fired, and whether one of them is known to (not only not excluded).
    pub forbidden: Option<Certainty>,
    /// The rules that decided: denies, gates and pends that fired; for a permit, the permits that cover. Then the
    /// classifications that changed the request, and the engine rule that stands for default deny.
    pub deciding: Vec<Finding>,
    /// Every rule in scope with its outcome, if the query asked to explain.
    pub considered: Vec<Considered>,
    /// Duties that come with the decision, each with the rule that names it.
    pub obligations: Vec<(Id<Rule>, Due)>,
    /// The missing facts that leave a condition in scope open.
    pub missing: Set<Fact>,
    /// The facts that conditions in scope read, if the query asked to explain.
    pub read: Set<Fact>,
    /// Purposes that classification added; the manifest has to declare them too.
    pub added_purposes: Vec<Id<Purpose>>,
    /// The outcome per data category, in the order of the request; those that classification added follow.
    pub categories: Vec<CategoryOutcome>,
}

/// How sure it is that a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// It cannot be excluded, because a fact is missing.
    NotExcluded,
    /// The facts say so.
    Known,
}

/// One rule that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Id<Rule>,
    /// What it did.
    pub kind: RuleKind,
    /// Whether it fired by known facts or could only not be excluded.
    pub certainty: Certainty,
}

/// One rule in scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Considered {
    /// The rule.
    pub rule: Id<Rule>,
    /// What it did.
    pub kind: RuleKind,
    /// The truth of “it fired”, or for a permit “it covers”.
    pub outcome: Kleene,
    /// The missing facts that leave it open.
    pub missing: Set<Fact>,
}

/// The outcome for one data category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryOutcome {
    /// The category.
    pub category: Id<Category>,
    /// The classification rule that added it; none for a category of the request.
    pub added_by: Option<Id<Rule>>,
    /// Its own answer; the strictest of all stands for the request.
    pub decision: Decision,
    /// The axes that nothing grants.
    pub lacking: Axes,
    /// The rules that deny it or leave it pending.
    pub rules: Vec<Id<Rule>>,
}

/// One category being judged.
struct Subject {
    category: Id<Category>,
    added_by: Option<Id<Rule>>,
    /// What classification says it is as well: bans and gates see it, and it needs no grant.
    labels: Vec<Id<Category>>,
    granted: Axes,
    covered: bool,
    decision: Decision,
    rules: Vec<Id<Rule>>,
}

impl Subject {
    fn new(category: Id<Category>, added_by: Option<Id<Rule>>) -> Self {
        let (granted, decision) = (Axes::NONE, Decision::Permit);
        Self {
            category,
            added_by,
            labels: Vec::new(),
            granted,
            covered: false,
            decision,
            rules: Vec::new(),
        }
    }
}

impl Baseline {
    /// Judges a request under this version of the policy.
    ///
    /// Total and deterministic: the same query and facts always give the same judgement. Processing is denied unless
    /// every category is granted every axis it needs and no deny or gate fires. A right is permitted unless something
    /// refuses it or leaves it pending, and a permit rule covers it. A load is permitted unless a load rule denies it.
    #[must_use]
    pub fn judge<'f>(&'f self, query: &Query<'_>, facts: &Facts<'f>) -> Judgement {
        self.judge_each(query, &mut facts.clone(), &|_| facts.clone())
    }

    /// The same, where `facts_for` gives the facts under which a purpose that classification added is judged: it may be
    /// declared by another activity, which rests on another legal basis.
    ///
    /// `facts` are added to: what the engine itself knows is in them afterwards, such as the state of the consent.
    #[must_use]
    pub fn judge_each<'f>(
        &'f self,
        query: &Query<'_>,
        facts: &mut Facts<'f>,
        facts_for: &dyn Fn(Id<Purpose>) -> Facts<'f>,
    ) -> Judgement {
        let mut whole = self.judge_purpose(query, query.purpose, facts);
        let mut added = Vec::new();
        let mut pending = std::mem::take(&mut whole.added_purposes);
        while let Some(purpose) = pending.pop() {
            if purpose == query.purpose || added.contains(&purpose) {
                continue;
            }
            added.push(purpose);
            let mut part = self.judge_purpose(query, purpose, &mut facts_for(purpose));
            pending.append(&mut part.added_purposes);
            whole.join(part);
        }
        whole.finish(self, added)
    }

    fn judge_purpose<'f>(&'f self, query: &Query<'_>, purpose: Id<Purpose>, facts: &mut Facts<'f>) -> Draft {
        self.add_computed(query, purpose, facts);
        let kind = self
            .taxonomy()
            .operations
            .get(query.operation)
            .map_or(OperationKind::Processing, |it| it.kind);
        let recipient = self.recipient(query.operation, facts);
        let mut judge = Judge {
            baseline: self,
            query,
            purpose,
            kind,
            recipient,
            draft: Draft::new(self, query),
        };
        if judge.judge_settled(facts) {
            return judge.draft;
        }
        // What a classification sets is for the rules alone to see.
        let mut facts = facts.clone();
        judge.classify(&mut facts);
        let scope = judge.in_scope(query.operation);
        judge.restrict(&scope, &facts);
        judge.grant(&scope, &facts);
        judge.settle(&facts);
        judge.draft
    }

    /// Adds what the engine itself knows: what the request is about, and the state of the consent for a purpose.
    ///
    /// [`Baseline::judge_each`] does so with the facts it is given. Conditions of a host's own, or of a plugin, may read
    /// these facts as well.
    pub fn add_computed<'f>(&'f self, query: &Query<'_>, purpose: Id<Purpose>, facts: &mut Facts<'f>) {
        self.add_structural(query, facts);
        for (fact, value) in self.consent(purpose, facts).into_iter().flatten() {
            facts.set(fact, value);
        }
    }

    pub(crate) fn add_structural<'a>(&'a self, query: &Query<'_>, facts: &mut Facts<'a>) {
        let known = self.engine_facts();
        if let (Some(fact), Some(value)) = (known.operation, self.operation_value(query.operation)) {
            facts.set(fact, value);
        }
        if let (Some(fact), Some(value)) = (known.product, self.product_value(query.product)) {
            facts.set(fact, value);
        }
        if let Some(fact) = known.policy_effective {
            facts.set(fact, self.effective_value());
        }
    }

    /// The recipient as far as the operation has one: `None` where nobody receives anything.
    pub(crate) fn recipient(&self, operation: Id<Operation>, facts: &Facts<'_>) -> Receiver {
        const OUTWARD: Axes = Axes::of(Axis::Recipient).with(Axes::of(Axis::Place));
        let axes = self
            .taxonomy()
            .operations
            .get(operation)
            .map_or(Axes::NONE, |it| it.axes);
        if axes.both(OUTWARD).is_empty() {
            return Receiver::None;
        }
        let class = self
            .engine_facts()
            .recipient_class
            .and_then(|fact| facts.value(fact));
        match class {
            Some(FactValue::Text(class)) => self
                .taxonomy()
                .recipients
                .find(class)
                .map_or(Receiver::Unknown, Receiver::Known),
            _ => Receiver::Unknown,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Receiver {
    None,
    Unknown,
    Known(Id<Recipient>),
}

impl Receiver {
    /// The outcome of a clause: of one about certain recipients, nothing is sure while nobody knows who receives the data.
    fn if_it_is(
        self,
        baseline: &Baseline,
        clause: &Clause,
        outcome: Kleene,
        missing: &mut Set<Fact>,
    ) -> Kleene {
        let anybody = clause.recipients.is_none() || !matches!(self, Self::Unknown);
        if anybody || outcome == Kleene::False {
            return outcome;
        }
        let class = baseline.engine_facts().recipient_class;
        class.into_iter().for_each(|fact| missing.insert(fact));
        Kleene::Unknown
    }
}

/// The judgement under one purpose, while it is being made.
struct Draft {
    subjects: Vec<Subject>,
    /// For a request without data: the answer for the request as a whole.
    general: Subject,
    added_purposes: Vec<Id<Purpose>>,
    needed: Axes,
    kind: OperationKind,
    deciding: Vec<Finding>,
    granting: Vec<Finding>,
    classified: Vec<Finding>,
    considered: Vec<Considered>,
    obligations: Vec<(Id<Rule>, Role, Duties)>,
    missing: Set<Fact>,
    read: Set<Fact>,
}

impl Draft {
    fn new(baseline: &Baseline, query: &Query<'_>) -> Self {
        let none = baseline.taxonomy().facts.empty_set();
        let operation = baseline.taxonomy().operations.get(query.operation);
        Self {
            subjects: query
                .data
                .iter()
                .map(|category| Subject::new(*category, None))
                .collect(),
            general: Subject::new(Id::new(0), None),
            added_purposes: Vec::new(),
            needed: operation.map_or(Axes::EVERY, |it| it.axes),
            kind: operation.map_or(OperationKind::Processing, |it| it.kind),
            deciding: Vec::new(),
            granting: Vec::new(),
            classified: Vec::new(),
            considered: Vec::new(),
            obligations: Vec::new(),
            missing: none.clone(),
            read: none,
        }
    }

    /// Adds the judgement under a purpose that classification added: both must permit.
    fn join(&mut self, other: Self) {
        for subject in other.subjects {
            match self
                .subjects
                .iter_mut()
                .find(|it| it.category == subject.category)
            {
                Some(mine) => {
                    mine.decision = mine.decision.max(subject.decision);
                    mine.granted = mine.granted.both(subject.granted);
                    mine.covered &= subject.covered;
                    subject
                        .rules
                        .into_iter()
                        .for_each(|rule| push_new(&mut mine.rules, rule));
                }
                None => self.subjects.push(subject),
            }
        }
        self.general.decision = self.general.decision.max(other.general.decision);
        self.general.covered &= other.general.covered;
        other
            .deciding
            .into_iter()
            .for_each(|it| push_finding(&mut self.deciding, it));
        other
            .granting
            .into_iter()
            .for_each(|it| push_finding(&mut self.granting, it));
        other
            .classified
            .into_iter()
            .for_each(|it| push_finding(&mut self.classified, it));
        other
            .considered
            .into_iter()
            .for_each(|it| push_considered(&mut self.considered, it));
        other
            .obligations
            .into_iter()
            .for_each(|it| push_new(&mut self.obligations, it));
        self.missing.add(&other.missing);
        self.read.add(&other.read);
    }

    fn finish(mut self, baseline: &Baseline, added_purposes: Vec<Id<Purpose>>) -> Judgement {
        let processing = self.kind == OperationKind::Processing;
        let mut lacks_grant = processing && self.subjects.is_empty();
        let mut decision = self.general.decision;
        for subject in &mut self.subjects {
            let lacking = self.needed.without(subject.granted);
            if processing && !lacking.is_empty() {
                lacks_grant = true;
                subject.decision = Decision::Deny;
            }
            decision = decision.max(subject.decision);
        }
        if lacks_grant {
            decision = Decision::Deny;
        }
        // A right is answered item by item, and so are the duties that come with the answers.
        let answers: Decisions = match self.kind {
            OperationKind::Right if !self.subjects.is_empty() => {
                self.subjects.iter().map(|subject| subject.decision).collect()
            }
            _ => Decisions::of(decision),
        };
        let forbidden = self.deciding.iter().map(|finding| finding.certainty).max();
        let mut deciding = if decision == Decision::Permit {
            self.granting
        } else {
            self.deciding
        };
        // What is known comes before what could only not be excluded.
        deciding.sort_by_key(|finding| std::cmp::Reverse(finding.certainty));
        self.classified
            .into_iter()
            .for_each(|finding| push_finding(&mut deciding, finding));
        if let (true, Some(rule)) = (lacks_grant, baseline.citations().default_deny) {
            deciding.push(Finding {
                rule,
                kind: RuleKind::Engine,
                certainty: Certainty::Known,
            });
        }
        let categories = self.subjects.into_iter().map(|subject| CategoryOutcome {
            category: subject.category,
            added_by: subject.added_by,
            decision: subject.decision,
            lacking: if processing {
                self.needed.without(subject.granted)
            } else {
                Axes::NONE
            },
            rules: subject.rules,
        });
        Judgement {
            decision,
            lacks_grant,
            forbidden,
            added_purposes,
            categories: categories.collect(),
            obligations: obligations(baseline, answers, &self.obligations),
            deciding,
            considered: self.considered,
            missing: self.missing,
            read: self.read,
        }
    }
}

/// The duties that come with the answers, each once, in the order of the rules.
fn obligations(
    baseline: &Baseline,
    answers: Decisions,
    owed: &[(Id<Rule>, Role, Duties)],
) -> Vec<(Id<Rule>, Due)> {
    let mut due: Vec<(Id<Rule>, Due)> = Vec::new();
    for (id, role, duties) in owed {
        let Some(rule) = baseline.rules().get(*id) else {
            continue;
        };
        let answers = answers.both(match role {
            Role::Deny | Role::Pend => Decisions::of(Decision::Pend).with(Decision::Deny),
            Role::Permit => Decisions::of(Decision::Permit),
            _ => Decisions::ALL,
        });
        for (at, obligation) in rule.obligations.iter().enumerate() {
            let brings = match duties {
                Duties::Common => !rule.own_duties.contains(&at),
                Duties::Only(only) => *only == at,
            };
            let same = |(_, other): &(Id<Rule>, Due)| {
                (other.obligation, other.timing) == (obligation.obligation, obligation.timing)
            };
            if brings && !answers.both(obligation.accompanies).is_empty() && !due.iter().any(same) {
                due.push((*id, *obligation));
            }
        }
    }
    due
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Adds a finding; of two about the same rule the surer one stands.
fn push_finding(list: &mut Vec<Finding>, finding: Finding) {
    match list
        .iter_mut()
        .find(|other| other.rule == finding.rule && other.kind == finding.kind)
    {
        Some(other) => other.certainty = other.certainty.max(finding.certainty),
        None => list.push(finding),
    }
}

/// Adds a rule that was considered; of two outcomes of the same rule the stronger one stands, and what either misses.
fn push_considered(list: &mut Vec<Considered>, considered: Considered) {
    match list
        .iter_mut()
        .find(|other| other.rule == considered.rule && other.kind == considered.kind)
    {
        Some(other) => {
            other.outcome = other.outcome.max(considered.outcome);
            other.missing.add(&considered.missing);
        }
        None => list.push(considered),
    }
}

struct Judge<'q> {
    baseline: &'q Baseline,
    query: &'q Query<'q>,
    purpose: Id<Purpose>,
    kind: OperationKind,
    recipient: Receiver,
    draft: Draft,
}

/// The outcome of one clause over all the categories it speaks about.
struct Firing {
    /// The strongest outcome.
    outcome: Kleene,
    /// The subjects it fires for, by position; the request as a whole if it has no data.
    fired: SmallVec<[(Option<usize>, Kleene); 4]>,
}

impl Firing {
    fn add(&mut self, position: Option<usize>, outcome: Kleene) {
        self.outcome = self.outcome.max(outcome);
        if outcome != Kleene::False {
            self.fired.push((position, outcome));
        }
    }
}

impl<'q> Judge<'q> {
    fn context<'c, 'a>(&self, facts: &'c Facts<'a>, data: &'c [Id<Category>]) -> Context<'c, 'a> {
        let recipient = match self.recipient {
            Receiver::Known(recipient) => Some(recipient),
            Receiver::None | Receiver::Unknown => None,
        };
        let (product, purpose) = (self.query.product, self.purpose);
        Context {
            facts,
            product,
            purpose,
            recipient,
            data,
            category: None,
            labels: &[],
            open: false,
        }
    }

    /// The clauses in scope: on every axis but the data, and about some category of the request.
    fn in_scope(&self, operation: Id<Operation>) -> Set<Clause> {
        let index = self.baseline.index();
        let mut about = index.nothing();
        for subject in &self.draft.subjects {
            about.add(index.about(subject.category));
            subject
                .labels
                .iter()
                .for_each(|label| about.add(index.about_label(*label)));
        }
        if self.draft.subjects.is_empty() {
            about.add(index.without_data());
        }
        about.keep(&index.in_scope(operation, self.purpose, self.query.product, self.receiving()));
        about
    }

    /// The clauses in scope by who receives the data; nothing where nobody does.
    fn receiving(&self) -> Option<&'q Set<Clause>> {
        match self.recipient {
            Receiver::None => None,
            Receiver::Unknown => Some(self.baseline.index().receiving(None)),
            Receiver::Known(recipient) => Some(self.baseline.index().receiving(Some(recipient))),
        }
    }

    /// Whether a clause speaks about a category, or about one of its labels.
    fn is_under(&self, subject: &Subject, clause: Id<Clause>) -> bool {
        let index = self.baseline.index();
        let labelled = |label: &Id<Category>| index.about_label(*label).contains(clause);
        index.about(subject.category).contains(clause) || subject.labels.iter().any(labelled)
    }

    /// Those of the clauses that play a role.
    fn with_role(&self, clauses: &Set<Clause>, role: Role) -> Set<Clause> {
        let mut found = clauses.clone();
        found.keep(self.baseline.index().with_role(role));
        found
    }

    fn data(&self) -> SmallVec<[Id<Category>; 8]> {
        self.draft
            .subjects
            .iter()
            .map(|subject| subject.category)
            .collect()
    }

    /// Evaluates a clause for every category it speaks about, and notes what it read and missed.
    fn evaluate(&mut self, id: Id<Clause>, clause: &Clause, context: &Context<'_, '_>) -> Firing {
        let baseline = self.baseline;
        let mut firing = Firing {
            outcome: Kleene::False,
            fired: SmallVec::new(),
        };
        let mut missing = Set::like(&self.draft.missing);
        let once = (!clause.judges_each || self.draft.subjects.is_empty())
            .then(|| clause.judge(context, &mut missing));
        for (position, subject) in self.draft.subjects.iter().enumerate() {
            if !self.is_under(subject, id) {
                continue;
            }
            let outcome = once.unwrap_or_else(|| {
                let context = Context {
                    category: Some(subject.category),
                    labels: &subject.labels,
                    ..*context
                };
                clause.judge(&context, &mut missing)
            });
            let outcome = self.recipient.if_it_is(baseline, clause, outcome, &mut missing);
            firing.add(Some(position), outcome);
        }
        if let (true, Some(outcome)) = (self.draft.subjects.is_empty(), once) {
            let outcome = self.recipient.if_it_is(baseline, clause, outcome, &mut missing);
            firing.add(None, outcome);
        }
        self.draft.missing.add(&missing);
        if self.query.explain {
            clause.reads(&mut self.draft.read);
            let considered = Considered {
                rule: clause.rule,
                kind: self.kind_of(clause),
                outcome: firing.outcome,
                missing,
            };
            push_considered(&mut self.draft.considered, considered);
        }
        firing
    }

    fn kind_of(&self, clause: &Clause) -> RuleKind {
        match clause.role {
            Role::Permit => RuleKind::Permit,
            Role::Deny => RuleKind::Deny,
            Role::Require => RuleKind::Require,
            Role::Oblige => RuleKind::Oblige,
            Role::Classify => RuleKind::Classify,
            Role::Pend => RuleKind::Pend,
        }
    }

    /// The fixed first stage: labels, added categories and purposes, facts as they are to be seen. What is added is
    /// classified as well, until nothing new comes in; there are only so many categories and labels.
    fn classify<'a>(&mut self, facts: &mut Facts<'a>)
    where
        'q: 'a,
    {
        let size = |draft: &Draft| -> usize { draft.subjects.iter().map(|it| 1 + it.labels.len()).sum() };
        loop {
            let before = size(&self.draft);
            self.classify_once(facts);
            if size(&self.draft) == before {
                break;
            }
        }
    }

    fn classify_once<'a>(&mut self, facts: &mut Facts<'a>)
    where
        'q: 'a,
    {
        let baseline = self.baseline;
        let scope = self.in_scope(self.query.operation);
        for id in self.with_role(&scope, Role::Classify).iter() {
            let Some(clause) = baseline.clauses().get(id) else {
                continue;
            };
            let data = self.data();
            let firing = self.evaluate(id, clause, &self.context(facts, &data));
            let Some(certainty) = certainty(firing.outcome) else {
                continue;
            };
            if self.apply(clause, &firing, facts) {
                let finding = Finding {
                    rule: clause.rule,
                    kind: RuleKind::Classify,
                    certainty,
                };
                push_finding(&mut self.draft.classified, finding);
            }
        }
    }

    /// Adds what a classification adds; false if the request itself had all of it.
    fn apply<'a>(&mut self, clause: &'q Clause, firing: &Firing, facts: &mut Facts<'a>) -> bool
    where
        'q: 'a,
    {
        let effects = &clause.effects;
        let categories = &self.baseline.taxonomy().categories;
        let mut changed = !effects.facts.is_empty();
        for fact in effects
            .data_from
            .iter()
            .filter(|fact| facts.value(**fact).is_none())
        {
            // It might name anything, which nothing could permit.
            self.draft.missing.insert(*fact);
            self.stop(clause, firing);
            changed = true;
        }
        let joined = effects
            .data_from
            .iter()
            .filter_map(|fact| facts.value(*fact))
            .flat_map(FactValue::words);
        let joined: Vec<Id<Category>> = joined.filter_map(|word| categories.find(word)).collect();
        for category in effects.data.iter().chain(&joined) {
            let known = self.draft.subjects.iter().find(|it| it.category == *category);
            changed |= known.is_none_or(|it| it.added_by.is_some());
            if known.is_none() {
                self.draft
                    .subjects
                    .push(Subject::new(*category, Some(clause.rule)));
            }
        }
        let labelled = firing.fired.iter().filter_map(|(position, _)| *position);
        for position in labelled {
            let Some(subject) = self.draft.subjects.get_mut(position) else {
                continue;
            };
            for label in &effects.labels {
                if subject.category != *label {
                    push_new(&mut subject.labels, *label);
                    changed = true;
                }
            }
        }
        for purpose in &effects.purposes {
            // The stated purpose is judged already.
            if *purpose != self.purpose {
                push_new(&mut self.draft.added_purposes, *purpose);
                changed = true;
            }
        }
        for (fact, value) in &effects.facts {
            facts.set(*fact, value);
        }
        changed
    }

    /// Denies what a classification cannot classify for want of a fact; a right waits for a human instead.
    fn stop(&mut self, clause: &Clause, firing: &Firing) {
        let decision = match self.kind {
            OperationKind::Right => Decision::Pend,
            OperationKind::Processing | OperationKind::Load => Decision::Deny,
        };
        for (position, _) in &firing.fired {
            let subject = match position {
                Some(at) => self.draft.subjects.get_mut(*at),
                None => Some(&mut self.draft.general),
            };
            if let Some(subject) = subject {
                subject.decision = subject.decision.max(decision);
                push_new(&mut subject.rules, clause.rule);
            }
        }
        let finding = Finding {
            rule: clause.rule,
            kind: RuleKind::Classify,
            certainty: Certainty::NotExcluded,
        };
        push_finding(&mut self.draft.deciding, finding);
    }

    /// Denies, gates, pends and duties.
    fn restrict(&mut self, scope: &Set<Clause>, facts: &Facts<'_>) {
        for role in [Role::Deny, Role::Require, Role::Pend, Role::Oblige] {
            self.apply_all(scope, role, Axes::NONE, facts);
        }
    }

    /// Evaluates the clauses of a role one by one, and heeds each.
    fn apply_all(&mut self, scope: &Set<Clause>, role: Role, axes: Axes, facts: &Facts<'_>) {
        let baseline = self.baseline;
        let data = self.data();
        let context = self.context(facts, &data);
        for id in self.with_role(scope, role).iter() {
            if let Some(clause) = baseline.clauses().get(id) {
                let firing = self.evaluate(id, clause, &context);
                if clause.role == Role::Require && firing.outcome == Kleene::False {
                    self.owe_for_gate(id, clause, &context);
                }
                self.heed(clause, &firing, clause.grants.both(axes), &context);
            }
        }
    }

    /// Lets a clause other than a classification have its effect.
    fn heed(&mut self, clause: &Clause, firing: &Firing, grants: Axes, context: &Context<'_, '_>) {
        match clause.role {
            Role::Oblige if firing.outcome != Kleene::False => self.owe(clause),
            Role::Oblige | Role::Classify => {}
            Role::Permit => self.give(clause, firing, grants),
            Role::Deny | Role::Require | Role::Pend => self.object(clause, firing, context),
        }
    }

    /// Judges by what is left open of the clauses, if that was worked out for a request like this one and no
    /// classification changes it; otherwise nothing is done.
    fn judge_settled(&mut self, facts: &Facts<'_>) -> bool {
        let baseline = self.baseline;
        let data = self.data();
        let settled = self
            .query
            .settled
            .filter(|_| !self.query.explain && !data.is_empty());
        let Some(residuals) = settled.and_then(|settled| settled.residuals(self.purpose, &data)) else {
            return false;
        };
        let mut asked = baseline.taxonomy().categories.empty_set();
        data.iter().for_each(|category| asked.insert(*category));
        let by_category = Some(facts.by_category()).filter(|facts| !facts.is_empty());
        let receiving = self.receiving();
        let context = self.context(facts, &data);
        let open = Context {
            open: true,
            ..context
        };
        let speaking = residuals.iter().filter(|it| !it.is_silent(&open));
        for residual in speaking.filter(|it| it.concerns_any(&asked)) {
            if receiving.is_some_and(|set| !set.contains(residual.clause)) {
                continue;
            }
            let once = (!residual.judges_each(by_category))
                .then(|| residual.judge(baseline, &open, &mut self.draft.missing));
            // Most clauses have nothing to say, and end here.
            if once == Some(Kleene::False) && !residual.leaves_duties {
                continue;
            }
            let Some(clause) = baseline.clauses().get(residual.clause) else {
                continue;
            };
            let firing = self.firing(residual, clause, once, &open);
            if firing.outcome == Kleene::False {
                if residual.leaves_duties && self.gates(residual, &context) {
                    self.owe(clause);
                }
            } else if residual.role == Role::Classify {
                self.draft.missing.clear();
                return false;
            }
            self.heed(clause, &firing, residual.grants, &context);
        }
        self.settle(facts);
        true
    }

    /// For which categories a clause fires, given its outcome if that is the same for all of them.
    fn firing(
        &mut self,
        residual: &Residual,
        clause: &Clause,
        once: Option<Kleene>,
        open: &Context<'_, '_>,
    ) -> Firing {
        let mut firing = Firing {
            outcome: Kleene::False,
            fired: SmallVec::new(),
        };
        let (baseline, recipient) = (self.baseline, self.recipient);
        let Draft {
            subjects, missing, ..
        } = &mut self.draft;
        for (position, subject) in subjects.iter().enumerate() {
            if !residual.concerns(subject.category) {
                continue;
            }
            let outcome = once.unwrap_or_else(|| {
                let open = Context {
                    category: Some(subject.category),
                    ..*open
                };
                residual.judge(baseline, &open, missing)
            });
            let outcome = recipient.if_it_is(baseline, clause, outcome, missing);
            firing.add(Some(position), outcome);
        }
        firing
    }

    /// Whether a gate has something to gate: not so where it is known that there is nothing.
    fn gates(&self, residual: &Residual, context: &Context<'_, '_>) -> bool {
        let subjects = self.draft.subjects.iter().map(|subject| subject.category);
        subjects.filter(|it| residual.concerns(*it)).any(|category| {
            let category = Some(category);
            residual.asks(&Context { category, ..*context })
        })
    }

    fn owe(&mut self, clause: &Clause) {
        let has_duties = self
            .baseline
            .rules()
            .get(clause.rule)
            .is_some_and(|rule| !rule.obligations.is_empty());
        if has_duties {
            push_new(
                &mut self.draft.obligations,
                (clause.rule, clause.role, clause.duties),
            );
        }
    }

    /// A gate that holds asks for its duties, unless it is known that there is nothing to gate.
    fn owe_for_gate(&mut self, id: Id<Clause>, clause: &Clause, context: &Context<'_, '_>) {
        let gates = |category, labels| {
            let context = Context {
                category,
                labels,
                ..*context
            };
            let when = clause.when.as_ref().map(|when| when.evaluate(&context));
            when != Some(Kleene::False)
        };
        let subjects = &self.draft.subjects;
        let mut about = subjects.iter().filter(|subject| self.is_under(subject, id));
        if about.any(|subject| gates(Some(subject.category), &subject.labels))
            || (subjects.is_empty() && gates(None, &[]))
        {
            self.owe(clause);
        }
    }

    /// Marks what a deny, a gate or a pend objects to.
    fn object(&mut self, clause: &Clause, firing: &Firing, context: &Context<'_, '_>) {
        let right = self.kind == OperationKind::Right;
        for (position, outcome) in &firing.fired {
            // A right is not refused for want of a fact.
            if right && clause.role == Role::Deny && *outcome != Kleene::True {
                continue;
            }
            let Some(certainty) = certainty(*outcome) else {
                continue;
            };
            let category = position
                .and_then(|at| self.draft.subjects.get(at))
                .map(|subject| subject.category);
            let context = Context { category, ..*context };
            let refused = match &clause.refuse_when {
                Some(condition) => {
                    condition.missing(&context, &mut self.draft.missing);
                    // What is not known leaves it to a human.
                    *outcome == Kleene::True && condition.evaluate(&context) == Kleene::True
                }
                None => clause.role == Role::Deny,
            };
            let decision = if right && !refused {
                Decision::Pend
            } else {
                Decision::Deny
            };
            let subject = match position {
                Some(at) => self.draft.subjects.get_mut(*at),
                None => Some(&mut self.draft.general),
            };
            if let Some(subject) = subject {
                subject.decision = subject.decision.max(decision);
                push_new(&mut subject.rules, clause.rule);
            }
            let kind = self.kind_of(clause);
            push_finding(
                &mut self.draft.deciding,
                Finding {
                    rule: clause.rule,
                    kind,
                    certainty,
                },
            );
            self.owe(clause);
        }
    }

    /// Permits, axis by axis and category by category.
    fn grant(&mut self, scope: &Set<Clause>, facts: &Facts<'_>) {
        self.apply_all(scope, Role::Permit, Axes::EVERY, facts);
        if let Some(operation) = self.baseline.taxonomy().purpose_as(self.query.operation) {
            let borrowed = self.in_scope(operation);
            self.apply_all(&borrowed, Role::Permit, Axes::of(Axis::Purpose), facts);
        }
    }

    /// Gives what a permit grants to what it covers.
    fn give(&mut self, clause: &Clause, firing: &Firing, grants: Axes) {
        let mut counted = false;
        for (position, _) in firing
            .fired
            .iter()
            .filter(|(_, outcome)| *outcome == Kleene::True)
        {
            let subject = match position {
                Some(at) => self.draft.subjects.get_mut(*at),
                None => Some(&mut self.draft.general),
            };
            if let Some(subject) = subject {
                counted |= self.kind != OperationKind::Processing || !grants.is_empty();
                subject.granted = subject.granted.with(grants);
                subject.covered = true;
            }
        }
        if counted {
            let finding = Finding {
                rule: clause.rule,
                kind: RuleKind::Permit,
                certainty: Certainty::Known,
            };
            push_finding(&mut self.draft.granting, finding);
            self.owe(clause);
        }
    }

    /// What the kind of request makes of all that.
    fn settle(&mut self, facts: &Facts<'_>) {
        let data = self.data();
        let context = self.context(facts, &data);
        if let Some(condition) = self.baseline.place_unless(self.query.operation) {
            condition.missing(&context, &mut self.draft.missing);
            if condition.evaluate(&context) == Kleene::True {
                self.draft.needed = self.draft.needed.without(Axes::of(Axis::Place));
            }
        }
        if self.kind == OperationKind::Right {
            // Nothing refuses it, and nothing yet grants it either: a human is needed.
            let general = self.draft.subjects.is_empty().then_some(&mut self.draft.general);
            for subject in self.draft.subjects.iter_mut().chain(general) {
                if !subject.covered {
                    subject.decision = subject.decision.max(Decision::Pend);
                }
            }
        }
    }
}

/// How sure it is that something with this outcome fires; `None` if it does not.
fn certainty(outcome: Kleene) -> Option<Certainty> {
    match outcome {
        Kleene::False => None,
        Kleene::Unknown => Some(Certainty::NotExcluded),
        Kleene::True => Some(Certainty::Known),
    }
}
