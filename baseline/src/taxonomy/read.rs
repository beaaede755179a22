//! Reads the taxonomy out of the files of a baseline folder.

use std::collections::HashMap;

use super::{
    Axes, Axis, BoundControl, Category, Control, Entity, Fit, Mapping, Obligation, Operation, OperationKind,
    Product, Purpose, Recipient, Region, RestrictedData, Taxonomy,
};
use crate::diagnostic::{Diagnostics, nearest};
use crate::document::{Document, Format, Node, NodeValue, Spanned, Table as Fields, printable};
use crate::fact::{Fact, FactType, FactValue, RegisterKey, Supplier, parse_duration, parse_instant, sorted};
use crate::table::{Entry, Id, Set, Table};

/// The files of a baseline folder, parsed. What a file is called does not matter; its top-level keys do.
#[derive(Debug)]
pub(crate) struct Reader {
    files: Vec<(Document, Option<Node>)>,
}

/// The top-level keys that a file of a baseline folder may have.
const KEYS: [&str; 17] = [
    "category",
    "purpose",
    "operation",
    "group",
    "product",
    "shared",
    "recipient",
    "region",
    "localised",
    "entity",
    "data-centres",
    "control",
    "obligation",
    "fact",
    "rule",
    "allow",
    "policy",
];

