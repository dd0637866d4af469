//! The block-linked queue inside a mailbox: many producers, one consumer, no allocation per message.
//!
//! ```text
//!           consumer                                        word (tail)
//!              │                                                │
//!              ▼                                                ▼
//!  ┌─────┐ first ┌──────────┐   next   ┌──────────┐   next   ┌──────────────────┐
//!  │  4  │ ────▶ │5 6 7     │ ───────▶ │8 9 …   23│ ───────▶ │ 24 25 26 _ _ _ … │
//!  └─────┘       └──────────┘          └──────────┘          └──────────────────┘
//!   front          taken ↑                                          offset ↑
//! ```
//!
//! The first message after an empty spell goes to the *front*, a slot of the queue's own; a worker that
//! gets one message at a time needs no block.
//!
//! # Contract
//!
//! - A producer touches a slot between its successful compare-and-swap on the word, which claims the
//!   slot, and the `ready` store, which gives it away. It touches a block that it has installed also
//!   until that compare-and-swap, and the block before it until the store to `next`.
//! - The consumer is whoever owns the right of the scheduling word (see [`word`](super::word)). It
//!   alone touches `Consumer`, and a slot from the moment it has seen `ready`.
//! - A block belongs to the queue while the word or a `next` or `first` pointer names it. The consumer
//!   takes it out when all its slots are taken and `next` has been seen, or when it parks: the
//!   compare-and-swap that parks proves that no producer has an unfinished claim in it.
//! - The front slot is claimed by the swap that ends an empty spell (no block → FRONT), and is free again
//!   when the consumer parks.
//! - A stale word is harmless: a claim succeeds only if the word has the value that was read, and that
//!   value alone says which slot of which block it claims.
//!
//! An idle mailbox holds no block. Freed blocks wait in the small [`pool`] of the thread that
//! freed them, or as the queue's one spare, and beyond that go back to the allocator.

use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use super::word::{BLOCK_ALIGN, BLOCK_SLOTS, FRONT, POSITIONS, Phase, State, Word, back_off};
use crate::pool;
use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering, UnsafeCell, ordering};

/// One slot: `ready` holds the block's epoch once the value may be read.
#[repr(C)]
struct Slot<T> {
    ready: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// A run of slots. `epoch` changes each time the block is put to use, which spares clearing the slots.
#[repr(C, align(256))]
struct Block<T> {
    next: AtomicPtr<Block<T>>,
    epoch: UnsafeCell<u32>,
    slots: [Slot<T>; BLOCK_SLOTS],
}

const _: () = assert!(align_of::<Block<u8>>() == BLOCK_ALIGN);

/// The consumer's private side.
struct Consumer<T> {
    /// The block that holds the next message, or null.
    block: *mut Block<T>,
    /// The front slot has been taken since the last park.
    past_front: bool,
    /// The next slot in `block`.
    offset: u8,
    /// Messages taken since the queue was made.
    taken: u64,
}

/// Proof of the right (see [`word`](super::word)): whoever holds it need not be trusted again at every call.
#[derive(Debug)]
pub(crate) struct Right(());

impl Right {
    /// # Safety
    ///
    /// The caller owns the right of a worker's word, shows this proof only to that worker's mailbox, and
    /// no longer once `park` has returned true.
    #[inline(always)]
    pub(crate) unsafe fn assume() -> Self {
        Self(())
    }
}

/// Why a message was not accepted; it comes back.
#[derive(Debug)]
pub(crate) enum PushError<T> {
    Full(T),
    Closed(T),
}

/// `Ok(true)`: the worker was idle, and the caller now owns the right.
type Pushed<T> = Result<bool, PushError<T>>;

/// The same of one attempt. An error says whether another producer was quicker.
type Attempt<T> = Result<bool, (T, bool)>;

/// What the consumer found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pop<T> {
    Message(T),
    /// Nothing is queued; try to park.
    Empty,
    /// A producer has claimed the next slot and not yet filled it.
    Busy,
}

/// The consumer's side first: it lies beside the rest of what the driver writes. What producers write is at the
/// other end.
#[repr(C)]
pub(crate) struct Queue<T: Send + 'static> {
    consumer: UnsafeCell<Consumer<T>>,
    /// How often the positions of the word have begun anew; only for the counts.
    rounds: AtomicU64,
    /// Messages taken, as producers see it: it decides when a bounded mailbox is full.
    published: AtomicU64,
    /// One drained block, for the next producer that needs one.
    spare: AtomicPtr<Block<T>>,
    /// The block after the front slot, for the consumer.
    first: AtomicPtr<Block<T>>,
    /// The message that ended an empty spell; `ready` is 1 while it is there.
    front: Slot<T>,
}

