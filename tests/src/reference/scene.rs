//! Facts as plain values, and what a condition sees of them.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::{Expression, Touching, Truth, all, holds, open_facts};
use super::policy::{Names, Policy, Rule};

/// The value of a fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// True or false.
    Flag(bool),
    /// A word or a text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A set of words; `*` stands for every word.
    Words(BTreeSet<String>),
    /// An instant, in nanoseconds since 1970.
    Time(i128),
    /// A length of time, in seconds.
    Length(i64),
    /// A value for each of some categories.
    PerCategory(Vec<(String, Value)>),
}

/// A legal determination.
#[derive(Debug, Clone)]
pub struct Determination {
    /// The law fact.
    pub fact: String,
    /// The one rule that it is about.
    pub rule: String,
    /// A country or a region group.
    pub jurisdiction: String,
    /// The value of the fact.
    pub value: Value,
    /// From when it counts.
    pub from: i128,
    /// From when it no longer counts.
    pub until: i128,
}

/// What is asked, under which facts.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What is done.
    pub operation: String,
    /// Who asks.
    pub product: String,
    /// What for.
    pub purpose: String,
    /// With which data.
    pub data: Vec<String>,
    /// When, in nanoseconds since 1970.
    pub at: i128,
    /// What is known.
    pub facts: BTreeMap<String, Value>,
    /// What counsel found.
    pub law: Vec<Determination>,
}

/// An instant in nanoseconds: RFC 3339, or a date alone.
pub(super) fn instant(text: &str) -> Option<i128> {
    let text = if text.len() == "2026-01-01".len() {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    text.parse::<jiff::Timestamp>().ok().map(|it| it.as_nanosecond())
}

/// A length of time in seconds: `P1W`, `P30D`, `PT12H`, `P1DT30M`.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (mut total, mut number, mut of_day) = (0_i64, String::new(), false);
    for letter in text.strip_prefix('P')?.chars() {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            'T' if number.is_empty() && !of_day => {
                of_day = true;
                continue;
            }
            'W' if !of_day => 7 * 24 * 60 * 60,
            'D' if !of_day => 24 * 60 * 60,
            'H' if of_day => 60 * 60,
            'M' if of_day => 60,
            'S' if of_day => 1,
            _ => return None,
        };
        total = number
            .parse::<i64>()
            .ok()?
            .checked_mul(unit)?
            .checked_add(total)?;
        number.clear();
    }
    number.is_empty().then_some(total)
}

/// The recipient of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Receiver<'s> {
    /// The operation hands nothing over.
    Nobody,
    /// Somebody, who is not known.
    Unknown,
    Known(&'s str),
}

/// What a condition sees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'s> {
    pub(super) policy: &'s Policy,
    pub(super) facts: &'s BTreeMap<String, Value>,
    pub(super) law: &'s [Determination],
    pub(super) at: i128,
    pub(super) product: &'s str,
    pub(super) purpose: &'s str,
    pub(super) recipient: Receiver<'s>,
    pub(super) data: &'s [String],
    pub(super) category: Option<&'s str>,
    pub(super) labels: &'s [String],
    /// The rule whose determinations law facts mean, and whose law that is.
    pub(super) rule: Option<(&'s str, &'s str)>,
    /// Whether values are taken for missing facts.
    pub(super) taken: bool,
}

