//! Reading TOML and JSON strictly: every problem at once, each with its place and the nearest valid name.
//!
//! Both formats become one tree of [`Node`]s that know where they stand in the text. A [`Table`] is then asked for
//! the keys it may have; what was not asked for is an unknown key.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Source, nearest};

/// The format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.0.
    Toml,
    /// JSON (RFC 8259): no comments, no trailing commas.
    Json,
}

/// A value together with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place, in bytes from the start of the text.
    pub span: Range<usize>,
}

/// One value of the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its place, in bytes from the start of the text.
    pub span: Range<usize>,
    /// The value itself.
    pub value: NodeValue,
}

/// What a [`Node`] holds. Dates and times of TOML are text.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// JSON `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Decimal(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A table: its keys in the order of the text.
    Table(Vec<(Spanned<String>, Node)>),
}

impl NodeValue {
    /// The name of the value's type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "a flag (true or false)",
            Self::Integer(_) => "a whole number",
            Self::Decimal(_) => "a decimal number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A text that is being read, and everything found wrong with it so far.
#[derive(Debug)]
pub struct Document {
    source: Arc<Source>,
    found: RefCell<Vec<Diagnostic>>,
    /// Places in `found` of what was taken back.
    retracted: RefCell<HashSet<usize>>,
}

impl Document {
    /// Starts reading `text`, which messages will call `name`.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        let source = Arc::new(Source {
            name: name.to_owned(),
            text: text.to_owned(),
        });
        Self {
            source,
            found: RefCell::default(),
            retracted: RefCell::default(),
        }
    }

    /// Starts reading bytes that ought to be text. If they are not UTF-8, that is reported.
    #[must_use]
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Self {
        let error = match str::from_utf8(bytes) {
            Ok(text) => return Self::new(name, text),
            Err(error) => error,
        };
        let document = Self::new(name, &String::from_utf8_lossy(bytes));
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        document
            .error(
                at..at + char::REPLACEMENT_CHARACTER.len_utf8(),
                "the text is not UTF-8",
            )
            .reason(format!(
                "no character is written with the byte 0x{byte:02x} in this place"
            ))
            .help("save the file as UTF-8");
        document
    }

    /// The text being read.
    #[must_use]
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The line of a position in the text, counted from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        let before = self.source.text.get(..at).unwrap_or(&self.source.text);
        before.matches('\n').count() + 1
    }

    /// Parses the text. A text that is not of this format is reported and gives `None`.
    pub fn parse(&self, format: Format) -> Option<Node> {
        let parsed = match format {
            Format::Toml => parse_toml(&self.source.text),
            Format::Json => parse_json(&self.source.text),
        };
        match parsed {
            Ok(node) => Some(node),
            Err((message, span)) => {
                self.error(span, message);
                None
            }
        }
    }

    /// Says what to do about a text that is no TOML, where the parser's words alone do not.
    pub(crate) fn explain_syntax(&self) {
        let mut found = self.found.borrow_mut();
        let Some(item) = found.last_mut() else { return };
        let help = [
            ("string values must be quoted", "write text in quotes: `\"…\"`"),
            (
                "invalid basic string",
                "close the text with `\"` on the line that it begins on",
            ),
            (
                "array",
                "a list is written `[\"one\", \"other\"]`: is the one before closed with `]`?",
            ),
            (
                "duplicate key",
                "say it once; of what there can be several, each is a table with two brackets: `[[activity]]`",
            ),
            ("key with no value", "write `key = value`"),
            (
                "invalid boolean",
                "write text in quotes, `\"…\"`, and a flag as `true` or `false`",
            ),
            ("date", "write a date like `2026-11-01`"),
        ];
        let known = help.iter().find(|(words, _)| item.message.contains(words));
        item.help = known.map(|(_, help)| (*help).to_owned());
        item.message = format!("this is not TOML: {}", item.message);
    }

    /// Reports an error; the returned handle takes the reason and the help.
    pub fn error(&self, span: Range<usize>, message: impl Into<String>) -> Reported<'_> {
        self.report(Severity::Error, span, message.into())
    }

    /// Reports a warning; the returned handle takes the reason and the help.
    pub fn warning(&self, span: Range<usize>, message: impl Into<String>) -> Reported<'_> {
        self.report(Severity::Warning, span, message.into())
    }

    fn report(&self, severity: Severity, span: Range<usize>, message: String) -> Reported<'_> {
        let source = Arc::clone(&self.source);
        let mut found = self.found.borrow_mut();
        found.push(Diagnostic {
            severity,
            message,
            source,
            span,
            reason: None,
            help: None,
        });
        Reported {
            document: self,
            index: found.len() - 1,
        }
    }

    /// Reports an id that the vocabulary does not know, with the nearest one that it does.
    pub fn unknown<'a>(
        &self,
        what: &str,
        id: &Spanned<String>,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Reported<'_> {
        let reported = self.error(
            id.span.clone(),
            format!("unknown {what} `{}`", printable(&id.value)),
        );
        match nearest(&id.value, known) {
            Some(near) => reported.help(format!("did you mean `{near}`?")),
            None => reported,
        }
    }

    /// Takes a report back that another one makes needless.
    fn retract(&self, index: usize) {
        self.retracted.borrow_mut().insert(index);
    }

    /// Says what to do about values of the wrong type in a place, where nothing has been said yet.
    pub(crate) fn help_with_type(&self, place: &Range<usize>, help: &str) {
        for item in self.found.borrow_mut().iter_mut() {
            let lies_in = place.start <= item.span.start && item.span.end <= place.end;
            if lies_in && item.help.is_none() && item.message.contains(" must be ") {
                item.help = Some(help.to_owned());
            }
        }
    }

    /// Whether something refuses the text.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found
            .borrow()
            .iter()
            .any(|item| item.severity == Severity::Error)
    }

    /// What was found, in the order of the text: all of it, or the first 200 problems and how many more there are.
    #[must_use]
    pub fn finish(self) -> Diagnostics {
        // Nobody reads more, and showing each takes time in proportion to the text: a hostile one would cost minutes.
        const SHOWN: usize = 200;
        let retracted = self.retracted.into_inner();
        let found = self.found.into_inner().into_iter().enumerate();
        let mut found: Vec<Diagnostic> = found
            .filter_map(|(at, item)| (!retracted.contains(&at)).then_some(item))
            .collect();
        found.sort_by_key(|item| item.span.start);
        let rest = found.split_off(SHOWN.min(found.len()));
        // An error among the rest must still refuse the input, so the strictest severity stands for all of them.
        if let Some(worst) = rest.iter().min_by_key(|item| item.severity) {
            found.push(Diagnostic {
                message: format!("{} more problems from here on", rest.len()),
                span: rest.first().map_or(0..0, |item| item.span.clone()),
                reason: None,
                help: Some("correct the ones above first".to_owned()),
                ..worst.clone()
            });
        }
        found.into()
    }

    /// The node as a table, or a report that it is not one.
    pub fn table<'d>(&'d self, node: &'d Node, what: &'static str) -> Option<Table<'d>> {
        match &node.value {
            NodeValue::Table(entries) => {
                self.refuse_duplicates(entries);
                Some(Table {
                    document: self,
                    entries,
                    span: node.span.clone(),
                    what,
                    asked: RefCell::default(),
                    missing: RefCell::default(),
                })
            }
            other => {
                self.error(
                    node.span.clone(),
                    format!("{what} must be a table, not {}", other.type_name()),
                );
                None
            }
        }
    }

    fn refuse_duplicates(&self, entries: &[(Spanned<String>, Node)]) {
        let mut seen = HashSet::with_capacity(entries.len());
        for (key, _) in entries {
            if !seen.insert(key.value.as_str()) {
                self.error(
                    key.span.clone(),
                    format!("`{}` is given twice", printable(&key.value)),
                );
            }
        }
    }

    /// The node as text, or a report that it is not.
    pub fn text(&self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match &node.value {
            NodeValue::Text(text) => Some(Spanned {
                value: text.clone(),
                span: node.span.clone(),
            }),
            other => {
                self.error(
                    node.span.clone(),
                    format!("{what} must be text, not {}", other.type_name()),
                );
                None
            }
        }
    }

    /// The node as a list of texts (a single text counts as a list of one); reports what is not.
    pub fn texts(&self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        match &node.value {
            NodeValue::List(items) => items.iter().filter_map(|item| self.text(item, what)).collect(),
            NodeValue::Text(_) => self.text(node, what).into_iter().collect(),
            other => {
                let message = format!("{what} must be a list of texts, not {}", other.type_name());
                self.error(node.span.clone(), message);
                Vec::new()
            }
        }
    }
}

