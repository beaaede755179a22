//! The policy folder as plain strings: what its TOML says, with nothing compiled.

use std::collections::{BTreeMap, HashMap, HashSet};

use toml::{Table, Value as Toml};

use super::condition::{Expression, parse};
use super::scene::{Value, duration, instant};

/// Some ids.
pub type Names = HashSet<String>;

/// One version of the policy.
#[derive(Debug, Default)]
pub struct Policy {
    /// Data categories.
    pub categories: Tree,
    /// Purposes.
    pub purposes: Tree,
    /// Classes of recipients.
    pub recipients: Tree,
    /// Products, in order.
    pub products: Vec<String>,
    /// The categories that the policy's row for a product names.
    pub product_data: HashMap<String, Names>,
    /// Operations by id.
    pub operations: BTreeMap<String, Operation>,
    /// The condition under which a control lets processing go on.
    pub controls: BTreeMap<String, Option<Expression>>,
    /// Countries of a region group.
    pub regions: HashMap<String, Vec<String>>,
    /// Facts by name.
    pub facts: BTreeMap<String, Fact>,
    /// Rules that are run, in order.
    pub rules: Vec<Rule>,
    /// The rule cited where a grant is lacking.
    pub default_deny: Option<String>,
    /// When the version takes effect, as text.
    pub effective: String,
}

/// Entries that may have several parents.
#[derive(Debug, Default)]
pub struct Tree {
    /// All entries, in order.
    pub ids: Vec<String>,
    /// Parents by entry.
    pub parents: HashMap<String, Vec<String>>,
    /// For each entry: itself and everything below it.
    below: HashMap<String, Vec<String>>,
    /// For each entry: everything above it.
    above: HashMap<String, Names>,
    flags: HashMap<String, Vec<String>>,
    classes: HashMap<String, String>,
}

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// What a permit has to grant.
    pub axes: Vec<String>,
    /// The operation whose purpose grants count too.
    pub purpose_as: Option<String>,
    /// The condition under which no place grant is needed.
    pub place_unless: Option<Expression>,
}

/// A fact of the fact table.
#[derive(Debug)]
pub struct Fact {
    /// Its type as it is written.
    pub kind: String,
    /// The words it may take.
    pub values: Vec<String>,
    /// What its words name.
    pub values_of: String,
    /// Who supplies it.
    pub supplier: String,
    /// Whether it may differ by category.
    pub per_category: bool,
    /// The value taken while it is missing.
    pub taken: Option<Value>,
}

/// A rule that is run.
#[derive(Debug)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Its kind as it is written.
    pub kind: String,
    /// Where it applies: operations.
    pub operations: Names,
    /// Where a closed set bans the rest: operations.
    pub else_deny: Names,
    /// Where it applies: purposes.
    pub purposes: Names,
    /// Where it applies: products.
    pub products: Names,
    /// Where it applies: recipients, if it names some.
    pub recipients: Option<Names>,
    /// Where it applies: categories.
    pub data: Names,
    /// Whether it names them.
    pub names_data: bool,
    /// What a permit covers of them.
    pub covers: Names,
    /// Of which the request may name one.
    pub at_most_one: Option<Names>,
    /// Narrows the scope of a closed set.
    pub within: Option<Expression>,
    /// See the manual.
    pub when: Option<Expression>,
    /// See the manual.
    pub unless: Option<Expression>,
    /// See the manual.
    pub must: Option<Expression>,
    /// See the manual.
    pub if_known: Option<Expression>,
    /// See the manual.
    pub refuse_when: Option<Expression>,
    /// Axes that a permit grants.
    pub grants: Vec<String>,
    /// Axes that it grants to a part of the data.
    pub also_grants: Vec<(Vec<String>, Names)>,
    /// Categories that a classification adds.
    pub adds_data: Vec<String>,
    /// Facts whose categories it adds.
    pub adds_data_from: Vec<String>,
    /// Labels that it adds.
    pub adds_label: Vec<String>,
    /// Purposes that it adds.
    pub adds_purpose: Vec<String>,
    /// Facts that it sets.
    pub sets: Vec<(String, Value)>,
    /// Duties with their timing.
    pub obligations: Vec<(String, String)>,
    /// The decisions that its duties come with.
    pub accompanies: Vec<String>,
    /// Whose law it means: a country or a fact.
    pub jurisdiction: String,
}

