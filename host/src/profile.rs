//! The deployment's profile (`licit.toml`): what the host vouches for, signed off, dated and expiring.

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;
use licit_baseline::{
    Baseline, Diagnostics, Document, Fact, FactValue, Facts, Fields, Format, Id, Law, Node, NodeValue,
    Product, Spanned, Supplier, parse_instant, printable,
};

use crate::request::collect_facts;

/// Facts with the entry of the profile they come from.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) facts: Vec<(Id<Fact>, FactValue)>,
    /// From when, and until when, it counts; for as long as the profile, if left out.
    date: Option<Timestamp>,
    expires: Option<Timestamp>,
}

impl Entry {
    fn in_force(&self, at: Timestamp) -> bool {
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
/// What a row may say beside its facts: who vouches for it, from when and until when.
const SIGNED: [&str; 3] = ["by", "date", "expires"];

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
    date: Timestamp,
    expires: Timestamp,
    facts: Entry,
    ingresses: HashMap<String, Entry>,
    stores: HashMap<String, Entry>,
    choices: Vec<Choice>,
    /// By register, then by key.
    registers: HashMap<String, HashMap<String, Entry>>,
    /// The registers that the fact table knows, each with the fact whose value names the row.
    keys: Vec<(String, Id<Fact>)>,
    /// The registers whose rows are compared with several facts.
    routes: Vec<Routes>,
    ingress_fact: Option<Id<Fact>>,
    store_fact: Option<Id<Fact>>,
    region_fact: Option<Id<Fact>>,
    law: Law,
}

/// One text of a profile: its name in messages, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProfileText {
    /// The name shown in messages and as the source of facts: `licit.toml`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place and the nearest valid name.
    pub(crate) fn read(source: &ProfileText, baseline: &Baseline) -> Result<Self, Diagnostics> {
        let document = Document::new(&source.name, &source.text);
        let root = document.parse(Format::Toml);
        let profile = root
            .as_ref()
            .and_then(|root| document.table(root, "the profile"))
            .and_then(|fields| {
                Reader {
                    document: &document,
                    baseline,
                    source: &source.name,
                }
                .read(&fields)
            });
        match profile {
            Some(profile) if !document.has_errors() => Ok(profile),
            _ => Err(document.finish()),
        }
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
                    .flat_map(HashMap::keys)
                    .cloned(),
            );
        }
        rows.sort_unstable();
        rows.dedup();
        rows
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
        self.in_force(at) && row.is_some_and(|row| row.in_force(at))
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
                    None => wanted == NONE,
                })
            };
            let row = routes
                .rows
                .iter()
                .find(|(words, entry)| entry.in_force(at) && fits(words));
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
            let row = match baseline.taxonomy().facts.name(*key) {
                "product" => Some(baseline.taxonomy().products.name(product)),
                _ => word(facts, Some(*key)),
            };
            let entry = row.and_then(|row| self.registers.get(register)?.get(row));
            let entry = entry.filter(|entry| entry.in_force(at));
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
            head.required_text("signed-off-by");
            let date = self.instant(head.required_text("date"));
            let expires = self.instant(head.required_text("expires"));
            head.finish();
            Some((date?, expires?))
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
        let law = Law::read(
            self.document,
            fields.tables("determination", "a determination"),
            self.baseline,
        );
        fields.refuse_unknown_keys();
        let (date, expires) = dates?;
        Some(Profile {
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
            law,
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
            ..Entry::default()
        };
        (words.into_iter().flatten().collect(), entry)
    }

    /// Reads a row of a register: its facts, and who vouches for it from when until when.
    fn signed(&self, place: &str, node: &Node, keys: &[Id<Fact>]) -> (Vec<String>, Entry) {
        let NodeValue::Table(entries) = &node.value else {
            return self.row(place, node, &[], keys);
        };
        let (signed, facts) = entries
            .iter()
            .cloned()
            .partition(|(name, _)| SIGNED.contains(&name.value.as_str()));
        let part = |entries| Node {
            span: node.span.clone(),
            value: NodeValue::Table(entries),
        };
        let (words, mut entry) = self.row(place, &part(facts), &[Supplier::Register], keys);
        let signed = part(signed);
        if let Some(signed) = self.document.table(&signed, "a row") {
            signed.text("by");
            entry.date = self.instant(signed.text("date"));
            entry.expires = self.instant(signed.text("expires"));
            signed.refuse_unknown_keys();
        }
        (words, entry)
    }

    /// `[ingress.NAME]`, `[store.NAME]`: host facts under a name.
    fn named(&self, fields: &Fields<'_>, key: &'static str) -> HashMap<String, Entry> {
        let Some(table) = fields.table(key, "a table of named entries") else {
            return HashMap::new();
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
        ingresses: &HashMap<String, Entry>,
        stores: &HashMap<String, Entry>,
    ) -> Choice {
        let products = &self.baseline.taxonomy().products;
        let find_product = |word: &Spanned<String>| {
            let found = products.find(&word.value);
            if found.is_none() {
                self.document.unknown("product", word, products.names());
            }
            found
        };
        let named = |key: &'static str, entries: &HashMap<String, Entry>| {
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
    ) -> HashMap<String, HashMap<String, Entry>> {
        let mut registers = HashMap::new();
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
