//! What a decision costs, and where: the whole of it, the baseline alone, the plugin's call alone, and the plugin's
//! logic called natively, in one run.

#![allow(missing_docs, reason = "criterion's macros generate public functions")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use licit_baseline::{Facts, Law, Query, Supplier};
use licit_host::sandbox::{CallFact, CallRequest, FactValue, Sandbox, SandboxOptions};
use licit_host::{Decision, Format, Host, Request};
use licit_plugin_themes as themes;

const REQUEST: &str = r#"{
    "product": "themes", "operation": "use", "purpose": "content-recommendation",
    "data": ["browsing-history", "download-history"], "at": "2026-11-23T10:00:00Z",
    "facts": {
        "subject.region": "IN", "subject.age_class": "adult", "data.origin_product": "themes",
        "controls.personalisation": "on", "controls.device_permission": "on", "right.objected_purposes": [],
        "subject.child_signal": false, "right.restricted": false, "retention.isolated": false,
        "retention.purpose_fulfilled": false,
        "subject.account_risk": false, "controls.two_step_verification": "off", "actor.role": "system",
        "consent.records": ["content-recommendation explicit given 2026-01-01T00:00:00Z"]
    }
}"#;

fn host() -> Host {
    let profile = std::fs::read_to_string(support::root().join("licit.toml")).expect("the example profile");
    support::builder()
        .profile("licit.toml", &profile)
        .build()
        .expect("a host")
}

fn checked(host: &Host) -> Request {
    let request = host
        .request("the request", REQUEST, Format::Json)
        .unwrap_or_else(|found| panic!("{found}"));
    let response = host.evaluate(&request);
    let answer = serde_json::to_string_pretty(&host.explain(&request)).expect("an answer");
    assert_eq!(
        response.decision,
        Decision::Permit,
        "the request measured is one that reaches the plugin:\n{answer}"
    );
    request
}

fn whole(c: &mut Criterion) {
    let host = host();
    let request = checked(&host);
    let product = host.product("themes").expect("the product");
    c.bench_function("decision, fresh instance", |b| {
        b.iter(|| product.evaluate(&request))
    });
    c.bench_function("decision, explained", |b| b.iter(|| product.explain(&request)));
}

fn baseline(c: &mut Criterion) {
    let host = host();
    let request = checked(&host);
    let explained = host.explain(&request);
    let used = explained
        .explanation
        .as_ref()
        .map(|it| it.facts_used.as_slice())
        .unwrap_or_default();
    let baseline = request.baseline();
    let taxonomy = baseline.taxonomy();
    let law = Law::default();
    let data: Vec<_> = request
        .data()
        .filter_map(|id| taxonomy.categories.find(id))
        .collect();
    let query = Query {
        operation: taxonomy.operations.find("use").expect("an operation"),
        product: taxonomy.products.find("themes").expect("a product"),
        purpose: taxonomy
            .purposes
            .find("content-recommendation")
            .expect("a purpose"),
        data: &data,
        explain: false,
        settled: None,
    };
    let mut facts = Facts::new(baseline, &law, request.at());
    let used = used.iter().map(|fact| (fact.name.as_str(), &fact.value));
    let at = licit_baseline::FactValue::Time(request.at());
    for (name, value) in request.facts().chain(used).chain([("at", &at)]) {
        facts.set(taxonomy.facts.find(name).expect("a fact"), value);
    }
    // As the host does when it loads the plugin: the manifest's facts settle what they can.
    let mut declared = Facts::new(baseline, &law, request.at());
    let manifest = explained.explanation.iter().flat_map(|it| &it.facts_used);
    for fact in manifest.filter(|fact| fact.supplier == Supplier::Manifest) {
        declared.set(taxonomy.facts.find(&fact.name).expect("a fact"), &fact.value);
    }
    let settled = baseline.settle(&query, &declared);
    let with_settled = Query {
        settled: Some(&settled),
        ..query
    };
    for query in [&query, &with_settled] {
        let decision = baseline.judge(query, &facts).decision;
        assert_eq!(
            decision,
            Decision::Permit,
            "the baseline permits what is measured"
        );
    }
    c.bench_function("baseline alone", |b| {
        b.iter(|| baseline.judge(&with_settled, &facts));
    });
    c.bench_function("baseline alone, nothing settled at load", |b| {
        b.iter(|| baseline.judge(&query, &facts));
    });
}

fn plugin(c: &mut Criterion) {
    let bytes = std::fs::read(support::built_plugins().join("themes.wasm")).expect("the built plugin");
    let sandbox = Sandbox::new(SandboxOptions::default()).expect("a sandbox");
    let plugin = sandbox.load(&bytes).expect("a plugin");
    let request = CallRequest {
        operation: "use",
        purpose: "content-recommendation",
        data: &["browsing-history", "download-history"],
        facts: &[
            CallFact {
                name: "right.objected_purposes",
                value: FactValue::Texts(&[]),
            },
            CallFact {
                name: "subject.child_signal",
                value: FactValue::Flag(false),
            },
        ],
    };
    plugin.call(&request).expect("a verdict");
    c.bench_function("plugin call alone", |b| b.iter(|| plugin.call(&request)));
}

fn native(c: &mut Criterion) {
    let data = [themes::Data::BrowsingHistory, themes::Data::DownloadHistory];
    let request = themes::Request::new(themes::Operation::Use, "content-recommendation", data)
        .fact("right.objected_purposes", Vec::<&str>::new())
        .fact("subject.child_signal", false);
    assert!(
        themes::evaluate(&request).is_permit(),
        "the native logic permits what is measured"
    );
    c.bench_function("plugin logic, native", |b| {
        b.iter(|| themes::evaluate(std::hint::black_box(&request)))
    });
}

criterion_group!(benches, whole, baseline, plugin, native);
criterion_main!(benches);
