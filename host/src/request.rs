//! What a service asks: read strictly from JSON or TOML, checked against the policy in force at its time.

use std::sync::Arc;

use jiff::Timestamp;
use licit_baseline::{
    Activity, Baseline, Category, Diagnostics, Document, Fact, FactValue, Fields, Format, Id, Node,
    NodeValue, Operation, OperationKind, Product, Purpose, Spanned, Supplier, Table, parse_instant,
    printable,
};

/// One checked request: its ids are known and its facts are of the right type and supplier.
///
/// Made by [`Host::request`](crate::Host::request) from JSON or TOML.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) baseline: Arc<Baseline>,
    pub(crate) id: Option<String>,
    pub(crate) product: Id<Product>,
    pub(crate) operation: Id<Operation>,
    pub(crate) kind: OperationKind,
    pub(crate) purpose: Id<Purpose>,
    /// In the order of the request, each once.
    pub(crate) data: Vec<Id<Category>>,
    pub(crate) at: Timestamp,
    pub(crate) at_value: FactValue,
    pub(crate) facts: Vec<(Id<Fact>, FactValue)>,
}

impl Request {
    /// The opaque id that the answer repeats, if the request has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The product that asks.
    #[must_use]
    pub fn product(&self) -> &str {
        self.baseline.taxonomy().products.name(self.product)
    }

    /// What is to be done with the data.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.baseline.taxonomy().operations.name(self.operation)
    }

    /// The one stated purpose.
    #[must_use]
    pub fn purpose(&self) -> &str {
        self.baseline.taxonomy().purposes.name(self.purpose)
    }

    /// The data categories, in the order of the request.
    pub fn data(&self) -> impl Iterator<Item = &str> {
        self.data
            .iter()
            .map(|id| self.baseline.taxonomy().categories.name(*id))
    }

    /// The instant the request is judged at.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The facts that the request states, by name.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &FactValue)> {
        self.facts
            .iter()
            .map(|(id, value)| (self.baseline.taxonomy().facts.name(*id), value))
    }

    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place and the nearest valid name.
    pub(crate) fn read(
        name: &str,
        text: &str,
        format: Format,
        baselines: &[Arc<Baseline>],
    ) -> Result<Self, Diagnostics> {
        let document = Document::new(name, text);
        let request = document.parse(format).and_then(|root| {
            document
                .table(&root, "a request")
                .and_then(|fields| read(&document, &fields, baselines))
        });
        match request {
            Some(request) if !document.has_errors() => Ok(request),
            _ => Err(document.finish()),
        }
    }

    pub(crate) fn read_table(
        document: &Document,
        fields: &Fields<'_>,
        baselines: &[Arc<Baseline>],
    ) -> Option<Self> {
        read(document, fields, baselines)
    }

    /// The version of the policy that it was checked against.
    #[must_use]
    pub fn baseline(&self) -> &Arc<Baseline> {
        &self.baseline
    }

    /// The request by which the loading of one activity is judged.
    pub(crate) fn for_load(
        baseline: &Arc<Baseline>,
        product: Id<Product>,
        operation: Id<Operation>,
        activity: &Activity,
        at: Timestamp,
    ) -> Self {
        Self {
            baseline: Arc::clone(baseline),
            id: None,
            product,
            operation,
            kind: OperationKind::Load,
            purpose: activity.purpose,
            data: activity.data.clone(),
            at,
            at_value: FactValue::Time(at),
            facts: Vec::new(),
        }
    }
}

fn read(document: &Document, fields: &Fields<'_>, baselines: &[Arc<Baseline>]) -> Option<Request> {
    // The time comes first: it says which version of the policy, and so which vocabulary, counts.
    let at = fields
        .required_text("at")
        .and_then(|word| match parse_instant(&word.value) {
            Ok(at) => Some((at, word.span)),
            Err(message) => {
                document.error(word.span, message);
                None
            }
        });
    let fallback = baselines.last()?;
    let baseline = match &at {
        Some((at, span)) => {
            let in_force = baselines
                .iter()
                .rev()
                .find(|baseline| baseline.effective() <= *at);
            if in_force.is_none() {
                let first = baselines.first().map_or("?", |baseline| baseline.version());
                document
                    .error(span.clone(), "no version of the policy was in force at that time")
                    .help(format!("the first one took effect on {first}"));
            }
            in_force.unwrap_or(fallback)
        }
        // Read on under the latest version, so that everything wrong is reported at once.
        None => fallback,
    };
    let taxonomy = baseline.taxonomy();
    let id = fields.text("id").map(|it| it.value);
    let product = required_id(document, fields, "product", &taxonomy.products);
    let operation = required_id(document, fields, "operation", &taxonomy.operations);
    let kind = operation
        .and_then(|id| taxonomy.operations.get(id))
        .map_or(OperationKind::Processing, |operation| operation.kind);
    if kind == OperationKind::Load {
        let span = fields.node("operation").map_or(0..0, |node| node.span.clone());
        document
            .error(
                span,
                "`load` is not a request: the host asks it when it loads a plugin",
            )
            .help("state an operation on data, such as `collect` or `use`");
    }
    let purpose = purpose(document, fields, baseline, kind);
    let data = data(document, fields, baseline, kind);
    let facts = facts(document, fields, baseline);
    fields.refuse_unknown_keys();
    let (at, _) = at?;
    Some(Request {
        baseline: Arc::clone(baseline),
        id,
        product: product?,
        operation: operation?,
        kind,
        purpose: purpose?,
        data,
        at,
        at_value: FactValue::Time(at),
        facts,
    })
}

fn required_id<T: licit_baseline::Entry>(
    document: &Document,
    fields: &Fields<'_>,
    key: &'static str,
    table: &Table<T>,
) -> Option<Id<T>> {
    fields
        .required_text(key)
        .and_then(|word| find(document, &word, table))
}

