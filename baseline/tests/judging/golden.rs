//! Golden cases of the embedded policy: with everything known and in people's favour, each request is decided by the
//! rules that the policy means for it.

use licit_baseline::{Baseline, Decision};

use crate::support::World;

/// Everything that may be known, with the value that stands in the way of least.
const PERMISSIVE: &str = r#"
    "consent.records" = []
    "plugin.controls" = []
    "plugin.categories" = []
    "plugin.combination_partners" = []
    "plugin.recipients" = []
    "plugin.integrations" = []
    "product.financial" = true
    "product.requires_account" = true
    "product.system_service" = true
    "feature" = "security-scan"
    "feature.kind" = "other"
    "feature.needs_precise" = true
    "feature.command" = "none"
    "device.is_own_brand" = true
    "fault.present" = true
    "order.ref" = "O-1"
    "derive.inputs" = []
    "data.combined_with" = []
    "taxonomy.review_ref" = "T-1"
    "source.id" = "S-1"
    "source.legitimate" = true
    "data.form" = "identified"
    "data.source" = ["observed"]
    "data.linkable" = false
    "data.fields" = []
    "data.visibility" = "private"
    "combination.state" = "separated"
    "deid.evidence" = "E-1"
    "basis" = "contract"
    "necessity" = []
    "field.mandatory_marked" = []
    "li.interest" = "service-provision"
    "li.balance_ref" = "LIA-1"
    "fraud.necessary" = true
    "fraud.li_match" = true
    "controls.location_permission" = "on"
    "controls.location_services" = "on"
    "controls.find_device" = "on"
    "controls.camera_location" = "on"
    "controls.user_experience_program" = "on"
    "controls.push_marketing" = "on"
    "controls.ad_services" = "on"
    "controls.personalisation" = "on"
    "controls.second_space" = "on"
    "controls.device_permission" = "on"
    "controls.feature_sync" = "on"
    "controls.two_step_verification" = "off"
    "controls.marketing_opt_out" = []
    "controls.automated_decision" = "not-opted-out"
    "controls.notification_preference" = "not-muted"
    "controls.account_cancelled" = "active"
    "right.objected_purposes" = []
    "right.restricted" = false
    "right.kind" = "access"
    "right.count" = 1
    "right.refusal_ground" = "none"
    "subject.region" = "IN"
    "subject.age_class" = "adult"
    "subject.child_signal" = false
    "subject.registered" = true
    "subject.purchase" = true
    "subject.entered_event" = true
    "subject.open_inquiry" = true
    "subject.account_risk" = false
    "subject.is_account_holder" = true
    "subject.identity_verified" = true
    "subject.second_factor" = "present"
    "subject.chosen_services" = []
    "subject.sign_in_method" = "own"
    "law.permits" = true
    "law.requires" = true
    "law.consent_required" = false
    "law.basis_recognised" = true
    "law.definition_ref" = "none"
    "law.exemption_ref" = "L-1"
    "law.ref" = "L-2"
    "law.notify" = false
    "recipient.id" = "R-1"
    "recipient.class" = "group-entity"
    "vendor.due_diligence" = "V-1"
    "vendor.contract" = "V-2"
    "vendor.audit_date" = "2026-10-01"
    "recipient.country" = "IN"
    "recipient.consideration" = "none"
    "collection.operation_country" = "IN"
    "controller.entity" = "india-entity"
    "transfer.from" = "IN"
    "transfer.to" = "IN"
    "storage.country" = "IN"
    "storage.facility" = "controlled"
    "storage.kind" = "dedicated"
    "storage.segregated" = true
    "locus" = "server"
    "security.channel" = "tls-1.3"
    "security.measures_ref" = "M-1"
    "review.date" = "2026-06-01"
    "actor.role" = "system"
    "actor.confidentiality" = true
    "actor.training_date" = "2026-06-01"
    "reader.role" = "none"
    "retention.declared_period" = "P180D"
    "retention.isolated" = false
    "notice.promotional_content" = false
    "notice.type" = "purchase"
    "notice.opt_out_present" = true
    "request.kind" = "right"
    "request.topic" = "personal-data"
    "request.channel" = "support-portal"
