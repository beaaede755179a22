//! `licit pack`: embeds a manifest in a component made in any language.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use licit::pack::PackError;
use licit_baseline::{Baseline, Manifest, Tier};

use crate::input;
use crate::terminal::{Problem, Terminal};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The component, as its compiler left it; or a core module that exports the contract, which is made one
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,
    /// The manifest
    #[arg(long, value_name = "FILE", default_value = "plugin.toml")]
    manifest: PathBuf,
    /// The tier to declare in the manifest, if it declares none
    #[arg(long, value_enum)]
    tier: Option<Declared>,
    /// The plugin to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Declared {
    /// Code without an interpreter: Rust, C
    Compiled,
    /// Code that brings an interpreter along: JavaScript, Python
    Interpreted,
}

impl From<Declared> for Tier {
    fn from(declared: Declared) -> Self {
        match declared {
            Declared::Compiled => Self::Compiled,
            Declared::Interpreted => Self::Interpreted,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let component = input::bytes(&arguments.component)?;
    let manifest = input::text(&arguments.manifest)?;
    let baseline = Baseline::embedded();
    let taxonomy = baseline.taxonomy();
    // A manifest that no host would take is better refused here than at every host.
    let (read, _) = Manifest::parse(&manifest.name, &manifest.text, taxonomy)?;
    let tier = arguments.tier.map_or(read.tier, Tier::from);
    let text = if tier == read.tier {
        manifest.text
    } else {
        declare(&manifest.text, tier)
            .filter(|text| Manifest::parse(&manifest.name, text, taxonomy).is_ok_and(|(it, _)| it.tier == tier))
            .ok_or_else(|| {
                Problem::Text(format!(
                    "`{}` cannot be made to declare `{tier}`: write `tier = \"{tier}\"` in its `[plugin]` table",
                    manifest.name,
                    tier = tier.as_str(),
                ))
            })?
    };
    let refused = |error: &dyn std::fmt::Display| {
        Problem::Text(format!("`{}`: {error}", input::shown(&arguments.component)))
    };
    let plugin = match licit::pack::pack(&component, &text) {
        Err(PackError::CoreModule) => {
            let component = licit::build::componentize(&component).map_err(|error| refused(&error))?;
            licit::pack::pack(&component, &text)
        }
        packed => packed,
    }
    .map_err(|error| refused(&error))?;
    licit_host::check_tier(tier, &plugin).map_err(|error| refused(&error))?;
    let output = input::shown(&arguments.output);
    std::fs::write(&arguments.output, &plugin).map_err(|error| Problem::file("write", &output, &error))?;
    terminal.progress(format!("wrote {output}, {} bytes", plugin.len()));
    Ok(ExitCode::SUCCESS)
}

/// The manifest with the tier as the first line of its table `[plugin]`, or nothing where the table has no such head.
fn declare(manifest: &str, tier: Tier) -> Option<String> {
    let mut text = String::with_capacity(manifest.len() + 32);
    let mut declared = false;
    for line in manifest.split_inclusive('\n') {
        text.push_str(line);
        if !declared && line.trim() == "[plugin]" {
            text.push_str(&format!("tier = \"{}\"\n", tier.as_str()));
            declared = true;
        }
    }
    declared.then_some(text)
}
