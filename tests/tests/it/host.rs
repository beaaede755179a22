//! The host over its life: handles, reload, duties, and many threads at once.

use std::sync::atomic::{AtomicBool, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use licit_host::sandbox::SandboxOptions;
use licit_host::{Decision, DenyKind, Deployment, Host, Request, Response};
use serde_json::json;

use crate::setup::{self, HOST, PLUGINS, access, host_of, manifest, permitted, profile, request};

#[test]
fn a_reload_keeps_the_last_good_version_and_leaves_the_others_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
    for (name, bytes) in PLUGINS.iter() {
        write(name, bytes);
    }
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("the folder");
    let builder = Host::builder().plugins(&dir).expect("plugins").discharges_all();
    let host = setup::profiled(builder).build().expect("a host");
    let requests = permitted(&host);
    let answers = || -> Vec<_> {
        requests
            .iter()
            .map(|it| setup::json(&host.evaluate(it)))
            .collect()
    };
    let before = answers();
    write("themes.wasm", b"no plugin");
    std::fs::remove_file(folder.path().join("mi-talk.wasm")).expect("a file");
    let profile = profile();
    host.reload(&dir, Deployment::default().profile("licit.toml", &profile))
        .expect("a reload");
    let refused: Vec<String> = host.refused().iter().map(|it| it.file().to_owned()).collect();
    assert_eq!(refused, ["themes.wasm"]);
    assert_eq!(host.loaded().len(), PLUGINS.len());
    assert_eq!(
        answers(),
        before,
        "requests made before the reload are answered as before"
    );
    host.reload(&dir, Deployment::default().profile("licit.toml", "[profile]"))
        .expect_err("a wrong profile changes nothing");
    assert_eq!(answers(), before);
}

/// A manifest for the fixtures that know no category: fraud prevention by the security app.
fn fraud_manifest() -> String {
    manifest(
        "security-app",
        "purpose = \"fraud-prevention\"\noperations = [\"use\"]\ndata = [\"device-attribute\"]\nnecessary = true\n\
         legal-basis = \"contract\"",
    )
}

fn fraud_request(host: &Host) -> Request {
    request(
        host,
        "security-app",
        "use",
        "fraud-prevention",
        &["device-attribute"],
        json!({}),
    )
}

#[test]
fn a_reload_takes_a_good_new_version_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |bytes: &[u8]| {
        std::fs::write(folder.path().join("security-app.wasm"), bytes).expect("a file");
    };
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("the folder");
    let first = fraud_manifest();
    write(&setup::denies(&first));
    let builder = Host::builder().plugins(&dir).expect("plugins").discharges_all();
    let host = setup::profiled(builder).build().expect("a host");
    let clone = host.clone();
    let asked = fraud_request(&host);
    let answer = |host: &Host| {
        let answer = host.evaluate(&asked);
        let version = setup::json(&answer)["plugin"]["version"].clone();
        (answer.decision, answer.deny_kind, version)
    };
    assert_eq!(
        answer(&host),
        (Decision::Deny, Some(DenyKind::PluginDenied), json!("1.0.0"))
    );
    let second = first.replace("version = \"1.0.0\"", "version = \"1.1.0\"");
    write(&setup::packed("hostile/good/permit.wat", &second));
    let profile = profile();
    host.reload(&dir, Deployment::default().profile("licit.toml", &profile))
        .expect("a reload");
    assert_eq!(host.refused().len(), 0);
    let permitted = (Decision::Permit, None, json!("1.1.0"));
    assert_eq!(answer(&host), permitted);
    assert_eq!(answer(&clone), permitted, "clones answer from the same snapshot");
}

