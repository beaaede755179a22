//! The compiled form of a condition and its evaluation.

use jiff::{SignedDuration, Timestamp};

use crate::decision::Kleene;
use crate::fact::{Fact, FactValue, parse_duration};
use crate::facts::Facts;
use crate::rules::Rule;
use crate::table::{Id, Set, Table};
use crate::taxonomy::{Category, Product, Purpose, Recipient, Taxonomy};

/// A condition as a flat program in prefix order, with everything it reads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) steps: Box<[Step]>,
    /// Every fact that the program may read.
    pub(crate) reads: Set<Fact>,
    /// Whether the outcome can differ by data category.
    pub(crate) per_category: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Test(Test),
    /// The smallest value of the parts from here to the step that it names.
    All(usize),
    /// The largest value of the parts from here to the step that it names.
    Any(usize),
    /// The opposite of the part that follows.
    Not,
}

/// One question about the facts, the purpose or the category being judged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Constant(Kleene),
    Flag(Read),
    Equal(Read, Operand),
    Less {
        left: Box<Sum>,
        right: Box<Sum>,
        or_equal: bool,
    },
    /// A word on a closed list.
    WordIn(Read, WordList),
    /// A word in a fact that is a set of words.
    Has(Read, Word),
    /// Every word of a fact that is a set of words is on a closed list.
    AllIn(Read, WordList),
    /// Everything that a fact which is a set of categories names lies inside.
    AllBelow(Read, Box<Set<Category>>),
    Known(Read),
    Given(Read),
    Category(Relation, Group<Category>),
    /// The category being judged is a group that has one of these among others.
    Above(Box<Set<Category>>),
    /// Every category of the request lies inside.
    WholeRequest(Box<Set<Category>>),
    Purpose(Relation, Group<Purpose>),
    /// Every control of the list lets the processing go on.
    Allowed(Read),
    /// The policy's row for the product names the category.
    NamedForProduct,
    /// The named rule's scope covers the request.
    Covers(Box<Scope>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The whole of it lies inside.
    In,
    /// Some of it lies inside.
    Overlaps,
}

#[derive(Debug)]
pub(crate) enum Group<T> {
    Listed(Box<Set<T>>),
    Fact(Read),
}

/// A closed list of words.
///
/// The first bytes of each word stand beside it as one number, by which the list is sorted: a word is looked for among
/// numbers, and compared as text only where its number is found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WordList {
    starts: Box<[u64]>,
    words: Box<[Box<str>]>,
}

impl WordList {
    pub(crate) fn contains(&self, word: &str) -> bool {
        let start = start(word);
        let first = self.starts.partition_point(|other| *other < start);
        let alike = self.starts.iter().zip(&self.words).skip(first);
        let mut alike = alike.take_while(|(other, _)| **other == start);
        alike.any(|(_, listed)| **listed == *word)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Box<str>> {
        self.words.iter()
    }
}

impl FromIterator<Box<str>> for WordList {
    fn from_iter<I: IntoIterator<Item = Box<str>>>(words: I) -> Self {
        let mut words: Box<[Box<str>]> = words.into_iter().collect();
        words.sort_unstable_by_key(|word| start(word));
        Self {
            starts: words.iter().map(|word| start(word)).collect(),
            words,
        }
    }
}

fn start(word: &str) -> u64 {
    let word = word.as_bytes();
    match word.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => word.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

// Derived, these would ask the same of `T`, which is only a name here.
impl<T> Clone for Group<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Listed(set) => Self::Listed(set.clone()),
            Self::Fact(read) => Self::Fact(read.clone()),
        }
    }
}
impl<T> PartialEq for Group<T> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Listed(set), Self::Listed(other)) => set == other,
            (Self::Fact(read), Self::Fact(other)) => read == other,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Word {
    Constant(Box<str>),
    /// Any word that begins so.
    Beginning(Box<str>),
    Fact(Read),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Constant(Box<FactValue>),
    Fact(Read),
}

/// `base` or `base + plus`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sum {
    pub(crate) base: Operand,
    pub(crate) plus: Option<Operand>,
}

