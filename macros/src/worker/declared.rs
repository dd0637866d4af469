//! What `#[worker(..)]` says.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{DeriveInput, LitInt, Token, Type, token};

use crate::attribute::{Given, Mistakes, in_parentheses, read_keys, written};

const KEYS: [&str; 9] = [
    "handles",
    "mailbox",
    "overflow",
    "unbounded",
    "on_crash",
    "slot",
    "blocking",
    "queued",
    "lifecycle",
];

/// Messages that wait at most, unless the worker says something else.
const DEFAULT_MAILBOX: u32 = 1024;

/// `millhand`'s own limit: half of what its mailbox can count.
const MAX_MAILBOX: u32 = 262_144;

/// Bytes. What the mailbox copies in and out of itself for each message, so not generous.
const DEFAULT_SLOT: usize = 128;

/// What `#[worker(..)]` says, with the defaults filled in.
pub(super) struct Declared {
    pub(super) handles: Vec<Listed>,
    /// `None`: unbounded.
    pub(super) mailbox: Option<u32>,
    pub(super) overflow: Overflow,
    /// How often a message is handled again after a crash; `None`: it is lost.
    pub(super) retries: Option<u32>,
    pub(super) slot: usize,
    pub(super) blocking: bool,
    pub(super) queued: bool,
    pub(super) lifecycle: bool,
}

/// The variant of `millhand`'s `Overflow`.
pub(super) struct Overflow(pub(super) &'static str);

/// One entry of `handles(..)`.
pub(super) struct Listed {
    pub(super) message: Type,
    pub(super) boxed: bool,
    /// Its variant in the inbox and in the outcome: `V0`, `V1`, …
    pub(super) variant: Ident,
}

impl Default for Declared {
    fn default() -> Self {
        Self {
            handles: Vec::new(),
            mailbox: Some(DEFAULT_MAILBOX),
            overflow: Overflow("Wait"),
            retries: None,
            slot: DEFAULT_SLOT,
            blocking: false,
            queued: false,
            lifecycle: false,
        }
    }
}

impl Declared {
    /// Reads all attributes; with mistakes, what comes back is only good for a stub.
    pub(super) fn read(input: &DeriveInput, mistakes: &mut Mistakes) -> Self {
        let mut declared = Self::default();
        let given = read_keys(&input.attrs, "worker", &KEYS, mistakes, |key, meta, mistakes| {
            match key {
                "handles" => declared.handles = handles(meta, mistakes)?,
                "mailbox" => declared.mailbox = mailbox(meta, mistakes)?,
                "overflow" => declared.overflow = overflow(meta)?,
                "on_crash" => declared.retries = retries(meta)?,
                "slot" => declared.slot = meta.value()?.parse::<LitInt>()?.base10_parse()?,
                "blocking" => declared.blocking = true,
                "queued" => declared.queued = true,
                "lifecycle" => declared.lifecycle = true,
                _ => {}
            }
            Ok(())
        });
        if given.lacks("handles") {
            let text = format!(
                "worker `{}` lists no messages: add `#[worker(handles(..))]`",
                input.ident,
            );
            mistakes.at(input.ident.span(), text);
        }
        if given.span("unbounded").is_some() {
            declared.mailbox = None;
            refuse_bounds(&given, mistakes);
        }
        declared
    }
}

/// An unbounded mailbox is never full.
fn refuse_bounds(given: &Given, mistakes: &mut Mistakes) {
    for key in ["mailbox", "overflow"] {
        if let Some(span) = given.span(key) {
            mistakes.at(span, format!("`{key}` contradicts `unbounded`: remove one of them"));
        }
    }
}

fn handles(meta: &ParseNestedMeta<'_>, mistakes: &mut Mistakes) -> syn::Result<Vec<Listed>> {
    let entries = in_parentheses(meta.input, Punctuated::<Entry, Token![,]>::parse_terminated)?;
    if entries.is_empty() {
        mistakes.at(meta.path.span(), "`handles(..)` is empty: list at least one message");
    }
    let mut listed = Vec::<Listed>::new();
    for Entry { message, boxed } in entries {
        // `Type`'s own equality ignores spans, so it compares what is written.
        if listed.iter().any(|earlier| earlier.message == message) {
            mistakes.at(message.span(), format!("`{}` is listed twice", written(&message)));
        }
        let variant = format_ident!("V{}", listed.len());
        listed.push(Listed { message, boxed, variant });
    }
    Ok(listed)
}

struct Entry {
    message: Type,
    boxed: bool,
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // Behind `boxed`, a parenthesis would otherwise make it a type like `Fn(Big)`.
        let word = input.fork().parse::<Ident>();
        if word.is_ok_and(|word| word == "boxed") && input.peek2(token::Paren) {
            input.parse::<Ident>()?;
            let message = in_parentheses(input, |inner| {
                let message = inner.parse()?;
                match inner.is_empty() {
                    true => Ok(message),
                    false => Err(inner.error("`boxed(..)` takes one message")),
                }
            })?;
            return Ok(Self { message, boxed: true });
        }
        Ok(Self { message: input.parse()?, boxed: false })
    }
}

