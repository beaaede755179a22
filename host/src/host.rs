//! What a backend service embeds: plugins and profile loaded once, questions answered for as long as it runs.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::Arc;

use arc_swap::ArcSwap;
use cap_std::fs::Dir;
use jiff::Timestamp;
use licit_baseline::{
    Baseline, Decision, Diagnostics, Document, Fact, FactValue, Fields, Format, Id, Manifest, Node, Product,
    Rule, Timing,
};
use sha2::{Digest, Sha256};

use crate::changes::Changes;
use crate::deployment::Deployment;
use crate::edition::{Code, Edition, LoadedPlugin};
use crate::engines::{EngineOptions, Engines};
use crate::error::{BuildError, LoadError};
use crate::evaluate::{Options, evaluate};
use crate::expiry::{Expiry, lapsing};
use crate::load::{self, LoadAnswer, LoadRequest, Terms};
use crate::openings::{self, Openings};
use crate::profile::Profile;
use crate::request::{Request, collect_facts};
use crate::response::Response;
use crate::rights::{Claims, PersonRequest, RightAnswer};
use crate::sandbox::{SandboxOptions, manifest_text};

/// A policy host: the policy, the deployment's profile and the plugins of its products.
///
/// Cheap to clone and safe to share: all clones answer from the same snapshot, which [`Host::reload`] replaces whole.
///
/// # Examples
///
/// ```no_run
/// use cap_std::{ambient_authority, fs::Dir};
/// use licit_host::{Decision, Format, Host};
///
/// let plugins = Dir::open_ambient_dir("target/plugins", ambient_authority())?;
/// let host = Host::builder().plugins(&plugins)?.build()?;
/// let themes = host.product("themes")?;
/// let request = host.request("the request", r#"{"product": "themes", "operation": "use",
///     "purpose": "content-recommendation", "data": ["download-history"], "at": "2026-11-23T10:00:00Z"}"#, Format::Json)?;
/// match themes.evaluate(&request).decision {
///     Decision::Permit => { /* go on, and discharge the obligations */ }
///     Decision::Deny | Decision::Pend => { /* do not */ }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    snapshot: ArcSwap<Snapshot>,
    engines: Engines,
    discharges: Option<Vec<String>>,
}

/// Everything that answers depend on; immutable.
#[derive(Debug)]
struct Snapshot {
    /// By effective date, the earliest first.
    editions: Vec<Arc<Edition>>,
    baselines: Vec<Arc<Baseline>>,
    refused: Vec<LoadError>,
}

impl Snapshot {
    /// The edition whose policy a request was checked against.
    fn edition(&self, request: &Request) -> Option<&Arc<Edition>> {
        self.editions
            .iter()
            .find(|edition| Arc::ptr_eq(&edition.baseline, &request.baseline))
    }
}

/// The files of a deployment, read but not yet checked.
#[derive(Debug, Clone, Default)]
struct Files {
    /// Name and content of every plugin.
    plugins: Vec<(String, Vec<u8>)>,
    deployment: Deployment,
}

/// Puts a [`Host`] together.
#[derive(Debug, Clone)]
pub struct HostBuilder {
    baselines: Vec<Arc<Baseline>>,
    files: Files,
    engines: EngineOptions,
    discharges: Option<Vec<String>>,
    now: Option<Timestamp>,
}

/// The largest plugin file that is read at all; the sandbox has tighter bounds of its own.
const LARGEST_FILE: u64 = 64 << 20;

impl HostBuilder {
    /// Judges under these versions of the policy instead of the one that is built in.
    #[must_use]
    pub fn baselines(mut self, baselines: impl IntoIterator<Item = Arc<Baseline>>) -> Self {
        self.baselines = baselines.into_iter().collect();
        self.baselines.sort_by_key(|baseline| baseline.effective());
        self
    }

