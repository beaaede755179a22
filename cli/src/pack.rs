//! Embedding a manifest in a component, so that one `.wasm` file is the whole plugin.

use licit_host::sandbox::LoadError;
use std::borrow::Cow;
use std::fmt;
use wasm_encoder::{CustomSection, Encode, Section};
use wasmparser::{Encoding, Parser, Payload};

/// The custom section of the outer component that holds the text of `plugin.toml`.
pub const MANIFEST_SECTION: &str = "licit:manifest";

/// Appends `manifest`, the text of a `plugin.toml`, to a component made in any language.
///
/// The manifest is taken as it is: whoever loads the plugin judges it. The component is checked for what would
/// certainly get it refused and is cheap to see.
///
/// # Errors
///
/// [`PackError`] when `component` is not a component, imports anything, or holds a manifest already.
///
/// ```
/// use licit::pack::{PackError, manifest, pack};
///
/// let component = b"\0asm\x0d\0\x01\0";
/// let plugin = pack(component, "[plugin]\n").expect("an empty component takes a manifest");
/// assert_eq!(manifest(&plugin), Ok(Some("[plugin]\n")));
/// assert_eq!(pack(&plugin, "[plugin]\n"), Err(PackError::AlreadyPacked));
/// ```
pub fn pack(component: &[u8], manifest: &str) -> Result<Vec<u8>, PackError> {
    let outline = Outline::read(component)?;
    if !outline.imports.is_empty() {
        let imports = outline.imports.into_iter().map(str::to_owned).collect();
        return Err(PackError::Imports(imports));
    }
    if outline.manifest.is_some() {
        return Err(PackError::AlreadyPacked);
    }
    let section = CustomSection {
        name: Cow::Borrowed(MANIFEST_SECTION),
        data: Cow::Borrowed(manifest.as_bytes()),
    };
    let mut plugin = component.to_vec();
    plugin.push(section.id());
    section.encode(&mut plugin);
    Ok(plugin)
}

/// The manifest that a component carries, or `None` when it has none.
///
/// # Errors
///
/// [`PackError`] when `component` is not a component, or carries several manifests or one that is not UTF-8.
pub fn manifest(component: &[u8]) -> Result<Option<&str>, PackError> {
    Outline::read(component).map(|outline| outline.manifest)
}

/// What of a component matters to packing.
struct Outline<'a> {
    imports: Vec<&'a str>,
    manifest: Option<&'a str>,
}

impl<'a> Outline<'a> {
    fn read(component: &'a [u8]) -> Result<Self, PackError> {
        let malformed = |error: wasmparser::BinaryReaderError| PackError::NotAComponent(error.to_string());
        let mut outline = Self {
            imports: Vec::new(),
            manifest: None,
        };
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component) {
            match payload.map_err(malformed)? {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    return Err(PackError::CoreModule);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        outline.imports.push(import.map_err(malformed)?.name.name);
                    }
                }
                Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                    if outline.manifest.is_some() {
                        return Err(PackError::SeveralManifests);
                    }
                    let text = std::str::from_utf8(section.data()).map_err(|_| PackError::NotText)?;
                    outline.manifest = Some(text);
                }
                _ => {}
            }
        }
        Ok(outline)
    }
}

/// Why a component cannot take or give a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackError {
    /// The bytes are a core module, not a component.
    CoreModule,
    /// The bytes are no WebAssembly at all, or broken; with the parser's words.
    NotAComponent(String),
    /// The component imports these; a plugin imports nothing.
    Imports(Vec<String>),
    /// The component holds a manifest already.
    AlreadyPacked,
    /// The component holds more than one manifest.
    SeveralManifests,
    /// The manifest in the component is not UTF-8.
    NotText,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoreModule => f.write_str(
                "this is a core module, not a component: `licit pack` on the command line makes one of it first",
            ),
            Self::NotAComponent(parser) => write!(f, "this is not a WebAssembly component: {parser}"),
            Self::Imports(names) => LoadError::Imports { names: names.clone() }.fmt(f),
            Self::AlreadyPacked => f.write_str(
                "this component holds a manifest already: pack the component as its compiler left it",
            ),
            Self::SeveralManifests => {
                f.write_str("this component holds more than one manifest: pack it anew")
            }
            Self::NotText => f.write_str("the manifest in this component is not UTF-8: pack it anew"),
        }
    }
}

impl std::error::Error for PackError {}

#[cfg(test)]
mod tests {
    use super::{PackError, manifest, pack};

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn a_manifest_round_trips_byte_for_byte() {
        let text = "[plugin]\nproduct = \"themes\" # « ünïcode »\r\n";
        let plugin = pack(EMPTY, text).unwrap();
        assert_eq!(&plugin[..EMPTY.len()], EMPTY);
        assert_eq!(manifest(&plugin), Ok(Some(text)));
        assert_eq!(manifest(EMPTY), Ok(None));
    }

    #[test]
    fn what_is_not_a_component_is_refused() {
        assert_eq!(pack(b"\0asm\x01\0\0\0", ""), Err(PackError::CoreModule));
        assert!(matches!(pack(b"", ""), Err(PackError::NotAComponent(_))));
        assert!(matches!(pack(b"[plugin]", ""), Err(PackError::NotAComponent(_))));
        assert!(matches!(
            pack(&[EMPTY, b"\x01"].concat(), ""),
            Err(PackError::NotAComponent(_))
        ));
    }

    #[test]
    fn a_component_has_one_manifest() {
        let plugin = pack(EMPTY, "a").unwrap();
        assert_eq!(pack(&plugin, "b"), Err(PackError::AlreadyPacked));
        let twice = [&plugin[..], &plugin[EMPTY.len()..]].concat();
        assert_eq!(manifest(&twice), Err(PackError::SeveralManifests));
    }

    #[test]
    fn a_manifest_of_a_nested_component_does_not_count() {
        let inner = pack(EMPTY, "inner").unwrap();
        let mut outer = EMPTY.to_vec();
        outer.extend([4, u8::try_from(inner.len()).unwrap()]);
        outer.extend(&inner);
        assert_eq!(manifest(&outer), Ok(None));
        assert_eq!(manifest(&pack(&outer, "outer").unwrap()), Ok(Some("outer")));
    }

    #[test]
    fn imports_are_named() {
        // `(component (import "clock" (func)))`
        let importing = [
            EMPTY,
            b"\x07\x05\x01\x40\x00\x01\x00\x0a\x0a\x01\x00\x05clock\x01\x00",
        ]
        .concat();
        let refused = pack(&importing, "").unwrap_err();
        assert!(refused.to_string().contains("`clock`"), "{refused}");
    }
}
