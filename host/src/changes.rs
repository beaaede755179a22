//! The memory of change (`changes.toml`): which version of a product was approved last, what it declared, what people
//! were told about the next one; and what a declaration has beyond that (§14).

use jiff::Timestamp;
use licit_baseline::{
    Activity, Baseline, Category, Document, Entry, Fact, FactValue, Fields, Id, Manifest, PerCategory,
    Product, Purpose, Recipient, Retention, Set, Spanned, Table, Taxonomy, duration_text, parse_duration,
    parse_instant, printable,
};

/// The file, checked against one version of the policy.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    approved: Vec<Approved>,
    announced: Vec<Announced>,
}

/// A version that people agreed to, or were told of in time.
#[derive(Debug)]
struct Approved {
    product: Id<Product>,
    version: String,
    digest: Option<String>,
    date: Timestamp,
    uses: Vec<Use>,
}

/// One approved use of data: some categories for one purpose, and the terms.
#[derive(Debug, Clone)]
struct Use {
    /// The purpose with everything below it.
    purposes: Set<Purpose>,
    /// The categories with everything below them; a class such as `personal-information` covers nothing.
    covers: Set<Category>,
    recipients: Set<Recipient>,
    /// Countries and region groups; `*` if the declaration did not say.
    countries: Vec<String>,
    retention: Option<Retention>,
}

/// A version that people are, or will be, told of.
#[derive(Debug)]
struct Announced {
    product: Id<Product>,
    version: String,
    digest: Option<String>,
    material: Option<bool>,
    notice: Option<Notice>,
}

#[derive(Debug)]
struct Notice {
    kind: FactValue,
    sent: Timestamp,
    effective: Timestamp,
}

/// What a declaration changes, and what people know about it.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// By activity, in the order of the manifest: what it has beyond the approved version, the value of `plugin.delta`.
    deltas: Vec<FactValue>,
    /// Nothing, as a value of `plugin.delta`.
    nothing: FactValue,
    /// The facts about the notice that was given.
    notice: Vec<(Id<Fact>, FactValue)>,
    /// Whether somebody weighed the change, or there is none to weigh.
    material: Option<FactValue>,
    immaterial: FactValue,
    /// The version it was compared with; none if this is the product's first.
    pub(crate) since: Option<String>,
    /// What that version declared.
    before: Option<Vec<Use>>,
    /// The digest under which this very version was approved, if that is another than this file's.
    pub(crate) approved_as: Option<String>,
}

impl Changes {
    /// Reads the file and reports what is wrong with it.
    pub(crate) fn read(document: &Document, fields: &Fields<'_>, baseline: &Baseline) -> Option<Self> {
        let reader = Reader { document, baseline };
        let mut changes = Self::default();
        for fields in fields.tables("approved", "an approved version") {
            let approved = reader.approved(&fields);
            fields.finish();
            changes.approved.extend(approved);
        }
        for fields in fields.tables("change", "a change") {
            let announced = reader.announced(&fields, &changes);
            fields.finish();
            changes.announced.extend(announced);
        }
        Some(changes)
    }

    /// Whether an approved version of a product is on record.
    pub(crate) fn knows(&self, product: Id<Product>) -> bool {
        self.approved.iter().any(|it| it.product == product)
    }

    /// What a declaration changes at `at`, compared with the last version approved by then. If none is on record, it is
    /// compared with what the running version was compared with, so that loading again makes nothing old that nobody
    /// approved; and with the running version itself if that is the product's first.
    pub(crate) fn of(
        &self,
        baseline: &Baseline,
        manifest: &Manifest,
        digest: Option<&str>,
        running: Option<(&Manifest, &Change)>,
        at: Timestamp,
    ) -> Change {
        let taxonomy = baseline.taxonomy();
        let nothing = FactValue::texts::<&str>([]);
        let approved = self
            .approved
            .iter()
            .filter(|it| it.product == manifest.product && it.date <= at)
            .max_by_key(|it| it.date);
        let (before, since) = match (approved, running) {
            (Some(approved), _) => (Some(approved.uses.clone()), Some(approved.version.clone())),
            (None, Some((_, running))) if running.before.is_some() => {
                (running.before.clone(), running.since.clone())
            }
            (None, Some((running, _))) => (Some(uses(taxonomy, running)), Some(running.version.clone())),
            (None, None) => (None, None),
        };
        let delta = |activity: &Activity| {
            let wider = before
                .as_deref()
                .and_then(|before| widening(taxonomy, before, activity));
            wider.unwrap_or_else(|| nothing.clone())
        };
        let announced = self.announced.iter().find(|it| {
            it.product == manifest.product
                && it.version == manifest.version
                && it.digest.as_deref().is_none_or(|it| Some(it) == digest)
        });
        let known = baseline.engine_facts();
        // A notice that is still to be sent has told nobody anything.
        let notice = announced
            .and_then(|it| it.notice.as_ref())
            .filter(|it| it.sent <= at);
        let notice = notice.map(|notice| {
            [
                (known.notice_kind, notice.kind.clone()),
                (known.notice_time, FactValue::Time(notice.effective)),
            ]
        });
        let notice = notice.into_iter().flatten();
        Change {
            deltas: manifest.activities.iter().map(delta).collect(),
            nothing,
            notice: notice.filter_map(|(fact, value)| Some((fact?, value))).collect(),
            material: announced.and_then(|it| it.material).map(FactValue::Flag),
            immaterial: FactValue::Flag(false),
            since,
            before,
            approved_as: approved
                .filter(|it| it.version == manifest.version)
                .and_then(|it| it.digest.clone())
                .filter(|approved| digest.is_some_and(|digest| digest != approved)),
        }
    }
}

