//! One version of the policy, ready to judge.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::condition::Condition;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, Table as Fields};
use crate::embedded;
use crate::fact::{Fact, FactValue, parse_instant};
use crate::review::{Allowance, read_allowances};
use crate::rules::{Clause, Index, Rule, RuleKind, read_rules};
use crate::table::{Id, Set, Table};
use crate::taxonomy::{Control, Operation, Reader, Taxonomy};

/// One version of the policy: its vocabulary and its rules, compiled.
///
/// # Examples
///
/// The version that is built in needs no file at all:
///
/// ```
/// use licit_baseline::Baseline;
///
/// let baseline = Baseline::embedded();
/// assert_eq!(baseline.version(), "2025-10-10");
/// assert!(baseline.taxonomy().categories.find("imei").is_some());
/// ```
#[derive(Debug)]
pub struct Baseline {
    version: String,
    title: String,
    effective: Timestamp,
    effective_value: FactValue,
    taxonomy: Taxonomy,
    rules: Table<Rule>,
    clauses: Table<Clause>,
    advice: Vec<Clause>,
    index: Index,
    controls: Vec<Option<Condition>>,
    place_unless: Vec<Option<Condition>>,
    citations: Citations,
    allowances: Vec<Allowance>,
    engine_facts: EngineFacts,
    operation_values: Vec<FactValue>,
    product_values: Vec<FactValue>,
    engine_values: EngineValues,
}

/// The rules that are cited for what the algebra itself decides.
#[derive(Debug, Default)]
pub struct Citations {
    /// An axis lacks a grant.
    pub default_deny: Option<Id<Rule>>,
    /// Baseline and product must both permit.
    pub conjunction: Option<Id<Rule>>,
    /// The product has no working plugin.
    pub unknown_product: Option<Id<Rule>>,
    /// A plugin has no say in a right.
    pub no_veto: Option<Id<Rule>>,
}

/// The facts that the engine itself reads or computes. A table that lacks one does without.
#[derive(Debug, Default)]
pub struct EngineFacts {
    /// `operation`
    pub operation: Option<Id<Fact>>,
    /// `product`
    pub product: Option<Id<Fact>>,
    /// `at`
    pub at: Option<Id<Fact>>,
    /// `policy.effective`
    pub policy_effective: Option<Id<Fact>>,
    /// `recipient.class`
    pub recipient_class: Option<Id<Fact>>,
    /// `consent.records`
    pub consent_records: Option<Id<Fact>>,
    /// `consent.status`
    pub consent_status: Option<Id<Fact>>,
    /// `consent.explicit`
    pub consent_explicit: Option<Id<Fact>>,
    /// `consent.time`
    pub consent_time: Option<Id<Fact>>,
    /// `consent.withdrawn_at`
    pub consent_withdrawn_at: Option<Id<Fact>>,
    /// `subject.region`
    pub region: Option<Id<Fact>>,
    /// `feature`
    pub feature: Option<Id<Fact>>,
    /// `review.date`
    pub review_date: Option<Id<Fact>>,
    /// `basis`
    pub basis: Option<Id<Fact>>,
    /// `plugin.version`
    pub plugin_version: Option<Id<Fact>>,
    /// `transfer.from`
    pub transfer_from: Option<Id<Fact>>,
    /// `transfer.to`
    pub transfer_to: Option<Id<Fact>>,
    /// `collection.operation_country`
    pub operation_country: Option<Id<Fact>>,
    /// `storage.country`
    pub storage_country: Option<Id<Fact>>,
    /// `storage.kind`
    pub storage_kind: Option<Id<Fact>>,
    /// `recipient.country`
    pub recipient_country: Option<Id<Fact>>,
    /// `locus`
    pub locus: Option<Id<Fact>>,
    /// `locus.country`
    pub locus_country: Option<Id<Fact>>,
    /// `security.channel`
    pub channel: Option<Id<Fact>>,
    /// `plugin.delta`
    pub plugin_delta: Option<Id<Fact>>,
    /// `change.material`
    pub change_material: Option<Id<Fact>>,
    /// `notice.kind`
    pub notice_kind: Option<Id<Fact>>,
    /// `notice.time`
    pub notice_time: Option<Id<Fact>>,
}

/// Values of facts that the engine computes, made once.
#[derive(Debug)]
pub struct EngineValues {
    /// `security.channel` on the device, where nothing travels (§3.2-P9, §6.1).
    pub local_channel: FactValue,
    /// `consent.status`: there is one.
    pub(crate) consent_given: FactValue,
    /// `consent.status`: there was one.
    pub(crate) consent_withdrawn: FactValue,
    /// `consent.status`: there was one for a time that is over.
    pub(crate) consent_expired: FactValue,
    /// `consent.status`: there is none for this purpose.
    pub(crate) consent_not_given: FactValue,
}

