//! The hot path: one request, judged by baseline, declaration and plugin.

use std::sync::Arc;

use licit_baseline::{
    Activity, Axis, Baseline, Category, Certainty, Decision, Fact, FactValue, Facts, Finding, Id, Judgement,
    OperationKind, Purpose, Query, Rule, RuleKind, Timing,
};

use crate::assemble::assemble;
use crate::edition::{Declared, Edition, LoadedPlugin};
use crate::request::Request;
use crate::response::{DenyKind, Duty, Layer, PluginFailure, Reason, Response};
use crate::sandbox::{self, CallFailure, CallRequest, Verdict};

/// What an evaluation takes into account besides the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options<'o> {
    /// The ids of the obligations that the service can discharge; `None`: all of them.
    pub(crate) discharges: Option<&'o [String]>,
    /// Whether to record what was considered and which facts were used.
    pub(crate) explain: bool,
    /// Facts taken for given, whoever supplies them: what-if questions only.
    pub(crate) assumed: &'o [(Id<Fact>, FactValue)],
}

/// Evaluates a request. Never fails: whatever goes wrong is an answer, decided by [`fail_closed`].
pub(crate) fn evaluate(edition: &Arc<Edition>, request: &Request, options: &Options<'_>) -> Response {
    let baseline = &*edition.baseline;
    let plugin = edition.plugin(request.product);
    let feature = feature(request, options.assumed);
    let declared = plugin.map_or(Declared::No, |plugin| {
        plugin.declared(request, request.purpose, feature)
    });
    let activity = match declared {
        Declared::By(activity) => Some(activity),
        Declared::Ambiguous | Declared::No => None,
    };

    let items = items(request, plugin);
    // What is assumed may contradict the manifest.
    let settled = plugin.zip(activity).filter(|_| options.assumed.is_empty());
    let settled = settled.map(|(plugin, activity)| plugin.settled(baseline, activity, request.operation));
    let query = Query {
        operation: request.operation,
        product: request.product,
        purpose: request.purpose,
        data: items.as_deref().unwrap_or(&request.data),
        explain: options.explain,
        settled: settled.flatten(),
    };
    let mut facts = assemble(edition, request, plugin, activity, options.assumed, |_, _, _| {});
    // What classification adds may be declared by another activity, with a basis of its own.
    let facts_for = |purpose| {
        let declared = plugin.map(|plugin| plugin.declared(request, purpose, feature));
        let activity = match declared {
            Some(Declared::By(activity)) => Some(activity),
            _ => None,
        };
        let mut facts = assemble(edition, request, plugin, activity, options.assumed, |_, _, _| {});
        baseline.add_computed(&query, purpose, &mut facts);
        facts
    };
    let judgement = baseline.judge_each(&query, &mut facts, &facts_for);

    let mut answer = Answer::new(baseline, request, judgement);
    match (request.kind, plugin) {
        (OperationKind::Right, None) => answer.fail(DenyKind::NotLoaded),
        (OperationKind::Right, Some(_)) => answer.cite(Layer::Plugin, baseline.citations().no_veto),
        (_, None) => answer.fail(DenyKind::NotLoaded),
        (_, Some(plugin)) => {
            match declared {
                Declared::By(_) => answer.ask_plugin(plugin, request, feature, &facts, &facts_for),
                Declared::Ambiguous => answer.undeclared(baseline.engine_facts().feature),
                Declared::No => answer.undeclared(None),
            }
            answer.check_duties(plugin, options.discharges);
        }
    }
    let explanation = options.explain.then(|| {
        crate::assemble::explain(
            edition,
            request,
            plugin,
            activity,
            options.assumed,
            &answer.judgement,
        )
    });
    let advice = baseline.advice(&query, &facts, answer.decision);
    Response {
        edition: Arc::clone(edition),
        product: request.product,
        right: request.kind == OperationKind::Right,
        id: request.id.clone(),
        decision: answer.decision,
        deny_kind: answer.deny_kind,
        reasons: answer.reasons,
        duties: answer.duties,
        advice,
        fuel_used: answer.fuel_used,
        judgement: answer.judgement,
        explanation,
    }
}

/// The one place where a failure becomes an answer: processing is denied, a right is left pending.
///
/// A right is never lost because software broke, and never granted because it did (design: fail closed).
pub(crate) fn fail_closed(kind: OperationKind) -> Decision {
    match kind {
        OperationKind::Right => Decision::Pend,
        OperationKind::Processing | OperationKind::Load => Decision::Deny,
    }
}

