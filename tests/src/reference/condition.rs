//! The condition language of `baseline/README.md`, read by recursive descent and evaluated by walking the tree.

use super::scene::{Scene, Value, duration, instant};

/// A truth value: `None` is unknown.
pub(super) type Truth = Option<bool>;

pub(super) fn not(value: Truth) -> Truth {
    value.map(|it| !it)
}

/// True if all are, false if one is, otherwise unknown.
pub(super) fn all(values: impl IntoIterator<Item = Truth>) -> Truth {
    let mut joined = Some(true);
    for value in values {
        match value {
            Some(false) => return Some(false),
            None => joined = None,
            Some(true) => {}
        }
    }
    joined
}

pub(super) fn any(values: impl IntoIterator<Item = Truth>) -> Truth {
    not(all(values.into_iter().map(not)))
}

/// A condition as it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// `"word"`
    Text(String),
    /// `3`
    Integer(i64),
    /// `true`
    Flag(bool),
    /// `["a", "b"]`
    List(Vec<Expression>),
    /// A fact, `category` or `purpose`.
    Name(String),
    /// `known(fact)`
    Call(String, Vec<Expression>),
    /// `!a`
    Not(Box<Expression>),
    /// `a && b`
    All(Vec<Expression>),
    /// `a || b`
    Any(Vec<Expression>),
    /// `a == b`, with the sign
    Compare(String, Box<Expression>, Box<Expression>),
    /// `a + b`
    Sum(Box<Expression>, Box<Expression>),
}

/// Reads a condition.
///
/// # Errors
///
/// Says that the text is no condition.
pub fn parse(text: &str) -> Result<Expression, String> {
    let mut words = words(text);
    words.reverse();
    let expression = either(&mut words).ok_or_else(|| format!("no condition: {text}"))?;
    if words.is_empty() {
        Ok(expression)
    } else {
        Err(format!("too long: {text}"))
    }
}

/// The words of a condition; a text keeps its opening quote.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            rest.chars()
                .skip(1)
                .position(|it| it == '"')
                .map_or(1, |at| rest.chars().take(at + 1).map(char::len_utf8).sum())
        } else if first.is_ascii_alphanumeric() {
            rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_' && it != '.')
                .unwrap_or(rest.len())
        } else if ["==", "!=", "<=", "&&", "||"]
            .iter()
            .any(|sign| rest.starts_with(sign))
        {
            2
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(length);
        words.push(word.to_owned());
        rest = if first == '"' {
            after.get(1..).unwrap_or("")
        } else {
            after
        }
        .trim_start();
    }
    words
}

fn take(words: &mut Vec<String>, wanted: &str) -> bool {
    let found = words.last().is_some_and(|word| word == wanted);
    if found {
        words.pop();
    }
    found
}

fn either(words: &mut Vec<String>) -> Option<Expression> {
    let first = both(words)?;
    let mut parts = vec![first];
    while take(words, "||") {
        parts.push(both(words)?);
    }
    if parts.len() == 1 {
        parts.pop()
    } else {
        Some(Expression::Any(parts))
    }
}

fn both(words: &mut Vec<String>) -> Option<Expression> {
    let first = single(words)?;
    let mut parts = vec![first];
    while take(words, "&&") {
        parts.push(single(words)?);
    }
    if parts.len() == 1 {
        parts.pop()
    } else {
        Some(Expression::All(parts))
    }
}

fn single(words: &mut Vec<String>) -> Option<Expression> {
    if take(words, "!") {
        return Some(Expression::Not(Box::new(single(words)?)));
    }
    if take(words, "(") {
        let inner = either(words)?;
        return take(words, ")").then_some(inner);
    }
    let left = sum(words)?;
    for sign in ["==", "!=", "<=", "<", "in"] {
        if take(words, sign) {
            return Some(Expression::Compare(
                sign.to_owned(),
                Box::new(left),
                Box::new(sum(words)?),
            ));
        }
    }
    Some(left)
}