    /// Adds every `.wasm` file of a folder.
    ///
    /// # Errors
    ///
    /// If the folder or a file in it cannot be read. What the files hold is checked by [`HostBuilder::build`].
    pub fn plugins(mut self, dir: &Dir) -> Result<Self, BuildError> {
        self.files.plugins.extend(read_plugins(dir)?);
        Ok(self)
    }

    /// Adds one plugin, given as the name it goes by in messages and its bytes.
    #[must_use]
    pub fn plugin(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.files.plugins.push((name.to_owned(), bytes));
        self
    }

    /// Uses this deployment profile (`licit.toml`). Without one, facts of the host and of registers are unknown.
    #[must_use]
    pub fn profile(mut self, name: &str, text: &str) -> Self {
        self.files.deployment = self.files.deployment.profile(name, text);
        self
    }

    /// Uses these legal determinations (`law.toml`). Without them, the law is unknown.
    #[must_use]
    pub fn law(mut self, name: &str, text: &str) -> Self {
        self.files.deployment = self.files.deployment.law(name, text);
        self
    }

    /// Uses this memory of changes (`changes.toml`). Without it, every plugin is taken for the first version of its
    /// product; see [`Deployment::changes`].
    #[must_use]
    pub fn changes(mut self, name: &str, text: &str) -> Self {
        self.files.deployment = self.files.deployment.changes(name, text);
        self
    }

    /// Uses all texts of a deployment at once, in place of those given so far.
    #[must_use]
    pub fn deployment(mut self, deployment: Deployment) -> Self {
        self.files.deployment = deployment;
        self
    }

    /// Says which obligations the service can discharge, by id (`themes:refresh-index` for a plugin's own). A permit
    /// with a before-duty outside them is a deny. A service that says nothing can discharge none.
    #[must_use]
    pub fn discharges<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.discharges = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Says that whoever reads the answers discharges every obligation in them, or heeds that it cannot.
    #[must_use]
    pub fn discharges_all(mut self) -> Self {
        self.discharges = None;
        self
    }

    /// Bounds and sizes of the sandbox for one tier: that of compiled plugins, or that of plugins which declare
    /// `tier = "interpreted"` if the options began as [`SandboxOptions::interpreted`]. The other tier keeps its own.
    ///
    /// The engine of the interpreted tier is set up with the first plugin that declares it.
    #[must_use]
    pub fn sandbox(mut self, options: SandboxOptions) -> Self {
        self.engines.set(options);
        self
    }

    /// The instant at which the loading of plugins is judged; the system's clock if left out.
    #[must_use]
    pub fn loaded_at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// Loads everything.
    ///
    /// A plugin that cannot be loaded is refused by name ([`Host::refused`]) and leaves the others alone.
    ///
    /// # Errors
    ///
    /// If the profile, the determinations or the memory of changes are wrong, or the sandbox cannot be set up.
    pub fn build(self) -> Result<Host, BuildError> {
        let engines = Engines::new(self.engines)?;
        let at = self.now.unwrap_or_else(Timestamp::now);
        let discharges = self.discharges.as_deref();
        let snapshot = load_all(&engines, self.baselines, &self.files, discharges, at, None)?;
        let snapshot = ArcSwap::from_pointee(snapshot);
        Ok(Host {
            shared: Arc::new(Shared {
                snapshot,
                engines,
                discharges: self.discharges,
            }),
        })
    }
}

impl Host {
    /// Starts with the policy that is built in, no plugins and no profile.
    #[must_use]
    pub fn builder() -> HostBuilder {
        HostBuilder {
            baselines: vec![Baseline::embedded()],
            files: Files::default(),
            engines: EngineOptions::default(),
            discharges: Some(Vec::new()),
            now: None,
        }
    }