/// The items of a right: what the product holds of the data that the request names, or all of it if it names none.
/// `None` where the data of the request stands as it is.
///
/// A group is asked about with everything below it, so that a hold on a part does not hide behind its name.
pub(crate) fn items(request: &Request, plugin: Option<&LoadedPlugin>) -> Option<Vec<Id<Category>>> {
    let plugin = plugin.filter(|_| request.kind == OperationKind::Right)?;
    let held = plugin.manifest.held_categories();
    if request.data.is_empty() {
        return Some(held.iter().collect());
    }
    let categories = &request.baseline.taxonomy().categories;
    let named = |item: &Id<Category>| request.data.iter().any(|data| categories.is_below(*item, *data));
    Some(held.iter().filter(named).collect())
}

/// The answer while it is being made; it only ever gets stricter.
struct Answer<'a> {
    baseline: &'a Baseline,
    kind: OperationKind,
    decision: Decision,
    deny_kind: Option<DenyKind>,
    reasons: Vec<Reason>,
    duties: Vec<Duty>,
    fuel_used: Option<u64>,
    judgement: Judgement,
}

/// Who gets data, as far as the manifest has a say.
enum Reach {
    /// Nobody, or somebody whom the activity names.
    Named,
    /// Somebody else.
    Others,
    /// Nobody knows who.
    Unknown,
}

impl<'a> Answer<'a> {
    fn new(baseline: &'a Baseline, request: &Request, judgement: Judgement) -> Self {
        let deny_kind = match (judgement.decision, judgement.forbidden) {
            (Decision::Deny, Some(_)) => Some(DenyKind::Forbidden),
            (Decision::Deny, None) => Some(DenyKind::NotPermitted),
            _ => None,
        };
        let layer = Layer::Baseline;
        let reason = |it: &Finding| Reason::Rule {
            layer,
            rule: it.rule,
            kind: it.kind,
            certainty: it.certainty,
        };
        Self {
            baseline,
            kind: request.kind,
            decision: judgement.decision,
            deny_kind,
            reasons: judgement.deciding.iter().map(reason).collect(),
            duties: judgement
                .obligations
                .iter()
                .map(|(rule, due)| Duty::Baseline(*rule, *due))
                .collect(),
            fuel_used: None,
            judgement,
        }
    }

    fn permitted(&self) -> bool {
        self.decision == Decision::Permit
    }

    /// Cites the engine rule that stands for what a layer does.
    fn cite(&mut self, layer: Layer, rule: Option<Id<Rule>>) {
        let (kind, certainty) = (RuleKind::Engine, Certainty::Known);
        self.reasons.extend(rule.map(|rule| Reason::Rule {
            layer,
            rule,
            kind,
            certainty,
        }));
    }

    /// Turns a permit into a deny; a deny keeps its own kind.
    fn deny(&mut self, kind: DenyKind) {
        if self.permitted() {
            self.reasons.clear();
            self.duties.clear();
            self.decision = Decision::Deny;
            self.deny_kind = Some(kind);
        }
    }

    fn fail(&mut self, kind: DenyKind) {
        if self.permitted() {
            self.reasons.clear();
            self.duties.clear();
        }
        self.decision = self.decision.max(fail_closed(self.kind));
        // That nobody could be asked is the root cause, whatever else stands against it.
        if self.judgement.forbidden != Some(Certainty::Known) || self.kind == OperationKind::Right {
            self.deny_kind = Some(kind);
        }
        self.cite(Layer::Plugin, self.baseline.citations().unknown_product);
    }

    /// The manifest does not cover the request, or covers it more than once.
    fn undeclared(&mut self, missing: Option<Id<Fact>>) {
        missing
            .into_iter()
            .for_each(|fact| self.judgement.missing.insert(fact));
        self.deny(DenyKind::NotDeclared);
        // Without an activity the manifest's facts are unknown, so gates that read them fire; what is known to be
        // forbidden is worth more to the caller than that, and that the manifest is silent is worth more than the gates.
        if self.judgement.forbidden != Some(Certainty::Known) {
            self.deny_kind = Some(DenyKind::NotDeclared);
        }
        self.cite(Layer::Declaration, self.baseline.citations().conjunction);
    }

    /// Asks the plugin's code, if everything else permits: once for the stated purpose, and once for each purpose that
    /// classification added.
    fn ask_plugin(
        &mut self,
        plugin: &LoadedPlugin,
        request: &Request,
        feature: Option<&str>,
        facts: &Facts<'_>,
        facts_for: &dyn Fn(Id<Purpose>) -> Facts<'a>,
    ) {
        let added = self.judgement.added_purposes.clone();
        for purpose in std::iter::once(request.purpose).chain(added) {
            if !self.permitted() {
                return;
            }
            match plugin.declared(request, purpose, feature) {
                Declared::By(activity) => {
                    let own: Facts<'_>;
                    let facts = if purpose == request.purpose {
                        facts
                    } else {
                        own = facts_for(purpose);
                        &own
                    };
                    match self.reach(activity, request, facts) {
                        Reach::Named => self.ask(plugin, activity, request, facts),
                        Reach::Others => self.undeclared(None),
                        Reach::Unknown => self.undeclared(self.baseline.engine_facts().recipient_class),
                    }
                }
                Declared::Ambiguous => self.undeclared(self.baseline.engine_facts().feature),
                Declared::No => self.undeclared(None),
            }
        }
        if self.permitted() {
            self.cite(Layer::Plugin, self.baseline.citations().conjunction);
        }
    }

