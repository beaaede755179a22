//! Where facts come from: each from its supplier, with its source in the answer, and from nowhere else.

use licit_host::{Decision, Host, Response};
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

/// A court in the Netherlands gets an order number of somebody there.
fn discloses(host: &Host, facts: Value) -> Response {
    let mut stated = json!({
        "subject.region": "NL", "collection.operation_country": "NL",
        "recipient.id": "district-court-nl", "demand.ref": "NL-2026-0417",
    });
    let all = stated.as_object_mut().expect("facts");
    all.extend(facts.as_object().expect("facts").clone());
    let data = &["order-number"];
    host.explain(&request(
        host,
        "mi-com-retail",
        "share",
        "authority-disclosure",
        data,
        stated,
    ))
}

#[test]
fn a_reference_counts_only_if_a_register_has_its_row_in_force() {
    let answer = discloses(&HOST, json!({}));
    assert_eq!(answer.decision, Decision::Permit, "{:#}", setup::json(&answer));
    assert_eq!(
        used(&answer, "demand.country"),
        is(
            json!("NL"),
            "register",
            "licit.toml register.demands.NL-2026-0417"
        )
    );
    let refused = |answer: &Response, fact: &str| {
        assert_eq!(answer.decision, Decision::Deny, "{:#}", setup::json(answer));
        assert!(answer.missing().any(|it| it == fact), "{:#}", setup::json(answer));
        assert_eq!(used(answer, fact), None);
    };
    // Nobody sent this demand, and nobody may send it to themselves.
    refused(
        &discloses(&HOST, json!({ "demand.ref": "NL-2026-0418" })),
        "demand.ref",
    );
    refused(
        &discloses(&HOST, json!({ "recipient.id": "district-court" })),
        "recipient.class",
    );
    let lapsed = host(|text| text.replace("expires = 2027-01-02", "expires = 2026-11-22"));
    refused(&discloses(&lapsed, json!({})), "demand.ref");
    let early = host(|text| text.replace("date = 2026-10-02\nexpires = 2027-01-02", "date = 2026-12-01"));
    refused(&discloses(&early, json!({})), "demand.ref");
    let bare = support::builder().build().expect("a host");
    refused(&discloses(&bare, json!({})), "demand.ref");
}

#[test]
fn an_approval_needs_a_row_like_any_reference() {
    let asks = |approval: &str| {
        let facts = json!({ "subject.region": "NL", "collection.operation_country": "NL", "recipient.id": "district-court-nl", "approval.ref": approval });
        let data = &["ip-address"];
        HOST.explain(&request(
            &HOST,
            "mi-com-retail",
            "share",
            "asset-protection",
            data,
            facts,
        ))
    };
    let given = |approval: &str| used(&asks(approval), "approval.ref").is_some();
    assert!(given("A-2026-17"));
    assert!(!given("A-2026-18"));
    // The word for nothing approves nothing.
    assert!(!given("none"));
}

#[test]
fn what_is_on_record_about_a_route_counts_for_that_route_and_recipient() {
    let shares = |host: &Host, recipient: &str, from: &str| {
        let facts = json!({ "subject.region": from, "collection.operation_country": from, "recipient.id": recipient });
        let data = &["order-information"];
        host.explain(&request(
            host,
            "mi-com-retail",
            "share",
            "after-sales-support",
            data,
            facts,
        ))
    };
    let answer = shares(&HOST, "group-sg", "DE");
    assert_eq!(answer.decision, Decision::Permit, "{:#}", setup::json(&answer));
    assert_eq!(
        used(&answer, "transfer.mechanism"),
        is(json!("scc"), "register", "licit.toml register.transfers[0]")
    );
    // Another recipient on the same route, and the same recipient on another route.
    for (recipient, from) in [("cloud-sg", "DE"), ("group-sg", "GB")] {
        let answer = shares(&HOST, recipient, from);
        assert_eq!(answer.decision, Decision::Deny);
        assert!(
            answer.missing().any(|it| it == "transfer.safeguards"),
            "{recipient} {from}"
        );
    }
    let lapsed = host(|text| {
        text.replace(
            "expires = 2027-01-10\ntransfer.from = \"EEA\"",
            "expires = 2026-11-01\ntransfer.from = \"EEA\"",
        )
    });
    assert_eq!(
        used(&shares(&lapsed, "group-sg", "DE"), "transfer.mechanism"),
        None
    );
    // What is kept hands data to nobody, and goes where it is stored.
    let facts = json!({ "subject.region": "BR", "collection.operation_country": "BR" });
    let data = &["order-information"];
    let stored = HOST.explain(&request(
        &HOST,
        "mi-com-retail",
        "store",
        "after-sales-support",
        data,
        facts,
    ));
    assert_eq!(
        used(&stored, "transfer.safeguards"),
        is(json!(true), "register", "licit.toml register.transfers[1]")
    );
    assert_eq!(
        used(&stored, "transfer.to"),
        is(json!("SG"), "engine", "computed")
    );
    assert_eq!(stored.missing().collect::<Vec<_>>(), ["law.permits"]);
}

