//! Building and packing a plugin that lies outside this workspace, under settings that would spoil it.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use licit::build::{BuildError, Memory, build};
use licit::pack::{PackError, manifest, pack};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;
use wasmparser::{Parser, Payload};

const MANIFEST: &str = r#"
[plugin]
product = "themes"
version = "1.0.0"
policy = "2025-10-10"
child-directed = false
financial = false
requires-account = false
system-service = true
review-date = "2026-11-01"

[[activity]]
id = "recommend-content"
purpose = "content-recommendation"
operations = ["use"]
data = ["browsing-history", "download-history", "oaid"]
legal-basis = "consent"
reads = ["controls.personalisation", "subject.region"]
controls = ["personalisation"]

[reason.declined]
text = "recommendations are off"

[obligation.refresh-index]
text = "rebuild the index of recommendations"
timing = "after"
"#;

const CODE: &str = r#"//! A plugin with three data categories and two texts.
#![forbid(unsafe_code)]

licit_guest::plugin!();

fn evaluate(request: &Request) -> Verdict {
    let Purpose::ContentRecommendation(facts) = request.purpose();
    match facts.controls_personalisation() {
        ControlsPersonalisation::Off => deny(Reason::Declined),
        ControlsPersonalisation::On if facts.subject_region() == "IN" => permit().with(Obligation::RefreshIndex),
        ControlsPersonalisation::On => permit(),
    }
}
"#;

