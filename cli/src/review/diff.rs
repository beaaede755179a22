//! What another version of the policy changes, and which way.

use std::collections::BTreeSet;

use licit_baseline::{
    Axes, Axis, Baseline, ConditionKey, Entry, FactValue, Id, OperationKind, Product, Rule, RuleKind, Set,
    Table,
};

use super::logic::{Domain, Formula, Search, Space};
use super::parts::{Does, Part};

/// Which way a change goes for the people whose data it is.
///
/// More processing permitted, fewer duties, or a right refused more often is wider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// No answer changes.
    Same,
    /// Less is permitted, or more is owed.
    Narrows,
    /// More is permitted, or less is owed.
    Widens,
    /// It cannot be told: somebody has to look.
    Check,
}

impl Effect {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Narrows => "narrows",
            Self::Widens => "widens",
            Self::Check => "check",
        }
    }

    /// Both together.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Same, it) | (it, Self::Same) => it,
            (one, other) if one == other => one,
            _ => Self::Check,
        }
    }

    fn reversed(self) -> Self {
        match self {
            Self::Narrows => Self::Widens,
            Self::Widens => Self::Narrows,
            other => other,
        }
    }
}

/// What happened to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Added,
    Removed,
    Changed,
}

impl What {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// One entry that differs.
#[derive(Debug)]
pub(crate) struct Change {
    /// `rule`, `purpose` …
    pub(crate) table: &'static str,
    pub(crate) id: String,
    pub(crate) what: What,
    pub(crate) effect: Effect,
    /// What differs, each with its own effect.
    pub(crate) details: Vec<(Effect, String)>,
}

impl Change {
    fn new(table: &'static str, id: &str, what: What, details: Vec<(Effect, String)>) -> Self {
        let effect = details
            .iter()
            .fold(Effect::Same, |all, (effect, _)| all.and(*effect));
        Self {
            table,
            id: id.to_owned(),
            what,
            effect,
            details,
        }
    }
}

/// Everything that differs between two versions, rules first.
pub(crate) fn find(old: &Baseline, new: &Baseline) -> Vec<Change> {
    let mut space = Space::new(&[old, new]);
    let mut changes = Vec::new();
    for (before, after) in pairs(old.rules(), new.rules()) {
        match (before, after) {
            (None, Some(rule)) => changes.push(Change::new(
                "rule",
                &rule.id,
                What::Added,
                whole(new, rule, false),
            )),
            (Some(rule), None) => changes.push(Change::new(
                "rule",
                &rule.id,
                What::Removed,
                whole(old, rule, true),
            )),
            (Some(before), Some(after)) => {
                let details = Compared {
                    old,
                    new,
                    before,
                    after,
                }
                .details(&mut space);
                if !details.is_empty() {
                    changes.push(Change::new("rule", &after.id, What::Changed, details));
                }
            }
            (None, None) => {}
        }
    }
    taxonomy(old, new, &mut space, &mut changes);
    changes
}

/// The entries of two tables side by side, in the order of the new one, then those that only the old one has.
fn pairs<'t, T: Entry>(old: &'t Table<T>, new: &'t Table<T>) -> Vec<(Option<&'t T>, Option<&'t T>)> {
    let kept = new
        .iter()
        .map(|(_, it)| (old.find(it.id()).and_then(|id| old.get(id)), Some(it)));
    let gone = old
        .iter()
        .filter(|(_, it)| new.find(it.id()).is_none())
        .map(|(_, it)| (Some(it), None));
    kept.chain(gone).collect()
}

/// Whether a rule is about rights, about processing, or about both.
fn about_rights(baseline: &Baseline, operations: &Set<licit_baseline::Operation>) -> Option<bool> {
    let table = &baseline.taxonomy().operations;
    let kinds: BTreeSet<bool> = operations
        .iter()
        .filter_map(|id| table.get(id))
        .map(|it| it.kind == OperationKind::Right)
        .collect();
    match kinds.iter().collect::<Vec<_>>().as_slice() {
        [one] => Some(**one),
        [] => Some(false),
        _ => None,
    }
}

