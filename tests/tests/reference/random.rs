//! Random requests over the whole vocabulary. Most start from facts that stand in nobody's way, have what still
//! objects put right rule by rule, and are then disturbed: so permits, and requests one fact away from one, are common.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use licit_conformance::reference::{
    Answer, Decision, Determination, Expression, Fact, Names, Policy, Request, Rule, Value, judge, names,
};

/// A small generator, so that every request can be had again from its seed.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    /// Once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 24 * 60 * 60 * SECOND;
const STRUCTURAL: [&str; 6] = [
    "operation",
    "product",
    "purpose",
    "data",
    "at",
    "policy.effective",
];

/// What requests are made of.
#[derive(Debug)]
pub(crate) struct Generator<'p> {
    policy: &'p Policy,
    permits: Vec<&'p Rule>,
    rules: BTreeMap<&'p str, &'p Rule>,
    permissive: BTreeMap<String, Value>,
    /// The values that can make a difference, by fact.
    choices: BTreeMap<&'p str, Vec<Value>>,
    operations: Vec<&'p str>,
    laws: Vec<&'p str>,
    /// The rules that ask for a law fact.
    lawful: Vec<&'p str>,
    countries: Vec<String>,
    now: i128,
}

impl<'p> Generator<'p> {
    pub(crate) fn new(policy: &'p Policy) -> Self {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().expect("an instant");
        let now = now.as_nanosecond();
        let is_law = |fact: &Fact| fact.supplier == "law";
        let laws: Vec<&str> = policy
            .facts
            .iter()
            .filter(|(_, it)| is_law(it))
            .map(|(name, _)| name.as_str())
            .collect();
        let asks_law = |rule: &&Rule| {
            let mut found = false;
            conditions(rule).for_each(|it| names(it, &mut |name| found |= laws.contains(&name)));
            found
        };
        let mut generator = Self {
            policy,
            permits: policy.rules.iter().filter(|rule| rule.kind == "permit").collect(),
            rules: policy.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect(),
            permissive: BTreeMap::new(),
            choices: BTreeMap::new(),
            operations: policy.operations.keys().map(String::as_str).collect(),
            lawful: policy
                .rules
                .iter()
                .filter(asks_law)
                .map(|rule| rule.id.as_str())
                .collect(),
            laws,
            countries: ["SG", "IN", "NL", "DE", "GB", "RU", "US", "EEA"]
                .map(str::to_owned)
                .into(),
            now,
        };
        let mut compared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let all = policy
            .rules
            .iter()
            .flat_map(conditions)
            .chain(policy.controls.values().flatten());
        all.for_each(|condition| words_compared(condition, &mut compared));
        for (name, fact) in &policy.facts {
            let compared = compared.get(name).cloned().unwrap_or_default();
            generator.choices.insert(name, generator.values(fact, compared));
        }
        generator.permissive = permissive(policy);
        generator
    }

    /// The values worth trying for a fact.
    fn values(&self, fact: &Fact, compared: BTreeSet<String>) -> Vec<Value> {
        let policy = self.policy;
        let mut words: BTreeSet<String> = compared.into_iter().chain(fact.values.iter().cloned()).collect();
        match fact.values_of.as_str() {
            "countries" => words.extend(self.countries.iter().cloned()),
            "products" => words.extend(policy.products.iter().cloned()),
            "recipients" => words.extend(policy.recipients.ids.iter().cloned()),
            "purposes" => words.extend(policy.purposes.ids.iter().cloned()),
            "controls" => words.extend(policy.controls.keys().cloned()),
            "categories" => words.extend(policy.categories.ids.iter().cloned()),
            "references" => words.extend(["REF-1", "none"].map(str::to_owned)),
            "durations" => {
                words.extend(["P1D", "P30D", "P2W", "PT12H", "P4000D", "until:purchase"].map(str::to_owned))
            }
            _ => {}
        }
        if words.is_empty() {
            words.insert("word".to_owned());
        }
        match fact.kind.as_str() {
            "flag" => vec![Value::Flag(true), Value::Flag(false)],
            "integer" => (0..4).map(Value::Integer).collect(),
            "days" => [0, 1, 30, 4000]
                .map(|days| Value::Length(days * 24 * 60 * 60))
                .into(),
            "time" => [-4000 * DAY, -455 * DAY, -30 * DAY, -DAY, -1, 0, 1, DAY, 30 * DAY]
                .map(|away| Value::Time(self.now + away))
                .into(),
            // Sets are put together from these.
            _ => words.into_iter().map(Value::Text).collect(),
        }
    }