/// The folder of a plugin, outside the workspace, and cargo's target folder for it.
struct Fixture {
    folder: TempDir,
    target: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let cargo = format!(
            "[package]\nname = \"a-plugin\"\nedition = \"2024\"\n\n[dependencies]\n\
             licit-guest = {{ path = {:?} }}\n\n[workspace]\n\n[profile.release]\npanic = \"unwind\"\n",
            repository.join("guest-sdk")
        );
        let fixture = Self {
            target: Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin"),
            folder,
        };
        fixture.write("Cargo.toml", &cargo);
        fixture.write("plugin.toml", MANIFEST);
        fixture.write("src/lib.rs", CODE);
        fixture.write(
            ".cargo/config.toml",
            "[build]\nrustflags = [\"-Clink-arg=--no-such-argument\"]\n",
        );
        // The versions that this workspace has fetched already.
        fs::copy(repository.join("Cargo.lock"), fixture.path("Cargo.lock")).unwrap();
        fixture
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs `build` on the folder in a process of its own, whose environment is as hostile as it gets.
    fn run(&self) -> Output {
        // All fixtures share one target folder, so that the dependencies are compiled once; and one file in it.
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "build_in_this_environment", "--ignored", "--nocapture"])
            .env("LICIT_TEST_PLUGIN", self.folder.path())
            .env("CARGO_TARGET_DIR", &self.target)
            .env("RUSTFLAGS", "-Clink-arg=-zstack-size=1048576")
            .env("CARGO_BUILD_RUSTFLAGS", "-Clink-arg=-zstack-size=1048576")
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
                "-Clink-arg=-zstack-size=1048576",
            )
            .output()
            .unwrap()
    }

    fn build(&self) -> Vec<u8> {
        let _alone = one_at_a_time();
        let output = self.run();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let folder = self.target.join("plugins");
        let files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(files, ["themes.wasm"], "nothing but the plugin is left behind");
        fs::read(folder.join("themes.wasm")).unwrap()
    }

    /// What cargo and the compiler print when the build fails.
    fn failure(&self) -> String {
        let _alone = one_at_a_time();
        let output = self.run();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

fn one_at_a_time() -> impl Drop {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The memories of all modules in a component: initial and maximum, in pages.
fn memories(component: &[u8]) -> Vec<(u64, Option<u64>)> {
    let mut memories = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::MemorySection(section) = payload.unwrap() {
            memories.extend(
                section
                    .into_iter()
                    .map(|memory| memory.unwrap())
                    .map(|m| (m.initial, m.maximum)),
            );
        }
    }
    memories
}

/// What a component exports, as it is seen from outside.
fn exports(component: &[u8]) -> Vec<String> {
    let (mut depth, mut names) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentExportSection(section) if depth == 0 => {
                names.extend(
                    section
                        .into_iter()
                        .map(|export| export.unwrap().name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    names
}

#[test]
#[ignore = "runs inside the other tests, in an environment that they choose"]
fn build_in_this_environment() {
    let folder = env::var_os("LICIT_TEST_PLUGIN").unwrap();
    let path = build(Path::new(&folder)).unwrap_or_else(|refused| panic!("{refused}"));
    assert!(path.ends_with("plugins/themes.wasm"), "{}", path.display());
}

#[test]
fn a_plugin_is_one_small_page_without_imports_and_carries_its_manifest() {
    let plugin = Fixture::new().build();
    assert!(plugin.len() < 20_000, "{} bytes", plugin.len());
    assert_eq!(memories(&plugin), [(1, Some(1))]);
    assert!(Memory::of(&plugin).unwrap().arena() > 48 * 1024);
    assert_eq!(exports(&plugin), ["licit:policy/evaluator@0.1.0"]);
    assert_eq!(manifest(&plugin), Ok(Some(MANIFEST)));
    // Whatever imports something cannot be packed; this has been, so it is refused only for that.
    assert_eq!(pack(&plugin, MANIFEST), Err(PackError::AlreadyPacked));
}

#[test]
fn the_same_sources_make_the_same_bytes_wherever_they_lie() {
    assert_eq!(Fixture::new().build(), Fixture::new().build());
}

#[test]
fn a_changed_manifest_is_compiled_anew() {
    let fixture = Fixture::new();
    fixture.build();
    let later = MANIFEST.replace("1.0.0", "1.0.1");
    fixture.write("plugin.toml", &later);
    assert_eq!(manifest(&fixture.build()), Ok(Some(later.as_str())));
    fixture.write(
        "plugin.toml",
        &MANIFEST.replace("[reason.declined]", "[reason.refused]"),
    );
    let failure = fixture.failure();
    assert!(
        failure.contains("named `Declined` found for enum `Reason`"),
        "{failure}"
    );
}

#[test]
fn a_plugin_full_of_data_gets_the_pages_that_leave_it_an_arena() {
    let fixture = Fixture::new();
    let table = "static TABLE: [u8; 45_000] = [7; 45_000];\n\nfn evaluate";
    let code = CODE
        .replace("fn evaluate", table)
        .replace("\"IN\"", "TABLE.escape_ascii().to_string()");
    fixture.write("src/lib.rs", &code);
    let plugin = fixture.build();
    assert_eq!(memories(&plugin), [(2, Some(2))]);
    assert!(Memory::of(&plugin).unwrap().arena() >= 24 * 1024);
}

#[test]
fn a_broken_manifest_is_quoted_and_is_the_only_error() {
    let fixture = Fixture::new();
    fixture.write(
        "plugin.toml",
        &MANIFEST.replace("content-recommendation", "content-recomendation"),
    );
    let failure = fixture.failure();
    for expected in ["plugin.toml:14:11", "did you mean `content-recommendation`?"] {
        assert!(failure.contains(expected), "{failure}");
    }
    assert!(
        !failure.contains("Compiling"),
        "the compiler is not asked:\n{failure}"
    );
}

#[test]
fn a_forgotten_purpose_is_the_compilers_own_error() {
    let fixture = Fixture::new();
    let activity = "[[activity]]\nid = \"run\"\npurpose = \"system-service-operation\"\noperations = [\"use\"]\n\
                    data = [\"oaid\"]\nlegal-basis = \"contract\"\n\n[reason.declined]";
    fixture.write("plugin.toml", &MANIFEST.replace("[reason.declined]", activity));
    let failure = fixture.failure();
    assert!(
        failure.contains("`Purpose::SystemServiceOperation` not covered"),
        "{failure}"
    );
}

#[test]
fn a_folder_that_is_no_plugin_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let refused = build(folder.path()).unwrap_err();
    assert!(refused.to_string().contains("plugin.toml`: "), "{refused}");

    fs::write(folder.path().join("plugin.toml"), "[plugin]\n").unwrap();
    let refused = build(folder.path()).unwrap_err();
    assert!(matches!(refused, BuildError::Refused(_)), "{refused}");

    fs::write(folder.path().join("plugin.toml"), MANIFEST).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/main.rs"), "fn main() {}").unwrap();
    fs::write(
        folder.path().join("Cargo.toml"),
        "[package]\nname = \"a-program\"\n\n[workspace]\n",
    )
    .unwrap();
    let refused = build(folder.path()).unwrap_err();
    assert!(matches!(refused, BuildError::NoLibrary(_)), "{refused}");
}

#[test]
fn a_library_without_the_sdk_is_no_plugin() {
    let fixture = Fixture::new();
    fixture.write("src/lib.rs", "//! Nothing.\n");
    assert!(
        fixture
            .failure()
            .contains("does `src/lib.rs` begin with `licit_guest::plugin!();`?")
    );
}
