//! The first plugin of a product: an activity that the policy permits, found by asking it, and the files around it.

use std::fmt::Write as _;

use heck::ToUpperCamelCase;
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use licit_baseline::{
    Axis, Baseline, Category, Diagnostics, Entry, Id, Manifest, Product, Set, Table, Taxonomy,
};
use licit_conformance::{CaseFile, PERMISSIVE, as_cases_are_asked, fixture, lacking};
use licit_host::{Decision, Host};

/// What the author said. What is left open is found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) activity: Option<String>,
    pub(crate) purpose: Option<String>,
    pub(crate) operations: Vec<String>,
    pub(crate) data: Vec<String>,
    pub(crate) legal_basis: Option<String>,
    pub(crate) nature: Nature,
}

/// What kind of product it is.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Nature {
    /// The product is made for children
    #[arg(long)]
    child_directed: bool,
    /// It is an account or money service
    #[arg(long)]
    financial: bool,
    /// It works only for people who are signed in
    #[arg(long)]
    requires_account: bool,
    /// It comes with the system, so that nobody has to choose it
    #[arg(long)]
    system_service: bool,
}

/// The first activity of a product, with the terms under which the policy permits it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) product: String,
    pub(crate) purpose: String,
    pub(crate) operations: Vec<String>,
    pub(crate) data: Vec<String>,
    pub(crate) legal_basis: String,
    activity: String,
    meaning: String,
    policy: String,
    today: Date,
    nature: Nature,
    /// Whether it is about where somebody is, and whether the place has to be exact.
    on_location: bool,
    on_precise_location: bool,
    sources: Vec<(String, String)>,
    controls: Vec<String>,
    recipients: Vec<String>,
    /// What its cases say of the call, beside the facts that lie under all cases.
    given: Vec<(&'static str, String)>,
}

/// Why there is no draft.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// What is wrong with the manifest that was tried.
    Manifest(Diagnostics),
    /// What the policy says against it.
    Denied(String),
}

/// What is tried, the most usual first.
const OPERATIONS: [&str; 6] = ["use", "collect", "store", "notify", "contact", "share"];
const BASES: [&str; 3] = ["contract", "consent", "legal-obligation"];

/// The most data categories that a first activity gets unasked.
const MOST: usize = 3;

/// The most data categories that are tried for one purpose: what the policy permits there is among the first.
const TRIED: usize = 8;

/// What an activity of a product may declare.
#[derive(Debug)]
pub(crate) struct Choices {
    /// What the policy names for this product.
    pub(crate) purposes: Vec<String>,
    pub(crate) data: Vec<String>,
    /// What it opens to every product.
    pub(crate) shared_purposes: Vec<String>,
    pub(crate) shared_data: Vec<String>,
}

impl Choices {
    pub(crate) fn of(taxonomy: &Taxonomy, product: &Product) -> Self {
        let mut rest = product.purposes.clone();
        rest.subtract(&product.named_purposes);
        let mut data = names(&taxonomy.categories, &product.named_data);
        for restricted in &product.restricted_data {
            data.extend(names(&taxonomy.categories, &restricted.data));
        }
        let mut others = product.data.clone();
        others.subtract(&product.named_data);
        Self {
            purposes: names(&taxonomy.purposes, &product.named_purposes),
            data,
            shared_purposes: names(&taxonomy.purposes, &rest),
            shared_data: names(&taxonomy.categories, &others),
        }
    }
}

/// The names of a set, those that lie in no other of it first.
fn names<T: Entry>(table: &Table<T>, set: &Set<T>) -> Vec<String> {
    let below = |id: &Id<T>| set.iter().any(|other| other != *id && table.is_below(*id, other));
    let (below, top): (Vec<_>, Vec<_>) = set.iter().partition(below);
    let name = |id: Id<T>| table.name(id).to_owned();
    top.into_iter().chain(below).map(name).collect()
}