#[test]
fn a_host_whose_every_slot_is_taken_says_so_and_recovers() {
    // It loops until its time is up, and takes the only slot with it.
    let options = SandboxOptions::default().slots(1).fuel(u64::MAX);
    let builder = Host::builder()
        .discharges_all()
        .sandbox(options)
        .loaded_at(setup::AT.parse().expect("an instant"))
        .plugin(
            "security-app",
            setup::packed("hostile/loop.wat", &fraud_manifest()),
        );
    let builder = PLUGINS.iter().fold(builder, |builder, (name, bytes)| {
        builder.plugin(name, bytes.clone())
    });
    let host = setup::profiled(builder).build().expect("a host");
    let looping = fraud_request(&host);
    let quick = permitted(&host).swap_remove(0);
    let done = AtomicBool::new(false);
    let refused = std::thread::scope(|scope| {
        scope.spawn(|| {
            // The quick calls may hold the slot when this one comes: then it asks again.
            while host.evaluate(&looping).deny_kind == Some(DenyKind::Overloaded) {}
            done.store(true, Ordering::Release);
        });
        let mut refused = 0;
        while !done.load(Ordering::Acquire) {
            let answer = host.evaluate(&quick);
            match answer.deny_kind {
                Some(DenyKind::Overloaded) => {
                    assert_eq!(answer.decision, Decision::Deny);
                    refused += 1;
                }
                other => assert_eq!((answer.decision, other), (Decision::Permit, None)),
            }
        }
        refused
    });
    assert!(refused > 0, "the slot was taken for as long as the loop ran");
    assert_eq!(host.evaluate(&quick).decision, Decision::Permit);
}

#[test]
fn a_handle_is_bound_to_its_product() {
    let error = HOST.product("theme").expect_err("an unknown product").to_string();
    assert_eq!(error, "unknown product `theme`; did you mean `themes`?");
    HOST.product("nope").expect_err("an unknown product");
    for request in permitted(&HOST) {
        let own = HOST
            .product(request.product())
            .expect("a product")
            .evaluate(&request);
        assert_eq!(own.decision, Decision::Permit, "{:#}", setup::json(&own));
        let other = HOST.product("weather").expect("a product").evaluate(&request);
        assert_eq!(
            (other.decision, other.deny_kind),
            (Decision::Deny, Some(DenyKind::NotDeclared))
        );
    }
}

#[test]
fn a_product_without_a_plugin_processes_nothing_and_its_rights_wait() {
    let host = host_of(&[]);
    let answer = host.evaluate(&fraud_request(&host));
    assert_eq!(
        (answer.decision, answer.deny_kind),
        (Decision::Deny, Some(DenyKind::NotLoaded))
    );
    let right = host.evaluate(&access(&host, "security-app"));
    assert_eq!(
        (right.decision, right.deny_kind),
        (Decision::Pend, Some(DenyKind::NotLoaded))
    );
}

#[test]
fn a_permit_with_a_duty_beforehand_needs_a_service_that_can_discharge_it() {
    let text = fraud_manifest();
    let bytes = setup::packed(
        "hostile/good/permit.wat",
        &text.replace("timing = \"after\"", "timing = \"before\""),
    );
    let ask = |discharges: Option<&[&str]>| -> Response {
        let builder = Host::builder().loaded_at(setup::AT.parse().expect("an instant"));
        let builder = setup::profiled(builder).plugin("security-app", bytes.clone());
        let builder = match discharges {
            Some(ids) => builder.discharges(ids.iter().copied()),
            None => builder.discharges_all(),
        };
        let host = builder.build().expect("a host");
        host.evaluate(&fraud_request(&host))
    };
    for discharges in [None, Some(&["security-app:n1"][..])] {
        let answer = ask(discharges);
        assert_eq!(answer.decision, Decision::Permit, "{:#}", setup::json(&answer));
    }
    for discharges in [&[][..], &["n1"], &["themes:n1"]] {
        let answer = ask(Some(discharges));
        assert_eq!(
            answer.deny_kind,
            Some(DenyKind::DutyNotDischargeable),
            "{:#}",
            setup::json(&answer)
        );
        assert_eq!(
            answer.obligations().map(|it| it.id).collect::<Vec<_>>(),
            ["security-app:n1"]
        );
    }
}

#[test]
fn many_threads_get_the_answers_that_one_gets() {
    fn shared<T: Send + Sync>(_: &T) {}
    let plugins: Vec<(&str, Vec<u8>)> = PLUGINS
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    let host = host_of(&plugins);
    shared(&host);
    let requests: Vec<Request> = permitted(&host);
    let answers =
        |host: &Host| -> Vec<_> { requests.iter().map(|it| setup::json(&host.explain(it))).collect() };
    let before = answers(&host);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let host = host.clone();
            let (answers, before) = (&answers, &before);
            scope.spawn(move || (0..50).for_each(|_| assert_eq!(&answers(&host), before)));
        }
    });
}
