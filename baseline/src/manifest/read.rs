//! Reads a manifest and reports everything that is wrong with it.

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;

use super::ceiling::{Ceiling, cite};
use super::keys::{self, AskedBy, ManifestTable};
use super::{
    Activity, Hold, Integration, LegalBasis, Manifest, PluginObligation, PluginReason, Retention, Tier,
};
use crate::decision::Timing;
use crate::diagnostic::nearest;
use crate::document::{
    Document, Format, Node, NodeValue, Reported, Spanned, Table as Fields, is_hidden, printable,
};
use crate::fact::{Fact, FactType, FactValue, PerCategory, Supplier, duration_text};
use crate::fact::{parse_duration, parse_instant, sorted};
use crate::table::{Entry, Id, Set, Table};
use crate::taxonomy::{
    Axis, Category, Operation, OperationKind, Product, Purpose, Recipient, Taxonomy, word_of,
};

/// The largest manifest that is read, in bytes: many times what any product needs, little enough to check at once.
pub(super) const LARGEST: usize = 256 * 1024;
/// The longest id, in characters.
const LONGEST_ID: usize = 64;
/// The longest text for people, in characters.
const LONGEST_TEXT: usize = 500;
/// The most activities, so that comparing each with each stays cheap.
const MOST_ACTIVITIES: usize = 500;

/// The basis that needs an interest and a balancing record beside it (§5-4).
const LEGITIMATE_INTEREST: &str = "legitimate-interest";

/// Facts that a plugin's code gets without asking, as fields of its request.
const GIVEN: [&str; 4] = ["operation", "product", "purpose", "data"];
/// Facts that do not exist yet when a plugin's code runs.
const LATER: [&str; 2] = ["plugin.verdict", "baseline.verdict"];

pub(super) fn manifest(document: &Document, taxonomy: &Taxonomy) -> Option<Manifest> {
    let text = &document.source().text;
    if text.len() > LARGEST {
        document
            .error(
                0..0,
                format!("the manifest is {} bytes long, more than {LARGEST}", text.len()),
            )
            .help("declare groups of data instead of every item, and move prose elsewhere");
        return None;
    }
    let Some(root) = document.parse(Format::Toml) else {
        document.explain_syntax();
        return None;
    };
    if matches!(&root.value, NodeValue::Table(entries) if entries.is_empty()) {
        document.error(0..0, "the manifest is empty").reason("a plugin whose manifest declares nothing is never permitted anything").help(
            "start with a table `[plugin]` and go on with one `[[activity]]` for each thing the product does",
        );
        return None;
    }
    Reader { document, taxonomy }.manifest(&root)
}

/// The facts of the whole plugin, or of one activity, while they are gathered.
type Facts = Vec<(Id<Fact>, FactValue)>;

/// What `[plugin]` says that the activities depend on.
struct Head {
    product: Option<Id<Product>>,
    requires_account: bool,
}

/// The legal bases of one activity, with their places.
struct Bases {
    legal_basis: LegalBasis,
    words: Vec<Spanned<String>>,
}

struct Reader<'a> {
    document: &'a Document,
    taxonomy: &'a Taxonomy,
}

impl<'a> Reader<'a> {
    fn manifest(&self, root: &Node) -> Option<Manifest> {
        self.refuse_hidden(root);
        let top = self.document.table(root, "the manifest")?;
        let plugin = top.node("plugin");
        if plugin.is_none() {
            self.document
                .error(top.head(), "the manifest lacks the table `[plugin]`")
                .help("begin with `[plugin]`, which says what product the plugin speaks for");
        }
        let plugin = plugin.and_then(|node| self.document.table(node, "`[plugin]`"));
        let mut head = Head {
            product: None,
            requires_account: true,
        };
        let mut manifest = None;
        if let Some(fields) = plugin {
            (head, manifest) = self.plugin(&fields);
            self.finish(fields, &keys::PLUGIN);
        }
        let (activities, places) = self.activities(&top, &head);
        // Between activities that are wrong themselves an overlap means little.
        if !self.document.has_errors() {
            self.warn_of_overlaps(&activities, &places);
        }
        let reasons = self.reasons(&top);
        let obligations = self.obligations(&top);
        self.finish(top, &keys::MANIFEST);
        let mut manifest = manifest?;
        manifest.activities = activities;
        manifest.reasons = reasons;
        manifest.obligations = obligations;
        manifest.facts = self.plugin_facts(&manifest);
        (!self.document.has_errors()).then_some(manifest)
    }

    /// Texts of a manifest reach terminals, pages and logs: nothing in them may act there or be invisible.
    fn refuse_hidden(&self, node: &Node) {
        match &node.value {
            NodeValue::Text(text) => self.refuse_hidden_in(text, &node.span),
            NodeValue::List(items) => items.iter().for_each(|item| self.refuse_hidden(item)),
            NodeValue::Table(entries) => {
                for (key, value) in entries {
                    self.refuse_hidden_in(&key.value, &key.span);
                    self.refuse_hidden(value);
                }
            }
            _ => {}
        }
    }

    fn refuse_hidden_in(&self, text: &str, span: &Range<usize>) {
        if let Some(hidden) = text.chars().find(|character| is_hidden(*character)) {
            self.document
                .error(
                    span.clone(),
                    format!(
                        "the text holds the control character `{}`",
                        hidden.escape_unicode()
                    ),
                )
                .help("write the text on one line, without characters that cannot be seen");
        }
    }