"#;

/// What a plugin of the product declares, so that it stands in the way of nothing either.
fn world<'b>(baseline: &'b Baseline, product: &str, data: &[&str], controls: &[&str]) -> World<'b> {
    let list = |words: &[&str]| format!("{words:?}");
    World::new(baseline).with(PERMISSIVE).with(&format!(
        "\"necessity\" = {data}\n\"plugin.categories\" = {data}\n\"plugin.controls\" = {controls}\n\
         \"data.origin_product\" = \"{product}\"\n\"subject.chosen_services\" = [\"{product}\"]",
        data = list(data),
        controls = list(controls),
    ))
}

fn consent(purpose: &str) -> String {
    format!(
        "\"basis\" = \"consent\"\n\"consent.records\" = [\"{purpose} explicit given 2026-01-01T00:00:00Z\"]"
    )
}

const HISTORY: [&str; 2] = ["browsing-history", "download-history"];

fn themes(baseline: &Baseline) -> World<'_> {
    world(baseline, "themes", &HISTORY, &["personalisation"]).with(&consent("content-recommendation"))
}

#[test]
fn g1_themes_recommends_from_its_own_history() {
    let baseline = Baseline::embedded();
    themes(&baseline)
        .ask("themes", "use", "content-recommendation", &HISTORY)
        .is(Decision::Permit, &["themes-recommendation"])
        .owes(&[])
        .lacks(&[]);
}

#[test]
fn g2_an_objection_to_profiling_stops_recommendations() {
    let baseline = Baseline::embedded();
    themes(&baseline)
        .with("\"right.objected_purposes\" = [\"profiling\"]")
        .ask("themes", "use", "content-recommendation", &HISTORY)
        .is(Decision::Deny, &["profiling-objection-honoured"]);
}

#[test]
fn g3_themes_does_not_look_at_the_place() {
    let baseline = Baseline::embedded();
    themes(&baseline)
        .ask("themes", "use", "content-recommendation", &["precise-location"])
        .is(
            Decision::Deny,
            &["location-only-for-location-features", "themes-recommendation"],
        );
}

#[test]
fn g4_chats_are_not_advertised_from() {
    let baseline = Baseline::embedded();
    world(&baseline, "mi-talk", &["chat-history"], &["personalisation"])
        .with(&consent("personalised-advertising"))
        .ask("mi-talk", "use", "personalised-advertising", &["chat-history"])
        .is(Decision::Deny, &["mi-talk-purpose-set", "message-content-bound"]);
}

#[test]
fn g5_chats_are_stored_for_the_next_device() {
    let baseline = Baseline::embedded();
    world(&baseline, "mi-talk", &["chat-history"], &[])
        .ask("mi-talk", "store", "chat-history-sync", &["chat-history"])
        .is(Decision::Permit, &["chat-history-storage"])
        .owes(&[])
        .lacks(&[]);
}

#[test]
fn g13_fraud_prevention_needs_both_conditions() {
    let baseline = Baseline::embedded();
    let world = world(&baseline, "security-app", &["device-attribute"], &[]);
    world
        .without(&["fraud.li_match"])
        .ask("security-app", "use", "fraud-prevention", &["device-attribute"])
        .is(Decision::Deny, &["fraud-two-condition-test"])
        .lacks(&["fraud.li_match"]);
}

const FIND: [&str; 4] = ["find-device", "collect", "find-device", "device-find-location"];

fn find_device(baseline: &Baseline) -> World<'_> {
    world(
        baseline,
        "find-device",
        &["device-find-location"],
        &["find-device"],
    )
}

#[test]
fn g14_a_device_is_not_located_with_the_switch_off() {
    let baseline = Baseline::embedded();
    let [product, operation, purpose, data] = FIND;
    find_device(&baseline)
        .with("\"controls.find_device\" = \"off\"")
        .ask(product, operation, purpose, &[data])
        .is(Decision::Deny, &["find-device-switch"])
        .owes(&["erase-or-isolate-location after find-device-switch"]);
}