/// What a part does to what is permitted when it comes to cover more.
fn growing(part: &Part<'_>) -> Effect {
    let rights = about_rights(part.baseline, &part.operations());
    let effect = match part.does {
        Does::Grants => Effect::Widens,
        Does::Forbids | Does::Pends => Effect::Narrows,
        Does::Owes => return Effect::Narrows,
        Does::Classifies if part.rule.written.words("sets").is_empty() => Effect::Narrows,
        Does::Classifies => return Effect::Check,
    };
    match rights {
        Some(false) => effect,
        // For the person it is the other way round: a right granted is nothing that anybody has to fear.
        Some(true) => effect.reversed(),
        None => Effect::Check,
    }
}

/// A rule that is there in one version only.
fn whole(baseline: &Baseline, rule: &Rule, gone: bool) -> Vec<(Effect, String)> {
    let parts = Part::of(0, baseline, rule);
    if parts.is_empty() {
        let effect = if rule.kind == RuleKind::Register {
            Effect::Check
        } else {
            Effect::Same
        };
        return vec![(
            effect,
            format!(
                "a rule of kind `{}`, which is cited and not run",
                rule.kind.as_str()
            ),
        )];
    }
    parts
        .iter()
        .map(|part| {
            let effect = if gone {
                growing(part).reversed()
            } else {
                growing(part)
            };
            (effect, does(part).to_owned())
        })
        .collect()
}

fn does(part: &Part<'_>) -> &'static str {
    match (part.does, part.rule.kind) {
        (Does::Grants, _) => "a permit",
        (Does::Forbids, RuleKind::Permit) => "what it does not cover is denied",
        (Does::Forbids, RuleKind::Require) => "a gate",
        (Does::Forbids, _) => "a ban",
        (Does::Owes, _) => "a duty",
        (Does::Classifies, _) => "a classification",
        (Does::Pends, _) => "a question for a human",
    }
}

/// One rule in two versions.
struct Compared<'c> {
    old: &'c Baseline,
    new: &'c Baseline,
    before: &'c Rule,
    after: &'c Rule,
}