impl EngineValues {
    fn new() -> Self {
        let text = |word: &str| FactValue::Text(word.into());
        Self {
            local_channel: text("local"),
            consent_given: text("given"),
            consent_withdrawn: text("withdrawn"),
            consent_expired: text("expired"),
            consent_not_given: text("not-given"),
        }
    }
}

impl Baseline {
    /// Reads a version of the policy from the files of its folder, each given as name and text.
    ///
    /// What a file is called does not matter; its tables do. The embedded version shows the format.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files, each with its place and the nearest valid name.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Diagnostics> {
        let reader = Reader::new(files);
        let taxonomy = reader.taxonomy();
        let book = read_rules(&reader, &taxonomy);
        let header = read_header(&reader, &book.rules);
        let allowances = read_allowances(&reader, &book.rules, &taxonomy.purposes);
        let found = reader.finish();
        if found.has_errors() {
            return Err(found);
        }
        let (version, title, effective, citations) = header.ok_or(found)?;
        let index = Index::new(&taxonomy, &book.clauses);
        Ok(Self {
            version,
            title,
            effective,
            effective_value: FactValue::Time(effective),
            index,
            rules: book.rules,
            clauses: book.clauses,
            advice: book.advice,
            controls: book.controls,
            place_unless: book.place_unless,
            citations,
            allowances,
            engine_facts: EngineFacts::find(&taxonomy),
            operation_values: taxonomy
                .operations
                .names()
                .map(|id| FactValue::Text(id.into()))
                .collect(),
            product_values: taxonomy
                .products
                .names()
                .map(|id| FactValue::Text(id.into()))
                .collect(),
            engine_values: EngineValues::new(),
            taxonomy,
        })
    }

    /// The version that is built in.
    ///
    /// # Panics
    ///
    /// Never in a build whose tests pass: they read the same files.
    #[must_use]
    pub fn embedded() -> Arc<Self> {
        static EMBEDDED: OnceLock<Arc<Baseline>> = OnceLock::new();
        let read = || match Self::read(embedded::FILES) {
            Ok(baseline) => Arc::new(baseline),
            #[expect(
                clippy::panic,
                reason = "the files are part of this crate and its tests read them"
            )]
            Err(found) => panic!("the embedded baseline is broken:\n{found}"),
        };
        Arc::clone(EMBEDDED.get_or_init(read))
    }

    /// Its id, which is its effective date: `2025-10-10`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the policy is called.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The instant from which it is in force.
    #[must_use]
    pub fn effective(&self) -> Timestamp {
        self.effective
    }

    /// Its vocabulary.
    #[must_use]
    pub fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// Its rules, those that are only cited included.
    #[must_use]
    pub fn rules(&self) -> &Table<Rule> {
        &self.rules
    }

    /// The rules cited for what the algebra itself decides.
    #[must_use]
    pub fn citations(&self) -> &Citations {
        &self.citations
    }

    /// The findings of a review that the authors of the policy meant, each with the reason.
    #[must_use]
    pub fn allowances(&self) -> &[Allowance] {
        &self.allowances
    }

    /// The facts that the engine itself reads or computes.
    #[must_use]
    pub fn engine_facts(&self) -> &EngineFacts {
        &self.engine_facts
    }

    /// The number of rules that are run, not only cited.
    #[must_use]
    pub fn compiled_rules(&self) -> usize {
        self.rules
            .iter()
            .filter(|(_, rule)| rule.kind.is_compiled())
            .count()
    }

    /// The facts that the conditions of a rule read, those of the controls it asks about included.
    ///
    /// # Examples
    ///
    /// ```
    /// # let baseline = licit_baseline::Baseline::embedded();
    /// let rule = baseline.rules().find("tls-in-transit").unwrap();
    /// let channel = baseline.taxonomy().facts.find("security.channel").unwrap();
    /// assert!(baseline.reads(rule).contains(channel));
    /// ```
    #[must_use]
    pub fn reads(&self, rule: Id<Rule>) -> Set<Fact> {
        let mut found = self.taxonomy.facts.empty_set();
        for (_, clause) in self.clauses.iter().filter(|(_, clause)| clause.rule == rule) {
            clause.reads(&mut found);
        }
        found
    }

    /// The facts that a classification sets for the rules after it; none for a rule of another kind.
    #[must_use]
    pub fn sets(&self, rule: Id<Rule>) -> Set<Fact> {
        let mut found = self.taxonomy.facts.empty_set();
        for (_, clause) in self.clauses.iter().filter(|(_, clause)| clause.rule == rule) {
            clause
                .effects
                .facts
                .iter()
                .for_each(|(fact, _)| found.insert(*fact));
        }
        found
    }

    /// The values that some condition of the policy compares a fact with, each once, in the order of the rules.
    ///
    /// Beside the closed list of the fact table, these are the values that can make a difference. A country group
    /// appears as its countries; a comparison of two facts gives nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # let baseline = licit_baseline::Baseline::embedded();
    /// let channel = baseline.taxonomy().facts.find("security.channel").unwrap();
    /// let compared: Vec<String> = baseline.compared_values(channel).iter().map(ToString::to_string).collect();
    /// assert_eq!(compared, ["tls-1.2", "tls-1.3", "local"]);
    /// ```
    #[must_use]
    pub fn compared_values(&self, fact: Id<Fact>) -> Vec<FactValue> {
        let mut found = Vec::new();
        let rules = self.clauses.iter().flat_map(|(_, clause)| clause.conditions());
        let others = self.controls.iter().chain(&self.place_unless).flatten();
        for condition in rules.chain(others).filter(|it| it.reads.contains(fact)) {
            condition.compared_with(fact, &mut found);
        }
        found
    }

    pub(crate) fn clauses(&self) -> &Table<Clause> {
        &self.clauses
    }

    pub(crate) fn advice_clauses(&self) -> &[Clause] {
        &self.advice
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn control_condition(&self, control: Id<Control>) -> Option<&Condition> {
        self.controls.get(control.index()).and_then(Option::as_ref)
    }

    pub(crate) fn place_unless(&self, operation: Id<Operation>) -> Option<&Condition> {
        self.place_unless.get(operation.index()).and_then(Option::as_ref)
    }

    /// The values of the facts that the engine computes.
    #[must_use]
    pub fn engine_values(&self) -> &EngineValues {
        &self.engine_values
    }

    pub(crate) fn effective_value(&self) -> &FactValue {
        &self.effective_value
    }

    pub(crate) fn operation_value(&self, operation: Id<Operation>) -> Option<&FactValue> {
        self.operation_values.get(operation.index())
    }

    pub(crate) fn product_value(&self, product: Id<crate::taxonomy::Product>) -> Option<&FactValue> {
        self.product_values.get(product.index())
    }
}