fn sum(words: &mut Vec<String>) -> Option<Expression> {
    let left = value(words)?;
    if take(words, "+") {
        return Some(Expression::Sum(Box::new(left), Box::new(value(words)?)));
    }
    Some(left)
}

fn value(words: &mut Vec<String>) -> Option<Expression> {
    let word = words.pop()?;
    if let Some(text) = word.strip_prefix('"') {
        return Some(Expression::Text(text.to_owned()));
    }
    if word == "[" {
        return Some(Expression::List(list(words, "]")?));
    }
    if let Ok(number) = word.parse() {
        return Some(Expression::Integer(number));
    }
    if let Ok(flag) = word.parse() {
        return Some(Expression::Flag(flag));
    }
    if take(words, "(") {
        return Some(Expression::Call(word, list(words, ")")?));
    }
    word.starts_with(|it: char| it.is_ascii_alphabetic())
        .then_some(Expression::Name(word))
}

fn list(words: &mut Vec<String>, close: &str) -> Option<Vec<Expression>> {
    let mut items = Vec::new();
    while !take(words, close) {
        items.push(value(words)?);
        if !take(words, ",") {
            return take(words, close).then_some(items);
        }
    }
    Some(items)
}

/// What stands for something in a list of words.
pub(super) fn texts(list: &Expression) -> Vec<&str> {
    match list {
        Expression::List(items) => items.iter().flat_map(texts).collect(),
        Expression::Text(text) | Expression::Name(text) => vec![text],
        _ => Vec::new(),
    }
}

/// Whether a condition holds.
pub(super) fn holds(expression: &Expression, scene: &Scene<'_>, touching: Touching) -> Truth {
    match expression {
        Expression::Flag(flag) => Some(*flag),
        Expression::Name(fact) => match scene.value(fact)? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        },
        Expression::Not(inner) => not(holds(inner, scene, touching.negated())),
        Expression::All(parts) => all(parts.iter().map(|part| holds(part, scene, touching))),
        Expression::Any(parts) => any(parts.iter().map(|part| holds(part, scene, touching))),
        Expression::Compare(sign, left, right) => match sign.as_str() {
            "==" => equal(left, right, scene),
            "!=" => not(equal(left, right, scene)),
            "<" => Some(ordered(left, scene)? < ordered(right, scene)?),
            "<=" => Some(ordered(left, scene)? <= ordered(right, scene)?),
            _ => member(left, right, scene, touching == Touching::Now),
        },
        Expression::Call(name, arguments) => call(name, arguments, scene),
        Expression::Text(_) | Expression::Integer(_) | Expression::List(_) | Expression::Sum(..) => None,
    }
}

/// Where `in` means touching: nowhere in an ordinary condition; in the one that narrows a scope, wherever holding works
/// against the processing, which is outside negations for a ban and inside them for a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touching {
    Never,
    Now,
    Negated,
}

impl Touching {
    fn negated(self) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::Now => Self::Negated,
            Self::Negated => Self::Now,
        }
    }
}

fn equal(left: &Expression, right: &Expression, scene: &Scene<'_>) -> Truth {
    let Expression::Name(fact) = left else { return None };
    let value = scene.value(fact)?;
    match (value, right) {
        (_, Expression::Name(other)) => Some(value == scene.value(other)?),
        (Value::Text(word), Expression::Text(text)) => {
            Some(word == text || scene.is_place_in(fact, word, text))
        }
        (Value::Flag(flag), Expression::Flag(wanted)) => Some(flag == wanted),
        (Value::Integer(number), Expression::Integer(wanted)) => Some(number == wanted),
        _ => None,
    }
}

