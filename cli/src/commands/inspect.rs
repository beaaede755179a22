//! `licit inspect`: what a plugin declares, read without running it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use licit_baseline::{
    Activity, Baseline, Diagnostic, Diagnostics, FactValue, Manifest, Retention, Set, Severity, Table,
    Taxonomy, Tier, duration_text,
};
use licit_host::sandbox::{self, Description};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::answer::shown;
use crate::input;
use crate::terminal::{BOLD, DIM, Problem, Terminal, columns, diagnostics, paint, safe, safe_json, wrapped};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The plugin
    #[arg(value_name = "FILE.wasm")]
    plugin: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Output,
    /// Print an `[[approved]]` entry of `changes.toml`, for whoever approves this version to sign
    #[arg(long, conflicts_with = "format")]
    approved: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let name = input::shown(&arguments.plugin);
    let bytes = input::bytes(&arguments.plugin)?;
    let refused = |error: sandbox::LoadError| Problem::Text(format!("`{name}`: {error}"));
    let code = sandbox::describe(&bytes).map_err(refused)?;
    let text = sandbox::manifest_text(&bytes).map_err(refused)?;
    let baseline = Baseline::embedded();
    let taxonomy = baseline.taxonomy();
    let (manifest, found) = match Manifest::parse(&format!("{name}: plugin.toml"), text, taxonomy) {
        Ok((manifest, warnings)) => (Some(manifest), warnings),
        Err(found) => (None, found),
    };
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let misfit = manifest
        .as_ref()
        .and_then(|it| licit_host::check_tier(it.tier, &bytes).err());
    let view = View {
        file: &name,
        digest: &digest,
        code: &code,
        misfit: misfit.as_deref(),
        taxonomy,
    };
    match arguments.format {
        _ if arguments.approved => match &manifest {
            Some(manifest) => view.write_approved(&mut terminal.out, manifest)?,
            None => return Err(Problem::Found(found)),
        },
        Output::Human => view.write(&mut terminal.out, manifest.as_ref(), &found)?,
        Output::Json => {
            let document = view.json(manifest.as_ref(), &found);
            let text = serde_json::to_string_pretty(&document)
                .map_err(|error| Problem::Text(format!("cannot write the answer: {error}")))?;
            writeln!(terminal.out, "{}", safe_json(&text))?;
        }
    }
    terminal.out.flush()?;
    let loadable =
        manifest.is_some() && misfit.is_none() && code.imports.is_empty() && code.exports_evaluator;
    Ok(if loadable {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct View<'v> {
    file: &'v str,
    digest: &'v str,
    code: &'v Description,
    /// Why the code is no plugin of the tier that its manifest declares.
    misfit: Option<&'v str>,
    taxonomy: &'v Taxonomy,
}

impl View<'_> {
    /// What the memory of changes keeps of a version: enough to tell what the next one has beyond it.
    fn write_approved(&self, out: &mut impl Write, manifest: &Manifest) -> io::Result<()> {
        let taxonomy = self.taxonomy;
        let quoted = |words: Vec<&str>| {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            format!("[{}]", words.join(", "))
        };
        writeln!(out, "[[approved]]")?;
        writeln!(out, "product = \"{}\"", taxonomy.products.name(manifest.product))?;
        writeln!(out, "version = \"{}\"", manifest.version)?;
        writeln!(out, "digest = \"sha256:{}\"", self.digest)?;
        writeln!(out, "date = {}", Timestamp::now().strftime("%Y-%m-%d"))?;
        writeln!(out, "author = \"\"")?;
        for activity in &manifest.activities {
            let data = activity.data.iter().map(|it| taxonomy.categories.name(*it));
            let recipients = activity.recipients.iter().map(|it| taxonomy.recipients.name(*it));
            let mut countries: Vec<&str> = activity.storage.iter().map(String::as_str).collect();
            countries.extend(activity.processing.iter().map(String::as_str));
            countries.sort_unstable();
            countries.dedup();
            if countries.is_empty() {
                countries.push("*");
            }
            writeln!(out, "\n[[approved.activity]]")?;
            writeln!(out, "purpose = \"{}\"", taxonomy.purposes.name(activity.purpose))?;
            writeln!(out, "data = {}", quoted(data.collect()))?;
            writeln!(out, "recipients = {}", quoted(recipients.collect()))?;
            writeln!(out, "countries = {}", quoted(countries))?;
            match &activity.retention {
                Some(Retention::Period(length)) => {
                    writeln!(out, "retention = \"{}\"", duration_text(*length))?;
                }
                Some(Retention::Until(event)) => writeln!(out, "retention = \"until:{}\"", safe(event))?,
                None => {}
            }
        }
        Ok(())
    }

    fn write(
        &self,
        out: &mut impl Write,
        manifest: Option<&Manifest>,
        found: &Diagnostics,
    ) -> io::Result<()> {
        match manifest {
            Some(manifest) => {
                let product = self.taxonomy.products.name(manifest.product);
                let head = format!("{product} {}", safe(&manifest.version));
                writeln!(out, "{}", paint(BOLD, &head))?;
            }
            None => writeln!(out, "{}", paint(BOLD, "a plugin whose manifest is refused"))?,
        }
        self.write_code(out)?;
        if let Some(manifest) = manifest {
            self.write_plugin(out, manifest)?;
            for activity in &manifest.activities {
                writeln!(out)?;
                self.write_activity(out, activity)?;
            }
            let rows = |texts: Vec<(String, String)>| -> Vec<(String, String)> { texts };
            let reasons = manifest.reasons.iter().map(|it| (safe(&it.id), safe(&it.text)));
            section(
                out,
                "reasons its code may give for a deny",
                &rows(reasons.collect()),
            )?;
            let due = manifest.obligations.iter();
            let due = due.map(|it| {
                (
                    safe(&it.id),
                    format!("{} {}", safe(&it.text), paint(DIM, &format!("({})", it.timing))),
                )
            });
            section(
                out,
                "obligations its code may attach to a permit",
                &rows(due.collect()),
            )?;
        }
        if !found.is_empty() {
            writeln!(out, "\n{}", diagnostics(found))?;
        }
        Ok(())
    }

    fn write_code(&self, out: &mut impl Write) -> io::Result<()> {
        let code = self.code;
        row(out, "file", &format!("{}, {} bytes", safe(self.file), code.bytes))?;
        row(out, "digest", &format!("sha256:{}", self.digest))?;
        let pages = if code.memory_pages == 1 { "page" } else { "pages" };
        let mut facts = vec![
            format!("{} {pages} of memory", code.memory_pages),
            format!("{} functions", code.functions),
        ];
        if code.imports.is_empty() {
            facts.push("no imports".to_owned());
        } else {
            let names: Vec<String> = code.imports.iter().map(|it| safe(it)).collect();
            facts.push(format!("imports {}, so that no host loads it", names.join(", ")));
        }
        if !code.exports_evaluator {
            facts.push("no evaluator, so that no host loads it".to_owned());
        }
        if code.has_start {
            facts.push("runs code before it is asked anything".to_owned());
        }
        if code.uses_floats {
            facts.push("computes with floating point".to_owned());
        }
        if !code.other_exports.is_empty() {
            let names: Vec<String> = code.other_exports.iter().map(|it| safe(it)).collect();
            facts.push(format!("also exports {}, never called", names.join(", ")));
        }
        row(out, "code", &facts.join(", "))
    }

    fn write_plugin(&self, out: &mut impl Write, manifest: &Manifest) -> io::Result<()> {
        row(
            out,
            "policy",
            &format!("written against {}", safe(&manifest.policy)),
        )?;
        if let Some(url) = &manifest.policy_url {
            row(out, "own policy", &safe(url))?;
        }
        if !manifest.regions.is_empty() {
            row(out, "offered in", &manifest.regions.join(", "))?;
        }
        let nature = [
            (manifest.system_service, "comes with the system"),
            (manifest.child_directed, "made for children"),
            (manifest.financial, "account or money service"),
            (manifest.requires_account, "works only with an account"),
        ];
        let nature: Vec<&str> = nature
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, what)| what)
            .collect();
        if !nature.is_empty() {
            row(out, "nature", &nature.join(", "))?;
        }
        let tier = manifest.tier;
        row(
            out,
            "tier",
            &format!("{}: {} by default", tier.as_str(), licit_host::tier_limits(tier)),
        )?;
        if let Some(problem) = self.misfit {
            row(out, "", &format!("no host loads it so: {problem}"))?;
        }
        if !manifest.combination_partners.is_empty() {
            let names: Vec<&str> = manifest
                .combination_partners
                .iter()
                .map(|it| self.taxonomy.products.name(*it))
                .collect();
            row(
                out,
                "combines",
                &format!("its data with that of {}", names.join(", ")),
            )?;
        }
        let review = manifest.review_date.to_string();
        row(
            out,
            "review by",
            review.get(.."2026-01-01".len()).unwrap_or(&review),
        )
    }

    fn write_activity(&self, out: &mut impl Write, activity: &Activity) -> io::Result<()> {
        writeln!(out, "{}", paint(BOLD, &safe(&activity.id)))?;
        for (key, value) in self.terms(activity) {
            row(out, key, &value)?;
        }
        Ok(())
    }

    /// The terms of an activity that it states, in the order in which people ask for them.
    fn terms(&self, activity: &Activity) -> Vec<(&'static str, String)> {
        let words = |name: &str| -> Option<String> {
            let fact = self.taxonomy.facts.find(name)?;
            let (_, value) = activity.facts.iter().find(|(it, _)| *it == fact)?;
            Some(shown(value))
        };
        let names = |ids: &[licit_baseline::Id<licit_baseline::Fact>]| joined(&self.taxonomy.facts, ids);
        let integrations = activity.integrations.iter().map(|it| {
            let data = joined(&self.taxonomy.categories, &it.data);
            let data = if data.is_empty() {
                "no data".to_owned()
            } else {
                data
            };
            format!("{} ({}: {data})", safe(&it.party), safe(&it.kind))
        });
        let holds = activity
            .holds
            .iter()
            .map(|it| format!("{} ({})", safe(&it.reference), safe(&it.reason)));
        let retention = match &activity.retention {
            Some(Retention::Period(length)) => duration_text(*length),
            Some(Retention::Until(event)) => format!("until {}", safe(event)),
            None => String::new(),
        };
        let all = [
            (
                "purpose",
                self.taxonomy.purposes.name(activity.purpose).to_owned(),
            ),
            (
                "operations",
                members(&self.taxonomy.operations, &activity.operations),
            ),
            ("data", joined(&self.taxonomy.categories, &activity.data)),
            (
                "form",
                words("data.form")
                    .filter(|form| form != "identified")
                    .unwrap_or_default(),
            ),
            (
                "necessary",
                words("necessity").filter(|it| it != "none").unwrap_or_default(),
            ),
            ("basis", basis(activity)),
            ("interest", words("li.interest").unwrap_or_default()),
            ("controls", joined(&self.taxonomy.controls, &activity.controls)),
            ("reads", names(&activity.reads)),
            ("may read", names(&activity.optional_reads)),
            ("retention", retention),
            ("holds", holds.collect::<Vec<_>>().join(", ")),
            ("storage", activity.storage.join(", ")),
            ("processing", activity.processing.join(", ")),
            (
                "recipients",
                joined(&self.taxonomy.recipients, &activity.recipients),
            ),
            ("built in", integrations.collect::<Vec<_>>().join(", ")),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    fn json(&self, manifest: Option<&Manifest>, found: &Diagnostics) -> Value {
        let code = self.code;
        let problem = |it: &Diagnostic| {
            let (line, column) = it.position();
            let severity = if it.severity == Severity::Error {
                "error"
            } else {
                "warning"
            };
            json!({ "severity": severity, "message": it.message, "line": line, "column": column,
                    "reason": it.reason, "help": it.help })
        };
        let activity = |it: &Activity| {
            let mut terms = serde_json::Map::new();
            terms.insert("id".to_owned(), json!(it.id));
            terms.extend(
                self.terms(it)
                    .into_iter()
                    .map(|(key, value)| (key.replace(' ', "-"), self.term(it, key, value))),
            );
            Value::Object(terms)
        };
        let declares = manifest.map(|it| {
            json!({
                "product": self.taxonomy.products.name(it.product),
                "version": it.version,
                "policy": it.policy,
                "policy-url": it.policy_url,
                "regions": it.regions,
                "tier": it.tier.as_str(),
                "limits": limits(it.tier),
                "misfit": self.misfit,
                "child-directed": it.child_directed,
                "financial": it.financial,
                "requires-account": it.requires_account,
                "system-service": it.system_service,
                "review-date": it.review_date.to_string(),
                "activities": it.activities.iter().map(activity).collect::<Vec<_>>(),
                "reasons": it.reasons.iter().map(|it| json!({ "id": it.id, "text": it.text })).collect::<Vec<_>>(),
                "obligations": it.obligations.iter()
                    .map(|it| json!({ "id": it.id, "timing": it.timing.as_str(), "text": it.text }))
                    .collect::<Vec<_>>(),
            })
        });
        json!({
            "file": self.file,
            "digest": format!("sha256:{}", self.digest),
            "code": {
                "bytes": code.bytes,
                "functions": code.functions,
                "memory-pages": code.memory_pages,
                "imports": code.imports,
                "exports-evaluator": code.exports_evaluator,
                "other-exports": code.other_exports,
                "has-start": code.has_start,
                "uses-floats": code.uses_floats,
            },
            "manifest": declares,
            "diagnostics": found.items().iter().map(problem).collect::<Vec<_>>(),
        })
    }

    /// A term as JSON: what is a list of ids stays one.
    fn term(&self, activity: &Activity, key: &str, shown: String) -> Value {
        let split = |text: &str| json!(text.split(", ").collect::<Vec<_>>());
        match key {
            "basis" => {
                let text = |value: &FactValue| value.to_string();
                let basis = &activity.legal_basis;
                let mut map = serde_json::Map::new();
                map.extend(
                    basis
                        .default
                        .iter()
                        .map(|it| ("default".to_owned(), json!(text(it)))),
                );
                map.extend(
                    basis
                        .regions
                        .iter()
                        .map(|(place, it)| (place.clone(), json!(text(it)))),
                );
                Value::Object(map)
            }
            "holds" => json!(
                activity
                    .holds
                    .iter()
                    .map(|it| json!({ "ref": it.reference, "reason": it.reason }))
                    .collect::<Vec<_>>()
            ),
            "built in" => {
                let entry = |it: &licit_baseline::Integration| {
                    let data: Vec<&str> = it
                        .data
                        .iter()
                        .map(|id| self.taxonomy.categories.name(*id))
                        .collect();
                    json!({ "party": it.party, "kind": it.kind, "data": data })
                };
                json!(activity.integrations.iter().map(entry).collect::<Vec<_>>())
            }
            "purpose" | "form" | "interest" | "retention" => json!(shown),
            _ => split(&shown),
        }
    }
}

/// What a plugin of this tier may use, as JSON.
fn limits(tier: Tier) -> Value {
    let limits = licit_host::tier_limits(tier);
    json!({
        "memory-bytes": limits.memory_bytes,
        "fuel": limits.fuel,
        "time-ms": u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX),
        "at-once": limits.slots,
    })
}

