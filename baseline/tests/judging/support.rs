//! Builds questions from ids and facts written as TOML, and shows answers by name.

use licit_baseline::{
    Baseline, Decision, Document, Fact, FactValue, Facts, Fields, Format, Id, Judgement, Law, NodeValue,
    Query, parse_instant,
};

/// The moment at which everything is judged unless a test says otherwise.
pub(crate) const NOW: &str = "2026-11-23T10:00:00Z";

/// Facts and determinations under which questions are asked.
#[derive(Debug)]
pub(crate) struct World<'b> {
    baseline: &'b Baseline,
    law: Law,
    at: String,
    facts: Vec<(Id<Fact>, FactValue)>,
}

/// A judgement by name.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) decision: Decision,
    pub(crate) deciding: Vec<String>,
    /// `obligation timing rule`
    pub(crate) obligations: Vec<String>,
    pub(crate) missing: Vec<String>,
    /// Category, its own answer, and the axes it lacks.
    pub(crate) categories: Vec<(String, Decision, String)>,
    /// The data to leave out before asking again.
    pub(crate) surplus: Vec<String>,
    pub(crate) judgement: Judgement,
}

impl<'b> World<'b> {
    pub(crate) fn new(baseline: &'b Baseline) -> Self {
        Self {
            baseline,
            law: Law::default(),
            at: NOW.to_owned(),
            facts: Vec::new(),
        }
    }

    /// Adds facts, written as `name = value` with the name in quotes; a later value replaces an earlier one.
    pub(crate) fn with(mut self, toml: &str) -> Self {
        let document = Document::new("facts.toml", toml);
        let Some(root) = document.parse(Format::Toml) else {
            panic!("{}", document.finish())
        };
        let NodeValue::Table(entries) = &root.value else {
            panic!("a document is a table")
        };
        let taxonomy = self.baseline.taxonomy();
        for (name, node) in entries {
            let id = taxonomy
                .facts
                .find(&name.value)
                .unwrap_or_else(|| panic!("no fact {}", name.value));
            let fact = taxonomy.facts.get(id).unwrap();
            let value = fact.read_value(&document, node, &taxonomy.categories);
            self.facts.retain(|(other, _)| *other != id);
            self.facts.extend(value.map(|value| (id, value)));
        }
        let found = document.finish();
        assert!(!found.has_errors(), "{found}");
        self
    }

