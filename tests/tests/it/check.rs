//! The reviewer's bench: every check finds something, and the plugins of the project are found to be in order.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use licit_conformance::check::{CHECKS, Checker, Report, Severity, passes};
use licit_conformance::with_manifest;
use licit_host::sandbox::Verdict;

use crate::setup;
use crate::support;

static CHECKER: LazyLock<Checker> = LazyLock::new(|| {
    let checker = Checker::new().expect("sandboxes");
    checker.loaded_at(setup::AT.parse().expect("an instant"))
});

/// A manifest of one activity with one category; `more` are further lines of the activity.
fn manifest(more: &str) -> String {
    let activity = "purpose = \"fraud-prevention\"\noperations = [\"use\"]\ndata = [\"device-attribute\"]\n\
                    necessary = true\nlegal-basis = \"contract\"\n";
    setup::manifest("security-app", &format!("{activity}{more}"))
}

fn without(manifest: &str, table: &str) -> String {
    let (before, after) = manifest.split_once(table).expect("the table");
    let rest = after.split_once("\n\n").map_or("", |(_, rest)| rest);
    format!("{before}{rest}")
}

/// The code of the fixtures with another part in the place of one of its own.
fn instead(of: &str, put: &str, manifest: &str) -> Vec<u8> {
    let text = setup::text("plugins/always-permit.wat");
    assert!(text.contains(of), "the code of the fixtures has {of}");
    setup::packed_text(&text.replacen(of, put, 1), manifest)
}

/// Code that permits where this expression is not zero, and denies for the reason `n1` where it is.
fn permits_if(expression: &str, manifest: &str) -> Vec<u8> {
    let body = "(i32.const 16))\n    (func (export \"post-return\")";
    let put = format!(
        "(select (i32.const 16) (i32.const 48) {expression}))\n\
         (data (i32.const 48) \"\\01\\00\\00\\00\\40\\00\\00\\00\\02\\00\\00\\00\") (data (i32.const 64) \"n1\")\n\
         (func (export \"post-return\")"
    );
    instead(body, &put, manifest)
}

/// One plugin for each check that finds something in it.
fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let hostile = |file: &str| setup::packed(&format!("hostile/{file}.wat"), &manifest(""));
    let second_category = manifest("").replace("\"device-attribute\"", "\"device-attribute\", \"app-list\"");
    let memory = "(memory (export \"memory\") 1)";
    vec![
        ("valid-component", hostile("core-module")),
        ("within-bounds", hostile("big-memory")),
        ("no-imports", hostile("imports-clock")),
        ("exact-world", hostile("newer-version")),
        (
            "manifest-present",
            wat::parse_str(setup::text("hostile/good/permit.wat")).unwrap(),
        ),
        (
            "manifest-valid",
            setup::always_permit(&manifest("").replace("device-attribute", "device-atribute")),
        ),
        (
            "manifest-doubts",
            setup::always_permit(&manifest("").replace(
                "\"device-attribute\"",
                "\"device-attribute\", \"personal-information\"",
            )),
        ),
        (
            "loads",
            setup::always_permit(&manifest("").replace("2026-11-01", "2019-11-01")),
        ),
        (
            "one-page",
            instead(memory, "(memory (export \"memory\") 2)", &manifest("")),
        ),
        (
            "no-floats",
            instead(
                memory,
                &format!("{memory} (func (result f32) (f32.const 0.5))"),
                &manifest(""),
            ),
        ),
        (
            "no-start",
            instead(
                memory,
                &format!("{memory} (func $start) (start $start)"),
                &manifest(""),
            ),
        ),
        ("other-exports", hostile("good/other-exports")),
        (
            "compiled-tier",
            setup::always_permit(&manifest("").replace("review-date", "tier = \"interpreted\"\nreview-date")),
        ),
        ("total", hostile("trap")),
        ("bounded", hostile("loop")),
        (
            "headroom",
            permits_if(
                "(block (result i32) (local.set $facts (i32.const 1300000)) (loop $again (br_if $again \
                 (local.tee $facts (i32.sub (local.get $facts) (i32.const 1))))) (i32.const 1))",
                &manifest(""),
            ),
        ),
        ("well-formed-verdicts", hostile("bad-id")),
        (
            "declared-reasons",
            setup::denies(&without(&manifest(""), "[reason.n1]")),
        ),
        (
            "declared-obligations",
            setup::packed(
                "hostile/good/permit.wat",
                &without(&manifest(""), "[obligation.n1]"),
            ),
        ),
        ("reason-used", setup::always_permit(&manifest(""))),
        ("obligation-used", setup::always_permit(&manifest(""))),
        (
            "fact-used",
            setup::always_permit(&manifest("reads = [\"subject.child_signal\"]")),
        ),
        ("permits-something", setup::denies(&manifest(""))),
        (
            "fact-removed",
            permits_if(
                "(i32.eqz (local.get $facts-len))",
                &manifest("optional-reads = [\"subject.second_factor\"]"),
            ),
        ),
        (
            "category-added",
            permits_if("(i32.gt_u (local.get $data-len) (i32.const 1))", &second_category),
        ),
    ]
}

fn found(report: &Report) -> BTreeSet<&'static str> {
    report.findings.iter().map(|finding| finding.check.id).collect()
}

