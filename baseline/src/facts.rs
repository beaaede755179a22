//! The facts of one request, merged from all suppliers.

use jiff::Timestamp;

use crate::baseline::Baseline;
use crate::condition::{Condition, Context, Jurisdiction, LawRead, Read};
use crate::decision::Kleene;
use crate::fact::{Fact, FactValue, PerCategory};
use crate::law::{Determination, Law};
use crate::table::{Id, Set};
use crate::taxonomy::{Category, Taxonomy};

/// The facts of one request: a value, or nothing, for every fact of the table.
///
/// A fact that nobody supplied is missing. Where the fact table says which value to take meanwhile
/// (`unknown = …`), conditions see that value; the fact is listed as missing all the same.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    baseline: &'a Baseline,
    law: &'a Law,
    at: Timestamp,
    values: Slots<'a>,
    missing: Set<Fact>,
    /// The facts whose value differs by category.
    by_category: Set<Fact>,
}

/// One slot for each fact. The first ones lie in place, so that the facts of a request need no allocation.
#[derive(Debug, Clone)]
struct Slots<'a> {
    first: [Option<&'a FactValue>; FIRST],
    rest: Vec<Option<&'a FactValue>>,
}

/// As many slots as the embedded policy needs, and some more; a larger table of facts is as correct.
const FIRST: usize = 192;

impl<'a> Slots<'a> {
    fn new(count: usize) -> Self {
        Self {
            first: [None; FIRST],
            rest: vec![None; count.saturating_sub(FIRST)],
        }
    }

    #[inline]
    fn get(&self, index: usize) -> Option<&'a FactValue> {
        let slot = self.first.get(index).or_else(|| self.rest.get(index - FIRST));
        slot.copied().flatten()
    }

    fn place(&mut self, index: usize) -> Option<&mut Option<&'a FactValue>> {
        match self.first.get_mut(index) {
            Some(place) => Some(place),
            None => self.rest.get_mut(index - FIRST),
        }
    }
}

impl<'a> Facts<'a> {
    /// Starts with nothing but the values taken for missing facts. Law facts come from `law`, judged at `at`.
    #[must_use]
    pub fn new(baseline: &'a Baseline, law: &'a Law, at: Timestamp) -> Self {
        Self {
            baseline,
            law,
            at,
            values: Slots::new(baseline.taxonomy().facts.len()),
            missing: baseline.taxonomy().facts.full_set(),
            by_category: baseline.taxonomy().facts.empty_set(),
        }
    }

    /// Supplies a fact. The last supply of a fact counts.
    pub fn set(&mut self, fact: Id<Fact>, value: &'a FactValue) {
        if let Some(place) = self.values.place(fact.index()) {
            let before = place.replace(value);
            self.missing.remove(fact);
            if matches!(before, Some(FactValue::PerCategory(_))) {
                self.by_category.remove(fact);
            }
            if matches!(value, FactValue::PerCategory(_)) {
                self.by_category.insert(fact);
            }
        }
    }

