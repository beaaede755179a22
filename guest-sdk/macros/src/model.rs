//! What the generator needs to know of a manifest: ids with their documentation, and typed facts.

use licit_baseline::{
    Activity as Declared, Entry as TableEntry, Fact as BaselineFact, FactType, Id, Manifest, Supplier, Table,
    Taxonomy, Timing,
};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that becomes a type.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) product: String,
    pub(crate) activities: Vec<Activity>,
    pub(crate) purposes: Vec<Purpose>,
    pub(crate) data: Vec<Entry>,
    pub(crate) operations: Vec<Entry>,
    pub(crate) reasons: Vec<Entry>,
    pub(crate) obligations: Vec<Entry>,
}

/// A declared activity, by the ids of what it declares.
#[derive(Debug)]
pub(crate) struct Activity {
    pub(crate) id: String,
    pub(crate) purpose: String,
    pub(crate) operations: Vec<String>,
    pub(crate) data: Vec<String>,
    pub(crate) reads: Vec<String>,
    pub(crate) optional_reads: Vec<String>,
}

/// An id that becomes a variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) doc: String,
}

/// A declared purpose with the facts of all activities that have it, sorted by name.
#[derive(Debug)]
pub(crate) struct Purpose {
    pub(crate) entry: Entry,
    pub(crate) facts: Vec<Fact>,
}

/// A declared fact.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// What the type of its values says, where they are a closed list.
    pub(crate) meaning: String,
    pub(crate) kind: Kind,
    /// Every activity with this purpose lists it under `reads`.
    pub(crate) required: bool,
}

/// The type of a fact as it reaches the plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Flag,
    Integer,
    Text,
    /// A text of this closed list.
    Word(Vec<String>),
    Time,
    Texts,
    /// A value, or one for each of some data categories.
    PerCategory,
}

impl Model {
    /// What a manifest declares; lists are sorted by id, reasons and obligations in the order of the file.
    pub(crate) fn new(manifest: &Manifest, taxonomy: &Taxonomy) -> Self {
        let activities = &manifest.activities;
        let purposes: BTreeSet<&str> = activities
            .iter()
            .map(|activity| taxonomy.purposes.name(activity.purpose))
            .collect();
        let data: BTreeMap<&str, _> = activities
            .iter()
            .flat_map(|activity| &activity.data)
            .map(|id| (taxonomy.categories.name(*id), *id))
            .collect();
        let operations: BTreeMap<&str, _> = activities
            .iter()
            .flat_map(|activity| activity.operations.iter())
            .map(|id| (taxonomy.operations.name(id), id))
            .collect();
        let data = data.into_values().filter_map(|id| {
            let category = taxonomy.categories.get(id)?;
            let declared = declared_by(activities, |activity| activity.data.contains(&id));
            let place = below(&taxonomy.categories, id);
            let about = [place, cited(&category.section), declared];
            Some(Entry::new(
                "Data category",
                &category.id,
                &category.meaning,
                about,
            ))
        });
        let operations = operations.into_values().filter_map(|id| {
            let operation = taxonomy.operations.get(id)?;
            let declared = declared_by(activities, |activity| activity.operations.contains(id));
            Some(Entry::new(
                "Operation",
                &operation.id,
                &operation.meaning,
                [declared],
            ))
        });
        Self {
            product: taxonomy.products.name(manifest.product).to_owned(),
            activities: activities
                .iter()
                .map(|activity| Activity::new(activity, taxonomy))
                .collect(),
            purposes: purposes
                .into_iter()
                .map(|id| Purpose::new(id, manifest, taxonomy))
                .collect(),
            data: data.collect(),
            operations: operations.collect(),
            reasons: manifest
                .reasons
                .iter()
                .map(|reason| Entry::new("Reason", &reason.id, &reason.text, []))
                .collect(),
            obligations: manifest
                .obligations
                .iter()
                .map(|obligation| {
                    let due = match obligation.timing {
                        Timing::Before => "before",
                        Timing::During => "during",
                        Timing::After => "after",
                        Timing::ByDeadline => "by a deadline",
                    };
                    let due = format!("due {due} the processing");
                    Entry::new("Obligation", &obligation.id, &obligation.text, [due])
                })
                .collect(),
        }
    }
}

impl Activity {
    fn new(activity: &Declared, taxonomy: &Taxonomy) -> Self {
        fn names<T: TableEntry>(table: &Table<T>, ids: impl Iterator<Item = Id<T>>) -> Vec<String> {
            ids.map(|id| table.name(id).to_owned()).collect()
        }
        Self {
            id: activity.id.clone(),
            purpose: taxonomy.purposes.name(activity.purpose).to_owned(),
            operations: names(&taxonomy.operations, activity.operations.iter()),
            data: names(&taxonomy.categories, activity.data.iter().copied()),
            reads: names(&taxonomy.facts, activity.reads.iter().copied()),
            optional_reads: names(&taxonomy.facts, activity.optional_reads.iter().copied()),
        }
    }
}

