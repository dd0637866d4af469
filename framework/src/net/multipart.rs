//! What a socket sends and receives: a [`Multipart`] of [`Frame`]s.
//!
//! ZeroMQ's unit is the *message*, one frame or several, which arrives whole or not at all. A frame is a
//! run of octets; nothing here looks inside. Up to [`Frame::IN_PLACE`] octets lie in the frame itself,
//! so that small messages need no allocation; more lie in [`Bytes`], which are shared, not copied.
//!
//! ```text
//!                        0                                32       40
//!  Frame, 40 octets      │ up to 32 octets                │ length │
//!                        │ Bytes: pointer, length, owner  │  none  │
//!  Multipart, 40 octets  │ Vec of frames           │      │  none  │
//! ```
//!
//! Short messages are many, and what they cost is being moved. So the length stands last and takes a whole
//! word, and what says that a frame is not of this kind are values that no length has: then a frame is made
//! by the same two stores of 16 octets and one of 8 by which it is moved, and the processor can hand each
//! store on to the load that follows. Where they overlap otherwise, it waits until they have left it.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

/// One frame of a message: a run of octets, cheap to clone.
///
/// It is read as a slice (`Deref<Target = [u8]>`) and made from anything that holds octets.
/// [`Bytes`], `Vec<u8>` and `String` are taken over without a copy where they are long.
///
/// What a socket received and is longer than [`Frame::IN_PLACE`] shares the memory of its neighbours
/// on the wire, at most some 64 KiB. Whoever keeps short frames for long copies them out with
/// `to_vec()`.
#[derive(Clone)]
pub struct Frame(Octets);

#[derive(Clone)]
enum Octets {
    InPlace(Short),
    Shared(Bytes),
}

/// Octets in the frame itself: the first `length` of these. See the drawing above for the order.
#[derive(Clone, Copy)]
#[repr(C)]
struct Short {
    octets: [u8; Frame::IN_PLACE],
    length: Length,
}

/// A length from 0 to [`Frame::IN_PLACE`]. A type of its own, so that the compiler knows which values it
/// never has.
#[derive(Clone, Copy)]
#[repr(u64)]
#[rustfmt::skip]
enum Length {
    L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15, L16,
    L17, L18, L19, L20, L21, L22, L23, L24, L25, L26, L27, L28, L29, L30, L31, L32,
}

impl Length {
    #[rustfmt::skip]
    const ALL: [Length; Frame::IN_PLACE + 1] = {
        use Length::*;
        [
            L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15, L16,
            L17, L18, L19, L20, L21, L22, L23, L24, L25, L26, L27, L28, L29, L30, L31, L32,
        ]
    };

    #[inline]
    fn of(octets: usize) -> Option<Length> {
        Length::ALL.get(octets).copied()
    }
}

impl Short {
    #[inline]
    fn as_slice(&self) -> &[u8] {
        &self.octets[..self.length as usize]
    }
}

impl Frame {
    /// As many octets lie in the frame itself; longer ones lie in shared memory.
    pub const IN_PLACE: usize = 32;

    /// A frame of no octets, as REQ and REP put before what the user sends.
    pub const EMPTY: Frame =
        Frame(Octets::InPlace(Short { octets: [0; Frame::IN_PLACE], length: Length::L0 }));

    /// A copy of `octets`.
    #[inline]
    pub fn copy_from_slice(octets: &[u8]) -> Frame {
        match Frame::in_place(octets) {
            Some(frame) => frame,
            None => Frame(Octets::Shared(Bytes::copy_from_slice(octets))),
        }
    }

