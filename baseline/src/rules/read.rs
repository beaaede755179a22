//! Reads rules out of the files of a baseline folder and compiles them.

use std::collections::HashMap;

use super::clause::{Clause, Duties, Effects, Role};
use super::written::{ConditionKey, RuleScope, Written, WrittenCondition, written_words};
use super::{Rule, RuleKind};
use crate::condition::{Compiler, Condition, Expression, Jurisdiction, Polarity, RuleParts, Scope, parse};
use crate::decision::{Decision, Decisions, Timing};
use crate::document::{Document, Node, Spanned, Table as Fields};
use crate::fact::{Fact, FactValue};
use crate::table::{Id, Set, Table};
use crate::taxonomy::{
    Axes, Axis, Category, Control, Due, Operation, OperationKind, Product, Purpose, Reader, Recipient,
    Taxonomy, axes, resolve, select, word_of,
};

/// The compiled rule book.
pub(crate) struct RuleBook {
    pub(crate) rules: Table<Rule>,
    pub(crate) clauses: Table<Clause>,
    /// What is only cited, and where; in no scope that decides anything.
    pub(crate) advice: Vec<Clause>,
    pub(crate) controls: Vec<Option<Condition>>,
    pub(crate) place_unless: Vec<Option<Condition>>,
}

/// A condition as it was read: its tree, its place, and the text it came from.
struct Read<'d> {
    document: &'d Document,
    expression: Expression,
    start: usize,
}

/// A rule as it was read, before its conditions are compiled.
struct Draft<'d> {
    document: &'d Document,
    kind: RuleKind,
    operations: Set<Operation>,
    /// Whether one of the operations processes data.
    processing: bool,
    else_deny: Set<Operation>,
    purposes: Set<Purpose>,
    products: Set<Product>,
    recipients: Option<Set<Recipient>>,
    data: Set<Category>,
    names_data: bool,
    admits: Set<Category>,
    at_most_one: Option<Set<Category>>,
    within: Option<Read<'d>>,
    when: Option<Read<'d>>,
    if_known: Option<Read<'d>>,
    unless: Option<Read<'d>>,
    must: Option<Read<'d>>,
    refuse_when: Option<Read<'d>>,
    excepts: Option<Read<'d>>,
    grants: Axes,
    /// Axes granted to a part of the data only.
    also_grants: Vec<(Axes, Set<Category>)>,
    effects: Effects,
    /// How many duties there are.
    duties: usize,
    /// Those with a condition of their own, by position.
    own_duties: Vec<(usize, Read<'d>)>,
    jurisdiction: Jurisdiction,
    /// Whether an answer lists the data it refuses as surplus.
    surplus: bool,
}

/// Reads and compiles all rules, controls and place conditions; reports every problem.
pub(crate) fn read_rules(reader: &Reader, taxonomy: &Taxonomy) -> RuleBook {
    let groups = operation_groups(reader, taxonomy);
    let mut rules: Vec<Rule> = Vec::new();
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for (document, fields) in reader.tables("rule", "a rule") {
        let id = fields.required_text("id");
        let read = read_rule(document, &fields, taxonomy, &groups);
        fields.finish();
        let (Some(id), Some((mut rule, draft))) = (id, read) else {
            continue;
        };
        if rules.iter().any(|other| other.id == id.value) {
            document.error(
                id.span,
                format!("rule `{}` is given twice", crate::printable(&id.value)),
            );
            continue;
        }
        rule.written.line = document.line(id.span.start);
        rule.id = id.value;
        rules.push(rule);
        drafts.push(draft);
    }
    let parts: HashMap<String, RuleParts> = rules
        .iter()
        .zip(&drafts)
        .enumerate()
        .filter(|(_, (rule, _))| rule.kind == RuleKind::Permit)
        .map(|(index, (rule, draft))| (rule.id.clone(), draft.parts(Id::new(index))))
        .collect();
    let mut compiler = Compiler {
        taxonomy,
        rules: &parts,
        control_reads: taxonomy.facts.empty_set(),
        controls_per_category: false,
    };
    let controls = compile_controls(reader, taxonomy, &compiler);
    for control in controls.iter().flatten() {
        compiler.control_reads.add(&control.reads);
        compiler.controls_per_category |= control.per_category;
    }
    let place_unless = compile_places(reader, taxonomy, &compiler);
    let (mut clauses, mut advice) = (Vec::new(), Vec::new());
    for (index, draft) in drafts.into_iter().enumerate() {
        let name = rules.get(index).map(|rule| rule.id.clone()).unwrap_or_default();
        let list = match draft.kind {
            RuleKind::Advice if !draft.operations.is_empty() => &mut advice,
            RuleKind::Advice | RuleKind::Register | RuleKind::Engine => continue,
            _ => &mut clauses,
        };
        draft.compile(Id::new(index), &name, &compiler, list);
    }
    // Rules and clauses have no parents, so neither table can have a cycle; only their number can be refused.
    let rules = Table::new(rules, &[]).unwrap_or_else(|_| Table::empty());
    let clauses = Table::new(clauses, &[]).unwrap_or_else(|_| Table::empty());
    RuleBook {
        rules,
        clauses,
        advice,
        controls,
        place_unless,
    }
}

