//! The author's guide says what is so: its manifest is one, and its tables have every key of the format and no other.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use licit_baseline::{AskedBy, Baseline, Manifest, ManifestTable};

const GUIDE: &str = include_str!("../README.md");

/// The text between a heading and the next one of its level or above.
fn chapter<'g>(guide: &'g str, heading: &str) -> &'g str {
    let (_, rest) = guide.split_once(&format!("\n{heading}\n")).unwrap();
    let level = heading.split(' ').next().unwrap();
    rest.split(&format!("\n{level} ")).next().unwrap()
}

/// The rows of the tables in a text, cell by cell, without their heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn every_key_is_in_the_guide_and_no_other() {
    let chapters: Vec<&str> = chapter(GUIDE, "## The manifest")
        .split("\n### ")
        .skip(1)
        .collect();
    let tables: &[&ManifestTable] = Manifest::tables();
    assert_eq!(chapters.len(), tables.len());
    for (chapter, table) in chapters.iter().zip(tables) {
        let described: Vec<_> = rows(chapter)
            .iter()
            .map(|row| row[0].trim_matches('`').to_owned())
            .collect();
        let known: Vec<_> = table.keys.iter().map(|key| key.name).collect();
        assert_eq!(described, known, "{}", table.name);
    }
}

#[test]
fn the_guide_cites_the_sections_of_the_fact_that_a_key_becomes() {
    let baseline = Baseline::embedded();
    let facts = &baseline.taxonomy().facts;
    let rows = rows(chapter(GUIDE, "## The manifest"));
    let keys = Manifest::tables().iter().flat_map(|table| table.keys);
    for (row, key) in rows.iter().zip(keys) {
        let expected = match key.asked_by {
            AskedBy::Readers(_) => Vec::new(),
            AskedBy::Fact(name) => facts.get(facts.find(name).unwrap()).unwrap().section.clone(),
        };
        let expected: Vec<_> = expected.iter().map(|section| format!("§{section}")).collect();
        assert_eq!(row.last().unwrap(), &expected.join(", "), "{}", key.name);
    }
}

/// A key that is read is refused when it has a value that no key takes; one that is not read, for being unknown.
#[test]
fn the_reader_takes_these_keys_and_no_other() {
    let baseline = Baseline::embedded();
    let problems = |text: &str| match Manifest::parse("plugin.toml", text, baseline.taxonomy()) {
        Ok(_) => panic!("accepted: {text}"),
        Err(found) => found.to_string(),
    };
    for (at, table) in Manifest::tables().iter().enumerate() {
        let (before, after) = [
            ("", ""),
            ("[plugin]\n", ""),
            ("[[activity]]\n", ""),
            ("[[activity]]\nintegrations = [{ ", " }]"),
            ("[[activity]]\nretention = { ", " }"),
            ("[[activity]]\nholds = [{ ", " }]"),
            ("[reason.x]\n", ""),
            ("[obligation.x]\n", ""),
        ][at];
        for key in table.keys {
            let found = problems(&format!("{before}{} = 1.5{after}", key.name));
            assert!(!found.contains("unknown key"), "{}\n{found}", key.name);
            assert!(found.contains("not a decimal number"), "{}\n{found}", key.name);
        }
        let found = problems(&format!("{before}xyzzy = 1.5{after}"));
        assert!(
            found.contains("unknown key") && found.contains("`xyzzy`"),
            "{found}"
        );
    }
}

#[test]
fn the_manifest_of_the_guide_is_the_one_that_its_code_is_compiled_with() {
    let (_, shown) = GUIDE.split_once("```toml\n[plugin]").unwrap();
    let shown = format!("[plugin]{}", shown.split("```").next().unwrap());
    let (_, compiled) = include_str!("guide.toml").split_once('\n').unwrap();
    assert_eq!(shown, compiled);
    let (_, warnings) = Manifest::parse("README.md", &shown, Baseline::embedded().taxonomy()).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
}

#[test]
fn the_code_of_the_guide_is_compiled_and_its_tests_pass() {
    let compiled = include_str!("guide_plugin.rs");
    let (_, compiled) = compiled.split_once("plugin!(\"guide.toml\");\n").unwrap();
    let blocks = GUIDE.split("\n```rust").skip(1);
    let shown: Vec<_> = blocks
        .map(|block| {
            let code = block.split("```").next().unwrap();
            let (_, code) = code.split_once('\n').unwrap();
            // The lines up to here call `plugin!` in a way that a documentation test can.
            code.split_once("guide.toml\");\n").map_or(code, |(_, code)| code)
        })
        .collect();
    assert_eq!(shown.join("\n"), compiled);
}
