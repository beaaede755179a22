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

/// The duties of a rule that one of its clauses brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duties {
    /// Those without a condition of their own.
    Common,
    /// The one in this place, which has a condition of its own.
    Only(usize),
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
    /// Which duties of its rule come with it.
    pub(crate) duties: Duties,
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

/// The conditions of a clause that decide whether it fires, as they were written or with something folded in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'p> {
    pub(crate) when: Option<&'p Condition>,
    pub(crate) if_known: Option<&'p Condition>,
    pub(crate) unless: Option<&'p Condition>,
}

impl Parts<'_> {
    /// Whether a clause with these conditions fires; for a permit, whether it covers. `admitted` says whether a permit
    /// may cover the category, and whether the others may let it through.
    ///
    /// Everything is looked at without the values taken for missing facts first, in the `open` context: what is settled
    /// then stays so with them, and only what is not has to be looked at twice.
    pub(crate) fn judge(
        &self,
        role: Role,
        admitted: bool,
        open: &Context<'_, '_>,
        missing: &mut Set<Fact>,
    ) -> Kleene {
        let look = |part: Option<&Condition>| part.map_or(Kleene::True, |it| it.evaluate(open));
        let mut settle = |part: Option<&Condition>, value: Kleene| match part {
            Some(condition) if value == Kleene::Unknown => {
                condition.collect_missing(open, missing);
                condition.evaluate(&Context { open: false, ..*open })
            }
            _ => value,
        };
        if role == Role::Permit && !admitted {
            return Kleene::False;
        }
        let when = look(self.when);
        if when == Kleene::False {
            return Kleene::False;
        }
        let if_known = look(self.if_known);
        if if_known == Kleene::False {
            return Kleene::False;
        }
        if role == Role::Permit {
            return settle(self.when, when).and(settle(self.if_known, if_known));
        }
        let unless = match self.unless {
            Some(_) if admitted => look(self.unless),
            _ => Kleene::False,
        };
        if unless == Kleene::True {
            return Kleene::False;
        }
        let when = settle(self.when, when);
        let known = settle(self.if_known, if_known) == Kleene::True;
        let spared = settle(self.unless, unless);
        if known { when.and(!spared) } else { Kleene::False }
    }
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

    /// Whether the clause fires for the category of the context; for a permit, whether it covers it. A restricting
    /// clause fires unless it is known not to. Adds the missing facts that leave the outcome open, if what is known
    /// does not settle it already.
    pub(crate) fn judge(&self, context: &Context<'_, '_>, missing: &mut Set<Fact>) -> Kleene {
        let admitted = match self.role {
            Role::Permit => self.covers_category(context),
            _ => self.unless.is_some() && self.admits_category(context),
        };
        let parts = Parts {
            when: self.when.as_ref(),
            if_known: self.if_known.as_ref(),
            unless: self.unless.as_ref(),
        };
        let open = Context {
            open: true,
            ..*context
        };
        parts.judge(self.role, admitted, &open, missing)
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

    /// Whether a permit may cover the category of the context.
    fn covers_category(&self, context: &Context<'_, '_>) -> bool {
        let admitted = context
            .category
            .is_none_or(|category| self.admits.contains(category));
        admitted && self.counts(context)
    }

    /// Whether the data of the request names as few categories as the clause lets it.
    pub(crate) fn counts(&self, context: &Context<'_, '_>) -> bool {
        let set = self.at_most_one.as_ref();
        set.is_none_or(|set| at_most_one(context.facts.taxonomy(), context.data, set))
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