impl Entry {
    /// An id of some kind (`what`), its meaning, and what else is to be known about it.
    fn new<const N: usize>(what: &str, id: &str, meaning: &str, about: [String; N]) -> Self {
        Self {
            id: id.to_owned(),
            doc: documentation(meaning, &format!("{what} `{id}`"), about),
        }
    }
}

impl Purpose {
    fn new(id: &str, manifest: &Manifest, taxonomy: &Taxonomy) -> Self {
        let purpose = taxonomy.purposes.find(id);
        let activities: Vec<_> = manifest
            .activities
            .iter()
            .filter(|activity| Some(activity.purpose) == purpose)
            .collect();
        let read: BTreeSet<(&str, Id<BaselineFact>)> = activities
            .iter()
            .flat_map(|activity| activity.reads.iter().chain(&activity.optional_reads))
            .map(|fact| (taxonomy.facts.name(*fact), *fact))
            .collect();
        let facts = read
            .into_iter()
            .filter_map(|(_, id)| {
                let required = activities.iter().all(|activity| activity.reads.contains(&id));
                Some(Fact::new(taxonomy.facts.get(id)?, required))
            })
            .collect();
        let entry = match purpose.and_then(|id| taxonomy.purposes.get(id)) {
            Some(entry) => {
                let place = purpose.map_or_else(String::new, |id| below(&taxonomy.purposes, id));
                let declared = declared_by(&activities, |_| true);
                Entry::new(
                    "Purpose",
                    id,
                    &entry.meaning,
                    [place, cited(&entry.section), declared],
                )
            }
            None => Entry::new("Purpose", id, id, []),
        };
        Self { entry, facts }
    }
}

impl Fact {
    pub(crate) fn new(fact: &BaselineFact, required: bool) -> Self {
        let kind = match fact.fact_type {
            _ if fact.per_category => Kind::PerCategory,
            FactType::Flag => Kind::Flag,
            // Days travel in seconds.
            FactType::Integer | FactType::Days => Kind::Integer,
            FactType::Text if fact.values.is_empty() => Kind::Text,
            FactType::Text => Kind::Word(fact.values.clone()),
            FactType::Time => Kind::Time,
            FactType::Texts => Kind::Texts,
        };
        let form = match fact.fact_type {
            _ if fact.per_category => "may differ by data category",
            FactType::Days => "in seconds",
            _ => "",
        };
        let known = if required {
            "Known in every request with this purpose"
        } else {
            "`None` where it is not known, or the activity does not read it"
        };
        let about = [
            form.to_owned(),
            from(fact.supplier).to_owned(),
            cited(&fact.section),
        ];
        let mut doc = documentation(&fact.meaning, &format!("Fact `{}`", fact.name), about);
        doc.push(' ');
        doc.push_str(known);
        doc.push('.');
        Self {
            name: fact.name.clone(),
            meaning: documentation(
                &fact.meaning,
                &format!("The values of the fact `{}`", fact.name),
                [],
            ),
            doc,
            kind,
            required,
        }
    }
}

/// Where a fact comes from, in words.
const fn from(supplier: Supplier) -> &'static str {
    match supplier {
        Supplier::Engine => "worked out by the host",
        Supplier::Manifest => "from the manifest",
        Supplier::Host => "from the deployment's profile",
        Supplier::Register => "from a register",
        Supplier::Law => "from counsel",
        Supplier::State => "from the person's state",
        Supplier::Caller => "from the caller",
    }
}

/// What an id lies directly below; empty at the top.
fn below<T: TableEntry>(table: &Table<T>, id: Id<T>) -> String {
    let parents = table.parents(id);
    let parents: Vec<_> = parents
        .iter()
        .map(|id| format!("`{}`", table.name(*id)))
        .collect();
    if parents.is_empty() {
        String::new()
    } else {
        format!("below {}", parents.join(" and "))
    }
}

/// The activities that declare something.
fn declared_by<A: Borrow<Declared>>(activities: &[A], declares: impl Fn(&Declared) -> bool) -> String {
    let activities = activities
        .iter()
        .map(Borrow::borrow)
        .filter(|activity| declares(activity));
    let ids: Vec<_> = activities.map(|activity| format!("`{}`", activity.id)).collect();
    format!("declared by {}", ids.join(", "))
}

/// `§3.1.2-1, §3.2-E8`.
fn cited(sections: &[String]) -> String {
    sections
        .iter()
        .map(|section| format!("§{section}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A meaning and what it is the meaning of, as rustdoc takes them.
fn documentation<const N: usize>(meaning: &str, what: &str, about: [String; N]) -> String {
    let mut doc = String::new();
    for character in meaning.chars() {
        if ['<', '>', '[', ']'].contains(&character) {
            doc.push('\\');
        }
        doc.push(character);
    }
    doc.push_str("\n\n");
    doc.push_str(what);
    for about in about.iter().filter(|about| !about.is_empty()) {
        doc.push_str(", ");
        doc.push_str(about);
    }
    doc.push('.');
    doc
}
