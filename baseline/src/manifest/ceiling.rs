//! The product's ceiling: what the policy itself names for it, and what a declaration may therefore contain.

use std::ops::Range;

use crate::diagnostic::nearest;
use crate::document::{Document, Spanned};
use crate::table::{Entry, Id, Set, Table};
use crate::taxonomy::{Category, Control, Operation, Product, Purpose, RestrictedData, Taxonomy};

/// The rule that closes lists of examples, and with them classes of data, to whoever reads them as a licence.
const CLASS_RULE: &str = "`illustrative-list-leaf`, §3.1.1";

/// The most names a message lists.
const LISTED: usize = 8;

/// What one product may declare.
pub(super) struct Ceiling<'a> {
    pub(super) document: &'a Document,
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) product: &'a Product,
    pub(super) requires_account: bool,
}

impl Ceiling<'_> {
    /// Refuses a purpose that does not lie inside the ceiling with all that is below it.
    pub(super) fn check_purpose(&self, purpose: &Spanned<Id<Purpose>>) {
        let purposes = &self.taxonomy.purposes;
        if !purposes.lies_in(purpose.value, &self.product.purposes) {
            self.outside(purpose, purposes, &self.product.purposes, &self.product.purposes);
        }
    }

    /// Gives what the declared data covers, and reports what of it the ceiling does not have.
    pub(super) fn check_data(
        &self,
        purposes: Option<&Set<Purpose>>,
        operations: &Set<Operation>,
        data: &[Spanned<Id<Category>>],
    ) -> Set<Category> {
        let categories = &self.taxonomy.categories;
        let mut allowed = self.product.data.clone();
        if self.requires_account {
            allowed.add(&self.product.data_if_account);
        }
        for restricted in &self.product.restricted_data {
            // Without a readable purpose nothing is known to be amiss with the data.
            if purposes.is_none_or(|purposes| opens(restricted, purposes, operations)) {
                allowed.add(&restricted.data);
            }
        }
        let mut covers = categories.empty_set();
        for entry in data {
            if categories.lies_in(entry.value, &allowed) {
                covers.add(&categories.subtree(entry.value));
            } else if self.taxonomy.is_class(entry.value) {
                self.warn_of_class(entry);
            } else {
                // Covered all the same, so that nothing else is reported for the same mistake.
                covers.add(&categories.subtree(entry.value));
                self.refuse_data(entry, &allowed);
            }
        }
        covers
    }

    /// Refuses an activity that leaves out a control which the ceiling binds to its purpose or its data.
    pub(super) fn check_controls(
        &self,
        place: &Range<usize>,
        purposes: &Set<Purpose>,
        covers: &Set<Category>,
        named: &[Spanned<Id<Control>>],
    ) {
        for bound in &self.product.controls {
            let binds = bound.purposes.intersects(purposes) || bound.data.intersects(covers);
            if !binds || named.iter().any(|control| control.value == bound.control) {
                continue;
            }
            let id = self.taxonomy.controls.name(bound.control);
            let what = if bound.purposes.intersects(purposes) {
                "purpose"
            } else {
                "data"
            };
            let sections = self
                .taxonomy
                .controls
                .get(bound.control)
                .map_or(&[][..], |control| &control.section);
            self.document
                .error(
                    place.clone(),
                    format!("the activity does not name the control `{id}`"),
                )
                .reason(format!(
                    "the policy binds it to this {what} of `{}` ({})",
                    self.product.id,
                    cite(sections)
                ))
                .help(format!("add `{id}` to `controls`"));
        }
    }

    /// What the policy names for the product, for a message.
    pub(super) fn named_purposes(&self) -> String {
        self.named(&self.product.purposes, &self.taxonomy.purposes)
    }

    pub(super) fn named_data(&self) -> String {
        self.named(&self.product.named_data, &self.taxonomy.categories)
    }

    fn named<T: Entry>(&self, set: &Set<T>, table: &Table<T>) -> String {
        format!(
            "the policy names for `{}` ({}): {}",
            self.product.id,
            cite(&self.product.section),
            names(set, table)
        )
    }

    fn warn_of_class(&self, entry: &Spanned<Id<Category>>) {
        let id = self.taxonomy.categories.name(entry.value);
        self.document
            .warning(
                entry.span.clone(),
                format!("declaring `{id}` covers nothing: no request for it will ever be permitted"),
            )
            .reason(format!(
                "it is a class, not a data category ({CLASS_RULE}); what is below it stays undeclared, so it opens no \
                 way around a rule on something narrower"
            ))
            .help("declare the categories that the product really handles");
    }

    fn refuse_data(&self, entry: &Spanned<Id<Category>>, allowed: &Set<Category>) {
        let categories = &self.taxonomy.categories;
        let id = categories.name(entry.value);
        if !self.requires_account && categories.lies_in(entry.value, &self.product.data_if_account) {
            self.document
                .error(
                    entry.span.clone(),
                    format!("`{id}` is open only to products that require an account"),
                )
                .reason(self.account_rule())
                .help("if this one does, say `requires-account = true`");
            return;
        }
        let restricted = self
            .product
            .restricted_data
            .iter()
            .find(|restricted| categories.lies_in(entry.value, &restricted.data));
        if let Some(restricted) = restricted {
            let mut limits = Vec::new();
            if let Some(names) = limit(&restricted.operations, &self.taxonomy.operations) {
                limits.push(format!("the operations {names}"));
            }
            if let Some(names) = limit(&restricted.purposes, &self.taxonomy.purposes) {
                limits.push(format!("the purposes {names}"));
            }
            self.document
                .error(
                    entry.span.clone(),
                    format!(
                        "`{id}` is open to `{}` for {} only",
                        self.product.id,
                        limits.join(" and ")
                    ),
                )
                .reason(self.row("it for this product with that limit"))
                .help("declare it in an activity of its own that does nothing else");
            return;
        }
        self.outside(entry, categories, allowed, &self.product.named_data);
    }

    /// Reports an entry that the ceiling does not have, or has in part.
    fn outside<T: Entry>(
        &self,
        entry: &Spanned<Id<T>>,
        table: &Table<T>,
        allowed: &Set<T>,
        suggested: &Set<T>,
    ) {
        let id = table.name(entry.value);
        let mut inside = table.subtree(entry.value);
        inside.keep(allowed);
        if !inside.is_empty() {
            self.document
                .error(
                    entry.span.clone(),
                    format!(
                        "{} `{id}` reaches beyond the ceiling of `{}`",
                        T::WHAT,
                        self.product.id
                    ),
                )
                .reason(self.row("only parts of it for this product"))
                .help(format!("name what lies inside: {}", names(&inside, table)));
            return;
        }
        let near = nearest(id, allowed.iter().map(|id| table.name(id)));
        self.document
            .error(
                entry.span.clone(),
                format!(
                    "{} `{id}` is outside the ceiling of `{}`",
                    T::WHAT,
                    self.product.id
                ),
            )
            .reason(self.row("other ones for this product"))
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("inside are: {}", names(suggested, table)),
            });
    }

    /// The reason of a refusal: what the product's row of the policy names.
    fn row(&self, what: &str) -> String {
        format!("the policy names {what} ({})", cite(&self.product.section))
    }

    fn account_rule(&self) -> String {
        let facts = &self.taxonomy.facts;
        let fact = facts
            .find("product.requires_account")
            .and_then(|id| facts.get(id));
        let sections = fact.map_or(&self.product.section, |fact| &fact.section);
        format!("the policy lets account data go no further ({})", cite(sections))
    }
}

