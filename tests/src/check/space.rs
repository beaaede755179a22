//! The requests that a manifest lets a plugin's code expect, all of them or a sample.

use std::collections::HashSet;

use licit_baseline::{Activity, Fact, FactType, Id, Manifest, Taxonomy};

/// The value of a fact as the contract carries it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Flag(bool),
    Text(String),
    Integer(i64),
    Texts(Vec<String>),
    /// This value for each category of the request, as `category=value`.
    Each(String),
}

/// A fact that an activity reads, with the values that it is asked under.
#[derive(Debug)]
pub(super) struct Dimension {
    pub(super) name: String,
    pub(super) values: Vec<Value>,
    pub(super) optional: bool,
    /// Whether these are all the values that it can have.
    closed: bool,
}

impl Dimension {
    /// How many ways there are to state it, not at all among them if that is allowed.
    fn ways(&self) -> usize {
        self.values.len() + usize::from(self.optional)
    }
}

/// One activity, as far as the code can tell its requests apart.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) id: String,
    pub(super) purpose: String,
    pub(super) operations: Vec<String>,
    pub(super) data: Vec<String>,
    /// Sorted by name.
    pub(super) facts: Vec<Dimension>,
    /// Whether every request of it is asked.
    pub(super) exhaustive: bool,
}

/// One request, by positions in its field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Point {
    pub(super) field: usize,
    pub(super) operation: usize,
    /// Ascending.
    pub(super) data: Vec<usize>,
    /// For each fact: its value, or one past the last where it is not stated.
    pub(super) facts: Vec<usize>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) fields: Vec<Field>,
    pub(super) points: Vec<Point>,
    pub(super) seed: u64,
}

impl Space {
    /// At most `most` requests for each activity.
    pub(super) fn new(manifest: &Manifest, taxonomy: &Taxonomy, most: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut fields = Vec::new();
        let mut points = Vec::new();
        for activity in &manifest.activities {
            let mut field = field(activity, taxonomy);
            points.extend(of_field(&mut field, fields.len(), most, &mut random));
            fields.push(field);
        }
        Self { fields, points, seed }
    }

    pub(super) fn field(&self, point: &Point) -> Option<&Field> {
        self.fields.get(point.field)
    }
}

fn field(activity: &Activity, taxonomy: &Taxonomy) -> Field {
    let dimension = |optional: bool| {
        move |id: &Id<Fact>| {
            let fact = taxonomy.facts.get(*id)?;
            let (values, closed) = values(fact, taxonomy);
            let name = fact.name.clone();
            Some(Dimension {
                name,
                values,
                optional,
                closed,
            })
        }
    };
    let needed = activity.reads.iter().filter_map(dimension(false));
    let optional = activity.optional_reads.iter().filter_map(dimension(true));
    let mut facts: Vec<Dimension> = needed.chain(optional).collect();
    facts.sort_by(|one, other| one.name.cmp(&other.name));
    let names = activity.data.iter().map(|it| taxonomy.categories.name(*it));
    let mut data: Vec<String> = names.map(str::to_owned).collect();
    data.sort_unstable();
    let operations = activity.operations.iter();
    Field {
        id: activity.id.clone(),
        purpose: taxonomy.purposes.name(activity.purpose).to_owned(),
        operations: operations
            .map(|it| taxonomy.operations.name(it).to_owned())
            .collect(),
        data,
        facts,
        exhaustive: false,
    }
}

/// The values that a fact is asked under, and whether these are all that it can have.
fn values(fact: &Fact, taxonomy: &Taxonomy) -> (Vec<Value>, bool) {
    let (words, listed) = words(fact, taxonomy);
    let mut closed = true;
    let mut values: Vec<Value> = match fact.fact_type {
        FactType::Flag => vec![Value::Flag(true), Value::Flag(false)],
        FactType::Text => {
            closed = listed;
            words.iter().cloned().map(Value::Text).collect()
        }
        FactType::Texts => {
            let (sets, all) = subsets(words.len(), 1);
            closed = listed && all;
            let named = |set: Vec<usize>| {
                let mut set: Vec<String> = set.iter().filter_map(|at| words.get(*at).cloned()).collect();
                set.sort_unstable();
                Value::Texts(set)
            };
            let ends = [Value::Texts(Vec::new()), Value::Texts(vec!["*".to_owned()])];
            ends.into_iter().chain(sets.into_iter().map(named)).collect()
        }
        FactType::Integer => {
            closed = false;
            let numbers = [
                0,
                1,
                -1,
                2,
                5,
                12,
                13,
                14,
                16,
                18,
                21,
                30,
                100,
                1_000_000,
                i64::MAX,
            ];
            numbers.into_iter().map(Value::Integer).collect()
        }
        FactType::Days => {
            closed = false;
            const DAY: i64 = 24 * 60 * 60;
            let days = [0, 1, 2, 7, 14, 30, 90, 180, 365, 730, 3650];
            days.into_iter().map(|it| Value::Integer(it * DAY)).collect()
        }
        FactType::Time => {
            closed = false;
            let years = [2015, 2020, 2024, 2025, 2026, 2027, 2035];
            years
                .into_iter()
                .map(|year| Value::Text(format!("{year}-11-01T00:00:00Z")))
                .collect()
        }
    };
    if fact.per_category {
        // Categories that differ from one another within one request are left out.
        closed = false;
        let each: Vec<Value> = values
            .iter()
            .filter_map(|value| match value {
                Value::Flag(flag) => Some(Value::Each(flag.to_string())),
                Value::Text(word) => Some(Value::Each(word.clone())),
                Value::Integer(number) => Some(Value::Each(number.to_string())),
                Value::Texts(_) | Value::Each(_) => None,
            })
            .collect();
        values.extend(each);
    }
    (values, closed)
}

