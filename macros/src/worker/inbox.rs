//! The inbox and outcome enums, with the checks that belong to them.
//!
//! ```text
//! enum Inbox   { V0(Hash),          V1(Box<Import>),     … }     what waits in the mailbox
//! enum Outcome { V0(Hash's reply),  V1(Import's reply),  … }     what the handler returned
//! ```

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::DeriveInput;

use super::declared::{Declared, Listed};

/// Both enums. They are public so that the associated types of a public worker can be them, though
/// nobody can name them outside their anonymous `const`; which is why a private message in them is fine.
pub(super) fn enums(input: &DeriveInput, declared: &Declared) -> TokenStream {
    let (impl_generics, _, where_clause) = input.generics.split_for_impl();
    let never = never(input);
    let inbox = declared.handles.iter().map(|listed| {
        let (variant, payload) = (&listed.variant, listed.payload());
        quote! { #variant(#payload), }
    });
    let outcome = declared.handles.iter().map(|listed| {
        let (variant, message) = (&listed.variant, listed.as_message());
        quote_spanned! { listed.span()=> #variant(#message::Reply), }
    });
    quote! {
        #[doc(hidden)]
        #[allow(private_interfaces)]
        pub enum __Inbox #impl_generics #where_clause { #(#inbox)* #never }

        #[doc(hidden)]
        #[allow(private_interfaces)]
        pub enum __Outcome #impl_generics #where_clause { #(#outcome)* #never }
    }
}

/// A variant that cannot exist and takes no room; it uses the type parameters that no message uses.
fn never(input: &DeriveInput) -> Option<TokenStream> {
    let mut parameters = input.generics.type_params().map(|parameter| &parameter.ident).peekable();
    // Pointers, since a parameter may be unsized; behind `fn`, since they must not cost `Send`.
    parameters.peek().is_some().then(|| {
        quote! {
            __Never(
                ::core::convert::Infallible,
                ::core::marker::PhantomData<fn() -> (#(*const #parameters,)*)>,
            ),
        }
    })
}

/// Constants that do not evaluate if a message is too large, or if two have one identity.
///
/// Those of a generic worker are known only with its arguments: `dispatch` evaluates them.
pub(super) fn checks(input: &DeriveInput, declared: &Declared) -> TokenStream {
    let sizes = declared.handles.iter().filter(|listed| !listed.boxed).map(|listed| {
        let (message, slot) = (&listed.message, declared.slot);
        let text = format!(
            "message `{written}` is larger than a slot of `{worker}`'s mailbox ({slot} bytes): list it \
             as `boxed({written})`, or say `#[worker(slot = N)]`",
            written = listed.written(),
            worker = input.ident,
        );
        let fits = quote! { ::core::mem::size_of::<#message>() <= #slot };
        quote_spanned! { listed.span()=> ::core::assert!(#fits, "{}", #text) }
    });
    let identities = pairs(&declared.handles).map(|(first, second)| {
        let text = format!(
            "messages `{}` and `{}` have the same name and version",
            first.written(),
            second.written(),
        );
        let (one, other) = (first.as_message(), second.as_message());
        let differ = quote! { __differ(#one::IDENTITY, #other::IDENTITY) };
        quote_spanned! { second.span()=> ::core::assert!(#differ, "{}", #text) }
    });
    let checks = sizes.chain(identities);
    let checks = if is_generic(input) {
        let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
        quote! {
            impl #impl_generics __Inbox #type_generics #where_clause {
                const CHECKED: () = { #(#checks;)* };
            }
        }
    } else {
        quote! { #(const _: () = #checks;)* }
    };
    let differ = (declared.handles.len() > 1).then(differ);
    quote! { #differ #checks }
}

/// Whether the checks wait for type arguments.
pub(super) fn is_generic(input: &DeriveInput) -> bool {
    !input.generics.params.is_empty()
}

fn differ() -> TokenStream {
    let identity = quote! { ::core::option::Option<::millhand::Identity> };
    quote! {
        const fn __differ(one: #identity, other: #identity) -> bool {
            match (one, other) {
                (::core::option::Option::Some(one), ::core::option::Option::Some(other)) => {
                    !one.same(other)
                }
                _ => true,
            }
        }
    }
}

fn pairs(handles: &[Listed]) -> impl Iterator<Item = (&Listed, &Listed)> {
    handles
        .iter()
        .enumerate()
        .flat_map(|(i, second)| handles[..i].iter().map(move |first| (first, second)))
}