impl Change {
    /// The value of `plugin.delta` for an activity, by position. Without one, it is known only if nothing changes at all.
    pub(crate) fn delta(&self, activity: Option<usize>) -> Option<&FactValue> {
        match activity {
            Some(at) => self.deltas.get(at),
            None => self
                .deltas
                .iter()
                .all(|it| *it == self.nothing)
                .then_some(&self.nothing),
        }
    }

    /// The facts of the change for the load of an activity: what is wider, whether it is material, who was told.
    pub(crate) fn facts(
        &self,
        baseline: &Baseline,
        activity: usize,
    ) -> impl Iterator<Item = (Id<Fact>, &FactValue)> {
        let known = baseline.engine_facts();
        let delta = self.delta(Some(activity));
        // What is not wider needs no notice, unless somebody says so (§14).
        let unchanged = (delta == Some(&self.nothing)).then_some(&self.immaterial);
        let material = self.material.as_ref().or(unchanged);
        let computed = [(known.plugin_delta, delta), (known.change_material, material)];
        let computed = computed
            .into_iter()
            .filter_map(|(fact, value)| Some((fact?, value?)));
        computed.chain(self.notice.iter().map(|(fact, value)| (*fact, value)))
    }

    /// Everything that is wider, each entry once.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for delta in &self.deltas {
            match delta {
                FactValue::PerCategory(entries) => entries
                    .iter()
                    .for_each(|entry| words.extend(entry.value.words().iter().map(|word| word.to_string()))),
                other => words.extend(other.words().iter().map(|word| word.to_string())),
            }
        }
        words.sort_unstable();
        words.dedup();
        words
    }
}

/// What a manifest declares, as uses.
fn uses(taxonomy: &Taxonomy, manifest: &Manifest) -> Vec<Use> {
    let of = |activity: &Activity| Use {
        purposes: activity.purposes.clone(),
        covers: activity.covers.clone(),
        recipients: subtrees(&taxonomy.recipients, &activity.recipients),
        countries: countries(activity),
        retention: activity.retention.clone(),
    };
    manifest.activities.iter().map(of).collect()
}

fn subtrees<T: Entry>(table: &Table<T>, ids: &[Id<T>]) -> Set<T> {
    let mut set = table.empty_set();
    ids.iter().for_each(|id| table.add_subtree(*id, &mut set));
    set
}

/// Where an activity stores and processes its data: `*` if it does not say, because then it may be anywhere.
fn countries(activity: &Activity) -> Vec<String> {
    let mut countries: Vec<String> = activity
        .storage
        .iter()
        .chain(&activity.processing)
        .cloned()
        .collect();
    if countries.is_empty() {
        countries.push(ANYWHERE.to_owned());
    }
    countries.sort_unstable();
    countries.dedup();
    countries
}

const ANYWHERE: &str = "*";

/// What an activity has beyond approved uses, as a value of `plugin.delta`; none if it has nothing.
///
/// Each category is compared by itself with the uses that have it for the same purpose, so that data which a product
/// always had is not held up by data that it gained.
fn widening(taxonomy: &Taxonomy, before: &[Use], activity: &Activity) -> Option<FactValue> {
    let mut entries: Vec<PerCategory> = Vec::new();
    for declared in &activity.data {
        // What the declared entry stands for; a class stands for nothing, so nothing about it is new.
        let mut covers = taxonomy.categories.empty_set();
        let its = activity
            .covers
            .iter()
            .filter(|it| activity.declared_entry(*it) == Some(*declared));
        its.for_each(|category| covers.insert(category));
        let mut words: Vec<String> = Vec::new();
        for category in covers.iter() {
            beyond(taxonomy, before, activity, *declared, category, &mut words);
        }
        entries.push(PerCategory {
            category: taxonomy.categories.name(*declared).into(),
            covers,
            value: FactValue::texts(words),
        });
    }
    if entries.iter().all(|entry| entry.value.words().is_empty()) {
        return None;
    }
    // What classification joins in is not declared here, so nothing about it is new.
    let root = taxonomy
        .categories
        .iter()
        .find(|(id, _)| taxonomy.is_root_category(*id));
    entries.extend(root.map(|(_, root)| PerCategory {
        category: root.id.as_str().into(),
        covers: taxonomy.categories.full_set(),
        value: FactValue::texts::<&str>([]),
    }));
    Some(FactValue::PerCategory(entries.into_boxed_slice()))
}