/// The words that a fact can have, and whether there are no others.
fn words(fact: &Fact, taxonomy: &Taxonomy) -> (Vec<String>, bool) {
    let mut words = fact.values.clone();
    let mut add = |names: &mut dyn Iterator<Item = &str>| words.extend(names.map(str::to_owned));
    let listed = match fact.values_of.as_deref() {
        None if !fact.values.is_empty() => true,
        Some("categories") => {
            add(&mut taxonomy.categories.names());
            true
        }
        Some("purposes") => {
            add(&mut taxonomy.purposes.names());
            true
        }
        Some("operations") => {
            add(&mut taxonomy.operations.names());
            true
        }
        Some("products") => {
            add(&mut taxonomy.products.names());
            true
        }
        Some("recipients") => {
            add(&mut taxonomy.recipients.names());
            true
        }
        Some("controls") => {
            add(&mut taxonomy.controls.names());
            true
        }
        Some("entities") => {
            add(&mut taxonomy.entities.names());
            true
        }
        Some("countries") => {
            add(&mut ["CN", "DE", "ES", "FR", "IN", "NL", "RU", "SG", "US", "ZZ"].into_iter());
            add(&mut taxonomy.regions.names());
            false
        }
        _ => {
            // `none` says that there is none, which is not the same as not saying.
            add(&mut ["none", "REF-1", "REF-2", ""].into_iter());
            false
        }
    };
    (words, listed)
}

/// The sets of at least one of `count` things: all of them if there are few, otherwise those of up to `size`, and the
/// whole. Also whether these are all.
fn subsets(count: usize, size: usize) -> (Vec<Vec<usize>>, bool) {
    const FEW: usize = 5;
    if count <= FEW {
        let members = |set: usize| (0..count).filter(|at| set & (1 << at) != 0).collect();
        return ((1..1_usize << count).map(members).collect(), true);
    }
    let mut sets: Vec<Vec<usize>> = (0..count).map(|one| vec![one]).collect();
    if size > 1 {
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| vec![one, other]));
        sets.extend(pairs);
    }
    sets.push((0..count).collect());
    (sets, false)
}

/// A choice of one way for each fact.
type Choice = Vec<usize>;

fn of_field(field: &mut Field, at: usize, most: usize, random: &mut Random) -> Vec<Point> {
    let (sets, all_sets) = subsets(field.data.len(), 2);
    let (choices, all_choices) = choices(&field.facts, random);
    let operations = field.operations.len();
    let point = |operation: usize, set: &[usize], choice: &Choice| Point {
        field: at,
        operation,
        data: set.to_vec(),
        facts: choice.clone(),
    };
    let shapes: Vec<(usize, &Vec<usize>)> = (0..operations)
        .flat_map(|operation| sets.iter().map(move |set| (operation, set)))
        .collect();
    if shapes.len().saturating_mul(choices.len()) <= most {
        field.exhaustive = all_sets && all_choices;
        let of_shape = |(operation, set): &(usize, &Vec<usize>)| {
            let points = choices.iter().map(|choice| point(*operation, set, choice));
            points.collect::<Vec<_>>()
        };
        return shapes.iter().flat_map(of_shape).collect();
    }
    // Every choice once on all data, every shape under one choice, and the rest at random.
    let mut seen = HashSet::new();
    let mut points = Vec::new();
    let mut take = |point: Point, bound: usize| {
        if points.len() < bound && seen.insert(point.clone()) {
            points.push(point);
        }
    };
    let whole: Vec<usize> = (0..field.data.len()).collect();
    for choice in &choices {
        let operation = random.below(operations);
        take(point(operation, &whole, choice), most / 2);
    }
    let mut order: Vec<_> = shapes.clone();
    random.shuffle(&mut order);
    for (operation, set) in order {
        choices
            .iter()
            .take(1)
            .for_each(|choice| take(point(operation, set, choice), most * 3 / 4));
    }
    for _ in 0..most {
        let shape = shapes.get(random.below(shapes.len()));
        if let Some(((operation, set), choice)) = shape.zip(choices.get(random.below(choices.len()))) {
            take(point(*operation, set, choice), most);
        }
    }
    points
}

