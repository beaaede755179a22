//! What a plugin costs in each language: size, time to compile at load, and fuel, memory and time of one evaluation.
//!
//! Measures Themes in Rust, and in every other language that `plugins/other-languages/run` has built.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a table on the terminal is what this is for, and without plugins there is nothing to measure"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use licit_baseline::{Baseline, Manifest, Tier};
use licit_host::sandbox::{CallFact, CallRequest, FactValue, Sandbox, SandboxOptions, manifest_text};

/// Two categories and two facts: what Themes is asked before it recommends anything.
const REQUEST: CallRequest<'static> = CallRequest {
    operation: "use",
    purpose: "content-recommendation",
    data: &["browsing-history", "download-history"],
    facts: &[
        CallFact {
            name: "right.objected_purposes",
            value: FactValue::Texts(&["marketing"]),
        },
        CallFact {
            name: "subject.child_signal",
            value: FactValue::Flag(false),
        },
    ],
};

/// How long each plugin is asked.
const MEASURED: Duration = Duration::from_secs(2);

fn main() {
    println!(
        "{:<12}{:<13}{:>10}{:>12}{:>13}{:>11}{:>12}{:>12}",
        "language", "tier", "KiB", "compile ms", "fuel", "pages", "median µs", "99 % µs"
    );
    let built = support::built_plugins().to_owned();
    let others = built.with_file_name("other-languages");
    measure("rust", &built.join("themes.wasm"));
    for language in ["c", "javascript", "python"] {
        let file = others.join(language).join("themes.wasm");
        if file.exists() {
            measure(language, &file);
        } else {
            println!("{language:<12}not built: run `plugins/other-languages/run {language}`");
        }
    }
}

fn measure(language: &str, file: &Path) {
    let bytes = std::fs::read(file).expect("a built plugin");
    let text = manifest_text(&bytes).expect("a manifest");
    let baseline = Baseline::embedded();
    let (manifest, _) = Manifest::parse("plugin.toml", text, baseline.taxonomy()).expect("a right manifest");
    let options = match manifest.tier {
        Tier::Compiled => SandboxOptions::default(),
        Tier::Interpreted => SandboxOptions::interpreted(),
    };
    let sandbox = Sandbox::new(options).expect("a sandbox");
    let started = Instant::now();
    let plugin = sandbox.load(&bytes).expect("a plugin");
    let compile = started.elapsed();

    let (_, stats) = plugin.call(&REQUEST).expect("a verdict");
    let mut times = Vec::new();
    let started = Instant::now();
    while started.elapsed() < MEASURED {
        let one = Instant::now();
        let (_, again) = plugin.call(&REQUEST).expect("a verdict");
        times.push(one.elapsed());
        assert_eq!(again, stats, "the same request costs the same");
    }
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get(times.len() * percent / 100).expect("a time");
        time.as_secs_f64() * 1e6
    };
    println!(
        "{:<12}{:<13}{:>10}{:>12}{:>13}{:>11}{:>12.1}{:>12.1}",
        language,
        manifest.tier.as_str(),
        bytes.len().div_ceil(1024),
        compile.as_millis(),
        stats.fuel_used,
        stats.memory_bytes.div_ceil(64 * 1024),
        at(50),
        at(99),
    );
}