/// Whether an activity keeps to what a restricted entry of the ceiling is open to.
fn opens(restricted: &RestrictedData, purposes: &Set<Purpose>, operations: &Set<Operation>) -> bool {
    let purpose_fits = restricted.purposes.is_empty() || purposes.is_subset(&restricted.purposes);
    let operations_fit = restricted.operations.is_empty() || operations.is_subset(&restricted.operations);
    purpose_fits && operations_fit
}

/// The names of a limit; `None` if it limits nothing.
fn limit<T: Entry>(set: &Set<T>, table: &Table<T>) -> Option<String> {
    (!set.is_empty() && set.len() < table.len()).then(|| names(set, table))
}

/// The widest entries of a set, by name, for a message.
fn names<T: Entry>(set: &Set<T>, table: &Table<T>) -> String {
    let widest = |id: &Id<T>| !set.iter().any(|other| other != *id && table.is_below(*id, other));
    let mut names: Vec<String> = set
        .iter()
        .filter(widest)
        .map(|id| format!("`{}`", table.name(id)))
        .collect();
    names.sort_unstable();
    if names.len() > LISTED {
        names.truncate(LISTED);
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// Sections of the policy, for a message.
pub(super) fn cite(sections: &[String]) -> String {
    let cited: Vec<String> = sections.iter().map(|section| format!("§{section}")).collect();
    cited.join(", ")
}