/// The groups of operations that rules may name, besides the operations themselves.
fn operation_groups(reader: &Reader, taxonomy: &Taxonomy) -> HashMap<String, Set<Operation>> {
    let mut groups = HashMap::new();
    for (document, fields) in reader.tables("group", "a group of operations") {
        let id = fields.required_text("id");
        let set = select(
            document,
            fields.required_texts("operations"),
            &taxonomy.operations,
        );
        fields.finish();
        if let Some(id) = id {
            groups.insert(id.value, set);
        }
    }
    groups
}

fn operations(
    document: &Document,
    words: Vec<Spanned<String>>,
    taxonomy: &Taxonomy,
    groups: &HashMap<String, Set<Operation>>,
) -> Set<Operation> {
    let mut set = taxonomy.operations.empty_set();
    for word in words {
        if let Some(group) = groups.get(&word.value) {
            set.add(group);
        } else if let Some(operation) = taxonomy.operations.find(&word.value) {
            set.insert(operation);
        } else {
            let known = taxonomy
                .operations
                .names()
                .chain(groups.keys().map(String::as_str));
            document.unknown("operation", &word, known);
        }
    }
    set
}

fn read_rule<'d>(
    document: &'d Document,
    fields: &Fields<'d>,
    taxonomy: &Taxonomy,
    groups: &HashMap<String, Set<Operation>>,
) -> Option<(Rule, Draft<'d>)> {
    let section = fields
        .required_texts("section")
        .into_iter()
        .map(|it| it.value)
        .collect();
    let kind_word = fields.required_text("kind");
    let kind = kind_word
        .as_ref()
        .and_then(|word| word_of(document, "kind of rule", word, &RuleKind::ALL, RuleKind::as_str));
    let summary = fields
        .required_text("summary")
        .map(|it| it.value)
        .unwrap_or_default();
    let reading = fields.text("reading").map(|it| it.value);
    let ambiguities = fields
        .texts("ambiguities")
        .into_iter()
        .map(|it| it.value)
        .collect();
    let values = fields.texts("values").into_iter().map(|it| it.value).collect();
    let operation_words = fields.texts("operations");
    let names_operations = !operation_words.is_empty();
    let operations_set = operations(document, operation_words, taxonomy, groups);
    let processing = operations_set.iter().any(|id| {
        taxonomy
            .operations
            .get(id)
            .is_some_and(|it| it.kind == OperationKind::Processing)
    });
    let accompanies = accompanies(document, fields, kind, !processing);
    let (obligations, own) = obligations(document, fields, taxonomy, accompanies.iter().copied().collect());
    let data_words = fields.texts("data");
    let names_data = !data_words.is_empty();
    let data = select(document, data_words, &taxonomy.categories);
    let only_data = fields.texts("only-data");
    let narrows = !only_data.is_empty();
    let admits = if kind == Some(RuleKind::Permit) {
        let mut admits = select(document, only_data, &taxonomy.categories);
        admits.keep(&data);
        admits
    } else {
        // A ban or a gate that is met is met for everything it touches.
        taxonomy.categories.full_set()
    };
    let recipients = match fields.texts("recipients") {
        words if words.is_empty() => None,
        words => Some(select(document, words, &taxonomy.recipients)),
    };
    let at_most_one = match fields.texts("at-most-one") {
        words if words.is_empty() => None,
        words => {
            let mut leaves = select(document, words, &taxonomy.categories);
            leaves.keep(taxonomy.leaf_categories());
            Some(leaves)
        }
    };
    let draft = Draft {
        document,
        kind: kind?,
        operations: operations_set,
        processing,
        else_deny: operations(document, fields.texts("else-deny"), taxonomy, groups),
        purposes: select(document, fields.texts("purposes"), &taxonomy.purposes),
        products: select(document, fields.texts("products"), &taxonomy.products),
        recipients,
        data,
        names_data,
        admits,
        at_most_one,
        within: condition(document, fields.node("within")),
        when: condition(document, fields.node("when")),
        if_known: condition(document, fields.node("if-known")),
        unless: condition(document, fields.node("unless")),
        must: condition(document, fields.node("must")),
        refuse_when: condition(document, fields.node("refuse-when")),
        excepts: condition(document, fields.node("excepts")),
        grants: axes(document, &fields.texts("grants")),
        also_grants: also_grants(document, fields, taxonomy),
        effects: effects(document, fields, taxonomy),
        duties: obligations.len(),
        own_duties: own,
        jurisdiction: jurisdiction(document, fields, taxonomy),
        surplus: fields.flag("surplus").unwrap_or(false),
    };
    draft.check_shape(kind_word.as_ref()?, names_operations, narrows);
    let rule = Rule {
        id: String::new(),
        section,
        kind: draft.kind,
        summary,
        reading,
        ambiguities,
        own_duties: draft.own_duties.iter().map(|(at, _)| *at).collect(),
        obligations,
        values,
        accompanies,
        surplus: draft.surplus,
        written: draft.written(fields),
    };
    Some((rule, draft))
}

