//! Conditions over finite domains: whether one always holds, and whether one follows from another.
//!
//! Every fact that a condition reads is given the few values that its tests can tell apart, and `unknown`; all
//! combinations are then tried. What cannot be laid out like that (an instant plus a length of time, say) becomes a
//! proposition that may be true or false on its own. So the combinations tried are all that can occur and perhaps some
//! that cannot: that something holds in all of them is certain, while one in which it does not is certain only if no
//! such proposition was needed.

use std::collections::{BTreeSet, HashMap};
use std::ops::Not as _;

use licit_baseline::{
    Baseline, Category, Comparison, ConditionKey, Entry, Expression, ExpressionKind, FactType, FactValue, Id,
    Kleene, Rule, Set, Table, parse_duration, parse_instant,
};

/// The most combinations that are tried for one question.
const MOST: u64 = 300_000;

/// The most words of one set of words whose combinations are tried.
const MOST_WORDS: usize = 8;

/// A word that no condition names.
const OTHER: &str = "\u{0}other";

/// A condition laid out over the propositions of a [`Space`].
#[derive(Debug, Clone)]
pub(crate) enum Formula {
    Constant(bool),
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
    Test(usize),
}

/// One question about a request or its facts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Test {
    /// The category, purpose, product or operation is one of these.
    Place(Axis, Vec<bool>),
    /// The same; a category outside may still be one of these by a label.
    Labelled(Vec<bool>, usize),
    /// The product's row of the policy names the category; by product.
    Named(Vec<Vec<bool>>),
    Flag(usize),
    WordIn(usize, BTreeSet<String>),
    Same(usize, usize),
    Has(usize, String),
    AllIn(usize, BTreeSet<String>),
    /// Below, or at most, a number.
    Below(usize, i128, bool),
    /// Above, or at least, a number.
    Above(usize, i128, bool),
    Known(usize),
    Given(usize),
    Free(usize),
}

/// What the place of a request is given on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Axis {
    Operation,
    Purpose,
    Product,
    Category,
}

/// One fact, for one rule if it is a determination of law.
#[derive(Debug)]
struct Fact {
    key: String,
    states: Vec<State>,
    /// The value taken while it is missing.
    taken: Option<State>,
    /// Whether a request always has it.
    always_known: bool,
    fact_type: FactType,
    closed: Vec<String>,
    countries: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Unknown,
    /// It has some value that no test tells from others.
    Some,
    Flag(bool),
    Word(String),
    Words(BTreeSet<String>),
    Number(i128),
}

/// A proposition that is true or false on its own, and unknown while a fact that it reads is.
#[derive(Debug)]
struct Free {
    key: String,
    reads: Vec<usize>,
    /// Whether it may be unknown although its facts are known.
    may_be_unknown: bool,
}

/// The ids of one axis, those of both versions of a policy.
#[derive(Debug, Default)]
pub(crate) struct Universe {
    pub(crate) names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Universe {
    fn add<T: Entry>(&mut self, table: &Table<T>) {
        for name in table.names() {
            if !self.places.contains_key(name) {
                self.places.insert(name.to_owned(), self.names.len());
                self.names.push(name.to_owned());
            }
        }
    }

    /// A set of entries of one of the versions as positions of the universe.
    pub(crate) fn bits<T: Entry>(&self, table: &Table<T>, set: &Set<T>) -> Vec<bool> {
        let mut bits = vec![false; self.names.len()];
        for id in set.iter() {
            if let Some(bit) = self.places.get(table.name(id)).and_then(|at| bits.get_mut(*at)) {
                *bit = true;
            }
        }
        bits
    }
}

/// Where a question is asked: every combination of these.
#[derive(Debug, Clone)]
pub(crate) struct Domain {
    pub(crate) operations: Vec<usize>,
    pub(crate) purposes: Vec<usize>,
    pub(crate) products: Vec<usize>,
    pub(crate) categories: Vec<usize>,
    /// Whether a request without data counts, too.
    pub(crate) without_data: bool,
}

impl Domain {
    pub(crate) fn is_empty(&self) -> bool {
        self.operations.is_empty()
            || self.purposes.is_empty()
            || self.products.is_empty()
            || (self.categories.is_empty() && !self.without_data)
    }
}

impl Domain {
    /// Everything in one or the other.
    pub(crate) fn with(mut self, other: Self) -> Self {
        let join = |one: &mut Vec<usize>, other: Vec<usize>| {
            one.extend(other);
            one.sort_unstable();
            one.dedup();
        };
        join(&mut self.operations, other.operations);
        join(&mut self.purposes, other.purposes);
        join(&mut self.products, other.products);
        join(&mut self.categories, other.categories);
        self.without_data |= other.without_data;
        self
    }
}

/// What trying all combinations showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// There is none like that.
    None,
    /// There is one.
    Found,
    /// There is one, which may not be able to occur.
    Perhaps,
    /// There are too many combinations to try.
    TooMany,
}

/// The facts and propositions of one question, over one version of a policy or two.
#[derive(Debug)]
pub(crate) struct Space<'b> {
    sides: Vec<&'b Baseline>,
    pub(crate) operations: Universe,
    pub(crate) purposes: Universe,
    pub(crate) products: Universe,
    pub(crate) categories: Universe,
    /// The categories that a classification can put on others as a label.
    labels: BTreeSet<String>,
    facts: Vec<Fact>,
    frees: Vec<Free>,
    tests: Vec<Test>,
}

