//! Legal determinations: what the law of a place says about one rule, signed and dated.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::baseline::Baseline;
use crate::document::{Document, Table as Fields, printable};
use crate::fact::{Fact, FactValue, Supplier, parse_instant};
use crate::facts::Facts;
use crate::judge::Judgement;
use crate::rules::Rule;
use crate::table::Id;
use crate::taxonomy::{Category, Taxonomy};

/// One determination: the value of one law fact for one rule in one jurisdiction.
#[derive(Debug, Clone, PartialEq)]
pub struct Determination {
    /// A country (ISO 3166-1 alpha-2) or a region group.
    pub jurisdiction: String,
    /// The value of the fact.
    pub value: FactValue,
    /// Who signed it.
    pub author: String,
    /// From when it counts.
    pub date: Timestamp,
    /// From when it no longer counts.
    pub expires: Timestamp,
    /// Where the reasoning is filed.
    pub reference: String,
}

type Key = (Id<Fact>, Id<Rule>);

/// All determinations of a deployment. What nobody determined is unknown; the engine never guesses law.
#[derive(Debug, Default)]
pub struct Law {
    determinations: HashMap<Key, Vec<Determination>>,
}

impl Law {
    /// Reads the `[[determination]]` tables of a document and reports what is wrong with them.
    #[must_use]
    pub fn read(document: &Document, tables: Vec<Fields<'_>>, baseline: &Baseline) -> Self {
        let mut law = Self::default();
        for fields in tables {
            if let Some((key, determination)) = read_one(document, &fields, baseline) {
                law.determinations.entry(key).or_default().push(determination);
            }
            fields.finish();
        }
        law
    }

    /// The value in force at `at` for this fact, rule and place. Two determinations that differ cancel each other:
    /// the answer is unknown.
    pub(crate) fn find(
        &self,
        taxonomy: &Taxonomy,
        fact: Id<Fact>,
        rule: Id<Rule>,
        place: &str,
        at: Timestamp,
    ) -> Option<&FactValue> {
        let mut in_force = self.in_force(taxonomy, fact, rule, place, at).map(|it| &it.value);
        let first = in_force.next()?;
        in_force.all(|other| other == first).then_some(first)
    }

    /// The shortest length of time that anybody determined for this fact and rule, wherever, and that is in force at
    /// `at`: what counts until somebody looks at the law of the place.
    #[must_use]
    pub fn shortest(&self, fact: Id<Fact>, rule: Id<Rule>, at: Timestamp) -> Option<SignedDuration> {
        let determined = self.determinations.get(&(fact, rule))?.iter();
        let length = |it: &Determination| match it.value {
            FactValue::Days(length) => Some(length),
            _ => None,
        };
        determined
            .filter(|it| it.date <= at && at < it.expires)
            .filter_map(length)
            .min()
    }

    /// The determinations in force at `at` for this fact, rule and place.
    pub fn in_force<'l, 'p>(
        &'l self,
        taxonomy: &'p Taxonomy,
        fact: Id<Fact>,
        rule: Id<Rule>,
        place: &'p str,
        at: Timestamp,
    ) -> impl Iterator<Item = &'l Determination> + use<'l, 'p> {
        self.determinations
            .get(&(fact, rule))
            .into_iter()
            .flatten()
            .filter(move |it| {
                it.date <= at && at < it.expires && taxonomy.place_lies_in(place, &it.jurisdiction)
            })
    }
}

impl Law {
    /// Every determination with the fact and the rule it is about, those that expire first coming first.
    #[must_use]
    pub fn rows(&self) -> Vec<(Id<Fact>, Id<Rule>, &Determination)> {
        let rows = self.determinations.iter();
        let mut rows: Vec<_> = rows
            .flat_map(|((fact, rule), all)| all.iter().map(|it| (*fact, *rule, it)))
            .collect();
        rows.sort_by(|(fact, rule, a), (other_fact, other_rule, b)| {
            let place = a.jurisdiction.cmp(&b.jurisdiction);
            a.expires
                .cmp(&b.expires)
                .then(rule.cmp(other_rule))
                .then(fact.cmp(other_fact))
                .then(place)
        });
        rows
    }
}

