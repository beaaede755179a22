//! Declaring widely, consenting and voting only ever narrow: nothing gets past the baseline, and nobody but its
//! supplier states a fact.

use std::collections::BTreeMap;

use licit_baseline::{Baseline, Decision as Judged, FactValue, Facts, Law, Manifest, OperationKind, Query};
use licit_host::{Decision, DenyKind, Format, Host, Response};
use serde_json::json;

use crate::setup::{self, HOST, access, host_of, manifest, request};
use crate::support;

/// The rules that deny some data: those of kind `deny`, and permits that deny what they do not cover.
fn bans() -> Vec<String> {
    let mut bans = Vec::new();
    for (name, text) in support::texts(&support::root().join("baseline/2025-10-10/rules")) {
        let read: toml::Table = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        for rule in read
            .get("rule")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
        {
            let denies = rule["kind"].as_str() == Some("deny") || rule.get("else-deny").is_some();
            let data = rule.get("data").and_then(toml::Value::as_array);
            let narrower =
                data.is_some_and(|data| data.iter().any(|it| it.as_str() != Some("personal-information")));
            if denies && narrower {
                bans.push(rule["id"].as_str().expect("an id").to_owned());
            }
        }
    }
    bans
}

fn declares(product: &str, purpose: &str, operation: &str, data: &str) -> String {
    let needed = match operation {
        "retain" => "\nretention = { period = \"P1D\" }",
        "share" => "\nrecipients = [\"service-provider\"]",
        _ => "",
    };
    let controls = Baseline::embedded()
        .taxonomy()
        .controls
        .names()
        .map(|id| format!("\"{id}\""))
        .collect::<Vec<_>>()
        .join(", ");
    manifest(
        product,
        &format!(
            "purpose = \"{purpose}\"\noperations = [\"{operation}\"]\ndata = [\"{data}\"]\n\
             source = {{ \"{data}\" = \"observed\" }}\nnecessary = true\nlegal-basis = \"consent\"\n\
             controls = [{controls}]{needed}"
        ),
    )
}

/// A request that states nothing but its ids, so that every condition is as unknown as it can be.
fn bare(host: &Host, product: &str, operation: &str, purpose: &str, data: &str) -> Response {
    let text = json!({ "product": product, "operation": operation, "purpose": purpose, "data": [data], "at": setup::AT });
    let request = host
        .request("the request", &text.to_string(), Format::Json)
        .unwrap_or_else(|found| panic!("{found}"));
    host.explain(&request)
}

#[test]
fn declaring_personal_information_does_not_get_under_a_narrower_ban() {
    const BROAD: &str = "personal-information";
    let baseline = Baseline::embedded();
    let taxonomy = baseline.taxonomy();
    let plain = Host::builder().build().expect("a host");
    let bans = bans();
    assert!(bans.len() >= 8, "{bans:?}");
    let mut open: Vec<&String> = bans.iter().collect();
    let mut undeclarable = Vec::new();
    // For each ban, the first product, purpose and operation that it is about and that a manifest may declare.
    for (_, product) in taxonomy.products.iter() {
        for purpose in product.purposes.iter().map(|id| taxonomy.purposes.name(id)) {
            for operation in ["use", "collect", "share", "derive"] {
                if open.is_empty() {
                    break;
                }
                if !purpose_may_be_asked(&baseline, purpose) {
                    continue;
                }
                let answer = bare(&plain, &product.id, operation, purpose, BROAD);
                let fires: Vec<&str> = answer
                    .considered()
                    .filter(|(_, _, outcome)| *outcome != "silent")
                    .map(|(rule, ..)| rule)
                    .collect();
                let here: Vec<&String> = open
                    .iter()
                    .copied()
                    .filter(|ban| fires.contains(&ban.as_str()))
                    .collect();
                if here.is_empty() {
                    continue;
                }
                let text = declares(&product.id, purpose, operation, BROAD);
                if let Err(found) = Manifest::parse("plugin.toml", &text, taxonomy) {
                    undeclarable.push(format!("{}: {found}", product.id));
                    continue;
                }
                let host = host_of(&[("broad", setup::always_permit(&text))]);
                if !host.refused().is_empty() {
                    undeclarable.push(format!("{}: {:?}", product.id, host.refused()));
                    continue;
                }
                let answer = bare(&host, &product.id, operation, purpose, BROAD);
                assert_eq!(
                    answer.decision,
                    Decision::Deny,
                    "{here:?}: {}",
                    setup::json(&answer)
                );
                assert_ne!(
                    answer.deny_kind,
                    Some(DenyKind::NotDeclared),
                    "{here:?}: the fixture declares it"
                );
                let deciding: Vec<&str> = answer.deciding().map(|it| it.rule).collect();
                open.retain(|ban| !(here.contains(ban) && deciding.contains(&ban.as_str())));
            }
        }
    }
    assert!(
        open.is_empty(),
        "bans that the broad category was never held against: {open:?}\n{}",
        undeclarable.join("\n")
    );
}

