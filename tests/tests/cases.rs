//! One trial per case file entry: the golden cases of the policy, and the cases of every plugin; and one trial per plugin,
//! whether its cases show all that its manifest says.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use licit_conformance::{CaseFile, Hosts, lacking};
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
    let mut read = Vec::new();
    for (name, text) in files {
        if name.ends_with("permissive.toml") {
            continue;
        }
        let under = Some(("tests/cases/permissive.toml", permissive.as_str()));
        let file = CaseFile::read(hosts.usual(), &name, &text, under);
        let file = file.map_err(|found| found.to_string()).and_then(|file| {
            let folder = root.join(&name);
            let host = hosts.of(&file, folder.parent().unwrap_or(root))?;
            Ok((Arc::new(file), host))
        });
        match file {
            Ok((file, host)) => {
                trials.extend((0..file.cases.len()).map(|at| case(&name, &host, &file, at)));
                read.push((root.join(name), file));
            }
            Err(found) => trials.push(Trial::test(name, move || Err(Failed::from(found)))),
        }
    }
    for folder in licit::build::plugins_in(&root.join("plugins")).expect("the plugins' folders") {
        let product = support::product(&folder);
        let cases = folder.join("cases");
        let own = read.iter().filter(|(path, _)| path.starts_with(&cases));
        let own: Vec<Arc<CaseFile>> = own.map(|(_, file)| Arc::clone(file)).collect();
        let host = hosts.usual().clone();
        trials.push(Trial::test(
            format!("{product}: its cases are complete"),
            move || complete(&host, &product, &own).map_err(Failed::from),
        ));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn case(name: &str, host: &Host, file: &Arc<CaseFile>, at: usize) -> Trial {
    let (host, file) = (host.clone(), Arc::clone(file));
    let name = format!("{name}: {}", file.cases[at].name);
    Trial::ignorable_test(name, move || {
        let case = &file.cases[at];
        if let Some(reason) = case.skipped() {
            return Ok(Completion::ignored_with(reason));
        }
        case.check(&host).map_err(Failed::from)?;
        Ok(Completion::Completed)
    })
}

fn complete(host: &Host, product: &str, own: &[Arc<CaseFile>]) -> Result<(), String> {
    if own.is_empty() {
        return Err("the plugin has no cases: put files of them into `cases` in its folder".to_owned());
    }
    let lacks = lacking(host, product, own.iter().map(Arc::as_ref))?;
    if lacks.is_empty() {
        return Ok(());
    }
    let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
    Err(format!(
        "add to `[variations]` of a file in `cases`:\n{}",
        lacks.join("\n")
    ))
}
