//! One module per command.

pub(crate) mod baseline;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod eval;
pub(crate) mod facts;
pub(crate) mod inspect;
pub(crate) mod law;
pub(crate) mod new;
pub(crate) mod pack;
pub(crate) mod right;
pub(crate) mod test;