impl Baseline {
    /// The determinations that a judgement made with an explanation rests on: for each, the law fact, the value, and
    /// where it is filed.
    #[must_use]
    pub fn determinations_used(
        &self,
        judgement: &Judgement,
        facts: &Facts<'_>,
    ) -> Vec<(Id<Fact>, FactValue, String)> {
        let mut used = Vec::new();
        let considered = |rule| judgement.considered.iter().any(|it| it.rule == rule);
        for (_, clause) in self
            .clauses()
            .iter()
            .filter(|(_, clause)| considered(clause.rule))
        {
            clause.each_read(facts, &mut |read| {
                for determination in facts.determinations(read) {
                    let rule = read.law.as_ref().map_or("", |law| self.rules().name(law.rule));
                    let source = format!(
                        "law {} {rule} {}",
                        determination.jurisdiction, determination.reference
                    );
                    let entry = (read.fact, determination.value.clone(), source);
                    if !used.contains(&entry) {
                        used.push(entry);
                    }
                }
            });
        }
        used
    }
}

impl Baseline {
    /// The value of a fact as the conditions of a rule see it, for a category: what was supplied, and for a law fact
    /// what counsel determined for the rule. `None` if it is missing or the rule does not read it.
    #[must_use]
    pub fn seen_by<'a>(
        &self,
        rule: Id<Rule>,
        fact: Id<Fact>,
        category: Option<Id<Category>>,
        facts: &Facts<'a>,
    ) -> Option<&'a FactValue> {
        let mut seen = None;
        for (_, clause) in self.clauses().iter().filter(|(_, clause)| clause.rule == rule) {
            clause.each_read(facts, &mut |read| {
                if read.fact == fact && seen.is_none() {
                    seen = facts.get(read, category, true);
                }
            });
        }
        seen
    }
}

fn read_one(document: &Document, fields: &Fields<'_>, baseline: &Baseline) -> Option<(Key, Determination)> {
    let taxonomy = baseline.taxonomy();
    let fact_word = fields.required_text("fact");
    let rule_word = fields.required_text("rule");
    let jurisdiction = fields.required_text("jurisdiction");
    let value = fields.required("value");
    let author = fields.required_text("author");
    let date = fields.required_text("date");
    let expires = fields.required_text("expires");
    let reference = fields.required_text("ref");
    let fact = fact_word.and_then(|word| {
        let name = if word.value.starts_with("law.") {
            word.value.clone()
        } else {
            format!("law.{}", word.value)
        };
        let found = taxonomy.facts.find(&name);
        if found.is_none() {
            let laws = taxonomy
                .facts
                .iter()
                .filter(|(_, fact)| fact.supplier == Supplier::Law);
            document.unknown("law fact", &word, laws.map(|(_, fact)| fact.name.as_str()));
        }
        found
    });
    let rule = rule_word.as_ref().and_then(|word| {
        let found = baseline.rules().find(&word.value);
        if found.is_none() {
            document.unknown("rule", word, baseline.rules().names());
        }
        found
    });
    if let (Some(fact), Some(found), Some(word)) = (fact, rule, &rule_word)
        && !baseline.reads(found).contains(fact)
    {
        let (name, laws) = (taxonomy.facts.name(fact), baseline.reads(found));
        let laws = laws.iter().filter_map(|it| taxonomy.facts.get(it));
        let laws: Vec<&str> = laws
            .filter(|it| it.supplier == Supplier::Law)
            .map(|it| it.name.as_str())
            .collect();
        let reported = document.error(
            word.span.clone(),
            format!("rule `{}` does not ask for `{name}`", word.value),
        );
        reported.help(match laws.as_slice() {
            [] => "it asks for no law at all: a determination about it would change nothing".to_owned(),
            laws => format!("it asks for `{}`", laws.join("`, `")),
        });
        return None;
    }
    let instant = |word: crate::Spanned<String>| match parse_instant(&word.value) {
        Ok(instant) => Some(instant),
        Err(message) => {
            document.error(word.span, message);
            None
        }
    };
    let date = date.and_then(instant);
    let expires_at = expires.clone().and_then(instant);
    if let (Some(date), Some(expires_at), Some(word)) = (date, expires_at, expires)
        && expires_at <= date
    {
        let message = format!(
            "the determination expires (`{}`) before it counts",
            printable(&word.value)
        );
        document.error(word.span, message);
    }
    let fact = fact?;
    let value = taxonomy
        .facts
        .get(fact)?
        .read_value(document, value?, &taxonomy.categories);
    Some((
        (fact, rule?),
        Determination {
            jurisdiction: jurisdiction?.value,
            value: value?,
            author: author?.value,
            date: date?,
            expires: expires_at?,
            reference: reference?.value,
        },
    ))
}
