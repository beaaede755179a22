//! What has to hold of any two requests of which one is the other with less in its favour. Processing: what is denied
//! stays denied. Rights: the other way round, because what stands against a right has to be shown.
//!
//! Every pair is looked for from its far end: from a request that is permitted although it has less in its favour to
//! one with more, so that no pair holds for want of a permit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use licit_conformance::reference::{Decision, Expression, Policy, Request, Value, judge};

use crate::compare::written;
use crate::engine::Engine;
use crate::random::{Generator, Random};
use crate::{number, policy_files};

/// A property of processing, or of rights, with the two requests.
struct Pair {
    property: &'static str,
    /// Has more in its favour.
    more: Request,
    /// Has less.
    less: Request,
}

const PROCESSING: [&str; 9] = [
    "a fact is taken away",
    "a category is added",
    "a category is replaced by its parent",
    "consent is withdrawn",
    "consent is not known of",
    "a control is switched off",
    "the person is a minor",
    "categories stand in another order",
    "a fact by category stands in another order",
];

const RIGHTS: [&str; 4] = [
    "a fact is taken away from a right",
    "no ground is cited",
    "the approval is missing",
    "items stand in another order",
];

/// Requests that differ from this one in one thing that is for or against it, or in nothing that counts.
fn pairs(policy: &Policy, generator: &Generator<'_>, request: &Request, random: &mut Random) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut pair = |property, more: &Request, less: &Request| {
        pairs.push(Pair {
            property,
            more: more.clone(),
            less: less.clone(),
        });
    };
    if request.data.len() > 1 {
        let mut turned = request.clone();
        turned.data.reverse();
        let property = if request.operation == "right" {
            RIGHTS[3]
        } else {
            PROCESSING[7]
        };
        pair(property, request, &turned);
        pair(property, &turned, request);
    }
    if request.operation == "right" {
        for name in request.facts.keys() {
            let mut less = request.clone();
            less.facts.remove(name);
            // Taking a ground away is a change of the claim: it has a property of its own.
            pair(RIGHTS[0], &less, request);
        }
        let mut without = request.clone();
        without
            .facts
            .insert("right.refusal_ground".to_owned(), Value::Text("none".to_owned()));
        pair(RIGHTS[1], &without, request);
        let mut without = request.clone();
        without.facts.remove("approval.ref");
        pair(RIGHTS[2], &without, request);
        return pairs;
    }
    for name in request.facts.keys() {
        let mut less = request.clone();
        less.facts.remove(name);
        pair(PROCESSING[0], request, &less);
    }
    for _ in 0..4 {
        let mut more = request.clone();
        if let Some(name) = generator.add_missing(&mut more, random) {
            debug_assert!(!request.facts.contains_key(&name));
            pair(PROCESSING[0], &more, request);
        }
    }
    for at in 0..request.data.len() {
        if request.data.len() > 1 {
            let mut more = request.clone();
            more.data.remove(at);
            pair(PROCESSING[1], &more, request);
        }
        let mut added = request.clone();
        added.data.push(random.one(&policy.categories.ids).clone());
        pair(PROCESSING[1], request, &added);
        let category = &request.data[at];
        for parent in policy.categories.parents.get(category).into_iter().flatten() {
            let mut less = request.clone();
            less.data[at].clone_from(parent);
            pair(PROCESSING[2], request, &less);
        }
        let children = policy.categories.ids.iter().filter(|id| {
            policy
                .categories
                .parents
                .get(*id)
                .is_some_and(|parents| parents.contains(category))
        });
        for child in children {
            let mut more = request.clone();
            more.data[at].clone_from(child);
            pair(PROCESSING[2], &more, request);
        }
    }
    let records = |suffix: &str| {
        let given = Timestamp::from_nanosecond(request.at - 86_400_000_000_000).expect("an instant");
        let mut request = request.clone();
        request.facts.retain(|name, _| !name.starts_with("consent."));
        let record = format!("{} explicit given {given}{suffix}", request.purpose);
        request
            .facts
            .insert("consent.records".to_owned(), Value::Words([record].into()));
        request
    };
    let at = Timestamp::from_nanosecond(request.at).expect("an instant");
    let (given, withdrawn) = (records(""), records(&format!(" withdrawn {at}")));
    pair(PROCESSING[3], &given, &withdrawn);
    pair(PROCESSING[3], &given, &records(&format!(" expires {at}")));
    let mut unknown = given.clone();
    unknown.facts.remove("consent.records");
    pair(PROCESSING[4], &given, &unknown);
    let mut none = given.clone();
    none.facts
        .insert("consent.records".to_owned(), Value::Words(BTreeSet::new()));
    pair(PROCESSING[4], &given, &none);
    for (name, fact) in policy
        .facts
        .iter()
        .filter(|(name, _)| name.starts_with("controls."))
    {
        // The value taken while nobody knows is the one that protects the person.
        let Some(off) = &fact.taken else { continue };
        for other in generator.choices_of(name) {
            let on = match (other, off) {
                (Value::Text(word), Value::Words(_)) if off == &Value::Words([word.clone()].into()) => {
                    continue;
                }
                (_, Value::Words(_)) => Value::Words(BTreeSet::new()),
                (other, _) => other.clone(),
            };
            let (mut more, mut less) = (request.clone(), request.clone());
            more.facts.insert(name.clone(), on);
            less.facts.insert(name.clone(), off.clone());
            pair(PROCESSING[5], &more, &less);
        }
    }
    for age in ["minor", "child"] {
        let (mut more, mut less) = (request.clone(), request.clone());
        more.facts
            .insert("subject.age_class".to_owned(), Value::Text("adult".to_owned()));
        less.facts
            .insert("subject.age_class".to_owned(), Value::Text(age.to_owned()));
        pair(PROCESSING[6], &more, &less);
    }
    for (name, value) in &request.facts {
        if let Value::PerCategory(entries) = value {
            let mut turned = request.clone();
            let mut entries = entries.clone();
            entries.reverse();
            turned.facts.insert(name.clone(), Value::PerCategory(entries));
            pair(PROCESSING[8], request, &turned);
            pair(PROCESSING[8], &turned, request);
        }
    }
    pairs
}