impl<'s> Scene<'s> {
    /// The value of a fact for the category being judged.
    pub(super) fn value(&self, name: &str) -> Option<&'s Value> {
        let stated = match self.facts.get(name) {
            Some(Value::PerCategory(entries)) => self.category.and_then(|it| self.of_category(entries, it)),
            Some(value) => Some(value),
            None => self.determined(name),
        };
        stated.or_else(|| {
            if self.taken {
                self.policy.facts.get(name)?.taken.as_ref()
            } else {
                None
            }
        })
    }

    /// The value for a category: that of the nearest entry that has the whole of it, if no other entry says otherwise
    /// about a part of it.
    fn of_category(&self, entries: &'s [(String, Value)], category: &str) -> Option<&'s Value> {
        let tree = &self.policy.categories;
        let inside = |id: &str, outer: &str| tree.below(outer).iter().any(|it| it == id);
        let having: Vec<_> = entries
            .iter()
            .filter(|(named, _)| inside(category, named))
            .collect();
        let is_nearest = |(named, _): &&&(String, Value)| {
            !having
                .iter()
                .any(|(other, _)| other != named && inside(other, named))
        };
        let nearest: Vec<_> = having.iter().filter(is_nearest).collect();
        let parts = entries.iter().filter(|(named, _)| {
            !inside(category, named) && tree.below(category).iter().any(|it| inside(it, named))
        });
        let (_, value) = nearest.first()?;
        let agrees = |(_, other): &(String, Value)| other == value;
        (nearest.iter().all(|it| agrees(it)) && parts.into_iter().all(agrees)).then_some(value)
    }

    /// What counsel found for the rule in the place whose law it means; two that differ cancel each other.
    fn determined(&self, name: &str) -> Option<&'s Value> {
        let (rule, _) = self.rule?;
        if self.policy.facts.get(name)?.supplier != "law" {
            return None;
        }
        let place = self.place()?;
        let in_force: Vec<_> = self
            .law
            .iter()
            .filter(|it| {
                it.fact == name
                    && it.rule == rule
                    && it.from <= self.at
                    && self.at < it.until
                    && (it.jurisdiction == place || self.region_has(&it.jurisdiction, place))
            })
            .collect();
        let (first, others) = in_force.split_first()?;
        others
            .iter()
            .all(|it| it.value == first.value)
            .then_some(&first.value)
    }

    fn place(&self) -> Option<&'s str> {
        let (_, jurisdiction) = self.rule?;
        if !jurisdiction.contains('.') {
            return Some(jurisdiction);
        }
        let stated = self.facts.get(jurisdiction);
        match stated.or_else(|| self.policy.facts.get(jurisdiction)?.taken.as_ref())? {
            Value::Text(place) => Some(place),
            _ => None,
        }
    }

    fn region_has(&self, region: &str, country: &str) -> bool {
        self.policy
            .regions
            .get(region)
            .is_some_and(|countries| countries.iter().any(|it| it == country))
    }

    /// Whether a fact names countries and this one lies in the region group.
    pub(super) fn is_place_in(&self, fact: &str, word: &str, region: &str) -> bool {
        self.words_are("countries", fact) && self.region_has(region, word)
    }

    pub(super) fn words_are(&self, what: &str, fact: &str) -> bool {
        self.policy.facts.get(fact).is_some_and(|it| it.values_of == what)
    }

    /// Whether a control lets processing go on.
    pub(super) fn control_allows(&self, control: &str) -> Truth {
        match self.policy.controls.get(control)? {
            Some(condition) => holds(condition, &Scene { rule: None, ..*self }, Touching::Never),
            None => Some(true),
        }
    }

    /// The facts that leave a control open.
    pub(super) fn control_open_facts(&self, control: &str, each: &mut dyn FnMut(&str)) {
        if let Some(Some(condition)) = self.policy.controls.get(control) {
            open_facts(condition, &Scene { rule: None, ..*self }, Touching::Never, each);
        }
    }

    /// Calls `each` with a fact that has no value, and with the place on which a law fact without one depends.
    pub(super) fn note_if_missing(&self, fact: &str, each: &mut dyn FnMut(&str)) {
        if self.policy.facts.contains_key(fact) && self.value(fact).is_none() {
            each(fact);
            if let Some((_, jurisdiction)) = self.rule
                && self.words_are_law(fact)
                && self.place().is_none()
            {
                each(jurisdiction);
            }
        }
    }

    fn words_are_law(&self, fact: &str) -> bool {
        self.policy.facts.get(fact).is_some_and(|it| it.supplier == "law")
    }

    /// Whether a permit would cover the category being judged, whatever the operation.
    pub(super) fn rule_covers(&self, id: &str) -> Truth {
        let rule = self.policy.rules.iter().find(|rule| rule.id == id)?;
        let recipient = match (&rule.recipients, self.recipient) {
            (None, _) => Some(true),
            (Some(set), Receiver::Known(recipient)) => Some(self.policy.recipients.whole_in(recipient, set)),
            // Without a recipient that is known, nothing covers.
            (Some(_), Receiver::Unknown | Receiver::Nobody) => None,
        };
        let fits = self.policy.purposes.whole_in(self.purpose, &rule.purposes)
            && rule.products.contains(self.product)
            && self.one_at_most(rule.at_most_one.as_ref());
        let category = self
            .category
            .map(|it| self.policy.categories.whole_in(it, &rule.covers));
        all([Some(fits), category, recipient, self.rule_conditions(rule)])
    }

    fn rule_conditions(&self, rule: &'s Rule) -> Truth {
        let scene = Scene {
            rule: Some((&rule.id, &rule.jurisdiction)),
            ..*self
        };
        all([
            scene.says(rule.within.as_ref(), Touching::Negated),
            scene.says(rule.when.as_ref(), Touching::Never),
        ])
    }

    /// The facts that leave it open whether a permit would cover.
    pub(super) fn rule_open_facts(&self, id: &str, each: &mut dyn FnMut(&str)) {
        for rule in self.policy.rules.iter().filter(|rule| rule.id == id) {
            let scene = Scene {
                rule: Some((&rule.id, &rule.jurisdiction)),
                ..*self
            };
            for (part, touching) in [(&rule.within, Touching::Negated), (&rule.when, Touching::Never)] {
                part.iter()
                    .for_each(|part| open_facts(part, &scene, touching, each));
            }
        }
    }

    /// Whether the data names at most one of these, counted by the leaves it covers.
    pub(super) fn one_at_most(&self, of: Option<&Names>) -> bool {
        let Some(of) = of else { return true };
        let tree = &self.policy.categories;
        let leaves = self
            .data
            .iter()
            .flat_map(|id| tree.below(id))
            .filter(|id| tree.is_leaf(id) && of.contains(*id));
        leaves.collect::<BTreeSet<_>>().len() <= 1
    }

    /// Whether a condition, if there is one, holds for a rule.
    pub(super) fn says(&self, condition: Option<&Expression>, touching: Touching) -> Truth {
        condition.map_or(Some(true), |it| holds(it, self, touching))
    }
}
