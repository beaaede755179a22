//! `licit new`: the folder of a plugin that builds, tests and passes its cases at once.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{self, Command, ExitCode, Stdio};

use clap::Args;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, MultiSelect, Select};
use jiff::Timestamp;
use jiff::tz::Offset;
use licit_baseline::{Baseline, Product, Taxonomy};

use crate::input;
use crate::scaffold::{Choices, Draft, Nature, Refusal, Wishes};
use crate::terminal::{BOLD, DIM, Problem, Terminal, did_you_mean, paint, safe};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The product: one that the policy names
    product: Option<String>,
    /// The folder to make [default: `plugins/PRODUCT` in the workspace of Licit, `PRODUCT` elsewhere]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Depend on the SDK in this folder [default in the workspace of Licit: its own]
    #[arg(long, value_name = "DIR", conflicts_with = "sdk_version")]
    sdk_path: Option<PathBuf>,
    /// Depend on this version of the SDK [default elsewhere: the version of this command]
    #[arg(long, value_name = "VERSION")]
    sdk_version: Option<String>,
    /// What the data is for [default: the first purpose of the product that the policy permits]
    #[arg(long)]
    purpose: Option<String>,
    /// The data categories, separated by commas [default: some that the policy permits for the purpose]
    #[arg(long, value_delimiter = ',')]
    data: Vec<String>,
    /// What is done with the data, separated by commas [default: collect, use and store, as far as the policy permits them]
    #[arg(long, value_delimiter = ',', value_name = "OPERATION")]
    operations: Vec<String>,
    /// On what ground [default: the first of contract, consent and legal-obligation that holds]
    #[arg(long, value_name = "BASIS")]
    legal_basis: Option<String>,
    /// Your name for the first activity [default: its purpose]
    #[arg(long, value_name = "ID")]
    activity: Option<String>,
    #[command(flatten)]
    nature: Nature,
    /// Ask nothing, not even on a terminal
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<ExitCode, Problem> {
    let baseline = Baseline::embedded();
    let taxonomy = baseline.taxonomy();
    let asks = !arguments.yes && io::stdin().is_terminal() && io::stderr().is_terminal();
    let product = product(taxonomy, arguments.product.as_deref(), asks)?;
    let root = Workspace::around(&current()?);
    let usual = match &root {
        Some(root) if root.is_licit => relative(&current()?, &root.folder.join("plugins").join(&product.id)),
        _ => PathBuf::from(&product.id),
    };
    let path = match &arguments.path {
        Some(path) => path.clone(),
        None if asks => PathBuf::from(ask(Input::<String>::with_theme(&theme())
            .with_prompt("Folder")
            .default(usual.display().to_string())
            .interact_text())?),
        None => usual,
    };
    let folder = absolute(&path)?;
    // Before anything else is asked or worked out.
    refuse_occupied(&path, &folder)?;
    if let Some(root) = root.filter(|root| root.is_licit && folder.starts_with(&root.folder)) {
        refuse_second(&root.folder.join("plugins"), product)?;
    }
    let surroundings = Surroundings::of(&folder, arguments)?;
    terminal.progress(format!(
        "looking for an activity of {} that the policy permits",
        product.id
    ));
    let draft = draft(&baseline, product, arguments, asks)?;
    let cases = draft
        .cases()
        .map_err(|refusal| problem(refusal, &draft.product))?;
    let files = [
        ("Cargo.toml", surroundings.package(product)),
        ("plugin.toml", draft.manifest()),
        ("src/lib.rs", draft.code()),
        (&*format!("cases/{}.toml", product.id), cases),
    ];
    write(&folder, &files)?;
    for (file, _) in &files {
        writeln!(terminal.out, "{}", safe(&path.join(file).display().to_string()))?;
    }
    surroundings.join(&path, product, terminal)?;
    terminal.out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses a product that has its plugin in the workspace: cargo takes no two packages of one name.
fn refuse_second(plugins: &Path, product: &Product) -> Result<(), Problem> {
    let folders = licit::build::plugins_in(plugins).unwrap_or_default();
    let is_its = |folder: &&PathBuf| {
        let text = fs::read_to_string(folder.join("plugin.toml")).unwrap_or_default();
        licit::build::product(&text).is_ok_and(|it| it == product.id)
    };
    match folders.iter().find(is_its) {
        None => Ok(()),
        Some(folder) => Err(Problem::Text(format!(
            "product `{}` has its plugin in `{}` already: change that one, or make another outside this workspace",
            product.id,
            input::shown(folder)
        ))),
    }
}

fn product<'t>(taxonomy: &'t Taxonomy, wish: Option<&str>, asks: bool) -> Result<&'t Product, Problem> {
    let products: Vec<&Product> = taxonomy.products.iter().map(|(_, it)| it).collect();
    let Some(wish) = wish else {
        if !asks {
            return Err(Problem::Text(
                "name the product, as in `licit new weather`; the policy names its products in `taxonomy/products.toml`".to_owned(),
            ));
        }
        let lines: Vec<String> = products
            .iter()
            .map(|it| format!("{}: {}", it.id, it.meaning))
            .collect();
        let chosen = Select::with_theme(&theme())
            .with_prompt("Product")
            .items(&lines)
            .default(0)
            .interact();
        let chosen = ask(chosen)?;
        return products
            .get(chosen)
            .copied()
            .ok_or_else(|| Problem::Text("no product was chosen".to_owned()));
    };
    let found = products.iter().copied().find(|it| it.id == wish);
    found.ok_or_else(|| {
        let names = products.iter().map(|it| it.id.as_str());
        Problem::Text(format!(
            "the policy names no product `{wish}`{}",
            did_you_mean(wish, names)
        ))
    })
}

