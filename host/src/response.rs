//! What a service gets: the decision, why, what is owed, and what was missing.

use std::fmt;
use std::sync::Arc;

use licit_baseline::{
    Axis, Certainty, Decision, FactValue, Id, Judgement, Kleene, Rule, RuleKind, Supplier, Timing,
};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::edition::Edition;
use crate::sandbox::CallFailure;

/// Why a request was denied (or, for a right that is pending, what went wrong).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DenyKind {
    /// A rule forbids it, or a gate is not known to hold.
    Forbidden,
    /// No rule grants it on some axis.
    NotPermitted,
    /// The product's manifest does not declare it.
    NotDeclared,
    /// The product's own logic refuses it.
    PluginDenied,
    /// The product's plugin did not give a valid answer.
    PluginFailed(PluginFailure),
    /// The product has no plugin loaded.
    NotLoaded,
    /// It would be permitted, but for a duty beforehand that the service cannot discharge.
    DutyNotDischargeable,
    /// Every slot for evaluations is taken: ask again.
    Overloaded,
}

impl DenyKind {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotPermitted => "not-permitted",
            Self::NotDeclared => "not-declared",
            Self::PluginDenied => "plugin-denied",
            Self::PluginFailed(_) => "plugin-failed",
            Self::NotLoaded => "not-loaded",
            Self::DutyNotDischargeable => "duty-not-dischargeable",
            Self::Overloaded => "overloaded",
        }
    }
}

/// How a plugin failed to give a valid answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginFailure {
    /// The call gave no verdict.
    Call(CallFailure),
    /// The verdict names a reason that the manifest does not declare.
    UndeclaredReason,
    /// The verdict names an obligation that the manifest does not declare.
    UndeclaredObligation,
}

impl PluginFailure {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call(CallFailure::Trap(_)) => "trap",
            Self::Call(CallFailure::OutOfFuel { .. }) => "out-of-fuel",
            Self::Call(CallFailure::TimeOut { .. }) => "time-out",
            Self::Call(CallFailure::MemoryLimit(_)) => "memory-limit",
            Self::Call(CallFailure::Overloaded { .. }) => "overloaded",
            Self::Call(CallFailure::Engine) => "engine",
            Self::Call(CallFailure::MalformedVerdict(_))
            | Self::UndeclaredReason
            | Self::UndeclaredObligation => "malformed-verdict",
        }
    }
}

impl fmt::Display for PluginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(failure) => failure.fmt(f),
            Self::UndeclaredReason => {
                f.write_str("the plugin's verdict names a reason that its manifest does not declare")
            }
            Self::UndeclaredObligation => {
                f.write_str("the plugin's verdict names an obligation that its manifest does not declare")
            }
        }
    }
}

/// The part of the system that has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The company-wide policy.
    Baseline,
    /// The plugin's manifest.
    Declaration,
    /// The plugin's code.
    Plugin,
}

impl Layer {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Declaration => "declaration",
            Self::Plugin => "plugin",
        }
    }
}

/// One reason of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A rule of the baseline, or the engine rule that stands for what a layer decided.
    Rule {
        layer: Layer,
        rule: Id<Rule>,
        kind: RuleKind,
        certainty: Certainty,
    },
    /// A reason of the plugin's manifest, by position.
    Plugin(usize),
}

/// One reason of an answer, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding<'r> {
    /// Who decided.
    pub layer: Layer,
    /// The id of the rule; for the plugin's code, the id of the reason in its manifest.
    pub rule: &'r str,
    /// Sections of the policy; none for the plugin's own reasons.
    pub section: &'r [String],
    /// What it did: `permit`, `deny`, `require` …
    pub kind: &'static str,
    /// Whether it applies only because a fact is missing.
    pub not_excluded: bool,
    /// What it says, in a sentence.
    pub text: &'r str,
}

/// A duty that comes with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obligation<'r> {
    /// Its id; a duty of the plugin's own is prefixed with the product: `themes:refresh-index`.
    pub id: &'r str,
    /// When it is due.
    pub timing: Timing,
    /// The rule it comes from, if it is the baseline's.
    pub rule: Option<&'r str>,
    /// What is to be done.
    pub text: &'r str,
}

/// A piece of advice that goes with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice<'r> {
    /// The id of the rule.
    pub rule: &'r str,
    /// Sections of the policy.
    pub section: &'r [String],
    /// What it says, in a sentence.
    pub text: &'r str,
}