    fn plugin(&self, fields: &Fields<'_>) -> (Head, Option<Manifest>) {
        let product = fields
            .required_text("product")
            .and_then(|id| self.resolve(&id, &self.taxonomy.products, None));
        let version = fields
            .required_text("version")
            .and_then(|text| self.version(text));
        let policy = fields.required_text("policy").and_then(|text| self.policy(text));
        let policy_url = fields.text("policy-url").and_then(|text| self.url(text));
        let mut regions = Vec::new();
        for place in fields.texts("regions") {
            if self.is_place(&place) {
                self.add_once(&mut regions, place);
            }
        }
        regions.sort_unstable();
        let child_directed = fields.required_flag("child-directed");
        let financial = fields.required_flag("financial");
        let requires_account = fields.required_flag("requires-account");
        let system_service = fields.required_flag("system-service");
        let review_date = fields
            .required_text("review-date")
            .and_then(|text| self.instant(&text));
        let tier = match fields.text("tier") {
            Some(word) => word_of(self.document, "tier", &word, &Tier::ALL, Tier::as_str),
            None => Some(Tier::Compiled),
        };
        let partners = self.ids(fields.texts("combination-partners"), &self.taxonomy.products);
        for partner in partners.iter().filter(|partner| Some(partner.value) == product) {
            self.document
                .error(
                    partner.span.clone(),
                    "the product is not its own combination partner",
                )
                .help("leave it out: what one product holds it may join anyway");
        }
        let head = Head {
            product,
            requires_account: requires_account.unwrap_or(true),
        };
        let manifest = || {
            Some(Manifest {
                product: product?,
                version: version?,
                policy: policy?,
                policy_url,
                regions,
                child_directed: child_directed?,
                financial: financial?,
                requires_account: requires_account?,
                system_service: system_service?,
                review_date: review_date?,
                tier: tier?,
                combination_partners: partners.iter().map(|partner| partner.value).collect(),
                activities: Vec::new(),
                reasons: Vec::new(),
                obligations: Vec::new(),
                facts: Vec::new(),
            })
        };
        (head, manifest())
    }

    fn plugin_facts(&self, manifest: &Manifest) -> Facts {
        let taxonomy = self.taxonomy;
        let mut data: Vec<Id<Category>> = Vec::new();
        let mut recipients = Vec::new();
        let mut integrations = Vec::new();
        for activity in &manifest.activities {
            data.extend(&activity.data);
            recipients.extend(activity.recipients.iter().map(|id| taxonomy.recipients.name(*id)));
            integrations.extend(activity.integrations.iter().map(|it| self.integration_word(it)));
        }
        let partners = manifest
            .combination_partners
            .iter()
            .map(|id| taxonomy.products.name(*id));
        let stated = [
            ("product.financial", FactValue::Flag(manifest.financial)),
            (
                "product.requires_account",
                FactValue::Flag(manifest.requires_account),
            ),
            ("product.system_service", FactValue::Flag(manifest.system_service)),
            ("plugin.child_directed", FactValue::Flag(manifest.child_directed)),
            ("plugin.recipients", FactValue::texts(recipients)),
            ("plugin.integrations", FactValue::texts(integrations)),
            (
                "plugin.categories",
                self.categories(data, manifest.held_categories()),
            ),
            ("plugin.combination_partners", FactValue::texts(partners)),
        ];
        self.known(stated)
    }

    /// An integration as a word of the fact `plugin.integrations`: `sdk:acme:gaid,oaid`.
    fn integration_word(&self, integration: &Integration) -> String {
        let data: Vec<&str> = integration
            .data
            .iter()
            .map(|id| self.taxonomy.categories.name(*id))
            .collect();
        format!("{}:{}:{}", integration.kind, integration.party, data.join(","))
    }

    fn activities(&self, top: &Fields<'_>, head: &Head) -> (Vec<Activity>, Vec<Range<usize>>) {
        let tables = top.tables("activity", "the activity");
        let missing = match top.node("activity").map(|node| &node.value) {
            None => true,
            Some(NodeValue::List(items)) => items.is_empty(),
            Some(_) => false,
        };
        if missing {
            self.document
                .error(top.head(), "the manifest declares no activity")
                .help("add an `[[activity]]` for each thing the product does with data");
        }
        if let Some(one_more) = tables.get(MOST_ACTIVITIES) {
            self.document
                .error(
                    one_more.head(),
                    format!("the manifest declares more than {MOST_ACTIVITIES} activities"),
                )
                .help("join activities that share purpose and terms");
            return (Vec::new(), Vec::new());
        }
        let mut seen = HashMap::new();
        let mut activities = Vec::new();
        let mut places = Vec::new();
        for fields in tables {
            let place = fields.head();
            let id = fields
                .required_text("id")
                .filter(|id| self.is_name("activity id", id));
            if let Some(id) = &id
                && let Some(first) = seen.insert(id.value.clone(), self.document.line(id.span.start))
            {
                self.document
                    .error(id.span.clone(), format!("the activity id `{}` is given twice", id.value))
                    .reason(format!(
                        "line {first} has it already, and a request that names the activity would not tell which one is meant"
                    ))
                    .help("give this activity a name of its own");
            }
            let place = id.as_ref().map_or(place, |id| id.span.clone());
            if let Some(activity) = self.activity(&fields, head, id, &place) {
                activities.push(activity);
                places.push(place);
            }
            self.finish(fields, &keys::ACTIVITY);
        }
        (activities, places)
    }

