//! The deployment's profile (`licit.toml`): what the host vouches for, signed off, dated and expiring.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use licit_baseline::{
    Baseline, Document, Fact, FactValue, Facts, Fields, Id, Law, Node, NodeValue, Product, Spanned, Supplier,
    parse_instant, printable,
};

use crate::expiry::Expiry;
use crate::request::collect_facts;

/// Facts with the entry of the profile they come from.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) facts: Vec<(Id<Fact>, FactValue)>,
    term: Term,
}

/// Who vouches for a row of a register, where that is filed, and for how long; without dates, as long as the profile.
#[derive(Debug, Default)]
struct Term {
    author: Option<String>,
    reference: Option<String>,
    date: Option<Timestamp>,
    expires: Option<Timestamp>,
}

impl Term {
    fn counts_at(&self, at: Timestamp) -> bool {
        self.date.is_none_or(|date| date <= at) && self.expires.is_none_or(|expires| at < expires)
    }
}

/// A register whose rows are compared with several facts.
#[derive(Debug)]
struct Routes {
    register: String,
    keys: Vec<Id<Fact>>,
    /// Each with the words its keys are compared with, in the order of the file.
    rows: Vec<(Vec<String>, Entry)>,
}

/// In a row that is compared with several facts: any value, known or not.
const ANY: &str = "*";
/// In such a row: nobody states a value.
const NONE: &str = "none";

/// Which entries serve which requests, where a request does not name one.
#[derive(Debug)]
struct Choice {
    products: Vec<Id<Product>>,
    regions: Vec<String>,
    ingress: Option<String>,
    store: Option<String>,
    facts: Entry,
}

/// A profile, checked against one version of the policy.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// What messages call the file.
    source: String,
    signed_off_by: String,
    date: Timestamp,
    expires: Timestamp,
    facts: Entry,
    ingresses: BTreeMap<String, Entry>,
    stores: BTreeMap<String, Entry>,
    choices: Vec<Choice>,
    /// By register, then by key.
    registers: BTreeMap<String, BTreeMap<String, Entry>>,
    /// The registers that the fact table knows, each with the fact whose value names the row.
    keys: Vec<(String, Id<Fact>)>,
    /// The registers whose rows are compared with several facts.
    routes: Vec<Routes>,
    ingress_fact: Option<Id<Fact>>,
    store_fact: Option<Id<Fact>>,
    region_fact: Option<Id<Fact>>,
    law: Law,
    law_source: String,
}

impl Profile {
    /// Reads a profile and reports everything that is wrong with it.
    pub(crate) fn read(document: &Document, fields: &Fields<'_>, baseline: &Baseline) -> Option<Self> {
        let source = document.source().name.as_str();
        let reader = Reader {
            document,
            baseline,
            source,
        };
        reader.read(fields)
    }

    /// With these determinations; `source` is what messages call their file.
    pub(crate) fn under(mut self, law: Law, source: &str) -> Self {
        self.law = law;
        source.clone_into(&mut self.law_source);
        self
    }

    /// Everything that expires: the profile itself, rows of registers, determinations. The first to expire comes first.
    pub(crate) fn expiries(&self, baseline: &Baseline) -> Vec<Expiry> {
        let bare = |source: &str, expires| Expiry {
            source: source.to_owned(),
            fact: None,
            rule: None,
            jurisdiction: None,
            author: None,
            reference: None,
            date: None,
            expires,
        };
        let mut found = Vec::new();
        if !self.source.is_empty() {
            found.push(Expiry {
                author: Some(self.signed_off_by.clone()),
                date: Some(self.date),
                ..bare(&self.source, self.expires)
            });
        }
        for entry in self.registers.values().flat_map(BTreeMap::values) {
            if let Some(expires) = entry.term.expires {
                found.push(Expiry {
                    author: entry.term.author.clone(),
                    reference: entry.term.reference.clone(),
                    date: entry.term.date,
                    ..bare(&entry.name, expires)
                });
            }
        }
        for (fact, rule, determination) in self.law.rows() {
            found.push(Expiry {
                fact: Some(baseline.taxonomy().facts.name(fact).to_owned()),
                rule: Some(baseline.rules().name(rule).to_owned()),
                jurisdiction: Some(determination.jurisdiction.clone()),
                author: Some(determination.author.clone()),
                reference: Some(determination.reference.clone()),
                date: Some(determination.date),
                ..bare(&self.law_source, determination.expires)
            });
        }
        found.sort_by(|a, b| (a.expires, &a.source, &a.rule).cmp(&(b.expires, &b.source, &b.rule)));
        found
    }

