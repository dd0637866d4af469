//! The implementations of `Worker`, `Accepts` and `Lifecycle`.
//!
//! They have no bounds but the worker's own. In particular none says `Self: Handle<M>`: behind such a
//! bound rustc no longer sees that the handler's future is `Send`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::DeriveInput;

use super::declared::{Declared, Listed};
use super::inbox::is_generic;

/// All of them.
pub(super) fn all(input: &DeriveInput, declared: &Declared) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let policy = policy(declared);
    let message_types = declared.handles.iter().map(|listed| {
        let (message, as_message) = (&listed.message, listed.as_message());
        quote_spanned! { listed.span()=>
            ::millhand::__private::MessageType {
                identity: #as_message::IDENTITY,
                type_id: ::core::any::TypeId::of::<#message>(),
                type_name: ::core::any::type_name::<#message>,
            }
        }
    });
    let dispatch = dispatch(input, declared);
    let settled = declared.handles.iter().map(|listed| {
        let (message, variant) = (&listed.message, &listed.variant);
        quote_spanned! { listed.span()=>
            __Outcome::#variant(reply) => ::millhand::__private::settle_one::<#message>(reply, to),
        }
    });
    let copy_for_retry = copy_for_retry(input, declared);
    let accepts = declared.handles.iter().map(|listed| accepts(input, declared, listed));
    let lifecycle = lifecycle(input, declared.lifecycle);
    quote! {
        #[automatically_derived]
        impl #impl_generics ::millhand::Worker for #ident #type_generics #where_clause {
            type Inbox = __Inbox #type_generics;
            type Outcome = __Outcome #type_generics;

            const POLICY: ::millhand::__private::Policy = #policy;
            const MESSAGES: &'static [::millhand::__private::MessageType] = &[#(#message_types),*];

            #dispatch

            fn settle(
                outcome: Self::Outcome,
                to: ::millhand::__private::Asker<'_>,
            ) {
                match outcome { #(#settled)* }
            }

            #copy_for_retry
        }

        #(#accepts)*

        #lifecycle
    }
}

