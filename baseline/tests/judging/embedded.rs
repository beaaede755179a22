//! The embedded policy as data: complete, readable, and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use licit_baseline::{Baseline, RuleKind};

use crate::support::World;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("2025-10-10")
}

fn files(folder: &Path, inside: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{inside}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            found.extend(files(&path, &format!("{name}/")));
        } else {
            found.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    found
}

#[test]
fn the_folder_reads_without_a_complaint() {
    let files = files(&folder(), "");
    let read = Baseline::read(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let baseline = read.unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(baseline.version(), "2025-10-10");
    assert_eq!(baseline.effective().to_string(), "2025-10-10T00:00:00Z");
}

#[test]
fn every_file_of_the_folder_is_embedded() {
    let list = include_str!("../../src/embedded.rs");
    for (name, _) in files(&folder(), "") {
        assert!(
            list.contains(&format!("\"{name}\"")),
            "{name} is not in src/embedded.rs"
        );
    }
}

#[test]
fn every_rule_says_what_it_means_and_where_it_stands() {
    for (_, rule) in Baseline::embedded().rules().iter() {
        let id = &rule.id;
        assert!(!rule.section.is_empty(), "{id} cites no section");
        assert!(
            rule.section.iter().all(|it| !it.contains('§')),
            "{id} writes the section sign"
        );
        for text in [Some(&rule.summary), rule.reading.as_ref()].into_iter().flatten() {
            assert!(text.len() > 20, "{id} says too little");
            assert!(!text.ends_with('.'), "{id} ends its sentence with a dot");
        }
        for ambiguity in &rule.ambiguities {
            let number: Option<u8> = ambiguity.strip_prefix('A').and_then(|it| it.parse().ok());
            assert!(
                number.is_some_and(|it| (1..=49).contains(&it)),
                "{id} settles {ambiguity}"
            );
        }
        assert_eq!(rule.values.is_empty(), rule.kind != RuleKind::Register, "{id}");
    }
}

#[test]
fn the_rules_are_counted() {
    let baseline = Baseline::embedded();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, rule) in baseline.rules().iter() {
        *counts.entry(rule.kind.as_str()).or_default() += 1;
    }
    let expected = [
        ("permit", 76),
        ("deny", 35),
        ("require", 37),
        ("oblige", 18),
        ("classify", 9),
        ("engine", 9),
        ("register", 1),
        ("advice", 4),
    ];
    assert_eq!(counts, expected.into());
    assert_eq!(baseline.compiled_rules(), 175);
}

#[test]
fn every_duty_is_somebodys() {
    let baseline = Baseline::embedded();
    let rules = baseline.rules();
    let owed: BTreeSet<_> = rules
        .iter()
        .flat_map(|(_, rule)| &rule.obligations)
        .map(|due| due.obligation)
        .collect();
    for (id, obligation) in baseline.taxonomy().obligations.iter() {
        assert!(owed.contains(&id), "no rule asks to {}", obligation.id);
    }
}

#[test]
fn the_register_of_interests_is_the_list_that_is_enforced() {
    let baseline = Baseline::embedded();
    let rules = baseline.rules();
    let register = rules.get(rules.find("li-register").unwrap()).unwrap();
    let ask = |interest: &str| {
        World::new(&baseline)
            .with(&format!(
                "\"basis\" = \"legitimate-interest\"\n\"li.interest\" = \"{interest}\""
            ))
            .ask("app-monitoring", "use", "internal-management", &["system-log"])
    };
    for interest in &register.values {
        ask(interest).not_by(&["li-enumerated-interest"]);
    }
    assert!(
        ask("direct-marketing")
            .deciding
            .iter()
            .any(|it| it == "li-enumerated-interest")
    );
}
