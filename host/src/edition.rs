//! One version of the policy with everything that was checked against it: the profile and the plugins.

use std::sync::Arc;

use licit_baseline::{
    Activity, Baseline, Diagnostics, FactValue, Facts, Id, Law, Manifest, Operation, Product, Query, Settled,
};

use crate::changes::{Change, Changes};
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
    /// What it declares beyond the approved version.
    pub(crate) change: Change,
    /// By activity and operation, in the order of the manifest: what its facts settle beforehand.
    pub(crate) settled: Vec<Vec<(Id<Operation>, Settled)>>,
    /// What the load found worth a look in the manifest.
    pub(crate) warnings: Diagnostics,
    /// What the decision to load it leaves to know or to do.
    pub(crate) notes: Vec<String>,
}

/// One version of the policy with the profile and the plugins of the deployment.
#[derive(Debug)]
pub(crate) struct Edition {
    pub(crate) baseline: Arc<Baseline>,
    pub(crate) profile: Profile,
    pub(crate) changes: Changes,
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
    /// Settles beforehand what the manifest alone settles.
    pub(crate) fn settle(
        baseline: &Baseline,
        manifest: &Manifest,
        change: &Change,
    ) -> Vec<Vec<(Id<Operation>, Settled)>> {
        let law = Law::default();
        let settle = |(position, activity): (usize, &Activity)| {
            let mut facts = Facts::new(baseline, &law, baseline.effective());
            for (fact, value) in manifest.facts.iter().chain(&activity.facts) {
                facts.set(*fact, value);
            }
            // Without a region, there is a basis only if it is the same everywhere.
            let basis = activity.basis(baseline.taxonomy(), None);
            if let (Some(fact), Some(value)) = (baseline.taxonomy().facts.find("basis"), basis) {
                facts.set(fact, value);
            }
            let delta = baseline
                .engine_facts()
                .plugin_delta
                .zip(change.delta(Some(position)));
            if let Some((fact, value)) = delta {
                facts.set(fact, value);
            }
            let query = |operation| Query {
                operation,
                product: manifest.product,
                purpose: activity.purpose,
                data: &activity.data,
                explain: false,
                settled: None,
            };
            let settled = |operation| (operation, baseline.settle(&query(operation), &facts));
            activity.operations.iter().map(settled).collect()
        };
        manifest.activities.iter().enumerate().map(settle).collect()
    }

    /// What an activity declares beyond the approved version, the value of `plugin.delta`.
    pub(crate) fn delta(&self, activity: Option<&Activity>) -> Option<&FactValue> {
        self.change
            .delta(activity.and_then(|activity| self.position(activity)))
    }

    fn position(&self, activity: &Activity) -> Option<usize> {
        self.manifest
            .activities
            .iter()
            .position(|it| std::ptr::eq(it, activity))
    }

    /// What is settled beforehand about a request that an activity covers.
    pub(crate) fn settled(&self, activity: &Activity, operation: Id<Operation>) -> Option<&Settled> {
        let at = self.position(activity)?;
        let (_, settled) = self.settled.get(at)?.iter().find(|(it, _)| *it == operation)?;
        Some(settled)
    }

    /// The activity of the manifest that covers a request, here with `purpose` for the purpose.
    pub(crate) fn declared(
        &self,
        request: &Request,
        purpose: Id<licit_baseline::Purpose>,
        feature: Option<&str>,
    ) -> Declared<'_> {
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