    /// The octets as [`Bytes`]; without a copy unless they lie in the frame itself.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Octets::InPlace(short) => Bytes::copy_from_slice(short.as_slice()),
            Octets::Shared(bytes) => bytes,
        }
    }

    /// The octets as text.
    ///
    /// # Errors
    ///
    /// They are not UTF-8.
    pub fn as_str(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(self)
    }

    #[inline]
    pub(crate) fn in_place(octets: &[u8]) -> Option<Frame> {
        let length = Length::of(octets.len())?;
        let mut place = [0; Frame::IN_PLACE];
        copy_short(octets, &mut place);
        Some(Frame(Octets::InPlace(Short { octets: place, length })))
    }

    /// The first `length` of `octets`, if they lie in the frame itself. All of them are copied: it is
    /// quicker than to copy exactly those that count.
    #[inline(always)]
    pub(crate) fn from_first(octets: &[u8; Frame::IN_PLACE], length: u8) -> Option<Frame> {
        let length = Length::of(length.into())?;
        Some(Frame(Octets::InPlace(Short { octets: *octets, length })))
    }

    /// More octets than lie in the frame itself.
    #[inline]
    pub(crate) fn long(octets: Bytes) -> Frame {
        debug_assert!(octets.len() > Frame::IN_PLACE);
        Frame(Octets::Shared(octets))
    }

    /// The octets, and more after them, if they lie in the frame itself.
    #[inline]
    pub(crate) fn place(&self) -> Option<(u8, &[u8; Frame::IN_PLACE])> {
        match &self.0 {
            Octets::InPlace(short) => Some((short.length as u8, &short.octets)),
            Octets::Shared(_) => None,
        }
    }

    /// The memory that the octets share with others, if they do.
    #[inline]
    pub(crate) fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Octets::InPlace(_) => None,
            Octets::Shared(bytes) => Some(bytes),
        }
    }
}

/// Copies up to 32 octets in two halves that may overlap: a call of `memcpy` would take longer than the copy.
#[inline(always)]
pub(crate) fn copy_short(from: &[u8], to: &mut [u8; Frame::IN_PLACE]) {
    #[inline(always)]
    fn halves<const N: usize>(from: &[u8], to: &mut [u8]) -> bool {
        let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
            return false;
        };
        let to = &mut to[..from.len()];
        to[from.len() - N..].copy_from_slice(last);
        to[..N].copy_from_slice(first);
        true
    }
    let copied = halves::<16>(from, to)
        || halves::<8>(from, to)
        || halves::<4>(from, to)
        || halves::<2>(from, to)
        || halves::<1>(from, to);
    debug_assert!(copied || from.is_empty());
}

impl Deref for Frame {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Octets::InPlace(short) => short.as_slice(),
            Octets::Shared(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Default for Frame {
    fn default() -> Frame {
        Frame::EMPTY
    }
}

impl Eq for Frame {}

/// Text where the octets are text, otherwise hexadecimal; long ones are cut.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Enough to recognise a frame by.
        const SHOWN: usize = 64;
        let shown = &self[..self.len().min(SHOWN)];
        match std::str::from_utf8(shown) {
            Ok(text) => write!(f, "{text:?}")?,
            Err(_) => {
                f.write_str("0x")?;
                for octet in shown {
                    write!(f, "{octet:02x}")?;
                }
            }
        }
        if self.len() > SHOWN {
            write!(f, "… ({} octets)", self.len())?;
        }
        Ok(())
    }
}

impl std::hash::Hash for Frame {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Frame {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

impl From<Bytes> for Frame {
    #[inline]
    fn from(octets: Bytes) -> Frame {
        match Frame::in_place(&octets) {
            Some(frame) => frame,
            None => Frame(Octets::Shared(octets)),
        }
    }
}

impl From<Vec<u8>> for Frame {
    fn from(octets: Vec<u8>) -> Frame {
        match Frame::in_place(&octets) {
            Some(frame) => frame,
            None => Frame(Octets::Shared(octets.into())),
        }
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Frame {
        text.into_bytes().into()
    }
}

impl From<&[u8]> for Frame {
    #[inline]
    fn from(octets: &[u8]) -> Frame {
        Frame::copy_from_slice(octets)
    }
}

impl<const N: usize> From<&[u8; N]> for Frame {
    #[inline]
    fn from(octets: &[u8; N]) -> Frame {
        Frame::copy_from_slice(octets)
    }
}

impl From<&str> for Frame {
    #[inline]
    fn from(text: &str) -> Frame {
        Frame::copy_from_slice(text.as_bytes())
    }
}

impl From<Frame> for Bytes {
    fn from(frame: Frame) -> Bytes {
        frame.into_bytes()
    }
}

/// A message: its frames, in order.
///
/// Most have one, and are made from it: `socket.send("hello")`. Several are collected from an array or
/// an iterator, or put together one by one:
///
/// ```
/// use millhand::net::Multipart;
///
/// let message = Multipart::from(["weather", "10001", "-3"]);
/// assert_eq!(message.len(), 3);
/// assert_eq!(message[1], "10001");
/// ```
///
/// A message without frames cannot be sent.
#[derive(Clone)]
pub struct Multipart(Frames);

#[derive(Clone)]
enum Frames {
    One(Frame),
    /// Any number but one, and one after a frame was taken off.
    Many(Vec<Frame>),
}

impl Multipart {
    /// A message without frames, to put some in.
    pub const fn new() -> Multipart {
        Multipart(Frames::Many(Vec::new()))
    }