impl Draft {
    /// Finds the first activity of a product that the policy permits.
    pub(crate) fn find(
        baseline: &Baseline,
        product: &Product,
        wishes: &Wishes,
        today: Date,
    ) -> Result<Self, Refusal> {
        let choices = Choices::of(baseline.taxonomy(), product);
        // What is the product's own comes first.
        let order = [
            (&choices.purposes, &choices.data),
            (&choices.purposes, &choices.shared_data),
            (&choices.shared_purposes, &choices.data),
            (&choices.shared_purposes, &choices.shared_data),
        ];
        let mut refusal = None;
        for (purposes, data) in order {
            let purposes = wishes.purpose.as_ref().map_or(&**purposes, std::slice::from_ref);
            for purpose in purposes {
                match Self::with_purpose(baseline, product, wishes, today, purpose, data) {
                    Ok(draft) => return Ok(draft),
                    // The first is what the author meant, or the most usual.
                    Err(found) => refusal = refusal.or(found),
                }
            }
        }
        Err(refusal.unwrap_or_else(|| Refusal::Denied("the policy names nothing for it".to_owned())))
    }

    /// The draft for one purpose with the most data.
    fn with_purpose(
        baseline: &Baseline,
        product: &Product,
        wishes: &Wishes,
        today: Date,
        purpose: &str,
        usual: &[String],
    ) -> Result<Self, Option<Refusal>> {
        let each = |wish: &[String], usual: &[String]| match wish {
            [] => usual.iter().map(|it| vec![it.clone()]).collect(),
            _ => vec![wish.to_vec()],
        };
        let bases = wishes.legal_basis.as_ref().map_or(&BASES[..], |_| &[]);
        let bases: Vec<&str> = wishes
            .legal_basis
            .as_deref()
            .into_iter()
            .chain(bases.iter().copied())
            .collect();
        let usual = usual.get(..TRIED).unwrap_or(usual);
        let mut best: Option<Self> = None;
        let mut refusal = None;
        for operations in each(&wishes.operations, &OPERATIONS.map(ToOwned::to_owned)) {
            for legal_basis in &bases {
                for data in each(&wishes.data, usual) {
                    let mut draft = Self {
                        product: product.id.clone(),
                        purpose: purpose.to_owned(),
                        operations: operations.clone(),
                        data,
                        legal_basis: (*legal_basis).to_owned(),
                        activity: wishes.activity.clone().unwrap_or_else(|| purpose.to_owned()),
                        meaning: product.meaning.clone(),
                        policy: baseline.version().to_owned(),
                        today,
                        nature: wishes.nature,
                        on_location: false,
                        on_precise_location: false,
                        sources: Vec::new(),
                        controls: Vec::new(),
                        recipients: Vec::new(),
                        given: Vec::new(),
                    };
                    draft.bind(baseline.taxonomy(), product);
                    match draft.permitted() {
                        Ok(given) => {
                            draft.given = given;
                            let draft = draft.widened(baseline, product, wishes, usual);
                            if best
                                .as_ref()
                                .is_none_or(|best| best.data.len() < draft.data.len())
                            {
                                best = Some(draft);
                            }
                        }
                        Err(found) => refusal = refusal.or(Some(found)),
                    }
                    if best.as_ref().is_some_and(|best| best.data.len() >= MOST) {
                        return best.ok_or(refusal);
                    }
                }
                if best.is_some() {
                    return best.ok_or(refusal);
                }
            }
        }
        Err(refusal)
    }

    /// The draft with more of what people expect of a first activity, as far as it stays permitted.
    fn widened(self, baseline: &Baseline, product: &Product, wishes: &Wishes, usual: &[String]) -> Self {
        let mut draft = self;
        let mut offer = |change: &dyn Fn(&mut Self)| {
            let mut wider = draft.clone();
            change(&mut wider);
            wider.bind(baseline.taxonomy(), product);
            if wider.permitted().is_ok_and(|given| given == wider.given) {
                draft = wider;
            }
        };
        if wishes.operations.is_empty() {
            for operation in ["collect", "use", "store"] {
                offer(&|draft| {
                    if !draft.operations.iter().any(|it| it == operation) {
                        draft.operations.push(operation.to_owned());
                    }
                });
            }
        }
        if wishes.data.is_empty() {
            for data in usual.iter().take(2 * MOST) {
                offer(&|draft| {
                    if draft.data.len() < MOST && !draft.covers(&baseline.taxonomy().categories, data) {
                        draft.data.push(data.clone());
                    }
                });
            }
        }
        draft
    }