#[test]
fn a_recipient_whose_country_nobody_knows_is_not_at_home() {
    let host = host(|text| text.replace("recipient.country = \"SG\"\nrecipient.group_entity = false", ""));
    let facts = json!({ "recipient.id": "cloud-sg" });
    let data = &["order-information"];
    let answer = host.explain(&request(
        &host,
        "mi-com-retail",
        "share",
        "after-sales-support",
        data,
        facts,
    ));
    assert_eq!(answer.decision, Decision::Deny);
    assert_eq!(used(&answer, "transfer.to"), None);
    assert!(
        answer.missing().any(|it| it == "transfer.to"),
        "{:#}",
        setup::json(&answer)
    );
}

#[test]
fn where_data_is_stored_and_worked_on_may_each_be_abroad() {
    let goes = |store: &str, locus: &str| {
        let facts = json!({ "store.id": store, "ingress.id": locus });
        let answer = collects(&HOST, facts);
        used(&answer, "transfer.to").map(|(to, ..)| to)
    };
    // The facts of these requests come from the operation in Singapore.
    assert_eq!(goes("sg-main", "device-api"), Some(json!("SG")));
    assert_eq!(goes("nl-main", "device-api"), Some(json!("NL")));
    let worked_on_in_india = |stored: &str| {
        host(|text| {
            text.replace(
                "storage.country = \"SG\"\nstorage.facility = \"controlled\"\nstorage.kind = \"dedicated\"\nstorage.segregated = true\nlocus.country = \"SG\"",
                &format!("storage.country = \"{stored}\"\nstorage.kind = \"dedicated\"\nlocus.country = \"IN\""),
            )
        })
    };
    // Two foreign places are two routes, and what is on record about one says nothing about the other.
    let both_abroad = collects(&worked_on_in_india("NL"), json!({}));
    assert!(used(&both_abroad, "transfer.to").is_none());
    assert!(both_abroad.missing().any(|it| it == "transfer.to"));
    assert_eq!(both_abroad.decision, Decision::Deny);
    let worked_on_in_india = worked_on_in_india("SG");
    let to = |host: &Host, facts: Value| used(&collects(host, facts), "transfer.to").map(|(to, ..)| to);
    assert_eq!(to(&worked_on_in_india, json!({})), Some(json!("IN")));
    // A device is at home, wherever it is.
    assert_eq!(
        to(&worked_on_in_india, json!({ "ingress.id": "on-device" })),
        Some(json!("SG"))
    );
    assert_eq!(to(&HOST, json!({ "store.id": "nowhere" })), None);
}

#[test]
fn a_row_that_cannot_be_compared_is_an_error_with_its_place() {
    let complaint = |text: &str| {
        let profile = format!("{}\n{text}", setup::profile());
        let built = support::builder().profile("licit.toml", &profile).build();
        built.map(|_| ()).expect_err("a broken profile").to_string()
    };
    let half = complaint("[[register.transfers]]\ntransfer.from = \"EEA\"\ntransfer.safeguards = true\n");
    assert!(half.contains("does not say `transfer.to`"), "{half}");
    assert!(
        half.contains("`\"*\"` for any") || half.contains("`*` for any"),
        "{half}"
    );
    let foreign = complaint("[register.approvals.X]\nvendor.contract = \"C\"\n");
    assert!(foreign.contains("belongs to register `recipients`"), "{foreign}");
    let undated = complaint("[register.approvals.X]\nexpires = \"soon\"\napproval.scope = []\n");
    assert!(undated.contains("soon"), "{undated}");
    let unknown = complaint("[register.approval.X]\n");
    assert!(unknown.contains("approvals"), "{unknown}");
    let table = setup::profile().replace("[[register.transfers]]", "[register.transfers.a]");
    let table = table.replacen("[register.transfers.a]", "[register.transfers.b]", 1);
    let built = support::builder().profile("licit.toml", &table).build();
    let table = built.map(|_| ()).expect_err("a broken profile").to_string();
    assert!(
        table.contains("write each row as `[[register.transfers]]`"),
        "{table}"
    );
}

#[test]
fn a_plugin_is_told_what_the_engine_computes() {
    let join = |records: Value| {
        HOST.evaluate(&request(
            &HOST,
            "user-experience-program",
            "collect",
            "user-experience-program",
            &["overall-usage"],
            json!({ "consent.records": records }),
        ))
    };
    let explicit = join(json!([
        "user-experience-program explicit given 2026-01-01T00:00:00Z"
    ]));
    assert_eq!(
        explicit.decision,
        Decision::Permit,
        "{:#}",
        setup::json(&explicit)
    );
    let implied = join(json!(["user-experience-program given 2026-01-01T00:00:00Z"]));
    assert!(
        implied.deciding().any(|it| it.rule == "not-explicit"),
        "{:#}",
        setup::json(&implied)
    );
    // Without the records nothing can be computed, and what nobody knows is missing as always.
    let unknown = join(Value::Null);
    assert_eq!(unknown.decision, Decision::Deny);
    assert!(unknown.missing().any(|it| it == "consent.status"));
}
