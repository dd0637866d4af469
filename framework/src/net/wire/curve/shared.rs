//! The key that two peers share, computed once, and its boxes.
//!
//! ```text
//!   box   ├── tag, 16 ──┤├── as long as the plain text ──┤
//! ```

use std::sync::Arc;

use crypto_box::aead::AeadInPlace;
use crypto_box::{Nonce, SalsaBox};

use crate::net::wire::keys::{PublicKey, SecretKey};

/// What a box is longer than its contents.
pub(super) const TAG: usize = 16;

/// A box did not open.
pub(super) struct Closed;

/// Of one peer's secret and the other's public key. It is in one place, however many hold it, and is
/// overwritten when the last lets go.
#[derive(Clone)]
pub(super) struct SharedKey(Arc<SalsaBox>);

impl SharedKey {
    /// Costs a multiplication on the curve.
    pub(super) fn new(theirs: &PublicKey, own: &SecretKey) -> Self {
        Self(Arc::new(own.shared(theirs)))
    }

    /// Makes a box of what lies behind 16 free octets.
    pub(super) fn seal(&self, nonce: &Nonce, area: &mut [u8]) {
        seal(&*self.0, nonce, area);
    }

    /// Opens a box where it lies, and gives its contents; if it does not open, it is as before.
    pub(super) fn open<'a>(
        &self,
        nonce: &Nonce,
        area: &'a mut [u8],
    ) -> Result<&'a mut [u8], Closed> {
        open(&*self.0, nonce, area)
    }
}

/// [`SharedKey::seal`] for all kinds of keys.
pub(super) fn seal(
    key: &impl AeadInPlace<NonceSize = NonceSize, TagSize = TagSize>,
    nonce: &Nonce,
    area: &mut [u8],
) {
    let Some((tag, text)) = area.split_first_chunk_mut::<TAG>() else {
        debug_assert!(false, "no room for the tag");
        return;
    };
    match key.encrypt_in_place_detached(nonce, &[], text) {
        Ok(made) => tag.copy_from_slice(&made),
        // There is no such case: it would be associated data, and there are none. Nothing may leave in
        // the clear, even so.
        Err(_) => area.fill(0),
    }
}

/// [`SharedKey::open`] for all kinds of keys.
pub(super) fn open<'a>(
    key: &impl AeadInPlace<NonceSize = NonceSize, TagSize = TagSize>,
    nonce: &Nonce,
    area: &'a mut [u8],
) -> Result<&'a mut [u8], Closed> {
    let (tag, text) = area.split_first_chunk_mut::<TAG>().ok_or(Closed)?;
    key.decrypt_in_place_detached(nonce, &[], text, (&*tag).into()).map_err(|_| Closed)?;
    Ok(text)
}

type NonceSize = crypto_box::aead::consts::U24;
type TagSize = crypto_box::aead::consts::U16;