// SAFETY: producers hand values of `T` to the consumer, which may be on another thread, so `T: Send`.
// No `&T` is ever shared. `Consumer` is touched only by the owner of the right (contract above).
unsafe impl<T: Send> Send for Queue<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Queue<T> {}

impl<T: Send + 'static> Queue<T> {
    pub(crate) fn new() -> Self {
        Self {
            published: AtomicU64::new(0),
            front: Slot { ready: AtomicU32::new(0), value: UnsafeCell::new(MaybeUninit::uninit()) },
            first: AtomicPtr::new(ptr::null_mut()),
            rounds: AtomicU64::new(0),
            spare: AtomicPtr::new(ptr::null_mut()),
            consumer: UnsafeCell::new(Consumer {
                block: ptr::null_mut(),
                past_front: false,
                offset: 0,
                taken: 0,
            }),
        }
    }

    /// Messages in a bounded queue when the word had this value; exact when nothing moves.
    pub(crate) fn len(&self, state: State) -> u64 {
        // Ordering: Acquire pairs with the Release in `publish`: whoever sees room there also sees
        // that the consumer is done with those messages.
        let published = self.published.load(Ordering::Acquire);
        state.position().wrapping_sub(published) % POSITIONS
    }

    /// Messages accepted, and messages waiting: for people, and exact when nothing moves.
    pub(crate) fn counts(&self, word: &Word) -> (u64, u64) {
        // Ordering: Acquire keeps the tail's load behind: it can only be further on.
        let taken = self.published.load(Ordering::Acquire);
        let rounds = self.rounds.load(Ordering::Relaxed);
        let accepted = (rounds * POSITIONS + word.load().position()).max(taken);
        (accepted, accepted - taken)
    }

    /// Appends a message.
    #[inline(always)]
    pub(crate) fn push(&self, word: &Word, bound: Option<u32>, value: T) -> Pushed<T> {
        // Most succeed at once, in few registers.
        match self.claim(word, bound, word.load(), value) {
            Ok(idle) => Ok(idle),
            Err(back) => self.push_slowly(word, bound, back),
        }
    }

    /// One attempt at a slot that is there, if the word still has this value.
    #[inline(always)]
    fn claim(&self, word: &Word, bound: Option<u32>, state: State, value: T) -> Attempt<T> {
        if state.is_closed() {
            return Err((value, false));
        }
        let idle = state.is_idle();
        let target = if idle { state.with_phase(Phase::Running) } else { state };
        if state.address() == 0 {
            if word.swap_if(state, target.at_front()).is_err() {
                return Err((value, false));
            }
            self.count_round(state);
            // SAFETY: the swap claimed the front slot for this thread alone.
            unsafe { self.front.fill(1, value) };
            return Ok(idle);
        }
        if !state.has_slot() || self.is_full(bound, state) {
            return Err((value, false));
        }
        if let Err(actual) = word.swap_if(state, target.next_slot()) {
            return Err((value, actual.position() != state.position()));
        }
        let block: *mut Block<T> = ptr::with_exposed_provenance_mut(state.address());
        // SAFETY: the swap claimed slot `offset` of the tail block for this thread alone, and the consumer
        // keeps the block until the slot is ready.
        unsafe { Block::fill(block, state.offset(), value) };
        Ok(idle)
    }

    #[inline(never)]
    fn push_slowly(&self, word: &Word, bound: Option<u32>, back: (T, bool)) -> Pushed<T> {
        let (mut value, mut lost) = back;
        loop {
            if std::mem::take(&mut lost) {
                back_off();
            }
            let state = word.load();
            if state.is_closed() {
                return Err(PushError::Closed(value));
            }
            if self.is_full(bound, state) {
                // The tail may have moved between the two loads; only an unchanged tail proves it.
                if word.load() == state {
                    return Err(PushError::Full(value));
                }
                continue;
            }
            let attempt = match state.address() == 0 || state.has_slot() {
                true => self.claim(word, bound, state, value),
                false => self.push_block(word, state, value),
            };
            match attempt {
                Ok(idle) => return Ok(idle),
                Err(back) => (value, lost) = back,
            }
        }
    }

    /// Whether no more may wait. Nothing does without a tail: then there is room.
    fn is_full(&self, bound: Option<u32>, state: State) -> bool {
        bound.is_some_and(|bound| state.address() != 0 && self.len(state) >= u64::from(bound))
    }

    /// One attempt at a slot in a block of its own making, if the word still has this value.
    #[inline(never)]
    fn push_block(&self, word: &Word, state: State, value: T) -> Attempt<T> {
        let target = if state.is_idle() { state.with_phase(Phase::Running) } else { state };
        let block = self.take_block();
        let offset = state.offset() % BLOCK_SLOTS;
        // SAFETY: the block is this thread's own until the swap below succeeds.
        unsafe { Block::fill(block.as_ptr(), offset, value) };
        let address = block.as_ptr().expose_provenance();
        if word.swap_if(state, target.with_block(address, offset + 1)).is_ok() {
            self.link(state, block.as_ptr());
            return Ok(state.is_idle());
        }
        // SAFETY: still this thread's own; the slot was filled just above.
        let value = unsafe { Block::unfill(block.as_ptr(), offset) };
        Block::free(block);
        Err((value, false))
    }

    /// Makes a freshly installed block findable for the consumer.
    fn link(&self, before: State, block: *mut Block<T>) {
        self.count_round(before);
        if before.address() == FRONT {
            // Ordering: Release pairs with the Acquire in `pop`: the block's header and first slot.
            self.first.store(block, ordering!("queue.first", Release));
        } else {
            let previous: *mut Block<T> = ptr::with_exposed_provenance_mut(before.address());
            // SAFETY: the consumer keeps a full block until it has seen `next`; this is the one store
            // to it, and this thread's last touch of the block.
            // Ordering: Release pairs with the Acquire in `pop`.
            unsafe { (*previous).next.store(block, ordering!("queue.next", Release)) };
        }
    }

    fn count_round(&self, before: State) {
        if before.ends_the_last_lap() {
            self.rounds.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes the next message.
    #[inline(always)]
    pub(crate) fn pop(&self, word: &Word, _right: &Right) -> Pop<T> {
        // SAFETY: the owner of the right is the only one here.
        let consumer = unsafe { &mut *self.consumer.with_mut(|consumer| consumer) };
        if !consumer.past_front {
            // SAFETY: the front slot was not taken since the last park.
            let Some(value) = (unsafe { self.front.take(1) }) else {
                return Self::nothing(consumer, word);
            };
            // Ordering: Relaxed; the next store of 1 comes after a park, which the word orders.
            self.front.ready.store(0, Ordering::Relaxed);
            consumer.past_front = true;
            consumer.taken += 1;
            return Pop::Message(value);
        }
        if consumer.block.is_null() {
            // Ordering: Acquire pairs with the Release in `link`.
            let first = self.first.load(Ordering::Acquire);
            if first.is_null() {
                return Self::nothing(consumer, word);
            }
            // Ordering: Relaxed; the next store to `first` comes after a park, which the word orders.
            self.first.store(ptr::null_mut(), Ordering::Relaxed);
            consumer.block = first;
            consumer.offset = (consumer.taken % BLOCK_SLOTS as u64) as u8;
        }
        if usize::from(consumer.offset) >= BLOCK_SLOTS {
            // SAFETY: the consumer's block stays in the queue until the consumer takes it out.
            // Ordering: Acquire pairs with the Release in `link`.
            let next = unsafe { (*consumer.block).next.load(Ordering::Acquire) };
            if next.is_null() {
                return Self::nothing(consumer, word);
            }
            self.recycle(std::mem::replace(&mut consumer.block, next));
            consumer.offset = 0;
        }
        // SAFETY: as above; the slot at `offset` has not been taken yet.
        match unsafe { Block::take(consumer.block, consumer.offset.into()) } {
            Some(value) => {
                consumer.offset += 1;
                consumer.taken += 1;
                Pop::Message(value)
            }
            None => Self::nothing(consumer, word),
        }
    }

    fn nothing(consumer: &Consumer<T>, word: &Word) -> Pop<T> {
        if consumer.is_at_tail(word.load()) { Pop::Empty } else { Pop::Busy }
    }

    /// Lets producers see how many messages have been taken, which makes room in a bounded mailbox.
    /// Returns how many that were since the last time.
    pub(crate) fn publish(&self, _right: &Right) -> usize {
        // SAFETY: the owner of the right is the only one here.
        let taken = self.consumer.with(|consumer| unsafe { (*consumer).taken });
        let room = taken - self.published.load(Ordering::Relaxed);
        if room != 0 {
            // Ordering: Release pairs with the Acquire in `len`.
            self.published.store(taken, Ordering::Release);
        }
        room as usize
    }

    /// Whether nothing is queued. Only the owner of the right can know, and only until the next push.
    pub(crate) fn is_empty(&self, word: &Word, _right: &Right) -> bool {
        // SAFETY: the owner of the right is the only one here.
        self.consumer.with(|consumer| unsafe { (*consumer).is_at_tail(word.load()) })
    }

    /// Gives up the right, if the queue is empty and no signal has come. True: parked; the caller must
    /// not touch the queue, or anything the right guards, again. The head must have been published.
    pub(crate) fn park(&self, word: &Word, _right: &Right) -> bool {
        let state = word.load();
        if state.phase() == Phase::Signalled {
            // A signal or a wake came while the worker ran; it is consumed by going on. `hold` fails
            // on it, and no one but this thread can clear it.
            let held = word.hold();
            debug_assert!(!held);
            return false;
        }
        let was = self.consumer.with_mut(|consumer| {
            // SAFETY: the owner of the right is the only one here.
            let consumer = unsafe { &mut *consumer };
            if !consumer.is_at_tail(state) {
                return None;
            }
            let past_front = std::mem::replace(&mut consumer.past_front, false);
            Some((std::mem::replace(&mut consumer.block, ptr::null_mut()), past_front))
        });
        let Some((block, past_front)) = was else { return false };
        self.release_spare();
        // The very last touch.
        if word.swap_if(state, state.without_block().with_phase(Phase::Idle)).is_ok() {
            if let Some(block) = NonNull::new(block) {
                Block::free(block);
            }
            return true;
        }
        // SAFETY: the right is still the caller's.
        self.consumer.with_mut(|consumer| unsafe {
            (*consumer).block = block;
            (*consumer).past_front = past_front;
        });
        false
    }

    /// A block for a producer, with a fresh epoch.
    fn take_block(&self) -> NonNull<Block<T>> {
        pool::take::<Block<T>>()
            .map(|block| NonNull::from(Box::leak(block)))
            .or_else(|| self.take_spare())
            .inspect(|block| {
                // SAFETY: a pooled or spare block belongs to nobody else.
                unsafe { Block::renew(block.as_ptr()) };
            })
            .unwrap_or_else(Block::allocate)
    }

    fn take_spare(&self) -> Option<NonNull<Block<T>>> {
        if self.spare.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // Ordering: Acquire pairs with the Release in `recycle`: the consumer's last reads.
        NonNull::new(self.spare.swap(ptr::null_mut(), Ordering::Acquire))
    }

    /// The consumer is done with a block: it becomes the spare, or goes to the pool.
    fn recycle(&self, block: *mut Block<T>) {
        let Some(block) = NonNull::new(block) else {
            return;
        };
        if self.spare.load(Ordering::Relaxed).is_null() {
            // Ordering: Release pairs with the Acquire in `take_spare`. A plain store will do: only the
            // consumer fills the spare, so it cannot have been filled since the load.
            self.spare.store(block.as_ptr(), ordering!("queue.spare", Release));
        } else {
            Block::free(block);
        }
    }

    fn release_spare(&self) {
        if let Some(block) = self.take_spare() {
            Block::free(block);
        }
    }
}

impl<T: Send + 'static> Drop for Queue<T> {
    /// Nobody refers to the queue any more, so every claim is filled: drops what is left.
    fn drop(&mut self) {
        let spare = self.spare.load(Ordering::Acquire);
        let first = self.first.load(Ordering::Acquire);
        self.consumer.with_mut(|consumer| {
            // SAFETY: `&mut self`.
            let consumer = unsafe { &mut *consumer };
            if !consumer.past_front {
                // SAFETY: `&mut self`; not taken since the last park.
                drop(unsafe { self.front.take(1) });
                consumer.taken += 1;
            }
            if consumer.block.is_null() {
                consumer.block = first;
                consumer.offset = (consumer.taken % BLOCK_SLOTS as u64) as u8;
            }
            while let Some(block) = NonNull::new(consumer.block) {
                while usize::from(consumer.offset) < BLOCK_SLOTS {
                    // SAFETY: `&mut self`; slots from `offset` on have not been taken.
                    let Some(value) =
                        (unsafe { Block::take(block.as_ptr(), consumer.offset.into()) })
                    else {
                        break;
                    };
                    consumer.offset += 1;
                    drop(value);
                }
                // SAFETY: `&mut self`.
                consumer.block = unsafe { (*block.as_ptr()).next.load(Ordering::Acquire) };
                consumer.offset = 0;
                Block::free(block);
            }
        });
        if let Some(spare) = NonNull::new(spare) {
            Block::free(spare);
        }
    }
}