/// What is new about one category of an activity.
fn beyond(
    taxonomy: &Taxonomy,
    before: &[Use],
    activity: &Activity,
    declared: Id<Category>,
    category: Id<Category>,
    words: &mut Vec<String>,
) {
    let has = |it: &&Use| it.covers.contains(category);
    let same: Vec<&Use> = before
        .iter()
        .filter(has)
        .filter(|it| it.purposes.contains(activity.purpose))
        .collect();
    if same.is_empty() {
        // New as a whole: its recipients, places and time go without saying.
        let known = before.iter().any(|it| has(&it));
        let purpose_known = before.iter().any(|it| it.purposes.contains(activity.purpose));
        if !known {
            words.push(format!("category:{}", taxonomy.categories.name(declared)));
        }
        if known || !purpose_known {
            words.push(format!("purpose:{}", taxonomy.purposes.name(activity.purpose)));
        }
        return;
    }
    for recipient in &activity.recipients {
        if !same
            .iter()
            .any(|it| taxonomy.recipients.lies_in(*recipient, &it.recipients))
        {
            words.push(format!("recipient:{}", taxonomy.recipients.name(*recipient)));
        }
    }
    for country in countries(activity) {
        let within = |wider: &String| wider == ANYWHERE || taxonomy.place_lies_in(&country, wider);
        if !same.iter().any(|it| it.countries.iter().any(within)) {
            words.push(format!("country:{country}"));
        }
    }
    if let Some(retention) = &activity.retention
        && !same.iter().any(|it| outlasts(it.retention.as_ref(), retention))
    {
        words.push(format!("retention:{}", retention_text(retention)));
    }
}

/// Whether what was approved keeps data at least as long. An event and a length of time cannot be compared.
fn outlasts(approved: Option<&Retention>, now: &Retention) -> bool {
    match (approved, now) {
        (Some(Retention::Period(approved)), Retention::Period(now)) => now <= approved,
        (Some(approved), now) => approved == now,
        (None, _) => false,
    }
}

fn retention_text(retention: &Retention) -> String {
    match retention {
        Retention::Period(length) => duration_text(*length),
        Retention::Until(event) => format!("until:{event}"),
    }
}

struct Reader<'r> {
    document: &'r Document,
    baseline: &'r Baseline,
}

