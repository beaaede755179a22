//! `licit right`, run as support staff run it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use serde_json::{Value, json};
use support::{Deployment, plugin, root};

const PROFILE: &str = r#"
[profile]
name = "test"
signed-off-by = "test"
date = 2026-01-01
expires = 2028-01-01

[register.holds.security-scan]
retention.hold_ref = { app-list = "none", ip-address = "none", virus-definition-list = "none" }
retention.expiry = { system-log = 2030-01-01 }

[register.disclosures.security-scan]
recipient.log = { ip-address = ["service-provider"], system-log = ["business-partner"] }

[register.disclosures.find-device]
recipient.log = []
"#;

/// What counsel found: the time to answer in Europe, and that India orders what is held to be kept.
const LAW: &str = r#"
[[determination]]
fact = "deadline"
rule = "request-deadline"
jurisdiction = "EEA"
value = "P30D"
author = "test"
date = 2026-01-01
expires = 2028-01-01
ref = "L-1"

[[determination]]
fact = "requires"
rule = "hold-exception"
jurisdiction = "IN"
value = true
author = "test"
date = 2026-01-01
expires = 2028-01-01
ref = "L-2"
"#;

/// Find device, and a scanner whose manifest names a hold on its log.
fn two_products() -> Deployment {
    let here = Deployment::bare();
    let scan = std::fs::read_to_string(root().join("plugins/security-app/security-scan/plugin.toml"))
        .expect("a manifest");
    here.write("target/plugins/security-scan.wasm", &plugin(&scan));
    here.write("licit.toml", PROFILE.as_bytes());
    here.write("law.toml", LAW.as_bytes());
    here
}

fn erasure() -> Value {
    json!({
        "id": "r-1", "at": "2026-11-23T10:00:00Z",
        "facts": {
            "right.kind": "erase", "right.refusal_ground": "none", "subject.region": "IN",
            "request.channel": "support-portal", "request.verified_at": "2026-11-20T09:00:00Z",
            "subject.identity_verified": true, "subject.agent_authority": "not-applicable",
            "subject.second_factor": "present",
        }
    })
}

fn with(fact: &str, value: Value) -> Value {
    let mut request = erasure();
    let facts = request["facts"].as_object_mut().expect("facts");
    match value {
        Value::Null => drop(facts.remove(fact)),
        value => drop(facts.insert(fact.to_owned(), value)),
    }
    request
}

fn product<'j>(answer: &'j Value, id: &str) -> &'j Value {
    let products = answer["products"].as_array().expect("products");
    products
        .iter()
        .find(|it| it["product"] == id)
        .expect("the product")
}

fn item<'j>(product: &'j Value, data: &str) -> &'j Value {
    let items = product["items"].as_array().expect("items");
    items.iter().find(|it| it["data"] == data).expect("the item")
}

#[test]
fn one_answer_says_what_each_product_erases_and_what_it_keeps_and_why() {
    let here = two_products();
    let file = here.request(&erasure());
    let answer = here
        .run(&["right", "--person", file, "--format", "json"])
        .assert_code(2)
        .json();
    assert_eq!(answer["id"], "r-1");
    assert_eq!(answer["decision"], "deny");
    let scan = product(&answer, "security-scan");
    assert_eq!(scan["decision"], "deny");
    assert_eq!(
        *item(scan, "system-log"),
        json!({ "data": "system-log", "decision": "deny", "rule": "right-erase",
                "hold": "LIT-7", "until": "2030-01-01T00:00:00Z" })
    );
    for granted in ["app-list", "ip-address", "virus-definition-list"] {
        assert_eq!(
            *item(scan, granted),
            json!({ "data": granted, "decision": "permit" })
        );
    }
    let find = product(&answer, "find-device");
    assert_eq!(find["decision"], "permit");
    assert_eq!(item(find, "device-find-location")["decision"], "permit");
    // Only those who got what is erased are told.
    assert_eq!(answer["recipients"], json!(["service-provider"]));
    assert_eq!(find["recipients"], json!([]));
    // Nobody determined the law of India, so the shortest time on record counts, from when the request was verified.
    assert_eq!(answer["deadline"], "2026-12-20T09:00:00Z");
    let duties = answer["obligations"].as_array().expect("duties");
    let duty = |id: &str| duties.iter().find(|it| it["id"] == id).expect("the duty");
    assert_eq!(duty("answer-in-time")["deadline"], "2026-12-20T09:00:00Z");
    assert_eq!(duty("isolate-held-data")["products"], json!(["security-scan"]));
    assert_eq!(duty("notify-recipients")["products"], json!(["security-scan"]));
    assert_eq!(
        duty("route-to-india-entity")["products"],
        json!(["find-device", "security-scan"])
    );
    assert_eq!(answer["unanswered"], json!([]));
}