    /// Takes facts away.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        for name in names {
            let id = self
                .baseline
                .taxonomy()
                .facts
                .find(name)
                .unwrap_or_else(|| panic!("no fact {name}"));
            self.facts.retain(|(other, _)| *other != id);
        }
        self
    }

    /// The names of all facts that are there.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |(id, _): &(Id<Fact>, FactValue)| self.baseline.taxonomy().facts.name(*id).to_owned();
        self.facts.iter().map(name).collect()
    }

    pub(crate) fn at(mut self, at: &str) -> Self {
        self.at = at.to_owned();
        self
    }

    /// Reads `[[determination]]` tables.
    pub(crate) fn law(mut self, toml: &str) -> Self {
        let document = Document::new("law.toml", toml);
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
        let law = Law::read(&document, tables, self.baseline);
        let found = document.finish();
        assert!(!found.has_errors(), "{found}");
        self.law = law;
        self
    }

    pub(crate) fn ask(&self, product: &str, operation: &str, purpose: &str, data: &[&str]) -> Answer {
        self.asked(product, operation, purpose, data, |query, facts| {
            self.by_name(self.baseline.judge(query, facts))
        })
    }

    /// The advice that goes with a decision about a request.
    pub(crate) fn advice(&self, operation: &str, data: &[&str], decision: Decision) -> Vec<String> {
        self.asked("shop", operation, "map", data, |query, facts| {
            let advice = self.baseline.advice(query, facts, decision);
            let name = |rule| self.baseline.rules().name(rule).to_owned();
            advice.into_iter().map(name).collect()
        })
    }

    fn asked<T>(
        &self,
        product: &str,
        operation: &str,
        purpose: &str,
        data: &[&str],
        with: impl FnOnce(&Query<'_>, &Facts<'_>) -> T,
    ) -> T {
        let taxonomy = self.baseline.taxonomy();
        let found = |id: Option<_>, name: &str| id.unwrap_or_else(|| panic!("no id {name}"));
        let data: Vec<_> = data
            .iter()
            .map(|name| found(taxonomy.categories.find(name), name))
            .collect();
        let query = Query {
            operation: taxonomy
                .operations
                .find(operation)
                .unwrap_or_else(|| panic!("no operation {operation}")),
            product: taxonomy
                .products
                .find(product)
                .unwrap_or_else(|| panic!("no product {product}")),
            purpose: taxonomy
                .purposes
                .find(purpose)
                .unwrap_or_else(|| panic!("no purpose {purpose}")),
            data: &data,
            explain: true,
            settled: None,
        };
        let at = parse_instant(&self.at).unwrap();
        let at_value = FactValue::Time(at);
        let mut facts = Facts::new(self.baseline, &self.law, at);
        for (id, value) in &self.facts {
            facts.set(*id, value);
        }
        if let Some(fact) = self.baseline.engine_facts().at {
            facts.set(fact, &at_value);
        }
        with(&query, &facts)
    }

    fn by_name(&self, judgement: Judgement) -> Answer {
        let taxonomy = self.baseline.taxonomy();
        let rules = self.baseline.rules();
        Answer {
            decision: judgement.decision,
            deciding: judgement
                .deciding
                .iter()
                .map(|it| rules.name(it.rule).to_owned())
                .collect(),
            obligations: judgement
                .obligations
                .iter()
                .map(|(rule, due)| {
                    let obligation = taxonomy.obligations.name(due.obligation);
                    format!("{obligation} {} {}", due.timing, rules.name(*rule))
                })
                .collect(),
            missing: judgement
                .missing
                .iter()
                .map(|fact| taxonomy.facts.name(fact).to_owned())
                .collect(),
            categories: judgement
                .categories
                .iter()
                .map(|it| {
                    let lacking: Vec<_> = it.lacking.iter().map(licit_baseline::Axis::as_str).collect();
                    (
                        taxonomy.categories.name(it.category).to_owned(),
                        it.decision,
                        lacking.join(" "),
                    )
                })
                .collect(),
            surplus: self
                .baseline
                .surplus(&judgement)
                .into_iter()
                .map(|it| taxonomy.categories.name(it).to_owned())
                .collect(),
            judgement,
        }
    }
}

impl Answer {
    /// The answer is this, and these rules are among those that decided.
    #[track_caller]
    pub(crate) fn is(self, decision: Decision, rules: &[&str]) -> Self {
        assert_eq!(self.decision, decision, "{self:#?}");
        for rule in rules {
            assert!(
                self.deciding.iter().any(|it| it == rule),
                "{rule} did not decide: {self:#?}"
            );
        }
        self
    }

    /// These rules did not decide.
    #[track_caller]
    pub(crate) fn not_by(self, rules: &[&str]) -> Self {
        for rule in rules {
            assert!(
                !self.deciding.iter().any(|it| it == rule),
                "{rule} decided: {self:#?}"
            );
        }
        self
    }

    /// Exactly these facts are missing.
    #[track_caller]
    pub(crate) fn lacks(self, facts: &[&str]) -> Self {
        let mut wanted = facts.to_vec();
        wanted.sort_unstable();
        let mut missing = self.missing.clone();
        missing.sort_unstable();
        assert_eq!(missing, wanted, "{self:#?}");
        self
    }

    /// Exactly these duties come along, each as `obligation timing rule`.
    #[track_caller]
    pub(crate) fn owes(self, obligations: &[&str]) -> Self {
        assert_eq!(self.obligations, obligations, "{self:#?}");
        self
    }
}