/// The choices of values: all if there are few; otherwise each fact through all its values around some of them, each two
/// facts through each pair of some of their values, and some at random. Also whether these are all.
fn choices(facts: &[Dimension], random: &mut Random) -> (Vec<Choice>, bool) {
    const FEW: usize = 1_000;
    const ANCHORS: usize = 4;
    const PAIRED: usize = 8;
    const DRAWN: usize = 200;
    let closed = facts.iter().all(|fact| fact.closed);
    let count = facts
        .iter()
        .try_fold(1_usize, |count, fact| count.checked_mul(fact.ways()))
        .filter(|count| *count <= FEW);
    if let Some(count) = count {
        let choice = |mut number: usize| {
            let digit = |fact: &Dimension| {
                let digit = number % fact.ways().max(1);
                number /= fact.ways().max(1);
                digit
            };
            facts.iter().map(digit).collect()
        };
        return ((0..count).map(choice).collect(), closed);
    }
    let mut seen = HashSet::new();
    let mut found: Vec<Choice> = Vec::new();
    let mut take = |choice: Choice| {
        if seen.insert(choice.clone()) {
            found.push(choice);
        }
    };
    let draw =
        |random: &mut Random| -> Choice { facts.iter().map(|fact| random.below(fact.ways())).collect() };
    let with = |choice: &Choice, changes: &[(usize, usize)]| {
        let mut choice = choice.clone();
        for (at, way) in changes {
            choice.iter_mut().skip(*at).take(1).for_each(|it| *it = *way);
        }
        choice
    };
    for _ in 0..ANCHORS {
        let anchor = draw(random);
        for (at, fact) in facts.iter().enumerate() {
            (0..fact.ways()).for_each(|way| take(with(&anchor, &[(at, way)])));
        }
    }
    let anchor = draw(random);
    for (one, first) in facts.iter().enumerate() {
        for (other, second) in facts.iter().enumerate().skip(one + 1) {
            for way in some_of(first.ways(), PAIRED, random) {
                for other_way in some_of(second.ways(), PAIRED, random) {
                    take(with(&anchor, &[(one, way), (other, other_way)]));
                }
            }
        }
    }
    for _ in 0..DRAWN {
        take(draw(random));
    }
    (found, false)
}

/// Up to `most` of the numbers below `count`.
fn some_of(count: usize, most: usize, random: &mut Random) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    random.shuffle(&mut all);
    all.truncate(most);
    all
}

/// Numbers that only look random: the same for the same seed on every machine (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`; 0 where there is none.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_things_have_all_their_sets_and_many_their_pairs() {
        assert_eq!(subsets(3, 2).0.len(), 7);
        assert!(subsets(3, 2).1);
        let (sets, all) = subsets(6, 2);
        assert_eq!((sets.len(), all), (6 + 15 + 1, false));
        assert_eq!(sets.last(), Some(&vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(subsets(6, 1).0.len(), 7);
    }

    fn dimension(values: usize, optional: bool) -> Dimension {
        Dimension {
            name: "x".to_owned(),
            values: (0..values)
                .map(|it| Value::Integer(i64::try_from(it).unwrap()))
                .collect(),
            optional,
            closed: true,
        }
    }

    #[test]
    fn few_facts_have_all_their_combinations() {
        let facts = [dimension(2, true), dimension(3, false)];
        let (all, exhaustive) = choices(&facts, &mut Random(1));
        let distinct: HashSet<_> = all.iter().collect();
        assert_eq!((all.len(), distinct.len(), exhaustive), (9, 9, true));
        assert_eq!(choices(&[], &mut Random(1)), (vec![vec![]], true));
    }

    #[test]
    fn many_facts_have_each_value_and_the_same_sample_for_the_same_seed() {
        let facts: Vec<Dimension> = (0..5).map(|_| dimension(7, false)).collect();
        let (some, exhaustive) = choices(&facts, &mut Random(7));
        assert!(!exhaustive);
        for fact in 0..5 {
            for other in fact + 1..5 {
                let pairs: HashSet<_> = some.iter().map(|it| (it[fact], it[other])).collect();
                assert_eq!(pairs.len(), 49, "every pair of values of two facts");
            }
        }
        assert_eq!(some, choices(&facts, &mut Random(7)).0);
        assert_ne!(some, choices(&facts, &mut Random(8)).0);
    }
}
