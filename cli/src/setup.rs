//! Puts a host together from what the command line names.

use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use clap::Args;
use licit_host::{Host, HostBuilder};

use crate::input;
use crate::terminal::{Problem, Terminal, did_you_mean};

/// Which plugins and which profile.
#[derive(Debug, Args)]
pub(crate) struct Deployment {
    /// The folder that holds the plugins
    #[arg(long, value_name = "DIR", default_value = "target/plugins")]
    pub(crate) plugins: PathBuf,
    /// The deployment profile [default: `licit.toml` in this folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
}

/// A host, and whether it has a profile.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) host: Host,
    pub(crate) has_profile: bool,
}

/// What to do about a missing profile.
pub(crate) const NO_PROFILE: &str = "there is no deployment profile, so the facts of the host, of registers and of law \
    are unknown: put a `licit.toml` into this folder, or pass `--profile FILE`";

impl Deployment {
    /// Loads the plugins and the profile. A plugin that is refused is reported, and the others go on.
    pub(crate) fn load(
        &self,
        discharges: Option<&[String]>,
        terminal: &mut Terminal,
    ) -> Result<Ready, Problem> {
        let name = input::shown(&self.plugins);
        let dir = Dir::open_ambient_dir(&self.plugins, ambient_authority()).map_err(|error| {
            Problem::Text(format!(
                "cannot read the plugins folder `{name}`: {error}; run `licit build` first, or pass `--plugins DIR`"
            ))
        })?;
        let builder = Host::builder()
            .plugins(&dir)
            .map_err(|error| Problem::Text(format!("plugins folder `{name}`: {error}")))?;
        finish(builder, self.profile.as_deref(), discharges, terminal)
    }
}

/// Adds the profile, builds the host, and reports the plugins that it refuses.
pub(crate) fn finish(
    mut builder: HostBuilder,
    profile: Option<&Path>,
    discharges: Option<&[String]>,
    terminal: &mut Terminal,
) -> Result<Ready, Problem> {
    let usual = Path::new("licit.toml");
    let profile = profile.or_else(|| usual.exists().then_some(usual));
    if let Some(path) = profile {
        let profile = input::text(path)?;
        builder = builder.profile(&profile.name, &profile.text);
    }
    builder = match discharges {
        Some(ids) => builder.discharges(ids.iter().cloned()),
        None => builder.discharges_all(),
    };
    let host = builder
        .build()
        .map_err(|error| Problem::Lines(error.to_string()))?;
    for refused in host.refused() {
        terminal.warn(format!(
            "plugin `{}` is refused: {}",
            refused.file(),
            refused.message()
        ));
    }
    check_discharges(&host, discharges.unwrap_or_default(), terminal);
    Ok(Ready {
        host,
        has_profile: profile.is_some(),
    })
}

/// Warns of obligations that nothing could ever ask for: a misspelt one would make every permit a deny.
fn check_discharges(host: &Host, ids: &[String], terminal: &mut Terminal) {
    let baselines = host.baselines();
    for id in ids.iter().filter(|id| !id.is_empty() && !id.contains(':')) {
        let known = |id: &str| {
            baselines
                .iter()
                .any(|it| it.taxonomy().obligations.find(id).is_some())
        };
        if !known(id) {
            let names = baselines.iter().flat_map(|it| it.taxonomy().obligations.names());
            terminal.warn(format!(
                "`--discharge`: unknown obligation `{id}`{}",
                did_you_mean(id, names)
            ));
        }
    }
}
