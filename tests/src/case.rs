//! Cases as data: what is asked, what is given, what must come out.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use licit_baseline::{
    Baseline, Diagnostics, Document, Fact, FactValue, Fields, Format, Id, Node, NodeValue, Spanned,
    parse_instant, printable,
};
use licit_host::{Decision, DenyKind, Host, Layer, LoadAnswer, LoadRequest, Request, Response};

use crate::hosts::Stand;
use crate::variation::Variations;

/// The cases of one file.
///
/// A case is a line of `[variations]`, which says in one row how it differs from what the cases have in common; or an
/// entry `[[case]]`, where that takes more room. Both mean the same, and a file may have both.
///
/// ```
/// use licit_conformance::{CaseFile, as_cases_are_asked, fixture};
/// use licit_host::Host;
///
/// let cases = r#"
/// [base.request]                      # what the cases have in common
/// product = "weather"
/// operation = "use"
/// purpose = "location-based-service"
/// data = ["approximate-location"]
/// at = 2026-11-23T10:00:00Z
///
/// [base.given]                        # facts of any supplier
/// "data.origin_product" = "weather"
///
/// [variations]                        # name = what differs, and what must come out: deny, if left out
/// "the city is enough"         = { decision = "permit" }
/// "location permission is off" = { controls.location_permission = "off", deciding = ["location-app-permission"] }
/// "one item more"              = { each = { with = ["imei", "email-address"] }, deny-kind = "not-declared" }
/// "another analyses it"        = { skip = "the analysis is not built yet", purpose = "data-analysis" }
///
/// [[case]]
/// name = "the switch is not known"
/// unknown = ["controls.location_services"]
/// deciding = ["location-services-switch"]
/// missing = ["controls.location_services"]
/// "#;
/// # let permissive = include_str!("../cases/permissive.toml");
/// # let manifest = r#"
/// # [plugin]
/// # product = "weather"
/// # version = "1.0.0"
/// # policy = "2025-10-10"
/// # child-directed = false
/// # financial = false
/// # requires-account = false
/// # system-service = false
/// # review-date = 2026-11-01
/// # [[activity]]
/// # id = "forecast"
/// # purpose = "location-based-service"
/// # operations = ["collect", "use"]
/// # data = ["approximate-location"]
/// # necessary = true
/// # legal-basis = "contract"
/// # controls = ["location-permission", "location-services"]
/// # feature = "location"
/// # storage = ["SG"]
/// # retention = { period = "P1D" }
/// # "#;
/// let builder = Host::builder().plugin("weather.toml", fixture(manifest)?);
/// let host = as_cases_are_asked(builder).build()?;
/// assert!(host.refused().is_empty(), "{:?}", host.refused());
/// let file = CaseFile::read(&host, "weather.toml", cases, Some(("permissive.toml", permissive)))?;
/// let names: Vec<&str> = file.cases.iter().map(|case| case.name.as_str()).collect();
/// assert_eq!(names, [
///     "the switch is not known",
///     "the city is enough",
///     "location permission is off",
///     "one item more: imei",
///     "one item more: email-address",
///     "another analyses it",
/// ]);
/// for case in file.cases.iter().filter(|case| case.skipped().is_none()) {
///     case.check(&host)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | Key of a case | Meaning |
/// |---|---|
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
/// | `unknown` | facts of the base that nobody supplies in this case |
/// | `skip` | the reason why it is not run; such a case shows nothing |
///
/// | Further keys of a line of `[variations]` | Meaning |
/// |---|---|
/// | a field of the request, or a fact | its value |
/// | `with` | data added to that of the base |
/// | `right` | a right of the person, asked for all that the product holds: `operation`, `purpose` and `data` are those of a right, if the line does not say otherwise |
/// | `each` | `{ KEY = [value, …] }`: one case for each value, named `NAME: value`; the key is a field, a fact, `right` or `with` |
///
/// | Further keys of an entry `[[case]]` | Meaning |
/// |---|---|
/// | `name` | what it shows; unique in its file, lines of `[variations]` included |
/// | `request` | fields of the request that differ from the base |
/// | `given` | facts that differ from the base |
///
/// # A plugin that is missing or broken
///
/// A table `[plugins]` says for the whole file that a product has no plugin, or one whose code is another: that of a file,
/// named from the folder of the file of cases. [`Hosts`](crate::Hosts) builds what such a file is asked of.
///
/// ```toml
/// [plugins]
/// weather = "absent"
/// themes = "../hostile/trap.wat"
/// ```
///
/// # Loading as a decision
///
/// A request with `operation = "load"` asks whether a plugin may be loaded. It names a manifest: `manifest`, a text of the
/// file's `[manifest]` table, or `product`, whose plugin is loaded here. It may name `changes`, a text of the file's
/// `[changes]` table, as the memory of what was approved before; without it, the manifest is its product's first. `at` is
/// when it is loaded.
///
/// ```toml
/// [base.request]
/// operation = "load"
/// product = "themes"
/// at = 2026-11-23T10:00:00Z
///
/// [[case]]
/// name = "a review that is long past"
/// given = { "review.date" = "2024-01-01" }
/// deciding = ["periodic-practice-review"]
///
/// [[case]]
/// name = "a manifest of its own"
/// request = { manifest = "small", product = "" }
/// decision = "permit"
///
/// [manifest]
/// small = '''
/// [plugin]
/// …
/// '''
/// ```
///
/// One question is asked per activity and region of the manifest; the case compares with all of their answers together.
/// Facts that the manifest or the memory settles are not overridden by the permissive ones, only by those of the case.
#[derive(Debug)]
pub struct CaseFile {
    /// Its cases: the entries `[[case]]`, then the lines of `[variations]`, each in the order of the file.
    pub cases: Vec<Case>,
    /// The products whose plugins are not as they are elsewhere; [`Hosts::of`](crate::Hosts::of) gives the host to ask.
    pub plugins: BTreeMap<String, Stand>,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    asked: Asked,
    given: Vec<(Id<Fact>, FactValue)>,
    expected: Expected,
    skip: Option<String>,
}

