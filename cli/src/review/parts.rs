//! What a rule does, part by part: a permit that closes its scope grants and forbids.

use licit_baseline::{
    Axes, Axis as Grant, Baseline, ConditionKey, Id, Kleene, OperationKind, Rule, RuleKind, Set, Table,
};

use super::logic::{Assignment, Domain, Formula, Space};

/// What a part of a rule does where it fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// Grants axes.
    Grants,
    /// Denies; as a gate, unless it is known to hold.
    Forbids,
    /// Adds duties.
    Owes,
    /// Changes what the other rules see.
    Classifies,
    /// Leaves a right to a human.
    Pends,
}

/// One part of a rule of one version of the policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'b> {
    pub(crate) side: usize,
    pub(crate) baseline: &'b Baseline,
    pub(crate) rule: &'b Rule,
    pub(crate) does: Does,
}

/// When a part fires, or for a grant covers.
#[derive(Debug)]
pub(crate) struct Fires {
    grants: bool,
    when: Option<Formula>,
    known: Option<Formula>,
    unless: Option<Formula>,
}

impl Fires {
    pub(crate) fn here(&self, at: &Assignment<'_>) -> bool {
        let value = |part: &Option<Formula>, absent: Kleene| part.as_ref().map_or(absent, |it| at.value(it));
        let (when, known) = (value(&self.when, Kleene::True), value(&self.known, Kleene::True));
        if self.grants {
            return when == Kleene::True && known == Kleene::True;
        }
        when != Kleene::False && known == Kleene::True && value(&self.unless, Kleene::False) != Kleene::True
    }
}

impl<'b> Part<'b> {
    /// The parts of all rules that are run.
    pub(crate) fn all(side: usize, baseline: &'b Baseline) -> Vec<Self> {
        baseline
            .rules()
            .iter()
            .flat_map(|(_, rule)| Self::of(side, baseline, rule))
            .collect()
    }

    /// The parts of one rule; none if it is only cited.
    pub(crate) fn of(side: usize, baseline: &'b Baseline, rule: &'b Rule) -> Vec<Self> {
        let part = |does| Self {
            side,
            baseline,
            rule,
            does,
        };
        let does = match rule.kind {
            RuleKind::Permit => Does::Grants,
            RuleKind::Deny | RuleKind::Require => Does::Forbids,
            RuleKind::Oblige => Does::Owes,
            RuleKind::Classify => Does::Classifies,
            RuleKind::Pend => Does::Pends,
            RuleKind::Register | RuleKind::Advice | RuleKind::Engine => return Vec::new(),
        };
        let mut parts = vec![part(does)];
        if !rule.written.scope.else_deny.is_empty() {
            parts.push(part(Does::Forbids));
        }
        parts
    }

    /// Whether this is the ban that a closed set brings along.
    pub(crate) fn is_closure(&self) -> bool {
        self.rule.kind == RuleKind::Permit && self.does == Does::Forbids
    }

    /// Whether the condition of another rule asks what this one would cover, whatever the operation.
    pub(crate) fn is_asked_about(&self) -> bool {
        let asks = format!("rule(\"{}\")", self.rule.id);
        let conditions = self
            .baseline
            .rules()
            .iter()
            .flat_map(|(_, rule)| &rule.written.conditions);
        conditions.map(|it| &it.text).any(|text| text.contains(&asks))
    }

    /// The operations on which it counts. The purpose grant of one operation may count for another.
    pub(crate) fn operations(&self) -> Set<licit_baseline::Operation> {
        let scope = &self.rule.written.scope;
        if self.is_closure() {
            return scope.else_deny.clone();
        }
        let mut operations = scope.operations.clone();
        let grants_purpose = !self.rule.written.grants.both(Axes::of(Grant::Purpose)).is_empty();
        if self.does == Does::Grants && grants_purpose {
            let table = &self.baseline.taxonomy().operations;
            for (id, operation) in table.iter() {
                let like = operation.purpose_as.as_deref().and_then(|id| table.find(id));
                if like.is_some_and(|like| scope.operations.contains(like)) {
                    operations.insert(id);
                }
            }
        }
        operations
    }

    /// Where it may count: a grant for what lies inside, anything else for what it touches, or for what a label can
    /// bring under it. Roots are no requests.
    pub(crate) fn domain(&self, space: &Space<'_>) -> Domain {
        self.reach(space, self.does != Does::Grants && self.is_about_a_label())
    }

