//! The macro behind `licit_guest::plugin!`: types generated from a plugin's `plugin.toml`.
//!
//! Plugin authors depend on `licit-guest`, which documents the macro; this crate is an implementation detail of
//! it. `model` reduces a manifest to what becomes a type, and `generate` writes the types down.

mod generate;
mod model;
mod policy;
#[cfg(test)]
mod tests;

use licit_baseline::{Manifest, Taxonomy};
use model::Model;
use policy::Policy;
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
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
    let path = manifest_path(input.collect())?;
    let shown = shown(&path);
    one_plugin(&shown)?;
    let bytes = fs::read(&path).map_err(|error| {
        format!(
            "cannot read `{shown}`: {error}: a plugin declares what it does in `plugin.toml`, beside its \
             `Cargo.toml`"
        )
    })?;
    let Policy { baseline, files } = Policy::in_force()?;
    let types = types(&shown, &bytes, baseline.taxonomy(), &sdk.stream())?;
    // The compiler looks at the files and variables that it sees read, to know when to come back.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let read = files
        .iter()
        .chain([&path])
        .map(|file| file.to_string_lossy().into_owned());
    let variable = policy::VARIABLE;
    Ok(quote! {
        #types
        const _: &[&[u8]] = &[#(::core::include_bytes!(#read)),*];
        const _: ::core::option::Option<&str> = ::core::option_env!(#variable);
    })
}

/// Refuses the second plugin of a crate. The compiler runs once for each crate; an editor goes on and expands as it likes.
fn one_plugin(manifest: &str) -> Result<(), String> {
    static FIRST: OnceLock<String> = OnceLock::new();
    let is_compiler = env::current_exe().is_ok_and(|program| {
        let name = program.file_stem().and_then(OsStr::to_str);
        name.is_some_and(|name| ["rustc", "clippy-driver", "rustdoc"].contains(&name))
    });
    if is_compiler && let Err(manifest) = FIRST.set(manifest.to_owned()) {
        let first = FIRST.get().unwrap_or(&manifest);
        return Err(format!(
            "a crate is one plugin, and this one is that of `{first}` already: put the other product into a crate of \
             its own, with its own `plugin.toml`; each becomes one `.wasm` file"
        ));
    }
    Ok(())
}

/// Where the manifest is: beside `Cargo.toml`, or where the author's argument says, seen from the calling file.
fn manifest_path(argument: TokenStream) -> Result<PathBuf, String> {
    if argument.is_empty() {
        let folder = env::var_os("CARGO_MANIFEST_DIR").ok_or(
            "without cargo, say where the manifest is, seen from this file: \
             `licit_guest::plugin!(\"../plugin.toml\")`",
        )?;
        return Ok(PathBuf::from(folder).join("plugin.toml"));
    }
    let path: LitStr = syn::parse2(argument)
        .map_err(|_| "`plugin!` takes nothing, or the path of a manifest in quotes".to_owned())?;
    let file = path.span().unwrap().local_file();
    let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    Ok(folder.join(path.value()))
}

/// What a manifest becomes; `name` is what messages call it.
fn types(name: &str, bytes: &[u8], taxonomy: &Taxonomy, sdk: &TokenStream) -> Result<TokenStream, String> {
    let (manifest, _) = Manifest::from_bytes(name, bytes, taxonomy)
        .map_err(|problems| format!("`{name}` is not a valid manifest\n\n{problems}\n"))?;
    generate::plugin(&Model::new(&manifest, taxonomy), sdk).map_err(|problem| format!("`{name}`: {problem}"))
}

/// A path as the compiler shows paths: relative to where it runs, if it lies below.
fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