/// A report that has just been made, to which a reason and a help can be added.
#[derive(Debug)]
pub struct Reported<'d> {
    document: &'d Document,
    index: usize,
}

impl Reported<'_> {
    /// Says why, with the policy section where one decides it.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        if let Some(item) = self.document.found.borrow_mut().get_mut(self.index) {
            item.reason = Some(reason.into());
        }
        self
    }

    /// Says what to do.
    pub fn help(self, help: impl Into<String>) -> Self {
        if let Some(item) = self.document.found.borrow_mut().get_mut(self.index) {
            item.help = Some(help.into());
        }
        self
    }
}

/// A table being read. Every key asked for is known; [`Table::finish`] reports the others.
#[derive(Debug)]
pub struct Table<'d> {
    document: &'d Document,
    entries: &'d [(Spanned<String>, Node)],
    /// The place of the whole table.
    pub span: Range<usize>,
    what: &'static str,
    asked: RefCell<Vec<&'static str>>,
    /// The keys that were reported as missing, each with its report.
    missing: RefCell<Vec<(&'static str, usize)>>,
}

impl<'d> Table<'d> {
    /// The value of a key, whatever it holds.
    pub fn node(&self, key: &'static str) -> Option<&'d Node> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.entries
            .iter()
            .find(|(name, _)| name.value == key)
            .map(|(_, node)| node)
    }

