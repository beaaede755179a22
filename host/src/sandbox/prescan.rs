//! Bounds before compiling: what a component costs is counted, and it is validated, before the compiler sees it.
//!
//! Cranelift's time and memory are not linear in the size of its input: a few kilobytes can take minutes and
//! gigabytes. So everything that was found to make it slow has a bound, and what is allowed in moderation is added
//! up in an estimate of the compile time. The prices were measured (wasmtime 48, one core of a small server); they
//! only have to be right within a factor of two or three, and they are prices of the worst code found, so that
//! ordinary code takes less than its estimate.
//!
//! One pass reads, bounds and validates, in time linear in the size. It never recurses on what it reads: the one
//! recursive structure of the format, nested component types, has its depth bounded before it is parsed.

use std::time::Duration;

use wasmparser::{
    BinaryReaderError, BlockType, CanonicalFunction, ComponentDefinedType, ComponentInstance, ComponentType,
    ComponentTypeDeclaration, CompositeInnerType, Encoding, FuncToValidate, FuncValidatorAllocations,
    FunctionBody, Instance, InstanceTypeDeclaration, Operator, Parser, Payload, SectionLimited, ValType,
    ValidPayload, Validator, ValidatorResources, WasmFeatures, WasmModuleResources,
};

use super::EVALUATOR;
use super::error::{LoadError, escape};
use super::limits::{
    MAX_CORE_INSTANCES, MAX_CORE_INSTANCES_INTERPRETED, MAX_MEMORIES, MAX_TABLES, SandboxOptions, Tier,
};

/// The proposals a plugin may use: those that compilers of ordinary languages turn on by themselves.
const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::COMPONENT_MODEL);

/// What can be known of a component without compiling or running it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// Its size in bytes.
    pub bytes: usize,
    /// The core modules in it, shims included. A plugin of one language has one.
    pub core_modules: u32,
    /// The functions that are compiled, over all core modules.
    pub functions: u32,
    /// The initial size of its largest memory, in pages of 64 KiB. One page is the target; every page is cleared
    /// after every call.
    pub memory_pages: u64,
    /// Whether it computes with floating point. Results are the same on every machine; a reviewer may still want
    /// to know why a policy needs fractions.
    pub uses_floats: bool,
    /// Whether code of it runs before it is asked anything, at every call.
    pub has_start: bool,
    /// What the outer component imports, escaped. Must be empty to load.
    pub imports: Vec<String>,
    /// Whether it exports something by the name of [`EVALUATOR`].
    pub exports_evaluator: bool,
    /// What else the outer component exports, escaped. Nothing of it is ever called.
    pub other_exports: Vec<String>,
    /// An upper estimate of the time to compile it, on one core of a small server.
    pub compile_estimate: Duration,
}

/// Describes a component without compiling or running it, and without judging it: one that imports, or that has no
/// evaluator, is described too.
///
/// # Errors
///
/// [`LoadError::NotAComponent`], [`LoadError::Invalid`], and [`LoadError::Exceeds`] for what is too large even for
/// the [interpreted tier](Tier::Interpreted).
pub fn describe(bytes: &[u8]) -> Result<Description, LoadError> {
    scan(
        bytes,
        &Bounds {
            memory_bytes: u64::MAX,
            ..Bounds::INTERPRETED
        },
    )
}

/// Checks that a component has no more of anything than a sandbox with these options compiles, without compiling it.
///
/// # Errors
///
/// [`LoadError::Exceeds`] for what there is too much of; [`LoadError::NotAComponent`] and [`LoadError::Invalid`].
pub fn fits(bytes: &[u8], options: &SandboxOptions) -> Result<(), LoadError> {
    scan(bytes, &Bounds::for_options(options)).map(drop)
}