/// How a condition is read: see [`Space::condition`].
#[derive(Debug, Clone)]
struct Reading {
    side: usize,
    /// The rule whose determinations its law facts mean.
    rule: String,
    /// Whether holding helps the processing.
    opens: bool,
    /// Whether it narrows a scope.
    scope: bool,
    depth: usize,
}

/// How deep rules may ask about rules.
const DEEPEST: usize = 8;

impl<'b> Space<'b> {
    pub(crate) fn new(sides: &[&'b Baseline]) -> Self {
        let mut space = Self {
            sides: sides.to_vec(),
            operations: Universe::default(),
            purposes: Universe::default(),
            products: Universe::default(),
            categories: Universe::default(),
            labels: BTreeSet::new(),
            facts: Vec::new(),
            frees: Vec::new(),
            tests: Vec::new(),
        };
        for side in sides {
            let taxonomy = side.taxonomy();
            space.operations.add(&taxonomy.operations);
            space.purposes.add(&taxonomy.purposes);
            space.products.add(&taxonomy.products);
            space.categories.add(&taxonomy.categories);
            for (_, rule) in side.rules().iter() {
                space
                    .labels
                    .extend(rule.written.words("adds-label").iter().cloned());
            }
        }
        space
    }

    /// Forgets the facts of earlier questions.
    pub(crate) fn clear(&mut self) {
        self.facts.clear();
        self.frees.clear();
        self.tests.clear();
    }

    /// Lays out a condition of a rule. `None` if the rule does not have it.
    pub(crate) fn condition(
        &mut self,
        side: usize,
        rule: &Rule,
        key: ConditionKey,
        opens: bool,
    ) -> Option<Formula> {
        let condition = rule.written.condition(key)?;
        Some(self.part(side, rule, key, opens, &condition.expression))
    }

    /// Lays out a part of a condition.
    pub(crate) fn part(
        &mut self,
        side: usize,
        rule: &Rule,
        key: ConditionKey,
        opens: bool,
        expression: &Expression,
    ) -> Formula {
        let reading = Reading {
            side,
            rule: rule.id.clone(),
            opens,
            scope: key == ConditionKey::Within,
            depth: 0,
        };
        self.formula(expression, &reading)
    }

    /// That the category being judged is one of these.
    pub(crate) fn categories_in(&mut self, baseline: &Baseline, set: &Set<Category>) -> Formula {
        let bits = self.categories.bits(&baseline.taxonomy().categories, set);
        self.test(Test::Place(Axis::Category, bits))
    }

    /// That the request names no more of the data than a permit takes at once; `None` if it takes any number.
    pub(crate) fn at_most_one(&mut self, rule: &Rule) -> Option<Formula> {
        rule.written.scope.at_most_one.as_ref()?;
        Some(self.free_as(format!("at most one for {}", rule.id), Vec::new(), false))
    }

    fn formula(&mut self, expression: &Expression, reading: &Reading) -> Formula {
        match &expression.kind {
            ExpressionKind::Flag(flag) => Formula::Constant(*flag),
            ExpressionKind::Not(inner) => {
                let swapped = Reading {
                    opens: !reading.opens,
                    ..reading.clone()
                };
                Formula::Not(Box::new(self.formula(inner, &swapped)))
            }
            ExpressionKind::All(parts) => {
                Formula::All(parts.iter().map(|it| self.formula(it, reading)).collect())
            }
            ExpressionKind::Any(parts) => {
                Formula::Any(parts.iter().map(|it| self.formula(it, reading)).collect())
            }
            ExpressionKind::Name(name) => {
                let fact = self.fact(name, reading);
                self.test(Test::Flag(fact))
            }
            ExpressionKind::Compare(comparison, left, right) => {
                self.comparison(*comparison, left, right, reading)
            }
            ExpressionKind::Call(name, arguments) => self.call(name, arguments, expression, reading),
            // The reader of the policy refuses these as conditions.
            ExpressionKind::Text(_)
            | ExpressionKind::Integer(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Sum(..) => self.free(expression, reading),
        }
    }

    fn test(&mut self, test: Test) -> Formula {
        let at = self.tests.iter().position(|other| *other == test);
        Formula::Test(at.unwrap_or_else(|| {
            self.tests.push(test);
            self.tests.len() - 1
        }))
    }

    fn fact(&mut self, name: &str, reading: &Reading) -> usize {
        let Some(baseline) = self.sides.get(reading.side).copied() else {
            return 0;
        };
        let facts = &baseline.taxonomy().facts;
        let definition = facts.find(name).and_then(|id| facts.get(id));
        let key = match definition {
            Some(it) if it.supplier == licit_baseline::Supplier::Law => {
                format!("{name} for {}", reading.rule)
            }
            _ => name.to_owned(),
        };
        // A fact that the two versions define differently is two facts.
        let described = definition.map(|it| (it.fact_type, it.unknown.as_ref().map(state_of)));
        let same = |fact: &Fact| {
            fact.key == key
                && described
                    .as_ref()
                    .is_none_or(|(kind, taken)| fact.fact_type == *kind && fact.taken == *taken)
        };
        if let Some(at) = self.facts.iter().position(same) {
            return at;
        }
        let countries = match definition.and_then(|it| it.values_of.as_deref()) {
            Some("countries") => {
                let regions = &baseline.taxonomy().regions;
                regions
                    .iter()
                    .flat_map(|(_, region)| region.countries.iter().cloned())
                    .collect()
            }
            _ => Vec::new(),
        };
        self.facts.push(Fact {
            key,
            states: Vec::new(),
            taken: definition.and_then(|it| it.unknown.as_ref()).map(state_of),
            always_known: matches!(
                name,
                "operation" | "product" | "purpose" | "data" | "at" | "policy.effective"
            ),
            fact_type: definition.map_or(FactType::Text, |it| it.fact_type),
            closed: definition
                .filter(|it| it.values_of.is_none())
                .map(|it| it.values.clone())
                .unwrap_or_default(),
            countries,
        });
        self.facts.len() - 1
    }

    /// A proposition that stands for a part of a condition as a whole.
    fn free(&mut self, expression: &Expression, reading: &Reading) -> Formula {
        let mut names = Vec::new();
        collect_names(expression, &mut names);
        let mut reads: Vec<usize> = names
            .iter()
            .filter(|name| !matches!(name.as_str(), "category" | "purpose"))
            .map(|name| self.fact(name, reading))
            .collect();
        reads.sort_unstable();
        reads.dedup();
        let law: Vec<&str> = reads
            .iter()
            .filter_map(|at| self.facts.get(*at))
            .map(|it| it.key.as_str())
            .collect();
        let key = format!("{} [{}]", text_of(expression), law.join(", "));
        self.free_as(key, reads, false)
    }

    fn free_as(&mut self, key: String, reads: Vec<usize>, may_be_unknown: bool) -> Formula {
        let at = self.free_at(key, reads, may_be_unknown);
        self.test(Test::Free(at))
    }

    fn free_at(&mut self, key: String, reads: Vec<usize>, may_be_unknown: bool) -> usize {
        if let Some(at) = self.frees.iter().position(|it| it.key == key) {
            return at;
        }
        self.frees.push(Free {
            key,
            reads,
            may_be_unknown,
        });
        self.frees.len() - 1
    }

    fn comparison(
        &mut self,
        comparison: Comparison,
        left: &Expression,
        right: &Expression,
        reading: &Reading,
    ) -> Formula {
        let whole = Expression {
            span: left.span.start..right.span.end,
            kind: ExpressionKind::Compare(comparison, Box::new(left.clone()), Box::new(right.clone())),
        };
        match comparison {
            Comparison::NotEqual => {
                let equal = self.comparison(Comparison::Equal, left, right, reading);
                Formula::Not(Box::new(equal))
            }
            Comparison::Equal => self
                .equal(left, right, reading)
                .unwrap_or_else(|| self.free(&whole, reading)),
            Comparison::Less | Comparison::LessOrEqual => {
                let or_equal = comparison == Comparison::LessOrEqual;
                self.order(left, right, or_equal, reading)
                    .unwrap_or_else(|| self.free(&whole, reading))
            }
            Comparison::In => self
                .membership(left, right, reading)
                .unwrap_or_else(|| self.free(&whole, reading)),
        }
    }

    fn equal(&mut self, left: &Expression, right: &Expression, reading: &Reading) -> Option<Formula> {
        let ExpressionKind::Name(name) = &left.kind else {
            return None;
        };
        if let (Some(axis), ExpressionKind::Text(word)) = (structural(name), &right.kind) {
            return Some(self.place(axis, &[word.as_str()]));
        }
        if structural(name).is_some() {
            return None;
        }
        let fact = self.fact(name, reading);
        match &right.kind {
            ExpressionKind::Text(word) => {
                let words = self.places(fact, &[word.as_str()], reading);
                Some(self.test(Test::WordIn(fact, words)))
            }
            ExpressionKind::Flag(flag) => {
                let test = self.test(Test::Flag(fact));
                Some(if *flag { test } else { Formula::Not(Box::new(test)) })
            }
            ExpressionKind::Integer(number) => {
                let number = i128::from(*number);
                let below = self.test(Test::Below(fact, number, true));
                let above = self.test(Test::Above(fact, number, true));
                Some(Formula::All(vec![below, above]))
            }
            ExpressionKind::Name(other) if structural(other).is_none() => {
                let other = self.fact(other, reading);
                let text = |at: usize| {
                    self.facts
                        .get(at)
                        .is_some_and(|it| it.fact_type == FactType::Text)
                };
                (text(fact) && text(other)).then_some(())?;
                Some(self.test(Test::Same(fact.min(other), fact.max(other))))
            }
            _ => None,
        }
    }

    /// The words that stand for these: a region group stands for its countries.
    fn places(&self, fact: usize, words: &[&str], reading: &Reading) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = words.iter().map(|it| (*it).to_owned()).collect();
        let is_place = self.facts.get(fact).is_some_and(|it| !it.countries.is_empty());
        if let (true, Some(baseline)) = (is_place, self.sides.get(reading.side)) {
            let regions = &baseline.taxonomy().regions;
            let named = words.iter().filter_map(|word| regions.get(regions.find(word)?));
            all.extend(named.flat_map(|region| region.countries.iter().cloned()));
        }
        all
    }

    /// The request is at one of these places, each with everything below it.
    fn place(&mut self, axis: Axis, words: &[&str]) -> Formula {
        let universe = match axis {
            Axis::Operation => &self.operations,
            Axis::Product => &self.products,
            Axis::Purpose => &self.purposes,
            Axis::Category => &self.categories,
        };
        let bits = universe
            .names
            .iter()
            .map(|name| words.contains(&name.as_str()))
            .collect();
        self.test(Test::Place(axis, bits))
    }

    fn order(
        &mut self,
        left: &Expression,
        right: &Expression,
        or_equal: bool,
        reading: &Reading,
    ) -> Option<Formula> {
        match (&left.kind, &right.kind) {
            (ExpressionKind::Name(name), _) => {
                let number = number_of(right)?;
                let fact = self.fact(name, reading);
                Some(self.test(Test::Below(fact, number, or_equal)))
            }
            (_, ExpressionKind::Name(name)) => {
                let number = number_of(left)?;
                let fact = self.fact(name, reading);
                Some(self.test(Test::Above(fact, number, or_equal)))
            }
            _ => None,
        }
    }

    fn membership(&mut self, left: &Expression, right: &Expression, reading: &Reading) -> Option<Formula> {
        match (&left.kind, &right.kind) {
            (ExpressionKind::Name(name), _) if matches!(name.as_str(), "category" | "purpose") => {
                // In a condition that narrows a scope, `in` means touching where it closes.
                let overlaps = reading.scope && !reading.opens;
                self.subsumption(name, overlaps, right, reading)
            }
            (ExpressionKind::Name(name), ExpressionKind::List(items)) => {
                let words: Vec<&str> = items.iter().filter_map(literal).collect();
                if let Some(axis) = structural(name) {
                    return Some(self.place(axis, &words));
                }
                let fact = self.fact(name, reading);
                let is_set = self
                    .facts
                    .get(fact)
                    .is_some_and(|it| it.fact_type == FactType::Texts);
                if !is_set {
                    let words = self.places(fact, &words, reading);
                    return Some(self.test(Test::WordIn(fact, words)));
                }
                let baseline = self.sides.get(reading.side)?;
                let facts = &baseline.taxonomy().facts;
                let names = facts
                    .find(name)
                    .and_then(|id| facts.get(id))?
                    .values_of
                    .as_deref();
                let mut all: BTreeSet<String> = words.iter().map(|it| (*it).to_owned()).collect();
                if names == Some("categories") {
                    let table = &baseline.taxonomy().categories;
                    let below = words
                        .iter()
                        .filter_map(|word| table.find(word))
                        .map(|id| table.subtree(id));
                    all.extend(
                        below.flat_map(|set| {
                            set.iter().map(|id| table.name(id).to_owned()).collect::<Vec<_>>()
                        }),
                    );
                }
                Some(self.test(Test::AllIn(fact, all)))
            }
            (ExpressionKind::Text(word), ExpressionKind::Name(set)) => {
                let fact = self.fact(set, reading);
                Some(self.test(Test::Has(fact, word.clone())))
            }
            _ => None,
        }
    }

    /// `category in […]`, `overlaps(purpose, […])`. A group that is a fact is a proposition of its own.
    fn subsumption(
        &mut self,
        what: &str,
        overlaps: bool,
        group: &Expression,
        reading: &Reading,
    ) -> Option<Formula> {
        let ExpressionKind::List(items) = &group.kind else {
            return None;
        };
        let words: Vec<&str> = items.iter().filter_map(literal).collect();
        let baseline = *self.sides.get(reading.side)?;
        let taxonomy = baseline.taxonomy();
        if what == "purpose" {
            let bits = inside(&self.purposes, &taxonomy.purposes, &words, overlaps);
            return Some(self.test(Test::Place(Axis::Purpose, bits)));
        }
        let bits = inside(&self.categories, &taxonomy.categories, &words, overlaps);
        if overlaps {
            let table = &taxonomy.categories;
            let below = |word: &&str| table.find(word).map(|id| table.subtree(id));
            let can_be_label = |set: Set<_>| set.iter().any(|id| self.labels.contains(table.name(id)));
            if words.iter().filter_map(below).any(can_be_label) {
                let free = self.free_at(format!("labelled {}", words.join(", ")), Vec::new(), false);
                return Some(self.test(Test::Labelled(bits, free)));
            }
        }
        Some(self.test(Test::Place(Axis::Category, bits)))
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Expression],
        whole: &Expression,
        reading: &Reading,
    ) -> Formula {
        let found = match (name, arguments) {
            (
                "known",
                [
                    Expression {
                        kind: ExpressionKind::Name(fact),
                        ..
                    },
                ],
            ) => {
                let fact = self.fact(fact, reading);
                Some(self.test(Test::Known(fact)))
            }
            (
                "given",
                [
                    Expression {
                        kind: ExpressionKind::Name(fact),
                        ..
                    },
                ],
            ) => {
                let fact = self.fact(fact, reading);
                Some(self.test(Test::Given(fact)))
            }
            (
                "overlaps",
                [
                    Expression {
                        kind: ExpressionKind::Name(what),
                        ..
                    },
                    group,
                ],
            ) => self.subsumption(what, true, group, reading),
            (
                "above",
                [
                    _,
                    Expression {
                        kind: ExpressionKind::List(items),
                        ..
                    },
                ],
            ) => {
                let words: Vec<&str> = items.iter().filter_map(literal).collect();
                self.sides.get(reading.side).copied().map(|baseline| {
                    let table = &baseline.taxonomy().categories;
                    let within = inside(&self.categories, table, &words, false);
                    let touching = inside(&self.categories, table, &words, true);
                    let above = within
                        .iter()
                        .zip(&touching)
                        .map(|(within, touching)| *touching && !*within);
                    self.test(Test::Place(Axis::Category, above.collect()))
                })
            }
            (
                "allowed",
                [
                    Expression {
                        kind: ExpressionKind::Name(fact),
                        ..
                    },
                ],
            ) => {
                let controls = self
                    .sides
                    .get(reading.side)
                    .map(|it| controls_of(it))
                    .unwrap_or_default();
                let fact = self.fact(fact, reading);
                Some(self.free_as(format!("allowed {fact} {controls}"), vec![fact], true))
            }
            ("named_for_product", []) => self.named(reading.side),
            (
                "rule",
                [
                    Expression {
                        kind: ExpressionKind::Text(id),
                        ..
                    },
                ],
            ) => self.other_rule(id, reading),
            _ => None,
        };
        // What a function unknown here depends on is unknown as well: anything.
        found.unwrap_or_else(|| {
            let key = format!("{} for {}", text_of(whole), reading.rule);
            self.free_as(key, Vec::new(), true)
        })
    }

