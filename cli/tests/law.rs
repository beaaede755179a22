//! Legal determinations and register rows, through `licit eval` and `licit law check`, run as users run them.

#![allow(
    clippy::expect_used,
    reason = "clippy knows tests by their attribute, and these are their helpers"
)]

mod support;

use serde_json::{Value, json};
use support::{Deployment, locate_with, manifest, plugin, root};

fn example(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).expect("an example file")
}

/// A determination for India that counts from 2026 to 2027.
fn row(fact: &str, rule: &str, value: &str) -> String {
    format!(
        "[[determination]]\nfact = \"{fact}\"\nrule = \"{rule}\"\njurisdiction = \"IN\"\nvalue = {value}\n\
         author = \"Legal, India desk\"\ndate = 2026-02-01\nexpires = 2027-02-01\nref = \"LEGAL-IN-5\"\n\n"
    )
}

/// The law orders that records of the account are kept.
fn ordered() -> String {
    ["legal-duty-storage", "basis-legal-obligation"]
        .map(|rule| row("requires", rule, "true") + &row("ref", rule, "\"CGST Act 2017, s. 36\""))
        .concat()
}

/// A deployment whose product keeps records because the law orders it.
fn keeps_records(law: Option<&str>) -> Deployment {
    let here = Deployment::with_profile();
    let activity = "\n[[activity]]\nid = \"keep-records\"\npurpose = \"legal-compliance\"\noperations = [\"store\"]\n\
                    data = [\"xiaomi-account-id\"]\nlegal-basis = \"legal-obligation\"\n\
                    retention = { period = \"P365D\" }\nstorage = [\"IN\"]\n";
    let text = manifest().replacen("\n[reason.", &format!("{activity}\n[reason."), 1);
    here.write("target/plugins/find-device.wasm", &plugin(&text));
    if let Some(law) = law {
        here.write("law.toml", law.as_bytes());
    }
    here
}

fn keep(at: &str) -> Value {
    json!({ "product": "find-device", "operation": "store", "purpose": "legal-compliance",
            "data": ["xiaomi-account-id"], "at": at,
            "facts": { "subject.region": "IN", "actor.role": "system", "subject.second_factor": "present",
                       "controls.account_cancelled": "active", "retention.isolated": false, "right.restricted": false,
                       "right.objected_purposes": [], "retention.purpose_fulfilled": false,
                       "retention.erasure_confirmed": false, "retention.service_ended": false } })
}

fn sources(answer: &Value, fact: &str) -> Vec<String> {
    let used = answer["facts_used"].as_array().expect("facts used");
    let its = used.iter().filter(|it| it["name"] == fact);
    its.map(|it| it["source"].as_str().expect("a source").to_owned())
        .collect()
}

#[test]
fn a_determination_permits_and_is_cited_and_the_same_one_lapsed_denies() {
    let here = keeps_records(Some(&ordered()));
    let eval = |at: &str| here.run(&["eval", "--format", "json", "--request", here.request(&keep(at))]);
    let answer = eval("2026-11-23T10:00:00Z").assert_code(0).json();
    assert!(
        answer["deciding"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["rule"] == "legal-duty-storage"),
        "{answer:#}"
    );
    let cited = sources(&answer, "law.requires");
    assert!(
        cited.contains(&"law IN legal-duty-storage LEGAL-IN-5".to_owned()),
        "{cited:?}"
    );
    assert!(
        cited.contains(&"law IN basis-legal-obligation LEGAL-IN-5".to_owned()),
        "{cited:?}"
    );

    eval("2027-01-31T23:59:59Z").assert_code(0);
    for at in ["2027-02-01T00:00:00Z", "2026-01-31T23:59:59Z"] {
        let answer = eval(at).assert_code(2).json();
        assert!(
            answer["missing"]
                .as_array()
                .unwrap()
                .contains(&json!("law.requires")),
            "{answer:#}"
        );
        assert!(sources(&answer, "law.requires").is_empty());
    }
    let nobody = keeps_records(None);
    nobody
        .run(&["eval", "--request", nobody.request(&keep("2026-11-23T10:00:00Z"))])
        .assert_code(2);
    let elsewhere = ordered().replace("\"IN\"", "\"NL\"");
    let elsewhere = keeps_records(Some(&elsewhere));
    elsewhere
        .run(&[
            "eval",
            "--request",
            elsewhere.request(&keep("2026-11-23T10:00:00Z")),
        ])
        .assert_code(2);
    // The file may stand elsewhere.
    nobody.write("counsel.toml", ordered().as_bytes());
    nobody
        .run(&[
            "eval",
            "--law",
            "counsel.toml",
            "--request",
            nobody.request(&keep("2026-11-23T10:00:00Z")),
        ])
        .assert_code(0);
}

