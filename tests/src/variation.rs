//! `[variations]`: each line says in one row what a `[[case]]` entry says at length, and becomes one.

use std::ops::Range;

use licit_baseline::{Document, Node, NodeValue, Spanned};

/// The fields of a request, and of the question whether a plugin may be loaded.
const REQUEST: &[&str] = &[
    "product",
    "operation",
    "purpose",
    "data",
    "at",
    "id",
    "facts",
    "manifest",
    "changes",
];

/// What a variation says besides its request and its facts, in the words of a `[[case]]` entry.
const CASE: &[&str] = &[
    "decision",
    "deny-kind",
    "deciding",
    "considered",
    "section",
    "obligations",
    "missing",
    "items",
    "surplus",
    "advice",
    "unknown",
    "skip",
];

/// What only a variation has.
const OWN: &[&str] = &["right", "with", "each"];

type Entry = (Spanned<String>, Node);

/// Expands the lines of `[variations]`.
pub(crate) struct Variations<'v> {
    pub(crate) document: &'v Document,
    /// What the cases have in common.
    pub(crate) base_request: Option<&'v Node>,
    /// The names of all facts.
    pub(crate) facts: Vec<String>,
}

/// One line on its way to a `[[case]]` entry.
#[derive(Clone, Default)]
struct Line {
    request: Vec<Entry>,
    /// Fields of the request that hold where the line does not name them.
    usual: Vec<Entry>,
    given: Vec<Entry>,
    rest: Vec<Entry>,
    with: Vec<Node>,
}

impl Variations<'_> {
    /// The `[[case]]` entries that one line stands for: one, or one for each value of `each`.
    pub(crate) fn expand(&self, name: &Spanned<String>, node: &Node) -> Vec<Node> {
        let Some(fields) = self.document.table(node, "a variation") else {
            return Vec::new();
        };
        let mut line = Line::default();
        let mut each = None;
        for (key, value) in fields.entries() {
            if key.value == "each" {
                each = Some(value);
            } else if CASE.contains(&key.value.as_str()) {
                line.rest.push((key.clone(), value.clone()));
            } else {
                self.put(&mut line, key, value);
            }
        }
        let Some(each) = each else {
            return vec![self.case(line, name, &node.span)];
        };
        let Some((key, values)) = self.each(each) else {
            return Vec::new();
        };
        let of_value = |value: &Node| {
            let mut line = line.clone();
            self.put(&mut line, &key, value);
            let name = Spanned {
                value: format!("{}: {}", name.value, shown(value)),
                span: value.span.clone(),
            };
            self.case(line, &name, &node.span)
        };
        values.iter().map(of_value).collect()
    }

    /// The key and the values of `each`.
    fn each<'n>(&'n self, node: &'n Node) -> Option<(Spanned<String>, &'n [Node])> {
        let fields = self.document.table(node, "`each`")?;
        let mut entries = fields.entries();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            self.document
                .error(
                    node.span.clone(),
                    "`each` goes through the values of exactly one key",
                )
                .help("write `each = { KEY = [value, …] }`");
            return None;
        };
        // `a.b = […]` without quotes is a table in a table.
        let (mut key, mut value) = (key.clone(), value);
        while let NodeValue::Table(inner) = &value.value
            && let [(name, node)] = inner.as_slice()
        {
            key.value = format!("{}.{}", key.value, name.value);
            value = node;
        }
        match &value.value {
            NodeValue::List(values) if !values.is_empty() => Some((key, values)),
            NodeValue::List(_) => {
                self.document
                    .error(value.span.clone(), "`each` has no values, so it shows nothing")
                    .help("name at least one, or leave the variation out");
                None
            }
            other => {
                let message = format!("`each` must have a list of values, not {}", other.type_name());
                self.document.error(value.span.clone(), message);
                None
            }
        }
    }

    /// Puts a field of the request, a fact or more data where a `[[case]]` entry has it.
    fn put(&self, line: &mut Line, key: &Spanned<String>, value: &Node) {
        let name = key.value.as_str();
        let is_table = matches!(value.value, NodeValue::Table(_));
        let below = |fact: &String| {
            fact.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || is_table && rest.starts_with('.'))
        };
        if REQUEST.contains(&name) && (!is_table || name == "facts") {
            line.request.push((key.clone(), value.clone()));
        } else if name == "right" && !is_table {
            line.given.push((named("right.kind", &key.span), value.clone()));
            let text = |text: &str| NodeValue::Text(text.to_owned());
            // What is asked of a product is all that it holds, unless the line says otherwise.
            let usual = [
                ("operation", text("right")),
                ("purpose", text("rights-fulfilment")),
                ("data", NodeValue::List(Vec::new())),
            ];
            line.usual = usual.map(|(field, value)| entry(field, &key.span, value)).into();
        } else if name == "with" {
            match &value.value {
                NodeValue::List(more) => line.with.extend(more.iter().cloned()),
                _ => line.with.push(value.clone()),
            }
        } else if name.contains('.') || self.facts.iter().any(below) {
            line.given.push((key.clone(), value.clone()));
        } else {
            let facts = self.facts.iter().map(String::as_str);
            let words = [REQUEST, CASE, OWN].into_iter().flatten().copied();
            self.document
                .unknown("key in a variation:", key, words.chain(facts));
        }
    }

    /// The finished entry.
    fn case(&self, line: Line, name: &Spanned<String>, span: &Range<usize>) -> Node {
        let Line {
            mut request,
            usual,
            given,
            rest,
            with,
        } = line;
        let missing = |(key, _): &Entry| !request.iter().any(|(other, _)| other.value == key.value);
        let usual: Vec<_> = usual.into_iter().filter(missing).collect();
        request.extend(usual);
        if !with.is_empty() {
            let own = request.iter().position(|(key, _)| key.value == "data");
            let data = match own {
                Some(at) => Some(request.remove(at).1),
                None => self.base_request.and_then(|base| member(base, "data")).cloned(),
            };
            let mut all = match data {
                Some(Node {
                    value: NodeValue::List(items),
                    ..
                }) => items,
                other => other.into_iter().collect(),
            };
            all.extend(with);
            request.push(entry("data", span, NodeValue::List(all)));
        }
        let mut case = vec![entry("name", &name.span, NodeValue::Text(name.value.clone()))];
        case.push(entry("request", span, NodeValue::Table(request)));
        case.push(entry("given", span, NodeValue::Table(given)));
        case.extend(rest);
        Node {
            span: span.clone(),
            value: NodeValue::Table(case),
        }
    }
}

