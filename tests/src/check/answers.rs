//! The checks of the answers: what the code says to every request that was put to it.

use licit_host::sandbox::{CallFailure, Verdict};

use super::Found;
use super::space::Point;
use super::trial::{Answered, Outcome, Trial, hits_limit};

/// One finding for each thing that is said of requests, with the first of them.
fn grouped<'p>(trial: &Trial<'_>, said: impl Iterator<Item = (&'p Point, String)>) -> Vec<Found> {
    let mut groups: Vec<(String, &Point, usize)> = Vec::new();
    for (point, what) in said {
        match groups.iter_mut().find(|(other, ..)| *other == what) {
            Some((.., count)) => *count += 1,
            None => groups.push((what, point, 1)),
        }
    }
    let asked = trial.first.len();
    let found = |(what, point, count): (String, &Point, usize)| {
        Found::new(format!("{what} ({count} of {asked} requests)")).at(trial.shown(point))
    };
    groups.into_iter().map(found).collect()
}

/// The failures of one kind.
fn failures(trial: &Trial<'_>, kind: impl Fn(&Outcome) -> bool) -> Vec<Found> {
    let failed = trial.outcomes().filter(|(_, outcome)| kind(outcome));
    grouped(
        trial,
        failed.filter_map(|(point, outcome)| Some((point, outcome.as_ref().err()?.to_string()))),
    )
}

pub(super) fn total(trial: &Trial<'_>) -> Vec<Found> {
    failures(trial, |outcome| {
        !hits_limit(outcome) && !matches!(outcome, Ok(_) | Err(CallFailure::MalformedVerdict(_)))
    })
}

pub(super) fn bounded(trial: &Trial<'_>) -> Vec<Found> {
    failures(trial, hits_limit)
}

pub(super) fn well_formed(trial: &Trial<'_>) -> Vec<Found> {
    failures(trial, |outcome| {
        matches!(outcome, Err(CallFailure::MalformedVerdict(_)))
    })
}

pub(super) fn headroom(trial: &Trial<'_>) -> Vec<Found> {
    let limits = licit_host::tier_limits(trial.manifest.tier);
    let fuel = trial.answers().max_by_key(|(_, answer)| answer.fuel);
    let fuel = fuel
        .filter(|(_, answer)| answer.fuel > limits.fuel / 2)
        .map(|(point, answer)| {
            let what = format!(
                "an answer takes {} of the {} units of fuel",
                answer.fuel, limits.fuel
            );
            Found::new(what).at(trial.shown(point))
        });
    let memory = trial.answers().max_by_key(|(_, answer)| answer.memory);
    let memory = memory
        .filter(|(_, answer)| answer.memory > limits.memory_bytes / 2)
        .map(|(point, answer)| {
            let what = format!(
                "an answer takes {} of the {} bytes of memory",
                answer.memory, limits.memory_bytes
            );
            Found::new(what).at(trial.shown(point))
        });
    fuel.into_iter().chain(memory).collect()
}

pub(super) fn deterministic(trial: &Trial<'_>) -> Vec<Found> {
    if trial.again.len() != trial.first.len() {
        return vec![Found::new("the requests could not be asked a second time")];
    }
    let differ = trial.outcomes().zip(&trial.again);
    let differ = differ.filter_map(|((point, first), again)| {
        let what = match (first, again) {
            _ if first == again => return None,
            (Ok(first), Ok(again)) if first.verdict == again.verdict => {
                "asked again, the same verdict takes other fuel or memory"
            }
            _ => "asked again, the answer is another",
        };
        Some((point, what.to_owned()))
    });
    grouped(trial, differ)
}

pub(super) fn declared_reasons(trial: &Trial<'_>) -> Vec<Found> {
    let undeclared = trial
        .answers()
        .filter_map(|(point, answer)| match &answer.verdict {
            Verdict::Deny(reason) if !trial.manifest.reasons.iter().any(|it| it.id == *reason) => {
                Some((point, format!("the reason `{reason}` is not declared")))
            }
            _ => None,
        });
    grouped(trial, undeclared)
}

pub(super) fn declared_obligations(trial: &Trial<'_>) -> Vec<Found> {
    let undeclared = trial.answers().flat_map(|(point, answer)| {
        let ids = obligations(answer).iter();
        let ids = ids.filter(|id| !trial.manifest.obligations.iter().any(|it| it.id == **id));
        ids.map(move |id| (point, format!("the obligation `{id}` is not declared")))
    });
    grouped(trial, undeclared)
}

fn obligations(answer: &Answered) -> &[String] {
    match &answer.verdict {
        Verdict::Permit(obligations) => obligations,
        Verdict::Deny(_) => &[],
    }
}

fn permits(answer: &Answered) -> bool {
    matches!(answer.verdict, Verdict::Permit(_))
}