#[test]
fn people_read_the_same() {
    let here = two_products();
    let ran = here
        .run(&["right", "--person", here.request(&erasure())])
        .assert_code(2);
    for part in [
        "DENY  `erase` request about everything: 2 products asked,",
        "1 refused, 0 waiting",
        "  answer by 2026-12-20T09:00:00Z",
        "  security-scan  DENY\n    grants   app-list, ip-address and virus-definition-list\n    refuses  system-log: ",
        "hold LIT-7 until 2030-01-01T00:00:00Z",
        "    tells    service-provider",
        "(isolate-held-data, right-erase)",
        "  policy 2025-10-10",
    ] {
        let (out, part) = (words(&ran.out), words(part));
        assert!(out.contains(&part), "{part}\n{}", ran.out);
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_exit_code_is_the_strictest_decision() {
    let here = two_products();
    let code = |request: &Value| here.run(&["right", "--person", here.request(request)]).code;
    assert_eq!(code(&erasure()), 2);
    assert_eq!(code(&with("subject.region", json!("DE"))), 3);
    assert_eq!(code(&with("right.kind", json!("restrict"))), 0);
    let mut unproven = with("right.kind", json!("restrict"));
    unproven["facts"]["subject.identity_verified"] = json!(false);
    assert_eq!(code(&unproven), 3);
    let mut part = erasure();
    part["data"] = json!(["app-list"]);
    assert_eq!(code(&part), 0);
    assert_eq!(here.run(&["right", "--person", "absent.json"]).code, 1);
}

#[test]
fn a_product_answers_for_what_it_holds_of_the_data_that_is_named() {
    let here = two_products();
    let mut part = erasure();
    part["data"] = json!(["log-information"]);
    let answer = here
        .run(&["right", "--person", here.request(&part), "--format", "json"])
        .assert_code(2)
        .json();
    let items = |id: &str| -> Vec<String> {
        let items = product(&answer, id)["items"].as_array().expect("items").clone();
        items
            .iter()
            .map(|it| it["data"].as_str().unwrap_or("").to_owned())
            .collect()
    };
    assert_eq!(items("security-scan"), ["ip-address", "system-log"]);
    assert_eq!(items("find-device"), [""; 0]);
}

/// The profile with another register of holds.
fn with_holds(here: &Deployment, holds: &str) {
    let usual = "retention.hold_ref = { app-list = \"none\", ip-address = \"none\", virus-definition-list = \"none\" }";
    assert!(PROFILE.contains(usual), "the profile has the usual holds");
    here.write("licit.toml", PROFILE.replace(usual, holds).as_bytes());
}

#[test]
fn neither_the_manifest_nor_the_register_takes_a_hold_from_the_other() {
    let here = two_products();
    let scan = || {
        let answer = here.run(&["right", "--person", here.request(&erasure()), "--format", "json"]);
        product(&answer.json(), "security-scan").clone()
    };
    // The register frees everything: what the manifest names stands, and the expiry that the register has for it.
    with_holds(&here, "retention.hold_ref = \"none\"");
    assert_eq!(item(&scan(), "system-log")["hold"], "LIT-7");
    assert_eq!(item(&scan(), "app-list")["decision"], "permit");
    // The register holds what the manifest does not know of; nobody says until when, so it waits for a human.
    with_holds(&here, "retention.hold_ref = { app-list = \"TAX-1\" }");
    assert_eq!(item(&scan(), "app-list")["hold"], "TAX-1");
    assert_eq!(item(&scan(), "app-list")["decision"], "pend");
    // One hold of the register over everything.
    with_holds(&here, "retention.hold_ref = \"TAX-1\"");
    assert_eq!(item(&scan(), "system-log")["hold"], "TAX-1");
    assert_eq!(item(&scan(), "ip-address")["hold"], "TAX-1");
    // No register at all: the manifest alone.
    here.write(
        "licit.toml",
        PROFILE.split("[register").next().unwrap_or("").as_bytes(),
    );
    assert_eq!(item(&scan(), "system-log")["hold"], "LIT-7");
    assert_eq!(item(&scan(), "system-log")["decision"], "pend");
    assert_eq!(item(&scan(), "ip-address")["decision"], "permit");
}

#[test]
fn a_product_that_cannot_be_asked_leaves_the_answer_waiting() {
    let here = two_products();
    here.write("target/plugins/broken.wasm", b"no component");
    let ran = here.run(&[
        "right",
        "--person",
        here.request(&with("right.kind", json!("restrict"))),
        "--format",
        "json",
    ]);
    let answer = ran.assert_code(3).json();
    assert_eq!(answer["decision"], "pend");
    assert_eq!(answer["unanswered"][0]["file"], "broken.wasm");
    assert_eq!(product(&answer, "find-device")["decision"], "permit");
}

#[test]
fn the_file_is_a_right_of_a_person_and_nothing_else() {
    let here = two_products();
    let complains = |request: &Value, about: &str| {
        let ran = here
            .run(&["right", "--person", here.request(request)])
            .assert_code(1);
        assert!(ran.err.contains(about), "{about}\n{}", ran.err);
        assert_eq!(ran.out, "");
    };
    let mut product = erasure();
    product["product"] = json!("themes");
    complains(&product, "put to every product");
    let mut operation = erasure();
    operation["operation"] = json!("use");
    complains(&operation, "only a right is put to every product");
    complains(&with("right.kind", json!("delete")), "`delete` is not a value");
    complains(
        &with("retention.hold_ref", json!("none")),
        "its supplier is `register`",
    );
}

#[test]
fn toml_and_standard_input_will_do() {
    let here = two_products();
    let demo = std::fs::read(root().join("cli/demo/erasure.toml")).expect("the example");
    here.write("erasure.toml", &demo);
    here.run(&["right", "--person", "erasure.toml"]).assert_code(2);
    here.run_with(&["right", "--person", "-"], &demo).assert_code(2);
}
