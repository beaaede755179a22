//! Rules in plain words.

use licit_baseline::{
    Baseline, Comparison, ConditionKey, Expression, ExpressionKind, Fact, FactType, Rule, RuleKind, Supplier,
    WrittenCondition,
};

/// A line of an outline, and how deep it stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) depth: usize,
    pub(crate) text: String,
}

/// What the condition is for, as the start of a sentence.
pub(crate) fn purpose_of(rule: &Rule, key: ConditionKey) -> &'static str {
    match (key, rule.kind) {
        (ConditionKey::Within, _) => "it is only about requests for which",
        (ConditionKey::When, RuleKind::Permit) => "it covers what is asked if it is known that",
        (ConditionKey::When, RuleKind::Deny) => "it denies if it is known, or cannot be excluded, that",
        (ConditionKey::When, RuleKind::Oblige) => {
            "its duties are owed if it is known, or cannot be excluded, that"
        }
        (ConditionKey::When, RuleKind::Pend) => "a human decides if it is known, or cannot be excluded, that",
        (ConditionKey::When, _) => "it applies if it is known, or cannot be excluded, that",
        (ConditionKey::IfKnown, _) => "it applies if it is known that",
        (ConditionKey::Unless, RuleKind::Oblige) => "nothing is owed if it is known that",
        (ConditionKey::Unless, _) => "it does not apply if it is known that",
        (ConditionKey::Must, _) => "it then denies unless it is known that",
        (ConditionKey::RefuseWhen, _) => "the right is refused, and not left to a human, if it is known that",
    }
}

/// A condition as an outline.
pub(crate) fn outline(baseline: &Baseline, condition: &WrittenCondition) -> Vec<Line> {
    let mut lines = Vec::new();
    let words = Words { baseline };
    words.outline(&condition.expression, true, 0, &mut lines);
    lines
}

/// What counts while nobody states a fact.
pub(crate) fn while_missing(fact: &Fact) -> String {
    if matches!(
        fact.name.as_str(),
        "operation" | "product" | "purpose" | "data" | "at"
    ) {
        return "part of every request".to_owned();
    }
    match &fact.unknown {
        Some(value) if value.to_string().is_empty() => {
            "counts as the empty set while nobody states it".to_owned()
        }
        Some(value) => format!("counts as `{value}` while nobody states it"),
        None => "unknown while nobody states it".to_owned(),
    }
}

/// Who states a fact.
pub(crate) fn supplier(fact: &Fact) -> String {
    match (&fact.register, fact.supplier) {
        (Some(key), Supplier::Register) if key.keys.is_empty() => format!("register `{}`", key.register),
        (Some(key), Supplier::Register) => {
            format!("register `{}`, by `{}`", key.register, key.keys.join("`, `"))
        }
        (_, supplier) => supplier.as_str().to_owned(),
    }
}

struct Words<'b> {
    baseline: &'b Baseline,
}

