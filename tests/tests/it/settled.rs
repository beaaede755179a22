//! What is settled when a plugin is loaded changes no answer: the fast way, which uses it, and the explaining way, which
//! does not, answer alike.

use licit_baseline::FactType;
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

/// The products that are asked.
const PRODUCTS: [&str; 4] = ["find-device", "mi-talk", "themes", "xiaomi-cloud"];

/// A request over the vocabulary of the policy: mostly of the products' own words, with facts present, absent and odd.
fn request(host: &Host, random: &mut Random, permissive: &Map<String, Value>) -> String {
    const PURPOSES: [&str; 9] = [
        "content-recommendation",
        "system-service-operation",
        "system-service-optimisation",
        "messaging",
        "message-routing",
        "chat-history-sync",
        "cloud-sync",
        "find-device",
        "data-analysis",
    ];
    const DATA: [&str; 14] = [
        "browsing-history",
        "download-history",
        "oaid",
        "comment",
        "search-query",
        "device-attribute",
        "device-model",
        "chat-history",
        "mobile-phone-number",
        "cloud-synced-content",
        "photo",
        "device-find-location",
        "latitude-longitude",
        "personal-information",
    ];
    /// What the products really ask; the rest of the vocabulary is mixed in.
    const USUAL: [(&str, &str, &str, &[&str]); 6] = [
        (
            "themes",
            "use",
            "content-recommendation",
            &["browsing-history", "download-history"],
        ),
        ("themes", "collect", "system-service-operation", &["comment"]),
        ("mi-talk", "use", "messaging", &["chat-history"]),
        ("mi-talk", "store", "chat-history-sync", &["chat-history"]),
        ("xiaomi-cloud", "use", "cloud-sync", &["cloud-synced-content"]),
        (
            "find-device",
            "use",
            "find-device",
            &["device-find-location", "latitude-longitude"],
        ),
    ];
    let usual_request = random.below(2) == 0;
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
    let (product, operation, purpose, data) = if usual_request {
        let (product, operation, purpose, data) = *random.one(&USUAL);
        (product, operation, purpose, data.to_vec())
    } else {
        let data = (0..=random.below(3)).map(|_| *random.one(&DATA)).collect();
        let operation = *random.one(&["collect", "use", "store", "share", "derive", "profile"]);
        (*random.one(&PRODUCTS), operation, *random.one(&PURPOSES), data)
    };
    let origin = if random.below(4) > 0 {
        product
    } else {
        *random.one(&PRODUCTS)
    };
    facts.insert("data.origin_product".into(), json!(origin));
    if random.below(4) > 0 {
        let record = |purpose: &str| format!("{purpose} explicit given 2026-01-01T00:00:00Z");
        facts.insert(
            "consent.records".into(),
            json!([record(purpose), record(PURPOSES[random.below(PURPOSES.len())])]),
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
    let mut random = Random(7);
    let (mut permits, mut asked) = (0, 0);
    for _ in 0..20_000 {
        let text = request(host, &mut random, permissive);
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