    /// Who gets data by this request, seen from the activity that covers the rest of it (§4-7).
    fn reach(&self, activity: &Activity, request: &Request, facts: &Facts<'_>) -> Reach {
        let taxonomy = self.baseline.taxonomy();
        let operation = taxonomy.operations.get(request.operation);
        let hands = |axis| operation.is_some_and(|it| it.axes.iter().any(|other| other == axis));
        if !hands(Axis::Recipient) && !hands(Axis::Place) {
            return Reach::Named;
        }
        let class = self.baseline.engine_facts().recipient_class;
        match class.and_then(|fact| facts.supplied(fact)) {
            Some(FactValue::Text(class)) => match taxonomy.recipients.find(class) {
                Some(recipient) if activity.names_recipient(taxonomy, recipient) => Reach::Named,
                _ => Reach::Others,
            },
            _ => Reach::Unknown,
        }
    }

    fn ask(&mut self, plugin: &LoadedPlugin, activity: &Activity, request: &Request, facts: &Facts<'_>) {
        let known = |fact: Id<Fact>| {
            let mut data = request.data.iter();
            facts.supplied(fact).is_some() && data.all(|it| facts.supplied_for(fact, *it).is_some())
        };
        let missing = activity.reads.iter().filter(|fact| !known(**fact));
        let missing: Vec<Id<Fact>> = missing.copied().collect();
        if !missing.is_empty() {
            missing
                .into_iter()
                .for_each(|fact| self.judgement.missing.insert(fact));
            self.deny(DenyKind::NotPermitted);
            self.cite(Layer::Declaration, self.baseline.citations().conjunction);
            return;
        }
        match call(self.baseline, plugin, activity, request, facts) {
            Ok((verdict, stats)) => {
                self.fuel_used = Some(self.fuel_used.unwrap_or(0) + stats.fuel_used);
                self.heed(plugin, &verdict);
            }
            Err(CallFailure::Overloaded { .. }) => self.fail(DenyKind::Overloaded),
            Err(failure) => self.fail(DenyKind::PluginFailed(PluginFailure::Call(failure))),
        }
    }

    /// Heeds the plugin's vote. An id that its manifest does not declare makes it worthless.
    fn heed(&mut self, plugin: &LoadedPlugin, verdict: &Verdict) {
        match verdict {
            Verdict::Deny(reason) => match plugin.manifest.reasons.iter().position(|it| it.id == *reason) {
                Some(at) => {
                    self.deny(DenyKind::PluginDenied);
                    self.reasons.push(Reason::Plugin(at));
                }
                None => self.fail(DenyKind::PluginFailed(PluginFailure::UndeclaredReason)),
            },
            Verdict::Permit(obligations) => {
                for id in obligations {
                    match plugin.manifest.obligations.iter().position(|it| it.id == *id) {
                        Some(at) => self.duties.push(Duty::Plugin(at)),
                        None => {
                            return self.fail(DenyKind::PluginFailed(PluginFailure::UndeclaredObligation));
                        }
                    }
                }
            }
        }
    }

    /// A permit with a before-duty that the service cannot discharge is a deny.
    fn check_duties(&mut self, plugin: &LoadedPlugin, discharges: Option<&[String]>) {
        let Some(discharges) = discharges else { return };
        let able = |id: &str| discharges.iter().any(|it| it == id);
        let obligations = &self.baseline.taxonomy().obligations;
        let undischargeable = |duty: &&Duty| match duty {
            Duty::Baseline(_, due) => due.timing == Timing::Before && !able(obligations.name(due.obligation)),
            Duty::Plugin(at) => {
                let before = plugin
                    .manifest
                    .obligations
                    .get(*at)
                    .is_none_or(|it| it.timing == Timing::Before);
                before && !plugin.obligation_ids.get(*at).is_some_and(|id| able(id))
            }
        };
        if !self.permitted() || !self.duties.iter().any(|duty| undischargeable(&duty)) {
            return;
        }
        // The duties stay in the answer: they say what would make it a permit.
        let unmet: Vec<Duty> = self
            .duties
            .iter()
            .copied()
            .filter(|duty| undischargeable(&duty))
            .collect();
        self.deny(DenyKind::DutyNotDischargeable);
        for duty in &unmet {
            if let Duty::Baseline(rule, _) = duty {
                let (layer, kind, certainty) = (Layer::Baseline, RuleKind::Oblige, Certainty::Known);
                self.reasons.push(Reason::Rule {
                    layer,
                    rule: *rule,
                    kind,
                    certainty,
                });
            }
        }
        self.duties = unmet;
    }
}