fn policy(declared: &Declared) -> TokenStream {
    let option = quote! { ::core::option::Option };
    let bound = match declared.mailbox {
        Some(bound) => quote! { #option::Some(#bound) },
        None => quote! { #option::None },
    };
    let on_crash = match declared.retries {
        Some(times) => quote! { Retry(#times) },
        None => quote! { Lose },
    };
    let (overflow, blocking) = (&declared.overflow, declared.blocking);
    let queued = declared.queued;
    quote! {
        ::millhand::__private::Policy {
            bound: #bound,
            overflow: ::millhand::__private::Overflow::#overflow,
            on_crash: ::millhand::__private::OnCrash::#on_crash,
            blocking: #blocking,
            queued: #queued,
        }
    }
}

fn dispatch(input: &DeriveInput, declared: &Declared) -> TokenStream {
    let (_, type_generics, _) = input.generics.split_for_impl();
    let turbofish = type_generics.as_turbofish();
    let checked = is_generic(input).then(|| quote! { let () = __Inbox #turbofish::CHECKED; });
    let handled = declared.handles.iter().map(|listed| {
        let (message, variant) = (&listed.message, &listed.variant);
        let unboxed = match listed.boxed {
            true => quote_spanned! { listed.span()=> *message },
            false => quote_spanned! { listed.span()=> message },
        };
        // Spanned, so that a handler that is missing is reported at the message.
        quote_spanned! { listed.span()=>
            __Inbox::#variant(message) => ::millhand::__private::Host::begin(
                host,
                || <Self as ::millhand::Handle<#message>>::handle(self, #unboxed, cx),
                __Outcome::#variant,
            ),
        }
    });
    quote! {
        #[inline]
        fn dispatch<'__a>(
            &'__a mut self,
            inbox: Self::Inbox,
            cx: &'__a mut ::millhand::Context<Self>,
            host: impl ::millhand::__private::Host<'__a, Self::Outcome>,
        ) -> ::core::task::Poll<Self::Outcome> {
            #checked
            match inbox { #(#handled)* }
        }
    }
}

fn copy_for_retry(input: &DeriveInput, declared: &Declared) -> TokenStream {
    let option = quote! { ::core::option::Option };
    if declared.retries.is_none() {
        return quote! {
            #[inline]
            fn copy_for_retry(_: &Self::Inbox) -> #option<Self::Inbox> {
                #option::None
            }
        };
    }
    let copied = declared.handles.iter().map(|listed| {
        let (message, variant) = (&listed.message, &listed.variant);
        // Spanned, so that a message that is not `Clone` is reported at its place in the list.
        let clone = quote_spanned! { listed.span()=> <#message as ::millhand::__private::CopyForRetry>::copy };
        let copy = match listed.boxed {
            true => quote! { ::std::boxed::Box::new(#clone(message)) },
            false => quote! { #clone(message) },
        };
        quote! { __Inbox::#variant(message) => __Inbox::#variant(#copy), }
    });
    // Behind a reference even a variant that cannot exist must be matched.
    let never = input.generics.type_params().next().map(|_| {
        quote! { __Inbox::__Never(never, _) => match *never {}, }
    });
    quote! {
        fn copy_for_retry(inbox: &Self::Inbox) -> #option<Self::Inbox> {
            #option::Some(match inbox { #(#copied)* #never })
        }
    }
}

fn accepts(input: &DeriveInput, declared: &Declared, listed: &Listed) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let (message, variant) = (&listed.message, &listed.variant);
    let option = quote! { ::core::option::Option };
    let (wrapped, unwrapped) = match listed.boxed {
        true => (quote! { ::std::boxed::Box::new(message) }, quote! { *message }),
        false => (quote! { message }, quote! { message }),
    };
    let others = (declared.handles.len() > 1).then(|| quote! { _ => #option::None, });
    let methods = quote! {
        #[inline]
        fn wrap(message: #message) -> Self::Inbox {
            __Inbox::#variant(#wrapped)
        }

        #[inline]
        fn unwrap(inbox: Self::Inbox) -> #option<#message> {
            match inbox {
                __Inbox::#variant(message) => #option::Some(#unwrapped),
                #others
            }
        }
    };
    // Only the header is spanned: an error about the worker would otherwise come once per message.
    quote_spanned! { listed.span()=>
        #[automatically_derived]
        impl #impl_generics ::millhand::Accepts<#message> for #ident #type_generics #where_clause {
            #methods
        }
    }
}

fn lifecycle(input: &DeriveInput, is_users: bool) -> Option<TokenStream> {
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    (!is_users).then(|| {
        quote! {
            #[automatically_derived]
            impl #impl_generics ::millhand::Lifecycle for #ident #type_generics #where_clause {}
        }
    })
}

/// What stands in after a mistake: a worker that accepts everything, so that rustc has nothing to say
/// about its handlers and its senders. It is never run.
pub(super) fn stub(input: &DeriveInput, has_lifecycle: bool) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let policy = policy(&Declared::default());
    let lifecycle = lifecycle(input, has_lifecycle);
    let mut generics = input.generics.clone();
    generics.params.push(syn::parse_quote! { __M: ::millhand::Message });
    let (accepts_generics, _, _) = generics.split_for_impl();
    let (option, never) =
        (quote! { ::core::option::Option }, quote! { ::core::convert::Infallible });
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #impl_generics ::millhand::Worker for #ident #type_generics #where_clause {
                type Inbox = #never;
                type Outcome = #never;

                const POLICY: ::millhand::__private::Policy = #policy;
                const MESSAGES: &'static [::millhand::__private::MessageType] = &[];

                fn dispatch<'__a>(
                    &'__a mut self,
                    inbox: Self::Inbox,
                    _: &'__a mut ::millhand::Context<Self>,
                    _: impl ::millhand::__private::Host<'__a, Self::Outcome>,
                ) -> ::core::task::Poll<Self::Outcome> {
                    match inbox {}
                }

                fn settle(
                    outcome: Self::Outcome,
                    _: ::millhand::__private::Asker<'_>,
                ) {
                    match outcome {}
                }

                fn copy_for_retry(_: &Self::Inbox) -> #option<Self::Inbox> {
                    #option::None
                }
            }

            #[automatically_derived]
            impl #accepts_generics ::millhand::Accepts<__M> for #ident #type_generics #where_clause {
                fn wrap(_: __M) -> Self::Inbox {
                    ::core::unreachable!()
                }

                fn unwrap(inbox: Self::Inbox) -> #option<__M> {
                    match inbox {}
                }
            }

            #lifecycle
        };
    }
}
