//! The manifest (`plugin.toml`): what one product's plugin declares, read and checked against the taxonomy, the fact
//! table and the product's ceiling.
//!
//! One reader serves everybody: the host at load, the guest macros at compile time, and the command line. It reports
//! all problems at once, and gives a [`Manifest`] only if none of them is an error.
//!
//! ```toml
//! [plugin]
//! product = "themes"
//! version = "1.0.0"
//! policy = "2025-10-10"
//! child-directed = false
//! financial = false
//! requires-account = false
//! system-service = true
//! review-date = "2026-11-01"
//!
//! [[activity]]
//! id = "recommend-content"
//! purpose = "content-recommendation"
//! operations = ["collect", "use"]
//! data = ["browsing-history", "download-history"]
//! legal-basis = "consent"
//! controls = ["personalisation"]
//! ```
//!
//! # What a declaration covers
//!
//! A declared purpose or data category covers itself and everything below it. Whatever it covers must lie inside the
//! product's ceiling. The one exception are classes such as `personal-information`, so wide that every product has
//! data below them: declaring one is accepted with a warning and covers **nothing**, neither itself nor anything below
//! (§3.1.1: examples are no open licence). So a broad declaration can neither stand in for a precise one nor slip
//! under a ban on something narrower.

mod ceiling;
mod keys;
mod read;

use jiff::{SignedDuration, Timestamp};

pub use keys::{AskedBy, ManifestKey, ManifestTable};

use crate::decision::Timing;
use crate::diagnostic::Diagnostics;
use crate::document::Document;
use crate::fact::{Fact, FactValue};
use crate::table::{Id, Set};
use crate::taxonomy::{Category, Control, Operation, Product, Purpose, Recipient, Taxonomy};

/// What a plugin declares. Everything in it has been checked against one taxonomy; its ids are of that taxonomy.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The product that the plugin speaks for.
    pub product: Id<Product>,
    /// Its version: `MAJOR.MINOR.PATCH`, with a pre-release part if it has one.
    pub version: String,
    /// The id of the baseline that the author wrote it against.
    pub policy: String,
    /// Where people read the product's own policy.
    pub policy_url: Option<String>,
    /// Where the product is offered: countries (ISO 3166-1 alpha-2) and region groups, sorted. Empty: not said.
    pub regions: Vec<String>,
    /// Whether the product is made for children (§12).
    pub child_directed: bool,
    /// Whether it is an account or money service (§3.1.3-1).
    pub financial: bool,
    /// Whether it works only with an account (§3.2-E19).
    pub requires_account: bool,
    /// Whether it comes with the system (§3.2-E5).
    pub system_service: bool,
    /// When the declaration is to be reviewed; a date alone is its first instant in UTC.
    pub review_date: Timestamp,
    /// Which limits the plugin's code runs under.
    pub tier: Tier,
    /// Products whose data this one may combine with its own, in the order of the file; a host counts only those that
    /// name it back.
    pub combination_partners: Vec<Id<Product>>,
    /// The activities, in the order of the file; never empty.
    pub activities: Vec<Activity>,
    /// The reasons its code may give for a deny, in the order of the file.
    pub reasons: Vec<PluginReason>,
    /// The obligations its code may attach to a permit, in the order of the file.
    pub obligations: Vec<PluginObligation>,
    /// The facts of supplier `manifest` that hold for the whole plugin. An activity's own facts come on top of these.
    ///
    /// `plugin.controls` is not among them: it is a fact of each activity, so that a control offered for one activity
    /// cannot stand for another that lacks it.
    pub facts: Vec<(Id<Fact>, FactValue)>,
}

impl Manifest {
    /// Reads a manifest and reports every problem into the document; `None` if the document has an error.
    ///
    /// With `Some`, the document may still hold warnings.
    #[must_use]
    pub fn read(document: &Document, taxonomy: &Taxonomy) -> Option<Self> {
        read::manifest(document, taxonomy)
    }