    /// The handle through which a service of this product asks.
    ///
    /// # Errors
    ///
    /// If the policy does not know the product. A product that it knows and that has no plugin loaded has a handle:
    /// its requests are denied as not loaded.
    pub fn product(&self, id: &str) -> Result<ProductHandle, BuildError> {
        let snapshot = self.shared.snapshot.load();
        let known = snapshot
            .baselines
            .iter()
            .any(|baseline| baseline.taxonomy().products.find(id).is_some());
        if known {
            return Ok(ProductHandle {
                host: self.clone(),
                product: id.to_owned(),
            });
        }
        let names = snapshot
            .baselines
            .last()
            .map(|baseline| baseline.taxonomy().products.names());
        Err(BuildError::unknown_product(
            id,
            licit_baseline::nearest(id, names.into_iter().flatten()),
        ))
    }

    /// Checks a request: its ids against the policy in force at its time, its facts against the fact table.
    ///
    /// `name` is what messages call the text.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place and the nearest valid name.
    pub fn request(&self, name: &str, text: &str, format: Format) -> Result<Request, Diagnostics> {
        Request::read(name, text, format, &self.shared.snapshot.load().baselines)
    }

    /// Checks a request that is part of a larger document, such as a file of cases; reports into the document.
    pub fn read_request(&self, document: &Document, fields: &Fields<'_>) -> Option<Request> {
        Request::read_table(document, fields, &self.shared.snapshot.load().baselines)
    }

    /// Reads a table of facts of any supplier, as [`Host::suppose`] takes them; reports into the document.
    ///
    /// Nested tables and dotted names mean the same.
    pub fn read_facts(
        &self,
        document: &Document,
        node: &Node,
        baseline: &Baseline,
    ) -> Vec<(Id<Fact>, FactValue)> {
        let taxonomy = baseline.taxonomy();
        let mut facts = Vec::new();
        collect_facts(document, baseline, "", node, &mut |fact, _, node| {
            let value = taxonomy
                .facts
                .get(fact)
                .and_then(|it| it.read_value(document, node, &taxonomy.categories));
            facts.extend(value.map(|value| (fact, value)));
        });
        facts
    }

    /// Asks whether a declaration may come into force at `at`, before there is any code: the question that loading its
    /// plugin into a new host asks.
    ///
    /// `manifest` and `changes` are each a name for messages and a text; without `changes`, this host's memory counts.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the texts; or that no version of the policy is in force then.
    ///
    /// # Examples
    ///
    /// ```
    /// use licit_host::{Decision, Host};
    ///
    /// let host = Host::builder().profile("licit.toml", "[profile]\nname = \"a\"\nsigned-off-by = \"b\"\n\
    ///     date = 2026-01-01\nexpires = 2028-01-01\n[facts]\nreview.date = 2026-06-30").build().unwrap();
    /// let manifest = r#"
    /// [plugin]
    /// product = "notes"
    /// version = "1.0.0"
    /// policy = "2025-10-10"
    /// child-directed = false
    /// financial = false
    /// requires-account = false
    /// system-service = true
    /// review-date = "2026-11-01"
    ///
    /// [[activity]]
    /// id = "show-notes"
    /// purpose = "on-device-function"
    /// operations = ["use"]
    /// data = ["note-content"]
    /// legal-basis = "contract"
    /// "#;
    /// let at = "2026-11-23T10:00:00Z".parse().unwrap();
    /// let request = host.load_request(("plugin.toml", manifest), None, at).unwrap();
    /// assert_eq!(host.may_load(&request).decision(), Decision::Permit);
    /// ```
    pub fn load_request(
        &self,
        manifest: (&str, &str),
        changes: Option<(&str, &str)>,
        at: Timestamp,
    ) -> Result<LoadRequest, Diagnostics> {
        let (name, text) = manifest;
        let snapshot = self.shared.snapshot.load();
        let in_force = |edition: &&Arc<Edition>| edition.baseline.effective() <= at;
        let Some(edition) = snapshot.editions.iter().rev().find(in_force) else {
            let document = Document::new(name, text);
            document.error(0..0, "no version of the policy is in force at that time");
            return Err(document.finish());
        };
        let baseline = &edition.baseline;
        let (manifest, _) = Manifest::parse(name, text, baseline.taxonomy())?;
        let given = changes.map(|(name, text)| {
            let document = Document::new(name, text);
            let root = document.parse(Format::Toml);
            let changes = root
                .as_ref()
                .and_then(|root| document.table(root, "the file"))
                .and_then(|fields| {
                    let changes = Changes::read(&document, &fields, baseline);
                    fields.finish();
                    changes
                });
            let found = document.finish();
            if found.has_errors() {
                Err(found)
            } else {
                Ok(changes.unwrap_or_default())
            }
        });
        let given = given.transpose()?;
        let changes = given.as_ref().unwrap_or(&edition.changes);
        Ok(LoadRequest {
            change: changes.of(baseline, &manifest, None, None, at),
            baseline: Arc::clone(baseline),
            manifest,
            at,
        })
    }