fn find<T: licit_baseline::Entry>(
    document: &Document,
    word: &Spanned<String>,
    table: &Table<T>,
) -> Option<Id<T>> {
    let found = table.find(&word.value);
    if found.is_none() {
        document.unknown(T::WHAT, word, table.names());
    }
    found
}

fn purpose(
    document: &Document,
    fields: &Fields<'_>,
    baseline: &Baseline,
    kind: OperationKind,
) -> Option<Id<Purpose>> {
    let purposes = &baseline.taxonomy().purposes;
    if kind == OperationKind::Right && fields.node("purpose").is_none() {
        return purposes.find("rights-fulfilment");
    }
    let word = fields.required_text("purpose")?;
    let purpose = find(document, &word, purposes)?;
    if baseline.taxonomy().is_root_purpose(purpose) {
        document
            .error(
                word.span,
                format!("`{}` is no purpose: state what the data is for", word.value),
            )
            .reason("every request has one stated purpose (§3.1, §3.2)");
        return None;
    }
    Some(purpose)
}

fn data(
    document: &Document,
    fields: &Fields<'_>,
    baseline: &Baseline,
    kind: OperationKind,
) -> Vec<Id<Category>> {
    let categories = &baseline.taxonomy().categories;
    let words = match kind {
        OperationKind::Processing => fields.required_texts("data"),
        _ => fields.texts("data"),
    };
    let mut data = Vec::with_capacity(words.len());
    for word in words {
        let Some(category) = find(document, &word, categories) else {
            continue;
        };
        if baseline.taxonomy().is_root_category(category) && kind == OperationKind::Processing {
            document
                .error(
                    word.span,
                    format!("`{}` is everything: state which data is meant", word.value),
                )
                .reason("the root of the data categories is never a valid request (§2)");
        } else if !data.contains(&category) {
            data.push(category);
        }
    }
    data
}

fn facts(document: &Document, fields: &Fields<'_>, baseline: &Baseline) -> Vec<(Id<Fact>, FactValue)> {
    let mut read = Vec::new();
    if let Some(node) = fields.node("facts") {
        collect_facts(document, baseline, "", node, &mut |fact, name, node| {
            let Some(definition) = baseline.taxonomy().facts.get(fact) else {
                return;
            };
            if !definition.supplier.may_be_requested() {
                refuse_supplier(document, name, definition.supplier);
            } else if matches!(
                definition.name.as_str(),
                "operation" | "product" | "purpose" | "data" | "at"
            ) {
                let message = format!("`{}` is a field of the request, not one of its facts", name.value);
                document.error(name.span.clone(), message);
            } else if read.iter().any(|(other, _)| *other == fact) {
                document.error(
                    name.span.clone(),
                    format!("fact `{}` is given twice", definition.name),
                );
            } else if let Some(value) = definition.read_value(document, node, &baseline.taxonomy().categories)
            {
                check_consent(document, baseline, &value, node);
                read.push((fact, value));
            }
        });
    }
    read
}

/// What to do with each fact of a table: its number, its name as written, and its value.
type EachFact<'f, 'n> = dyn FnMut(Id<Fact>, &Spanned<String>, &'n Node) + 'f;

/// Walks a table of facts, in which `{"a": {"b": 1}}` and `{"a.b": 1}` mean the same.
pub(crate) fn collect_facts<'n>(
    document: &Document,
    baseline: &Baseline,
    prefix: &str,
    node: &'n Node,
    each: &mut EachFact<'_, 'n>,
) {
    let NodeValue::Table(entries) = &node.value else {
        document.error(
            node.span.clone(),
            format!("facts must be a table, not {}", node.value.type_name()),
        );
        return;
    };
    for (key, value) in entries {
        let name = Spanned {
            value: if prefix.is_empty() {
                key.value.clone()
            } else {
                format!("{prefix}.{}", key.value)
            },
            span: key.span.clone(),
        };
        let facts = &baseline.taxonomy().facts;
        // A fact and others below its name: `locus` is one, `locus.country` another.
        let named = facts.find(&name.value).filter(|id| {
            let prefix = format!("{}.", name.value);
            let per_category = facts.get(*id).is_some_and(|it| it.per_category);
            let is_table = matches!(value.value, NodeValue::Table(_));
            per_category || !is_table || !facts.names().any(|other| other.starts_with(&prefix))
        });
        match (named, &value.value) {
            (Some(fact), _) => each(fact, &name, value),
            (None, NodeValue::Table(inner)) if !inner.is_empty() && name.value.matches('.').count() < 4 => {
                collect_facts(document, baseline, &name.value, value, each);
            }
            _ => {
                document.unknown("fact", &name, baseline.taxonomy().facts.names());
            }
        }
    }
}

fn refuse_supplier(document: &Document, name: &Spanned<String>, supplier: Supplier) {
    document
        .error(
            name.span.clone(),
            format!(
                "a request cannot state fact `{}`: its supplier is `{supplier}`",
                printable(&name.value)
            ),
        )
        .reason(format!("it is {}", supplier.described()))
        .help("leave it out of the request; the host supplies it");
}

/// A consent names a purpose of the taxonomy.
fn check_consent(document: &Document, baseline: &Baseline, value: &FactValue, node: &Node) {
    let FactValue::Consents(records, _) = value else {
        return;
    };
    let purposes = &baseline.taxonomy().purposes;
    for record in records.iter().filter(|it| purposes.find(&it.purpose).is_none()) {
        let id = Spanned {
            value: record.purpose.to_string(),
            span: node.span.clone(),
        };
        document.unknown("purpose in a consent record:", &id, purposes.names());
    }
}
