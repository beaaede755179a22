//! `licit new` and `licit test`: what a product team starts with works at once.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Deployment, Ran, plugin, root};

/// An empty folder, and the command in it.
struct Here(Deployment);

impl Here {
    fn new() -> Self {
        Self(Deployment::bare())
    }

    fn run(&self, arguments: &str) -> Ran {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        self.0.run(&arguments)
    }

    fn path(&self) -> &Path {
        self.0.dir.path()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// What lies in the folder itself.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_new_plugin_builds_tests_and_passes_its_cases_outside_the_workspace() {
    let here = Here::new();
    let sdk = root().join("guest-sdk");
    let made = here
        .run(&format!("new find-device --sdk-path {}", sdk.display()))
        .assert_code(0);
    assert!(made.out.contains("licit test find-device"), "{made:?}");
    // The versions that are tested, without asking anybody for newer ones.
    fs::copy(
        root().join("Cargo.lock"),
        here.path().join("find-device/Cargo.lock"),
    )
    .unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new");
    let run = |command: &mut Command| {
        let output = command
            .current_dir(here.path())
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_NET_OFFLINE", "true")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        (text(&output.stdout), text(&output.stderr))
    };
    let (out, err) = run(Command::new(env!("CARGO_BIN_EXE_licit")).args(["test", "find-device"]));
    assert!(
        out.starts_with("find-device: ") && out.contains(" passed") && !out.contains("failed"),
        "{out}"
    );
    // Its cases show all that its manifest says.
    assert!(!err.contains("warning: no "), "{err}");
    let mut tests = Command::new(env!("CARGO"));
    let (out, _) = run(tests.args(["test", "--manifest-path", "find-device/Cargo.toml"]));
    assert!(out.contains("what_is_declared_is_permitted ... ok"), "{out}");
}

#[test]
fn what_cannot_be_made_leaves_nothing_behind() {
    let here = Here::new();
    let before = here.names();
    let refused = |arguments: &str, said: &str| {
        let ran = here.run(arguments).assert_code(1);
        assert!(ran.err.contains(said), "{arguments}: {ran:?}");
        assert_eq!(here.names(), before, "{arguments}");
    };
    refused("new wether", "did you mean `weather`?");
    refused("new", "name the product");
    refused("new themes --data imei", "outside the ceiling of `themes`");
    refused(
        "new themes --purpose content-recomendation",
        "did you mean `content-recommendation`?",
    );
    refused("new themes --operations automated-decision", "nothing of this: ");
    refused("new themes --sdk-path nowhere", "is not the folder of the SDK");
    refused("new themes --path target/plugins/find-device.wasm", "cannot make");

    here.write("themes/note.txt", "mine");
    let ran = here.run("new themes").assert_code(1);
    assert!(ran.err.contains("`themes` is not empty"), "{ran:?}");
    assert_eq!(here.read("themes/note.txt"), "mine");
    fs::create_dir(here.path().join("empty")).unwrap();
    here.run("new themes --path empty").assert_code(0);
    assert!(here.read("empty/plugin.toml").contains("product = \"themes\""));
}

#[test]
fn flags_say_what_is_declared() {
    let here = Here::new();
    here.run(
        "new themes --purpose content-recommendation --data download-history,browsing-history --operations use \
         --legal-basis consent --activity recommend --system-service --sdk-version 0.1.0",
    )
    .assert_code(0);
    let manifest = here.read("themes/plugin.toml");
    for line in [
        "id = \"recommend\"",
        "data = [\"download-history\", \"browsing-history\"]",
        "operations = [\"use\"]",
        "legal-basis = \"consent\"",
        "system-service = true",
    ] {
        assert!(
            manifest.lines().any(|it| it.starts_with(line)),
            "{line}: {manifest}"
        );
    }
    let package = here.read("themes/Cargo.toml");
    assert!(
        package.contains("licit-guest = \"0.1.0\"") && !package.contains("[workspace]"),
        "{package}"
    );
}

#[test]
fn a_workspace_around_it_is_seen() {
    let here = Here::new();
    here.write("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n");
    here.run("new notes --path elsewhere/notes").assert_code(0);
    assert!(
        here.read("elsewhere/notes/Cargo.toml")
            .contains("\n[workspace]\n")
    );
    here.run("new notes --path crates/notes").assert_code(0);
    assert!(!here.read("crates/notes/Cargo.toml").contains("[workspace]"));

    here.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"plugins/*\"]\n[workspace.dependencies]\nlicit-guest = \"0.1.0\"\n",
    );
    let member = here.run("new notes").assert_code(0);
    assert!(
        here.read("plugins/notes/Cargo.toml")
            .contains("licit-guest.workspace = true")
    );
    assert!(!member.err.contains("add \""), "{member:?}");
    let nested = here.run("new camera --path plugins/notes/camera").assert_code(0);
    assert!(
        nested
            .err
            .contains("add \"plugins/notes/camera\" to `members` in `Cargo.toml`"),
        "{nested:?}"
    );
}

