//! Whether the cases of a plugin show all that its manifest says.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use licit_baseline::{
    Activity, Axis, Baseline, Category, Fact, FactType, FactValue, Id, Manifest, Operation, Purpose, Taxonomy,
};
use licit_host::{Decision, Format, Host, Request};

use crate::{Answer, CaseFile};

/// Something that no case of a plugin shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// What is not shown, in a sentence without its full stop.
    pub what: String,
    /// A line of `[variations]` that would show it, as far as it can be known beforehand: `…` stands for the rest.
    pub add: String,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    {}", self.what, self.add)
    }
}

/// What the cases of a product do not show of its manifest. Every case is asked: what counts is what the host answers, not
/// what the case says. A case that is skipped, that fails, or that stands in a file which says how plugins stand shows
/// nothing.
///
/// Cases have to show, for each activity:
///
/// - a permit, and a deny of what it covers;
/// - each of its controls, switched off: the request is denied, and would be permitted if it were as in a case that is;
/// - its data exceeded by one item, which the manifest does not declare;
/// - where it hands data to somebody, a recipient that it does not name, who gets nothing, and would as one that it names;
///
/// and for the product:
///
/// - each reason that its code may give, and each of its obligations;
/// - where it keeps data (an activity stores or retains, or names a retention, a storage or a hold), a right of the person;
/// - each hold: a right that would be granted for an item if nothing held it.
///
/// # Errors
///
/// If the product has no plugin loaded.
///
/// # Examples
///
/// ```
/// use licit_conformance::{CaseFile, as_cases_are_asked, fixture, lacking};
/// use licit_host::Host;
///
/// let manifest = r#"
/// # [plugin]
/// # product = "notes"
/// # version = "1.0.0"
/// # policy = "2025-10-10"
/// # child-directed = false
/// # financial = false
/// # requires-account = false
/// # system-service = true
/// # review-date = 2026-11-01
/// [[activity]]
/// id = "show-notes"
/// purpose = "on-device-function"
/// operations = ["use"]
/// data = ["note-content"]
/// necessary = true
/// legal-basis = "contract"
/// "#;
/// let cases = r#"
/// [base.request]
/// product = "notes"
/// operation = "use"
/// purpose = "on-device-function"
/// data = ["note-content"]
/// at = 2026-11-23T10:00:00Z
///
/// [base.given]
/// locus = "device"
///
/// [variations]
/// "notes are shown" = { decision = "permit" }
/// "not on a server" = { locus = "server" }
/// "#;
/// # let permissive = Some(("permissive.toml", include_str!("../cases/permissive.toml")));
/// let host = as_cases_are_asked(Host::builder()).plugin("notes.toml", fixture(manifest)?).build()?;
/// let file = CaseFile::read(&host, "notes.toml", cases, permissive)?;
/// let lacks = lacking(&host, "notes", &[file])?;
/// assert_eq!(lacks.len(), 1);
/// assert_eq!(lacks[0].what, "no case exceeds the data of activity `show-notes` by one item");
///
/// // The line that would show it can be added as it is.
/// let cases = format!("{cases}{}\n", lacks[0].add);
/// let file = CaseFile::read(&host, "notes.toml", &cases, permissive)?;
/// assert_eq!(lacking(&host, "notes", &[file])?, []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn lacking<'f>(
    host: &Host,
    product: &str,
    files: impl IntoIterator<Item = &'f CaseFile>,
) -> Result<Vec<Lack>, String> {
    let baselines = host.baselines();
    let manifest = host.manifest(product).zip(baselines.last());
    let (text, baseline) = manifest.ok_or_else(|| format!("`{product}` has no plugin loaded"))?;
    let (manifest, _) =
        Manifest::parse("plugin.toml", &text, baseline.taxonomy()).map_err(|found| found.to_string())?;
    let mut own = Own {
        host,
        product,
        baseline,
        shown: Vec::new(),
    };
    let files = files.into_iter().filter(|file| file.plugins.is_empty());
    for case in files.flat_map(|file| &file.cases) {
        let asked = case
            .request()
            .filter(|it| it.product() == product && case.skipped().is_none());
        let Some(request) = asked else { continue };
        let answer = case.answer(host);
        if case.differences(&answer).is_empty() {
            own.shown.extend(own.shown(request, case.given(), answer));
        }
    }
    Ok(own.lacks(&manifest))
}