/// The categories of a set that lie in it with everything below them: a group of which a part was taken out is not.
fn whole(taxonomy: &Taxonomy, set: &Set<Category>) -> Set<Category> {
    let mut whole = Set::like(set);
    set.iter()
        .filter(|id| taxonomy.categories.lies_in(*id, set))
        .for_each(|id| whole.insert(id));
    whole
}

/// The categories of which every part that lies in the scope of a closed set is in the set.
fn spared(taxonomy: &Taxonomy, scope: &Set<Category>, closed: &Set<Category>) -> Set<Category> {
    let mut spared = Set::like(closed);
    for (id, _) in taxonomy.categories.iter() {
        let mut part = taxonomy.categories.subtree(id);
        part.keep(scope);
        if !part.is_empty() && part.is_subset(closed) {
            spared.insert(id);
        }
    }
    spared
}

fn also_grants(document: &Document, fields: &Fields<'_>, taxonomy: &Taxonomy) -> Vec<(Axes, Set<Category>)> {
    let mut also = Vec::new();
    for entry in fields.tables("also-grants", "an entry of `also-grants`") {
        let axes = axes(document, &entry.required_texts("axes"));
        let data = select(document, entry.required_texts("data"), &taxonomy.categories);
        entry.finish();
        also.push((axes, data));
    }
    also
}

