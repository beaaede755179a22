//! `licit baseline`: what it says of a rule book is so.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Deployment, Ran, root};

/// A small policy that is as it should be. The tests change it.
const TINY: &str = r#"
[policy]
version = "2026-01-01"
title = "A small policy"
effective = "2026-01-01T00:00:00Z"
citations = { default-deny = "nothing-else" }

[[category]]
id = "information"
section = ["1"]
meaning = "everything"
[[category]]
id = "contact"
parents = ["information"]
section = ["1"]
meaning = "how to reach somebody"
[[category]]
id = "email"
parents = ["contact"]
section = ["1"]
meaning = "an address"
[[category]]
id = "phone"
parents = ["contact"]
section = ["1"]
meaning = "a number"
[[category]]
id = "place"
parents = ["information"]
section = ["1"]
meaning = "where somebody is"

[[purpose]]
id = "any"
section = ["1"]
meaning = "all of them"
[[purpose]]
id = "service"
parents = ["any"]
section = ["1"]
meaning = "what was asked for"
[[purpose]]
id = "marketing"
parents = ["any"]
section = ["1"]
meaning = "selling more"

[[operation]]
id = "use"
axes = ["purpose"]
meaning = "work with it"
[[operation]]
id = "share"
axes = ["purpose", "recipient"]
meaning = "give it away"
[[group]]
id = "all"
operations = ["use", "share"]

[[recipient]]
id = "partner"
section = ["1"]
meaning = "somebody who helps"

[[product]]
id = "shop"
section = ["1"]
data = ["information"]
purposes = ["any"]
meaning = "sells things"

[[obligation]]
id = "tell"
text = "tell the person"

[[fact]]
name = "operation"
type = "text"
values-of = "operations"
supplier = "caller"
section = ["1"]
meaning = "what is done"
[[fact]]
name = "switch"
type = "text"
values = ["on", "off"]
supplier = "state"
section = ["1"]
meaning = "what the person chose"
[[fact]]
name = "ref"
type = "text"
values-of = "references"
supplier = "caller"
section = ["1"]
meaning = "a record"
[[fact]]
name = "count"
type = "integer"
supplier = "caller"
section = ["1"]
meaning = "how many"
[[fact]]
name = "words"
type = "texts"
values-of = "free-text"
supplier = "caller"
section = ["1"]
meaning = "some words"

[[rule]]
id = "nothing-else"
section = ["1"]
kind = "engine"
summary = "what nothing grants is denied"
[[rule]]
id = "service-use"
section = ["2-a"]
kind = "permit"
summary = "the service uses how to reach somebody"
operations = ["use"]
purposes = ["service"]
data = ["contact"]
when = 'switch == "on"'
grants = ["purpose"]
[[rule]]
id = "marketing-use"
section = ["2-b"]
kind = "permit"
summary = "marketing uses addresses"
ambiguities = ["A2", "A12"]
operations = ["use"]
purposes = ["marketing"]
data = ["email"]
when = 'known(ref) && count <= 3'
grants = ["purpose"]
[[rule]]
id = "no-places"
section = ["3"]
kind = "deny"
summary = "places are shared with nobody who was not asked for"
operations = ["share"]
data = ["place"]
unless = 'known(ref)'
obligations = [{ id = "tell", timing = "after" }]
"#;

/// A folder with policies, and nothing of a deployment.
struct Policies {
    here: Deployment,
}

impl Policies {
    fn new() -> Self {
        Self {
            here: Deployment::bare(),
        }
    }

    /// Writes a policy into a folder of its own.
    fn policy(&self, folder: &str, text: &str) -> &Self {
        std::fs::create_dir_all(self.here.dir.path().join(folder)).unwrap();
        self.here.write(&format!("{folder}/policy.toml"), text.as_bytes());
        self
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let arguments: Vec<&str> = ["baseline"]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        self.here.run(&arguments)
    }

    /// The open findings of the rules alone: code and subject.
    fn lint(&self, text: &str) -> Vec<(String, String)> {
        self.policy("p", text);
        let ran = self.run(&["lint", "--without-cases", "--baseline", "p", "--format", "json"]);
        let document = ran.json();
        let findings = document["findings"].as_array().unwrap();
        let open: Vec<(String, String)> = findings
            .iter()
            .filter(|it| it["allowed"].is_null())
            .map(|it| (word(&it["lint"]), word(&it["subject"])))
            .collect();
        assert_eq!(ran.code, if open.is_empty() { 0 } else { 2 }, "{ran:?}");
        assert_eq!(document["clean"], open.is_empty());
        open
    }

