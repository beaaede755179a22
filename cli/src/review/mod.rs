//! What can be said about a rule book without asking it anything: its logic, its words, its cases.

pub(crate) mod cases;
pub(crate) mod diff;
pub(crate) mod lint;
pub(crate) mod logic;
pub(crate) mod parts;
pub(crate) mod words;
