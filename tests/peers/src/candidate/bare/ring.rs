//! The least that takes a message from one thread to another: a ring of slots that say who wrote them.

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::work::BOUND;

/// Messages of 16 bytes, from one thread or from several to one.
#[derive(Debug)]
pub struct Ring {
    slots: Box<[Slot]>,
    /// The next position to write, if several write.
    tail: Alone,
    /// Everything before it may be written over.
    taken: Alone,
}

/// One word is the message; the other is its position, plus one, and says that the message is there.
#[derive(Debug, Default)]
struct Slot {
    number: AtomicU64,
    written: AtomicU64,
}

/// On a cache line of its own, and on the one that is fetched with it.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Alone(AtomicU64);

/// The end that writes, for one thread that is the only one that does.
pub struct Writer<'a> {
    ring: &'a Ring,
    position: u64,
    /// Up to where there was room at the last look.
    room: u64,
}

/// The end that reads.
pub struct Reader<'a> {
    ring: &'a Ring,
    position: u64,
}

/// What is read before the writers are told that there is room.
const BATCH: u64 = BOUND as u64 / 4;

impl Ring {
    pub fn new() -> Self {
        let slots = (0..BOUND).map(|_| Slot::default()).collect();
        Self { slots, tail: Alone::default(), taken: Alone::default() }
    }

    pub fn writer(&self) -> Writer<'_> {
        Writer { ring: self, position: 0, room: BOUND as u64 }
    }

    pub fn reader(&self) -> Reader<'_> {
        Reader { ring: self, position: 0 }
    }

    /// Writes as one of several.
    #[inline]
    pub fn share(&self, number: u64) {
        let position = self.tail.0.fetch_add(1, Ordering::Relaxed);
        // Ordering: what `taken` covers has been read before it is written over.
        while position >= self.taken.0.load(Ordering::Acquire) + BOUND as u64 {
            hint::spin_loop();
        }
        self.write(position, number);
    }

    #[inline]
    fn write(&self, position: u64, number: u64) {
        let slot = &self.slots[position as usize % BOUND];
        slot.number.store(number, Ordering::Relaxed);
        // Ordering: pairs with the reader's `Acquire`, which then sees the number.
        slot.written.store(position + 1, Ordering::Release);
    }
}

impl Writer<'_> {
    #[inline]
    pub fn write(&mut self, number: u64) {
        while self.position == self.room {
            // Ordering: what `taken` covers has been read before it is written over.
            self.room = self.ring.taken.0.load(Ordering::Acquire) + BOUND as u64;
            hint::spin_loop();
        }
        self.ring.write(self.position, number);
        self.position += 1;
    }
}

impl Reader<'_> {
    /// The next message, if it is there.
    #[inline]
    pub fn read(&mut self) -> Option<u64> {
        let slot = &self.ring.slots[self.position as usize % BOUND];
        // Ordering: pairs with the writer's `Release`.
        if slot.written.load(Ordering::Acquire) != self.position + 1 {
            return None;
        }
        let number = slot.number.load(Ordering::Relaxed);
        self.position += 1;
        if self.position.is_multiple_of(BATCH) {
            // Ordering: the messages were read before.
            self.ring.taken.0.store(self.position, Ordering::Release);
        }
        Some(number)
    }

    pub fn wait(&mut self) -> u64 {
        loop {
            if let Some(number) = self.read() {
                return number;
            }
            hint::spin_loop();
        }
    }
}
