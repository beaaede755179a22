//! Cases as data: what is asked, what is given, what must come out.

use std::fmt::Write as _;

use licit_baseline::{Diagnostics, Document, Fact, FactValue, Fields, Format, Id, Node, NodeValue, Spanned};
use licit_host::{Decision, Host, Request, Response};

/// The cases of one file.
///
/// ```toml
/// [base.request]                      # what the cases have in common
/// product = "themes"
/// operation = "use"
/// purpose = "content-recommendation"
/// data = ["download-history"]
/// at = 2026-11-23T10:00:00Z
///
/// [base.given]                        # facts of any supplier
/// "controls.personalisation" = "on"
///
/// [[case]]                            # each case changes what it names
/// name = "permitted"
/// decision = "permit"
///
/// [[case]]
/// name = "the switch is off"
/// given = { "controls.personalisation" = "off" }
/// deciding = ["configuration-bounds-processing"]
/// ```
///
/// | Key of a case | Meaning |
/// |---|---|
/// | `name` | what it shows; unique in its file |
/// | `request` | fields of the request that differ from the base |
/// | `given` | facts that differ from the base |
/// | `unknown` | facts of the base that nobody supplies in this case |
/// | `decision` | `permit`, `deny` or `pend`; `deny` if left out |
/// | `deny-kind` | the kind of deny |
/// | `deciding` | rules (or reasons of the plugin) that must be among those that decide |
/// | `considered` | rules that must have been in scope |
/// | `section` | sections that the deciding rules must cite |
/// | `obligations` | exactly the duties, each as `id timing`; none if left out |
/// | `missing` | exactly the missing facts; not checked if left out |
/// | `items` | the decision per data category |
/// | `surplus` | exactly the data to leave out before asking again; not checked if left out |
/// | `advice` | exactly the rules whose advice goes with the answer; not checked if left out |
#[derive(Debug)]
pub struct CaseFile {
    /// Its cases, in the order of the file.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    request: Request,
    given: Vec<(Id<Fact>, FactValue)>,
    expected: Expected,
}

#[derive(Debug)]
struct Expected {
    decision: String,
    deny_kind: Option<String>,
    deciding: Vec<String>,
    considered: Vec<String>,
    sections: Vec<String>,
    obligations: Vec<String>,
    missing: Option<Vec<String>>,
    items: Vec<(String, String)>,
    surplus: Option<Vec<String>>,
    advice: Option<Vec<String>>,
}

impl CaseFile {
    /// Reads a file of cases. `permissive` is a further text whose `[given]` facts lie under those of the file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, each with its place and the nearest valid name.
    pub fn read(
        host: &Host,
        name: &str,
        text: &str,
        permissive: Option<(&str, &str)>,
    ) -> Result<Self, Diagnostics> {
        let under = permissive.map(|(name, text)| (Document::new(name, text), text));
        let under_root = under
            .as_ref()
            .and_then(|(document, _)| document.parse(Format::Toml));
        let document = Document::new(name, text);
        let root = document.parse(Format::Toml);
        let cases = root
            .as_ref()
            .and_then(|root| document.table(root, "a file of cases"))
            .map(|fields| {
                let base = fields.table("base", "`base`");
                let part = |key: &'static str| base.as_ref().and_then(|base| base.node(key));
                let (request, given) = (part("request"), part("given"));
                base.iter().for_each(Fields::refuse_unknown_keys);
                let read = |case: &Fields<'_>| {
                    let under = under
                        .as_ref()
                        .map(|(document, _)| document)
                        .zip(under_root.as_ref());
                    let reader = Reader {
                        host,
                        document: &document,
                        under,
                    };
                    let read = reader.case(case, request, given);
                    case.refuse_unknown_keys();
                    read
                };
                let cases: Vec<Case> = fields.tables("case", "a case").iter().filter_map(read).collect();
                if cases.is_empty() {
                    document.error(0..0, "the file has no `[[case]]`");
                }
                fields.finish();
                cases
            });
        let mut found = document.finish();
        if let Some((document, _)) = under {
            found.extend(document.finish());
        }
        if found.has_errors() {
            Err(found)
        } else {
            Ok(Self {
                cases: cases.unwrap_or_default(),
            })
        }
    }
}

struct Reader<'r> {
    host: &'r Host,
    document: &'r Document,
    under: Option<(&'r Document, &'r Node)>,
}

impl Reader<'_> {
    fn case(
        &self,
        case: &Fields<'_>,
        base_request: Option<&Node>,
        base_given: Option<&Node>,
    ) -> Option<Case> {
        let name = case.required_text("name");
        let merged = merge(base_request, case.node("request"), case.span.clone());
        let expected = expected(self.document, case);
        let unknown = case.texts("unknown");
        let own_given = case.node("given");
        let request = self.document.table(&merged, "a request");
        let request = request.and_then(|fields| self.host.read_request(self.document, &fields))?;
        let facts = &request.baseline().taxonomy().facts;
        let mut given: Vec<(Id<Fact>, FactValue)> = Vec::new();
        let mut put = |facts: Vec<(Id<Fact>, FactValue)>| {
            for (fact, value) in facts {
                given.retain(|(other, _)| *other != fact);
                given.push((fact, value));
            }
        };
        if let Some((document, root)) = self.under
            && let Some(fields) = document.table(root, "the permissive facts")
            && let Some(node) = fields.required("given")
        {
            put(self.host.read_facts(document, node, &request));
        }
        for node in [base_given, own_given].into_iter().flatten() {
            put(self.host.read_facts(self.document, node, &request));
        }
        for name in unknown {
            match facts.find(&name.value) {
                Some(fact) => given.retain(|(other, _)| *other != fact),
                None => {
                    self.document.unknown("fact", &name, facts.names());
                }
            }
        }
        Some(Case {
            name: name?.value,
            request,
            given,
            expected,
        })
    }
}

