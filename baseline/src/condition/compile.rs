//! Expression tree to program: every id, fact name and type is checked here, once, at load.

use std::collections::HashMap;
use std::ops::Range;

use super::parse::{Comparison, Expression, ExpressionKind, Problem};
use super::program::{
    Condition, Group, Jurisdiction, LawRead, Operand, Read, Relation, Scope, Step, Sum, Test, Word, WordList,
};
use crate::diagnostic::nearest;
use crate::fact::{Fact, FactType, FactValue, Supplier, parse_duration, parse_instant};
use crate::rules::Rule;
use crate::table::{Entry, Id, Set, Table};
use crate::taxonomy::{Operation, Taxonomy};

/// On which side of subsumption a condition stands.
///
/// Where a condition that holds opens something, a category or purpose must lie inside (`in`); where it closes
/// something, touching is enough (`overlaps`). A negation swaps the sides. So a broad request can neither slip into a
/// grant nor slip under a ban.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polarity {
    /// Holding helps the processing: `when` of a permit, `unless` of a deny, `must` of a gate.
    Opens,
    /// Holding works against the processing: `when` of a deny.
    Closes,
}

impl Polarity {
    fn swapped(self) -> Self {
        match self {
            Self::Opens => Self::Closes,
            Self::Closes => Self::Opens,
        }
    }
}

/// What a condition may ask about another rule.
#[derive(Debug)]
pub(crate) struct RuleParts {
    pub(crate) id: Id<Rule>,
    pub(crate) jurisdiction: Jurisdiction,
    /// The operations for which it grants the purpose.
    pub(crate) purpose_for: Set<Operation>,
    pub(crate) scope: Scope,
    pub(crate) within: Option<Expression>,
    pub(crate) when: Option<Expression>,
}

/// Compiles conditions against one taxonomy.
#[derive(Debug)]
pub(crate) struct Compiler<'t> {
    pub(crate) taxonomy: &'t Taxonomy,
    /// The rules that `rule("id")` may name: permits, by id.
    pub(crate) rules: &'t HashMap<String, RuleParts>,
    /// Every fact that some control's condition reads.
    pub(crate) control_reads: Set<Fact>,
    /// Whether some control's condition can come out differently by data category.
    pub(crate) controls_per_category: bool,
}

/// The condition being compiled.
struct Draft<'c, 't> {
    compiler: &'c Compiler<'t>,
    /// The rule whose determinations law facts mean, and whose law that is.
    law: Option<(Id<Rule>, Jurisdiction)>,
    may_ask_given: bool,
    /// Whether the condition is part of a scope: then, as in the lists of a scope, `in` means inside for a grant and
    /// touching for a ban.
    scope: bool,
    steps: Vec<Step>,
    reads: Set<Fact>,
    per_category: bool,
    /// Rules being looked into, against cycles.
    inside: Vec<String>,
}

impl Compiler<'_> {
    /// Compiles a condition; `law` is the rule whose determinations it means, `scope` whether it narrows a scope.
    ///
    /// # Errors
    ///
    /// Gives the first problem and its place in the condition's text.
    pub(crate) fn compile(
        &self,
        expression: &Expression,
        polarity: Polarity,
        law: Option<(Id<Rule>, Jurisdiction)>,
        may_ask_given: bool,
        scope: bool,
    ) -> Result<Condition, Problem> {
        let reads = self.taxonomy.facts.empty_set();
        let mut draft = Draft {
            compiler: self,
            law,
            may_ask_given,
            scope,
            steps: Vec::new(),
            reads,
            per_category: false,
            inside: Vec::new(),
        };
        draft.expression(expression, polarity)?;
        Ok(draft.finish())
    }
}

impl Draft<'_, '_> {
    fn finish(self) -> Condition {
        Condition {
            steps: self.steps.into_boxed_slice(),
            reads: self.reads,
            per_category: self.per_category,
        }
    }

    /// Appends a step that spans the parts which `parts` appends.
    fn span(
        &mut self,
        step: fn(usize) -> Step,
        parts: impl FnOnce(&mut Self) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let at = self.steps.len();
        self.steps.push(step(0));
        parts(self)?;
        let end = self.steps.len();
        if let Some(place) = self.steps.get_mut(at) {
            *place = step(end);
        }
        Ok(())
    }

