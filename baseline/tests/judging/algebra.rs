//! The algebra on policies of a few lines, one property each.

use licit_baseline::{Baseline, Certainty, Decision, Kleene, RuleKind};

use crate::support::{Answer, World};

const WORDS: &str = r#"
    policy = { version = "2026-01-01", title = "tiny", effective = "2026-01-01" }
    category = [
      { id = "everything", section = ["1"], meaning = "root" },
      { id = "place", parents = ["everything"], section = ["1"], meaning = "where", sensitivity = "high" },
      { id = "exact-place", parents = ["place"], section = ["1"], meaning = "point", sensitivity = "high" },
      { id = "rough-place", parents = ["place"], section = ["1"], meaning = "town", sensitivity = "low" },
      { id = "name", parents = ["everything"], section = ["1"], meaning = "who", sensitivity = "medium" },
      { id = "device", parents = ["everything"], section = ["1"], meaning = "thing", sensitivity = "medium" },
      { id = "app", parents = ["everything"], section = ["1"], meaning = "program", sensitivity = "medium" },
      { id = "partner", parents = ["everything"], section = ["1"], meaning = "other", sensitivity = "medium" },
      { id = "serial", parents = ["device"], section = ["1"], flags = ["hard"], meaning = "fixed", sensitivity = "low" },
      { id = "token", parents = ["device", "app", "partner"], section = ["1"], meaning = "loose", sensitivity = "low" },
    ]
    purpose = [
      { id = "any", section = ["1"], meaning = "root" },
      { id = "service", parents = ["any"], section = ["1"], meaning = "serve" },
      { id = "map", parents = ["service"], section = ["1"], meaning = "show the way" },
      { id = "advertising", parents = ["any"], section = ["1"], meaning = "sell" },
    ]
    operation = [
      { id = "collect", axes = ["purpose", "source"], meaning = "take in" },
      { id = "use", axes = ["purpose"], meaning = "work with" },
      { id = "share", axes = ["purpose", "recipient"], meaning = "give" },
      { id = "transfer", axes = ["purpose", "place"], purpose-as = "use", place-unless = 'from == to', meaning = "move" },
      { id = "retain", axes = ["purpose", "retention"], meaning = "keep" },
      { id = "right", axes = [], meaning = "claim" },
      { id = "load", axes = [], meaning = "take on" },
    ]
    group = [{ id = "all", operations = ["collect", "use", "share", "transfer", "retain"] }]
    product = [
      { id = "shop", section = ["1"], purposes = ["any"], data = ["name"], meaning = "sells" },
      { id = "atlas", section = ["1"], purposes = ["any"], data = ["place"], meaning = "shows" },
    ]
    recipient = [
      { id = "carrier", section = ["1"], rule = "-", meaning = "brings" },
      { id = "courier", parents = ["carrier"], section = ["1"], rule = "-", meaning = "brings fast" },
      { id = "buyer", section = ["1"], rule = "-", meaning = "pays" },
    ]
    obligation = [{ id = "tell", text = "tell the person" }, { id = "wipe", text = "wipe it" }]
    region = [{ id = "EEA", countries = ["NL", "DE"] }]
    control = [{ id = "map", fact = "switch", section = ["1"], allows = 'switch == "on"', meaning = "map on" }]
    fact = [
      { name = "product", type = "text", values-of = "products", supplier = "caller", section = ["1"], meaning = "-" },
      { name = "operation", type = "text", values-of = "operations", supplier = "caller", section = ["1"], meaning = "-" },
      { name = "at", type = "time", supplier = "caller", section = ["1"], meaning = "-" },
      { name = "ready", type = "flag", supplier = "caller", section = ["1"], meaning = "-" },
      { name = "calm", type = "flag", supplier = "caller", section = ["1"], meaning = "-" },
      { name = "switch", type = "text", values = ["on", "off"], supplier = "state", section = ["1"], unknown = "off", meaning = "-" },
      { name = "controls", type = "texts", values-of = "controls", supplier = "manifest", section = ["1"], meaning = "-" },
      { name = "basis", type = "text", values = ["contract", "consent"], supplier = "manifest", section = ["1"], meaning = "-" },
      { name = "source", type = "texts", values = ["user", "seen"], per-category = true, supplier = "manifest", section = ["1"], meaning = "-" },
      { name = "held", type = "flag", per-category = true, supplier = "register", register = "r", key = "product", section = ["1"], meaning = "-" },
      { name = "needed", type = "texts", values-of = "categories", supplier = "manifest", section = ["1"], meaning = "-" },
      { name = "joined", type = "texts", values-of = "categories", supplier = "caller", section = ["1"], meaning = "-" },
      { name = "from", type = "text", values-of = "countries", supplier = "engine", section = ["1"], meaning = "-" },
      { name = "to", type = "text", values-of = "countries", supplier = "engine", section = ["1"], meaning = "-" },
      { name = "recipient.class", type = "text", values-of = "recipients", supplier = "caller", section = ["1"], meaning = "-" },
      { name = "subject.region", type = "text", values-of = "countries", supplier = "state", section = ["1"], meaning = "-" },
      { name = "law.permits", type = "flag", supplier = "law", section = ["1"], meaning = "-" },
      { name = "consent.records", type = "texts", values-of = "consent-records", supplier = "state", section = ["1"], meaning = "-" },
      { name = "consent.status", type = "text", values = ["given", "withdrawn", "expired", "not-given"], supplier = "engine", section = ["1"], meaning = "-" },
      { name = "consent.withdrawn_at", type = "time", supplier = "engine", section = ["1"], meaning = "-" },
      { name = "proven", type = "flag", supplier = "caller", section = ["1"], meaning = "-" },
      { name = "ground", type = "text", values = ["none", "excessive"], supplier = "caller", section = ["1"], meaning = "-" },
      { name = "approval", type = "text", values-of = "references", supplier = "caller", section = ["1"], meaning = "-" },
    ]
"#;

/// Rules are written as `id: kind; key = value; …`, one a line.
fn rules(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let (id, rest) = line.split_once(": ").unwrap();
        let mut parts = rest.split("; ");
        let kind = parts.next().unwrap();
        let keys: Vec<_> = parts.collect();
        text += &format!(
            "[[rule]]\nid = \"{id}\"\nkind = \"{kind}\"\nsection = [\"1\"]\nsummary = \"says {id}\"\n{}\n",
            keys.join("\n")
        );
    }
    text
}

fn policy(lines: &[&str]) -> Baseline {
    Baseline::read([("words.toml", WORDS), ("rules.toml", &rules(lines))])
        .unwrap_or_else(|found| panic!("{found}"))
}

/// What is wrong with a policy.
fn complaint(line: &str) -> String {
    match Baseline::read([("words.toml", WORDS), ("rules.toml", &rules(&[line]))]) {
        Ok(_) => panic!("nothing is wrong with {line}"),
        Err(found) => found.to_string(),
    }
}