/// A case that passes, and what it shows.
struct Shown<'c> {
    request: &'c Request,
    operation: Id<Operation>,
    purpose: Id<Purpose>,
    data: Vec<Id<Category>>,
    given: &'c [(Id<Fact>, FactValue)],
    answer: Answer,
}

impl Shown<'_> {
    fn is(&self, decision: Decision) -> bool {
        self.answer.decision == decision
    }

    /// What a fact is in this case, as far as the case says so.
    fn fact(&self, taxonomy: &Taxonomy, name: &str) -> Option<&FactValue> {
        let given = taxonomy
            .facts
            .find(name)
            .and_then(|fact| self.given.iter().find(|(other, _)| *other == fact))
            .map(|(_, value)| value);
        given.or_else(|| {
            self.request
                .facts()
                .find(|(fact, _)| *fact == name)
                .map(|(_, value)| value)
        })
    }
}

/// The product with the cases that pass.
struct Own<'c> {
    host: &'c Host,
    product: &'c str,
    baseline: &'c Baseline,
    shown: Vec<Shown<'c>>,
}

impl<'c> Own<'c> {
    fn taxonomy(&self) -> &'c Taxonomy {
        self.baseline.taxonomy()
    }

    fn shown(
        &self,
        request: &'c Request,
        given: &'c [(Id<Fact>, FactValue)],
        answer: Answer,
    ) -> Option<Shown<'c>> {
        let taxonomy = self.taxonomy();
        Some(Shown {
            request,
            operation: taxonomy.operations.find(request.operation())?,
            purpose: taxonomy.purposes.find(request.purpose())?,
            data: request
                .data()
                .filter_map(|name| taxonomy.categories.find(name))
                .collect(),
            given,
            answer,
        })
    }

    fn lacks(&self, manifest: &Manifest) -> Vec<Lack> {
        let mut lacks = Vec::new();
        for activity in &manifest.activities {
            self.activity(activity, &mut lacks);
        }
        let answers = || self.shown.iter().map(|it| &it.answer);
        for reason in &manifest.reasons {
            let given = |answer: &Answer| {
                answer.deny_kind == Some("plugin-denied")
                    && answer.deciding.iter().any(|it| it.0 == reason.id)
            };
            if !answers().any(given) {
                lacks.push(Lack {
                    what: format!("no case is denied for the reason `{}`", reason.id),
                    add: format!("\"{}\" = {{ …, deciding = [\"{}\"] }}", reason.text, reason.id),
                });
            }
        }
        for obligation in &manifest.obligations {
            let duty = format!("{}:{} {}", self.product, obligation.id, obligation.timing);
            if !answers().any(|answer| answer.obligations.contains(&duty)) {
                lacks.push(Lack {
                    what: format!("no case comes with the obligation `{}`", obligation.id),
                    add: format!(
                        "\"{}\" = {{ …, decision = \"permit\", obligations = [\"{duty}\"] }}",
                        obligation.text
                    ),
                });
            }
        }
        self.rights(manifest, &mut lacks);
        lacks
    }

    /// The cases about what an activity covers.
    fn covered<'s>(&'s self, activity: &'s Activity) -> impl Iterator<Item = &'s Shown<'c>> {
        self.about(activity)
            .filter(|it| activity.covers(it.purpose, it.operation, &it.data))
    }

    /// The cases that are about an activity by all but their data.
    fn about<'s>(&'s self, activity: &'s Activity) -> impl Iterator<Item = &'s Shown<'c>> {
        let taxonomy = self.taxonomy();
        self.shown.iter().filter(move |it| {
            let feature = match it.fact(taxonomy, "feature") {
                Some(FactValue::Text(feature)) => **feature == *activity.id,
                _ => true,
            };
            feature && activity.purposes.contains(it.purpose) && activity.operations.contains(it.operation)
        })
    }

    fn activity(&self, activity: &Activity, lacks: &mut Vec<Lack>) {
        let id = &activity.id;
        let Some(permit) = self.covered(activity).find(|it| it.is(Decision::Permit)) else {
            // Each of the others is measured by it, so that it comes first.
            lacks.push(Lack {
                what: format!("no case of activity `{id}` is permitted"),
                add: format!(
                    "\"{id}\" = {{ {}, decision = \"permit\" }}",
                    self.of_manifest(activity)
                ),
            });
            return;
        };
        let before = lacks.len();
        for control in &activity.controls {
            let Some(control) = self.taxonomy().controls.get(*control) else {
                continue;
            };
            let off = |it: &Shown<'_>| self.is_off(activity, it, &control.fact);
            if control.allows.is_some() && !self.covered(activity).any(off) {
                let change = self.denial(permit, states(self.taxonomy(), &control.fact));
                let change = change.unwrap_or_else(|| format!("\"{}\" = \"…\"", control.fact));
                let asked = self.of_case(permit, "");
                lacks.push(Lack {
                    what: format!(
                        "no case of activity `{id}` is denied because the control `{}` is off",
                        control.id
                    ),
                    add: format!("\"{id}: {} is off\" = {{ {asked}, {change} }}", control.id),
                });
            }
        }
        // What several activities cover is denied because nobody can tell which is meant, which shows nothing of any.
        let denied = |it: &Shown<'_>| it.is(Decision::Deny) && !it.answer.undeclared;
        // A control that is off is a deny as well.
        if lacks.len() == before && !self.covered(activity).any(denied) {
            let usual = [
                ("consent.status", "not-given"),
                ("security.channel", "plain"),
                ("subject.age_class", "minor"),
                ("locus", "server"),
                ("controls.account_cancelled", "cancelled"),
            ];
            let usual = usual.map(|(fact, word)| (fact.to_owned(), FactValue::Text(word.into())));
            let change = self
                .denial(permit, usual.into())
                .unwrap_or_else(|| "…".to_owned());
            lacks.push(Lack {
                what: format!("no case of what activity `{id}` covers is denied"),
                add: format!("\"{id}: denied\" = {{ {}, {change} }}", self.of_case(permit, "")),
            });
        }
        let exceeds = |it: &Shown<'_>| {
            let beyond = it.data.iter().filter(|data| !activity.covers.contains(**data));
            beyond.count() == 1 && it.is(Decision::Deny) && it.answer.undeclared
        };
        if !self.about(activity).any(exceeds) {
            lacks.push(self.one_more(activity, permit));
        }
        self.recipients(activity, lacks);
    }

    /// Whether a case is denied for what a fact is: it would be permitted if that were as in a case that is.
    fn is_off(&self, activity: &Activity, denied: &Shown<'_>, fact: &str) -> bool {
        denied.is(Decision::Deny)
            && self
                .covered(activity)
                .filter(|it| it.is(Decision::Permit))
                .any(|permitted| {
                    permitted.fact(self.taxonomy(), fact).is_some_and(|value| {
                        self.with(denied, fact, value)
                            .is_some_and(|it| it.decision == Decision::Permit)
                    })
                })
    }

    /// The first of these facts for which a case would be denied, and what the answer comes with, as a line has it.
    fn denial(&self, permitted: &Shown<'_>, facts: Vec<(String, FactValue)>) -> Option<String> {
        facts.into_iter().find_map(|(fact, value)| {
            let answer = self.with(permitted, &fact, &value)?;
            let mut line = written(&fact, &value);
            if !answer.obligations.is_empty() {
                let _ = write!(line, ", obligations = {}", quoted(&answer.obligations));
            }
            (answer.decision == Decision::Deny).then_some(line)
        })
    }

    /// The answer if a fact were another.
    fn with(&self, case: &Shown<'_>, fact: &str, value: &FactValue) -> Option<Answer> {
        let fact = self.taxonomy().facts.find(fact)?;
        let mut given = case.given.to_vec();
        given.retain(|(other, _)| *other != fact);
        given.push((fact, value.clone()));
        Some(Answer::of(&self.host.suppose(case.request, &given)))
    }

    fn recipients(&self, activity: &Activity, lacks: &mut Vec<Lack>) {
        let taxonomy = self.taxonomy();
        let handing = |operation: Id<Operation>| {
            let axes = taxonomy.operations.get(operation).map(|it| it.axes);
            axes.is_some_and(|axes| axes.iter().any(|axis| axis == Axis::Recipient))
        };
        if !activity.operations.iter().any(handing) {
            return;
        }
        let others = |case: &Shown<'_>| match case.fact(taxonomy, "recipient.class") {
            Some(FactValue::Text(class)) => taxonomy
                .recipients
                .find(class)
                .is_some_and(|class| !activity.names_recipient(taxonomy, class)),
            _ => false,
        };
        let mut handed = self.covered(activity).filter(|it| handing(it.operation));
        if handed.any(|it| others(it) && self.is_off(activity, it, "recipient.class")) {
            return;
        }
        let id = &activity.id;
        let what = format!("no case of activity `{id}` has a recipient that it does not name");
        let mut handed = self.covered(activity).filter(|it| handing(it.operation));
        let add = match handed.find(|it| it.is(Decision::Permit)) {
            None => format!(
                "\"{id}: nobody else gets it\" = {{ operation = \"share\", …, \"recipient.class\" = \"advertiser\" }}"
            ),
            Some(permit) => {
                let others = taxonomy.recipients.iter();
                let others = others.filter(|(other, _)| !activity.names_recipient(taxonomy, *other));
                let class = |id: &str| ("recipient.class".to_owned(), FactValue::Text(id.into()));
                let others = others.map(|(_, it)| class(&it.id)).collect();
                let change = self.denial(permit, others).unwrap_or_else(|| "…".to_owned());
                format!(
                    "\"{id}: nobody else gets it\" = {{ {}, {change} }}",
                    self.of_case(permit, "recipient.class")
                )
            }
        };
        lacks.push(Lack { what, add });
    }

    /// The lack of a case that asks for one item more, which no activity has for that purpose.
    fn one_more(&self, activity: &Activity, permit: &Shown<'_>) -> Lack {
        let taxonomy = self.taxonomy();
        let categories = &taxonomy.categories;
        let is_leaf = |id: Id<Category>| categories.subtree(id).iter().count() == 1;
        let mut candidates: Vec<_> = categories
            .iter()
            .filter(|(id, _)| is_leaf(*id) && !activity.covers.contains(*id))
            .collect();
        // Those right below the classes of all data stand for data of no kind in particular.
        let above = |id: Id<Category>| {
            categories
                .iter()
                .filter(|(other, _)| categories.is_below(id, *other))
                .count()
        };
        candidates.sort_by_key(|(id, _)| above(*id) <= 3);
        let mut candidates = candidates.into_iter().filter_map(|(_, category)| {
            let mut data: Vec<&str> = permit.request.data().collect();
            data.push(&category.id);
            let request = self.ask(
                permit,
                permit.request.operation(),
                permit.request.purpose(),
                &data,
                &[],
            )?;
            let answer = Answer::of(&self.host.suppose(&request, permit.given));
            (answer.undeclared && answer.decision == Decision::Deny).then_some((category, answer))
        });
        // What the policy alone forbids is a weaker proof of what the manifest leaves out.
        let first = candidates.next();
        let undeclared = |found: &(_, Answer)| found.1.deny_kind == Some("not-declared");
        let better = first
            .iter()
            .find(|it| undeclared(it))
            .is_none()
            .then(|| candidates.find(undeclared));
        let line = match better.flatten().or(first) {
            Some((category, answer)) => {
                let mut line = format!("with = \"{}\"", category.id);
                if answer.deny_kind == Some("not-declared") {
                    line += ", deny-kind = \"not-declared\"";
                }
                if !answer.obligations.is_empty() {
                    let _ = write!(line, ", obligations = {}", quoted(&answer.obligations));
                }
                line
            }
            None => "with = \"…\", deny-kind = \"not-declared\"".to_owned(),
        };
        Lack {
            what: format!(
                "no case exceeds the data of activity `{}` by one item",
                activity.id
            ),
            add: format!(
                "\"{}: one item more\" = {{ {}, {line} }}",
                activity.id,
                self.of_case(permit, "")
            ),
        }
    }

    fn rights(&self, manifest: &Manifest, lacks: &mut Vec<Lack>) {
        let keeps = |activity: &Activity| {
            let stores = ["store", "retain"].iter().any(|word| {
                let operation = self.taxonomy().operations.find(word);
                operation.is_some_and(|it| activity.operations.contains(it))
            });
            stores
                || activity.retention.is_some()
                || !activity.storage.is_empty()
                || !activity.holds.is_empty()
        };
        let rights = || self.shown.iter().filter(|it| it.request.operation() == "right");
        let keeps = manifest.activities.iter().any(keeps);
        if keeps && rights().next().is_none() {
            lacks.push(Lack {
                what: "the product keeps data, and no case asks for a right of the person".to_owned(),
                add: format!(
                    "\"all of it is erased\" = {{ right = \"erase\"{} }}",
                    self.erasure(false, None)
                ),
            });
        }
        let mut seen = BTreeSet::new();
        for hold in manifest.activities.iter().flat_map(|it| &it.holds) {
            if !seen.insert(&hold.reference) {
                continue;
            }
            let categories = &self.taxonomy().categories;
            let held = |name: &str| categories.find(name).is_some_and(|it| hold.data.contains(it));
            let shows = |case: &Shown<'_>| {
                let kept = case
                    .answer
                    .items
                    .iter()
                    .filter(|(name, it)| held(name) && *it != Decision::Permit);
                let kept: Vec<&String> = kept.map(|(name, _)| name).collect();
                let free = self.unheld(case);
                kept.iter().any(|name| free.iter().any(|it| it == *name))
            };
            if !rights().any(shows) {
                let item = self
                    .taxonomy()
                    .categories
                    .iter()
                    .find(|(id, _)| hold.data.contains(*id));
                let item = item.map(|(_, it)| it.id.as_str());
                lacks.push(Lack {
                    what: format!("no right is kept back by the hold `{}`", hold.reference),
                    add: format!(
                        "\"{} is held\" = {{ right = \"erase\", unknown = [\"retention.hold_ref\"]{} }}",
                        hold.reference,
                        self.erasure(true, item)
                    ),
                });
            }
        }
    }

    /// The items of a right that would be granted if nothing held them.
    fn unheld(&self, case: &Shown<'_>) -> Vec<String> {
        let Some(fact) = self.taxonomy().facts.find("retention.hold_ref") else {
            return Vec::new();
        };
        let mut given = case.given.to_vec();
        given.retain(|(other, _)| *other != fact);
        given.push((fact, FactValue::Text("none".into())));
        let answer = Answer::of(&self.host.suppose(case.request, &given));
        let granted = answer.items.into_iter().filter(|(_, it)| *it == Decision::Permit);
        granted.map(|(name, _)| name).collect()
    }

    /// What a case of an erasure has to expect, from what the host answers.
    fn erasure(&self, held: bool, item: Option<&str>) -> String {
        let answer = self.shown.first().and_then(|like| {
            let request = self.ask(
                like,
                "right",
                "rights-fulfilment",
                &[],
                &[("right.kind", "erase")],
            )?;
            let hold = self.taxonomy().facts.find("retention.hold_ref");
            let given = like.given.iter().filter(|(fact, _)| !held || Some(*fact) != hold);
            let given: Vec<_> = given.cloned().collect();
            Some(Answer::of(&self.host.suppose(&request, &given)))
        });
        let Some(answer) = answer else {
            return ", decision = \"…\"".to_owned();
        };
        let mut text = format!(", decision = \"{}\"", answer.decision.as_str());
        if !answer.obligations.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, ", obligations = {}", quoted(&answer.obligations));
        }
        let item = item.and_then(|item| answer.items.iter().find(|(name, _)| name == item));
        if let Some((name, decision)) = item {
            let _ = write!(text, ", items = {{ {name} = \"{}\" }}", decision.as_str());
        }
        text
    }

    /// A request like that of a case.
    fn ask(
        &self,
        like: &Shown<'_>,
        operation: &str,
        purpose: &str,
        data: &[&str],
        facts: &[(&str, &str)],
    ) -> Option<Request> {
        let facts: serde_json::Map<String, serde_json::Value> = facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        let request = serde_json::json!({
            "product": self.product, "operation": operation, "purpose": purpose, "data": data,
            "at": like.request.at().to_string(), "facts": facts,
        });
        self.host
            .request("a request", &request.to_string(), Format::Json)
            .ok()
    }

    /// What is asked in a case but for one fact, as a line has it.
    fn of_case(&self, case: &Shown<'_>, except: &str) -> String {
        let data: Vec<&str> = case.request.data().collect();
        let mut text = asked(case.request.operation(), case.request.purpose(), &data);
        for fact in ["feature", "recipient.class"]
            .into_iter()
            .filter(|fact| *fact != except)
        {
            if let Some(value) = case.fact(self.taxonomy(), fact) {
                let _ = write!(text, ", {}", written(fact, value));
            }
        }
        text
    }

    /// A request that an activity covers, as a line has it.
    fn of_manifest(&self, activity: &Activity) -> String {
        let taxonomy = self.taxonomy();
        let operation = activity.operations.iter().next();
        let operation = operation.map_or("…", |it| taxonomy.operations.name(it));
        let data: Vec<&str> = activity
            .data
            .iter()
            .map(|it| taxonomy.categories.name(*it))
            .collect();
        asked(operation, taxonomy.purposes.name(activity.purpose), &data)
    }
}

