//! One trial per case file entry: the golden cases of the policy, and the cases of every plugin.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use licit_conformance::CaseFile;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let host = Arc::new(support::builder().build().expect("a host"));
    let root = support::root();
    let permissive =
        std::fs::read_to_string(root.join("tests/cases/permissive.toml")).expect("permissive facts");
    let mut files = support::texts(&root.join("tests/cases"));
    files.extend(
        support::texts(&root.join("plugins"))
            .into_iter()
            .filter(|(name, _)| name.contains("/cases/")),
    );
    let mut trials = vec![Trial::test("every plugin loads", {
        let refused: Vec<String> = host.refused().iter().map(ToString::to_string).collect();
        move || {
            if refused.is_empty() {
                Ok(())
            } else {
                Err(Failed::from(refused.join("\n")))
            }
        }
    })];
    for (name, text) in files {
        if name.ends_with("permissive.toml") {
            continue;
        }
        let under = Some(("tests/cases/permissive.toml", permissive.as_str()));
        match CaseFile::read(&host, &name, &text, under) {
            Ok(file) => trials.extend(file.cases.into_iter().map(|case| {
                let host = Arc::clone(&host);
                Trial::ignorable_test(format!("{name}: {}", case.name), move || {
                    if let Some(reason) = case.skipped() {
                        return Ok(Completion::ignored_with(reason));
                    }
                    case.check(&host).map_err(Failed::from)?;
                    Ok(Completion::Completed)
                })
            })),
            Err(found) => trials.push(Trial::test(name, move || Err(Failed::from(found.to_string())))),
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