/// What a component may have. Counts are over the whole component, nested ones included, unless they say "per".
#[derive(Debug)]
pub(super) struct Bounds {
    bytes: u64,
    sections: u64,
    /// Modules in components in components: one for the core module, one for the shim that names its types, the
    /// rest for composed ones.
    nesting: u64,
    core_modules: u64,
    components: u64,
    /// Instantiations of components. The compiler inlines them, so that n of them in d levels become (n/d)^d: with
    /// 16 at most 324, with 24 at most 6561.
    instantiations: u64,
    core_instances: u64,
    /// Types, aliases, imports, exports and canonical functions of components.
    component_items: u64,
    /// Per section. It bounds the recursion of the parser; validation allows 100.
    nested_types: u64,
    core_types: u64,
    /// Per signature, of a function or a block. A call of two bytes moves all of them.
    params: u64,
    /// See `params`.
    results: u64,
    core_imports: u64,
    core_exports: u64,
    functions: u64,
    function_bytes: u64,
    /// Per function, parameters included.
    locals: u64,
    /// Per function: values on the operand stack. Register allocation is quadratic in it from about here.
    stack: u64,
    /// Per function.
    nested_blocks: u64,
    /// Per function. Optimisation is quadratic in it.
    nested_loops: u64,
    globals: u64,
    memories: u64,
    /// Sum of the initial sizes.
    pub(super) memory_bytes: u64,
    tables: u64,
    /// Per table, initially.
    table_elements: u64,
    /// Compiled to a start function, all of them into one.
    data_segments: u64,
    element_segments: u64,
    compile_micros: u64,
}

impl Bounds {
    /// A plugin of `format!` and floats has 38 KB. One with parsers for TOML, JSON and regular expressions has 1.5 MB,
    /// 1,866 functions and an estimate of 4.4 seconds.
    const COMPILED: Bounds = Bounds {
        bytes: 2 * 1024 * 1024,
        sections: 2_000,
        nesting: 6,
        core_modules: 16,
        components: 16,
        instantiations: 16,
        core_instances: MAX_CORE_INSTANCES as u64,
        component_items: 4_000,
        nested_types: 100,
        core_types: 2_000,
        params: 64,
        results: 16,
        core_imports: 1_000,
        core_exports: 1_000,
        functions: 10_000,
        function_bytes: 128 * 1024,
        locals: 1_000,
        stack: 1_000,
        nested_blocks: 1_000,
        nested_loops: 64,
        globals: 1_000,
        memories: MAX_MEMORIES as u64,
        memory_bytes: 1024 * 1024,
        tables: MAX_TABLES as u64,
        table_elements: 4_096,
        data_segments: 1_000,
        element_segments: 1_000,
        compile_micros: 6_000_000,
    };

    /// An interpreter in a component: JavaScript has 12 MB, Python 18 MB.
    const INTERPRETED: Bounds = Bounds {
        bytes: 48 * 1024 * 1024,
        sections: 20_000,
        core_modules: 64,
        components: 64,
        instantiations: 24,
        core_instances: MAX_CORE_INSTANCES_INTERPRETED as u64,
        component_items: 20_000,
        core_types: 10_000,
        core_imports: 10_000,
        core_exports: 20_000,
        functions: 100_000,
        function_bytes: 2 * 1024 * 1024,
        locals: 20_000,
        nested_blocks: 10_000,
        globals: 10_000,
        table_elements: 65_536,
        data_segments: 10_000,
        element_segments: 10_000,
        compile_micros: 240_000_000,
        ..Bounds::COMPILED
    };

    pub(super) fn for_options(options: &SandboxOptions) -> Bounds {
        let tier = match options.tier {
            Tier::Compiled => Bounds::COMPILED,
            Tier::Interpreted => Bounds::INTERPRETED,
        };
        Bounds {
            memory_bytes: options.memory_bytes as u64,
            table_elements: options.table_elements as u64,
            ..tier
        }
    }
}

