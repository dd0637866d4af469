//! Models of the seat: the private side has one owner, whatever happens.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::Seat;

/// The driver works on the private side, goes into user code, comes back and works on it again, unless it
/// was taken over; a stranger that took over works on it too. Fails without `seat.fence` (both own it)
/// and without `seat.leave` (the stranger does not see what the driver did).
#[test]
fn a_driver_that_was_taken_over_touches_nothing_more() {
    loom::model(|| {
        let seat = Arc::new(Seat::new());
        let private = Arc::new(UnsafeCell::new(0));
        let stranger = {
            let (seat, private) = (Arc::clone(&seat), Arc::clone(&private));
            thread::spawn(move || {
                let taken = seat.take_over(|| true);
                if taken {
                    private.with_mut(drop);
                }
                taken
            })
        };
        let mut kept = true;
        for _ in 0..2 {
            private.with_mut(drop);
            seat.leave();
            if seat.come_back().is_err() {
                kept = false;
                break;
            }
        }
        if kept {
            private.with_mut(drop);
        }
        let taken = stranger.join().unwrap();
        if !kept {
            assert!(taken);
        }
        // Whoever lost knows it at the next look.
        assert_eq!(seat.come_back().is_err(), taken);
    });
}