impl<T> Consumer<T> {
    /// Whether the tail is where the consumer is. A block that the consumer has is not put to use again,
    /// so the same address means the same block.
    #[inline(always)]
    fn is_at_tail(&self, state: State) -> bool {
        match self.block.addr() {
            0 => state.address() == if self.past_front { FRONT } else { 0 },
            address => state.address() == address && state.offset() == usize::from(self.offset),
        }
    }
}

impl<T> Slot<T> {
    /// Writes a claimed slot and gives it to the consumer, who knows by `mark` that it is there.
    ///
    /// # Safety
    ///
    /// The slot is the caller's.
    #[inline(always)]
    unsafe fn fill(&self, mark: u32, value: T) {
        // SAFETY: the slot is the caller's until `ready` is stored.
        self.value.with_mut(|cell| unsafe { (*cell).write(value) });
        // Ordering: Release pairs with the Acquire in `take`.
        self.ready.store(mark, ordering!("queue.ready", Release));
    }

    /// Reads a slot if a producer has given it away.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, and the slot was not taken before.
    #[inline(always)]
    unsafe fn take(&self, mark: u32) -> Option<T> {
        // Ordering: Acquire pairs with the Release in `fill`.
        if self.ready.load(Ordering::Acquire) != mark {
            return None;
        }
        // SAFETY: `ready` says that the producer is done, and each slot is taken once.
        Some(self.value.with(|cell| unsafe { (*cell).assume_init_read() }))
    }
}

