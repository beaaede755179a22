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
        for product in PRODUCTS {
            let plugin = root().join("plugins").join(product);
            let file = licit::build::build(&plugin).unwrap_or_else(|error| panic!("{product}: {error}"));
            folder = file.parent().map(Path::to_owned);
        }
        folder.expect("a plugin was built")
    })
}

/// The products that have a plugin in this tree.
pub(crate) const PRODUCTS: [&str; 4] = ["find-device", "mi-talk", "themes", "xiaomi-cloud"];

/// A component of the evaluator's world that permits everything, with this manifest packed into it.
pub(crate) fn always_permit(manifest: &str) -> Vec<u8> {
    packed("plugins/always-permit.wat", manifest)
}

/// A component of `tests`, with this manifest packed into it.
pub(crate) fn packed(file: &str, manifest: &str) -> Vec<u8> {
    let path = root().join("tests").join(file);
    let mut bytes = wat::parse_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let section = wasm_encoder::CustomSection {
        name: "licit:manifest".into(),
        data: manifest.as_bytes().into(),
    };
    wasm_encoder::ComponentSection::append_to_component(&section, &mut bytes);
    bytes
}

/// A host with the product plugins and with the fixture plugins of `tests/plugins`, which permit all they declare.
pub(crate) fn builder() -> HostBuilder {
    let dir =
        Dir::open_ambient_dir(built_plugins(), ambient_authority()).expect("the folder of built plugins");
    let mut builder = Host::builder()
        .plugins(&dir)
        .expect("built plugins")
        .discharges_all()
        .loaded_at("2026-11-23T00:00:00Z".parse().expect("an instant"));
    for (name, text) in texts(&root().join("tests/plugins")) {
        builder = builder.plugin(&name, always_permit(&text));
    }
    builder
}

/// Name and text of every TOML file below a folder, sorted by name.
pub(crate) fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let name = path
                    .strip_prefix(root())
                    .expect("below the root")
                    .display()
                    .to_string();
                files.push((name, std::fs::read_to_string(&path).expect("a readable file")));
            }
        }
    }
    files.sort();
    files
}