const USE: &str = "use-it: permit; operations = [\"use\"]; grants = [\"purpose\"]";

fn ask_use(baseline: &Baseline, facts: &str, data: &[&str]) -> Answer {
    World::new(baseline).with(facts).ask("shop", "use", "map", data)
}

#[test]
fn every_axis_needs_a_grant_of_its_own() {
    let baseline = policy(&["p: permit; operations = [\"all\"]; grants = [\"purpose\"]"]);
    let world =
        World::new(&baseline).with("\"recipient.class\" = \"buyer\"\n\"from\" = \"NL\"\n\"to\" = \"IN\"");
    let lacking = [
        ("use", ""),
        ("collect", "source"),
        ("share", "recipient"),
        ("transfer", "place"),
        ("retain", "retention"),
    ];
    for (operation, axes) in lacking {
        let answer = world.ask("shop", operation, "map", &["name"]);
        let decision = if axes.is_empty() {
            Decision::Permit
        } else {
            Decision::Deny
        };
        assert_eq!(
            answer.categories,
            [("name".to_owned(), decision, axes.to_owned())],
            "{operation}"
        );
        assert_eq!(answer.decision, decision);
        assert_eq!(answer.judgement.lacks_grant, !axes.is_empty());
        assert_eq!(answer.judgement.forbidden, None);
    }
}

#[test]
fn an_operation_that_stays_in_the_country_needs_no_place() {
    let baseline = policy(&[USE]);
    let world = World::new(&baseline).with("\"from\" = \"NL\"\n\"to\" = \"NL\"");
    world
        .ask("shop", "transfer", "map", &["name"])
        .is(Decision::Permit, &["use-it"]);
    let open = world.without(&["to"]).ask("shop", "transfer", "map", &["name"]);
    open.is(Decision::Deny, &[]).lacks(&["to"]);
}

#[test]
fn nothing_is_permitted_by_silence() {
    let baseline = policy(&["gate: require; operations = [\"use\"]; must = 'ready'"]);
    ask_use(&baseline, "\"ready\" = true", &["name"])
        .is(Decision::Deny, &[])
        .lacks(&[]);
    let some = policy(&[USE]);
    ask_use(&some, "", &[]).is(Decision::Deny, &[]);
}

#[test]
fn a_basis_alone_permits_nothing() {
    let baseline = policy(&[
        "consent: require; operations = [\"all\"]; when = 'basis == \"consent\"'; must = 'consent.status == \"given\"'",
        "contract: require; operations = [\"all\"]; must = 'basis in [\"consent\", \"contract\"]'",
    ]);
    let consent = "\"basis\" = \"consent\"\n\"consent.records\" = [\"map given 2026-01-01\"]";
    for facts in [consent, "\"basis\" = \"contract\""] {
        let answer = ask_use(&baseline, facts, &["name"]);
        assert!(
            answer.judgement.lacks_grant && answer.judgement.forbidden.is_none(),
            "{answer:#?}"
        );
        answer.is(Decision::Deny, &[]).lacks(&[]);
    }
}

#[test]
fn a_deny_overrides_every_permit() {
    let baseline = policy(&[
        "broad: permit; operations = [\"all\"]; grants = [\"every\"]",
        "ban: deny; operations = [\"use\"]; data = [\"name\"]",
    ]);
    let answer = ask_use(&baseline, "", &["name", "serial"])
        .is(Decision::Deny, &["ban"])
        .not_by(&["broad"]);
    let own: Vec<_> = answer.categories.iter().map(|it| it.1).collect();
    assert_eq!(own, [Decision::Deny, Decision::Permit]);
    assert_eq!(answer.judgement.forbidden, Some(Certainty::Known));
}

#[test]
fn a_permit_covers_what_lies_inside_and_a_ban_meets_what_touches() {
    let baseline = policy(&[
        "parent: permit; operations = [\"use\"]; data = [\"place\"]; grants = [\"purpose\"]",
        "child: permit; operations = [\"use\"]; data = [\"serial\"]; grants = [\"purpose\"]",
    ]);
    for data in ["place", "exact-place", "rough-place", "serial"] {
        ask_use(&baseline, "", &[data]).is(Decision::Permit, &[]);
    }
    for data in ["everything", "device", "token"] {
        ask_use(&baseline, "", &[data]).is(Decision::Deny, &[]);
    }
    let narrow = policy(&[USE, "ban: deny; operations = [\"use\"]; data = [\"exact-place\"]"]);
    for (data, decision) in [
        ("everything", Decision::Deny),
        ("place", Decision::Deny),
        ("exact-place", Decision::Deny),
        ("rough-place", Decision::Permit),
    ] {
        ask_use(&narrow, "", &[data]).is(decision, &[]);
    }
}

#[test]
fn a_category_is_under_the_bans_of_all_its_parents() {
    for parent in ["device", "app", "partner"] {
        let ban = format!("ban: deny; operations = [\"use\"]; data = [\"{parent}\"]");
        let baseline = policy(&[USE, &ban]);
        ask_use(&baseline, "", &["token"]).is(Decision::Deny, &["ban"]);
    }
}

#[test]
fn purposes_and_recipients_are_compared_like_data() {
    let baseline = policy(&[
        "inside: permit; operations = [\"share\"]; purposes = [\"map\"]; recipients = [\"carrier\"]; grants = [\"every\"]",
        "ban: deny; operations = [\"share\"]; purposes = [\"any\"]; recipients = [\"buyer\"]",
    ]);
    let ask = |recipient: &str, purpose: &str| {
        World::new(&baseline)
            .with(&format!("\"recipient.class\" = \"{recipient}\""))
            .ask("shop", "share", purpose, &["name"])
    };
    ask("courier", "map").is(Decision::Permit, &["inside"]);
    ask("carrier", "map").is(Decision::Permit, &["inside"]);
    ask("carrier", "service").is(Decision::Deny, &[]).not_by(&["ban"]);
    ask("buyer", "map").is(Decision::Deny, &["ban"]);
    // A recipient nobody knows may be the banned one, and is not the permitted one.
    World::new(&baseline)
        .ask("shop", "share", "map", &["name"])
        .is(Decision::Deny, &["ban"]);
}