    pub(crate) fn law(&self) -> &Law {
        &self.law
    }

    /// The entries or rows that this fact picks by name, sorted: stores, ingresses, rows of registers.
    pub(crate) fn rows(&self, fact: Id<Fact>) -> Vec<String> {
        let mut rows: Vec<String> = Vec::new();
        if self.ingress_fact == Some(fact) {
            rows.extend(self.ingresses.keys().cloned());
        }
        if self.store_fact == Some(fact) {
            rows.extend(self.stores.keys().cloned());
        }
        for (register, _) in self.keys.iter().filter(|(_, key)| *key == fact) {
            rows.extend(
                self.registers
                    .get(register)
                    .into_iter()
                    .flat_map(BTreeMap::keys)
                    .cloned(),
            );
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// What the register's row says of a fact.
    pub(crate) fn registered(&self, register: &str, row: &str, fact: Id<Fact>) -> Option<&FactValue> {
        let facts = &self.registers.get(register)?.get(row)?.facts;
        facts
            .iter()
            .find(|(other, _)| *other == fact)
            .map(|(_, value)| value)
    }

    /// The facts by which a request could pick an entry that supplies this one.
    pub(crate) fn selectors(&self, fact: Id<Fact>) -> Vec<Id<Fact>> {
        let supplies = |entry: &Entry| entry.facts.iter().any(|(other, _)| *other == fact);
        let named = [
            (self.ingress_fact, &self.ingresses),
            (self.store_fact, &self.stores),
        ];
        let entries = named
            .into_iter()
            .filter(|(_, entries)| entries.values().any(supplies));
        let rows = self.keys.iter().filter(|(register, _)| {
            self.registers
                .get(register)
                .is_some_and(|rows| rows.values().any(supplies))
        });
        let mut found: Vec<Id<Fact>> = entries.filter_map(|(selector, _)| selector).collect();
        found.extend(rows.map(|(_, key)| *key));
        let routes = self.routes.iter();
        let supplied = routes.filter(|it| it.rows.iter().any(|(_, entry)| supplies(entry)));
        found.extend(supplied.flat_map(|it| &it.keys));
        found.sort_unstable();
        found.dedup();
        found
    }

    fn in_force(&self, at: Timestamp) -> bool {
        self.date <= at && at < self.expires
    }

    /// Whether a reference that a request states has its row in force; every other fact counts as it is stated.
    pub(crate) fn backs(
        &self,
        at: Timestamp,
        fact: Id<Fact>,
        value: &FactValue,
        baseline: &Baseline,
    ) -> bool {
        let home = baseline
            .taxonomy()
            .facts
            .get(fact)
            .and_then(|it| it.register.as_ref());
        let (Some(home), FactValue::Text(row)) = (home, value) else {
            return true;
        };
        let row = self
            .registers
            .get(&home.register)
            .and_then(|rows| rows.get(&**row));
        self.in_force(at) && row.is_some_and(|row| row.term.counts_at(at))
    }

    /// Supplies what the registers know whose rows are compared with several facts, once those are in place. Of several
    /// rows that fit, the first one in force counts.
    pub(crate) fn supply_routes<'a>(
        &'a self,
        at: Timestamp,
        baseline: &'a Baseline,
        facts: &mut Facts<'a>,
        mut each: impl FnMut(Id<Fact>, &'a FactValue, &'a Entry),
    ) {
        if !self.in_force(at) {
            return;
        }
        for routes in &self.routes {
            let fits = |words: &[String]| {
                let mut pairs = routes.keys.iter().zip(words);
                pairs.all(|(key, wanted)| match word(facts, Some(*key)) {
                    _ if wanted == ANY => true,
                    Some(word) => baseline.taxonomy().place_lies_in(word, wanted),
                    None => wanted == NONE && facts.supplied(*key).is_none(),
                })
            };
            let row = routes
                .rows
                .iter()
                .find(|(words, entry)| entry.term.counts_at(at) && fits(words));
            for (entry, (fact, value)) in row
                .iter()
                .flat_map(|(_, it)| it.facts.iter().map(move |fact| (it, fact)))
            {
                if merge(baseline, facts, *fact, value) {
                    each(*fact, value, entry);
                }
            }
        }
    }

    /// Supplies what the profile knows about a request whose own facts are already in place, and tells `each` what it
    /// supplied. A profile that is not in force supplies nothing.
    pub(crate) fn supply<'a>(
        &'a self,
        at: Timestamp,
        product: Id<Product>,
        baseline: &'a Baseline,
        facts: &mut Facts<'a>,
        mut each: impl FnMut(Id<Fact>, &'a FactValue, &'a Entry),
    ) {
        if !self.in_force(at) {
            return;
        }
        let mut put = |facts: &mut Facts<'a>, entry: &'a Entry| {
            for (fact, value) in &entry.facts {
                if merge(baseline, facts, *fact, value) {
                    each(*fact, value, entry);
                }
            }
        };
        put(facts, &self.facts);
        let region = word(facts, self.region_fact);
        let fits = |choice: &&Choice| {
            (choice.products.is_empty() || choice.products.contains(&product))
                && (choice.regions.is_empty()
                    || region.is_some_and(|region| {
                        choice
                            .regions
                            .iter()
                            .any(|wider| baseline.taxonomy().place_lies_in(region, wider))
                    }))
        };
        let choice = self.choices.iter().find(fits);
        // A request that names an entry the profile does not have gets none, not the usual one.
        let ingress = word(facts, self.ingress_fact).or_else(|| choice.and_then(|it| it.ingress.as_deref()));
        let store = word(facts, self.store_fact).or_else(|| choice.and_then(|it| it.store.as_deref()));
        let named = [
            ingress.and_then(|name| self.ingresses.get(name)),
            store.and_then(|name| self.stores.get(name)),
            choice.map(|choice| &choice.facts),
        ];
        named.into_iter().flatten().for_each(|entry| put(facts, entry));
        for (register, key) in &self.keys {
            let row = if baseline.engine_facts().product == Some(*key) {
                Some(baseline.taxonomy().products.name(product))
            } else {
                word(facts, Some(*key))
            };
            let entry = row.and_then(|row| self.registers.get(register)?.get(row));
            // A row that has lapsed says nothing, like a profile that has.
            let entry = entry.filter(|entry| entry.term.counts_at(at));
            entry.into_iter().for_each(|entry| put(facts, entry));
        }
    }
}

