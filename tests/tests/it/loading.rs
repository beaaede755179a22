//! Loading as a decision, on a host that runs: what was approved is remembered, what is wider waits for its day, and what is
//! new about a person's data waits for that person.

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use jiff::Timestamp;
use licit_host::{Decision, Deployment, Host, HostBuilder, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::setup::{self, PLUGINS, manifest, permitted, request};

const FIRST: &str = "plugins-load/app-vault-1.0.0.toml";
const NEXT: &str = "plugins-load/app-vault-1.1.0.toml";

/// The day before people were told the change applies, and that day.
const BEFORE: &str = "2026-11-30T23:59:59Z";
const DAY: &str = "2026-12-01T00:00:00Z";

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn packed(manifest: &str) -> Vec<u8> {
    setup::always_permit(&setup::text(manifest))
}

fn memory() -> String {
    setup::text("plugins-load/changes.toml")
}

fn deployment(changes: Option<&str>) -> Deployment {
    let deployment = Deployment::default()
        .profile("licit.toml", &setup::profile())
        .law("law.toml", &setup::law());
    match changes {
        Some(changes) => deployment.changes("changes.toml", changes),
        None => deployment,
    }
}

fn builder(at: &str, changes: Option<&str>) -> HostBuilder {
    let builder = Host::builder().discharges_all().loaded_at(instant(at));
    builder.deployment(deployment(changes))
}

fn version(host: &Host) -> Option<String> {
    let loaded = host.loaded();
    let vault = loaded.iter().find(|it| it.product == "app-vault");
    vault.map(|it| it.version.clone())
}

fn refusal(host: &Host) -> String {
    let refused: Vec<String> = host.refused().iter().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    refused.concat()
}

/// A running host with the first version, and the folder it reloads from.
fn running(changes: Option<&str>) -> (Host, TempDir, Dir) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in PLUGINS.iter() {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
    }
    std::fs::write(folder.path().join("app-vault.wasm"), packed(FIRST)).expect("a file");
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("the folder");
    let host = builder(setup::AT, changes)
        .plugins(&dir)
        .expect("plugins")
        .build()
        .expect("a host");
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    std::fs::write(folder.path().join("app-vault.wasm"), packed(NEXT)).expect("a file");
    (host, folder, dir)
}

fn ask(host: &Host, data: &str, at: &str, facts: Value) -> Request {
    let mut stated = setup::stated();
    stated.insert("data.origin_product".into(), "app-vault".into());
    stated.remove("consent.records");
    for (name, value) in facts.as_object().expect("facts").clone() {
        stated.insert(name, value);
    }
    let text = json!({ "product": "app-vault", "operation": "use", "purpose": "system-service-operation",
                       "data": [data], "at": at, "facts": stated });
    host.request("the request", &text.to_string(), licit_host::Format::Json)
        .unwrap_or_else(|found| panic!("{found}"))
}

#[test]
fn a_wider_version_waits_for_its_day_and_the_last_good_one_goes_on() {
    let memory = memory();
    let (host, _folder, dir) = running(Some(&memory));
    let others = permitted(&host);
    let answers = || -> Vec<Value> { others.iter().map(|it| setup::json(&host.evaluate(it))).collect() };
    let before = answers();
    host.reload_at(&dir, deployment(Some(&memory)), instant(BEFORE))
        .expect("a reload");
    assert_eq!(version(&host).as_deref(), Some("1.0.0"));
    let why = refusal(&host);
    assert!(
        why.contains("app-vault.wasm: the policy refuses it: activity `show-apps`"),
        "{why}"
    );
    assert!(why.contains("`change-effective-date`, §14"), "{why}");
    assert!(
        !why.contains("material-change-notice") && !why.contains("show-cards"),
        "{why}"
    );
    let old = host.evaluate(&ask(&host, "region", setup::AT, json!({})));
    assert_eq!(old.decision, Decision::Permit, "{:#}", setup::json(&old));
    assert_eq!(answers(), before, "the other products do not notice");

    host.reload_at(&dir, deployment(Some(&memory)), instant(DAY))
        .expect("a reload");
    assert!(host.refused().is_empty(), "{:?}", host.refused());
    assert_eq!(version(&host).as_deref(), Some("1.1.0"));
    assert_eq!(answers(), before);
}

#[test]
fn an_upgrade_that_nobody_was_told_of_is_refused_with_or_without_a_memory() {
    let memory = memory();
    let silent = memory.split_once("[[change]]").expect("a change").0;
    for changes in [Some(silent), None] {
        let (host, _folder, dir) = running(changes);
        host.reload_at(&dir, deployment(changes), instant(DAY))
            .expect("a reload");
        assert_eq!(version(&host).as_deref(), Some("1.0.0"));
        let why = refusal(&host);
        assert!(why.contains("`material-change-notice`, §14"), "{why}");
    }
}