/// What things cost to compile, in microseconds.
mod price {
    /// A function: its prologue, and the trampolines in case it can be called from outside.
    pub(super) const FUNCTION: u64 = 150;
    /// A signature: its trampolines.
    pub(super) const TYPE: u64 = 110;
    /// An instruction.
    pub(super) const OPERATOR: u64 = 8;
    /// An instruction that becomes a call of the runtime.
    pub(super) const RUNTIME: u64 = 80;
    /// An instruction on many elements of a table.
    pub(super) const TABLE: u64 = 320;
    /// A call through a table.
    pub(super) const INDIRECT: u64 = 120;
    /// A value passed to or from a call.
    pub(super) const VALUE: u64 = 8;
    /// A value passed to or from a block by its type. Compilers keep to locals instead.
    pub(super) const BLOCK_VALUE: u64 = 50;
    /// A parameter of a loop. Loops after one another in one function are what takes most memory.
    pub(super) const LOOP_VALUE: u64 = 350;
    /// A value passed along by a branch.
    pub(super) const BRANCH_VALUE: u64 = 16;
    /// Locals per microsecond, for each edge between blocks: each local may need a value for each block.
    pub(super) const LOCALS_PER_EDGE: u64 = 2;
    /// A local, for each loop; twice as much for each eight loops around it.
    pub(super) const LOCAL_IN_LOOP: u64 = 4;
    /// Operand stack entries per microsecond, for each instruction.
    pub(super) const STACK_PER_OPERATOR: u64 = 64;
    /// Locals per microsecond, for each function.
    pub(super) const LOCALS_PER_FUNCTION: u64 = 8;
    pub(super) const DATA_SEGMENT: u64 = 150;
    /// A canonical function: its trampoline.
    pub(super) const CANONICAL: u64 = 150;
    /// A lowered function, for each component-level type there is: if components are composed, an adapter is
    /// generated that knows the type.
    pub(super) const LOWERED_PER_TYPE: u64 = 300;
}

/// Reads, bounds and validates a component.
pub(super) fn scan(bytes: &[u8], bounds: &Bounds) -> Result<Description, LoadError> {
    let mut scan = Scan {
        bytes,
        bounds,
        description: Description {
            bytes: bytes.len(),
            ..Description::default()
        },
        counts: Counts::default(),
        nesting: 0,
        allocations: FuncValidatorAllocations::default(),
    };
    bound("bytes", bytes.len() as u64, bounds.bytes)?;
    let mut validator = Validator::new_with_features(FEATURES);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| invalid(&error))?;
        scan.bound_payload(&payload)?;
        match validator.payload(&payload).map_err(|error| invalid(&error))? {
            ValidPayload::Func(function, body) => scan.function(function, &body)?,
            ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {}
        }
    }
    let lowered = scan.counts.lowered.saturating_mul(scan.counts.component_items);
    scan.spend(lowered.saturating_mul(price::LOWERED_PER_TYPE))?;
    scan.description.compile_estimate = Duration::from_micros(scan.counts.compile_micros);
    Ok(scan.description)
}

/// A parser's or validator's error as ours. Its text may quote names from the component.
pub(super) fn invalid(error: &BinaryReaderError) -> LoadError {
    LoadError::Invalid {
        detail: escape(&error.to_string()),
    }
}

fn bound(what: &'static str, found: u64, limit: u64) -> Result<(), LoadError> {
    if found > limit {
        Err(LoadError::Exceeds { what, found, limit })
    } else {
        Ok(())
    }
}

/// Adds to a sum and checks it.
fn count(what: &'static str, sum: &mut u64, more: u64, limit: u64) -> Result<(), LoadError> {
    *sum = sum.saturating_add(more);
    bound(what, *sum, limit)
}

#[derive(Default)]
struct Counts {
    sections: u64,
    core_modules: u64,
    components: u64,
    instantiations: u64,
    core_instances: u64,
    component_items: u64,
    lowered: u64,
    core_types: u64,
    core_imports: u64,
    core_exports: u64,
    functions: u64,
    globals: u64,
    memories: u64,
    memory_bytes: u64,
    tables: u64,
    data_segments: u64,
    element_segments: u64,
    compile_micros: u64,
}