const AXES: [&str; 5] = ["purpose", "source", "recipient", "place", "retention"];

impl Tree {
    /// Whether everything below `id`, itself included, is among `names`.
    pub fn whole_in(&self, id: &str, names: &Names) -> bool {
        self.below(id).iter().all(|it| names.contains(it))
    }

    /// Whether anything below `id`, itself included, is among `names`.
    pub fn part_in(&self, id: &str, names: &Names) -> bool {
        self.below(id).iter().any(|it| names.contains(it))
    }

    /// `id` and everything below it.
    pub fn below(&self, id: &str) -> &[String] {
        self.below.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whether `id` is `ancestor` or below it.
    pub fn is_below(&self, id: &str, ancestor: &str) -> bool {
        id == ancestor || self.above.get(id).is_some_and(|above| above.contains(ancestor))
    }

    /// Each of them and everything below.
    fn below_any<'w>(&self, ids: impl IntoIterator<Item = &'w str>) -> Names {
        ids.into_iter().flat_map(|id| self.below(id)).cloned().collect()
    }

    /// Whether nothing else is below `id`.
    pub fn is_leaf(&self, id: &str) -> bool {
        self.below(id).len() == 1
    }

    fn read(entries: &[Table]) -> Self {
        let mut tree = Self::default();
        for entry in entries {
            let id = text(entry, "id");
            tree.parents.insert(id.clone(), texts(entry, "parents"));
            tree.flags.insert(id.clone(), texts(entry, "flags"));
            let class = entry.get("sensitivity").and_then(Toml::as_str).unwrap_or("high");
            tree.classes.insert(id.clone(), class.to_owned());
            tree.ids.push(id);
        }
        for id in &tree.ids {
            let mut above = Names::new();
            tree.climb(id, &mut above);
            tree.above.insert(id.clone(), above);
        }
        for id in &tree.ids {
            let below = tree
                .ids
                .iter()
                .filter(|it| tree.is_below(it, id))
                .cloned()
                .collect();
            tree.below.insert(id.clone(), below);
        }
        tree
    }

    fn climb(&self, id: &str, above: &mut Names) {
        for parent in self.parents.get(id).into_iter().flatten() {
            above.insert(parent.clone());
            self.climb(parent, above);
        }
    }

    /// The entries that a list of a scope stands for.
    fn select(&self, words: &[String]) -> Names {
        let named = |word: &str| -> Names {
            let all = self.ids.iter();
            if let Some(flag) = word.strip_prefix("flag:") {
                let flagged = all.filter(|id| {
                    self.flags
                        .get(*id)
                        .is_some_and(|it| it.iter().any(|it| it == flag))
                });
                self.below_any(flagged.map(String::as_str))
            } else if let Some(class) = word.strip_prefix("sensitivity:") {
                all.filter(|id| self.classes.get(*id).is_some_and(|it| it == class))
                    .cloned()
                    .collect()
            } else {
                self.below_any([word])
            }
        };
        let mut taken: Names = if words.iter().all(|word| word.starts_with('!')) {
            self.ids.iter().cloned().collect()
        } else {
            words
                .iter()
                .filter(|word| !word.starts_with('!'))
                .flat_map(|word| named(word))
                .collect()
        };
        for word in words.iter().filter_map(|word| word.strip_prefix('!')) {
            let out = named(word);
            taken.retain(|id| !out.contains(id));
        }
        taken
    }
}