    fn activity(
        &self,
        fields: &Fields<'_>,
        head: &Head,
        id: Option<Spanned<String>>,
        place: &Range<usize>,
    ) -> Option<Activity> {
        let taxonomy = self.taxonomy;
        let ceiling = head
            .product
            .and_then(|id| taxonomy.products.get(id))
            .map(|product| Ceiling {
                document: self.document,
                taxonomy,
                product,
                requires_account: head.requires_account,
            });

        let purpose = self.purpose(fields, ceiling.as_ref());
        let purposes = purpose.map(|purpose| taxonomy.purposes.subtree(purpose));
        let operations = self.operations(fields);
        let named = ceiling.as_ref().map(Ceiling::named_data);
        let mut data = self.ids_among(fields.required_texts("data"), &taxonomy.categories, named);
        data.sort_by_key(|entry| taxonomy.categories.name(entry.value));
        let covers = match &ceiling {
            Some(ceiling) => ceiling.check_data(purposes.as_ref(), &operations, &data),
            None => self.below(data.iter().map(|entry| entry.value)),
        };
        let declared = Declared {
            entries: self.split(&data, &covers),
            data,
            covers,
        };

        let sources = self.sources(fields, &declared, self.needs(&operations, Axis::Source));
        let necessary = self.attested(fields, "necessary", &declared);
        let mandatory = self.attested(fields, "mandatory", &declared);
        let form = self.word(fields, "form", "data.form");
        let feature = self.word(fields, "feature", "feature.kind");
        let needs_precise = fields.flag("needs-precise").unwrap_or(false);
        let bases = self.bases(fields);
        let interest = self.interest(fields, bases.as_ref());
        let recipients = self.recipients(fields, &operations);
        let integrations = self.integrations(fields, &declared);
        let processing = self.countries(fields.texts("processing"));
        let storage = self.countries(fields.texts("storage"));
        let retention = self.retention(fields, &operations);
        let holds = self.holds(fields, &declared);
        let (reads, optional_reads) = self.reads(fields);
        let mut controls = self.ids(fields.texts("controls"), &taxonomy.controls);
        controls.sort_by_key(|control| taxonomy.controls.name(control.value));
        if let (Some(ceiling), Some(purposes)) = (&ceiling, &purposes) {
            ceiling.check_controls(place, purposes, &declared.covers, &controls);
        }

        let (interest, balance) = interest;
        let period = retention.as_ref().map(|retention| match retention {
            Retention::Period(length) => duration_text(*length),
            Retention::Until(event) => format!("until:{event}"),
        });
        let names = controls
            .iter()
            .map(|control| taxonomy.controls.name(control.value));
        let receivers = recipients.iter().map(|id| taxonomy.recipients.name(*id));
        // With several kinds in one activity no single word is right: the fact stays unknown.
        let mut kinds = integrations.iter().map(|integration| integration.kind.as_str());
        let kind = kinds.next().filter(|kind| kinds.all(|other| other == *kind));
        let mut stated = vec![
            ("data.form", text(form.as_deref().unwrap_or("identified"))),
            ("necessity", necessary),
            ("field.mandatory_marked", mandatory),
            ("feature.kind", text(feature.as_deref().unwrap_or("other"))),
            ("feature.needs_precise", FactValue::Flag(needs_precise)),
            ("plugin.controls", FactValue::texts(names)),
            // What one feature may hand out is no licence for another.
            ("plugin.recipients", FactValue::texts(receivers)),
        ];
        // Where no source is settled the fact is missing, not known to be of no category.
        if !sources.is_empty() {
            stated.push(("data.source", FactValue::PerCategory(sources.into_boxed_slice())));
        }
        let optional = [
            ("li.interest", interest.as_deref()),
            ("li.balance_ref", balance.as_deref()),
            ("retention.declared_period", period.as_deref()),
            ("integration.kind", kind),
        ];
        stated.extend(
            optional
                .into_iter()
                .filter_map(|(name, value)| Some((name, text(value?)))),
        );
        let facts = self.known(stated);

        Some(Activity {
            id: id?.value,
            purpose: purpose?,
            purposes: purposes?,
            operations,
            data: declared.data.iter().map(|entry| entry.value).collect(),
            covers: declared.covers,
            reads,
            optional_reads,
            controls: controls.iter().map(|control| control.value).collect(),
            recipients,
            integrations,
            processing,
            storage,
            retention,
            holds,
            facts,
            legal_basis: bases?.legal_basis,
            entries: declared.entries,
        })
    }

    fn purpose(&self, fields: &Fields<'_>, ceiling: Option<&Ceiling<'_>>) -> Option<Id<Purpose>> {
        let id = fields.required_text("purpose")?;
        let named = ceiling.map(Ceiling::named_purposes);
        let purpose = self.resolve(&id, &self.taxonomy.purposes, named)?;
        if self.taxonomy.is_root_purpose(purpose) {
            self.document
                .error(
                    id.span,
                    format!("`{}` is every purpose at once, which is no purpose", id.value),
                )
                .help("declare one activity for each purpose");
        } else if let Some(ceiling) = ceiling {
            ceiling.check_purpose(&Spanned {
                value: purpose,
                span: id.span,
            });
        }
        Some(purpose)
    }

    fn operations(&self, fields: &Fields<'_>) -> Set<Operation> {
        let table = &self.taxonomy.operations;
        let mut operations = table.empty_set();
        let processing = table
            .iter()
            .filter(|(_, operation)| operation.kind == OperationKind::Processing)
            .map(|(_, operation)| format!("`{}`", operation.id));
        let processing = format!("one of: {}", processing.collect::<Vec<_>>().join(", "));
        for operation in self.ids_among(fields.required_texts("operations"), table, Some(processing)) {
            let why = match table.get(operation.value).map(|entry| entry.kind) {
                Some(OperationKind::Processing) | None => {
                    operations.insert(operation.value);
                    continue;
                }
                Some(OperationKind::Right) => "rights of data subjects are answered without the plugin",
                Some(OperationKind::Load) => "it is the host that loads a plugin",
            };
            self.document
                .error(
                    operation.span,
                    format!(
                        "`{}` is no processing that a product declares",
                        table.name(operation.value)
                    ),
                )
                .reason(why)
                .help("leave it out");
        }
        operations
    }

    /// Whether one of the operations needs a grant on this axis.
    fn needs(&self, operations: &Set<Operation>, axis: Axis) -> Option<Id<Operation>> {
        operations.iter().find(|id| {
            let operation = self.taxonomy.operations.get(*id);
            operation.is_some_and(|operation| operation.axes.iter().any(|other| other == axis))
        })
    }

    /// For each declared entry, the part of `covers` for which it is the most specific one.
    fn split(&self, data: &[Spanned<Id<Category>>], covers: &Set<Category>) -> Vec<Set<Category>> {
        let categories = &self.taxonomy.categories;
        let entry = |at: usize| data.get(at).map(|entry| entry.value);
        let mut parts: Vec<Set<Category>> = data.iter().map(|_| categories.empty_set()).collect();
        for category in covers.iter() {
            let above: Vec<usize> = (0..data.len())
                .filter(|at| entry(*at).is_some_and(|entry| categories.is_below(category, entry)))
                .collect();
            // One that has another one below it, on the way to the category, is less specific.
            let is_specific = |at: &&usize| {
                entry(**at).is_some_and(|wide| {
                    let narrower = |other: &usize| {
                        entry(*other).is_some_and(|other| other != wide && categories.is_below(other, wide))
                    };
                    !above.iter().any(narrower)
                })
            };
            // The entries are sorted by name, so the first one wins a tie.
            let part = above.iter().find(is_specific).and_then(|at| parts.get_mut(*at));
            if let Some(part) = part {
                part.insert(category);
            }
        }
        parts
    }

