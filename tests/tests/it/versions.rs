//! Several versions of the policy side by side: each request is judged by the one in force when it happens.

use std::sync::Arc;

use licit_baseline::Baseline;
use licit_host::{Decision, Format, Host, HostBuilder, Response};
use serde_json::json;

use crate::setup::{self, PLUGINS};
use crate::support;

/// The version to come: the files of `tests/policies/2027-06-01` in place of those of the same name, and beside the others.
fn to_come() -> Arc<Baseline> {
    let files = |folder: &str| -> Vec<(String, String)> {
        let files = support::texts(&support::root().join(folder));
        let short =
            |(name, text): (String, String)| (name.strip_prefix(folder).expect("below it").to_owned(), text);
        files.into_iter().map(short).collect()
    };
    let mut all = files("tests/policies/2027-06-01");
    let old = files("baseline/2025-10-10");
    all.extend(old.into_iter().filter(|(name, _)| name != "/policy.toml"));
    let read = Baseline::read(all.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    Arc::new(read.unwrap_or_else(|found| panic!("{found}")))
}

fn builder() -> HostBuilder {
    setup::profiled(Host::builder())
        .baselines([to_come(), Baseline::embedded()])
        .discharges_all()
        .loaded_at(setup::AT.parse().expect("an instant"))
}

fn vault() -> Vec<u8> {
    setup::always_permit(&setup::text("plugins-load/app-vault-1.0.0.toml"))
}

fn text(at: &str) -> String {
    let mut facts = setup::stated();
    facts.insert("data.origin_product".into(), "app-vault".into());
    json!({ "product": "app-vault", "operation": "use", "purpose": "system-service-operation", "data": ["region"],
            "at": at, "facts": facts })
    .to_string()
}

fn ask(host: &Host, at: &str) -> Response {
    let request = host.request("the request", &text(at), Format::Json);
    host.explain(&request.unwrap_or_else(|found| panic!("{found}")))
}

#[test]
fn a_request_is_judged_by_the_version_in_force_when_it_happens() {
    let host = builder()
        .plugin("app-vault.wasm", vault())
        .build()
        .expect("a host");
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    for (at, decision, version) in [
        ("2025-10-10T00:00:00Z", Decision::Permit, "2025-10-10"),
        ("2027-05-31T23:59:59Z", Decision::Permit, "2025-10-10"),
        ("2027-06-01T01:59:59+02:00", Decision::Permit, "2025-10-10"),
        ("2027-06-01T00:00:00Z", Decision::Deny, "2027-06-01"),
        ("2027-12-01T00:00:00Z", Decision::Deny, "2027-06-01"),
    ] {
        // The profile is not in force that early; what it supplies is assumed here.
        let answer = if at.starts_with("2025") {
            let request = host
                .request("the request", &text(at), Format::Json)
                .expect("a request");
            let later = host
                .request("later", &text("2027-05-31T00:00:00Z"), Format::Json)
                .expect("a request");
            assert!(Arc::ptr_eq(request.baseline(), later.baseline()));
            let facts = &request.baseline().taxonomy().facts;
            let supplied = [
                ("security.channel", "tls-1.3"),
                ("locus", "server"),
                ("locus.country", "SG"),
                ("storage.country", "SG"),
            ];
            let assumed = supplied.map(|(name, word)| {
                let value = licit_baseline::FactValue::Text(word.into());
                (facts.find(name).expect("a fact"), value)
            });
            host.suppose(&request, &assumed)
        } else {
            ask(&host, at)
        };
        assert_eq!(answer.decision, decision, "{at} {:#}", setup::json(&answer));
        assert_eq!(answer.policy(), version, "{at}");
        assert_eq!(setup::json(&answer)["policy"], version);
        let by = answer.deciding().any(|it| it.rule == "region-stays-unused");
        assert_eq!(by, decision == Decision::Deny, "{at}");
        assert_eq!(
            answer.plugin().map(|(version, _)| version),
            Some("1.0.0"),
            "the same plugin"
        );
    }
}

#[test]
fn before_the_first_version_there_is_nothing_to_judge_by() {
    let host = builder()
        .plugin("app-vault.wasm", vault())
        .build()
        .expect("a host");
    let error = host
        .request("the request", &text("2025-10-09T23:59:59Z"), Format::Json)
        .expect_err("too early")
        .to_string();
    assert!(
        error.contains("no version of the policy was in force at that time"),
        "{error}"
    );
    assert!(
        error.contains("the first one took effect on 2025-10-10"),
        "{error}"
    );
    let manifest = setup::text("plugins-load/app-vault-1.0.0.toml");
    let early = "2025-10-09T23:59:59Z".parse().expect("an instant");
    let error = host
        .load_request(("plugin.toml", &manifest), None, early)
        .expect_err("too early");
    assert!(
        error.to_string().contains("no version of the policy is in force"),
        "{error}"
    );
}

#[test]
fn each_version_decides_for_itself_which_plugins_it_loads() {
    let notes = setup::manifest(
        "notes",
        "purpose = \"on-device-function\"\noperations = [\"use\"]\ndata = [\"note-content\"]\nlegal-basis = \"contract\"",
    );
    let host = builder()
        .plugin("app-vault.wasm", vault())
        .plugin("notes.wasm", setup::packed("hostile/good/permit.wat", &notes))
        .build()
        .expect("a host");
    let refused: Vec<String> = host.refused().iter().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    for part in [
        "notes.wasm: under policy 2027-06-01: the policy refuses it",
        "`notes-are-wound-up`, §14",
    ] {
        assert!(refused[0].contains(part), "{refused:?}");
    }
    let asked = |at: &str| {
        let text = json!({ "product": "notes", "operation": "use", "purpose": "on-device-function",
                           "data": ["note-content"], "at": at, "facts": setup::stated() });
        let request = host
            .request("the request", &text.to_string(), Format::Json)
            .expect("a request");
        host.evaluate(&request).plugin().is_some()
    };
    assert!(asked("2027-05-31T23:59:59Z"));
    assert!(!asked("2027-06-01T00:00:00Z"));
}

#[test]
fn texts_may_name_what_only_one_version_knows() {
    let row = |rule: &str| {
        format!(
            "[[determination]]\nfact = \"permits\"\nrule = \"{rule}\"\njurisdiction = \"SG\"\nvalue = true\n\
             author = \"Legal\"\ndate = 2027-05-01\nexpires = 2028-01-01\nref = \"LEGAL-SG-9\"\n"
        )
    };
    let host = builder()
        .law("law.toml", &row("region-stays-unused"))
        .plugin("app-vault.wasm", vault())
        .build();
    let host = host.expect("a host");
    for at in ["2027-05-31T23:59:59Z", "2027-06-01T00:00:00Z"] {
        let answer = ask(&host, at);
        assert_eq!(answer.decision, Decision::Permit, "{:#}", setup::json(&answer));
    }
    let error = builder()
        .law("law.toml", &row("region-stays-unusd"))
        .build()
        .expect_err("no version knows it");
    assert_eq!(error.kind(), licit_host::BuildErrorKind::InvalidLaw);
    assert!(
        error.to_string().contains("did you mean `region-stays-unused`?"),
        "{error}"
    );
    let error = setup::profiled(Host::builder())
        .law("law.toml", &row("region-stays-unused"))
        .build();
    assert!(
        error
            .expect_err("the one version does not know it")
            .to_string()
            .contains("unknown rule")
    );
    // The built plugins load under both.
    let host = PLUGINS.iter().fold(builder(), |builder, (name, bytes)| {
        builder.plugin(name, bytes.clone())
    });
    let host = host.build().expect("a host");
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    assert_eq!(host.baselines().len(), 2);
}