    fn push(&mut self, test: Test) {
        self.steps.push(Step::Test(test));
    }

    fn expression(&mut self, expression: &Expression, polarity: Polarity) -> Result<(), Problem> {
        match &expression.kind {
            ExpressionKind::Not(inner) => {
                self.steps.push(Step::Not);
                self.expression(inner, polarity.swapped())?;
            }
            ExpressionKind::All(operands) => self.span(Step::All, |draft| {
                operands
                    .iter()
                    .try_for_each(|operand| draft.expression(operand, polarity))
            })?,
            ExpressionKind::Any(operands) => self.span(Step::Any, |draft| {
                operands
                    .iter()
                    .try_for_each(|operand| draft.expression(operand, polarity))
            })?,
            ExpressionKind::Flag(flag) => self.push(Test::Constant((*flag).into())),
            ExpressionKind::Name(name) => {
                let read = self.fact(name, &expression.span)?;
                if self.definition(&read).0 != FactType::Flag {
                    return Err((
                        format!("fact `{name}` is not a flag: compare it with a value"),
                        expression.span.clone(),
                    ));
                }
                self.push(Test::Flag(read));
            }
            ExpressionKind::Compare(comparison, left, right) => {
                self.comparison(*comparison, left, right, polarity)?;
            }
            ExpressionKind::Call(name, arguments) => {
                self.call(name, arguments, &expression.span, polarity)?
            }
            ExpressionKind::Text(_)
            | ExpressionKind::Integer(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Sum(..) => {
                return Err((
                    "expected a condition, not a value".to_owned(),
                    expression.span.clone(),
                ));
            }
        }
        Ok(())
    }

    /// Finds a fact and notes that the condition reads it.
    fn fact(&mut self, name: &str, span: &Range<usize>) -> Result<Read, Problem> {
        let facts = &self.compiler.taxonomy.facts;
        let Some(id) = facts.find(name) else {
            return Err((unknown("fact", name, facts.names()), span.clone()));
        };
        let (supplier, per_category) = facts
            .get(id)
            .map_or((Supplier::Engine, false), |it| (it.supplier, it.per_category));
        self.reads.insert(id);
        self.per_category |= per_category;
        let law = match (supplier, &self.law) {
            (Supplier::Law, Some((rule, jurisdiction))) => {
                if let Jurisdiction::Fact(place) = jurisdiction {
                    self.reads.insert(*place);
                }
                Some(Box::new(LawRead {
                    rule: *rule,
                    jurisdiction: jurisdiction.clone(),
                }))
            }
            (Supplier::Law, None) => {
                return Err((
                    format!("`{name}` is a determination per rule: only rules can ask for it"),
                    span.clone(),
                ));
            }
            _ => None,
        };
        Ok(Read { fact: id, law })
    }

    /// The type of a fact, its closed list of words, and what its words name.
    fn definition(&self, read: &Read) -> (FactType, &[String], Option<&str>) {
        self.compiler
            .taxonomy
            .facts
            .get(read.fact)
            .map_or((FactType::Flag, &[], None), |fact| {
                (fact.fact_type, &fact.values, fact.values_of.as_deref())
            })
    }

    fn comparison(
        &mut self,
        comparison: Comparison,
        left: &Expression,
        right: &Expression,
        polarity: Polarity,
    ) -> Result<(), Problem> {
        match comparison {
            Comparison::Equal => self.equal(left, right),
            Comparison::NotEqual => {
                self.steps.push(Step::Not);
                self.equal(left, right)
            }
            Comparison::Less | Comparison::LessOrEqual => {
                let (left_type, left_sum) = self.sum(left)?;
                let (right_type, right_sum) = self.sum(right)?;
                if left_type != right_type {
                    let message = format!(
                        "{} cannot be compared with {}",
                        left_type.described(),
                        right_type.described()
                    );
                    return Err((message, left.span.start..right.span.end));
                }
                let or_equal = comparison == Comparison::LessOrEqual;
                self.push(Test::Less {
                    left: Box::new(left_sum),
                    right: Box::new(right_sum),
                    or_equal,
                });
                Ok(())
            }
            Comparison::In => self.membership(left, right, polarity),
        }
    }

    fn equal(&mut self, left: &Expression, right: &Expression) -> Result<(), Problem> {
        let ExpressionKind::Name(name) = &left.kind else {
            return Err((
                "the left side of a comparison must be a fact".to_owned(),
                left.span.clone(),
            ));
        };
        if matches!(name.as_str(), "category" | "purpose") {
            let message = format!("`{name}` has a place in a hierarchy: use `in` or `overlaps({name}, …)`");
            return Err((message, left.span.clone()));
        }
        let read = self.fact(name, &left.span)?;
        let (fact_type, _, values_of) = self.definition(&read);
        let countries = values_of == Some("countries");
        match (&right.kind, fact_type) {
            (ExpressionKind::Name(other), _) => {
                let other_read = self.fact(other, &right.span)?;
                if self.definition(&other_read).0 != fact_type {
                    return Err((
                        format!("facts `{name}` and `{other}` differ in type"),
                        left.span.start..right.span.end,
                    ));
                }
                self.push(Test::Equal(read, Operand::Fact(other_read)));
            }
            (ExpressionKind::Text(word), FactType::Text) => {
                self.check_word(&read, name, word, &right.span)?;
                if countries {
                    let list = self.places(word);
                    self.push(Test::WordIn(read, list));
                } else {
                    self.push(Test::Equal(
                        read,
                        Operand::Constant(Box::new(FactValue::Text(word.as_str().into()))),
                    ));
                }
            }
            (ExpressionKind::Flag(flag), FactType::Flag) => {
                self.push(Test::Equal(
                    read,
                    Operand::Constant(Box::new(FactValue::Flag(*flag))),
                ));
            }
            (ExpressionKind::Integer(number), FactType::Integer) => {
                self.push(Test::Equal(
                    read,
                    Operand::Constant(Box::new(FactValue::Integer(*number))),
                ));
            }
            _ => {
                let message = format!("fact `{name}` is {}: it cannot equal this", fact_type.described());
                return Err((message, right.span.clone()));
            }
        }
        Ok(())
    }

    /// A word compared with a fact of a closed list must be on the list.
    fn check_word(&self, read: &Read, name: &str, word: &str, span: &Range<usize>) -> Result<(), Problem> {
        let taxonomy = self.compiler.taxonomy;
        let (_, values, values_of) = self.definition(read);
        let listed = values.iter().any(|value| value == word) || matches!(word, "none" | "*");
        let named = match values_of {
            None => values.is_empty(),
            Some("categories") => taxonomy.categories.find(word).is_some(),
            Some("purposes") => taxonomy.purposes.find(word).is_some(),
            Some("products") => taxonomy.products.find(word).is_some(),
            Some("recipients") => taxonomy.recipients.find(word).is_some(),
            Some("operations") => taxonomy.operations.find(word).is_some(),
            Some("entities") => taxonomy.entities.find(word).is_some(),
            Some("controls") => taxonomy.controls.find(word).is_some(),
            Some("countries") => {
                taxonomy.regions.find(word).is_some()
                    || (word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase()))
            }
            Some(_) => true,
        };
        if listed || named {
            return Ok(());
        }
        let message = format!("`{}` is not a value of fact `{name}`", crate::printable(word));
        let near = nearest(word, values.iter().map(String::as_str));
        Err((
            near.map_or(message.clone(), |near| {
                format!("{message}; did you mean `{near}`?")
            }),
            span.clone(),
        ))
    }