struct Scan<'a> {
    bytes: &'a [u8],
    bounds: &'a Bounds,
    description: Description,
    counts: Counts,
    /// How deep the current section is nested; 0 in the outer component.
    nesting: u64,
    allocations: FuncValidatorAllocations,
}

impl Scan<'_> {
    fn spend(&mut self, micros: u64) -> Result<(), LoadError> {
        let limit = self.bounds.compile_micros;
        count(
            "microseconds of estimated compile time",
            &mut self.counts.compile_micros,
            micros,
            limit,
        )
    }

    /// Checks one section, or the head of a nested one, before it is validated.
    fn bound_payload(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        let counts = &mut self.counts;
        let bounds = self.bounds;
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if self.nesting == 0 => {
                return Err(LoadError::NotAComponent {
                    found: "a core module",
                });
            }
            Payload::Version { .. } | Payload::CodeSectionEntry(_) => return Ok(()),
            Payload::End(_) => {
                self.nesting = self.nesting.saturating_sub(1);
                return Ok(());
            }
            _ => count("sections", &mut counts.sections, 1, bounds.sections)?,
        }
        match payload {
            Payload::ModuleSection { .. } => {
                self.nesting += 1;
                bound("levels of nested components", self.nesting, bounds.nesting)?;
                count("core modules", &mut counts.core_modules, 1, bounds.core_modules)?;
                self.description.core_modules = self.description.core_modules.saturating_add(1);
            }
            Payload::ComponentSection { .. } => {
                self.nesting += 1;
                bound("levels of nested components", self.nesting, bounds.nesting)?;
                count("nested components", &mut counts.components, 1, bounds.components)?;
            }
            Payload::ComponentStartSection { .. } | Payload::StartSection { .. } => {
                self.description.has_start = true;
            }

            Payload::TypeSection(section) => self.core_types(section)?,
            Payload::ImportSection(section) => {
                let imports = &mut counts.core_imports;
                count(
                    "imports between core modules",
                    imports,
                    section.count().into(),
                    bounds.core_imports,
                )?;
            }
            Payload::FunctionSection(section) => {
                count(
                    "functions",
                    &mut counts.functions,
                    section.count().into(),
                    bounds.functions,
                )?;
                self.description.functions = self.description.functions.saturating_add(section.count());
            }
            Payload::TableSection(section) => {
                count(
                    "tables",
                    &mut counts.tables,
                    section.count().into(),
                    bounds.tables,
                )?;
                for table in section.clone() {
                    let initial = table.map_err(|error| invalid(&error))?.ty.initial;
                    bound("elements in one table", initial, bounds.table_elements)?;
                }
            }
            Payload::MemorySection(section) => {
                count(
                    "memories",
                    &mut counts.memories,
                    section.count().into(),
                    bounds.memories,
                )?;
                for memory in section.clone() {
                    let pages = memory.map_err(|error| invalid(&error))?.initial;
                    let initial = pages.saturating_mul(64 * 1024);
                    count(
                        "bytes of initial memory",
                        &mut counts.memory_bytes,
                        initial,
                        bounds.memory_bytes,
                    )?;
                    self.description.memory_pages = self.description.memory_pages.max(pages);
                }
            }
            Payload::GlobalSection(section) => {
                count(
                    "globals",
                    &mut counts.globals,
                    section.count().into(),
                    bounds.globals,
                )?;
                for global in section.clone() {
                    let ty = global.map_err(|error| invalid(&error))?.ty.content_type;
                    self.description.uses_floats |= is_float(ty);
                }
            }
            Payload::ExportSection(section) => {
                let exports = &mut counts.core_exports;
                count(
                    "exports of core modules",
                    exports,
                    section.count().into(),
                    bounds.core_exports,
                )?;
            }
            Payload::ElementSection(section) => {
                let segments = &mut counts.element_segments;
                count(
                    "element segments",
                    segments,
                    section.count().into(),
                    bounds.element_segments,
                )?;
            }
            Payload::DataSection(section) => {
                let more = u64::from(section.count());
                count(
                    "data segments",
                    &mut counts.data_segments,
                    more,
                    bounds.data_segments,
                )?;
                self.spend(more.saturating_mul(price::DATA_SEGMENT))?;
            }

            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { .. } = instance.map_err(|error| invalid(&error))? {
                        count(
                            "core instances",
                            &mut counts.core_instances,
                            1,
                            bounds.core_instances,
                        )?;
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate { .. } =
                        instance.map_err(|error| invalid(&error))?
                    {
                        let instantiations = &mut counts.instantiations;
                        count(
                            "instances of nested components",
                            instantiations,
                            1,
                            bounds.instantiations,
                        )?;
                    }
                }
            }
            Payload::CoreTypeSection(section) => self.component_items(section.count().into())?,
            Payload::ComponentAliasSection(section) => self.component_items(section.count().into())?,
            Payload::ComponentTypeSection(section) => self.component_types(section)?,
            Payload::ComponentCanonicalSection(section) => {
                self.component_items(section.count().into())?;
                for function in section.clone() {
                    self.spend(price::CANONICAL)?;
                    if let CanonicalFunction::Lower { .. } = function.map_err(|error| invalid(&error))? {
                        self.counts.lowered += 1;
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                self.component_items(section.count().into())?;
                if self.nesting == 0 {
                    for import in section.clone() {
                        let name = import.map_err(|error| invalid(&error))?.name.name;
                        self.description.imports.push(escape(name));
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                self.component_items(section.count().into())?;
                if self.nesting == 0 {
                    for export in section.clone() {
                        match export.map_err(|error| invalid(&error))?.name.name {
                            EVALUATOR => self.description.exports_evaluator = true,
                            other => self.description.other_exports.push(escape(other)),
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn component_items(&mut self, more: u64) -> Result<(), LoadError> {
        let limit = self.bounds.component_items;
        count(
            "types, aliases, imports, exports and functions of components",
            &mut self.counts.component_items,
            more,
            limit,
        )
    }

    fn core_types(&mut self, section: &SectionLimited<'_, wasmparser::RecGroup>) -> Result<(), LoadError> {
        let more = u64::from(section.count());
        count(
            "core types",
            &mut self.counts.core_types,
            more,
            self.bounds.core_types,
        )?;
        self.spend(more.saturating_mul(price::TYPE))?;
        for group in section.clone() {
            for ty in group.map_err(|error| invalid(&error))?.types() {
                if let CompositeInnerType::Func(ty) = &ty.composite_type.inner {
                    bound(
                        "parameters of one function",
                        ty.params().len() as u64,
                        self.bounds.params,
                    )?;
                    bound(
                        "results of one function",
                        ty.results().len() as u64,
                        self.bounds.results,
                    )?;
                    self.description.uses_floats |=
                        ty.params().iter().chain(ty.results()).any(|ty| is_float(*ty));
                }
            }
        }
        Ok(())
    }

    fn component_types(&mut self, section: &SectionLimited<'_, ComponentType<'_>>) -> Result<(), LoadError> {
        // The parser recurses into types of components and instances that are declared inside others, without a
        // limit of its own: a megabyte of them would overflow the stack. Each begins with these two bytes, so there
        // are at most as many levels as there are pairs; a name that looks like one costs nobody anything.
        let raw = self.bytes.get(section.range()).unwrap_or_default();
        let nested = raw
            .array_windows()
            .filter(|pair| matches!(pair, [0x01, 0x41 | 0x42]))
            .count();
        bound(
            "component types nested in others",
            nested as u64,
            self.bounds.nested_types,
        )?;
        for ty in section.clone() {
            let items = items(&ty.map_err(|error| invalid(&error))?);
            self.component_items(items)?;
        }
        Ok(())
    }

    /// Bounds and validates one function.
    fn function(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<(), LoadError> {
        let bounds = self.bounds;
        bound(
            "bytes in one function",
            body.range().len() as u64,
            bounds.function_bytes,
        )?;
        let mut validator = function.into_validator(std::mem::take(&mut self.allocations));

        let mut reader = body.get_binary_reader();
        // Locals are declared in runs of one type: bound their sum before the validator, which counts them too.
        let mut declared = body.get_locals_reader().map_err(|error| invalid(&error))?;
        let mut locals = u64::from(validator.len_locals());
        for _ in 0..declared.get_count() {
            let (more, ty) = declared.read().map_err(|error| invalid(&error))?;
            count("locals in one function", &mut locals, more.into(), bounds.locals)?;
            self.description.uses_floats |= is_float(ty);
        }
        validator
            .read_locals(&mut reader)
            .map_err(|error| invalid(&error))?;
        self.spend(price::FUNCTION + locals / price::LOCALS_PER_FUNCTION)?;

        let mut operators = body.get_operators_reader().map_err(|error| invalid(&error))?;
        let mut control = Control::new(locals);
        while !operators.eof() {
            let offset = operators.original_position();
            let operator = operators.read().map_err(|error| invalid(&error))?;
            let mut cost = price::OPERATOR;
            match &operator {
                Operator::Block { blockty } | Operator::If { blockty } | Operator::Loop { blockty } => {
                    let (params, results) = match blockty {
                        BlockType::FuncType(ty) => signature(validator.resources(), Some(*ty)),
                        BlockType::Type(_) => (0, 1),
                        BlockType::Empty => (0, 0),
                    };
                    cost += match operator {
                        Operator::Loop { .. } => control.open(true, params, results),
                        Operator::If { .. } => control.open(false, params, results) + control.edge,
                        _ => control.open(false, params, results),
                    };
                    bound(
                        "nested blocks in one function",
                        control.blocks.len() as u64,
                        bounds.nested_blocks,
                    )?;
                    bound("nested loops in one function", control.loops, bounds.nested_loops)?;
                }
                Operator::End => control.close(),
                Operator::Else | Operator::Return => cost += control.edge,
                Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                    cost += control.branch(*relative_depth);
                }
                Operator::BrTable { targets } => {
                    cost += control.branch(targets.default());
                    for target in targets.targets() {
                        let target = target.map_err(|error| invalid(&error))?;
                        cost = cost.saturating_add(1 + control.branch(target));
                    }
                }
                Operator::Call { function_index } => {
                    let ty = validator.resources().type_index_of_function(*function_index);
                    let (params, results) = signature(validator.resources(), ty);
                    cost += price::VALUE * (params + results);
                }
                Operator::CallIndirect { type_index, .. } => {
                    let (params, results) = signature(validator.resources(), Some(*type_index));
                    cost += price::INDIRECT + price::VALUE * (params + results);
                }
                Operator::MemoryGrow { .. }
                | Operator::MemoryCopy { .. }
                | Operator::MemoryFill { .. }
                | Operator::MemoryInit { .. }
                | Operator::DataDrop { .. }
                | Operator::TableGet { .. }
                | Operator::TableSet { .. }
                | Operator::TableSize { .. }
                | Operator::ElemDrop { .. }
                | Operator::RefFunc { .. } => cost += price::RUNTIME,
                Operator::TableGrow { .. }
                | Operator::TableFill { .. }
                | Operator::TableCopy { .. }
                | Operator::TableInit { .. } => cost += price::TABLE,
                // Floats come from somewhere: here, or from a local, a global or a signature.
                Operator::F32Const { .. }
                | Operator::F64Const { .. }
                | Operator::F32Load { .. }
                | Operator::F64Load { .. }
                | Operator::F32ConvertI32S
                | Operator::F32ConvertI32U
                | Operator::F32ConvertI64S
                | Operator::F32ConvertI64U
                | Operator::F64ConvertI32S
                | Operator::F64ConvertI32U
                | Operator::F64ConvertI64S
                | Operator::F64ConvertI64U
                | Operator::F32ReinterpretI32
                | Operator::F64ReinterpretI64 => self.description.uses_floats = true,
                _ => {}
            }
            validator.op(offset, &operator).map_err(|error| invalid(&error))?;
            let stack = u64::from(validator.operand_stack_height());
            bound("values on the stack in one function", stack, bounds.stack)?;
            self.spend(cost + stack / price::STACK_PER_OPERATOR)?;
        }
        operators.finish().map_err(|error| invalid(&error))?;
        self.allocations = validator.into_allocations();
        Ok(())
    }
}

/// The blocks that are open at one point of a function, and what to charge for control flow there.
struct Control {
    blocks: Vec<Block>,
    loops: u64,
    locals: u64,
    /// The price of one more edge between blocks.
    edge: u64,
}

struct Block {
    is_loop: bool,
    /// How many values a branch to it carries.
    arity: u64,
}

impl Control {
    fn new(locals: u64) -> Control {
        Control {
            blocks: Vec::new(),
            loops: 0,
            locals,
            edge: locals / price::LOCALS_PER_EDGE,
        }
    }

    fn open(&mut self, is_loop: bool, params: u64, results: u64) -> u64 {
        let mut cost = price::BLOCK_VALUE * (params + results);
        if is_loop {
            cost += price::LOOP_VALUE * params + self.locals * price::LOCAL_IN_LOOP * (8 + self.loops) / 8;
            self.loops += 1;
        }
        self.blocks.push(Block {
            is_loop,
            arity: if is_loop { params } else { results },
        });
        cost
    }

    fn close(&mut self) {
        if self.blocks.pop().is_some_and(|block| block.is_loop) {
            self.loops -= 1;
        }
    }

    fn branch(&self, depth: u32) -> u64 {
        let target = self.blocks.iter().rev().nth(depth as usize);
        // Beyond the outermost block is the function itself; its few results are not worth looking up.
        self.edge + price::BRANCH_VALUE * target.map_or(0, |block| block.arity)
    }
}

/// How many parameters and results a function type has; none if it is not one, which the validator is about to say.
fn signature(resources: &ValidatorResources, ty: Option<u32>) -> (u64, u64) {
    match ty
        .and_then(|ty| resources.sub_type_at(ty))
        .map(|ty| &ty.composite_type.inner)
    {
        Some(CompositeInnerType::Func(ty)) => (ty.params().len() as u64, ty.results().len() as u64),
        _ => (0, 0),
    }
}

fn is_float(ty: ValType) -> bool {
    matches!(ty, ValType::F32 | ValType::F64)
}

/// How many parts a component-level type has. Recursion is safe here: the depth has been bounded.
fn items(ty: &ComponentType<'_>) -> u64 {
    1 + match ty {
        ComponentType::Defined(ComponentDefinedType::Record(fields)) => fields.len() as u64,
        ComponentType::Defined(ComponentDefinedType::Variant(cases)) => cases.len() as u64,
        ComponentType::Defined(ComponentDefinedType::Tuple(types)) => types.len() as u64,
        ComponentType::Defined(ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names)) => {
            names.len() as u64
        }
        ComponentType::Defined(_) | ComponentType::Resource { .. } => 0,
        ComponentType::Func(function) => function.params.len() as u64,
        ComponentType::Component(declared) => declared
            .iter()
            .map(|declared| match declared {
                ComponentTypeDeclaration::Type(ty) => items(ty),
                _ => 1,
            })
            .sum(),
        ComponentType::Instance(declared) => declared
            .iter()
            .map(|declared| match declared {
                InstanceTypeDeclaration::Type(ty) => items(ty),
                _ => 1,
            })
            .sum(),
    }
}