    /// Whether it has a data category, or one above it.
    fn covers(&self, categories: &Table<Category>, data: &str) -> bool {
        let id = |name: &str| categories.find(name);
        let mut own = self.data.iter().filter_map(|it| id(it));
        id(data).is_some_and(|data| own.any(|it| categories.is_below(data, it)))
    }

    /// Names what the policy binds to its purpose and its data: controls, sources, recipients.
    fn bind(&mut self, taxonomy: &Taxonomy, product: &Product) {
        let purposes = taxonomy.purposes.find(&self.purpose);
        let purposes = purposes.map(|it| taxonomy.purposes.subtree(it));
        let ids: Vec<_> = self
            .data
            .iter()
            .filter_map(|it| taxonomy.categories.find(it))
            .collect();
        let mut covers = taxonomy.categories.empty_set();
        ids.iter()
            .for_each(|id| taxonomy.categories.add_subtree(*id, &mut covers));
        let bound = product.controls.iter().filter(|it| {
            purposes
                .as_ref()
                .is_some_and(|purposes| it.purposes.intersects(purposes))
                || it.data.intersects(&covers)
        });
        self.controls = bound
            .map(|it| taxonomy.controls.name(it.control).to_owned())
            .collect();
        let touches = |group: &str| {
            let group = taxonomy.categories.find(group);
            group.is_some_and(|it| taxonomy.categories.subtree(it).intersects(&covers))
        };
        self.on_location = touches("location-information");
        self.on_precise_location = touches("precise-location");
        let entries = ids.iter().filter_map(|id| taxonomy.categories.get(*id));
        // Where the policy knows one source, it need not be said.
        self.sources = entries
            .filter(|it| it.source.len() > 1)
            .filter_map(|it| Some((it.id.clone(), it.source.first()?.clone())))
            .collect();
        let hands = self
            .operations
            .iter()
            .filter_map(|it| taxonomy.operations.get(taxonomy.operations.find(it)?));
        let hands = hands
            .flat_map(|it| it.axes.iter())
            .any(|axis| axis == Axis::Recipient);
        let receivers = product.recipients.iter().filter(|_| hands).take(1);
        self.recipients = receivers
            .map(|it| taxonomy.recipients.name(*it).to_owned())
            .collect();
    }

    /// What a case has to say beside the usual facts for each of its operations to be permitted.
    fn permitted(&self) -> Result<Vec<(&'static str, String)>, Refusal> {
        let host = self.host()?;
        let mut said = vec![vec![], vec![("data.origin_product", self.product.clone())]];
        for facts in said.clone() {
            said.push([facts, vec![("locus", "device".to_owned())]].concat());
        }
        let mut against = None;
        for mut given in said {
            given.extend(self.recipients.iter().map(|it| ("recipient.class", it.clone())));
            let lines: Vec<String> = (self.operations.iter())
                .map(|operation| format!("\"{operation}\" = {{ operation = \"{operation}\" }}"))
                .collect();
            let file = self.read(&host, &given, &lines.join("\n"))?;
            let answers = file.cases.iter().map(|case| case.answer(&host));
            match answers
                .into_iter()
                .find(|answer| answer.decision != Decision::Permit)
            {
                None => return Ok(given),
                Some(answer) => {
                    let rules: Vec<String> = answer.deciding.into_iter().map(|(rule, _)| rule).collect();
                    against = against.or(Some(Refusal::Denied(rules.join(", "))));
                }
            }
        }
        Err(against.unwrap_or_else(|| Refusal::Denied("nothing permits it".to_owned())))
    }