#[test]
fn g15_a_device_is_located_with_the_switch_on() {
    let baseline = Baseline::embedded();
    let [product, operation, purpose, data] = FIND;
    find_device(&baseline)
        .ask(product, operation, purpose, &[data])
        .is(
            Decision::Permit,
            &["purpose-service-provision", "location-only-for-location-features"],
        )
        .owes(&[])
        .lacks(&[]);
}

#[test]
fn g16_nothing_travels_in_plain() {
    let baseline = Baseline::embedded();
    let [product, operation, purpose, data] = FIND;
    find_device(&baseline)
        .with("\"security.channel\" = \"plain\"")
        .ask(product, operation, purpose, &[data])
        .is(Decision::Deny, &["tls-in-transit"]);
}

#[test]
fn g48a_a_product_that_declares_a_catch_all_loads() {
    let baseline = Baseline::embedded();
    world(&baseline, "customer-support", &["personal-information"], &[])
        .ask(
            "customer-support",
            "load",
            "service-provision",
            &["personal-information"],
        )
        .is(Decision::Permit, &[])
        .owes(&[])
        .lacks(&[]);
}

#[test]
fn g48b_a_catch_all_is_never_collected() {
    let baseline = Baseline::embedded();
    world(&baseline, "customer-support", &["personal-information"], &[])
        .with("\"data.source\" = [\"user\"]")
        .ask(
            "customer-support",
            "collect",
            "service-provision",
            &["personal-information"],
        )
        .is(
            Decision::Deny,
            &["illustrative-list-leaf", "default-deny-unlisted-processing"],
        );
}

#[test]
fn g49_and_g51_the_algebra_has_rules_to_cite() {
    let baseline = Baseline::embedded();
    let cited = |rule: Option<_>| rule.map(|id| baseline.rules().name(id).to_owned());
    let citations = baseline.citations();
    assert_eq!(
        cited(citations.default_deny).as_deref(),
        Some("default-deny-unlisted-processing")
    );
    assert_eq!(
        cited(citations.conjunction).as_deref(),
        Some("two-layer-conjunction")
    );
    assert_eq!(
        cited(citations.unknown_product).as_deref(),
        Some("unknown-product-deny")
    );
    assert_eq!(
        cited(citations.no_veto).as_deref(),
        Some("right-plugin-cannot-veto")
    );
}

#[test]
fn g51_access_without_a_ground_for_refusal_is_granted() {
    let baseline = Baseline::embedded();
    let world = world(&baseline, "themes", &[], &[]);
    world
        .ask("themes", "right", "rights-fulfilment", &[])
        .is(Decision::Permit, &["right-default-honour"])
        .owes(&["provide-free-copy by-deadline right-access-first-copy"])
        .lacks(&[]);
    world
        .without(&["subject.identity_verified"])
        .ask("themes", "right", "rights-fulfilment", &[])
        .is(Decision::Pend, &[])
        .lacks(&["subject.identity_verified"]);
}

#[test]
fn g53_advertising_does_not_look_at_the_place() {
    let baseline = Baseline::embedded();
    world(
        &baseline,
        "ad-services",
        &["latitude-longitude"],
        &["ad-services", "personalisation"],
    )
    .with(&consent("personalised-advertising"))
    .ask(
        "ad-services",
        "use",
        "personalised-advertising",
        &["latitude-longitude"],
    )
    .is(
        Decision::Deny,
        &[
            "personalised-ads-input-set",
            "location-only-for-location-features",
        ],
    );
}

const AD_SERVICES: [&str; 2] = ["ad-services", "personalisation"];