fn purpose_may_be_asked(baseline: &Baseline, purpose: &str) -> bool {
    let purposes = &baseline.taxonomy().purposes;
    purposes
        .find(purpose)
        .is_some_and(|id| !baseline.taxonomy().is_root_purpose(id))
}

/// A narrow declaration of the store `themes`.
fn narrow() -> String {
    manifest(
        "themes",
        "purpose = \"content-recommendation\"\noperations = [\"use\", \"collect\"]\n\
         data = [\"download-history\", \"browsing-history\"]\nlegal-basis = \"consent\"\ncontrols = [\"personalisation\"]",
    )
}

#[test]
fn an_always_permit_plugin_with_a_narrow_manifest_widens_nothing() {
    let baseline = Baseline::embedded();
    let taxonomy = baseline.taxonomy();
    let permits = host_of(&[("themes", setup::always_permit(&narrow()))]);
    let traps = host_of(&[("themes", setup::packed("hostile/trap.wat", &narrow()))]);
    assert!(permits.refused().is_empty(), "{:?}", permits.refused());
    let (manifest, _) = Manifest::parse("plugin.toml", &narrow(), taxonomy).expect("a manifest");
    let activity = &manifest.activities[0];
    let switches = [
        json!({}),
        json!({ "controls.personalisation": "off" }),
        json!({ "consent.records": [] }),
    ];
    let operations = taxonomy
        .operations
        .iter()
        .filter(|(_, it)| it.kind == OperationKind::Processing);
    let operations: Vec<&str> = operations.map(|(_, it)| it.id.as_str()).collect();
    let purposes: Vec<&str> = taxonomy
        .purposes
        .names()
        .filter(|it| purpose_may_be_asked(&baseline, it))
        .collect();
    let categories: Vec<_> = taxonomy
        .categories
        .iter()
        .filter(|(id, _)| !taxonomy.is_root_category(*id))
        .map(|(id, it)| (id, it.id.as_str()))
        .collect();
    let mut decisions: BTreeMap<&str, u32> = BTreeMap::new();
    // Every combination that the manifest covers or nearly covers, and a spread of the rest.
    let near = |operation: &str, purpose: &str, data: &str| {
        ["use", "collect"].contains(&operation)
            && purpose == "content-recommendation"
            && ["download-history", "browsing-history", "oaid", "like"].contains(&data)
    };
    let mut step = 0_usize;
    for operation in &operations {
        for purpose in &purposes {
            for (category, data) in &categories {
                step += 1;
                if !near(operation, purpose, data) && !step.is_multiple_of(311) {
                    continue;
                }
                for switch in &switches {
                    let ask = |host: &Host| {
                        let request = request(host, "themes", operation, purpose, &[data], switch.clone());
                        (host.explain(&request), request)
                    };
                    let (answer, request) = ask(&permits);
                    let (beside, _) = ask(&traps);
                    *decisions.entry(answer.decision.as_str()).or_default() += 1;
                    let what = format!("{operation} {purpose} {data} {switch}");
                    let failed = matches!(beside.deny_kind, Some(DenyKind::PluginFailed(_)));
                    assert_eq!(
                        answer.decision == Decision::Permit,
                        failed,
                        "{what}: the plugin alone decided"
                    );
                    if answer.decision != Decision::Permit {
                        continue;
                    }
                    let (operation, purpose) = (
                        taxonomy.operations.find(operation),
                        taxonomy.purposes.find(purpose),
                    );
                    let (operation, purpose) =
                        (operation.expect("an operation"), purpose.expect("a purpose"));
                    assert!(
                        activity.covers(purpose, operation, &[*category]),
                        "{what}: not declared"
                    );
                    let law = Law::default();
                    let mut facts = Facts::new(&baseline, &law, request.at());
                    let used = &answer.explanation.as_ref().expect("an explanation").facts_used;
                    let at = FactValue::Time(request.at());
                    let used = used.iter().map(|fact| (fact.name.as_str(), &fact.value));
                    for (name, value) in request.facts().chain(used).chain([("at", &at)]) {
                        facts.set(taxonomy.facts.find(name).expect("a fact"), value);
                    }
                    let product = taxonomy.products.find("themes").expect("a product");
                    let query = Query {
                        operation,
                        product,
                        purpose,
                        data: &[*category],
                        explain: false,
                        settled: None,
                    };
                    assert_eq!(
                        baseline.judge(&query, &facts).decision,
                        Judged::Permit,
                        "{what}: the baseline denies it"
                    );
                }
            }
        }
    }
    assert!(
        decisions["deny"] > 300 && decisions["permit"] >= 3,
        "{decisions:?}"
    );
}

#[test]
fn consent_alone_permits_nothing() {
    // Consent to exactly this purpose is given, and no rule of the policy permits the data for it.
    let broad = manifest(
        "themes",
        "purpose = \"system-service-operation\"\noperations = [\"profile\"]\ndata = [\"like\"]\nnecessary = true\nlegal-basis = \"consent\"",
    );
    let host = host_of(&[("themes", setup::always_permit(&broad))]);
    let consent =
        json!({ "consent.records": ["system-service-operation explicit given 2026-01-01T00:00:00Z"] });
    let answer = host.explain(&request(
        &host,
        "themes",
        "profile",
        "system-service-operation",
        &["like"],
        consent,
    ));
    assert_alone(&host, &answer, "basis-consent");
}