impl Compared<'_> {
    fn details(&self, space: &mut Space<'_>) -> Vec<(Effect, String)> {
        let (before, after) = (self.before, self.after);
        let mut details = Vec::new();
        if before.kind != after.kind {
            details.push((
                Effect::Check,
                format!("kind: {} → {}", before.kind.as_str(), after.kind.as_str()),
            ));
            return details;
        }
        self.text(&mut details);
        self.duties(&mut details);
        self.others(&mut details);
        let (old_parts, new_parts) = (Part::of(0, self.old, before), Part::of(1, self.new, after));
        for new_part in &new_parts {
            match old_parts.iter().find(|it| it.does == new_part.does) {
                Some(old_part) => self.part(old_part, new_part, space, &mut details),
                None => details.push((growing(new_part), format!("now also {}", does(new_part)))),
            }
        }
        for old_part in &old_parts {
            if !new_parts.iter().any(|it| it.does == old_part.does) {
                details.push((
                    growing(old_part).reversed(),
                    format!("no longer {}", does(old_part)),
                ));
            }
        }
        details
    }

    /// What no answer depends on, or only in its words.
    fn text(&self, details: &mut Vec<(Effect, String)>) {
        let (before, after) = (self.before, self.after);
        if before.section != after.section {
            details.push((
                Effect::Same,
                format!(
                    "section: {} → {}",
                    before.section.join(", "),
                    after.section.join(", ")
                ),
            ));
        }
        if before.summary != after.summary {
            details.push((Effect::Same, "another summary".to_owned()));
        }
        if before.reading != after.reading || before.ambiguities != after.ambiguities {
            details.push((Effect::Same, "another reading".to_owned()));
        }
        if before.values != after.values {
            details.push((Effect::Check, "another list of values".to_owned()));
        }
        let law = |rule: &Rule| rule.written.words("jurisdiction").to_vec();
        if law(before) != law(after) {
            details.push((Effect::Check, "another jurisdiction".to_owned()));
        }
    }

    /// Its duties, each with its timing and what else is said of it.
    fn duties(&self, details: &mut Vec<(Effect, String)>) {
        for key in ["obligations", "accompanies"] {
            let due = |rule: &Rule| -> BTreeSet<String> { rule.written.words(key).iter().cloned().collect() };
            let (before, after) = (due(self.before), due(self.after));
            if key == "accompanies" && before.is_empty() != after.is_empty() {
                details.push((Effect::Check, "its duties come with other decisions".to_owned()));
            } else {
                words(key, &before, &after, Effect::Narrows, details);
            }
        }
    }

    /// What this comparison does not know the meaning of is for somebody to look at.
    fn others(&self, details: &mut Vec<(Effect, String)>) {
        const KNOWN: [&str; 18] = [
            "operations",
            "else-deny",
            "purposes",
            "products",
            "recipients",
            "data",
            "only-data",
            "at-most-one",
            "jurisdiction",
            "grants",
            "also-grants",
            "adds-data",
            "adds-data-from",
            "adds-label",
            "adds-purpose",
            "sets",
            "obligations",
            "accompanies",
        ];
        let keys = self.before.written.words.iter().chain(&self.after.written.words);
        let keys: BTreeSet<&str> = keys
            .map(|(key, _)| key.as_str())
            .filter(|key| !KNOWN.contains(key))
            .collect();
        for key in keys {
            if self.before.written.words(key) != self.after.written.words(key) {
                details.push((Effect::Check, format!("`{key}` differs: check")));
            }
        }
    }

    fn part(
        &self,
        old: &Part<'_>,
        new: &Part<'_>,
        space: &mut Space<'_>,
        details: &mut Vec<(Effect, String)>,
    ) {
        let more = growing(new).and(growing(old));
        let suffix = if new.is_closure() {
            " of what is otherwise denied"
        } else {
            ""
        };
        let (from, to) = (old.domain(space), new.domain(space));
        let named = |names: &[String], all: &[usize]| -> BTreeSet<String> {
            all.iter().filter_map(|at| names.get(*at).cloned()).collect()
        };
        let axes = [
            (
                "operations",
                named(&space.operations.names, &from.operations),
                named(&space.operations.names, &to.operations),
            ),
            (
                "purposes",
                named(&space.purposes.names, &from.purposes),
                named(&space.purposes.names, &to.purposes),
            ),
            (
                "products",
                named(&space.products.names, &from.products),
                named(&space.products.names, &to.products),
            ),
            (
                "data",
                named(&space.categories.names, &from.categories),
                named(&space.categories.names, &to.categories),
            ),
        ];
        for (axis, old_names, new_names) in &axes {
            words(&format!("{axis}{suffix}"), old_names, new_names, more, details);
        }
        self.recipients(suffix, more, details);
        self.at_most_one(suffix, more, details);
        if !new.is_closure() {
            self.grants(details);
            self.effects(details);
        }
        self.conditions(old, new, &common(&from, &to), more, space, details);
    }

    fn recipients(&self, suffix: &str, more: Effect, details: &mut Vec<(Effect, String)>) {
        let names = |baseline: &Baseline, rule: &Rule| -> Option<BTreeSet<String>> {
            let set = rule.written.scope.recipients.as_ref()?;
            Some(
                set.iter()
                    .map(|id| baseline.taxonomy().recipients.name(id).to_owned())
                    .collect(),
            )
        };
        match (names(self.old, self.before), names(self.new, self.after)) {
            (Some(old), Some(new)) => words(&format!("recipients{suffix}"), &old, &new, more, details),
            (None, Some(_)) => details.push((more.reversed(), "recipients: any → a list".to_owned())),
            (Some(_), None) => details.push((more, "recipients: a list → any".to_owned())),
            (None, None) => {}
        }
    }

    /// Of which data a request may name one at a time.
    fn at_most_one(&self, suffix: &str, more: Effect, details: &mut Vec<(Effect, String)>) {
        let names = |baseline: &Baseline, rule: &Rule| -> BTreeSet<String> {
            let set = rule.written.scope.at_most_one.iter();
            let table = &baseline.taxonomy().categories;
            set.flat_map(|set| set.iter().map(|id| table.name(id).to_owned()).collect::<Vec<_>>())
                .collect()
        };
        let what = format!("at most one of the data{suffix}");
        words(
            &what,
            &names(self.old, self.before),
            &names(self.new, self.after),
            more.reversed(),
            details,
        );
    }

    /// The axes that a permit grants, for the whole of its data and for parts of it.
    fn grants(&self, details: &mut Vec<(Effect, String)>) {
        let granted = |baseline: &Baseline, rule: &Rule| -> BTreeSet<String> {
            let written = &rule.written;
            let mut all: BTreeSet<String> = written.grants.iter().map(|it| it.as_str().to_owned()).collect();
            for (axes, data) in &written.also_grants {
                let mut data = data.clone();
                data.keep(&written.scope.admits);
                for axis in axes.without(written.grants).iter() {
                    all.extend(data.iter().map(|id| {
                        format!(
                            "{} for {}",
                            axis.as_str(),
                            baseline.taxonomy().categories.name(id)
                        )
                    }));
                }
            }
            all
        };
        let (old, new) = (granted(self.old, self.before), granted(self.new, self.after));
        // An axis granted for everything includes what was granted for a part.
        let swallowed = |some: &BTreeSet<String>, all: &BTreeSet<String>| -> BTreeSet<String> {
            let whole = |word: &&String| {
                !word
                    .split_once(" for ")
                    .is_some_and(|(axis, _)| all.contains(axis))
            };
            some.iter().filter(whole).cloned().collect()
        };
        words(
            "grants",
            &swallowed(&old, &new),
            &swallowed(&new, &old),
            Effect::Widens,
            details,
        );
    }

    /// What a classification adds and sets.
    fn effects(&self, details: &mut Vec<(Effect, String)>) {
        for key in ["adds-data", "adds-data-from", "adds-label", "adds-purpose"] {
            let named =
                |rule: &Rule| -> BTreeSet<String> { rule.written.words(key).iter().cloned().collect() };
            words(
                key,
                &named(self.before),
                &named(self.after),
                Effect::Narrows,
                details,
            );
        }
        if self.before.written.words("sets") != self.after.written.words("sets") {
            details.push((Effect::Check, "sets other facts".to_owned()));
        }
    }

    /// Compares when the two fire, in every combination of what their facts may be.
    fn conditions(
        &self,
        old: &Part<'_>,
        new: &Part<'_>,
        domain: &Domain,
        more: Effect,
        space: &mut Space<'_>,
        details: &mut Vec<(Effect, String)>,
    ) {
        space.clear();
        let (before, after) = (old.fires(space), new.fires(space));
        let gained = space.search(domain, |at| after.here(at) && !before.here(at));
        let lost = space.search(domain, |at| before.here(at) && !after.here(at));
        let of = if new.is_closure() {
            "what is otherwise denied: "
        } else {
            ""
        };
        let text = |rule: &Rule| -> Vec<String> {
            rule.written.conditions.iter().map(|it| it.text.clone()).collect()
        };
        let rewritten = text(self.before) != text(self.after);
        let effect = match (gained, lost) {
            (Search::None, Search::None) => (rewritten && !new.is_closure())
                .then_some((Effect::Same, "is written otherwise and means the same")),
            (Search::Found, Search::None) => Some((more, "holds in more cases than before")),
            (Search::None, Search::Found) => Some((more.reversed(), "holds in fewer cases than before")),
            (Search::Found, Search::Found) => Some((Effect::Check, "holds in other cases than before")),
            // The same words can still mean something else, by what they name; those tables are compared as well.
            (Search::TooMany, _) | (_, Search::TooMany) => {
                rewritten.then_some((Effect::Check, "differs: check"))
            }
            _ => Some((Effect::Check, "differs: check")),
        };
        if let Some((effect, text)) = effect {
            details.push((effect, format!("{of}the condition {text}")));
        }
        let refuses = |space: &mut Space<'_>, side: usize, rule: &Rule| {
            space
                .condition(side, rule, ConditionKey::RefuseWhen, true)
                .unwrap_or(Formula::Constant(rule.kind == RuleKind::Deny))
        };
        if matches!(new.does, Does::Forbids | Does::Pends) && !new.is_closure() {
            space.clear();
            let (before, after) = (refuses(space, 0, self.before), refuses(space, 1, self.after));
            let holds = |value| value == licit_baseline::Kleene::True;
            let gained = space.search(domain, |at| holds(at.value(&after)) && !holds(at.value(&before)));
            let lost = space.search(domain, |at| holds(at.value(&before)) && !holds(at.value(&after)));
            let effect = match (gained, lost) {
                (Search::None, Search::None) => return,
                // A right refused where a human decided before is the worse for the person.
                (Search::Found, Search::None) => Effect::Widens,
                (Search::None, Search::Found) => Effect::Narrows,
                _ => Effect::Check,
            };
            details.push((effect, "another condition for refusing the right".to_owned()));
        }
    }
}