#[test]
fn a_register_has_a_way_to_its_rows() {
    let complaint = |fact: &str| {
        let fact = format!(
            "[[fact]]\nname = \"extra\"\ntype = \"text\"\nsection = [\"1\"]\nmeaning = \"-\"\n{fact}\n"
        );
        match Baseline::read([("words.toml", WORDS), ("extra.toml", &fact)]) {
            Ok(_) => String::new(),
            Err(found) => found.to_string(),
        }
    };
    let held = "supplier = \"register\"\nregister = \"r\"";
    assert!(
        complaint(held).contains("`register` needs a `key`"),
        "{}",
        complaint(held)
    );
    assert_eq!(complaint(&format!("{held}\nkey = [\"from\", \"to\"]")), "");
    let stated = "supplier = \"caller\"\nregister = \"r\"";
    assert_eq!(complaint(stated), "");
    let twice = format!("{stated}\nkey = \"product\"");
    assert!(complaint(&twice).contains("a reference names its own row"));
    assert!(complaint("supplier = \"register\"\nkey = \"product\"").contains("`key` needs a `register`"));
}

#[test]
fn a_recipient_is_one_point() {
    let baseline = policy(&[
        "own: permit; operations = [\"share\"]; recipients = [\"carrier\", \"!courier\"]; grants = [\"every\"]",
        "fast: permit; operations = [\"share\"]; else-deny = [\"share\"]; recipients = [\"courier\"]; when = 'ready'; grants = [\"every\"]",
    ]);
    let ask = |facts: &str| {
        World::new(&baseline)
            .with(facts)
            .ask("shop", "share", "map", &["name"])
    };
    // The wider class may be named with a part taken out, and what is said about that part does not touch it.
    ask("\"recipient.class\" = \"carrier\"").is(Decision::Permit, &["own"]);
    ask("\"recipient.class\" = \"courier\"\n\"ready\" = true")
        .is(Decision::Permit, &["fast"])
        .not_by(&["own"]);
    ask("\"recipient.class\" = \"courier\"\n\"ready\" = false").is(Decision::Deny, &["fast"]);
}

#[test]
fn what_is_said_about_a_recipient_nobody_knows_is_not_sure() {
    let baseline = policy(&[
        "ban: deny; operations = [\"share\"]; recipients = [\"buyer\"]",
        "gate: require; operations = [\"share\"]; recipients = [\"carrier\"]; must = 'ready'",
    ]);
    let ask = |facts: &str| {
        World::new(&baseline)
            .with(facts)
            .ask("shop", "share", "map", &["name"])
    };
    let unsure = ask("\"ready\" = false")
        .is(Decision::Deny, &["ban", "gate"])
        .lacks(&["recipient.class"]);
    assert_eq!(unsure.judgement.forbidden, Some(Certainty::NotExcluded));
    let sure = ask("\"recipient.class\" = \"buyer\"")
        .is(Decision::Deny, &["ban"])
        .lacks(&[]);
    assert_eq!(sure.judgement.forbidden, Some(Certainty::Known));
}

#[test]
fn a_gate_asks_for_its_duties_only_where_there_is_something_to_gate() {
    let baseline = policy(&[
        USE,
        "gate: require; operations = [\"use\"]; when = 'ready'; must = 'calm'; obligations = [{ id = \"tell\", timing = \"before\" }]",
    ]);
    let tell = ["tell before gate"];
    ask_use(&baseline, "\"ready\" = true\n\"calm\" = true", &["name"])
        .is(Decision::Permit, &[])
        .owes(&tell);
    // Nobody knows whether there is, so the duty is owed as well.
    ask_use(&baseline, "\"calm\" = true", &["name"])
        .is(Decision::Permit, &[])
        .owes(&tell);
    ask_use(&baseline, "\"ready\" = false", &["name"])
        .is(Decision::Permit, &[])
        .owes(&[]);
}

#[test]
fn the_duties_of_a_closed_set_come_with_what_it_permits_unless_it_says_otherwise() {
    let set = |more: &str| {
        policy(&[&format!(
            "set: permit; operations = [\"use\"]; else-deny = [\"use\"]; when = 'ready'; grants = [\"purpose\"]; \
             obligations = [{{ id = \"wipe\", timing = \"before\" }}]{more}"
        )])
    };
    let (usual, other) = (set(""), set("; accompanies = [\"deny\"]"));
    let (yes, no) = ("\"ready\" = true", "\"ready\" = false");
    ask_use(&usual, yes, &["name"])
        .is(Decision::Permit, &["set"])
        .owes(&["wipe before set"]);
    ask_use(&usual, no, &["name"])
        .is(Decision::Deny, &["set"])
        .owes(&[]);
    ask_use(&other, yes, &["name"])
        .is(Decision::Permit, &["set"])
        .owes(&[]);
    ask_use(&other, no, &["name"])
        .is(Decision::Deny, &["set"])
        .owes(&["wipe before set"]);
}

#[test]
fn a_purpose_that_is_granted_for_another_operation_may_count() {
    let baseline = policy(&[
        "map: permit; operations = [\"use\"]; purposes = [\"map\"]; only-data = [\"name\"]; when = 'ready'; grants = [\"purpose\"]",
        "take: permit; operations = [\"collect\"]; purposes = [\"advertising\"]; grants = [\"purpose\"]",
        "kin: permit; operations = [\"share\"]; recipients = [\"carrier\"]; when = 'granted(\"use\")'; grants = [\"purpose\", \"recipient\"]",
    ]);
    let ask = |facts: &str, purpose: &str, data: &[&str]| {
        World::new(&baseline)
            .with(&format!("\"recipient.class\" = \"carrier\"\n{facts}"))
            .ask("shop", "share", purpose, data)
    };
    ask("\"ready\" = true", "map", &["name"])
        .is(Decision::Permit, &["kin"])
        .lacks(&[]);
    ask("\"ready\" = false", "map", &["name"])
        .is(Decision::Deny, &[])
        .lacks(&[]);
    ask("", "map", &["name"])
        .is(Decision::Deny, &[])
        .lacks(&["ready"]);
    ask("\"ready\" = true", "map", &["name", "place"]).is(Decision::Deny, &[]);
    // Granted for collecting, not for using.
    ask("\"ready\" = true", "advertising", &["name"]).is(Decision::Deny, &[]);
    let closes = "ban: deny; operations = [\"use\"]; when = 'granted(\"use\")'";
    assert!(complaint(closes).contains("can only help the processing"));
    let unknown = "kin: permit; operations = [\"share\"]; when = 'granted(\"sue\")'; grants = [\"purpose\"]";
    assert!(
        complaint(unknown).contains("unknown operation `sue`"),
        "{}",
        complaint(unknown)
    );
}

#[test]
fn what_a_gate_is_known_to_refuse_may_be_left_out() {
    let baseline = policy(&[
        USE,
        "least: require; operations = [\"use\"]; must = 'category in needed'; surplus = true",
        "ban: deny; operations = [\"use\"]; data = [\"serial\"]",
    ]);
    let ask = |facts: &str| ask_use(&baseline, facts, &["name", "token", "serial"]);
    let answer = ask("\"needed\" = [\"name\", \"serial\"]").is(Decision::Deny, &["least", "ban"]);
    assert_eq!(answer.surplus, ["token"]);
    // Nobody knows what is needed, so nobody knows what is too much.
    assert_eq!(ask("").is(Decision::Deny, &["least"]).surplus, [""; 0]);
    let permit = "p: permit; operations = [\"use\"]; grants = [\"purpose\"]; surplus = true";
    assert!(complaint(permit).contains("refuses no data"));
}