impl Reader {
    /// Parses the files, each given as name and text.
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files
            .into_iter()
            .map(|(name, text)| {
                let document = Document::new(name, text);
                let root = document.parse(Format::Toml);
                (document, root)
            })
            .collect();
        Self { files }
    }

    /// The values of a top-level key in all files.
    pub(crate) fn top(&self, wanted: &str) -> impl Iterator<Item = (&Document, &Node)> {
        self.files.iter().flat_map(move |(document, root)| {
            let entries = match root {
                Some(Node {
                    value: NodeValue::Table(entries),
                    ..
                }) => entries.as_slice(),
                _ => &[],
            };
            entries
                .iter()
                .filter(move |(key, _)| key.value == wanted)
                .map(move |(_, node)| (document, node))
        })
    }

    /// The tables under a top-level key in all files: `[[key]]` and `[key]` alike.
    pub(crate) fn tables(&self, wanted: &str, what: &'static str) -> Vec<(&Document, Fields<'_>)> {
        let mut tables = Vec::new();
        for (document, node) in self.top(wanted) {
            match &node.value {
                NodeValue::List(items) => {
                    for item in items {
                        tables.extend(document.table(item, what).map(|table| (document, table)));
                    }
                }
                _ => tables.extend(document.table(node, what).map(|table| (document, table))),
            }
        }
        tables
    }

    fn refuse_unknown_keys(&self) {
        for (document, root) in &self.files {
            if let Some(Node {
                value: NodeValue::Table(entries),
                ..
            }) = root
            {
                for (key, _) in entries
                    .iter()
                    .filter(|(key, _)| !KEYS.contains(&key.value.as_str()))
                {
                    document.unknown("key at the top of a baseline file:", key, KEYS);
                }
            }
        }
    }

    /// Reports what is wrong with the files as a whole.
    pub(crate) fn error_at_start(&self, message: &str) {
        let nameless = Document::new("(no file)", "");
        let document = self.files.first().map_or(&nameless, |(document, _)| document);
        document.error(0..0, message);
    }

    /// Everything wrong with the files.
    pub(crate) fn finish(self) -> Diagnostics {
        let mut all = Diagnostics::default();
        for (document, _) in self.files {
            all.extend(document.finish());
        }
        all
    }

    pub(crate) fn taxonomy(&self) -> Taxonomy {
        self.refuse_unknown_keys();
        let categories = self.read("category", category);
        let purposes = self.read("purpose", purpose);
        let operations = self.read("operation", operation);
        let recipients = self.read("recipient", recipient);
        let controls = self.read("control", control);
        let obligations = self.read("obligation", obligation);
        let regions = self.read("region", region);
        let entities = self.read("entity", entity);
        let facts = self.read("fact", |document, fields, id| {
            fact(document, fields, id, &categories)
        });
        for (document, node) in self.top("localised").chain(self.top("data-centres")) {
            // Places that only documentation and rules' authors read; their shape is checked all the same.
            if !matches!(node.value, NodeValue::List(_)) {
                document.error(node.span.clone(), "must be a list");
            }
        }
        let ceiling = Ceiling {
            categories: &categories,
            purposes: &purposes,
            operations: &operations,
        };
        let shared = self.shared(&ceiling);
        let products = self.read("product", |document, fields, id| {
            product(document, fields, id, &ceiling, &recipients, &controls, &shared)
        });
        Taxonomy {
            leaf_categories: categories.leaves(),
            categories,
            purposes,
            operations,
            products,
            recipients,
            controls,
            obligations,
            regions,
            entities,
            facts,
        }
    }

    /// Reads all entries of one kind, resolves their parents, and closes the hierarchy.
    fn read<T: Entry>(
        &self,
        key: &'static str,
        mut build: impl FnMut(&Document, &Fields<'_>, String) -> Option<T>,
    ) -> Table<T> {
        let id_key = if key == "fact" { "name" } else { "id" };
        let mut entries: Vec<T> = Vec::new();
        let mut parents: Vec<(&Document, Vec<Spanned<String>>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (document, fields) in self.tables(key, T::WHAT) {
            let parent_ids = fields.texts("parents");
            let id = fields.required_text(id_key);
            let entry = id
                .as_ref()
                .and_then(|id| build(document, &fields, id.value.clone()).map(|entry| (id, entry)));
            fields.finish();
            let Some((id, entry)) = entry else { continue };
            if places.contains_key(&id.value) {
                document.error(
                    id.span.clone(),
                    format!("{} `{}` is given twice", T::WHAT, printable(&id.value)),
                );
                continue;
            }
            places.insert(id.value.clone(), entries.len());
            entries.push(entry);
            parents.push((document, parent_ids));
        }
        let resolved: Vec<Vec<usize>> = parents
            .iter()
            .map(|(document, ids)| {
                ids.iter()
                    .filter_map(|id| {
                        let found = places.get(&id.value).copied();
                        if found.is_none() {
                            document.unknown("parent", id, places.keys().map(String::as_str));
                        }
                        found
                    })
                    .collect()
            })
            .collect();
        match Table::new(entries, &resolved) {
            Ok(table) => table,
            Err(at) => {
                if let Some((document, ids)) = parents.get(at) {
                    let span = ids.first().map_or(0..0, |id| id.span.clone());
                    document.error(span, format!("this {} is its own ancestor", T::WHAT));
                }
                Table::empty()
            }
        }
    }

    fn shared(&self, ceiling: &Ceiling<'_>) -> Shared {
        let mut shared = Shared {
            data: ceiling.categories.empty_set(),
            data_if_account: ceiling.categories.empty_set(),
            purposes: ceiling.purposes.empty_set(),
        };
        for (document, fields) in self.tables("shared", "the shared ceiling") {
            shared
                .data
                .add(&select(document, fields.texts("data"), ceiling.categories));
            shared.data_if_account.add(&select(
                document,
                fields.texts("data-if-account"),
                ceiling.categories,
            ));
            shared
                .purposes
                .add(&select(document, fields.texts("purposes"), ceiling.purposes));
            fields.finish();
        }
        shared
    }
}

struct Shared {
    data: Set<Category>,
    data_if_account: Set<Category>,
    purposes: Set<Purpose>,
}

struct Ceiling<'a> {
    categories: &'a Table<Category>,
    purposes: &'a Table<Purpose>,
    operations: &'a Table<Operation>,
}

/// A list of ids as rules write it: `id` takes the entry with everything below it, `!id` takes that out again,
/// `flag:x` stands for every category with the flag and below, `sensitivity:high` for every category of that class. A list of `!` entries only starts from everything.
pub(crate) trait Selector: Entry + Sized {
    /// The entries that a word other than an id stands for.
    fn special(_: &Table<Self>, _: &str) -> Option<Set<Self>> {
        None
    }
}

