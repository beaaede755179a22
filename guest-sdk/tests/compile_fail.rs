//! What an author gets wrong is a compile error that says what to do.
//!
//! Around the SDK's own words each message has the compiler's, which change from one version to the next. So the
//! messages are compared under the version that they were written with; under any other, nothing may compile.
//! `TRYBUILD=overwrite` writes them anew.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler whose words are in `compile-fail/*.stderr`.
const WRITTEN_WITH: &str = "rustc 1.95.";

const CASES: &str = "tests/compile-fail/*.rs";

#[test]
fn what_an_author_gets_wrong_does_not_compile() {
    if version().starts_with(WRITTEN_WITH) {
        trybuild::TestCases::new().compile_fail(CASES);
        return;
    }
    // Trybuild takes what it is told in its environment, which only a process of its own can be given.
    let run = Command::new(env::current_exe().unwrap())
        .args(["--exact", "whatever_the_words", "--ignored"])
        .env("TRYBUILD", "overwrite")
        .env("LICIT_CASES", without_messages())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
#[ignore = "runs inside the other test, with a copy of the cases"]
fn whatever_the_words() {
    let cases = PathBuf::from(env::var_os("LICIT_CASES").unwrap());
    trybuild::TestCases::new().compile_fail(cases.join("*.rs"));
}

fn version() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    String::from_utf8(version.stdout).unwrap()
}

/// A copy of the cases without the messages that they are expected to give.
fn without_messages() -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-fail");
    drop(fs::remove_dir_all(&copy));
    fs::create_dir_all(&copy).unwrap();
    let cases = Path::new(CASES).parent().unwrap();
    for case in fs::read_dir(cases).unwrap().map(|case| case.unwrap().path()) {
        if case.extension().is_some_and(|it| it != "stderr") {
            fs::copy(&case, copy.join(case.file_name().unwrap())).unwrap();
        }
    }
    copy
}