    fn named(&mut self, side: usize) -> Option<Formula> {
        let taxonomy = self.sides.get(side)?.taxonomy();
        let by_product = self.products.names.iter().map(|product| {
            let named = taxonomy
                .products
                .find(product)
                .and_then(|id| taxonomy.products.get(id));
            self.categories
                .names
                .iter()
                .map(|name| {
                    let id = taxonomy.categories.find(name);
                    id.zip(named)
                        .is_some_and(|(id, named)| taxonomy.categories.lies_in(id, &named.named_data))
                })
                .collect()
        });
        let named = by_product.collect();
        Some(self.test(Test::Named(named)))
    }

    /// That another permit would cover the request: its scope and its conditions.
    fn other_rule(&mut self, id: &str, reading: &Reading) -> Option<Formula> {
        if reading.depth >= DEEPEST {
            return None;
        }
        let baseline = *self.sides.get(reading.side)?;
        let rule = baseline.rules().get(baseline.rules().find(id)?)?;
        let (scope, taxonomy) = (&rule.written.scope, baseline.taxonomy());
        let lies_in = |universe: &Universe, test: &dyn Fn(&str) -> bool| {
            universe.names.iter().map(|it| test(it)).collect()
        };
        let data = lies_in(&self.categories, &|name| {
            let table = &taxonomy.categories;
            table
                .find(name)
                .is_some_and(|id| table.lies_in(id, &scope.admits))
        });
        let purposes = lies_in(&self.purposes, &|name| {
            let table = &taxonomy.purposes;
            table
                .find(name)
                .is_some_and(|id| table.lies_in(id, &scope.purposes))
        });
        let products = self.products.bits(&taxonomy.products, &scope.products);
        let mut parts = vec![
            self.test(Test::Place(Axis::Category, data)),
            self.test(Test::Place(Axis::Purpose, purposes)),
            self.test(Test::Place(Axis::Product, products)),
        ];
        if let Some(recipients) = &scope.recipients {
            let names = recipients
                .iter()
                .map(|id| taxonomy.recipients.name(id).to_owned())
                .collect();
            let class = self.fact("recipient.class", reading);
            parts.push(self.test(Test::WordIn(class, names)));
        }
        if scope.at_most_one.is_some() {
            parts.push(self.free_as(format!("at most one for {id}"), Vec::new(), false));
        }
        for key in [ConditionKey::Within, ConditionKey::When] {
            if let Some(condition) = rule.written.condition(key) {
                let inner = Reading {
                    rule: id.to_owned(),
                    opens: true,
                    scope: key == ConditionKey::Within,
                    depth: reading.depth + 1,
                    ..reading.clone()
                };
                parts.push(self.formula(&condition.expression, &inner));
            }
        }
        Some(Formula::All(parts))
    }
}