/// Whether what holds of the one with more fails for the one with less.
fn is_broken(property: &str, more: Decision, less: Decision) -> bool {
    match property {
        // `more` has lost a fact: a refusal has to be shown.
        "a fact is taken away from a right" => more == Decision::Deny && less != Decision::Deny,
        "items stand in another order" => more != less,
        // `more` is free of a ground or an approval: nothing gets stricter.
        _ => more > less,
    }
}

#[test]
fn less_in_its_favour_never_helps() {
    let files = policy_files();
    let policy = Policy::read(files.iter().map(|(_, text)| text.as_str())).expect("the policy reads");
    let engine = Engine::new(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let generator = Generator::new(&policy);
    let mut last = None;
    let mut telling: BTreeMap<&str, u64> = BTreeMap::new();
    let asked = number("LICIT_REQUESTS", 100_000) / 40;
    let first = number("LICIT_SEED", 1);
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for seed in first..first + asked {
        let request = generator.request(seed, &mut last);
        if request.operation == "load" {
            continue;
        }
        let mut random = Random::new(seed ^ 0xFACE);
        for Pair { property, more, less } in pairs(&policy, &generator, &request, &mut random) {
            let decide = |request: &Request| engine.decide(request);
            let weak = decide(&less);
            let is_right = request.operation == "right";
            if weak == Decision::Deny && !is_right {
                continue;
            }
            *telling.entry(property).or_default() += 1;
            let strong = decide(&more);
            if is_broken(property, strong, weak) {
                // One of each kind is enough: what stands against the one that has more in its favour.
                let judged = judge(&policy, &more);
                let against: Vec<&String> = judged.objecting.keys().map(|(rule, _)| rule).collect();
                let mut deciding = judged.deciding.keys().map(|(rule, _)| rule);
                let intended = match property {
                    "a fact is taken away" => deciding.any(|id| adds_if_known(&policy, id)),
                    "a category is replaced by its parent" => {
                        against.iter().all(|id| spares_wider(&policy, id))
                    }
                    _ => false,
                };
                if intended {
                    continue;
                }
                found
                    .entry(format!("{property}, against {against:?}"))
                    .or_insert_with(|| {
                        let changed = changes(&more, &less);
                        format!(
                            "LICIT_SEED={seed}\n{strong:?}: {}{weak:?}: {changed}",
                            written(&more)
                        )
                    });
            }
        }
    }
    println!("{telling:#?}");
    let shown: Vec<String> = found
        .iter()
        .map(|(what, request)| format!("{what}\n{request}"))
        .collect();
    assert!(
        found.is_empty(),
        "{} counterexamples\n{}",
        found.len(),
        shown.join("\n")
    );
    for property in PROCESSING.iter().chain(&RIGHTS) {
        let seen = telling.get(property).copied().unwrap_or_default();
        assert!(
            asked < 2500 || seen >= 20,
            "{property}: only {seen} pairs tell something"
        );
    }
}

/// Whether a rule says that a wider category is not meant where a known fact rules the narrow one out.
fn spares_wider(policy: &Policy, id: &str) -> bool {
    fn asks(condition: &Expression) -> bool {
        match condition {
            Expression::Call(name, _) => name == "above",
            Expression::Not(inner) => asks(inner),
            Expression::All(parts) | Expression::Any(parts) => parts.iter().any(asks),
            _ => false,
        }
    }
    policy
        .rules
        .iter()
        .any(|rule| rule.id == id && rule.unless.as_ref().is_some_and(asks))
}

/// Whether a rule brings data under further rules only where a fact is known: then that fact works against the
/// processing, and not to know it helps. The policy has one such rule, about wider definitions in local law.
fn adds_if_known(policy: &Policy, id: &str) -> bool {
    policy.rules.iter().any(|rule| {
        let adds = !(rule.adds_label.is_empty() && rule.adds_data.is_empty() && rule.adds_purpose.is_empty());
        rule.id == id && rule.if_known.is_some() && adds
    })
}

/// What the second request says otherwise.
fn changes(more: &Request, less: &Request) -> String {
    let mut changed = Vec::new();
    if more.data != less.data {
        changed.push(format!("{:?} instead of {:?}", less.data, more.data));
    }
    let names: BTreeSet<&String> = more.facts.keys().chain(less.facts.keys()).collect();
    for name in names {
        let (one, other) = (more.facts.get(name), less.facts.get(name));
        if one != other {
            changed.push(format!("{name} {other:?} instead of {one:?}"));
        }
    }
    changed.join("; ")
}
