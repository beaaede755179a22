//! What the test targets share: built plugins, fixture plugins, a host over both.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
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
pub(crate) fn builder() -> HostBuilder {
    let dir =
        Dir::open_ambient_dir(built_plugins(), ambient_authority()).expect("the folder of built plugins");
    let builder = Host::builder().plugins(&dir).expect("built plugins");
    let mut builder = licit_conformance::as_cases_are_asked(builder);
    for (name, plugin) in licit_conformance::fixtures(&root().join("tests/plugins")).expect("fixtures") {
        builder = builder.plugin(&name, plugin);
    }
    builder
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