/// The first activity: what was said counts, what was not said is asked or found.
fn draft(
    baseline: &Baseline,
    product: &Product,
    arguments: &Arguments,
    asks: bool,
) -> Result<Draft, Problem> {
    let mut wishes = Wishes {
        activity: arguments.activity.clone(),
        purpose: arguments.purpose.clone(),
        operations: arguments.operations.clone(),
        data: arguments.data.clone(),
        legal_basis: arguments.legal_basis.clone(),
        nature: arguments.nature,
    };
    let today = Offset::UTC.to_datetime(Timestamp::now()).date();
    let find = |wishes: &Wishes| {
        Draft::find(baseline, product, wishes, today).map_err(|refusal| problem(refusal, &product.id))
    };
    let mut found = find(&wishes)?;
    if !asks {
        return Ok(found);
    }
    let choices = Choices::of(baseline.taxonomy(), product);
    if wishes.purpose.is_none() {
        let purposes = [choices.purposes.as_slice(), &choices.shared_purposes].concat();
        let usual = purposes
            .iter()
            .position(|it| *it == found.purpose)
            .unwrap_or_default();
        let chosen = Select::with_theme(&theme())
            .with_prompt("What for")
            .items(&purposes)
            .default(usual)
            .interact();
        wishes.purpose = purposes.get(ask(chosen)?).cloned();
        found = find(&wishes)?;
    }
    if wishes.data.is_empty() {
        let data = [choices.data.as_slice(), &choices.shared_data].concat();
        let usual: Vec<bool> = data.iter().map(|it| found.data.contains(it)).collect();
        let prompt = "Which data (space to choose)";
        let chosen = MultiSelect::with_theme(&theme())
            .with_prompt(prompt)
            .items(&data)
            .defaults(&usual)
            .interact();
        let chosen = ask(chosen)?;
        wishes.data = chosen
            .into_iter()
            .filter_map(|at| data.get(at).cloned())
            .collect();
        found = find(&wishes)?;
    }
    Ok(found)
}

fn problem(refusal: Refusal, product: &str) -> Problem {
    match refusal {
        Refusal::Manifest(found) => Problem::Found(found),
        Refusal::Denied(why) => Problem::Text(format!(
            "the policy would permit `{product}` nothing of this: {why}; `licit baseline explain RULE` says why, and \
             without flags an activity is found that it permits"
        )),
    }
}

fn theme() -> ColorfulTheme {
    ColorfulTheme::default()
}

fn ask<T>(answer: Result<T, dialoguer::Error>) -> Result<T, Problem> {
    answer.map_err(|error| Problem::Text(format!("nothing was answered: {error}")))
}