#[test]
fn a_product_with_no_approved_version_loads_and_says_so() {
    let without = memory()
        .replace("app-vault", "notes")
        .replace("system-service-operation", "on-device-function");
    for (changes, noted) in [(None, false), (Some(without.as_str()), true)] {
        let host = builder(setup::AT, changes)
            .plugin("next.wasm", packed(NEXT))
            .build()
            .expect("a host");
        assert!(host.refused().is_empty(), "{:?}", host.refused());
        let loaded = host.loaded();
        assert_eq!(loaded[0].approved, None);
        let note = loaded[0]
            .notes
            .iter()
            .any(|it| it.contains("taken for the product's first"));
        assert_eq!(note, noted, "{:?}", loaded[0].notes);
    }
    let memory = memory();
    let host = builder(DAY, Some(&memory))
        .plugin("next.wasm", packed(NEXT))
        .build()
        .expect("a host");
    assert_eq!(host.loaded()[0].approved.as_deref(), Some("1.0.0"));
    assert!(host.loaded()[0].notes.is_empty(), "{:?}", host.loaded()[0].notes);
}

#[test]
fn what_is_new_waits_for_each_person() {
    let memory = memory();
    let host = builder(DAY, Some(&memory))
        .plugin("next.wasm", packed(NEXT))
        .build()
        .expect("a host");
    let at = "2026-12-05T10:00:00Z";
    let answer = |data: &str, records: Value| {
        host.explain(&ask(&host, data, at, json!({ "consent.records": records })))
    };
    let explicit = json!(["system-service-operation explicit given 2026-12-02T00:00:00Z"]);
    let implied = json!(["system-service-operation given 2026-12-02T00:00:00Z"]);
    for (records, decision) in [
        (explicit, Decision::Permit),
        (implied, Decision::Deny),
        (json!([]), Decision::Deny),
    ] {
        let answer = answer("app-list", records);
        assert_eq!(answer.decision, decision, "{:#}", setup::json(&answer));
        let gate = answer
            .deciding()
            .any(|it| it.rule == "new-collection-explicit-consent");
        assert_eq!(gate, decision == Decision::Deny);
    }
    let known = answer("region", json!([]));
    assert_eq!(known.decision, Decision::Permit, "{:#}", setup::json(&known));
    // A memory that is lost does not make what was new old.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("next.wasm"), packed(NEXT)).expect("a file");
    let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).expect("the folder");
    host.reload_at(&dir, deployment(None), instant(at))
        .expect("a reload");
    let asks_for_consent = || {
        let answer = host.evaluate(&ask(&host, "app-list", at, json!({ "consent.records": [] })));
        let mut deciding = answer.deciding();
        deciding.any(|it| it.rule == "new-collection-explicit-consent")
    };
    assert!(asks_for_consent());
    // Nor does the same declaration in another file.
    let mut rebuilt = packed(NEXT);
    let mark = wasm_encoder::CustomSection {
        name: "built".into(),
        data: b"again".into(),
    };
    wasm_encoder::ComponentSection::append_to_component(&mark, &mut rebuilt);
    std::fs::write(folder.path().join("next.wasm"), rebuilt).expect("a file");
    host.reload_at(&dir, deployment(None), instant(at))
        .expect("a reload");
    assert_eq!(
        host.refused().len(),
        1,
        "nobody was told of it, as far as this host knows"
    );
    assert!(asks_for_consent());
    // Once the new version is the approved one, nothing about it is new any more.
    let approved = memory
        .replace("version = \"1.1.0\"", "version = \"1.2.0\"")
        .replace("version = \"1.0.0\"", "version = \"1.1.0\"")
        .replace(
            "data = [\"language-setting\", \"region\"]",
            "data = [\"app-list\", \"language-setting\", \"region\"]",
        );
    host.reload_at(&dir, deployment(Some(&approved)), instant(at))
        .expect("a reload");
    let old = host.evaluate(&ask(&host, "app-list", at, json!({ "consent.records": [] })));
    assert!(
        !old.deciding()
            .any(|it| it.rule == "new-collection-explicit-consent"),
        "{:#}",
        setup::json(&old)
    );
}

