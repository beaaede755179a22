//! What the test targets share: a folder with a plugin, and a way to run the command in it.
#![allow(dead_code, reason = "every test target uses its own part")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder of a deployment: `target/plugins` with a plugin of Find device that permits all it declares, and
/// `licit.toml` if asked for.
pub(crate) struct Deployment {
    pub(crate) dir: TempDir,
}

/// How a run of the command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn assert_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the workspace")
}

/// A component that permits everything, with this manifest.
pub(crate) fn plugin(manifest: &str) -> Vec<u8> {
    licit::pack::pack(&component(), manifest).expect("it takes a manifest")
}

pub(crate) fn component() -> Vec<u8> {
    wat::parse_file(root().join("tests/plugins/always-permit.wat")).expect("a component")
}

pub(crate) fn manifest() -> String {
    std::fs::read_to_string(root().join("plugins/find-device/plugin.toml")).expect("a manifest")
}

impl Deployment {
    pub(crate) fn bare() -> Self {
        let dir = TempDir::new().expect("a folder");
        std::fs::create_dir_all(dir.path().join("target/plugins")).expect("a folder");
        let deployment = Self { dir };
        deployment.write("target/plugins/find-device.wasm", &plugin(&manifest()));
        deployment
    }

    pub(crate) fn with_profile() -> Self {
        let deployment = Self::bare();
        let profile = std::fs::read(root().join("licit.toml")).expect("the example profile");
        deployment.write("licit.toml", &profile);
        deployment
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).expect("a written file");
        path
    }

    /// Writes a request and names it.
    pub(crate) fn request(&self, request: &Value) -> &'static str {
        self.write("request.json", request.to_string().as_bytes());
        "request.json"
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, b"")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &[u8]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_licit"))
            .args(arguments)
            .current_dir(self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let mut pipe = child.stdin.take().expect("a pipe");
        let stdin = stdin.to_vec();
        // A command that does not read its input closes the pipe, which is no failure of the test.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        let output = child.wait_with_output().expect("the command ends");
        writer.join().expect("the writer ends");
        Ran {
            code: output.status.code().expect("an exit code"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// The owner's device reports where it is, with everything known: a permit under the example profile.
pub(crate) fn locate() -> Value {
    json!({
        "id": "req-1",
        "product": "find-device", "operation": "collect", "purpose": "find-device",
        "data": ["device-find-location"], "at": "2026-11-23T10:00:00Z",
        "facts": {
            "subject.region": "IN",
            "collection.operation_country": "IN",
            "subject.registered": true,
            "subject.chosen_services": ["find-device"],
            "subject.second_factor": "absent",
            "controls.find_device": "on",
            "controls.location_services": "on",
            "actor.role": "system",
            "feature.command": "none",
        }
    })
}

/// The same with a fact set, or taken away by `null`.
pub(crate) fn locate_with(fact: &str, value: Value) -> Value {
    let mut request = locate();
    let facts = request["facts"].as_object_mut().expect("facts");
    match value {
        Value::Null => drop(facts.remove(fact)),
        value => drop(facts.insert(fact.to_owned(), value)),
    }
    request
}
