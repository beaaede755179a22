//! The types and the export of one plugin, as a pure function of its model.

use crate::model::{Activity, Entry, Fact, Kind, Model, Purpose};
use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;

/// The expansion of `plugin!()`. `sdk` is the path of `licit-guest` in the author's crate.
///
/// # Errors
///
/// One line that names both ids, when two ids would become the same Rust name.
pub(crate) fn plugin(model: &Model, sdk: &TokenStream) -> Result<TokenStream, String> {
    let mut names = Names::default();
    for (name, origin) in [
        ("Plugin", "the plugin"),
        ("Request", "the request"),
        ("Verdict", "the verdict"),
        ("Purpose", "the purposes"),
    ] {
        names.claim(name, origin)?;
    }
    let terms = [
        term(
            sdk,
            &mut names,
            "Data",
            "The data categories that `plugin.toml` declares.",
            &model.data,
        )?,
        term(
            sdk,
            &mut names,
            "Operation",
            "The operations that `plugin.toml` declares.",
            &model.operations,
        )?,
        term(
            sdk,
            &mut names,
            "Reason",
            "The reasons for a deny that `plugin.toml` declares.",
            &model.reasons,
        )?,
        term(
            sdk,
            &mut names,
            "Obligation",
            "The obligations of a permit that `plugin.toml` declares.",
            &model.obligations,
        )?,
    ];
    let words = fact_values(sdk, &mut names, &model.purposes)?;
    let purposes = purposes(sdk, &mut names, model)?;
    let export = export(sdk);
    Ok(quote! {
        #(#terms)*
        #words
        #purposes
        #export
    })
}

/// The Rust names given out so far, each with what it stands for.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn claim(&mut self, name: &str, origin: &str) -> Result<Ident, String> {
        match self.0.insert(name.to_owned(), origin.to_owned()) {
            Some(other) => Err(format!(
                "{origin} and {other} would both become `{name}`: rename one of them"
            )),
            None => Ok(ident(name)),
        }
    }
}

/// `download-history` → `DownloadHistory`.
fn camel(id: &str) -> String {
    id.to_upper_camel_case()
}

/// An identifier, also for a name that is a keyword or begins with a digit.
fn ident(name: &str) -> Ident {
    if syn::parse_str::<Ident>(name).is_ok() {
        return Ident::new(name, Span::call_site());
    }
    if name.starts_with(|first: char| first.is_ascii_digit())
        || ["Self", "self", "super", "crate"].contains(&name)
    {
        return format_ident!("_{name}");
    }
    Ident::new_raw(name, Span::call_site())
}

/// An enum of ids.
fn term(
    sdk: &TokenStream,
    names: &mut Names,
    name: &str,
    doc: &str,
    entries: &[Entry],
) -> Result<TokenStream, String> {
    let name = names.claim(name, &format!("the type `{name}`"))?;
    let mut claimed = Names::default();
    let variants = entries
        .iter()
        .map(|entry| claimed.claim(&camel(&entry.id), &format!("`{}`", entry.id)))
        .collect::<Result<Vec<_>, _>>()?;
    let docs = entries.iter().map(|entry| &entry.doc);
    let ids = entries.iter().map(|entry| &entry.id);
    let id = if entries.is_empty() {
        quote!(match self {})
    } else {
        quote!(match self { #(Self::#variants => #ids,)* })
    };
    Ok(quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(dead_code, reason = "what an author does not use is declared all the same")]
        pub enum #name {
            #(#[doc = #docs] #variants,)*
        }

        impl #sdk::Term for #name {
            const ALL: &'static [Self] = &[#(Self::#variants,)*];

            fn id(self) -> &'static str {
                #id
            }
        }
    })
}

/// One enum per fact whose values are a closed list.
fn fact_values(sdk: &TokenStream, names: &mut Names, purposes: &[Purpose]) -> Result<TokenStream, String> {
    let mut closed = BTreeMap::new();
    for fact in purposes.iter().flat_map(|purpose| &purpose.facts) {
        if let Kind::Word(words) = &fact.kind {
            closed.insert(&fact.name, words);
        }
    }
    closed
        .into_iter()
        .map(|(name, words)| {
            let entries: Vec<_> = words
                .iter()
                .map(|word| Entry {
                    id: word.clone(),
                    doc: format!("`{word}`"),
                })
                .collect();
            term(
                sdk,
                names,
                &camel(name),
                &format!("The values of the fact `{name}`."),
                &entries,
            )
        })
        .collect()
}

