//! The macro behind `licit_guest::plugin!`: types generated from a plugin's `plugin.toml`.
//!
//! Plugin authors depend on `licit-guest`, which documents the macro; this crate is an implementation detail of
//! it. `model` reduces a manifest to what becomes a type, and `generate` writes the types down.

mod generate;
mod model;
#[cfg(test)]
mod tests;

use licit_baseline::{Baseline, Manifest};
use model::Model;
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use std::path::{Path, PathBuf};
use std::{env, fs};
use syn::LitStr;

/// Expands to everything that a plugin declares. Input: the path of `licit-guest` in parentheses, then the path
/// of the manifest if the author gave one.
#[doc(hidden)]
#[proc_macro]
pub fn expand(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let expanded =
        expansion(input.into()).unwrap_or_else(|message| quote!(::core::compile_error! { #message }));
    expanded.into()
}

fn expansion(input: TokenStream) -> Result<TokenStream, String> {
    let mut input = input.into_iter();
    let Some(TokenTree::Group(sdk)) = input.next() else {
        return Err("call this macro as `licit_guest::plugin!()`".to_owned());
    };
    let rest: TokenStream = input.collect();
    let path = if rest.is_empty() {
        let folder = env::var_os("CARGO_MANIFEST_DIR").ok_or(
            "without cargo, name the manifest relative to this file: `licit_guest::plugin!(\"../plugin.toml\")`",
        )?;
        PathBuf::from(folder).join("plugin.toml")
    } else {
        let path: LitStr = syn::parse2(rest)
            .map_err(|_| "`plugin!` takes nothing, or the path of a manifest in quotes".to_owned())?;
        let file = path.span().unwrap().local_file();
        file.as_deref()
            .and_then(Path::parent)
            .unwrap_or(Path::new(""))
            .join(path.value())
    };
    let shown = shown(&path);
    let text = fs::read_to_string(&path).map_err(|error| {
        format!("cannot read `{shown}`: {error}: a plugin declares what it does in `plugin.toml`, beside its `Cargo.toml`")
    })?;
    let baseline = Baseline::embedded();
    let (manifest, _) = Manifest::parse(&shown, &text, baseline.taxonomy())
        .map_err(|problems| format!("`{shown}` is not a valid manifest\n\n{problems}\n"))?;
    let generated = generate::plugin(&Model::new(&manifest, baseline.taxonomy()), &sdk.stream())
        .map_err(|problem| format!("`{shown}`: {problem}"))?;
    // The compiler looks at the files it includes to know when to come back.
    let tracked = fs::canonicalize(&path).unwrap_or(path);
    let tracked = tracked.to_string_lossy();
    Ok(quote! {
        #generated
        const _: &[u8] = ::core::include_bytes!(#tracked);
    })
}

/// A path as the compiler shows paths: relative to where it runs, if it lies below.
fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