    /// A country, or every country of a region group and the group itself.
    fn places(&self, word: &str) -> WordList {
        let regions = &self.compiler.taxonomy.regions;
        let group = regions.find(word).and_then(|id| regions.get(id));
        let countries = group
            .into_iter()
            .flat_map(|region| region.countries.iter().map(String::as_str));
        countries.chain([word]).map(Into::into).collect()
    }

    fn membership(
        &mut self,
        left: &Expression,
        right: &Expression,
        polarity: Polarity,
    ) -> Result<(), Problem> {
        match (&left.kind, &right.kind) {
            (ExpressionKind::Name(name), _) if matches!(name.as_str(), "category" | "purpose") => {
                self.subsumption(name, Relation::In, right, left, polarity)
            }
            (ExpressionKind::Name(name), ExpressionKind::List(_)) if name == "data" => {
                self.whole_request(right, left, polarity)
            }
            (ExpressionKind::Name(name), ExpressionKind::List(items)) => {
                let read = self.fact(name, &left.span)?;
                let (fact_type, _, values_of) = self.definition(&read);
                if fact_type == FactType::Texts {
                    return self.all_inside(read, name, left, items, polarity);
                }
                if fact_type != FactType::Text {
                    return Err((
                        format!("fact `{name}` is {}: `in` needs text", fact_type.described()),
                        left.span.clone(),
                    ));
                }
                let countries = values_of == Some("countries");
                let mut list: Vec<Box<str>> = Vec::new();
                for item in items {
                    let word = literal(item)?;
                    self.check_word(&read, name, word, &item.span)?;
                    if countries {
                        list.extend(self.places(word).iter().cloned());
                    } else {
                        list.push(word.into());
                    }
                }
                self.push(Test::WordIn(read, list.into_iter().collect()));
                Ok(())
            }
            (_, ExpressionKind::Name(set)) => {
                let read = self.fact(set, &right.span)?;
                if self.definition(&read).0 != FactType::Texts {
                    return Err((format!("fact `{set}` is not a set of words"), right.span.clone()));
                }
                let word = match &left.kind {
                    ExpressionKind::Text(word) => {
                        self.check_word(&read, set, word, &left.span)?;
                        match word.strip_suffix('*').filter(|start| start.ends_with(':')) {
                            Some(start) => Word::Beginning(start.into()),
                            None => Word::Constant(word.as_str().into()),
                        }
                    }
                    ExpressionKind::Name(name) => {
                        let word = self.fact(name, &left.span)?;
                        if self.definition(&word).0 != FactType::Text {
                            return Err((format!("fact `{name}` is not a word"), left.span.clone()));
                        }
                        Word::Fact(word)
                    }
                    _ => {
                        return Err((
                            "expected a word or a fact before `in`".to_owned(),
                            left.span.clone(),
                        ));
                    }
                };
                self.push(Test::Has(read, word));
                Ok(())
            }
            _ => Err((
                "expected a list or a fact that is a set after `in`".to_owned(),
                right.span.clone(),
            )),
        }
    }

