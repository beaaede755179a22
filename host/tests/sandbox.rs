//! The sandbox against plugins that attack it: every file of `tests/hostile/`, and components that are easier to
//! generate than to write. After each attack a good plugin must still answer.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and these are their helpers"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use licit_host::sandbox::{
    CallFact, CallFailure, CallRequest, CallStats, EVALUATOR, FactValue, LoadError, MANIFEST_SECTION,
    MAX_MANIFEST_BYTES, Malformed, ManifestFault, Plugin, ResourceLimit, STACK_BYTES, Sandbox, SandboxError,
    SandboxOptions, Verdict, describe, manifest_text,
};

const MANIFEST: &str = "[plugin]\nproduct = \"themes\"\n";

const REQUEST: CallRequest<'static> = CallRequest {
    operation: "collect",
    purpose: "content-recommendation",
    data: &["browsing-history", "download-history", "oaid"],
    facts: &[
        CallFact {
            name: "controls.personalisation",
            value: FactValue::Text("on"),
        },
        CallFact {
            name: "right.objected_purposes",
            value: FactValue::Texts(&["profiling"]),
        },
    ],
};

fn hostile() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/hostile")
}

fn assemble(name: &str) -> Vec<u8> {
    let path = hostile().join(format!("{name}.wat"));
    wat::parse_file(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// What `licit pack` does: appends a custom section.
fn section(component: &mut Vec<u8>, name: &str, data: &[u8]) {
    fn leb(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let byte = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                bytes.push(byte);
                return bytes;
            }
            bytes.push(byte | 0x80);
        }
    }
    let mut body = leb(name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    component.push(0);
    component.extend(leb(body.len()));
    component.extend(body);
}

fn pack(mut component: Vec<u8>) -> Vec<u8> {
    section(&mut component, MANIFEST_SECTION, MANIFEST.as_bytes());
    component
}

fn packed(name: &str) -> Vec<u8> {
    pack(assemble(name))
}

fn sandbox() -> Sandbox {
    Sandbox::new(SandboxOptions::default().slots(4)).unwrap()
}

fn load(sandbox: &Sandbox, name: &str) -> Plugin {
    sandbox
        .load(&packed(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn verdict(plugin: &Plugin) -> Verdict {
    plugin.call(&REQUEST).unwrap().0
}

fn permit(obligations: &[&str]) -> Verdict {
    Verdict::Permit(obligations.iter().map(|id| (*id).to_owned()).collect())
}

/// The failure of a hostile plugin, after making sure that a good one in the same sandbox did not notice.
fn failure(name: &str, options: SandboxOptions) -> CallFailure {
    let sandbox = Sandbox::new(options).unwrap();
    let good = load(&sandbox, "good/permit");
    let bad = load(&sandbox, name);
    let before = good.call(&REQUEST);
    assert_eq!(before.as_ref().map(|(verdict, _)| verdict), Ok(&permit(&["n1"])));
    let failure = bad.call(&REQUEST).map(|(verdict, _)| verdict).expect_err(name);
    for _ in 0..8 {
        assert_eq!(good.call(&REQUEST), before, "after {name}");
    }
    assert_eq!(
        bad.call(&REQUEST).map(|(verdict, _)| verdict),
        Err(failure),
        "{name} fails alike the second time"
    );
    assert_harmless(&failure.to_string());
    failure
}

fn refusal(name: &str) -> LoadError {
    let sandbox = sandbox();
    let error = sandbox.load(&packed(name)).map(|_| ()).expect_err(name);
    assert_harmless(&error.to_string());
    assert_eq!(verdict(&load(&sandbox, "good/permit")), permit(&["n1"]));
    error
}

/// One line, no control characters, no capital at the start, no full stop at the end.
fn assert_harmless(text: &str) {
    assert!(text.chars().all(|character| !character.is_control()), "{text:?}");
    assert!(text.len() < 700, "{text}");
    assert!(
        text.starts_with(|character: char| !character.is_uppercase()) && !text.ends_with('.'),
        "{text}"
    );
}

fn options() -> SandboxOptions {
    SandboxOptions::default().slots(4)
}

// ---------------------------------------------------------------------------------------------------------------
// Good plugins

#[test]
fn a_good_plugin_answers() {
    let sandbox = sandbox();
    for name in [
        "good/permit",
        "good/no-clean-up",
        "good/utf16",
        "good/other-exports",
    ] {
        let plugin = load(&sandbox, name);
        assert_eq!(verdict(&plugin), permit(&["n1"]), "{name}");
        assert_eq!(plugin.manifest(), MANIFEST);
    }
}

#[test]
fn a_request_arrives_as_it_was_sent() {
    let plugin = load(&sandbox(), "good/echo");
    let ask = |operation: &str, facts: &[CallFact<'_>]| {
        let request = CallRequest {
            operation,
            facts,
            ..REQUEST
        };
        plugin.call(&request).map(|(verdict, _)| verdict)
    };
    let fact = |name, value| CallFact { name, value };
    let flag = [fact("flag", FactValue::Flag(true))];
    assert_eq!(
        ask("use", &[]),
        Ok(Verdict::Deny("content-recommendation".into()))
    );
    assert_eq!(ask("share", &flag), Ok(Verdict::Deny("flag".into())));
    assert_eq!(
        ask("retain", &[fact("x", FactValue::Text("on"))]),
        Ok(Verdict::Deny("on".into()))
    );
    assert_eq!(ask("collect", &flag), Ok(permit(REQUEST.data)));
    let facts = [
        fact("a", FactValue::Integer(-5)),
        fact("b", FactValue::Flag(true)),
        fact("c", FactValue::Texts(&["one", "two"])),
    ];
    assert_eq!(ask("transfer", &facts), Ok(permit(&["one", "two"])));
}

#[test]
fn a_call_costs_the_same_fuel_every_time() {
    let sandbox = sandbox();
    let plugin = load(&sandbox, "good/permit");
    let other = load(&sandbox, "good/echo");
    let (_, stats) = plugin.call(&REQUEST).unwrap();
    assert!(stats.fuel_used > 0);
    assert_eq!(stats.memory_bytes, 65_536);
    for _ in 0..100 {
        other.call(&REQUEST).unwrap();
        assert_eq!(plugin.call(&REQUEST).unwrap().1, stats);
    }
    let elsewhere = load(&Sandbox::new(options()).unwrap(), "good/permit");
    assert_eq!(elsewhere.call(&REQUEST).unwrap().1, stats);
}

#[test]
fn nothing_is_remembered_between_calls() {
    let sandbox = Sandbox::new(options().slots(1)).unwrap();
    for name in ["remembers", "remembers-far"] {
        let plugin = load(&sandbox, name);
        for _ in 0..50 {
            assert_eq!(verdict(&plugin), permit(&["n1"]), "{name}");
        }
    }
}

#[test]
fn plugins_of_different_sizes_share_slots() {
    let sandbox = Sandbox::new(options().slots(1)).unwrap();
    let one = load(&sandbox, "remembers");
    let sixteen = load(&sandbox, "remembers-far");
    for _ in 0..20 {
        assert_eq!(verdict(&one), permit(&["n1"]));
        assert_eq!(verdict(&sixteen), permit(&["n1"]));
        assert_eq!(sixteen.call(&REQUEST).unwrap().1.memory_bytes, 1024 * 1024);
    }
}

#[test]
fn many_threads_ask_one_plugin() {
    let sandbox = Sandbox::new(options().slots(8)).unwrap();
    let plugin = load(&sandbox, "remembers");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    assert_eq!(verdict(&plugin), permit(&["n1"]));
                }
            });
        }
    });
}

