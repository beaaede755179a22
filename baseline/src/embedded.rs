//! The policy version that is built in: every file of its folder.

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        /// Name and text of every file.
        pub(crate) const FILES: [(&str, &str); [$($name),+].len()] =
            [$((concat!("baseline/2025-10-10/", $name), include_str!(concat!("../2025-10-10/", $name)))),+];
    };
}

files! {
    "policy.toml",
    "facts.toml",
    "review.toml",
    "taxonomy/categories.toml",
    "taxonomy/controls.toml",
    "taxonomy/obligations.toml",
    "taxonomy/operations.toml",
    "taxonomy/places.toml",
    "taxonomy/products.toml",
    "taxonomy/purposes.toml",
    "taxonomy/recipients.toml",
    "rules/a-scope.toml",
    "rules/b-collection.toml",
    "rules/c-non-personal.toml",
    "rules/d1-purposes.toml",
    "rules/d2-detailed-uses.toml",
    "rules/e-sharing.toml",
    "rules/f-legal-basis.toml",
    "rules/g-security.toml",
    "rules/h-retention.toml",
    "rules/i-controls.toml",
    "rules/j-rights.toml",
    "rules/k-requests.toml",
    "rules/l-transfer.toml",
    "rules/m-minors.toml",
    "rules/n-third-parties.toml",
    "rules/o-changes.toml",
}
