//! One trial per case file entry: the golden cases of the policy, and the cases of every plugin.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use licit_conformance::{CaseFile, Hosts};
use licit_host::Host;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let builder = licit_conformance::as_cases_are_asked(Host::builder());
    let hosts = Hosts::new(builder, support::plugins()).expect("a host");
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
        let refused: Vec<String> = hosts.usual().refused().iter().map(ToString::to_string).collect();
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
        let read = CaseFile::read(hosts.usual(), &name, &text, under);
        let read = read.map_err(|found| found.to_string()).and_then(|file| {
            let folder = root.join(&name);
            let host = hosts.of(&file, folder.parent().unwrap_or(root))?;
            Ok((file, host))
        });
        match read {
            Ok((file, host)) => trials.extend(file.cases.into_iter().map(|case| {
                let host = host.clone();
                Trial::ignorable_test(format!("{name}: {}", case.name), move || {
                    if let Some(reason) = case.skipped() {
                        return Ok(Completion::ignored_with(reason));
                    }
                    case.check(&host).map_err(Failed::from)?;
                    Ok(Completion::Completed)
                })
            })),
            Err(found) => trials.push(Trial::test(name, move || Err(Failed::from(found)))),
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