impl Selector for Category {
    fn special(table: &Table<Self>, word: &str) -> Option<Set<Self>> {
        let mut set = table.empty_set();
        if let Some(class) = word.strip_prefix("sensitivity:") {
            // A group carries the highest class below it, so what lies below a group may be of a lower one.
            for (id, _) in table.iter().filter(|(_, category)| category.sensitivity == class) {
                set.insert(id);
            }
            return (!set.is_empty()).then_some(set);
        }
        let flag = word.strip_prefix("flag:")?;
        for (id, _) in table
            .iter()
            .filter(|(_, category)| category.flags.iter().any(|it| it == flag))
        {
            set.add(&table.subtree(id));
        }
        (!set.is_empty()).then_some(set)
    }
}
impl Selector for Purpose {}
impl Selector for Operation {}
impl Selector for Product {}
impl Selector for Recipient {}

/// Resolves a selector list (see [`Selector`]) and reports the ids that the table does not have.
pub(crate) fn select<T: Selector>(
    document: &Document,
    words: Vec<Spanned<String>>,
    table: &Table<T>,
) -> Set<T> {
    let mut taken = table.empty_set();
    let mut left_out = table.empty_set();
    let mut takes = false;
    for word in words {
        let (name, set) = match word.value.strip_prefix('!') {
            Some(name) => (name, &mut left_out),
            None => {
                takes = true;
                (word.value.as_str(), &mut taken)
            }
        };
        match table
            .find(name)
            .map(|id| table.subtree(id))
            .or_else(|| T::special(table, name))
        {
            Some(subtree) => set.add(&subtree),
            None => {
                let id = Spanned {
                    value: name.to_owned(),
                    span: word.span.clone(),
                };
                document.unknown(T::WHAT, &id, table.names());
            }
        }
    }
    if !takes {
        taken = table.full_set();
    }
    taken.subtract(&left_out);
    taken
}

/// Resolves one plain id.
pub(crate) fn resolve<T: Entry>(
    document: &Document,
    id: &Spanned<String>,
    table: &Table<T>,
) -> Option<Id<T>> {
    let found = table.find(&id.value);
    if found.is_none() {
        document.unknown(T::WHAT, id, table.names());
    }
    found
}