    /// Answers whether a declaration may come into force.
    #[must_use]
    pub fn may_load(&self, request: &LoadRequest) -> LoadAnswer {
        self.suppose_load(request, &[])
    }

    /// What that answer would be if these facts were so, whoever supplies them.
    #[must_use]
    pub fn suppose_load(&self, request: &LoadRequest, assumed: &[(Id<Fact>, FactValue)]) -> LoadAnswer {
        let snapshot = self.shared.snapshot.load();
        let terms = Terms {
            at: request.at,
            discharges: self.shared.discharges.as_deref(),
            explain: true,
            assumed,
        };
        let edition = snapshot
            .editions
            .iter()
            .find(|it| Arc::ptr_eq(&it.baseline, &request.baseline));
        match edition {
            Some(edition) => load::judge(edition, &request.manifest, &request.change, &terms),
            None => load::judge(
                &Edition::bare(&request.baseline),
                &request.manifest,
                &request.change,
                &terms,
            ),
        }
    }

    /// The manifest of a product's plugin as it was loaded, if it has one under the latest version of the policy.
    #[must_use]
    pub fn manifest(&self, product: &str) -> Option<String> {
        let snapshot = self.shared.snapshot.load();
        let edition = snapshot.editions.last()?;
        let product = edition.baseline.taxonomy().products.find(product)?;
        Some(edition.plugin(product)?.code.sandbox.manifest().to_owned())
    }

    /// Everything of the deployment that expires: the profile, rows of registers, legal determinations; the first to
    /// expire comes first.
    #[must_use]
    pub fn expiries(&self) -> Vec<Expiry> {
        let snapshot = self.shared.snapshot.load();
        let latest = snapshot.editions.last();
        latest.map_or_else(Vec::new, |edition| edition.profile.expiries(&edition.baseline))
    }

    /// What of the deployment has lapsed at `at` or will have by `by`, renewals counted.
    #[must_use]
    pub fn lapsing(&self, at: Timestamp, by: Timestamp) -> Vec<Expiry> {
        let all = self.expiries();
        lapsing(&all, at, by).into_iter().cloned().collect()
    }

    /// Answers a request by its own product. Never fails and never panics.
    #[must_use]
    pub fn evaluate(&self, request: &Request) -> Response {
        self.answer(request, false, &[])
    }

    /// The same answer, with what was considered and which facts were used.
    #[must_use]
    pub fn explain(&self, request: &Request) -> Response {
        self.answer(request, true, &[])
    }

    /// What the answer would be if these facts were so, whoever supplies them: for questions only, never for a
    /// decision.
    #[must_use]
    pub fn suppose(&self, request: &Request, assumed: &[(Id<Fact>, FactValue)]) -> Response {
        self.answer(request, true, assumed)
    }

    /// Checks the request of a person that is put to every product: a right, written like any request but without
    /// `product`; `operation` may be left out.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place and the nearest valid name.
    pub fn person_request(
        &self,
        name: &str,
        text: &str,
        format: Format,
    ) -> Result<PersonRequest, Diagnostics> {
        PersonRequest::read(name, text, format, &self.shared.snapshot.load().baselines)
    }