/// Calls the plugin's code in a fresh instance with what its manifest declares, and nothing else.
fn call(
    baseline: &Baseline,
    plugin: &LoadedPlugin,
    activity: &Activity,
    request: &Request,
    facts: &Facts<'_>,
) -> Result<(Verdict, sandbox::CallStats), CallFailure> {
    let taxonomy = baseline.taxonomy();
    // Each requested category with the entry of the manifest that covers it: the plugin knows no other name for it.
    let declared: Vec<(&str, Id<Category>)> = request
        .data
        .iter()
        .filter_map(|category| {
            let entry = activity.declared_entry(*category)?;
            Some((taxonomy.categories.name(entry), *category))
        })
        .collect();
    let mut data: Vec<&str> = declared.iter().map(|(entry, _)| *entry).collect();
    data.sort_unstable();
    data.dedup();
    let mut wire: Vec<WireFact<'_>> = activity
        .reads
        .iter()
        .chain(&activity.optional_reads)
        .filter_map(|fact| {
            let value = facts.supplied(*fact)?;
            let name = taxonomy.facts.name(*fact);
            Some(WireFact::new(name, *fact, value, facts, &declared))
        })
        .collect();
    wire.sort_unstable_by_key(|fact| fact.name);
    let texts: Vec<Vec<&str>> = wire.iter().map(WireFact::texts).collect();
    let facts: Vec<sandbox::CallFact<'_>> = wire
        .iter()
        .zip(&texts)
        .map(|(fact, texts)| fact.wire(texts))
        .collect();
    plugin.code.sandbox.call(&CallRequest {
        operation: taxonomy.operations.name(request.operation),
        purpose: taxonomy.purposes.name(activity.purpose),
        data: &data,
        facts: &facts,
    })
}

/// A fact on its way into the sandbox.
struct WireFact<'f> {
    name: &'f str,
    value: &'f FactValue,
    /// The text of a value that has to be written anew: an instant, or one value per category.
    written: Vec<String>,
}

impl<'f> WireFact<'f> {
    fn new(
        name: &'f str,
        fact: Id<Fact>,
        value: &'f FactValue,
        facts: &Facts<'_>,
        declared: &[(&str, Id<Category>)],
    ) -> Self {
        let written = match value {
            FactValue::Time(instant) => vec![instant.to_string()],
            FactValue::PerCategory(_) => {
                let line = |(entry, category): &(&str, Id<Category>)| {
                    Some(format!("{entry}={}", facts.supplied_for(fact, *category)?))
                };
                let mut lines: Vec<String> = declared.iter().filter_map(line).collect();
                lines.sort_unstable();
                lines.dedup();
                lines
            }
            _ => Vec::new(),
        };
        Self { name, value, written }
    }

    fn texts(&self) -> Vec<&str> {
        match self.value {
            FactValue::PerCategory(_) => self.written.iter().map(String::as_str).collect(),
            value => value.words().iter().map(|word| &**word).collect(),
        }
    }

    fn wire<'w>(&'w self, texts: &'w [&'w str]) -> sandbox::CallFact<'w> {
        let value = match self.value {
            FactValue::Flag(flag) => sandbox::FactValue::Flag(*flag),
            FactValue::Text(text) => sandbox::FactValue::Text(text),
            FactValue::Integer(number) => sandbox::FactValue::Integer(*number),
            FactValue::Days(length) => sandbox::FactValue::Integer(length.as_secs()),
            FactValue::Time(_) => sandbox::FactValue::Text(self.written.first().map_or("", String::as_str)),
            FactValue::Texts(_)
            | FactValue::Categories(..)
            | FactValue::Consents(..)
            | FactValue::PerCategory(_) => sandbox::FactValue::Texts(texts),
        };
        sandbox::CallFact {
            name: self.name,
            value,
        }
    }
}

/// The activity that the request names, if it names one.
pub(crate) fn feature<'a>(request: &'a Request, assumed: &'a [(Id<Fact>, FactValue)]) -> Option<&'a str> {
    let feature = request.baseline.engine_facts().feature?;
    let mut stated = assumed.iter().chain(&request.facts);
    match stated.find(|(fact, _)| *fact == feature) {
        Some((_, FactValue::Text(feature))) => Some(feature),
        _ => None,
    }
}