impl<T: Send + 'static> Block<T> {
    fn allocate() -> NonNull<Self> {
        let block = Box::new(Self {
            next: AtomicPtr::new(ptr::null_mut()),
            epoch: UnsafeCell::new(1),
            slots: std::array::from_fn(|_| Slot {
                ready: AtomicU32::new(0),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            }),
        });
        let block = NonNull::from(Box::leak(block));
        assert!(
            block.as_ptr().addr() >> 48 == 0,
            "millhand needs user-space addresses of at most 48 bits; the allocator returned {block:p}"
        );
        block
    }

    /// Gives a block that belongs to nobody else any more to this thread's pool.
    fn free(block: NonNull<Self>) {
        // SAFETY: every block was leaked from a `Box` by `allocate` or `take_block`, its last user
        // calls this once, and a block has no drop glue to run on stale slots.
        pool::put(unsafe { Box::from_raw(block.as_ptr()) });
    }

    /// Makes a used block ready for use again.
    ///
    /// # Safety
    ///
    /// The block belongs to the caller.
    unsafe fn renew(block: *mut Self) {
        // SAFETY: the block belongs to the caller.
        let block = unsafe { &*block };
        block.next.store(ptr::null_mut(), Ordering::Relaxed);
        let epoch = block.epoch.with_mut(|epoch| {
            // SAFETY: the block belongs to the caller.
            unsafe {
                *epoch = (*epoch).wrapping_add(1);
                *epoch
            }
        });
        if epoch == 0 {
            // After 2^32 uses: no slot may carry an epoch that is still to come.
            block.slots.iter().for_each(|slot| slot.ready.store(0, Ordering::Relaxed));
            // SAFETY: the block belongs to the caller.
            block.epoch.with_mut(|epoch| unsafe { *epoch = 1 });
        }
    }

    /// Writes a claimed slot and gives it to the consumer.
    ///
    /// # Safety
    ///
    /// The caller has claimed this slot, or owns the whole block.
    #[inline(always)]
    unsafe fn fill(block: *mut Self, offset: usize, value: T) {
        // SAFETY: the block is alive while a claim in it is unfinished; only shared parts are borrowed.
        let (slot, epoch) =
            unsafe { (&(*block).slots[offset], (*block).epoch.with(|epoch| *epoch)) };
        // SAFETY: the caller's promise.
        unsafe { slot.fill(epoch, value) };
    }

    /// Takes back what `fill` put into a block that was never installed.
    ///
    /// # Safety
    ///
    /// The caller owns the whole block and has just filled this slot.
    unsafe fn unfill(block: *mut Self, offset: usize) -> T {
        // SAFETY: the caller's promise.
        let slot = unsafe { &(*block).slots[offset] };
        slot.ready.store(0, Ordering::Relaxed);
        // SAFETY: the slot was filled, and is not read again.
        slot.value.with(|cell| unsafe { (*cell).assume_init_read() })
    }

    /// Reads a slot if a producer has given it away.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, the block is in the queue, and the slot was not taken before.
    #[inline(always)]
    unsafe fn take(block: *mut Self, offset: usize) -> Option<T> {
        // SAFETY: the block is in the queue; the epoch does not change while it is.
        let (slot, epoch) =
            unsafe { (&(*block).slots[offset], (*block).epoch.with(|epoch| *epoch)) };
        // SAFETY: the caller's promise.
        unsafe { slot.take(epoch) }
    }
}