fn mailbox(meta: &ParseNestedMeta<'_>, mistakes: &mut Mistakes) -> syn::Result<Option<u32>> {
    let literal = meta.value()?.parse::<LitInt>()?;
    match literal.base10_parse() {
        Ok(bound) if (1..=MAX_MAILBOX).contains(&bound) => Ok(Some(bound)),
        _ => {
            let text = format!(
                "`mailbox` is a number of messages from 1 to {MAX_MAILBOX}; say `unbounded` for no limit",
            );
            mistakes.at(literal.span(), text);
            Ok(None)
        }
    }
}

fn overflow(meta: &ParseNestedMeta<'_>) -> syn::Result<Overflow> {
    let word = meta.value()?.parse::<Ident>()?;
    match word.to_string().as_str() {
        "wait" => Ok(Overflow("Wait")),
        "reject" => Ok(Overflow("Reject")),
        "drop_newest" => Ok(Overflow("DropNewest")),
        "drop_oldest" => Ok(Overflow("DropOldest")),
        _ => Err(syn::Error::new(
            word.span(),
            "`overflow` is `wait`, `reject`, `drop_newest` or `drop_oldest`",
        )),
    }
}

fn retries(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<u32>> {
    let expected = |span| syn::Error::new(span, "`on_crash` is `lose` or `retry(N)`, N from 1");
    let word = meta.value()?.parse::<Ident>()?;
    match word.to_string().as_str() {
        "lose" => Ok(None),
        "retry" if meta.input.peek(token::Paren) => in_parentheses(meta.input, |inner| {
            let literal = inner.parse::<LitInt>().map_err(|error| expected(error.span()))?;
            match literal.base10_parse() {
                Ok(times) if times >= 1 && inner.is_empty() => Ok(Some(times)),
                _ => Err(expected(literal.span())),
            }
        }),
        _ => Err(expected(word.span())),
    }
}

impl Listed {
    /// What the variant holds.
    pub(super) fn payload(&self) -> TokenStream {
        let message = &self.message;
        match self.boxed {
            true => quote! { ::std::boxed::Box<#message> },
            false => quote! { #message },
        }
    }

    pub(super) fn written(&self) -> String {
        written(&self.message)
    }

    /// Where rustc points when this message is at fault: at its place in `handles(..)`, but as
    /// generated code, which no lint of the user's looks at.
    pub(super) fn span(&self) -> Span {
        Span::call_site().located_at(self.message.span())
    }

    /// The message's type as generated code, for where its own tokens would be linted.
    pub(super) fn as_message(&self) -> TokenStream {
        let message = &self.message;
        quote_spanned! { self.span()=> <#message as ::millhand::Message> }
    }
}

impl ToTokens for Overflow {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        format_ident!("{}", self.0).to_tokens(tokens);
    }
}