impl Reader<'_> {
    fn approved(&self, fields: &Fields<'_>) -> Option<Approved> {
        let product = fields.required_text("product");
        let product = product.and_then(|word| self.find(&word, &self.baseline.taxonomy().products));
        let version = fields.required_text("version");
        let digest = self.digest(fields);
        let date = fields.required_text("date").and_then(|word| self.instant(word));
        if let Some(author) = fields
            .required_text("author")
            .filter(|author| author.value.trim().is_empty())
        {
            self.document
                .error(author.span, "nobody signed for this version")
                .help("name whoever approved it");
        }
        fields.text("ref");
        let uses: Vec<Use> = fields
            .tables("activity", "an approved activity")
            .iter()
            .filter_map(|fields| {
                let approved = self.approved_use(fields);
                fields.refuse_unknown_keys();
                approved
            })
            .collect();
        if fields.node("activity").is_none() {
            self.document
                .error(fields.span.clone(), "the approved version declares nothing")
                .help("add an `[[approved.activity]]` for each purpose of its declaration");
        }
        Some(Approved {
            product: product?,
            version: version?.value,
            digest,
            date: date?,
            uses,
        })
    }

    fn approved_use(&self, fields: &Fields<'_>) -> Option<Use> {
        let taxonomy = self.baseline.taxonomy();
        let purpose = fields.required_text("purpose");
        let purpose = purpose.and_then(|word| self.find(&word, &taxonomy.purposes));
        let mut covers = taxonomy.categories.empty_set();
        for word in fields.required_texts("data") {
            let category = self.find(&word, &taxonomy.categories);
            if let Some(category) = category.filter(|category| !taxonomy.is_class(*category)) {
                taxonomy.categories.add_subtree(category, &mut covers);
            }
        }
        let recipients = fields.required("recipients").map_or_else(Vec::new, |node| {
            let words = self.document.texts(node, "`recipients`");
            let found = words
                .iter()
                .filter_map(|word| self.find(word, &taxonomy.recipients));
            found.collect()
        });
        let countries = fields.required_texts("countries");
        for word in &countries {
            self.check_country(word);
        }
        let retention = fields.text("retention").and_then(|word| self.retention(&word));
        Some(Use {
            purposes: taxonomy.purposes.subtree(purpose?),
            covers,
            recipients: subtrees(&taxonomy.recipients, &recipients),
            countries: countries.into_iter().map(|word| word.value).collect(),
            retention,
        })
    }

    fn announced(&self, fields: &Fields<'_>, changes: &Changes) -> Option<Announced> {
        let product_word = fields.required_text("product");
        let product = product_word
            .as_ref()
            .and_then(|word| self.find(word, &self.baseline.taxonomy().products));
        let version = fields.required_text("version");
        let digest = self.digest(fields);
        let material = fields.flag("material");
        let notice = self.notice(fields);
        fields.text("author");
        fields.text("ref");
        let (product, word, version) = (product?, product_word?, version?);
        if !changes.knows(product) {
            self.document
                .error(
                    word.span,
                    format!(
                        "no approved version of `{}` is on record: a change from what?",
                        word.value
                    ),
                )
                .help("add an `[[approved]]` entry with what people were told before");
        }
        let again = |it: &Announced| it.product == product && it.version == version.value;
        if changes.announced.iter().any(again) {
            let message = format!("version `{}` is announced twice", printable(&version.value));
            self.document.error(version.span, message);
        }
        Some(Announced {
            product,
            version: version.value,
            digest,
            material,
            notice,
        })
    }

    fn notice(&self, fields: &Fields<'_>) -> Option<Notice> {
        let kind = fields.text("notice");
        let times = ["sent", "effective"].map(|key| fields.text(key));
        let Some(kind) = kind else {
            for word in times.into_iter().flatten() {
                self.document
                    .error(word.span, "a time of a notice, and no notice")
                    .help("say how people were told: `notice = \"popup\"`");
            }
            return None;
        };
        let fact = self.baseline.engine_facts().notice_kind;
        let values = fact
            .and_then(|fact| self.baseline.taxonomy().facts.get(fact))
            .map(|it| &it.values);
        if let Some(values) = values.filter(|values| !values.contains(&kind.value)) {
            self.document
                .unknown("kind of notice", &kind, values.iter().map(String::as_str));
        }
        let [sent, effective] = times;
        if sent.is_none() || effective.is_none() {
            self.document
                .error(kind.span, "a notice needs `sent` and `effective`")
                .reason("people are told before a change applies, and from when on it does (§14)");
            return None;
        }
        let late = effective.clone();
        let sent = sent.and_then(|word| self.instant(word))?;
        let effective = effective.and_then(|word| self.instant(word))?;
        if effective < sent {
            let span = late.map_or(0..0, |word| word.span);
            self.document
                .error(span, "the change applies before people are told of it");
        }
        Some(Notice {
            kind: FactValue::Text(kind.value.into()),
            sent,
            effective,
        })
    }

    fn find<T: Entry>(&self, word: &Spanned<String>, table: &Table<T>) -> Option<Id<T>> {
        let found = table.find(&word.value);
        if found.is_none() {
            self.document.unknown(T::WHAT, word, table.names());
        }
        found
    }

    fn instant(&self, word: Spanned<String>) -> Option<Timestamp> {
        parse_instant(&word.value)
            .map_err(|message| self.document.error(word.span, message))
            .ok()
    }

    fn digest(&self, fields: &Fields<'_>) -> Option<String> {
        let word = fields.text("digest")?;
        let hex = word.value.strip_prefix("sha256:");
        let is_digest =
            |hex: &str| hex.len() == 64 && hex.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        if !hex.is_some_and(is_digest) {
            self.document
                .error(
                    word.span,
                    format!(
                        "`{}` is not a digest: `sha256:` and 64 lower-case hex digits",
                        printable(&word.value)
                    ),
                )
                .help("`licit inspect FILE` shows it");
        }
        Some(word.value)
    }

    fn check_country(&self, word: &Spanned<String>) {
        let regions = &self.baseline.taxonomy().regions;
        let code = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if word.value != ANYWHERE && !code(&word.value) && regions.find(&word.value).is_none() {
            self.document.unknown("country", word, regions.names()).help(
                "write a code such as `IN`, a region such as `EEA`, or `*` if the declaration did not say",
            );
        }
    }

    fn retention(&self, word: &Spanned<String>) -> Option<Retention> {
        if let Some(event) = word
            .value
            .strip_prefix("until:")
            .filter(|event| !event.is_empty())
        {
            return Some(Retention::Until(event.to_owned()));
        }
        parse_duration(&word.value)
            .map(Retention::Period)
            .map_err(|message| {
                self.document
                    .error(word.span.clone(), message)
                    .help("or an event, as `until:account-cancelled`")
            })
            .ok()
    }
}