    /// The value of a key that must be there.
    pub fn required(&self, key: &'static str) -> Option<&'d Node> {
        let node = self.node(key);
        if node.is_none() {
            let reported = self
                .document
                .error(self.head(), format!("{} lacks `{key}`", self.what))
                .help(format!("add `{key} = …`"));
            self.missing.borrow_mut().push((key, reported.index));
        }
        node
    }

    /// Where to point for something that is not there: the table's first line.
    pub(crate) fn head(&self) -> Range<usize> {
        let text = self
            .document
            .source
            .text
            .get(self.span.clone())
            .unwrap_or_default();
        let length = text.find('\n').unwrap_or(text.len());
        self.span.start..self.span.start + length
    }

    /// All keys with their values, for tables whose keys are ids.
    pub fn entries(&self) -> impl Iterator<Item = (&'d Spanned<String>, &'d Node)> + use<'d> {
        self.entries.iter().map(|(key, node)| (key, node))
    }

    /// The text under a key, if the key is there.
    pub fn text(&self, key: &'static str) -> Option<Spanned<String>> {
        self.node(key)
            .and_then(|node| self.document.text(node, &format!("`{key}`")))
    }

    /// The text under a key that must be there.
    pub fn required_text(&self, key: &'static str) -> Option<Spanned<String>> {
        self.required(key)
            .and_then(|node| self.document.text(node, &format!("`{key}`")))
    }

    /// The texts under a key; none if the key is not there.
    pub fn texts(&self, key: &'static str) -> Vec<Spanned<String>> {
        self.node(key)
            .map_or_else(Vec::new, |node| self.document.texts(node, &format!("`{key}`")))
    }

    /// The texts under a key that must be there and must not be empty.
    pub fn required_texts(&self, key: &'static str) -> Vec<Spanned<String>> {
        let Some(node) = self.required(key) else {
            return Vec::new();
        };
        if matches!(&node.value, NodeValue::List(items) if items.is_empty()) {
            self.document
                .error(node.span.clone(), format!("`{key}` must not be empty"));
        }
        self.document.texts(node, &format!("`{key}`"))
    }

    /// The flag under a key, if the key is there.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        self.node(key).and_then(|node| self.as_flag(key, node))
    }

    /// The flag under a key that must be there.
    pub fn required_flag(&self, key: &'static str) -> Option<bool> {
        self.required(key).and_then(|node| self.as_flag(key, node))
    }

    fn as_flag(&self, key: &str, node: &Node) -> Option<bool> {
        match &node.value {
            NodeValue::Flag(flag) => Some(*flag),
            other => {
                let message = format!("`{key}` must be true or false, not {}", other.type_name());
                self.document.error(node.span.clone(), message);
                None
            }
        }
    }

    /// The table under a key, if the key is there.
    pub fn table(&self, key: &'static str, what: &'static str) -> Option<Table<'d>> {
        self.node(key).and_then(|node| self.document.table(node, what))
    }

    /// The tables under a key (a list of tables); none if the key is not there.
    pub fn tables(&self, key: &'static str, what: &'static str) -> Vec<Table<'d>> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        match &node.value {
            NodeValue::List(items) => items
                .iter()
                .filter_map(|item| self.document.table(item, what))
                .collect(),
            other => {
                let message = format!("`{key}` must be a list of tables, not {}", other.type_name());
                self.document.error(node.span.clone(), message);
                Vec::new()
            }
        }
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        self.refuse_unknown_keys();
    }

    /// Reports every key that nobody has asked for so far.
    pub fn refuse_unknown_keys(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.entries {
            if asked.contains(&key.value.as_str()) {
                continue;
            }
            let near = nearest(&key.value, asked.iter().copied());
            let missing = self.missing.borrow();
            if let Some((_, index)) = missing.iter().find(|(missing, _)| Some(*missing) == near) {
                // One slip of the pen is one problem: what is missing is what is written wrongly.
                self.document.retract(*index);
            }
            let what = format!("key in {}:", self.what);
            let reported = self.document.unknown(&what, key, near);
            if near.is_none() && asked.len() > 1 {
                let known: Vec<String> = asked.iter().map(|key| format!("`{key}`")).collect();
                reported.help(format!("the keys here are {}", known.join(", ")));
            }
        }
    }

    /// The keys that were reported as missing, for whoever can say more about them.
    pub(crate) fn missing(&self) -> Vec<(&'static str, Reported<'d>)> {
        let missing = self.missing.borrow();
        let reported = |(key, index): &(&'static str, usize)| {
            (
                *key,
                Reported {
                    document: self.document,
                    index: *index,
                },
            )
        };
        missing.iter().map(reported).collect()
    }
}

