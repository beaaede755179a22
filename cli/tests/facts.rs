//! `licit facts`: what it claims is so.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use serde_json::{Value, json};
use support::{Deployment, locate, locate_with, manifest, plugin};

fn facts(here: &Deployment, request: &Value) -> Value {
    here.run(&["facts", "--format", "json", "--for", here.request(request)])
        .assert_code(0)
        .json()
}

/// The request with the chosen values that a request may state.
fn with_chosen(request: &Value, openings: &Value) -> Value {
    let mut request = request.clone();
    for fact in openings["facts"].as_array().unwrap() {
        if !fact["chosen"].is_null() {
            assert!(
                ["caller", "state"].contains(&fact["supplier"].as_str().unwrap()),
                "{fact}"
            );
            request["facts"][fact["name"].as_str().unwrap()] = fact["chosen"].clone();
        }
    }
    request
}

#[test]
fn every_value_that_is_said_to_permit_does() {
    let here = Deployment::with_profile();
    let mut bare = locate();
    bare["facts"] = json!({ "subject.region": "IN" });
    let openings = facts(&here, &bare);
    assert_eq!(openings["decision"], "deny");
    assert_eq!(openings["final"], false);
    assert_eq!(openings["permits"], true);
    let permitted = with_chosen(&bare, &openings);
    here.run(&["eval", "--request", here.request(&permitted)])
        .assert_code(0);

    let mut tried = 0;
    for fact in openings["facts"].as_array().unwrap() {
        if fact["chosen"].is_null() || !fact["instead_of"].as_array().unwrap().is_empty() {
            continue;
        }
        let name = fact["name"].as_str().unwrap();
        for value in fact["values"].as_array().unwrap() {
            let mut request = permitted.clone();
            request["facts"][name] = value["value"].clone();
            let code = here
                .run(&["-q", "eval", "--request", here.request(&request)])
                .code;
            assert_eq!(code == 0, value["permits"] == true, "{name} {value}");
            tried += 1;
        }
    }
    assert!(tried > 8, "{tried}");
}

#[test]
fn only_what_is_missing_is_asked_for() {
    let here = Deployment::with_profile();
    let request = locate_with("controls.find_device", Value::Null);
    let openings = facts(&here, &request);
    let names: Vec<&Value> = openings["facts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["controls.find_device"]);
    let fact = &openings["facts"][0];
    assert_eq!((&fact["chosen"], &fact["taken"]), (&json!("on"), &json!("off")));
    assert!(
        fact["rules"]
            .as_array()
            .unwrap()
            .contains(&json!("find-device-switch"))
    );

    let human = here
        .run(&["facts", "--for", here.request(&request)])
        .assert_code(0);
    for part in [
        "It is a permit with these facts:",
        "the person's state",
        "not: off; until it is known it counts as off",
    ] {
        assert!(human.out.contains(part), "{part}\n{}", human.out);
    }
}

#[test]
fn a_host_fact_can_be_had_by_naming_an_entry_of_the_profile() {
    let here = Deployment::with_profile();
    let openings = facts(&here, &locate_with("ingress.id", json!("unheard-of")));
    assert_eq!(openings["permits"], true, "{openings}");
    let names: Vec<&str> = openings["facts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"security.channel"), "{names:?}");

    let here = Deployment::bare();
    let openings = facts(&here, &locate());
    assert_eq!(openings["permits"], true, "{openings}");
    assert!(
        openings["facts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["supplier"] == "host"),
        "{openings}"
    );
}

#[test]
fn an_answer_that_no_fact_changes_is_said_to_be_final() {
    let here = Deployment::with_profile();
    let final_with = |request: &Value, words: &str| {
        let openings = facts(&here, request);
        assert_eq!(openings["final"], true, "{openings}");
        assert_eq!(openings["facts"], json!([]));
        let human = here
            .run(&["facts", "--for", here.request(request)])
            .assert_code(0);
        let text = human.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains("This answer is final") && text.contains(words),
            "{text}"
        );
    };
    final_with(&locate(), "no fact that is missing can take it back");
    let mut unknown_region = locate_with("subject.region", Value::Null);
    unknown_region["facts"]["controls.find_device"] = json!("off");
    assert_eq!(facts(&here, &unknown_region)["final"], false);
    final_with(
        &locate_with("controls.find_device", json!("off")),
        "find-device-switch",
    );
    let mut undeclared = locate();
    undeclared["data"] = json!(["email-address"]);
    final_with(&undeclared, "no activity of the product's manifest covers it");
    let mut other = locate();
    other["product"] = json!("weather");
    final_with(&other, "load a working plugin");
}

#[test]
fn what_stays_in_the_way_is_named() {
    let here = Deployment::with_profile();
    let openings = facts(&here, &locate_with("ingress.id", json!("legacy-plain")));
    assert_eq!(
        (&openings["permits"], &openings["final"]),
        (&json!(false), &json!(false))
    );
    let obstacles: Vec<&Value> = openings["obstacles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["rule"])
        .collect();
    assert_eq!(obstacles, ["tls-in-transit"]);
}

#[test]
fn a_permit_that_the_plugin_may_still_take_back_is_not_final() {
    let here = Deployment::with_profile();
    let optional = "reads = [\"feature.command\"]\noptional-reads = [\"subject.second_factor\"]";
    let manifest = manifest().replace(
        "reads = [\"feature.command\", \"subject.second_factor\"]",
        optional,
    );
    here.write("target/plugins/find-device.wasm", &plugin(&manifest));
    assert_eq!(facts(&here, &locate())["final"], true);
    let openings = facts(&here, &locate_with("subject.second_factor", Value::Null));
    assert_eq!(
        (&openings["decision"], &openings["final"]),
        (&json!("permit"), &json!(false))
    );
    // This plugin permits all that it declares.
    assert_eq!(openings["facts"], json!([]));
}

#[test]
fn a_right_is_never_final() {
    let here = Deployment::with_profile();
    let right = json!({ "product": "find-device", "operation": "right", "at": "2026-11-23T10:00:00Z",
                        "facts": { "right.kind": "access", "subject.region": "IN" } });
    let openings = facts(&here, &right);
    assert_eq!(
        (&openings["decision"], &openings["final"]),
        (&json!("pend"), &json!(false))
    );
    assert_eq!(openings["permits"], true, "{openings}");
    let permitted = with_chosen(&right, &openings);
    here.run(&["eval", "--request", here.request(&permitted)])
        .assert_code(0);
    assert_eq!(facts(&here, &permitted)["final"], false);
}
