//! What can be settled about a product's requests before any of them is made.

use smallvec::SmallVec;

use crate::baseline::Baseline;
use crate::condition::{Condition, Context, Folded, Tests};
use crate::decision::Kleene;
use crate::fact::Fact;
use crate::facts::Facts;
use crate::judge::Query;
use crate::rules::{Clause, Parts, Role};
use crate::table::{Id, Set};
use crate::taxonomy::{Axes, Axis, Category, Operation, Purpose};

/// For one activity and operation of a manifest: the clauses that can still matter, each with what the manifest
/// settles folded into its conditions.
///
/// A manifest is known when the plugin is loaded, and much of the rule book is about nothing else: which purpose, which
/// categories, which legal basis, which source, which kind of feature. What those settle needs no second look at each
/// request. Taking it away changes no answer, because a settled condition of Kleene's logic stays settled when more
/// facts become known.
#[derive(Debug)]
pub struct Settled {
    purpose: Id<Purpose>,
    about: Set<Category>,
    residuals: Vec<Residual>,
}

/// A clause, as far as it is still open for some categories.
#[derive(Debug)]
pub(crate) struct Residual {
    /// It is silent for every category if all tests of one of these groups have the value beside them. Most clauses are,
    /// most of the time, and this is the quickest way to see it.
    silent_if: SmallVec<[Tests; 2]>,
    pub(crate) clause: Id<Clause>,
    pub(crate) role: Role,
    /// The categories for which this is what is left of it.
    data: Set<Category>,
    /// Whether that is all that was settled for.
    everywhere: bool,
    /// What it grants of what the clause grants: a borrowed grant is one of purpose only.
    pub(crate) grants: Axes,
    /// Whether the clause covers these categories, or may let them through.
    admitted: bool,
    /// Whether that goes for requests with few enough categories only.
    counts: bool,
    /// Whether it is a gate that leaves duties where it holds.
    pub(crate) leaves_duties: bool,
    /// Whether the outcome differs by data category whatever the facts are.
    differs: bool,
    /// The facts that make it differ where their own value does.
    differs_with: Set<Fact>,
    when: Option<Condition>,
    if_known: Option<Condition>,
    unless: Option<Condition>,
}

impl Settled {
    /// What is left to look at, in the order of judging; nothing if this is not about the purpose and all of the data.
    pub(crate) fn residuals(&self, purpose: Id<Purpose>, data: &[Id<Category>]) -> Option<&[Residual]> {
        let covers = purpose == self.purpose && data.iter().all(|category| self.about.contains(*category));
        covers.then_some(&*self.residuals)
    }
}

impl Residual {
    /// What [`Clause::judge`] says about each of these categories, for a context that is `open`.
    pub(crate) fn judge(
        &self,
        baseline: &Baseline,
        open: &Context<'_, '_>,
        missing: &mut Set<Fact>,
    ) -> Kleene {
        let parts = Parts {
            when: self.when.as_ref(),
            if_known: self.if_known.as_ref(),
            unless: self.unless.as_ref(),
        };
        let counts = || {
            let clause = baseline.clauses().get(self.clause);
            clause.is_some_and(|clause| clause.counts(open))
        };
        let admitted = self.admitted && (!self.counts || counts());
        parts.judge(self.role, admitted, open, missing)
    }

    /// Whether the clause has nothing to say, as far as a few tests tell, in a context that is `open` and about no category.
    pub(crate) fn is_silent(&self, open: &Context<'_, '_>) -> bool {
        let mut groups = self.silent_if.iter();
        groups.any(|tests| tests.iter().all(|(value, test)| test.evaluate(open) == *value))
    }

    /// Notes the tests that tell by themselves that it is silent.
    fn find_silencers(&mut self) {
        let settled = |part: &Option<Condition>, value| part.as_ref()?.settled_by(value, &self.differs_with);
        let mut found: SmallVec<_> = settled(&self.when, Kleene::False).into_iter().collect();
        // A gate that holds leaves its duties, unless there is nothing to gate.
        if !self.leaves_duties {
            found.extend(settled(&self.if_known, Kleene::False));
            if self.admitted && !self.counts && self.role != Role::Permit {
                found.extend(settled(&self.unless, Kleene::True));
            }
        }
        self.silent_if = found;
    }

    /// Whether the clause is asked at all: not where its `when` is known not to hold.
    pub(crate) fn asks(&self, context: &Context<'_, '_>) -> bool {
        self.when
            .as_ref()
            .is_none_or(|when| when.evaluate(context) != Kleene::False)
    }

    /// Whether each category has to be judged for itself, where these facts differ by category.
    pub(crate) fn judges_each(&self, by_category: Option<&Set<Fact>>) -> bool {
        self.differs || by_category.is_some_and(|facts| self.differs_with.intersects(facts))
    }

    /// Whether this is what is left for one of these categories, all of which were settled for.
    pub(crate) fn concerns_any(&self, categories: &Set<Category>) -> bool {
        self.everywhere || self.data.intersects(categories)
    }

    pub(crate) fn concerns(&self, category: Id<Category>) -> bool {
        self.everywhere || self.data.contains(category)
    }