    /// Some value for a fact, whatever it may do.
    fn any_value(&self, name: &str, request: &Request, random: &mut Random) -> Value {
        let choices = &self.choices[name];
        let fact = &self.policy.facts[name];
        let plain = |random: &mut Random| {
            if fact.kind != "texts" {
                return random.one(choices).clone();
            }
            let mut set = BTreeSet::new();
            for _ in 0..random.below(4) {
                if fact.values_of == "categories" && !request.data.is_empty() && random.once_in(2) {
                    let category: &String = random.one(&request.data);
                    set.insert(self.near(category, random));
                } else if let Value::Text(word) = random.one(choices) {
                    set.insert(word.clone());
                }
            }
            if fact.values_of != "categories" && random.once_in(10) {
                set.insert("*".to_owned());
            }
            Value::Words(set)
        };
        if fact.per_category && !request.data.is_empty() && random.once_in(2) {
            let mut entries: Vec<(String, Value)> = Vec::new();
            for _ in 0..=random.below(3) {
                let category: &String = random.one(&request.data);
                let category = self.near(category, random);
                if entries.iter().all(|(other, _)| *other != category) {
                    entries.push((category, plain(random)));
                }
            }
            return Value::PerCategory(entries);
        }
        plain(random)
    }

    /// A category, or one above or below it.
    fn near(&self, category: &str, random: &mut Random) -> String {
        let tree = &self.policy.categories;
        match (random.below(4), tree.parents.get(category)) {
            (0, Some(parents)) if !parents.is_empty() => random.one(parents).clone(),
            (1, _) => random.one(tree.below(category)).clone(),
            _ => category.to_owned(),
        }
    }

    /// A random request.
    pub(crate) fn request(&self, random: &mut Random) -> Request {
        let mut request = self.question(random);
        if random.once_in(20) {
            // Nothing usual at all.
            for name in self.choices.keys().filter(|name| !STRUCTURAL.contains(name)) {
                if !random.once_in(3) {
                    let value = self.any_value(name, &request, random);
                    request.facts.insert((*name).to_owned(), value);
                }
            }
        } else {
            request.facts.clone_from(&self.permissive);
            self.please(&mut request, random);
        }
        self.disturb(&mut request, random);
        // These are computed where the records are known.
        if request.facts.contains_key("consent.records") {
            request
                .facts
                .retain(|name, _| name == "consent.records" || !name.starts_with("consent."));
        }
        request
    }

    /// What is asked: what some permit speaks about, or anything.
    fn question(&self, random: &mut Random) -> Request {
        let policy = self.policy;
        let mut data: Vec<String> = Vec::new();
        let any = |names: &Names, otherwise: &str, random: &mut Random| {
            let mut names: Vec<&String> = names.iter().collect();
            names.sort();
            if names.is_empty() {
                otherwise.to_owned()
            } else {
                (*random.one(&names)).clone()
            }
        };
        let mut request = Request {
            operation: (*random.one(&self.operations)).to_owned(),
            product: random.one(&policy.products).clone(),
            purpose: random.one(&policy.purposes.ids).clone(),
            at: self.now,
            ..Request::default()
        };
        if !random.once_in(4) {
            let rule = random.one(&self.permits);
            request.operation = any(&rule.operations, &request.operation, random);
            request.product = any(&rule.products, &request.product, random);
            request.purpose = any(&rule.purposes, &request.purpose, random);
            for _ in 0..=random.below(2) {
                data.push(any(&rule.covers, "personal-information", random));
            }
            if random.once_in(3) {
                data.push(random.one(&policy.categories.ids).clone());
            }
        } else {
            for _ in 0..random.below(6) {
                data.push(random.one(&policy.categories.ids).clone());
            }
        }
        if random.once_in(12) {
            "right".clone_into(&mut request.operation);
            data.truncate(random.below(3));
        }
        for category in data {
            if !request.data.contains(&category) {
                request.data.push(category);
            }
        }
        request
    }