/// A duty as the evaluation found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    Baseline(Id<Rule>, licit_baseline::Due),
    /// An obligation of the plugin's manifest, by position.
    Plugin(usize),
}

/// A fact that the answer rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct FactUsed {
    /// Its name.
    pub name: String,
    /// Its value, as a policy author would write it.
    pub value: FactValue,
    /// Who supplies it.
    pub supplier: Supplier,
    /// Where exactly it came from: `request`, `licit.toml ingress.device`, `plugin.toml recommend-content` …
    pub source: String,
}

/// What an answer tells on request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// The facts that conditions in scope read.
    pub facts_used: Vec<FactUsed>,
}

/// The answer to one request.
///
/// The decision and its codes are always there. What was considered and which facts were used is there if it was
/// asked for ([`ProductHandle::explain`](crate::ProductHandle::explain)).
#[derive(Debug)]
pub struct Response {
    pub(crate) edition: Arc<Edition>,
    pub(crate) product: Id<licit_baseline::Product>,
    pub(crate) right: bool,
    pub(crate) id: Option<String>,
    /// The answer.
    pub decision: Decision,
    /// Why it was denied; for a pending right, what keeps the host from answering, if anything does.
    pub deny_kind: Option<DenyKind>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) duties: Vec<Duty>,
    pub(crate) advice: Vec<Id<Rule>>,
    pub(crate) judgement: Judgement,
    /// The fuel that the plugin's code used, if it was asked.
    pub fuel_used: Option<u64>,
    /// What was considered and which facts were used, if it was asked for.
    pub explanation: Option<Explanation>,
}

impl Response {
    /// The answer to a request that was asked through the handle of another product.
    pub(crate) fn borrowed(mut self) -> Self {
        let rule = self.edition.baseline.citations().conjunction;
        let (layer, kind, certainty) = (Layer::Declaration, RuleKind::Engine, Certainty::Known);
        self.decision = Decision::Deny;
        self.deny_kind = Some(DenyKind::NotDeclared);
        self.reasons = rule
            .map(|rule| Reason::Rule {
                layer,
                rule,
                kind,
                certainty,
            })
            .into_iter()
            .collect();
        self.duties.clear();
        self.advice.clear();
        self
    }

    /// The opaque id of the request.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The version of the policy it was judged under.
    #[must_use]
    pub fn policy(&self) -> &str {
        self.edition.baseline.version()
    }

    /// The product that asked.
    #[must_use]
    pub fn product(&self) -> &str {
        self.edition.baseline.taxonomy().products.name(self.product)
    }

    /// The version and the digest of the plugin that answered, if the product has one.
    #[must_use]
    pub fn plugin(&self) -> Option<(&str, &str)> {
        self.edition
            .plugin(self.product)
            .map(|it| (it.manifest.version.as_str(), it.code.digest.as_str()))
    }

