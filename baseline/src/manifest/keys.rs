//! The keys of a manifest: what each takes, and what asks for it. The reader refuses every other one, and the author's
//! guide is held to describe exactly these.

/// One table of a manifest, and the keys that it may have.
#[derive(Debug)]
pub struct ManifestTable {
    /// How the guide and messages call it.
    pub name: &'static str,
    /// Its keys, in the order of the guide.
    pub keys: &'static [ManifestKey],
}

/// One key of a table.
#[derive(Debug)]
pub struct ManifestKey {
    /// The key itself.
    pub name: &'static str,
    /// How it is written, with a value that it may have.
    pub example: &'static str,
    /// What asks for it.
    pub asked_by: AskedBy,
}

/// What asks for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// The policy, in the sections of this fact.
    Fact(&'static str),
    /// Whoever reads the manifest; why.
    Readers(&'static str),
}

use AskedBy::{Fact, Readers};

macro_rules! keys {
    ($($name:literal: $example:literal, $asked_by:expr;)+) => {
        &[$(ManifestKey { name: $name, example: $example, asked_by: $asked_by }),+]
    };
}

pub(super) static MANIFEST: ManifestTable = ManifestTable {
    name: "the manifest",
    keys: keys! {
        "plugin": "[plugin]", Readers("it says what product the plugin speaks for");
        "activity": "[[activity]]", Readers("it says what the product does with data, one table for each purpose");
        "reason": "[reason.some-id]", Readers("it says why the plugin's code may deny");
        "obligation": "[obligation.some-id]", Readers("it says what the plugin's code may ask for in return");
    },
};

pub(super) static PLUGIN: ManifestTable = ManifestTable {
    name: "`[plugin]`",
    keys: keys! {
        "product": "product = \"…\"", Readers("a plugin speaks for one product of the policy");
        "version": "version = \"1.0.0\"", Readers("a deployment approves a plugin version by version");
        "policy": "policy = \"2025-10-10\"", Readers("a manifest is written against one version of the policy");
        "policy-url": "policy-url = \"https://…\"", Readers("people read the product's own policy there");
        "regions": "regions = [\"IN\", \"EEA\"]", Readers("a reviewer wants to know where the product is offered");
        "child-directed": "child-directed = false", Fact("plugin.child_directed");
        "financial": "financial = false", Fact("product.financial");
        "requires-account": "requires-account = false", Fact("product.requires_account");
        "system-service": "system-service = false", Fact("product.system_service");
        "review-date": "review-date = 2026-11-01", Readers("a declaration is looked at again by that day");
        "tier": "tier = \"interpreted\"", Readers("a host runs code that brings an interpreter under wider limits");
        "combination-partners": "combination-partners = [\"…\"]", Fact("plugin.combination_partners");
    },
};

pub(super) static ACTIVITY: ManifestTable = ManifestTable {
    name: "the activity",
    keys: keys! {
        "id": "id = \"some-name\"", Readers("a request can name the activity by it, as the fact `feature`");
        "purpose": "purpose = \"…\"", Fact("purpose");
        "operations": "operations = [\"collect\", \"use\"]", Fact("operation");
        "data": "data = [\"…\"]", Fact("data");
        "source": "source = { name = \"user\" }", Fact("data.source");
        "form": "form = \"identified\"", Fact("data.form");
        "necessary": "necessary = true", Fact("necessity");
        "mandatory": "mandatory = [\"…\"]", Fact("field.mandatory_marked");
        "legal-basis": "legal-basis = \"consent\"", Fact("basis");
        "interest": "interest = \"…\"", Fact("li.interest");
        "balance-ref": "balance-ref = \"…\"", Fact("li.balance_ref");
        "reads": "reads = [\"subject.region\"]", Readers("the plugin's code sees these facts and no others");
        "optional-reads": "optional-reads = [\"subject.region\"]", Readers("the plugin's code sees these facts and no others");
        "controls": "controls = [\"…\"]", Fact("plugin.controls");
        "feature": "feature = \"location\"", Fact("feature.kind");
        "needs-precise": "needs-precise = true", Fact("feature.needs_precise");
        "recipients": "recipients = [\"service-provider\"]", Fact("plugin.recipients");
        "integrations": "integrations = [{ party = \"…\", kind = \"sdk\", data = [] }]", Fact("plugin.integrations");
        "storage": "storage = [\"IN\", \"SG\"]", Fact("storage.country");
        "processing": "processing = [\"IN\", \"SG\"]", Fact("transfer.to");
        "retention": "retention = { period = \"P30D\" }", Fact("retention.declared_period");
        "holds": "holds = [{ ref = \"…\", data = [\"…\"], reason = \"…\" }]", Fact("retention.hold_ref");
    },
};

pub(super) static INTEGRATION: ManifestTable = ManifestTable {
    name: "the integration",
    keys: keys! {
        "party": "party = \"…\"", Fact("plugin.integrations");
        "kind": "kind = \"sdk\"", Fact("integration.kind");
        "data": "data = []", Fact("plugin.integrations");
    },
};

pub(super) static RETENTION: ManifestTable = ManifestTable {
    name: "`retention`",
    keys: keys! {
        "period": "period = \"P30D\"", Fact("retention.declared_period");
        "until": "until = \"account-cancelled\"", Fact("retention.declared_period");
    },
};

pub(super) static HOLD: ManifestTable = ManifestTable {
    name: "the hold",
    keys: keys! {
        "ref": "ref = \"…\"", Readers("the register of holds vouches for it under this reference");
        "data": "data = [\"…\"]", Readers("a hold keeps nothing but what it names");
        "reason": "reason = \"…\"", Readers("a person who asks is told why the data stays");
    },
};

pub(super) static REASON: ManifestTable = ManifestTable {
    name: "the reason",
    keys: keys! {
        "text": "text = \"…\"", Readers("it is what people are told when the plugin denies for this reason");
    },
};

pub(super) static OBLIGATION: ManifestTable = ManifestTable {
    name: "the obligation",
    keys: keys! {
        "text": "text = \"…\"", Readers("it is what a service is told to do when the plugin attaches this obligation");
        "timing": "timing = \"after\"", Readers("a service has to know whether it is due before, during or after the processing");
    },
};

pub(super) static ALL: [&ManifestTable; 8] = [
    &MANIFEST,
    &PLUGIN,
    &ACTIVITY,
    &INTEGRATION,
    &RETENTION,
    &HOLD,
    &REASON,
    &OBLIGATION,
];
