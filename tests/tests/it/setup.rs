//! What the modules share: hosts under the example profile, and requests with every fact that a caller may state.

use std::sync::LazyLock;

use licit_host::{Format, Host, HostBuilder, Request, Response};
use serde_json::{Map, Value, json};

use crate::support;

/// When all requests are judged, unless they say otherwise.
pub(crate) const AT: &str = "2026-11-23T10:00:00Z";

/// The built plugins, under the example profile.
pub(crate) static HOST: LazyLock<Host> =
    LazyLock::new(|| profiled(support::builder()).build().expect("a host"));

/// The built product plugins alone, by product and in that order.
pub(crate) static PLUGINS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = support::built_plugins();
    ["find-device", "mi-talk", "themes", "xiaomi-cloud"]
        .map(|product| {
            let file = format!("{product}.wasm");
            let bytes = std::fs::read(folder.join(&file)).expect("a built plugin");
            (file, bytes)
        })
        .into()
});

/// One request per product plugin that its answer is a permit to.
const PERMITTED: [(&str, &str, &str, &[&str]); 4] = [
    ("find-device", "use", "find-device", &["device-find-location"]),
    ("mi-talk", "use", "messaging", &["chat-history"]),
    (
        "themes",
        "use",
        "content-recommendation",
        &["browsing-history", "download-history"],
    ),
    ("xiaomi-cloud", "use", "cloud-sync", &["cloud-synced-content"]),
];

/// The example profile, `licit.toml`.
pub(crate) fn profile() -> String {
    std::fs::read_to_string(support::root().join("licit.toml")).expect("the example profile")
}

/// The example determinations, `law.toml`.
pub(crate) fn law() -> String {
    std::fs::read_to_string(support::root().join("law.toml")).expect("the example determinations")
}

/// The builder with the example profile and the example determinations.
pub(crate) fn profiled(builder: HostBuilder) -> HostBuilder {
    builder.profile("licit.toml", &profile()).law("law.toml", &law())
}

/// A host of these plugins alone, under the example profile.
pub(crate) fn host_of(plugins: &[(&str, Vec<u8>)]) -> Host {
    let builder = Host::builder()
        .discharges_all()
        .loaded_at(AT.parse().expect("an instant"));
    let builder = plugins.iter().fold(profiled(builder), |builder, (name, bytes)| {
        builder.plugin(name, bytes.clone())
    });
    builder.build().expect("a host")
}

/// A component with this text, with this manifest packed into it.
pub(crate) fn packed_text(text: &str, manifest: &str) -> Vec<u8> {
    let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    licit_conformance::with_manifest(bytes, manifest)
}

/// A component of `tests`, with this manifest packed into it.
pub(crate) fn packed(file: &str, manifest: &str) -> Vec<u8> {
    packed_text(&text(file), manifest)
}

/// A text of `tests`.
pub(crate) fn text(file: &str) -> String {
    std::fs::read_to_string(support::root().join("tests").join(file))
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A component that denies everything for the reason `n1`.
pub(crate) fn denies(manifest: &str) -> Vec<u8> {
    let permits = text("hostile/good/permit.wat");
    let (permit, deny) = (
        r"\00\00\00\00\20\00\00\00\01\00\00\00",
        r"\01\00\00\00\40\00\00\00\02\00\00\00",
    );
    assert!(permits.contains(permit), "the verdict stands where it stood");
    packed_text(&permits.replace(permit, deny), manifest)
}

/// A component of the evaluator's world that permits everything, with this manifest packed into it.
pub(crate) fn always_permit(manifest: &str) -> Vec<u8> {
    licit_conformance::fixture(manifest).expect("the fixture's code is right")
}

/// A manifest of one activity.
pub(crate) fn manifest(product: &str, activity: &str) -> String {
    format!(
        "[plugin]\nproduct = \"{product}\"\nversion = \"1.0.0\"\npolicy = \"2025-10-10\"\nchild-directed = false\n\
         financial = false\nrequires-account = false\nsystem-service = true\nreview-date = 2026-11-01\n\n\
         [[activity]]\nid = \"only\"\n{activity}\n\n[reason.n1]\ntext = \"no\"\n\n\
         [obligation.n1]\ntext = \"note it\"\ntiming = \"after\"\n"
    )
}

/// The facts of the permissive set that a request may state, under their dotted names.
pub(crate) fn stated() -> Map<String, Value> {
    static STATED: LazyLock<Map<String, Value>> = LazyLock::new(|| {
        let text = text("cases/permissive.toml");
        let read: toml::Table = text.parse().expect("the permissive facts");
        let given = serde_json::to_value(&read["given"]).expect("as JSON");
        let baseline = licit_baseline::Baseline::embedded();
        let facts = &baseline.taxonomy().facts;
        let may = |name: &str| {
            facts
                .find(name)
                .and_then(|id| facts.get(id))
                .is_some_and(|it| it.supplier.may_be_requested())
        };
        let given = given.as_object().expect("a table").clone();
        let mut stated: Map<String, Value> = given.into_iter().filter(|(name, _)| may(name)).collect();
        stated.insert(
            "consent.records".into(),
            json!(["content-recommendation explicit given 2026-01-01T00:00:00Z"]),
        );
        stated
    });
    STATED.clone()
}

/// The text of a request: the stated facts, changed as `facts` says; `null` takes one away.
pub(crate) fn request_text(
    product: &str,
    operation: &str,
    purpose: &str,
    data: &[&str],
    facts: Value,
) -> String {
    let mut stated = stated();
    if product == "themes" {
        stated.insert("data.origin_product".into(), product.into());
    }
    if product == "find-device" {
        stated.insert("feature.command".into(), "locate".into());
    }
    for (name, value) in facts.as_object().expect("facts").clone() {
        match value {
            Value::Null => stated.remove(&name),
            value => stated.insert(name, value),
        };
    }
    let mut request =
        json!({ "product": product, "operation": operation, "data": data, "at": AT, "facts": stated });
    if !purpose.is_empty() {
        request["purpose"] = purpose.into();
    }
    request.to_string()
}

/// A request with the stated facts, changed as `facts` says.
pub(crate) fn request(
    host: &Host,
    product: &str,
    operation: &str,
    purpose: &str,
    data: &[&str],
    facts: Value,
) -> Request {
    let text = request_text(product, operation, purpose, data, facts);
    host.request("the request", &text, Format::Json)
        .unwrap_or_else(|found| panic!("{found}\n{text}"))
}

/// An access request for all that the product holds.
pub(crate) fn access(host: &Host, product: &str) -> Request {
    request(
        host,
        product,
        "right",
        "",
        &[],
        json!({ "right.kind": "access", "right.count": 1 }),
    )
}

/// A request of each built plugin to which its answer is a permit.
pub(crate) fn permitted(host: &Host) -> Vec<Request> {
    PERMITTED
        .iter()
        .map(|(product, operation, purpose, data)| {
            request(host, product, operation, purpose, data, json!({}))
        })
        .collect()
}

/// An answer as a service gets it.
pub(crate) fn json(response: &Response) -> Value {
    serde_json::to_value(response).expect("an answer")
}
