//! The questions and the answers.

use std::collections::HashMap;
use std::thread;

use licit_baseline::Manifest;
use licit_host::sandbox::{CallFact, CallFailure, CallRequest, FactValue, Verdict};

use super::space::{Point, Space, Value};

/// An answer that is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) verdict: Verdict,
    pub(super) fuel: u64,
    pub(super) memory: usize,
}

impl Answered {
    pub(super) fn obligations(&self) -> usize {
        match &self.verdict {
            Verdict::Permit(obligations) => obligations.len(),
            Verdict::Deny(_) => 0,
        }
    }
}

pub(super) type Outcome = Result<Answered, CallFailure>;

type Ask<'a> = dyn Fn(&CallRequest<'_>) -> Outcome + Sync + 'a;

/// All requests, and what came of each.
pub(super) struct Trial<'t> {
    pub(super) manifest: &'t Manifest,
    pub(super) space: Space,
    /// In the order of the points; ends early where answers take too long.
    pub(super) first: Vec<Outcome>,
    /// The same asked again, from the last to the first, by another thread; in the order of the points.
    pub(super) again: Vec<Outcome>,
}

impl<'t> Trial<'t> {
    pub(super) fn run(manifest: &'t Manifest, space: Space, ask: &Ask<'_>) -> Self {
        /// Requests that may run into a limit before asking ends.
        const MOST_STOPPED: usize = 8;
        let mut first = Vec::new();
        let mut stopped = 0;
        for point in &space.points {
            let outcome = put(&space, point, ask);
            stopped += usize::from(hits_limit(&outcome));
            first.push(outcome);
            if stopped >= MOST_STOPPED {
                break;
            }
        }
        let asked = space.points.get(..first.len()).unwrap_or_default();
        let backwards =
            || -> Vec<Outcome> { asked.iter().rev().map(|point| put(&space, point, ask)).collect() };
        let mut again = thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(4 << 20);
            let spawned = thread.spawn_scoped(scope, backwards);
            spawned.ok().and_then(|it| it.join().ok()).unwrap_or_default()
        });
        again.reverse();
        Self {
            manifest,
            space,
            first,
            again,
        }
    }

    pub(super) fn ended_early(&self) -> bool {
        self.first.len() < self.space.points.len()
    }

    pub(super) fn outcomes(&self) -> impl Iterator<Item = (&Point, &Outcome)> {
        self.space.points.iter().zip(&self.first)
    }

    /// The answers that are one.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&Point, &Answered)> {
        self.outcomes()
            .filter_map(|(point, outcome)| Some((point, outcome.as_ref().ok()?)))
    }

    /// The requests that are alike but for one thing, which `without` takes out.
    pub(super) fn alike(
        &self,
        without: impl Fn(&mut Point) -> bool,
    ) -> impl Iterator<Item = Vec<(&Point, &Answered)>> {
        let mut groups: HashMap<Point, Vec<(&Point, &Answered)>> = HashMap::new();
        let mut order: Vec<Point> = Vec::new();
        for (point, answer) in self.answers() {
            let mut key = point.clone();
            if without(&mut key) {
                let group = groups.entry(key.clone()).or_default();
                if group.is_empty() {
                    order.push(key);
                }
                group.push((point, answer));
            }
        }
        order.into_iter().filter_map(move |key| groups.remove(&key))
    }

    /// A request in a line.
    pub(super) fn shown(&self, point: &Point) -> String {
        let Some(field) = self.space.field(point) else {
            return String::new();
        };
        let operation = field.operations.get(point.operation).map_or("", String::as_str);
        let data: Vec<&str> = point
            .data
            .iter()
            .filter_map(|at| field.data.get(*at))
            .map(String::as_str)
            .collect();
        let mut text = format!("activity `{}`, {operation} of {}", field.id, data.join(", "));
        for (fact, way) in field.facts.iter().zip(&point.facts) {
            let value = match fact.values.get(*way) {
                None => "unknown".to_owned(),
                Some(Value::Flag(flag)) => flag.to_string(),
                Some(Value::Text(word)) => format!("\"{word}\""),
                Some(Value::Integer(number)) => number.to_string(),
                Some(Value::Texts(words)) => format!("[{}]", words.join(", ")),
                Some(Value::Each(value)) => format!("{value} for each category"),
            };
            text.push_str(&format!(", {} = {value}", fact.name));
        }
        text
    }
}

pub(super) fn hits_limit(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Err(CallFailure::OutOfFuel { .. } | CallFailure::TimeOut { .. } | CallFailure::MemoryLimit(_))
    )
}

/// Puts one request.
fn put(space: &Space, point: &Point, ask: &Ask<'_>) -> Outcome {
    let Some(field) = space.field(point) else {
        return Err(CallFailure::Engine);
    };
    let data: Vec<&str> = point
        .data
        .iter()
        .filter_map(|at| field.data.get(*at))
        .map(String::as_str)
        .collect();
    let stated = field.facts.iter().zip(&point.facts);
    let stated: Vec<(&str, &Value)> = stated
        .filter_map(|(fact, way)| Some((fact.name.as_str(), fact.values.get(*way)?)))
        .collect();
    let entries: Vec<Vec<String>> = stated
        .iter()
        .map(|(_, value)| match value {
            Value::Texts(words) => words.clone(),
            Value::Each(value) => data.iter().map(|it| format!("{it}={value}")).collect(),
            _ => Vec::new(),
        })
        .collect();
    let entries: Vec<Vec<&str>> = entries
        .iter()
        .map(|words| words.iter().map(String::as_str).collect())
        .collect();
    let facts = stated.iter().zip(&entries);
    let facts: Vec<CallFact<'_>> = facts
        .map(|((name, value), words)| CallFact {
            name,
            value: match value {
                Value::Flag(flag) => FactValue::Flag(*flag),
                Value::Text(word) => FactValue::Text(word),
                Value::Integer(number) => FactValue::Integer(*number),
                Value::Texts(_) | Value::Each(_) => FactValue::Texts(words),
            },
        })
        .collect();
    ask(&CallRequest {
        operation: field.operations.get(point.operation).map_or("", String::as_str),
        purpose: &field.purpose,
        data: &data,
        facts: &facts,
    })
}
