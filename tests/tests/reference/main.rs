//! The engine against the reference evaluator on random requests over the whole vocabulary.
//!
//! `LICIT_REQUESTS` says how many (100,000 if unset), `LICIT_SEED` where to begin.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows tests by their attribute, and these are their helpers"
)]

mod compare;
mod engine;
mod random;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use licit_conformance::reference::{Answer, Decision, Policy, Request, judge};

use engine::Engine;
use random::{Generator, Random};

/// The files of the policy folder, in the order in which they are built in.
fn policy_files() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../baseline/2025-10-10");
    let mut files = Vec::new();
    for folder in ["", "taxonomy", "rules"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("the policy folder");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        for path in paths
            .iter()
            .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        {
            files.push((
                path.display().to_string(),
                std::fs::read_to_string(path).expect("a file"),
            ));
        }
    }
    files
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| {
        text.replace('_', "").parse().expect("a whole number")
    })
}

/// How often each kind of outcome came up: a run that sees only one kind proves nothing.
#[derive(Debug, Default)]
struct Seen {
    kinds: BTreeMap<&'static str, u64>,
    decided: BTreeMap<(String, String), u64>,
}

impl Seen {
    fn add(&mut self, request: &Request, answer: &Answer) {
        let mut count = |kind| *self.kinds.entry(kind).or_default() += 1;
        let processing = !matches!(request.operation.as_str(), "right" | "load");
        match (answer.decision, request.operation.as_str()) {
            (Decision::Permit, "right") => count("right permitted"),
            (Decision::Pend, _) => count("right pending"),
            (Decision::Deny, "right") => count("right refused"),
            (Decision::Permit, "load") => count("load permitted"),
            (Decision::Deny, "load") => count("load denied"),
            (Decision::Permit, _) => count("permit"),
            (Decision::Deny, _) => count("deny"),
        }
        if processing && answer.decision == Decision::Deny {
            let by = |kind| answer.objecting.keys().filter(|(_, it)| it == kind).count();
            match (by("deny"), by("require"), by("classify")) {
                (0, 0, 0) => count("deny for want of a grant alone"),
                (_, 0, 0) => count("deny by bans alone"),
                (0, _, 0) => count("deny by gates alone"),
                (0, 0, _) => count("deny by an open classification alone"),
                _ => count("deny by several"),
            }
            if answer.objecting.len() == 1 {
                count("deny by one rule alone");
            }
            if answer.objecting.values().any(|certain| !certain) {
                count("deny for want of a fact");
            }
        }
        if processing && answer.decision == Decision::Permit {
            if request.data.len() > 1 {
                count("permit of several categories");
            }
            if !answer.added_purposes.is_empty() {
                count("permit with an added purpose");
            }
            if !answer.missing.is_empty() {
                count("permit with facts missing");
            }
        }
        if !answer.obligations.is_empty() {
            count("with obligations");
        }
        if answer.categories.values().any(|it| !it.added_by.is_empty()) {
            count("with added data");
        }
        for rule in answer.deciding.keys() {
            *self.decided.entry(rule.clone()).or_default() += 1;
        }
    }

    fn join(&mut self, other: Self) {
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (rule, count) in other.decided {
            *self.decided.entry(rule).or_default() += count;
        }
    }

    fn share(&self, kind: &str, asked: u64) -> f64 {
        self.kinds
            .get(kind)
            .map_or(0.0, |count| *count as f64 / asked as f64)
    }
}

/// Asks both about `asked` random requests, on all cores.
fn run(policy: &Policy, engine: &Engine, asked: u64, first: u64) -> Seen {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let (seen, stop) = (Mutex::new(Seen::default()), AtomicBool::new(false));
    let generator = Generator::new(policy);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (seen, stop, generator) = (&seen, &stop, &generator);
            scope.spawn(move || {
                let mut mine = Seen::default();
                for seed in (first..first + asked)
                    .skip(thread as usize)
                    .step_by(threads as usize)
                {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let request = generator.request(&mut Random::new(seed));
                    let answer = judge(policy, &request);
                    if compare::differences(engine, &request, &answer).is_some() {
                        stop.store(true, Ordering::Relaxed);
                        let (smallest, found) = compare::smallest(policy, engine, request);
                        panic!("they differ: LICIT_SEED={seed} LICIT_REQUESTS=1\n{smallest}\n{found}");
                    }
                    mine.add(&request, &answer);
                }
                seen.lock().expect("no other thread failed").join(mine);
            });
        }
    });
    seen.into_inner().expect("no thread failed")
}

#[test]
fn the_engine_answers_as_the_reference_does() {
    let files = policy_files();
    let policy = Policy::read(files.iter().map(|(_, text)| text.as_str())).expect("the policy reads");
    let engine = Engine::new(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let asked = number("LICIT_REQUESTS", 100_000);
    let seen = run(&policy, &engine, asked, number("LICIT_SEED", 1));
    for (kind, count) in &seen.kinds {
        println!("{count:>9} {kind}");
    }
    let silent: Vec<&str> = policy
        .rules
        .iter()
        .filter(|rule| !seen.decided.keys().any(|(id, _)| *id == rule.id))
        .filter(|rule| rule.kind != "oblige")
        .map(|rule| rule.id.as_str())
        .collect();
    println!("rules that never decided: {silent:?}");
    if asked < 10_000 {
        return;
    }
    let wanted = [
        ("permit", 0.05),
        ("permit of several categories", 0.01),
        ("deny for want of a grant alone", 0.02),
        ("deny by bans alone", 0.02),
        ("deny by gates alone", 0.02),
        ("deny by one rule alone", 0.03),
        ("deny for want of a fact", 0.05),
        ("right permitted", 0.01),
        ("right pending", 0.01),
        ("load permitted", 0.002),
        ("load denied", 0.002),
        ("with obligations", 0.02),
        ("with added data", 0.02),
    ];
    for (kind, least) in wanted {
        let share = seen.share(kind, asked);
        assert!(
            share >= least,
            "too few to prove anything: {kind} is {share}, not {least}"
        );
    }
    assert!(
        silent.len() * 20 < policy.rules.len(),
        "too many rules never decided: {silent:?}"
    );
}
