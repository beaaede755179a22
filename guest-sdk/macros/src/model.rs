//! What the generator needs to know of a manifest: ids with their documentation, and typed facts.

use licit_baseline::{
    Entry as TableEntry, Fact as BaselineFact, FactType, Id, Manifest, Table, Taxonomy, Timing,
};
use std::collections::BTreeSet;

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
        let data: BTreeSet<_> = activities
            .iter()
            .flat_map(|activity| &activity.data)
            .filter_map(|id| taxonomy.categories.get(*id))
            .map(|category| Entry::new(&category.id, &category.meaning, &category.section))
            .collect();
        let operations: BTreeSet<_> = activities
            .iter()
            .flat_map(|activity| activity.operations.iter())
            .filter_map(|id| taxonomy.operations.get(id))
            .map(|operation| Entry::new(&operation.id, &operation.meaning, &[]))
            .collect();
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
            data: data.into_iter().collect(),
            operations: operations.into_iter().collect(),
            reasons: manifest
                .reasons
                .iter()
                .map(|reason| Entry::new(&reason.id, &reason.text, &[]))
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
                    Entry::new(
                        &obligation.id,
                        &format!("{} (due {due} the processing)", obligation.text),
                        &[],
                    )
                })
                .collect(),
        }
    }
}

impl Activity {
    fn new(activity: &licit_baseline::Activity, taxonomy: &Taxonomy) -> Self {
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
    fn new(id: &str, meaning: &str, sections: &[String]) -> Self {
        Self {
            id: id.to_owned(),
            doc: documentation(meaning, &cited(sections)),
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
            Some(purpose) => Entry::new(id, &purpose.meaning, &purpose.section),
            None => Entry::new(id, id, &[]),
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
            _ if fact.per_category => "; may differ by data category",
            FactType::Days => "; in seconds",
            _ => "",
        };
        let from = format!("`{}`, supplier {}{form}{}", fact.id(), fact.supplier.as_str(), {
            let cited = cited(&fact.section);
            if cited.is_empty() {
                cited
            } else {
                format!("; {cited}")
            }
        });
        Self {
            name: fact.name.clone(),
            doc: documentation(&fact.meaning, &from),
            kind,
            required,
        }
    }
}

/// `§3.1.2-1, §3.2-E8`.
fn cited(sections: &[String]) -> String {
    sections
        .iter()
        .map(|section| format!("§{section}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A meaning and where it comes from, as rustdoc takes them.
fn documentation(meaning: &str, source: &str) -> String {
    let mut doc = String::new();
    for character in meaning.chars() {
        if ['<', '>', '[', ']'].contains(&character) {
            doc.push('\\');
        }
        doc.push(character);
    }
    if !source.is_empty() {
        doc.push_str(" (");
        doc.push_str(source);
        doc.push(')');
    }
    doc
}