    /// Puts right what objects, rule by rule, as long as that helps.
    fn please(&self, request: &mut Request, random: &mut Random) {
        for name in [
            "data.source",
            "necessity",
            "field.mandatory_marked",
            "basis",
            "plugin.controls",
        ] {
            if self.policy.facts.contains_key(name) {
                let value = match name {
                    "basis" => Value::Text("contract".to_owned()),
                    "data.source" => Value::Words(["user".to_owned()].into()),
                    "plugin.controls" => Value::Words(BTreeSet::new()),
                    _ => Value::Words(request.data.iter().cloned().collect()),
                };
                request.facts.insert(name.to_owned(), value);
            }
        }
        for _ in 0..random.below(7) {
            let answer = judge(self.policy, request);
            if answer.decision == Decision::Permit {
                break;
            }
            self.put_right(&answer, request, random);
        }
    }

    fn put_right(&self, answer: &Answer, request: &mut Request, random: &mut Random) {
        let mut wishes: Vec<(&Expression, bool)> = Vec::new();
        for (id, kind) in answer.objecting.keys() {
            let Some(rule) = self.rules.get(id.as_str()) else {
                continue;
            };
            let mut ways: Vec<(&Expression, bool)> = Vec::new();
            match (rule.kind.as_str(), kind.as_str()) {
                ("permit", _) => {
                    ways.extend(rule.when.iter().map(|it| (it, true)));
                    ways.extend(rule.within.iter().map(|it| (it, false)));
                }
                ("classify", _) => {
                    for fact in &rule.adds_data_from {
                        request.facts.insert(fact.clone(), Value::Words(BTreeSet::new()));
                    }
                }
                _ => {
                    ways.extend(rule.unless.iter().chain(&rule.must).map(|it| (it, true)));
                    ways.extend(rule.when.iter().map(|it| (it, false)));
                }
            }
            if !ways.is_empty() {
                // The first way is the usual one.
                wishes.push(if random.once_in(3) {
                    *random.one(&ways)
                } else {
                    ways[0]
                });
            }
        }
        let like = self
            .policy
            .operations
            .get(&request.operation)
            .and_then(|it| it.purpose_as.clone());
        for (category, outcome) in &answer.categories {
            for axis in &outcome.lacking {
                let tree = &self.policy.categories;
                let grants = |rule: &&&Rule| {
                    let also = || {
                        rule.also_grants
                            .iter()
                            .any(|(axes, data)| axes.contains(axis) && tree.whole_in(category, data))
                    };
                    let acts = rule.operations.contains(&request.operation)
                        || (axis == "purpose"
                            && like.as_ref().is_some_and(|it| rule.operations.contains(it)));
                    (rule.grants.contains(axis) || also())
                        && acts
                        && rule.products.contains(&request.product)
                        && self.policy.purposes.whole_in(&request.purpose, &rule.purposes)
                        && tree.whole_in(category, &rule.covers)
                };
                let granting: Vec<&&Rule> = self.permits.iter().filter(grants).collect();
                if !granting.is_empty() {
                    let rule = random.one(&granting);
                    wishes.extend(rule.when.iter().chain(&rule.within).map(|it| (it, true)));
                    if let (Some(recipients), true) = (&rule.recipients, axis == "recipient") {
                        let mut recipients: Vec<&String> = recipients.iter().collect();
                        recipients.sort();
                        let class = Value::Text((*random.one(&recipients)).clone());
                        request.facts.insert("recipient.class".to_owned(), class);
                    }
                }
            }
        }
        if request.operation == "right" {
            let granting = self
                .permits
                .iter()
                .filter(|rule| rule.operations.contains("right"));
            wishes.extend(granting.flat_map(|rule| &rule.when).map(|it| (it, true)));
        }
        for (condition, wanted) in wishes {
            self.make(condition, wanted, request, random);
        }
    }