/// Code that counts its calls cannot run in the sandbox: every call is the first. So it runs here.
fn that_counts() -> Report {
    let calls = AtomicUsize::new(0);
    let report = CHECKER.check_answers("counts", &manifest(""), |_| {
        let odd = calls.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        let verdict = if odd {
            Verdict::Deny("n1".to_owned())
        } else {
            Verdict::Permit(vec!["n1".to_owned()])
        };
        Ok((verdict, 1, 1))
    });
    report.unwrap()
}

#[test]
fn every_check_finds_a_plugin_that_is_made_for_it() {
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for (id, bytes) in bad() {
        let report = CHECKER.check(id, &bytes);
        assert!(found(&report).contains(id), "{report}");
        shown.insert(id);
    }
    let report = that_counts();
    assert!(found(&report).contains("deterministic"), "{report}");
    shown.insert("deterministic");
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(shown, all, "a check without a plugin that it finds");
}

#[test]
fn a_check_alone_finds_what_it_looks_for_and_nothing_else() {
    let looking = Checker::new()
        .unwrap()
        .only(vec![licit_conformance::check::find("one-page").unwrap()]);
    for (id, bytes) in bad() {
        let report = looking.check(id, &bytes);
        assert!(report.asked.is_none(), "nothing is asked for a check of the file");
        assert!(
            found(&report).is_subset(&BTreeSet::from(["one-page"])),
            "{report}"
        );
        assert!(id != "one-page" || !report.findings.is_empty(), "{report}");
    }
}

#[test]
fn what_was_asked_is_told() {
    let report = CHECKER.check("x", &setup::always_permit(&manifest("")));
    let asked = report.asked.as_ref().unwrap();
    assert_eq!(asked.requests, 1);
    assert_eq!(asked.activities, [("only".to_owned(), true)]);
    assert!(
        asked
            .to_string()
            .starts_with("1 request, all there are; fuel at most "),
        "{asked}"
    );
    let open = setup::always_permit(&manifest("reads = [\"order.ref\"]"));
    let report = CHECKER.check("x", &open);
    let asked = report.asked.as_ref().unwrap();
    assert_eq!(asked.activities, [("only".to_owned(), false)]);
    assert!(
        asked
            .to_string()
            .contains("a sample of those of only with seed 1"),
        "{asked}"
    );
    assert_eq!(report.to_json()["asked"]["seed"], 1);
}

#[test]
fn every_hostile_file_is_found_out_and_echoes_nothing() {
    /// What they do to others is nothing: every call is the first. Their verdict is one that the manifest declares.
    const HARMLESS: [&str; 2] = ["remembers", "remembers-far"];
    let folder = support::root().join("tests/hostile");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "wat"));
    let mut count = 0;
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = with_manifest(wat::parse_file(&path).unwrap(), &manifest(""));
        let report = CHECKER.check(&name, &bytes);
        let errors = report.count(Severity::Error);
        assert_eq!(errors == 0, HARMLESS.contains(&name.as_str()), "{report}");
        let text = report.to_string();
        assert!(
            !text.contains(|it: char| it.is_control() && it != '\n'),
            "{name}: {text:?}"
        );
        count += 1;
    }
    assert!(count >= 48, "{count}");
}

#[test]
fn cut_bent_and_random_files_are_findings() {
    let good = setup::always_permit(&manifest(""));
    assert_eq!(CHECKER.check("good", &good).count(Severity::Error), 0);
    for length in 0..good.len() {
        // A cut between two sections leaves a component that lacks what came behind it.
        let report = CHECKER.check("cut", &good[..length]);
        assert!(report.count(Severity::Error) > 0, "{length}: {report}");
    }
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..300 {
        let mut bent = good.clone();
        let at = next() % bent.len();
        bent[at] ^= 1 << (next() % 8);
        // It may still be a plugin; it must never be the end of whoever looks at it.
        let text = CHECKER.check("bent", &bent).to_string();
        assert!(
            !text.contains(|it: char| it.is_control() && it != '\n'),
            "{text:?}"
        );
    }
    for length in [0, 1, 8, 100, 10_000] {
        let noise: Vec<u8> = (0..length).map(|_| (next() & 0xff) as u8).collect();
        let report = CHECKER.check("noise", &noise);
        assert!(found(&report).contains("valid-component"), "{report}");
    }
}

#[test]
fn text_of_a_manifest_does_not_reach_the_terminal() {
    let shouting = manifest("").replace("device-attribute", "device\\u001b[31m\\u202eattribute");
    let report = CHECKER.check("x", &setup::always_permit(&shouting));
    let text = report.to_string();
    assert!(found(&report).contains("manifest-valid"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
}

#[test]
fn every_plugin_of_the_project_passes() {
    let plugins = licit_conformance::built(support::built_plugins()).unwrap();
    assert_eq!(plugins.len(), 34);
    for (name, bytes) in &plugins {
        let report = CHECKER.check(name, bytes);
        assert_eq!(report.count(Severity::Error), 0, "{report}");
        assert!(report.asked.unwrap().requests > 0);
    }
}

#[test]
fn a_file_is_checked_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.wasm");
    let error = passes(&file).unwrap_err();
    assert!(error.to_string().starts_with("cannot read `"), "{error}");
    std::fs::write(&file, setup::denies(&without(&manifest(""), "[reason.n1]"))).unwrap();
    let error = format!("{:?}", passes(&file).unwrap_err());
    assert!(
        error.contains("error[declared-reasons]: the reason `n1` is not declared"),
        "{error}"
    );
    assert!(
        error.contains("at: activity `only`, use of device-attribute"),
        "{error}"
    );
    assert!(error.contains("fix: declare it as `[reason.ID]`"), "{error}");
}
