//! Where engine and reference differ, and the smallest request that shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use licit_conformance::reference::{Answer, Policy, Request, judge};

use crate::engine::{Engine, Mode, Reading};

type Considered = BTreeMap<(String, String), Option<bool>>;

/// What the engine says otherwise, asked in each of its ways.
pub(crate) fn differences(engine: &Engine, request: &Request, answer: &Answer) -> Option<String> {
    let modes = [Mode::Fast, Mode::Explained, Mode::Settled];
    modes
        .into_iter()
        .find_map(|mode| difference(&engine.judge(request, mode), mode, answer))
}

fn difference(engine: &Reading, mode: Mode, answer: &Answer) -> Option<String> {
    let mut found = String::new();
    let mut check =
        |what: &str, same: bool, engine: &dyn std::fmt::Debug, reference: &dyn std::fmt::Debug| {
            if !same {
                let _ = writeln!(
                    found,
                    "{what} ({mode:?})\n  engine    {engine:?}\n  reference {reference:?}"
                );
            }
        };
    check(
        "decision",
        engine.decision == answer.decision,
        &engine.decision,
        &answer.decision,
    );
    check(
        "categories",
        alike(engine, answer),
        &engine.categories,
        &answer.categories,
    );
    check(
        "deciding",
        engine.deciding == answer.deciding,
        &engine.deciding,
        &answer.deciding,
    );
    let forbidden = answer.objecting.values().max().copied();
    check(
        "forbidden",
        engine.forbidden == forbidden,
        &engine.forbidden,
        &forbidden,
    );
    check(
        "missing",
        engine.missing == answer.missing,
        &engine.missing,
        &answer.missing,
    );
    let purposes = engine.added_purposes == answer.added_purposes;
    check(
        "added purposes",
        purposes,
        &engine.added_purposes,
        &answer.added_purposes,
    );
    // A duty that several rules name stands there once.
    let duties = |all: &BTreeSet<(String, String, String)>| -> BTreeSet<(String, String)> {
        all.iter()
            .map(|(_, duty, timing)| (duty.clone(), timing.clone()))
            .collect()
    };
    let same = duties(&engine.obligations) == duties(&answer.obligations)
        && engine.obligations.is_subset(&answer.obligations);
    check("obligations", same, &engine.obligations, &answer.obligations);
    if mode == Mode::Explained {
        let only = |one: &Considered, other: &Considered| -> Vec<String> {
            one.iter()
                .filter(|(rule, outcome)| other.get(*rule) != Some(outcome))
                .map(|it| format!("{it:?}"))
                .collect()
        };
        let extra = only(&engine.considered, &answer.considered);
        let lacking = only(&answer.considered, &engine.considered);
        check(
            "considered",
            extra.is_empty() && lacking.is_empty(),
            &extra,
            &lacking,
        );
    }
    (!found.is_empty()).then_some(found)
}

/// Whether the categories come out alike; of several classifications that add one, the engine names the first.
fn alike(engine: &Reading, answer: &Answer) -> bool {
    engine.categories.keys().eq(answer.categories.keys())
        && engine
            .categories
            .values()
            .zip(answer.categories.values())
            .all(|(mine, theirs)| {
                (mine.decision, &mine.lacking, &mine.rules)
                    == (theirs.decision, &theirs.lacking, &theirs.rules)
                    && mine.added_by.is_subset(&theirs.added_by)
                    && mine.added_by.is_empty() == theirs.added_by.is_empty()
            })
}

/// Takes away what does not matter for the difference.
pub(crate) fn smallest(policy: &Policy, engine: &Engine, mut request: Request) -> (String, String) {
    let differs = |request: &Request| differences(engine, request, &judge(policy, request));
    loop {
        let mut smaller: Vec<Request> = Vec::new();
        for name in request.facts.keys() {
            let mut less = request.clone();
            less.facts.remove(name);
            smaller.push(less);
        }
        for at in 0..request.data.len() {
            let mut less = request.clone();
            less.data.remove(at);
            smaller.push(less);
        }
        for at in 0..request.law.len() {
            let mut less = request.clone();
            less.law.remove(at);
            smaller.push(less);
        }
        let Some(less) = smaller.into_iter().find(|it| differs(it).is_some()) else {
            break;
        };
        request = less;
    }
    let found = differs(&request).unwrap_or_default();
    (written(&request), found)
}

/// A request as one reads it.
pub(crate) fn written(request: &Request) -> String {
    let Request {
        operation,
        product,
        purpose,
        data,
        at,
        facts,
        law,
    } = request;
    let at = jiff::Timestamp::from_nanosecond(*at).expect("an instant");
    let mut text = format!("{product}: {operation} {data:?} for {purpose} at {at}\n");
    for (name, value) in facts {
        let _ = writeln!(text, "  {name} = {value:?}");
    }
    for it in law {
        let _ = writeln!(text, "  {it:?}");
    }
    text
}