    /// Where the data of each declared entry comes from.
    fn sources(
        &self,
        fields: &Fields<'_>,
        declared: &Declared,
        collects: Option<Id<Operation>>,
    ) -> Vec<PerCategory> {
        let categories = &self.taxonomy.categories;
        let mut stated: HashMap<Id<Category>, Vec<String>> = HashMap::new();
        for (key, node) in fields
            .table("source", "`source`")
            .iter()
            .flat_map(|table| table.entries())
        {
            let words = self.document.texts(node, "a source");
            let Some(category) = self.resolve(key, categories, None) else {
                continue;
            };
            if !declared.data.iter().any(|entry| entry.value == category) {
                self.undeclared(key, declared);
                continue;
            }
            let possible = self.possible_sources(category);
            for word in &words {
                if !possible.contains(&word.value.as_str()) {
                    self.document
                        .error(
                            word.span.clone(),
                            format!(
                                "`{}` does not come from `{}`",
                                printable(&key.value),
                                printable(&word.value)
                            ),
                        )
                        .reason(self.known_sources(category, &possible))
                        .help(choices(&word.value, &possible));
                }
            }
            if words.is_empty() && matches!(&node.value, NodeValue::List(_)) {
                self.document
                    .error(node.span.clone(), "a source must be named")
                    .help(choices("", &possible));
            }
            stated.insert(category, words.into_iter().map(|word| word.value).collect());
        }
        let mut sources = Vec::new();
        for (entry, covers) in declared.data.iter().zip(&declared.entries) {
            if covers.is_empty() {
                continue;
            }
            let name = categories.name(entry.value);
            let possible = self.possible_sources(entry.value);
            let words = match (stated.remove(&entry.value), possible.as_slice()) {
                (Some(words), _) => words,
                (None, [only]) => vec![(*only).to_owned()],
                (None, _) => {
                    if let Some(operation) = collects {
                        self.document
                            .error(
                                entry.span.clone(),
                                format!("the activity does not say where `{name}` comes from"),
                            )
                            .reason(format!(
                                "{}, and operation `{}` is permitted by source",
                                self.known_sources(entry.value, &possible),
                                self.taxonomy.operations.name(operation)
                            ))
                            .help(format!(
                                "add `source = {{ {name} = \"{}\" }}` with the one that is true",
                                possible.first().unwrap_or(&"…")
                            ));
                    }
                    continue;
                }
            };
            sources.push(PerCategory {
                category: name.into(),
                covers: covers.clone(),
                value: FactValue::texts(words),
            });
        }
        sources
    }

