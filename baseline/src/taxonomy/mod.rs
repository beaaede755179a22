//! The words of a policy: data categories, purposes, operations, products, recipients, controls, places, facts.

mod read;

use crate::decision::{Decisions, Timing};
use crate::fact::Fact;
use crate::table::{Entry, Id, Set, Table};

pub(crate) use read::{Reader, axes, resolve, select, word_of};

/// A data category: a kind of personal or non-personal data (inventory of §3.1).
#[derive(Debug)]
pub struct Category {
    /// Its id, e.g. `device-find-location`.
    pub id: String,
    /// Sections of the policy that name it.
    pub section: Vec<String>,
    /// Where the data comes from: `user`, `observed`, `third-party`, `other-user`, `assigned`, `derived`, `any`.
    pub source: Vec<String>,
    /// What is special about it: `direct-id`, `hw-id`, `loc-precise`, `content` …
    pub flags: Vec<String>,
    /// `low`, `medium` or `high`.
    pub sensitivity: String,
    /// The key of the fideslang taxonomy, and how well it fits.
    pub fideslang: Option<Mapping>,
    /// The term of the Data Privacy Vocabulary, and how well it fits.
    pub dpv: Option<Mapping>,
    /// What it is, in a few words.
    pub meaning: String,
}

/// A purpose of processing (inventory of §3.2).
#[derive(Debug)]
pub struct Purpose {
    /// Its id, e.g. `content-recommendation`.
    pub id: String,
    /// Sections of the policy that name it.
    pub section: Vec<String>,
    /// The data use of the fideslang taxonomy, and how well it fits.
    pub fideslang: Option<Mapping>,
    /// The term of the Data Privacy Vocabulary, and how well it fits.
    pub dpv: Option<Mapping>,
    /// What it is, in a few words.
    pub meaning: String,
}

/// A term of another vocabulary that stands for an entry of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The key or the prefixed term.
    pub term: String,
    /// How well it fits.
    pub fit: Fit,
}

/// How well a term of another vocabulary fits; an entry without a mapping has no fit at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Both mean the same.
    Exact,
    /// Theirs is broader (skos:broadMatch).
    Broad,
}

/// An axis on which a request needs a grant (design: default deny, axis by axis).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// What the data is processed for.
    Purpose,
    /// Where collected data comes from.
    Source,
    /// Who receives shared data.
    Recipient,
    /// Where transferred data goes.
    Place,
    /// How long data is kept.
    Retention,
}

impl Axis {
    /// All axes.
    pub const ALL: [Self; 5] = [
        Self::Purpose,
        Self::Source,
        Self::Recipient,
        Self::Place,
        Self::Retention,
    ];

    /// The word used in files and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Purpose => "purpose",
            Self::Source => "source",
            Self::Recipient => "recipient",
            Self::Place => "place",
            Self::Retention => "retention",
        }
    }
}

/// A set of axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Axes(u8);

impl Axes {
    /// No axis.
    pub const NONE: Self = Self(0);
    /// Every axis.
    pub const EVERY: Self = Self(0b1_1111);

    /// The set of one axis.
    #[must_use]
    pub const fn of(axis: Axis) -> Self {
        Self(1 << axis as u8)
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the other one.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What both sets have in common.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is no axis in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The axes of the set.
    pub fn iter(self) -> impl Iterator<Item = Axis> {
        Axis::ALL
            .into_iter()
            .filter(move |axis| !self.both(Self::of(*axis)).is_empty())
    }
}

/// What is done with the data (inventory §1).
#[derive(Debug)]
pub struct Operation {
    /// Its id, e.g. `collect`.
    pub id: String,
    /// The axes on which a request with this operation needs a grant.
    pub axes: Axes,
    /// The operation whose purpose grants count for this one too (`use` for `transfer`).
    pub purpose_as: Option<String>,
    /// The condition under which the place axis needs no grant, as written.
    pub place_unless: Option<crate::document::Spanned<String>>,
    /// The term of the Data Privacy Vocabulary.
    pub dpv: Option<Mapping>,
    /// What it is, in a few words.
    pub meaning: String,
    /// What kind of request it makes.
    pub kind: OperationKind,
}

/// The three kinds of request, each with a default of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// Processing of data: what nothing grants is denied.
    Processing,
    /// A data subject exercises a right: what nothing refuses is granted once identity is proven.
    Right,
    /// A plugin is loaded: what nothing denies is loaded.
    Load,
}

