//! What `licit baseline` works out about conditions is what the engine does with them, on random conditions.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use std::collections::BTreeMap;

use licit_baseline::{Baseline, FactValue, Facts, Kleene, Law, Query};
use serde_json::Value;
use support::Deployment;

const VOCABULARY: &str = r#"
policy = { version = "2026-01-01", title = "x", effective = "2026-01-01T00:00:00Z" }
category = [
  { id = "all", section = ["1"], meaning = "x" },
  { id = "contact", parents = ["all"], section = ["1"], meaning = "x" },
  { id = "email", parents = ["contact"], section = ["1"], meaning = "x" },
  { id = "phone", parents = ["contact"], section = ["1"], meaning = "x" },
  { id = "place", parents = ["all"], section = ["1"], meaning = "x" },
]
purpose = [
  { id = "any", section = ["1"], meaning = "x" },
  { id = "service", parents = ["any"], section = ["1"], meaning = "x" },
  { id = "sales", parents = ["any"], section = ["1"], meaning = "x" },
]
operation = [{ id = "use", axes = ["purpose"], meaning = "x" }]
product = [{ id = "shop", section = ["1"], data = ["all"], purposes = ["any"], meaning = "x" }]
fact = [
  { name = "switch", type = "text", values = ["on", "off"], supplier = "state", section = ["1"], meaning = "x" },
  { name = "safe", type = "flag", supplier = "state", section = ["1"], meaning = "x", unknown = false },
  { name = "ref", type = "text", values-of = "references", supplier = "caller", section = ["1"], meaning = "x" },
  { name = "count", type = "integer", supplier = "caller", section = ["1"], meaning = "x" },
  { name = "words", type = "texts", values-of = "free-text", supplier = "caller", section = ["1"], meaning = "x" },
]
"#;

/// A small generator, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// A condition; where holding helps, places have to lie inside.
    fn condition(&mut self, opens: bool, depth: usize) -> String {
        let number = self.below(4);
        match self.below(if depth == 0 { 9 } else { 14 }) {
            0 => format!(
                "switch {} \"{}\"",
                self.pick(&["==", "!="]),
                self.pick(&["on", "off"])
            ),
            1 => "safe".to_owned(),
            2 => format!("known({})", self.pick(&["ref", "switch", "words", "safe"])),
            3 => format!("count {} {number}", self.pick(&["<", "<="])),
            4 => format!("{number} {} count", self.pick(&["<", "<="])),
            5 => format!("\"{}\" in words", self.pick(&["a", "b"])),
            6 if opens => format!("words in [{}]", self.pick(&["", "\"a\"", "\"a\", \"b\""])),
            6 | 7 => {
                let what = self.pick(&["contact", "email", "place"]);
                if opens {
                    format!("category in [\"{what}\"]")
                } else {
                    format!("overlaps(category, [\"{what}\"])")
                }
            }
            8 => {
                let what = self.pick(&["service", "sales"]);
                if opens {
                    format!("purpose in [\"{what}\"]")
                } else {
                    format!("overlaps(purpose, [\"{what}\"])")
                }
            }
            9 | 10 => format!("!({})", self.condition(!opens, depth - 1)),
            11 | 12 => format!(
                "({} && {})",
                self.condition(opens, depth - 1),
                self.condition(opens, depth - 1)
            ),
            _ => format!(
                "({} || {})",
                self.condition(opens, depth - 1),
                self.condition(opens, depth - 1)
            ),
        }
    }

    /// A policy of so many bans, each with a condition.
    fn policy(&mut self, rules: usize) -> String {
        let mut text = VOCABULARY.to_owned();
        for at in 0..rules {
            // Every other condition works for the processing.
            let opens = at % 2 == 1;
            let key = if opens { "unless" } else { "when" };
            let condition = self.condition(opens, 3);
            text.push_str(&format!(
                "[[rule]]\nid = \"r{at}\"\nsection = [\"1\"]\nkind = \"deny\"\nsummary = \"x\"\noperations = [\"use\"]\n{key} = '{condition}'\n"
            ));
        }
        text
    }
}