    /// `texts.fact in ["a", "b"]`: nothing of it lies outside.
    fn all_inside(
        &mut self,
        read: Read,
        name: &str,
        left: &Expression,
        items: &[Expression],
        polarity: Polarity,
    ) -> Result<(), Problem> {
        if polarity == Polarity::Closes {
            let message = format!(
                "`{name}` is a set, and one with more in it would slip under a ban: use `\"word\" in {name}`"
            );
            return Err((message, left.span.clone()));
        }
        for item in items {
            self.check_word(&read, name, literal(item)?, &item.span)?;
        }
        let categories = &self.compiler.taxonomy.categories;
        let test = if self.definition(&read).2 == Some("categories") {
            let mut set = categories.empty_set();
            for item in items {
                if let Some(id) = categories.find(literal(item)?) {
                    set.add(&categories.subtree(id));
                }
            }
            Test::AllBelow(read, Box::new(set))
        } else {
            let words: Result<WordList, Problem> =
                items.iter().map(|item| literal(item).map(Into::into)).collect();
            Test::AllIn(read, words?)
        };
        self.push(test);
        Ok(())
    }

    /// `data in ["x"]`: no category of the request lies outside, those that classification added included.
    fn whole_request(
        &mut self,
        group: &Expression,
        place: &Expression,
        polarity: Polarity,
    ) -> Result<(), Problem> {
        if polarity == Polarity::Closes {
            let message =
                "a request with more in its `data` would slip under a ban: use `overlaps(category, …)`";
            return Err((message.to_owned(), place.span.clone()));
        }
        match self.group(group, &self.compiler.taxonomy.categories, "categories")? {
            Group::Listed(set) => {
                self.push(Test::WholeRequest(set));
                Ok(())
            }
            Group::Fact(_) => Err(("`data` needs a list".to_owned(), group.span.clone())),
        }
    }