#[test]
fn advice_is_cited_where_it_is_known_to_belong_and_changes_nothing() {
    let baseline = policy(&[
        USE,
        "hint: advice; operations = [\"use\"]; data = [\"place\"]; if-known = 'switch == \"off\"'; accompanies = [\"deny\"]",
        "note: advice; operations = [\"share\"]; recipients = [\"carrier\"]",
        "cited: advice",
    ]);
    let world = |facts: &str| World::new(&baseline).with(facts);
    let off = world("\"switch\" = \"off\"");
    assert_eq!(off.advice("use", &["rough-place"], Decision::Deny), ["hint"]);
    assert_eq!(off.advice("use", &["rough-place"], Decision::Permit), [""; 0]);
    assert_eq!(off.advice("use", &["name"], Decision::Deny), [""; 0]);
    // The value taken for a missing fact is not known.
    assert_eq!(world("").advice("use", &["place"], Decision::Deny), [""; 0]);
    let to = |class: &str| world(&format!("\"recipient.class\" = \"{class}\""));
    assert_eq!(
        to("courier").advice("share", &["name"], Decision::Permit),
        ["note"]
    );
    assert_eq!(to("buyer").advice("share", &["name"], Decision::Permit), [""; 0]);
    assert_eq!(world("").advice("share", &["name"], Decision::Permit), [""; 0]);
    off.ask("shop", "use", "map", &["rough-place"])
        .is(Decision::Permit, &["use-it"])
        .lacks(&[]);
    assert!(complaint("hint: advice; operations = [\"use\"]; when = 'ready'").contains("has no `when`"));
}

#[test]
fn a_group_with_a_part_taken_out_is_not_covered() {
    let baseline = policy(&[
        "set: permit; operations = [\"use\"]; else-deny = [\"use\"]; only-data = [\"device\", \"!flag:hard\"]; grants = [\"purpose\"]",
    ]);
    ask_use(&baseline, "", &["token"]).is(Decision::Permit, &["set"]);
    ask_use(&baseline, "", &["serial"]).is(Decision::Deny, &["set"]);
    ask_use(&baseline, "", &["device"]).is(Decision::Deny, &["set"]);
}

#[test]
fn a_gate_that_holds_holds_for_wider_categories_too() {
    let baseline = policy(&[
        USE,
        "gate: require; operations = [\"use\"]; data = [\"place\"]; must = 'ready'",
        "ban: deny; operations = [\"use\"]; data = [\"place\", \"!rough-place\"]; unless = 'calm'",
    ]);
    for data in ["everything", "place", "exact-place"] {
        ask_use(&baseline, "\"ready\" = true\n\"calm\" = true", &[data]).is(Decision::Permit, &[]);
        ask_use(&baseline, "\"ready\" = false\n\"calm\" = true", &[data]).is(Decision::Deny, &["gate"]);
        ask_use(&baseline, "\"ready\" = true\n\"calm\" = false", &[data]).is(Decision::Deny, &["ban"]);
    }
}

#[test]
fn the_unknown_grants_nothing_and_opens_nothing() {
    let permit =
        policy(&["p: permit; operations = [\"use\"]; when = 'ready && calm'; grants = [\"purpose\"]"]);
    ask_use(&permit, "\"ready\" = true\n\"calm\" = true", &["name"])
        .is(Decision::Permit, &["p"])
        .lacks(&[]);
    ask_use(&permit, "\"ready\" = true", &["name"])
        .is(Decision::Deny, &[])
        .lacks(&["calm"]);
    ask_use(&permit, "", &["name"])
        .is(Decision::Deny, &[])
        .lacks(&["ready", "calm"]);
    ask_use(&permit, "\"ready\" = false", &["name"])
        .is(Decision::Deny, &[])
        .lacks(&[]);

    let gate = policy(&[
        USE,
        "gate: require; operations = [\"use\"]; when = 'calm'; must = 'ready'",
    ]);
    ask_use(&gate, "\"calm\" = false", &["name"])
        .is(Decision::Permit, &[])
        .lacks(&[]);
    ask_use(&gate, "\"ready\" = true", &["name"])
        .is(Decision::Permit, &[])
        .lacks(&[]);
    let open = ask_use(&gate, "\"calm\" = true", &["name"])
        .is(Decision::Deny, &["gate"])
        .lacks(&["ready"]);
    assert_eq!(open.judgement.forbidden, Some(Certainty::NotExcluded));
    ask_use(&gate, "\"ready\" = false", &["name"])
        .is(Decision::Deny, &["gate"])
        .lacks(&["calm"]);

    let ban = policy(&[
        USE,
        "ban: deny; operations = [\"use\"]; when = 'ready'; unless = 'calm'",
    ]);
    ask_use(&ban, "\"ready\" = false", &["name"])
        .is(Decision::Permit, &[])
        .lacks(&[]);
    ask_use(&ban, "\"calm\" = true", &["name"])
        .is(Decision::Permit, &[])
        .lacks(&[]);
    ask_use(&ban, "\"ready\" = true", &["name"])
        .is(Decision::Deny, &["ban"])
        .lacks(&["calm"]);
    ask_use(&ban, "", &["name"])
        .is(Decision::Deny, &["ban"])
        .lacks(&["ready", "calm"]);
}

#[test]
fn a_value_taken_for_a_missing_fact_counts_and_the_fact_is_still_missing() {
    let baseline = policy(&[
        USE,
        "off: deny; operations = [\"use\"]; unless = 'switch == \"on\"'",
    ]);
    let taken = ask_use(&baseline, "", &["name"])
        .is(Decision::Deny, &["off"])
        .lacks(&["switch"]);
    assert_eq!(taken.judgement.forbidden, Some(Certainty::Known));
    ask_use(&baseline, "\"switch\" = \"off\"", &["name"])
        .is(Decision::Deny, &["off"])
        .lacks(&[]);
    ask_use(&baseline, "\"switch\" = \"on\"", &["name"])
        .is(Decision::Permit, &[])
        .lacks(&[]);

    let bound = policy(&[
        USE,
        "bound: deny; operations = [\"use\"]; unless = 'allowed(controls)'",
    ]);
    ask_use(&bound, "", &["name"])
        .is(Decision::Deny, &["bound"])
        .lacks(&["controls"]);
    ask_use(&bound, "\"controls\" = []", &["name"]).is(Decision::Permit, &[]);
    ask_use(&bound, "\"controls\" = [\"map\"]", &["name"]).is(Decision::Deny, &["bound"]);
    ask_use(&bound, "\"controls\" = [\"map\"]\n\"switch\" = \"on\"", &["name"]).is(Decision::Permit, &[]);
}

