//! Which clauses are in scope of a request: one bitmap per value of each axis, so that finding them is a few
//! bitwise operations, whatever the size of the rule book.

use super::clause::{Clause, Role};
use crate::table::{Id, Set, Table};
use crate::taxonomy::{Category, Operation, Product, Purpose, Recipient, Taxonomy};

/// Bitmaps over all clauses.
#[derive(Debug)]
pub(crate) struct Index {
    size: usize,
    purposes: usize,
    /// By operation and purpose: a permit counts if the purpose lies inside, the others if it overlaps.
    by_purpose: Vec<Set<Clause>>,
    by_product: Vec<Set<Clause>>,
    /// By recipient; the last one is for a recipient that is not known.
    by_recipient: Vec<Set<Clause>>,
    /// By category: a permit counts if the category lies inside, the others if it overlaps.
    by_category: Vec<Set<Clause>>,
    /// By category as a label: only the category itself counts, and permits do not.
    by_label: Vec<Set<Clause>>,
    /// Clauses that do not name their data.
    any_data: Set<Clause>,
    by_role: [Set<Clause>; 6],
}

const ROLES: [Role; 6] = [
    Role::Permit,
    Role::Deny,
    Role::Require,
    Role::Oblige,
    Role::Classify,
    Role::Pend,
];

impl Index {
    pub(crate) fn new(taxonomy: &Taxonomy, clauses: &Table<Clause>) -> Self {
        let size = clauses.len();
        let sets = |count: usize, test: &dyn Fn(usize, &Clause) -> bool| -> Vec<Set<Clause>> {
            (0..count)
                .map(|value| bitmap(clauses, |clause| test(value, clause)))
                .collect()
        };
        let purposes = taxonomy.purposes.len();
        let by_purpose = sets(taxonomy.operations.len() * purposes, &|value, clause| {
            let purpose = Id::new(value % purposes);
            clause.operations.contains(Id::new(value / purposes))
                && touches(&taxonomy.purposes, purpose, &clause.purposes, clause.role)
        });
        let recipients = taxonomy.recipients.len();
        let by_recipient = sets(recipients + 1, &|value, clause| match &clause.recipients {
            None => true,
            // An unknown recipient may be the one that is banned, and never is the one that is allowed.
            Some(_) if value == recipients => clause.role != Role::Permit,
            // A recipient is one point, the narrowest class its register entry gives.
            Some(set) => set.contains(Id::new(value)),
        });
        Self {
            size,
            purposes,
            by_purpose,
            by_product: sets(taxonomy.products.len(), &|value, clause| {
                clause.products.contains(Id::new(value))
            }),
            by_recipient,
            by_category: sets(taxonomy.categories.len(), &|value, clause| {
                touches(&taxonomy.categories, Id::new(value), &clause.data, clause.role)
            }),
            by_label: sets(taxonomy.categories.len(), &|value, clause| {
                clause.role != Role::Permit && clause.data.contains(Id::new(value))
            }),
            any_data: bitmap(clauses, |clause| !clause.names_data),
            by_role: ROLES.map(|role| bitmap(clauses, |clause| clause.role == role)),
        }
    }

    /// The clauses in scope on every axis but the data; `receiving` narrows them by who receives the data.
    pub(crate) fn in_scope(
        &self,
        operation: Id<Operation>,
        purpose: Id<Purpose>,
        product: Id<Product>,
        receiving: Option<&Set<Clause>>,
    ) -> Set<Clause> {
        let mut found = Set::empty(self.size);
        let by_purpose = self
            .by_purpose
            .get(operation.index() * self.purposes + purpose.index());
        if let (Some(by_purpose), Some(by_product)) = (by_purpose, self.by_product.get(product.index())) {
            found.add(by_purpose);
            found.keep(by_product);
        }
        if let Some(receiving) = receiving {
            found.keep(receiving);
        }
        found
    }

    /// The clauses in scope of a recipient; `None` for one that is not known.
    pub(crate) fn receiving(&self, recipient: Option<Id<Recipient>>) -> &Set<Clause> {
        let unknown = self.by_recipient.len().saturating_sub(1);
        let at = recipient.map_or(unknown, Id::index);
        self.by_recipient
            .get(at)
            .or(self.by_recipient.last())
            .unwrap_or(&self.any_data)
    }

    /// No clause.
    pub(crate) fn nothing(&self) -> Set<Clause> {
        Set::empty(self.size)
    }

    /// The clauses that say something about a category.
    pub(crate) fn about(&self, category: Id<Category>) -> &Set<Clause> {
        self.by_category.get(category.index()).unwrap_or(&self.any_data)
    }

    /// The clauses that say something about a label.
    pub(crate) fn about_label(&self, label: Id<Category>) -> &Set<Clause> {
        self.by_label.get(label.index()).unwrap_or(&self.any_data)
    }

    /// The clauses that say something about a request without data.
    pub(crate) fn without_data(&self) -> &Set<Clause> {
        &self.any_data
    }

    pub(crate) fn with_role(&self, role: Role) -> &Set<Clause> {
        let [permit, deny, require, oblige, classify, pend] = &self.by_role;
        match role {
            Role::Permit => permit,
            Role::Deny => deny,
            Role::Require => require,
            Role::Oblige => oblige,
            Role::Classify => classify,
            Role::Pend => pend,
        }
    }
}

fn bitmap(clauses: &Table<Clause>, test: impl Fn(&Clause) -> bool) -> Set<Clause> {
    let mut set = clauses.empty_set();
    clauses
        .iter()
        .filter(|(_, clause)| test(clause))
        .for_each(|(id, _)| set.insert(id));
    set
}

fn touches<T: crate::table::Entry>(table: &Table<T>, id: Id<T>, scope: &Set<T>, role: Role) -> bool {
    match role {
        Role::Permit => table.lies_in(id, scope),
        _ => table.overlaps(id, scope),
    }
}
