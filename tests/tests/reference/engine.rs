//! The engine, asked in the reference's words.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use licit_baseline::{
    Axis, Baseline, ConsentRecord, Decision, Document, Fact, FactValue, Facts, Fields, Format, Judgement,
    Kleene, Law, NodeValue, PerCategory, Query, Settled,
};
use licit_conformance::reference::{self, Determination, Outcome, Request, Value};

/// The engine's reading of a policy.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) baseline: Baseline,
}

/// A judgement in the reference's words.
#[derive(Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) decision: reference::Decision,
    pub(crate) categories: BTreeMap<String, Outcome>,
    pub(crate) deciding: BTreeMap<(String, String), bool>,
    pub(crate) forbidden: Option<bool>,
    pub(crate) considered: BTreeMap<(String, String), Option<bool>>,
    pub(crate) obligations: BTreeSet<(String, String, String)>,
    pub(crate) missing: BTreeSet<String>,
    pub(crate) added_purposes: BTreeSet<String>,
}

/// How the engine is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Fast,
    Explained,
    Settled,
}

impl Engine {
    pub(crate) fn new<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let baseline = Baseline::read(files).unwrap_or_else(|found| panic!("{found}"));
        Self { baseline }
    }

    pub(crate) fn judge(&self, request: &Request, law: &Law, mode: Mode) -> Reading {
        let taxonomy = self.baseline.taxonomy();
        let data: Vec<_> = request
            .data
            .iter()
            .map(|id| taxonomy.categories.find(id).expect("a category"))
            .collect();
        let mut query = Query {
            operation: taxonomy
                .operations
                .find(&request.operation)
                .expect("an operation"),
            product: taxonomy.products.find(&request.product).expect("a product"),
            purpose: taxonomy.purposes.find(&request.purpose).expect("a purpose"),
            data: &data,
            explain: mode == Mode::Explained,
            settled: None,
        };
        let at = Timestamp::from_nanosecond(request.at).expect("an instant");
        let at_value = FactValue::Time(at);
        let values: Vec<_> = request
            .facts
            .iter()
            .map(|(name, value)| {
                let id = taxonomy
                    .facts
                    .find(name)
                    .unwrap_or_else(|| panic!("no fact {name}"));
                let fact = taxonomy.facts.get(id).expect("a fact");
                (id, fact, self.value(fact, value))
            })
            .collect();
        let mut facts = Facts::new(&self.baseline, law, at);
        values.iter().for_each(|(id, _, value)| facts.set(*id, value));
        facts.set(taxonomy.facts.find("at").expect("the fact `at`"), &at_value);
        let settled: Settled;
        if mode == Mode::Settled {
            let nothing = Law::default();
            let mut known = Facts::new(&self.baseline, &nothing, self.baseline.effective());
            for (id, fact, value) in &values {
                if fact.supplier == licit_baseline::Supplier::Manifest {
                    known.set(*id, value);
                }
            }
            settled = self.baseline.settle(&query, &known);
            query.settled = Some(&settled);
        }
        self.read(&self.baseline.judge(&query, &facts))
    }

    /// The decision alone.
    pub(crate) fn decide(&self, request: &Request) -> reference::Decision {
        self.judge(request, &self.law(&request.law), Mode::Fast).decision
    }

    pub(crate) fn value(&self, fact: &Fact, value: &Value) -> FactValue {
        let categories = &self.baseline.taxonomy().categories;
        match value {
            Value::Flag(flag) => FactValue::Flag(*flag),
            Value::Text(text) => FactValue::Text(text.as_str().into()),
            Value::Integer(number) => FactValue::Integer(*number),
            Value::Time(instant) => {
                FactValue::Time(Timestamp::from_nanosecond(*instant).expect("an instant"))
            }
            Value::Length(seconds) => FactValue::Days(SignedDuration::from_secs(*seconds)),
            Value::Words(words) if fact.values_of.as_deref() == Some("categories") => {
                let mut covered = categories.empty_set();
                for word in words {
                    covered.add(&categories.subtree(categories.find(word).expect("a category")));
                }
                FactValue::Categories(words.iter().map(|word| word.as_str().into()).collect(), covered)
            }
            Value::Words(words) if fact.values_of.as_deref() == Some("consent-records") => {
                let readable = words.iter().filter(|it| ConsentRecord::parse(it).is_ok());
                FactValue::consents(readable.map(String::as_str)).expect("records")
            }
            Value::Words(words) => FactValue::texts(words.iter().map(String::as_str)),
            Value::PerCategory(entries) => {
                let entry = |(named, value): &(String, Value)| PerCategory {
                    category: named.as_str().into(),
                    covers: categories.subtree(categories.find(named).expect("a category")),
                    value: self.value(fact, value),
                };
                FactValue::PerCategory(entries.iter().map(entry).collect())
            }
        }
    }

    /// The determinations of a request.
    pub(crate) fn law(&self, determinations: &[Determination]) -> Law {
        if determinations.is_empty() {
            return Law::default();
        }
        let mut toml = String::new();
        for it in determinations {
            let instant = |at| Timestamp::from_nanosecond(at).expect("an instant").to_string();
            let value = match &it.value {
                Value::Flag(flag) => flag.to_string(),
                Value::Text(text) => format!("{text:?}"),
                Value::Length(seconds) => format!("\"PT{seconds}S\""),
                other => panic!("no value of a law fact: {other:?}"),
            };
            toml += &format!(
                "[[determination]]\nfact = {:?}\nrule = {:?}\njurisdiction = {:?}\nvalue = {value}\nauthor = \"a\"\n\
                 date = {:?}\nexpires = {:?}\nref = \"r\"\n",
                it.fact,
                it.rule,
                it.jurisdiction,
                instant(it.from),
                instant(it.until),
            );
        }
        let document = Document::new("law.toml", &toml);
        let root = document.parse(Format::Toml);
        let NodeValue::Table(entries) = &root.as_ref().expect("law reads").value else {
            panic!("a document is a table")
        };
        let tables: Vec<Fields<'_>> = entries
            .iter()
            .filter_map(|(_, node)| match &node.value {
                NodeValue::List(items) => Some(items),
                _ => None,
            })
            .flatten()
            .filter_map(|item| document.table(item, "a determination"))
            .collect();
        let law = Law::read(&document, tables, &self.baseline);
        let found = document.finish();
        assert!(!found.has_errors(), "{found}");
        law
    }

    fn read(&self, judgement: &Judgement) -> Reading {
        let taxonomy = self.baseline.taxonomy();
        let rule = |id| self.baseline.rules().name(id).to_owned();
        let mut deciding = BTreeMap::new();
        for finding in &judgement.deciding {
            let certain = finding.certainty == licit_baseline::Certainty::Known;
            *deciding
                .entry((rule(finding.rule), finding.kind.as_str().to_owned()))
                .or_default() |= certain;
        }
        let categories = judgement.categories.iter().map(|it| {
            let outcome = Outcome {
                decision: decision(it.decision),
                lacking: it.lacking.iter().map(Axis::as_str).map(str::to_owned).collect(),
                rules: it.rules.iter().map(|id| rule(*id)).collect(),
                added_by: it.added_by.map(rule).into_iter().collect(),
            };
            (taxonomy.categories.name(it.category).to_owned(), outcome)
        });
        let obligations = judgement.obligations.iter().map(|(id, due)| {
            let duty = taxonomy.obligations.name(due.obligation).to_owned();
            (rule(*id), duty, due.timing.as_str().to_owned())
        });
        let considered = judgement.considered.iter().map(|it| {
            let outcome = match it.outcome {
                Kleene::True => Some(true),
                Kleene::Unknown => None,
                Kleene::False => Some(false),
            };
            ((rule(it.rule), it.kind.as_str().to_owned()), outcome)
        });
        Reading {
            decision: decision(judgement.decision),
            categories: categories.collect(),
            deciding,
            forbidden: judgement
                .forbidden
                .map(|it| it == licit_baseline::Certainty::Known),
            considered: considered.collect(),
            obligations: obligations.collect(),
            missing: judgement
                .missing
                .iter()
                .map(|id| taxonomy.facts.name(id).to_owned())
                .collect(),
            added_purposes: judgement
                .added_purposes
                .iter()
                .map(|id| taxonomy.purposes.name(*id).to_owned())
                .collect(),
        }
    }
}

fn decision(decision: Decision) -> reference::Decision {
    match decision {
        Decision::Permit => reference::Decision::Permit,
        Decision::Pend => reference::Decision::Pend,
        Decision::Deny => reference::Decision::Deny,
    }
}