    /// Reads a manifest from its text; `name` is what messages call the file. Gives the warnings beside it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the text, all at once, warnings included.
    ///
    /// # Examples
    ///
    /// ```
    /// use licit_baseline::{Baseline, Manifest};
    ///
    /// let baseline = Baseline::embedded();
    /// let text = r#"
    /// [plugin]
    /// product = "notes"
    /// version = "1.0.0"
    /// policy = "2025-10-10"
    /// child-directed = false
    /// financial = false
    /// requires-account = false
    /// system-service = true
    /// review-date = "2026-11-01"
    ///
    /// [[activity]]
    /// id = "show-notes"
    /// purpose = "on-device-function"
    /// operations = ["collect", "use"]
    /// data = ["note-content"]
    /// legal-basis = "contract"
    /// "#;
    /// let (manifest, warnings) = Manifest::parse("plugin.toml", text, baseline.taxonomy()).unwrap();
    /// assert!(warnings.is_empty());
    /// assert_eq!(manifest.activities[0].id, "show-notes");
    ///
    /// let refused = Manifest::parse("plugin.toml", &text.replace("note-content", "imei"), baseline.taxonomy());
    /// assert!(refused.unwrap_err().to_string().contains("outside the ceiling of `notes`"));
    /// ```
    pub fn parse(name: &str, text: &str, taxonomy: &Taxonomy) -> Result<(Self, Diagnostics), Diagnostics> {
        Self::from_bytes(name, text.as_bytes(), taxonomy)
    }

    /// Reads a manifest from a file's bytes: [`Manifest::parse`] for whoever has not made sure that they are text.
    ///
    /// # Errors
    ///
    /// The same, and that the bytes are not UTF-8.
    pub fn from_bytes(
        name: &str,
        bytes: &[u8],
        taxonomy: &Taxonomy,
    ) -> Result<(Self, Diagnostics), Diagnostics> {
        let document = Document::from_bytes(name, bytes);
        if document.has_errors() {
            return Err(document.finish());
        }
        match Self::read(&document, taxonomy) {
            Some(manifest) => Ok((manifest, document.finish())),
            None => Err(document.finish()),
        }
    }

    /// Every table of a manifest with the keys that it may have. The keys of `source` are data categories, and those of
    /// `legal-basis`, where it is a table, are regions.
    #[must_use]
    pub fn tables() -> &'static [&'static ManifestTable] {
        &keys::ALL
    }

    /// The activity with this id, if the manifest has it.
    #[must_use]
    pub fn activity(&self, id: &str) -> Option<&Activity> {
        self.activities.iter().find(|activity| activity.id == id)
    }

    /// All data that the product holds by its own declaration: what its activities cover, taken together.
    #[must_use]
    pub fn held_categories(&self) -> Set<Category> {
        let mut held: Option<Set<Category>> = None;
        for activity in &self.activities {
            match &mut held {
                Some(held) => held.add(&activity.covers),
                None => held = Some(activity.covers.clone()),
            }
        }
        held.unwrap_or_else(|| Set::empty(0))
    }
}

/// One entry of the manifest: some operations on some data for one purpose, and the terms they are done on.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Its id, unique in the manifest: what a request names as `feature`.
    pub id: String,
    /// The declared purpose.
    pub purpose: Id<Purpose>,
    /// That purpose and everything below it.
    pub purposes: Set<Purpose>,
    /// The declared operations.
    pub operations: Set<Operation>,
    /// The declared data categories, sorted by name.
    pub data: Vec<Id<Category>>,
    /// What these cover: each with everything below it. A class such as `personal-information` covers nothing.
    pub covers: Set<Category>,
    /// The facts that the plugin's code needs known, sorted by name.
    pub reads: Vec<Id<Fact>>,
    /// The facts that the plugin's code can do without, sorted by name.
    pub optional_reads: Vec<Id<Fact>>,
    /// The controls that bind this activity, sorted by name.
    pub controls: Vec<Id<Control>>,
    /// Who may receive the data, sorted by name. Each stands for itself and everything below it.
    pub recipients: Vec<Id<Recipient>>,
    /// What of third parties is built in, in the order of the file.
    pub integrations: Vec<Integration>,
    /// The countries in which the data is processed (ISO 3166-1 alpha-2), sorted. Empty: not said.
    pub processing: Vec<String>,
    /// The countries in which the data is stored (ISO 3166-1 alpha-2), sorted. Empty: not said.
    pub storage: Vec<String>,
    /// How long the data is kept; `None`: not said, and then it cannot be retained.
    pub retention: Option<Retention>,
    /// The holds under which data outlives that, in the order of the file.
    pub holds: Vec<Hold>,
    /// The facts of supplier `manifest` that this activity settles in every region. The legal basis is not among
    /// them: it depends on the region, see [`Activity::basis`].
    pub facts: Vec<(Id<Fact>, FactValue)>,
    /// The legal basis, by region.
    pub legal_basis: LegalBasis,
    /// For each entry of `data`: the categories for which it is the declared entry.
    entries: Vec<Set<Category>>,
}

