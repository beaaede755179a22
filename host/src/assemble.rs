//! Merges the facts of one request from all suppliers, and tells where each came from.

use licit_baseline::{
    Activity, Axis, Baseline, Fact, FactValue, Facts, Id, Judgement, OperationKind, Supplier,
};

use crate::edition::{Edition, LoadedPlugin};
use crate::request::Request;
use crate::response::{Explanation, FactUsed};

/// Supplies every fact that somebody knows. Calls `each` with the fact, its value and where it came from.
///
/// What is assumed stands in for the request and beats every other source, so that what follows from it (the store it
/// names, the place that data goes to) follows here as well.
pub(crate) fn assemble<'a>(
    edition: &'a Edition,
    request: &'a Request,
    plugin: Option<&'a LoadedPlugin>,
    activity: Option<&'a Activity>,
    assumed: &'a [(Id<Fact>, FactValue)],
    mut each: impl FnMut(Id<Fact>, &'a FactValue, Origin<'a>),
) -> Facts<'a> {
    let baseline = &*edition.baseline;
    let taxonomy = baseline.taxonomy();
    let known = baseline.engine_facts();
    let mut facts = Facts::new(baseline, edition.profile.law(), request.at);
    let mut put = |facts: &mut Facts<'a>, fact: Id<Fact>, value: &'a FactValue, origin: Origin<'a>| {
        facts.set(fact, value);
        each(fact, value, origin);
    };
    if let Some(at) = known.at {
        put(&mut facts, at, &request.at_value, Origin::Request);
    }
    // A reference that no register knows refers to nothing: the fact is missing.
    let backed =
        |(fact, value): &&(Id<Fact>, FactValue)| edition.profile.backs(request.at, *fact, value, baseline);
    for (fact, value) in request.facts.iter().filter(backed) {
        put(&mut facts, *fact, value, Origin::Request);
    }
    for (fact, value) in assumed {
        put(&mut facts, *fact, value, Origin::Assumed);
    }
    if let Some(plugin) = plugin {
        for (fact, value) in &plugin.manifest.facts {
            put(&mut facts, *fact, value, Origin::Manifest);
        }
        if let Some(version) = known.plugin_version {
            put(&mut facts, version, &plugin.version_value, Origin::Engine);
        }
        if let Some((fact, delta)) = known.plugin_delta.zip(plugin.delta(activity)) {
            put(&mut facts, fact, delta, Origin::Engine);
        }
    }
    if let Some(activity) = activity {
        for (fact, value) in &activity.facts {
            put(&mut facts, *fact, value, Origin::Activity(activity));
        }
    }
    edition.profile.supply(
        request.at,
        request.product,
        baseline,
        &mut facts,
        |fact, value, entry| {
            each(fact, value, Origin::Profile(&entry.name));
        },
    );
    if let Some(plugin) = plugin {
        let right = request.kind == OperationKind::Right;
        for (fact, value) in plugin.claims.facts(right, &facts) {
            facts.set(fact, value);
            each(fact, value, Origin::Manifest);
        }
    }
    // The person's region may come from the profile, so the basis is chosen once that is in.
    let region = known
        .region
        .and_then(|fact| facts.supplied(fact))
        .and_then(|value| match value {
            FactValue::Text(region) => Some(&**region),
            _ => None,
        });
    if let (Some(activity), Some(fact)) = (activity, known.basis)
        && let Some(value) = activity.basis(taxonomy, region)
    {
        facts.set(fact, value);
        each(fact, value, Origin::Activity(activity));
    }
    // What follows is computed from what is assumed, and what is computed is itself open to assumption.
    for (fact, value) in assumed {
        facts.set(*fact, value);
        each(*fact, value, Origin::Assumed);
    }
    let is_assumed = |fact: Id<Fact>| assumed.iter().any(|(other, _)| *other == fact);
    let derived = derived(baseline, request, &facts);
    for (fact, value) in derived.into_iter().filter_map(|(fact, value)| fact.zip(value)) {
        if !is_assumed(fact) {
            facts.set(fact, value);
            each(fact, value, Origin::Engine);
        }
    }
    // Where data goes from and to is known now, and with it what is on record about that route.
    edition
        .profile
        .supply_routes(request.at, baseline, &mut facts, |fact, value, entry| {
            each(fact, value, Origin::Profile(&entry.name));
        });
    facts
}