/// Instants in nanoseconds, lengths of time in seconds, numbers: the reader of the engine refuses to mix them.
fn ordered(expression: &Expression, scene: &Scene<'_>) -> Option<i128> {
    const NANOSECONDS: i128 = 1_000_000_000;
    match expression {
        Expression::Integer(number) => Some((*number).into()),
        Expression::Call(name, arguments) => {
            let text = *arguments.iter().flat_map(texts).collect::<Vec<_>>().first()?;
            if name == "timestamp" {
                instant(text)
            } else {
                duration(text).map(|it| i128::from(it) * NANOSECONDS)
            }
        }
        Expression::Sum(base, plus) => {
            let base = ordered(base, scene)?;
            match plus.as_ref() {
                // Until an event: after every instant.
                Expression::Name(fact) if until(scene.value(fact)?) => Some(i128::MAX),
                plus => Some(base + ordered(plus, scene)?),
            }
        }
        Expression::Name(fact) => match scene.value(fact)? {
            Value::Integer(number) => Some((*number).into()),
            Value::Time(instant) => Some(*instant),
            Value::Length(seconds) => Some(i128::from(*seconds) * NANOSECONDS),
            Value::Text(text) => duration(text).map(|it| i128::from(it) * NANOSECONDS),
            _ => None,
        },
        _ => None,
    }
}

fn until(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.starts_with("until:"))
}

