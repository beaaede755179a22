//! Manifests of `tests/manifests`: the good ones are accepted, the bad ones are refused with exactly the messages in
//! the `.stderr` file beside them. `BLESS=1` rewrites these files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::{Activity, Manifest};
use crate::diagnostic::{Diagnostics, Severity};
use crate::fact::FactValue;
use crate::table::Id;
use crate::taxonomy::{Category, Reader, Taxonomy};

static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(|| {
    let mut files = Vec::new();
    toml_files(&root().join("2025-10-10"), &mut files);
    files.retain(|file| !file.components().any(|part| part.as_os_str() == "rules"));
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|file| (file.display().to_string(), fs::read_to_string(file).unwrap()))
        .collect();
    taxonomy(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))
});

fn taxonomy<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Taxonomy {
    let reader = Reader::new(files);
    let taxonomy = reader.taxonomy();
    let found = reader.finish();
    assert!(!found.has_errors(), "{found}");
    taxonomy
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn toml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            toml_files(&path, found);
        } else if path.extension().is_some_and(|it| it == "toml") {
            found.push(path);
        }
    }
    found.sort();
}

fn cases(kind: &str) -> Vec<(PathBuf, String, Vec<u8>)> {
    let mut files = Vec::new();
    toml_files(&root().join("tests/manifests").join(kind), &mut files);
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&path).unwrap();
            (path, name, bytes)
        })
        .collect()
}

fn check_messages(path: &Path, found: &Diagnostics, wrong: &mut Vec<String>) {
    let stderr = path.with_extension("stderr");
    let shown = if found.is_empty() {
        String::new()
    } else {
        format!("{found}\n")
    };
    if std::env::var_os("BLESS").is_some() {
        if shown.is_empty() {
            let _ = fs::remove_file(&stderr);
        } else {
            fs::write(&stderr, &shown).unwrap();
        }
        return;
    }
    let expected = fs::read_to_string(&stderr).unwrap_or_default();
    if shown != expected {
        wrong.push(format!("{}:\n{shown}\ninstead of:\n{expected}", path.display()));
    }
}

