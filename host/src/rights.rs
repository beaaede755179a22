//! Rights: what a product's manifest says about all that the product holds, and one answer of all products together.

use std::sync::Arc;

use jiff::Timestamp;
use licit_baseline::{
    Baseline, Category, Decision, Diagnostics, Fact, FactValue, Facts, Format, Id, Manifest, PerCategory,
    Product, Rule, Set, Taxonomy, Timing,
};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::assemble::assemble;
use crate::edition::Edition;
use crate::error::LoadError;
use crate::evaluate::{Options, evaluate};
use crate::profile::Profile;
use crate::request::{Asker, Request};
use crate::response::{Duty, Response};

/// What a manifest says in an answer to a right, over all its activities: the holds it names and the controls it offers.
///
/// The manifest names a hold and the register vouches for it: neither can take away what the other says. A hold that
/// only the manifest names keeps data from being erased unseen, and refuses nothing by itself, because whether it is
/// in force is for the register and for counsel to say.
#[derive(Debug)]
pub(crate) struct Claims {
    hold: Option<Id<Fact>>,
    /// The holds of the manifest alone, and together with the row of the register.
    holds: Option<(FactValue, FactValue)>,
    controls: Option<(Id<Fact>, FactValue)>,
}

impl Claims {
    pub(crate) fn new(baseline: &Baseline, manifest: &Manifest, profile: &Profile) -> Self {
        let taxonomy = baseline.taxonomy();
        let hold = taxonomy.facts.find("retention.hold_ref");
        let named = holds(taxonomy, manifest);
        let register = hold
            .and_then(|id| Some((id, taxonomy.facts.get(id)?.register.as_ref()?)))
            .and_then(|(id, register)| {
                let row = taxonomy.products.name(manifest.product);
                profile.registered(&register.register, row, id)
            });
        let holds = (!named.is_empty()).then(|| {
            let both = register.map_or_else(
                || per_category(&named),
                |register| joined(taxonomy, register, &named),
            );
            (per_category(&named), both)
        });
        let offered = manifest.activities.iter().flat_map(|activity| &activity.controls);
        let offered = FactValue::texts(offered.map(|control| taxonomy.controls.name(*control)));
        Self {
            hold,
            holds,
            controls: taxonomy.facts.find("plugin.controls").map(|fact| (fact, offered)),
        }
    }

    /// The facts that follow from it, given those that the profile supplied. Controls bind activities, so what the
    /// product offers as a whole counts for rights only.
    pub(crate) fn facts<'c>(
        &'c self,
        right: bool,
        facts: &Facts<'_>,
    ) -> impl Iterator<Item = (Id<Fact>, &'c FactValue)> + use<'c> {
        let hold = self.hold.zip(self.holds.as_ref()).map(|(fact, (alone, both))| {
            let registered = facts.supplied(fact).is_some();
            (fact, if registered { both } else { alone })
        });
        let controls = self.controls.as_ref().filter(|_| right);
        hold.into_iter()
            .chain(controls.map(|(fact, value)| (*fact, value)))
    }
}

/// The holds of a manifest: one entry per reference and topmost category.
fn holds(taxonomy: &Taxonomy, manifest: &Manifest) -> Vec<PerCategory> {
    let categories = &taxonomy.categories;
    let mut entries = Vec::new();
    for hold in manifest.activities.iter().flat_map(|activity| &activity.holds) {
        let topmost = |id: &Id<Category>| {
            let above = |other: Id<Category>| other != *id && categories.is_below(*id, other);
            !hold.data.iter().any(above)
        };
        for top in hold.data.iter().filter(topmost) {
            let mut covers = categories.subtree(top).clone();
            covers.keep(&hold.data);
            entries.push(entry(categories.name(top), covers, &hold.reference));
        }
    }
    entries
}

fn entry(category: &str, covers: Set<Category>, reference: &str) -> PerCategory {
    PerCategory {
        category: category.into(),
        covers,
        value: FactValue::Text(reference.into()),
    }
}

fn per_category(entries: &[PerCategory]) -> FactValue {
    FactValue::PerCategory(entries.into())
}