fn current() -> Result<PathBuf, Problem> {
    std::env::current_dir().map_err(|error| Problem::file("find", ".", &error))
}

/// A path from the root, without `.` and `..`; it need not exist.
fn absolute(path: &Path) -> Result<PathBuf, Problem> {
    let mut whole = PathBuf::new();
    for part in current()?.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    Ok(whole)
}

/// The way from one folder to another.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    if way.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        way
    }
}

fn refuse_occupied(path: &Path, folder: &Path) -> Result<(), Problem> {
    let name = input::shown(path);
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Problem::Text(format!(
                "`{name}` is not empty: name another folder with `--path DIR`"
            ))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Problem::file("make", &name, &error)),
    }
}

/// Writes all files or none: they come to be beside the folder, which then takes its name.
fn write(folder: &Path, files: &[(&str, String)]) -> Result<(), Problem> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.with_file_name(format!(".{name}.{}.draft", process::id()));
    let all = || -> io::Result<()> {
        for (file, text) in files {
            let path = draft.join(file);
            fs::create_dir_all(path.parent().unwrap_or(&draft))?;
            fs::write(&path, text)?;
        }
        // What is in the way is empty, or this fails.
        if folder.exists() {
            fs::remove_dir(folder)?;
        }
        fs::rename(&draft, folder)
    };
    all().map_err(|error| {
        // The error of the writing is the one to report.
        drop(fs::remove_dir_all(&draft));
        Problem::file("write", &folder.display().to_string(), &error)
    })
}

/// A workspace of cargo.
struct Workspace {
    folder: PathBuf,
    members: Vec<String>,
    exclude: Vec<String>,
    /// Whether it has the SDK among its dependencies.
    is_licit: bool,
}

impl Workspace {
    /// The one that a folder lies in.
    fn around(folder: &Path) -> Option<Self> {
        folder.ancestors().find_map(|folder| {
            let text = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
            let table: toml::Table = text.parse().ok()?;
            let workspace = table.get("workspace")?;
            let words = |key: &str| -> Vec<String> {
                let words = workspace
                    .get(key)
                    .and_then(toml::Value::as_array)
                    .into_iter()
                    .flatten();
                words
                    .filter_map(toml::Value::as_str)
                    .map(ToOwned::to_owned)
                    .collect()
            };
            Some(Self {
                folder: folder.to_owned(),
                members: words("members"),
                exclude: words("exclude"),
                is_licit: workspace
                    .get("dependencies")
                    .and_then(|it| it.get("licit-guest"))
                    .is_some(),
            })
        })
    }

    /// Whether its members include a folder.
    fn includes(&self, folder: &Path) -> bool {
        let way = relative(&self.folder, folder);
        let named = |pattern: &String| {
            let (mut pattern, mut way) = (Path::new(pattern).components(), way.components());
            loop {
                match (pattern.next(), way.next()) {
                    (None, None) => return true,
                    (Some(a), Some(b)) if a == b || a.as_os_str() == "*" => {}
                    _ => return false,
                }
            }
        };
        let excluded = self.exclude.iter().any(|it| way.starts_with(it));
        self.members.iter().any(named) && !excluded
    }
}

/// Where the plugin will lie, and where its SDK comes from.
struct Surroundings {
    workspace: Option<Workspace>,
    included: bool,
    /// The value of the dependency; that of the workspace, if absent.
    sdk: Option<String>,
}

impl Surroundings {
    fn of(folder: &Path, arguments: &Arguments) -> Result<Self, Problem> {
        let workspace = Workspace::around(folder);
        let included = workspace.as_ref().is_some_and(|it| it.includes(folder));
        let own = workspace.as_ref().is_some_and(|it| it.is_licit);
        let sdk = match (&arguments.sdk_path, &arguments.sdk_version) {
            (Some(path), _) => Some(sdk(path, folder)?),
            (None, Some(version)) => Some(format!("{version:?}")),
            (None, None) if own => None,
            (None, None) => Some(format!("{:?}", env!("CARGO_PKG_VERSION"))),
        };
        Ok(Self {
            workspace,
            included,
            sdk,
        })
    }