/// `Purpose`, the facts of each of them, and the plugin's vocabulary.
fn purposes(sdk: &TokenStream, names: &mut Names, model: &Model) -> Result<TokenStream, String> {
    let mut variants = Names::default();
    let (mut structs, mut declared, mut specs) = (Vec::new(), Vec::new(), Vec::new());
    for Purpose {
        entry: Entry { id, doc },
        facts,
    } in &model.purposes
    {
        let variant = variants.claim(&camel(id), &format!("`{id}`"))?;
        let fact_specs = facts.iter().map(|fact| fact_spec(sdk, fact));
        let constructor = if facts.is_empty() {
            declared.push(quote!(#[doc = #doc] #variant));
            quote!(|_| Purpose::#variant)
        } else {
            let name = format!("{}Facts", camel(id));
            let name = names.claim(&name, &format!("the facts of `{id}`"))?;
            declared.push(quote!(#[doc = #doc] #variant(#name<'a>)));
            structs.push(facts_struct(sdk, &name, id, facts)?);
            quote!(|facts| Purpose::#variant(#name(facts)))
        };
        specs.push(quote! {
            #sdk::__private::PurposeSpec { id: #id, facts: &[#(#fact_specs),*], variant: #constructor }
        });
    }
    let lifetime = (!structs.is_empty()).then(|| quote!(<'a>));
    let activities = model
        .activities
        .iter()
        .map(|activity| activity_spec(sdk, activity));
    let plugin_doc = format!("What the plugin `{}` declares.", model.product);
    Ok(quote! {
        #(#structs)*

        /// The purposes that `plugin.toml` declares, each with the facts that its activities read.
        #[derive(Clone, Copy, Debug)]
        #[allow(dead_code, reason = "what an author does not use is declared all the same")]
        pub enum Purpose #lifetime {
            #(#declared,)*
        }

        #[doc = #plugin_doc]
        #[derive(Clone, Copy, Debug)]
        pub enum Plugin {}

        impl #sdk::Vocabulary for Plugin {
            type Purpose<'a> = Purpose #lifetime;
            type Data = Data;
            type Operation = Operation;
            type Reason = Reason;
            type Obligation = Obligation;

            const PURPOSES: &'static [#sdk::__private::PurposeSpec<Self>] = &[#(#specs),*];
            const ACTIVITIES: &'static [#sdk::__private::ActivitySpec<Self>] = &[#(#activities),*];
        }

        /// One request that this plugin judges.
        pub type Request<'a> = #sdk::Request<'a, Plugin>;

        /// This plugin's vote.
        pub type Verdict = #sdk::Verdict<Reason, Obligation>;

        /// No objection. Add the plugin's own obligations by `.with(Obligation::…)`.
        #[allow(dead_code, reason = "a plugin may only ever deny")]
        pub const fn permit() -> Verdict {
            #sdk::Verdict::Permit(::std::vec::Vec::new())
        }

        /// An objection, with a reason that `plugin.toml` declares.
        #[allow(dead_code, reason = "a plugin may only ever permit")]
        pub const fn deny(reason: Reason) -> Verdict {
            #sdk::Verdict::Deny(reason)
        }
    })
}

/// The facts of one purpose, with one accessor each.
fn facts_struct(
    sdk: &TokenStream,
    name: &Ident,
    purpose: &str,
    facts: &[Fact],
) -> Result<TokenStream, String> {
    let doc = format!("The facts that the activities with the purpose `{purpose}` read.");
    let mut claimed = Names::default();
    let accessors = facts
        .iter()
        .enumerate()
        .map(|(place, fact)| {
            let accessor = claimed.claim(
                &fact.name.replace('.', "_").to_snake_case(),
                &format!("`{}`", fact.name),
            )?;
            Ok(fact_accessor(sdk, &accessor, place, fact))
        })
        .collect::<Result<Vec<_>, String>>()?;
    Ok(quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug)]
        pub struct #name<'a>(#sdk::__private::Facts<'a>);

        #[allow(dead_code, reason = "what an author does not use is declared all the same")]
        impl<'a> #name<'a> {
            #(#accessors)*
        }
    })
}

fn fact_accessor(
    sdk: &TokenStream,
    accessor: &Ident,
    place: usize,
    Fact {
        name,
        doc,
        kind,
        required,
    }: &Fact,
) -> TokenStream {
    let (result, read) = match kind {
        Kind::Flag => (quote!(bool), quote!(flag)),
        Kind::Integer => (quote!(i64), quote!(integer)),
        Kind::Text => (quote!(&'a str), quote!(text)),
        Kind::Time => (quote!(#sdk::Instant<'a>), quote!(time)),
        Kind::Texts | Kind::PerCategory => (quote!(#sdk::Texts<'a>), quote!(texts)),
        Kind::Word(_) => {
            let word = ident(&camel(name));
            (quote!(#word), quote!(word))
        }
    };
    let (result, value) = if *required {
        (result, quote!(self.0.known(#place, self.0.#read(#place))))
    } else {
        (
            quote!(::core::option::Option<#result>),
            quote!(self.0.#read(#place)),
        )
    };
    quote! {
        #[doc = #doc]
        #[must_use]
        #[track_caller]
        pub fn #accessor(self) -> #result {
            #value
        }
    }
}

fn activity_spec(
    sdk: &TokenStream,
    Activity {
        id,
        purpose,
        operations,
        data,
        reads,
        optional_reads,
    }: &Activity,
) -> TokenStream {
    let operations = operations.iter().map(|id| ident(&camel(id)));
    let data = data.iter().map(|id| ident(&camel(id)));
    quote! {
        #sdk::__private::ActivitySpec {
            id: #id,
            purpose: #purpose,
            operations: &[#(Operation::#operations),*],
            data: &[#(Data::#data),*],
            reads: &[#(#reads),*],
            optional_reads: &[#(#optional_reads),*],
        }
    }
}

fn fact_spec(
    sdk: &TokenStream,
    Fact {
        name, kind, required, ..
    }: &Fact,
) -> TokenStream {
    let kind = match kind {
        Kind::Flag => quote!(Flag),
        Kind::Integer => quote!(Integer),
        Kind::Text => quote!(Text),
        Kind::Word(words) => quote!(Word(&[#(#words),*])),
        Kind::Time => quote!(Time),
        Kind::Texts => quote!(Texts),
        Kind::PerCategory => quote!(PerCategory),
    };
    quote! {
        #sdk::__private::FactSpec {
            name: #name,
            kind: #sdk::__private::Kind::#kind,
            required: #required,
        }
    }
}

/// The use of the author's function: on wasm32 the component's export, elsewhere a check of its signature.
fn export(sdk: &TokenStream) -> TokenStream {
    quote! {
        const _: fn(&Request<'_>) -> Verdict = evaluate;

        #[cfg(target_arch = "wasm32")]
        #sdk::__private::export!(Plugin, evaluate);
    }
}