    /// Sets facts so that a condition tends to come out as wanted.
    fn make(&self, condition: &Expression, wanted: bool, request: &mut Request, random: &mut Random) {
        match condition {
            Expression::Not(inner) => self.make(inner, !wanted, request, random),
            Expression::All(parts) | Expression::Any(parts) => {
                if matches!(condition, Expression::All(_)) == wanted {
                    parts
                        .iter()
                        .for_each(|part| self.make(part, wanted, request, random));
                } else {
                    self.make(random.one(parts), wanted, request, random);
                }
            }
            Expression::Name(fact) => self.set(fact, Value::Flag(wanted), request),
            Expression::Compare(sign, left, right) => match sign.as_str() {
                "==" => self.make_equal(left, right, wanted, request, random),
                "!=" => self.make_equal(left, right, !wanted, request, random),
                "in" => self.make_member(left, right, wanted, request, random),
                _ => {
                    self.make_low(left, wanted, request);
                    self.make_low(right, !wanted, request);
                }
            },
            Expression::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
                ("known" | "given", [Expression::Name(fact)]) => {
                    if wanted {
                        let value = self.any_value(fact, request, random);
                        self.set(fact, value, request);
                    } else if self.policy.facts[fact.as_str()]
                        .values
                        .iter()
                        .any(|it| it == "none")
                    {
                        self.set(fact, Value::Text("none".to_owned()), request);
                    } else {
                        request.facts.remove(fact);
                    }
                }
                ("overlaps", [Expression::Name(what), Expression::Name(set)]) => {
                    let word = if what == "purpose" {
                        request.purpose.clone()
                    } else {
                        request.data.first().cloned().unwrap_or_default()
                    };
                    self.put_in(set, &word, wanted, request);
                }
                ("allowed", [Expression::Name(fact)]) => {
                    let Some(Value::Words(controls)) = request.facts.get(fact).cloned() else {
                        self.set(fact, Value::Words(BTreeSet::new()), request);
                        return;
                    };
                    for control in &controls {
                        if let Some(Some(condition)) = self.policy.controls.get(control) {
                            self.make(condition, wanted, request, random);
                        }
                    }
                }
                ("rule", [Expression::Text(id)]) => {
                    if let Some(when) = self.rules.get(id.as_str()).and_then(|rule| rule.when.as_ref()) {
                        self.make(when, wanted, request, random);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn set(&self, fact: &str, value: Value, request: &mut Request) {
        if self.policy.facts.contains_key(fact) && !STRUCTURAL.contains(&fact) {
            request.facts.insert(fact.to_owned(), value);
        }
    }

    fn stated(&self, fact: &str, request: &Request) -> Option<Value> {
        match fact {
            "product" => Some(Value::Text(request.product.clone())),
            "operation" => Some(Value::Text(request.operation.clone())),
            "at" => Some(Value::Time(request.at)),
            _ => request.facts.get(fact).cloned(),
        }
    }

    fn make_equal(
        &self,
        left: &Expression,
        right: &Expression,
        wanted: bool,
        request: &mut Request,
        random: &mut Random,
    ) {
        let Expression::Name(fact) = left else { return };
        let value = match right {
            Expression::Text(word) => Some(Value::Text(word.clone())),
            Expression::Flag(flag) => Some(Value::Flag(*flag)),
            Expression::Integer(number) => Some(Value::Integer(*number)),
            Expression::Name(other) if STRUCTURAL.contains(&fact.as_str()) => {
                let value = self.stated(fact, request).expect("it is always stated");
                return self.set(other, value, request);
            }
            Expression::Name(other) => self.stated(other, request),
            _ => None,
        };
        let Some(value) = value else { return };
        let value = if wanted {
            value
        } else {
            let others: Vec<&Value> = self.choices[fact.as_str()]
                .iter()
                .filter(|it| **it != value)
                .collect();
            if others.is_empty() {
                return;
            } else {
                (*random.one(&others)).clone()
            }
        };
        self.set(fact, value, request);
    }

    fn make_member(
        &self,
        left: &Expression,
        right: &Expression,
        wanted: bool,
        request: &mut Request,
        random: &mut Random,
    ) {
        match (left, right) {
            (Expression::Name(what), Expression::Name(set)) if what == "category" => {
                for category in request.data.clone() {
                    self.put_in(set, &category, wanted, request);
                }
            }
            (Expression::Name(what), Expression::Name(set)) if what == "purpose" => {
                let purpose = request.purpose.clone();
                self.put_in(set, &purpose, wanted, request);
            }
            (Expression::Name(fact), Expression::List(items)) if fact != "category" && fact != "purpose" => {
                let words: Vec<&String> = items
                    .iter()
                    .filter_map(|it| {
                        if let Expression::Text(text) = it {
                            Some(text)
                        } else {
                            None
                        }
                    })
                    .collect();
                let Some(known) = self.policy.facts.get(fact) else {
                    return;
                };
                let inside = if words.is_empty() {
                    None
                } else {
                    Some((*random.one(&words)).clone())
                };
                let others: Vec<String> = self.choices[fact.as_str()]
                    .iter()
                    .filter_map(|it| {
                        if let Value::Text(text) = it {
                            Some(text.clone())
                        } else {
                            None
                        }
                    })
                    .filter(|it| !words.contains(&it))
                    .collect();
                let word = if wanted || others.is_empty() {
                    inside
                } else {
                    Some(random.one(&others).clone())
                };
                let value = match (known.kind.as_str(), word) {
                    ("texts", word) => Value::Words(word.into_iter().collect()),
                    (_, Some(word)) => Value::Text(word),
                    _ => return,
                };
                self.set(fact, value, request);
            }
            (Expression::Text(word), Expression::Name(set)) => self.put_in(set, word, wanted, request),
            (Expression::Name(fact), Expression::Name(set)) => {
                if let Some(Value::Text(word)) = self.stated(fact, request) {
                    self.put_in(set, &word, wanted, request);
                }
            }
            _ => {}
        }
    }

    /// Puts a word into a set, or takes it out.
    fn put_in(&self, set: &str, word: &str, wanted: bool, request: &mut Request) {
        let mut words = match request.facts.get(set) {
            Some(Value::Words(words)) => words.clone(),
            _ => BTreeSet::new(),
        };
        if wanted {
            words.insert(word.to_owned());
        } else {
            words.remove(word);
            words.remove("*");
        }
        self.set(set, Value::Words(words), request);
    }

    /// Makes the facts of one side of a comparison small, or large.
    fn make_low(&self, side: &Expression, low: bool, request: &mut Request) {
        let mut found = Vec::new();
        names(side, &mut |name| found.push(name.to_owned()));
        for fact in found {
            let kind = self.policy.facts.get(&fact).map_or("", |it| it.kind.as_str());
            let value = match kind {
                "time" => Value::Time(request.at + if low { -30 * DAY } else { 30 * DAY }),
                "integer" => Value::Integer(if low { 0 } else { 3 }),
                "days" => Value::Length(if low { 0 } else { 4000 * 24 * 60 * 60 }),
                "text" => Value::Text(if low { "P1D" } else { "P4000D" }.to_owned()),
                _ => continue,
            };
            self.set(&fact, value, request);
        }
    }

    /// Takes facts away, changes some, adds determinations and records.
    fn disturb(&self, request: &mut Request, random: &mut Random) {
        let facts: Vec<&str> = self
            .choices
            .keys()
            .copied()
            .filter(|name| !STRUCTURAL.contains(name))
            .collect();
        let changes = *random.one(&[0, 0, 1, 1, 2, 4, 12]);
        for _ in 0..changes {
            let name = *random.one(&facts);
            if random.once_in(2) {
                request.facts.remove(name);
            } else {
                let value = self.any_value(name, request, random);
                request.facts.insert(name.to_owned(), value);
            }
        }
        if random.once_in(10) {
            let gaps = *random.one(&[2, 4, 10]);
            request.facts.retain(|_, _| !random.once_in(gaps));
        }
        if random.once_in(3) && self.policy.facts.contains_key("consent.records") {
            let records = self.records(&request.purpose, random);
            request
                .facts
                .insert("consent.records".to_owned(), Value::Words(records));
        }
        if random.once_in(4) && !self.lawful.is_empty() {
            for name in &self.laws {
                if !random.once_in(4) {
                    request.facts.remove(*name);
                }
            }
            for _ in 0..random.below(6) {
                let fact = *random.one(&self.laws);
                let value = self.any_value(fact, request, random);
                let about = random.below(2);
                request.law.push(Determination {
                    fact: fact.to_owned(),
                    rule: (*random.one(&self.lawful)).to_owned(),
                    jurisdiction: random.one(&self.countries).clone(),
                    value,
                    from: self.now + *random.one(&[-30 * DAY, -30 * DAY, -30 * DAY, 0, 1]),
                    until: self.now + 30 * DAY * about as i128 + *random.one(&[2, 30 * DAY]),
                });
            }
        }
        if random.once_in(20) {
            request.at += *random.one(&[-4000 * DAY, -DAY, -1, 1, DAY, 30 * DAY]);
        }
    }

    /// Consent records in every state.
    fn records(&self, purpose: &str, random: &mut Random) -> BTreeSet<String> {
        let mut records = BTreeSet::new();
        for _ in 0..random.below(4) {
            let purpose = if random.once_in(4) {
                random.one(&self.policy.purposes.ids)
            } else {
                purpose
            };
            let instant = |random: &mut Random| {
                let away = *random.one(&[-400 * DAY, -30 * DAY, -30 * DAY, -DAY, 0, SECOND, DAY]);
                Timestamp::from_nanosecond(self.now + away).expect("an instant")
            };
            let explicit = if random.once_in(2) { " explicit" } else { "" };
            let mut record = format!("{purpose}{explicit} given {}", instant(random));
            if random.once_in(3) {
                record += &format!(" withdrawn {}", instant(random));
            }
            if random.once_in(4) {
                record += &format!(" expires {}", instant(random));
            }
            records.insert(record);
        }
        records
    }
}

fn conditions(rule: &Rule) -> impl Iterator<Item = &Expression> {
    [
        &rule.within,
        &rule.when,
        &rule.unless,
        &rule.must,
        &rule.if_known,
        &rule.refuse_when,
    ]
    .into_iter()
    .flatten()
}

/// The words with which conditions compare facts.
fn words_compared(condition: &Expression, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut add = |fact: &str, word: &str| {
        found.entry(fact.to_owned()).or_default().insert(word.to_owned());
    };
    match condition {
        Expression::Compare(_, left, right) => match (&**left, &**right) {
            (Expression::Name(fact), Expression::Text(word))
            | (Expression::Text(word), Expression::Name(fact)) => {
                add(fact, word);
            }
            (Expression::Name(fact), Expression::List(items)) => {
                for item in items {
                    if let Expression::Text(word) = item {
                        add(fact, word);
                    }
                }
            }
            _ => {}
        },
        Expression::Not(inner) => words_compared(inner, found),
        Expression::All(parts) | Expression::Any(parts) => {
            parts.iter().for_each(|part| words_compared(part, found));
        }
        _ => {}
    }
}

/// The facts of the cases that stand in nobody's way.
fn permissive(policy: &Policy) -> BTreeMap<String, Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/permissive.toml");
    let text = std::fs::read_to_string(path).expect("permissive facts");
    let table: toml::Table = text.parse().expect("TOML");
    let given = table["given"].as_table().expect("a table");
    let known = given.iter().filter(|(name, _)| policy.facts.contains_key(*name));
    known
        .map(|(name, value)| {
            let value = policy.facts[name]
                .value(value)
                .unwrap_or_else(|| panic!("no value of {name}: {value:?}"));
            (name.clone(), value)
        })
        .collect()
}