/// The holds of both: what the register holds comes first, then what the manifest names, then what the register frees.
fn joined(taxonomy: &Taxonomy, register: &FactValue, named: &[PerCategory]) -> FactValue {
    let is_free = |value: &FactValue| matches!(value, FactValue::Text(word) if **word == *"none");
    let registered = match register {
        FactValue::PerCategory(entries) => entries.to_vec(),
        value => vec![PerCategory {
            category: "*".into(),
            covers: taxonomy.categories.full_set(),
            value: value.clone(),
        }],
    };
    let (free, held): (Vec<_>, Vec<_>) = registered.into_iter().partition(|entry| is_free(&entry.value));
    let mut entries = [&held, named, &free].concat();
    // A narrower entry counts before a wider one, so each gets only what no earlier one has.
    let mut taken = taxonomy.categories.empty_set();
    for entry in &mut entries {
        taken.iter().for_each(|category| entry.covers.remove(category));
        taken.add(&entry.covers);
    }
    entries.retain(|entry| !entry.covers.is_empty());
    per_category(&entries)
}

/// The request of a person that is put to every product: a right.
///
/// Made by [`Host::person_request`](crate::Host::person_request) from JSON or TOML.
#[derive(Debug, Clone)]
pub struct PersonRequest(Request);

impl PersonRequest {
    pub(crate) fn read(
        name: &str,
        text: &str,
        format: Format,
        baselines: &[Arc<Baseline>],
    ) -> Result<Self, Diagnostics> {
        Request::read_from(name, text, format, baselines, Asker::Person).map(Self)
    }

    /// As it is put to one product.
    fn to(&self, product: Id<Product>) -> Request {
        let mut request = self.0.clone();
        request.product = product;
        request
    }

    pub(crate) fn request(&self) -> &Request {
        &self.0
    }

    /// The data categories that it names; none for all that the products hold.
    pub fn data(&self) -> impl Iterator<Item = &str> {
        self.0.data()
    }

    /// The facts that it states, by name.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &FactValue)> {
        self.0.facts()
    }

    /// The version of the policy that it was checked against.
    #[must_use]
    pub fn baseline(&self) -> &Arc<Baseline> {
        self.0.baseline()
    }
}

/// What all products together answer to the request of a person.
#[derive(Debug)]
pub struct RightAnswer {
    id: Option<String>,
    baseline: Arc<Baseline>,
    /// The strictest of the decisions about all items of all products.
    pub decision: Decision,
    /// The answer of each loaded product, by the order of the policy's table of products.
    pub products: Vec<ProductAnswer>,
    /// The plugins that could not be asked, because they could not be loaded.
    pub unanswered: Vec<LoadError>,
    /// The earliest instant by which something is due, as far as it is known.
    pub deadline: Option<Timestamp>,
}

/// What one product answers.
#[derive(Debug)]
pub struct ProductAnswer {
    /// The whole answer, with what was considered.
    pub response: Response,
    /// The items that the product holds, of the data that the request names; empty if it holds none of that.
    pub items: Vec<ItemAnswer>,
    /// Who got items that are granted, and has to be told.
    pub recipients: Vec<String>,
    /// The duties with their deadlines, as far as these are known.
    deadlines: Vec<(Duty, Timestamp)>,
}

/// What happens to one item of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAnswer {
    /// The data category.
    pub data: String,
    /// Granted, waiting, or refused.
    pub decision: Decision,
    /// The first rule that refuses it or leaves it waiting.
    pub rule: Option<String>,
    /// The hold that covers it, if that is why.
    pub hold: Option<String>,
    /// When that hold runs out, if it is known.
    pub until: Option<Timestamp>,
}

/// One duty, with the products that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedDuty<'a> {
    /// Its id.
    pub id: &'a str,
    /// When it is due.
    pub timing: Timing,
    /// The rule it comes from.
    pub rule: Option<&'a str>,
    /// What is to be done.
    pub text: &'a str,
    /// The products that have it.
    pub products: Vec<&'a str>,
    /// The instant by which it is due, as far as it is known.
    pub deadline: Option<Timestamp>,
}

impl RightAnswer {
    pub(crate) fn find(edition: &Arc<Edition>, request: &PersonRequest, refused: &[LoadError]) -> Self {
        let plugins = edition.plugins.iter().flatten();
        let products: Vec<ProductAnswer> = plugins
            .map(|plugin| ProductAnswer::find(edition, &request.to(plugin.manifest.product)))
            .collect();
        let unanswered = refused.to_vec();
        let nobody_to_ask = products.is_empty() || !unanswered.is_empty();
        let least = if nobody_to_ask {
            Decision::Pend
        } else {
            Decision::Permit
        };
        let decisions = products.iter().map(|it| it.response.decision);
        let deadlines = products.iter().flat_map(|it| &it.deadlines);
        Self {
            id: request.0.id.clone(),
            baseline: Arc::clone(&edition.baseline),
            decision: decisions.fold(least, Decision::max),
            deadline: deadlines.map(|(_, at)| *at).min(),
            products,
            unanswered,
        }
    }