fn structural(name: &str) -> Option<Axis> {
    match name {
        "operation" => Some(Axis::Operation),
        "product" => Some(Axis::Product),
        _ => None,
    }
}

fn literal(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Text(text) => Some(text),
        _ => None,
    }
}

/// An instant, a length of time or a number that is written out, as nanoseconds or as it is.
fn number_of(expression: &Expression) -> Option<i128> {
    match &expression.kind {
        ExpressionKind::Integer(number) => Some(i128::from(*number)),
        ExpressionKind::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
            ("duration", [text]) => parse_duration(literal(text)?).ok().map(|it| it.as_nanos()),
            ("timestamp", [text]) => parse_instant(literal(text)?).ok().map(|it| it.as_nanosecond()),
            _ => None,
        },
        _ => None,
    }
}

fn inside<T: Entry>(universe: &Universe, table: &Table<T>, words: &[&str], overlaps: bool) -> Vec<bool> {
    let mut set = table.empty_set();
    words
        .iter()
        .filter_map(|word| table.find(word))
        .for_each(|id| table.add_subtree(id, &mut set));
    let test = |id: Id<T>| {
        if overlaps {
            table.overlaps(id, &set)
        } else {
            table.lies_in(id, &set)
        }
    };
    universe
        .names
        .iter()
        .map(|name| table.find(name).is_some_and(test))
        .collect()
}

