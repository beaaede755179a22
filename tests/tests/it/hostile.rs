//! Every hostile plugin beside the real ones: it is refused or denied, with a message that echoes nothing, and nobody
//! else notices.

use licit_conformance::with_manifest;
use licit_host::{Decision, DenyKind, Host};
use serde_json::json;

use crate::setup::{self, PLUGINS, access, host_of, manifest, permitted, request};
use crate::support;

/// What must come of a hostile file.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// It is refused when it is loaded, with a message that says this.
    Refused(&'static str),
    /// It is loaded, and its answer is this kind of failure.
    Fails(&'static str),
    /// It is loaded, and harmless: it permits, with this duty.
    Permits(&'static str),
}
use Outcome::{Fails, Permits, Refused};

const OUTCOMES: &[(&str, Outcome)] = &[
    ("bad-case", Fails("malformed-verdict")),
    ("bad-id", Fails("malformed-verdict")),
    ("bad-realloc", Fails("malformed-verdict")),
    ("bad-result-pointer", Fails("malformed-verdict")),
    ("big-memory", Refused("bytes of initial memory")),
    ("bulk-fill", Fails("out-of-fuel")),
    ("core-module", Refused("a core module")),
    ("data-outside", Fails("trap")),
    ("divide-by-zero", Fails("trap")),
    ("empty", Refused("licit:policy/evaluator@0.1.0")),
    ("empty-id", Fails("malformed-verdict")),
    ("evaluator-is-a-function", Refused("evaluator")),
    ("extra-function", Refused("evaluate-too")),
    ("grow-memory", Fails("memory-limit")),
    ("grow-memory-at-once", Fails("memory-limit")),
    ("grow-table", Fails("memory-limit")),
    ("handles", Fails("malformed-verdict")),
    ("huge-string", Fails("malformed-verdict")),
    ("imports-clock", Refused("wasi:clocks/wall-clock@0.2.0")),
    ("imports-type", Refused("acme:types/ids@1.0.0")),
    ("long-id", Fails("malformed-verdict")),
    ("loop", Fails("out-of-fuel")),
    ("loop-in-post-return", Fails("out-of-fuel")),
    ("loop-in-realloc", Fails("out-of-fuel")),
    ("loop-in-start", Fails("out-of-fuel")),
    ("many-empty-strings", Fails("malformed-verdict")),
    ("many-obligations", Fails("malformed-verdict")),
    ("memory64", Refused("memory64")),
    ("newer-version", Refused("licit:policy/evaluator@0.1.1")),
    ("no-function", Refused("no function `evaluate`")),
    ("not-utf8", Fails("malformed-verdict")),
    ("older-version", Refused("licit:policy/evaluator@0.0.9")),
    ("other-interface", Refused("acme:policy/evaluator@0.1.0")),
    ("read-outside", Fails("trap")),
    ("recursion", Fails("memory-limit")),
    ("remembers", Permits("security-app:n1")),
    ("remembers-far", Permits("security-app:n1")),
    ("shared-memory", Refused("threads")),
    ("simd", Refused("SIMD")),
    ("tail-call", Refused("tail calls")),
    ("trap", Fails("trap")),
    ("trap-in-post-return", Fails("trap")),
    ("trap-in-realloc", Fails("trap")),
    ("trap-in-start", Fails("trap")),
    ("two-million-strings", Fails("malformed-verdict")),
    ("two-versions", Refused("licit:policy/evaluator@0.1.1")),
    ("unaligned-result", Fails("malformed-verdict")),
    ("wrong-request", Refused("expected record field named operation")),
    ("wrong-verdict", Refused("expected variant of 2 cases")),
];

const PRODUCT: &str = "security-app";

fn its_manifest() -> String {
    manifest(
        PRODUCT,
        "purpose = \"fraud-prevention\"\noperations = [\"use\"]\ndata = [\"device-attribute\"]\nnecessary = true\n\
         legal-basis = \"contract\"",
    )
}

/// The real plugins and these beside them.
fn host_with(others: &[(&str, Vec<u8>)]) -> Host {
    let mut plugins: Vec<(&str, Vec<u8>)> = PLUGINS
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    plugins.extend(others.iter().cloned());
    host_of(&plugins)
}

fn asked(host: &Host) -> licit_host::Response {
    host.evaluate(&request(
        host,
        PRODUCT,
        "use",
        "fraud-prevention",
        &["device-attribute"],
        json!({}),
    ))
}

fn answers(host: &Host) -> Vec<serde_json::Value> {
    permitted(host)
        .iter()
        .map(|request| setup::json(&host.evaluate(request)))
        .collect()
}

fn assert_no_echo(name: &str, message: &str) {
    let foreign = |character: char| character.is_control() && character != '\n';
    assert!(!message.contains(foreign), "{name}: {message:?}");
    assert!(!message.contains("INFO decision"), "{name}: {message}");
}

#[test]
fn every_hostile_file_is_in_the_table() {
    let folder = support::root().join("tests/hostile");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    let listed: Vec<&str> = OUTCOMES.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, listed);
}

#[test]
fn the_requests_that_show_that_nobody_noticed_are_permitted() {
    let host = host_with(&[(
        "good.wasm",
        setup::packed("hostile/good/permit.wat", &its_manifest()),
    )]);
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    for answer in answers(&host) {
        assert_eq!(answer["decision"], "permit", "{answer:#}");
    }
    let answer = setup::json(&asked(&host));
    assert_eq!(answer["decision"], "permit", "{answer:#}");
    let answer = setup::json(&host.evaluate(&access(&host, PRODUCT)));
    assert_eq!(answer["decision"], "permit", "{answer:#}");
}

#[test]
fn what_is_refused_is_refused_by_name_and_nobody_else_notices() {
    let expected: Vec<(&str, &str)> = OUTCOMES
        .iter()
        .filter_map(|(name, outcome)| match outcome {
            Refused(says) => Some((*name, *says)),
            Fails(_) | Permits(_) => None,
        })
        .collect();
    let files: Vec<(&str, Vec<u8>)> = expected
        .iter()
        .map(|(name, _)| {
            // A core module takes its custom section as a core module does; what matters is that it is no component.
            let bytes = wat::parse_file(support::root().join(format!("tests/hostile/{name}.wat"))).unwrap();
            (*name, with_manifest(bytes, &its_manifest()))
        })
        .collect();
    let before = answers(&host_with(&[]));
    let host = host_with(&files);
    let refused = host.refused();
    let names: Vec<&str> = refused.iter().map(licit_host::LoadError::file).collect();
    assert_eq!(names, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (error, (name, says)) in refused.iter().zip(expected) {
        assert!(error.message().contains(says), "{name}: {error}");
        assert_no_echo(name, &error.to_string());
    }
    assert_eq!(host.loaded().len(), PLUGINS.len());
    assert_eq!(answers(&host), before);
    let answer = asked(&host);
    assert_eq!(
        (answer.decision, answer.deny_kind),
        (Decision::Deny, Some(DenyKind::NotLoaded))
    );
    let right = host.evaluate(&access(&host, PRODUCT));
    assert_eq!(
        (right.decision, right.deny_kind),
        (Decision::Pend, Some(DenyKind::NotLoaded))
    );
}

#[test]
fn what_fails_is_denied_and_nobody_else_notices() {
    let before = answers(&host_with(&[]));
    for (name, outcome) in OUTCOMES {
        let expected = match outcome {
            Refused(_) => continue,
            Fails(code) => json!({ "decision": "deny", "deny_kind": "plugin-failed", "failure": code }),
            Permits(duty) => {
                json!({ "decision": "permit", "obligations": [{ "id": duty, "timing": "after" }] })
            }
        };
        let host = host_with(&[(
            name,
            setup::packed(&format!("hostile/{name}.wat"), &its_manifest()),
        )]);
        assert!(host.refused().is_empty(), "{name}: {:?}", host.refused());
        let mut last = None;
        let calls = if matches!(outcome, Permits(_)) { 5 } else { 2 };
        for call in 0..calls {
            let answer = setup::json(&asked(&host));
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(answer[key], *value, "{name}, call {call}: {answer:#}");
            }
            assert_no_echo(name, &answer.to_string());
            if let Some(text) = answer["failure_text"].as_str() {
                assert!(!text.contains('\n'), "{name}: {text:?}");
            }
            assert_eq!(
                *last.get_or_insert_with(|| answer.clone()),
                answer,
                "{name}, call {call}"
            );
            assert_eq!(answers(&host), before, "after {name}");
        }
        let right = setup::json(&host.evaluate(&access(&host, PRODUCT)));
        assert_eq!(right["decision"], "permit", "{name}: {right:#}");
    }
}

#[test]
fn an_undeclared_id_is_a_malformed_verdict() {
    let plain = its_manifest().replace("n1", "n2");
    let permits = setup::packed("hostile/good/permit.wat", &plain);
    let denies = setup::denies(&plain);
    for (bytes, what) in [(permits, "obligation"), (denies, "reason")] {
        let answer = setup::json(&asked(&host_with(&[("undeclared", bytes)])));
        assert_eq!(answer["decision"], "deny", "{answer:#}");
        assert_eq!(answer["deny_kind"], "plugin-failed", "{answer:#}");
        assert_eq!(answer["failure"], "malformed-verdict", "{answer:#}");
        assert!(
            answer["failure_text"].as_str().unwrap().contains(what),
            "{answer:#}"
        );
        assert_eq!(answer["obligations"], json!([]));
    }
}

#[test]
fn hostile_manifests_are_refused_by_name_and_nobody_else_notices() {
    let good = wat::parse_str(setup::text("hostile/good/permit.wat")).unwrap();
    let with = |manifest: &str| with_manifest(good.clone(), manifest);
    let before = answers(&host_with(&[]));
    let escape = "\u{1b}[2J\r\nINFO decision=permit";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("none", good.clone(), "licit pack"),
        (
            "two",
            with_manifest(with(&its_manifest()), &its_manifest()),
            "licit pack",
        ),
        (
            "unknown-product",
            with(&manifest("security-apps", "")),
            "did you mean `security-app`?",
        ),
        ("empty", with(""), "plugin"),
        ("not-toml", with("[plugin"), "plugin.toml"),
        (
            "not-a-manifest",
            with(&"\u{1b}]0;x\u{7}".repeat(100)),
            "plugin.toml",
        ),
        (
            "control-characters",
            with(&its_manifest().replace(PRODUCT, "\\u001b[2J\\r\\nINFO decision=permit")),
            "unknown product",
        ),
        (
            "raw-control-characters",
            with(&its_manifest().replace("text = \"no\"", &format!("{escape} = 1"))),
            "plugin.toml",
        ),
        (
            "hidden-key",
            with(&its_manifest().replace("text = \"no\"", "text = \"no\"\n\"\\u001b[31mred\" = 1")),
            "unknown",
        ),
        (
            "taken",
            with(&manifest(
                "themes",
                "purpose = \"system-service-operation\"\noperations = [\"use\"]\ndata = [\"like\"]\nnecessary = true\nlegal-basis = \"contract\"",
            )),
            "product `themes` has a plugin already",
        ),
    ];
    let files: Vec<(&str, Vec<u8>)> = cases
        .iter()
        .map(|(name, bytes, _)| (*name, bytes.clone()))
        .collect();
    let host = host_with(&files);
    let refused = host.refused();
    for (name, _, says) in &cases {
        let error = refused
            .iter()
            .find(|error| error.file() == *name)
            .unwrap_or_else(|| panic!("{name} is not refused"));
        assert!(error.message().contains(says), "{name}: {error}");
        let raw = |character: char| character.is_control() && character != '\n';
        assert!(
            !error.to_string().contains(raw),
            "{name}: {:?}",
            error.to_string()
        );
    }
    assert_eq!(refused.len(), cases.len(), "{refused:?}");
    assert_eq!(answers(&host), before);
}

#[test]
fn of_two_files_for_one_product_the_first_stays() {
    let first = setup::packed("hostile/good/permit.wat", &its_manifest());
    let second = setup::packed("hostile/trap.wat", &its_manifest());
    let host = host_with(&[("a", first), ("b", second)]);
    let refused = host.refused();
    assert_eq!(refused.len(), 1);
    assert_eq!(
        refused[0].to_string(),
        "b: product `security-app` has a plugin already: remove one of the two files"
    );
    assert_eq!(asked(&host).decision, Decision::Permit);
}

#[test]
fn a_file_name_is_shown_without_its_escapes() {
    let host = host_with(&[("\u{1b}[2J\nx.wasm", b"no".to_vec())]);
    let shown = host.refused()[0].to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
}