fn named(name: &str, span: &Range<usize>) -> Spanned<String> {
    Spanned {
        value: name.to_owned(),
        span: span.clone(),
    }
}

fn entry(name: &str, span: &Range<usize>, value: NodeValue) -> Entry {
    let node = Node {
        span: span.clone(),
        value,
    };
    (named(name, span), node)
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        NodeValue::Table(entries) => entries.iter().find(|(name, _)| name.value == key).map(|it| &it.1),
        _ => None,
    }
}

/// A value of `each`, as the name of its case shows it.
fn shown(value: &Node) -> String {
    match &value.value {
        NodeValue::Null => "null".to_owned(),
        NodeValue::Flag(flag) => flag.to_string(),
        NodeValue::Integer(number) => number.to_string(),
        NodeValue::Decimal(number) => number.to_string(),
        NodeValue::Text(text) => text.clone(),
        NodeValue::List(items) if items.is_empty() => "none".to_owned(),
        NodeValue::List(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        NodeValue::Table(entries) => {
            let shown = |(key, value): &Entry| format!("{} {}", key.value, shown(value));
            entries.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use licit_host::Host;

    use crate::{Case, CaseFile};

    /// What reading `lines` as the variations of one request gives: the cases, or all that is wrong.
    fn read(lines: &str) -> Result<Vec<Case>, String> {
        let host = Host::builder().build().unwrap();
        let text = format!(
            "[base.request]\nproduct = \"notes\"\noperation = \"use\"\npurpose = \"on-device-function\"\n\
             data = [\"note-content\"]\nat = 2026-11-23T10:00:00Z\n\n[variations]\n{lines}"
        );
        let read = CaseFile::read(&host, "notes.toml", &text, None);
        read.map(|file| file.cases).map_err(|found| found.to_string())
    }

    fn wrong(lines: &str, said: &[&str]) {
        let found = read(lines).expect_err(lines);
        for part in said {
            assert!(found.contains(part), "{lines}: no `{part}` in\n{found}");
        }
    }

    #[test]
    fn a_line_changes_what_it_names() {
        let cases = read(
            r#"
            "as it is" = {}
            "one more" = { with = "photo", operation = "store" }
            "other data" = { data = "photo" }
            "other data and one more" = { data = ["photo"], with = ["video", "photo"] }
            "#,
        )
        .unwrap();
        let asked: Vec<String> = cases
            .iter()
            .map(|case| {
                let request = case.request().unwrap();
                format!(
                    "{} {}",
                    request.operation(),
                    request.data().collect::<Vec<_>>().join(" ")
                )
            })
            .collect();
        assert_eq!(
            asked,
            [
                "use note-content",
                "store note-content photo",
                "use photo",
                "use photo video"
            ]
        );
    }

    #[test]
    fn a_fact_may_be_quoted_or_not() {
        let cases = read(
            r#"
            "quoted" = { each = { "subject.age_class" = ["adult", "minor"] } }
            "not quoted" = { each = { subject.age_class = ["adult", "minor"] } }
            "without a dot" = { each = { locus = ["device", "server"] } }
            "#,
        )
        .unwrap();
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "quoted: adult",
                "quoted: minor",
                "not quoted: adult",
                "not quoted: minor",
                "without a dot: device",
                "without a dot: server",
            ]
        );
        let given = |at: usize| format!("{:?}", cases[at].given());
        assert_eq!(given(0), given(2));
        assert_ne!(given(0), given(1));
    }

    #[test]
    fn a_right_is_asked_for_all_that_is_held() {
        let cases = read(
            r#"
            "rights" = { each = { right = ["erase", "access"] } }
            "one item" = { right = "erase", data = "note-content" }
            "#,
        )
        .unwrap();
        let asked = |at: usize| {
            let request = cases[at].request().unwrap();
            (
                request.operation().to_owned(),
                request.purpose().to_owned(),
                request.data().count(),
            )
        };
        assert_eq!(asked(0), ("right".to_owned(), "rights-fulfilment".to_owned(), 0));
        assert_eq!(asked(2), ("right".to_owned(), "rights-fulfilment".to_owned(), 1));
        assert_ne!(
            format!("{:?}", cases[0].given()),
            format!("{:?}", cases[1].given())
        );
    }

    #[test]
    fn what_is_wrong_has_its_place_and_the_nearest_name() {
        wrong(
            "\"a\" = { decison = \"permit\" }",
            &[
                "notes.toml:9:9",
                "unknown key in a variation: `decison`",
                "did you mean `decision`?",
            ],
        );
        wrong(
            "\"a\" = { subject.age_clas = \"minor\" }",
            &["notes.toml:9:", "did you mean `subject.age_class`?"],
        );
        wrong(
            "\"a\" = { data = \"note-contents\" }",
            &["notes.toml:9:16", "did you mean `note-content`?"],
        );
        wrong(
            "\"a\" = { with = \"note-contents\" }",
            &["notes.toml:9:16", "did you mean `note-content`?"],
        );
        wrong(
            "\"a\" = { each = { dat = [\"photo\"] } }",
            &["notes.toml:9:18", "did you mean `data`?"],
        );
        wrong("\"a\" = { each = {} }", &["notes.toml:9:16", "exactly one key"]);
        wrong(
            "\"a\" = { each = { data = [] } }",
            &["notes.toml:9:25", "has no values"],
        );
        wrong(
            "\"a\" = { each = { data = \"photo\" } }",
            &["notes.toml:9:25", "a list of values, not text"],
        );
        wrong(
            "\"a\" = { data = \"photo\", each = { data = [\"video\"] } }",
            &["`data` is given twice"],
        );
        wrong(
            "\"a\" = \"permit\"",
            &["notes.toml:9:7", "must be a table, not text"],
        );
        wrong("\"a\" = { skip = \" \" }", &["notes.toml:9:16", "says why"]);
        wrong(
            "\"a: photo\" = {}\n\"a\" = { each = { data = [\"photo\"] } }",
            &["two cases are called `a: photo`"],
        );
        wrong(
            "\"a\" = {}\n[[case]]\nname = \"a\"",
            &["notes.toml:9:1", "two cases are called `a`"],
        );
        wrong("", &["the file has no case"]);
    }

    #[test]
    fn a_skipped_case_says_why() {
        let cases = read("\"a\" = { skip = \"not built yet\" }\n\"b\" = {}").unwrap();
        assert_eq!(cases[0].skipped(), Some("not built yet"));
        assert_eq!(cases[1].skipped(), None);
    }
}
