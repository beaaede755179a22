//! The generator on its own; `guest-sdk/tests/plugin.rs` compiles and runs what it generates.

use crate::model::{Entry, Fact, Kind, Model, Purpose};
use crate::{generate, types};
use licit_baseline::{Baseline, Manifest};
use quote::quote;

const MANIFEST: &str = include_str!("../../tests/themes.toml");

fn model(manifest: &str) -> Model {
    let baseline = Baseline::embedded();
    let (manifest, _) = Manifest::parse("plugin.toml", manifest, baseline.taxonomy()).unwrap();
    Model::new(&manifest, baseline.taxonomy())
}

fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.id.as_str()).collect()
}

#[test]
fn the_model_holds_what_is_declared_once_and_sorted() {
    let model = model(MANIFEST);
    assert_eq!(model.product, "themes");
    assert_eq!(ids(&model.data), ["browsing-history", "download-history", "oaid"]);
    assert_eq!(ids(&model.operations), ["collect", "use"]);
    assert_eq!(ids(&model.reasons), ["objected", "history-too-old"]);
    assert_eq!(ids(&model.obligations), ["refresh-index"]);
    let purposes: Vec<_> = model
        .purposes
        .iter()
        .map(|purpose| purpose.entry.id.as_str())
        .collect();
    assert_eq!(purposes, ["content-recommendation", "system-service-operation"]);
}

#[test]
fn a_fact_is_required_when_every_activity_of_its_purpose_reads_it() {
    let model = model(MANIFEST);
    let facts: Vec<_> = model.purposes[0]
        .facts
        .iter()
        .map(|fact| (fact.name.as_str(), &fact.kind, fact.required))
        .collect();
    let switch = Kind::Word(vec!["on".to_owned(), "off".to_owned()]);
    assert_eq!(
        facts,
        [
            ("at", &Kind::Time, true),
            ("consent.explicit", &Kind::Flag, false),
            ("consent.time", &Kind::Time, false),
            ("controls.personalisation", &switch, true),
            ("data.source", &Kind::PerCategory, false),
            ("right.count", &Kind::Integer, false),
            ("right.objected_purposes", &Kind::Texts, true),
            ("subject.region", &Kind::Text, false),
        ]
    );
    assert!(model.purposes[1].facts.is_empty());
}

#[test]
fn documentation_has_meaning_and_section() {
    let model = model(MANIFEST);
    assert!(
        model.data.iter().all(|entry| entry.doc.contains("(§")),
        "{:?}",
        model.data
    );
    assert_eq!(model.reasons[0].doc, "the person objects to profiling");
    assert!(model.obligations[0].doc.ends_with("(due after the processing)"));
    assert!(model.purposes[0].facts[0].doc.contains("`at`, supplier caller"));
}

/// Whatever a manifest may declare has a Rust name, and no two have the same.
#[test]
fn the_whole_taxonomy_can_be_generated() {
    let baseline = Baseline::embedded();
    let taxonomy = baseline.taxonomy();
    let entries = |ids: Vec<&str>| -> Vec<Entry> {
        ids.into_iter()
            .map(|id| Entry {
                id: id.to_owned(),
                doc: String::new(),
            })
            .collect()
    };
    let mut purposes: Vec<_> = entries(taxonomy.purposes.names().collect())
        .into_iter()
        .map(|entry| Purpose {
            entry,
            facts: Vec::new(),
        })
        .collect();
    purposes[0].facts = taxonomy
        .facts
        .iter()
        .map(|(_, fact)| Fact::new(fact, true))
        .collect();
    let model = Model {
        product: "themes".to_owned(),
        activities: Vec::new(),
        purposes,
        data: entries(taxonomy.categories.names().collect()),
        operations: entries(taxonomy.operations.names().collect()),
        reasons: entries(vec!["self", "2-fast", "type"]),
        obligations: Vec::new(),
    };
    generate::plugin(&model, &quote!(::licit_guest)).unwrap();
}

#[test]
fn ids_that_would_become_one_name_are_refused() {
    let mut model = model(MANIFEST);
    model.reasons[0].id = "sha-256".to_owned();
    model.reasons[1].id = "sha256".to_owned();
    assert_eq!(
        generate::plugin(&model, &quote!(x)).unwrap_err(),
        "`sha256` and `sha-256` would both become `Sha256`: rename one of them"
    );
}

#[test]
fn errors_quote_the_line_of_the_manifest() {
    let wrong = MANIFEST.replace("content-recommendation", "content-recomendation");
    let baseline = Baseline::embedded();
    let message = types("themes/plugin.toml", &wrong, baseline.taxonomy(), &quote!(x)).unwrap_err();
    for expected in [
        "`themes/plugin.toml` is not a valid manifest",
        "themes/plugin.toml:14:11",
        "purpose = \"content-recomendation\"",
        "did you mean `content-recommendation`?",
    ] {
        assert!(message.contains(expected), "{message}");
    }
}
