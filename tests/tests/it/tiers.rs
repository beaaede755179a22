//! The second engine: plugins that declare `tier = "interpreted"` get wider limits, and are held to them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cap_std::{ambient_authority, fs::Dir};
use licit_host::sandbox::SandboxOptions;
use licit_host::{Decision, DenyKind, Deployment, Host, Response};
use serde_json::json;

use crate::setup;

const PRODUCT: &str = "security-app";

/// The manifest of a plugin that declares this tier.
fn declaring(tier: &str) -> String {
    setup::manifest(
        PRODUCT,
        "purpose = \"fraud-prevention\"\noperations = [\"use\"]\ndata = [\"device-attribute\"]\nnecessary = true\n\
         legal-basis = \"contract\"",
    )
    .replacen("[plugin]\n", &format!("[plugin]\ntier = \"{tier}\"\n"), 1)
}

/// A hostile file as a plugin that declares this tier.
fn plugin(file: &str, tier: &str) -> Vec<u8> {
    setup::packed(&format!("hostile/{file}.wat"), &declaring(tier))
}

/// Grows its memory by 31 pages to 2 MiB, twice what the compiled tier gives, and permits.
fn grows(tier: &str) -> Vec<u8> {
    let text = setup::text("hostile/grow-memory-at-once.wat");
    let grow = "(memory.grow (i32.const 65535))";
    assert!(text.contains(grow), "it grows where it grew");
    setup::packed_text(
        &text.replace(grow, "(memory.grow (i32.const 31))"),
        &declaring(tier),
    )
}

fn host(options: SandboxOptions, plugin: Vec<u8>) -> Host {
    let builder = Host::builder()
        .discharges_all()
        .loaded_at(setup::AT.parse().expect("an instant"))
        .sandbox(options)
        .plugin("security-app.wasm", plugin);
    setup::profiled(builder).build().expect("a host")
}

fn ask(host: &Host) -> Response {
    let data = &["device-attribute"];
    host.evaluate(&setup::request(
        host,
        PRODUCT,
        "use",
        "fraud-prevention",
        data,
        json!({}),
    ))
}

fn failure(options: SandboxOptions, file: &str) -> String {
    let host = host(options, plugin(file, "interpreted"));
    assert!(host.refused().is_empty(), "{file}: {:?}", host.refused());
    let answer = setup::json(&ask(&host));
    assert_eq!(answer["decision"], "deny", "{file}: {answer:#}");
    assert_eq!(answer["deny_kind"], "plugin-failed", "{file}: {answer:#}");
    answer["failure"].as_str().expect("a failure").to_owned()
}

#[test]
fn the_interpreted_tier_takes_what_the_compiled_one_refuses() {
    let options = SandboxOptions::interpreted;
    let big = host(options(), plugin("big-memory", "interpreted"));
    assert!(big.refused().is_empty(), "{:?}", big.refused());
    assert_eq!(ask(&big).decision, Decision::Permit);

    let refused = host(options(), plugin("big-memory", "compiled")).refused();
    let [refused] = refused.as_slice() else {
        panic!("{refused:?}")
    };
    let message = refused.message();
    assert!(message.contains("in the tier `compiled`"), "{message}");
    assert!(message.contains("declares `tier = \"interpreted\"`"), "{message}");
}

#[test]
fn its_memory_may_grow_further_than_that_of_the_compiled_tier() {
    let interpreted = host(SandboxOptions::interpreted(), grows("interpreted"));
    assert_eq!(ask(&interpreted).decision, Decision::Permit);
    let compiled = host(SandboxOptions::interpreted(), grows("compiled"));
    assert_eq!(setup::json(&ask(&compiled))["failure"], "memory-limit");
}

#[test]
fn it_is_held_to_its_limits() {
    let options = SandboxOptions::interpreted;
    assert_eq!(failure(options().fuel(1_000_000), "loop"), "out-of-fuel");
    assert_eq!(failure(options().fuel(1_000_000), "loop-in-start"), "out-of-fuel");
    let short = options().fuel(u64::MAX).time(Duration::from_millis(50));
    assert_eq!(failure(short, "loop"), "time-out");
    assert_eq!(failure(options(), "grow-memory"), "memory-limit");
    assert_eq!(failure(options(), "grow-table"), "memory-limit");
    assert_eq!(failure(options(), "recursion"), "memory-limit");
    assert_eq!(failure(options(), "trap"), "trap");
    assert_eq!(failure(options(), "many-obligations"), "malformed-verdict");
}

#[test]
fn more_at_once_than_it_has_slots_are_denied_as_overloaded() {
    let options = SandboxOptions::interpreted()
        .slots(1)
        .fuel(u64::MAX)
        .time(Duration::from_millis(200));
    let host = host(options, plugin("loop", "interpreted"));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                ask(&host);
            }
        });
        // Whoever comes first holds the only slot for as long as it loops, so the other is refused sooner or later.
        let refused = (0..100)
            .map(|_| ask(&host))
            .find(|answer| answer.deny_kind == Some(DenyKind::Overloaded));
        done.store(true, Ordering::Release);
        let refused = refused.expect("a call while the other one loops");
        assert_eq!(refused.decision, Decision::Deny);
    });
    assert_eq!(setup::json(&ask(&host))["failure"], "time-out");
}

#[test]
fn the_second_engine_is_set_up_with_the_first_plugin_that_asks_for_it() {
    // Options that no engine can be made with: nobody notices before there is such a plugin.
    let impossible = SandboxOptions::interpreted().slots(0);
    let folder = tempfile::tempdir().expect("a folder");
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("the folder");
    let host = host(impossible, grows("compiled"));
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    std::fs::write(folder.path().join("security-app.wasm"), grows("interpreted")).expect("a file");
    let deployment = Deployment::default().profile("licit.toml", &setup::profile());
    let at = setup::AT.parse().expect("an instant");
    host.reload_at(&dir, deployment, at).expect("a reload");
    let refused = host.refused();
    let [refused] = refused.as_slice() else {
        panic!("{refused:?}")
    };
    assert!(refused.message().contains("`slots`"), "{refused}");
}

#[test]
fn a_plugin_may_change_its_tier_at_a_reload() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("the folder");
    let host = host(SandboxOptions::interpreted(), grows("compiled"));
    assert_eq!(ask(&host).decision, Decision::Deny);
    std::fs::write(folder.path().join("security-app.wasm"), grows("interpreted")).expect("a file");
    let deployment = Deployment::default()
        .profile("licit.toml", &setup::profile())
        .law("law.toml", &setup::law());
    let at = setup::AT.parse().expect("an instant");
    host.reload_at(&dir, deployment, at).expect("a reload");
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    assert_eq!(ask(&host).decision, Decision::Permit);
}

#[test]
fn a_manifest_that_cannot_be_read_is_refused_before_anything_is_compiled() {
    let manifest = declaring("interpretd");
    let host = host(
        SandboxOptions::interpreted(),
        setup::packed("hostile/big-memory.wat", &manifest),
    );
    let refused = host.refused();
    let [refused] = refused.as_slice() else {
        panic!("{refused:?}")
    };
    assert!(refused.message().contains("`interpreted`"), "{refused}");
}
