//! `licit pack`: embeds a manifest in a component made in any language.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use licit_baseline::{Baseline, Manifest};

use crate::input;
use crate::terminal::{Problem, Terminal};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The component, as its compiler left it
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,
    /// The manifest
    #[arg(long, value_name = "FILE", default_value = "plugin.toml")]
    manifest: PathBuf,
    /// The plugin to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let component = input::bytes(&arguments.component)?;
    let manifest = input::text(&arguments.manifest)?;
    // A manifest that no host would take is better refused here than at every host.
    Manifest::parse(&manifest.name, &manifest.text, Baseline::embedded().taxonomy())?;
    let plugin = licit::pack::pack(&component, &manifest.text)
        .map_err(|error| Problem::Text(format!("`{}`: {error}", input::shown(&arguments.component))))?;
    let output = input::shown(&arguments.output);
    std::fs::write(&arguments.output, &plugin).map_err(|error| Problem::file("write", &output, &error))?;
    terminal.progress(format!("wrote {output}, {} bytes", plugin.len()));
    Ok(ExitCode::SUCCESS)
}