impl Words<'_> {
    fn outline(&self, expression: &Expression, holds: bool, depth: usize, lines: &mut Vec<Line>) {
        let mut group = |head: &str, parts: &[Expression]| {
            lines.push(Line {
                depth,
                text: head.to_owned(),
            });
            parts
                .iter()
                .for_each(|part| self.outline(part, true, depth + 1, lines));
        };
        match (&expression.kind, holds) {
            (ExpressionKind::Not(inner), _) => self.outline(inner, !holds, depth, lines),
            (ExpressionKind::All(parts), true) => group("all of these hold:", parts),
            (ExpressionKind::All(parts), false) => group("not all of these hold:", parts),
            (ExpressionKind::Any(parts), true) => group("one of these holds:", parts),
            (ExpressionKind::Any(parts), false) => group("none of these holds:", parts),
            _ => lines.push(Line {
                depth,
                text: self.phrase(expression, holds),
            }),
        }
    }

    fn phrase(&self, expression: &Expression, holds: bool) -> String {
        let not = if holds { "" } else { " not" };
        match &expression.kind {
            ExpressionKind::Flag(flag) => {
                format!("it is {}", if *flag == holds { "always so" } else { "never so" })
            }
            ExpressionKind::Name(name) => format!("`{name}` is{not} true"),
            ExpressionKind::Compare(comparison, left, right) => {
                self.comparison(*comparison, left, right, holds)
            }
            ExpressionKind::Call(name, arguments) => self.call(name, arguments, holds),
            _ => self.value(expression),
        }
    }

    fn comparison(
        &self,
        comparison: Comparison,
        left: &Expression,
        right: &Expression,
        holds: bool,
    ) -> String {
        let (one, other) = (self.value(left), self.value(right));
        let timed = self.is_time(left) || self.is_time(right);
        let is = |holds: bool| if holds { "is" } else { "is not" };
        match comparison {
            Comparison::Equal => format!("{one} {} {other}", is(holds)),
            Comparison::NotEqual => format!("{one} {} {other}", is(!holds)),
            Comparison::Less => format!(
                "{one} {} {other}",
                match (holds, timed) {
                    (true, true) => "is before",
                    (false, true) => "is not before",
                    (true, false) => "is less than",
                    (false, false) => "is not less than",
                }
            ),
            Comparison::LessOrEqual => format!(
                "{one} {} {other}",
                match (holds, timed) {
                    (true, true) => "is not after",
                    (false, true) => "is after",
                    (true, false) => "is at most",
                    (false, false) => "is more than",
                }
            ),
            Comparison::In => self.membership(left, right, holds),
        }
    }

    fn membership(&self, left: &Expression, right: &Expression, holds: bool) -> String {
        let is = if holds { "is" } else { "is not" };
        let lies = if holds { "lies" } else { "does not lie" };
        match (&left.kind, &right.kind) {
            (ExpressionKind::Name(name), ExpressionKind::List(items)) if items.is_empty() => {
                format!("`{name}` {is} empty")
            }
            (ExpressionKind::Name(name), ExpressionKind::List(_))
                if matches!(name.as_str(), "category" | "purpose") =>
            {
                format!("{} {lies} inside {}", subject(name), self.value(right))
            }
            (ExpressionKind::Name(name), _) if matches!(name.as_str(), "category" | "purpose") => {
                format!("{} {lies} inside what {} names", subject(name), self.value(right))
            }
            (ExpressionKind::Name(name), ExpressionKind::List(_))
                if self.type_of(name) == Some(FactType::Texts) =>
            {
                let nothing = if holds { "nothing" } else { "something" };
                format!("{nothing} in `{name}` lies outside {}", self.value(right))
            }
            (_, ExpressionKind::List(_)) => format!("{} {is} one of {}", self.value(left), self.value(right)),
            _ => format!("{} {is} among {}", self.value(left), self.value(right)),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression], holds: bool) -> String {
        let not = if holds { "" } else { " not" };
        match (name, arguments) {
            ("known", [fact]) => format!("{} is{not} known", self.value(fact)),
            ("given", [fact]) => format!("{} is{not} given", self.value(fact)),
            ("overlaps", [what, group]) => {
                let what = match &what.kind {
                    ExpressionKind::Name(name) => subject(name),
                    _ => "it",
                };
                let has = if holds { "has" } else { "has nothing" };
                let common = if holds { "something in common" } else { "in common" };
                format!("{what} {has} {common} with {}", self.value(group))
            }
            ("above", [_, group]) => {
                format!(
                    "the data is{not} a group that has {} among others",
                    self.value(group)
                )
            }
            ("allowed", [fact]) => {
                format!(
                    "{} control in {} lets it go on",
                    if holds { "every" } else { "not every" },
                    self.value(fact)
                )
            }
            ("named_for_product", []) => {
                format!(
                    "the policy {} the data for this product",
                    if holds { "names" } else { "does not name" }
                )
            }
            ("granted", [operation]) => {
                format!(
                    "some permit would{not} give it the purpose, were the operation {}",
                    self.value(operation)
                )
            }
            ("rule", [id]) => format!("{} would{not} cover it", self.value(id)),
            _ => format!(
                "{name}({})",
                arguments
                    .iter()
                    .map(|it| self.value(it))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }
    }

    fn value(&self, expression: &Expression) -> String {
        match &expression.kind {
            ExpressionKind::Text(text) | ExpressionKind::Name(text) => format!("`{text}`"),
            ExpressionKind::Integer(number) => number.to_string(),
            ExpressionKind::Flag(flag) => flag.to_string(),
            ExpressionKind::List(items) => items
                .iter()
                .map(|it| self.value(it))
                .collect::<Vec<_>>()
                .join(", "),
            ExpressionKind::Sum(left, right) => format!("{} plus {}", self.value(left), self.value(right)),
            ExpressionKind::Call(name, arguments) if matches!(name.as_str(), "duration" | "timestamp") => {
                arguments.iter().map(|it| self.value(it)).collect()
            }
            _ => self.phrase(expression, true),
        }
    }

    fn type_of(&self, name: &str) -> Option<FactType> {
        let facts = &self.baseline.taxonomy().facts;
        facts.get(facts.find(name)?).map(|it| it.fact_type)
    }

    fn is_time(&self, expression: &Expression) -> bool {
        match &expression.kind {
            ExpressionKind::Name(name) => self.type_of(name) == Some(FactType::Time),
            ExpressionKind::Call(name, _) => name == "timestamp",
            ExpressionKind::Sum(left, _) => self.is_time(left),
            _ => false,
        }
    }
}

fn subject(name: &str) -> &'static str {
    if name == "purpose" {
        "the purpose"
    } else {
        "the data"
    }
}

/// What a key of a rule's scope means, in words.
pub(crate) fn key(key: &str) -> &str {
    match key {
        "else-deny" => "otherwise denied",
        "only-data" => "only this data",
        "at-most-one" => "at most one of",
        "jurisdiction" => "whose law",
        "also-grants" => "also grants",
        "adds-data" => "adds the data",
        "adds-data-from" => "adds data from",
        "adds-label" => "adds the label",
        "adds-purpose" => "adds the purpose",
        "accompanies" => "comes with",
        other => other,
    }
}

/// A word of a scope: what a selector stands for.
pub(crate) fn selector(word: &str) -> String {
    let (not, word) = match word.strip_prefix('!') {
        Some(word) => ("not ", word),
        None => ("", word),
    };
    let stands_for = match word.split_once(':') {
        Some(("flag", flag)) => format!("any with the flag {flag}"),
        Some(("sensitivity", class)) => format!("any of sensitivity {class}"),
        _ => word.to_owned(),
    };
    format!("{not}{stands_for}")
}