fn member(left: &Expression, right: &Expression, scene: &Scene<'_>, touching: bool) -> Truth {
    match (left, right) {
        (Expression::Name(name), _) if name == "category" || name == "purpose" => {
            compare_place(name, right, scene, if touching { Way::Overlaps } else { Way::In })
        }
        (Expression::Name(name), Expression::List(_)) if name == "data" => {
            let (tree, list) = (&scene.policy.categories, texts(right));
            let listed = |id: &String| list.iter().any(|it| tree.is_below(id, it));
            Some(scene.data.iter().all(|id| tree.below(id).iter().all(listed)))
        }
        (Expression::Name(fact), Expression::List(_)) => {
            let list = texts(right);
            match scene.value(fact)? {
                Value::Text(word) => Some(
                    list.iter()
                        .any(|text| word == text || scene.is_place_in(fact, word, text)),
                ),
                Value::Words(words) if scene.words_are("categories", fact) => {
                    let tree = &scene.policy.categories;
                    let listed = |id: &String| list.iter().any(|it| tree.is_below(id, it));
                    Some(words.iter().all(|word| tree.below(word).iter().all(listed)))
                }
                Value::Words(words) => Some(words.iter().all(|word| list.contains(&word.as_str()))),
                _ => None,
            }
        }
        (_, Expression::Name(set)) => {
            let Some(Value::Words(words)) = scene.value(set) else {
                return None;
            };
            if words.is_empty() {
                return Some(false);
            }
            if words.contains("*") {
                return Some(true);
            }
            match left {
                Expression::Text(word) => Some(words.contains(word)),
                Expression::Name(fact) => match scene.value(fact)? {
                    Value::Text(word) => Some(words.contains(word)),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Overlaps,
    Above,
}

/// `category in …`, `overlaps(purpose, …)`, `above(category, …)`.
fn compare_place(what: &str, group: &Expression, scene: &Scene<'_>, way: Way) -> Truth {
    let tree = if what == "category" {
        &scene.policy.categories
    } else {
        &scene.policy.purposes
    };
    let judged = if what == "category" {
        scene.category?
    } else {
        scene.purpose
    };
    let named: Vec<&str> = match group {
        Expression::Name(fact) => match scene.value(fact)? {
            Value::Words(words) if words.contains("*") => return Some(true),
            Value::Words(words) => words.iter().map(String::as_str).collect(),
            _ => return None,
        },
        _ => texts(group),
    };
    let is_named = |id: &str| named.iter().any(|it| tree.is_below(id, it));
    let part_is_named = || tree.below(judged).iter().any(|id| is_named(id));
    let labels = if what == "category" { scene.labels } else { &[] };
    Some(match way {
        Way::In => tree.below(judged).iter().all(|id| is_named(id)),
        Way::Overlaps => part_is_named() || labels.iter().any(|label| is_named(label)),
        Way::Above => !is_named(judged) && part_is_named(),
    })
}

fn call(name: &str, arguments: &[Expression], scene: &Scene<'_>) -> Truth {
    let named = arguments
        .first()
        .map(texts)
        .and_then(|texts| texts.first().copied());
    match (name, named) {
        ("known", Some(fact)) => scene
            .value(fact)
            .map(|value| *value != Value::Text("none".to_owned())),
        ("given", Some(fact)) => {
            let value = Scene {
                taken: true,
                ..*scene
            }
            .value(fact);
            Some(value.is_some_and(|value| *value != Value::Text("none".to_owned())))
        }
        ("overlaps", Some(what)) => compare_place(what, arguments.get(1)?, scene, Way::Overlaps),
        ("above", Some(what)) => compare_place(what, arguments.get(1)?, scene, Way::Above),
        ("allowed", Some(fact)) => {
            let Value::Words(controls) = scene.value(fact)? else {
                return None;
            };
            all(controls.iter().map(|control| scene.control_allows(control)))
        }
        ("named_for_product", None) => {
            let named = scene.policy.product_data.get(scene.product)?;
            Some(scene.policy.categories.whole_in(scene.category?, named))
        }
        ("rule", Some(id)) => scene.rule_covers(scene.policy.rules.iter().find(|rule| rule.id == id)?),
        ("granted", Some(operation)) => any(scene.granting(operation).map(|rule| scene.rule_covers(rule))),
        _ => None,
    }
}

/// Calls `each` with the facts that leave a condition open: those without a value that its open parts read.
pub(super) fn open_facts(
    expression: &Expression,
    scene: &Scene<'_>,
    touching: Touching,
    each: &mut dyn FnMut(&str),
) {
    if holds(expression, scene, touching).is_some() {
        return;
    }
    match expression {
        Expression::Not(inner) => open_facts(inner, scene, touching.negated(), each),
        Expression::All(parts) | Expression::Any(parts) => {
            parts
                .iter()
                .for_each(|part| open_facts(part, scene, touching, each));
        }
        Expression::Call(name, arguments) if name == "rule" => {
            let id = arguments.iter().flat_map(texts).next();
            let rules = scene
                .policy
                .rules
                .iter()
                .filter(|rule| Some(rule.id.as_str()) == id);
            rules.for_each(|rule| scene.rule_open_facts(rule, each));
        }
        Expression::Call(name, arguments) if name == "granted" => {
            for operation in arguments.iter().flat_map(texts) {
                scene
                    .granting(operation)
                    .for_each(|rule| scene.rule_open_facts(rule, each));
            }
        }
        Expression::Call(name, arguments) if name == "allowed" => {
            for fact in arguments.iter().flat_map(texts) {
                scene.note_if_missing(fact, each);
                if let Some(Value::Words(controls)) = scene.value(fact) {
                    controls
                        .iter()
                        .for_each(|control| scene.control_open_facts(control, each));
                }
            }
        }
        _ => names(expression, &mut |name| {
            if name != "category" && name != "purpose" {
                scene.note_if_missing(name, each);
            }
        }),
    }
}

/// Calls `each` with the names in an expression: facts, `category` and `purpose`.
pub fn names(expression: &Expression, each: &mut dyn FnMut(&str)) {
    match expression {
        Expression::Name(name) => each(name),
        Expression::Not(inner) => names(inner, each),
        Expression::List(parts)
        | Expression::All(parts)
        | Expression::Any(parts)
        | Expression::Call(_, parts) => {
            parts.iter().for_each(|part| names(part, each));
        }
        Expression::Compare(_, left, right) | Expression::Sum(left, right) => {
            names(left, each);
            names(right, each);
        }
        Expression::Text(_) | Expression::Integer(_) | Expression::Flag(_) => {}
    }
}