    /// Why: the denies and gates that fired, or the permits that cover; the surest first.
    pub fn deciding(&self) -> impl Iterator<Item = Deciding<'_>> {
        self.reasons.iter().filter_map(|reason| self.in_words(reason))
    }

    fn in_words(&self, reason: &Reason) -> Option<Deciding<'_>> {
        match reason {
            Reason::Rule {
                layer,
                rule,
                kind,
                certainty,
            } => {
                let rule = self.edition.baseline.rules().get(*rule)?;
                Some(Deciding {
                    layer: *layer,
                    rule: &rule.id,
                    section: &rule.section,
                    kind: kind.as_str(),
                    not_excluded: *certainty == Certainty::NotExcluded,
                    text: &rule.summary,
                })
            }
            Reason::Plugin(at) => {
                let reason = self.edition.plugin(self.product)?.manifest.reasons.get(*at)?;
                Some(Deciding {
                    layer: Layer::Plugin,
                    rule: &reason.id,
                    section: &[],
                    kind: "deny",
                    not_excluded: false,
                    text: &reason.text,
                })
            }
        }
    }

    /// The duties that come with the answer.
    pub fn obligations(&self) -> impl Iterator<Item = Obligation<'_>> {
        self.duties.iter().filter_map(|duty| match duty {
            Duty::Baseline(rule, due) => {
                let obligation = self.edition.baseline.taxonomy().obligations.get(due.obligation)?;
                let rule = self.edition.baseline.rules().name(*rule);
                Some(Obligation {
                    id: &obligation.id,
                    timing: due.timing,
                    rule: Some(rule),
                    text: &obligation.text,
                })
            }
            Duty::Plugin(at) => {
                let plugin = self.edition.plugin(self.product)?;
                let obligation = plugin.manifest.obligations.get(*at)?;
                let id = plugin.obligation_ids.get(*at)?;
                Some(Obligation {
                    id,
                    timing: obligation.timing,
                    rule: None,
                    text: &obligation.text,
                })
            }
        })
    }

    /// The data to leave out before asking again: what a rule about the least that is needed is known to refuse.
    pub fn surplus(&self) -> impl Iterator<Item = &str> {
        let baseline = &self.edition.baseline;
        let surplus = baseline.surplus(&self.judgement).into_iter();
        surplus.map(|category| baseline.taxonomy().categories.name(category))
    }

    /// What the policy has to say beside the decision; it may be ignored.
    pub fn advice(&self) -> impl Iterator<Item = Advice<'_>> {
        let rules = self.edition.baseline.rules();
        self.advice.iter().filter_map(|rule| {
            rules.get(*rule).map(|rule| Advice {
                rule: &rule.id,
                section: &rule.section,
                text: &rule.summary,
            })
        })
    }

    /// The names of the missing facts that leave a condition in scope open.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let facts = &self.edition.baseline.taxonomy().facts;
        self.judgement.missing.iter().map(|id| facts.name(id))
    }

    /// Those of the missing facts that leave a rule open: what would settle a rule that could not be excluded. None
    /// if no explanation was asked for.
    #[must_use]
    pub fn missing_for(&self, rule: &str) -> Vec<&str> {
        let facts = &self.edition.baseline.taxonomy().facts;
        let rule = self.edition.baseline.rules().find(rule);
        let mut missing = facts.empty_set();
        for considered in self
            .judgement
            .considered
            .iter()
            .filter(|it| Some(it.rule) == rule)
        {
            missing.add(&considered.missing);
        }
        missing.iter().map(|id| facts.name(id)).collect()
    }

    /// The version of the policy itself, for what an answer only names: meanings, suppliers.
    #[must_use]
    pub fn baseline(&self) -> &licit_baseline::Baseline {
        &self.edition.baseline
    }

    /// The outcome per data category: id, decision, axes without a grant, rules that deny it, rule that added it.
    pub fn categories(&self) -> impl Iterator<Item = CategoryAnswer<'_>> {
        let baseline = &self.edition.baseline;
        self.judgement.categories.iter().map(|outcome| CategoryAnswer {
            data: baseline.taxonomy().categories.name(outcome.category),
            decision: outcome.decision,
            lacking: outcome.lacking.iter().collect(),
            rules: outcome
                .rules
                .iter()
                .map(|rule| baseline.rules().name(*rule))
                .collect(),
            added_by: outcome.added_by.map(|rule| baseline.rules().name(rule)),
        })
    }

    /// Every rule in scope with what became of it, if an explanation was asked for.
    pub fn considered(&self) -> impl Iterator<Item = (&str, &'static str, &'static str)> {
        let rules = self.edition.baseline.rules();
        self.judgement.considered.iter().map(|it| {
            (
                rules.name(it.rule),
                it.kind.as_str(),
                outcome(it.kind, it.outcome),
            )
        })
    }
}

/// What became of a rule in scope, in a word.
fn outcome(kind: RuleKind, outcome: Kleene) -> &'static str {
    match (kind, outcome) {
        (_, Kleene::Unknown) => "unknown",
        (RuleKind::Permit, Kleene::True) => "covers",
        (RuleKind::Permit, Kleene::False) => "does-not-cover",
        (RuleKind::Require, Kleene::True) => "fails",
        (RuleKind::Require, Kleene::False) => "holds",
        (_, Kleene::True) => "fires",
        (_, Kleene::False) => "silent",
    }
}

/// The outcome for one data category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryAnswer<'r> {
    /// The category.
    pub data: &'r str,
    /// Its own answer; the strictest of all stands for the request.
    pub decision: Decision,
    /// The axes that nothing grants.
    pub lacking: Vec<Axis>,
    /// The rules that deny it or leave it pending.
    pub rules: Vec<&'r str>,
    /// The classification rule that added it; none for a category of the request.
    pub added_by: Option<&'r str>,
}

