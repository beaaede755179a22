//! One version of the policy with everything that was checked against it: the profile and the plugins.

use std::sync::{Arc, OnceLock};

use licit_baseline::{
    Activity, Baseline, Diagnostics, FactValue, Facts, Id, Law, Manifest, Operation, Product, Query, Settled,
};

use crate::profile::Profile;
use crate::request::Request;
use crate::sandbox;

/// The compiled code of one plugin, shared by all editions.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) sandbox: sandbox::Plugin,
    /// `sha256:` and the digest of the file.
    pub(crate) digest: String,
}

/// A plugin whose manifest was checked against one version of the policy.
#[derive(Debug)]
pub(crate) struct LoadedPlugin {
    pub(crate) manifest: Manifest,
    pub(crate) code: Arc<Code>,
    /// The ids of the plugin's own obligations, prefixed with the product.
    pub(crate) obligation_ids: Vec<String>,
    /// The value of `plugin.version`.
    pub(crate) version_value: FactValue,
    /// The value of `review.date` when the loading of this plugin is judged.
    pub(crate) review_value: FactValue,
    /// By activity and operation, in the order of the manifest: what its facts settle beforehand.
    pub(crate) settled: Vec<Vec<(Id<Operation>, OnceLock<Settled>)>>,
    /// What the load found worth a look.
    pub(crate) warnings: Diagnostics,
}

/// One version of the policy with the profile and the plugins of the deployment.
#[derive(Debug)]
pub(crate) struct Edition {
    pub(crate) baseline: Arc<Baseline>,
    pub(crate) profile: Profile,
    /// By product.
    pub(crate) plugins: Vec<Option<LoadedPlugin>>,
}

/// Whether a plugin's manifest covers a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Declared<'p> {
    /// By this activity.
    By(&'p Activity),
    /// By several activities that the request does not tell apart; it has to name `feature`.
    Ambiguous,
    /// By none.
    No,
}

impl Edition {
    pub(crate) fn plugin(&self, product: Id<Product>) -> Option<&LoadedPlugin> {
        self.plugins.get(product.index()).and_then(Option::as_ref)
    }
}

impl LoadedPlugin {
    /// A place for what the manifest settles beforehand, for each operation of each activity.
    pub(crate) fn unsettled(manifest: &Manifest) -> Vec<Vec<(Id<Operation>, OnceLock<Settled>)>> {
        let places = |activity: &Activity| {
            let place = |operation| (operation, OnceLock::new());
            activity.operations.iter().map(place).collect()
        };
        manifest.activities.iter().map(places).collect()
    }

    /// What the manifest settles about a request that an activity covers; worked out when it is first asked for.
    pub(crate) fn settled(
        &self,
        baseline: &Baseline,
        activity: &Activity,
        operation: Id<Operation>,
    ) -> Option<&Settled> {
        let mut activities = self.manifest.activities.iter();
        let at = activities.position(|it| std::ptr::eq(it, activity))?;
        let (_, place) = self.settled.get(at)?.iter().find(|(it, _)| *it == operation)?;
        Some(place.get_or_init(|| self.settle(baseline, activity, operation)))
    }

    fn settle(&self, baseline: &Baseline, activity: &Activity, operation: Id<Operation>) -> Settled {
        let law = Law::default();
        let mut facts = Facts::new(baseline, &law, baseline.effective());
        for (fact, value) in self.manifest.facts.iter().chain(&activity.facts) {
            facts.set(*fact, value);
        }
        // Without a region, there is a basis only if it is the same everywhere.
        let basis = activity.basis(baseline.taxonomy(), None);
        if let (Some(fact), Some(value)) = (baseline.engine_facts().basis, basis) {
            facts.set(fact, value);
        }
        let query = Query {
            operation,
            product: self.manifest.product,
            purpose: activity.purpose,
            data: &activity.data,
            explain: false,
            settled: None,
        };
        baseline.settle(&query, &facts)
    }

    /// The activity of the manifest that covers a request, here with `purpose` for the purpose.
    pub(crate) fn declared(
        &self,
        request: &Request,
        purpose: Id<licit_baseline::Purpose>,
        feature: Option<&str>,
    ) -> Declared<'_> {
        // The feature that a request names is behind the purpose it states, not behind one that classification added.
        let feature = feature.filter(|_| purpose == request.purpose);
        let covers = |activity: &&Activity| {
            feature.is_none_or(|feature| activity.id == feature)
                && activity.covers(purpose, request.operation, &request.data)
        };
        let mut covering = self.manifest.activities.iter().filter(covers);
        match (covering.next(), covering.next()) {
            (Some(activity), None) => Declared::By(activity),
            (Some(_), Some(_)) => Declared::Ambiguous,
            (None, _) => Declared::No,
        }
    }
}
