//! Bytes to a checked, compiled plugin.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wasmparser::{Chunk, Encoding, Parser, Payload};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Linker};

use super::bindings::Evaluator;
use super::call::{self, CallFailure, CallRequest, CallStats, Verdict};
use super::engine::{Inner, Sandbox};
use super::error::{LoadError, ManifestFault, escape};
use super::prescan::{self, Bounds, Description};
use super::{EVALUATOR, MANIFEST_SECTION, MAX_MANIFEST_BYTES};

/// A compiled plugin. Cheap to clone; a clone is the same plugin.
#[derive(Clone)]
pub struct Plugin {
    sandbox: Arc<Inner>,
    evaluator: Evaluator,
    description: Arc<Description>,
    manifest: Arc<str>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// The text of the manifest that was packed into the plugin, unchecked but for being text.
    pub fn manifest(&self) -> &str {
        &self.manifest
    }

    /// What is known of the plugin without running it.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Evaluates one request, in an instance made for it and thrown away after it.
    ///
    /// # Errors
    ///
    /// A [`CallFailure`], each of which means deny. Never panics; a failed call leaves this plugin and every other
    /// as they were.
    pub fn call(&self, request: &CallRequest<'_>) -> Result<(Verdict, CallStats), CallFailure> {
        call::call(&self.sandbox, &self.evaluator, request)
    }
}

pub(super) fn load(sandbox: &Sandbox, bytes: &[u8]) -> Result<Plugin, LoadError> {
    let description = prescan::scan(bytes, &Bounds::for_options(&sandbox.0.options))?;
    if !description.imports.is_empty() {
        return Err(LoadError::Imports {
            names: description.imports,
        });
    }
    let manifest = Arc::from(manifest_text(bytes)?);
    // Defects of the compiler are panics. Loading is where they must stop.
    let evaluator =
        catch_unwind(AssertUnwindSafe(|| compile(&sandbox.0.engine, bytes))).unwrap_or_else(|_| {
            Err(LoadError::Compile {
                detail: "the compiler has a defect that this component brings out".to_owned(),
            })
        })?;
    Ok(Plugin {
        sandbox: Arc::clone(&sandbox.0),
        evaluator,
        description: Arc::new(description),
        manifest,
    })
}

fn compile(engine: &Engine, bytes: &[u8]) -> Result<Evaluator, LoadError> {
    let component = Component::from_binary(engine, bytes).map_err(|error| LoadError::Compile {
        detail: cause(&error),
    })?;
    let evaluate = check_world(engine, &component)?;
    // Nothing is defined in this linker, so whatever the component wants from outside is an error here too.
    let plugin = Linker::new(engine)
        .instantiate_pre(&component)
        .map_err(|error| LoadError::Compile {
            detail: cause(&error),
        })?;
    Evaluator::new(plugin, &evaluate).map_err(|error| LoadError::WrongEvaluator {
        detail: cause(&error),
    })
}

/// Checks the component's type, as the compiler sees it: nothing imported, one evaluator exported, and that with
/// `evaluate` as its only function, which is returned for its signature to be checked.
fn check_world(engine: &Engine, component: &Component) -> Result<ComponentFunc, LoadError> {
    let ty = component.component_type();
    let names: Vec<String> = ty.imports(engine).map(|(name, _)| escape(name)).collect();
    if !names.is_empty() {
        return Err(LoadError::Imports { names });
    }
    let wrong = |detail: String| LoadError::WrongEvaluator { detail };
    let (package, _) = EVALUATOR.split_once('/').unwrap_or((EVALUATOR, ""));
    let mut found = None;
    let mut others = Vec::new();
    for (name, export) in ty.exports(engine) {
        if name == EVALUATOR {
            found = Some(export.ty);
        } else if name
            .strip_prefix(package)
            .is_some_and(|rest| rest.starts_with('/'))
        {
            // Wasmtime would accept a compatible version for another; a plugin with two would be read by whoever
            // looks first.
            return Err(wrong(format!("it exports `{}` of that package", escape(name))));
        } else {
            others.push(escape(name));
        }
    }
    let evaluator = match found {
        Some(ComponentItem::ComponentInstance(evaluator)) => evaluator,
        Some(_) => return Err(wrong("it is not an interface".to_owned())),
        None => return Err(LoadError::NoEvaluator { found: others }),
    };
    let mut evaluate = None;
    for (name, export) in evaluator.exports(engine) {
        match export.ty {
            ComponentItem::ComponentFunc(function) if name == "evaluate" && !function.async_() => {
                evaluate = Some(function);
            }
            ComponentItem::Type(_) => {}
            _ => return Err(wrong(format!("it has `{}`", escape(name)))),
        }
    }
    evaluate.ok_or_else(|| wrong("it has no function `evaluate`".to_owned()))
}

/// The causes of an engine's error on one line, escaped, because they may quote the component.
fn cause(error: &wasmtime::Error) -> String {
    escape(&format!("{error:#}"))
}

/// Reads the manifest that `licit pack` put into a component, without compiling or running anything of it.
///
/// Linear in the size of `bytes`, and without any other limit on them: what is not the manifest is skipped unread.
///
/// # Errors
///
/// [`LoadError::NotAComponent`] and [`LoadError::Invalid`] for bytes that are not a component;
/// [`LoadError::Manifest`] when there is not exactly one manifest section, or it is too long, or not text.
///
/// ```
/// use licit_host::sandbox::{LoadError, ManifestFault, manifest_text};
///
/// let component = b"\0asm\x0d\0\x01\0";
/// assert_eq!(manifest_text(component), Err(LoadError::Manifest(ManifestFault::Missing)));
/// ```
pub fn manifest_text(bytes: &[u8]) -> Result<&str, LoadError> {
    let cut = || LoadError::Invalid {
        detail: "it ends in the middle of a section".to_owned(),
    };
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    let mut found: Option<&[u8]> = None;
    let mut count: u32 = 0;
    loop {
        let (consumed, payload) = match parser
            .parse(rest, true)
            .map_err(|error| prescan::invalid(&error))?
        {
            Chunk::Parsed { consumed, payload } => (consumed, payload),
            Chunk::NeedMoreData(_) => return Err(cut()),
        };
        rest = rest.get(consumed..).unwrap_or_default();
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => {
                return Err(LoadError::NotAComponent {
                    found: "a core module",
                });
            }
            Payload::ModuleSection { unchecked_range, .. }
            | Payload::ComponentSection { unchecked_range, .. } => {
                // The range counts from the start of `bytes`. What it holds is skipped unread.
                rest = bytes.get(unchecked_range.end..).ok_or_else(cut)?;
            }
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                count = count.saturating_add(1);
                found = Some(section.data());
            }
            Payload::End(_) => break,
            _ => {}
        }
    }
    let data = match (found, count) {
        (Some(data), 1) => data,
        (None, _) => return Err(ManifestFault::Missing.into()),
        (Some(_), count) => return Err(ManifestFault::Repeated { count }.into()),
    };
    if data.len() > MAX_MANIFEST_BYTES {
        return Err(ManifestFault::TooLong { bytes: data.len() }.into());
    }
    str::from_utf8(data).map_err(|_| ManifestFault::NotText.into())
}
