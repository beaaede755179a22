//! From a plugin's folder to its `.wasm` file.
//!
//! An author's folder holds no build settings: cargo's crate type, profile and linker arguments all come from
//! here, so that they hold inside and outside a workspace and whatever the author's own configuration says. The
//! result is a component of one 64 KiB page, which is what makes a fresh instance per evaluation cheap.

use crate::pack::{PackError, pack};
use licit_baseline::{Baseline, Diagnostics, Manifest};
use serde_json::Value;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use wasmparser::{BinaryReaderError, ExternalKind, Operator, Parser, Payload, Validator};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

/// The contract that the guest SDK implements.
const CONTRACT: &str = include_str!("../wit/licit.wit");

const TARGET: &str = "wasm32-unknown-unknown";

const PAGE: u64 = 64 * 1024;

/// The least arena that a plugin is linked with, in bytes: a request of a hundred categories with their facts
/// fits several times. A plugin whose static data leaves less of its last page gets one page more.
const LEAST_ARENA: u64 = 24 * 1024;

/// 12 KiB of stack, and memory that cannot grow.
const LINK: &[&str] = &["-Clink-arg=-zstack-size=12288", "-Clink-arg=--no-growable-memory"];

/// The profile of plugins, apart from the author's own profiles. Overflow is checked, because a wrapped number
/// could permit and a trap is a deny.
const PROFILE: &[&str] = &[
    "inherits=\"release\"",
    "opt-level=3",
    "lto=\"fat\"",
    "codegen-units=1",
    "panic=\"abort\"",
    "strip=true",
    "debug=false",
    "debug-assertions=false",
    "overflow-checks=true",
    "incremental=false",
];

/// Builds the plugin whose `Cargo.toml` and `plugin.toml` are in `plugin`, and returns the path of the finished
/// file: `plugins/<product>.wasm` in cargo's target folder, replaced in one step.
///
/// Runs cargo, whose progress and messages go to stderr as they come. When the compiler's wasm target is missing,
/// rustup adds it.
///
/// # Errors
///
/// [`BuildError`] says which step failed. Where a tool ran, it has printed the rest.
pub fn build(plugin: &Path) -> Result<PathBuf, BuildError> {
    check(plugin)?;
    let manifest = read(&plugin.join("plugin.toml"))?;
    let manifest = String::from_utf8(manifest)
        .map_err(|_| BuildError::Manifest("`plugin.toml` is not UTF-8: save it as UTF-8".to_owned()))?;
    let product = product(&manifest)?;
    let package = Package::find(plugin)?;
    add_target(&package.folder)?;

    let mut module = package.compile(&[])?;
    let memory = Memory::of(&module).map_err(|error| BuildError::Component(error.to_string()))?;
    if memory.arena() < LEAST_ARENA {
        module = package.compile(&[format!("-Clink-arg=--initial-memory={}", memory.enough())])?;
    }
    let plugin = pack(&componentize(&module)?, &manifest).map_err(BuildError::Pack)?;

    let folder = package.target.join("plugins");
    let path = folder.join(format!("{product}.wasm"));
    replace(&folder, &path, &plugin).map_err(|error| BuildError::File {
        path: path.clone(),
        error,
    })?;
    Ok(path)
}

/// Reads the manifest in `plugin` as a host will, and gives its warnings.
///
/// Where the environment variable `LICIT_BASELINE` names another policy, nothing is checked here: the compiler reads the
/// manifest against that one.
///
/// # Errors
///
/// [`BuildError::Refused`] with everything that is wrong with it, and [`BuildError::File`] if it cannot be read.
pub fn check(plugin: &Path) -> Result<Diagnostics, BuildError> {
    let path = plugin.join("plugin.toml");
    let bytes = read(&path)?;
    if env::var_os("LICIT_BASELINE").is_some_and(|folder| !folder.is_empty()) {
        return Ok(Diagnostics::default());
    }
    let name = path.display().to_string();
    let (_, warnings) =
        Manifest::from_bytes(&name, &bytes, Baseline::embedded().taxonomy()).map_err(BuildError::Refused)?;
    Ok(warnings)
}

/// The folders of plugins in `folder`, at any depth, sorted: those that hold both `Cargo.toml` and `plugin.toml`. What
/// tools make, and what is hidden, is left out.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn plugins_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        if ["Cargo.toml", "plugin.toml"]
            .iter()
            .all(|file| folder.join(file).is_file())
        {
            found.push(folder.clone());
        }
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_made = ["target", "node_modules"].iter().any(|made| name == *made);
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            // A link could lead around in a circle.
            if entry.file_type()?.is_dir() && !is_made && !is_hidden {
                pending.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Wraps a core module built on the guest SDK into a component of the contract, and validates it.
///
/// # Errors
///
/// [`BuildError::Component`] when the module does not implement the contract.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    // The encoder panics at a section that is cut off.
    let valid = Validator::new().validate_all(module);
    valid.map_err(|error| BuildError::Component(error.to_string()))?;
    let mut module = module.to_vec();
    let mut encode = || {
        let mut contract = Resolve::default();
        let package = contract.push_str("licit.wit", CONTRACT)?;
        let world = contract.select_world(&[package], Some("plugin"))?;
        wit_component::embed_component_metadata(&mut module, &contract, world, StringEncoding::UTF8)?;
        ComponentEncoder::default()
            .validate(true)
            .module(&module)?
            .encode()
    };
    encode().map_err(|error| BuildError::Component(format!("{error:#}")))
}

