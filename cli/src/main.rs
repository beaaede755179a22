//! The `licit` command: evaluate requests; start, build, test, pack, inspect and check plugins.
//!
//! Exit codes: for one request, or one person, 0 permit, 2 deny, 3 pend; for a review of the policy or of the law 2 if there
//! is something to look at; otherwise 0.
//! Any error, of usage too, is 1.

mod answer;
mod commands;
mod input;
mod review;
mod scaffold;
mod setup;
mod terminal;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::commands::{baseline, build, check, demo, eval, facts, inspect, law, new, pack, right, test};
use crate::terminal::{Problem, Terminal};

/// Is this processing licit? Evaluate requests against the General Privacy Policy and a product's plugin.
#[derive(Debug, Parser)]
#[command(name = "licit", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Colour the output
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    color: Color,
    /// Say nothing on stderr but errors
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the plugin of a product: a folder that builds, tests and passes its cases at once
    New(new::Arguments),
    /// Compile plugins written in Rust and pack their manifests: `target/plugins/<product>.wasm`
    Build(build::Arguments),
    /// Build plugins and ask each its cases, alone and under the built-in policy
    ///
    /// The exit code is 1 if a case fails.
    Test(test::Arguments),
    /// Embed a manifest in a component made in any language
    Pack(pack::Arguments),
    /// Show what a plugin declares, without running it
    Inspect(inspect::Arguments),
    /// Check that plugins are well formed and keep their word: the reviewer's first command
    ///
    /// The exit code is 1 if a check of severity `error` finds something.
    Check(check::Arguments),
    /// Answer one request, or a stream of them
    ///
    /// For one request the exit code is 0 for permit, 2 for deny, 3 for pend.
    Eval(eval::Arguments),
    /// Put a person's request to every product, and make one answer of theirs
    ///
    /// The exit code is 0 if all of it is granted, 2 if a part is refused, 3 if a part waits.
    Right(right::Arguments),
    /// List the facts that could still change a request's answer, with the values that would permit
    Facts(facts::Arguments),
    /// Look after the legal determinations
    #[command(subcommand)]
    Law(law::Command),
    /// Read, check and compare the policy: its rules, what is wrong with them, what the cases show of them
    Baseline(baseline::Arguments),
    /// Build the plugins of this repository and evaluate a tour of real requests
    Demo(demo::Arguments),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Clap's own code for usage errors would read as a deny.
            let code = if error.use_stderr() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            };
            return if error.print().is_ok() {
                code
            } else {
                ExitCode::FAILURE
            };
        }
    };
    let color = match cli.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    let mut terminal = Terminal::new(color, cli.quiet);
    let outcome = match cli.command {
        Command::New(arguments) => new::run(&arguments, &mut terminal),
        Command::Test(arguments) => test::run(&arguments, &mut terminal),
        Command::Build(arguments) => build::run(&arguments, &mut terminal),
        Command::Pack(arguments) => pack::run(&arguments, &mut terminal),
        Command::Inspect(arguments) => inspect::run(&arguments, &mut terminal),
        Command::Check(arguments) => check::run(&arguments, &mut terminal),
        Command::Eval(arguments) => eval::run(&arguments, &mut terminal),
        Command::Right(arguments) => right::run(&arguments, &mut terminal),
        Command::Facts(arguments) => facts::run(&arguments, &mut terminal),
        Command::Law(command) => law::run(&command, &mut terminal),
        Command::Baseline(arguments) => baseline::run(&arguments, &mut terminal),
        Command::Demo(arguments) => demo::run(&arguments, &mut terminal),
    };
    match outcome {
        Ok(code) => code,
        // Whoever reads our output has seen enough, and there is nobody to tell.
        Err(Problem::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(problem) => {
            terminal.report(&problem);
            ExitCode::FAILURE
        }
    }
}
