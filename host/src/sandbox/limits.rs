//! The numbers, and what enforces them while a plugin runs.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::{Engine, ResourceLimiter};

use super::call::ResourceLimit;

/// The most obligations that one verdict may carry.
pub const MAX_OBLIGATIONS: usize = 16;

/// The longest reason or obligation id, in bytes.
pub const MAX_ID_BYTES: usize = 64;

/// How much of the calling thread's native stack a plugin may use, in bytes.
///
/// Half of wasmtime's default: a policy is not deeply recursive, and the threads of a service commonly have 2 MiB.
pub const STACK_BYTES: usize = 256 * 1024;

/// How much data wasmtime may copy out of a plugin while it reads one verdict, in its own unit (about a byte).
/// It bounds what a hostile verdict can make the host allocate before the host's own checks see it; a verdict of
/// the largest permitted size needs less than a tenth of it.
pub(super) const VERDICT_FUEL: usize = 16 * 1024;

/// Core instances, memories and tables of one component. A plugin needs one of each; composed components have a few
/// shim modules.
pub(super) const MAX_CORE_INSTANCES: u32 = 16;
/// See [`MAX_CORE_INSTANCES`]. A Python component has 38: its interpreter comes as many libraries.
pub(super) const MAX_CORE_INSTANCES_INTERPRETED: u32 = 64;
/// See [`MAX_CORE_INSTANCES`].
pub(super) const MAX_MEMORIES: u32 = 2;
/// See [`MAX_CORE_INSTANCES`].
pub(super) const MAX_TABLES: u32 = 4;

/// Live component-model handles of one call. A plugin has no resources of its own to hand out.
pub(super) const MAX_HANDLES: usize = 64;

/// How often the clock behind the time limit moves.
const TICK: Duration = Duration::from_millis(10);

/// Which kind of plugin a sandbox is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// Plugins compiled to WebAssembly (Rust, C): kilobytes of code, one or a few pages of memory. Instances come
    /// from a pool that is allocated once; a call costs microseconds.
    #[default]
    Compiled,
    /// Plugins that carry their language's interpreter (JavaScript, Python): megabytes of code and of memory.
    /// Instances are mapped on demand from a copy-on-write image; a call costs about a millisecond.
    Interpreted,
}

/// What a [`Sandbox`](super::Sandbox) may use. Start from [`SandboxOptions::default`] (compiled plugins) or
/// [`SandboxOptions::interpreted`], and change what must differ.
///
/// ```
/// use std::time::Duration;
/// use licit_host::sandbox::{Sandbox, SandboxOptions};
///
/// let options = SandboxOptions::default().slots(8).fuel(1_000_000).time(Duration::from_millis(50));
/// let sandbox = Sandbox::new(options)?;
/// # Ok::<(), licit_host::sandbox::SandboxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxOptions {
    pub(super) tier: Tier,
    pub(super) slots: u32,
    pub(super) memory_bytes: usize,
    pub(super) table_elements: usize,
    pub(super) fuel: u64,
    pub(super) time: Duration,
}

impl Default for SandboxOptions {
    /// Compiled plugins: 64 calls at once, 1 MiB of memory each, ten million units of fuel, a quarter of a second.
    fn default() -> SandboxOptions {
        SandboxOptions {
            tier: Tier::Compiled,
            slots: 64,
            memory_bytes: 1024 * 1024,
            table_elements: 4096,
            fuel: 10_000_000,
            time: Duration::from_millis(250),
        }
    }
}

impl SandboxOptions {
    /// Plugins that carry an interpreter: 16 calls at once, 64 MiB of memory each, two thousand million units of
    /// fuel, five seconds.
    pub fn interpreted() -> SandboxOptions {
        SandboxOptions {
            tier: Tier::Interpreted,
            slots: 16,
            memory_bytes: 64 * 1024 * 1024,
            table_elements: 65_536,
            fuel: 2_000_000_000,
            time: Duration::from_secs(5),
        }
    }

    /// The tier that these are the options of.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// What a plugin may use under these options.
    ///
    /// ```
    /// use licit_host::sandbox::SandboxOptions;
    ///
    /// assert_eq!(
    ///     SandboxOptions::default().limits().to_string(),
    ///     "up to 1,024 KiB of memory, 10,000,000 units of fuel and 250 ms for one evaluation, 64 at once"
    /// );
    /// ```
    pub fn limits(&self) -> Limits {
        Limits {
            memory_bytes: self.memory_bytes,
            fuel: self.fuel,
            time: self.time,
            slots: self.slots,
        }
    }

    /// How many calls may be in progress at once; one more is refused as
    /// [`Overloaded`](super::CallFailure::Overloaded). At least one per thread that calls.
    pub fn slots(mut self, slots: u32) -> SandboxOptions {
        self.slots = slots;
        self
    }

