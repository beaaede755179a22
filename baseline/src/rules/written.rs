//! A rule as its author wrote it, for those who read the rule book instead of running it.

use crate::condition::Expression;
use crate::document::{Node, NodeValue, Table as Fields};
use crate::table::Set;
use crate::taxonomy::{Axes, Category, Operation, Product, Purpose, Recipient};

/// Where a rule stands and what its author wrote there.
#[derive(Debug, Clone)]
pub struct Written {
    /// The file, as it was named when the policy was read.
    pub file: String,
    /// The line of its id, counted from 1.
    pub line: usize,
    /// The words of its scope and of what it does, by key: `("purposes", ["find-device"])`, in the order of the file.
    pub words: Vec<(String, Vec<String>)>,
    /// Its conditions.
    pub conditions: Vec<WrittenCondition>,
    /// What those words stand for.
    pub scope: RuleScope,
    /// For a permit: the axes it grants.
    pub grants: Axes,
    /// For a permit: axes granted to a part of the data only.
    pub also_grants: Vec<(Axes, Set<Category>)>,
}

/// A condition of a rule.
#[derive(Debug, Clone)]
pub struct WrittenCondition {
    /// What it is for.
    pub key: ConditionKey,
    /// Its text.
    pub text: String,
    /// The same, parsed.
    pub expression: Expression,
}

/// What a condition of a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConditionKey {
    /// It narrows the scope of a closed set.
    Within,
    /// A permit covers only if it is known to hold; any other rule speaks unless it is known not to.
    When,
    /// A classification applies only if it is known to hold.
    IfKnown,
    /// The rule does not fire if it is known to hold.
    Unless,
    /// A gate: it has to be known to hold.
    Must,
    /// A right is refused only if it is known to hold.
    RefuseWhen,
}

impl ConditionKey {
    /// The key used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::When => "when",
            Self::IfKnown => "if-known",
            Self::Unless => "unless",
            Self::Must => "must",
            Self::RefuseWhen => "refuse-when",
        }
    }
}

/// The scope of a rule, axis by axis. An axis that it does not name holds everything.
#[derive(Debug, Clone)]
pub struct RuleScope {
    /// What it is about: operations.
    pub operations: Set<Operation>,
    /// For a closed set: the operations on which whatever it does not cover is denied.
    pub else_deny: Set<Operation>,
    /// Purposes, with everything below them.
    pub purposes: Set<Purpose>,
    /// Products.
    pub products: Set<Product>,
    /// Recipients; `None` if it does not name any.
    pub recipients: Option<Set<Recipient>>,
    /// Data categories, with everything below them.
    pub data: Set<Category>,
    /// For a permit: the categories that it may cover. Everything for the others.
    pub admits: Set<Category>,
    /// For a permit: of these, a request may name one.
    pub at_most_one: Option<Set<Category>>,
}

impl Written {
    /// The group that the rule belongs to: the name of its file without folder and extension.
    ///
    /// # Examples
    ///
    /// ```
    /// # let baseline = licit_baseline::Baseline::embedded();
    /// let id = baseline.rules().find("find-device-switch").unwrap();
    /// let written = &baseline.rules().get(id).unwrap().written;
    /// assert_eq!(written.group(), "d2-detailed-uses");
    /// assert_eq!(written.words("purposes"), ["find-device"]);
    /// ```
    #[must_use]
    pub fn group(&self) -> &str {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        name.strip_suffix(".toml").unwrap_or(name)
    }

    /// The words under a key; none if the rule does not have the key.
    #[must_use]
    pub fn words(&self, key: &str) -> &[String] {
        self.words
            .iter()
            .find(|(other, _)| other == key)
            .map_or(&[], |(_, words)| words)
    }

    /// The condition under a key, if the rule has it.
    #[must_use]
    pub fn condition(&self, key: ConditionKey) -> Option<&WrittenCondition> {
        self.conditions.iter().find(|it| it.key == key)
    }
}

/// The words under every key that says what a rule is about and what it does.
pub(super) fn written_words(fields: &Fields<'_>) -> Vec<(String, Vec<String>)> {
    /// What a rule is called, why it is there, and its conditions, which have fields of their own.
    const OTHERS: [&str; 13] = [
        "id",
        "section",
        "kind",
        "summary",
        "reading",
        "ambiguities",
        "values",
        "within",
        "when",
        "if-known",
        "unless",
        "must",
        "refuse-when",
    ];
    fields
        .entries()
        .filter(|(key, _)| !OTHERS.contains(&key.value.as_str()))
        .map(|(key, node)| (key.value.clone(), words(node)))
        .filter(|(_, words)| !words.is_empty())
        .collect()
}

fn words(node: &Node) -> Vec<String> {
    match &node.value {
        NodeValue::List(items) => items.iter().map(in_line).collect(),
        NodeValue::Table(entries) => entries
            .iter()
            .map(|(key, value)| format!("{} = {}", key.value, in_line(value)))
            .collect(),
        _ => vec![in_line(node)],
    }
}

fn in_line(node: &Node) -> String {
    match &node.value {
        NodeValue::Null => "null".to_owned(),
        NodeValue::Flag(flag) => flag.to_string(),
        NodeValue::Integer(number) => number.to_string(),
        NodeValue::Decimal(number) => number.to_string(),
        NodeValue::Text(text) => text.clone(),
        NodeValue::List(items) => items.iter().map(in_line).collect::<Vec<_>>().join(", "),
        NodeValue::Table(_) => words(node).join("; "),
    }
}