/// The cases about personalised advertising: their facts, their data, what decides and what is missing.
#[test]
fn g6_to_g9_advertising_needs_consent_and_an_open_switch() {
    let baseline = Baseline::embedded();
    let ask = |facts: &str, without: &[&str], identifier: &str| {
        let data = [identifier, "segment-membership"];
        world(&baseline, "ad-services", &data, &AD_SERVICES)
            .with(&consent("personalised-advertising"))
            .with(facts)
            .without(without)
            .ask("ad-services", "use", "personalised-advertising", &data)
    };
    ask("", &[], "email-address").is(Decision::Deny, &["ads-no-direct-identifiers"]);
    ask("", &[], "oaid")
        .is(Decision::Permit, &["personalised-ads-input-set"])
        .owes(&[])
        .lacks(&[]);
    ask("\"controls.ad_services\" = \"off\"", &[], "oaid").is(Decision::Deny, &["ad-services-switch"]);
    ask(
        "\"basis\" = \"contract\"\n\"consent.records\" = []",
        &["law.consent_required"],
        "oaid",
    )
    .is(Decision::Deny, &["targeted-ads-consent"])
    .lacks(&["law.consent_required"]);
    ask("", &[], "xiaomi-account-id")
        .is(Decision::Permit, &["personalised-ads-input-set"])
        .owes(&["prefer-resettable-identifier before unique-identifier-choice"]);
}

#[test]
fn g11_and_g12_models_learn_from_de_identified_data() {
    let baseline = Baseline::embedded();
    let ask = |form: &str| {
        world(&baseline, "connected-devices", &["app-usage-information"], &[])
            .with(&consent("model-training"))
            .with(&format!("\"data.form\" = \"{form}\""))
            .ask(
                "connected-devices",
                "train-model",
                "model-training",
                &["app-usage-information"],
            )
    };
    ask("pseudonymous").is(Decision::Deny, &["model-training-de-identified"]);
    ask("de-identified")
        .is(Decision::Permit, &["model-training-de-identified"])
        .owes(&[]);
}

#[test]
fn g17_and_g18_weather_takes_the_town_and_not_the_spot() {
    let baseline = Baseline::embedded();
    let ask = |data: &str, precise: bool| {
        world(
            &baseline,
            "weather",
            &[data],
            &["location-services", "location-permission"],
        )
        .with(&format!(
            "\"feature.kind\" = \"location\"\n\"feature.needs_precise\" = {precise}"
        ))
        .ask("weather", "collect", "location-based-service", &[data])
    };
    ask("latitude-longitude", false).is(Decision::Deny, &["location-granularity"]);
    ask("city-code", false)
        .is(
            Decision::Permit,
            &["purpose-service-provision", "location-only-for-location-features"],
        )
        .owes(&[]);
}

/// Rules on loading have no cases: nobody but the host asks to load.
#[test]
fn a_plugin_loads_while_its_practice_was_reviewed_within_a_year_and_a_quarter() {
    let baseline = Baseline::embedded();
    let load = |world: World<'_>| world.ask("themes", "load", "content-recommendation", &HISTORY);
    for (review, decision) in [
        ("2026-11-01", Decision::Permit),
        ("2025-08-26", Decision::Permit),
        ("2025-08-24", Decision::Deny),
    ] {
        let answer = load(themes(&baseline).with(&format!("\"review.date\" = \"{review}\"")));
        let rules: &[&str] = match decision {
            Decision::Deny => &["periodic-practice-review"],
            _ => &[],
        };
        answer.is(decision, rules).lacks(&[]);
    }
    load(themes(&baseline).without(&["review.date"]))
        .is(Decision::Deny, &["periodic-practice-review"])
        .lacks(&["review.date"]);
}

#[test]
fn a_plugin_whose_data_has_no_class_loads_with_the_duty_to_give_it_one() {
    let baseline = Baseline::embedded();
    let load = |world: World<'_>| world.ask("themes", "load", "content-recommendation", &HISTORY);
    load(themes(&baseline)).is(Decision::Permit, &[]).owes(&[]);
    load(themes(&baseline).with("\"plugin.categories\" = [\"browsing-history\"]"))
        .is(Decision::Permit, &[])
        .owes(&["classify-data before classify-by-sensitivity"]);
}