/// The product that a manifest is for, which names the plugin's file.
///
/// # Errors
///
/// [`BuildError::Manifest`] when it is no TOML, or names no product.
pub fn product(manifest: &str) -> Result<String, BuildError> {
    let table: toml::Table = manifest
        .parse()
        .map_err(|error: toml::de::Error| BuildError::Manifest(error.to_string()))?;
    let product = table
        .get("plugin")
        .and_then(|plugin| plugin.get("product"))
        .and_then(toml::Value::as_str);
    let is_id = |id: &&str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    product.filter(is_id).map(str::to_owned).ok_or_else(|| {
        BuildError::Manifest(
            "`plugin.toml` names no product: begin it with `[plugin]` and `product = \"…\"`, an id of the \
             taxonomy"
                .to_owned(),
        )
    })
}

/// A plugin's package, as cargo sees it.
struct Package {
    folder: PathBuf,
    manifest: PathBuf,
    workspace: PathBuf,
    target: PathBuf,
}

impl Package {
    fn find(plugin: &Path) -> Result<Self, BuildError> {
        let manifest = plugin.join("Cargo.toml");
        let manifest = fs::canonicalize(&manifest).map_err(|error| BuildError::File {
            path: manifest,
            error,
        })?;
        let folder = manifest.parent().unwrap_or(plugin).to_owned();
        let mut command = Command::new(cargo());
        command
            .args([
                "metadata",
                "--no-deps",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(&manifest);
        let metadata = run(command.current_dir(&folder))?;
        let metadata: Value =
            serde_json::from_slice(&metadata).map_err(|error| BuildError::Cargo(error.to_string()))?;
        let path = |key: &str| {
            let path = metadata.get(key).and_then(Value::as_str).map(PathBuf::from);
            path.ok_or_else(|| BuildError::Cargo(format!("its metadata has no `{key}`")))
        };
        let package = metadata
            .get("packages")
            .and_then(Value::as_array)
            .and_then(|packages| packages.iter().find(|package| is_at(package, &manifest)));
        if !package.is_some_and(has_library) {
            return Err(BuildError::NoLibrary(folder));
        }
        Ok(Self {
            workspace: path("workspace_root")?,
            target: path("target_directory")?,
            folder,
            manifest,
        })
    }

    /// Compiles the library to a core module.
    fn compile(&self, link: &[String]) -> Result<Vec<u8>, BuildError> {
        let mut command = Command::new(cargo());
        command.args([
            "rustc",
            "--lib",
            "--crate-type",
            "cdylib",
            "--target",
            TARGET,
            "--profile",
            "licit",
        ]);
        for setting in PROFILE {
            command.arg("--config").arg(format!("profile.licit.{setting}"));
        }
        command
            .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
            .arg(&self.manifest);
        command.arg("--").args(LINK).args(link);
        // This variable outranks every other source of flags, in the environment and in configuration files,
        // any of which could spoil a plugin.
        command.env("CARGO_ENCODED_RUSTFLAGS", self.flags());
        let messages = run(command.current_dir(&self.folder))?;
        let artifact = String::from_utf8_lossy(&messages)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message.get("reason").and_then(Value::as_str) == Some("compiler-artifact"))
            .filter(|message| is_at(message, &self.manifest))
            .find_map(|message| wasm_file(&message));
        read(&artifact.ok_or_else(|| BuildError::Cargo("it reported no `.wasm` file".to_owned()))?)
    }

    /// The compiler's flags for every crate of the plugin, in cargo's encoding: the places where sources lie on
    /// this machine do not get into the file, so that another machine builds the same bytes.
    fn flags(&self) -> OsString {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
        let mut flags = OsString::new();
        for (place, name) in [(home.as_deref(), "cargo"), (Some(&self.workspace), "plugin")] {
            if let Some(place) = place {
                flags.push(if flags.is_empty() { "" } else { "\x1f" });
                flags.push("--remap-path-prefix=");
                flags.push(place);
                flags.push("=/");
                flags.push(name);
            }
        }
        flags
    }
}

/// Whether a message or a package of cargo's is about this `Cargo.toml`.
fn is_at(value: &Value, manifest: &Path) -> bool {
    value
        .get("manifest_path")
        .and_then(Value::as_str)
        .is_some_and(|path| Path::new(path) == manifest)
}

fn has_library(package: &Value) -> bool {
    let strings = |value: &Value, key: &str| -> Vec<String> {
        let array = value
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        array
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let targets = package.get("targets").and_then(Value::as_array);
    targets.into_iter().flatten().any(|target| {
        strings(target, "kind")
            .iter()
            .any(|kind| ["lib", "rlib", "cdylib"].contains(&kind.as_str()))
    })
}

fn wasm_file(artifact: &Value) -> Option<PathBuf> {
    let files = artifact.get("filenames")?.as_array()?;
    files
        .iter()
        .filter_map(Value::as_str)
        .map(PathBuf::from)
        .find(|file| file.extension() == Some(OsStr::new("wasm")))
}

/// Cargo itself: the one that runs us, if one does.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a tool with its messages going to our stderr, and returns what it wrote to stdout.
fn run(command: &mut Command) -> Result<Vec<u8>, BuildError> {
    let tool = command.get_program().to_string_lossy().into_owned();
    let ran = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = ran.map_err(|error| BuildError::Tool { tool, error })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(BuildError::Failed)
    }
}

/// Makes sure that the compiler which serves `folder` has the wasm target.
fn add_target(folder: &Path) -> Result<(), BuildError> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder);
    let library = run(&mut rustc)?;
    if Path::new(String::from_utf8_lossy(&library).trim_end()).is_dir() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]).current_dir(folder);
    run(&mut rustup).map(drop).map_err(|_| BuildError::NoTarget)
}