#[test]
fn handles_are_shared_and_cheap() {
    fn shared<T: Send + Sync + Clone>(value: &T) -> T {
        value.clone()
    }
    let plugin = {
        let sandbox = shared(&sandbox());
        shared(&load(&sandbox, "good/permit"))
    };
    // The plugin keeps alive what it needs.
    assert_eq!(verdict(&plugin), permit(&["n1"]));
}

// ---------------------------------------------------------------------------------------------------------------
// Plugins that run, badly

#[test]
fn a_plugin_that_runs_too_long_is_out_of_fuel() {
    for name in [
        "loop",
        "loop-in-start",
        "loop-in-realloc",
        "loop-in-post-return",
        "bulk-fill",
    ] {
        let start = Instant::now();
        let fuel = 1_000_000;
        assert_eq!(
            failure(name, options().fuel(fuel)),
            CallFailure::OutOfFuel { limit: fuel },
            "{name}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{name} took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn the_clock_stops_what_fuel_does_not() {
    let limit = Duration::from_millis(40);
    for name in [
        "loop",
        "loop-in-start",
        "loop-in-realloc",
        "loop-in-post-return",
        "bulk-fill",
    ] {
        let start = Instant::now();
        assert_eq!(
            failure(name, options().fuel(u64::MAX).time(limit)),
            CallFailure::TimeOut { limit },
            "{name}"
        );
        assert!(
            start.elapsed() >= limit * 2,
            "{name} was stopped early, twice within {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_plugin_that_wants_too_much_memory_is_told_which() {
    let memory = ResourceLimit::Memory {
        limit_bytes: 1024 * 1024,
    };
    assert_eq!(
        failure("grow-memory", options()),
        CallFailure::MemoryLimit(memory)
    );
    assert_eq!(
        failure("grow-memory-at-once", options()),
        CallFailure::MemoryLimit(memory)
    );
    let table = ResourceLimit::Table { limit_elements: 4096 };
    assert_eq!(failure("grow-table", options()), CallFailure::MemoryLimit(table));
    let stack = ResourceLimit::Stack {
        limit_bytes: STACK_BYTES,
    };
    assert_eq!(failure("recursion", options()), CallFailure::MemoryLimit(stack));
}

#[test]
fn a_plugin_that_stops_itself_is_a_trap() {
    for (name, text) in [
        ("trap", "it aborted"),
        ("trap-in-start", "it aborted"),
        ("trap-in-realloc", "it aborted"),
        ("trap-in-post-return", "it aborted"),
        ("read-outside", "it used memory that it does not have"),
        ("data-outside", "it used memory that it does not have"),
        ("divide-by-zero", "it divided by zero"),
    ] {
        if name == "divide-by-zero" {
            let sandbox = sandbox();
            let plugin = load(&sandbox, name);
            let request = CallRequest {
                facts: &[],
                ..REQUEST
            };
            assert_eq!(plugin.call(&request).map(|_| ()), Err(CallFailure::Trap(text)));
        } else {
            assert_eq!(failure(name, options()), CallFailure::Trap(text), "{name}");
        }
    }
}

#[test]
fn a_plugin_that_hoards_handles_is_stopped() {
    let failure = failure("handles", options());
    assert!(
        matches!(
            failure,
            CallFailure::Trap(_) | CallFailure::MalformedVerdict(Malformed::Abi)
        ),
        "{failure:?}"
    );
}

#[test]
fn a_verdict_outside_the_contract_is_malformed() {
    for (name, malformed) in [
        ("many-empty-strings", Malformed::TooLarge),
        ("two-million-strings", Malformed::Abi),
        ("huge-string", Malformed::TooLarge),
        ("long-id", Malformed::Id { bytes: 65 }),
        ("empty-id", Malformed::Id { bytes: 0 }),
        ("bad-id", Malformed::Id { bytes: 27 }),
        ("many-obligations", Malformed::TooManyObligations { count: 17 }),
        ("not-utf8", Malformed::NotText),
        ("bad-case", Malformed::Abi),
        ("bad-result-pointer", Malformed::Abi),
        ("unaligned-result", Malformed::Abi),
        ("bad-realloc", Malformed::Abi),
    ] {
        assert_eq!(
            failure(name, options()),
            CallFailure::MalformedVerdict(malformed),
            "{name}"
        );
    }
}

#[test]
fn more_calls_than_slots_are_refused_by_name() {
    for options in [options(), SandboxOptions::interpreted()] {
        let sandbox = Sandbox::new(options.slots(1).fuel(u64::MAX).time(Duration::from_millis(400))).unwrap();
        let slow = load(&sandbox, "loop");
        let good = load(&sandbox, "good/permit");
        let together = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                together.wait();
                assert!(matches!(slow.call(&REQUEST), Err(CallFailure::TimeOut { .. })));
                together.wait();
            });
            together.wait();
            thread::sleep(Duration::from_millis(100));
            let refused = good.call(&REQUEST).map(|_| ());
            assert_eq!(refused, Err(CallFailure::Overloaded { slots: 1 }));
            together.wait();
            assert_eq!(verdict(&good), permit(&["n1"]));
        });
    }
}