    /// The value of a fact as conditions see it: supplied, or taken while it is missing.
    #[must_use]
    pub fn value(&self, fact: Id<Fact>) -> Option<&'a FactValue> {
        self.supplied(fact).or_else(|| self.taken(fact, false))
    }

    /// The value of a fact if somebody supplied it.
    #[must_use]
    pub fn supplied(&self, fact: Id<Fact>) -> Option<&'a FactValue> {
        self.values.get(fact.index())
    }

    /// The value of a fact for a data category if somebody supplied it: where its values differ by category, the one
    /// that conditions see for this category, and none where they say nothing definite about it.
    ///
    /// # Examples
    ///
    /// The narrower entry counts, whatever their order:
    ///
    /// ```
    /// use licit_baseline::{Baseline, FactValue, Facts, Law, PerCategory};
    ///
    /// let (baseline, law) = (Baseline::embedded(), Law::default());
    /// let (categories, facts) = (&baseline.taxonomy().categories, &baseline.taxonomy().facts);
    /// let [photo, content] = ["photo", "user-content"].map(|id| categories.find(id).unwrap());
    /// let entry = |id, flag| PerCategory {
    ///     category: categories.name(id).into(),
    ///     covers: categories.subtree(id),
    ///     value: FactValue::Flag(flag),
    /// };
    /// let isolated = facts.find("retention.isolated").unwrap();
    /// for entries in [[(content, false), (photo, true)], [(photo, true), (content, false)]] {
    ///     let value = FactValue::PerCategory(entries.map(|(id, flag)| entry(id, flag)).into());
    ///     let mut known = Facts::new(&baseline, &law, baseline.effective());
    ///     known.set(isolated, &value);
    ///     assert_eq!(known.supplied_for(isolated, photo), Some(&FactValue::Flag(true)));
    ///     assert_eq!(known.supplied_for(isolated, content), None, "its parts differ");
    /// }
    /// ```
    #[must_use]
    pub fn supplied_for(&self, fact: Id<Fact>, category: Id<Category>) -> Option<&'a FactValue> {
        match self.supplied(fact)? {
            FactValue::PerCategory(entries) => self.value_for(category, entries),
            value => Some(value),
        }
    }

    /// The facts that nobody supplied.
    #[must_use]
    pub fn missing(&self) -> &Set<Fact> {
        &self.missing
    }

    pub(crate) fn by_category(&self) -> &Set<Fact> {
        &self.by_category
    }

    /// Whether one of these facts may be open for some category: it is missing, or supplied for some categories only.
    pub(crate) fn may_be_open(&self, facts: &Set<Fact>) -> bool {
        facts.intersects(&self.missing) || facts.intersects(&self.by_category)
    }

    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    pub(crate) fn taxonomy(&self) -> &'a Taxonomy {
        self.baseline.taxonomy()
    }

    /// What a condition reads: for `category` if the value differs by category, and without the values taken for
    /// missing facts if `open`.
    #[inline]
    pub(crate) fn get(
        &self,
        read: &Read,
        category: Option<Id<Category>>,
        open: bool,
    ) -> Option<&'a FactValue> {
        match self.supplied(read.fact) {
            Some(FactValue::PerCategory(entries)) => category
                .and_then(|category| self.value_for(category, entries))
                .or_else(|| self.taken(read.fact, open)),
            Some(value) => Some(value),
            None => match &read.law {
                Some(law) => self.determined(read.fact, law, open),
                None => self.taken(read.fact, open),
            },
        }
    }

    /// What the entries say about a category: a narrower entry counts before a wider one, and if they differ about a
    /// part of the category, or have a part of it only, its value is not known.
    fn value_for(&self, category: Id<Category>, entries: &'a [PerCategory]) -> Option<&'a FactValue> {
        let has_it = |entry: &&PerCategory| entry.covers.contains(category);
        let yields = |wide: &PerCategory| {
            let mut narrower = entries
                .iter()
                .filter(|entry| entry.covers.is_subset(&wide.covers));
            narrower.any(|entry| has_it(&entry) && entry.covers != wide.covers)
        };
        let categories = &self.taxonomy().categories;
        let value = &entries
            .iter()
            .filter(has_it)
            .min_by_key(|entry| entry.covers.len())?
            .value;
        let mut about_it = entries
            .iter()
            .filter(|entry| categories.overlaps(category, &entry.covers));
        about_it
            .all(|entry| entry.value == *value || yields(entry))
            .then_some(value)
    }

    /// The value in force of a law fact for a rule, or the value taken while nobody determined it.
    fn determined(&self, fact: Id<Fact>, law: &LawRead, open: bool) -> Option<&'a FactValue> {
        self.jurisdiction(&law.jurisdiction)
            .and_then(|place| self.law.find(self.taxonomy(), fact, law.rule, place, self.at))
            .or_else(|| self.taken(fact, open))
    }

    /// The value taken while a fact is missing; none where missing facts are to stay unknown.
    fn taken(&self, fact: Id<Fact>, open: bool) -> Option<&'a FactValue> {
        if open {
            None
        } else {
            self.taxonomy().facts.get(fact)?.unknown.as_ref()
        }
    }

    /// The determinations that a read of a law fact rests on.
    pub(crate) fn determinations(&self, read: &'a Read) -> Vec<&'a Determination> {
        let place = read
            .law
            .as_ref()
            .and_then(|law| Some((law.rule, self.jurisdiction(&law.jurisdiction)?)));
        match place {
            Some((rule, place)) if self.missing.contains(read.fact) => self
                .law
                .in_force(self.taxonomy(), read.fact, rule, place, self.at)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The place whose law counts, if it is known.
    pub(crate) fn jurisdiction(&self, jurisdiction: &'a Jurisdiction) -> Option<&'a str> {
        match jurisdiction {
            Jurisdiction::Country(country) => Some(country),
            Jurisdiction::Fact(fact) => match self.value(*fact) {
                Some(FactValue::Text(place)) => Some(place),
                _ => None,
            },
        }
    }

    /// Whether every control named in `controls` lets the processing it binds go on.
    pub(crate) fn controls_allow(&self, controls: &FactValue, context: &Context<'_, '_>) -> Kleene {
        let mut all = Kleene::True;
        self.each_control(controls, &mut |control| {
            all = all.and(control.map_or(Kleene::Unknown, |it| it.evaluate(context)));
        });
        all
    }

    /// Calls `each` for every control named in `controls` that is bound to a condition; with nothing for one that
    /// nobody knows.
    pub(crate) fn each_control(&self, controls: &FactValue, each: &mut dyn FnMut(Option<&'a Condition>)) {
        for name in controls.words() {
            match self.taxonomy().controls.find(name) {
                Some(control) => {
                    if let Some(condition) = self.baseline.control_condition(control) {
                        each(Some(condition));
                    }
                }
                None => each(None),
            }
        }
    }

    /// Calls `each` for every fact that the named controls depend on.
    pub(crate) fn each_control_read(&self, controls: &Read, each: &mut dyn FnMut(&Read)) {
        if let Some(controls) = self.value(controls.fact) {
            self.each_control(controls, &mut |control| {
                if let Some(condition) = control {
                    condition.each_read(self, each);
                }
            });
        }
    }
}
