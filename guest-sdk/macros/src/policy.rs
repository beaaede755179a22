//! The policy that a manifest is read against.

use licit_baseline::Baseline;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The variable that names the folder of another policy than the built-in one.
pub(crate) const VARIABLE: &str = "LICIT_BASELINE";

/// A policy, and the files it was read from.
pub(crate) struct Policy {
    pub(crate) baseline: Arc<Baseline>,
    pub(crate) files: Vec<PathBuf>,
}

impl Policy {
    /// The policy in the folder that the environment names, or else the built-in one.
    pub(crate) fn in_force() -> Result<Self, String> {
        match env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
            Some(folder) => Self::read(Path::new(&folder)),
            None => Ok(Self {
                baseline: Baseline::embedded(),
                files: Vec::new(),
            }),
        }
    }

    fn read(folder: &Path) -> Result<Self, String> {
        let unreadable = |error| {
            format!(
                "cannot read the policy in `{}`: {error}: see `{VARIABLE}`",
                folder.display()
            )
        };
        let files = toml_files(folder).map_err(unreadable)?;
        let texts = files
            .iter()
            .map(|file| Ok((file.to_string_lossy(), fs::read_to_string(file)?)))
            .collect::<io::Result<Vec<_>>>()
            .map_err(unreadable)?;
        let baseline = Baseline::read(texts.iter().map(|(name, text)| (name.as_ref(), text.as_str())))
            .map_err(|problems| {
                format!(
                    "the policy in `{}` is not valid\n\n{problems}\n",
                    folder.display()
                )
            })?;
        Ok(Self {
            baseline: Arc::new(baseline),
            files,
        })
    }
}

/// The TOML files in a folder and below, sorted.
fn toml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![fs::canonicalize(folder)?];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some(OsStr::new("toml")) {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use std::path::Path;

    #[test]
    fn a_folder_holds_the_same_policy_as_the_one_built_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../baseline/2025-10-10");
        let policy = Policy::read(&folder).unwrap();
        assert_eq!(policy.baseline.version(), "2025-10-10");
        assert!(
            policy
                .files
                .iter()
                .any(|file| file.ends_with("taxonomy/purposes.toml"))
        );
    }

    #[test]
    fn a_folder_without_a_policy_is_named() {
        let message = Policy::read(Path::new("no/such/folder")).err().unwrap();
        assert!(
            message.starts_with("cannot read the policy in `no/such/folder`: "),
            "{message}"
        );
    }
}