impl Activity {
    /// Whether a request lies inside the activity on every axis: its purpose, its operation, and all its data.
    ///
    /// A request without data lies inside no activity.
    #[must_use]
    pub fn covers(&self, purpose: Id<Purpose>, operation: Id<Operation>, data: &[Id<Category>]) -> bool {
        // What is covered is closed downwards, so a category that is covered has everything below it covered too.
        !data.is_empty()
            && self.purposes.contains(purpose)
            && self.operations.contains(operation)
            && data.iter().all(|category| self.covers.contains(*category))
    }

    /// Whether the activity names this recipient, or a class above it (§4-7).
    #[must_use]
    pub fn names_recipient(&self, taxonomy: &Taxonomy, recipient: Id<Recipient>) -> bool {
        let above = |named: &Id<Recipient>| taxonomy.recipients.is_below(recipient, *named);
        self.recipients.iter().any(above)
    }

    /// The legal basis for a person in `region`, as the value of the fact `basis`; `None` if it is not settled.
    ///
    /// An exact country beats a region group, which beats the default. It is not settled where nothing is declared
    /// for the region, or where the region is unknown (or itself a group) and several bases could apply.
    #[must_use]
    pub fn basis(&self, taxonomy: &Taxonomy, region: Option<&str>) -> Option<&FactValue> {
        let LegalBasis { default, regions } = &self.legal_basis;
        let Some(region) = region else {
            let default = default.as_ref()?;
            return regions
                .iter()
                .all(|(_, basis)| basis == default)
                .then_some(default);
        };
        let exact = regions.iter().find(|(place, _)| place == region);
        let settled = match exact {
            Some((_, basis)) => basis,
            None => {
                let mut groups = regions
                    .iter()
                    .filter(|(place, _)| taxonomy.place_lies_in(region, place));
                match groups.next() {
                    Some((_, basis)) if groups.all(|(_, other)| other == basis) => basis,
                    Some(_) => return None,
                    None => default.as_ref()?,
                }
            }
        };
        regions
            .iter()
            .all(|(place, basis)| {
                basis == settled || place == region || !taxonomy.place_lies_in(place, region)
            })
            .then_some(settled)
    }

    /// The declared category under which the plugin is asked about `category`: the most specific one that covers it,
    /// and of several equally specific ones the first by name. `None` if the activity does not cover it.
    #[must_use]
    pub fn declared_entry(&self, category: Id<Category>) -> Option<Id<Category>> {
        self.data
            .iter()
            .zip(&self.entries)
            .find(|(_, covers)| covers.contains(category))
            .map(|(entry, _)| *entry)
    }
}

/// The legal basis of an activity (§5). The values are those of the fact `basis`.
#[derive(Debug, Clone, PartialEq)]
pub struct LegalBasis {
    /// The basis wherever no other is named.
    pub default: Option<FactValue>,
    /// The basis in some countries (ISO 3166-1 alpha-2) and region groups, in the order of the file.
    pub regions: Vec<(String, FactValue)>,
}

/// How long data is kept (§7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retention {
    /// This long, counted from collection.
    Period(SignedDuration),
    /// Until this event, e.g. `account-cancelled`.
    Until(String),
}

/// A reason to keep data longer than declared, recorded elsewhere under a reference (§7).
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// The reference of the record.
    pub reference: String,
    /// The data it holds: each category with everything below it.
    pub data: Set<Category>,
    /// Why, in a sentence.
    pub reason: String,
}

/// Something of a third party that is built into the product (§13).
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Who it belongs to.
    pub party: String,
    /// How it is built in: `link`, `sdk`, `api`.
    pub kind: String,
    /// The data it reaches, sorted by name.
    pub data: Vec<Id<Category>>,
}

/// Which limits a plugin's code runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Compiled code: small and fast.
    Compiled,
    /// Code that brings an interpreter along (JavaScript, Python): wider limits, an engine of its own.
    Interpreted,
}

impl Tier {
    pub(crate) const ALL: [Self; 2] = [Self::Compiled, Self::Interpreted];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compiled => "compiled",
            Self::Interpreted => "interpreted",
        }
    }
}

/// A reason that the plugin's code may give for a deny.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginReason {
    /// Its id.
    pub id: String,
    /// What it tells people.
    pub text: String,
}

/// An obligation that the plugin's code may attach to a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginObligation {
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub text: String,
    /// When it is due.
    pub timing: Timing,
}

#[cfg(test)]
mod tests;
