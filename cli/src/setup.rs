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
    #[command(flatten)]
    pub(crate) texts: Texts,
}

/// What the deployment says about itself.
#[derive(Debug, Args)]
pub(crate) struct Texts {
    /// The deployment profile [default: `licit.toml` in this folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// The legal determinations [default: `law.toml` beside the profile, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) law: Option<PathBuf>,
    /// Which versions were approved, and what people were told of the next [default: `changes.toml` beside the profile,
    /// if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) changes: Option<PathBuf>,
}

impl Texts {
    /// The files, the usual ones where none is named.
    fn files(&self) -> [Option<PathBuf>; 3] {
        let usual = |path: PathBuf| path.exists().then_some(path);
        let profile = self.profile.clone().or_else(|| usual("licit.toml".into()));
        let beside = profile.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let law = self.law.clone().or_else(|| usual(beside.join("law.toml")));
        let changes = self
            .changes
            .clone()
            .or_else(|| usual(beside.join("changes.toml")));
        [profile, law, changes]
    }

    /// Reads the files, and says whether there is a profile.
    pub(crate) fn read(&self) -> Result<(licit_host::Deployment, bool), Problem> {
        let [profile, law, changes] = self.files();
        let mut deployment = licit_host::Deployment::default();
        let has_profile = profile.is_some();
        if let Some(path) = profile {
            let text = input::text(&path)?;
            deployment = deployment.profile(&text.name, &text.text);
        }
        if let Some(path) = law {
            let text = input::text(&path)?;
            deployment = deployment.law(&text.name, &text.text);
        }
        if let Some(path) = changes {
            let text = input::text(&path)?;
            deployment = deployment.changes(&text.name, &text.text);
        }
        Ok((deployment, has_profile))
    }
}

/// A host, and whether it has a profile.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) host: Host,
    pub(crate) has_profile: bool,
}

/// What to do about a missing profile.
pub(crate) const NO_PROFILE: &str = "there is no deployment profile, so the facts of the host and of registers are \
    unknown: put a `licit.toml` into this folder, or pass `--profile FILE`";

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
        finish(builder, &self.texts, discharges, terminal)
    }
}

/// Adds the profile, builds the host, and reports the plugins that it refuses.
pub(crate) fn finish(
    mut builder: HostBuilder,
    texts: &Texts,
    discharges: Option<&[String]>,
    terminal: &mut Terminal,
) -> Result<Ready, Problem> {
    let (deployment, has_profile) = texts.read()?;
    builder = builder.deployment(deployment);
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
    for plugin in host.loaded() {
        for note in &plugin.notes {
            terminal.warn(format!("plugin of `{}`: {note}", plugin.product));
        }
    }
    check_discharges(&host, discharges.unwrap_or_default(), terminal);
    Ok(Ready { host, has_profile })
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
