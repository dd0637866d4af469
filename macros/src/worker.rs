//! `#[derive(Worker)]`.

/// What `#[worker(..)]` says.
mod declared;

/// The inbox and outcome enums, with the checks that belong to them.
mod inbox;

/// The implementations of `Worker`, `Accepts` and `Lifecycle`.
mod implementation;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};

use self::declared::Declared;
use crate::attribute::Mistakes;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let declared = Declared::read(input, &mut mistakes);
    if let Data::Union(union) = &input.data {
        let text = "a worker is a struct or an enum, not a union";
        mistakes.at(union.union_token.span, text);
    }
    if let Some(parameter) = input.generics.lifetimes().next() {
        let text = "a worker owns its state: it cannot have a lifetime parameter";
        mistakes.at(parameter.lifetime.span(), text);
        // No implementation is possible, so there is nothing that could keep rustc quiet.
        return mistakes.report().unwrap_or_default();
    }
    match mistakes.report() {
        Some(errors) => {
            let stub = implementation::stub(input, declared.lifecycle);
            quote! { #errors #stub }
        }
        None => {
            let enums = inbox::enums(input, &declared);
            let checks = inbox::checks(input, &declared);
            let implementations = implementation::all(input, &declared);
            quote! {
                const _: () = {
                    #enums
                    #checks
                    #implementations
                };
            }
        }
    }
}
