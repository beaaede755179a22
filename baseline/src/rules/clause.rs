//! The compiled form of a rule.

use crate::condition::{Condition, Context, Read, at_most_one};
use crate::decision::Kleene;
use crate::fact::{Fact, FactValue};
use crate::facts::Facts;
use crate::rules::Rule;
use crate::table::{Entry, Id, Set};
use crate::taxonomy::{Axes, Category, Operation, Product, Purpose, Recipient};

/// What a clause does when it fires. A permit that closes its scope makes two clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Grants axes for what lies inside its scope and is covered.
    Permit,
    /// Denies what overlaps its scope.
    Deny,
    /// Denies what overlaps its scope unless its gate is known to hold.
    Require,
    /// Adds duties.
    Oblige,
    /// Changes labels before the others run.
    Classify,
    /// Sends a right to a human.
    Pend,
}

/// One compiled part of a rule.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) id: String,
    pub(crate) rule: Id<Rule>,
    pub(crate) role: Role,
    /// The scope: where it is looked at at all.
    pub(crate) operations: Set<Operation>,
    pub(crate) purposes: Set<Purpose>,
    pub(crate) products: Set<Product>,
    pub(crate) recipients: Option<Set<Recipient>>,
    pub(crate) data: Set<Category>,
    /// Whether the rule names its data: such a clause says nothing about a request without data.
    pub(crate) names_data: bool,
    /// The categories that a permit covers, or that a closed scope lets through.
    pub(crate) admits: Set<Category>,
    pub(crate) at_most_one: Option<Set<Category>>,
    /// Fires only if this is not known to be false; a permit covers only if it is known to be true.
    pub(crate) when: Option<Condition>,
    /// Fires or covers only if this is known to be true: for classifications that favour the processing, and for the
    /// condition that narrows the scope of a permit.
    pub(crate) if_known: Option<Condition>,
    /// Does not fire if this is known to be true (and the category is admitted).
    pub(crate) unless: Option<Condition>,
    /// Rights: refused only if this is known to be true; otherwise a human decides.
    pub(crate) refuse_when: Option<Condition>,
    pub(crate) grants: Axes,
    pub(crate) effects: Effects,
    /// Whether the outcome can differ by data category.
    pub(crate) judges_each: bool,
}

/// What a classification adds to a request.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Categories that are judged like those of the request.
    pub(crate) data: Vec<Id<Category>>,
    /// Facts whose categories are judged like those of the request.
    pub(crate) data_from: Vec<Id<Fact>>,
    /// Categories that bans and gates see, and that need no grant.
    pub(crate) labels: Vec<Id<Category>>,
    /// Purposes that must be permitted as well.
    pub(crate) purposes: Vec<Id<Purpose>>,
    /// Facts that the other rules see with this value.
    pub(crate) facts: Vec<(Id<Fact>, FactValue)>,
}

impl Entry for Clause {
    const WHAT: &'static str = "clause";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Clause {
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        [&self.when, &self.if_known, &self.unless, &self.refuse_when]
            .into_iter()
            .flatten()
    }

    /// Notes whether the outcome can differ by data category, once everything else is in place.
    pub(crate) fn settle(mut self) -> Self {
        let narrows = !self.data.is_subset(&self.admits);
        self.judges_each = narrows || self.conditions().any(|condition| condition.per_category);
        self
    }

    /// Whether a restricting clause fires for the category of the context: unless it is known not to.
    pub(crate) fn fires(&self, context: &Context<'_, '_>) -> Kleene {
        let when = self.when.as_ref().map_or(Kleene::True, |it| it.evaluate(context));
        if when == Kleene::False {
            return when;
        }
        if self
            .if_known
            .as_ref()
            .is_some_and(|it| it.evaluate(context) != Kleene::True)
        {
            return Kleene::False;
        }
        when.and(!self.spared(context))
    }

    /// Whether a restricting clause lets the category of the context through.
    fn spared(&self, context: &Context<'_, '_>) -> Kleene {
        match &self.unless {
            Some(_) if !self.admits_category(context) => Kleene::False,
            Some(unless) => unless.evaluate(context),
            None => Kleene::False,
        }
    }

    /// Whether a restricting clause may let the category of the context through.
    fn admits_category(&self, context: &Context<'_, '_>) -> bool {
        let admitted = context
            .category
            .is_none_or(|category| self.admits.contains(category) || self.admits_labels(category, context));
        admitted && self.counts(context)
    }

    /// Whether only labels bring the category under this clause, and it admits all of those.
    fn admits_labels(&self, category: Id<Category>, context: &Context<'_, '_>) -> bool {
        let by_label_only = !context.facts.taxonomy().categories.overlaps(category, &self.data);
        let mut labels = context.labels.iter().filter(|label| self.data.contains(**label));
        by_label_only && labels.all(|label| self.admits.contains(*label))
    }

    /// Whether a permit covers the category of the context.
    pub(crate) fn covers(&self, context: &Context<'_, '_>) -> Kleene {
        let admitted = context
            .category
            .is_none_or(|category| self.admits.contains(category));
        if !admitted || !self.counts(context) {
            return Kleene::False;
        }
        let holds = |it: &Option<Condition>| it.as_ref().map_or(Kleene::True, |it| it.evaluate(context));
        holds(&self.if_known).and(holds(&self.when))
    }

    fn counts(&self, context: &Context<'_, '_>) -> bool {
        let set = self.at_most_one.as_ref();
        set.is_none_or(|set| at_most_one(context.facts.taxonomy(), context.data, set))
    }

    /// Adds the missing facts that leave this clause open; none if what is known settles it already.
    pub(crate) fn missing(&self, context: &Context<'_, '_>, found: &mut Set<Fact>) {
        let incomplete = context.facts.incomplete();
        if !self.conditions().any(|it| it.reads.intersects(incomplete)) {
            return;
        }
        let open = Context {
            open: true,
            ..*context
        };
        let settled = match self.role {
            Role::Permit => self.covers(&open) == Kleene::False,
            _ => {
                let not = |it: &Option<Condition>| {
                    it.as_ref().is_some_and(|it| it.evaluate(&open) == Kleene::False)
                };
                not(&self.when) || not(&self.if_known) || self.spared(&open) == Kleene::True
            }
        };
        if settled {
            return;
        }
        // Where the category is not admitted, no fact can spare it.
        let spares = self.role == Role::Permit || self.admits_category(&open);
        let unless = self.unless.as_ref().filter(|_| spares);
        for condition in [&self.when, &self.if_known].into_iter().flatten().chain(unless) {
            condition.missing(context, found);
        }
    }

    /// Calls `each` for every fact that this clause reads with these facts.
    pub(crate) fn each_read(&self, facts: &Facts<'_>, each: &mut dyn FnMut(&Read)) {
        self.conditions()
            .for_each(|condition| condition.each_read(facts, each));
    }

    /// Adds every fact that this clause reads.
    pub(crate) fn reads(&self, found: &mut Set<Fact>) {
        for condition in self.conditions() {
            found.add(&condition.reads);
        }
    }
}
