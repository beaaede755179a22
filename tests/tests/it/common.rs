//! The common requests of a day: beside the person's state, which is one look-up, a caller states at most four facts. What
//! else the policy asks for comes from the manifest, the profile, registers and counsel.

use licit_baseline::Supplier;
use licit_host::{Decision, Format};
use serde_json::{Value, json};

use crate::setup::{self, HOST};

/// The most facts that a caller has to state beside the person's state.
const MOST: usize = 4;

/// What is asked, and the facts that only this call knows.
fn requests() -> [(&'static str, Value, Value); 7] {
    let request = |product, operation, purpose, data: &[&str]| json!({ "product": product, "operation": operation, "purpose": purpose, "data": data });
    [
        (
            "the weather of a city",
            request("weather", "collect", "location-based-service", &["city-code"]),
            json!({ "actor.role": "system" }),
        ),
        (
            "the delivery of an order",
            request(
                "mi-com-retail",
                "share",
                "order-delivery",
                &["recipient-information"],
            ),
            json!({ "actor.role": "system", "order.ref": "O-1", "recipient.id": "parcels-in" }),
        ),
        (
            "the synchronisation of a chat",
            request("mi-talk", "store", "chat-history-sync", &["chat-history"]),
            json!({ "actor.role": "system", "subject.is_account_holder": true }),
        ),
        (
            "a push about an update",
            request("push-service", "notify", "push-delivery", &["fcm-token"]),
            json!({ "actor.role": "system", "notice.promotional_content": false, "notice.type": "system-update" }),
        ),
        (
            "a personalised advertisement",
            request(
                "ad-services",
                "use",
                "personalised-advertising",
                &["oaid", "segment-membership"],
            ),
            json!({ "actor.role": "system", "data.origin_product": "ad-services" }),
        ),
        (
            "an owner who looks for their phone",
            request("find-device", "use", "find-device", &["device-find-location"]),
            json!({
                "actor.role": "user", "feature.command": "locate", "subject.identity_verified": true,
                "subject.is_account_holder": true,
            }),
        ),
        (
            "an erasure",
            json!({ "product": "mi-talk", "operation": "right" }),
            json!({
                "right.kind": "erase", "request.channel": "in-product", "subject.identity_verified": true,
                "subject.agent_authority": "not-applicable", "subject.second_factor": "present",
            }),
        ),
    ]
}

#[test]
fn common_requests_state_few_facts() {
    let baseline = licit_baseline::Baseline::embedded();
    let facts = &baseline.taxonomy().facts;
    let supplier = |name: &str| {
        facts
            .find(name)
            .and_then(|id| facts.get(id))
            .map(|it| it.supplier)
    };
    let mut state = setup::stated();
    state.retain(|name, _| supplier(name) == Some(Supplier::State));
    // The carrier of the example profile is in India, and so is everybody here.
    for place in ["subject.region", "collection.operation_country"] {
        state.insert(place.into(), "IN".into());
    }
    for (name, mut request, caller) in requests() {
        let caller = caller.as_object().expect("facts");
        // Which right it is belongs to the question, as the purpose does for processing.
        let counted = caller.keys().filter(|fact| *fact != "right.kind").count();
        assert!(counted <= MOST, "{name}");
        for fact in caller.keys() {
            assert_eq!(supplier(fact), Some(Supplier::Caller), "{name}: {fact}");
        }
        let mut stated = state.clone();
        let purpose = request["purpose"].as_str().unwrap_or_default().to_owned();
        stated.insert(
            "consent.records".into(),
            json!([format!("{purpose} explicit given 2026-01-01T00:00:00Z")]),
        );
        if purpose.is_empty() {
            stated.remove("consent.records");
        }
        stated.extend(caller.clone());
        request["at"] = setup::AT.into();
        request["facts"] = stated.into();
        let request = HOST
            .request(name, &request.to_string(), Format::Json)
            .unwrap_or_else(|found| panic!("{found}"));
        let answer = HOST.explain(&request);
        assert_eq!(
            answer.decision,
            Decision::Permit,
            "{name}: missing {:?}\n{:#}",
            answer.missing().collect::<Vec<_>>(),
            setup::json(&answer)["deciding"]
        );
    }
}