    /// A host of this plugin alone, whose code has no objection.
    fn host(&self) -> Result<Host, Refusal> {
        let denied = |error: String| Refusal::Denied(error);
        let manifest = self.manifest();
        let baseline = Baseline::embedded();
        Manifest::parse("plugin.toml", &manifest, baseline.taxonomy()).map_err(Refusal::Manifest)?;
        let plugin = fixture(&manifest).map_err(|error| denied(error.to_string()))?;
        let builder = as_cases_are_asked(Host::builder()).plugin("plugin.toml", plugin);
        let host = builder.build().map_err(|error| denied(error.to_string()))?;
        match host.refused().first() {
            Some(refused) => Err(denied(refused.to_string())),
            None => Ok(host),
        }
    }

    fn read(&self, host: &Host, given: &[(&str, String)], lines: &str) -> Result<CaseFile, Refusal> {
        let text = format!("{}\n[variations]\n{lines}\n", self.base(given));
        CaseFile::read(host, "cases", &text, Some(PERMISSIVE)).map_err(Refusal::Manifest)
    }

    fn review(&self) -> Date {
        let year: Span = 1.year();
        self.today.checked_add(year).unwrap_or(self.today)
    }

    /// Whether it lies on the person's device and nowhere else.
    fn on_device(&self) -> bool {
        self.purpose == "on-device-function"
    }
}

/// The files.
impl Draft {
    /// `plugin.toml`, with a word on each line that an author will edit.
    pub(crate) fn manifest(&self) -> String {
        let Self {
            product,
            meaning,
            policy,
            activity,
            purpose,
            legal_basis,
            ..
        } = self;
        let mut lines = vec![
            format!("product = \"{product}\""),
            "version = \"0.1.0\"|raise it with every change; one that declares more has to be approved again"
                .to_owned(),
            format!("policy = \"{policy}\"|the version of the policy that you read"),
            format!(
                "child-directed = {}|true: made for children",
                self.nature.child_directed
            ),
            format!(
                "financial = {}|true: an account or money service",
                self.nature.financial
            ),
            format!(
                "requires-account = {}|true: works only for people who are signed in",
                self.nature.requires_account
            ),
            format!(
                "system-service = {}|true: comes with the system, so that nobody has to choose it",
                self.nature.system_service
            ),
            format!(
                "review-date = {}|when somebody has to look at this again",
                self.review()
            ),
        ];
        let mut text = format!(
            "# What {product} ({meaning}) does with personal data. What is not declared here is never permitted.\n\n[plugin]\n{}",
            commented(&lines)
        );
        lines = vec![
            format!("id = \"{activity}\"|your name for it"),
            format!("purpose = \"{purpose}\"|what it is for, in a word of the policy"),
            format!(
                "operations = {}|what is done with the data",
                quoted(&self.operations)
            ),
            format!(
                "data = {}|which data; each stands for all that is below it",
                quoted(&self.data)
            ),
        ];
        if !self.sources.is_empty() {
            let sources: Vec<String> = self
                .sources
                .iter()
                .map(|(data, from)| format!("{data} = \"{from}\""))
                .collect();
            lines.push(format!(
                "source = {{ {} }}|where it comes from: the policy knows several sources",
                sources.join(", ")
            ));
        }
        lines.push("necessary = true|the purpose cannot be reached without any of it".to_owned());
        lines.push(format!(
            "legal-basis = \"{legal_basis}\"|on what ground; may differ by region: {{ default = …, IN = … }}"
        ));
        if self.on_location {
            lines.push("feature = \"location\"|what kind of feature needs it".to_owned());
        }
        if self.on_precise_location {
            lines.push("needs-precise = true|a city or a network cell would not do".to_owned());
        }
        if !self.controls.is_empty() {
            lines.push(format!(
                "controls = {}|switches of the person that stop it",
                quoted(&self.controls)
            ));
        }
        if !self.recipients.is_empty() {
            lines.push(format!(
                "recipients = {}|who gets the data",
                quoted(&self.recipients)
            ));
        }
        if !self.on_device() {
            lines.push("retention = { period = \"P180D\" }|how long it is kept".to_owned());
            lines.push("storage = [\"SG\"]|in which countries".to_owned());
        }
        text += &format!(
            "\n# One entry for each purpose.\n[[activity]]\n{}",
            commented(&lines)
        );
        text += "\n# Why your code may refuse what is declared: `deny(Reason::TooOld)`. It has to have a case.\n\
                 # [reason.too-old]\n# text = \"what lies back more than a month is not used\"\n";
        text
    }