/// Resolves one word of a closed list.
pub(crate) fn word_of<T: Copy>(
    document: &Document,
    what: &str,
    word: &Spanned<String>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Option<T> {
    let found = all.iter().copied().find(|item| name(*item) == word.value);
    if found.is_none() {
        let list: Vec<&str> = all.iter().map(|item| name(*item)).collect();
        let reported = document
            .error(
                word.span.clone(),
                format!("unknown {what} `{}`", printable(&word.value)),
            )
            .help(format!("one of: {}", list.join(", ")));
        if let Some(near) = nearest(&word.value, list) {
            reported.help(format!("did you mean `{near}`?"));
        }
    }
    found
}

fn values(texts: Vec<Spanned<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

fn meaning(fields: &Fields<'_>) -> String {
    fields
        .required_text("meaning")
        .map(|text| text.value)
        .unwrap_or_default()
}

fn mapping(
    document: &Document,
    fields: &Fields<'_>,
    key: &'static str,
    fit_key: &'static str,
) -> Option<Mapping> {
    const FITS: [(Fit, &str); 2] = [(Fit::Exact, "exact"), (Fit::Broad, "broad")];
    let term = fields.text(key);
    let fit = fields
        .text(fit_key)
        .and_then(|fit| word_of(document, "fit", &fit, &FITS, |it| it.1));
    term.map(|term| Mapping {
        term: term.value,
        fit: fit.map_or(Fit::Broad, |it| it.0),
    })
}

fn category(document: &Document, fields: &Fields<'_>, id: String) -> Option<Category> {
    Some(Category {
        id,
        section: values(fields.required_texts("section")),
        source: values(fields.texts("source")),
        flags: values(fields.texts("flags")),
        sensitivity: sensitivity(document, fields),
        fideslang: mapping(document, fields, "fideslang", "fideslang-fit"),
        dpv: mapping(document, fields, "dpv", "dpv-fit"),
        meaning: meaning(fields),
    })
}

fn sensitivity(document: &Document, fields: &Fields<'_>) -> String {
    // A category without a class is treated as the most sensitive one until it is reviewed (§6.1).
    let Some(class) = fields.text("sensitivity") else {
        return "high".to_owned();
    };
    let known = word_of(
        document,
        "sensitivity",
        &class,
        &["low", "medium", "high"],
        |it| it,
    );
    known.unwrap_or("high").to_owned()
}

fn purpose(document: &Document, fields: &Fields<'_>, id: String) -> Option<Purpose> {
    Some(Purpose {
        id,
        section: values(fields.required_texts("section")),
        fideslang: mapping(document, fields, "fideslang", "fideslang-fit"),
        dpv: mapping(document, fields, "dpv", "dpv-fit"),
        meaning: meaning(fields),
    })
}

/// Reads a list of axes; the single word `every` stands for all of them.
pub(crate) fn axes(document: &Document, words: &[Spanned<String>]) -> Axes {
    let mut axes = Axes::NONE;
    for word in words {
        if word.value == "every" {
            axes = Axes::EVERY;
        } else if let Some(axis) = word_of(document, "axis", word, &Axis::ALL, Axis::as_str) {
            axes = axes.with(Axes::of(axis));
        }
    }
    axes
}

fn operation(document: &Document, fields: &Fields<'_>, id: String) -> Option<Operation> {
    let kind = match id.as_str() {
        "right" => OperationKind::Right,
        "load" => OperationKind::Load,
        _ => OperationKind::Processing,
    };
    Some(Operation {
        kind,
        axes: axes(document, &fields.texts("axes")),
        purpose_as: fields.text("purpose-as").map(|it| it.value),
        place_unless: fields.text("place-unless"),
        dpv: mapping(document, fields, "dpv", "dpv-fit"),
        meaning: meaning(fields),
        id,
    })
}

fn recipient(document: &Document, fields: &Fields<'_>, id: String) -> Option<Recipient> {
    // The rule is named for the reader; rules name their recipients themselves.
    fields.text("rule");
    Some(Recipient {
        id,
        section: values(fields.required_texts("section")),
        dpv: mapping(document, fields, "dpv", "dpv-fit"),
        meaning: meaning(fields),
    })
}

fn control(_: &Document, fields: &Fields<'_>, id: String) -> Option<Control> {
    fields.text("where");
    Some(Control {
        id,
        fact: fields.required_text("fact")?.value,
        section: values(fields.required_texts("section")),
        allows: fields.text("allows"),
        meaning: meaning(fields),
    })
}

fn obligation(_: &Document, fields: &Fields<'_>, id: String) -> Option<Obligation> {
    Some(Obligation {
        id,
        text: fields.required_text("text")?.value,
    })
}

fn region(_: &Document, fields: &Fields<'_>, id: String) -> Option<Region> {
    Some(Region {
        id,
        countries: values(fields.required_texts("countries")),
    })
}

fn entity(_: &Document, fields: &Fields<'_>, id: String) -> Option<Entity> {
    fields.text("name");
    Some(Entity {
        id,
        section: values(fields.required_texts("section")),
        role: fields.required_text("role")?.value,
    })
}

fn product(
    document: &Document,
    fields: &Fields<'_>,
    id: String,
    ceiling: &Ceiling<'_>,
    recipients: &Table<Recipient>,
    controls: &Table<Control>,
    shared: &Shared,
) -> Option<Product> {
    let some = |words: Vec<Spanned<String>>| {
        if words.is_empty() {
            ceiling.categories.empty_set()
        } else {
            select(document, words, ceiling.categories)
        }
    };
    let named_data = some(fields.texts("data"));
    let mut data = named_data.clone();
    data.add(&shared.data);
    let named_purposes = match fields.texts("purposes") {
        words if words.is_empty() => ceiling.purposes.empty_set(),
        words => select(document, words, ceiling.purposes),
    };
    let mut purposes = named_purposes.clone();
    purposes.add(&shared.purposes);
    let restricted_data = fields
        .tables("data-only-for", "an entry of `data-only-for`")
        .into_iter()
        .map(|entry| {
            let restricted = RestrictedData {
                data: some(entry.required_texts("data")),
                purposes: select(document, entry.texts("purposes"), ceiling.purposes),
                operations: select(document, entry.texts("operations"), ceiling.operations),
            };
            entry.finish();
            restricted
        })
        .collect();
    let bound = fields
        .tables("controls", "an entry of `controls`")
        .into_iter()
        .filter_map(|entry| {
            let control = entry
                .required_text("control")
                .and_then(|id| resolve(document, &id, controls));
            let purposes = match entry.texts("purposes") {
                words if words.is_empty() => ceiling.purposes.empty_set(),
                words => select(document, words, ceiling.purposes),
            };
            let data = some(entry.texts("data"));
            entry.finish();
            Some(BoundControl {
                control: control?,
                purposes,
                data,
            })
        })
        .collect();
    Some(Product {
        id,
        section: values(fields.required_texts("section")),
        data,
        named_data,
        purposes,
        named_purposes,
        restricted_data,
        controls: bound,
        recipients: fields
            .texts("recipients")
            .iter()
            .filter_map(|id| resolve(document, id, recipients))
            .collect(),
        data_if_account: shared.data_if_account.clone(),
        meaning: meaning(fields),
    })
}

fn fact(
    document: &Document,
    fields: &Fields<'_>,
    name: String,
    categories: &Table<Category>,
) -> Option<Fact> {
    let fact_type = fields
        .required_text("type")
        .and_then(|word| word_of(document, "type", &word, &FactType::ALL, FactType::as_str));
    let supplier = fields
        .required_text("supplier")
        .and_then(|word| word_of(document, "supplier", &word, &Supplier::ALL, Supplier::as_str));
    let closed = values(fields.texts("values"));
    let values_of = fields.text("values-of").map(|it| it.value);
    let section = values(fields.required_texts("section"));
    let meaning = meaning(fields);
    let per_category = fields.flag("per-category").unwrap_or(false);
    let (register, keys) = (fields.text("register"), fields.texts("key"));
    // What the caller states is itself the name of a row.
    let names_its_row = supplier.is_some_and(Supplier::may_be_requested);
    if let Some(found) = register.as_ref().filter(|_| keys.is_empty() != names_its_row) {
        let message = if names_its_row {
            "a reference names its own row: drop `key`"
        } else {
            "`register` needs a `key` that finds the row"
        };
        document.error(found.span.clone(), message);
    }
    if let (None, Some(key)) = (&register, keys.first()) {
        document.error(key.span.clone(), "`key` needs a `register`");
    }
    let register = register.map(|register| RegisterKey {
        register: register.value,
        keys: values(keys),
    });
    let unknown = fields.node("unknown");
    let mut fact = Fact {
        name,
        fact_type: fact_type?,
        values: closed,
        values_of,
        supplier: supplier?,
        section,
        meaning,
        unknown: None,
        per_category,
        register,
    };
    fact.unknown = unknown.and_then(|node| fact.read_value(document, node, categories));
    Some(fact)
}

impl Fact {
    /// Reads a value of this fact's type and reports what is wrong with it.
    pub fn read_value(
        &self,
        document: &Document,
        node: &Node,
        categories: &Table<Category>,
    ) -> Option<FactValue> {
        if let (true, NodeValue::Table(entries)) = (self.per_category, &node.value) {
            return self.read_per_category(document, node, entries, categories);
        }
        let value = match (self.fact_type, &node.value) {
            (FactType::Flag, NodeValue::Flag(flag)) => FactValue::Flag(*flag),
            (FactType::Integer, NodeValue::Integer(number)) => FactValue::Integer(*number),
            (FactType::Text, NodeValue::Text(text)) => {
                self.check_word(document, text, node, &["none"])?;
                FactValue::Text(text.as_str().into())
            }
            (FactType::Texts, NodeValue::List(_)) => return self.read_words(document, node, categories),
            (FactType::Time, NodeValue::Text(text)) => {
                FactValue::Time(self.or_report(document, node, parse_instant(text))?)
            }
            (FactType::Days, NodeValue::Text(text)) => {
                FactValue::Days(self.or_report(document, node, parse_duration(text))?)
            }
            (FactType::Days, NodeValue::Integer(days)) => {
                let duration = parse_duration(&format!("P{days}D"));
                FactValue::Days(self.or_report(document, node, duration)?)
            }
            (wanted, found) => {
                document.error(
                    node.span.clone(),
                    format!(
                        "fact `{}` must be {}, not {}",
                        self.name,
                        wanted.described(),
                        found.type_name()
                    ),
                );
                return None;
            }
        };
        Some(value)
    }

    fn or_report<T>(&self, document: &Document, node: &Node, result: Result<T, String>) -> Option<T> {
        result
            .map_err(|message| document.error(node.span.clone(), format!("fact `{}`: {message}", self.name)))
            .ok()
    }

    /// A word of a closed list must be on it; ids of open lists are compared as they are.
    fn check_word(&self, document: &Document, text: &str, node: &Node, extra: &[&str]) -> Option<()> {
        let closed = !self.values.is_empty() && self.values_of.is_none();
        if !closed || self.values.iter().any(|word| word == text) || extra.contains(&text) {
            return Some(());
        }
        let reported = document.error(
            node.span.clone(),
            format!("`{}` is not a value of fact `{}`", printable(text), self.name),
        );
        reported.help(format!("one of: {}", self.values.join(", ")));
        None
    }

    fn read_words(
        &self,
        document: &Document,
        node: &Node,
        categories: &Table<Category>,
    ) -> Option<FactValue> {
        let NodeValue::List(items) = &node.value else {
            return None;
        };
        let mut words = Vec::with_capacity(items.len());
        for item in items {
            let word = document.text(item, &format!("an entry of fact `{}`", self.name))?;
            self.check_word(document, &word.value, item, &["*", "all"])?;
            words.push(word);
        }
        if self.values_of.as_deref() == Some("consent-records") {
            let records = FactValue::consents(words.into_iter().map(|word| word.value));
            return records
                .map_err(|message| document.error(node.span.clone(), message))
                .ok();
        }
        if self.values_of.as_deref() != Some("categories") {
            return Some(FactValue::texts(words.into_iter().map(|word| word.value)));
        }
        let mut covered = categories.empty_set();
        for word in &words {
            let id = resolve(document, word, categories)?;
            covered.add(&categories.subtree(id));
        }
        Some(FactValue::Categories(
            sorted(words.into_iter().map(|word| word.value)),
            covered,
        ))
    }

    fn read_per_category(
        &self,
        document: &Document,
        node: &Node,
        entries: &[(Spanned<String>, Node)],
        categories: &Table<Category>,
    ) -> Option<FactValue> {
        let mut read = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let category = resolve(document, key, categories)?;
            if matches!(value.value, NodeValue::Table(_)) {
                document.error(
                    value.span.clone(),
                    format!("fact `{}` is nested too deeply", self.name),
                );
                return None;
            }
            read.push(crate::fact::PerCategory {
                category: key.value.as_str().into(),
                covers: categories.subtree(category),
                value: self.read_value(document, value, categories)?,
            });
        }
        if read.is_empty() {
            document.error(
                node.span.clone(),
                format!("fact `{}` names no data category", self.name),
            );
            return None;
        }
        Some(FactValue::PerCategory(read.into_boxed_slice()))
    }
}