    /// Its frames, in order.
    #[inline]
    pub fn frames(&self) -> &[Frame] {
        match &self.0 {
            Frames::One(frame) => std::slice::from_ref(frame),
            Frames::Many(frames) => frames,
        }
    }

    /// Its first frame; an empty one if it has none.
    #[inline]
    pub fn first(&self) -> &Frame {
        self.frames().first().unwrap_or(&Frame::EMPTY)
    }

    /// Appends a frame.
    pub fn push(&mut self, frame: impl Into<Frame>) {
        self.many().push(frame.into());
    }

    /// Puts a frame before all others.
    pub fn push_front(&mut self, frame: impl Into<Frame>) {
        self.many().insert(0, frame.into());
    }

    /// Takes the first frame off.
    pub fn pop_front(&mut self) -> Option<Frame> {
        let frames = self.many();
        if frames.is_empty() { None } else { Some(frames.remove(0)) }
    }

    /// Takes all frames but the first `count` off; all of them stay if there are no more.
    pub fn split_off(&mut self, count: usize) -> Multipart {
        let frames = self.many();
        let rest = frames.split_off(count.min(frames.len()));
        rest.into_iter().collect()
    }

    /// How many octets its frames have together.
    pub fn octets(&self) -> usize {
        self.frames().iter().map(|frame| frame.len()).sum()
    }

    fn many(&mut self) -> &mut Vec<Frame> {
        if let Frames::One(frame) = &mut self.0 {
            let mut frames = Vec::with_capacity(2);
            frames.push(std::mem::take(frame));
            self.0 = Frames::Many(frames);
        }
        match &mut self.0 {
            Frames::Many(frames) => frames,
            Frames::One(_) => unreachable!("just made many"),
        }
    }
}

impl Default for Multipart {
    fn default() -> Multipart {
        Multipart::new()
    }
}

impl Deref for Multipart {
    type Target = [Frame];

    fn deref(&self) -> &[Frame] {
        self.frames()
    }
}

impl PartialEq for Multipart {
    fn eq(&self, other: &Multipart) -> bool {
        self.frames() == other.frames()
    }
}

impl Eq for Multipart {}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.frames()).finish()
    }
}

/// What the sockets send: octets in any form, a [`Frame`], several of either, or a [`Multipart`].
///
/// Other types can be sent, too, once they say how they become a message, which is all that they have to say:
///
/// ```
/// use millhand::net::{Multipart, ToMultipart};
///
/// struct Report(String, u32);
///
/// impl From<Report> for Multipart {
///     fn from(Report(place, count): Report) -> Multipart {
///         [place, count.to_string()].into()
///     }
/// }
///
/// impl ToMultipart for Report {}
/// # fn sent(_: impl ToMultipart) {}
/// # sent(Report("mill".into(), 3));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as it is",
    note = "octets can: `&[u8]`, `&str`, `Vec<u8>`, `String`, `Bytes`; arrays and vectors of them, for several frames; `Frame` and `Multipart`",
    note = "a type that is made into a `Multipart` can be sent after `.into()`, or once it has an `impl ToMultipart`"
)]
pub trait ToMultipart: Into<Multipart> {
    /// The octets, if they are a message of one frame that need not be made: a socket may copy them to where
    /// it writes them from.
    #[inline]
    fn as_single(&self) -> Option<&[u8]> {
        None
    }
}

impl ToMultipart for Multipart {}

impl ToMultipart for Frame {}

impl<T: Into<Frame>, const N: usize> ToMultipart for [T; N] {}

macro_rules! octets {
    ($([$($of:tt)*] $type:ty),* $(,)?) => {
        $(
            impl $($of)* ToMultipart for $type {
                #[inline]
                fn as_single(&self) -> Option<&[u8]> {
                    Some(self.as_ref())
                }
            }
        )*
    };
}

