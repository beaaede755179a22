//! `licit inspect` and `licit pack`, run as users run them.

mod support;

use serde_json::json;
use support::{Deployment, component, manifest, plugin};

const PLUGIN: &str = "target/plugins/find-device.wasm";

#[test]
fn a_declaration_is_shown_without_running_it() {
    let here = Deployment::bare();
    let ran = here.run(&["inspect", PLUGIN]).assert_code(0);
    for part in [
        "find-device 1.0.0\n",
        "1 page of memory",
        "no imports",
        "  purpose     find-device\n",
        "  operations  collect, use, store\n",
        "  retention   P1D\n",
        "erase-needs-second-factor  erasing a device from afar needs a second factor",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    let document = here
        .run(&["inspect", PLUGIN, "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(document["manifest"]["product"], "find-device");
    assert_eq!(
        document["manifest"]["activities"][0]["operations"],
        json!(["collect", "use", "store"])
    );
    assert_eq!(
        document["manifest"]["activities"][0]["basis"],
        json!({ "default": "contract" })
    );
    assert_eq!(document["code"]["imports"], json!([]));
    assert_eq!(document["diagnostics"], json!([]));
}

#[test]
fn a_wrong_manifest_is_shown_with_its_places() {
    let here = Deployment::bare();
    here.write(
        "bad.wasm",
        &plugin(&manifest().replace("\"cell-identity\", ", "\"cell-identty\", ")),
    );
    let ran = here.run(&["inspect", "bad.wasm"]).assert_code(1);
    assert!(ran.out.contains("bad.wasm: plugin.toml:"), "{}", ran.out);
    assert!(ran.out.contains("did you mean `cell-identity`?"), "{}", ran.out);
    let document = here
        .run(&["inspect", "bad.wasm", "--format", "json"])
        .assert_code(1)
        .json();
    assert_eq!(document["manifest"], json!(null));
    assert_eq!(document["diagnostics"][0]["severity"], "error");
}

#[test]
fn a_manifest_is_shown_before_there_is_a_plugin() {
    let here = Deployment::bare();
    here.write("plugin.toml", manifest().as_bytes());
    for path in ["plugin.toml", "."] {
        let ran = here.run(&["inspect", path]).assert_code(0);
        assert!(ran.out.contains("  retention   P1D\n"), "{}", ran.out);
        assert!(!ran.out.contains("digest"), "{}", ran.out);
    }
    let document = here
        .run(&["inspect", ".", "--format", "json"])
        .assert_code(0)
        .json();
    assert_eq!(document["code"], json!(null));
    assert_eq!(document["manifest"]["product"], "find-device");
    let ran = here.run(&["inspect", ".", "--approved"]).assert_code(1);
    assert!(ran.err.contains("is no plugin yet"), "{}", ran.err);

    let wrong = manifest().replace("\"cell-identity\", ", "\"cell-identty\", \"imei\", ");
    here.write(
        "plugin.toml",
        wrong.replace("child-directed", "child_directed").as_bytes(),
    );
    let ran = here.run(&["inspect", "."]).assert_code(1);
    for expected in [
        "plugin.toml:",
        "did you mean `cell-identity`?",
        "outside the ceiling of `find-device`",
        "(§",
        "`child-directed`",
    ] {
        assert!(ran.out.contains(expected), "{expected}\n{}", ran.out);
    }
}

#[test]
fn building_shows_a_wrong_manifest_in_colour_and_asks_no_compiler() {
    let here = Deployment::bare();
    here.write(
        "plugin.toml",
        manifest()
            .replace("\"cell-identity\", ", "\"cell-identty\", ")
            .as_bytes(),
    );
    let ran = here.run(&["--color", "always", "build"]).assert_code(1);
    assert!(ran.err.contains("\x1b["), "{:?}", ran.err);
    assert!(ran.err.contains("did you mean `cell-identity`?"), "{}", ran.err);
    assert!(!ran.err.contains("Cargo.toml"), "{}", ran.err);
}

#[test]
fn what_is_no_plugin_is_refused_by_name() {
    let here = Deployment::bare();
    here.write("empty.wasm", b"");
    here.write("bare.wasm", &component());
    here.write("text.wasm", b"not at all");
    for name in ["empty.wasm", "bare.wasm", "text.wasm"] {
        let ran = here.run(&["inspect", name]).assert_code(1);
        assert!(ran.err.starts_with(&format!("error: `{name}`: ")), "{}", ran.err);
    }
}

#[test]
fn text_of_a_plugin_does_not_act_on_the_terminal() {
    let here = Deployment::bare();
    let text = "erasing a device from afar needs a second factor";
    let manifest = manifest().replace(text, "\\u001b]0;owned\\u0007\\u009b31m\\u202e");
    here.write("evil.wasm", &plugin(&manifest));
    for format in ["human", "json"] {
        let ran = here.run(&["--color", "always", "inspect", "evil.wasm", "--format", format]);
        let raw = ran.out.replace("\x1b[", "");
        assert!(!raw.contains(['\x1b', '\x07', '\u{9b}', '\u{202e}']), "{raw:?}");
    }
}

#[test]
fn packing_makes_a_plugin_of_a_component() {
    let here = Deployment::bare();
    here.write("component.wasm", &component());
    here.write("plugin.toml", manifest().as_bytes());
    here.run(&["pack", "component.wasm", "-o", "packed.wasm"])
        .assert_code(0);
    let packed = std::fs::read(here.dir.path().join("packed.wasm")).unwrap();
    assert_eq!(packed, plugin(&manifest()));
    let ran = here
        .run(&[
            "pack",
            "packed.wasm",
            "--manifest",
            "plugin.toml",
            "-o",
            "again.wasm",
        ])
        .assert_code(1);
    assert!(
        ran.err
            .contains("`packed.wasm`: this component holds a manifest already"),
        "{}",
        ran.err
    );
    here.write("plugin.toml", b"[plugin]\n");
    let ran = here
        .run(&["pack", "component.wasm", "-o", "bad.wasm"])
        .assert_code(1);
    assert!(ran.err.contains("plugin.toml:"), "{}", ran.err);
    assert!(!here.dir.path().join("bad.wasm").exists());
}

/// A core module of the contract, as a compiler without component support leaves it, that permits everything.
const CORE_MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
        (local $at i32)
        (local.set $at (global.get $next))
        (global.set $next (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
        (local.get $at))
    (func (export "licit:policy/evaluator@0.1.0#evaluate") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
        (i32.const 16)))"#;

#[test]
fn packing_makes_a_component_of_a_core_module() {
    let here = Deployment::bare();
    here.write("module.wasm", &wat::parse_str(CORE_MODULE).unwrap());
    here.write("plugin.toml", manifest().as_bytes());
    here.run(&["pack", "module.wasm", "-o", "target/plugins/find-device.wasm"])
        .assert_code(0);
    let ran = here.run(&["inspect", PLUGIN]).assert_code(0);
    assert!(ran.out.contains("no imports"), "{}", ran.out);

    here.write("other.wasm", &wat::parse_str("(module)").unwrap());
    let ran = here.run(&["pack", "other.wasm", "-o", "bad.wasm"]).assert_code(1);
    assert!(ran.err.contains("evaluator"), "{}", ran.err);

    let whole = wat::parse_str(CORE_MODULE).unwrap();
    for length in [9, whole.len() / 2, whole.len() - 1] {
        here.write("cut.wasm", whole.split_at(length).0);
        let ran = here.run(&["pack", "cut.wasm", "-o", "bad.wasm"]).assert_code(1);
        assert!(ran.err.contains("`cut.wasm`"), "{}", ran.err);
    }
}

#[test]
fn packing_declares_the_tier_and_inspecting_shows_its_limits() {
    let here = Deployment::bare();
    // Two MiB of memory from the start: more than the compiled tier gives.
    let big = CORE_MODULE.replace("\"memory\") 1)", "\"memory\") 32)");
    let big = wat::parse_str(big).unwrap();
    here.write("big.wasm", &big);
    here.write("plugin.toml", manifest().as_bytes());
    let ran = here
        .run(&["pack", "big.wasm", "-o", "packed.wasm"])
        .assert_code(1);
    assert!(
        ran.err.contains("declares `tier = \"interpreted\"`"),
        "{}",
        ran.err
    );
    here.run(&["pack", "big.wasm", "--tier", "interpreted", "-o", "packed.wasm"])
        .assert_code(0);
    let packed = std::fs::read(here.dir.path().join("packed.wasm")).unwrap();
    let declared = manifest().replacen("[plugin]\n", "[plugin]\ntier = \"interpreted\"\n", 1);
    assert_eq!(licit::pack::manifest(&packed), Ok(Some(declared.as_str())));

    let ran = here.run(&["inspect", "packed.wasm"]).assert_code(0);
    let shown = "interpreted: up to 65,536 KiB of memory, 2,000,000,000 units of fuel and 5,000 ms";
    let one_line = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line.contains(shown), "{}", ran.out);
    let document = here.run(&["inspect", "packed.wasm", "--format", "json"]).json();
    let expected =
        json!({ "memory-bytes": 64 << 20, "fuel": 2_000_000_000_u64, "time-ms": 5000, "at-once": 16 });
    assert_eq!(document["manifest"]["limits"], expected);
    assert_eq!(document["manifest"]["misfit"], json!(null));

    // Packed by another tool, which did not look.
    let packed = licit::pack::pack(&licit::build::componentize(&big).unwrap(), &manifest()).unwrap();
    here.write("misfit.wasm", &packed);
    let ran = here.run(&["inspect", "misfit.wasm"]).assert_code(1);
    assert!(ran.out.contains("no host loads it so"), "{}", ran.out);
}

#[test]
fn a_manifest_that_declares_another_tier_keeps_it() {
    let here = Deployment::bare();
    here.write("component.wasm", &component());
    let declared = manifest().replacen("[plugin]\n", "[plugin]\ntier = \"compiled\"\n", 1);
    here.write("plugin.toml", declared.as_bytes());
    let ran = here
        .run(&[
            "pack",
            "component.wasm",
            "--tier",
            "interpreted",
            "-o",
            "bad.wasm",
        ])
        .assert_code(1);
    assert!(
        ran.err
            .contains("write `tier = \"interpreted\"` in its `[plugin]` table"),
        "{}",
        ran.err
    );
    here.run(&[
        "pack",
        "component.wasm",
        "--tier",
        "compiled",
        "-o",
        "packed.wasm",
    ])
    .assert_code(0);
}

#[test]
fn an_import_is_refused_with_its_name_and_how_to_be_rid_of_it() {
    let here = Deployment::bare();
    here.write("plugin.toml", manifest().as_bytes());
    let importing = r#"(component (import "wasi:random/random@0.2.10" (instance)))"#;
    here.write("random.wasm", &wat::parse_str(importing).unwrap());
    let ran = here
        .run(&["pack", "random.wasm", "-o", "bad.wasm"])
        .assert_code(1);
    for part in [
        "`wasi:random/random@0.2.10`",
        "`--disable stdio random clocks http fetch-event`",
        "`--stub-wasi`",
    ] {
        assert!(ran.err.contains(part), "{part}\n{}", ran.err);
    }
}