impl EngineFacts {
    fn find(taxonomy: &Taxonomy) -> Self {
        let find = |name| taxonomy.facts.find(name);
        Self {
            operation: find("operation"),
            product: find("product"),
            at: find("at"),
            policy_effective: find("policy.effective"),
            recipient_class: find("recipient.class"),
            consent_records: find("consent.records"),
            consent_status: find("consent.status"),
            consent_explicit: find("consent.explicit"),
            consent_time: find("consent.time"),
            consent_withdrawn_at: find("consent.withdrawn_at"),
            region: find("subject.region"),
            feature: find("feature"),
            review_date: find("review.date"),
            basis: find("basis"),
            plugin_version: find("plugin.version"),
            transfer_from: find("transfer.from"),
            transfer_to: find("transfer.to"),
            operation_country: find("collection.operation_country"),
            storage_country: find("storage.country"),
            storage_kind: find("storage.kind"),
            recipient_country: find("recipient.country"),
            locus: find("locus"),
            locus_country: find("locus.country"),
            channel: find("security.channel"),
            plugin_delta: find("plugin.delta"),
            change_material: find("change.material"),
            notice_kind: find("notice.kind"),
            notice_time: find("notice.time"),
        }
    }
}

type Header = (String, String, Timestamp, Citations);

fn read_header(reader: &Reader, rules: &Table<Rule>) -> Option<Header> {
    let mut tables = reader.tables("policy", "the policy");
    let Some((document, fields)) = tables.pop() else {
        reader.error_at_start("no file has a `[policy]` table");
        return None;
    };
    for (document, extra) in tables {
        document.error(extra.span, "`[policy]` is given twice");
    }
    let version = fields.required_text("version");
    let title = fields.required_text("title");
    let effective = fields
        .required_text("effective")
        .and_then(|word| match parse_instant(&word.value) {
            Ok(instant) => Some(instant),
            Err(message) => {
                document.error(word.span, message);
                None
            }
        });
    let citations = fields.table("citations", "`citations`").map(|table| {
        let citations = Citations {
            default_deny: cited(document, &table, "default-deny", rules),
            conjunction: cited(document, &table, "conjunction", rules),
            unknown_product: cited(document, &table, "unknown-product", rules),
            no_veto: cited(document, &table, "no-veto", rules),
        };
        table.finish();
        citations
    });
    fields.finish();
    Some((
        version?.value,
        title?.value,
        effective?,
        citations.unwrap_or_default(),
    ))
}

fn cited(
    document: &Document,
    table: &Fields<'_>,
    key: &'static str,
    rules: &Table<Rule>,
) -> Option<Id<Rule>> {
    let id = table.text(key)?;
    let rule = crate::taxonomy::resolve(document, &id, rules)?;
    let is_engine = rules.get(rule).is_some_and(|rule| rule.kind == RuleKind::Engine);
    if !is_engine {
        document.error(
            id.span,
            format!(
                "rule `{}` is run: only rules of kind `engine` stand for the algebra",
                id.value
            ),
        );
    }
    Some(rule)
}
