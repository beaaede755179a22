//! The product plugins as built: small, closed, reproducible.

use licit_host::sandbox;

use crate::setup::{HOST, permitted};
use crate::support;

#[test]
fn each_is_small_imports_nothing_and_has_one_page() {
    for folder in licit::build::plugins_in(&support::root().join("plugins")).expect("the plugins' folders") {
        let name = support::product(&folder);
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