    /// Where a category and everything below it can come from.
    fn possible_sources(&self, category: Id<Category>) -> Vec<&'a str> {
        let categories = &self.taxonomy.categories;
        let mut possible: Vec<&str> = Vec::new();
        // The category first, so that its own sources lead the list.
        for id in std::iter::once(category).chain(categories.subtree(category).iter()) {
            for source in categories.get(id).iter().flat_map(|entry| &entry.source) {
                if !possible.contains(&source.as_str()) {
                    possible.push(source);
                }
            }
        }
        possible
    }

    fn known_sources(&self, category: Id<Category>, possible: &[&str]) -> String {
        let entry = self.taxonomy.categories.get(category);
        let sections = entry.map_or(&[][..], |entry| &entry.section);
        if possible.is_empty() {
            return format!("the policy knows no source of it ({})", cite(sections));
        }
        format!(
            "the policy has it, or what is below it, from: {} ({})",
            possible.join(", "),
            cite(sections)
        )
    }

    /// The declared data that `key` attests something about: a list, or `true` for all of it.
    fn attested(&self, fields: &Fields<'_>, key: &'static str, declared: &Declared) -> FactValue {
        let Some(node) = fields.node(key) else {
            return self.categories(Vec::new(), self.taxonomy.categories.empty_set());
        };
        match &node.value {
            NodeValue::Flag(true) => {
                let all = declared.data.iter().map(|entry| entry.value).collect();
                self.categories(all, declared.covers.clone())
            }
            NodeValue::Flag(false) => self.categories(Vec::new(), self.taxonomy.categories.empty_set()),
            NodeValue::List(_) => {
                let words = self.document.texts(node, &format!("`{key}`"));
                let ids = self.among(words, declared);
                let mut covered = self.below(ids.iter().copied());
                covered.keep(&declared.covers);
                self.categories(ids, covered)
            }
            other => {
                let message = format!(
                    "`{key}` must be a list of data categories or true, not {}",
                    other.type_name()
                );
                self.document.error(node.span.clone(), message);
                self.categories(Vec::new(), self.taxonomy.categories.empty_set())
            }
        }
    }

    /// Resolves categories that must be declared, or lie below what is declared; sorted by name.
    fn among(&self, words: Vec<Spanned<String>>, declared: &Declared) -> Vec<Id<Category>> {
        let categories = &self.taxonomy.categories;
        let mut found = Vec::new();
        for category in self.ids(words, categories) {
            let named = declared.data.iter().any(|entry| entry.value == category.value);
            if named || categories.lies_in(category.value, &declared.covers) {
                found.push(category.value);
            } else {
                let name = categories.name(category.value).to_owned();
                self.undeclared(
                    &Spanned {
                        value: name,
                        span: category.span,
                    },
                    declared,
                );
            }
        }
        found.sort_by_key(|id| categories.name(*id));
        found
    }

    fn undeclared(&self, name: &Spanned<String>, declared: &Declared) {
        let known = declared
            .data
            .iter()
            .map(|entry| self.taxonomy.categories.name(entry.value));
        let near = nearest(&name.value, known);
        let reported = self.document.error(
            name.span.clone(),
            format!(
                "`{}` is not among the `data` of this activity",
                printable(&name.value)
            ),
        );
        match near {
            Some(near) => reported.help(format!("did you mean `{near}`?")),
            None => reported.help("declare it under `data`, or leave it out here"),
        };
    }

    /// A word that must be a value of the fact, if the fact table has it as a closed list.
    fn word(&self, fields: &Fields<'_>, key: &'static str, fact: &str) -> Option<String> {
        let word = fields.text(key)?;
        self.is_value(key, &word, fact).then_some(word.value)
    }

    fn is_value(&self, key: &str, word: &Spanned<String>, fact: &str) -> bool {
        let Some(entry) = self.fact(fact) else { return true };
        if entry.values.is_empty() || entry.values.contains(&word.value) {
            return true;
        }
        let known: Vec<&str> = entry.values.iter().map(String::as_str).collect();
        self.document
            .error(
                word.span.clone(),
                format!("unknown word `{}` for `{key}`", printable(&word.value)),
            )
            .reason(format!(
                "it becomes the fact `{fact}`, whose values are fixed ({})",
                cite(&entry.section)
            ))
            .help(choices(&word.value, &known));
        false
    }

    fn bases(&self, fields: &Fields<'_>) -> Option<Bases> {
        let node = fields.required("legal-basis")?;
        let mut words = Vec::new();
        let mut default = None;
        let mut regions: Vec<(String, FactValue)> = Vec::new();
        let mut places: Vec<Spanned<String>> = Vec::new();
        if let NodeValue::Table(entries) = &node.value {
            for (key, node) in entries {
                let place_known = key.value == "default" || self.is_place(key);
                let Some(word) = self.document.text(node, "a legal basis") else {
                    continue;
                };
                if !self.is_value("legal-basis", &word, "basis") || !place_known {
                    continue;
                }
                if key.value == "default" {
                    default = Some(text(&word.value));
                } else {
                    regions.push((key.value.clone(), text(&word.value)));
                    places.push(key.clone());
                }
                words.push(word);
            }
            if entries.is_empty() {
                self.document
                    .error(node.span.clone(), "`legal-basis` names no basis")
                    .reason(self.because("basis"));
            }
            self.refuse_unclear_bases(&regions, &places);
        } else {
            let word = self
                .document
                .text(node, "`legal-basis` (unless it is a table by region)")?;
            if self.is_value("legal-basis", &word, "basis") {
                default = Some(text(&word.value));
                words.push(word);
            }
        }
        (!words.is_empty()).then_some(Bases {
            legal_basis: LegalBasis { default, regions },
            words,
        })
    }

    /// A country in two region groups of different bases, and not named itself, would have no settled basis.
    fn refuse_unclear_bases(&self, regions: &[(String, FactValue)], places: &[Spanned<String>]) {
        for (at, ((place, basis), key)) in regions.iter().zip(places).enumerate() {
            for (other, other_basis) in regions.iter().take(at).filter(|(_, other)| other != basis) {
                let shared = self
                    .countries_of(place)
                    .iter()
                    .find(|country| self.countries_of(other).contains(country));
                let Some(country) = shared else { continue };
                if !regions.iter().any(|(place, _)| place == country) {
                    self.document
                        .error(
                            key.span.clone(),
                            format!("`{country}` lies in `{place}` and in `{other}`, whose bases differ"),
                        )
                        .help(format!(
                            "add `{country} = \"{basis}\"` or `{country} = \"{other_basis}\"`"
                        ));
                }
            }
        }
    }

    /// The countries of a region group; none for anything else.
    fn countries_of(&self, place: &str) -> &'a [String] {
        let regions = &self.taxonomy.regions;
        let region = regions.find(place).and_then(|id| regions.get(id));
        region.map_or(&[], |region| &region.countries)
    }

    /// The interest and the reference of its balancing record, which a legitimate interest needs and nothing else has.
    fn interest(&self, fields: &Fields<'_>, bases: Option<&Bases>) -> (Option<String>, Option<String>) {
        let interest = fields.text("interest");
        let balance = fields.text("balance-ref");
        if let Some(bases) = bases {
            let relied_on = bases.words.iter().find(|word| word.value == LEGITIMATE_INTEREST);
            for (key, stated, fact) in [
                ("interest", &interest, "li.interest"),
                ("balance-ref", &balance, "li.balance_ref"),
            ] {
                match (relied_on, stated) {
                    (Some(basis), None) => {
                        self.document
                            .error(
                                basis.span.clone(),
                                format!("basis `{LEGITIMATE_INTEREST}` needs `{key}` beside it"),
                            )
                            .reason(self.because(fact))
                            .help(format!("add `{key} = \"…\"` to the activity"));
                    }
                    (None, Some(stated)) => {
                        self.document
                            .error(
                                stated.span.clone(),
                                format!("`{key}` belongs to basis `{LEGITIMATE_INTEREST}`, which the activity does not name"),
                            )
                            .reason(self.because(fact))
                            .help(format!("leave `{key}` out, or name that basis"));
                    }
                    _ => {}
                }
            }
        }
        let interest = interest
            .filter(|word| self.is_name("interest", word) && self.is_value("interest", word, "li.interest"));
        let balance = balance.filter(|reference| self.is_prose("`balance-ref`", reference));
        (interest.map(|it| it.value), balance.map(|it| it.value))
    }

    /// Who may receive the data. An operation that needs a recipient's grant without naming one is never permitted.
    fn recipients(&self, fields: &Fields<'_>, operations: &Set<Operation>) -> Vec<Id<Recipient>> {
        let table = &self.taxonomy.recipients;
        let node = fields.node("recipients");
        let words = node.map_or_else(Vec::new, |node| self.document.texts(node, "`recipients`"));
        if words.is_empty()
            && let Some(operation) = self.needs(operations, Axis::Recipient)
        {
            let place = node.map_or_else(|| fields.head(), |node| node.span.clone());
            let operation = self.taxonomy.operations.name(operation);
            self.document
                .error(place, format!("operation `{operation}` needs `recipients`"))
                .reason(self.because("plugin.recipients"))
                .help("name every class of recipient, or leave the operation out");
        }
        let mut recipients = self.ids(words, table);
        recipients.sort_by_key(|recipient| table.name(recipient.value));
        recipients.iter().map(|recipient| recipient.value).collect()
    }

    fn integrations(&self, fields: &Fields<'_>, declared: &Declared) -> Vec<Integration> {
        let mut integrations = Vec::new();
        for entry in fields.tables("integrations", "the integration") {
            let party = entry
                .required_text("party")
                .filter(|party| self.is_prose("`party`", party));
            let kind = entry.required_text("kind");
            let kind = kind
                .filter(|word| self.is_name("kind", word) && self.is_value("kind", word, "integration.kind"));
            // Reaching no data is worth saying, so the list may be empty but not absent.
            let data = entry
                .required("data")
                .map(|node| self.among(self.document.texts(node, "`data`"), declared));
            self.finish(entry, &keys::INTEGRATION);
            if let (Some(party), Some(kind), Some(data)) = (party, kind, data) {
                integrations.push(Integration {
                    party: party.value,
                    kind: kind.value,
                    data,
                });
            }
        }
        integrations
    }

    fn retention(&self, fields: &Fields<'_>, operations: &Set<Operation>) -> Option<Retention> {
        let Some(node) = fields.node("retention") else {
            if let Some(operation) = self.needs(operations, Axis::Retention) {
                let operation = self.taxonomy.operations.name(operation);
                self.document
                    .error(
                        fields.head(),
                        format!("operation `{operation}` needs `retention`"),
                    )
                    .reason(self.because("retention.declared_period"))
                    .help("add `retention = { period = \"P…D\" }` or `retention = { until = \"…\" }`");
            }
            return None;
        };
        let table = self.document.table(node, "`retention`")?;
        let period = table.text("period");
        let until = table.text("until");
        self.finish(table, &keys::RETENTION);
        match (period, until) {
            (Some(period), None) => match parse_duration(&period.value) {
                Ok(length) if length.is_zero() => {
                    self.document
                        .error(period.span, "`period` is no time at all")
                        .help("leave `retention` out if nothing is kept");
                    None
                }
                Ok(length) => Some(Retention::Period(length)),
                Err(message) => {
                    self.document
                        .error(period.span, message)
                        .help("write days as `P180D` and hours as `PT12H`");
                    None
                }
            },
            (None, Some(event)) => self
                .is_name("event", &event)
                .then_some(Retention::Until(event.value)),
            _ => {
                self.document
                    .error(
                        node.span.clone(),
                        "`retention` must have exactly one of `period` and `until`",
                    )
                    .reason(self.because("retention.declared_period"))
                    .help("declare one activity for each way of ending");
                None
            }
        }
    }

    fn holds(&self, fields: &Fields<'_>, declared: &Declared) -> Vec<Hold> {
        let mut holds = Vec::new();
        for entry in fields.tables("holds", "the hold") {
            let reference = entry.required_text("ref").filter(|it| self.is_prose("`ref`", it));
            let data = self.among(entry.required_texts("data"), declared);
            let reason = entry
                .required_text("reason")
                .filter(|it| self.is_prose("`reason`", it));
            self.finish(entry, &keys::HOLD);
            if let (Some(reference), Some(reason)) = (reference, reason) {
                let mut covered = self.below(data.into_iter());
                covered.keep(&declared.covers);
                holds.push(Hold {
                    reference: reference.value,
                    data: covered,
                    reason: reason.value,
                });
            }
        }
        holds
    }

    fn reads(&self, fields: &Fields<'_>) -> (Vec<Id<Fact>>, Vec<Id<Fact>>) {
        let facts = &self.taxonomy.facts;
        let mut needed = self.ids(fields.texts("reads"), facts);
        let mut optional = self.ids(fields.texts("optional-reads"), facts);
        for read in &optional {
            if needed.iter().any(|other| other.value == read.value) {
                self.document
                    .error(
                        read.span.clone(),
                        format!(
                            "`{}` is under both `reads` and `optional-reads`",
                            facts.name(read.value)
                        ),
                    )
                    .help("keep it under `reads` if the code cannot decide without it");
            }
        }
        needed.retain(|read| self.is_readable(read));
        optional.retain(|read| self.is_readable(read));
        let by_name = |mut reads: Vec<Spanned<Id<Fact>>>| -> Vec<Id<Fact>> {
            reads.sort_by_key(|read| facts.name(read.value));
            reads.iter().map(|read| read.value).collect()
        };
        (by_name(needed), by_name(optional))
    }

    /// Whether a plugin's code may see a fact at all.
    fn is_readable(&self, read: &Spanned<Id<Fact>>) -> bool {
        let Some(fact) = self.taxonomy.facts.get(read.value) else {
            return false;
        };
        let (why, help) = if fact.supplier == Supplier::Law {
            (
                "a legal determination lifts one rule of the policy and says nothing beyond it",
                "leave it out: the policy's rules have judged it before the plugin is asked",
            )
        } else if GIVEN.contains(&fact.name.as_str()) {
            (
                "it is known without asking: every request of a plugin carries it, or it is the plugin's own product",
                "leave it out",
            )
        } else if LATER.contains(&fact.name.as_str()) {
            (
                "it is known only once every layer has voted",
                "leave it out: the layers are combined after the plugin's vote",
            )
        } else {
            return true;
        };
        self.document
            .error(
                read.span.clone(),
                format!("a plugin cannot read the fact `{}`", fact.name),
            )
            .reason(why)
            .help(help);
        false
    }

    fn reasons(&self, top: &Fields<'_>) -> Vec<PluginReason> {
        self.named(top, "reason", &keys::REASON, |id, fields| {
            let text = self.text_for_people(fields)?;
            Some(PluginReason { id, text })
        })
    }

    fn obligations(&self, top: &Fields<'_>) -> Vec<PluginObligation> {
        self.named(top, "obligation", &keys::OBLIGATION, |id, fields| {
            let text = self.text_for_people(fields);
            let timing = fields
                .required_text("timing")
                .and_then(|word| word_of(self.document, "timing", &word, &Timing::ALL, Timing::as_str));
            Some(PluginObligation {
                id,
                text: text?,
                timing: timing?,
            })
        })
    }

    fn text_for_people(&self, fields: &Fields<'_>) -> Option<String> {
        let text = fields.required_text("text")?;
        self.is_prose("`text`", &text).then_some(text.value)
    }

    /// Reads tables whose keys are ids: `[reason.some-id]`.
    fn named<T>(
        &self,
        top: &Fields<'_>,
        key: &'static str,
        keys: &'static ManifestTable,
        build: impl Fn(String, &Fields<'_>) -> Option<T>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        for (id, node) in top.table(key, keys.name).iter().flat_map(|table| table.entries()) {
            let named = self.is_name(&format!("{key} id"), id);
            let Some(fields) = self.document.table(node, keys.name) else {
                let id = printable(&id.value);
                self.document.help_with_type(
                    &node.span,
                    &format!("write a table `[{key}.{id}]`, and in it `text = \"…\"`"),
                );
                continue;
            };
            let entry = build(id.value.clone(), &fields);
            self.finish(fields, keys);
            found.extend(entry.filter(|_| named));
        }
        found
    }

    /// Two activities that can both match one request leave its terms (basis, controls, retention) undecided.
    fn warn_of_overlaps(&self, activities: &[Activity], places: &[Range<usize>]) {
        for (at, (activity, place)) in activities.iter().zip(places).enumerate() {
            let overlapping = activities.iter().take(at).find(|other| {
                other.purposes.intersects(&activity.purposes)
                    && other.operations.intersects(&activity.operations)
                    && other.covers.intersects(&activity.covers)
            });
            if let Some(other) = overlapping {
                self.document
                    .warning(
                        place.clone(),
                        format!("activities `{}` and `{}` overlap", other.id, activity.id),
                    )
                    .reason("both cover some purpose, operation and data, so a request alone does not tell which terms apply")
                    .help("requests must name the activity as the fact `feature`, unless you take the overlap out");
            }
        }
    }

    /// Reports what a table must not have, and says more about what it lacks or has of the wrong type.
    fn finish(&self, fields: Fields<'_>, table: &'static ManifestTable) {
        for key in table.keys {
            let missing = fields.missing();
            if let Some((_, reported)) = missing.into_iter().find(|(missing, _)| *missing == key.name) {
                let reason = match key.asked_by {
                    AskedBy::Fact(fact) => self.because(fact),
                    AskedBy::Readers(why) => why.to_owned(),
                };
                reported.reason(reason).help(format!("add `{}`", key.example));
            }
            for (_, node) in fields.entries().filter(|(name, _)| name.value == key.name) {
                self.document
                    .help_with_type(&node.span, &format!("write `{}`", key.example));
            }
        }
        fields.finish();
    }

    // What values share.

    /// Resolves an id. If nothing is like it, the help is `otherwise`, or what the table has if that is little.
    fn resolve<T: Entry>(
        &self,
        word: &Spanned<String>,
        table: &Table<T>,
        otherwise: Option<String>,
    ) -> Option<Id<T>> {
        /// As many names as a person looks through.
        const FEW: usize = 40;
        let found = table.find(&word.value);
        if found.is_none() {
            // The last part of a dotted name is what people remember.
            let end = format!(".{}", word.value);
            let near = nearest(&word.value, table.names())
                .or_else(|| table.names().find(|name| name.ends_with(&end)));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => otherwise.unwrap_or_else(|| {
                    if table.len() > FEW {
                        return format!("the policy's files list every {} it knows", T::WHAT);
                    }
                    let names: Vec<String> = table.names().map(|name| format!("`{name}`")).collect();
                    format!("one of: {}", names.join(", "))
                }),
            };
            let message = format!("unknown {} `{}`", T::WHAT, printable(&word.value));
            self.document.error(word.span.clone(), message).help(help);
        }
        found
    }

    /// Resolves ids, and reports those that are unknown or given twice.
    fn ids<T: Entry>(&self, words: Vec<Spanned<String>>, table: &Table<T>) -> Vec<Spanned<Id<T>>> {
        self.ids_among(words, table, None)
    }

    fn ids_among<T: Entry>(
        &self,
        words: Vec<Spanned<String>>,
        table: &Table<T>,
        otherwise: Option<String>,
    ) -> Vec<Spanned<Id<T>>> {
        let mut seen = table.empty_set();
        let mut ids = Vec::with_capacity(words.len());
        for word in words {
            let Some(id) = self.resolve(&word, table, otherwise.clone()) else {
                continue;
            };
            if seen.contains(id) {
                self.twice(&word);
            } else {
                seen.insert(id);
                ids.push(Spanned {
                    value: id,
                    span: word.span,
                });
            }
        }
        ids
    }

    fn add_once(&self, list: &mut Vec<String>, word: Spanned<String>) {
        if list.contains(&word.value) {
            self.twice(&word);
        } else {
            list.push(word.value);
        }
    }

    fn twice(&self, word: &Spanned<String>) -> Reported<'_> {
        self.document
            .error(
                word.span.clone(),
                format!("`{}` is given twice", printable(&word.value)),
            )
            .help("leave one of them out")
    }

    /// These categories and everything below them.
    fn below(&self, categories: impl Iterator<Item = Id<Category>>) -> Set<Category> {
        let mut covers = self.taxonomy.categories.empty_set();
        for category in categories {
            covers.add(&self.taxonomy.categories.subtree(category));
        }
        covers
    }

    fn categories(&self, named: Vec<Id<Category>>, covers: Set<Category>) -> FactValue {
        let names = named.iter().map(|id| self.taxonomy.categories.name(*id));
        FactValue::Categories(sorted(names), covers)
    }

    fn fact(&self, name: &str) -> Option<&'a Fact> {
        let facts = &self.taxonomy.facts;
        facts.find(name).and_then(|id| facts.get(id))
    }

    /// The facts among these that the fact table has, as facts of this type that the manifest supplies; a fact table
    /// of another company may not have them all.
    fn known<'n>(&self, stated: impl IntoIterator<Item = (&'n str, FactValue)>) -> Facts {
        let facts = &self.taxonomy.facts;
        let known = |(name, value): (&str, FactValue)| {
            let id = facts.find(name)?;
            let fact = facts.get(id)?;
            (fact.supplier == Supplier::Manifest && fits(fact, &value)).then_some((id, value))
        };
        stated.into_iter().filter_map(known).collect()
    }

    /// The reason for a check: what the fact is for and where the policy asks for it.
    fn because(&self, fact: &str) -> String {
        match self.fact(fact) {
            Some(fact) => format!(
                "the policy asks for it ({}): {}",
                cite(&fact.section),
                fact.meaning
            ),
            None => "the policy asks for it".to_owned(),
        }
    }

    /// A kebab-case name: it becomes a name in the plugin's code, and a word in answers and logs.
    fn is_name(&self, what: &str, word: &Spanned<String>) -> bool {
        let shape = word.value.starts_with(|first: char| first.is_ascii_lowercase())
            && word.value.split('-').all(|part| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
            });
        let short = word.value.len() <= LONGEST_ID;
        if !(shape && short) {
            self.document
                .error(
                    word.span.clone(),
                    format!("`{}` is not a kebab-case {what}", printable(&word.value)),
                )
                .help(format!(
                    "use lower-case letters, digits and single hyphens, a letter first, at most {LONGEST_ID} characters"
                ));
        }
        shape && short
    }

    fn is_prose(&self, what: &str, text: &Spanned<String>) -> bool {
        let problem = if text.value.trim().is_empty() {
            "says nothing".to_owned()
        } else if text.value.chars().count() > LONGEST_TEXT {
            format!("is longer than {LONGEST_TEXT} characters")
        } else {
            return true;
        };
        self.document
            .error(text.span.clone(), format!("{what} {problem}"))
            .help("write one short sentence, or one name");
        false
    }

    fn version(&self, text: Spanned<String>) -> Option<String> {
        let shown = printable(&text.value);
        let problem = match semver::Version::parse(&text.value) {
            Ok(_) if text.value.len() > LONGEST_ID => format!("it is longer than {LONGEST_ID} characters"),
            Ok(version) if !version.build.is_empty() => "build metadata is not compared".to_owned(),
            Ok(_) => return Some(text.value),
            Err(error) => error.to_string(),
        };
        self.document
            .error(text.span, format!("`{shown}` is not a version"))
            .reason(problem)
            .help("write MAJOR.MINOR.PATCH, such as `1.0.0` or `1.0.0-beta.1`");
        None
    }

    fn policy(&self, text: Spanned<String>) -> Option<String> {
        let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_');
        if !text.value.is_empty() && text.value.len() <= LONGEST_ID && text.value.chars().all(allowed) {
            return Some(text.value);
        }
        self.document
            .error(
                text.span,
                format!("`{}` is not the id of a policy version", printable(&text.value)),
            )
            .help("name the baseline that the manifest was written against, such as `2025-10-10`");
        None
    }

    fn url(&self, text: Spanned<String>) -> Option<String> {
        let rest = text.value.strip_prefix("https://");
        if rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|it| it.is_ascii_graphic())) {
            return Some(text.value);
        }
        self.document
            .error(
                text.span,
                format!("`{}` is not an https address", printable(&text.value)),
            )
            .help("write the whole address, from `https://` on");
        None
    }

    fn instant(&self, text: &Spanned<String>) -> Option<Timestamp> {
        parse_instant(&text.value)
            .map_err(|_| {
                self.document
                    .error(
                        text.span.clone(),
                        format!("`{}` is not a date of the calendar", printable(&text.value)),
                    )
                    .help("a date alone is enough, such as `2026-11-01`");
            })
            .ok()
    }

    /// Countries, sorted; a region group is no country.
    fn countries(&self, words: Vec<Spanned<String>>) -> Vec<String> {
        let mut countries = Vec::new();
        for word in words {
            let group = self.countries_of(&word.value);
            let is_group = !group.is_empty() && !group.contains(&word.value);
            if is_group {
                self.document
                    .error(
                        word.span,
                        format!("`{}` is a region group, not a country", printable(&word.value)),
                    )
                    .help(format!("name the countries: {}", group.join(", ")));
            } else if is_country(&word.value) {
                self.add_once(&mut countries, word);
            } else {
                self.no_place("country", &word);
            }
        }
        countries.sort_unstable();
        countries
    }

    /// Whether a word names a country or a region group; reports it if not.
    fn is_place(&self, word: &Spanned<String>) -> bool {
        let known = self.taxonomy.regions.find(&word.value).is_some() || is_country(&word.value);
        if !known {
            self.no_place("country or region group", word);
        }
        known
    }

    fn no_place(&self, what: &str, word: &Spanned<String>) {
        let upper = word.value.to_uppercase();
        let known = self.taxonomy.regions.find(&upper).is_some() || is_country(&upper);
        let near = nearest(&word.value, self.taxonomy.regions.names()).map(str::to_owned);
        let reported = self.document.error(
            word.span.clone(),
            format!("`{}` is not a {what}", printable(&word.value)),
        );
        match near.or(known.then_some(upper)) {
            Some(near) => reported.help(format!("did you mean `{near}`?")),
            None => reported.help("use ISO 3166-1 alpha-2, such as `IN`"),
        };
    }
}