/// A folder with the manifest of Find device, whose built plugin permits all of it, and these cases.
fn tested(cases: &str, flags: &str) -> Ran {
    let here = Here::new();
    here.write("plugin/plugin.toml", &support::manifest());
    here.write(
        "plugin/cases/find-device.toml",
        &format!(
            "[base.request]\nproduct = \"find-device\"\noperation = \"use\"\npurpose = \"find-device\"\n\
             data = [\"device-find-location\"]\nat = 2026-11-23T10:00:00Z\n[variations]\n{cases}\n"
        ),
    );
    fs::write(here.path().join("it.wasm"), plugin(&support::manifest())).unwrap();
    here.run(&format!("test plugin --plugin it.wasm{flags}"))
}

#[test]
fn cases_are_asked_of_the_plugin_alone() {
    let passed = tested(
        "\"located\" = { decision = \"permit\" }\n\"later\" = { skip = \"not built\" }",
        "",
    )
    .assert_code(0);
    assert!(passed.out.contains("later: not built"), "{passed:?}");
    assert!(passed.out.contains("plugin: 1 passed, 1 skipped"), "{passed:?}");
    assert!(
        passed.err.contains("because the control `find-device` is off"),
        "{passed:?}"
    );
    let named = tested("\"located\" = { decision = \"permit\" }", " --verbose").assert_code(0);
    assert!(
        named
            .out
            .contains("passed plugin/cases/find-device.toml: located"),
        "{named:?}"
    );

    let failed = tested(
        "\"located\" = { controls.find_device = \"off\", decision = \"permit\" }",
        "",
    )
    .assert_code(1);
    for said in [
        "find-device.toml: located",
        "expected permit, got deny",
        "find-device-switch",
        "0 passed, 1 failed",
    ] {
        assert!(failed.out.contains(said), "{said}: {failed:?}");
    }
    // Nobody says that the person is registered, that the channel is safe, and so on.
    let bare = tested("\"located\" = { decision = \"permit\" }", " --bare").assert_code(1);
    assert!(
        bare.out.contains("missing ") && bare.out.contains("controls.find_device"),
        "{bare:?}"
    );
    let wrong = tested("\"located\" = { decison = \"permit\" }", "").assert_code(1);
    assert!(wrong.err.contains("did you mean `decision`?"), "{wrong:?}");
}

#[test]
fn a_plugin_without_cases_is_not_tested() {
    let here = Here::new();
    here.write("plugin/plugin.toml", &support::manifest());
    let ran = here.run("test plugin").assert_code(1);
    assert!(ran.err.contains("plugin `plugin` has no cases"), "{ran:?}");
    fs::create_dir(here.path().join("plugin/cases")).unwrap();
    let ran = here.run("test plugin").assert_code(1);
    assert!(ran.err.contains("plugin `plugin` has no cases"), "{ran:?}");
    let ran = here.run("test").assert_code(1);
    assert!(
        ran.err.contains("there is no `plugin.toml` in this folder"),
        "{ran:?}"
    );
}

#[test]
fn a_product_that_has_its_plugin_in_the_workspace_gets_no_second_one() {
    let ran = Command::new(env!("CARGO_BIN_EXE_licit"))
        .args(["new", "second-space", "--path", "plugins/again", "--yes"])
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!ran.status.success(), "{said}");
    assert!(said.contains("push-service/second-space"), "{said}");
    assert!(!root().join("plugins/again").exists());
}
