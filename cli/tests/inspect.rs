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