    /// `src/lib.rs`.
    pub(crate) fn code(&self) -> String {
        let camel = |word: &String| word.to_upper_camel_case();
        let purpose = camel(&self.purpose);
        let operation = self.operations.first().map(camel).unwrap_or_default();
        let data: Vec<String> = self.data.iter().map(camel).collect();
        format!(
            "//! What {product} adds to its manifest: nothing yet.\n\n\
             licit_guest::plugin!();\n\n\
             /// The vote on a request that the policy and `plugin.toml` permit: it can only narrow what they allow.\n\
             pub fn evaluate(request: &Request) -> Verdict {{\n    \
                 match request.purpose() {{\n        \
                     Purpose::{purpose} => permit(),\n    \
                 }}\n\
             }}\n\n\
             #[cfg(test)]\n\
             mod tests {{\n    \
                 use super::*;\n    \
                 use licit_guest::testing::ask;\n\n    \
                 #[test]\n    \
                 fn what_is_declared_is_permitted() {{\n        \
                     ask!({operation} {purpose} [{data}]).assert_permit();\n    \
                 }}\n\
             }}\n",
            product = self.product,
            data = data.join(", "),
        )
    }

    /// `cases/<product>.toml`: a permit, and whatever the cases of a plugin have to show beside it.
    pub(crate) fn cases(&self) -> Result<String, Refusal> {
        let host = self.host()?;
        let first = self.read(&host, &self.given, "\"it\" = {}")?;
        let duties = first.cases.iter().flat_map(|case| case.answer(&host).obligations);
        let duties: Vec<String> = duties.collect();
        let permit = if duties.is_empty() {
            "{ decision = \"permit\" }".to_owned()
        } else {
            format!("{{ decision = \"permit\", obligations = {} }}", quoted(&duties))
        };
        let mut lines = vec![("what is declared".to_owned(), permit)];
        let asked = format!(
            "operation = \"{}\", purpose = \"{}\", data = {}, ",
            self.operations.first().map_or("", String::as_str),
            self.purpose,
            quoted(&self.data)
        );
        loop {
            let rows: Vec<String> = lines
                .iter()
                .map(|(name, rest)| format!("\"{name}\" = {rest}"))
                .collect();
            let file = self.read(&host, &self.given, &rows.join("\n"))?;
            let before = lines.len();
            for lack in lacking(&host, &self.product, [&file]).map_err(Refusal::Denied)? {
                // What the base says need not be said again.
                let line = lack.add.replace(&asked, "");
                if let Some((name, rest)) = line.split_once(" = ")
                    && !rest.contains('…')
                    && !lines.iter().any(|(other, _)| *other == name.trim_matches('"'))
                {
                    lines.push((name.trim_matches('"').to_owned(), rest.to_owned()));
                }
            }
            if lines.len() == before {
                break;
            }
        }
        let width = lines
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or_default()
            + 2;
        let mut text = format!(
            "# What the plugin of {} answers. Facts that are not named here stand in nobody's way.\n\n{}\n\
             # A line is a case: what differs from the base, and what has to come out. No decision: deny.\n[variations]\n",
            self.product,
            self.base(&self.given)
        );
        for (name, rest) in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{:width$} = {rest}", format!("\"{name}\""));
        }
        Ok(text)
    }

    fn base(&self, given: &[(&str, String)]) -> String {
        let operation = self.operations.first().map_or("", String::as_str);
        let mut text = format!(
            "[base.request]\nproduct = \"{}\"\noperation = \"{operation}\"\npurpose = \"{}\"\ndata = {}\nat = {}T10:00:00Z\n",
            self.product,
            self.purpose,
            quoted(&self.data),
            self.today
        );
        if !given.is_empty() {
            text += "\n[base.given]\n";
            for (fact, value) in given {
                let _ = writeln!(text, "\"{fact}\" = \"{value}\"");
            }
        }
        text
    }
}