    /// Puts the request of a person to every loaded product and makes one answer of theirs (§9, §10). Never fails and
    /// never panics.
    ///
    /// The decision is the strictest of all items of all products, and what each product grants, refuses or leaves
    /// waiting stands beside it. A plugin that could not be loaded leaves the whole answer pending at best: nobody
    /// knows what its product holds.
    #[must_use]
    pub fn right(&self, request: &PersonRequest) -> RightAnswer {
        let snapshot = self.shared.snapshot.load();
        let bare = || Arc::new(Edition::bare(request.baseline()));
        let edition = snapshot.edition(request.request()).map_or_else(bare, Arc::clone);
        RightAnswer::find(&edition, request, &snapshot.refused)
    }

    /// Which missing facts could still change the answer, and with which values it would be a permit.
    ///
    /// A what-if question for people, not for the hot path: it evaluates the request up to a few thousand times.
    #[must_use]
    pub fn openings(&self, request: &Request) -> Openings {
        let snapshot = self.shared.snapshot.load();
        let discharges = self.shared.discharges.as_deref();
        match snapshot.edition(request) {
            Some(edition) => openings::find(edition, request, discharges),
            None => openings::find(&Arc::new(Edition::bare(&request.baseline)), request, discharges),
        }
    }

    fn answer(&self, request: &Request, explain: bool, assumed: &[(Id<Fact>, FactValue)]) -> Response {
        let snapshot = self.shared.snapshot.load();
        let options = Options {
            discharges: self.shared.discharges.as_deref(),
            explain,
            assumed,
        };
        match snapshot.edition(request) {
            Some(edition) => evaluate(edition, request, &options),
            // The policy was replaced since the request was checked: without plugins, it is judged as not loaded.
            None => evaluate(&Arc::new(Edition::bare(&request.baseline)), request, &options),
        }
    }

    /// The plugins that could not be loaded, each with the reason.
    #[must_use]
    pub fn refused(&self) -> Vec<LoadError> {
        self.shared.snapshot.load().refused.clone()
    }

    /// The loaded plugins under the latest version of the policy: product, version, digest, and what the load found
    /// worth a look.
    #[must_use]
    pub fn loaded(&self) -> Vec<LoadedSummary> {
        let snapshot = self.shared.snapshot.load();
        let Some(edition) = snapshot.editions.last() else {
            return Vec::new();
        };
        let summary = |plugin: &LoadedPlugin| LoadedSummary {
            product: edition
                .baseline
                .taxonomy()
                .products
                .name(plugin.manifest.product)
                .to_owned(),
            version: plugin.manifest.version.clone(),
            digest: plugin.code.digest.clone(),
            warnings: plugin.warnings.clone(),
            approved: plugin.change.since.clone(),
            notes: plugin.notes.clone(),
        };
        edition.plugins.iter().flatten().map(summary).collect()
    }

    /// The versions of the policy it judges under, the earliest first.
    #[must_use]
    pub fn baselines(&self) -> Vec<Arc<Baseline>> {
        self.shared.snapshot.load().baselines.clone()
    }

    /// Loads plugins and the texts of the deployment anew and, once all is verified, answers from them.
    ///
    /// A plugin that cannot be loaded, or that the policy refuses, is refused by name and its last good version stays; so
    /// does that of a product whose file is gone. Requests under way are answered from what they started with.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read or a text of the deployment is wrong. Nothing changes then.
    pub fn reload(&self, plugins: &Dir, deployment: Deployment) -> Result<(), BuildError> {
        self.reload_at(plugins, deployment, Timestamp::now())
    }

    /// The same, with the instant at which the loading is judged.
    ///
    /// # Errors
    ///
    /// As for [`Host::reload`].
    pub fn reload_at(&self, plugins: &Dir, deployment: Deployment, at: Timestamp) -> Result<(), BuildError> {
        let files = Files {
            plugins: read_plugins(plugins)?,
            deployment,
        };
        let current = self.shared.snapshot.load_full();
        let next = load_all(
            &self.shared.engines,
            current.baselines.clone(),
            &files,
            self.shared.discharges.as_deref(),
            at,
            Some(&current),
        )?;
        self.shared.snapshot.store(Arc::new(next));
        Ok(())
    }
}