fn controls_of(baseline: &Baseline) -> String {
    let controls = baseline.taxonomy().controls.iter();
    let allows = controls.map(|(_, it)| {
        format!(
            "{}: {}",
            it.id,
            it.allows.as_ref().map_or("", |it| it.value.as_str())
        )
    });
    allows.collect::<Vec<_>>().join("; ")
}

/// Every fact that an expression names.
pub(crate) fn collect_names(expression: &Expression, found: &mut Vec<String>) {
    match &expression.kind {
        ExpressionKind::Name(name) => found.push(name.clone()),
        ExpressionKind::List(parts)
        | ExpressionKind::All(parts)
        | ExpressionKind::Any(parts)
        | ExpressionKind::Call(_, parts) => parts.iter().for_each(|it| collect_names(it, found)),
        ExpressionKind::Not(inner) => collect_names(inner, found),
        ExpressionKind::Compare(_, left, right) | ExpressionKind::Sum(left, right) => {
            collect_names(left, found);
            collect_names(right, found);
        }
        ExpressionKind::Text(_) | ExpressionKind::Integer(_) | ExpressionKind::Flag(_) => {}
    }
}

/// An expression as a key: two that mean the same word for word have the same.
fn text_of(expression: &Expression) -> String {
    let joined = |parts: &[Expression], by: &str| parts.iter().map(text_of).collect::<Vec<_>>().join(by);
    match &expression.kind {
        ExpressionKind::Text(text) => format!("{text:?}"),
        ExpressionKind::Integer(number) => number.to_string(),
        ExpressionKind::Flag(flag) => flag.to_string(),
        ExpressionKind::Name(name) => name.clone(),
        ExpressionKind::List(items) => format!("[{}]", joined(items, ", ")),
        ExpressionKind::Call(name, arguments) => format!("{name}({})", joined(arguments, ", ")),
        ExpressionKind::Not(inner) => format!("!({})", text_of(inner)),
        ExpressionKind::All(parts) => format!("({})", joined(parts, " && ")),
        ExpressionKind::Any(parts) => format!("({})", joined(parts, " || ")),
        ExpressionKind::Compare(comparison, left, right) => {
            let sign = match comparison {
                Comparison::Equal => "==",
                Comparison::NotEqual => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::In => "in",
            };
            format!("{} {sign} {}", text_of(left), text_of(right))
        }
        ExpressionKind::Sum(left, right) => format!("{} + {}", text_of(left), text_of(right)),
    }
}