    /// How much linear memory one plugin may have, in bytes; a multiple of 64 KiB, up to 1 GiB.
    pub fn memory_bytes(mut self, bytes: usize) -> SandboxOptions {
        self.memory_bytes = bytes;
        self
    }

    /// How much fuel one call may use: roughly, WebAssembly instructions executed and bytes copied in bulk.
    pub fn fuel(mut self, fuel: u64) -> SandboxOptions {
        self.fuel = fuel;
        self
    }

    /// How long one call may run by the wall clock. It is met to within 10 milliseconds, upwards. Unlike fuel it
    /// depends on the machine's load: make it many times what the fuel takes.
    pub fn time(mut self, time: Duration) -> SandboxOptions {
        self.time = time;
        self
    }

    /// The ticks after which a call has certainly run for `time`.
    pub(super) fn ticks(&self) -> u64 {
        // One more, because the first tick may come at once.
        let ticks = self.time.as_nanos().div_ceil(TICK.as_nanos()).saturating_add(1);
        u64::try_from(ticks).unwrap_or(u64::MAX / 2).min(u64::MAX / 2)
    }
}

/// What a plugin may use, for a reviewer to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory_bytes: usize,
    /// Fuel of one call.
    pub fuel: u64,
    /// Time of one call, by the wall clock.
    pub time: Duration,
    /// Calls in progress at once, of all plugins of the tier.
    pub slots: u32,
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "up to {} KiB of memory, {} units of fuel and {} ms for one evaluation, {} at once",
            grouped(self.memory_bytes as u64 / 1024),
            grouped(self.fuel),
            grouped(u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX)),
            grouped(self.slots.into()),
        )
    }
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What wasmtime keeps with one call: its limits, and how much of them it has used.
pub(super) struct CallState {
    memory_limit: usize,
    table_limit: usize,
    instance_limit: u32,
    /// The most memory the plugin has had, in bytes.
    pub(super) memory_bytes: usize,
}

impl CallState {
    pub(super) fn new(options: &SandboxOptions) -> CallState {
        CallState {
            memory_limit: options.memory_bytes,
            table_limit: options.table_elements,
            instance_limit: match options.tier {
                Tier::Compiled => MAX_CORE_INSTANCES,
                Tier::Interpreted => MAX_CORE_INSTANCES_INTERPRETED,
            },
            memory_bytes: 0,
        }
    }
}

/// The error by which a limit stops a call at once. The usual alternative, to let `memory.grow` answer -1, would
/// hide the cause: most guests then trap somewhere else.
#[derive(Debug)]
pub(super) struct LimitHit(pub(super) ResourceLimit);

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for LimitHit {}

impl ResourceLimiter for CallState {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_sub(current).saturating_add(desired);
        if total > self.memory_limit {
            return Err(LimitHit(ResourceLimit::Memory {
                limit_bytes: self.memory_limit,
            })
            .into());
        }
        self.memory_bytes = self.memory_bytes.max(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.table_limit {
            return Err(LimitHit(ResourceLimit::Table {
                limit_elements: self.table_limit,
            })
            .into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instance_limit as usize
    }

    fn tables(&self) -> usize {
        MAX_TABLES as usize
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES as usize
    }
}

/// The thread that moves the engine's epoch, so that a call's time runs out. It stops when this is dropped.
pub(super) struct Ticker {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: Engine) -> io::Result<Ticker> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let seen = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("licit-ticker".into())
            .spawn(move || {
                let (stopped, wake) = &*seen;
                let mut guard = stopped.lock().unwrap_or_else(PoisonError::into_inner);
                while !*guard {
                    let (next, timeout) = wake
                        .wait_timeout(guard, TICK)
                        .unwrap_or_else(PoisonError::into_inner);
                    guard = next;
                    if timeout.timed_out() {
                        engine.increment_epoch();
                    }
                }
            })?;
        Ok(Ticker {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        let (stopped, wake) = &*self.stop;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic; if it did, there would be nobody left to tell.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticker_lets_go_of_the_engine_when_it_is_dropped() {
        let engine = Engine::default();
        let weak = engine.weak();
        let ticker = Ticker::start(engine).unwrap();
        assert!(weak.upgrade().is_some());
        drop(ticker);
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn ticks_cover_the_time() {
        let ticks = |time| SandboxOptions::default().time(time).ticks();
        assert_eq!(ticks(Duration::ZERO), 1);
        assert_eq!(ticks(Duration::from_millis(1)), 2);
        assert_eq!(ticks(Duration::from_millis(10)), 2);
        assert_eq!(ticks(Duration::from_millis(11)), 3);
        assert_eq!(ticks(Duration::MAX), u64::MAX / 2);
    }
}