/// One loaded plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedSummary {
    /// The product it speaks for.
    pub product: String,
    /// Its version.
    pub version: String,
    /// `sha256:` and the digest of its file.
    pub digest: String,
    /// What the load found worth a look in its manifest.
    pub warnings: Diagnostics,
    /// The approved version that its declaration was compared with; none if it is taken for the product's first.
    pub approved: Option<String>,
    /// What the decision to load it leaves to know or to do: a review that is due, no approved version on record.
    pub notes: Vec<String>,
}

/// One product's way to ask. A request of another product gets no answer through it.
#[derive(Debug, Clone)]
pub struct ProductHandle {
    host: Host,
    product: String,
}

impl ProductHandle {
    /// The product's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.product
    }

    /// Answers a request of this product. Never fails and never panics; a request of another product is denied as not
    /// declared.
    #[must_use]
    pub fn evaluate(&self, request: &Request) -> Response {
        self.own(request, self.host.evaluate(request))
    }

    /// The same answer, with what was considered and which facts were used.
    #[must_use]
    pub fn explain(&self, request: &Request) -> Response {
        self.own(request, self.host.explain(request))
    }

    fn own(&self, request: &Request, response: Response) -> Response {
        if request.product() == self.product {
            response
        } else {
            response.borrowed()
        }
    }
}