/// The duties of a rule, and the conditions of those that have one of their own, by position.
fn obligations<'d>(
    document: &'d Document,
    fields: &Fields<'_>,
    taxonomy: &Taxonomy,
    accompanies: Decisions,
) -> (Vec<Due>, Vec<(usize, Read<'d>)>) {
    let (mut due, mut own) = (Vec::new(), Vec::new());
    for entry in fields.tables("obligations", "an entry of `obligations`") {
        let id = entry
            .required_text("id")
            .and_then(|id| resolve(document, &id, &taxonomy.obligations));
        let timing = entry
            .required_text("timing")
            .and_then(|word| word_of(document, "timing", &word, &Timing::ALL, Timing::as_str));
        let accompanies =
            named_decisions(document, &entry).map_or(accompanies, |named| named.into_iter().collect());
        let when = condition(document, entry.node("when"));
        entry.finish();
        if let (Some(obligation), Some(timing)) = (id, timing) {
            own.extend(when.map(|when| (due.len(), when)));
            due.push(Due {
                obligation,
                timing,
                accompanies,
            });
        }
    }
    (due, own)
}

fn accompanies(
    document: &Document,
    fields: &Fields<'_>,
    kind: Option<RuleKind>,
    rights: bool,
) -> Vec<Decision> {
    const ALL: [Decision; 3] = [Decision::Permit, Decision::Pend, Decision::Deny];
    named_decisions(document, fields).unwrap_or_else(|| {
        match kind {
            Some(RuleKind::Permit) => vec![Decision::Permit],
            Some(RuleKind::Deny | RuleKind::Pend) => vec![Decision::Pend, Decision::Deny],
            // What only advises says itself where it belongs; one about a right follows from the asking.
            Some(RuleKind::Advice) => ALL.to_vec(),
            _ if rights => ALL.to_vec(),
            // A duty about processing that does not happen is no duty.
            _ => vec![Decision::Permit],
        }
    })
}

/// The decisions named in `accompanies`, if it is there.
fn named_decisions(document: &Document, fields: &Fields<'_>) -> Option<Vec<Decision>> {
    const ALL: [Decision; 3] = [Decision::Permit, Decision::Pend, Decision::Deny];
    let words = fields.texts("accompanies");
    let decision = |word| word_of(document, "decision", word, &ALL, Decision::as_str);
    (!words.is_empty()).then(|| words.iter().filter_map(decision).collect())
}

fn effects(document: &Document, fields: &Fields<'_>, taxonomy: &Taxonomy) -> Effects {
    let categories = |words: Vec<Spanned<String>>| -> Vec<Id<Category>> {
        words
            .iter()
            .filter_map(|id| resolve(document, id, &taxonomy.categories))
            .collect()
    };
    let fact_ids = |words: Vec<Spanned<String>>| -> Vec<Id<Fact>> {
        words
            .iter()
            .filter_map(|id| resolve(document, id, &taxonomy.facts))
            .collect()
    };
    let mut facts: Vec<(Id<Fact>, FactValue)> = Vec::new();
    if let Some(table) = fields.table("sets", "`sets`") {
        for (name, node) in table.entries() {
            let value = resolve(document, name, &taxonomy.facts).and_then(|id| {
                let value = taxonomy
                    .facts
                    .get(id)?
                    .read_value(document, node, &taxonomy.categories)?;
                Some((id, value))
            });
            facts.extend(value);
        }
    }
    Effects {
        data: categories(fields.texts("adds-data")),
        data_from: fact_ids(fields.texts("adds-data-from")),
        labels: categories(fields.texts("adds-label")),
        purposes: fields
            .texts("adds-purpose")
            .iter()
            .filter_map(|id| resolve(document, id, &taxonomy.purposes))
            .collect(),
        facts,
    }
}

/// Whose law the law facts of a rule mean: a country, or the fact that names it; `subject.region` by default.
fn jurisdiction(document: &Document, fields: &Fields<'_>, taxonomy: &Taxonomy) -> Jurisdiction {
    match fields.text("jurisdiction") {
        Some(word) if word.value.contains('.') => resolve(document, &word, &taxonomy.facts)
            .map_or_else(|| Jurisdiction::Country("".into()), Jurisdiction::Fact),
        Some(word) => Jurisdiction::Country(word.value.into()),
        None => match taxonomy.facts.find("subject.region") {
            Some(fact) => Jurisdiction::Fact(fact),
            None => Jurisdiction::Country("".into()),
        },
    }
}

fn condition<'d>(document: &'d Document, node: Option<&Node>) -> Option<Read<'d>> {
    let text = document.text(node?, "a condition")?;
    match parse(&text.value) {
        // The span of a text includes its quotes.
        Ok(expression) => Some(Read {
            document,
            expression,
            start: inside_quotes(document, &text),
        }),
        Err((message, span)) => {
            let start = inside_quotes(document, &text);
            document.error(start + span.start..start + span.end, message);
            None
        }
    }
}

fn inside_quotes(document: &Document, text: &Spanned<String>) -> usize {
    let written = document.source().text.get(text.span.clone()).unwrap_or_default();
    text.span.start + written.find(text.value.get(..1).unwrap_or_default()).unwrap_or(0)
}

impl Read<'_> {
    fn compile(
        &self,
        compiler: &Compiler<'_>,
        polarity: Polarity,
        law: Option<(Id<Rule>, Jurisdiction)>,
        may_ask_given: bool,
        scope: bool,
    ) -> Option<Condition> {
        match compiler.compile(&self.expression, polarity, law, may_ask_given, scope) {
            Ok(condition) => Some(condition),
            Err((message, span)) => {
                self.document
                    .error(self.start + span.start..self.start + span.end, message);
                None
            }
        }
    }
}