/// What a case asks.
#[derive(Debug)]
enum Asked {
    Request(Box<Request>),
    Load(Box<LoadRequest>),
}

impl Asked {
    fn baseline(&self) -> &Arc<Baseline> {
        match self {
            Self::Request(request) => request.baseline(),
            Self::Load(load) => load.baseline(),
        }
    }
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
        let file = root
            .as_ref()
            .and_then(|root| document.table(root, "a file of cases"))
            .map(|fields| {
                let base = fields.table("base", "`base`");
                let part = |key: &'static str| base.as_ref().and_then(|base| base.node(key));
                let (request, given) = (part("request"), part("given"));
                base.iter().for_each(Fields::refuse_unknown_keys);
                let texts = ["manifest", "changes"].map(|key| texts_of(&document, &fields, key));
                let under = under
                    .as_ref()
                    .map(|(document, _)| document)
                    .zip(under_root.as_ref());
                let reader = Reader {
                    host,
                    document: &document,
                    under,
                    texts: &texts,
                };
                let variations = Variations {
                    document: &document,
                    base_request: request,
                    facts: facts_of(host),
                };
                let lines = fields.table("variations", "`[variations]`");
                let expanded: Vec<Node> = lines
                    .iter()
                    .flat_map(Fields::entries)
                    .flat_map(|(name, line)| variations.expand(name, line))
                    .collect();
                let mut entries = fields.tables("case", "a case");
                entries.extend(
                    expanded
                        .iter()
                        .filter_map(|node| document.table(node, "a variation")),
                );
                if entries.is_empty() && !document.has_errors() {
                    document
                        .error(0..0, "the file has no case")
                        .help("add a line to `[variations]`, or an entry `[[case]]`");
                }
                refuse_repeated_names(&document, &entries);
                let read = |case: &Fields<'_>| {
                    let read = reader.case(case, request, given);
                    case.refuse_unknown_keys();
                    read
                };
                let cases: Vec<Case> = entries.iter().filter_map(read).collect();
                let plugins = plugins(&document, &fields, host);
                fields.finish();
                Self { cases, plugins }
            });
        let mut found = document.finish();
        if let Some((document, _)) = under {
            found.extend(document.finish());
        }
        match file {
            Some(file) if !found.has_errors() => Ok(file),
            _ => Err(found),
        }
    }
}