fn state_of(value: &FactValue) -> State {
    match value {
        FactValue::Flag(flag) => State::Flag(*flag),
        FactValue::Text(word) => State::Word(word.to_string()),
        FactValue::Integer(number) => State::Number(i128::from(*number)),
        FactValue::Texts(words) | FactValue::Categories(words, _) => {
            State::Words(words.iter().map(ToString::to_string).collect())
        }
        FactValue::Time(instant) => State::Number(instant.as_nanosecond()),
        FactValue::Days(length) => State::Number(length.as_nanos()),
        // No condition compares these with anything that is written down.
        FactValue::PerCategory(_) | FactValue::Consents(..) => State::Some,
    }
}

/// One combination: a place and a state of everything.
struct Point {
    operation: usize,
    purpose: usize,
    product: usize,
    category: Option<usize>,
    states: Vec<usize>,
    frees: Vec<Kleene>,
}

/// Evaluates formulas in one combination.
pub(crate) struct Assignment<'s> {
    values: &'s [Kleene],
}

impl Assignment<'_> {
    /// The value of a formula here.
    pub(crate) fn value(&self, formula: &Formula) -> Kleene {
        match formula {
            Formula::Constant(value) => (*value).into(),
            Formula::Not(inner) => self.value(inner).not(),
            Formula::All(parts) => parts.iter().fold(Kleene::True, |all, it| all.and(self.value(it))),
            Formula::Any(parts) => parts.iter().fold(Kleene::False, |any, it| any.or(self.value(it))),
            Formula::Test(at) => self.values.get(*at).copied().unwrap_or(Kleene::Unknown),
        }
    }
}