/// No product may declare such a purpose before the policy names it, so no case can show the permit.
#[test]
fn a_purpose_that_the_policy_does_not_list_rests_on_a_clear_consent_to_it() {
    let baseline = Baseline::embedded();
    let ask = |facts: &str| {
        world(&baseline, "themes", &HISTORY, &[])
            .with(&consent("other-consented-purpose"))
            .with(facts)
            .ask("themes", "use", "other-consented-purpose", &HISTORY)
    };
    ask("").is(Decision::Permit, &["other-purpose-needs-consent"]);
    ask("\"consent.records\" = [\"other-consented-purpose given 2026-01-01T00:00:00Z\"]")
        .is(Decision::Deny, &["other-purpose-needs-consent"]);
    ask("\"consent.records\" = [\"content-recommendation explicit given 2026-01-01T00:00:00Z\"]")
        .is(Decision::Deny, &["other-purpose-needs-consent", "basis-consent"]);
}

#[test]
fn g19_notes_stay_on_the_device() {
    let baseline = Baseline::embedded();
    world(&baseline, "notes", &["note-content"], &[])
        .ask("notes", "store", "on-device-function", &["note-content"])
        .is(Decision::Deny, &["on-device-no-egress"]);
}

#[test]
fn g21_totals_may_be_published() {
    let baseline = Baseline::embedded();
    let totals = || world(&baseline, "security-app", &[], &[]).with("\"data.form\" = \"aggregated\"");
    let ask = |world: World<'_>| {
        world.ask(
            "security-app",
            "disclose-public",
            "statistics",
            &["network-monitoring-data"],
        )
    };
    ask(totals())
        .is(Decision::Permit, &["npi-broad-permit"])
        .owes(&["aggregate-output before npi-aggregate-format"])
        .lacks(&[]);
    // Until counsel has looked at the law there, it counts as personal.
    ask(totals().without(&["law.definition_ref"]))
        .is(Decision::Deny, &["local-definition-override"])
        .lacks(&["law.definition_ref"]);
    ask(totals().with("\"data.combined_with\" = [\"xiaomi-account-id\"]")).is(
        Decision::Deny,
        &["combine-makes-personal", "default-deny-unlisted-processing"],
    );
    ask(totals().without(&["data.combined_with"]))
        .is(Decision::Deny, &["combine-makes-personal"])
        .lacks(&["data.combined_with"]);
}

#[test]
fn g50_a_synced_picture_brings_its_place_along() {
    let baseline = Baseline::embedded();
    let data = ["cloud-synced-content"];
    world(&baseline, "xiaomi-cloud", &data, &["feature-sync"])
        .with("\"data.source\" = { cloud-synced-content = [\"user\"] }\n\"data.fields\" = [\"gps-metadata\"]")
        .with("\"field.mandatory_marked\" = [\"cloud-synced-content\"]")
        .ask("xiaomi-cloud", "collect", "cloud-sync", &data)
        .is(
            Decision::Permit,
            &["purpose-service-provision", "photo-metadata-class"],
        )
        .owes(&["strip-location-metadata before photo-metadata-travels"])
        .lacks(&[]);
}

#[test]
fn g52_activating_the_system_survives_the_location_switch() {
    let baseline = Baseline::embedded();
    world(&baseline, "system-service-activation", &["cell-identity"], &[])
        .with("\"controls.location_services\" = \"off\"\n\"controls.location_permission\" = \"off\"")
        .ask(
            "system-service-activation",
            "use",
            "system-service-activation",
            &["cell-identity"],
        )
        .is(Decision::Permit, &["system-service-activation-set"])
        .owes(&[]);
}

#[test]
fn products_do_not_reach_into_each_other() {
    let baseline = Baseline::embedded();
    let ask = |facts: &str, without: &[&str]| {
        world(&baseline, "themes", &HISTORY, &["personalisation"])
            .with(facts)
            .without(without)
            .ask("themes", "combine", "system-service-optimisation", &HISTORY)
    };
    ask("", &[]).is(Decision::Permit, &["system-service-function-use"]);
    ask("\"data.origin_product\" = \"app-vault\"", &[]).is(
        Decision::Deny,
        &["cross-service-combination-bounds", "collect-service-generated"],
    );
    ask(
        "\"data.origin_product\" = \"app-vault\"\n\"plugin.combination_partners\" = [\"app-vault\"]",
        &[],
    )
    .is(Decision::Permit, &["cross-service-combination-bounds"]);
    ask("", &["data.combined_with"])
        .is(
            Decision::Deny,
            &["cross-service-combination-bounds", "combine-makes-personal"],
        )
        .lacks(&["data.combined_with"]);
}