/// Where a fact is read from; a law fact belongs to a rule and its jurisdiction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) fact: Id<Fact>,
    pub(crate) law: Option<Box<LawRead>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LawRead {
    pub(crate) rule: Id<Rule>,
    pub(crate) jurisdiction: Jurisdiction,
}

/// Whose law a rule asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Jurisdiction {
    Fact(Id<Fact>),
    Country(Box<str>),
}

/// The subject of another rule, as far as a condition can ask about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scope {
    pub(crate) purposes: Set<Purpose>,
    pub(crate) products: Set<Product>,
    pub(crate) recipients: Option<Set<Recipient>>,
    pub(crate) data: Set<Category>,
    pub(crate) at_most_one: Option<Set<Category>>,
}

/// Tests, each with a value of it.
pub(crate) type Tests = Box<[(Kleene, Test)]>;

/// What a condition is evaluated against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'c, 'a> {
    pub(crate) facts: &'c Facts<'a>,
    pub(crate) product: Id<Product>,
    pub(crate) purpose: Id<Purpose>,
    pub(crate) recipient: Option<Id<Recipient>>,
    pub(crate) data: &'c [Id<Category>],
    /// The category being judged; none for what concerns the request as a whole.
    pub(crate) category: Option<Id<Category>>,
    /// The labels that classification gave to that category.
    pub(crate) labels: &'c [Id<Category>],
    /// Whether missing facts stay unknown even where a value is taken for them.
    pub(crate) open: bool,
}

impl<'a> Context<'_, 'a> {
    #[inline]
    fn get(&self, read: &Read) -> Option<&'a FactValue> {
        self.facts.get(read, self.category, self.open)
    }
}

impl Condition {
    /// The condition that always holds.
    pub(crate) fn always(reads: Set<Fact>) -> Self {
        Self {
            steps: Box::new([Step::Test(Test::Constant(Kleene::True))]),
            reads,
            per_category: false,
        }
    }

    /// Whether the outcome differs by data category whatever the facts are. Adds the facts that make it differ where their
    /// own value does.
    pub(crate) fn differs_by_category(&self, facts: &Facts<'_>, by_fact: &mut Set<Fact>) -> bool {
        let mut by_itself = false;
        for step in &self.steps {
            let Step::Test(test) = step else { continue };
            by_itself |= test.is_about_category();
            test.each_read(facts, &mut |read| {
                let fact = facts.taxonomy().facts.get(read.fact);
                if fact.is_some_and(|it| it.per_category) {
                    by_fact.insert(read.fact);
                }
            });
        }
        by_itself
    }

    /// Tests that together settle the condition as `value`, each with the value at which it helps to do so; few of them,
    /// or none. Asked about no category, a test is open unless its outcome is the same for all of them; `by_category` are
    /// the facts whose values may differ.
    pub(crate) fn settled_by(&self, value: Kleene, by_category: &Set<Fact>) -> Option<Tests> {
        /// With more, it is as quick to look at the condition itself.
        const MOST: usize = 4;
        let tests = self.part_settled_by(0, value, by_category)?;
        (tests.len() <= MOST).then(|| tests.into())
    }

    fn part_settled_by(
        &self,
        at: usize,
        value: Kleene,
        by_category: &Set<Fact>,
    ) -> Option<Vec<(Kleene, Test)>> {
        let (end, settling) = match self.steps.get(at)? {
            Step::Test(test) => {
                let differs = match test {
                    // It is never open.
                    Test::Given(read) => by_category.contains(read.fact),
                    test => test.is_about_category(),
                };
                return (!differs).then(|| vec![(value, test.clone())]);
            }
            Step::Not => return self.part_settled_by(at + 1, !value, by_category),
            Step::All(end) => (*end, Kleene::False),
            Step::Any(end) => (*end, Kleene::True),
        };
        let starts = std::iter::successors(Some(at + 1), |part| Some(self.end_of(*part)));
        let mut parts = starts
            .take_while(|part| *part < end)
            .map(|part| self.part_settled_by(part, value, by_category));
        if value == settling {
            // One part does it. That a fact is there at all is the least telling one.
            let telling =
                |tests: &Vec<_>| !matches!(tests.as_slice(), [(_, Test::Given(_) | Test::Known(_))]);
            parts.flatten().min_by_key(|tests| (!telling(tests), tests.len()))
        } else {
            parts.try_fold(Vec::new(), |mut all, part| {
                all.extend(part?);
                Some(all)
            })
        }
    }

