//! Rights: what a product's manifest says about all that the product holds, and one answer of all products together.

use licit_baseline::{Baseline, Category, Fact, FactValue, Facts, Id, Manifest, PerCategory, Set, Taxonomy};

use crate::profile::Profile;

/// What a manifest says in an answer to a right, over all its activities: the holds it names and the controls it offers.
///
/// The manifest names a hold and the register vouches for it: neither can take away what the other says. A hold that
/// only the manifest names keeps data from being erased unseen, and refuses nothing by itself, because whether it is
/// in force is for the register and for counsel to say.
#[derive(Debug)]
pub(crate) struct Claims {
    hold: Option<Id<Fact>>,
    /// The holds of the manifest alone, and together with the row of the register.
    holds: Option<(FactValue, FactValue)>,
    controls: Option<(Id<Fact>, FactValue)>,
}

impl Claims {
    pub(crate) fn new(baseline: &Baseline, manifest: &Manifest, profile: &Profile) -> Self {
        let taxonomy = baseline.taxonomy();
        let hold = taxonomy.facts.find("retention.hold_ref");
        let named = holds(taxonomy, manifest);
        let register = hold
            .and_then(|id| Some((id, taxonomy.facts.get(id)?.register.as_ref()?)))
            .and_then(|(id, register)| {
                let row = taxonomy.products.name(manifest.product);
                profile.registered(&register.register, row, id)
            });
        let holds = (!named.is_empty()).then(|| {
            let both = register.map_or_else(
                || per_category(&named),
                |register| joined(taxonomy, register, &named),
            );
            (per_category(&named), both)
        });
        let offered = manifest.activities.iter().flat_map(|activity| &activity.controls);
        let offered = FactValue::texts(offered.map(|control| taxonomy.controls.name(*control)));
        Self {
            hold,
            holds,
            controls: taxonomy.facts.find("plugin.controls").map(|fact| (fact, offered)),
        }
    }

    /// The facts that follow from it, given those that the profile supplied. Controls bind activities, so what the
    /// product offers as a whole counts for rights only.
    pub(crate) fn facts<'c>(
        &'c self,
        right: bool,
        facts: &Facts<'_>,
    ) -> impl Iterator<Item = (Id<Fact>, &'c FactValue)> + use<'c> {
        let hold = self.hold.zip(self.holds.as_ref()).map(|(fact, (alone, both))| {
            let registered = facts.supplied(fact).is_some();
            (fact, if registered { both } else { alone })
        });
        let controls = self.controls.as_ref().filter(|_| right);
        hold.into_iter()
            .chain(controls.map(|(fact, value)| (*fact, value)))
    }
}

/// The holds of a manifest: one entry per reference and topmost category.
fn holds(taxonomy: &Taxonomy, manifest: &Manifest) -> Vec<PerCategory> {
    let categories = &taxonomy.categories;
    let mut entries = Vec::new();
    for hold in manifest.activities.iter().flat_map(|activity| &activity.holds) {
        let topmost = |id: &Id<Category>| {
            let above = |other: Id<Category>| other != *id && categories.is_below(*id, other);
            !hold.data.iter().any(above)
        };
        for top in hold.data.iter().filter(topmost) {
            let mut covers = categories.subtree(top).clone();
            covers.keep(&hold.data);
            entries.push(entry(categories.name(top), covers, &hold.reference));
        }
    }
    entries
}

fn entry(category: &str, covers: Set<Category>, reference: &str) -> PerCategory {
    PerCategory {
        category: category.into(),
        covers,
        value: FactValue::Text(reference.into()),
    }
}

fn per_category(entries: &[PerCategory]) -> FactValue {
    FactValue::PerCategory(entries.into())
}

/// The holds of both: what the register holds comes first, then what the manifest names, then what the register frees.
fn joined(taxonomy: &Taxonomy, register: &FactValue, named: &[PerCategory]) -> FactValue {
    let is_free = |value: &FactValue| matches!(value, FactValue::Text(word) if **word == *"none");
    let registered = match register {
        FactValue::PerCategory(entries) => entries.to_vec(),
        value => vec![PerCategory {
            category: "*".into(),
            covers: taxonomy.categories.full_set(),
            value: value.clone(),
        }],
    };
    let (free, held): (Vec<_>, Vec<_>) = registered.into_iter().partition(|entry| is_free(&entry.value));
    per_category(&[&held, named, &free].concat())
}