impl Fact {
    /// A value of the fact as files write it, if it is one.
    #[must_use]
    pub fn value(&self, value: &Toml) -> Option<Value> {
        Some(match (self.kind.as_str(), value) {
            ("flag", Toml::Boolean(flag)) => Value::Flag(*flag),
            ("integer", Toml::Integer(number)) => Value::Integer(*number),
            ("text", Toml::String(text)) => Value::Text(text.clone()),
            ("texts", Toml::Array(items)) => {
                Value::Words(items.iter().filter_map(Toml::as_str).map(str::to_owned).collect())
            }
            ("time", Toml::String(text)) => Value::Time(instant(text)?),
            ("days", Toml::String(text)) => Value::Length(duration(text)?),
            ("days", Toml::Integer(days)) => Value::Length(days * 24 * 60 * 60),
            _ => return None,
        })
    }
}

impl Policy {
    /// Reads the files of a policy folder.
    ///
    /// # Errors
    ///
    /// Says what is no TOML, or no condition. The engine's reader checks everything else.
    pub fn read<'f>(files: impl IntoIterator<Item = &'f str>) -> Result<Self, String> {
        let mut top = Table::new();
        for file in files {
            let file: Table = file.parse().map_err(|error: toml::de::Error| error.to_string())?;
            for (key, value) in file {
                match (top.get_mut(&key), value) {
                    (Some(Toml::Array(all)), Toml::Array(more)) => all.extend(more),
                    (_, value) => {
                        top.insert(key, value);
                    }
                }
            }
        }
        let mut policy = Self {
            categories: Tree::read(&tables(&top, "category")),
            purposes: Tree::read(&tables(&top, "purpose")),
            recipients: Tree::read(&tables(&top, "recipient")),
            ..Self::default()
        };
        for entry in tables(&top, "product") {
            let id = text(&entry, "id");
            let words = texts(&entry, "data");
            let data = if words.is_empty() {
                Names::new()
            } else {
                policy.categories.select(&words)
            };
            policy.product_data.insert(id.clone(), data);
            policy.products.push(id);
        }
        for entry in tables(&top, "operation") {
            let operation = Operation {
                axes: axes(&texts(&entry, "axes")),
                purpose_as: entry.get("purpose-as").and_then(Toml::as_str).map(str::to_owned),
                place_unless: condition(&entry, "place-unless")?,
            };
            policy.operations.insert(text(&entry, "id"), operation);
        }
        for entry in tables(&top, "control") {
            policy
                .controls
                .insert(text(&entry, "id"), condition(&entry, "allows")?);
        }
        for entry in tables(&top, "region") {
            policy
                .regions
                .insert(text(&entry, "id"), texts(&entry, "countries"));
        }
        for entry in tables(&top, "fact") {
            let fact = Fact {
                kind: text(&entry, "type"),
                values: texts(&entry, "values"),
                values_of: text(&entry, "values-of"),
                supplier: text(&entry, "supplier"),
                per_category: entry.get("per-category").and_then(Toml::as_bool).unwrap_or(false),
                taken: None,
            };
            let taken = entry.get("unknown").and_then(|value| fact.value(value));
            let fact = Fact { taken, ..fact };
            policy.facts.insert(text(&entry, "name"), fact);
        }
        let mut groups: HashMap<String, Vec<String>> = HashMap::new();
        for entry in tables(&top, "group") {
            groups.insert(text(&entry, "id"), texts(&entry, "operations"));
        }
        for entry in tables(&top, "rule") {
            if !matches!(text(&entry, "kind").as_str(), "register" | "advice" | "engine") {
                let rule = policy.rule(&entry, &groups)?;
                policy.rules.push(rule);
            }
        }
        if let Some(header) = top.get("policy").and_then(Toml::as_table) {
            policy.effective = text(header, "effective");
            let citations = header.get("citations").and_then(Toml::as_table);
            let cited = citations
                .and_then(|it| it.get("default-deny"))
                .and_then(Toml::as_str);
            policy.default_deny = cited.map(str::to_owned);
        }
        Ok(policy)
    }

    fn rule(&self, entry: &Table, groups: &HashMap<String, Vec<String>>) -> Result<Rule, String> {
        let operations = |key: &str| -> Names {
            let words = texts(entry, key);
            words
                .into_iter()
                .flat_map(|word| groups.get(&word).cloned().unwrap_or(vec![word]))
                .collect()
        };
        let data = self.categories.select(&texts(entry, "data"));
        let only = self.categories.select(&texts(entry, "only-data"));
        let recipients = texts(entry, "recipients");
        let one = texts(entry, "at-most-one");
        let all_products: Names = self.products.iter().cloned().collect();
        let products = texts(entry, "products");
        let rights = operations("operations")
            .iter()
            .all(|it| it == "right" || it == "load");
        let mut rule = Rule {
            id: text(entry, "id"),
            kind: text(entry, "kind"),
            operations: operations("operations"),
            else_deny: operations("else-deny"),
            purposes: self.purposes.select(&texts(entry, "purposes")),
            products: select_products(&all_products, &products),
            recipients: (!recipients.is_empty()).then(|| self.recipients.select(&recipients)),
            names_data: !texts(entry, "data").is_empty(),
            covers: data.intersection(&only).cloned().collect(),
            data,
            at_most_one: (!one.is_empty()).then(|| self.categories.select(&one)),
            within: condition(entry, "within")?,
            when: condition(entry, "when")?,
            unless: condition(entry, "unless")?,
            must: condition(entry, "must")?,
            if_known: condition(entry, "if-known")?,
            refuse_when: condition(entry, "refuse-when")?,
            grants: axes(&texts(entry, "grants")),
            also_grants: Vec::new(),
            adds_data: texts(entry, "adds-data"),
            adds_data_from: texts(entry, "adds-data-from"),
            adds_label: texts(entry, "adds-label"),
            adds_purpose: texts(entry, "adds-purpose"),
            sets: Vec::new(),
            obligations: tables(entry, "obligations")
                .iter()
                .map(|it| (text(it, "id"), text(it, "timing")))
                .collect(),
            accompanies: texts(entry, "accompanies"),
            jurisdiction: entry
                .get("jurisdiction")
                .and_then(Toml::as_str)
                .unwrap_or("subject.region")
                .to_owned(),
        };
        for also in tables(entry, "also-grants") {
            let part = self.categories.select(&texts(&also, "data"));
            rule.also_grants.push((axes(&texts(&also, "axes")), part));
        }
        for (name, value) in entry.get("sets").and_then(Toml::as_table).into_iter().flatten() {
            let value = self.facts.get(name).and_then(|fact| fact.value(value));
            rule.sets.extend(value.map(|value| (name.clone(), value)));
        }
        if rule.accompanies.is_empty() {
            let words: &[&str] = if rights {
                &["permit", "pend", "deny"]
            } else {
                &["permit"]
            };
            rule.accompanies = words.iter().map(|&it| it.to_owned()).collect();
        }
        Ok(rule)
    }
}

fn select_products(all: &Names, words: &[String]) -> Names {
    let listed = |id: &String| words.contains(id) || words.iter().all(|word| word.starts_with('!'));
    all.iter()
        .filter(|id| listed(id) && !words.contains(&format!("!{id}")))
        .cloned()
        .collect()
}

fn axes(words: &[String]) -> Vec<String> {
    if words.iter().any(|word| word == "every") {
        return AXES.iter().map(|&axis| axis.to_owned()).collect();
    }
    words.to_vec()
}

fn condition(entry: &Table, key: &str) -> Result<Option<Expression>, String> {
    entry.get(key).and_then(Toml::as_str).map(parse).transpose()
}

fn tables(entry: &Table, key: &str) -> Vec<Table> {
    let items = entry.get(key).and_then(Toml::as_array).into_iter().flatten();
    items.filter_map(Toml::as_table).cloned().collect()
}

fn text(entry: &Table, key: &str) -> String {
    entry
        .get(key)
        .and_then(Toml::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn texts(entry: &Table, key: &str) -> Vec<String> {
    let items = entry.get(key).and_then(Toml::as_array).into_iter().flatten();
    items.filter_map(Toml::as_str).map(str::to_owned).collect()
}