    /// Where the part after this one starts.
    fn end_of(&self, at: usize) -> usize {
        match self.steps.get(at) {
            Some(Step::All(end) | Step::Any(end)) => *end,
            Some(Step::Not) => self.end_of(at + 1),
            Some(Step::Test(_)) | None => at + 1,
        }
    }

    /// Calls `each` for every fact that the condition reads with these facts.
    pub(crate) fn each_read(&self, facts: &Facts<'_>, each: &mut dyn FnMut(&Read)) {
        for step in &self.steps {
            if let Step::Test(test) = step {
                test.each_read(facts, each);
            }
        }
    }

    /// Adds the words, numbers, lengths and instants that the condition compares a fact with, as they are written.
    ///
    /// A list of words gives all of them; a comparison with another fact gives nothing.
    pub(crate) fn compared_with(&self, fact: Id<Fact>, found: &mut Vec<FactValue>) {
        let mut add = |value: FactValue| {
            if !found.contains(&value) {
                found.push(value);
            }
        };
        for step in &self.steps {
            match step {
                Step::Test(Test::Equal(read, Operand::Constant(value))) if read.fact == fact => {
                    add((**value).clone());
                }
                Step::Test(Test::WordIn(read, list)) if read.fact == fact => {
                    list.iter().for_each(|word| add(FactValue::Text(word.clone())));
                }
                Step::Test(Test::Has(read, Word::Constant(word))) if read.fact == fact => {
                    add(FactValue::texts([word.clone()]));
                }
                Step::Test(Test::Less { left, right, .. }) => {
                    for (one, other) in [(left, right), (right, left)] {
                        if let (Operand::Fact(read), Operand::Constant(value)) = (&one.base, &other.base)
                            && read.fact == fact
                        {
                            add((**value).clone());
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Evaluates the condition with the facts as they are, values taken for missing facts included unless the context
    /// is open.
    pub(crate) fn evaluate(&self, context: &Context<'_, '_>) -> Kleene {
        match &*self.steps {
            [Step::Test(test)] => test.evaluate(context),
            [Step::Not, Step::Test(test)] => !test.evaluate(context),
            _ => self.value(0, context).0,
        }
    }

    /// The value of the part that starts at `at`, and where the next part starts. What cannot matter any more is
    /// skipped. A program that ends early, which the compiler never makes, is unknown: it fails closed everywhere.
    fn value(&self, at: usize, context: &Context<'_, '_>) -> (Kleene, usize) {
        match self.steps.get(at) {
            Some(Step::Test(test)) => (test.evaluate(context), at + 1),
            Some(Step::Not) => {
                let (value, next) = self.value(at + 1, context);
                (!value, next)
            }
            Some(Step::All(end)) => (self.join(at, *end, context, Kleene::True, Kleene::False), *end),
            Some(Step::Any(end)) => (self.join(at, *end, context, Kleene::False, Kleene::True), *end),
            None => (Kleene::Unknown, at + 1),
        }
    }

    /// Joins the operands of the part at `at`: the first that is `settling` settles it, an unknown one leaves it open.
    fn join(
        &self,
        at: usize,
        end: usize,
        context: &Context<'_, '_>,
        neutral: Kleene,
        settling: Kleene,
    ) -> Kleene {
        let mut joined = neutral;
        let mut next = at + 1;
        while next < end {
            let (value, after) = self.value(next, context);
            if value == settling {
                return settling;
            }
            if value == Kleene::Unknown {
                joined = Kleene::Unknown;
            }
            next = after;
        }
        joined
    }

    /// The missing facts that leave the condition open: those read by the parts that are unknown as long as no value
    /// is taken for a missing fact.
    pub(crate) fn missing(&self, context: &Context<'_, '_>, found: &mut Set<Fact>) {
        if !context.facts.may_be_open(&self.reads) {
            return;
        }
        let open = Context {
            open: true,
            ..*context
        };
        if self.evaluate(&open) == Kleene::Unknown {
            self.collect_missing(&open, found);
        }
    }

    /// Adds what leaves the condition open, which is known to be unknown in this open context.
    pub(crate) fn collect_missing(&self, open: &Context<'_, '_>, found: &mut Set<Fact>) {
        self.collect_from(0, open, found);
    }

    fn collect_from(&self, at: usize, open: &Context<'_, '_>, found: &mut Set<Fact>) {
        match self.steps.get(at) {
            Some(Step::Test(test)) => test.collect_missing(open, found),
            Some(Step::Not) => self.collect_from(at + 1, open, found),
            Some(Step::All(end) | Step::Any(end)) => {
                let mut part = at + 1;
                while part < *end {
                    let (value, next) = self.value(part, open);
                    if value == Kleene::Unknown {
                        self.collect_from(part, open, found);
                    }
                    part = next;
                }
            }
            None => {}
        }
    }
}

impl Test {
    /// Whether the outcome differs by data category whatever the facts are.
    fn is_about_category(&self) -> bool {
        matches!(
            self,
            Self::Category(..) | Self::Above(_) | Self::NamedForProduct | Self::Covers(_) | Self::Allowed(_)
        )
    }

    pub(crate) fn evaluate(&self, context: &Context<'_, '_>) -> Kleene {
        let get = |read: &Read| context.get(read);
        match self {
            Self::Constant(value) => *value,
            Self::Flag(read) => match get(read) {
                Some(FactValue::Flag(flag)) => (*flag).into(),
                _ => Kleene::Unknown,
            },
            Self::Equal(read, operand) => match (get(read), operand.value(context)) {
                (Some(left), Some(right)) => (left == right).into(),
                _ => Kleene::Unknown,
            },
            Self::Less {
                left,
                right,
                or_equal,
            } => match (left.value(context), right.value(context)) {
                (Some(left), Some(right)) => left.less(&right, *or_equal).into(),
                _ => Kleene::Unknown,
            },
            Self::WordIn(read, list) => match get(read) {
                Some(FactValue::Text(word)) => list.contains(word).into(),
                _ => Kleene::Unknown,
            },
            Self::Has(read, Word::Beginning(start)) => match get(read) {
                Some(FactValue::Texts(words)) => words
                    .iter()
                    .any(|word| word.starts_with(&**start) || **word == *"*")
                    .into(),
                _ => Kleene::Unknown,
            },
            Self::Has(read, word) => {
                let word = match word {
                    Word::Constant(word) | Word::Beginning(word) => Some(&**word),
                    Word::Fact(read) => get(read).and_then(text),
                };
                match (get(read), word) {
                    (Some(FactValue::Texts(words) | FactValue::Categories(words, _)), Some(word)) => {
                        words.iter().any(|it| **it == *word || **it == *"*").into()
                    }
                    // The universal set holds every word and the empty one none, whatever the word turns out to be.
                    (Some(FactValue::Texts(words)), None) if words.iter().any(|it| **it == *"*") => {
                        Kleene::True
                    }
                    (Some(FactValue::Texts(words) | FactValue::Categories(words, _)), None)
                        if words.is_empty() =>
                    {
                        Kleene::False
                    }
                    _ => Kleene::Unknown,
                }
            }
            Self::AllIn(read, list) => match get(read) {
                Some(FactValue::Texts(words)) => words.iter().all(|word| list.contains(word)).into(),
                _ => Kleene::Unknown,
            },
            Self::AllBelow(read, set) => match get(read) {
                Some(FactValue::Categories(_, named)) => named.is_subset(set).into(),
                _ => Kleene::Unknown,
            },
            // `none` says that there is no such thing, which is known as well.
            Self::Known(read) => get(read).map(|value| text(value) != Some("none")).into(),
            // Never open, so that what is settled without the values taken for missing facts stays so with them.
            Self::Given(read) => {
                let value = context.facts.get(read, context.category, false);
                value.is_some_and(|value| text(value) != Some("none")).into()
            }
            Self::Category(relation, group) => category_test(*relation, group, context),
            Self::Above(set) => {
                let table = &context.facts.taxonomy().categories;
                let above = |category| !set.contains(category) && table.overlaps(category, set);
                context.category.map(above).into()
            }
            Self::WholeRequest(set) => {
                let table = &context.facts.taxonomy().categories;
                context
                    .data
                    .iter()
                    .all(|category| table.lies_in(*category, set))
                    .into()
            }
            Self::Purpose(relation, group) => purpose_test(*relation, group, context),
            Self::Allowed(read) => match get(read) {
                Some(value) => context.facts.controls_allow(value, context),
                None => Kleene::Unknown,
            },
            Self::NamedForProduct => {
                let taxonomy = context.facts.taxonomy();
                let named = taxonomy
                    .products
                    .get(context.product)
                    .map(|product| &product.named_data);
                let lies_in = |(category, named)| taxonomy.categories.lies_in(category, named);
                context.category.zip(named).map(lies_in).into()
            }
            Self::Covers(scope) => scope.covers(context),
        }
    }

    /// Adds the missing facts that leave the test open, which is known to be unknown in this open context.
    fn collect_missing(&self, open: &Context<'_, '_>, found: &mut Set<Fact>) {
        if let Self::Allowed(read) = self
            && let Some(controls) = open.get(read)
        {
            return open.facts.each_control(controls, &mut |control| {
                if let Some(condition) = control.filter(|it| it.evaluate(open) == Kleene::Unknown) {
                    condition.collect_missing(open, found);
                }
            });
        }
        self.each_read(open.facts, &mut |read| {
            if open.get(read).is_none() {
                found.insert(read.fact);
                // No determination is found as long as it is not known whose law counts.
                if let Some(Jurisdiction::Fact(place)) = read.law.as_ref().map(|law| &law.jurisdiction)
                    && open.facts.value(*place).is_none()
                {
                    found.insert(*place);
                }
            }
        });
    }

    /// Calls `each` for every fact that this test reads with these facts.
    pub(crate) fn each_read(&self, facts: &Facts<'_>, each: &mut dyn FnMut(&Read)) {
        match self {
            Self::Constant(_)
            | Self::Above(_)
            | Self::WholeRequest(_)
            | Self::NamedForProduct
            | Self::Covers(_) => {}
            Self::Flag(read)
            | Self::WordIn(read, _)
            | Self::AllIn(read, _)
            | Self::AllBelow(read, _)
            | Self::Known(read)
            | Self::Given(read) => each(read),
            Self::Equal(read, operand) => {
                each(read);
                operand.each_read(each);
            }
            Self::Less { left, right, .. } => {
                for sum in [left, right] {
                    sum.base.each_read(each);
                    sum.plus.iter().for_each(|plus| plus.each_read(each));
                }
            }
            Self::Has(read, word) => {
                each(read);
                if let Word::Fact(read) = word {
                    each(read);
                }
            }
            Self::Category(_, Group::Fact(read)) | Self::Purpose(_, Group::Fact(read)) => each(read),
            Self::Category(..) | Self::Purpose(..) => {}
            Self::Allowed(read) => {
                each(read);
                facts.each_control_read(read, each);
            }
        }
    }
}

fn text(value: &FactValue) -> Option<&str> {
    match value {
        FactValue::Text(text) => Some(text),
        _ => None,
    }
}

fn category_test(relation: Relation, group: &Group<Category>, context: &Context<'_, '_>) -> Kleene {
    let table = &context.facts.taxonomy().categories;
    let set = match group {
        Group::Listed(set) => set,
        Group::Fact(read) => match context.get(read) {
            Some(FactValue::Categories(_, set)) => set,
            _ => return Kleene::Unknown,
        },
    };
    match (context.category, relation) {
        (Some(category), Relation::In) => table.lies_in(category, set).into(),
        (Some(category), Relation::Overlaps) => {
            (table.overlaps(category, set) || context.labels.iter().any(|label| set.contains(*label))).into()
        }
        (None, _) => Kleene::Unknown,
    }
}

fn purpose_test(relation: Relation, group: &Group<Purpose>, context: &Context<'_, '_>) -> Kleene {
    let table = &context.facts.taxonomy().purposes;
    match group {
        Group::Listed(set) => match relation {
            Relation::In => table.lies_in(context.purpose, set).into(),
            Relation::Overlaps => table.overlaps(context.purpose, set).into(),
        },
        Group::Fact(read) => match context.get(read) {
            Some(value) => value
                .words()
                .iter()
                .any(|word| names_purpose(word, relation, table, context.purpose))
                .into(),
            None => Kleene::Unknown,
        },
    }
}

fn names_purpose(word: &str, relation: Relation, table: &Table<Purpose>, purpose: Id<Purpose>) -> bool {
    word == "*"
        || table.find(word).is_some_and(|named| match relation {
            Relation::In => table.is_below(purpose, named),
            Relation::Overlaps => table.overlaps(purpose, &table.subtree(named)),
        })
}

impl Operand {
    fn value<'v>(&'v self, context: &Context<'_, 'v>) -> Option<&'v FactValue> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Fact(read) => context.get(read),
        }
    }

    fn each_read(&self, each: &mut dyn FnMut(&Read)) {
        if let Self::Fact(read) = self {
            each(read);
        }
    }
}

/// A value that has an order.
enum Ordered {
    Time(Timestamp),
    Integer(i64),
    Days(SignedDuration),
}

impl Ordered {
    fn less(&self, other: &Self, or_equal: bool) -> Option<bool> {
        let order = match (self, other) {
            (Self::Time(left), Self::Time(right)) => left.cmp(right),
            (Self::Integer(left), Self::Integer(right)) => left.cmp(right),
            (Self::Days(left), Self::Days(right)) => left.cmp(right),
            _ => return None,
        };
        Some(order.is_lt() || (or_equal && order.is_eq()))
    }
}

impl Sum {
    /// The sum; `None` if a part is missing, is not a length of time, or the sum is out of range.
    fn value(&self, context: &Context<'_, '_>) -> Option<Ordered> {
        let base = match self.base.value(context)? {
            FactValue::Time(instant) => Ordered::Time(*instant),
            FactValue::Integer(number) => Ordered::Integer(*number),
            FactValue::Days(length) => Ordered::Days(*length),
            FactValue::Text(text) => Ordered::Days(parse_duration(text).ok()?),
            _ => return None,
        };
        let Some(plus) = &self.plus else { return Some(base) };
        let plus = match plus.value(context)? {
            FactValue::Days(length) => *length,
            // Until an event: no length of time settles when.
            FactValue::Text(text) if text.starts_with("until:") => {
                return matches!(base, Ordered::Time(_)).then_some(Ordered::Time(Timestamp::MAX));
            }
            FactValue::Text(text) => parse_duration(text).ok()?,
            _ => return None,
        };
        match base {
            Ordered::Time(instant) => instant.checked_add(plus).ok().map(Ordered::Time),
            Ordered::Days(length) => length.checked_add(plus).map(Ordered::Days),
            Ordered::Integer(_) => None,
        }
    }
}

impl Scope {
    fn covers(&self, context: &Context<'_, '_>) -> Kleene {
        let taxonomy = context.facts.taxonomy();
        let category: Kleene = context
            .category
            .map(|category| taxonomy.categories.lies_in(category, &self.data))
            .into();
        let recipient = match &self.recipients {
            None => Kleene::True,
            Some(set) => context.recipient.map(|recipient| set.contains(recipient)).into(),
        };
        let rest = taxonomy.purposes.lies_in(context.purpose, &self.purposes)
            && self.products.contains(context.product)
            && self
                .at_most_one
                .as_ref()
                .is_none_or(|set| at_most_one(taxonomy, context.data, set));
        Kleene::from(rest).and(category).and(recipient)
    }
}

/// Whether the data names at most one of these categories, which are leaves, counted by the leaves it covers.
pub(crate) fn at_most_one(taxonomy: &Taxonomy, data: &[Id<Category>], leaves: &Set<Category>) -> bool {
    let categories = &taxonomy.categories;
    let mut named: Option<Set<Category>> = None;
    for category in data.iter().filter(|it| categories.overlaps(**it, leaves)) {
        let named = named.get_or_insert_with(|| Set::like(leaves));
        categories.add_subtree(*category, named);
        named.keep(leaves);
    }
    named.is_none_or(|named| named.len() <= 1)
}