fn word<'a>(facts: &Facts<'a>, fact: Option<Id<Fact>>) -> Option<&'a str> {
    match fact.and_then(|fact| facts.supplied(fact)) {
        Some(FactValue::Text(word)) => Some(word),
        _ => None,
    }
}

/// Supplies a fact unless the request already states it. Of two sources of one control, the value that is taken while
/// the control is unknown, which is its most restrictive one, stands (§8, `restrictive-choice-wins`).
fn merge<'a>(baseline: &'a Baseline, facts: &mut Facts<'a>, fact: Id<Fact>, value: &'a FactValue) -> bool {
    let stated = facts.supplied(fact).is_some();
    let safest = baseline
        .taxonomy()
        .facts
        .get(fact)
        .and_then(|it| it.unknown.as_ref());
    let supplies = !stated || safest == Some(value);
    if supplies {
        facts.set(fact, value);
    }
    supplies
}

struct Reader<'r> {
    document: &'r Document,
    baseline: &'r Baseline,
    source: &'r str,
}

impl Reader<'_> {
    fn read(&self, fields: &Fields<'_>) -> Option<Profile> {
        let taxonomy = self.baseline.taxonomy();
        let head = fields
            .required("profile")
            .and_then(|node| self.document.table(node, "`[profile]`"));
        let dates = head.and_then(|head| {
            head.required_text("name");
            let signed_off_by = head.required_text("signed-off-by");
            let date = self.instant(head.required_text("date"));
            let expires = self.instant(head.required_text("expires"));
            head.finish();
            Some((signed_off_by?.value, date?, expires?))
        });
        let facts = fields
            .node("facts")
            .map(|node| self.entry("facts", node, &[Supplier::Host, Supplier::State]))
            .unwrap_or_default();
        let ingresses = self.named(fields, "ingress");
        let stores = self.named(fields, "store");
        let choices = fields
            .tables("use", "an entry of `use`")
            .into_iter()
            .enumerate()
            .map(|(index, fields)| self.choice(index, &fields, &ingresses, &stores))
            .collect();
        let (keys, mut routes) = self.keys();
        let registers = self.registers(fields, &keys, &mut routes);
        if fields.node("determination").is_some() {
            self.document
                .error(fields.span.clone(), "the profile holds a `[[determination]]`")
                .help("legal determinations have a file of their own: move them to `law.toml`");
        }
        let (signed_off_by, date, expires) = dates?;
        Some(Profile {
            source: self.source.to_owned(),
            signed_off_by,
            date,
            expires,
            facts,
            ingresses,
            stores,
            choices,
            registers,
            keys,
            routes,
            ingress_fact: taxonomy.facts.find("ingress.id"),
            store_fact: taxonomy.facts.find("store.id"),
            region_fact: self.baseline.engine_facts().region,
            law: Law::default(),
            law_source: String::new(),
        })
    }

    fn instant(&self, word: Option<Spanned<String>>) -> Option<Timestamp> {
        let word = word?;
        parse_instant(&word.value)
            .map_err(|message| self.document.error(word.span, message))
            .ok()
    }

    /// Reads facts of the given suppliers; `place` names where they stand in the file.
    fn entry(&self, place: &str, node: &Node, suppliers: &[Supplier]) -> Entry {
        self.row(place, node, suppliers, &[]).1
    }

    /// Reads facts of the given suppliers, and beside them the words of the facts that the row is compared with.
    fn row(
        &self,
        place: &str,
        node: &Node,
        suppliers: &[Supplier],
        keys: &[Id<Fact>],
    ) -> (Vec<String>, Entry) {
        let taxonomy = self.baseline.taxonomy();
        let mut facts = Vec::new();
        let mut words: Vec<Option<String>> = vec![None; keys.len()];
        collect_facts(self.document, self.baseline, "", node, &mut |fact, name, node| {
            let Some(definition) = taxonomy.facts.get(fact) else {
                return;
            };
            let key = keys.iter().position(|key| *key == fact);
            if let Some(word) = key.and_then(|at| words.get_mut(at)) {
                *word = self
                    .document
                    .text(node, "what a row is compared with")
                    .map(|it| it.value);
            } else if !suppliers.contains(&definition.supplier) {
                self.document
                    .error(
                        name.span.clone(),
                        format!(
                            "`{place}` cannot supply fact `{}`: its supplier is `{}`",
                            name.value, definition.supplier
                        ),
                    )
                    .reason(format!("it is {}", definition.supplier.described()));
            } else if let Some(value) = definition.read_value(self.document, node, &taxonomy.categories) {
                facts.push((fact, value));
            }
        });
        for (key, _) in keys.iter().zip(&words).filter(|(_, word)| word.is_none()) {
            let message = format!("`{place}` does not say `{}`", taxonomy.facts.name(*key));
            let help = format!("give it a value, `{ANY}` for any, or `{NONE}` for requests that state none");
            self.document.error(node.span.clone(), message).help(help);
        }
        let entry = Entry {
            name: format!("{} {place}", self.source),
            facts,
            term: Term::default(),
        };
        (words.into_iter().flatten().collect(), entry)
    }

    /// Reads a row of a register: its facts, and who vouches for it from when until when.
    fn signed(&self, place: &str, node: &Node, keys: &[Id<Fact>]) -> (Vec<String>, Entry) {
        let (term, node) = self.term(node);
        let (words, mut entry) = self.row(place, &node, &[Supplier::Register], keys);
        if let Some(reference) = &term.reference {
            entry.name = format!("{} {}", entry.name, printable(reference));
        }
        entry.term = term;
        (words, entry)
    }

    /// Who vouches for a row and for how long, and the row without that.
    fn term(&self, node: &Node) -> (Term, Node) {
        const KEYS: [&str; 4] = ["author", "ref", "date", "expires"];
        let NodeValue::Table(entries) = &node.value else {
            return (Term::default(), node.clone());
        };
        let (own, facts): (Vec<_>, Vec<_>) = entries
            .iter()
            .cloned()
            .partition(|(key, _)| KEYS.contains(&key.value.as_str()));
        let text = |key: &str| {
            let (_, node) = own.iter().find(|(name, _)| name.value == key)?;
            self.document.text(node, &format!("`{key}`"))
        };
        let term = Term {
            author: text("author").map(|it| it.value),
            reference: text("ref").map(|it| it.value),
            date: self.instant(text("date")),
            expires: self.instant(text("expires")),
        };
        let node = Node {
            span: node.span.clone(),
            value: NodeValue::Table(facts),
        };
        (term, node)
    }

    /// `[ingress.NAME]`, `[store.NAME]`: host facts under a name.
    fn named(&self, fields: &Fields<'_>, key: &'static str) -> BTreeMap<String, Entry> {
        let Some(table) = fields.table(key, "a table of named entries") else {
            return BTreeMap::new();
        };
        let entry = |(name, node): (&Spanned<String>, _)| {
            let place = format!("{key}.{}", printable(&name.value));
            (name.value.clone(), self.entry(&place, node, &[Supplier::Host]))
        };
        table.entries().map(entry).collect()
    }

    fn choice(
        &self,
        index: usize,
        fields: &Fields<'_>,
        ingresses: &BTreeMap<String, Entry>,
        stores: &BTreeMap<String, Entry>,
    ) -> Choice {
        let products = &self.baseline.taxonomy().products;
        let find_product = |word: &Spanned<String>| {
            let found = products.find(&word.value);
            if found.is_none() {
                self.document.unknown("product", word, products.names());
            }
            found
        };
        let named = |key: &'static str, entries: &BTreeMap<String, Entry>| {
            let word = fields.text(key)?;
            if !entries.contains_key(&word.value) {
                self.document
                    .unknown(key, &word, entries.keys().map(String::as_str));
            }
            Some(word.value)
        };
        let place = format!("use[{index}]");
        let choice = Choice {
            products: fields.texts("products").iter().filter_map(find_product).collect(),
            regions: fields.texts("regions").into_iter().map(|it| it.value).collect(),
            ingress: named("ingress", ingresses),
            store: named("store", stores),
            facts: fields
                .node("facts")
                .map(|node| self.entry(&place, node, &[Supplier::Host, Supplier::State]))
                .unwrap_or_default(),
        };
        fields.refuse_unknown_keys();
        choice
    }

    /// The registers of the fact table: those with the fact whose value names a row, and those with several facts that a
    /// row is compared with.
    fn keys(&self) -> (Vec<(String, Id<Fact>)>, Vec<Routes>) {
        let facts = &self.baseline.taxonomy().facts;
        let mut keys: Vec<(String, Id<Fact>)> = Vec::new();
        let mut routes: Vec<Routes> = Vec::new();
        for (id, fact) in facts.iter() {
            let Some(home) = &fact.register else { continue };
            let found: Vec<Id<Fact>> = home.keys.iter().filter_map(|key| facts.find(key)).collect();
            match found.as_slice() {
                // A reference names its own row.
                [] | [_] => {
                    let key = (home.register.clone(), found.first().copied().unwrap_or(id));
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
                _ if routes.iter().any(|it| it.register == home.register) => {}
                _ => routes.push(Routes {
                    register: home.register.clone(),
                    keys: found,
                    rows: Vec::new(),
                }),
            }
        }
        (keys, routes)
    }

    /// `[register.NAME.ROW]`: register facts under a name and a row; `[[register.NAME]]` where rows are compared with
    /// several facts.
    fn registers(
        &self,
        fields: &Fields<'_>,
        keys: &[(String, Id<Fact>)],
        routes: &mut [Routes],
    ) -> BTreeMap<String, BTreeMap<String, Entry>> {
        let mut registers = BTreeMap::new();
        let Some(table) = fields.table("register", "the registers") else {
            return registers;
        };
        for (name, node) in table.entries() {
            if let Some(routes) = routes.iter_mut().find(|it| it.register == name.value) {
                self.routes(name, node, routes);
                continue;
            }
            if !keys.iter().any(|(register, _)| *register == name.value) {
                let known = keys.iter().map(|(register, _)| register.as_str());
                let known = known.chain(routes.iter().map(|it| it.register.as_str()));
                self.document.unknown("register", name, known);
                continue;
            }
            let Some(rows) = self.document.table(node, "a register") else {
                continue;
            };
            let row = |(row, node): (&Spanned<String>, _)| {
                let place = format!("register.{}.{}", name.value, printable(&row.value));
                let (_, entry) = self.signed(&place, node, &[]);
                self.refuse_other_registers(&name.value, &row.span, &entry);
                (row.value.clone(), entry)
            };
            registers.insert(name.value.clone(), rows.entries().map(row).collect());
        }
        registers
    }

    fn routes(&self, name: &Spanned<String>, node: &Node, routes: &mut Routes) {
        let NodeValue::List(rows) = &node.value else {
            let message = format!("register `{}` is a list of rows", name.value);
            let help = format!("write each row as `[[register.{}]]`", name.value);
            self.document.error(name.span.clone(), message).help(help);
            return;
        };
        for (index, node) in rows.iter().enumerate() {
            let place = format!("register.{}[{index}]", name.value);
            let (words, entry) = self.signed(&place, node, &routes.keys);
            self.refuse_other_registers(&name.value, &node.span, &entry);
            routes.rows.push((words, entry));
        }
    }

    fn refuse_other_registers(&self, register: &str, place: &Range<usize>, entry: &Entry) {
        let facts = &self.baseline.taxonomy().facts;
        for (fact, _) in &entry.facts {
            let home = facts.get(*fact).and_then(|it| it.register.as_ref());
            if home.is_none_or(|home| home.register != register) {
                let wanted = home.map_or("no register", |home| home.register.as_str());
                let message = format!("fact `{}` belongs to register `{wanted}`", facts.name(*fact));
                self.document.error(place.clone(), message);
            }
        }
    }
}
