//! The checks of the code: what can be known of a plugin without running it.

use licit_baseline::{Diagnostics, Manifest, Severity, Tier};
use licit_host::Host;
use licit_host::sandbox::{Description, LoadError, Plugin};

use super::Found;

/// A plugin as these checks see it.
pub(super) struct Subject<'s> {
    pub(super) bytes: &'s [u8],
    pub(super) described: Result<Description, LoadError>,
    /// Why there is no text of a manifest.
    pub(super) manifest_fault: Option<LoadError>,
    pub(super) manifest: Option<Result<(Manifest, Diagnostics), Diagnostics>>,
    /// That of the manifest, and compiled where it cannot be read.
    pub(super) tier: Tier,
    pub(super) loaded: Result<Plugin, LoadError>,
    /// A host that was given this plugin alone, if its code can be compiled.
    pub(super) host: Option<Host>,
}

impl Subject<'_> {
    pub(super) fn manifest(&self) -> Option<&Manifest> {
        match &self.manifest {
            Some(Ok((manifest, _))) => Some(manifest),
            _ => None,
        }
    }

    /// What a description says that calls for a word, if it says so.
    fn of_code(&self, says: impl Fn(&Description) -> Option<String>) -> Vec<Found> {
        let described = self.described.as_ref().ok();
        described.and_then(says).map(Found::new).into_iter().collect()
    }
}

fn one(found: Option<String>) -> Vec<Found> {
    found.map(Found::new).into_iter().collect()
}

pub(super) fn valid_component(plugin: &Subject<'_>) -> Vec<Found> {
    // A file that is cut within a nested component can be described, and is refused when it is loaded.
    let errors = plugin.described.as_ref().err().into_iter();
    let mut errors = errors.chain(plugin.loaded.as_ref().err());
    let invalid =
        |error: &&LoadError| matches!(error, LoadError::NotAComponent { .. } | LoadError::Invalid { .. });
    one(errors.find(invalid).map(ToString::to_string))
}

pub(super) fn within_bounds(plugin: &Subject<'_>) -> Vec<Found> {
    one(match &plugin.described {
        Err(error @ LoadError::Exceeds { .. }) => Some(error.to_string()),
        Err(_) => None,
        Ok(_) => licit_host::check_tier(plugin.tier, plugin.bytes).err(),
    })
}

pub(super) fn no_imports(plugin: &Subject<'_>) -> Vec<Found> {
    let imports = plugin.described.iter().flat_map(|it| &it.imports);
    imports
        .map(|name| Found::new(format!("it imports `{name}`")))
        .collect()
}

pub(super) fn exact_world(plugin: &Subject<'_>) -> Vec<Found> {
    one(match (&plugin.loaded, &plugin.described) {
        (Err(error @ (LoadError::NoEvaluator { .. } | LoadError::WrongEvaluator { .. })), _) => {
            Some(error.to_string())
        }
        // Whoever imports is not looked at any further when it is loaded.
        (Err(LoadError::Imports { .. }), Ok(described)) if !described.exports_evaluator => {
            Some("it does not export the evaluator either".to_owned())
        }
        _ => None,
    })
}

pub(super) fn manifest_present(plugin: &Subject<'_>) -> Vec<Found> {
    one(match &plugin.manifest_fault {
        Some(LoadError::Manifest(fault)) => Some(fault.to_string()),
        _ => None,
    })
}

pub(super) fn manifest_valid(plugin: &Subject<'_>) -> Vec<Found> {
    match &plugin.manifest {
        Some(Err(found)) => diagnostics(found, Severity::Error, "the manifest is refused"),
        _ => Vec::new(),
    }
}

pub(super) fn manifest_doubts(plugin: &Subject<'_>) -> Vec<Found> {
    match &plugin.manifest {
        Some(Ok((_, found)) | Err(found)) => diagnostics(
            found,
            Severity::Warning,
            "something in the manifest is worth a look",
        ),
        None => Vec::new(),
    }
}

fn diagnostics(found: &Diagnostics, severity: Severity, what: &str) -> Vec<Found> {
    let items = found.items().iter().filter(|it| it.severity == severity);
    let items: Vec<_> = items.cloned().collect();
    if items.is_empty() {
        return Vec::new();
    }
    vec![Found {
        diagnostics: items.into(),
        ..Found::new(what)
    }]
}

pub(super) fn loads(plugin: &Subject<'_>) -> Vec<Found> {
    // What the sandbox and the reader of manifests refuse has checks of its own.
    if let Err(LoadError::Compile { .. }) = &plugin.loaded {
        return one(plugin.loaded.as_ref().err().map(ToString::to_string));
    }
    match (&plugin.host, plugin.manifest()) {
        (Some(host), Some(_)) => {
            let refused = host.refused();
            refused
                .iter()
                .map(|refused| Found::new(refused.message()))
                .collect()
        }
        _ => Vec::new(),
    }
}

pub(super) fn one_page(plugin: &Subject<'_>) -> Vec<Found> {
    plugin.of_code(|code| {
        (plugin.tier == Tier::Compiled && code.memory_pages > 1).then(|| {
            format!(
                "it begins with {} pages of memory (64 KiB each)",
                code.memory_pages
            )
        })
    })
}

pub(super) fn no_floats(plugin: &Subject<'_>) -> Vec<Found> {
    // Every interpreter has them.
    plugin.of_code(|code| {
        (plugin.tier == Tier::Compiled && code.uses_floats)
            .then(|| "it computes with floating point".to_owned())
    })
}

pub(super) fn no_start(plugin: &Subject<'_>) -> Vec<Found> {
    plugin.of_code(|code| {
        code.has_start
            .then(|| "code of it runs before it is asked anything, at every evaluation".to_owned())
    })
}

pub(super) fn nothing_else_exported(plugin: &Subject<'_>) -> Vec<Found> {
    let exports = plugin.described.iter().flat_map(|it| &it.other_exports);
    exports
        .map(|name| Found::new(format!("it also exports `{name}`")))
        .collect()
}

pub(super) fn compiled_tier(plugin: &Subject<'_>) -> Vec<Found> {
    let interpreted = plugin.tier == Tier::Interpreted;
    one(interpreted.then(|| {
        let limits = licit_host::tier_limits(plugin.tier);
        format!("it runs in the tier `interpreted`: {limits}")
    }))
}