/// The table `[plugins]`.
fn plugins(document: &Document, fields: &Fields<'_>, host: &Host) -> BTreeMap<String, Stand> {
    let mut plugins = BTreeMap::new();
    let table = fields.table("plugins", "`[plugins]`");
    for (product, node) in table.iter().flat_map(Fields::entries) {
        let baselines = host.baselines();
        let known = |name: &str| {
            baselines
                .iter()
                .any(|it| it.taxonomy().products.find(name).is_some())
        };
        if !known(&product.value) {
            let names = baselines.iter().flat_map(|it| it.taxonomy().products.names());
            document.unknown("product", product, names);
        }
        let stand = match document.text(node, "a plugin").map(|word| word.value) {
            Some(word) if word == "absent" => Stand::Absent,
            Some(word) if word.ends_with(".wat") || word.ends_with(".wasm") => Stand::Code(word.into()),
            Some(_) => {
                document
                    .error(node.span.clone(), "a plugin is `absent`, or has the code of a file")
                    .help("write `\"absent\"`, or the path of a `.wat` or `.wasm` file from the folder of this one");
                continue;
            }
            None => continue,
        };
        plugins.insert(product.value.clone(), stand);
    }
    plugins
}

/// The names of all facts, of every version of the policy.
fn facts_of(host: &Host) -> Vec<String> {
    let mut names: Vec<String> = host
        .baselines()
        .iter()
        .flat_map(|baseline| {
            baseline
                .taxonomy()
                .facts
                .names()
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A name says which case it was, so that no two may have the same.
fn refuse_repeated_names(document: &Document, cases: &[Fields<'_>]) {
    let mut names = HashSet::new();
    for case in cases {
        let Some(NodeValue::Text(name)) = case.node("name").map(|node| &node.value) else {
            continue;
        };
        if !names.insert(name.as_str()) {
            let span = case.node("name").map_or(0..0, |node| node.span.clone());
            let message = format!("two cases are called `{}`", printable(name));
            document
                .error(span, message)
                .help("a name says which case it was: give each its own");
        }
    }
}

struct Reader<'r> {
    host: &'r Host,
    document: &'r Document,
    under: Option<(&'r Document, &'r Node)>,
    /// The manifests and the memories of changes that cases name.
    texts: &'r [Vec<(Spanned<String>, String)>; 2],
}

/// The texts of a table, by name.
fn texts_of(document: &Document, fields: &Fields<'_>, key: &'static str) -> Vec<(Spanned<String>, String)> {
    let table = fields.table(key, "a table of texts");
    let entries = table.iter().flat_map(Fields::entries);
    let text =
        |(name, node): (&Spanned<String>, &Node)| Some((name.clone(), document.text(node, "it")?.value));
    entries.filter_map(text).collect()
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
        let skip = case.text("skip");
        if let Some(reason) = skip.as_ref().filter(|it| it.value.trim().is_empty()) {
            self.document
                .error(reason.span.clone(), "`skip` says why the case is not run")
                .help("give the reason, or leave `skip` out");
        }
        let own_given = case.node("given");
        let fields = self.document.table(&merged, "a request")?;
        let asked = if is_load(&merged) {
            Asked::Load(Box::new(self.load(&fields)?))
        } else {
            Asked::Request(Box::new(self.host.read_request(self.document, &fields)?))
        };
        let baseline = asked.baseline();
        let facts = &baseline.taxonomy().facts;
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
            let mut facts = self.host.read_facts(document, node, baseline);
            if let Asked::Load(load) = &asked {
                facts.retain(|(fact, _)| !load.settles(*fact));
            }
            put(facts);
        }
        for node in [base_given, own_given].into_iter().flatten() {
            put(self.host.read_facts(self.document, node, baseline));
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
            asked,
            given,
            expected,
            skip: skip.map(|it| it.value),
        })
    }
}

/// Whether a request asks for the loading of a plugin.
fn is_load(request: &Node) -> bool {
    let NodeValue::Table(entries) = &request.value else {
        return false;
    };
    let load = |(key, node): &(Spanned<String>, Node)| {
        key.value == "operation" && node.value == NodeValue::Text("load".to_owned())
    };
    entries.iter().any(load)
}

