//! The engine: every setting, and why.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    RegallocAlgorithm, WasmBacktraceDetails,
};

use super::component::{self, Plugin};
use super::error::{LoadError, SandboxError, escape};
use super::limits::{
    MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLES, STACK_BYTES, SandboxOptions, Ticker, Tier,
};

const PAGE: usize = 64 * 1024;
const MAX_MEMORY: usize = 1024 * 1024 * 1024;
const MAX_SLOTS: u32 = 65_536;

/// Compiles plugins and runs them, all under the same limits. Cheap to clone; a clone is the same sandbox.
///
/// It owns one thread, which keeps the time, and which stops when the last clone and the last [`Plugin`] loaded
/// through it are dropped.
#[derive(Clone)]
pub struct Sandbox(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) engine: Engine,
    pub(super) options: SandboxOptions,
    pub(super) ticks: u64,
    /// Calls in progress, counted only where no pool counts them.
    in_progress: AtomicU32,
    _ticker: Ticker,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Makes a sandbox: reserves address space for its pool and starts its clock thread.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Options`] for an option out of range; [`SandboxError::Engine`] and
    /// [`SandboxError::Ticker`] when the machine refuses address space or a thread.
    pub fn new(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
        if options.slots == 0 || options.slots > MAX_SLOTS {
            return Err(SandboxError::Options("`slots` must be from 1 to 65536"));
        }
        if !options.memory_bytes.is_multiple_of(PAGE)
            || options.memory_bytes == 0
            || options.memory_bytes > MAX_MEMORY
        {
            return Err(SandboxError::Options(
                "`memory_bytes` must be a multiple of 65536, and from 65536 to 1073741824",
            ));
        }
        let engine = Engine::new(&config(&options))
            .map_err(|error| SandboxError::Engine(escape(&format!("{error:#}"))))?;
        let ticker = Ticker::start(engine.clone())
            .map_err(|error| SandboxError::Ticker(escape(&error.to_string())))?;
        let ticks = options.ticks();
        Ok(Sandbox(Arc::new(Inner {
            engine,
            options,
            ticks,
            in_progress: AtomicU32::new(0),
            _ticker: ticker,
        })))
    }

    /// Checks and compiles a plugin.
    ///
    /// Takes milliseconds for a compiled plugin of ordinary size; it is meant for start-up and for a background
    /// thread, not for the thread that answers requests. Nothing of the plugin runs.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] that says in one line what is wrong with the plugin. Never panics, whatever the bytes.
    pub fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        component::load(self, bytes)
    }
}

impl Inner {
    /// Takes a place among the calls in progress, for as long as the guard lives; `None` when all are taken.
    /// The compiled tier needs none: its pool refuses by itself.
    pub(super) fn admit(&self) -> Option<Admission<'_>> {
        match self.options.tier {
            Tier::Compiled => Some(Admission(None)),
            Tier::Interpreted => {
                let admission = Admission(Some(&self.in_progress));
                let before = self.in_progress.fetch_add(1, Ordering::AcqRel);
                (before < self.options.slots).then_some(admission)
            }
        }
    }
}

pub(super) struct Admission<'a>(Option<&'a AtomicU32>);

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if let Some(in_progress) = self.0 {
            in_progress.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn config(options: &SandboxOptions) -> Config {
    let mut config = Config::new();

    // Two meters. Fuel decides, because it is reproducible; the epoch is the backstop by the wall clock.
    config.consume_fuel(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK_BYTES);

    // The same answer on every machine: floating point is deterministic but for the bits of a NaN.
    config.cranelift_nan_canonicalization(true);

    // The proposals that a compiler for ordinary languages emits stay on (multi-value, bulk memory, reference
    // types, extended constants, sign extension). Off is what would let a plugin share memory or differ between
    // machines, and what no plugin needs. The pre-scan refuses the same and more, with the same parser, so a
    // plugin that gets here uses none of them; two locks are better than one. Multi-memory stays on because
    // wasmtime's own adapters between components need it: without it some components make the compiler panic.
    config.wasm_threads(false);
    config.wasm_simd(false);
    config.wasm_relaxed_simd(false);
    config.wasm_gc(false);
    config.wasm_function_references(false);
    config.wasm_exceptions(false);
    config.wasm_tail_call(false);
    config.wasm_memory64(false);
    config.wasm_wide_arithmetic(false);
    config.wasm_custom_page_sizes(false);

    // Nothing here is asynchronous; the machinery for it would be set up for every store.
    config.concurrency_support(false);

    // A failure is reported by its kind alone, so nothing is collected that only a stack trace would show.
    // Unwind tables are for other people's profilers, and registering them gets slow with many plugins.
    config.wasm_backtrace_max_frames(None);
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config.generate_address_map(false);
    config.native_unwind_info(cfg!(windows));

    // The defaults, said aloud: the other register allocator is faster, but not one for code nobody trusts.
    config.cranelift_opt_level(OptLevel::Speed);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking);

    match options.tier {
        Tier::Compiled => pooled(&mut config, options),
        Tier::Interpreted => on_demand(&mut config),
    }
    config
}

/// Small instances out of a pool.
fn pooled(config: &mut Config, options: &SandboxOptions) {
    // Without copy-on-write an instance's data is copied into its slot, a few kilobytes. With it a slot would
    // keep one plugin's image mapped, and every other plugin that gets the slot would pay for remapping.
    config.memory_init_cow(false);

    // Reserve what a plugin may have and no more, and check bounds in code. The default, 4 GiB of address space
    // for each memory so that no check is needed, gained nothing measurable on calls this short, does not fit
    // under an address-space limit, and still leaves this guard as the second line.
    config.memory_reservation(options.memory_bytes as u64);
    config.memory_reservation_for_growth(0);
    config.memory_may_move(false);
    config.memory_guard_size(PAGE as u64);
    config.guard_before_linear_memory(true);

    let slots = options.slots;
    let mut pool = PoolingAllocationConfig::new();
    // The one count that can run out is that of component instances, so that a refusal has one meaning.
    pool.total_component_instances(slots);
    pool.total_core_instances(slots.saturating_mul(MAX_CORE_INSTANCES));
    pool.total_memories(slots.saturating_mul(MAX_MEMORIES));
    pool.total_tables(slots.saturating_mul(MAX_TABLES));
    pool.total_gc_heaps(slots);
    pool.max_core_instances_per_component(MAX_CORE_INSTANCES);
    pool.max_memories_per_component(MAX_MEMORIES);
    pool.max_tables_per_component(MAX_TABLES);
    pool.max_memories_per_module(MAX_MEMORIES);
    pool.max_tables_per_module(MAX_TABLES);
    pool.max_memory_size(options.memory_bytes);
    pool.table_elements(options.table_elements);
    pool.max_component_instance_size(1024 * 1024);
    pool.max_core_instance_size(1024 * 1024);
    // A slot of up to four pages is cleared by writing zeroes: no system call, no page fault at the next call, and
    // no lock that all threads share. One-page plugins pay for one page. Larger ones give the rest back.
    pool.linear_memory_keep_resident(4 * PAGE);
    pool.table_keep_resident(options.table_elements.saturating_mul(size_of::<usize>()));
    // A slot stays with its plugin while others are free, so that plugins of different sizes do not change
    // each other's page protection.
    pool.max_unused_warm_slots(slots.saturating_mul(MAX_MEMORIES));
    // Slower for memories this small.
    pool.pagemap_scan(Enabled::No);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
}

/// Large instances, mapped when they are needed. The defaults for reservation and guard: these plugins run long
/// enough for the missing bounds checks to matter.
fn on_demand(config: &mut Config) {
    // Megabytes of initial data, of which one call touches little.
    config.memory_init_cow(true);
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
}