/// Writes a file so that a reader sees the old one or the new one, never half of it.
fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let draft = path.with_extension(format!("{}.draft", process::id()));
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The write's own error is the one to report.
        drop(fs::remove_file(&draft));
    }
    written
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|error| BuildError::File {
        path: path.to_owned(),
        error,
    })
}

/// How a core module lays out its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The initial memory, in bytes.
    pub initial: u64,
    /// Where the arena begins: behind stack and static data.
    pub heap_base: u64,
}

impl Memory {
    /// Reads the layout of a module that exports `__heap_base`, as rustc links one.
    ///
    /// # Errors
    ///
    /// When `module` is not a WebAssembly module. What it does not state counts as zero.
    pub fn of(module: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut memory = Self {
            initial: 0,
            heap_base: 0,
        };
        let (mut globals, mut heap_base) = (Vec::new(), None);
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::MemorySection(memories) => {
                    for declared in memories {
                        memory.initial += declared?.initial.saturating_mul(PAGE);
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        let value = global?.init_expr.get_operators_reader().read()?;
                        globals.push(if let Operator::I32Const { value } = value {
                            value
                        } else {
                            0
                        });
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == ExternalKind::Global && export.name == "__heap_base" {
                            heap_base = usize::try_from(export.index).ok();
                        }
                    }
                }
                _ => {}
            }
        }
        let heap_base = heap_base
            .and_then(|index| globals.get(index))
            .copied()
            .unwrap_or_default();
        memory.heap_base = u64::from(heap_base.cast_unsigned());
        Ok(memory)
    }

    /// What is left for the plugin to allocate from, in bytes.
    #[must_use]
    pub const fn arena(self) -> u64 {
        self.initial.saturating_sub(self.heap_base)
    }

    /// The initial memory that leaves [`LEAST_ARENA`].
    const fn enough(self) -> u64 {
        self.heap_base.saturating_add(LEAST_ARENA).next_multiple_of(PAGE)
    }
}

/// Why a plugin could not be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A file could not be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// `plugin.toml` does not say which product it is for; in words.
    Manifest(String),
    /// No host would take `plugin.toml`; everything that is wrong with it.
    Refused(Diagnostics),
    /// The folder has no library crate.
    NoLibrary(PathBuf),
    /// A tool could not be started.
    Tool {
        /// Its name.
        tool: String,
        /// What the system said.
        error: io::Error,
    },
    /// A tool ran and failed, and has said why on stderr.
    Failed,
    /// The compiler has no wasm target, and rustup could not add it.
    NoTarget,
    /// Cargo's answer was not understood; in words.
    Cargo(String),
    /// The module could not be made a component; in words.
    Component(String),
    /// The component could not take the manifest.
    Pack(PackError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "`{}`: {error}", path.display()),
            Self::Manifest(words) => f.write_str(words.trim_end()),
            Self::Refused(found) => found.fmt(f),
            Self::NoLibrary(folder) => {
                write!(
                    f,
                    "`{}` holds no library crate: a plugin has `src/lib.rs`",
                    folder.display()
                )
            }
            Self::Tool { tool, error } => {
                write!(
                    f,
                    "cannot run `{tool}`: {error}: install Rust from https://rustup.rs"
                )
            }
            Self::Failed => f.write_str("the plugin was not built: the messages above say why"),
            Self::NoTarget => write!(
                f,
                "the Rust compiler has no target `{TARGET}`: run `rustup target add {TARGET}`, or install it as \
                 you installed Rust"
            ),
            Self::Cargo(words) => write!(f, "cargo's answer was not understood: {words}"),
            Self::Component(words) => write!(
                f,
                "the module is not a plugin: {words}: does `src/lib.rs` begin with `licit_guest::plugin!();`?"
            ),
            Self::Pack(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } | Self::Tool { error, .. } => Some(error),
            Self::Pack(error) => Some(error),
            _ => None,
        }
    }
}