#[test]
fn a_contract_alone_permits_nothing() {
    let broad = manifest(
        "themes",
        "purpose = \"system-service-operation\"\noperations = [\"profile\"]\ndata = [\"like\"]\nnecessary = true\nlegal-basis = \"contract\"",
    );
    let host = host_of(&[("themes", setup::always_permit(&broad))]);
    let answer = host.explain(&request(
        &host,
        "themes",
        "profile",
        "system-service-operation",
        &["like"],
        json!({}),
    ));
    assert_alone(&host, &answer, "basis-contract");
}

fn assert_alone(host: &Host, answer: &Response, gate: &str) {
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    let shown = format!("{:#}", setup::json(answer));
    assert_eq!(answer.decision, Decision::Deny, "{shown}");
    assert_eq!(answer.deny_kind, Some(DenyKind::NotPermitted), "{shown}");
    assert!(
        answer.considered().any(|it| it == (gate, "require", "holds")),
        "the basis holds: {shown}"
    );
}

#[test]
fn a_caller_cannot_state_a_vendor_law_host_manifest_or_engine_fact() {
    for (fact, value, supplier) in [
        ("vendor.audit_date", json!("2026-11-01T00:00:00Z"), "register"),
        ("vendor.contract", json!("C-1"), "register"),
        ("law.permits", json!(true), "law"),
        ("security.channel", json!("tls-1.3"), "host"),
        ("basis", json!("contract"), "manifest"),
        ("consent.status", json!("given"), "engine"),
    ] {
        let text = setup::request_text(
            "themes",
            "use",
            "content-recommendation",
            &["oaid"],
            json!({ fact: value }),
        );
        let found = HOST
            .request("the request", &text, Format::Json)
            .expect_err(fact)
            .to_string();
        let says = format!("a request cannot state fact `{fact}`: its supplier is `{supplier}`");
        assert!(found.contains(&says), "{found}");
    }
    // No fact of another supplier is let through, whatever its type.
    let baseline = Baseline::embedded();
    for (_, fact) in baseline
        .taxonomy()
        .facts
        .iter()
        .filter(|(_, fact)| !fact.supplier.may_be_requested())
    {
        if ["operation", "product", "purpose", "data", "at"].contains(&fact.name.as_str()) {
            continue;
        }
        let text = setup::request_text(
            "themes",
            "use",
            "content-recommendation",
            &["oaid"],
            json!({ &fact.name: "x" }),
        );
        let found = HOST
            .request("the request", &text, Format::Json)
            .expect_err(&fact.name)
            .to_string();
        assert!(
            found.contains(&format!("its supplier is `{}`", fact.supplier)),
            "{}: {found}",
            fact.name
        );
    }
}

#[test]
fn a_plugins_permit_cannot_lift_a_deny_of_the_baseline() {
    let text = manifest(
        "find-device",
        "purpose = \"find-device\"\noperations = [\"use\"]\ndata = [\"device-find-location\"]\nnecessary = true\n\
         legal-basis = \"contract\"\ncontrols = [\"find-device\"]\nfeature = \"location\"\nneeds-precise = true",
    );
    let host = host_of(&[("find-device", setup::always_permit(&text))]);
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    let ask = |switch| {
        let facts = json!({ "controls.find_device": switch });
        host.evaluate(&request(
            &host,
            "find-device",
            "use",
            "find-device",
            &["device-find-location"],
            facts,
        ))
    };
    let on = ask("on");
    assert_eq!(on.decision, Decision::Permit, "{:#}", setup::json(&on));
    let off = ask("off");
    assert_eq!(
        (off.decision, &off.deny_kind),
        (Decision::Deny, &Some(DenyKind::Forbidden))
    );
    assert!(off.deciding().any(|it| it.rule == "find-device-switch"));
}

#[test]
fn a_right_is_not_vetoed_by_a_plugin_that_denies_or_breaks() {
    let baseline = HOST.evaluate(&access(&HOST, "themes"));
    assert_eq!(baseline.decision, Decision::Permit);
    for bytes in [
        setup::denies(&narrow()),
        setup::packed("hostile/trap.wat", &narrow()),
    ] {
        let host = host_of(&[("themes", bytes)]);
        let processing = host.evaluate(&request(
            &host,
            "themes",
            "use",
            "content-recommendation",
            &["browsing-history"],
            json!({}),
        ));
        assert_eq!(
            processing.decision,
            Decision::Deny,
            "it stands in the way of processing"
        );
        let right = host.evaluate(&access(&host, "themes"));
        let shown = setup::json(&right);
        assert_eq!(right.decision, Decision::Permit, "{shown:#}");
        assert!(
            right.deciding().any(|it| it.rule == "right-plugin-cannot-veto"),
            "{shown:#}"
        );
        assert_eq!(right.fuel_used, None, "rights never enter the sandbox");
    }
}