fn basis(activity: &Activity) -> String {
    let basis = &activity.legal_basis;
    let default = basis.default.iter().map(shown);
    let regions = basis
        .regions
        .iter()
        .map(|(place, value)| format!("{}: {}", safe(place), shown(value)));
    default.chain(regions).collect::<Vec<_>>().join(", ")
}

fn joined<T: licit_baseline::Entry>(table: &Table<T>, ids: &[licit_baseline::Id<T>]) -> String {
    ids.iter()
        .map(|id| table.name(*id))
        .collect::<Vec<_>>()
        .join(", ")
}

fn members<T: licit_baseline::Entry>(table: &Table<T>, set: &Set<T>) -> String {
    set.iter().map(|id| table.name(id)).collect::<Vec<_>>().join(", ")
}

fn row(out: &mut impl Write, key: &str, value: &str) -> io::Result<()> {
    wrapped(
        out,
        &format!("  {} ", paint(DIM, &format!("{key:11}"))),
        "              ",
        value,
    )
}

fn section(out: &mut impl Write, title: &str, rows: &[(String, String)]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint(BOLD, title))?;
    let width = rows.iter().map(|(key, _)| columns(key)).max().unwrap_or(0);
    for (key, value) in rows {
        wrapped(out, &format!("  {key:width$}  "), &" ".repeat(width + 4), value)?;
    }
    Ok(())
}