/// What the engine computes from other facts: where data comes from and goes to, and that a device needs no channel.
///
/// What is handed to somebody goes where they are, known or not, and never where the data lies: a recipient that nobody
/// knows must not look like one at home. All other data goes where it is stored and where it is worked on: to whichever of
/// the two is abroad, if one of them is at home or both are the same; a device is at home.
fn derived<'a>(
    baseline: &'a Baseline,
    request: &Request,
    facts: &Facts<'a>,
) -> [(Option<Id<Fact>>, Option<&'a FactValue>); 3] {
    let known = baseline.engine_facts();
    let supplied = |fact: Option<Id<Fact>>| fact.and_then(|fact| facts.supplied(fact));
    let is_device = |fact| matches!(supplied(fact), Some(FactValue::Text(it)) if **it == *"device");
    let handed = baseline
        .taxonomy()
        .operations
        .get(request.operation)
        .is_some_and(|it| {
            let mut axes = it.axes.iter();
            axes.any(|axis| matches!(axis, Axis::Recipient | Axis::Place))
        });
    let from = supplied(known.operation_country);
    let place = |device, country| {
        if is_device(device) {
            from
        } else {
            supplied(country)
        }
    };
    let to = if handed {
        supplied(known.recipient_country)
    } else {
        let at = [
            place(known.storage_kind, known.storage_country),
            place(known.locus, known.locus_country),
        ];
        // Two foreign places are two routes, and the fact names one: then it is not known.
        match at {
            [Some(stored), Some(worked_on)] if stored == worked_on || Some(worked_on) == from => Some(stored),
            [Some(stored), Some(worked_on)] if Some(stored) == from => Some(worked_on),
            _ => None,
        }
    };
    let local = is_device(known.locus).then_some(&baseline.engine_values().local_channel);
    [
        (known.transfer_from, from),
        (known.transfer_to, to),
        (known.channel, local),
    ]
}

/// Where a fact came from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin<'a> {
    Request,
    Manifest,
    Activity(&'a Activity),
    Profile(&'a str),
    Engine,
    Assumed,
}

impl Origin<'_> {
    fn describe(self) -> String {
        match self {
            Self::Request => "request".to_owned(),
            Self::Manifest => "plugin.toml".to_owned(),
            Self::Activity(activity) => format!("plugin.toml {}", activity.id),
            Self::Profile(place) => place.to_owned(),
            Self::Engine => "computed".to_owned(),
            Self::Assumed => "assumed".to_owned(),
        }
    }
}

/// The facts that conditions in scope read, each with its supplier and source.
pub(crate) fn explain(
    edition: &Edition,
    request: &Request,
    plugin: Option<&LoadedPlugin>,
    activity: Option<&Activity>,
    assumed: &[(Id<Fact>, FactValue)],
    judgement: &Judgement,
) -> Explanation {
    let taxonomy = edition.baseline.taxonomy();
    let mut origins: Vec<(Id<Fact>, FactValue, Supplier, String)> = Vec::new();
    let mut note = |fact: Id<Fact>, value: &FactValue, supplier: Option<Supplier>, source: String| {
        let usual = taxonomy
            .facts
            .get(fact)
            .map_or(Supplier::Engine, |it| it.supplier);
        origins.retain(|(other, ..)| *other != fact);
        origins.push((fact, value.clone(), supplier.unwrap_or(usual), source));
    };
    let facts = assemble(
        edition,
        request,
        plugin,
        activity,
        assumed,
        |fact, value, origin| {
            // A state fact that the profile supplies is shown as the host's.
            let supplier = match (origin, taxonomy.facts.get(fact).map(|it| it.supplier)) {
                (Origin::Profile(_), Some(Supplier::State)) => Some(Supplier::Host),
                _ => None,
            };
            note(fact, value, supplier, origin.describe());
        },
    );
    for (fact, value) in edition.baseline.computed_facts(request.purpose, &facts) {
        note(fact, value, None, "computed".to_owned());
    }
    let read = |fact: &Id<Fact>| judgement.read.contains(*fact);
    let structural = |fact: &Id<Fact>| {
        ["operation", "product", "purpose", "data", "at"].contains(&taxonomy.facts.name(*fact))
    };
    let mut facts_used: Vec<FactUsed> = origins
        .into_iter()
        .filter(|(fact, ..)| read(fact) && !structural(fact))
        .map(|(fact, value, supplier, source)| FactUsed {
            name: taxonomy.facts.name(fact).to_owned(),
            value,
            supplier,
            source,
        })
        .collect();
    for (fact, value, source) in edition.baseline.determinations_used(judgement, &facts) {
        let name = taxonomy.facts.name(fact).to_owned();
        facts_used.push(FactUsed {
            name,
            value,
            supplier: Supplier::Law,
            source,
        });
    }
    facts_used.sort_by(|a, b| a.name.cmp(&b.name));
    Explanation { facts_used }
}