fn read_plugins(dir: &Dir) -> Result<Vec<(String, Vec<u8>)>, BuildError> {
    let mut plugins = Vec::new();
    let entries = dir
        .entries()
        .map_err(|error| BuildError::read("the plugins folder", &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| BuildError::read("the plugins folder", &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".wasm") {
            continue;
        }
        let mut bytes = Vec::new();
        entry
            .open()
            .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
            .map_err(|error| BuildError::read(&name, &error))?;
        plugins.push((name, bytes));
    }
    // The order of a folder is the file system's; that of the answers must not be.
    plugins.sort();
    Ok(plugins)
}

fn load_all(
    engines: &Engines,
    baselines: Vec<Arc<Baseline>>,
    files: &Files,
    discharges: Option<&[String]>,
    at: Timestamp,
    current: Option<&Snapshot>,
) -> Result<Snapshot, BuildError> {
    let texts = files.deployment.read(&baselines)?;
    let edition = |(baseline, (profile, changes)): (&Arc<Baseline>, _)| Edition {
        profile,
        changes,
        ..Edition::bare(baseline)
    };
    let mut editions: Vec<Edition> = baselines.iter().zip(texts).map(edition).collect();
    let several = editions.len() > 1;
    let mut refused = Vec::new();
    let mut compiled: HashMap<String, Arc<Code>> = HashMap::new();
    for (name, bytes) in &files.plugins {
        let mut refuse = |edition: Option<&Edition>, problem: String| {
            let problem = match edition.filter(|_| several) {
                Some(edition) => format!("under policy {}: {problem}", edition.baseline.version()),
                None => problem,
            };
            refused.push(LoadError::new(name, problem));
        };
        let text = match manifest_text(bytes) {
            Ok(text) => text,
            Err(error) => {
                refuse(None, error.to_string());
                continue;
            }
        };
        let manifests: Vec<_> = editions.iter().map(|it| parse(it, name, text)).collect();
        let digest = format!("sha256:{}", hex(&Sha256::digest(bytes)));
        let known = compiled
            .get(&digest)
            .or_else(|| current.and_then(|it| it.code(&digest)));
        // Compiling may take long, and is for those only that some version of the policy can read.
        let tier = manifests
            .iter()
            .flatten()
            .map(|(manifest, _)| manifest.tier)
            .next();
        let code = match (known, tier) {
            (Some(code), _) => Some(Arc::clone(code)),
            (None, None) => None,
            (None, Some(tier)) => match engines.load(tier, bytes) {
                Ok(sandbox) => Some(Arc::new(Code {
                    sandbox,
                    digest: digest.clone(),
                })),
                Err(problem) => {
                    refuse(None, problem);
                    continue;
                }
            },
        };
        compiled.extend(code.iter().map(|code| (digest.clone(), Arc::clone(code))));
        // Each version of the policy decides for itself: what one refuses the next may permit.
        for (edition, manifest) in editions.iter_mut().zip(manifests) {
            let terms = Terms {
                // Of a policy to come, the first day counts: then its requests begin.
                at: at.max(edition.baseline.effective()),
                discharges,
                explain: false,
                assumed: &[],
            };
            let running = current.and_then(|it| it.same(edition));
            let remembers = files.deployment.has_changes();
            let admitted = manifest.and_then(|manifest| match &code {
                Some(code) => admit(edition, code, manifest, running, remembers, &terms),
                None => Err("its code was not compiled".to_owned()),
            });
            if let Err(problem) = admitted {
                refuse(Some(edition), problem);
            }
        }
    }
    if let Some(current) = current {
        keep_last_good(&mut editions, current, at);
    }
    editions.iter_mut().for_each(keep_mutual_partners);
    let editions = editions.into_iter().map(Arc::new).collect();
    Ok(Snapshot {
        editions,
        baselines,
        refused,
    })
}

impl Snapshot {
    /// The edition of the same version of the policy.
    fn same(&self, edition: &Edition) -> Option<&Edition> {
        let same = |it: &&Arc<Edition>| Arc::ptr_eq(&it.baseline, &edition.baseline);
        self.editions.iter().find(same).map(|it| &**it)
    }

    fn code(&self, digest: &str) -> Option<&Arc<Code>> {
        let plugins = self
            .editions
            .iter()
            .flat_map(|edition| edition.plugins.iter().flatten());
        plugins
            .map(|plugin| &plugin.code)
            .find(|code| code.digest == digest)
    }
}

/// A manifest as one version of the policy reads it, and what it found worth a look.
type ReadManifest = (Manifest, Diagnostics);

fn parse(edition: &Edition, name: &str, text: &str) -> Result<ReadManifest, String> {
    Manifest::parse(&format!("{name}: plugin.toml"), text, edition.baseline.taxonomy())
        .map_err(|found| found.to_string())
}

/// Checks a plugin against one version of the policy and takes it in.
fn admit(
    edition: &mut Edition,
    code: &Arc<Code>,
    manifest: ReadManifest,
    running: Option<&Edition>,
    remembers: bool,
    terms: &Terms<'_>,
) -> Result<(), String> {
    let mut plugin = check(edition, code, manifest, running, terms.at);
    let answer = load::judge(edition, &plugin.manifest, &plugin.change, terms);
    if answer.decision() != Decision::Permit {
        return Err(format!("the policy refuses it: {}", answer.refusals().join("; ")));
    }
    plugin.notes = notes(&plugin, &answer, remembers);
    let product = plugin.manifest.product;
    match edition.plugins.get_mut(product.index()) {
        Some(place @ None) => *place = Some(plugin),
        _ => {
            let id = edition.baseline.taxonomy().products.name(product);
            return Err(format!(
                "product `{id}` has a plugin already: remove one of the two files"
            ));
        }
    }
    Ok(())
}

/// What a load that is permitted leaves to know or to do.
fn notes(plugin: &LoadedPlugin, answer: &LoadAnswer, remembers: bool) -> Vec<String> {
    let duty = |(id, timing, rule): (&str, Timing, &Rule)| {
        format!(
            "`{id}` is due, {timing}: {} (`{}`, §{})",
            rule.summary,
            rule.id,
            rule.section.join(", §")
        )
    };
    let mut notes: Vec<String> = answer.obligations().into_iter().map(duty).collect();
    if remembers && plugin.change.since.is_none() {
        notes.push("no approved version is on record, so it is taken for the product's first".to_owned());
    }
    if let Some(approved) = &plugin.change.approved_as {
        let version = &plugin.manifest.version;
        notes.push(format!(
            "version {version} was approved as `{approved}`, and this is another file"
        ));
    }
    notes
}

fn check(
    edition: &Edition,
    code: &Arc<Code>,
    (manifest, warnings): ReadManifest,
    running: Option<&Edition>,
    at: Timestamp,
) -> LoadedPlugin {
    let baseline = &*edition.baseline;
    let product = baseline.taxonomy().products.name(manifest.product);
    let obligation_ids = manifest
        .obligations
        .iter()
        .map(|it| format!("{product}:{}", it.id))
        .collect();
    let version_value = FactValue::Text(format!("{} {}", manifest.version, code.digest).into());
    let running = running.and_then(|it| it.plugin(manifest.product));
    let digest = Some(code.digest.as_str());
    let same = running.filter(|it| it.code.digest == code.digest && !edition.changes.knows(manifest.product));
    let change = match same {
        // A memory that is gone does not make what was new old.
        Some(running) => running.change.clone(),
        None => edition.changes.of(
            baseline,
            &manifest,
            digest,
            running.map(|it| (&it.manifest, &it.change)),
            at,
        ),
    };
    LoadedPlugin {
        settled: LoadedPlugin::unsettled(&manifest),
        claims: Claims::new(baseline, &manifest, &edition.profile),
        change,
        manifest,
        code: Arc::clone(code),
        obligation_ids,
        version_value,
        warnings,
        notes: Vec::new(),
    }
}

/// A product without a good plugin now keeps the one it had.
fn keep_last_good(editions: &mut [Edition], current: &Snapshot, at: Timestamp) {
    for edition in editions {
        let Some(old) = current.same(edition) else {
            continue;
        };
        for product in edition
            .baseline
            .taxonomy()
            .products
            .iter()
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
        {
            let Some(last) = old.plugin(product).filter(|_| edition.plugin(product).is_none()) else {
                continue;
            };
            // A version of the policy that is still to come judges as of its first day.
            let at = at.max(edition.baseline.effective());
            let manifest = parse(edition, "last good version", last.code.sandbox.manifest());
            let kept = manifest.map(|manifest| check(edition, &last.code, manifest, Some(old), at));
            if let Some(place) = edition.plugins.get_mut(product.index()) {
                *place = kept.ok();
            }
        }
    }
}

/// Products join their data only where both declare it: one that does not name this product back is no partner (§3.2-E19).
fn keep_mutual_partners(edition: &mut Edition) {
    let table = &edition.baseline.taxonomy().products;
    let Some(fact) = edition
        .baseline
        .taxonomy()
        .facts
        .find("plugin.combination_partners")
    else {
        return;
    };
    let named: Vec<_> = edition
        .plugins
        .iter()
        .flatten()
        .map(|plugin| {
            (
                plugin.manifest.product,
                plugin.manifest.combination_partners.clone(),
            )
        })
        .collect();
    for plugin in edition.plugins.iter_mut().flatten() {
        let product = plugin.manifest.product;
        let names_back = |partner: &Id<Product>| {
            named
                .iter()
                .any(|(other, partners)| other == partner && partners.contains(&product))
        };
        let partners = &plugin.manifest.combination_partners;
        if partners.iter().all(names_back) {
            continue;
        }
        let mutual = partners.iter().copied().filter(names_back);
        let value = FactValue::texts(mutual.map(|partner| table.name(partner)));
        plugin.manifest.facts.retain(|(other, _)| *other != fact);
        plugin.manifest.facts.push((fact, value));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Edition {
    fn bare(baseline: &Arc<Baseline>) -> Self {
        let plugins = (0..baseline.taxonomy().products.len()).map(|_| None).collect();
        Self {
            baseline: Arc::clone(baseline),
            profile: Profile::default(),
            changes: Changes::default(),
            plugins,
        }
    }
}