    fn is_like(&self, other: &Self) -> bool {
        self.clause == other.clause
            && self.grants == other.grants
            && self.admitted == other.admitted
            && self.when == other.when
            && self.if_known == other.if_known
            && self.unless == other.unless
    }
}

/// The stages of judging, in their order: classification first, then what restricts, then what grants.
const STAGES: [Role; 6] = [
    Role::Classify,
    Role::Deny,
    Role::Require,
    Role::Pend,
    Role::Oblige,
    Role::Permit,
];

impl Baseline {
    /// Settles what `facts` alone settle about requests like `query` for its data and everything below, whatever else
    /// they will state.
    ///
    /// `facts` may hold only what no request and no profile can change afterwards: the manifest's facts. Where a
    /// classification changes a request, what was settled is not used.
    #[must_use]
    pub fn settle<'f>(&'f self, query: &Query<'_>, facts: &Facts<'f>) -> Settled {
        let mut facts = facts.clone();
        self.add_structural(query, &mut facts);
        let categories = &self.taxonomy().categories;
        let mut about = categories.empty_set();
        query
            .data
            .iter()
            .for_each(|category| categories.add_subtree(*category, &mut about));
        let mut residuals = Vec::new();
        for role in STAGES {
            self.settle_stage(
                query,
                query.operation,
                role,
                Axes::EVERY,
                &about,
                &facts,
                &mut residuals,
            );
        }
        if let Some(like) = self.taxonomy().purpose_as(query.operation) {
            let axes = Axes::of(Axis::Purpose);
            self.settle_stage(query, like, Role::Permit, axes, &about, &facts, &mut residuals);
        }
        for residual in &mut residuals {
            residual.everywhere = residual.data == about;
            residual.find_silencers();
        }
        Settled {
            purpose: query.purpose,
            about,
            residuals,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one place calls it, twice")]
    fn settle_stage(
        &self,
        query: &Query<'_>,
        operation: Id<Operation>,
        role: Role,
        axes: Axes,
        about: &Set<Category>,
        facts: &Facts<'_>,
        residuals: &mut Vec<Residual>,
    ) {
        let mut scope = self
            .index()
            .in_scope(operation, query.purpose, query.product, None);
        scope.keep(self.index().with_role(role));
        for (id, clause) in scope.iter().filter_map(|id| Some((id, self.clauses().get(id)?))) {
            let first = residuals.len();
            for category in about.iter().filter(|it| self.index().about(*it).contains(id)) {
                let Some(residual) = self.residual(id, clause, query, axes, category, facts) else {
                    continue;
                };
                let same = residuals.iter_mut().skip(first).find(|it| it.is_like(&residual));
                match same {
                    Some(same) => same.data.insert(category),
                    None => residuals.push(residual),
                }
            }
        }
    }

    /// What is left of a clause for one category; nothing if it leaves no trace in any answer.
    fn residual(
        &self,
        id: Id<Clause>,
        clause: &Clause,
        query: &Query<'_>,
        axes: Axes,
        category: Id<Category>,
        facts: &Facts<'_>,
    ) -> Option<Residual> {
        let known = Context {
            facts,
            product: query.product,
            purpose: query.purpose,
            recipient: None,
            data: &[category],
            category: Some(category),
            labels: &[],
            open: true,
        };
        let fold = |part: &Option<Condition>| part.as_ref().map(|condition| condition.fold(&known));
        let admitted = clause.admits.contains(category);
        if clause.role == Role::Permit && !admitted {
            return None;
        }
        // A part that always holds is left out, as one that was never written.
        let needed = |part: &Option<Condition>| match fold(part) {
            None | Some(Folded::Known(true)) => Some(None),
            Some(Folded::Known(false)) => None,
            Some(Folded::Open(condition)) => Some(Some(condition)),
        };
        let when = needed(&clause.when)?;
        let if_known = needed(&clause.if_known)?;
        let leaves_duties = clause.role == Role::Require
            && self
                .rules()
                .get(clause.rule)
                .is_some_and(|rule| !rule.obligations.is_empty());
        let unless = match fold(&clause.unless).filter(|_| admitted) {
            None | Some(Folded::Known(false)) => None,
            Some(Folded::Open(condition)) => Some(condition),
            // How many categories the request will name is not known, and a gate that holds leaves its duties.
            Some(Folded::Known(true)) if clause.at_most_one.is_some() || leaves_duties => {
                Some(Condition::always(Set::like(facts.missing())))
            }
            Some(Folded::Known(true)) => return None,
        };
        let mut data = self.taxonomy().categories.empty_set();
        data.insert(category);
        let mut residual = Residual {
            silent_if: SmallVec::new(),
            clause: id,
            role: clause.role,
            data,
            everywhere: false,
            grants: clause.grants.both(axes),
            admitted,
            counts: clause.at_most_one.is_some(),
            leaves_duties,
            differs: false,
            differs_with: Set::like(facts.missing()),
            when,
            if_known,
            unless,
        };
        for part in [&residual.when, &residual.if_known, &residual.unless]
            .into_iter()
            .flatten()
        {
            residual.differs |= part.differs_by_category(facts, &mut residual.differs_with);
        }
        Some(residual)
    }
}
