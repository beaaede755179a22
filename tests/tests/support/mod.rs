//! What the test targets share: built plugins, fixture plugins, a host over both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use licit_host::{Host, HostBuilder};

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the workspace")
}

/// Builds the product plugins as `licit build` does, once per test process, and gives their folder.
pub(crate) fn built_plugins() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut folder = None;
        for plugin in licit::build::plugins_in(&root().join("plugins")).expect("the plugins' folders") {
            let file =
                licit::build::build(&plugin).unwrap_or_else(|error| panic!("{}: {error}", plugin.display()));
            folder = file.parent().map(Path::to_owned);
        }
        folder.expect("a plugin was built")
    })
}

/// A host with the product plugins and with the fixture plugins of `tests/plugins`.
///
/// The environment variable `LICIT_IN_PLACE` names a folder whose plugins take the place of the built ones with the same
/// file name: that is how the cases of a plugin are asked of one in another language.
pub(crate) fn builder() -> HostBuilder {
    let mut builder = licit_conformance::as_cases_are_asked(Host::builder());
    let mut plugins = wasm_files(built_plugins());
    if let Some(folder) = std::env::var_os("LICIT_IN_PLACE") {
        for (name, plugin) in wasm_files(&root().join(folder)) {
            let place = plugins.get_mut(&name);
            *place.unwrap_or_else(|| panic!("no built plugin is called {name}")) = plugin;
        }
    }
    for (name, plugin) in plugins {
        builder = builder.plugin(&name, plugin);
    }
    for (name, plugin) in licit_conformance::fixtures(&root().join("tests/plugins")).expect("fixtures") {
        builder = builder.plugin(&name, plugin);
    }
    builder
}

/// Name and content of every plugin in a folder.
fn wasm_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.map(|entry| entry.expect("an entry").path());
    let plugins = paths.filter(|path| path.extension().is_some_and(|it| it == "wasm"));
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read(&path).expect("a plugin"))
    };
    let plugins: BTreeMap<_, _> = plugins.map(read).collect();
    assert!(!plugins.is_empty(), "{} has no plugins", folder.display());
    plugins
}

/// Name, from the root of the workspace, and text of every TOML file below a folder, sorted by name.
pub(crate) fn texts(folder: &Path) -> Vec<(String, String)> {
    let files = licit_conformance::texts(folder).expect("readable files");
    let root = root().display().to_string() + "/";
    files
        .into_iter()
        .map(|(name, text)| (name.strip_prefix(&root).expect("below the root").to_owned(), text))
        .collect()
}