impl Reader<'_> {
    fn load(&self, fields: &Fields<'_>) -> Option<LoadRequest> {
        fields.required_text("operation");
        let at = fields.required_text("at").and_then(|word| {
            parse_instant(&word.value)
                .map_err(|message| self.document.error(word.span, message))
                .ok()
        });
        let [manifests, memories] = self.texts;
        let named = |key: &'static str, texts: &[(Spanned<String>, String)]| {
            let word = fields.text(key).filter(|word| !word.value.is_empty())?;
            let found = texts.iter().find(|(name, _)| name.value == word.value);
            if found.is_none() {
                self.document
                    .unknown(key, &word, texts.iter().map(|(name, _)| name.value.as_str()));
            }
            found.map(|(name, text)| (name.value.clone(), text.clone()))
        };
        let product = fields.text("product").filter(|word| !word.value.is_empty());
        let manifest = match (named("manifest", manifests), product) {
            (Some(manifest), None) => manifest,
            (None, Some(product)) => match self.host.manifest(&product.value) {
                Some(text) => (product.value, text),
                None => {
                    let message = format!("product `{}` has no plugin here", product.value);
                    self.document.error(product.span, message);
                    return None;
                }
            },
            _ => {
                self.document.error(
                    fields.span.clone(),
                    "a load names either a `manifest` or a `product`",
                );
                return None;
            }
        };
        let changes = named("changes", memories);
        fields.refuse_unknown_keys();
        let texts = |(name, text): &(String, String)| (name.clone(), text.clone());
        let changes = changes.as_ref().map(texts);
        let changes = changes
            .as_ref()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        let request = self.host.load_request((&manifest.0, &manifest.1), changes, at?);
        request
            .map_err(|found| self.document.error(fields.span.clone(), found.to_string()))
            .ok()
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
        let answer = self.answer(host);
        let differences = self.differences(&answer);
        if differences.is_empty() {
            return Ok(());
        }
        Err(format!("{differences}\nthe whole answer:\n{}", answer.whole))
    }

    /// What an answer has that is not expected, expected and got side by side in one line each; empty if nothing.
    #[must_use]
    pub fn differences(&self, answer: &Answer) -> String {
        self.expected.differences(answer)
    }

    pub(crate) fn given(&self) -> &[(Id<Fact>, FactValue)] {
        &self.given
    }

    /// Why it is not to be run, if it is not.
    #[must_use]
    pub fn skipped(&self) -> Option<&str> {
        self.skip.as_deref()
    }

    /// What it asks, if that is a request and not the loading of a plugin.
    #[must_use]
    pub fn request(&self) -> Option<&Request> {
        match &self.asked {
            Asked::Request(request) => Some(request),
            Asked::Load(_) => None,
        }
    }

    /// The answer that the host gives.
    #[must_use]
    pub fn answer(&self, host: &Host) -> Answer {
        match &self.asked {
            Asked::Request(request) => Answer::of(&host.suppose(request, &self.given)),
            Asked::Load(load) => Answer::of_load(&host.suppose_load(load, &self.given), load),
        }
    }
}

/// An answer as cases compare it, to a request or to the loading of a plugin.
#[derive(Debug)]
pub struct Answer {
    /// The version of the policy that it was made under.
    pub policy: String,
    /// The decision.
    pub decision: Decision,
    /// The kind of deny, in the word of the JSON form.
    pub deny_kind: Option<&'static str>,
    /// The rules (or reasons of the plugin) that decided, each with what it did.
    pub deciding: Vec<(String, &'static str)>,
    /// The rules in scope, each with what it did and what became of it.
    pub considered: Vec<(String, &'static str, &'static str)>,
    /// The sections that the deciding rules cite.
    pub sections: Vec<String>,
    /// The duties, each as `id timing`.
    pub obligations: Vec<String>,
    /// The missing facts.
    pub missing: Vec<String>,
    /// The decision per data category.
    pub items: Vec<(String, Decision)>,
    /// The data to leave out before asking again.
    pub surplus: Vec<String>,
    /// The rules whose advice goes with it.
    pub advice: Vec<String>,
    /// Whether the manifest is against it, whatever else is: it does not declare what is asked.
    pub undeclared: bool,
    /// All of it, to be read by people.
    pub whole: String,
}

impl Answer {
    pub(crate) fn of(response: &Response) -> Self {
        Self {
            policy: response.policy().to_owned(),
            decision: response.decision,
            deny_kind: response.deny_kind.as_ref().map(DenyKind::as_str),
            deciding: response
                .deciding()
                .map(|it| (it.rule.to_owned(), it.kind))
                .collect(),
            considered: response
                .considered()
                .map(|(rule, kind, outcome)| (rule.to_owned(), kind, outcome))
                .collect(),
            sections: response.deciding().flat_map(|it| it.section).cloned().collect(),
            obligations: response
                .obligations()
                .map(|it| format!("{} {}", it.id, it.timing))
                .collect(),
            missing: response.missing().map(ToOwned::to_owned).collect(),
            surplus: response.surplus().map(ToOwned::to_owned).collect(),
            advice: response.advice().map(|it| it.rule.to_owned()).collect(),
            undeclared: response.deciding().any(|it| it.layer == Layer::Declaration),
            items: response
                .categories()
                .map(|it| (it.data.to_owned(), it.decision))
                .collect(),
            whole: serde_json::to_string_pretty(response).unwrap_or_default(),
        }
    }

