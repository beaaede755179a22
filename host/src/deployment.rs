//! The texts of a deployment: its profile, its legal determinations, and its memory of changes.

use std::sync::Arc;

use licit_baseline::{Baseline, Diagnostic, Diagnostics, Document, Fields, Format, Law, Severity};

use crate::changes::Changes;
use crate::error::{BuildError, BuildErrorKind};
use crate::profile::Profile;

/// One text: what messages call it, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    name: String,
    text: String,
}

/// What a deployment says about itself, as texts that are not yet checked.
///
/// Everything is optional: what nobody says is unknown, and the unknown protects the person.
///
/// # Examples
///
/// ```
/// use licit_host::{Deployment, Host};
///
/// let law = r#"
/// [[determination]]
/// fact = "consent_required"
/// rule = "targeted-ads-consent"
/// jurisdiction = "IN"
/// value = true
/// author = "Legal, India desk"
/// date = 2026-02-01
/// expires = 2027-02-01
/// ref = "LEGAL-IN-3"
/// "#;
/// let host = Host::builder().deployment(Deployment::default().law("law.toml", law)).build().unwrap();
/// assert_eq!(host.expiries()[0].reference.as_deref(), Some("LEGAL-IN-3"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    profile: Option<Text>,
    law: Option<Text>,
    changes: Option<Text>,
}

impl Deployment {
    /// With this profile (`licit.toml`): facts of the host and of registers. `name` is what messages call the text.
    #[must_use]
    pub fn profile(mut self, name: &str, text: &str) -> Self {
        self.profile = Some(Text::new(name, text));
        self
    }

    /// With these legal determinations (`law.toml`).
    #[must_use]
    pub fn law(mut self, name: &str, text: &str) -> Self {
        self.law = Some(Text::new(name, text));
        self
    }

    /// With this memory of changes (`changes.toml`): which version of each product was approved and what it declared,
    /// and what people were told about the next one (§14).
    ///
    /// ```toml
    /// [[approved]]                       # the latest one by date is what the next version is compared with
    /// product = "themes"
    /// version = "1.0.0"
    /// digest = "sha256:…"                # optional: of the plugin's file
    /// date = 2026-01-10
    /// author = "Privacy Office"
    ///
    /// [[approved.activity]]              # one per purpose of the approved declaration
    /// purpose = "content-recommendation"
    /// data = ["browsing-history", "download-history"]
    /// recipients = []
    /// countries = ["IN", "SG"]           # of storage and processing; ["*"] if it did not say
    /// retention = "P180D"                # or "until:EVENT"; left out: nothing was retained
    ///
    /// [[change]]                         # the version that people were told of
    /// product = "themes"
    /// version = "1.1.0"
    /// digest = "sha256:…"                # optional: then no other file of that version counts
    /// material = true                    # optional; a wider declaration is material whatever this says
    /// notice = "popup"                   # how they were told, from `notice.kind`; with `sent` and `effective`
    /// sent = 2026-11-01
    /// effective = 2026-12-01             # from when on the change applies
    /// ```
    ///
    /// `licit inspect FILE --approved` writes the first entry for a plugin. A change that has to wait for its day is
    /// refused until then: reload on that day.
    ///
    /// A product with no approved version is at its first one: nobody was told of anything else, so it adds nothing to
    /// anything, and it loads without notice. A host that reloads remembers by itself what it answers under.
    #[must_use]
    pub fn changes(mut self, name: &str, text: &str) -> Self {
        self.changes = Some(Text::new(name, text));
        self
    }

    pub(crate) fn has_changes(&self) -> bool {
        self.changes.is_some()
    }

    /// Reads the texts under every version of the policy.
    pub(crate) fn read(&self, baselines: &[Arc<Baseline>]) -> Result<Vec<(Profile, Changes)>, BuildError> {
        let refused = |kind| move |found| BuildError::text(kind, &found);
        let profiles = read(self.profile.as_ref(), baselines, Profile::read)
            .map_err(refused(BuildErrorKind::InvalidProfile))?;
        let laws = read(self.law.as_ref(), baselines, |document, fields, baseline| {
            Some(Law::read(
                document,
                fields.tables("determination", "a determination"),
                baseline,
            ))
        })
        .map_err(refused(BuildErrorKind::InvalidLaw))?;
        let changes = read(self.changes.as_ref(), baselines, Changes::read)
            .map_err(refused(BuildErrorKind::InvalidChanges))?;
        let law_name = self.law.as_ref().map_or("law.toml", |law| &law.name);
        let profiles = profiles
            .into_iter()
            .zip(laws)
            .map(|(profile, law)| profile.under(law, law_name));
        Ok(profiles.zip(changes).collect())
    }
}

impl Text {
    fn new(name: &str, text: &str) -> Self {
        let (name, text) = (name.to_owned(), text.to_owned());
        Self { name, text }
    }
}

/// Reads a text under every version of the policy.
///
/// An id that one version does not have yet, or no longer, is no mistake: what is wrong is what every version finds
/// wrong. Under a version that does not know an id, the entry that names it says nothing.
fn read<T: Default>(
    text: Option<&Text>,
    baselines: &[Arc<Baseline>],
    read: impl Fn(&Document, &Fields<'_>, &Baseline) -> Option<T>,
) -> Result<Vec<T>, Diagnostics> {
    let Some(text) = text else {
        return Ok(baselines.iter().map(|_| T::default()).collect());
    };
    let mut values = Vec::with_capacity(baselines.len());
    let mut shared: Option<Vec<Diagnostic>> = None;
    // The latest version comes first, so that messages are its own.
    for baseline in baselines.iter().rev() {
        let document = Document::new(&text.name, &text.text);
        let root = document.parse(Format::Toml);
        let value = root
            .as_ref()
            .and_then(|root| document.table(root, "the file"))
            .and_then(|fields| {
                let value = read(&document, &fields, baseline);
                fields.finish();
                value
            });
        values.push(value.unwrap_or_default());
        let found = document.finish();
        let errors = found.items().iter().filter(|it| it.severity == Severity::Error);
        shared = Some(match shared {
            None => errors.cloned().collect(),
            Some(mut shared) => {
                let again: Vec<_> = errors.map(|it| it.span.clone()).collect();
                shared.retain(|it| again.contains(&it.span));
                shared
            }
        });
    }
    values.reverse();
    match shared {
        Some(found) if !found.is_empty() => Err(found.into()),
        _ => Ok(values),
    }
}