/// The declared data of one activity.
struct Declared {
    /// What is declared, sorted by name.
    data: Vec<Spanned<Id<Category>>>,
    /// What it covers.
    covers: Set<Category>,
    /// For each declared entry, its part of that.
    entries: Vec<Set<Category>>,
}

fn text(value: &str) -> FactValue {
    FactValue::Text(value.into())
}

/// Whether a fact can have this value.
fn fits(fact: &Fact, value: &FactValue) -> bool {
    let open = |word: &str| fact.values.is_empty() || fact.values.iter().any(|known| known == word);
    match (fact.fact_type, value) {
        (FactType::Flag, FactValue::Flag(_)) => true,
        (FactType::Text, FactValue::Text(word)) => open(word),
        (FactType::Texts, FactValue::Texts(words)) => words.iter().all(|word| open(word)),
        (FactType::Texts, FactValue::Categories(..)) => fact.values_of.as_deref() == Some("categories"),
        (_, FactValue::PerCategory(entries)) => {
            fact.per_category && entries.iter().all(|entry| fits(fact, &entry.value))
        }
        _ => false,
    }
}

/// Whether a word has the shape of an ISO 3166-1 alpha-2 code.
fn is_country(word: &str) -> bool {
    word.len() == 2 && word.bytes().all(|letter| letter.is_ascii_uppercase())
}

/// The nearest of some words, or all of them.
fn choices(wanted: &str, known: &[&str]) -> String {
    match nearest(wanted, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of: {}", known.join(", ")),
    }
}
