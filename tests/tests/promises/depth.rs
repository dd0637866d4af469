//! The mailbox's depth, however deep.

use crate::stage::*;

clerk!(Endless, unbounded);

/// More messages wait than the scheduling word can count positions: 2^19.
#[test]
fn the_counters_of_a_flooded_mailbox_are_exact() {
    paused(async || {
        const FLOOD: u64 = (1 << 20) + 12_345;
        let log = Log::new();
        let system = system().await;
        let clerk = system.worker("clerk", Endless::writing(&log)).start().await.unwrap();
        let (entered, leave) = (Gate::new(), Gate::new());
        clerk.try_tell(Run::held(&entered, &leave)).unwrap();
        entered.opened().await;
        for n in 0..FLOOD {
            clerk.try_tell(Note(n)).unwrap();
        }
        let flooded = clerk.counters();
        assert_eq!((flooded.received, flooded.mailbox), (FLOOD + 1, FLOOD));
        leave.open();
        system.shutdown().await.unwrap();
        let drained = clerk.counters();
        assert_eq!((drained.handled, drained.mailbox), (FLOOD + 1, 0));
    });
}