/// A product or service and its ceiling: the most that its plugin may declare (inventory §4).
#[derive(Debug)]
pub struct Product {
    /// Its id, e.g. `themes`.
    pub id: String,
    /// Sections of the policy that name it.
    pub section: Vec<String>,
    /// Data categories within the ceiling, with everything below them.
    pub data: Set<Category>,
    /// The categories that the policy names for this product itself, with everything below them.
    pub named_data: Set<Category>,
    /// Purposes within the ceiling, with everything below them.
    pub purposes: Set<Purpose>,
    /// The purposes that the policy names for this product itself, with everything below them.
    pub named_purposes: Set<Purpose>,
    /// Categories within the ceiling for some operations or purposes only.
    pub restricted_data: Vec<RestrictedData>,
    /// Controls that bind purposes or data of this product.
    pub controls: Vec<BoundControl>,
    /// Recipients that the product's row of the policy names.
    pub recipients: Vec<Id<Recipient>>,
    /// Categories added to the ceiling when the product requires an account (§3.2-E19).
    pub data_if_account: Set<Category>,
    /// What it is, in a few words.
    pub meaning: String,
}

/// Categories that a product may declare for some operations or purposes only.
#[derive(Debug)]
pub struct RestrictedData {
    /// The categories.
    pub data: Set<Category>,
    /// The only purposes for which they may be declared; empty: any within the ceiling.
    pub purposes: Set<Purpose>,
    /// The only operations for which they may be declared; empty: any.
    pub operations: Set<Operation>,
}

/// A control and what it binds in one product.
#[derive(Debug)]
pub struct BoundControl {
    /// The control.
    pub control: Id<Control>,
    /// The purposes it binds.
    pub purposes: Set<Purpose>,
    /// The data categories it binds.
    pub data: Set<Category>,
}

/// A class of recipients (inventory §5).
#[derive(Debug)]
pub struct Recipient {
    /// Its id, e.g. `service-provider`.
    pub id: String,
    /// Sections of the policy that name it.
    pub section: Vec<String>,
    /// The term of the Data Privacy Vocabulary.
    pub dpv: Option<Mapping>,
    /// Who it is, in a few words.
    pub meaning: String,
}

/// A switch that the user can turn (inventory §7).
#[derive(Debug)]
pub struct Control {
    /// Its id, e.g. `find-device`.
    pub id: String,
    /// The fact that carries its state.
    pub fact: String,
    /// Sections of the policy that name it.
    pub section: Vec<String>,
    /// The condition under which it lets the processing it binds go on, as written; absent: it binds nothing.
    pub allows: Option<crate::document::Spanned<String>>,
    /// What it is, in a few words.
    pub meaning: String,
}

/// A duty that can be attached to an answer.
#[derive(Debug)]
pub struct Obligation {
    /// Its id, e.g. `erase-or-isolate-location`.
    pub id: String,
    /// What is to be done, in a sentence.
    pub text: String,
}

/// An obligation with the time at which it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The duty.
    pub obligation: Id<Obligation>,
    /// When it is due.
    pub timing: Timing,
    /// The decisions that it comes with; for a right, the decisions about its items.
    pub accompanies: Decisions,
}

/// A group of countries that rules and manifests may name (inventory §6).
#[derive(Debug)]
pub struct Region {
    /// Its id: `EEA`, `UK`, `CH`.
    pub id: String,
    /// Its countries, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
}