    /// `category in …`, `overlaps(purpose, …)` and their like.
    fn subsumption(
        &mut self,
        what: &str,
        relation: Relation,
        group: &Expression,
        place: &Expression,
        polarity: Polarity,
    ) -> Result<(), Problem> {
        let relation = match (self.scope, polarity) {
            (true, Polarity::Closes) if relation == Relation::In => Relation::Overlaps,
            _ => relation,
        };
        match (polarity, relation) {
            (Polarity::Opens, Relation::Overlaps) => {
                let message =
                    format!("`overlaps` would let a broad {what} slip into a grant: use `{what} in …`");
                return Err((message, place.span.clone()));
            }
            (Polarity::Closes, Relation::In) => {
                let message =
                    format!("`in` would let a broad {what} slip under a ban: use `overlaps({what}, …)`");
                return Err((message, place.span.clone()));
            }
            _ => {}
        }
        let taxonomy = self.compiler.taxonomy;
        if what == "category" {
            self.per_category = true;
            let group = self.group(group, &taxonomy.categories, "categories")?;
            self.push(Test::Category(relation, group));
        } else {
            let group = self.group(group, &taxonomy.purposes, "purposes")?;
            self.push(Test::Purpose(relation, group));
        }
        Ok(())
    }

    fn group<T: Entry>(
        &mut self,
        group: &Expression,
        table: &Table<T>,
        names: &str,
    ) -> Result<Group<T>, Problem> {
        match &group.kind {
            ExpressionKind::List(items) => {
                let mut set = table.empty_set();
                for item in items {
                    let word = literal(item)?;
                    let id = table
                        .find(word)
                        .ok_or_else(|| (unknown(T::WHAT, word, table.names()), item.span.clone()))?;
                    set.add(&table.subtree(id));
                }
                Ok(Group::Listed(Box::new(set)))
            }
            ExpressionKind::Name(name) => {
                let read = self.fact(name, &group.span)?;
                let (fact_type, _, values_of) = self.definition(&read);
                if fact_type != FactType::Texts || values_of != Some(names) {
                    return Err((
                        format!("fact `{name}` is not a set of {names}"),
                        group.span.clone(),
                    ));
                }
                Ok(Group::Fact(read))
            }
            _ => Err((
                format!("expected a list of {names} or a fact that is one"),
                group.span.clone(),
            )),
        }
    }

    fn sum(&mut self, expression: &Expression) -> Result<(FactType, Sum), Problem> {
        match &expression.kind {
            ExpressionKind::Sum(base, plus) => {
                let (fact_type, base_operand) = self.ordered(base)?;
                if fact_type == FactType::Integer {
                    return Err((
                        "only a length of time can be added, and only to a time".to_owned(),
                        base.span.clone(),
                    ));
                }
                let (plus_type, plus_operand) = self.ordered(plus)?;
                if plus_type != FactType::Days {
                    return Err(("only a length of time can be added".to_owned(), plus.span.clone()));
                }
                Ok((
                    fact_type,
                    Sum {
                        base: base_operand,
                        plus: Some(plus_operand),
                    },
                ))
            }
            _ => {
                let (fact_type, base) = self.ordered(expression)?;
                Ok((fact_type, Sum { base, plus: None }))
            }
        }
    }