    /// Where it counts in any case, whatever the labels.
    pub(crate) fn sure_domain(&self, space: &Space<'_>) -> Domain {
        self.reach(space, false)
    }

    fn reach(&self, space: &Space<'_>, everything: bool) -> Domain {
        let (scope, taxonomy) = (&self.rule.written.scope, self.baseline.taxonomy());
        let grants = self.does == Does::Grants;
        let operations = self.operations();
        let purposes = touched(&taxonomy.purposes, &scope.purposes, grants, |id| {
            !taxonomy.is_root_purpose(id)
        });
        let data = if grants { &scope.admits } else { &scope.data };
        let is_request = |id| !taxonomy.is_root_category(id);
        let mut categories = touched(&taxonomy.categories, data, grants, is_request);
        if everything {
            categories = touched(
                &taxonomy.categories,
                &taxonomy.categories.full_set(),
                false,
                is_request,
            );
        }
        let kind_of = |id| taxonomy.operations.get(id).map(|it| it.kind);
        let processes_only = operations
            .iter()
            .all(|id| kind_of(id) == Some(OperationKind::Processing));
        Domain {
            operations: positions(&space.operations.bits(&taxonomy.operations, &operations)),
            purposes: positions(&space.purposes.bits(&taxonomy.purposes, &purposes)),
            products: positions(&space.products.bits(&taxonomy.products, &scope.products)),
            categories: positions(&space.categories.bits(&taxonomy.categories, &categories)),
            without_data: !processes_only && self.rule.written.words("data").is_empty(),
        }
    }

    fn is_about_a_label(&self) -> bool {
        let categories = &self.baseline.taxonomy().categories;
        let mut labels = self
            .baseline
            .rules()
            .iter()
            .flat_map(|(_, rule)| rule.written.words("adds-label"));
        labels.any(|label| {
            categories
                .find(label)
                .is_some_and(|id| self.rule.written.scope.data.contains(id))
        })
    }

    /// When it fires within its scope.
    pub(crate) fn fires(&self, space: &mut Space<'_>) -> Fires {
        let (side, rule) = (self.side, self.rule);
        let mut condition = |key, opens| space.condition(side, rule, key, opens);
        if self.is_closure() {
            let when = condition(ConditionKey::Within, false);
            let covered = condition(ConditionKey::When, true).unwrap_or(Formula::Constant(true));
            let admits = space.categories_in(self.baseline, &rule.written.scope.admits);
            let counted = space.at_most_one(rule);
            let unless = Formula::All(
                [Some(covered), Some(admits), counted]
                    .into_iter()
                    .flatten()
                    .collect(),
            );
            return Fires {
                grants: false,
                when,
                known: None,
                unless: Some(unless),
            };
        }
        let grants = self.does == Does::Grants;
        let when = condition(ConditionKey::When, grants);
        let known = if grants {
            condition(ConditionKey::Within, true)
        } else {
            condition(ConditionKey::IfKnown, true)
        };
        let unless = if rule.kind == RuleKind::Require {
            condition(ConditionKey::Must, true)
        } else {
            condition(ConditionKey::Unless, true)
        };
        let counted = if grants { space.at_most_one(rule) } else { None };
        let when = match (when, counted) {
            (Some(when), Some(counted)) => Some(Formula::All(vec![when, counted])),
            (when, counted) => when.or(counted),
        };
        Fires {
            grants,
            when,
            known,
            unless,
        }
    }
}

/// The entries for which a scope counts.
fn touched<T: licit_baseline::Entry>(
    table: &Table<T>,
    scope: &Set<T>,
    inside: bool,
    is_request: impl Fn(Id<T>) -> bool,
) -> Set<T> {
    let mut set = table.empty_set();
    for (id, _) in table.iter().filter(|(id, _)| is_request(*id)) {
        if if inside {
            table.lies_in(id, scope)
        } else {
            table.overlaps(id, scope)
        } {
            set.insert(id);
        }
    }
    set
}

pub(crate) fn positions(bits: &[bool]) -> Vec<usize> {
    bits.iter()
        .enumerate()
        .filter(|(_, bit)| **bit)
        .map(|(at, _)| at)
        .collect()
}