#[test]
fn a_register_row_is_cited_and_a_lapsed_one_says_nothing() {
    let here = Deployment::with_profile();
    let mut request = locate_with("actor.id", json!("support-17"));
    request["facts"]["actor.role"] = json!("staff");
    let eval = |at: &str| {
        let mut request = request.clone();
        request["at"] = json!(at);
        here.run(&["eval", "--format", "json", "--request", here.request(&request)])
    };
    let answer = eval("2026-11-23T10:00:00Z").assert_code(0).json();
    assert_eq!(
        sources(&answer, "actor.confidentiality"),
        ["licit.toml register.staff.support-17 NDA-17"]
    );
    eval("2027-06-29T23:59:59Z").assert_code(0);
    let answer = eval("2027-06-30T00:00:00Z").assert_code(2).json();
    assert!(
        answer["deciding"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["rule"] == "staff-confidentiality"),
        "{answer:#}"
    );
    assert!(
        answer["missing"]
            .as_array()
            .unwrap()
            .contains(&json!("actor.confidentiality"))
    );
}

#[test]
fn check_says_what_is_about_to_lapse_and_by_its_exit_code_that_something_is() {
    let here = Deployment::with_profile();
    here.write("law.toml", ordered().as_bytes());
    let check = |arguments: &[&str]| here.run(&[&["law", "check"], arguments].concat());
    let calm = check(&["--at", "2026-11-23T10:00:00Z"]).assert_code(0);
    assert!(
        calm.out
            .contains("nothing lapses within P30D from 2026-11-23T10:00:00Z (10 checked)"),
        "{}",
        calm.out
    );

    let soon = check(&["--at", "2026-12-20", "--expires-within", "P60D"]).assert_code(2);
    for part in [
        "lapses 2027-02-01T00:00:00Z  law.requires for legal-duty-storage in IN",
        "signed by Legal, India desk, filed as LEGAL-IN-5, in law.toml",
        "6 entries have lapsed or lapse within P60D from 2026-12-20T00:00:00Z",
    ] {
        assert!(soon.out.contains(part), "{part}\n{}", soon.out);
    }
    check(&["--at", "2026-12-20", "--expires-within", "P7D"]).assert_code(0);
    let late = check(&["--at", "2027-02-01", "--expires-within", "P0D"]).assert_code(2);
    assert!(
        late.out
            .contains("lapsed 2027-02-01T00:00:00Z  law.ref for basis-legal-obligation in IN"),
        "{}",
        late.out
    );

    // Register rows and the profile itself.
    let row = check(&["--at", "2027-02-15", "--format", "json"])
        .assert_code(2)
        .json();
    let named = |source: &str| {
        let rows = row["lapsing"].as_array().unwrap();
        rows.iter()
            .find(|it| it["source"] == source)
            .cloned()
            .unwrap_or_default()
    };
    let vendor = named("licit.toml register.recipients.parcels-in VENDOR-31");
    assert_eq!(
        (
            &vendor["status"],
            &vendor["expires"],
            &vendor["ref"],
            &vendor["author"]
        ),
        (
            &json!("lapses"),
            &json!("2027-03-01T00:00:00Z"),
            &json!("VENDOR-31"),
            &json!("Procurement")
        )
    );
    let profile = check(&["--at", "2027-12-15"]).assert_code(2);
    assert!(
        profile.out.contains("lapses 2028-01-01T00:00:00Z  licit.toml"),
        "{}",
        profile.out
    );
    assert!(
        profile.out.contains("signed by Security Office, in licit.toml"),
        "{}",
        profile.out
    );
}

#[test]
fn what_is_renewed_in_time_is_left_out() {
    let here = Deployment::bare();
    let old = row("requires", "legal-duty-storage", "true");
    let renewed = old
        .replace("2026-02-01", "2027-02-01")
        .replace("expires = 2027-02-01", "expires = 2028-02-01");
    here.write("law.toml", (old.clone() + &renewed).as_bytes());
    for at in ["2027-01-10", "2027-03-01"] {
        let ran = here.run(&["law", "check", "--at", at]).assert_code(0);
        assert!(ran.out.contains("(2 checked)"), "{}", ran.out);
    }
    let gap = renewed.replace("date = 2027-02-01", "date = 2027-02-02");
    here.write("law.toml", (old + &gap).as_bytes());
    here.run(&["law", "check", "--at", "2027-01-10"]).assert_code(2);
    here.run(&["law", "check", "--at", "2027-03-01"]).assert_code(0);
}

