//! `licit test`: a plugin alone, asked its cases.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use licit_conformance::{Case, CaseFile, Hosts, PERMISSIVE, lacking};
use licit_host::Host;

use crate::commands::build::usual;
use crate::input;
use crate::terminal::{BOLD, DIM, GREEN, Problem, RED, Terminal, YELLOW, paint, safe, safe_lines};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folders of the plugins, each with `plugin.toml` and `cases` [default: this folder, or each plugin below `plugins`]
    #[arg(value_name = "DIR")]
    plugins: Vec<PathBuf>,
    /// Ask this plugin, in whatever language it was written, instead of building the one in DIR
    #[arg(long, value_name = "FILE.wasm")]
    plugin: Option<PathBuf>,
    /// Assume nothing: facts that a case does not name are unknown, instead of standing in nobody's way
    #[arg(long)]
    bare: bool,
    /// Name the cases that pass, too
    #[arg(long, short)]
    verbose: bool,
}

/// How many cases ended how.
#[derive(Debug, Default)]
struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let folders = if arguments.plugins.is_empty() {
        usual()?
    } else {
        arguments.plugins.clone()
    };
    if arguments.plugin.is_some() && folders.len() > 1 {
        return Err(Problem::Text(
            "`--plugin` is one plugin: name its folder alone".to_owned(),
        ));
    }
    let mut failed = false;
    for folder in &folders {
        match test(arguments, folder, terminal) {
            Ok(count) => failed |= count.failed > 0,
            Err(problem @ Problem::Output(_)) => return Err(problem),
            Err(problem) => {
                terminal.report(&problem);
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

fn test(arguments: &Arguments, folder: &Path, terminal: &mut Terminal) -> Result<Count, Problem> {
    let name = input::shown(folder);
    let cases = folder.join("cases");
    let files = licit_conformance::texts(&cases)
        .map_err(|error| Problem::Text(format!("plugin `{name}` has no cases that can be read: {error}")))?;
    if files.is_empty() {
        return Err(Problem::Text(format!(
            "plugin `{name}` has no cases: write some into `{}`",
            cases.display()
        )));
    }
    let file = match &arguments.plugin {
        Some(file) => file.clone(),
        None => {
            terminal.progress(format!("building {name}"));
            let built = licit::build::build(folder);
            built.map_err(|error| Problem::Text(format!("plugin `{name}`: {error}")))?
        }
    };
    let builder = licit_conformance::as_cases_are_asked(Host::builder());
    let plugins = vec![(input::shown(&file), input::bytes(&file)?)];
    let hosts = Hosts::new(builder, plugins).map_err(|error| Problem::Lines(error.to_string()))?;
    if let Some(refused) = hosts.usual().refused().first() {
        return Err(Problem::Lines(refused.to_string()));
    }
    let mut count = Count::default();
    let mut read = Vec::new();
    for (path, text) in files {
        let under = (!arguments.bare).then_some(PERMISSIVE);
        let file = CaseFile::read(hosts.usual(), &path, &text, under)?;
        let beside = Path::new(&path).parent().unwrap_or(folder);
        let host = hosts.of(&file, beside);
        let host = host.map_err(|error| Problem::Text(format!("{path}: {error}")))?;
        for case in &file.cases {
            ask(&path, case, &host, arguments.verbose, &mut count, terminal)?;
        }
        read.push(file);
    }
    let counts = [
        (count.passed, "passed", GREEN),
        (count.failed, "failed", RED),
        (count.skipped, "skipped", YELLOW),
    ];
    let counts = counts
        .iter()
        .filter(|(many, what, _)| *many > 0 || *what == "passed");
    let counts: Vec<String> = counts
        .map(|(many, what, style)| paint(style, &format!("{many} {what}")))
        .collect();
    writeln!(
        terminal.out,
        "{}: {}",
        paint(BOLD, &safe(&name)),
        counts.join(", ")
    )?;
    for plugin in hosts
        .usual()
        .loaded()
        .iter()
        .filter(|_| count.failed == 0 && !arguments.bare)
    {
        for lack in lacking(hosts.usual(), &plugin.product, &read).map_err(Problem::Text)? {
            terminal.warn(&lack.what);
            terminal.progress(format!("    {}", lack.add));
        }
    }
    Ok(count)
}

fn ask(
    path: &str,
    case: &Case,
    host: &Host,
    verbose: bool,
    count: &mut Count,
    terminal: &mut Terminal,
) -> Result<(), Problem> {
    let name = safe(&format!("{path}: {}", case.name));
    if let Some(reason) = case.skipped() {
        count.skipped += 1;
        writeln!(
            terminal.out,
            "{} {name}: {}",
            paint(YELLOW, "skipped"),
            safe(reason)
        )?;
        return Ok(());
    }
    let answer = case.answer(host);
    let differences = case.differences(&answer);
    if differences.is_empty() {
        count.passed += 1;
        if verbose {
            writeln!(terminal.out, "{} {name}", paint(GREEN, "passed"))?;
        }
        return Ok(());
    }
    count.failed += 1;
    writeln!(terminal.out, "{} {name}", paint(RED, "failed"))?;
    for line in safe_lines(&differences).lines() {
        writeln!(terminal.out, "    {line}")?;
    }
    let rules: Vec<&str> = answer.deciding.iter().map(|(rule, _)| rule.as_str()).collect();
    writeln!(
        terminal.out,
        "{}",
        paint(DIM, &safe(&format!("    decided by {}", rules.join(", "))))
    )?;
    if !answer.missing.is_empty() {
        writeln!(
            terminal.out,
            "{}",
            paint(DIM, &safe(&format!("    missing {}", answer.missing.join(", "))))
        )?;
    }
    Ok(())
}