/// User text as it may appear in a message: control characters (terminal escapes among them) are shown, not sent,
/// and a long text is cut.
#[must_use]
pub fn printable(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text.chars().take(LONGEST).flat_map(escape_control).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Whether a character acts on what shows it instead of being shown: what controls a terminal, and what reorders text.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    // Bidirectional overrides reorder what a reviewer reads.
    let reorders = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || reorders
}

fn escape_control(character: char) -> Vec<char> {
    if is_hidden(character) {
        character.escape_unicode().collect()
    } else {
        vec![character]
    }
}

type Parsed = Result<Node, (String, Range<usize>)>;

fn parse_toml(text: &str) -> Parsed {
    let table = DeTable::parse(text).map_err(|error| {
        (
            one_line(error.message()),
            error.span().unwrap_or(0..text.len().min(1)),
        )
    })?;
    let span = table.span();
    Ok(Node {
        span,
        value: toml_table(table.into_inner())?,
    })
}

fn toml_table(table: DeTable<'_>) -> Result<NodeValue, (String, Range<usize>)> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let key = Spanned {
            span: key.span(),
            value: key.into_inner().into_owned(),
        };
        let span = value.span();
        entries.push((
            key,
            Node {
                value: toml_value(value.into_inner(), &span)?,
                span,
            },
        ));
    }
    Ok(NodeValue::Table(entries))
}

fn toml_value(value: DeValue<'_>, span: &Range<usize>) -> Result<NodeValue, (String, Range<usize>)> {
    Ok(match value {
        DeValue::Boolean(flag) => NodeValue::Flag(flag),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            NodeValue::Integer(parsed.map_err(|_| too_large(number.as_str(), span))?)
        }
        DeValue::Float(number) => NodeValue::Decimal(
            number
                .as_str()
                .parse()
                .map_err(|_| too_large(number.as_str(), span))?,
        ),
        DeValue::String(text) => NodeValue::Text(text.into_owned()),
        DeValue::Datetime(instant) => NodeValue::Text(instant.to_string()),
        DeValue::Array(items) => {
            let mut nodes = Vec::with_capacity(items.len());
            for item in items {
                let span = item.span();
                nodes.push(Node {
                    value: toml_value(item.into_inner(), &span)?,
                    span,
                });
            }
            NodeValue::List(nodes)
        }
        DeValue::Table(table) => toml_table(table)?,
    })
}

fn too_large(number: &str, span: &Range<usize>) -> (String, Range<usize>) {
    (
        format!("the number `{}` does not fit into 64 bits", printable(number)),
        span.clone(),
    )
}

fn parse_json(text: &str) -> Parsed {
    use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &strict).map_err(|error| {
        let range = error.range();
        (one_line(&error.kind().to_string()), range.start..range.end)
    })?;
    match parsed.value {
        Some(value) => json_node(value),
        None => Err(("the text is empty: expected a JSON value".to_owned(), 0..0)),
    }
}

fn json_node(value: jsonc_parser::ast::Value<'_>) -> Parsed {
    use jsonc_parser::ast::Value;
    use jsonc_parser::common::Ranged;
    let range = value.range();
    let span = range.start..range.end;
    let value = match value {
        Value::NullKeyword(_) => NodeValue::Null,
        Value::BooleanLit(flag) => NodeValue::Flag(flag.value),
        Value::StringLit(text) => NodeValue::Text(text.value.into_owned()),
        Value::NumberLit(number) => match number.value.parse::<i64>() {
            Ok(whole) => NodeValue::Integer(whole),
            Err(_) if number.value.contains(['.', 'e', 'E']) => {
                NodeValue::Decimal(number.value.parse().map_err(|_| too_large(number.value, &span))?)
            }
            Err(_) => return Err(too_large(number.value, &span)),
        },
        Value::Array(array) => NodeValue::List(
            array
                .elements
                .into_iter()
                .map(json_node)
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(object) => {
            let mut entries = Vec::with_capacity(object.properties.len());
            for property in object.properties {
                let range = property.name.range();
                let key = Spanned {
                    value: property.name.into_string(),
                    span: range.start..range.end,
                };
                entries.push((key, json_node(property.value)?));
            }
            NodeValue::Table(entries)
        }
    };
    Ok(Node { span, value })
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(", ")
}