    /// The effect of a change to the small policy, and its exit code.
    fn effect(&self, from: &str, to: &str) -> (String, i32) {
        assert!(TINY.contains(from), "{from}");
        self.policy("old", TINY)
            .policy("new", &TINY.replacen(from, to, 1));
        let ran = self.run(&["diff", "old", "new", "--format", "json"]);
        let document = ran.json();
        let effects: Vec<String> = document["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                format!(
                    "{} {} {}: {}",
                    word(&it["table"]),
                    word(&it["id"]),
                    word(&it["what"]),
                    word(&it["effect"])
                )
            })
            .collect();
        (effects.join("; "), ran.code)
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn with(rule: &str) -> String {
    format!("{TINY}\n{rule}")
}

#[test]
fn the_built_in_policy_is_clean_by_itself() {
    let here = Policies::new();
    let ran = here.run(&["lint", "--without-cases"]).assert_code(0);
    assert!(ran.out.starts_with("clean: "), "{ran:?}");
    let verbose = here.run(&["lint", "--without-cases", "--verbose"]).assert_code(0);
    assert!(
        verbose.out.contains("allowed: no category lies outside"),
        "{verbose:?}"
    );
    let folder = root().join("baseline/2025-10-10");
    let ran = here.run(&["check", folder.to_str().unwrap()]).assert_code(0);
    assert!(
        ran.out.starts_with("ok General Privacy Policy, 2025-10-10"),
        "{ran:?}"
    );
}