/// What lies in both domains.
fn common(one: &Domain, other: &Domain) -> Domain {
    let both = |one: &[usize], other: &[usize]| one.iter().copied().filter(|at| other.contains(at)).collect();
    Domain {
        operations: both(&one.operations, &other.operations),
        purposes: both(&one.purposes, &other.purposes),
        products: both(&one.products, &other.products),
        categories: both(&one.categories, &other.categories),
        without_data: one.without_data && other.without_data,
    }
}

/// Compares two sets of words; `more` is what it means if the new one has more.
fn words(
    what: &str,
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
    more: Effect,
    details: &mut Vec<(Effect, String)>,
) {
    const MOST: usize = 6;
    let list = |words: &[&String]| -> String {
        let shown: Vec<&str> = words.iter().take(MOST).map(|it| it.as_str()).collect();
        let rest = words.len().saturating_sub(MOST);
        let rest = if rest > 0 {
            format!(" and {rest} more")
        } else {
            String::new()
        };
        format!("{}{rest}", shown.join(", "))
    };
    let gained: Vec<&String> = new.difference(old).collect();
    let lost: Vec<&String> = old.difference(new).collect();
    if !gained.is_empty() {
        details.push((more, format!("{what}: now {}", list(&gained))));
    }
    if !lost.is_empty() {
        details.push((more.reversed(), format!("{what}: no longer {}", list(&lost))));
    }
}

