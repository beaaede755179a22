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

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use licit_baseline::{Baseline, Facts, Law, Query, Supplier};
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

fn host(baseline: Option<Baseline>) -> Host {
    let profile = std::fs::read_to_string(support::root().join("licit.toml")).expect("the example profile");
    let builder = match baseline {
        Some(baseline) => support::builder().baselines([Arc::new(baseline)]),
        None => support::builder(),
    };
    builder.profile("licit.toml", &profile).build().expect("a host")
}

/// The policy with this many of its rules, or a few more: those that it cites itself, those that are `wanted`, the first
/// one first, others in the order of the files, and what any of them refers to.
fn with_rules(number: usize, wanted: &[String]) -> Baseline {
    let folder = support::root().join("baseline/2025-10-10");
    let files = support::texts(&folder);
    let (rules, mut files): (Vec<_>, Vec<_>) = files
        .into_iter()
        .filter(|(name, _)| !name.ends_with("review.toml"))
        .partition(|(name, _)| name.contains("/rules/"));
    let rules: Vec<&str> = rules
        .iter()
        .flat_map(|(_, text)| text.split("[[rule]]\n").skip(1))
        .collect();
    let id = |rule: &str| {
        let line = rule.lines().find_map(|line| line.strip_prefix("id = \""));
        line.and_then(|line| line.strip_suffix('"'))
            .expect("an id")
            .to_owned()
    };
    let quotes = |text: &str, rule: &str| text.contains(&format!("\"{}\"", id(rule)));
    let rank = |rule: &str| match wanted.iter().position(|it| *it == id(rule)) {
        _ if files.iter().any(|(_, text)| quotes(text, rule)) => 0,
        Some(at) => 1 + at,
        None => usize::MAX,
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut ranked = rules.clone();
    ranked.sort_by_key(|rule| rank(rule));
    for rule in ranked {
        if kept.len() >= number {
            break;
        }
        let mut pending = vec![rule];
        while let Some(rule) = pending.pop() {
            if !kept.contains(&rule) {
                kept.push(rule);
                pending.extend(rules.iter().filter(|other| quotes(rule, other)));
            }
        }
    }
    let text: String = kept.iter().map(|rule| format!("[[rule]]\n{rule}")).collect();
    files.push(("rules.toml".to_owned(), text));
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Baseline::read(files).unwrap_or_else(|found| panic!("{found}"))
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
    let host = host(None);
    let request = checked(&host);
    let product = host.product("themes").expect("the product");
    c.bench_function("decision, fresh instance", |b| {
        b.iter(|| product.evaluate(&request))
    });
    c.bench_function("decision, explained", |b| b.iter(|| product.explain(&request)));
}

fn baseline(c: &mut Criterion) {
    let all = host(None);
    let answer = all.explain(&checked(&all));
    let deciding = answer.deciding().map(|it| it.rule.to_owned());
    let considered = answer.considered().map(|(rule, ..)| rule.to_owned());
    let considered: Vec<String> = deciding.chain(considered).collect();
    baseline_alone(c, &all);
    baseline_alone(c, &host(Some(with_rules(60, &considered))));
}

fn baseline_alone(c: &mut Criterion, host: &Host) {
    let request = checked(host);
    let explained = host.explain(&request);
    let used = explained
        .explanation
        .as_ref()
        .map(|it| it.facts_used.as_slice())
        .unwrap_or_default();
    let baseline = request.baseline();
    let rules = baseline.rules().len();
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
    let as_they_are = facts.clone();
    let facts_for = |_| as_they_are.clone();
    c.bench_function(&format!("baseline alone, {rules} rules"), |b| {
        b.iter(|| baseline.judge_each(&with_settled, &mut facts, &facts_for));
    });
    c.bench_function(
        &format!("baseline alone, {rules} rules, nothing settled at load"),
        |b| {
            b.iter(|| baseline.judge_each(&query, &mut facts, &facts_for));
        },
    );
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
