//! Where facts come from: each from its supplier, with its source in the answer, and from nowhere else.

use licit_host::{Host, Response};
use serde_json::{Value, json};

use crate::setup::{self, HOST, request};
use crate::support;

/// Name, value, supplier and source of one fact of an answer.
fn used(answer: &Response, name: &str) -> Option<(Value, String, String)> {
    let answer = setup::json(answer);
    let facts = answer["facts_used"].as_array().expect("facts used").clone();
    let fact = facts.into_iter().find(|fact| fact["name"] == name)?;
    let word = |key: &str| fact[key].as_str().expect("a word").to_owned();
    Some((fact["value"].clone(), word("supplier"), word("source")))
}

fn collects(host: &Host, facts: Value) -> Response {
    host.explain(&request(
        host,
        "find-device",
        "collect",
        "find-device",
        &["device-find-location"],
        facts,
    ))
}

fn host(change: impl Fn(&str) -> String) -> Host {
    support::builder()
        .profile("licit.toml", &change(&setup::profile()))
        .build()
        .expect("a host")
}

fn is(value: Value, supplier: &str, source: &str) -> Option<(Value, String, String)> {
    Some((value, supplier.into(), source.into()))
}

#[test]
fn host_facts_come_from_the_profile_and_name_their_entry() {
    let answer = collects(&HOST, json!({}));
    assert_eq!(
        used(&answer, "security.channel"),
        is(json!("tls-1.3"), "host", "licit.toml ingress.device-api")
    );
}

#[test]
fn a_request_that_names_an_ingress_gets_that_one() {
    let answer = collects(&HOST, json!({ "ingress.id": "legacy-plain" }));
    assert_eq!(
        used(&answer, "security.channel"),
        is(json!("plain"), "host", "licit.toml ingress.legacy-plain")
    );
    assert!(
        answer.deciding().any(|it| it.rule == "tls-in-transit"),
        "{:#}",
        setup::json(&answer)
    );
}

#[test]
fn a_request_that_names_an_unknown_ingress_gets_none() {
    let answer = collects(&HOST, json!({ "ingress.id": "device-apis" }));
    assert_eq!(used(&answer, "security.channel"), None);
    assert!(answer.missing().any(|it| it == "security.channel"));
}

#[test]
fn an_expired_profile_supplies_nothing() {
    let host = host(|text| text.replace("expires = 2028-01-01", "expires = 2026-02-01"));
    let answer = collects(&host, json!({}));
    assert_eq!(used(&answer, "security.channel"), None);
    assert!(answer.missing().any(|it| it == "security.channel"));
}

#[test]
fn without_a_profile_host_facts_are_missing() {
    let host = support::builder().build().expect("a host");
    let answer = collects(&host, json!({}));
    assert!(
        answer.missing().any(|it| it == "security.channel"),
        "{:#}",
        setup::json(&answer)
    );
}

#[test]
fn a_state_fact_of_the_profile_is_the_hosts_and_the_most_restrictive_source_stands() {
    let with = |value: &str| {
        host(|text| {
            text.replace(
                "[facts]\n",
                &format!("[facts]\ncontrols.find_device = \"{value}\"\n"),
            )
        })
    };
    let answer = collects(&with("on"), json!({ "controls.find_device": null }));
    assert_eq!(
        used(&answer, "controls.find_device"),
        is(json!("on"), "host", "licit.toml facts")
    );
    let off = collects(&with("off"), json!({}));
    assert_eq!(
        used(&off, "controls.find_device"),
        is(json!("off"), "host", "licit.toml facts")
    );
    let stated = collects(&with("on"), json!({ "controls.find_device": "off" }));
    assert_eq!(
        used(&stated, "controls.find_device"),
        is(json!("off"), "state", "request")
    );
}

#[test]
fn a_register_is_looked_up_by_its_key() {
    let ask = |host: &Host| {
        host.explain(&request(
            host,
            "security-app",
            "use",
            "fraud-prevention",
            &["device-attribute"],
            json!({}),
        ))
    };
    let source = "licit.toml register.assessments.security-app";
    assert_eq!(
        used(&ask(&HOST), "fraud.li_match"),
        is(json!(true), "register", source)
    );
    let other = host(|text| {
        text.replace(
            "[register.assessments.security-app]",
            "[register.assessments.themes]",
        )
    });
    let answer = ask(&other);
    assert_eq!(used(&answer, "fraud.li_match"), None);
    assert!(answer.missing().any(|it| it == "fraud.li_match"));
}