/// Compares the tables of the vocabulary.
fn taxonomy(old: &Baseline, new: &Baseline, space: &mut Space<'_>, changes: &mut Vec<Change>) {
    let (before, after) = (old.taxonomy(), new.taxonomy());
    table(
        "category",
        &before.categories,
        &after.categories,
        changes,
        |table, id, it, is_new| {
            let baseline = if is_new { new } else { old };
            let parents = parents(table, id);
            Described {
                permitted: permitted(baseline, |part| {
                    table.lies_in(id, &part.rule.written.scope.admits)
                }),
                parts: vec![
                    ("parents", parents.into_iter().collect(), Effect::Check),
                    ("flags", it.flags.iter().cloned().collect(), Effect::Check),
                    ("source", it.source.iter().cloned().collect(), Effect::Check),
                    ("sensitivity", [it.sensitivity.clone()].into(), Effect::Check),
                ],
            }
        },
    );
    table(
        "purpose",
        &before.purposes,
        &after.purposes,
        changes,
        |table, id, _, is_new| {
            let baseline = if is_new { new } else { old };
            Described {
                permitted: permitted(baseline, |part| {
                    table.lies_in(id, &part.rule.written.scope.purposes)
                }),
                parts: vec![("parents", parents(table, id).into_iter().collect(), Effect::Check)],
            }
        },
    );
    table(
        "operation",
        &before.operations,
        &after.operations,
        changes,
        |_, id, it, is_new| {
            let baseline = if is_new { new } else { old };
            Described {
                permitted: permitted(baseline, |part| part.operations().contains(id)),
                parts: vec![
                    (
                        "axes",
                        it.axes.iter().map(|it| it.as_str().to_owned()).collect(),
                        Effect::Narrows,
                    ),
                    (
                        "purpose-as",
                        it.purpose_as.iter().cloned().collect(),
                        Effect::Check,
                    ),
                    (
                        "place-unless",
                        it.place_unless.iter().map(|it| it.value.clone()).collect(),
                        Effect::Check,
                    ),
                ],
            }
        },
    );
    table(
        "recipient",
        &before.recipients,
        &after.recipients,
        changes,
        |_, id, _, is_new| {
            let baseline = if is_new { new } else { old };
            Described {
                permitted: permitted(baseline, |part| {
                    let written = &part.rule.written;
                    !written.grants.both(Axes::of(Axis::Recipient)).is_empty()
                        && written
                            .scope
                            .recipients
                            .as_ref()
                            .is_none_or(|set| set.contains(id))
                }),
                parts: Vec::new(),
            }
        },
    );
    table(
        "product",
        &before.products,
        &after.products,
        changes,
        |_, _, it, is_new| Described {
            permitted: true,
            parts: product(if is_new { new } else { old }, it),
        },
    );
    table(
        "control",
        &before.controls,
        &after.controls,
        changes,
        |_, _, it, _| Described {
            permitted: false,
            parts: vec![
                ("fact", [it.fact.clone()].into(), Effect::Check),
                (
                    "allows",
                    it.allows.iter().map(|it| it.value.clone()).collect(),
                    Effect::Check,
                ),
            ],
        },
    );
    table(
        "obligation",
        &before.obligations,
        &after.obligations,
        changes,
        |_, _, it, _| Described {
            permitted: false,
            parts: vec![("text", [it.text.clone()].into(), Effect::Same)],
        },
    );
    table(
        "region",
        &before.regions,
        &after.regions,
        changes,
        |_, _, it, _| Described {
            permitted: false,
            parts: vec![("countries", it.countries.iter().cloned().collect(), Effect::Check)],
        },
    );
    table(
        "entity",
        &before.entities,
        &after.entities,
        changes,
        |_, _, it, _| Described {
            permitted: false,
            parts: vec![("role", [it.role.clone()].into(), Effect::Same)],
        },
    );
    table("fact", &before.facts, &after.facts, changes, |_, _, it, _| {
        Described {
            permitted: false,
            parts: vec![
                ("type", [it.fact_type.as_str().to_owned()].into(), Effect::Check),
                (
                    "values",
                    it.values.iter().chain(&it.values_of).cloned().collect(),
                    Effect::Check,
                ),
                (
                    "supplier",
                    [it.supplier.as_str().to_owned()].into(),
                    Effect::Check,
                ),
                (
                    "unknown",
                    it.unknown.iter().map(FactValue::to_string).collect(),
                    Effect::Check,
                ),
                (
                    "per-category",
                    [it.per_category.to_string()].into(),
                    Effect::Check,
                ),
                (
                    "register",
                    it.register
                        .iter()
                        .map(|it| format!("{} by {}", it.register, it.keys.join(", ")))
                        .collect(),
                    Effect::Check,
                ),
            ],
        }
    });
    // The space is only for the rules; nothing of it is kept.
    space.clear();
}