/// For each rule, whether it fires, for every combination of facts and places there is.
fn fires(policy: &str) -> BTreeMap<String, Vec<bool>> {
    let baseline = Baseline::read([("policy.toml", policy)]).unwrap();
    let taxonomy = baseline.taxonomy();
    let text = |word: &str| Some(FactValue::Text(word.into()));
    let words = |words: &[&str]| Some(FactValue::texts(words.iter().copied()));
    let values = [
        ("switch", vec![None, text("on"), text("off")]),
        (
            "safe",
            vec![None, Some(FactValue::Flag(true)), Some(FactValue::Flag(false))],
        ),
        ("ref", vec![None, text("some")]),
        (
            "count",
            (-1..5)
                .map(|it| Some(FactValue::Integer(it)))
                .chain([None])
                .collect(),
        ),
        (
            "words",
            vec![
                None,
                words(&[]),
                words(&["a"]),
                words(&["b"]),
                words(&["a", "b"]),
                words(&["a", "c"]),
                words(&["c"]),
                words(&["*"]),
            ],
        ),
    ];
    let law = Law::default();
    let at = "2026-06-01T00:00:00Z".parse().unwrap();
    let mut seen: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    let combinations: usize = values.iter().map(|(_, it)| it.len()).product();
    for combination in 0..combinations {
        let mut facts = Facts::new(&baseline, &law, at);
        let mut rest = combination;
        for (name, all) in &values {
            if let Some(value) = &all[rest % all.len()] {
                facts.set(taxonomy.facts.find(name).unwrap(), value);
            }
            rest /= all.len();
        }
        for purpose in ["service", "sales"] {
            for category in ["contact", "email", "phone", "place"] {
                let query = Query {
                    operation: taxonomy.operations.find("use").unwrap(),
                    product: taxonomy.products.find("shop").unwrap(),
                    purpose: taxonomy.purposes.find(purpose).unwrap(),
                    data: &[taxonomy.categories.find(category).unwrap()],
                    explain: true,
                    settled: None,
                };
                for considered in baseline.judge(&query, &facts).considered {
                    let id = baseline.rules().name(considered.rule).to_owned();
                    seen.entry(id)
                        .or_default()
                        .push(considered.outcome != Kleene::False);
                }
            }
        }
    }
    seen
}

fn run(here: &Deployment, arguments: &[&str]) -> Value {
    here.run(arguments).json()
}

#[test]
fn lint_calls_constant_what_is_constant() {
    let here = Deployment::bare();
    std::fs::create_dir(here.dir.path().join("p")).unwrap();
    let policy = Random(0x5eed).policy(500);
    here.write("p/policy.toml", policy.as_bytes());
    let document = run(
        &here,
        &[
            "baseline",
            "lint",
            "--without-cases",
            "--baseline",
            "p",
            "--format",
            "json",
        ],
    );
    let findings = document["findings"].as_array().unwrap();
    let mut constant = 0;
    for (id, seen) in fires(&policy) {
        let message = findings
            .iter()
            .filter(|it| it["lint"] == "constant-condition" && it["subject"] == *id)
            .map(|it| it["message"].as_str().unwrap())
            .find(|it| it.starts_with("`when` ") || it.starts_with("`unless` "));
        let expected = match (seen.iter().all(|it| *it), seen.iter().any(|it| *it)) {
            (true, _) => Some(["`when` always holds", "`unless` never holds"]),
            (_, false) => Some(["`when` never holds", "`unless` always holds"]),
            _ => None,
        };
        match (message, expected) {
            (Some(message), Some(expected)) => assert!(expected.contains(&message), "{id}: {message}"),
            (message, expected) => assert_eq!(message.is_some(), expected.is_some(), "{id}: {message:?}"),
        }
        constant += usize::from(expected.is_some());
    }
    assert!(constant > 20, "{constant} of 500 conditions are constant");
}

#[test]
fn diff_calls_wider_what_is_wider() {
    let here = Deployment::bare();
    let mut random = Random(0xd1ff);
    let (old, new) = (random.policy(150), random.policy(150));
    for (folder, policy) in [("old", &old), ("new", &new)] {
        std::fs::create_dir(here.dir.path().join(folder)).unwrap();
        here.write(&format!("{folder}/policy.toml"), policy.as_bytes());
    }
    let document = run(&here, &["baseline", "diff", "old", "new", "--format", "json"]);
    let changes = document["changes"].as_array().unwrap();
    let (before, after) = (fires(&old), fires(&new));
    let mut found = BTreeMap::new();
    for (id, before) in before {
        let pairs = || before.iter().zip(&after[&id]);
        let gained = pairs().any(|(before, after)| !before && *after);
        let lost = pairs().any(|(before, after)| *before && !after);
        // A ban that fires more often narrows.
        let expected = match (gained, lost) {
            (false, false) => "same",
            (true, false) => "narrows",
            (false, true) => "widens",
            (true, true) => "check",
        };
        let effect = changes
            .iter()
            .find(|it| it["id"] == *id)
            .map_or("same", |it| it["effect"].as_str().unwrap());
        assert_eq!(effect, expected, "{id}");
        *found.entry(expected).or_insert(0) += 1;
    }
    assert_eq!(found.len(), 4, "{found:?}");
}