    /// Whether it is, or will be, a member of the workspace of Licit.
    fn within(&self) -> bool {
        self.workspace.as_ref().is_some_and(|it| it.is_licit) && self.sdk.is_none()
    }

    fn package(&self, product: &Product) -> String {
        let head = format!(
            "[package]\nname = \"licit-plugin-{}\"\ndescription = \"Policy plugin of the product {0}\"\n",
            product.id
        );
        if self.within() {
            return format!(
                "{head}version.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
                 license.workspace = true\npublish.workspace = true\n\n[lints]\nworkspace = true\n\n\
                 [dependencies]\nlicit-guest.workspace = true\n"
            );
        }
        let sdk = self.sdk.as_deref().unwrap_or("\"*\"");
        let mut text = format!(
            "{head}version = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"{}\"\npublish = false\n\n\
             [dependencies]\nlicit-guest = {sdk}\n",
            env!("CARGO_PKG_RUST_VERSION")
        );
        if self.workspace.is_some() && !self.included {
            text += "\n# Not a part of the workspace around it.\n[workspace]\n";
        }
        text
    }

    /// Says, and does, what is left to do.
    fn join(&self, path: &Path, product: &Product, terminal: &mut Terminal) -> Result<(), Problem> {
        let shown = safe(&path.display().to_string());
        let mut licit = "licit";
        if let Some(workspace) = self.workspace.as_ref().filter(|_| self.within()) {
            licit = if workspace.folder.join("run").is_file() {
                "./run"
            } else {
                licit
            };
            if self.included {
                lock(&workspace.folder, terminal);
            } else {
                let way = relative(&workspace.folder, &absolute(path)?);
                terminal.warn(format!(
                    "add \"{}\" to `members` in `{}`, or cargo does not take it for a part of the workspace",
                    way.display(),
                    relative(&current()?, &workspace.folder.join("Cargo.toml")).display()
                ));
            }
        }
        writeln!(terminal.out, "\n{}", paint(BOLD, "next"))?;
        let manifest = format!("--manifest-path {shown}/Cargo.toml");
        let next = [
            (format!("{licit} build {shown}"), "compile it to one file"),
            (format!("{licit} test {shown}"), "ask it its cases"),
            (format!("cargo test {manifest}"), "run the tests in its code"),
        ];
        let width = next
            .iter()
            .map(|(line, _)| line.chars().count())
            .max()
            .unwrap_or_default();
        for (line, why) in next {
            writeln!(terminal.out, "  {line:width$}  {}", paint(DIM, why))?;
        }
        writeln!(
            terminal.out,
            "then declare in plugin.toml what {} really does, and add a line to its cases for each thing that it must not do",
            product.id
        )?;
        Ok(())
    }
}

/// The SDK in a folder, or in the folder of the project that it is a part of, as a dependency.
fn sdk(path: &Path, folder: &Path) -> Result<String, Problem> {
    let whole = absolute(path)?;
    let is_sdk = |folder: &Path| {
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        let table: toml::Table = text.parse().unwrap_or_default();
        let name = table
            .get("package")
            .and_then(|it| it.get("name"))
            .and_then(toml::Value::as_str);
        name == Some("licit-guest")
    };
    let found = [whole.clone(), whole.join("guest-sdk")]
        .into_iter()
        .find(|it| is_sdk(it));
    let found = found.ok_or_else(|| {
        Problem::Text(format!(
            "`{}` is not the folder of the SDK: it has no `Cargo.toml` of `licit-guest`",
            path.display()
        ))
    })?;
    // TOML's text with escapes is that of JSON.
    let way = relative(folder, &found).display().to_string();
    Ok(format!("{{ path = {} }}", serde_json::Value::from(way)))
}

/// Notes the new member in the lock file, which `./run` and CI take as it is.
fn lock(workspace: &Path, terminal: &mut Terminal) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut update = Command::new(cargo);
    update
        .args(["update", "--workspace", "--offline", "--quiet"])
        .current_dir(workspace);
    let done = update
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !done.is_ok_and(|it| it.success()) {
        terminal.warn("the new package is not in `Cargo.lock` yet: run `cargo update --workspace`");
    }
}
