//! Plugins that are only a manifest, and the files of a folder of cases.

use std::io::{self, Read};
use std::path::Path;

use licit_host::HostBuilder;

/// The code of every fixture: permits whatever it is asked, without obligations.
const ALWAYS_PERMIT: &str = include_str!("../plugins/always-permit.wat");

/// A plugin that permits all that its manifest declares.
///
/// What then denies is the policy or the declaration.
///
/// # Errors
///
/// None that a caller can bring about: the code is part of this crate.
///
/// # Examples
///
/// ```
/// let plugin = licit_conformance::fixture("[plugin]\n")?;
/// assert!(plugin.ends_with(b"[plugin]\n"));
/// # Ok::<(), wat::Error>(())
/// ```
pub fn fixture(manifest: &str) -> Result<Vec<u8>, wat::Error> {
    Ok(with_manifest(wat::parse_str(ALWAYS_PERMIT)?, manifest))
}

/// Every manifest of a folder as a fixture: the path of the manifest, and its plugin.
///
/// # Errors
///
/// If the folder or a file cannot be read; with the path.
pub fn fixtures(folder: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let plugin = |(path, manifest): (String, String)| {
        let plugin = fixture(&manifest).map_err(|error| io::Error::other(format!("{path}: {error}")))?;
        Ok((path, plugin))
    };
    texts(folder)?.into_iter().map(plugin).collect()
}

/// Every built plugin of a folder, as its path and its bytes, sorted by path.
///
/// # Errors
///
/// If the folder or a file cannot be read; with the path.
pub fn built(folder: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut plugins = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| about(folder, &error))? {
        let path = entry.map_err(|error| about(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let bytes = plugin_bytes(&path).map_err(|error| about(&path, &error))?;
            plugins.push((path.display().to_string(), bytes));
        }
    }
    plugins.sort();
    Ok(plugins)
}

/// The bytes of a plugin's file, as many as tell that it is too large.
pub(crate) fn plugin_bytes(path: &Path) -> io::Result<Vec<u8>> {
    /// The host has tighter bounds of its own.
    const LARGEST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A component with a manifest embedded, as `licit pack` does it, and without its checks.
#[must_use]
pub fn with_manifest(mut component: Vec<u8>, manifest: &str) -> Vec<u8> {
    let section = wasm_encoder::CustomSection {
        name: "licit:manifest".into(),
        data: manifest.as_bytes().into(),
    };
    wasm_encoder::ComponentSection::append_to_component(&section, &mut component);
    component
}

/// How cases are asked: everything can be discharged, and loading is judged at one instant, so that a case does not turn
/// stale with the calendar.
#[must_use]
pub fn as_cases_are_asked(builder: HostBuilder) -> HostBuilder {
    let builder = builder.discharges_all();
    match "2026-11-23T00:00:00Z".parse() {
        Ok(instant) => builder.loaded_at(instant),
        Err(_) => builder,
    }
}

/// Path and text of every TOML file in a folder and the folders in it, sorted by path.
///
/// # Errors
///
/// If a folder or a file cannot be read, with its path.
pub fn texts(folder: &Path) -> io::Result<Vec<(String, String)>> {
    /// Far more than a person would write, and not yet a danger.
    const LARGEST: u64 = 16 << 20;
    let mut files = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| about(&folder, &error))? {
            let entry = entry.map_err(|error| about(&folder, &error))?;
            let path = entry.path();
            // A link could lead around in a circle.
            let kind = entry.file_type().map_err(|error| about(&path, &error))?;
            if kind.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let size = std::fs::metadata(&path)
                    .map_err(|error| about(&path, &error))?
                    .len();
                if size > LARGEST {
                    return Err(about(&path, &io::Error::other("larger than 16 MiB")));
                }
                let text = std::fs::read_to_string(&path).map_err(|error| about(&path, &error))?;
                files.push((path.display().to_string(), text));
            }
        }
    }
    files.sort();
    Ok(files)
}
