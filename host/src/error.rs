//! What can go wrong before the first request.

use std::fmt;

use licit_baseline::{Diagnostics, printable};

/// A host could not be put together, or was asked for a product that the policy does not know.
#[derive(Debug, Clone)]
pub struct BuildError {
    kind: BuildErrorKind,
    message: String,
}

/// What to react to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildErrorKind {
    /// A folder or file could not be read.
    Io,
    /// The deployment's profile is wrong.
    InvalidProfile,
    /// The legal determinations are wrong.
    InvalidLaw,
    /// The memory of changes is wrong.
    InvalidChanges,
    /// The policy does not know the product.
    UnknownProduct,
    /// The sandbox could not be set up on this machine.
    Sandbox,
}

impl BuildError {
    /// What to react to.
    #[must_use]
    pub fn kind(&self) -> BuildErrorKind {
        self.kind
    }

    pub(crate) fn read(what: &str, error: &std::io::Error) -> Self {
        Self {
            kind: BuildErrorKind::Io,
            message: format!("cannot read `{}`: {error}", printable(what)),
        }
    }

    pub(crate) fn text(kind: BuildErrorKind, found: &Diagnostics) -> Self {
        let message = found.to_string();
        Self { kind, message }
    }

    pub(crate) fn unknown_product(id: &str, near: Option<&str>) -> Self {
        let help = near
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        let message = format!("unknown product `{}`{help}", printable(id));
        Self {
            kind: BuildErrorKind::UnknownProduct,
            message,
        }
    }

    pub(crate) fn sandbox(error: &dyn std::error::Error) -> Self {
        Self {
            kind: BuildErrorKind::Sandbox,
            message: format!("the sandbox cannot be set up: {error}"),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BuildError {}

/// A plugin that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    file: String,
    message: String,
}

impl LoadError {
    pub(crate) fn new(file: &str, message: String) -> Self {
        Self {
            file: printable(file),
            message,
        }
    }

    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Why it was refused.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)
    }
}

impl std::error::Error for LoadError {}
