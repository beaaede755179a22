//! The product plugins as built: small, closed, reproducible, and every word of their manifests reached by a case.

use std::collections::BTreeSet;
use std::path::PathBuf;

use licit_baseline::{Baseline, Manifest};
use licit_conformance::CaseFile;
use licit_host::{Decision, sandbox};

use crate::setup::{self, HOST, permitted};
use crate::support;

/// The folder of every product plugin, with its manifest.
fn plugins() -> Vec<(PathBuf, Manifest)> {
    let folders = licit::build::plugins_in(&support::root().join("plugins")).expect("the plugins' folders");
    let with_manifest = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("plugin.toml")).expect("a manifest");
        let read = Manifest::parse("plugin.toml", &text, Baseline::embedded().taxonomy());
        let (manifest, _) = read.unwrap_or_else(|found| panic!("{}: {found}", folder.display()));
        (folder, manifest)
    };
    folders.into_iter().map(with_manifest).collect()
}

#[test]
fn each_is_small_imports_nothing_and_has_one_page() {
    let baseline = Baseline::embedded();
    for (_, manifest) in plugins() {
        let name = baseline.taxonomy().products.name(manifest.product);
        let file = support::built_plugins().join(format!("{name}.wasm"));
        let bytes = &std::fs::read(file).expect("a built plugin");
        assert!(bytes.len() < 20 * 1024, "{name} has {} bytes", bytes.len());
        let described = sandbox::describe(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(described.imports.is_empty(), "{name}: {:?}", described.imports);
        assert_eq!(described.memory_pages, 1, "{name}");
        assert!(described.exports_evaluator, "{name}");
    }
}

#[test]
fn the_same_request_always_uses_the_same_fuel() {
    for request in permitted(&HOST) {
        let first = HOST.evaluate(&request).fuel_used;
        assert!(
            first.is_some_and(|fuel| fuel > 0),
            "{}: {first:?}",
            request.product()
        );
        for _ in 0..5 {
            assert_eq!(HOST.evaluate(&request).fuel_used, first, "{}", request.product());
        }
    }
}

#[test]
fn every_reason_obligation_and_activity_is_reached_by_a_case() {
    let permissive = setup::text("cases/permissive.toml");
    let baseline = Baseline::embedded();
    let mut never = Vec::new();
    for (folder, manifest) in plugins() {
        let product = baseline.taxonomy().products.name(manifest.product);
        let mut reached: BTreeSet<String> = BTreeSet::new();
        for (name, text) in support::texts(&folder.join("cases")) {
            let under = Some(("permissive.toml", permissive.as_str()));
            let file = CaseFile::read(&HOST, &name, &text, under).unwrap_or_else(|found| panic!("{found}"));
            for case in file.cases.iter().filter(|it| it.skipped().is_none()) {
                let Some(request) = case.request() else { continue };
                let answer = case.answer(&HOST);
                reached.extend(answer.deciding.iter().map(|(rule, _)| format!("reason {rule}")));
                let duties = answer.obligations.iter().filter_map(|duty| duty.split_once(' '));
                reached.extend(duties.map(|(id, _)| format!("obligation {id}")));
                let taxonomy = baseline.taxonomy();
                let purpose = taxonomy.purposes.find(request.purpose());
                let operation = taxonomy.operations.find(request.operation());
                let Some((purpose, operation)) = purpose.zip(operation) else {
                    continue;
                };
                let data: Vec<_> = request
                    .data()
                    .filter_map(|it| taxonomy.categories.find(it))
                    .collect();
                let permitted = answer.decision == Decision::Permit;
                let word = if permitted { "permitted" } else { "denied" };
                let its = |activity: &&licit_baseline::Activity| {
                    let asked =
                        activity.purposes.contains(purpose) && activity.operations.contains(operation);
                    if permitted {
                        activity.covers(purpose, operation, &data)
                    } else {
                        asked
                    }
                };
                let activities = manifest.activities.iter().filter(its);
                reached.extend(activities.map(|activity| format!("{word} {}", activity.id)));
            }
        }
        let reasons = manifest.reasons.iter().map(|it| format!("reason {}", it.id));
        let obligations = manifest
            .obligations
            .iter()
            .map(|it| format!("obligation {product}:{}", it.id));
        let activities = manifest
            .activities
            .iter()
            .flat_map(|it| [format!("permitted {}", it.id), format!("denied {}", it.id)]);
        let wanted = reasons.chain(obligations).chain(activities);
        never.extend(
            wanted
                .filter(|it| !reached.contains(it))
                .map(|it| format!("{product}: {it}")),
        );
    }
    assert!(never.is_empty(), "no case reaches:\n{}", never.join("\n"));
}