octets!([] &[u8], [<const N: usize>] &[u8; N], [] &str, [] Vec<u8>, [] String, [] Bytes);

impl<T: Into<Frame>> From<T> for Multipart {
    #[inline]
    fn from(frame: T) -> Multipart {
        Multipart(Frames::One(frame.into()))
    }
}

impl<T: Into<Frame>, const N: usize> From<[T; N]> for Multipart {
    fn from(frames: [T; N]) -> Multipart {
        frames.into_iter().collect()
    }
}

impl<T: Into<Frame>> FromIterator<T> for Multipart {
    fn from_iter<I: IntoIterator<Item = T>>(frames: I) -> Multipart {
        Multipart(Frames::Many(frames.into_iter().map(Into::into).collect()))
    }
}

impl<T: Into<Frame>> Extend<T> for Multipart {
    fn extend<I: IntoIterator<Item = T>>(&mut self, frames: I) {
        self.many().extend(frames.into_iter().map(Into::into));
    }
}

impl IntoIterator for Multipart {
    type Item = Frame;
    type IntoIter = std::vec::IntoIter<Frame>;

    fn into_iter(mut self) -> Self::IntoIter {
        std::mem::take(self.many()).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_and_a_message_have_forty_octets() {
        assert_eq!(size_of::<Frame>(), 40);
        assert_eq!(size_of::<Multipart>(), 40);
        assert_eq!(size_of::<Option<Multipart>>(), 40);
    }

    #[test]
    fn a_frame_holds_what_it_was_made_from() {
        for length in (0..=Frame::IN_PLACE + 1).chain([1000]) {
            let octets: Vec<u8> = (0..length).map(|at| at as u8).collect();
            assert_eq!(Frame::from(octets.as_slice()), octets);
            assert_eq!(Frame::from(Bytes::from(octets.clone())), octets);
            assert_eq!(Frame::from(octets.clone()).into_bytes(), octets);
            assert_eq!(Frame::from(octets.clone()).shared().is_some(), length > Frame::IN_PLACE);
        }
    }

    #[test]
    fn long_octets_are_shared_not_copied() {
        let bytes = Bytes::from(vec![7; 100]);
        let at = bytes.as_ptr();
        let frame = Frame::from(bytes);
        assert_eq!(frame.clone().into_bytes().as_ptr(), at);
        assert_eq!(frame.as_ptr(), at);
    }

    #[test]
    fn frames_are_put_in_and_taken_off_at_both_ends() {
        let mut message = Multipart::from("b");
        message.push("c");
        message.push_front("a");
        assert_eq!(message, Multipart::from(["a", "b", "c"]));
        let rest = message.split_off(1);
        assert_eq!(rest, Multipart::from(["b", "c"]));
        assert_eq!(message.pop_front(), Some(Frame::from("a")));
        assert_eq!(message.pop_front(), None);
        assert!(message.is_empty());
        assert_eq!(message.split_off(3), Multipart::new());
    }

    #[test]
    fn equality_does_not_depend_on_how_a_message_was_made() {
        assert_eq!(Multipart::from("a"), Multipart::from(["a"]));
    }

    /// Each way to send octets gives the message that it would be made into.
    #[test]
    fn what_is_sent_without_being_made_is_the_same() {
        fn same(message: impl ToMultipart) {
            let octets = message.as_single().map(<[u8]>::to_vec);
            assert_eq!(message.into(), Multipart::from(octets.expect("octets")));
        }
        same("text");
        same("text".to_owned());
        same(b"text");
        same(&b"text"[..]);
        same(vec![7; 100]);
        same(Bytes::from_static(b"text"));
        assert_eq!(Frame::from("text").as_single(), None);
        assert_eq!(["several", "frames"].as_single(), None);
        assert_eq!(Multipart::from("text").as_single(), None);
    }

    #[test]
    fn what_is_shown_is_text_or_hexadecimal_and_short() {
        assert_eq!(format!("{:?}", Multipart::from(["a", "b"])), r#"["a", "b"]"#);
        assert_eq!(format!("{:?}", Frame::from(&[0xff, 0x01])), "0xff01");
        let long = format!("{:?}", Frame::from(vec![b'x'; 5000]));
        assert!(long.ends_with("… (5000 octets)"), "{long}");
        assert!(long.len() < 120);
    }
}
