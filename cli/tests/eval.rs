//! `licit eval`, run as users run it.

mod support;

use serde_json::{Value, json};
use support::{Deployment, locate, locate_with, plugin};

/// The text without its line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_exit_code_is_the_decision() {
    let here = Deployment::with_profile();
    let code = |request: &Value| here.run(&["eval", "--request", here.request(request)]).code;
    assert_eq!(code(&locate()), 0);
    assert_eq!(code(&locate_with("controls.find_device", json!("off"))), 2);
    assert_eq!(code(&locate_with("controls.find_device", Value::Null)), 2);
    let right = json!({ "product": "find-device", "operation": "right", "at": "2026-11-23T10:00:00Z",
                        "facts": { "right.kind": "access", "subject.region": "IN" } });
    assert_eq!(code(&right), 3);
}

#[test]
fn people_are_told_the_decision_the_reason_and_what_to_do() {
    let here = Deployment::with_profile();
    let off = here.request(&locate_with("controls.find_device", json!("off")));
    let ran = here.run(&["eval", "--request", off]).assert_code(2);
    for part in [
        "DENY  find-device may not collect device-find-location for find-device",
        "a rule forbids it",
        "(§3.2-E8, find-device-switch)",
        "to do\n    after",
        "(erase-or-isolate-location, find-device-switch)",
        "policy 2025-10-10, plugin find-device 1.0.0 (sha256:",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert!(!ran.out.contains('\x1b'), "no colour where nobody sees it");
    assert_eq!(ran.err, "");

    let unknown = here.request(&locate_with("controls.find_device", Value::Null));
    let ran = here.run(&["eval", "--request", unknown]).assert_code(2);
    assert!(
        words(&ran.out).contains("too little is known to permit it"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("controls.find_device is not known and counts as `off`"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("missing facts\n    controls.find_device  person's state"),
        "{}",
        ran.out
    );

    let unknown = here.request(&locate_with("subject.registered", Value::Null));
    let ran = here.run(&["eval", "--request", unknown]).assert_code(2);
    let because = "could not be excluded, because subject.registered is unknown:\n      - needed: ";
    assert!(ran.out.contains(because), "{}", ran.out);

    let verbose = here
        .run(&["eval", "--verbose", "--request", here.request(&locate())])
        .assert_code(0);
    assert!(
        verbose.out.contains("licit.toml ingress.device-api"),
        "{}",
        verbose.out
    );
}

#[test]
fn colour_is_a_matter_of_the_terminal_or_of_the_flag() {
    let here = Deployment::with_profile();
    let ran = here.run(&["--color", "always", "eval", "--request", here.request(&locate())]);
    assert!(ran.out.starts_with("\x1b[1;32mPERMIT\x1b[0m"), "{}", ran.out);
    let ran = here.run(&["eval", "--color=never", "--request", here.request(&locate())]);
    assert!(ran.out.starts_with("PERMIT"), "{}", ran.out);
}

#[test]
fn json_is_the_documented_form() {
    let here = Deployment::with_profile();
    let off = here.request(&locate_with("controls.find_device", json!("off")));
    let pretty = here
        .run(&["eval", "--format", "json", "--request", off])
        .assert_code(2);
    let answer = pretty.json();
    assert_eq!(answer["id"], "req-1");
    assert_eq!(answer["decision"], "deny");
    assert_eq!(answer["deny_kind"], "forbidden");
    assert!(
        answer["deciding"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["rule"] == "find-device-switch")
    );
    assert_eq!(answer["policy"], "2025-10-10");
    assert!(answer["considered"].is_array() && answer["facts_used"].is_array());
    let used = answer["facts_used"].as_array().unwrap();
    let channel = used.iter().find(|it| it["name"] == "security.channel").unwrap();
    assert_eq!(channel["source"], "licit.toml ingress.device-api");

    let line = here
        .run(&["eval", "--format", "ndjson", "--request", off])
        .assert_code(2);
    assert_eq!(line.out.lines().count(), 1);
    assert_eq!(line.json(), answer);
}

#[test]
fn a_request_is_json_or_toml_from_a_file_or_from_standard_input() {
    let here = Deployment::with_profile();
    let toml = r#"
        product = "find-device"
        operation = "collect"
        purpose = "find-device"
        data = ["device-find-location"]
        at = 2026-11-23T10:00:00Z
        [facts]
        controls.find_device = "off"
        subject.region = "IN"
    "#;
    here.write("request.toml", toml.as_bytes());
    here.run(&["eval", "--request", "request.toml"]).assert_code(2);
    let piped = ["eval", "--request", "-"];
    here.run_with(&piped, toml.as_bytes()).assert_code(2);
    here.run_with(&piped, format!("\n  {}", locate()).as_bytes())
        .assert_code(0);
}

#[test]
fn a_broken_request_is_an_error_with_its_place() {
    let here = Deployment::with_profile();
    let mut request = locate();
    request["purpose"] = json!("find-devise");
    let ran = here
        .run(&["eval", "--request", here.request(&request)])
        .assert_code(1);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("request.json:1:"), "{}", ran.err);
    assert!(ran.err.contains("^^^^"), "{}", ran.err);
    assert!(ran.err.contains("`find-device`"), "{}", ran.err);

    let law = here.request(&locate_with("law.permits", json!(true)));
    let ran = here.run(&["eval", "--request", law]).assert_code(1);
    assert!(
        ran.err
            .contains("a request cannot state fact `law.permits`: its supplier is `law`"),
        "{}",
        ran.err
    );

    for empty in ["", "  \n", "{", "[]", "\u{0}"] {
        here.write("empty.json", empty.as_bytes());
        let ran = here.run(&["eval", "--request", "empty.json"]).assert_code(1);
        assert!(ran.out.is_empty() && ran.err.contains("empty.json"), "{ran:?}");
    }
    here.run_with(&["eval", "--request", "-"], b"").assert_code(1);
    here.write("latin.json", b"{\"id\": \"\xe9\"}");
    let ran = here.run(&["eval", "--request", "latin.json"]).assert_code(1);
    assert!(
        ran.err.contains("`latin.json` is not UTF-8 from byte 8 on"),
        "{}",
        ran.err
    );
}

#[test]
fn what_is_in_files_does_not_act_on_the_terminal() {
    let here = Deployment::with_profile();
    let evil = "\x1b]0;owned\x07\u{9b}31m\u{202e}";
    let mut request = locate();
    request["id"] = json!(evil);
    let path = here.request(&request);
    for arguments in [
        vec!["--color", "always", "eval", "--format", "json", "--request", path],
        vec![
            "--color",
            "always",
            "eval",
            "--format",
            "human",
            "--requests",
            path,
        ],
    ] {
        let ran = here.run(&arguments).assert_code(0);
        let raw = ran.out.replace("\x1b[", "");
        assert!(!raw.contains(['\x1b', '\x07', '\u{9b}', '\u{202e}']), "{raw:?}");
    }
    let ran = here.run(&["eval", "--format", "json", "--request", path]);
    assert_eq!(ran.json()["id"], evil);

    here.write(
        "evil.json",
        format!("{{\"product\": \"{evil}\"}} \x1b[2J").as_bytes(),
    );
    let ran = here
        .run(&["--color", "always", "eval", "--request", "evil.json"])
        .assert_code(1);
    assert!(
        !ran.err.contains("\x1b]") && !ran.err.contains("\x1b[2J") && !ran.err.contains('\u{9b}'),
        "{:?}",
        ran.err
    );
}

#[test]
fn a_stream_is_answered_in_order_and_a_broken_line_in_its_place() {
    let here = Deployment::with_profile();
    let off = locate_with("controls.find_device", json!("off"));
    let long = format!("{{\"id\": \"{}\"}}", "x".repeat(1 << 20));
    let stream = format!(
        "{}\n\n  \n{{\"product\": \"themes\n{off}\n{long}\n{}",
        locate(),
        locate()
    );
    here.write("requests.ndjson", stream.as_bytes());
    let ran = here
        .run(&["eval", "--requests", "requests.ndjson"])
        .assert_code(1);
    let answers: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let decisions: Vec<&Value> = answers.iter().map(|it| &it["decision"]).collect();
    assert_eq!(
        decisions,
        [
            &json!("permit"),
            &Value::Null,
            &json!("deny"),
            &Value::Null,
            &json!("permit")
        ]
    );
    assert_eq!(answers[1]["line"], 4);
    assert!(
        answers[1]["error"].as_str().unwrap().starts_with("column "),
        "{}",
        answers[1]
    );
    assert_eq!(
        answers[3],
        json!({ "error": "the line is longer than 1 MiB", "line": 6 })
    );

    let document = here
        .run(&["eval", "--requests", "requests.ndjson", "--format", "json"])
        .assert_code(1);
    assert_eq!(document.json(), Value::Array(answers));

    let human = here
        .run(&["eval", "--requests", "requests.ndjson", "--format", "human"])
        .assert_code(1);
    assert!(human.out.contains("line 1 · req-1\nPERMIT"), "{}", human.out);
    assert!(human.out.contains("line 4\nerror: "), "{}", human.out);
    assert!(
        human
            .out
            .contains("line 6\nerror: the line is longer than 1 MiB\n\nline 7 · req-1\nPERMIT")
    );
}

#[test]
fn a_stream_without_a_broken_line_ends_well_whatever_it_decides() {
    let here = Deployment::with_profile();
    let off = locate_with("controls.find_device", json!("off"));
    let ran = here
        .run_with(&["eval", "--requests", "-"], format!("{off}\n{off}\n").as_bytes())
        .assert_code(0);
    assert_eq!(ran.out.lines().count(), 2);
    let ran = here
        .run_with(&["eval", "--requests", "-"], b"\n\n")
        .assert_code(0);
    assert_eq!(ran.out, "");
    let ran = here
        .run_with(&["eval", "--requests", "-", "--format", "json"], b"")
        .assert_code(0);
    assert_eq!(ran.json(), json!([]));
}

#[test]
fn without_a_profile_the_answer_says_so() {
    let here = Deployment::bare();
    let request = here.request(&locate());
    let human = here
        .run(&["eval", "--verbose", "--request", request])
        .assert_code(2);
    let text = words(&human.out);
    assert!(
        text.contains("there is no deployment profile") && text.contains("pass `--profile FILE`"),
        "{text}"
    );
    assert!(human.out.contains("security.channel"), "{}", human.out);
    let json = here
        .run(&["eval", "--request", request, "--format", "json"])
        .assert_code(2);
    assert!(
        json.err.contains("there is no deployment profile"),
        "{}",
        json.err
    );
    let quiet = here
        .run(&["-q", "eval", "--request", request, "--format", "json"])
        .assert_code(2);
    assert_eq!(quiet.err, "");
}

#[test]
fn a_broken_profile_is_an_error_with_its_place() {
    let here = Deployment::with_profile();
    here.write(
        "licit.toml",
        b"[profile]\nname = \"x\"\nsigned-off-by = \"y\"\ndate = 2026-01-01\nexpires = 2026-13-01\n",
    );
    let ran = here
        .run(&["eval", "--request", here.request(&locate())])
        .assert_code(1);
    assert!(ran.err.contains("licit.toml:5:"), "{}", ran.err);
}

#[test]
fn a_refused_plugin_is_named_and_the_others_go_on() {
    let here = Deployment::with_profile();
    here.write("target/plugins/broken.wasm", b"\0asm, or so it says");
    let ran = here
        .run(&["eval", "--request", here.request(&locate())])
        .assert_code(0);
    assert!(
        ran.err.starts_with("warning: plugin `broken.wasm` is refused: "),
        "{}",
        ran.err
    );
}

#[test]
fn what_cannot_be_discharged_is_said() {
    let here = Deployment::with_profile();
    let request = here.request(&locate());
    let ran = here.run(&[
        "eval",
        "--request",
        request,
        "--discharge",
        "erase-or-isolate-locaton",
    ]);
    assert!(
        ran.err.contains("did you mean `erase-or-isolate-location`?"),
        "{}",
        ran.err
    );
    let ran = here.run(&[
        "eval",
        "--request",
        request,
        "--discharge",
        "erase-or-isolate-location",
    ]);
    assert_eq!(ran.err, "");
}

#[test]
fn errors_of_usage_are_errors_and_not_a_deny() {
    let here = Deployment::with_profile();
    for arguments in [
        &["evaluate"][..],
        &[],
        &["eval"],
        &["eval", "--request", "a", "--requests", "b"],
        &["eval", "--format", "xml", "--request", "a"],
        &["eval", "--request", "missing.json"],
        &["eval", "--requests", "missing.ndjson"],
        &["eval", "--request", "."],
        &["eval", "--request", "request.json", "--plugins", "nowhere"],
        &["eval", "--request", "request.json", "--profile", "nowhere.toml"],
        &["facts"],
        &["facts", "--for", "missing.json"],
        &["inspect"],
        &["inspect", "missing.wasm"],
        &["pack", "missing.wasm", "-o", "out.wasm"],
        &["build", "nowhere"],
        &["demo"],
    ] {
        here.request(&locate());
        let ran = here.run(arguments).assert_code(1);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{arguments:?} {ran:?}");
        let named = arguments
            .iter()
            .find(|it| it.contains("missing") || it.contains("nowhere"));
        assert!(
            named.is_none_or(|name| ran.err.contains(name)),
            "{arguments:?} {}",
            ran.err
        );
    }
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["eval", "--help"],
        &["help", "facts"],
    ] {
        let ran = here.run(arguments).assert_code(0);
        assert!(!ran.out.is_empty() && ran.err.is_empty(), "{arguments:?} {ran:?}");
    }
}

#[test]
fn what_is_too_much_and_what_there_is_to_know_is_said() {
    let here = Deployment::with_profile();
    let manifest =
        std::fs::read_to_string(support::root().join("plugins/mi-com-retail/plugin.toml")).unwrap();
    here.write("target/plugins/mi-com-retail.wasm", &plugin(&manifest));
    let request = |operation: &str, purpose: &str, data: &[&str], facts: &Value| {
        let request = json!({
            "product": "mi-com-retail", "operation": operation, "purpose": purpose, "data": data,
            "at": "2026-11-23T10:00:00Z", "facts": facts,
        });
        here.request(&request)
    };
    let facts = json!({
        "subject.region": "NL", "recipient.id": "district-court-nl", "demand.ref": "NL-2026-0417",
    });
    let too_much = request(
        "share",
        "authority-disclosure",
        &["ip-address", "order-number"],
        &facts,
    );
    let human = here.run(&["eval", "--request", too_much]).assert_code(2);
    let line = "more than is needed: ask again without ip-address";
    assert!(words(&human.out).contains(line), "{}", human.out);
    let json = here
        .run(&["eval", "--format", "json", "--request", too_much])
        .json();
    assert_eq!(json["surplus"], json!(["ip-address"]));
    assert_eq!(json.get("advice"), None);

    let facts = json!({
        "subject.region": "NL", "recipient.id": "district-court-nl", "demand.ref": "NL-2026-0418", "actor.role": "system",
        "right.objected_purposes": [], "right.restricted": false, "retention.isolated": false,
        "retention.purpose_fulfilled": false,
    });
    let unheard_of = request("share", "authority-disclosure", &["order-number"], &facts);
    let human = here.run(&["eval", "--request", unheard_of]).assert_code(2);
    let line = "`NL-2026-0418` has no row in force in register `demands`";
    assert!(words(&human.out).contains(line), "{}", human.out);

    let facts = json!({ "subject.region": "NL" });
    let linked = request("collect", "payment-processing", &["credit-card-number"], &facts);
    let human = here.run(&["eval", "--request", linked]).assert_code(2);
    let line = "for information: what an outside shop, site or app collects itself is theirs";
    assert!(words(&human.out).contains(line), "{}", human.out);
    let json = here
        .run(&["eval", "--format", "json", "--request", linked])
        .json();
    assert_eq!(
        json["advice"],
        json!([{ "rule": "third-party-service-out-of-scope", "section": "13" }])
    );
    assert_eq!(json.get("surplus"), None);
}