/// A request per line: product, operation, purpose, data, controls of the plugin.
const ORDINARY: [&str; 9] = [
    "themes use content-recommendation browsing-history,download-history personalisation",
    "themes combine system-service-operation browsing-history,download-history -",
    "mi-talk store chat-history-sync chat-history -",
    "find-device collect find-device device-find-location find-device",
    "xiaomi-cloud store cloud-sync cloud-synced-content feature-sync",
    "customer-support collect customer-inquiry correspondence-record -",
    "app-monitoring use app-performance-monitoring crash-information -",
    "device-unlock-control collect unlock-abuse-prevention serial-number,ip-address -",
    "security-app use security-app-feature app-list device-permission",
];

fn parts(line: &str) -> (&str, &str, &str, Vec<&str>, Vec<&str>) {
    let words: Vec<_> = line.split(' ').collect();
    let controls = words[4].split(',').filter(|it| *it != "-").collect();
    (
        words[0],
        words[1],
        words[2],
        words[3].split(',').collect(),
        controls,
    )
}

#[test]
fn ordinary_requests_are_permitted_and_owe_nothing() {
    let baseline = Baseline::embedded();
    for line in ORDINARY {
        let (product, operation, purpose, data, controls) = parts(line);
        world(&baseline, product, &data, &controls)
            .with(&consent(purpose))
            .ask(product, operation, purpose, &data)
            .is(Decision::Permit, &[])
            .owes(&[])
            .lacks(&[]);
    }
}

/// No fact may help by its absence: whatever is taken away from a request that is denied, it stays denied.
#[test]
fn taking_a_fact_away_never_permits() {
    let baseline = Baseline::embedded();
    let hostile = [
        "",
        "\"data.combined_with\" = [\"imei\"]",
        "\"data.fields\" = [\"identifier\", \"gps-metadata\", \"message-content\", \"memory-content\"]",
        "\"controls.personalisation\" = \"off\"\n\"controls.find_device\" = \"off\"",
        "\"controls.location_services\" = \"off\"\n\"controls.user_experience_program\" = \"off\"",
        "\"data.source\" = [\"third-party\"]\n\"law.permits\" = false",
        "\"data.source\" = [\"other-user\"]",
        "\"right.objected_purposes\" = [\"profiling\"]",
        "\"data.linkable\" = true\n\"data.origin_product\" = \"notes\"",
        "\"actor.role\" = \"staff\"\n\"actor.confidentiality\" = false",
        "\"basis\" = \"legitimate-interest\"\n\"law.basis_recognised\" = false",
        "\"data.form\" = \"aggregated\"\n\"data.combined_with\" = [\"imei\"]",
    ];
    let published = "security-app disclose-public statistics network-monitoring-data -";
    for line in ORDINARY.into_iter().chain([published]) {
        let (product, operation, purpose, data, controls) = parts(line);
        for change in hostile {
            let base = || {
                world(&baseline, product, &data, &controls)
                    .with(&consent(purpose))
                    .with(change)
            };
            let whole = base().ask(product, operation, purpose, &data);
            for name in base().names() {
                let part = base().without(&[&name]).ask(product, operation, purpose, &data);
                assert!(
                    part.decision >= whole.decision,
                    "{line}: permitted without {name}\n{change}\n{whole:#?}"
                );
            }
        }
    }
}

