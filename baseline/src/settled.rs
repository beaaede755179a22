//! What can be settled about a product's requests before any of them is made.

use crate::baseline::Baseline;
use crate::condition::Context;
use crate::decision::Kleene;
use crate::facts::Facts;
use crate::judge::Query;
use crate::rules::{Clause, Role};
use crate::table::{Id, Set};
use crate::taxonomy::{Category, Purpose};

/// For one activity and operation of a manifest: by declared category, the clauses that its facts leave open.
///
/// A manifest is known when the plugin is loaded, and much of the rule book is about nothing else: which legal basis,
/// which source, which kind of feature. What those facts settle needs no second look at each request. Taking it away
/// changes no answer, because a settled condition of Kleene's logic stays settled when more facts become known.
#[derive(Debug, Clone)]
pub struct Settled {
    purpose: Id<Purpose>,
    open: Vec<(Id<Category>, Set<Clause>)>,
}

impl Settled {
    /// The clauses left open for a category, if it is one that was looked at and the purpose is the declared one.
    pub(crate) fn open(&self, purpose: Id<Purpose>, category: Id<Category>) -> Option<&Set<Clause>> {
        if purpose != self.purpose {
            return None;
        }
        let (_, open) = self.open.iter().find(|(declared, _)| *declared == category)?;
        Some(open)
    }
}

impl Baseline {
    /// Settles what `facts` alone settle about requests like `query`, whatever else they will state.
    ///
    /// `facts` may hold only what no request, profile or classification can change afterwards: the manifest's facts.
    #[must_use]
    pub fn settle(&self, query: &Query<'_>, facts: &Facts<'_>) -> Settled {
        let mut facts = facts.clone();
        self.add_structural(query, &mut facts);
        // A fact that a classification may set is not known beforehand.
        let mut set = self
            .clauses()
            .iter()
            .flat_map(|(_, clause)| &clause.effects.facts);
        let reliable = !set.any(|(fact, _)| facts.supplied(*fact).is_some());
        let left_open = |category: &Id<Category>| {
            let mut open = self.index().about(*category).clone();
            for id in self.index().about(*category).iter() {
                let Some(clause) = self.clauses().get(id) else {
                    continue;
                };
                if reliable && self.may_be_dropped(clause) && self.is_silent(clause, query, *category, &facts)
                {
                    open.remove(id);
                }
            }
            (*category, open)
        };
        Settled {
            purpose: query.purpose,
            open: query.data.iter().map(left_open).collect(),
        }
    }

    /// Whether a clause that does not fire leaves no trace in an answer, and cannot come back to life.
    fn may_be_dropped(&self, clause: &Clause) -> bool {
        let owes_nothing = || {
            self.rules()
                .get(clause.rule)
                .is_some_and(|rule| rule.obligations.is_empty())
        };
        clause.only_settles() && (clause.role != Role::Require || owes_nothing())
    }

    fn is_silent(
        &self,
        clause: &Clause,
        query: &Query<'_>,
        category: Id<Category>,
        facts: &Facts<'_>,
    ) -> bool {
        let context = Context {
            facts,
            product: query.product,
            purpose: query.purpose,
            recipient: None,
            data: &[category],
            category: Some(category),
            labels: &[],
            open: true,
        };
        let mut missing = Set::like(facts.missing());
        // What is silent only for want of a fact is not settled.
        clause.judge(&context, &mut missing) == Kleene::False && missing.is_empty()
    }
}
