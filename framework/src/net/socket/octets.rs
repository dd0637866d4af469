//! Octets that are written one after the other.
//!
//! ```text
//!  memory  │ f │ n │ body         │ f │ n │ body │ 0 … 0              │
//!                                               ▲                    ▲
//!                                              end                 length
//! ```
//!
//! A `Vec` asks at each append whether its memory has to grow, and moves its end by what was appended. Here all
//! memory is octets already, so that a short frame is stored in full, with what lies behind it, where the next
//! one will be written over that.

use std::ops::Deref;

use crate::net::multipart::{Frame, copy_short};

/// Octets of a short frame with its header, and of what lies behind it.
const SHORT: usize = HEADER + Frame::IN_PLACE;
/// Octets of a header in its short form.
const HEADER: usize = 2;
/// The least that memory grows to, octets.
const SMALLEST: usize = 256;

/// Octets, and room for more.
#[derive(Default)]
pub(super) struct Octets {
    memory: Vec<u8>,
    end: usize,
}

impl Octets {
    /// Appends a header and the first `length` of `body`. All of them are copied: it is quicker than to copy
    /// exactly those that count.
    #[inline(always)]
    pub(super) fn push_short(
        &mut self,
        header: [u8; HEADER],
        body: &[u8; Frame::IN_PLACE],
        length: u8,
    ) {
        let room = self.memory.get_mut(self.end..).and_then(<[u8]>::first_chunk_mut::<SHORT>);
        let Some(room) = room else { return self.push_short_slow(header, body, length) };
        room[..HEADER].copy_from_slice(&header);
        room[HEADER..].copy_from_slice(body);
        self.end += HEADER + usize::from(length);
    }

    #[cold]
    fn push_short_slow(&mut self, header: [u8; HEADER], body: &[u8; Frame::IN_PLACE], length: u8) {
        self.push(&header, &body[..usize::from(length)]);
    }

    /// Appends a header in its short form and a body that lies elsewhere.
    #[inline(always)]
    pub(super) fn push_octets(&mut self, header: [u8; HEADER], body: &[u8]) {
        let room = self.memory.get_mut(self.end..).and_then(<[u8]>::split_first_chunk_mut);
        let Some((first, rest)) = room else { return self.push(&header, body) };
        if body.len() <= Frame::IN_PLACE
            && let Some(rest) = rest.first_chunk_mut()
        {
            copy_short(body, rest);
        } else if let Some(rest) = rest.get_mut(..body.len()) {
            rest.copy_from_slice(body);
        } else {
            return self.push(&header, body);
        }
        *first = header;
        self.end += HEADER + body.len();
    }

    /// Appends a header and a body.
    #[inline]
    pub(super) fn push(&mut self, header: &[u8], body: &[u8]) {
        let middle = self.end + header.len();
        let end = middle + body.len();
        if end > self.memory.len() {
            self.grow(end);
        }
        self.memory[self.end..middle].copy_from_slice(header);
        self.memory[middle..end].copy_from_slice(body);
        self.end = end;
    }

    #[cold]
    fn grow(&mut self, least: usize) {
        let length = least.next_power_of_two().max(SMALLEST);
        self.memory.resize(length, 0);
    }

    /// Octets that there is memory for.
    pub(super) fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// Forgets them, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.end = 0;
    }

    /// Gives the octets away.
    pub(super) fn into_vec(mut self) -> Vec<u8> {
        self.memory.truncate(self.end);
        self.memory
    }
}

impl Deref for Octets {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.memory[..self.end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_is_there_wherever_the_memory_ends() {
        let body: [u8; Frame::IN_PLACE] = std::array::from_fn(|at| at as u8 + 1);
        let (mut octets, mut expected) = (Octets::default(), Vec::new());
        for length in (0..=Frame::IN_PLACE).cycle().take(1000) {
            octets.push_short([9, length as u8], &body, length as u8);
            expected.extend([9, length as u8]);
            expected.extend(&body[..length]);
            for length in [length, 100] {
                octets.push_octets([6, length as u8], &[5; 100][..length]);
                expected.extend([6, length as u8]);
                expected.extend(&[5; 100][..length]);
            }
            if length % 5 == 0 {
                octets.push(&[7; 3], &[8; 100]);
                expected.extend([7; 3]);
                expected.extend([8; 100]);
            }
            assert_eq!(*octets, expected);
        }
        assert_eq!(octets.into_vec(), expected);
    }

    #[test]
    fn what_was_forgotten_does_not_come_back() {
        let mut octets = Octets::default();
        octets.push(&[1; 10], &[2; 1000]);
        let capacity = octets.capacity();
        octets.clear();
        assert!(octets.is_empty());
        octets.push_short([0, 1], &[3; Frame::IN_PLACE], 1);
        assert_eq!(*octets, [0, 1, 3]);
        assert_eq!(octets.capacity(), capacity);
    }
}