#[test]
fn a_closed_set_denies_what_it_does_not_cover() {
    let baseline = policy(&[
        "other: permit; operations = [\"all\"]; grants = [\"every\"]",
        "set: permit; operations = [\"use\"]; else-deny = [\"all\"]; purposes = [\"map\"]; only-data = [\"place\", \"token\", \"serial\"]; at-most-one = [\"device\"]; when = 'ready'; grants = [\"purpose\"]",
    ]);
    let ready = "\"ready\" = true";
    ask_use(&baseline, ready, &["place", "token"]).is(Decision::Permit, &["set"]);
    ask_use(&baseline, ready, &["place", "name"]).is(Decision::Deny, &["set"]);
    ask_use(&baseline, ready, &["place", "token", "serial"]).is(Decision::Deny, &["set"]);
    ask_use(&baseline, "", &["place"])
        .is(Decision::Deny, &["set"])
        .lacks(&["ready"]);
    let world = World::new(&baseline).with(ready);
    world
        .ask("shop", "use", "advertising", &["name"])
        .is(Decision::Permit, &["other"]);
    // The group has the closed purpose in it.
    world
        .ask("shop", "use", "service", &["name"])
        .is(Decision::Deny, &["set"]);
    // What the set covers is not denied by it on any operation, and only granted on its own.
    world
        .ask("shop", "collect", "map", &["place"])
        .is(Decision::Permit, &["other"])
        .not_by(&["set"]);
}

#[test]
fn a_condition_can_narrow_the_scope_of_a_closed_set() {
    let baseline = policy(&[
        USE,
        "set: permit; operations = [\"use\"]; else-deny = [\"use\"]; within = '\"seen\" in source && purpose in [\"map\"]'; only-data = [\"place\"]; grants = [\"purpose\"]",
    ]);
    let ask = |source: &str, purpose: &str, data: &str| {
        World::new(&baseline)
            .with(&format!("\"source\" = [{source}]"))
            .ask("shop", "use", purpose, &[data])
    };
    ask("\"seen\"", "map", "place").is(Decision::Permit, &["set"]);
    ask("\"seen\"", "map", "name").is(Decision::Deny, &["set"]);
    ask("\"user\"", "map", "name")
        .is(Decision::Permit, &["use-it"])
        .not_by(&["set"]);
    ask("\"seen\"", "service", "name").is(Decision::Deny, &["set"]);
    ask("\"seen\"", "service", "place")
        .is(Decision::Permit, &["use-it"])
        .not_by(&["set"]);
    let unknown = World::new(&baseline).ask("shop", "use", "map", &["name"]);
    unknown.is(Decision::Deny, &["set"]).lacks(&["source"]);
    assert!(
        complaint("p: permit; operations = [\"use\"]; within = 'ready'; grants = [\"purpose\"]")
            .contains("else-deny")
    );
}

#[test]
fn a_part_of_the_data_can_be_granted_more() {
    let baseline = policy(&[
        "p: permit; operations = [\"collect\"]; when = 'ready'; grants = [\"purpose\"]; also-grants = [{ axes = [\"source\"], data = [\"place\"] }]",
    ]);
    let world = World::new(&baseline).with("\"ready\" = true");
    world
        .ask("shop", "collect", "map", &["rough-place"])
        .is(Decision::Permit, &["p"]);
    let both = world
        .ask("shop", "collect", "map", &["rough-place", "name"])
        .is(Decision::Deny, &[]);
    assert_eq!(both.categories[1].2, "source");
    world
        .ask("shop", "collect", "map", &["everything"])
        .is(Decision::Deny, &[]);
    World::new(&baseline)
        .ask("shop", "collect", "map", &["place"])
        .is(Decision::Deny, &[])
        .lacks(&["ready"]);
}

#[test]
fn a_fact_may_differ_from_one_category_to_the_next() {
    let baseline = policy(&[
        "p: permit; operations = [\"use\"]; when = 'source in [\"user\"]'; grants = [\"purpose\"]",
        "ban: deny; operations = [\"use\"]; when = 'held'",
    ]);
    let facts = "\"source\" = { name = [\"user\"], place = [\"user\", \"seen\"] }\n\"held\" = { name = false, place = false, serial = false }";
    ask_use(&baseline, facts, &["name"])
        .is(Decision::Permit, &["p"])
        .lacks(&[]);
    let mixed = ask_use(&baseline, facts, &["name", "rough-place", "serial"])
        .is(Decision::Deny, &[])
        .lacks(&["source"]);
    let own: Vec<_> = mixed.categories.iter().map(|it| it.1).collect();
    assert_eq!(own, [Decision::Permit, Decision::Deny, Decision::Deny]);
    ask_use(&baseline, facts, &["token"])
        .is(Decision::Deny, &["ban"])
        .lacks(&["source", "held"]);
}

#[test]
fn a_set_lies_inside_a_list_only_as_a_whole() {
    let baseline = policy(&[
        "words: permit; operations = [\"use\"]; data = [\"name\"]; when = 'source in [\"user\"]'; grants = [\"purpose\"]",
        "groups: permit; operations = [\"use\"]; data = [\"place\"]; when = 'joined in [\"device\", \"app\"]'; grants = [\"purpose\"]",
        "empty: permit; operations = [\"use\"]; data = [\"serial\"]; when = 'joined in []'; grants = [\"purpose\"]",
    ]);
    let permits = |facts: &str, data: &str| ask_use(&baseline, facts, &[data]).decision == Decision::Permit;
    assert!(permits("\"source\" = [\"user\"]", "name"));
    assert!(!permits("\"source\" = [\"user\", \"seen\"]", "name"));
    assert!(permits("\"joined\" = [\"token\", \"serial\"]", "place"));
    assert!(permits("\"joined\" = []", "place"));
    assert!(!permits("\"joined\" = [\"token\", \"partner\"]", "place"));
    assert!(!permits("\"joined\" = [\"everything\"]", "place"));
    assert!(permits("\"joined\" = []", "serial"));
    assert!(!permits("\"joined\" = [\"serial\"]", "serial"));
    let message = complaint("ban: deny; operations = [\"use\"]; when = 'source in [\"seen\"]'");
    assert!(message.contains("slip under a ban"), "{message}");
}