/// The values that a fact may have.
fn states(taxonomy: &Taxonomy, fact: &str) -> Vec<(String, FactValue)> {
    let Some(definition) = taxonomy.facts.find(fact).and_then(|it| taxonomy.facts.get(it)) else {
        return Vec::new();
    };
    let words = definition.values.iter().map(String::as_str);
    let values: Vec<FactValue> = match definition.fact_type {
        FactType::Flag => [false, true].map(FactValue::Flag).into(),
        FactType::Texts => words.map(|word| FactValue::texts([word])).collect(),
        _ => words.map(|word| FactValue::Text(word.into())).collect(),
    };
    values.into_iter().map(|value| (fact.to_owned(), value)).collect()
}

fn asked(operation: &str, purpose: &str, data: &[&str]) -> String {
    format!(
        "operation = \"{operation}\", purpose = \"{purpose}\", data = {}",
        quoted(data)
    )
}

fn quoted<T: fmt::Display>(words: &[T]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("[{}]", words.join(", "))
}

/// A fact with a value, as a line has it.
fn written(fact: &str, value: &FactValue) -> String {
    let name = if fact.contains('.') {
        format!("\"{fact}\"")
    } else {
        fact.to_owned()
    };
    match value {
        FactValue::Flag(flag) => format!("{name} = {flag}"),
        FactValue::Text(word) => format!("{name} = \"{word}\""),
        FactValue::Texts(words) => format!("{name} = {}", quoted(words)),
        _ => format!("{name} = …"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{as_cases_are_asked, fixture};

    use super::*;

    const MANIFEST: &str = r#"
        [plugin]
        product = "weather"
        version = "1.0.0"
        policy = "2025-10-10"
        child-directed = false
        financial = false
        requires-account = false
        system-service = false
        review-date = 2026-11-01

        [[activity]]
        id = "forecast"
        purpose = "location-based-service"
        operations = ["use", "store"]
        data = ["approximate-location"]
        necessary = true
        legal-basis = "contract"
        controls = ["location-permission", "location-services"]
        feature = "location"
        storage = ["SG"]
        retention = { period = "P1D" }
        holds = [{ ref = "LIT-1", data = ["city-code"], reason = "a court case is under way" }]

        [[activity]]
        id = "place-details"
        purpose = "location-based-service"
        operations = ["share"]
        data = ["approximate-location"]
        legal-basis = "contract"
        controls = ["location-permission", "location-services"]
        feature = "location"
        recipients = ["location-service-partner"]

        [reason.never]
        text = "its code never says so"

        [obligation.nothing]
        text = "its code never asks for it"
        timing = "after"
    "#;

    const BASE: &str = r#"
        [base.request]
        product = "weather"
        operation = "use"
        purpose = "location-based-service"
        data = ["approximate-location"]
        at = 2026-11-23T10:00:00Z
        [variations]
    "#;

    fn lacks(lines: &str) -> Vec<Lack> {
        let builder = as_cases_are_asked(Host::builder());
        let host = builder
            .plugin("weather.toml", fixture(MANIFEST).unwrap())
            .build()
            .unwrap();
        assert!(host.refused().is_empty(), "{:?}", host.refused());
        let permissive = Some(("permissive.toml", include_str!("../cases/permissive.toml")));
        let file = CaseFile::read(&host, "weather.toml", &format!("{BASE}\n{lines}"), permissive);
        let file = file.unwrap_or_else(|found| panic!("{found}"));
        lacking(&host, "weather", &[file]).unwrap()
    }

    fn whats(lacks: &[Lack]) -> Vec<&str> {
        lacks.iter().map(|lack| lack.what.as_str()).collect()
    }

    const FORECAST: &str = r#""the weather here" = { decision = "permit" }"#;
    const DETAILS: &str = r#""a place" = { operation = "share", recipient.class = "location-service-partner", feature = "place-details", decision = "permit" }"#;
    const CODE: [&str; 2] = [
        "no case is denied for the reason `never`",
        "no case comes with the obligation `nothing`",
    ];

    #[test]
    fn everything_is_lacking_without_a_permit() {
        let found = lacks("\"x\" = { security.channel = \"plain\" }");
        assert_eq!(
            whats(&found),
            [
                "no case of activity `forecast` is permitted",
                "no case of activity `place-details` is permitted",
                CODE[0],
                CODE[1],
                "the product keeps data, and no case asks for a right of the person",
                "no right is kept back by the hold `LIT-1`",
            ]
        );
    }

    #[test]
    fn each_lack_is_met_by_the_line_that_it_proposes() {
        let mut lines = format!("{FORECAST}\n{DETAILS}\n");
        let found = lacks(&lines);
        assert_eq!(
            whats(&found),
            [
                "no case of activity `forecast` is denied because the control `location-permission` is off",
                "no case of activity `forecast` is denied because the control `location-services` is off",
                "no case exceeds the data of activity `forecast` by one item",
                "no case of activity `place-details` is denied because the control `location-permission` is off",
                "no case of activity `place-details` is denied because the control `location-services` is off",
                "no case exceeds the data of activity `place-details` by one item",
                "no case of activity `place-details` has a recipient that it does not name",
                CODE[0],
                CODE[1],
                "the product keeps data, and no case asks for a right of the person",
                "no right is kept back by the hold `LIT-1`",
            ]
        );
        for lack in found.iter().filter(|lack| !CODE.contains(&lack.what.as_str())) {
            lines = format!("{lines}{}\n", lack.add);
            assert!(!whats(&lacks(&lines)).contains(&lack.what.as_str()), "{lack}");
        }
        assert_eq!(whats(&lacks(&lines)), CODE);
    }

    #[test]
    fn a_case_that_fails_or_is_skipped_shows_nothing() {
        let off = "controls.location_services = \"off\"";
        let lack = "no case of activity `forecast` is denied because the control `location-services` is off";
        let with = |line: &str| lacks(&format!("{FORECAST}\n\"off\" = {{ {off}{line} }}"));
        assert!(!whats(&with("")).contains(&lack));
        assert!(whats(&with(", skip = \"not yet\"")).contains(&lack));
        assert!(whats(&with(", decision = \"permit\"")).contains(&lack));
        // Denied, but not for the control: it would be whatever that is.
        assert!(whats(&with(", security.channel = \"plain\"")).contains(&lack));
        assert!(whats(&lacks(&format!("{FORECAST}\n[plugins]\nnotes = \"absent\""))).len() > 3);
    }

    #[test]
    fn a_product_without_a_plugin_has_nothing_to_show() {
        let host = Host::builder().build().unwrap();
        assert_eq!(
            lacking(&host, "weather", &[]),
            Err("`weather` has no plugin loaded".to_owned())
        );
    }
}