/// The base's table with the case's entries in place of those of the same name.
fn merge(base: Option<&Node>, own: Option<&Node>, span: std::ops::Range<usize>) -> Node {
    let entries = |node: Option<&Node>| -> Vec<(Spanned<String>, Node)> {
        match node.map(|node| &node.value) {
            Some(NodeValue::Table(entries)) => entries.clone(),
            _ => Vec::new(),
        }
    };
    let own = entries(own);
    let mut merged: Vec<_> = entries(base)
        .into_iter()
        .filter(|(key, _)| !own.iter().any(|(other, _)| other.value == key.value))
        .collect();
    merged.extend(own);
    Node {
        span,
        value: NodeValue::Table(merged),
    }
}

fn expected(document: &Document, case: &Fields<'_>) -> Expected {
    let texts = |key| {
        case.texts(key)
            .into_iter()
            .map(|it: Spanned<String>| it.value)
            .collect::<Vec<_>>()
    };
    let items = case.table("items", "`items`").map(|table| {
        table
            .entries()
            .filter_map(|(key, node)| Some((key.value.clone(), document.text(node, "a decision")?.value)))
            .collect()
    });
    let exact = |key| case.node(key).map(|_| texts(key));
    let (missing, surplus, advice) = (exact("missing"), exact("surplus"), exact("advice"));
    let decision = case.text("decision");
    if let Some(word) = &decision {
        let words = ["permit", "deny", "pend"];
        if !words.contains(&word.value.as_str()) {
            document.unknown("decision", word, words);
        }
    }
    Expected {
        decision: decision.map_or_else(|| "deny".to_owned(), |it| it.value),
        deny_kind: case.text("deny-kind").map(|it| it.value),
        deciding: texts("deciding"),
        considered: texts("considered"),
        sections: texts("section"),
        obligations: texts("obligations"),
        missing,
        items: items.unwrap_or_default(),
        surplus,
        advice,
    }
}

impl Case {
    /// Asks the host and compares the answer with what is expected.
    ///
    /// # Errors
    ///
    /// Every difference, expected and got side by side, and the whole answer.
    pub fn check(&self, host: &Host) -> Result<(), String> {
        let response = self.answer(host);
        let differences = self.differences(&response);
        if differences.is_empty() {
            return Ok(());
        }
        let answer = serde_json::to_string_pretty(&response).unwrap_or_default();
        Err(format!("{differences}\nthe whole answer:\n{answer}"))
    }

    /// What an answer has that is not expected, expected and got side by side in one line each; empty if nothing.
    #[must_use]
    pub fn differences(&self, response: &Response) -> String {
        self.expected.differences(response)
    }

    /// What it asks.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The answer that the host gives.
    #[must_use]
    pub fn answer(&self, host: &Host) -> Response {
        host.suppose(&self.request, &self.given)
    }
}

impl Expected {
    fn differences(&self, response: &Response) -> String {
        let mut text = String::new();
        let mut differ = |what: &str, expected: &str, got: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{what}: expected {expected}, got {got}");
        };
        if self.decision != response.decision.as_str() {
            differ("decision", &self.decision, response.decision.as_str());
        }
        let kind = response.deny_kind.as_ref().map(licit_host::DenyKind::as_str);
        if let Some(expected) = &self.deny_kind
            && Some(expected.as_str()) != kind
        {
            differ("deny-kind", expected, kind.unwrap_or("none"));
        }
        let deciding: Vec<&str> = response.deciding().map(|it| it.rule).collect();
        for rule in self
            .deciding
            .iter()
            .filter(|rule| !deciding.contains(&rule.as_str()))
        {
            differ("deciding", rule, &deciding.join(", "));
        }
        let considered: Vec<&str> = response.considered().map(|(rule, ..)| rule).collect();
        for rule in self
            .considered
            .iter()
            .filter(|rule| !considered.contains(&rule.as_str()))
        {
            differ("considered", rule, &considered.join(", "));
        }
        let sections: Vec<&String> = response.deciding().flat_map(|it| it.section).collect();
        for section in self.sections.iter().filter(|section| !sections.contains(section)) {
            differ("section", section, &format!("{sections:?}"));
        }
        let mut obligations: Vec<String> = response
            .obligations()
            .map(|it| format!("{} {}", it.id, it.timing))
            .collect();
        let mut expected = self.obligations.clone();
        obligations.sort();
        expected.sort();
        if obligations != expected {
            differ(
                "obligations",
                &format!("{expected:?}"),
                &format!("{obligations:?}"),
            );
        }
        let exact = [
            ("missing", &self.missing, response.missing().collect::<Vec<_>>()),
            ("surplus", &self.surplus, response.surplus().collect()),
            (
                "advice",
                &self.advice,
                response.advice().map(|it| it.rule).collect(),
            ),
        ];
        for (what, expected, mut got) in exact {
            let Some(expected) = expected else { continue };
            let mut expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            expected.sort_unstable();
            got.sort_unstable();
            if got != expected {
                differ(what, &format!("{expected:?}"), &format!("{got:?}"));
            }
        }
        for (data, decision) in &self.items {
            let got = response
                .categories()
                .find(|it| it.data == data)
                .map(|it| it.decision);
            if got.map(Decision::as_str) != Some(decision.as_str()) {
                differ(
                    &format!("item {data}"),
                    decision,
                    got.map_or("nothing", Decision::as_str),
                );
            }
        }
        text
    }
}