#[test]
fn a_group_above_can_be_told_from_what_is_meant() {
    let baseline = policy(&[
        USE,
        "ban: deny; operations = [\"use\"]; data = [\"exact-place\"]; unless = 'above(category, [\"exact-place\"]) && ready'",
    ]);
    ask_use(&baseline, "\"ready\" = true", &["place"]).is(Decision::Permit, &[]);
    ask_use(&baseline, "", &["place"])
        .is(Decision::Deny, &["ban"])
        .lacks(&["ready"]);
    ask_use(&baseline, "\"ready\" = true", &["exact-place"])
        .is(Decision::Deny, &["ban"])
        .lacks(&[]);
    let message = complaint("ban: deny; operations = [\"use\"]; when = 'above(category, [\"name\"])'");
    assert!(message.contains("slip under a ban"), "{message}");
}

#[test]
fn a_condition_can_ask_about_every_category_of_the_request() {
    let baseline = policy(&[
        "few: permit; operations = [\"use\"]; when = 'data in [\"name\", \"device\"]'; grants = [\"purpose\"]",
        "add: classify; operations = [\"use\"]; data = [\"token\"]; adds-data = [\"place\"]",
        "mix: oblige; operations = [\"use\"]; when = '!(data in [\"name\"])'; obligations = [{ id = \"tell\", timing = \"after\" }]",
    ]);
    let ask = |data: &[&str]| ask_use(&baseline, "", data);
    ask(&["name"]).is(Decision::Permit, &["few"]).owes(&[]);
    ask(&["name", "serial"])
        .is(Decision::Permit, &["few"])
        .owes(&["tell after mix"]);
    ask(&["name", "place"]).is(Decision::Deny, &[]).not_by(&["few"]);
    // What classification adds counts as well.
    ask(&["token"]).is(Decision::Deny, &["add"]).not_by(&["few"]);
    let message = complaint("ban: deny; operations = [\"use\"]; when = 'data in [\"name\"]'");
    assert!(message.contains("slip under a ban"), "{message}");
}

#[test]
fn a_class_of_sensitivity_selects_exactly_its_categories() {
    let baseline = policy(&[
        USE,
        "ban: deny; operations = [\"use\"]; data = [\"sensitivity:high\"]",
    ]);
    for (data, decision) in [
        ("exact-place", Decision::Deny),
        ("place", Decision::Deny),
        ("rough-place", Decision::Permit),
        ("name", Decision::Permit),
    ] {
        ask_use(&baseline, "", &[data]).is(decision, &[]);
    }
}

#[test]
fn conditions_that_would_let_a_broad_request_slip_are_refused() {
    let permit = complaint(
        "p: permit; operations = [\"use\"]; when = 'overlaps(category, [\"name\"])'; grants = [\"purpose\"]",
    );
    assert!(permit.contains("slip into a grant"), "{permit}");
    let ban = complaint("ban: deny; operations = [\"use\"]; when = 'purpose in [\"map\"]'");
    assert!(ban.contains("slip under a ban"), "{ban}");
    let negated = complaint("ban: deny; operations = [\"use\"]; unless = '!(category in [\"name\"])'");
    assert!(negated.contains("slip under a ban"), "{negated}");
    assert!(complaint("gate: require; operations = [\"use\"]; must = 'given(ready)'").contains("`known`"));
    assert!(complaint("ban: deny; operations = [\"use\"]; only-data = [\"name\"]").contains("only-data"));
}

#[test]
fn an_added_purpose_has_to_be_permitted_as_well() {
    let baseline = policy(&[
        "map: permit; operations = [\"use\"]; purposes = [\"map\"]; grants = [\"purpose\"]",
        "mixed: classify; operations = [\"use\"]; purposes = [\"map\"]; when = 'ready'; adds-purpose = [\"advertising\"]",
        "sell: permit; operations = [\"use\"]; purposes = [\"advertising\"]; when = 'calm'; grants = [\"purpose\"]",
    ]);
    ask_use(&baseline, "\"ready\" = false", &["name"])
        .is(Decision::Permit, &["map"])
        .not_by(&["mixed"])
        .lacks(&[]);
    ask_use(&baseline, "\"ready\" = true\n\"calm\" = false", &["name"]).is(Decision::Deny, &["mixed"]);
    ask_use(&baseline, "\"ready\" = true\n\"calm\" = true", &["name"])
        .is(Decision::Permit, &["map", "sell", "mixed"]);
    ask_use(&baseline, "", &["name"])
        .is(Decision::Deny, &["mixed"])
        .lacks(&["ready", "calm"]);
}

#[test]
fn added_data_is_judged_like_what_was_asked_for() {
    let baseline = policy(&[
        "p: permit; operations = [\"use\"]; data = [\"name\", \"serial\"]; grants = [\"purpose\"]",
        "join: classify; operations = [\"use\"]; data = [\"name\"]; adds-data-from = [\"joined\"]",
    ]);
    let fine =
        ask_use(&baseline, "\"joined\" = [\"serial\"]", &["name"]).is(Decision::Permit, &["p", "join"]);
    assert_eq!(fine.categories.len(), 2);
    ask_use(&baseline, "\"joined\" = []", &["name"])
        .is(Decision::Permit, &["p"])
        .not_by(&["join"]);
    ask_use(&baseline, "\"joined\" = [\"place\"]", &["name"]).is(Decision::Deny, &["join"]);
    // Not said is not the same as nothing.
    ask_use(&baseline, "", &["name"])
        .is(Decision::Deny, &["join"])
        .lacks(&["joined"]);
    ask_use(&baseline, "", &["serial"])
        .is(Decision::Permit, &["p"])
        .lacks(&[]);
}

#[test]
fn a_label_brings_a_category_under_the_bans_that_name_it() {
    let baseline = policy(&[
        USE,
        "label: classify; operations = [\"use\"]; data = [\"name\"]; when = 'ready'; adds-label = [\"exact-place\"]",
        "switch: deny; operations = [\"use\"]; data = [\"exact-place\"]; unless = 'switch == \"on\"'",
        "needed: require; operations = [\"use\"]; data = [\"exact-place\"]; must = 'category in needed && source in [\"user\"]'",
        "touch: deny; operations = [\"use\"]; when = 'overlaps(category, [\"exact-place\"])'; unless = 'calm'",
    ]);
    // What is stated about the category counts for its label; nothing permits an exact place, and nothing has to.
    let stated =
        "\"needed\" = [\"name\"]\n\"source\" = { name = [\"user\"] }\n\"switch\" = \"on\"\n\"calm\" = true";
    let world = World::new(&baseline).with(stated).with("\"ready\" = true");
    let fine = world
        .ask("shop", "use", "map", &["name"])
        .is(Decision::Permit, &["use-it", "label"]);
    assert_eq!(fine.categories.len(), 1);
    for (change, rule) in [
        ("\"switch\" = \"off\"", "switch"),
        ("\"needed\" = []", "needed"),
        ("\"calm\" = false", "touch"),
    ] {
        let world = World::new(&baseline)
            .with(stated)
            .with("\"ready\" = true")
            .with(change);
        let answer = world
            .ask("shop", "use", "map", &["name", "serial"])
            .is(Decision::Deny, &[rule, "label"]);
        assert_eq!(answer.categories[0].1, Decision::Deny, "{rule}");
        assert_eq!(answer.categories[1].1, Decision::Permit, "{rule}");
        let plain = World::new(&baseline)
            .with(stated)
            .with("\"ready\" = false")
            .with(change);
        plain
            .ask("shop", "use", "map", &["name"])
            .is(Decision::Permit, &["use-it"]);
    }
}