#[test]
fn good_manifests_are_accepted() {
    let mut wrong = Vec::new();
    for (path, name, bytes) in cases("good") {
        match Manifest::from_bytes(&name, &bytes, &TAXONOMY) {
            Ok((_, warnings)) => {
                assert!(!warnings.has_errors(), "{name}: {warnings}");
                check_messages(&path, &warnings, &mut wrong);
            }
            Err(found) => wrong.push(format!("{name} is refused:\n{found}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn bad_manifests_are_refused_with_these_messages() {
    let mut wrong = Vec::new();
    for (path, name, bytes) in cases("bad") {
        match Manifest::from_bytes(&name, &bytes, &TAXONOMY) {
            Ok(_) => wrong.push(format!("{name} is accepted")),
            Err(found) => {
                assert!(found.has_errors(), "{name}: refused without an error");
                check_messages(&path, &found, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn good(name: &str) -> Manifest {
    let text = fs::read_to_string(root().join("tests/manifests/good").join(name)).unwrap();
    Manifest::parse(name, &text, &TAXONOMY).unwrap().0
}

fn category(id: &str) -> Id<Category> {
    TAXONOMY.categories.find(id).unwrap()
}

fn names(ids: &[Id<Category>]) -> Vec<&str> {
    ids.iter().map(|id| TAXONOMY.categories.name(*id)).collect()
}

fn fact<'a>(facts: &'a [(Id<crate::Fact>, FactValue)], name: &str) -> Option<&'a FactValue> {
    let id = TAXONOMY.facts.find(name).unwrap();
    facts.iter().find(|(fact, _)| *fact == id).map(|(_, value)| value)
}

fn shown(activity: &Activity, name: &str) -> Option<String> {
    fact(&activity.facts, name).map(ToString::to_string)
}

#[test]
fn an_activity_covers_what_lies_inside_it_on_every_axis() {
    let manifest = good("everything.toml");
    let activity = manifest.activity("deliver-order").unwrap();
    let purpose = |id| TAXONOMY.purposes.find(id).unwrap();
    let operation = |id| TAXONOMY.operations.find(id).unwrap();
    let covers = |purpose_id, operation_id, data: &[&str]| {
        let data: Vec<_> = data.iter().map(|id| category(id)).collect();
        activity.covers(purpose(purpose_id), operation(operation_id), &data)
    };
    assert!(covers("order-delivery", "share", &["postal-code", "name"]));
    assert!(covers("order-delivery", "use", &["recipient-information"]));
    assert!(!covers("order-delivery", "use", &["name", "email-address"]));
    assert!(!covers("order-delivery", "erase", &["name"]));
    assert!(!covers("order-processing", "use", &["name"]));
    assert!(!covers("order-delivery", "use", &[]));
    assert!(!covers("order-delivery", "use", &["personal-information"]));
}

#[test]
fn the_most_specific_declared_entry_stands_for_a_category() {
    let manifest = good("everything.toml");
    let activity = manifest.activity("deliver-order").unwrap();
    let entry = |id| {
        activity
            .declared_entry(category(id))
            .map(|id| TAXONOMY.categories.name(id))
    };
    assert_eq!(entry("delivery-address"), Some("delivery-address"));
    assert_eq!(entry("postal-code"), Some("recipient-information"));
    assert_eq!(entry("order-number"), Some("order-information"));
    assert_eq!(entry("email-address"), None);
    assert_eq!(
        names(&activity.data),
        [
            "delivery-address",
            "name",
            "order-information",
            "recipient-information",
            "xiaomi-account-id"
        ]
    );
}

#[test]
fn facts_of_the_manifest_take_the_names_and_types_of_the_fact_table() {
    let manifest = good("everything.toml");
    let activity = manifest.activity("deliver-order").unwrap();
    for (id, value) in manifest
        .facts
        .iter()
        .chain(manifest.activities.iter().flat_map(|it| &it.facts))
    {
        let fact = TAXONOMY.facts.get(*id).unwrap();
        assert_eq!(fact.supplier, crate::Supplier::Manifest, "{}: {value}", fact.name);
    }
    assert_eq!(
        shown(activity, "data.source").unwrap(),
        "delivery-address=other-user, name=other-user, user, order-information=observed, user, \
         recipient-information=user, xiaomi-account-id=assigned"
    );
    assert_eq!(shown(activity, "data.form").unwrap(), "identified");
    assert_eq!(
        shown(activity, "necessity").unwrap(),
        "name, recipient-information"
    );
    assert_eq!(
        shown(activity, "field.mandatory_marked").unwrap(),
        "name, postal-code"
    );
    assert_eq!(shown(activity, "retention.declared_period").unwrap(), "P28D");
    assert_eq!(shown(activity, "plugin.controls").unwrap(), "");
    assert_eq!(
        shown(activity, "integration.kind"),
        None,
        "two kinds: no single word is right"
    );
    assert_eq!(shown(activity, "li.interest"), None);
    let account = manifest.activity("keep-account").unwrap();
    assert_eq!(shown(account, "li.interest").unwrap(), "account-security");
    assert_eq!(shown(account, "li.balance_ref").unwrap(), "LIA-7");
    assert_eq!(
        shown(account, "retention.declared_period").unwrap(),
        "until:account-cancelled"
    );
    assert_eq!(
        shown(account, "necessity").unwrap(),
        "ip-address, xiaomi-account-id"
    );
    let order = manifest.activity("deliver-order").unwrap();
    assert_eq!(shown(order, "plugin.recipients").unwrap(), "delivery-provider");
    assert_eq!(shown(account, "plugin.recipients").unwrap(), "");
    let plugin = |name| fact(&manifest.facts, name).unwrap().to_string();
    assert_eq!(plugin("product.financial"), "true");
    assert_eq!(plugin("plugin.recipients"), "delivery-provider");
    assert_eq!(
        plugin("plugin.integrations"),
        "api:Parcel Co:delivery-address,name, link:Map Co:"
    );
    assert_eq!(plugin("plugin.combination_partners"), "customer-support");
    assert!(plugin("plugin.categories").starts_with("delivery-address, ip-address, name"));
}

#[test]
fn a_source_is_known_for_the_categories_below_a_declared_entry() {
    let manifest = good("everything.toml");
    let activity = manifest.activity("deliver-order").unwrap();
    let Some(FactValue::PerCategory(entries)) = fact(&activity.facts, "data.source") else {
        panic!("`data.source` is per category");
    };
    let of = |id| {
        let found: Vec<String> = entries
            .iter()
            .filter(|entry| entry.covers.contains(category(id)))
            .map(|entry| entry.value.to_string())
            .collect();
        assert!(found.len() < 2, "{id} has one source at most: {found:?}");
        found.into_iter().next()
    };
    assert_eq!(of("delivery-address").as_deref(), Some("other-user"));
    assert_eq!(of("postal-code").as_deref(), Some("user"));
    assert_eq!(of("order-number").as_deref(), Some("observed, user"));
    assert_eq!(of("email-address"), None);
}

#[test]
fn the_exact_country_beats_the_region_group_beats_the_default() {
    let manifest = good("everything.toml");
    let activity = manifest.activity("deliver-order").unwrap();
    let basis = |region| activity.basis(&TAXONOMY, region).map(ToString::to_string);
    assert_eq!(basis(Some("DE")).as_deref(), Some("consent"));
    assert_eq!(basis(Some("FR")).as_deref(), Some("contract"));
    assert_eq!(basis(Some("IN")).as_deref(), Some("consent"));
    assert_eq!(basis(Some("BR")).as_deref(), Some("contract"));
    assert_eq!(basis(None), None, "the region is unknown and bases differ");
    assert_eq!(
        basis(Some("EEA")),
        None,
        "a country of the group has another basis"
    );
    let same = good("smallest.toml");
    let basis = |region| {
        same.activities[0]
            .basis(&TAXONOMY, region)
            .map(ToString::to_string)
    };
    assert_eq!(basis(None).as_deref(), Some("consent"));
    assert_eq!(basis(Some("BR")).as_deref(), Some("consent"));
}

#[test]
fn without_a_default_no_other_region_has_a_basis() {
    let text = fs::read_to_string(root().join("tests/manifests/good/smallest.toml"))
        .unwrap()
        .replace("legal-basis = \"consent\"", "legal-basis = { EEA = \"consent\" }");
    let (manifest, _) = Manifest::parse("plugin.toml", &text, &TAXONOMY).unwrap();
    let basis = |region| manifest.activities[0].basis(&TAXONOMY, region);
    assert!(basis(Some("NL")).is_some());
    assert!(basis(Some("IN")).is_none());
    assert!(basis(None).is_none());
}

/// Golden case G48a, for every product: declaring a root or a class gives a warning and covers nothing at all.
#[test]
fn a_class_of_data_is_accepted_and_covers_nothing() {
    for (_, product) in TAXONOMY.products.iter() {
        let purpose = TAXONOMY.purposes.name(product.purposes.iter().next().unwrap());
        for class in ["personal-information", "information"] {
            let controls: Vec<&str> = TAXONOMY.controls.names().collect();
            let text = format!(
                "[plugin]\nproduct = \"{}\"\nversion = \"1.0.0\"\npolicy = \"2025-10-10\"\nchild-directed = false\n\
                 financial = false\nrequires-account = true\nsystem-service = true\nreview-date = 2026-11-01\n\
                 [[activity]]\nid = \"a\"\npurpose = \"{purpose}\"\noperations = [\"collect\"]\ndata = [\"{class}\"]\n\
                 necessary = true\nlegal-basis = \"contract\"\ncontrols = {controls:?}\n",
                product.id
            );
            let (manifest, warnings) = Manifest::parse(&product.id, &text, &TAXONOMY).unwrap();
            let warning = &warnings.items()[0];
            assert_eq!(warning.severity, Severity::Warning);
            assert!(
                warning
                    .reason
                    .as_ref()
                    .unwrap()
                    .contains("illustrative-list-leaf")
            );
            assert!(manifest.activities[0].covers.is_empty());
            assert!(manifest.held_categories().is_empty());
            assert_eq!(manifest.activities[0].declared_entry(category("oaid")), None);
        }
    }
}

/// Whatever is declared, what it covers lies inside the ceiling: no group, however wide, reaches beyond it.
#[test]
fn nothing_that_is_accepted_reaches_beyond_the_ceiling() {
    let (mut accepted, mut classes) = (0, std::collections::BTreeSet::new());
    for (_, product) in TAXONOMY.products.iter() {
        let mut ceiling = product.data.clone();
        product
            .restricted_data
            .iter()
            .for_each(|restricted| ceiling.add(&restricted.data));
        let purpose = TAXONOMY.purposes.name(product.purposes.iter().next().unwrap());
        let controls: Vec<&str> = TAXONOMY.controls.names().collect();
        for name in TAXONOMY.categories.names() {
            let text = format!(
                "[plugin]\nproduct = \"{}\"\nversion = \"1.0.0\"\npolicy = \"2025-10-10\"\nchild-directed = false\n\
                 financial = false\nrequires-account = false\nsystem-service = true\nreview-date = 2026-11-01\n\
                 [[activity]]\nid = \"a\"\npurpose = \"{purpose}\"\noperations = [\"use\"]\ndata = [\"{name}\"]\n\
                 legal-basis = \"contract\"\ncontrols = {controls:?}\n",
                product.id
            );
            if let Ok((manifest, warnings)) = Manifest::parse(&product.id, &text, &TAXONOMY) {
                accepted += 1;
                if !warnings.is_empty() {
                    classes.insert(name);
                }
                assert!(
                    manifest.held_categories().is_subset(&ceiling),
                    "{}: {name}",
                    product.id
                );
            }
        }
    }
    assert!(accepted > 1000, "{accepted}");
    assert_eq!(
        classes.into_iter().collect::<Vec<_>>(),
        ["information", "personal-information"]
    );
}

/// The tables of a company that knows nothing of this one's facts, rules and places.
#[test]
fn a_fact_that_the_table_does_not_have_is_left_out() {
    let tables = r#"
[[category]]
id = "everything"
section = ["1"]
meaning = "all"
[[category]]
id = "name"
parents = ["everything"]
section = ["1"]
source = ["user"]
meaning = "name"
[[category]]
id = "place"
parents = ["everything"]
section = ["1"]
source = ["observed"]
meaning = "place"
[[purpose]]
id = "any"
section = ["1"]
meaning = "all"
[[purpose]]
id = "serve"
parents = ["any"]
section = ["1"]
meaning = "serve"
[[operation]]
id = "collect"
axes = ["purpose", "source"]
meaning = "collect"
[[product]]
id = "shop"
section = ["1"]
data = ["name"]
purposes = ["serve"]
meaning = "shop"
[[region]]
id = "NORTH"
countries = ["NO", "SE"]
[[region]]
id = "UNION"
countries = ["ES", "SE"]
[[fact]]
name = "basis"
type = "text"
supplier = "manifest"
section = ["1"]
meaning = "basis"
[[fact]]
name = "data.source"
type = "flag"
supplier = "manifest"
section = ["1"]
meaning = "something else under the same name"
[[fact]]
name = "data.form"
type = "text"
supplier = "caller"
section = ["1"]
meaning = "supplied by somebody else"
"#;
    let taxonomy = taxonomy([("tables.toml", tables)]);
    let text = "[plugin]\nproduct = \"shop\"\nversion = \"1.0.0\"\npolicy = \"v1\"\nchild-directed = false\n\
                financial = false\nrequires-account = false\nsystem-service = false\nreview-date = 2026-11-01\n\
                [[activity]]\nid = \"a\"\npurpose = \"serve\"\noperations = [\"collect\"]\ndata = [\"name\"]\n\
                legal-basis = { default = \"bargain\", BR = \"custom\" }\n";
    let (manifest, warnings) = Manifest::parse("plugin.toml", text, &taxonomy).unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    assert!(manifest.facts.is_empty());
    assert!(manifest.activities[0].facts.is_empty());
    let basis = manifest.activities[0].basis(&taxonomy, Some("BR"));
    assert_eq!(basis, Some(&FactValue::Text("custom".into())));
    let unclear = text.replace("BR = \"custom\"", "NORTH = \"custom\", UNION = \"law\"");
    let found = Manifest::parse("plugin.toml", &unclear, &taxonomy).unwrap_err();
    assert_eq!(
        found.items()[0].message,
        "`SE` lies in `UNION` and in `NORTH`, whose bases differ"
    );
    let clear = unclear.replace("NORTH =", "SE = \"law\", NORTH =");
    let (manifest, _) = Manifest::parse("plugin.toml", &clear, &taxonomy).unwrap();
    let basis = |region| manifest.activities[0].basis(&taxonomy, Some(region));
    assert_eq!(basis("SE"), Some(&FactValue::Text("law".into())));
    assert_eq!(basis("NO"), Some(&FactValue::Text("custom".into())));
    let outside = text.replace("\"name\"", "\"place\"");
    assert!(Manifest::parse("plugin.toml", &outside, &taxonomy).is_err());
}

/// A manifest travels inside a file that nobody trusts yet: whatever is in it, reading it ends, and soon.
#[test]
fn hostile_texts_are_refused_in_time() {
    const SIZE: usize = super::read::LARGEST;
    let fill = |unit: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for at in 0.. {
            let next = unit(at);
            if text.len() + next.len() > SIZE {
                break;
            }
            text.push_str(&next);
        }
        text
    };
    let smallest = fs::read_to_string(root().join("tests/manifests/good/smallest.toml")).unwrap();
    let (plugin, activity) = smallest.split_once("[[activity]]").unwrap();
    let texts = [
        ("too large", "#".repeat(SIZE + 1)),
        ("nested lists", format!("a = {}", "[".repeat(SIZE - 4))),
        ("nested tables", format!("a{} = 1", ".a".repeat(SIZE / 2 - 8))),
        ("nested inline tables", "a = {".repeat(SIZE / 5)),
        ("not a letter", "\u{0}".repeat(SIZE)),
        ("unknown keys", fill(&|at| format!("k{at}=1\n"))),
        (
            "unknown ids",
            format!(
                "{plugin}combination-partners = [{}]\n",
                fill(&|at| format!("\"{at}\","))
                    .get(..SIZE - 1000)
                    .unwrap()
                    .trim_end_matches(|it| it != ',')
            ),
        ),
        (
            "a long id",
            format!("[plugin]\nproduct = \"{}\"\n", "theme".repeat(SIZE / 5 - 8)),
        ),
        ("many activities", fill(&|_| format!("[[activity]]{activity}"))),
        ("empty activities", fill(&|_| "[[activity]]\n".to_owned())),
        ("reasons", fill(&|at| format!("[reason.r{at}]\n"))),
        ("control characters", fill(&|at| format!("k{at}=\"\\u0001\"\n"))),
    ];
    for (what, text) in texts {
        let start = Instant::now();
        let found = Manifest::parse("hostile.toml", &text, &TAXONOMY).unwrap_err();
        let shown = found.to_string();
        let took = start.elapsed();
        println!(
            "{what}: {took:?}, {} problems, {} bytes of messages",
            found.items().len(),
            shown.len()
        );
        assert!(found.has_errors(), "{what}");
        if what == "too large" {
            assert_eq!(
                found.items()[0].message,
                "the manifest is 262145 bytes long, more than 262144"
            );
        }
        assert!(took < Duration::from_secs(5), "{what} took {took:?}");
    }
}
