//! Which host a file of cases is asked of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use licit_host::{Host, HostBuilder, sandbox};

use crate::{CaseFile, with_manifest};

/// How the plugin of a product stands in the cases of one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stand {
    /// There is none.
    Absent,
    /// It has its manifest, and the code of this file, which is named from the folder of the file of cases.
    Code(PathBuf),
}

/// The hosts that files of cases are asked of: one for all that say nothing about plugins, and one more for each
/// distinct table `[plugins]`.
///
/// # Examples
///
/// ```
/// use std::path::Path;
///
/// use licit_conformance::{CaseFile, Hosts, as_cases_are_asked, fixture};
/// use licit_host::Host;
///
/// let cases = r#"
/// [plugins]
/// notes = "absent"
///
/// [base.request]
/// product = "notes"
/// operation = "use"
/// purpose = "on-device-function"
/// data = ["note-content"]
/// at = 2026-11-23T10:00:00Z
///
/// [variations]
/// "nobody can say whether it is allowed" = { deny-kind = "not-loaded" }
/// "#;
/// # let manifest = r#"
/// # [plugin]
/// # product = "notes"
/// # version = "1.0.0"
/// # policy = "2025-10-10"
/// # child-directed = false
/// # financial = false
/// # requires-account = false
/// # system-service = true
/// # review-date = 2026-11-01
/// # [[activity]]
/// # id = "show-notes"
/// # purpose = "on-device-function"
/// # operations = ["use"]
/// # data = ["note-content"]
/// # legal-basis = "contract"
/// # "#;
/// let plugins = vec![("notes.toml".to_owned(), fixture(manifest)?)];
/// let hosts = Hosts::new(as_cases_are_asked(Host::builder()), plugins)?;
/// let file = CaseFile::read(hosts.usual(), "notes.toml", cases, None)?;
/// let host = hosts.of(&file, Path::new("cases"))?;
/// for case in &file.cases {
///     case.check(&host)?;
///     assert!(case.check(hosts.usual()).is_err(), "{}", case.name);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Hosts {
    builder: HostBuilder,
    plugins: Vec<(String, Vec<u8>)>,
    usual: Host,
    others: Mutex<BTreeMap<BTreeMap<String, Stand>, Host>>,
}

impl Hosts {
    /// Hosts of these plugins, each given as what messages call it and its bytes. All else is as `builder` has it.
    ///
    /// # Errors
    ///
    /// If the usual host cannot be built. A plugin that it refuses is in [`Host::refused`].
    pub fn new(
        builder: HostBuilder,
        plugins: Vec<(String, Vec<u8>)>,
    ) -> Result<Self, licit_host::BuildError> {
        let usual = with(&builder, &plugins).build()?;
        Ok(Self {
            builder,
            plugins,
            usual,
            others: Mutex::default(),
        })
    }

    /// The host with every plugin as it is.
    #[must_use]
    pub fn usual(&self) -> &Host {
        &self.usual
    }

    /// The host that the cases of a file are asked of; `folder` is where the file lies.
    ///
    /// # Errors
    ///
    /// If a file of code cannot be read, is no component, is refused by the host, or is meant for a product that has no
    /// plugin whose manifest it could get.
    pub fn of(&self, file: &CaseFile, folder: &Path) -> Result<Host, String> {
        if file.plugins.is_empty() {
            return Ok(self.usual.clone());
        }
        let placed = |stand: &Stand| match stand {
            Stand::Absent => Stand::Absent,
            Stand::Code(path) => Stand::Code(folder.join(path)),
        };
        let stands = file.plugins.iter();
        let stands: BTreeMap<String, Stand> = stands
            .map(|(product, stand)| (product.clone(), placed(stand)))
            .collect();
        // The lock is held while the host is built, so that each is built once.
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = others.get(&stands) {
            return Ok(host.clone());
        }
        let host = self.build(&stands)?;
        others.insert(stands, host.clone());
        Ok(host)
    }

    fn build(&self, stands: &BTreeMap<String, Stand>) -> Result<Host, String> {
        let mut plugins = self.plugins.clone();
        for (product, stand) in stands {
            let own = plugins.iter().position(|(_, bytes)| speaks_for(bytes, product));
            let own = own.map(|at| plugins.swap_remove(at));
            if let Stand::Code(path) = stand {
                let wrong = |error: String| format!("`{}`, the code of `{product}`: {error}", path.display());
                let (_, bytes) = own.ok_or_else(|| wrong("the product has no plugin here".to_owned()))?;
                let manifest = sandbox::manifest_text(&bytes).map_err(|error| wrong(error.to_string()))?;
                let code = wat::parse_file(path).map_err(|error| wrong(error.to_string()))?;
                plugins.push((path.display().to_string(), with_manifest(code, manifest)));
            }
        }
        let host = with(&self.builder, &plugins).build();
        let host = host.map_err(|error| error.to_string())?;
        // A deny for want of a plugin would look like the one that its cases expect.
        let usual = self.usual.refused();
        match host.refused().iter().find(|refused| !usual.contains(refused)) {
            Some(refused) => Err(refused.to_string()),
            None => Ok(host),
        }
    }
}

fn with(builder: &HostBuilder, plugins: &[(String, Vec<u8>)]) -> HostBuilder {
    let add = |builder: HostBuilder, (name, bytes): &(String, Vec<u8>)| builder.plugin(name, bytes.clone());
    plugins.iter().fold(builder.clone(), add)
}

/// Whether a plugin's manifest is that of this product.
fn speaks_for(plugin: &[u8], product: &str) -> bool {
    let table = sandbox::manifest_text(plugin).ok();
    let table = table.and_then(|text| text.parse::<toml::Table>().ok());
    let named = table
        .as_ref()
        .and_then(|table| table.get("plugin")?.get("product"));
    named.and_then(toml::Value::as_str) == Some(product)
}