#[test]
fn a_closed_set_lets_a_label_through_with_its_category() {
    let baseline = policy(&[
        "set: permit; operations = [\"use\"]; else-deny = [\"use\"]; only-data = [\"name\"]; grants = [\"purpose\"]",
        "about: permit; operations = [\"use\"]; else-deny = [\"use\"]; data = [\"place\"]; when = 'ready'; grants = [\"purpose\"]",
        "label: classify; operations = [\"use\"]; adds-label = [\"place\"]",
    ]);
    ask_use(&baseline, "\"ready\" = true", &["name"]).is(Decision::Permit, &["set"]);
    ask_use(&baseline, "\"ready\" = false", &["name"])
        .is(Decision::Deny, &["about"])
        .not_by(&["set"]);
    ask_use(&baseline, "\"ready\" = true", &["serial"]).is(Decision::Deny, &["set"]);
}

#[test]
fn what_classification_adds_is_classified_too() {
    let baseline = policy(&[
        USE,
        "second: classify; operations = [\"use\"]; data = [\"serial\"]; adds-label = [\"place\"]",
        "first: classify; operations = [\"use\"]; data = [\"name\"]; adds-data = [\"serial\"]",
        "ban: deny; operations = [\"use\"]; data = [\"place\"]",
    ]);
    ask_use(&baseline, "", &["name"]).is(Decision::Deny, &["ban", "first", "second"]);
}

#[test]
fn duties_come_with_the_decisions_they_are_for() {
    let due =
        |name: &str, timing: &str| format!("obligations = [{{ id = \"{name}\", timing = \"{timing}\" }}]");
    let baseline = policy(&[
        &format!(
            "p: permit; operations = [\"use\"]; grants = [\"purpose\"]; {}",
            due("tell", "during")
        ),
        &format!(
            "ban: deny; operations = [\"use\"]; unless = 'calm'; {}",
            due("wipe", "after")
        ),
        &format!(
            "owe: oblige; operations = [\"use\"]; unless = 'ready'; {}",
            due("tell", "before")
        ),
        &format!(
            "both: oblige; operations = [\"use\"]; when = 'given(approval)'; {}; accompanies = [\"permit\", \"deny\"]",
            due("tell", "by-deadline")
        ),
    ]);
    ask_use(&baseline, "\"calm\" = true\n\"ready\" = true", &["name"])
        .is(Decision::Permit, &[])
        .owes(&["tell during p"])
        .lacks(&[]);
    ask_use(&baseline, "\"calm\" = true", &["name"])
        .is(Decision::Permit, &[])
        .owes(&["tell before owe", "tell during p"])
        .lacks(&["ready"]);
    ask_use(&baseline, "\"calm\" = false\n\"approval\" = \"A-1\"", &["name"])
        .is(Decision::Deny, &["ban"])
        .owes(&["wipe after ban", "tell by-deadline both"]);
    // A duty is no reason to deny, and no reason for an answer.
    ask_use(&baseline, "\"calm\" = true", &["name"]).not_by(&["owe", "both"]);
}

const RIGHTS: [&str; 4] = [
    "honour: permit; operations = [\"right\"]; when = 'proven'; grants = [\"every\"]",
    "written: pend; operations = [\"right\"]; unless = 'ready'",
    "excessive: deny; operations = [\"right\"]; when = 'ground == \"excessive\"'; refuse-when = 'known(approval)'",
    "kept: deny; operations = [\"right\"]; when = 'held'; refuse-when = 'known(approval)'",
];

#[test]
fn a_right_is_granted_unless_something_stands_against_it() {
    let baseline = policy(&RIGHTS);
    let ask = |facts: &str, data: &[&str]| {
        World::new(&baseline)
            .with(facts)
            .ask("shop", "right", "service", data)
    };
    let fine = "\"proven\" = true\n\"ready\" = true\n\"ground\" = \"none\"\n\"held\" = false";
    ask(fine, &[]).is(Decision::Permit, &["honour"]).lacks(&[]);
    ask(fine, &["name"]).is(Decision::Permit, &["honour"]);
    // Neither proven nor refused: a human is needed.
    ask("\"ready\" = true\n\"ground\" = \"none\"\n\"held\" = false", &[])
        .is(Decision::Pend, &[])
        .lacks(&["proven"]);
    ask("\"proven\" = true\n\"ground\" = \"none\"\n\"held\" = false", &[])
        .is(Decision::Pend, &["written"])
        .lacks(&["ready"]);
    // Unknown grounds refuse nothing.
    ask("\"proven\" = true\n\"ready\" = true", &["name"])
        .is(Decision::Permit, &["honour"])
        .lacks(&["ground", "held"]);
}

#[test]
fn a_right_is_refused_only_with_a_ground_and_an_approval() {
    let baseline = policy(&RIGHTS);
    let ask = |facts: &str, data: &[&str]| {
        World::new(&baseline)
            .with(facts)
            .ask("shop", "right", "service", data)
    };
    let cited = "\"proven\" = true\n\"ready\" = true\n\"ground\" = \"excessive\"\n\"held\" = false";
    ask(cited, &[])
        .is(Decision::Pend, &["excessive"])
        .lacks(&["approval"]);
    ask(&format!("{cited}\n\"approval\" = \"A-1\""), &[])
        .is(Decision::Deny, &["excessive"])
        .lacks(&[]);
}

#[test]
fn a_right_is_refused_item_by_item() {
    let baseline = policy(&RIGHTS);
    let facts = "\"proven\" = true\n\"ready\" = true\n\"ground\" = \"none\"\n\"held\" = { name = true, serial = false }";
    let own = |facts: &str| -> (Decision, Vec<Decision>) {
        let answer =
            World::new(&baseline)
                .with(facts)
                .ask("shop", "right", "service", &["name", "serial", "place"]);
        (answer.decision, answer.categories.iter().map(|it| it.1).collect())
    };
    let (permit, pend, deny) = (Decision::Permit, Decision::Pend, Decision::Deny);
    assert_eq!(own(facts), (pend, vec![pend, permit, permit]));
    assert_eq!(
        own(&format!("{facts}\n\"approval\" = \"A-1\"")),
        (deny, vec![deny, permit, permit])
    );
}