    /// The opaque id of the request.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The version of the policy it was judged under.
    #[must_use]
    pub fn policy(&self) -> &str {
        self.baseline.version()
    }

    /// Everybody who has to be told, over all products, sorted.
    #[must_use]
    pub fn recipients(&self) -> Vec<&str> {
        sorted(
            self.products
                .iter()
                .flat_map(|it| &it.recipients)
                .map(String::as_str),
        )
    }

    /// The facts that some product's answer lacks, sorted.
    #[must_use]
    pub fn missing(&self) -> Vec<&str> {
        sorted(self.products.iter().flat_map(|it| it.response.missing()))
    }

    /// The duties of all products, each once.
    #[must_use]
    pub fn obligations(&self) -> Vec<SharedDuty<'_>> {
        let mut shared: Vec<SharedDuty<'_>> = Vec::new();
        for answer in &self.products {
            for (duty, it) in answer.response.duties.iter().zip(answer.response.obligations()) {
                let deadline = answer.deadlines.iter().find(|(other, _)| other == duty);
                let deadline = deadline.map(|(_, at)| *at);
                let same = |other: &&mut SharedDuty<'_>| (other.id, other.timing) == (it.id, it.timing);
                match shared.iter_mut().find(same) {
                    Some(other) => {
                        other.products.push(answer.response.product());
                        other.deadline = [other.deadline, deadline].into_iter().flatten().min();
                    }
                    None => shared.push(SharedDuty {
                        id: it.id,
                        timing: it.timing,
                        rule: it.rule,
                        text: it.text,
                        products: vec![answer.response.product()],
                        deadline,
                    }),
                }
            }
        }
        shared
    }

    /// The products with the items about which the decision is this one.
    pub fn items(&self, decision: Decision) -> impl Iterator<Item = (&str, &ItemAnswer)> {
        self.products.iter().flat_map(move |answer| {
            let items = answer.items.iter().filter(move |item| item.decision == decision);
            items.map(|item| (answer.response.product(), item))
        })
    }
}

fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

impl ProductAnswer {
    fn find(edition: &Arc<Edition>, request: &Request) -> Self {
        let options = Options {
            discharges: None,
            explain: true,
            assumed: &[],
        };
        let response = evaluate(edition, request, &options);
        let plugin = edition.plugin(request.product);
        let facts = assemble(edition, request, plugin, None, &[], |_, _, _| {});
        let details = Details {
            edition,
            request,
            facts: &facts,
        };
        let outcomes = &response.judgement.categories;
        let item = |outcome: &licit_baseline::CategoryOutcome| {
            let rule = outcome.rules.first().copied();
            details.item(outcome.category, outcome.decision, rule)
        };
        let granted: Vec<Id<Category>> = outcomes
            .iter()
            .filter(|outcome| outcome.decision == Decision::Permit)
            .map(|outcome| outcome.category)
            .collect();
        let duties = || {
            response.duties.iter().filter_map(|duty| match duty {
                Duty::Baseline(rule, due) => Some((*duty, *rule, due.timing)),
                Duty::Plugin(_) => None,
            })
        };
        let deadlines = duties()
            .filter(|(.., timing)| *timing == Timing::ByDeadline)
            .filter_map(|(duty, rule, _)| Some((duty, details.deadline(rule)?)))
            .collect();
        let mut recipients: Vec<String> = duties()
            .flat_map(|(_, rule, _)| details.recipients(rule, &granted))
            .collect();
        recipients.sort_unstable();
        recipients.dedup();
        Self {
            items: outcomes.iter().map(item).collect(),
            recipients,
            deadlines,
            response,
        }
    }
}

/// What an answer leaves to look up: it names the rule, the facts say the rest.
struct Details<'d> {
    edition: &'d Edition,
    request: &'d Request,
    facts: &'d Facts<'d>,
}