/// Requests that hand data to somebody, and who that is: with everything else known and in people's favour, each is
/// permitted.
const HANDED: [(&str, &str); 14] = [
    (
        "mi-com-retail share order-delivery recipient-information -",
        "delivery-provider",
    ),
    (
        "mi-com-retail share payment-processing credit-card-number -",
        "payment-provider",
    ),
    (
        "mi-com-retail share after-sales-support order-information -",
        "service-provider",
    ),
    (
        "mi-com-retail transfer after-sales-support order-information -",
        "business-partner",
    ),
    (
        "mi-com-retail share authority-disclosure ip-address -",
        "public-authority",
    ),
    ("mi-com-retail share authority-disclosure ip-address -", "court"),
    (
        "mi-com-retail share asset-protection ip-address -",
        "law-enforcement",
    ),
    (
        "mi-com-retail share breach-notification ip-address -",
        "supervisory-authority",
    ),
    (
        "mi-com-retail share professional-advice invoicing-details -",
        "professional-adviser",
    ),
    (
        "mi-com-retail share corporate-transaction order-information -",
        "transaction-party",
    ),
    (
        "mi-com-retail share after-sales-support order-information -",
        "group-entity",
    ),
    (
        "mi-com-retail transfer after-sales-support order-information -",
        "group-entity",
    ),
    (
        "mi-com-retail transfer after-sales-support order-information -",
        "own-infrastructure",
    ),
    (
        "mi-com-retail store after-sales-support order-information -",
        "service-provider",
    ),
];

/// Everything about a hand-over that may be known, across a border, in people's favour.
const HAND_OVER: &str = r#"
    "recipient.country" = "SG"
    "recipient.group_entity" = true
    "recipient.secrecy_duty" = true
    "demand.ref" = "N-1"
    "demand.country" = "SG"
    "demand.scope" = ["ip-address"]
    "approval.ref" = "A-1"
    "approval.scope" = ["ip-address"]
    "transaction.ref" = "D-1"
    "breach.id" = "B-1"
    "law.notify" = true
    "transfer.mechanism" = "scc"
    "transfer.adequate" = true
    "transfer.safeguards" = true
    "transfer.chain" = []
    "storage.country" = "SG"
    "locus.country" = "SG"
    "collection.operation_country" = "DE"
    "transfer.from" = "DE"
    "transfer.to" = "SG"
    "controller.entity" = "netherlands-entity"
    "processor.entity" = "singapore-entity"
    "subject.region" = "DE"
    "notice.kind" = "third-party-policy"
"#;

/// No fact may help data out of the door by its absence.
#[test]
fn taking_a_fact_away_never_hands_data_over() {
    let baseline = Baseline::embedded();
    let hostile = [
        "",
        "\"recipient.consideration\" = \"paid\"",
        "\"recipient.class\" = \"advertiser\"",
        "\"recipient.class\" = \"data-buyer\"",
        "\"recipient.class\" = \"third-party-product\"",
        "\"recipient.group_entity\" = false\n\"recipient.secrecy_duty\" = false",
        "\"law.requires\" = false",
        "\"law.permits\" = false\n\"law.requires\" = false",
        "\"demand.scope\" = []\n\"approval.scope\" = []",
        "\"breach.id\" = \"none\"",
        "\"transfer.safeguards\" = false",
        "\"transfer.mechanism\" = \"derogation\"\n\"transfer.adequate\" = false",
        "\"transfer.from\" = \"GB\"\n\"transfer.adequate\" = false",
        "\"storage.country\" = \"US\"\n\"transfer.to\" = \"US\"\n\"transfer.safeguards\" = false",
        "\"storage.kind\" = \"cloud\"\n\"transfer.safeguards\" = false",
        "\"collection.operation_country\" = \"RU\"\n\"law.permits\" = false",
        "\"collection.operation_country\" = \"IN\"",
        "\"controller.entity\" = \"india-entity\"",
        "\"necessity\" = []",
        "\"data.combined_with\" = [\"imei\"]",
    ];
    for (line, recipient) in HANDED {
        let (product, operation, purpose, data, controls) = parts(line);
        let base = |change: &str| {
            world(&baseline, product, &data, &controls)
                .with(HAND_OVER)
                .with(&format!("\"recipient.class\" = \"{recipient}\""))
                .with(change)
        };
        base("")
            .ask(product, operation, purpose, &data)
            .is(Decision::Permit, &[]);
        for change in hostile {
            let whole = base(change).ask(product, operation, purpose, &data);
            for name in base(change).names() {
                let part = base(change)
                    .without(&[&name])
                    .ask(product, operation, purpose, &data);
                assert!(
                    part.decision >= whole.decision,
                    "{line} to {recipient}: permitted without {name}\n{change}\n{whole:#?}"
                );
            }
        }
    }
}
