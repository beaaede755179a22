//! `licit build`: from plugin folders to `.wasm` files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use licit::build::BuildError;

use crate::input;
use crate::terminal::{Problem, Terminal};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folders of the plugins, each with `Cargo.toml` and `plugin.toml` [default: this folder, or each plugin below `plugins`]
    #[arg(value_name = "DIR")]
    plugins: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let plugins = if arguments.plugins.is_empty() {
        usual()?
    } else {
        arguments.plugins.clone()
    };
    let mut failed = false;
    for plugin in plugins {
        let name = input::shown(&plugin);
        terminal.progress(format!("building {name}"));
        if let Ok(warnings) = licit::build::check(&plugin) {
            terminal.show(&warnings);
        }
        match licit::build::build(&plugin) {
            Ok(file) => writeln!(
                terminal.out,
                "{}",
                crate::terminal::safe(&file.display().to_string())
            )?,
            Err(BuildError::Refused(found)) => {
                terminal.report(&Problem::Found(found));
                failed = true;
            }
            Err(error) => {
                terminal.report(&Problem::Text(format!("plugin `{name}`: {error}")));
                failed = true;
            }
        }
    }
    terminal.out.flush()?;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The plugin in this folder, or else every plugin in the folder `plugins`.
pub(crate) fn usual() -> Result<Vec<PathBuf>, Problem> {
    if PathBuf::from("plugin.toml").exists() {
        return Ok(vec![PathBuf::from(".")]);
    }
    let none = "there is no `plugin.toml` in this folder, and no folder `plugins` with plugins: name the plugin's folder";
    let found = licit::build::plugins_in(Path::new("plugins")).map_err(|_| Problem::Text(none.to_owned()))?;
    if found.is_empty() {
        Err(Problem::Text(none.to_owned()))
    } else {
        Ok(found)
    }
}