/// What is not seen when asking ended early may come later.
fn if_all_was_asked(trial: &Trial<'_>, found: impl Iterator<Item = String>) -> Vec<Found> {
    if trial.ended_early() {
        return Vec::new();
    }
    found.map(Found::new).collect()
}

pub(super) fn reason_used(trial: &Trial<'_>) -> Vec<Found> {
    let given = |id: &str| {
        trial
            .answers()
            .any(|(_, answer)| matches!(&answer.verdict, Verdict::Deny(reason) if reason == id))
    };
    let reasons = trial.manifest.reasons.iter().filter(|it| !given(&it.id));
    if_all_was_asked(
        trial,
        reasons.map(|it| format!("no request is denied for the reason `{}`", it.id)),
    )
}

pub(super) fn obligation_used(trial: &Trial<'_>) -> Vec<Found> {
    let given = |id: &String| {
        trial
            .answers()
            .any(|(_, answer)| obligations(answer).contains(id))
    };
    let due = trial.manifest.obligations.iter().filter(|it| !given(&it.id));
    if_all_was_asked(
        trial,
        due.map(|it| format!("no request is permitted with the obligation `{}`", it.id)),
    )
}

pub(super) fn fact_used(trial: &Trial<'_>) -> Vec<Found> {
    let mut unused = Vec::new();
    for (at, field) in trial.space.fields.iter().enumerate() {
        for (fact, dimension) in field.facts.iter().enumerate() {
            let mut compared = false;
            let matters = trial
                .alike(|point| point.field == at && take_out(&mut point.facts, fact))
                .any(|group| {
                    compared |= group.len() > 1;
                    let mut verdicts = group.iter().map(|(_, answer)| &answer.verdict);
                    let first = verdicts.next();
                    verdicts.any(|it| Some(it) != first)
                });
            if compared && !matters {
                unused.push(format!(
                    "activity `{}` reads `{}`, which changes no verdict",
                    field.id, dimension.name
                ));
            }
        }
    }
    if_all_was_asked(trial, unused.into_iter())
}

pub(super) fn permits_something(trial: &Trial<'_>) -> Vec<Found> {
    let fields = trial.space.fields.iter().enumerate();
    let dead = fields.filter(|(at, _)| {
        !trial
            .answers()
            .any(|(point, answer)| point.field == *at && permits(answer))
    });
    if_all_was_asked(
        trial,
        dead.map(|(_, field)| format!("no request of activity `{}` is permitted", field.id)),
    )
}

pub(super) fn fact_removed(trial: &Trial<'_>) -> Vec<Found> {
    let mut turned: Vec<(&Point, String)> = Vec::new();
    for (at, field) in trial.space.fields.iter().enumerate() {
        let optional = field.facts.iter().enumerate().filter(|(_, fact)| fact.optional);
        for (fact, dimension) in optional {
            let known = |point: &Point| {
                point
                    .facts
                    .get(fact)
                    .is_some_and(|it| *it < dimension.values.len())
            };
            let groups = trial.alike(|point| point.field == at && take_out(&mut point.facts, fact));
            for group in groups {
                let denied = group
                    .iter()
                    .find(|(point, answer)| known(point) && !permits(answer));
                let permitted = group
                    .iter()
                    .any(|(point, answer)| !known(point) && permits(answer));
                if let Some((point, _)) = denied.filter(|_| permitted) {
                    let what = format!(
                        "a deny becomes a permit when `{}` is unknown, in activity `{}`",
                        dimension.name, field.id
                    );
                    turned.push((point, what));
                }
            }
        }
    }
    grouped(trial, turned.into_iter())
}

pub(super) fn category_added(trial: &Trial<'_>) -> Vec<Found> {
    let mut turned: Vec<(&Point, String)> = Vec::new();
    let groups = trial.alike(|point| {
        point.data.clear();
        true
    });
    for group in groups {
        let permitted: Vec<_> = group.iter().filter(|(_, answer)| permits(answer)).collect();
        for (point, _) in group.iter().filter(|(_, answer)| !permits(answer)) {
            let more = permitted.iter().find(|(wider, _)| {
                wider.data.len() > point.data.len() && point.data.iter().all(|it| wider.data.contains(it))
            });
            let field = trial.space.field(point).zip(more);
            if let Some((field, (wider, _))) = field {
                let added = wider.data.iter().filter(|it| !point.data.contains(it));
                let added = added.filter_map(|it| field.data.get(*it)).map(String::as_str);
                let added: Vec<&str> = added.collect();
                let what = format!(
                    "a deny becomes a permit when the request also asks for {}",
                    added.join(", ")
                );
                turned.push((point, what));
            }
        }
    }
    grouped(trial, turned.into_iter())
}

/// Takes the fact out of a request; whether there was one.
fn take_out(facts: &mut [usize], at: usize) -> bool {
    facts.get_mut(at).map(|it| *it = usize::MAX).is_some()
}