#[test]
fn rules_are_listed_by_section_group_operation_purpose_and_kind() {
    let here = Policies::new();
    here.policy("p", TINY);
    let ids = |arguments: &[&str]| -> Vec<String> {
        let arguments = [&["list", "--baseline", "p", "--format", "json"], arguments].concat();
        let document = here.run(&arguments).assert_code(0).json();
        document["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| word(&it["id"]))
            .collect()
    };
    assert_eq!(ids(&[]).len(), 4);
    assert_eq!(ids(&["--section", "2"]), ["service-use", "marketing-use"]);
    assert_eq!(ids(&["--section", "§2-b"]), ["marketing-use"]);
    assert_eq!(
        ids(&["--section", "3", "--section", "2-a"]),
        ["service-use", "no-places"]
    );
    assert_eq!(ids(&["--operation", "share"]), ["no-places"]);
    assert_eq!(ids(&["--purpose", "marketing"]), ["marketing-use", "no-places"]);
    assert_eq!(
        ids(&["--kind", "deny", "--kind", "engine"]),
        ["nothing-else", "no-places"]
    );
    assert_eq!(ids(&["--kind", "deny", "--section", "2"]), [""; 0]);
    assert_eq!(ids(&["--group", "policy"]).len(), 4);

    let built_in = here
        .run(&["list", "--group", "d2", "--purpose", "find-device"])
        .assert_code(0);
    assert!(built_in.out.contains("find-device-switch"), "{built_in:?}");
    assert!(!built_in.out.contains("tls-in-transit"), "{built_in:?}");
    let group = here.run(&["list", "--group", "D2-detailed-uses"]).assert_code(0);
    assert!(group.out.contains("find-device-switch"), "{group:?}");
}

#[test]
fn what_is_misspelt_lists_nothing_silently() {
    let here = Policies::new();
    for (arguments, message) in [
        (["--kind", "denny"], "unknown kind `denny`; did you mean `deny`?"),
        (
            ["--operation", "colect"],
            "unknown operation `colect`; did you mean `collect`?",
        ),
        (
            ["--purpose", "find-devise"],
            "unknown purpose `find-devise`; did you mean `find-device`?",
        ),
        (["--section", "3.2-E99"], "no rule cites section `3.2-E99`"),
        (["--group", "zz"], "no rule is in group `zz`"),
    ] {
        let arguments = [&["list"][..], &arguments].concat();
        let ran = here.run(&arguments).assert_code(1);
        assert!(ran.err.contains(message) && ran.out.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_rule_is_explained_in_plain_words() {
    let here = Policies::new();
    let ran = here
        .run(&["explain", "cross-service-combination-bounds"])
        .assert_code(0);
    for words in [
        "permit  §3.2-E19",
        "any with the flag content",
        "one of these holds:",
        "`data.origin_product` is not `product`",
        "the purpose lies inside `service-provision`",
        "`data.origin_product` is among `plugin.combination_partners`",
        "d2-detailed-uses.toml:",
        "(manifest; unknown",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    // There are no cases in this folder; the rule can be read all the same.
    assert!(ran.err.contains("the cases are left out"), "{ran:?}");
    let duty = here.run(&["-q", "explain", "find-device-switch"]).assert_code(0);
    assert!(duty.out.contains("erase-or-isolate-location"), "{duty:?}");
    let near = here.run(&["explain", "find-device-swich"]).assert_code(1);
    assert!(
        near.err.contains("did you mean `find-device-switch`?"),
        "{near:?}"
    );
    let odd = here
        .run(&["explain", &format!("\u{1b}[31m{}", "x".repeat(100_000))])
        .assert_code(1);
    assert!(odd.err.len() < 1000 && !odd.err.contains('\u{1b}'), "{}", odd.err);
}

#[test]
fn every_rule_can_be_explained() {
    let here = Policies::new();
    let list = here.run(&["list", "--format", "json"]).assert_code(0).json();
    for rule in list["rules"].as_array().unwrap() {
        let id = word(&rule["id"]);
        let document = here
            .run(&["explain", &id, "--format", "json"])
            .assert_code(0)
            .json();
        assert_eq!(document["id"], rule["id"]);
        for condition in document["conditions"].as_array().unwrap() {
            let words = condition["words"].as_array().unwrap();
            assert!(!words.is_empty(), "{id}");
            for line in words {
                let line = word(line);
                assert!(
                    !line.contains("==") && !line.contains("&&") && !line.contains('('),
                    "{id}: {line}"
                );
            }
        }
    }
}

#[test]
fn a_rule_that_nothing_can_reach_is_found() {
    let here = Policies::new();
    assert!(here.lint(TINY).is_empty());
    let rule = |scope: &str| {
        with(&format!(
            "[[rule]]\nid = \"odd\"\nsection = [\"9\"]\nkind = \"permit\"\nsummary = \"x\"\noperations = [\"use\"]\ngrants = [\"purpose\"]\n{scope}"
        ))
    };
    for scope in [
        "data = [\"email\", \"!contact\"]",
        "purposes = [\"service\", \"!service\"]",
        "products = [\"!shop\"]",
        // A permit covers what lies inside it, and the group does not.
        "data = [\"contact\"]\nonly-data = [\"contact\", \"!email\", \"!phone\"]",
        "recipients = [\"!partner\"]",
    ] {
        assert_eq!(
            here.lint(&rule(scope)),
            [("unreachable-rule".to_owned(), "odd".to_owned())],
            "{scope}"
        );
    }
    assert!(here.lint(&rule("data = [\"email\"]")).is_empty());
}

#[test]
fn a_condition_that_says_nothing_is_found() {
    let here = Policies::new();
    let rule = |conditions: &str| {
        with(&format!(
            "[[rule]]\nid = \"odd\"\nsection = [\"9\"]\nkind = \"deny\"\nsummary = \"x\"\noperations = [\"share\"]\n{conditions}"
        ))
    };
    let constant = [("constant-condition".to_owned(), "odd".to_owned())];
    for conditions in [
        // Where holding works against the processing, not knowing counts as holding.
        "when = 'known(ref)'",
        "when = '!(switch == \"on\") || switch == \"on\"'",
        "when = 'switch != \"on\" || switch != \"off\"'",
        "unless = 'switch == \"on\" && switch == \"off\"'",
        "unless = 'count < 3 && 5 < count'",
        "unless = 'operation == \"use\"'",
        "unless = 'switch == \"on\" && operation == \"use\"'",
        "unless = 'switch in [\"on\"] && !(switch in [\"on\", \"off\"])'",
    ] {
        assert_eq!(here.lint(&rule(conditions)), constant, "{conditions}");
    }
    // Each condition is fine by itself, and together they leave nothing.
    let excluding =
        "if-known = 'switch == \"on\"'\nunless = 'switch in [\"on\", \"off\"]'\nsets = { count = 1 }";
    let excluding = rule(excluding).replace(
        "kind = \"deny\"\nsummary = \"x\"",
        "kind = \"classify\"\nsummary = \"x\"",
    );
    assert_eq!(here.lint(&excluding), constant);
    for conditions in [
        "when = 'switch == \"on\"'",
        "unless = 'known(ref)'",
        "unless = 'count < 3 || 5 < count'",
        "unless = '\"a\" in words && !(\"b\" in words)'",
        "unless = 'category in [\"email\"]'",
    ] {
        assert!(here.lint(&rule(conditions)).is_empty(), "{conditions}");
    }
}

#[test]
fn a_condition_too_large_to_try_is_left_alone() {
    let here = Policies::new();
    let words: Vec<String> = (0..12).map(|at| format!("\"w{at}\" in words")).collect();
    let rule = format!(
        "[[rule]]\nid = \"odd\"\nsection = [\"9\"]\nkind = \"deny\"\nsummary = \"x\"\noperations = [\"share\"]\nunless = '{}'\n",
        words.join(" && ")
    );
    assert!(here.lint(&with(&rule)).is_empty());
}

#[test]
fn a_permit_of_which_a_ban_leaves_nothing_is_found() {
    let here = Policies::new();
    let ban = |rest: &str| {
        with(&format!(
            "[[rule]]\nid = \"ban\"\nsection = [\"9\"]\nsummary = \"x\"\noperations = [\"all\"]\n{rest}"
        ))
    };
    let shadowed = [("shadowed-permit".to_owned(), "marketing-use".to_owned())];
    for rest in [
        "kind = \"deny\"\npurposes = [\"marketing\"]",
        "kind = \"deny\"\npurposes = [\"marketing\"]\nwhen = 'count < 9'",
        "kind = \"deny\"\npurposes = [\"marketing\"]\nunless = '3 < count'",
        "kind = \"require\"\npurposes = [\"marketing\"]\nmust = '4 < count'",
    ] {
        assert_eq!(here.lint(&ban(rest)), shadowed, "{rest}");
    }
    for rest in [
        "kind = \"deny\"\npurposes = [\"marketing\"]\ndata = [\"phone\"]",
        "kind = \"deny\"\npurposes = [\"marketing\"]\nwhen = 'count < 3'",
        "kind = \"deny\"\npurposes = [\"marketing\"]\nunless = 'switch == \"on\"'",
        "kind = \"require\"\npurposes = [\"marketing\"]\nmust = 'count < 2'",
    ] {
        assert!(here.lint(&ban(rest)).is_empty(), "{rest}");
    }
}

#[test]
fn a_purpose_that_nothing_permits_is_found_and_can_be_allowed() {
    let here = Policies::new();
    let policy = TINY.replace(
        "[[operation]]\nid = \"use\"",
        "[[purpose]]\nid = \"idle\"\nparents = [\"any\"]\nsection = [\"1\"]\nmeaning = \"nothing\"\n[[operation]]\nid = \"use\"",
    );
    assert_eq!(
        here.lint(&policy),
        [("unpermitted-purpose".to_owned(), "idle".to_owned())]
    );
    let allow =
        "[[allow]]\nlint = \"unpermitted-purpose\"\npurpose = \"idle\"\nreason = \"nobody needs it yet\"\n";
    assert!(here.lint(&format!("{policy}{allow}")).is_empty());
    // An exception that nothing needs is a finding itself.
    let unused = [("unused-allowance".to_owned(), "marketing".to_owned())];
    assert_eq!(
        here.lint(&format!("{TINY}{}", allow.replace("idle", "marketing"))),
        unused
    );
}

#[test]
fn an_allowance_names_what_exists_and_why() {
    let here = Policies::new();
    for (allow, message) in [
        (
            "lint = \"constant-conditon\"\nrule = \"service-use\"\nreason = \"x\"",
            "did you mean `constant-condition`?",
        ),
        (
            "lint = \"constant-condition\"\nrule = \"servce-use\"\nreason = \"x\"",
            "did you mean `service-use`?",
        ),
        (
            "lint = \"unpermitted-purpose\"\nrule = \"service-use\"\nreason = \"x\"",
            "lacks `purpose`",
        ),
        (
            "lint = \"ambiguity-without-case\"\nambiguity = \"A13\"\nreason = \"x\"",
            "did you mean `A12`?",
        ),
        (
            "lint = \"constant-condition\"\nrule = \"service-use\"",
            "lacks `reason`",
        ),
        (
            "lint = \"constant-condition\"\nrule = \"service-use\"\nreason = \" \"",
            "without a reason",
        ),
        (
            "lint = \"unused-allowance\"\nrule = \"service-use\"\nreason = \"x\"",
            "cannot be allowed",
        ),
        (
            "lint = \"constant-condition\"\nrule = \"service-use\"\nreason = \"x\"\nwhy = 1",
            "unknown key",
        ),
    ] {
        here.policy("p", &with(&format!("[[allow]]\n{allow}\n")));
        let ran = here.run(&["check", "p"]).assert_code(2);
        assert!(ran.out.contains(message), "{message}: {}", ran.out);
    }
}

#[test]
fn a_broken_folder_is_shown_with_places() {
    let here = Policies::new();
    here.policy(
        "p",
        &TINY
            .replace("data = [\"contact\"]\nwhen", "data = [\"contakt\"]\nwhen")
            .replace("switch == \"on\"", "swich == \"on\""),
    );
    let ran = here.run(&["check", "p"]).assert_code(2);
    assert!(
        ran.out.contains("unknown data category `contakt`") && ran.out.contains("did you mean `contact`?"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("policy.toml:") && ran.out.contains("2 problems in p"),
        "{ran:?}"
    );
    let document = here
        .run(&["check", "p", "--format", "json"])
        .assert_code(2)
        .json();
    let problem = &document["diagnostics"][0];
    assert!(
        problem["line"].as_u64().unwrap() > 1 && problem["column"].as_u64().unwrap() > 1,
        "{problem}"
    );
    assert_eq!(document["ok"], false);
    // Any other command cannot go on with it.
    let ran = here.run(&["list", "--baseline", "p"]).assert_code(1);
    assert!(ran.err.contains("contakt") && ran.out.is_empty(), "{ran:?}");
}

#[test]
fn folders_that_hold_no_policy_are_errors() {
    let here = Policies::new();
    std::fs::create_dir(here.here.dir.path().join("empty")).unwrap();
    here.here.write("file.toml", b"x = 1");
    for (folder, message) in [
        ("empty", "there is no `.toml` file in `empty`"),
        ("nowhere", "cannot read nowhere"),
        ("file.toml", "cannot read file.toml"),
    ] {
        for arguments in [
            vec!["check", folder],
            vec!["lint", "--without-cases", "--baseline", folder],
        ] {
            let ran = here.run(&arguments).assert_code(1);
            assert!(ran.err.contains(message), "{ran:?}");
        }
    }
    let ran = here.run(&["diff", "2025-10-10", "2025-10-11"]).assert_code(1);
    assert!(ran.err.contains("did you mean `2025-10-10`?"), "{ran:?}");
    here.run(&[]).assert_code(1);
    here.run(&["explain"]).assert_code(1);
    here.run(&["lint", "--without-cases", "--cases", "x"])
        .assert_code(1);
}

#[test]
fn odd_text_is_a_problem_and_nothing_else() {
    let here = Policies::new();
    let deep = format!("x = {}1{}", "[".repeat(5000), "]".repeat(5000));
    let many: String = (0..20_000)
        .map(|at| format!("[[rule]]\nid = \"r{at}\"\n"))
        .collect();
    let long = with(&format!(
        "[[rule]]\nid = \"{}\"\nsection = [\"1\"]\nkind = \"x\"\nsummary = \"x\"\n",
        "y".repeat(200_000)
    ));
    for text in [
        "",
        "\u{0}",
        "[[rule]]",
        "rule = 1",
        deep.as_str(),
        many.as_str(),
        long.as_str(),
        "id = \"\u{1b}[31m\"",
    ] {
        here.policy("p", text);
        let ran = here.run(&["check", "p"]).assert_code(2);
        assert!(
            !ran.out.contains('\u{1b}') && ran.out.len() < 200_000 * 3,
            "{}",
            ran.out.len()
        );
    }
    std::fs::write(here.here.dir.path().join("p/policy.toml"), b"\xff\xfe").unwrap();
    let ran = here.run(&["check", "p"]).assert_code(1);
    assert!(ran.err.contains("policy.toml"), "{ran:?}");
}

#[test]
fn a_version_does_not_differ_from_itself() {
    let here = Policies::new();
    let folder = root().join("baseline/2025-10-10");
    let ran = here
        .run(&["diff", "2025-10-10", folder.to_str().unwrap()])
        .assert_code(0);
    assert!(ran.out.contains("0 changes"), "{ran:?}");
}

#[test]
fn each_change_goes_the_way_it_is_said_to_go() {
    let here = Policies::new();
    let rule = |kind: &str, rest: &str| {
        format!(
            "grants = [\"purpose\"]\n[[rule]]\nid = \"new\"\nsection = [\"9\"]\nkind = \"{kind}\"\nsummary = \"x\"\noperations = [\"use\"]\n{rest}\n[[rule]]\nid = \"no-places\""
        )
    };
    let before = "grants = [\"purpose\"]\n[[rule]]\nid = \"no-places\"";
    for (from, to, effect, code) in [
        // Whole rules.
        (before, rule("permit", "grants = [\"purpose\"]"), "rule new added: widens", 2),
        (before, rule("deny", ""), "rule new added: narrows", 0),
        (before, rule("require", "must = 'known(ref)'"), "rule new added: narrows", 0),
        (before, rule("advice", ""), "rule new added: same", 0),
        (before, rule("oblige", "obligations = [{ id = \"tell\", timing = \"after\" }]"), "rule new added: narrows", 0),
        (before, rule("classify", "if-known = 'known(ref)'\nsets = { switch = \"on\" }"), "rule new added: check", 2),
        (before, rule("permit", "grants = [\"purpose\"]\nelse-deny = [\"share\"]"), "rule new added: check", 2),
        // Scopes.
        ("data = [\"email\"]", "data = [\"email\", \"phone\"]".to_owned(), "rule marketing-use changed: widens", 2),
        ("data = [\"contact\"]", "data = [\"email\"]".to_owned(), "rule service-use changed: narrows", 0),
        ("data = [\"place\"]", "data = [\"place\", \"email\"]".to_owned(), "rule no-places changed: narrows", 0),
        ("data = [\"place\"]", "data = [\"phone\"]".to_owned(), "rule no-places changed: check", 2),
        ("operations = [\"share\"]\ndata", "operations = [\"all\"]\ndata".to_owned(), "rule no-places changed: narrows", 0),
        ("purposes = [\"marketing\"]", "".to_owned(), "rule marketing-use changed: widens", 2),
        ("grants = [\"purpose\"]", "grants = [\"purpose\", \"recipient\"]".to_owned(), "rule service-use changed: widens", 2),
        // Conditions.
        ("count <= 3", "count <= 2".to_owned(), "rule marketing-use changed: narrows", 0),
        ("count <= 3", "count < 4".to_owned(), "rule marketing-use changed: same", 0),
        ("count <= 3", "count <= 4".to_owned(), "rule marketing-use changed: widens", 2),
        ("known(ref) && count <= 3", "known(ref)".to_owned(), "rule marketing-use changed: widens", 2),
        ("known(ref) && count <= 3", "count <= 3 && known(ref)".to_owned(), "rule marketing-use changed: same", 0),
        ("known(ref) && count <= 3", "known(ref) || count <= 3".to_owned(), "rule marketing-use changed: widens", 2),
        ("known(ref) && count <= 3", "known(ref) && switch == \"on\"".to_owned(), "rule marketing-use changed: check", 2),
        ("unless = 'known(ref)'", "unless = 'known(ref) && switch == \"on\"'".to_owned(), "rule no-places changed: narrows", 0),
        ("unless = 'known(ref)'", "unless = 'known(ref) || switch == \"on\"'".to_owned(), "rule no-places changed: widens", 2),
        ("unless = 'known(ref)'\n", "".to_owned(), "rule no-places changed: narrows", 0),
        // Duties, kinds and words.
        ("obligations = [{ id = \"tell\", timing = \"after\" }]", "".to_owned(), "rule no-places changed: widens", 2),
        ("timing = \"after\"", "timing = \"before\"".to_owned(), "rule no-places changed: check", 2),
        ("summary = \"marketing uses addresses\"", "summary = \"other words\"".to_owned(), "rule marketing-use changed: same", 0),
        // The vocabulary.
        ("[[category]]\nid = \"place\"", "[[category]]\nid = \"fax\"\nparents = [\"contact\"]\nsection = [\"1\"]\nmeaning = \"x\"\n[[category]]\nid = \"place\"".to_owned(), "rule service-use changed: widens; category fax added: widens; product shop changed: widens", 2),
        ("[[purpose]]\nid = \"marketing\"", "[[purpose]]\nid = \"idle\"\nparents = [\"any\"]\nsection = [\"1\"]\nmeaning = \"x\"\n[[purpose]]\nid = \"marketing\"".to_owned(), "rule no-places changed: narrows; purpose idle added: same; product shop changed: widens", 2),
        ("meaning = \"a number\"", "meaning = \"another\"".to_owned(), "", 0),
        ("[[recipient]]", "[[recipient]]\nid = \"friend\"\nsection = [\"1\"]\nmeaning = \"x\"\n[[recipient]]".to_owned(), "recipient friend added: same", 0),
        ("axes = [\"purpose\", \"recipient\"]", "axes = [\"purpose\"]".to_owned(), "operation share changed: widens", 2),
        ("values = [\"on\", \"off\"]\n", "values = [\"on\", \"off\"]\nunknown = \"off\"\n".to_owned(), "rule service-use changed: check; fact switch changed: check", 2),
        ("data = [\"information\"]", "data = [\"contact\"]".to_owned(), "product shop changed: narrows", 0),
        ("text = \"tell the person\"", "text = \"tell\"".to_owned(), "obligation tell changed: same", 0),
    ] {
        assert_eq!(here.effect(from, &to), (effect.to_owned(), code), "{from} → {to}");
    }
}

#[test]
fn a_change_seen_from_the_other_side_goes_the_other_way() {
    let here = Policies::new();
    let wider = TINY.replace("count <= 3", "count <= 9");
    here.policy("a", TINY).policy("b", &wider);
    let forth = here.run(&["diff", "a", "b"]).assert_code(2);
    assert!(
        forth.out.contains("holds in more cases than before") && forth.out.contains("1 widen"),
        "{forth:?}"
    );
    let back = here.run(&["diff", "b", "a"]).assert_code(0);
    assert!(
        back.out.contains("holds in fewer cases than before") && back.out.contains("1 narrow"),
        "{back:?}"
    );
}

/// Cases about Find device, whose plugin permits all that it declares.
const CASES: &str = r#"
[base.request]
product = "find-device"
operation = "collect"
purpose = "find-device"
data = ["device-find-location"]
at = 2026-11-23T10:00:00Z

[[case]]
name = "find-device-switch: the switch is off"
given = { "controls.find_device" = "off" }
deciding = ["find-device-switch"]
obligations = ["erase-or-isolate-location after"]

[[case]]
name = "find-device-switch: the switch is on"
decision = "permit"
considered = ["find-device-switch"]

[[case]]
name = "a13-b: named after one"
decision = "permit"
"#;

fn with_cases(cases: &str) -> Policies {
    let here = Policies::new();
    let folder = here.here.dir.path().join("tests/cases");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(
        root().join("tests/cases/permissive.toml"),
        folder.join("permissive.toml"),
    )
    .unwrap();
    here.here.write("tests/cases/one.toml", cases.as_bytes());
    here
}

fn rule<'d>(document: &'d Value, id: &str) -> &'d Value {
    document["rules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == id)
        .unwrap()
}

#[test]
fn cases_show_rules_both_ways() {
    let here = with_cases(CASES);
    let document = here.run(&["coverage", "--format", "json"]).assert_code(2).json();
    // What the policy allows no case to show stands there with the reason.
    assert!(rule(&document, "request-deadline")["allowed"].is_string());
    assert!(rule(&document, "find-device-switch")["allowed"].is_null());
    assert_eq!(document["failed"], json!([]));
    let switch = rule(&document, "find-device-switch");
    assert_eq!(
        (&switch["decides"], &switch["spares"]),
        (&json!([0]), &json!([1, 2]))
    );
    assert_eq!(switch["gaps"], json!([]));
    let other = rule(&document, "themes-recommendation");
    assert_eq!(other["gaps"].as_array().unwrap().len(), 3, "{other}");
    assert_eq!(rule(&document, "li-register")["gaps"], json!([]));
    let section = document["sections"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["section"] == "3.2-E8")
        .unwrap();
    assert!(
        section["rules"]
            .as_array()
            .unwrap()
            .contains(&json!("find-device-switch"))
    );

    let human = here.run(&["coverage"]).assert_code(2);
    assert!(
        human.out.contains("what no case reaches") && human.out.contains("themes-recommendation"),
        "{human:?}"
    );
    assert!(!human.out.contains("  find-device-switch deny"), "{human:?}");
    let explained = here.run(&["explain", "find-device-switch"]).assert_code(0);
    assert!(
        explained.out.contains("it decides: 1") && explained.out.contains("the switch is off"),
        "{explained:?}"
    );
}

#[test]
fn lint_misses_cases_where_there_are_none() {
    let here = with_cases(CASES);
    let document = here.run(&["lint", "--format", "json"]).assert_code(2).json();
    let findings = document["findings"].as_array().unwrap();
    let about = |lint: &str, subject: &str| {
        findings
            .iter()
            .filter(|it| it["lint"] == lint && it["subject"] == subject)
            .count()
    };
    assert_eq!(about("rule-without-case", "find-device-switch"), 0);
    assert_eq!(about("deny-without-case", "find-device-switch"), 0);
    assert_eq!(about("deny-without-case", "ad-services-switch"), 1);
    assert_eq!(about("rule-without-case", "themes-recommendation"), 2);
    assert_eq!(about("ambiguity-without-case", "A18"), 1);
    // `a13-…` is named after A13, and not after A1.
    assert_eq!(about("ambiguity-without-case", "A1"), 1);
    assert_eq!(about("ambiguity-without-case", "A13"), 0);
}

#[test]
fn a_case_that_fails_shows_nothing() {
    let here = with_cases(&CASES.replace("deciding = [\"find-device-switch\"]", "decision = \"permit\""));
    let document = here.run(&["coverage", "--format", "json"]).assert_code(2).json();
    assert_eq!(document["failed"][0]["case"], 0);
    assert_eq!(rule(&document, "find-device-switch")["decides"], json!([]));
    let human = here.run(&["coverage"]).assert_code(2);
    assert!(
        human.out.contains("decision: expected permit, got deny"),
        "{human:?}"
    );
    let lint = here.run(&["lint"]).assert_code(2);
    assert!(lint.err.contains("1 case gets another answer"), "{lint:?}");
}

#[test]
fn a_case_that_is_skipped_shows_nothing() {
    let here = with_cases(&CASES.replace(
        "deciding = [\"find-device-switch\"]",
        "deciding = [\"find-device-switch\"]\nskip = \"not asked yet\"",
    ));
    let document = here.run(&["coverage", "--format", "json"]).assert_code(2).json();
    assert_eq!(document["failed"], json!([]));
    assert_eq!(document["cases"].as_array().unwrap().len(), 2);
    assert_eq!(rule(&document, "find-device-switch")["decides"], json!([]));
}

#[test]
fn cases_say_how_a_plugin_stands() {
    let cases = |stand: &str, kind: &str| {
        let here = with_cases(&format!(
            "plugins.find-device = \"{stand}\"\n{}\n[variations]\n\"it stands so\" = {{ deny-kind = \"{kind}\" }}\n",
            CASES.split("[[case]]").next().unwrap()
        ));
        let broken = root().join("tests/hostile/trap.wat");
        std::fs::copy(broken, here.here.dir.path().join("tests/cases/broken.wat")).unwrap();
        std::fs::write(
            here.here.dir.path().join("tests/cases/refused.wat"),
            "(component)",
        )
        .unwrap();
        here.run(&["coverage", "--format", "json"])
    };
    for (stand, kind) in [("absent", "not-loaded"), ("broken.wat", "plugin-failed")] {
        let document = cases(stand, kind).assert_code(2).json();
        assert_eq!(document["failed"], json!([]), "{stand}");
        assert_eq!(document["cases"].as_array().unwrap().len(), 1);
    }
    let gone = cases("gone.wat", "plugin-failed").assert_code(1);
    assert!(
        gone.err.contains("gone.wat`, the code of `find-device`"),
        "{gone:?}"
    );
    let refused = cases("refused.wat", "not-loaded").assert_code(1);
    assert!(refused.err.contains("refused.wat"), "{refused:?}");
    let odd = cases("present", "plugin-failed").assert_code(1);
    assert!(
        odd.err.contains("one.toml:1:") && odd.err.contains("a plugin is `absent`"),
        "{odd:?}"
    );
}

#[test]
fn the_page_needs_nothing_else_and_trusts_nothing() {
    let here = with_cases(&CASES.replace("the switch is on", "<script>alert(1)</script> & on"));
    let page = here.run(&["coverage", "--format", "html"]).assert_code(2).out;
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; on"));
    for outside in ["<script", "http:", "https:", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    for tag in ["table", "tbody", "details", "ul", "tr", "td"] {
        let (open, close) = (
            page.matches(&format!("<{tag}")).count(),
            page.matches(&format!("</{tag}>")).count(),
        );
        // `<t` of one tag begins others.
        assert!(open >= close && close > 0, "{tag}: {open} {close}");
    }
    assert!(page.contains("<tr id=\"find-device-switch\">"));
}

#[test]
fn without_cases_or_plugins_it_says_what_is_missing() {
    let here = Policies::new();
    let ran = here.run(&["coverage"]).assert_code(1);
    assert!(
        ran.err
            .contains("there are no cases: name a folder of them with `--cases DIR`"),
        "{ran:?}"
    );
    let ran = here.run(&["lint", "--plugins", "nowhere"]).assert_code(1);
    assert!(ran.err.contains("run `licit build` first"), "{ran:?}");
    let ran = here.run(&["coverage", "--cases", "nowhere"]).assert_code(1);
    assert!(ran.err.contains("cannot read nowhere"), "{ran:?}");
    let broken = with_cases("[[case]]\nnam = \"x\"");
    let ran = broken.run(&["coverage"]).assert_code(1);
    assert!(
        ran.err.contains("one.toml:") && ran.err.contains("did you mean `name`?"),
        "{ran:?}"
    );
}

#[test]
fn a_manifest_alone_stands_for_a_plugin() {
    let here = with_cases(CASES);
    let folder = here.here.dir.path().join("manifests");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(here.here.dir.path().join("none")).unwrap();
    std::fs::copy(
        root().join("plugins/find-device/plugin.toml"),
        folder.join("find-device.toml"),
    )
    .unwrap();
    let arguments = ["coverage", "--plugins", "none", "--format", "json"];
    let without = here.run(&arguments).assert_code(2).json();
    assert_eq!(
        without["failed"].as_array().unwrap().len(),
        2,
        "{}",
        without["failed"]
    );
    let with = here
        .run(&[&arguments[..], &["--fixtures", "manifests"]].concat())
        .assert_code(2)
        .json();
    assert_eq!(with["failed"], json!([]));
    assert!(Path::new(&folder).is_dir());
}
