//! Reads `#[message(..)]` and `#[worker(..)]`: keys in any order, over one or several attributes.
//!
//! Reading goes on after a mistake, so that a person sees all of them at once.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Token, Type, parenthesized};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    pub(crate) fn add(&mut self, mistake: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(mistake),
            None => self.0 = Some(mistake),
        }
    }

    pub(crate) fn at(&mut self, span: Span, text: impl std::fmt::Display) {
        self.add(syn::Error::new(span, text));
    }

    /// One `compile_error!` for each; `None` if there is none.
    pub(crate) fn report(&self) -> Option<TokenStream> {
        self.0.as_ref().map(syn::Error::to_compile_error)
    }
}

/// The keys that were given, whether or not their values were any good.
pub(crate) struct Given {
    keys: Vec<(String, Span)>,
    /// False if a syntax error hid the rest of an attribute.
    complete: bool,
}

impl Given {
    pub(crate) fn span(&self, key: &str) -> Option<Span> {
        self.keys.iter().find(|(given, _)| given == key).map(|(_, span)| *span)
    }

    /// Whether a key is surely absent, and not just hidden by a syntax error.
    pub(crate) fn lacks(&self, key: &str) -> bool {
        self.complete && self.span(key).is_none()
    }
}

/// Calls `read` for each key of the attributes called `name`, with the input behind the key.
///
/// Only keys in `known` reach `read`, each once. An error that `read` returns becomes a mistake, and
/// reading goes on with the next key.
pub(crate) fn read_keys(
    attributes: &[Attribute],
    name: &str,
    known: &[&str],
    mistakes: &mut Mistakes,
    mut read: impl FnMut(&str, &ParseNestedMeta<'_>, &mut Mistakes) -> syn::Result<()>,
) -> Given {
    let mut given = Given { keys: Vec::new(), complete: true };
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        let result = attribute.parse_nested_meta(|meta| {
            let key = written(&meta.path);
            if !known.contains(&key.as_str()) {
                let list = known.join("`, `");
                let text = format!("`#[{name}(..)]` has no key `{key}`; its keys are `{list}`");
                mistakes.at(meta.path.span(), text);
                return skip_value(meta.input);
            }
            if given.span(&key).is_some() {
                mistakes.at(meta.path.span(), format!("`{key}` is given twice"));
                return skip_value(meta.input);
            }
            given.keys.push((key.clone(), meta.path.span()));
            if let Err(mistake) = read(&key, &meta, mistakes) {
                mistakes.add(mistake);
                return skip_value(meta.input);
            }
            Ok(())
        });
        if let Err(mistake) = result {
            given.complete = false;
            mistakes.add(mistake);
        }
    }
    given
}

/// Passes over what is left of a value, up to the next key's comma.
fn skip_value(input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        // A type is tried first because of its commas: `Result<A, B>` is no expression.
        let ahead = input.fork();
        if ahead.parse::<Type>().is_ok() && (ahead.is_empty() || ahead.peek(Token![,])) {
            input.parse::<Type>()?;
        } else if input.fork().parse::<Expr>().is_ok() {
            input.parse::<Expr>()?;
        }
    }
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Reads what is in the parentheses that come next.
///
/// After a mistake it passes over what is left in them: syn would report that once more, at the end of
/// the attribute.
pub(crate) fn in_parentheses<T>(
    input: ParseStream<'_>,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let inner;
    parenthesized!(inner in input);
    let value = read(&inner);
    if value.is_err() {
        inner.parse::<TokenStream>()?;
    }
    value
}

/// Source text as a person would write it; tokens print with a space between any two.
pub(crate) fn written(source: &impl ToTokens) -> String {
    let mut text = String::new();
    write_tokens(source.to_token_stream(), &mut text);
    text
}

fn write_tokens(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => write_group(&group, text),
            TokenTree::Punct(punct) => {
                text.push(punct.as_char());
                if punct.as_char() == ',' {
                    text.push(' ');
                }
            }
            // Two words in a row are the only other place that needs a space: `dyn Any`.
            word => {
                if text.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                    text.push(' ');
                }
                text.push_str(&word.to_string());
            }
        }
    }
}

fn write_group(group: &Group, text: &mut String) {
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    };
    text.push_str(open);
    write_tokens(group.stream(), text);
    text.push_str(close);
}