/// Compiles the conditions under which controls let processing go on.
fn compile_controls(reader: &Reader, taxonomy: &Taxonomy, compiler: &Compiler<'_>) -> Vec<Option<Condition>> {
    let mut compiled: Vec<Option<Condition>> = (0..taxonomy.controls.len()).map(|_| None).collect();
    for (document, fields) in reader.tables("control", "a control") {
        let id: Option<Id<Control>> = fields.text("id").and_then(|id| taxonomy.controls.find(&id.value));
        if let Some(fact) = fields.text("fact") {
            resolve(document, &fact, &taxonomy.facts);
        }
        let allows = condition(document, fields.node("allows"))
            .and_then(|read| read.compile(compiler, Polarity::Opens, None, false, false));
        if let Some(place) = id.and_then(|id| compiled.get_mut(id.index())) {
            *place = allows;
        }
    }
    compiled
}

/// Compiles the conditions under which an operation needs no place grant.
fn compile_places(reader: &Reader, taxonomy: &Taxonomy, compiler: &Compiler<'_>) -> Vec<Option<Condition>> {
    let mut compiled: Vec<Option<Condition>> = (0..taxonomy.operations.len()).map(|_| None).collect();
    for (document, fields) in reader.tables("operation", "an operation") {
        let id: Option<Id<Operation>> = fields
            .text("id")
            .and_then(|id| taxonomy.operations.find(&id.value));
        if let Some(as_operation) = fields.text("purpose-as") {
            resolve(document, &as_operation, &taxonomy.operations);
        }
        let unless = condition(document, fields.node("place-unless"))
            .and_then(|read| read.compile(compiler, Polarity::Opens, None, false, false));
        if let Some(place) = id.and_then(|id| compiled.get_mut(id.index())) {
            *place = unless;
        }
    }
    compiled
}

