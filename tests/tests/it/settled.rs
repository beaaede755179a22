//! What is settled when a plugin is loaded changes no answer: the fast way, which uses it, and the explaining way, which
//! does not, answer alike.

use licit_baseline::{FactType, Manifest};
use licit_host::{Format, Host, Response};
use serde_json::{Map, Value, json};

use crate::{setup, support};

/// A small generator with a fixed seed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// What an activity of a loaded plugin covers.
struct Covered {
    product: String,
    activity: String,
    operations: Vec<String>,
    purpose: String,
    data: Vec<String>,
}

fn covered(host: &Host) -> Vec<Covered> {
    let baselines = host.baselines();
    let taxonomy = baselines[0].taxonomy();
    let mut found = Vec::new();
    for plugin in host.loaded() {
        let text = host.manifest(&plugin.product).expect("a manifest");
        let (manifest, _) = Manifest::parse("plugin.toml", &text, taxonomy).expect("a manifest");
        found.extend(manifest.activities.iter().map(|activity| {
            Covered {
                product: plugin.product.clone(),
                activity: activity.id.clone(),
                operations: activity
                    .operations
                    .iter()
                    .map(|it| taxonomy.operations.name(it).to_owned())
                    .collect(),
                purpose: taxonomy.purposes.name(activity.purpose).to_owned(),
                data: activity
                    .covers
                    .iter()
                    .map(|it| taxonomy.categories.name(it).to_owned())
                    .collect(),
            }
        }));
    }
    found
}

/// A request over what the plugins declare: half of them of one activity, with facts present, absent and odd.
fn request(host: &Host, random: &mut Random, covered: &[Covered], permissive: &Map<String, Value>) -> String {
    let gaps = [1, 10, 30][random.below(3)];
    let baselines = host.baselines();
    let taxonomy = baselines[0].taxonomy();
    let mut facts = Map::new();
    for (_, fact) in taxonomy
        .facts
        .iter()
        .filter(|(_, fact)| fact.supplier.may_be_requested())
    {
        let usual = permissive.get(&fact.name);
        let value = match random.below(100) {
            odd if odd >= gaps => usual.cloned(),
            _ if fact.fact_type == FactType::Flag => Some(json!(random.below(2) == 0)),
            odd if odd % 2 == 0 && fact.fact_type == FactType::Text && !fact.values.is_empty() => {
                Some(json!(random.one(&fact.values)))
            }
            _ => None,
        };
        facts.extend(value.map(|value| (fact.name.clone(), value)));
    }
    let own = random.one(covered);
    // The rest of the vocabulary is mixed in.
    let usual = random.below(2) == 0;
    let mut other = || if usual { own } else { random.one(covered) };
    let (operations, purpose, data) = (&other().operations, &other().purpose, &other().data);
    let (operation, product) = (random.one(operations), &own.product);
    let data: Vec<&String> = (0..=random.below(3)).map(|_| random.one(data)).collect();
    let origin = if random.below(4) > 0 {
        product
    } else {
        &random.one(covered).product
    };
    if random.below(4) > 0 {
        facts.insert("feature".into(), json!(own.activity));
    }
    facts.insert("data.origin_product".into(), json!(origin));
    if random.below(4) > 0 {
        let record = |purpose: &str| format!("{purpose} explicit given 2026-01-01T00:00:00Z");
        facts.insert(
            "consent.records".into(),
            json!([record(purpose), record(&random.one(covered).purpose)]),
        );
    }
    json!({
        "product": product,
        "operation": operation,
        "purpose": purpose,
        "data": data,
        "at": "2026-11-23T10:00:00Z",
        "facts": facts,
    })
    .to_string()
}

/// Everything but what only an explanation tells.
fn codes(response: &Response) -> Value {
    let mut answer = serde_json::to_value(response).expect("an answer");
    let map = answer.as_object_mut().expect("an object");
    map.remove("facts_used");
    map.remove("considered");
    answer
}

#[test]
fn the_fast_way_answers_as_the_explaining_way_does() {
    let host = &*setup::HOST;
    let text = std::fs::read_to_string(support::root().join("tests/cases/permissive.toml"))
        .expect("permissive facts");
    let table: toml::Table = text.parse().expect("TOML");
    let permissive = serde_json::to_value(&table["given"]).expect("JSON");
    let permissive = permissive.as_object().expect("a table");
    let covered = covered(host);
    let mut random = Random(7);
    let (mut permits, mut asked) = (0, 0);
    for _ in 0..20_000 {
        let text = request(host, &mut random, &covered, permissive);
        let request = host
            .request("random", &text, Format::Json)
            .unwrap_or_else(|found| panic!("{found}"));
        let (fast, explained) = (host.evaluate(&request), host.explain(&request));
        assert_eq!(codes(&fast), codes(&explained), "{text}");
        asked += 1;
        permits += usize::from(fast.decision == licit_host::Decision::Permit);
    }
    assert!(
        permits > asked / 200,
        "only {permits} of {asked} random requests are permitted: too few to prove anything"
    );
}
