//! How a command begins, and the one that ends a handshake.
//!
//! ```text
//!   ├ length of the name, 1 ┤├── name ──┤├── what the command says ──┤
//!
//!   ERROR   ├ 05 ┤├ ERROR ┤├ length, 1 ┤├── reason, visible ASCII ──┤
//! ```

use super::CurveError;

/// What lies behind the name, in a command that must have an exact length.
pub(super) fn exactly<'a, const N: usize>(
    body: &'a [u8],
    command: &'static str,
) -> Result<&'a [u8; N], CurveError> {
    let rest = after_name(body, command)?;
    rest.try_into().map_err(|_| length::<N>(body, command, rest))
}

/// What lies behind the name, in a command that has a part of fixed length and then goes on.
pub(super) fn at_least<'a, const N: usize>(
    body: &'a [u8],
    command: &'static str,
) -> Result<(&'a [u8; N], &'a [u8]), CurveError> {
    let rest = after_name(body, command)?;
    rest.split_first_chunk().ok_or_else(|| length::<N>(body, command, rest))
}

/// A field of a command whose length has been checked.
pub(super) fn field<const N: usize>(octets: &[u8], offset: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&octets[offset..offset + N]);
    field
}

fn after_name<'a>(body: &'a [u8], command: &'static str) -> Result<&'a [u8], CurveError> {
    match split(body) {
        Some((name, rest)) if name == command.as_bytes() => Ok(rest),
        // A client has no ERROR to send.
        Some((b"ERROR", rest)) if matches!(command, "WELCOME" | "READY") => {
            Err(refusal(rest, command))
        }
        _ => Err(CurveError::Unexpected { expected: command }),
    }
}

fn split(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = body.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// What an ERROR says, if that is what it is.
fn refusal(rest: &[u8], expected: &'static str) -> CurveError {
    match split(rest) {
        Some((reason, [])) => {
            let visible = |octet: &u8| {
                if matches!(octet, b' '..=b'~') { char::from(*octet) } else { '?' }
            };
            CurveError::Refused { reason: reason.iter().map(visible).collect() }
        }
        _ => CurveError::Unexpected { expected },
    }
}

#[cold]
fn length<const N: usize>(body: &[u8], command: &'static str, rest: &[u8]) -> CurveError {
    let expected = body.len() - rest.len() + N;
    CurveError::Length { command, expected, octets: body.len() }
}
