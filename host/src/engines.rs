//! The engines that plugins run in: one per tier, and that of the interpreted tier only where a plugin asks for it.

use std::sync::{Mutex, PoisonError};

use licit_baseline::Tier;

use crate::error::BuildError;
use crate::sandbox::{self, Limits, LoadError, Plugin, Sandbox, SandboxError, SandboxOptions};

/// What plugins that declare this tier may use, where a host has no [options](crate::HostBuilder::sandbox) of its own.
#[must_use]
pub fn tier_limits(tier: Tier) -> Limits {
    options(tier).limits()
}

/// Checks, without compiling it, that a component has no more of anything than the tier that its manifest declares
/// compiles. The bounds of memory are those of a host without [options](crate::HostBuilder::sandbox) of its own.
///
/// # Errors
///
/// What there is too much of, in a sentence that says what to change; or that the bytes are not a component.
pub fn check_tier(tier: Tier, component: &[u8]) -> Result<(), String> {
    sandbox::fits(component, &options(tier)).map_err(|error| explained(tier, &error))
}

fn options(tier: Tier) -> SandboxOptions {
    match tier {
        Tier::Compiled => SandboxOptions::default(),
        Tier::Interpreted => SandboxOptions::interpreted(),
    }
}

fn explained(tier: Tier, error: &LoadError) -> String {
    match (tier, error) {
        (Tier::Compiled, LoadError::Exceeds { .. }) => format!(
            "{error} in the tier `compiled`; a plugin that brings an interpreter along declares \
             `tier = \"interpreted\"`"
        ),
        _ => error.to_string(),
    }
}

/// Compiles each plugin in the engine of the tier that its manifest declares.
#[derive(Debug)]
pub(crate) struct Engines {
    compiled: Sandbox,
    interpreted: Mutex<Option<Sandbox>>,
    interpreted_options: SandboxOptions,
}

/// The options of both engines.
#[derive(Debug, Clone)]
pub(crate) struct EngineOptions {
    compiled: SandboxOptions,
    interpreted: SandboxOptions,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            compiled: options(Tier::Compiled),
            interpreted: options(Tier::Interpreted),
        }
    }
}

impl EngineOptions {
    /// Replaces the options of the tier that these are made for.
    pub(crate) fn set(&mut self, options: SandboxOptions) {
        match options.tier() {
            sandbox::Tier::Compiled => self.compiled = options,
            sandbox::Tier::Interpreted => self.interpreted = options,
        }
    }
}

impl Engines {
    pub(crate) fn new(options: EngineOptions) -> Result<Self, BuildError> {
        Ok(Self {
            compiled: Sandbox::new(options.compiled).map_err(|error| BuildError::sandbox(&error))?,
            interpreted: Mutex::new(None),
            interpreted_options: options.interpreted,
        })
    }

    /// Compiles a plugin of this tier; an error says what to change.
    pub(crate) fn load(&self, tier: Tier, bytes: &[u8]) -> Result<Plugin, String> {
        let loaded = match tier {
            Tier::Compiled => self.compiled.load(bytes),
            Tier::Interpreted => self.interpreted().map_err(|error| error.to_string())?.load(bytes),
        };
        loaded.map_err(|error| explained(tier, &error))
    }

    /// The engine of the interpreted tier, made when it is first asked for.
    fn interpreted(&self) -> Result<Sandbox, SandboxError> {
        let mut place = self.interpreted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sandbox) = &*place {
            return Ok(sandbox.clone());
        }
        let sandbox = Sandbox::new(self.interpreted_options.clone())?;
        Ok(place.insert(sandbox).clone())
    }
}
