//! What a request may look like: strict, and what is wrong with it said with its place and the nearest valid name.

use licit_host::{Decision, Format};
use serde_json::{Value, json};

use crate::setup::{self, HOST};
use crate::support;

const GOOD: &str = r#"{"product": "themes", "operation": "use", "purpose": "content-recommendation",
  "data": ["download-history"], "at": "2026-11-23T10:00:00Z", "facts": {"subject.region": "IN"}}"#;

fn refusal(text: &str, format: Format) -> String {
    let found = HOST
        .request("request.json", text, format)
        .expect_err(text)
        .to_string();
    assert!(
        !found.contains(|character: char| character.is_control() && character != '\n'),
        "{found:?}"
    );
    found
}

/// The good request with one text replaced, and what its refusal must say.
fn refused(from: &str, to: &str, says: &[&str]) {
    assert!(GOOD.contains(from), "{from}");
    let found = refusal(&GOOD.replace(from, to), Format::Json);
    for words in says {
        assert!(
            found.contains(words),
            "`{from}` as `{to}`: no `{words}` in\n{found}"
        );
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_the_nearest_name() {
    refused(
        "\"product\": \"themes\"",
        "\"product\": \"themes\", \"purposes\": []",
        &["unknown", "`purposes`", "request.json:1:", "`purpose`"],
    );
    refused(
        "\"themes\"",
        "\"theme\"",
        &[
            "unknown product `theme`",
            "request.json:1:13",
            "did you mean `themes`?",
        ],
    );
    refused(
        "\"use\"",
        "\"uses\"",
        &[
            "unknown operation `uses`",
            "request.json:1:",
            "did you mean `use`?",
        ],
    );
    refused(
        "content-recommendation",
        "content-recomendation",
        &["unknown purpose", "did you mean `content-recommendation`?"],
    );
    refused(
        "download-history",
        "downloads-history",
        &["unknown", "request.json:2:", "did you mean `download-history`?"],
    );
    refused(
        "subject.region",
        "subject.regoin",
        &["unknown fact `subject.regoin`", "did you mean `subject.region`?"],
    );
    refused("\"IN\"", "true", &["subject.region", "request.json:2:"]);
    refused(
        "\"subject.region\": \"IN\"",
        "\"subject.age_class\": \"adlt\"",
        &["`adlt` is not a value", "one of: child, minor, adult"],
    );
    refused(
        "{\"subject.region\": \"IN\"}",
        "{\"subject.region\": \"IN\", \"subject\": {\"region\": \"SG\"}}",
        &["fact `subject.region` is given twice"],
    );
    refused(
        "\"operation\": \"use\"",
        "\"operation\": \"use\", \"operation\": \"use\"",
        &["operation", "request.json:1:"],
    );
    refused(
        "[\"download-history\"]",
        "[\"information\"]",
        &["`information` is everything", "request.json:2:"],
    );
    refused("[\"download-history\"]", "[]", &["data", "request.json:2:"]);
    refused("\"at\": \"2026-11-23T10:00:00Z\", ", "", &["`at`"]);
    refused(
        "2026-11-23",
        "2019-11-23",
        &[
            "no version of the policy was in force at that time",
            "the first one took effect on 2025-10-10",
        ],
    );
    refused("\"use\"", "\"load\"", &["`load` is not a request"]);
    refused("\"facts\": {", "\"facts\": {\"at\": \"x\", ", &["`at`"]);
    let baseline = licit_baseline::Baseline::embedded();
    let purposes = &baseline.taxonomy().purposes;
    let roots = purposes
        .iter()
        .filter(|(id, _)| baseline.taxonomy().is_root_purpose(*id));
    for (_, root) in roots {
        refused(
            "content-recommendation",
            &root.id,
            &[&format!("`{}` is no purpose", root.id), "§3.1"],
        );
    }
}

#[test]
fn what_is_no_request_at_all_is_refused_quickly() {
    for (text, format) in [
        (String::new(), Format::Json),
        (String::new(), Format::Toml),
        ("{".into(), Format::Json),
        ("[]".into(), Format::Json),
        ("null".into(), Format::Json),
        ("product = ".into(), Format::Toml),
        (GOOD.replace("}}", "}"), Format::Json),
        ("[".repeat(100_000), Format::Json),
        ("{\"facts\":".repeat(100_000), Format::Json),
        (format!("a = {}", "[".repeat(100_000)), Format::Toml),
        ("\u{1}x{\"".repeat(1 << 18), Format::Json),
        ("\u{1}x{\"".repeat(1 << 18), Format::Toml),
        ("x".repeat(1 << 20), Format::Json),
    ] {
        let before = std::time::Instant::now();
        refusal(&text, format);
        assert!(
            before.elapsed().as_secs() < 5,
            "{} bytes took {:?}",
            text.len(),
            before.elapsed()
        );
    }
}

#[test]
fn no_message_carries_a_control_character() {
    for (from, to) in [
        ("themes", "\\u001b[2Jthemes"),
        ("download-history", "\\u001b]0;x\\u0007"),
        ("subject.region", "\\u001b[31m"),
        ("\"product\"", "\"\\u0000\": 1, \"product\""),
        ("2026-11-23", "\\u001b[2J"),
    ] {
        refused(from, to, &["error"]);
    }
    refused("\"themes\"", "\"\u{1b}[2J\"", &["error"]);
}

#[test]
fn nested_tables_dotted_names_json_and_toml_mean_the_same() {
    let toml = "product = \"themes\"\noperation = \"use\"\npurpose = \"content-recommendation\"\n\
                data = [\"download-history\"]\nat = 2026-11-23T10:00:00Z\nfacts.subject.region = \"IN\"\n";
    let nested = GOOD.replace(
        "{\"subject.region\": \"IN\"}",
        "{\"subject\": {\"region\": \"IN\"}}",
    );
    let ask = |text: &str, format| {
        let request = HOST
            .request("r", text, format)
            .unwrap_or_else(|found| panic!("{found}"));
        setup::json(&HOST.explain(&request))
    };
    let answer = ask(GOOD, Format::Json);
    assert_eq!(ask(&nested, Format::Json), answer);
    assert_eq!(ask(toml, Format::Toml), answer);
}

#[test]
fn the_answer_has_the_documented_keys() {
    let text = GOOD.replace("\"product\"", "\"id\": \"r-1\", \"product\"");
    let request = HOST.request("r", &text, Format::Json).unwrap();
    let answer = setup::json(&HOST.explain(&request));
    let keys: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "decision",
            "deny_kind",
            "deciding",
            "obligations",
            "missing",
            "categories",
            "facts_used",
            "considered",
            "policy",
            "plugin"
        ]
    );
    assert_eq!(
        (&answer["id"], &answer["policy"]),
        (&json!("r-1"), &json!("2025-10-10"))
    );
    for key in ["layer", "rule", "section", "kind"] {
        assert!(answer["deciding"][0][key].is_string(), "{key}: {answer:#}");
    }
    for key in ["name", "supplier", "source"] {
        assert!(answer["facts_used"][0][key].is_string(), "{key}: {answer:#}");
    }
    for key in ["product", "version", "digest"] {
        assert!(answer["plugin"][key].is_string(), "{key}: {answer:#}");
    }
    assert_eq!(answer["categories"][0]["data"], "download-history");
    assert!(
        answer["missing"]
            .as_array()
            .is_some_and(|it| it.iter().all(Value::is_string))
    );
    let short = setup::json(&HOST.evaluate(&request));
    assert_eq!(short.get("facts_used"), None);
    assert_eq!(short["deciding"], answer["deciding"]);
}

/// `tests/requests.ndjson` is what the README streams through `licit eval`.
#[test]
fn every_product_of_the_policy_is_there_and_permits_a_request() {
    let text = std::fs::read_to_string(support::root().join("tests/requests.ndjson")).expect("the requests");
    let mut products: Vec<String> = Vec::new();
    for line in text.lines() {
        let request = HOST
            .request("tests/requests.ndjson", line, Format::Json)
            .unwrap_or_else(|found| panic!("{found}"));
        let answer = HOST.explain(&request);
        assert_eq!(
            answer.decision,
            Decision::Permit,
            "{line}\n{:#}",
            setup::json(&answer)
        );
        products.push(request.product().to_owned());
    }
    let baseline = licit_baseline::Baseline::embedded();
    let mut named: Vec<&str> = baseline.taxonomy().products.names().collect();
    named.sort_unstable();
    assert_eq!(products, named);
}
