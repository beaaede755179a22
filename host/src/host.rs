//! What a backend service embeds: plugins and profile loaded once, questions answered for as long as it runs.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::Arc;

use arc_swap::ArcSwap;
use cap_std::fs::Dir;
use jiff::Timestamp;
use licit_baseline::{
    Baseline, Diagnostics, Document, Fact, FactValue, Fields, Format, Id, Manifest, Node, Product,
};
use sha2::{Digest, Sha256};

use crate::edition::{Code, Edition, LoadedPlugin};
use crate::error::{BuildError, LoadError};
use crate::evaluate::{Options, evaluate, judge_load};
use crate::openings::{self, Openings};
use crate::profile::{Profile, ProfileText};
use crate::request::{Request, collect_facts};
use crate::response::Response;
use crate::sandbox::{Sandbox, SandboxOptions};

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
    sandbox: Sandbox,
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
    profile: Option<ProfileText>,
}

/// Puts a [`Host`] together.
#[derive(Debug)]
pub struct HostBuilder {
    baselines: Vec<Arc<Baseline>>,
    files: Files,
    sandbox: SandboxOptions,
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

    /// Uses this deployment profile (`licit.toml`). Without one, facts of the host, of registers and of law are
    /// unknown.
    #[must_use]
    pub fn profile(mut self, name: &str, text: &str) -> Self {
        self.files.profile = Some(ProfileText {
            name: name.to_owned(),
            text: text.to_owned(),
        });
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

    /// Bounds and sizes of the sandbox.
    #[must_use]
    pub fn sandbox(mut self, options: SandboxOptions) -> Self {
        self.sandbox = options;
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
    /// If the profile is wrong, or the sandbox cannot be set up.
    pub fn build(self) -> Result<Host, BuildError> {
        let sandbox = Sandbox::new(self.sandbox).map_err(|error| BuildError::sandbox(&error))?;
        let at = self.now.unwrap_or_else(Timestamp::now);
        let snapshot = load(&sandbox, self.baselines, &self.files, at, None)?;
        let snapshot = ArcSwap::from_pointee(snapshot);
        Ok(Host {
            shared: Arc::new(Shared {
                snapshot,
                sandbox,
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
            sandbox: SandboxOptions::default(),
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
        request: &Request,
    ) -> Vec<(Id<Fact>, FactValue)> {
        let taxonomy = request.baseline.taxonomy();
        let mut facts = Vec::new();
        collect_facts(document, &request.baseline, "", node, &mut |fact, _, node| {
            let value = taxonomy
                .facts
                .get(fact)
                .and_then(|it| it.read_value(document, node, &taxonomy.categories));
            facts.extend(value.map(|value| (fact, value)));
        });
        facts
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
        };
        edition.plugins.iter().flatten().map(summary).collect()
    }

    /// The versions of the policy it judges under, the earliest first.
    #[must_use]
    pub fn baselines(&self) -> Vec<Arc<Baseline>> {
        self.shared.snapshot.load().baselines.clone()
    }

    /// Loads plugins and profile anew and, once all is verified, answers from them.
    ///
    /// A plugin that cannot be loaded is refused by name and its last good version stays; so does that of a product
    /// whose file is gone. Requests under way are answered from what they started with.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read or the profile is wrong. Nothing changes then.
    pub fn reload(&self, plugins: &Dir, profile: Option<(&str, &str)>) -> Result<(), BuildError> {
        let files = Files {
            plugins: read_plugins(plugins)?,
            profile: profile.map(|(name, text)| ProfileText {
                name: name.to_owned(),
                text: text.to_owned(),
            }),
        };
        let current = self.shared.snapshot.load_full();
        let baselines = current.baselines.clone();
        let next = load(
            &self.shared.sandbox,
            baselines,
            &files,
            Timestamp::now(),
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
    /// What the load found worth a look.
    pub warnings: Diagnostics,
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

fn load(
    sandbox: &Sandbox,
    baselines: Vec<Arc<Baseline>>,
    files: &Files,
    at: Timestamp,
    current: Option<&Snapshot>,
) -> Result<Snapshot, BuildError> {
    let mut editions = Vec::with_capacity(baselines.len());
    for baseline in &baselines {
        let profile = match &files.profile {
            Some(text) => Profile::read(text, baseline).map_err(BuildError::profile)?,
            None => Profile::default(),
        };
        let plugins = (0..baseline.taxonomy().products.len()).map(|_| None).collect();
        editions.push(Edition {
            baseline: Arc::clone(baseline),
            profile,
            plugins,
        });
    }
    let mut refused = Vec::new();
    let mut compiled: HashMap<String, Arc<Code>> = HashMap::new();
    for (name, bytes) in &files.plugins {
        let digest = format!("sha256:{}", hex(&Sha256::digest(bytes)));
        let known = compiled
            .get(&digest)
            .or_else(|| current.and_then(|it| it.code(&digest)));
        let code = match known {
            Some(code) => Arc::clone(code),
            None => match compile(sandbox, bytes, digest.clone()) {
                Ok(code) => code,
                Err(error) => {
                    refused.push(LoadError::new(name, error));
                    continue;
                }
            },
        };
        compiled.insert(digest, Arc::clone(&code));
        for edition in &mut editions {
            if let Err(problem) = admit(edition, &code, name, at) {
                refused.push(LoadError::new(name, problem));
                break;
            }
        }
    }
    if let Some(current) = current {
        keep_last_good(&mut editions, current);
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

fn compile(sandbox: &Sandbox, bytes: &[u8], digest: String) -> Result<Arc<Code>, String> {
    let sandbox = sandbox.load(bytes).map_err(|error| error.to_string())?;
    Ok(Arc::new(Code { sandbox, digest }))
}

/// Checks a plugin against one version of the policy and takes it in.
fn admit(edition: &mut Edition, code: &Arc<Code>, name: &str, at: Timestamp) -> Result<(), String> {
    let plugin = check(&edition.baseline, code, name)?;
    judge_load(edition, &plugin, at)
        .map_err(|reasons| format!("the policy refuses it: {}", reasons.join("; ")))?;
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

fn check(baseline: &Baseline, code: &Arc<Code>, name: &str) -> Result<LoadedPlugin, String> {
    let text = code.sandbox.manifest();
    let manifest_name = format!("{name}: plugin.toml");
    let (manifest, warnings) =
        Manifest::parse(&manifest_name, text, baseline.taxonomy()).map_err(|found| found.to_string())?;
    let product = baseline.taxonomy().products.name(manifest.product);
    let obligation_ids = manifest
        .obligations
        .iter()
        .map(|it| format!("{product}:{}", it.id))
        .collect();
    let version_value = FactValue::Text(format!("{} {}", manifest.version, code.digest).into());
    Ok(LoadedPlugin {
        settled: LoadedPlugin::unsettled(&manifest),
        review_value: FactValue::Time(manifest.review_date),
        manifest,
        code: Arc::clone(code),
        obligation_ids,
        version_value,
        warnings,
    })
}

/// A product without a good plugin now keeps the one it had.
fn keep_last_good(editions: &mut [Edition], current: &Snapshot) {
    for edition in editions {
        let Some(old) = current
            .editions
            .iter()
            .find(|it| Arc::ptr_eq(&it.baseline, &edition.baseline))
        else {
            continue;
        };
        for (place, last) in edition.plugins.iter_mut().zip(&old.plugins) {
            if let (None, Some(last)) = (&place, last) {
                *place = check(&edition.baseline, &last.code, "last good version").ok();
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
            plugins,
        }
    }
}
