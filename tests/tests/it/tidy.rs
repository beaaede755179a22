//! The tree itself: nothing left behind, nothing that only one machine has, and documents that name what is there.

use std::path::{Path, PathBuf};

use crate::support::root;

/// Every file of the tree, without what is built or belongs to git.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut pending = vec![root().to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name == "target" || name == ".git" {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                pending.push(path);
            } else if !path.is_symlink() {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn nothing_is_left_behind() {
    // Put together here, so that this file does not hold them itself.
    let words = [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["TO", "DO"],
        ["FIX", "ME"],
        ["#[ig", "nore"],
    ]
    .map(|parts| parts.concat());
    let mut found = Vec::new();
    for path in files() {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        // A part of other tests, which start it anew in an environment of their own.
        let part = ["#[ig", "nore = \"runs inside the other test"].concat();
        let text = text.replace(&part, "");
        found.extend(
            words
                .iter()
                .filter(|word| text.contains(*word))
                .map(|word| format!("{}: {word}", path.display())),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_plugin_has_cases() {
    for path in licit::build::plugins_in(&root().join("plugins")).expect("the plugins") {
        let cases = std::fs::read_dir(path.join("cases"));
        assert!(
            cases.is_ok_and(|it| it.count() > 0),
            "{} has no cases",
            path.display()
        );
    }
}

#[test]
fn the_guest_sdk_shares_the_one_contract() {
    let link = std::fs::read_link(root().join("guest-sdk/wit")).expect("a symbolic link");
    assert_eq!(link, Path::new("../wit"));
}

#[test]
fn the_map_of_the_architecture_names_every_top_level_folder() {
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let lines = architecture.lines().count();
    assert!(lines <= 150, "ARCHITECTURE.md has {lines} lines");
    for entry in std::fs::read_dir(root()).expect("the root") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().is_dir() || name.starts_with('.') || name == "target" {
            continue;
        }
        assert!(
            architecture.contains(&format!("`{name}/")),
            "`{name}/` is not in ARCHITECTURE.md"
        );
    }
}