#[test]
fn a_load_is_permitted_unless_a_load_rule_denies_it() {
    let baseline = policy(&[
        "gate: require; operations = [\"use\", \"load\"]; must = 'ready'",
        "never: deny; operations = [\"use\"]",
        "owe: oblige; operations = [\"load\"]; unless = 'category in needed'; obligations = [{ id = \"tell\", timing = \"before\" }]",
    ]);
    let ask = |facts: &str| {
        World::new(&baseline)
            .with(facts)
            .ask("shop", "load", "map", &["name"])
    };
    ask("\"ready\" = true\n\"needed\" = [\"name\"]")
        .is(Decision::Permit, &[])
        .owes(&[])
        .lacks(&[]);
    ask("\"ready\" = true\n\"needed\" = []")
        .is(Decision::Permit, &[])
        .owes(&["tell before owe"]);
    ask("\"needed\" = []")
        .is(Decision::Deny, &["gate"])
        .owes(&["tell before owe"])
        .lacks(&["ready"]);
}

#[test]
fn consent_is_judged_at_the_moment_of_the_event() {
    let baseline = policy(&[
        USE,
        "gate: require; operations = [\"use\"]; must = 'consent.status == \"given\"'",
        "past: classify; operations = [\"use\"]; if-known = 'consent.status == \"withdrawn\" && at < consent.withdrawn_at'; sets = { \"consent.status\" = \"given\" }",
    ]);
    let at = |at: &str, records: &str| {
        World::new(&baseline)
            .with(&format!("\"consent.records\" = [{records}]"))
            .at(at)
            .ask("shop", "use", "map", &["name"])
    };
    let taken_back = "\"map given 2026-01-01 withdrawn 2026-06-01\"";
    at("2025-12-31", taken_back).is(Decision::Deny, &["gate"]);
    at("2026-05-31T23:59:59Z", taken_back).is(Decision::Permit, &["past"]);
    at("2026-06-01", taken_back)
        .is(Decision::Deny, &["gate"])
        .not_by(&["past"]);
    at(
        "2026-07-01",
        "\"map given 2026-01-01 withdrawn 2026-06-01\", \"map given 2026-06-15\"",
    )
    .is(Decision::Permit, &[]);
    at("2026-07-01", "\"map given 2026-01-01 expires 2026-07-01\"").is(Decision::Deny, &["gate"]);
    // Consent names its purpose, and a wider one is another.
    at("2026-07-01", "\"service given 2026-01-01\"").is(Decision::Deny, &["gate"]);
    let unknown = World::new(&baseline)
        .ask("shop", "use", "map", &["name"])
        .is(Decision::Deny, &["gate"]);
    unknown.lacks(&["consent.status", "consent.withdrawn_at"]);
}

#[test]
fn a_determination_counts_for_its_rule_place_and_time_only() {
    let baseline = policy(&[
        USE,
        "one: require; operations = [\"use\"]; must = 'law.permits'",
        "two: require; operations = [\"share\"]; must = 'law.permits'",
        "fixed: require; operations = [\"retain\"]; must = 'law.permits'; jurisdiction = \"RU\"",
    ]);
    let determination = |rule: &str, place: &str, value: bool| {
        format!(
            "[[determination]]\nfact = \"permits\"\nrule = \"{rule}\"\njurisdiction = \"{place}\"\nvalue = {value}\n\
             author = \"counsel\"\ndate = 2026-01-01\nexpires = 2027-01-01\nref = \"L-1\"\n"
        )
    };
    let ask = |law: &str, region: &str, at: &str| {
        World::new(&baseline)
            .law(law)
            .with(&format!("\"subject.region\" = \"{region}\""))
            .at(at)
            .ask("shop", "use", "map", &["name"])
    };
    let in_eea = determination("one", "EEA", true);
    let now = "2026-11-23";
    ask(&in_eea, "NL", now).is(Decision::Permit, &[]).lacks(&[]);
    ask(&in_eea, "IN", now)
        .is(Decision::Deny, &["one"])
        .lacks(&["law.permits"]);
    ask(&in_eea, "NL", "2027-01-01")
        .is(Decision::Deny, &["one"])
        .lacks(&["law.permits"]);
    ask(&in_eea, "NL", "2025-12-31").is(Decision::Deny, &["one"]);
    ask(&determination("two", "EEA", true), "NL", now).is(Decision::Deny, &["one"]);
    ask(&determination("one", "NL", false), "NL", now)
        .is(Decision::Deny, &["one"])
        .lacks(&[]);
    let disagree = in_eea + &determination("one", "NL", false);
    ask(&disagree, "NL", now)
        .is(Decision::Deny, &["one"])
        .lacks(&["law.permits"]);
    ask(&disagree, "DE", now).is(Decision::Permit, &[]);
    let russia = World::new(&baseline)
        .law(&determination("fixed", "RU", true))
        .with("\"subject.region\" = \"NL\"");
    russia.ask("shop", "retain", "map", &["name"]).not_by(&["fixed"]);
}

#[test]
fn another_rule_can_stand_for_its_scope_and_condition() {
    let baseline = policy(&[
        USE,
        "set: permit; operations = [\"collect\"]; purposes = [\"map\"]; data = [\"place\"]; when = 'ready'; grants = [\"source\"]",
        "ban: deny; operations = [\"use\"]; unless = 'rule(\"set\")'",
    ]);
    ask_use(&baseline, "\"ready\" = true", &["place"]).is(Decision::Permit, &[]);
    ask_use(&baseline, "\"ready\" = true", &["name"]).is(Decision::Deny, &["ban"]);
    ask_use(&baseline, "", &["place"])
        .is(Decision::Deny, &["ban"])
        .lacks(&["ready"]);
    let world = World::new(&baseline).with("\"ready\" = true");
    world
        .ask("shop", "use", "service", &["place"])
        .is(Decision::Deny, &["ban"]);
}

#[test]
fn an_explanation_lists_everything_in_scope() {
    let baseline = policy(&[
        USE,
        "ban: deny; operations = [\"use\"]; when = 'ready'",
        "elsewhere: deny; operations = [\"share\"]",
        "note: engine",
    ]);
    let answer = ask_use(&baseline, "", &["name"]).is(Decision::Deny, &["ban"]);
    let considered: Vec<_> = answer
        .judgement
        .considered
        .iter()
        .map(|it| (baseline.rules().name(it.rule), it.kind, it.outcome))
        .collect();
    assert_eq!(
        considered,
        [
            ("ban", RuleKind::Deny, Kleene::Unknown),
            ("use-it", RuleKind::Permit, Kleene::True)
        ]
    );
    let read: Vec<_> = answer
        .judgement
        .read
        .iter()
        .map(|fact| baseline.taxonomy().facts.name(fact))
        .collect();
    assert_eq!(read, ["ready"]);
}
