//! What the test targets share: the built plugins, a host of them.
#![allow(dead_code, reason = "every test target uses its own part")]

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

/// The product plugins.
///
/// The environment variable `LICIT_IN_PLACE` names a folder whose plugins take the place of the built ones with the same
/// file name: that is how the cases of a plugin are asked of one in another language.
pub(crate) fn plugins() -> Vec<(String, Vec<u8>)> {
    let mut plugins = licit_conformance::built(built_plugins()).expect("built plugins");
    if let Some(folder) = std::env::var_os("LICIT_IN_PLACE") {
        let others = licit_conformance::built(&root().join(folder)).expect("plugins for their places");
        assert!(
            !others.is_empty(),
            "`LICIT_IN_PLACE` names a folder without plugins"
        );
        for (name, plugin) in others {
            let file = |name: &str| Path::new(name).file_name().map(ToOwned::to_owned);
            let place = plugins.iter_mut().find(|(other, _)| file(other) == file(&name));
            place
                .unwrap_or_else(|| panic!("no built plugin is called as {name}"))
                .1 = plugin;
        }
    }
    plugins
}

/// A host of them.
pub(crate) fn builder() -> HostBuilder {
    let builder = licit_conformance::as_cases_are_asked(Host::builder());
    let add = |builder: HostBuilder, (name, plugin): (String, Vec<u8>)| builder.plugin(&name, plugin);
    plugins().into_iter().fold(builder, add)
}

/// The product of the plugin in this folder.
pub(crate) fn product(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("plugin.toml")).expect("a manifest");
    let manifest: toml::Table = text.parse().expect("TOML");
    let product = manifest
        .get("plugin")
        .and_then(|plugin| plugin.get("product")?.as_str());
    product.expect("a product").to_owned()
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
