//! A plugin never widens the baseline: whatever its manifest covers and whatever it votes, what it gets permitted the
//! baseline permits by itself, on the facts that the answer says it rests on.

use jiff::Timestamp;
use licit_baseline::{Baseline, Decision as Judged, FactValue, Facts, Law, Manifest, Query, Supplier};
use licit_conformance::reference::{Policy, Request, Value};
use licit_host::{Decision, Format, Host};

use crate::compare::written;
use crate::engine::Engine;
use crate::random::{Generator, Random};
use crate::{number, policy_files};

/// A manifest that covers a request, and says anything about the rest; `None` if the product may not declare it.
fn covering(request: &Request, baseline: &Baseline, random: &mut Random) -> Option<String> {
    const BASES: [&str; 4] = ["contract", "consent", "legal-obligation", "legitimate-interest"];
    let taxonomy = baseline.taxonomy();
    let quoted = |words: &[&str]| {
        words
            .iter()
            .map(|it| format!("{it:?}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let data: Vec<&str> = request.data.iter().map(String::as_str).collect();
    let controls: Vec<&str> = taxonomy.controls.names().filter(|_| random.once_in(6)).collect();
    let sources = ["user", "observed"].map(|it| random.once_in(2).then_some(it));
    let source = sources.into_iter().flatten().next().unwrap_or("user");
    let named: Vec<String> = data.iter().map(|it| format!("{it:?} = {source:?}")).collect();
    let basis = match request.facts.get("basis") {
        Some(Value::Text(basis)) if !random.once_in(4) && BASES.contains(&basis.as_str()) => basis,
        _ => *random.one(&BASES),
    };
    let retention = if request.operation == "retain" {
        "retention = { period = \"P1D\" }\n"
    } else {
        ""
    };
    let text = format!(
        "[plugin]\nproduct = {:?}\nversion = \"1.0.0\"\npolicy = \"2025-10-10\"\nchild-directed = false\n\
         financial = {}\nrequires-account = {}\nsystem-service = {}\nreview-date = 2026-11-01\n\n\
         [[activity]]\nid = \"only\"\npurpose = {:?}\noperations = [{:?}]\ndata = [{}]\nsource = {{ {} }}\n\
         necessary = {}\nlegal-basis = {basis:?}\ncontrols = [{}]\n{retention}",
        request.product,
        random.once_in(2),
        random.once_in(2),
        !random.once_in(3),
        request.purpose,
        request.operation,
        quoted(&data),
        named.join(", "),
        !random.once_in(3),
        quoted(&controls),
    );
    Manifest::parse("plugin.toml", &text, taxonomy).ok().map(|_| text)
}

#[test]
fn an_always_permit_plugin_permits_nothing_that_the_baseline_denies() {
    let files = policy_files();
    let policy = Policy::read(files.iter().map(|(_, text)| text.as_str())).expect("the policy reads");
    let engine = Engine::new(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let baseline = Baseline::embedded();
    let generator = Generator::new(&policy);
    let (mut permits, mut denies, mut last) = (0, 0, None);
    let plugins = number("LICIT_REQUESTS", 100_000) / 1000;
    let mut loaded = 0;
    for seed in number("LICIT_SEED", 1)..u64::MAX {
        if loaded == plugins {
            break;
        }
        let request = generator.request(seed * 4, &mut last);
        let random = &mut Random::new(seed ^ 0xB0A7);
        if matches!(request.operation.as_str(), "right" | "load") || request.data.is_empty() {
            continue;
        }
        // The request itself, as some product that may declare it.
        let mut products = policy.products.iter().map(|product| Request {
            product: product.clone(),
            ..request.clone()
        });
        let first = covering(&request, &baseline, random).map(|text| (request.clone(), text));
        let found = first.or_else(|| {
            products.find_map(|request| covering(&request, &baseline, random).map(|text| (request, text)))
        });
        let Some((request, manifest)) = found else {
            continue;
        };
        let host = Host::builder()
            .discharges_all()
            .loaded_at(Timestamp::from_nanosecond(request.at).expect("an instant"))
            .plugin(
                "random",
                licit_conformance::fixture(&manifest).expect("the fixture's code is right"),
            )
            .build()
            .expect("a host");
        if !host.refused().is_empty() {
            continue;
        }
        loaded += 1;
        let mut theme = Some((seed, request));
        for variation in seed * 4..seed * 4 + 4 {
            let request = generator.request(variation, &mut theme);
            if ask(&engine, &baseline, &host, &request, &manifest, random) {
                permits += 1;
            } else {
                denies += 1;
            }
        }
    }
    println!("{permits} permitted, {denies} denied");
    assert!(
        plugins < 100 || permits * 20 > denies,
        "too few permits to prove anything"
    );
}

/// Whether the host permits it. If so, the baseline does as well.
fn ask(
    engine: &Engine,
    baseline: &Baseline,
    host: &Host,
    request: &Request,
    manifest: &str,
    random: &mut Random,
) -> bool {
    let taxonomy = baseline.taxonomy();
    let at = Timestamp::from_nanosecond(request.at).expect("an instant");
    let text = serde_json::json!({
        "product": request.product, "operation": request.operation, "purpose": request.purpose,
        "data": request.data, "at": at.to_string(),
    });
    let Ok(asked) = host.request("random", &text.to_string(), Format::Json) else {
        return false;
    };
    let mut assumed = Vec::new();
    for (name, value) in &request.facts {
        let id = taxonomy.facts.find(name).expect("a fact");
        let fact = taxonomy.facts.get(id).expect("a fact");
        // What the manifest says is left to it half the time.
        if fact.supplier != Supplier::Manifest || random.once_in(2) {
            assumed.push((id, engine.value(fact, value)));
        }
    }
    let answer = host.suppose(&asked, &assumed);
    if answer.decision != Decision::Permit {
        return false;
    }
    let law = Law::default();
    let at_value = FactValue::Time(at);
    let mut facts = Facts::new(baseline, &law, at);
    let used = &answer.explanation.as_ref().expect("an explanation").facts_used;
    let used = used.iter().map(|fact| (fact.name.as_str(), &fact.value));
    for (name, value) in used.chain([("at", &at_value)]) {
        facts.set(taxonomy.facts.find(name).expect("a fact"), value);
    }
    let data: Vec<_> = request
        .data
        .iter()
        .map(|id| taxonomy.categories.find(id).expect("a category"))
        .collect();
    let query = Query {
        operation: taxonomy
            .operations
            .find(&request.operation)
            .expect("an operation"),
        product: taxonomy.products.find(&request.product).expect("a product"),
        purpose: taxonomy.purposes.find(&request.purpose).expect("a purpose"),
        data: &data,
        explain: false,
        settled: None,
    };
    assert_eq!(
        baseline.judge(&query, &facts).decision,
        Judged::Permit,
        "the baseline denies it\n{manifest}\n{}",
        written(request)
    );
    true
}
