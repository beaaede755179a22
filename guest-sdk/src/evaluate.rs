//! The author's function, recognised by what it takes and gives, so that what is missing or wrong is said in words.

use crate::request::Request;
use crate::verdict::Verdict;
use crate::vocabulary::Vocabulary;

/// The function `evaluate` of a plugin with the vocabulary `V`. `By` is how it is recognised: with one way only, the
/// compiler would complain of that instead of saying what is written here.
#[diagnostic::on_unimplemented(
    message = "a plugin needs a function `evaluate`, from `&Request` to `Verdict`",
    label = "there is none beside this call",
    note = "write `pub fn evaluate(request: &Request) -> Verdict {{ permit() }}`",
    note = "a product whose manifest says all there is to say is `licit_guest::plugin!(manifest_only)`"
)]
pub trait Evaluate<V: Vocabulary, By> {
    /// Asks it.
    fn evaluate(&self, request: &Request<'_, V>) -> Verdict<V::Reason, V::Obligation>;
}

/// By being a function of that signature.
#[derive(Debug)]
pub enum Function {}

impl<V: Vocabulary, F> Evaluate<V, Function> for F
where
    F: Fn(&Request<'_, V>) -> Verdict<V::Reason, V::Obligation>,
{
    fn evaluate(&self, request: &Request<'_, V>) -> Verdict<V::Reason, V::Obligation> {
        self(request)
    }
}

/// By nothing: no value of this type exists.
#[derive(Debug)]
pub enum Never {}

impl<V: Vocabulary> Evaluate<V, Never> for Never {
    fn evaluate(&self, _: &Request<'_, V>) -> Verdict<V::Reason, V::Obligation> {
        match *self {}
    }
}

/// What stands for `evaluate` in a crate that has none.
#[derive(Debug)]
pub struct Nothing;

/// Accepts the author's function and nothing else.
pub const fn check<V: Vocabulary, By, F: Evaluate<V, By>>(_: &F) {}