impl Details<'_> {
    fn seen(&self, rule: Id<Rule>, fact: &str, category: Option<Id<Category>>) -> Option<&FactValue> {
        let fact = self.edition.baseline.taxonomy().facts.find(fact)?;
        self.edition.baseline.seen_by(rule, fact, category, self.facts)
    }

    fn item(&self, category: Id<Category>, decision: Decision, rule: Option<Id<Rule>>) -> ItemAnswer {
        let baseline = &self.edition.baseline;
        let seen = |fact| self.seen(rule?, fact, Some(category));
        let hold = match seen("retention.hold_ref") {
            Some(FactValue::Text(hold)) if **hold != *"none" => Some(hold.to_string()),
            _ => None,
        };
        let until = match seen("retention.expiry") {
            Some(FactValue::Time(until)) if hold.is_some() => Some(*until),
            _ => None,
        };
        ItemAnswer {
            data: baseline.taxonomy().categories.name(category).to_owned(),
            decision,
            rule: rule.map(|rule| baseline.rules().name(rule).to_owned()),
            hold,
            until,
        }
    }

    /// The instant by which a duty of the rule is due: the time the law gives, counted from when the request could be
    /// worked on. Where nobody determined the law of the place, the shortest time that anybody determined counts (§10).
    fn deadline(&self, rule: Id<Rule>) -> Option<Timestamp> {
        let facts = &self.edition.baseline.taxonomy().facts;
        let law = facts.find("law.deadline")?;
        if !self.edition.baseline.reads(rule).contains(law) {
            return None;
        }
        let length = match self.seen(rule, "law.deadline", None) {
            Some(FactValue::Days(length)) => *length,
            _ => self.edition.profile.law().shortest(law, rule, self.request.at)?,
        };
        match self.facts.supplied(facts.find("request.verified_at")?)? {
            FactValue::Time(start) => start.checked_add(length).ok(),
            _ => None,
        }
    }

    /// Those who got the granted items, if a duty of the rule is about them.
    fn recipients(&self, rule: Id<Rule>, granted: &[Id<Category>]) -> Vec<String> {
        let log = |category: &Id<Category>| self.seen(rule, "recipient.log", Some(*category));
        let values = granted.iter().filter_map(log);
        values
            .flat_map(FactValue::words)
            .map(ToString::to_string)
            .collect()
    }
}

impl Serialize for RightAnswer {
    /// The documented JSON form.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        map.serialize_entry("decision", self.decision.as_str())?;
        if let Some(deadline) = &self.deadline {
            map.serialize_entry("deadline", &deadline.to_string())?;
        }
        map.serialize_entry("recipients", &self.recipients())?;
        map.serialize_entry("obligations", &self.obligations())?;
        map.serialize_entry("missing", &self.missing())?;
        map.serialize_entry("products", &self.products)?;
        let unanswered: Vec<_> = self
            .unanswered
            .iter()
            .map(|it| serde_json::json!({ "file": it.file(), "reason": it.message() }))
            .collect();
        map.serialize_entry("unanswered", &unanswered)?;
        map.serialize_entry("policy", self.policy())?;
        map.end()
    }
}

impl Serialize for SharedDuty<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("timing", self.timing.as_str())?;
        if let Some(deadline) = &self.deadline {
            map.serialize_entry("deadline", &deadline.to_string())?;
        }
        if let Some(rule) = self.rule {
            map.serialize_entry("rule", rule)?;
        }
        map.serialize_entry("products", &self.products)?;
        map.end()
    }
}

impl Serialize for ProductAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let response = &self.response;
        let deciding: Vec<_> = response.deciding().map(|it| it.rule).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("product", response.product())?;
        map.serialize_entry("decision", response.decision.as_str())?;
        if let Some(kind) = &response.deny_kind {
            map.serialize_entry("deny_kind", kind.as_str())?;
        }
        map.serialize_entry("deciding", &deciding)?;
        map.serialize_entry("items", &self.items)?;
        map.serialize_entry("recipients", &self.recipients)?;
        map.serialize_entry("missing", &response.missing().collect::<Vec<_>>())?;
        if let Some((version, digest)) = response.plugin() {
            map.serialize_entry(
                "plugin",
                &serde_json::json!({ "version": version, "digest": digest }),
            )?;
        }
        map.end()
    }
}

impl Serialize for ItemAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("data", &self.data)?;
        map.serialize_entry("decision", self.decision.as_str())?;
        if let Some(rule) = &self.rule {
            map.serialize_entry("rule", rule)?;
        }
        if let Some(hold) = &self.hold {
            map.serialize_entry("hold", hold)?;
        }
        if let Some(until) = &self.until {
            map.serialize_entry("until", &until.to_string())?;
        }
        map.end()
    }
}