    fn of_load(answer: &LoadAnswer, asked: &LoadRequest) -> Self {
        let owned = |words: Vec<&str>| words.into_iter().map(ToOwned::to_owned).collect();
        let whole = format!(
            "wider: {}\nrefused: {}\nconsidered: {:?}",
            asked.widenings().join(", "),
            answer.refusals().join("\n  "),
            answer.considered()
        );
        Self {
            policy: asked.baseline().version().to_owned(),
            decision: answer.decision(),
            deny_kind: (answer.decision() == Decision::Deny).then_some("forbidden"),
            deciding: answer
                .deciding()
                .into_iter()
                .map(|rule| (rule.id.clone(), rule.kind.as_str()))
                .collect(),
            considered: answer
                .considered()
                .into_iter()
                .map(|(rule, kind, outcome)| (rule.to_owned(), kind, outcome))
                .collect(),
            sections: answer
                .deciding()
                .into_iter()
                .flat_map(|rule| rule.section.clone())
                .collect(),
            obligations: answer
                .obligations()
                .into_iter()
                .map(|(id, timing, _)| format!("{id} {timing}"))
                .collect(),
            surplus: Vec::new(),
            advice: Vec::new(),
            undeclared: false,
            missing: owned(answer.missing()),
            items: answer
                .categories()
                .into_iter()
                .map(|(data, decision)| (data.to_owned(), decision))
                .collect(),
            whole,
        }
    }
}

impl Expected {
    fn differences(&self, answer: &Answer) -> String {
        let mut text = String::new();
        let mut differ = |what: &str, expected: &str, got: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{what}: expected {expected}, got {got}");
        };
        if self.decision != answer.decision.as_str() {
            differ("decision", &self.decision, answer.decision.as_str());
        }
        if let Some(expected) = &self.deny_kind
            && Some(expected.as_str()) != answer.deny_kind
        {
            differ("deny-kind", expected, answer.deny_kind.unwrap_or("none"));
        }
        let deciding: Vec<&str> = answer.deciding.iter().map(|it| it.0.as_str()).collect();
        let considered: Vec<&str> = answer.considered.iter().map(|it| it.0.as_str()).collect();
        let sections: Vec<&str> = answer.sections.iter().map(String::as_str).collect();
        let among = [
            ("deciding", &self.deciding, deciding),
            ("considered", &self.considered, considered),
            ("section", &self.sections, sections),
        ];
        for (what, expected, got) in among {
            for word in expected.iter().filter(|word| !got.contains(&word.as_str())) {
                differ(what, word, &got.join(", "));
            }
        }
        let sorted = |words: &[String]| {
            let mut words = words.to_vec();
            words.sort_unstable();
            words
        };
        let exactly = [
            ("obligations", Some(&self.obligations), &answer.obligations),
            ("missing", self.missing.as_ref(), &answer.missing),
            ("surplus", self.surplus.as_ref(), &answer.surplus),
            ("advice", self.advice.as_ref(), &answer.advice),
        ];
        for (what, expected, got) in exactly {
            if let Some(expected) = expected
                && sorted(expected) != sorted(got)
            {
                differ(
                    what,
                    &format!("{:?}", sorted(expected)),
                    &format!("{:?}", sorted(got)),
                );
            }
        }
        for (data, decision) in &self.items {
            let got = answer
                .items
                .iter()
                .find(|(it, _)| it == data)
                .map(|(_, got)| got.as_str());
            if got != Some(decision.as_str()) {
                differ(&format!("item {data}"), decision, got.unwrap_or("nothing"));
            }
        }
        text
    }
}
