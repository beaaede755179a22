//! Folds what is known beforehand into a condition: what is left is shorter, and answers alike.

use super::program::{Condition, Context, Step, Test};
use crate::decision::Kleene;

/// What is left of a condition.
#[derive(Debug)]
pub(crate) enum Folded {
    /// It is settled, whatever else becomes known.
    Known(bool),
    /// It still depends on facts that are not known beforehand.
    Open(Condition),
}

/// A part of a condition that is still open.
enum Part {
    Test(Test),
    Not(Box<Part>),
    All(Vec<Part>),
    Any(Vec<Part>),
}

type Outcome = Result<Part, bool>;

impl Condition {
    /// Folds into the condition what the facts of `known` settle.
    ///
    /// `known` has to hold only facts that nothing can change afterwards. A test that they settle stays settled when
    /// more facts become known (Kleene's logic is monotone), so it is replaced by its value; the tests about the
    /// controls of a product are replaced by the conditions of these controls. What is left has the same value as the
    /// whole in every later context for the same purpose, product and category, and the same missing facts leave it open.
    pub(crate) fn fold(&self, known: &Context<'_, '_>) -> Folded {
        let (outcome, _) = self.fold_at(0, known);
        match outcome {
            Err(value) => Folded::Known(value),
            Ok(part) => {
                let mut steps = Vec::new();
                part.write(&mut steps);
                Folded::Open(Self {
                    steps: steps.into_boxed_slice(),
                    reads: self.reads.clone(),
                    per_category: self.per_category,
                })
            }
        }
    }

    fn fold_at(&self, at: usize, known: &Context<'_, '_>) -> (Outcome, usize) {
        match self.steps.get(at) {
            Some(Step::Test(test)) => (test.fold(known), at + 1),
            Some(Step::Not) => {
                let (inner, next) = self.fold_at(at + 1, known);
                let outcome = match inner {
                    Ok(part) => Ok(Part::Not(Box::new(part))),
                    Err(value) => Err(!value),
                };
                (outcome, next)
            }
            Some(Step::All(end)) => (join(self.parts(at, *end, known), true, Part::All), *end),
            Some(Step::Any(end)) => (join(self.parts(at, *end, known), false, Part::Any), *end),
            // A program that ends early, which the compiler never makes, is unknown.
            None => (Ok(Part::Test(Test::Constant(Kleene::Unknown))), at + 1),
        }
    }

    fn parts(&self, at: usize, end: usize, known: &Context<'_, '_>) -> Vec<Outcome> {
        let mut parts = Vec::new();
        let mut next = at + 1;
        while next < end {
            let (part, after) = self.fold_at(next, known);
            parts.push(part);
            next = after;
        }
        parts
    }
}

/// Joins parts of which a settled one is either `neutral` or settles the whole.
fn join(parts: Vec<Outcome>, neutral: bool, make: fn(Vec<Part>) -> Part) -> Outcome {
    let mut open = Vec::new();
    for part in parts {
        match part {
            Ok(part) => open.push(part),
            Err(value) if value == neutral => {}
            Err(value) => return Err(value),
        }
    }
    match open.pop() {
        None => Err(neutral),
        Some(only) if open.is_empty() => Ok(only),
        Some(last) => {
            open.push(last);
            Ok(make(open))
        }
    }
}

impl Test {
    fn fold(&self, known: &Context<'_, '_>) -> Outcome {
        if let Self::Allowed(read) = self
            && let Some(controls) = known.facts.get(read, known.category, true)
        {
            let mut parts = Vec::new();
            let mut all_known = true;
            known.facts.each_control(controls, &mut |control| match control {
                Some(condition) => parts.push(condition.fold_at(0, known).0),
                None => all_known = false,
            });
            if all_known {
                return join(parts, true, Part::All);
            }
        }
        match self.evaluate(known) {
            Kleene::True if !self.may_become(false, known) => Err(true),
            Kleene::False if !self.may_become(true, known) => Err(false),
            _ => Ok(Part::Test(self.clone())),
        }
    }

    /// Whether a test that is settled the other way can come out as `value` once the rest of the request is known.
    ///
    /// Facts that become known never change what is settled; what else a test looks at may. There is no arm for all the
    /// others, so that a new kind of test has to say.
    fn may_become(&self, value: bool, known: &Context<'_, '_>) -> bool {
        match self {
            // A reference that is missing counts as a no, until somebody gives it.
            Self::Given(read) => value && known.facts.get(read, known.category, true).is_none(),
            // Other categories of the request may lie outside.
            Self::WholeRequest(_) => !value,
            // Whether another rule covers a request depends on its recipient and on all of its data.
            Self::Covers(scope) => scope.recipients.is_some() || scope.at_most_one.is_some(),
            Self::Constant(_)
            | Self::Flag(_)
            | Self::Equal(..)
            | Self::Less { .. }
            | Self::WordIn(..)
            | Self::Has(..)
            | Self::AllIn(..)
            | Self::AllBelow(..)
            | Self::Known(_)
            | Self::Category(..)
            | Self::Above(_)
            | Self::Purpose(..)
            | Self::Allowed(_)
            | Self::NamedForProduct => false,
        }
    }
}

impl Part {
    /// Appends the part in prefix order.
    fn write(self, steps: &mut Vec<Step>) {
        match self {
            Self::Test(test) => steps.push(Step::Test(test)),
            Self::Not(inner) => {
                steps.push(Step::Not);
                inner.write(steps);
            }
            Self::All(parts) => write_span(parts, Step::All, steps),
            Self::Any(parts) => write_span(parts, Step::Any, steps),
        }
    }
}

fn write_span(parts: Vec<Part>, step: fn(usize) -> Step, steps: &mut Vec<Step>) {
    let at = steps.len();
    steps.push(step(0));
    parts.into_iter().for_each(|part| part.write(steps));
    let end = steps.len();
    if let Some(place) = steps.get_mut(at) {
        *place = step(end);
    }
}
