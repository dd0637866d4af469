//! `#[derive(Message)]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, LitInt, LitStr, Type};

use crate::attribute::{Mistakes, read_keys};

const KEYS: [&str; 4] = ["name", "version", "reply", "local"];

/// What `#[message(..)]` says.
struct Declared {
    /// `None` for a local message, and after a mistake.
    identity: Option<(String, u32)>,
    /// Whether it may leave the process; decided generously after a mistake, lest it look local.
    is_wire: bool,
    /// `None` means `()`.
    reply: Option<Type>,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let declared = read(input, &mut mistakes);
    let generated = generate(input, &declared);
    match mistakes.report() {
        Some(errors) => quote! { #errors #generated },
        None => generated,
    }
}

fn read(input: &DeriveInput, mistakes: &mut Mistakes) -> Declared {
    let (mut name, mut version, mut reply) = (None, None, None);
    let given = read_keys(&input.attrs, "message", &KEYS, mistakes, |key, meta, mistakes| {
        match key {
            "name" => name = checked_name(&meta.value()?.parse()?, mistakes),
            "version" => version = checked_version(&meta.value()?.parse()?, mistakes),
            "reply" => reply = Some(meta.value()?.parse()?),
            _ => {}
        }
        Ok(())
    });

    if given.span("local").is_some() {
        for key in ["name", "version"] {
            if let Some(span) = given.span(key) {
                let text = format!("a `local` message never leaves the process and has no {key}");
                mistakes.at(span, text);
            }
        }
        return Declared { identity: None, is_wire: false, reply };
    }
    let ident = &input.ident;
    for (key, example) in [("name", "\"…\""), ("version", "1")] {
        if given.lacks(key) {
            let text = format!(
                "message `{ident}` has no {key}: add `{key} = {example}` to `#[message(..)]`, or \
                 say `#[message(local)]` if it never leaves the process",
            );
            mistakes.at(ident.span(), text);
        }
    }
    let is_wire = given.span("name").or(given.span("version")).is_some();
    Declared { identity: name.zip(version), is_wire, reply }
}

fn checked_name(literal: &LitStr, mistakes: &mut Mistakes) -> Option<String> {
    let name = literal.value();
    let is_word = |word: &str| {
        let mut bytes = word.bytes();
        !word.is_empty() && bytes.all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
    };
    if name.split('.').all(is_word) {
        return Some(name);
    }
    let text = "a message's name is words of `a`-`z`, `0`-`9`, `_` and `-`, joined by dots, such as \
                \"inventory.hash\"";
    mistakes.at(literal.span(), text);
    None
}

fn checked_version(literal: &LitInt, mistakes: &mut Mistakes) -> Option<u32> {
    match literal.base10_parse() {
        Ok(version) if version >= 1 => Some(version),
        _ => {
            mistakes.at(literal.span(), "a message's version is a number from 1 to 4294967295");
            None
        }
    }
}

fn generate(input: &DeriveInput, declared: &Declared) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let identity = match &declared.identity {
        Some((name, version)) => quote! {
            ::core::option::Option::Some(::millhand::Identity { name: #name, version: #version })
        },
        None => quote! { ::core::option::Option::None },
    };
    let reply = match &declared.reply {
        Some(reply) => quote! { #reply },
        None => quote! { () },
    };
    let (probe, is_failure) = failure(declared.reply.as_ref());
    let reply_span = Span::call_site().located_at(reply.span());
    let wire = declared.is_wire.then(|| wire(input, &reply, reply_span));

    quote! {
        const _: () = {
            #probe

            #[automatically_derived]
            impl #impl_generics ::millhand::Message for #ident #type_generics #where_clause {
                type Reply = #reply;

                const IDENTITY: ::core::option::Option<::millhand::Identity> = #identity;

                #[inline]
                fn is_failure(reply: &Self::Reply) -> bool {
                    #is_failure
                }
            }

            #wire
        };
    }
}

/// What decides whether a reply counts as failed: helper items, and the body of `is_failure`.
///
/// The macro sees only the reply's spelling, so the decision is left to method lookup, which sees the
/// type behind an alias: an inherent method, there for `Result` alone, wins over a trait's.
fn failure(reply: Option<&Type>) -> (TokenStream, TokenStream) {
    if reply.is_none() {
        return (TokenStream::new(), quote! { let _ = reply; false });
    }
    let probe = quote! {
        struct __Probe<'a, R>(&'a R);

        #[allow(clippy::same_name_method)]
        impl<T, E> __Probe<'_, ::core::result::Result<T, E>> {
            #[allow(dead_code)]
            fn is_failure(&self) -> bool {
                self.0.is_err()
            }
        }

        trait __AnyOther {
            #[allow(dead_code)]
            fn is_failure(&self) -> bool {
                false
            }
        }

        impl<R> __AnyOther for __Probe<'_, R> {}
    };
    (probe, quote! { __Probe(reply).is_failure() })
}

/// `impl WireMessage`, whose supertraits check that the message and its reply are serde values.
fn wire(input: &DeriveInput, reply: &TokenStream, span: Span) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    if generics.type_params().next().is_some() {
        // Only the arguments decide; serde's own derives put their bounds on the implementation, too.
        let (_, type_generics, _) = input.generics.split_for_impl();
        let serde = quote! { ::millhand::prelude };
        let bounds = quote! { #serde::Serialize + for<'de> #serde::Deserialize<'de> };
        let predicates = &mut generics.make_where_clause().predicates;
        predicates.push(syn::parse_quote! { #ident #type_generics: #bounds });
        predicates.push(syn::parse_quote! { #reply: #bounds });
    }
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    // Spanned, so that a reply that serde does not know is reported where it is declared.
    quote_spanned! { span=>
        #[automatically_derived]
        impl #impl_generics ::millhand::WireMessage for #ident #type_generics #where_clause {}
    }
}