/// A legal entity (inventory §6).
#[derive(Debug)]
pub struct Entity {
    /// Its id, e.g. `netherlands-entity`.
    pub id: String,
    /// Sections of the policy that name it.
    pub section: Vec<String>,
    /// Its part in the processing, in a few words.
    pub role: String,
}

macro_rules! entries {
    ($($type:ident $what:literal $id:ident),+ $(,)?) => {$(
        impl Entry for $type {
            const WHAT: &'static str = $what;
            fn id(&self) -> &str {
                &self.$id
            }
        }
    )+};
}

entries! {
    Category "data category" id,
    Purpose "purpose" id,
    Operation "operation" id,
    Product "product" id,
    Recipient "recipient" id,
    Control "control" id,
    Obligation "obligation" id,
    Region "region" id,
    Entity "entity" id,
    Fact "fact" name,
}

/// All vocabulary of one policy version.
#[derive(Debug)]
pub struct Taxonomy {
    /// Data categories.
    pub categories: Table<Category>,
    /// Purposes.
    pub purposes: Table<Purpose>,
    /// Operations.
    pub operations: Table<Operation>,
    /// Products.
    pub products: Table<Product>,
    /// Recipient classes.
    pub recipients: Table<Recipient>,
    /// Controls.
    pub controls: Table<Control>,
    /// Obligations that rules attach.
    pub obligations: Table<Obligation>,
    /// Groups of countries.
    pub regions: Table<Region>,
    /// Legal entities.
    pub entities: Table<Entity>,
    /// Facts.
    pub facts: Table<Fact>,
    leaf_categories: Set<Category>,
}

impl Taxonomy {
    /// Whether `place` (a country or a region group) lies in `wider` (the same country, or a group that has it).
    #[must_use]
    pub fn place_lies_in(&self, place: &str, wider: &str) -> bool {
        place == wider
            || self
                .regions
                .find(wider)
                .and_then(|id| self.regions.get(id))
                .is_some_and(|region| region.countries.iter().any(|country| country == place))
    }

    /// The operation whose purpose grants count for this one as well, if there is one: `transfer` counts those of `use`.
    #[must_use]
    pub fn purpose_as(&self, operation: Id<Operation>) -> Option<Id<Operation>> {
        let like = self.operations.get(operation)?.purpose_as.as_deref()?;
        self.operations.find(like)
    }

    /// The categories that nothing else is below.
    #[must_use]
    pub fn leaf_categories(&self) -> &Set<Category> {
        &self.leaf_categories
    }

    /// Whether the category is a root, which is never a valid request (design §3.2).
    #[must_use]
    pub fn is_root_category(&self, id: Id<Category>) -> bool {
        self.categories.subtree(id).len() == self.categories.len()
    }

    /// Whether a category is so wide that it tells products no longer apart: every product has data of its own there.
    ///
    /// Such a class is no category that anybody can mean, as opposed to a group that reaches beyond one product's data;
    /// declaring one covers nothing (§3.1.1).
    ///
    /// # Examples
    ///
    /// ```
    /// # let baseline = licit_baseline::Baseline::embedded();
    /// let taxonomy = baseline.taxonomy();
    /// let is_class = |id| taxonomy.is_class(taxonomy.categories.find(id).unwrap());
    /// assert!(is_class("personal-information"));
    /// assert!(!is_class("device-attribute"));
    /// ```
    #[must_use]
    pub fn is_class(&self, category: Id<Category>) -> bool {
        let own = |product: &Product| {
            product.named_data.is_empty() || self.categories.overlaps(category, &product.named_data)
        };
        self.categories.subtree(category).len() > 1 && self.products.iter().all(|(_, product)| own(product))
    }

    /// Whether the purpose is the root, which is never a valid request (design §3.2).
    #[must_use]
    pub fn is_root_purpose(&self, id: Id<Purpose>) -> bool {
        self.purposes.subtree(id).len() == self.purposes.len()
    }
}