impl Serialize for Response {
    /// The documented JSON form.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        map.serialize_entry("decision", self.decision.as_str())?;
        if let Some(kind) = &self.deny_kind {
            map.serialize_entry("deny_kind", kind.as_str())?;
            if let DenyKind::PluginFailed(failure) = kind {
                map.serialize_entry("failure", failure.as_str())?;
                map.serialize_entry("failure_text", &failure.to_string())?;
            }
        }
        map.serialize_entry("deciding", &List(|| self.deciding()))?;
        map.serialize_entry("obligations", &List(|| self.obligations()))?;
        map.serialize_entry("missing", &self.missing().collect::<Vec<_>>())?;
        let surplus: Vec<&str> = self.surplus().collect();
        if !surplus.is_empty() {
            map.serialize_entry("surplus", &surplus)?;
        }
        if !self.advice.is_empty() {
            map.serialize_entry("advice", &List(|| self.advice()))?;
        }
        map.serialize_entry("categories", &List(|| self.categories()))?;
        if self.right {
            map.serialize_entry("items", &List(|| self.categories().map(Item)))?;
        }
        if let Some(explanation) = &self.explanation {
            map.serialize_entry("facts_used", &explanation.facts_used)?;
            map.serialize_entry("considered", &List(|| self.considered().map(Outcome)))?;
        }
        map.serialize_entry("policy", self.policy())?;
        if let Some((version, digest)) = self.plugin() {
            let plugin =
                serde_json::json!({ "product": self.product(), "version": version, "digest": digest });
            map.serialize_entry("plugin", &plugin)?;
        }
        map.end()
    }
}

struct List<F>(F);

impl<I: Iterator<Item: Serialize>, F: Fn() -> I> Serialize for List<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in (self.0)() {
            list.serialize_element(&item)?;
        }
        list.end()
    }
}

impl Serialize for Deciding<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("layer", self.layer.as_str())?;
        map.serialize_entry("rule", self.rule)?;
        if !self.section.is_empty() {
            map.serialize_entry("section", &self.section.join(" "))?;
        }
        map.serialize_entry("kind", self.kind)?;
        if self.not_excluded {
            map.serialize_entry("because", "unknown")?;
        }
        map.end()
    }
}

impl Serialize for Advice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rule", self.rule)?;
        map.serialize_entry("section", &self.section.join(" "))?;
        map.end()
    }
}

impl Serialize for Obligation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("timing", self.timing.as_str())?;
        if let Some(rule) = self.rule {
            map.serialize_entry("rule", rule)?;
        }
        map.end()
    }
}

impl Serialize for CategoryAnswer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("data", self.data)?;
        map.serialize_entry("decision", self.decision.as_str())?;
        if !self.lacking.is_empty() {
            map.serialize_entry(
                "lacking",
                &self.lacking.iter().map(|axis| axis.as_str()).collect::<Vec<_>>(),
            )?;
        }
        if !self.rules.is_empty() {
            map.serialize_entry("rules", &self.rules)?;
        }
        if let Some(rule) = self.added_by {
            map.serialize_entry("added_by", rule)?;
        }
        map.end()
    }
}

/// One item of a right: what happens to one data category, and by which rule.
struct Item<'r>(CategoryAnswer<'r>);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("data", self.0.data)?;
        map.serialize_entry("decision", self.0.decision.as_str())?;
        if let Some(rule) = self.0.rules.first() {
            map.serialize_entry("rule", rule)?;
        }
        map.end()
    }
}

struct Outcome<'r>((&'r str, &'static str, &'static str));

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (rule, kind, outcome) = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rule", rule)?;
        map.serialize_entry("kind", kind)?;
        map.serialize_entry("outcome", outcome)?;
        map.end()
    }
}

impl Serialize for FactUsed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("value", &Value(&self.value))?;
        map.serialize_entry("supplier", self.supplier.as_str())?;
        map.serialize_entry("source", &self.source)?;
        map.end()
    }
}

/// A fact's value in the JSON form that requests use.
struct Value<'v>(&'v FactValue);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            FactValue::Flag(flag) => serializer.serialize_bool(*flag),
            FactValue::Integer(number) => serializer.serialize_i64(*number),
            FactValue::Texts(words) | FactValue::Categories(words, _) | FactValue::Consents(_, words) => {
                words.serialize(serializer)
            }
            FactValue::PerCategory(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.category, &Value(&entry.value))?;
                }
                map.end()
            }
            other => serializer.collect_str(other),
        }
    }
}