#[test]
fn a_duty_that_loading_needs_first_is_one_that_the_service_can_discharge() {
    let text = manifest(
        "security-app",
        "purpose = \"fraud-prevention\"\noperations = [\"use\"]\ndata = [\"device-attribute\"]\nnecessary = true\n\
         legal-basis = \"contract\"",
    );
    let host = builder(setup::AT, None).build().expect("a host");
    let request = host
        .load_request(("plugin.toml", &text), None, instant(setup::AT))
        .expect("a manifest");
    let baseline = request.baseline();
    let fact = baseline
        .taxonomy()
        .facts
        .find("plugin.categories")
        .expect("a fact");
    let none = licit_baseline::FactValue::Categories([].into(), baseline.taxonomy().categories.empty_set());
    let assumed = [(fact, none)];
    assert_eq!(host.suppose_load(&request, &assumed).decision(), Decision::Permit);
    let host = builder(setup::AT, None)
        .discharges(["keep-safeguards"])
        .build()
        .expect("a host");
    let refused = host.suppose_load(&request, &assumed);
    assert_eq!(refused.decision(), Decision::Deny);
    assert!(
        refused.refusals()[0].contains("classify-by-sensitivity"),
        "{:?}",
        refused.refusals()
    );
    assert_eq!(host.may_load(&request).decision(), Decision::Permit);
}

#[test]
fn a_product_is_judged_for_each_region_where_it_is_offered() {
    let memory = memory();
    let by_contract = |regions: &str| {
        let text = setup::text(NEXT).replace(
            "legal-basis = \"consent\"",
            "necessary = true\nlegal-basis = \"contract\"",
        );
        text.replace("review-date", &format!("regions = {regions}\nreview-date"))
    };
    let host = builder(DAY, Some(&memory)).build().expect("a host");
    let decision = |regions: &str| {
        let text = by_contract(regions);
        let request = host
            .load_request(("plugin.toml", &text), None, instant(DAY))
            .expect("a manifest");
        host.may_load(&request).decision()
    };
    // Of Thailand, the example determinations know that the law does not ask; of Vietnam, nobody has said.
    assert_eq!(decision("[\"TH\"]"), Decision::Permit);
    assert_eq!(decision("[\"TH\", \"VN\"]"), Decision::Deny);
}

#[test]
fn what_is_wrong_with_a_memory_is_said_with_its_place() {
    let good = memory();
    let wrong = [
        (
            "product = \"app-vault\"",
            "product = \"app-valt\"",
            "did you mean `app-vault`?",
        ),
        (
            "data = [\"language-setting\", \"region\"]",
            "data = [\"regoin\"]",
            "did you mean `region`?",
        ),
        (
            "countries = [\"IN\", \"SG\"]",
            "countries = [\"India\"]",
            "unknown country `India`",
        ),
        ("countries = [\"IN\", \"SG\"]\n", "", "lacks `countries`"),
        ("recipients = []\n", "", "lacks `recipients`"),
        (
            "notice = \"popup\"",
            "notice = \"pop-up\"",
            "did you mean `popup`?",
        ),
        (
            "effective = 2026-12-01\n",
            "",
            "a notice needs `sent` and `effective`",
        ),
        (
            "effective = 2026-12-01",
            "effective = 2026-10-01",
            "applies before people are told",
        ),
        ("notice = \"popup\"\n", "", "a time of a notice, and no notice"),
        (
            "version = \"1.1.0\"",
            "version = \"1.1.0\"\ndigest = \"sha256:12\"",
            "is not a digest",
        ),
        ("author = \"Privacy Office\"\n", "", "lacks `author`"),
    ];
    for (from, to, message) in wrong {
        assert!(good.contains(from), "{from}");
        let error = builder(DAY, Some(&good.replace(from, to)))
            .build()
            .expect_err(message);
        assert_eq!(error.kind(), licit_host::BuildErrorKind::InvalidChanges);
        assert!(error.to_string().contains(message), "{message}\n{error}");
        assert!(error.to_string().contains("changes.toml:"), "{error}");
    }
    let alone = good.split_once("[[change]]").expect("a change").1;
    let error = builder(DAY, Some(&format!("[[change]]{alone}")))
        .build()
        .expect_err("nothing before");
    assert!(error.to_string().contains("a change from what?"), "{error}");
    let twice = format!("{good}\n[[change]]{alone}");
    let error = builder(DAY, Some(&twice)).build().expect_err("twice");
    assert!(error.to_string().contains("announced twice"), "{error}");
}

#[test]
fn requests_of_products_that_widened_nothing_are_asked_no_more() {
    // The example: with every plugin at its first version, `plugin.delta` is empty and no gate of §14 holds anything up.
    let plugins: Vec<(&str, Vec<u8>)> = PLUGINS
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    let host = setup::host_of(&plugins);
    for it in permitted(&host) {
        let answer = host.explain(&it);
        assert_eq!(answer.decision, Decision::Permit);
        assert!(answer.missing().next().is_none(), "{:#}", setup::json(&answer));
    }
    let undeclared = request(
        &host,
        "themes",
        "use",
        "content-recommendation",
        &["imei"],
        json!({}),
    );
    assert!(
        !host
            .evaluate(&undeclared)
            .missing()
            .any(|it| it == "plugin.delta")
    );
}