#[test]
fn the_interpreted_tier_takes_what_the_compiled_one_refuses() {
    let sandbox = Sandbox::new(SandboxOptions::interpreted().slots(2)).unwrap();
    let plugin = load(&sandbox, "big-memory");
    let (verdict, stats) = plugin.call(&REQUEST).unwrap();
    assert_eq!((verdict, stats.memory_bytes), (permit(&["n1"]), 17 * 65_536));
    assert!(matches!(
        load(&sandbox, "grow-memory-at-once").call(&REQUEST),
        Err(CallFailure::MemoryLimit(ResourceLimit::Memory { .. }))
    ));
    let remembers = load(&sandbox, "remembers");
    for _ in 0..20 {
        assert_eq!(self::verdict(&remembers), permit(&["n1"]));
    }
}

// ---------------------------------------------------------------------------------------------------------------
// Components that are not plugins

#[test]
fn an_import_is_refused_by_name() {
    let clock = refusal("imports-clock");
    assert_eq!(
        clock,
        LoadError::Imports {
            names: vec!["wasi:clocks/wall-clock@0.2.0".into()]
        }
    );
    assert!(clock.to_string().contains("`wasi:clocks/wall-clock@0.2.0`"));
    assert_eq!(
        refusal("imports-type"),
        LoadError::Imports {
            names: vec!["acme:types/ids@1.0.0".into()]
        }
    );
}