impl Space<'_> {
    /// Looks for a combination within the domain for which `wanted` says so.
    pub(crate) fn search(
        &mut self,
        domain: &Domain,
        mut wanted: impl FnMut(&Assignment<'_>) -> bool,
    ) -> Search {
        if domain.is_empty() {
            return Search::None;
        }
        let mut exact = !self.tests.iter().any(|test| matches!(test, Test::Labelled(..)));
        for at in 0..self.facts.len() {
            match self.states(at) {
                Some(states) => {
                    if let Some(fact) = self.facts.get_mut(at) {
                        fact.states = states;
                    }
                }
                None => return Search::TooMany,
            }
        }
        exact &= self
            .frees
            .iter()
            .all(|free| !free.may_be_unknown && self.stands_alone(free));
        let places = self.places_of(domain);
        let bounds: Vec<u64> = self
            .facts
            .iter()
            .map(|it| it.states.len() as u64)
            .chain(self.frees.iter().map(|it| if it.may_be_unknown { 3 } else { 2 }))
            .collect();
        let combinations = bounds
            .iter()
            .try_fold(places.len() as u64, |all, it| all.checked_mul(*it));
        if combinations.is_none_or(|all| all > MOST) {
            return Search::TooMany;
        }
        let mut values = vec![Kleene::Unknown; self.tests.len()];
        for (operation, purpose, product, category) in places {
            let mut digits = vec![0_u64; bounds.len()];
            loop {
                let (states, frees) = digits.split_at(self.facts.len());
                let point = Point {
                    operation,
                    purpose,
                    product,
                    category,
                    states: states
                        .iter()
                        .map(|it| usize::try_from(*it).unwrap_or(0))
                        .collect(),
                    frees: frees
                        .iter()
                        .map(|it| match it {
                            0 => Kleene::False,
                            1 => Kleene::True,
                            _ => Kleene::Unknown,
                        })
                        .collect(),
                };
                for (value, test) in values.iter_mut().zip(&self.tests) {
                    *value = self.truth(test, &point);
                }
                if wanted(&Assignment { values: &values }) {
                    return if exact { Search::Found } else { Search::Perhaps };
                }
                if !next(&mut digits, &bounds) {
                    break;
                }
            }
        }
        Search::None
    }

    /// Whether nothing else looks at what a proposition reads, so that each of its values can occur.
    fn stands_alone(&self, free: &Free) -> bool {
        free.reads.iter().all(|fact| {
            let others = self
                .frees
                .iter()
                .filter(|other| other.key != free.key && other.reads.contains(fact));
            let looks = |test: &&Test| match test {
                Test::Flag(at)
                | Test::WordIn(at, _)
                | Test::Has(at, _)
                | Test::AllIn(at, _)
                | Test::Below(at, ..)
                | Test::Above(at, ..) => at == fact,
                Test::Same(left, right) => left == fact || right == fact,
                _ => false,
            };
            others.count() == 0 && !self.tests.iter().any(|test| looks(&test))
        }) && !free.reads.is_empty()
    }

    /// The values of a fact that the tests can tell apart; `None` if there are too many.
    fn states(&self, at: usize) -> Option<Vec<State>> {
        let fact = self.facts.get(at)?;
        let mut words: BTreeSet<String> = BTreeSet::new();
        let mut lists: Vec<&BTreeSet<String>> = Vec::new();
        let mut numbers: BTreeSet<i128> = BTreeSet::new();
        let mut flag = fact.fact_type == FactType::Flag;
        let mut compared_with: Vec<usize> = Vec::new();
        for test in &self.tests {
            match test {
                Test::WordIn(it, list) if *it == at => lists.push(list),
                Test::AllIn(it, list) if *it == at => lists.push(list),
                Test::Has(it, word) if *it == at => {
                    words.insert(word.clone());
                }
                Test::Below(it, number, _) | Test::Above(it, number, _) if *it == at => {
                    numbers.extend([number - 1, *number, number + 1]);
                }
                Test::Flag(it) if *it == at => flag = true,
                Test::Same(left, right) if *left == at || *right == at => {
                    compared_with.push(if *left == at { *right } else { *left });
                }
                _ => {}
            }
        }
        // A fact compared with another takes the words of both.
        let others = self.tests.iter().filter_map(|test| match test {
            Test::WordIn(it, list) if compared_with.contains(it) => Some(list),
            _ => None,
        });
        let others: Vec<&BTreeSet<String>> = others.collect();
        lists.extend(others);
        let given = self
            .tests
            .iter()
            .any(|test| matches!(test, Test::Given(it) if *it == at));
        let mut states = match fact.fact_type {
            FactType::Flag if flag => vec![State::Flag(true), State::Flag(false)],
            FactType::Texts => self.sets_of_words(&words, &lists)?,
            FactType::Text => {
                let mut candidates: BTreeSet<String> =
                    lists.iter().flat_map(|list| list.iter().cloned()).collect();
                candidates.extend(fact.closed.iter().cloned());
                candidates.extend(fact.countries.iter().cloned());
                if given {
                    candidates.insert("none".to_owned());
                }
                if fact.closed.is_empty() {
                    candidates.insert(OTHER.to_owned());
                    if !compared_with.is_empty() {
                        candidates.insert(format!("{OTHER} of {}", fact.key));
                    }
                }
                self.told_apart(candidates, &lists, given, !compared_with.is_empty())
            }
            _ if numbers.is_empty() => vec![State::Some],
            _ => numbers.into_iter().map(State::Number).collect(),
        };
        if let Some(taken) = &fact.taken {
            if !states.contains(taken) && !states.contains(&State::Some) {
                states.push(taken.clone());
            }
        } else if !fact.always_known {
            states.push(State::Unknown);
        }
        Some(states)
    }

    /// One word of each kind that the lists tell apart; all of them if the fact is compared with another.
    fn told_apart(
        &self,
        candidates: BTreeSet<String>,
        lists: &[&BTreeSet<String>],
        given: bool,
        all: bool,
    ) -> Vec<State> {
        let mut seen = BTreeSet::new();
        candidates
            .into_iter()
            .filter(|word| {
                let mut signature: Vec<bool> = lists.iter().map(|list| list.contains(word)).collect();
                signature.push(given && word == "none");
                seen.insert(signature) || all
            })
            .map(State::Word)
            .collect()
    }

    fn sets_of_words(&self, words: &BTreeSet<String>, lists: &[&BTreeSet<String>]) -> Option<Vec<State>> {
        let mut seen = BTreeSet::new();
        let mut kinds: Vec<String> = words.iter().cloned().collect();
        let listed = lists
            .iter()
            .flat_map(|list| list.iter().cloned())
            .chain([OTHER.to_owned()]);
        for word in listed.collect::<BTreeSet<_>>() {
            let signature: Vec<bool> = lists.iter().map(|list| list.contains(&word)).collect();
            if !words.contains(&word) && seen.insert(signature) {
                kinds.push(word);
            }
        }
        if kinds.len() > MOST_WORDS {
            return None;
        }
        let sets = 0..1_usize << kinds.len();
        let set = |bits: usize| -> State {
            let chosen = kinds.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            State::Words(chosen.map(|(_, word)| word.clone()).collect())
        };
        Some(
            sets.map(set)
                .chain([State::Words(["*".to_owned()].into())])
                .collect(),
        )
    }

    /// One place of each kind that the tests tell apart.
    fn places_of(&self, domain: &Domain) -> Vec<(usize, usize, usize, Option<usize>)> {
        let of_axis = |axis: Axis, all: &[usize]| -> Vec<usize> {
            let mut seen = BTreeSet::new();
            let mut kept = Vec::new();
            for at in all {
                let signature: Vec<bool> = self
                    .tests
                    .iter()
                    .flat_map(|test| match test {
                        Test::Place(on, bits) if *on == axis => vec![bit(bits, *at)],
                        Test::Labelled(bits, _) if axis == Axis::Category => vec![bit(bits, *at)],
                        Test::Named(by_product) if axis == Axis::Product => {
                            by_product.get(*at).cloned().unwrap_or_default()
                        }
                        Test::Named(by_product) if axis == Axis::Category => {
                            by_product.iter().map(|bits| bit(bits, *at)).collect()
                        }
                        _ => Vec::new(),
                    })
                    .collect();
                if seen.insert(signature) {
                    kept.push(*at);
                }
            }
            kept
        };
        let operations = of_axis(Axis::Operation, &domain.operations);
        let purposes = of_axis(Axis::Purpose, &domain.purposes);
        let products = of_axis(Axis::Product, &domain.products);
        let mut categories: Vec<Option<usize>> = of_axis(Axis::Category, &domain.categories)
            .into_iter()
            .map(Some)
            .collect();
        if domain.without_data {
            categories.push(None);
        }
        let mut places = Vec::new();
        for operation in &operations {
            for purpose in &purposes {
                for product in &products {
                    places.extend(
                        categories
                            .iter()
                            .map(|category| (*operation, *purpose, *product, *category)),
                    );
                }
            }
        }
        places
    }

    fn truth(&self, test: &Test, point: &Point) -> Kleene {
        let state = |fact: &usize| -> &State {
            let states = self.facts.get(*fact).map(|it| &it.states);
            let at = point.states.get(*fact).copied().unwrap_or(0);
            states.and_then(|it| it.get(at)).unwrap_or(&State::Unknown)
        };
        let free = |at: &usize| -> Kleene {
            let value = point.frees.get(*at).copied().unwrap_or(Kleene::Unknown);
            let unknown = |free: &Free| free.reads.iter().any(|fact| *state(fact) == State::Unknown);
            match self.frees.get(*at) {
                Some(it) if !unknown(it) => value,
                _ => Kleene::Unknown,
            }
        };
        match test {
            Test::Place(Axis::Operation, bits) => bit(bits, point.operation).into(),
            Test::Place(Axis::Purpose, bits) => bit(bits, point.purpose).into(),
            Test::Place(Axis::Product, bits) => bit(bits, point.product).into(),
            Test::Place(Axis::Category, bits) => point.category.map(|at| bit(bits, at)).into(),
            Test::Labelled(bits, by_label) => Kleene::from(point.category.map(|at| bit(bits, at)))
                .or(point.category.map_or(Kleene::Unknown, |_| free(by_label))),
            Test::Named(by_product) => {
                let bits = by_product.get(point.product);
                point.category.zip(bits).map(|(at, bits)| bit(bits, at)).into()
            }
            Test::Flag(fact) => match state(fact) {
                State::Flag(flag) => (*flag).into(),
                _ => Kleene::Unknown,
            },
            Test::WordIn(fact, words) => match state(fact) {
                State::Word(word) => words.contains(word).into(),
                _ => Kleene::Unknown,
            },
            Test::Same(left, right) => match (state(left), state(right)) {
                (State::Word(left), State::Word(right)) => (left == right).into(),
                _ => Kleene::Unknown,
            },
            Test::Has(fact, word) => match state(fact) {
                State::Words(words) => has(words, word).into(),
                _ => Kleene::Unknown,
            },
            Test::AllIn(fact, list) => match state(fact) {
                State::Words(words) => words.is_subset(list).into(),
                _ => Kleene::Unknown,
            },
            Test::Below(fact, number, or_equal) => match state(fact) {
                State::Number(it) => (it < number || (*or_equal && it == number)).into(),
                _ => Kleene::Unknown,
            },
            Test::Above(fact, number, or_equal) => match state(fact) {
                State::Number(it) => (number < it || (*or_equal && it == number)).into(),
                _ => Kleene::Unknown,
            },
            Test::Known(fact) => match state(fact) {
                State::Unknown => Kleene::Unknown,
                _ => Kleene::True,
            },
            Test::Given(fact) => match state(fact) {
                State::Unknown => Kleene::False,
                State::Word(word) => (word != "none").into(),
                _ => Kleene::True,
            },
            Test::Free(at) => free(at),
        }
    }
}

/// Whether a set of words has a word, or for `kind:*` one that begins like that.
fn has(words: &BTreeSet<String>, word: &str) -> bool {
    let kind = word.strip_suffix('*').filter(|it| it.ends_with(':'));
    words.contains("*")
        || words.contains(word)
        || words
            .iter()
            .any(|it| kind.is_some_and(|kind| it.starts_with(kind)))
}

fn bit(bits: &[bool], at: usize) -> bool {
    bits.get(at).copied().unwrap_or(false)
}

/// The next combination of digits; false after the last one.
fn next(digits: &mut [u64], bounds: &[u64]) -> bool {
    for (digit, bound) in digits.iter_mut().zip(bounds) {
        *digit += 1;
        if *digit < *bound {
            return true;
        }
        *digit = 0;
    }
    false
}
