//! What an answer has to say beside its decision: advice, and which data to leave out before asking again.

use crate::baseline::Baseline;
use crate::condition::Context;
use crate::decision::{Decision, Kleene};
use crate::facts::Facts;
use crate::judge::{Certainty, Judgement, Query, Receiver};
use crate::rules::{Clause, Rule};
use crate::table::Id;
use crate::taxonomy::Category;

impl Baseline {
    /// The data of the request that a rule with `surplus` is known to refuse: without it, the request may be asked
    /// again. What classification added is left out, because nobody asked for it.
    #[must_use]
    pub fn surplus(&self, judgement: &Judgement) -> Vec<Id<Category>> {
        let refuses = |rule: &Id<Rule>| {
            let known = |rule| {
                let mut deciding = judgement.deciding.iter();
                deciding.any(|it| it.rule == rule && it.certainty == Certainty::Known)
            };
            self.rules().get(*rule).is_some_and(|it| it.surplus) && known(*rule)
        };
        let asked = judgement.categories.iter().filter(|it| it.added_by.is_none());
        asked
            .filter(|it| it.rules.iter().any(refuses))
            .map(|it| it.category)
            .collect()
    }

    /// The advice that goes with this decision about a request: every rule of kind `advice` that says so, in the order
    /// of the rules, if the facts are known to be those it speaks of.
    #[must_use]
    pub fn advice<'f>(&'f self, query: &Query<'_>, facts: &Facts<'f>, decision: Decision) -> Vec<Id<Rule>> {
        let taxonomy = self.taxonomy();
        let recipient = self.recipient(query.operation, facts);
        let about = |clause: &&Clause| {
            let rule = self.rules().get(clause.rule);
            let reached = match (&clause.recipients, recipient) {
                (None, _) | (_, Receiver::None) => true,
                (Some(_), Receiver::Unknown) => false,
                (Some(set), Receiver::Known(recipient)) => set.contains(recipient),
            };
            reached
                && rule.is_some_and(|rule| rule.accompanies.contains(&decision))
                && clause.operations.contains(query.operation)
                && clause.products.contains(query.product)
                && taxonomy.purposes.overlaps(query.purpose, &clause.purposes)
        };
        let clauses: Vec<&Clause> = self.advice_clauses().iter().filter(about).collect();
        if clauses.is_empty() {
            return Vec::new();
        }
        let mut facts = facts.clone();
        self.add_computed(query, query.purpose, &mut facts);
        let speaks = |clause: &&Clause| {
            let holds = |category| {
                let context = Context {
                    facts: &facts,
                    product: query.product,
                    purpose: query.purpose,
                    recipient: match recipient {
                        Receiver::Known(recipient) => Some(recipient),
                        Receiver::None | Receiver::Unknown => None,
                    },
                    data: query.data,
                    category,
                    labels: &[],
                    open: true,
                };
                let condition = clause.if_known.as_ref();
                condition.is_none_or(|condition| condition.evaluate(&context) == Kleene::True)
            };
            let mut data = query.data.iter();
            (query.data.is_empty() && !clause.names_data && holds(None))
                || data.any(|it| taxonomy.categories.overlaps(*it, &clause.data) && holds(Some(*it)))
        };
        clauses
            .into_iter()
            .filter(speaks)
            .map(|clause| clause.rule)
            .collect()
    }
}