/// What matters of an entry of the vocabulary.
struct Described {
    /// Whether something could be permitted for it.
    permitted: bool,
    /// Its fields: name, words, and what more words mean.
    parts: Vec<(&'static str, BTreeSet<String>, Effect)>,
}

fn table<T: Entry>(
    name: &'static str,
    old: &Table<T>,
    new: &Table<T>,
    changes: &mut Vec<Change>,
    describe: impl Fn(&Table<T>, Id<T>, &T, bool) -> Described,
) {
    let described = |table: &Table<T>, id: &str, is_new: bool| -> Option<Described> {
        let id = table.find(id)?;
        Some(describe(table, id, table.get(id)?, is_new))
    };
    for (before, after) in pairs(old, new) {
        let Some(id) = before.or(after).map(Entry::id) else {
            continue;
        };
        match (described(old, id, false), described(new, id, true)) {
            (None, Some(it)) => {
                let detail = if it.permitted {
                    (Effect::Widens, "requests may name it, and some permit covers it")
                } else {
                    (Effect::Same, "nothing permits anything for it")
                };
                changes.push(Change::new(
                    name,
                    id,
                    What::Added,
                    vec![(detail.0, detail.1.to_owned())],
                ));
            }
            (Some(it), None) => {
                let detail = if it.permitted {
                    (Effect::Narrows, "requests may no longer name it")
                } else {
                    (Effect::Same, "nothing was permitted for it")
                };
                changes.push(Change::new(
                    name,
                    id,
                    What::Removed,
                    vec![(detail.0, detail.1.to_owned())],
                ));
            }
            (Some(before), Some(after)) => {
                let mut details = Vec::new();
                for ((what, old, more), (_, new, _)) in before.parts.iter().zip(&after.parts) {
                    words(what, old, new, *more, &mut details);
                }
                if !details.is_empty() {
                    changes.push(Change::new(name, id, What::Changed, details));
                }
            }
            (None, None) => {}
        }
    }
}

/// Whether some permit could apply.
fn permitted(baseline: &Baseline, covers: impl Fn(&Part<'_>) -> bool) -> bool {
    Part::all(0, baseline)
        .iter()
        .any(|part| part.does == Does::Grants && covers(part))
}

/// The entries directly above one.
fn parents<T: Entry>(table: &Table<T>, id: Id<T>) -> Vec<String> {
    let above: Vec<Id<T>> = table
        .iter()
        .map(|(it, _)| it)
        .filter(|it| *it != id && table.is_below(id, *it))
        .collect();
    let direct = |it: &&Id<T>| {
        !above
            .iter()
            .any(|other| other != *it && table.is_below(*other, **it))
    };
    above
        .iter()
        .filter(direct)
        .map(|it| table.name(*it).to_owned())
        .collect()
}

fn product(baseline: &Baseline, it: &Product) -> Vec<(&'static str, BTreeSet<String>, Effect)> {
    let taxonomy = baseline.taxonomy();
    fn names<T: Entry>(table: &Table<T>, set: &Set<T>) -> BTreeSet<String> {
        set.iter().map(|id| table.name(id).to_owned()).collect()
    }
    let joined = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
    let restricted = it.restricted_data.iter().map(|it| {
        format!(
            "{} for {} on {}",
            joined(names(&taxonomy.categories, &it.data)),
            joined(names(&taxonomy.purposes, &it.purposes)),
            joined(names(&taxonomy.operations, &it.operations))
        )
    });
    let controls = it.controls.iter().map(|it| {
        format!(
            "{} on {} for {}",
            taxonomy.controls.name(it.control),
            joined(names(&taxonomy.categories, &it.data)),
            joined(names(&taxonomy.purposes, &it.purposes))
        )
    });
    vec![
        ("data", names(&taxonomy.categories, &it.data), Effect::Widens),
        (
            "named data",
            names(&taxonomy.categories, &it.named_data),
            Effect::Widens,
        ),
        (
            "purposes",
            names(&taxonomy.purposes, &it.purposes),
            Effect::Widens,
        ),
        (
            "data if an account is required",
            names(&taxonomy.categories, &it.data_if_account),
            Effect::Widens,
        ),
        ("restricted data", restricted.collect(), Effect::Check),
        ("controls", controls.collect(), Effect::Check),
        (
            "recipients",
            it.recipients
                .iter()
                .map(|id| taxonomy.recipients.name(*id).to_owned())
                .collect(),
            Effect::Widens,
        ),
    ]
}