impl Draft<'_> {
    /// What those who read the rule need to know of it.
    fn written(&self, fields: &Fields<'_>) -> Written {
        let conditions = [
            (ConditionKey::Within, &self.within),
            (ConditionKey::When, &self.when),
            (ConditionKey::IfKnown, &self.if_known),
            (ConditionKey::Unless, &self.unless),
            (ConditionKey::Must, &self.must),
            (ConditionKey::RefuseWhen, &self.refuse_when),
        ];
        let written = |(key, read): (ConditionKey, &Option<Read<'_>>)| {
            let text = self.document.text(fields.node(key.as_str())?, "a condition")?;
            let expression = read.as_ref()?.expression.clone();
            Some(WrittenCondition {
                key,
                text: text.value,
                expression,
            })
        };
        Written {
            file: self.document.source().name.clone(),
            line: 0,
            words: written_words(fields),
            conditions: conditions.into_iter().filter_map(written).collect(),
            scope: RuleScope {
                operations: self.operations.clone(),
                else_deny: self.else_deny.clone(),
                purposes: self.purposes.clone(),
                products: self.products.clone(),
                recipients: self.recipients.clone(),
                data: self.data.clone(),
                admits: self.admits.clone(),
                at_most_one: self.at_most_one.clone(),
            },
            grants: self.grants,
            also_grants: self.also_grants.clone(),
        }
    }

    /// Reports keys that mean nothing for this kind of rule, and kinds that lack what they need.
    fn check_shape(&self, kind: &Spanned<String>, names_operations: bool, narrows: bool) {
        let report = |message: &str| {
            self.document.error(
                kind.span.clone(),
                format!("a rule of kind `{}` {message}", kind.value),
            );
        };
        let is = |kinds: &[RuleKind]| kinds.contains(&self.kind);
        if self.kind.is_compiled() && !names_operations {
            report("needs `operations`");
        }
        if is(&[RuleKind::Permit]) == self.grants.is_empty() && self.kind.is_compiled() {
            report(if is(&[RuleKind::Permit]) {
                "needs `grants`"
            } else {
                "grants nothing: drop `grants`"
            });
        }
        if is(&[RuleKind::Require]) != self.must.is_some() {
            report(if is(&[RuleKind::Require]) {
                "needs `must`"
            } else {
                "has no `must`"
            });
        }
        if self.unless.is_some()
            && !is(&[
                RuleKind::Deny,
                RuleKind::Oblige,
                RuleKind::Classify,
                RuleKind::Pend,
            ])
        {
            report("has no `unless`");
        }
        if self.if_known.is_some() && !is(&[RuleKind::Classify, RuleKind::Advice]) {
            report("has no `if-known`");
        }
        if self.when.is_some() && is(&[RuleKind::Advice]) {
            report("has no `when`: it is cited only where `if-known` is known to hold");
        }
        if self.surplus && !is(&[RuleKind::Deny, RuleKind::Require]) {
            report("refuses no data: drop `surplus`");
        }
        if self.refuse_when.is_some() && self.excepts.is_none() && !is(&[RuleKind::Deny, RuleKind::Pend]) {
            report("has no `refuse-when`");
        }
        if self.excepts.is_some() && (!is(&[RuleKind::Oblige]) || self.processing) {
            report("has no `excepts`: only a duty on `right` has");
        }
        if !self.own_duties.is_empty() && !is(&[RuleKind::Oblige]) {
            report("has no `when` of its own for a duty");
        }
        let only_for_permits = [
            (!self.else_deny.is_empty(), "has no `else-deny`"),
            (narrows, "has no `only-data`: name what it is about in `data`"),
            (self.at_most_one.is_some(), "has no `at-most-one`"),
            (!self.also_grants.is_empty(), "has no `also-grants`"),
        ];
        for (given, message) in only_for_permits {
            if given && !is(&[RuleKind::Permit]) {
                report(message);
            }
        }
        if self.within.is_some() && self.else_deny.is_empty() {
            report("needs `else-deny` for `within`: otherwise `when` says the same");
        }
        let effects = &self.effects;
        let has_effects = !(effects.data.is_empty()
            && effects.data_from.is_empty()
            && effects.labels.is_empty()
            && effects.purposes.is_empty()
            && effects.facts.is_empty());
        if has_effects != is(&[RuleKind::Classify]) {
            report(if has_effects {
                "adds and sets nothing"
            } else {
                "needs one of `adds-…` and `sets`"
            });
        }
        if self.kind == RuleKind::Pend && self.processing {
            report("is for rights only: processing is permitted or denied");
        }
    }

    fn parts(&self, id: Id<Rule>) -> RuleParts {
        RuleParts {
            id,
            jurisdiction: self.jurisdiction.clone(),
            purpose_for: if self.grants.iter().any(|axis| axis == Axis::Purpose) {
                self.operations.clone()
            } else {
                Set::like(&self.operations)
            },
            scope: Scope {
                purposes: self.purposes.clone(),
                products: self.products.clone(),
                recipients: self.recipients.clone(),
                data: self.admits.clone(),
                at_most_one: self.at_most_one.clone(),
            },
            within: self.within.as_ref().map(|read| read.expression.clone()),
            when: self.when.as_ref().map(|read| read.expression.clone()),
        }
    }

    fn compile(self, rule: Id<Rule>, name: &str, compiler: &Compiler<'_>, clauses: &mut Vec<Clause>) {
        let role = match self.kind {
            RuleKind::Permit => Role::Permit,
            RuleKind::Deny => Role::Deny,
            RuleKind::Require => Role::Require,
            // Like a duty, advice never changes a decision.
            RuleKind::Oblige | RuleKind::Advice => Role::Oblige,
            RuleKind::Classify => Role::Classify,
            RuleKind::Pend => Role::Pend,
            RuleKind::Register | RuleKind::Engine => return,
        };
        let law = || Some((rule, self.jurisdiction.clone()));
        // Duties never change a decision, and a right is not refused for want of a fact.
        let may_ask_given = role == Role::Oblige || !self.processing;
        let compile_read = |read: &Read<'_>, polarity: Polarity| {
            read.compile(compiler, polarity, law(), may_ask_given, false)
        };
        let compile = |read: &Option<Read<'_>>, polarity: Polarity| {
            read.as_ref().and_then(|read| compile_read(read, polarity))
        };
        let within = |polarity: Polarity| {
            self.within
                .as_ref()
                .and_then(|read| read.compile(compiler, polarity, law(), may_ask_given, true))
        };
        let when_polarity = if role == Role::Permit {
            Polarity::Opens
        } else {
            Polarity::Closes
        };
        let unless = compile(
            if role == Role::Require {
                &self.must
            } else {
                &self.unless
            },
            Polarity::Opens,
        );
        if !self.else_deny.is_empty() {
            // What lies in the scope and is not known to be covered is denied.
            let condition = compile(&self.when, Polarity::Opens)
                .unwrap_or_else(|| Condition::always(compiler.taxonomy.facts.empty_set()));
            clauses.push(
                Clause {
                    id: format!("{name}/else-deny"),
                    rule,
                    role: Role::Deny,
                    operations: self.else_deny.clone(),
                    purposes: self.purposes.clone(),
                    products: self.products.clone(),
                    recipients: self.recipients.clone(),
                    data: self.data.clone(),
                    names_data: self.names_data,
                    admits: spared(compiler.taxonomy, &self.data, &self.admits),
                    at_most_one: self.at_most_one.clone(),
                    when: within(Polarity::Closes),
                    if_known: None,
                    unless: Some(condition),
                    refuse_when: None,
                    grants: Axes::NONE,
                    effects: Effects::default(),
                    duties: Duties::Common,
                    judges_each: false,
                }
                .settle(),
            );
        }
        for (index, (axes, only)) in self.also_grants.iter().enumerate() {
            let (mut data, mut admits) = (self.data.clone(), self.admits.clone());
            data.keep(only);
            admits.keep(only);
            clauses.push(
                Clause {
                    id: format!("{name}/also-{index}"),
                    rule,
                    role,
                    when: compile(&self.when, when_polarity),
                    if_known: within(Polarity::Opens),
                    unless: None,
                    refuse_when: None,
                    operations: self.operations.clone(),
                    purposes: self.purposes.clone(),
                    products: self.products.clone(),
                    recipients: self.recipients.clone(),
                    data,
                    names_data: true,
                    admits: whole(compiler.taxonomy, &admits),
                    at_most_one: self.at_most_one.clone(),
                    grants: *axes,
                    effects: Effects::default(),
                    duties: Duties::Common,
                    judges_each: false,
                }
                .settle(),
            );
        }
        let beside = |id: String, role, when, duties| Clause {
            id,
            rule,
            role,
            operations: self.operations.clone(),
            purposes: self.purposes.clone(),
            products: self.products.clone(),
            recipients: self.recipients.clone(),
            data: self.data.clone(),
            names_data: self.names_data,
            admits: self.admits.clone(),
            at_most_one: None,
            when,
            if_known: None,
            unless: None,
            refuse_when: None,
            grants: Axes::NONE,
            effects: Effects::default(),
            duties,
            judges_each: false,
        };
        for (index, when) in &self.own_duties {
            let when = compile_read(when, Polarity::Closes);
            let clause = beside(format!("{name}/duty-{index}"), role, when, Duties::Only(*index));
            clauses.push(clause.settle());
        }
        if self.excepts.is_some() {
            // An item that the right does not reach for now.
            let when = compile(&self.excepts, Polarity::Closes);
            let mut clause = beside(format!("{name}/excepts"), Role::Deny, when, Duties::Common);
            clause.if_known = compile(&self.when, Polarity::Opens);
            clause.refuse_when = compile(&self.refuse_when, Polarity::Opens);
            clauses.push(clause.settle());
        } else if !self.own_duties.is_empty() && self.own_duties.len() == self.duties {
            // Every duty goes by its own condition.
            return;
        }
        clauses.push(
            Clause {
                id: name.to_owned(),
                rule,
                role,
                when: compile(&self.when, when_polarity),
                if_known: within(Polarity::Opens).or_else(|| compile(&self.if_known, Polarity::Opens)),
                unless,
                refuse_when: match self.excepts {
                    Some(_) => None,
                    None => compile(&self.refuse_when, Polarity::Opens),
                },
                operations: self.operations,
                purposes: self.purposes,
                products: self.products,
                recipients: self.recipients,
                data: self.data,
                names_data: self.names_data,
                admits: whole(compiler.taxonomy, &self.admits),
                at_most_one: self.at_most_one,
                grants: self.grants,
                effects: self.effects,
                duties: Duties::Common,
                judges_each: false,
            }
            .settle(),
        );
    }
}