#[test]
fn a_component_of_another_world_is_refused() {
    assert_eq!(refusal("empty"), LoadError::NoEvaluator { found: vec![] });
    let other = refusal("other-interface");
    assert_eq!(
        other,
        LoadError::NoEvaluator {
            found: vec!["acme:policy/evaluator@0.1.0".into()]
        }
    );
    assert!(matches!(
        refusal("evaluator-is-a-function"),
        LoadError::NoEvaluator { .. }
    ));
    for (name, says) in [
        ("older-version", "licit:policy/evaluator@0.0.9"),
        ("newer-version", "licit:policy/evaluator@0.1.1"),
        ("two-versions", "licit:policy/evaluator@0.1.1"),
        ("wrong-verdict", "expected variant of 2 cases, found 3"),
        (
            "wrong-request",
            "expected record field named operation, found purpose",
        ),
        ("extra-function", "evaluate-too"),
        ("no-function", "no function `evaluate`"),
    ] {
        match refusal(name) {
            LoadError::WrongEvaluator { detail } => assert!(detail.contains(says), "{name}: {detail}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_a_component_is_refused() {
    assert_eq!(
        refusal("core-module"),
        LoadError::NotAComponent {
            found: "a core module"
        }
    );
    let sandbox = sandbox();
    for bytes in [
        &b""[..],
        b"\0",
        b"\0asm",
        b"(component)",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0",
        &[0xff; 64],
    ] {
        let error = sandbox.load(bytes).map(|_| ()).unwrap_err();
        assert!(matches!(error, LoadError::Invalid { .. }), "{bytes:?}: {error:?}");
        assert_harmless(&error.to_string());
        assert!(manifest_text(bytes).is_err() && describe(bytes).is_err());
    }
}

#[test]
fn proposals_that_are_off_are_refused() {
    for (name, says) in [
        ("simd", "SIMD"),
        ("shared-memory", "threads"),
        ("memory64", "memory64"),
        ("tail-call", "tail calls"),
    ] {
        match refusal(name) {
            LoadError::Invalid { detail } => assert!(detail.contains(says), "{name}: {detail}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_manifest_must_be_there_once() {
    let sandbox = sandbox();
    let fault = |bytes: &[u8]| match sandbox.load(bytes).map(|_| ()) {
        Err(LoadError::Manifest(fault)) => {
            assert_eq!(manifest_text(bytes), Err(LoadError::Manifest(fault)));
            assert_harmless(&fault.to_string());
            fault
        }
        other => panic!("{other:?}"),
    };
    let plain = assemble("good/permit");
    assert_eq!(fault(&plain), ManifestFault::Missing);
    assert!(fault(&plain).to_string().contains("licit pack"));

    let mut twice = pack(plain.clone());
    section(&mut twice, MANIFEST_SECTION, b"[plugin]\nproduct = \"another\"\n");
    assert_eq!(fault(&twice), ManifestFault::Repeated { count: 2 });
    assert!(fault(&twice).to_string().contains("licit pack"));

    let mut binary = plain.clone();
    section(&mut binary, MANIFEST_SECTION, b"product = \"\xff\"");
    assert_eq!(fault(&binary), ManifestFault::NotText);

    let mut long = plain.clone();
    section(&mut long, MANIFEST_SECTION, &vec![b'#'; MAX_MANIFEST_BYTES + 1]);
    assert_eq!(
        fault(&long),
        ManifestFault::TooLong {
            bytes: MAX_MANIFEST_BYTES + 1
        }
    );

    let mut other = plain.clone();
    section(&mut other, "licit:manifest ", MANIFEST.as_bytes());
    assert_eq!(fault(&other), ManifestFault::Missing);
}

#[test]
fn a_manifest_in_a_nested_component_does_not_count() {
    let mut nested = b"\0asm\x0d\0\x01\0".to_vec();
    section(&mut nested, MANIFEST_SECTION, b"hidden");
    let mut outer = assemble("good/permit");
    // Section 4: a component.
    outer.push(4);
    outer.push(u8::try_from(nested.len()).unwrap());
    outer.extend(nested);
    assert_eq!(
        manifest_text(&outer),
        Err(LoadError::Manifest(ManifestFault::Missing))
    );
    let packed = pack(outer);
    assert_eq!(manifest_text(&packed), Ok(MANIFEST));
    assert_eq!(sandbox().load(&packed).unwrap().manifest(), MANIFEST);
}

#[test]
fn a_component_is_described_without_running() {
    let loops = packed("loop-in-start");
    let description = describe(&loops).unwrap();
    assert_eq!(description.bytes, loops.len());
    assert_eq!(
        (
            description.core_modules,
            description.functions,
            description.memory_pages
        ),
        (1, 4, 1)
    );
    assert!(description.has_start && !description.uses_floats && description.exports_evaluator);
    assert!(description.compile_estimate > Duration::ZERO);

    let clock = describe(&packed("imports-clock")).unwrap();
    assert_eq!(clock.imports, ["wasi:clocks/wall-clock@0.2.0"]);
    let other = describe(&packed("good/other-exports")).unwrap();
    assert_eq!(
        (other.exports_evaluator, other.other_exports),
        (true, vec!["nothing".into()])
    );
    assert!(!describe(&packed("other-interface")).unwrap().exports_evaluator);
    assert_eq!(describe(&packed("big-memory")).unwrap().memory_pages, 17);

    for floats in [
        "(func (drop (f32.const 1)))",
        "(func (param f64))",
        "(func (local f32))",
        "(global f64 (f64.const 0))",
        "(func (param i32) (drop (f64.convert_i32_u (local.get 0))))",
    ] {
        assert!(describe(&module(floats)).unwrap().uses_floats, "{floats}");
    }
    assert!(!describe(&module("(func (param i32))")).unwrap().uses_floats);
}

#[test]
fn every_hostile_file_says_what_it_attacks_and_is_tested() {
    let source = include_str!("sandbox.rs");
    let mut seen = BTreeSet::new();
    for folder in ["", "good/"] {
        for entry in fs::read_dir(hostile().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wat") {
                let name = format!("{folder}{}", path.file_stem().unwrap().display());
                let text = fs::read_to_string(&path).unwrap();
                assert!(
                    text.starts_with(";; ") && text.lines().next().unwrap().ends_with('.'),
                    "{name}"
                );
                assert!(
                    source.contains(&format!("\"{name}\"")),
                    "{name} is not used by any test"
                );
                seen.insert(name);
            }
        }
    }
    assert!(seen.len() > 50, "{seen:?}");
}

// ---------------------------------------------------------------------------------------------------------------
// Components that are expensive to compile

fn component(text: &str) -> Vec<u8> {
    pack(wat::parse_str(format!("(component {text})")).unwrap())
}

fn module(text: &str) -> Vec<u8> {
    component(&format!("(core module {text})"))
}

/// The bound that a component exceeds; the check must be far quicker than compiling would be.
fn exceeds(bytes: &[u8]) -> &'static str {
    let sandbox = sandbox();
    let start = Instant::now();
    let error = sandbox.load(bytes).map(|_| ()).unwrap_err();
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{error}: after {:?}",
        start.elapsed()
    );
    assert_harmless(&error.to_string());
    match error {
        LoadError::Exceeds { what, found, limit } => {
            assert!(found > limit);
            what
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn compile_bombs_are_refused_before_they_are_compiled() {
    let repeat = |text: &str, count: usize| text.repeat(count);
    let locals = |count| repeat(" i32", count);

    assert_eq!(exceeds(&module(&repeat("(func)", 20_000))), "functions");
    let wide = format!("(func (local{}))", locals(50_000));
    assert_eq!(exceeds(&module(&repeat(&wide, 2))), "locals in one function");

    // Many locals that are alive across many branches.
    let mut branches = String::new();
    for index in 0..5000 {
        let _ = write!(
            branches,
            "(if (local.get {0}) (then (local.set {0} (i32.const 1))))",
            index % 900
        );
    }
    let function = format!("(func (local{}) {branches})", locals(900));
    let estimate = "microseconds of estimated compile time";
    assert_eq!(exceeds(&module(&repeat(&function, 5))), estimate);
    let mut loops = String::new();
    for index in 0..3000 {
        let _ = write!(
            loops,
            "(loop (local.set {0} (i32.const 1)) (br_if 0 (local.get {0})))",
            index % 900
        );
    }
    assert_eq!(
        exceeds(&module(&format!("(func (local{}) {loops})", locals(900)))),
        estimate
    );

    let nest = |block: &str, depth| format!("(func {} {})", repeat(block, depth), repeat("end ", depth));
    assert_eq!(
        exceeds(&module(&nest("loop ", 1000))),
        "nested loops in one function"
    );
    assert_eq!(
        exceeds(&module(&nest("block ", 10_000))),
        "nested blocks in one function"
    );

    let stack = format!(
        "(func {} {})",
        repeat("i32.const 1 ", 10_000),
        repeat("drop ", 10_000)
    );
    assert_eq!(exceeds(&module(&stack)), "values on the stack in one function");
    let big = format!("(func {})", repeat("(drop (i32.const 1))", 50_000));
    assert_eq!(exceeds(&module(&big)), "bytes in one function");
    let long = format!(
        "(memory 1) {}",
        repeat(
            &format!(
                "(func {})",
                repeat("(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))", 8_000)
            ),
            12
        )
    );
    assert_eq!(exceeds(&module(&long)), estimate);

    // Two bytes that move a thousand values.
    let signature = format!("(type $t (func (param{0}) (result{0})))", locals(1000));
    assert_eq!(exceeds(&module(&signature)), "parameters of one function");
    assert_eq!(
        exceeds(&module(&format!("(type (func (result{})))", locals(17)))),
        "results of one function"
    );
    let call = format!(
        "(func $f (param{0}) (result{0}) unreachable) (func {1} {2} {3})",
        locals(16),
        repeat("i32.const 0 ", 16),
        repeat("call $f ", 40_000),
        repeat("drop ", 16)
    );
    assert_eq!(exceeds(&module(&call)), estimate);
    let table = format!(
        "(func (local{}) (br_table {} (i32.const 0)))",
        locals(999),
        repeat("0 ", 60_000)
    );
    assert_eq!(exceeds(&module(&table)), estimate);

    assert_eq!(
        exceeds(&module(&format!(
            "(memory 1) {}",
            repeat("(data (i32.const 0) \"a\")", 60_000)
        ))),
        "data segments"
    );
    let elements = repeat("(elem (i32.const 0) func $f)", 2000);
    assert_eq!(
        exceeds(&module(&format!("(table 1 funcref) (func $f) {elements}"))),
        "element segments"
    );
    assert_eq!(
        exceeds(&module(&repeat("(global i32 (i32.const 0))", 2000))),
        "globals"
    );
    let mut types = String::new();
    let mut exports = String::new();
    for index in 0..2500 {
        types.push_str("(type (func (param");
        for bit in 0..12 {
            types.push_str(if index >> bit & 1 == 1 { " i64" } else { " i32" });
        }
        types.push_str(")))");
        let _ = write!(exports, "(export \"{index}\" (func 0))");
    }
    assert_eq!(exceeds(&module(&types)), "core types");
    assert_eq!(
        exceeds(&module(&format!("(func) {exports}"))),
        "exports of core modules"
    );
    assert_eq!(
        exceeds(&module(&repeat("(import \"a\" \"b\" (func))", 2000))),
        "imports between core modules"
    );

    assert_eq!(exceeds(&module("(table 10000 funcref)")), "elements in one table");
    assert_eq!(exceeds(&module(&repeat("(table 1 funcref)", 9))), "tables");
    assert_eq!(exceeds(&packed("big-memory")), "bytes of initial memory");
    assert_eq!(
        exceeds(&component(&repeat("(core module (memory 9))", 2))),
        "bytes of initial memory"
    );
    assert_eq!(
        exceeds(&component(&repeat("(core module (memory 1))", 3))),
        "memories"
    );
}

#[test]
fn component_bombs_are_refused_before_they_are_compiled() {
    let mut padded = assemble("good/permit");
    section(&mut padded, "padding", &vec![0; 2 * 1024 * 1024]);
    assert_eq!(exceeds(&pack(padded)), "bytes");
    assert_eq!(exceeds(&component(&"(core module)".repeat(17))), "core modules");
    assert_eq!(
        exceeds(&component(&"(component)".repeat(17))),
        "nested components"
    );
    let deep = format!("{}{}", "(component ".repeat(8), ")".repeat(8));
    assert_eq!(exceeds(&component(&deep)), "levels of nested components");
    let mut sections = assemble("good/permit");
    for _ in 0..3000 {
        section(&mut sections, "x", b"");
    }
    assert_eq!(exceeds(&pack(sections)), "sections");

    // Components in components, each of which instantiates the one inside it ten times.
    let mut inlined = "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
    for level in 1..4 {
        let inner = level - 1;
        let _ = write!(
            inlined,
            "(component $c{level} (alias outer 1 $c{inner} (component $c)) {})",
            "(instance (instantiate $c))".repeat(10)
        );
    }
    assert_eq!(
        exceeds(&component(&format!("{inlined} (instance (instantiate $c3))"))),
        "instances of nested components"
    );
    let instances = format!(
        "(core module $m) {}",
        "(core instance (instantiate $m))".repeat(20)
    );
    assert_eq!(exceeds(&component(&instances)), "core instances");

    let many = "types, aliases, imports, exports and functions of components";
    assert_eq!(exceeds(&component(&"(type u8)".repeat(5000))), many);
    let mut cases = String::from("(type (enum");
    for index in 0..9000 {
        let _ = write!(cases, " \"c{index}\"");
    }
    assert_eq!(exceeds(&component(&format!("{cases}))"))), many);
}

/// The parser recurses into component types without a limit of its own: a megabyte of them would overflow the
/// stack of the thread, which aborts the process.
#[test]
fn types_nested_in_types_do_not_overflow_the_stack() {
    for kind in [0x41, 0x42] {
        // A type section (7) with one type: a component type (0x41) or an instance type (0x42) that declares one
        // type (0x01), which is such a type again, and so on.
        let depth = 300_000;
        let mut types = vec![0x01];
        for _ in 0..depth {
            types.extend([kind, 0x01, 0x01]);
        }
        types.push(0x7f);
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.push(7);
        let mut length = types.len();
        while length > 0x7f {
            bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend(types);
        assert_eq!(exceeds(&bytes), "component types nested in others");
        assert!(describe(&bytes).is_err());
        assert!(manifest_text(&bytes).is_err());
    }
}

/// Whatever passes the bounds compiles in a time that a person waits for.
#[test]
fn the_worst_that_is_accepted_compiles_in_seconds() {
    let mut worst: Vec<(&str, String)> = Vec::new();
    worst.push(("empty functions", "(func)".repeat(9_999)));
    worst.push((
        "data segments",
        format!("(memory 1) {}", "(data (i32.const 0) \"a\")".repeat(1000)),
    ));
    // Many values that are alive at once, through calls, branches and loops in loops.
    let locals = " i32".repeat(900);
    let mut steps = String::new();
    let mut branches = String::new();
    let mut deep = String::from("(func (param i32)");
    for index in 0..900 {
        let (this, other) = (index % 900, index * 7 % 900);
        let _ = write!(
            steps,
            "(local.set {this} (i32.xor (local.get {other}) (call $f)))(local.set {other} (local.get {this}))"
        );
        let _ = write!(
            branches,
            "(if (local.get {other}) (then (local.set {this} (local.get {other}))))"
        );
    }
    let _ = write!(deep, "(local{locals}) {}", "loop ".repeat(50));
    for index in 0..900 {
        let _ = write!(
            deep,
            "(local.set {index} (i32.add (local.get {index}) (local.get {})))",
            index * 7 % 900
        );
    }
    for index in 0..50 {
        let _ = write!(deep, "(br_if 0 (local.get {index})) end ");
    }
    let callee = "(func $f (result i32) (i32.const 1))";
    worst.push((
        "values across calls",
        format!("{callee} (func (local{locals}) {steps})"),
    ));
    worst.push((
        "values across branches",
        format!("(func (param i32) (local{locals}) {branches})"),
    ));
    worst.push(("loops in loops", format!("{deep})")));
    let sandbox = sandbox();
    for (name, text) in worst {
        let bytes = module(&text);
        let description = describe(&bytes).unwrap();
        let start = Instant::now();
        // It is not a plugin, but that is only found once it has been compiled.
        let error = sandbox.load(&bytes).map(|_| ()).unwrap_err();
        assert_eq!(error, LoadError::NoEvaluator { found: vec![] }, "{name}");
        let took = start.elapsed();
        eprintln!(
            "{name}: estimated {:?}, took {took:?}",
            description.compile_estimate
        );
        assert!(took < Duration::from_secs(30), "{name}: {took:?}");
    }
}

// ---------------------------------------------------------------------------------------------------------------
// Bytes

/// A small generator of numbers, so that a failure can be repeated (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

#[test]
fn truncated_bytes_are_refused_at_every_offset() {
    let sandbox = sandbox();
    for name in ["good/permit", "imports-clock", "handles"] {
        let bytes = packed(name);
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            assert!(sandbox.load(cut).is_err(), "{name} cut at {end}");
            let _ = (describe(cut), manifest_text(cut));
        }
    }
    assert_eq!(verdict(&load(&sandbox, "good/permit")), permit(&["n1"]));
}

#[test]
fn corrupted_bytes_never_panic() {
    let sandbox = Sandbox::new(options().fuel(100_000)).unwrap();
    let good = load(&sandbox, "good/permit");
    let sources = [packed("good/permit"), packed("good/echo"), packed("handles")];
    let mut random = Random(2025);
    let mut loaded = 0;
    for round in 0..3000 {
        let mut bytes = sources[round % sources.len()].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = random.next() as u8,
                1 => bytes[at] ^= 1 << random.below(8),
                _ => {
                    let from = random.below(bytes.len());
                    bytes[at] = bytes[from];
                }
            }
        }
        let _ = (describe(&bytes), manifest_text(&bytes));
        match sandbox.load(&bytes) {
            Ok(plugin) => {
                loaded += 1;
                if let Err(failure) = plugin.call(&REQUEST) {
                    assert_ne!(failure, CallFailure::Engine, "round {round}");
                    assert_harmless(&failure.to_string());
                }
            }
            Err(error) => {
                assert_harmless(&error.to_string());
                let defect = matches!(&error, LoadError::Compile { detail } if detail.contains("defect"));
                assert!(!defect, "round {round}");
            }
        }
    }
    assert!(
        loaded > 100,
        "only {loaded} were loaded, so calls were hardly tested"
    );
    assert_eq!(verdict(&good), permit(&["n1"]));
}

// ---------------------------------------------------------------------------------------------------------------
// Options

#[test]
fn options_out_of_range_are_named() {
    for (options, names) in [
        (options().slots(0), "`slots`"),
        (options().slots(u32::MAX), "`slots`"),
        (options().memory_bytes(0), "`memory_bytes`"),
        (options().memory_bytes(1000), "`memory_bytes`"),
        (options().memory_bytes(1 << 40), "`memory_bytes`"),
    ] {
        match Sandbox::new(options) {
            Err(error @ SandboxError::Options(_)) => assert!(error.to_string().contains(names), "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn limits_reach_the_engine() {
    let sandbox = Sandbox::new(options().memory_bytes(2 * 65_536).fuel(150)).unwrap();
    let plugin = load(&sandbox, "good/permit");
    assert_eq!(
        plugin.call(&REQUEST).map(|_| ()),
        Err(CallFailure::OutOfFuel { limit: 150 })
    );
    let grows = load(&sandbox, "remembers-far");
    let failure = grows
        .call(&CallRequest {
            data: &[],
            facts: &[],
            ..REQUEST
        })
        .map(|_| ());
    let memory = ResourceLimit::Memory {
        limit_bytes: 2 * 65_536,
    };
    assert_eq!(failure, Err(CallFailure::MemoryLimit(memory)));
    // No fuel at all and no time at all are limits like any others.
    let none = load(&Sandbox::new(options().fuel(0)).unwrap(), "good/permit");
    assert_eq!(
        none.call(&REQUEST).map(|_| ()),
        Err(CallFailure::OutOfFuel { limit: 0 })
    );
    let late = load(&Sandbox::new(options().time(Duration::ZERO)).unwrap(), "loop");
    assert!(late.call(&REQUEST).is_err());
    let ever = load(
        &Sandbox::new(options().time(Duration::MAX)).unwrap(),
        "good/permit",
    );
    assert_eq!(verdict(&ever), permit(&["n1"]));
}

#[test]
fn a_plugin_is_described_to_reviewers() {
    let plugin = load(&sandbox(), "good/other-exports");
    let description = plugin.description();
    assert!(description.imports.is_empty() && description.exports_evaluator);
    assert_eq!(description.other_exports, ["nothing"]);
    assert_eq!(EVALUATOR, "licit:policy/evaluator@0.1.0");
    let _: CallStats = plugin.call(&REQUEST).unwrap().1;
}