#[test]
fn what_cannot_be_checked_is_an_error() {
    let here = Deployment::bare();
    let ran = here.run(&["law", "check"]).assert_code(1);
    assert!(ran.err.contains("there is nothing to check"), "{}", ran.err);
    here.write(
        "law.toml",
        row("requires", "legal-duty-storge", "true").as_bytes(),
    );
    let ran = here.run(&["law", "check"]).assert_code(1);
    assert!(
        ran.err.contains("did you mean `legal-duty-storage`?"),
        "{}",
        ran.err
    );
    here.write(
        "law.toml",
        row("permits", "legal-duty-storage", "true").as_bytes(),
    );
    let ran = here.run(&["law", "check"]).assert_code(1);
    assert!(
        ran.err
            .contains("rule `legal-duty-storage` does not ask for `law.permits`"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("it asks for `law.requires`, `law.ref`"),
        "{}",
        ran.err
    );
    here.write("law.toml", ordered().as_bytes());
    for arguments in [
        &["--expires-within", "30 days"][..],
        &["--at", "tomorrow"],
        &["--law", "nowhere.toml"],
        &["--expires-within", "P9999999999D"],
    ] {
        here.run(&[&["law", "check"], arguments].concat()).assert_code(1);
    }
    // A profile no longer holds determinations.
    let profile = example("licit.toml") + "\n" + &ordered();
    here.write("licit.toml", profile.as_bytes());
    let ran = here.run(&["law", "check"]).assert_code(1);
    assert!(ran.err.contains("move them to `law.toml`"), "{}", ran.err);
}

#[test]
fn the_example_shows_every_law_fact_that_a_rule_asks_for() {
    let here = Deployment::bare();
    here.write("law.toml", example("law.toml").as_bytes());
    let all = here
        .run(&["law", "check", "--at", "2100-01-01", "--format", "json"])
        .assert_code(2)
        .json();
    let shown: Vec<&str> = all["lapsing"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["fact"].as_str())
        .collect();
    let baseline = licit_baseline::Baseline::embedded();
    let facts = &baseline.taxonomy().facts;
    for (id, fact) in facts
        .iter()
        .filter(|(_, it)| it.supplier == licit_baseline::Supplier::Law)
    {
        let asked = baseline
            .rules()
            .iter()
            .any(|(rule, _)| baseline.reads(rule).contains(id));
        assert!(
            !asked || shown.contains(&fact.name.as_str()),
            "no row of law.toml shows `{}`",
            fact.name
        );
    }
}

#[test]
fn a_memory_of_changes_beside_the_profile_is_read() {
    let here = Deployment::with_profile();
    let memory = "[[approved]]\nproduct = \"find-device\"\nversion = \"0.9.0\"\ndate = 2026-01-10\nauthor = \"Privacy\"\n\
                  [[approved.activity]]\npurpose = \"find-device\"\ndata = [\"device-find-location\"]\n\
                  recipients = []\ncountries = [\"IN\"]\nretention = \"P1D\"\n";
    here.write("changes.toml", memory.as_bytes());
    let request = here.request(&support::locate());
    let ran = here.run(&["eval", "--request", request]).assert_code(2);
    for part in ["plugin `find-device.wasm` is refused", "material-change-notice"] {
        assert!(ran.err.contains(part), "{part}\n{}", ran.err);
    }
    // What `inspect` writes is what the plugin is compared with; nobody has signed it yet.
    let entry = here
        .run(&["inspect", "target/plugins/find-device.wasm", "--approved"])
        .assert_code(0);
    here.write("changes.toml", entry.out.as_bytes());
    let ran = here.run(&["eval", "--request", request]).assert_code(1);
    assert!(ran.err.contains("nobody signed for this version"), "{}", ran.err);
    let signed = entry.out.replace("author = \"\"", "author = \"Privacy Office\"");
    here.write("changes.toml", signed.as_bytes());
    let ran = here.run(&["eval", "--request", request]).assert_code(0);
    assert_eq!(ran.err, "");
    let less = signed.replace("retention = \"P1D\"", "retention = \"PT12H\"");
    here.write("changes.toml", less.as_bytes());
    let ran = here.run(&["eval", "--request", request]).assert_code(2);
    assert!(ran.err.contains("material-change-notice"), "{}", ran.err);
    here.write("none.toml", b"");
    let ran = here
        .run(&["eval", "--changes", "none.toml", "--request", request])
        .assert_code(0);
    assert!(
        ran.err.contains("no approved version is on record"),
        "{}",
        ran.err
    );
}