/// Lines of TOML, each with the comment that stands behind a bar in it, the comments below each other.
fn commented(lines: &[String]) -> String {
    const WIDEST: usize = 60;
    let parts: Vec<(&str, &str)> = lines
        .iter()
        .map(|it| it.split_once('|').unwrap_or((it, "")))
        .collect();
    let width = |line: &str| line.chars().count();
    let widest = parts.iter().filter(|(_, comment)| !comment.is_empty());
    let widest = widest
        .map(|(line, _)| width(line))
        .filter(|it| *it <= WIDEST)
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for (line, comment) in parts {
        let _ = match comment {
            "" => writeln!(text, "{line}"),
            _ => writeln!(text, "{line:widest$}  # {comment}"),
        };
    }
    text
}

fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("[{}]", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_has_a_first_activity_that_its_cases_show_completely() {
        let baseline = Baseline::embedded();
        let today = "2026-11-23".parse().unwrap();
        let products: Vec<&Product> = baseline.taxonomy().products.iter().map(|it| it.1).collect();
        assert_eq!(products.len(), 34);
        for product in products {
            let draft = Draft::find(&baseline, product, &Wishes::default(), today)
                .unwrap_or_else(|refusal| panic!("{}: {refusal:?}", product.id));
            let (_, warnings) =
                Manifest::parse("plugin.toml", &draft.manifest(), baseline.taxonomy()).unwrap();
            assert!(warnings.is_empty(), "{}: {warnings}", product.id);
            let host = draft.host().unwrap();
            let cases = draft.cases().unwrap();
            let file = CaseFile::read(&host, "cases.toml", &cases, Some(PERMISSIVE)).unwrap();
            for case in &file.cases {
                case.check(&host)
                    .unwrap_or_else(|error| panic!("{}: {}: {error}", product.id, case.name));
            }
            let lacks = lacking(&host, &product.id, [&file]).unwrap();
            assert_eq!(lacks, [], "{}", product.id);
        }
    }

    #[test]
    fn what_the_author_says_stands() {
        let baseline = Baseline::embedded();
        let products = &baseline.taxonomy().products;
        let themes = products.get(products.find("themes").unwrap()).unwrap();
        let wishes = Wishes {
            activity: Some("recommend".to_owned()),
            purpose: Some("content-recommendation".to_owned()),
            operations: vec!["use".to_owned()],
            data: vec!["download-history".to_owned()],
            legal_basis: Some("consent".to_owned()),
            nature: Nature {
                system_service: true,
                ..Nature::default()
            },
        };
        let today = "2026-11-23".parse().unwrap();
        let manifest = Draft::find(&baseline, themes, &wishes, today).unwrap().manifest();
        for line in [
            "id = \"recommend\"",
            "purpose = \"content-recommendation\"",
            "operations = [\"use\"]",
            "data = [\"download-history\"]",
            "legal-basis = \"consent\"",
            "controls = [\"personalisation\"]",
            "system-service = true",
            "review-date = 2027-11-23",
        ] {
            assert!(
                manifest.lines().any(|it| it.starts_with(line)),
                "{line}: {manifest}"
            );
        }
        let banned = Wishes {
            data: vec!["imei".to_owned()],
            ..wishes.clone()
        };
        let refused = Draft::find(&baseline, themes, &banned, today).unwrap_err();
        assert!(
            matches!(&refused, Refusal::Manifest(found) if found.to_string().contains("imei")),
            "{refused:?}"
        );
        let baseless = Wishes {
            legal_basis: Some("contract".to_owned()),
            ..wishes
        };
        let refused = Draft::find(&baseline, themes, &baseless, today);
        assert!(
            !matches!(&refused, Err(Refusal::Denied(rules)) if rules.is_empty()),
            "{refused:?}"
        );
    }
}
