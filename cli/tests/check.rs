//! `licit check`, run as reviewers run it.

mod support;

use support::{Deployment, manifest, plugin};

const PLUGIN: &str = "target/plugins/find-device.wasm";

#[test]
fn what_is_in_order_exits_with_0_and_what_is_not_with_1() {
    let here = Deployment::bare();
    // The code permits everything, so that what the manifest promises of it is never seen.
    let ran = here.run(&["check", PLUGIN]).assert_code(0);
    assert!(ran.out.contains("find-device 1.0.0: "), "{}", ran.out);
    assert!(
        ran.out.contains("warn[reason-used] no request is denied"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("      fix: write the condition"), "{}", ran.out);
    assert!(ran.out.contains("  asked "), "{}", ran.out);
    let ran = here.run(&["check", PLUGIN, "--quiet"]).assert_code(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));

    here.write(
        "target/plugins/bad.wasm",
        &plugin(&manifest().replace("\"cell-identity\", ", "\"cell-identty\", ")),
    );
    let ran = here.run(&["check", "target/plugins"]).assert_code(1);
    assert!(
        ran.out.contains("error[manifest-valid] the manifest is refused"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("did you mean `cell-identity`?"), "{}", ran.out);
    assert!(ran.out.contains("^^^^"), "a caret\n{}", ran.out);
    assert!(ran.out.contains("\n2 plugins: 1 error, "), "{}", ran.out);
    assert!(ran.err.contains("1/2 target/plugins/bad.wasm"), "{}", ran.err);
    let ran = here.run(&["check", "target/plugins", "-q"]).assert_code(1);
    assert!(
        ran.out.contains("manifest-valid") && !ran.out.contains("find-device.wasm"),
        "{}",
        ran.out
    );
}

#[test]
fn one_check_runs_alone() {
    let here = Deployment::bare();
    let ran = here
        .run(&["check", PLUGIN, "--only", "no-imports"])
        .assert_code(0);
    assert_eq!(ran.out, format!("{PLUGIN} find-device 1.0.0: nothing found\n"));
    let ran = here
        .run(&[
            "check",
            PLUGIN,
            "--only",
            "one-page",
            "--only",
            "reason-used",
            "--format",
            "json",
        ])
        .assert_code(0)
        .json();
    let plugin = &ran["plugins"][0];
    assert_eq!(plugin["file"], PLUGIN);
    assert_eq!(plugin["plugin"], "find-device 1.0.0");
    let findings = plugin["findings"].as_array().expect("findings");
    assert!(!findings.is_empty());
    for finding in findings {
        assert_eq!(
            (&finding["check"], &finding["severity"]),
            (&"reason-used".into(), &"warn".into())
        );
    }
    assert!(plugin["asked"]["requests"].as_u64().is_some_and(|it| it > 0));
    let ran = here.run(&["check", PLUGIN, "--only", "no-import"]).assert_code(1);
    assert!(
        ran.err
            .contains("there is no check `no-import`; did you mean `no-imports`?"),
        "{}",
        ran.err
    );
}

#[test]
fn checks_explain_themselves() {
    let here = Deployment::bare();
    let list = here.run(&["check", "--list"]).assert_code(0).out;
    let document = here
        .run(&["check", "--list", "--format", "json"])
        .assert_code(0)
        .json();
    let checks = document["checks"].as_array().expect("checks");
    assert!(checks.len() > 20);
    for check in checks {
        let id = check["id"].as_str().expect("an id");
        assert!(list.contains(&format!("  {id} ")), "{id}\n{list}");
        let text = here.run(&["check", "--explain", id]).assert_code(0).out;
        assert!(text.contains("Why: ") && text.contains("Fix: "), "{text}");
    }
    here.run(&["check"]).assert_code(1);
    here.run(&["check", "--explain", "nothing"]).assert_code(1);
}

#[test]
fn what_cannot_be_read_is_said_and_what_is_no_plugin_is_found() {
    let here = Deployment::bare();
    let ran = here.run(&["check", "absent.wasm"]).assert_code(1);
    assert!(ran.err.contains("cannot read `absent.wasm`"), "{}", ran.err);
    here.write("noise.wasm", b"\x1b[31mnot wasm");
    let ran = here.run(&["check", "noise.wasm"]).assert_code(1);
    assert!(ran.out.contains("error[valid-component]"), "{}", ran.out);
    std::fs::create_dir(here.dir.path().join("source")).expect("a folder");
    here.write("source/plugin.toml", manifest().as_bytes());
    let ran = here.run(&["check", "source"]).assert_code(1);
    assert!(
        ran.err.contains("has no file `*.wasm`: `licit build` makes one"),
        "{}",
        ran.err
    );
}