    /// A value that has an order: an instant, a length of time or a whole number.
    fn ordered(&mut self, expression: &Expression) -> Result<(FactType, Operand), Problem> {
        match &expression.kind {
            ExpressionKind::Integer(number) => Ok((
                FactType::Integer,
                Operand::Constant(Box::new(FactValue::Integer(*number))),
            )),
            ExpressionKind::Name(name) => {
                let read = self.fact(name, &expression.span)?;
                let (fact_type, _, values_of) = self.definition(&read);
                let fact_type = match (fact_type, values_of) {
                    (FactType::Text, Some("durations")) => FactType::Days,
                    (FactType::Time | FactType::Days | FactType::Integer, _) => fact_type,
                    _ => {
                        let message = format!("fact `{name}` is {}: it has no order", fact_type.described());
                        return Err((message, expression.span.clone()));
                    }
                };
                Ok((fact_type, Operand::Fact(read)))
            }
            ExpressionKind::Call(name, arguments) => {
                let value = match (name.as_str(), arguments.as_slice()) {
                    ("duration", [text]) => {
                        parse_duration(literal(text)?).map(|it| (FactType::Days, FactValue::Days(it)))
                    }
                    ("timestamp", [text]) => {
                        parse_instant(literal(text)?).map(|it| (FactType::Time, FactValue::Time(it)))
                    }
                    _ => {
                        return Err((
                            format!("`{name}` gives no value that has an order"),
                            expression.span.clone(),
                        ));
                    }
                };
                let (fact_type, value) = value.map_err(|message| (message, expression.span.clone()))?;
                Ok((fact_type, Operand::Constant(Box::new(value))))
            }
            _ => Err((
                "expected an instant, a length of time or a number".to_owned(),
                expression.span.clone(),
            )),
        }
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Expression],
        span: &Range<usize>,
        polarity: Polarity,
    ) -> Result<(), Problem> {
        const FUNCTIONS: [&str; 10] = [
            "known",
            "given",
            "overlaps",
            "above",
            "allowed",
            "named_for_product",
            "rule",
            "granted",
            "duration",
            "timestamp",
        ];
        match (name, arguments) {
            ("known", [fact]) => {
                let read = self.named_fact(fact)?;
                self.push(Test::Known(read));
            }
            ("given", [fact]) if self.may_ask_given => {
                let read = self.named_fact(fact)?;
                self.push(Test::Given(read));
            }
            ("given", [_]) => {
                let message =
                    "`given` takes a missing fact for a no, which only duties and rights may do: use `known`";
                return Err((message.to_owned(), span.clone()));
            }
            ("overlaps", [what, group]) => match &what.kind {
                ExpressionKind::Name(name) if matches!(name.as_str(), "category" | "purpose") => {
                    self.subsumption(name, Relation::Overlaps, group, what, polarity)?;
                }
                _ => {
                    return Err((
                        "`overlaps` compares `category` or `purpose`".to_owned(),
                        what.span.clone(),
                    ));
                }
            },
            ("above", [what, group]) => self.above(what, group, polarity)?,
            ("allowed", [fact]) => {
                let read = self.named_fact(fact)?;
                if self.definition(&read).2 != Some("controls") {
                    return Err((
                        "`allowed` needs a fact that is a set of controls".to_owned(),
                        span.clone(),
                    ));
                }
                self.reads.add(&self.compiler.control_reads);
                self.per_category |= self.compiler.controls_per_category;
                self.push(Test::Allowed(read));
            }
            ("named_for_product", []) if polarity == Polarity::Opens => {
                self.per_category = true;
                self.push(Test::NamedForProduct);
            }
            ("named_for_product", []) => {
                let message = "being named for a product can only help the processing: negate it";
                return Err((message.to_owned(), span.clone()));
            }
            ("rule", [id]) => self.other_rule(id, polarity)?,
            ("granted", [operation]) => self.granted(operation, polarity)?,
            _ if FUNCTIONS.contains(&name) => {
                return Err((format!("`{name}` is called with the wrong values"), span.clone()));
            }
            _ => return Err((unknown("function", name, FUNCTIONS), span.clone())),
        }
        Ok(())
    }

    /// `above(category, ["x"])`: the category is a group that has `x` among others.
    fn above(&mut self, what: &Expression, group: &Expression, polarity: Polarity) -> Result<(), Problem> {
        let is_category = matches!(&what.kind, ExpressionKind::Name(name) if name == "category");
        if !is_category {
            return Err(("`above` looks at `category`".to_owned(), what.span.clone()));
        }
        if polarity == Polarity::Closes {
            let message =
                "`above` would let the narrow category slip under a ban: use `overlaps(category, …)`";
            return Err((message.to_owned(), what.span.clone()));
        }
        let taxonomy = self.compiler.taxonomy;
        match self.group(group, &taxonomy.categories, "categories")? {
            Group::Listed(set) => {
                self.per_category = true;
                self.push(Test::Above(set));
                Ok(())
            }
            Group::Fact(_) => Err(("`above` needs a list".to_owned(), group.span.clone())),
        }
    }

    fn named_fact(&mut self, expression: &Expression) -> Result<Read, Problem> {
        match &expression.kind {
            ExpressionKind::Name(name) => self.fact(name, &expression.span),
            _ => Err(("expected the name of a fact".to_owned(), expression.span.clone())),
        }
    }

    /// `rule("id")`: the named permit would cover this request and category, whatever the operation.
    fn other_rule(&mut self, id: &Expression, polarity: Polarity) -> Result<(), Problem> {
        let name = literal(id)?;
        let compiler = self.compiler;
        let Some(parts) = compiler.rules.get(name) else {
            return Err((
                unknown("permit rule", name, compiler.rules.keys().map(String::as_str)),
                id.span.clone(),
            ));
        };
        if polarity == Polarity::Closes {
            let message = format!("that `{name}` permits can only help the processing: negate it");
            return Err((message, id.span.clone()));
        }
        if self.inside.iter().any(|outer| outer == name) {
            return Err((format!("rule `{name}` asks about itself"), id.span.clone()));
        }
        self.covered_by(name, parts, &id.span)
    }

    /// `granted("use")`: some permit would give this category this purpose, were the operation that one.
    fn granted(&mut self, operation: &Expression, polarity: Polarity) -> Result<(), Problem> {
        let name = literal(operation)?;
        let compiler = self.compiler;
        let operations = &compiler.taxonomy.operations;
        let Some(wanted) = operations.find(name) else {
            return Err((
                unknown("operation", name, operations.names()),
                operation.span.clone(),
            ));
        };
        if polarity == Polarity::Closes {
            let message = "that something is granted can only help the processing: negate it";
            return Err((message.to_owned(), operation.span.clone()));
        }
        let mut rules: Vec<(&String, &RuleParts)> = compiler
            .rules
            .iter()
            .filter(|(name, parts)| parts.purpose_for.contains(wanted) && !self.inside.contains(*name))
            .collect();
        rules.sort_by_key(|(_, parts)| parts.id.index());
        self.span(Step::Any, |draft| {
            rules
                .into_iter()
                .try_for_each(|(name, parts)| draft.covered_by(name, parts, &operation.span))
        })
    }

    /// That a permit would cover this request and category, but for the operation.
    fn covered_by(&mut self, name: &str, parts: &RuleParts, span: &Range<usize>) -> Result<(), Problem> {
        self.per_category = true;
        self.span(Step::All, |draft| {
            draft.push(Test::Covers(Box::new(parts.scope.clone())));
            for (condition, scope) in [(&parts.within, true), (&parts.when, false)] {
                let Some(condition) = condition else { continue };
                draft.inside.push(name.to_owned());
                let outer = draft.law.replace((parts.id, parts.jurisdiction.clone()));
                let outer_scope = std::mem::replace(&mut draft.scope, scope);
                // A place inside another rule's condition means nothing in this one: point at the name instead.
                draft
                    .expression(condition, Polarity::Opens)
                    .map_err(|(message, _)| (message, span.clone()))?;
                draft.scope = outer_scope;
                draft.law = outer;
                draft.inside.pop();
            }
            Ok(())
        })
    }
}

fn literal(expression: &Expression) -> Result<&str, Problem> {
    match &expression.kind {
        ExpressionKind::Text(text) => Ok(text),
        _ => Err((
            "expected a text in double quotes".to_owned(),
            expression.span.clone(),
        )),
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let shown = crate::printable(name);
    match nearest(name, known) {
        Some(near) => format!("unknown {what} `{shown}`; did you mean `{near}`?"),
        None => format!("unknown {what} `{shown}`"),
    }
}
