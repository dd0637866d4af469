//! Every key of `#[worker(..)]`, alone or with its neighbours, and what the derive makes of it.

use millhand::__private::{OnCrash, Overflow};
use millhand::BoxError;
use millhand::prelude::*;

#[derive(Message, Serialize, Deserialize, Clone)]
#[message(version = 4294967295, name = "every.attri-bute_1")]
struct Small;

#[derive(Message, Clone)]
#[message(local, reply = u64)]
struct Big([u8; 256]);

macro_rules! handles_both {
    ($worker:ty) => {
        impl Handle<Small> for $worker {
            async fn handle(&mut self, _: Small, _cx: &mut Context<Self>) {}
        }

        impl Handle<Big> for $worker {
            async fn handle(&mut self, big: Big, _cx: &mut Context<Self>) -> u64 {
                big.0.len() as u64
            }
        }
    };
}

#[derive(Worker)]
#[worker(handles(Small, boxed(Big)))]
struct Defaults;
handles_both!(Defaults);

#[derive(Worker)]
#[worker(
    handles(boxed(Big), Small,),
    mailbox = 262_144,
    overflow = drop_oldest,
    on_crash = retry(3),
    blocking,
)]
struct Boxed;
handles_both!(Boxed);

#[derive(Worker)]
#[worker(handles(Big, Small), unbounded)]
#[worker(slot = 256, on_crash = lose, lifecycle)]
enum State {
    Open,
    #[allow(dead_code)]
    Shut,
}
handles_both!(State);

impl Lifecycle for State {
    async fn started(&mut self, _cx: &mut Context<Self>) -> Result<(), BoxError> {
        *self = Self::Shut;
        Ok(())
    }
}

#[derive(Worker)]
#[worker(handles(Small, boxed(Big)), mailbox = 1, overflow = wait)]
struct Waits;
handles_both!(Waits);

#[derive(Worker)]
#[worker(handles(Small, boxed(Big)), overflow = reject)]
struct Rejects;
handles_both!(Rejects);

#[derive(Worker)]
#[worker(handles(Small, boxed(Big)), overflow = drop_newest)]
struct DropsNewest;
handles_both!(DropsNewest);

fn main() {
    let policy = Defaults::POLICY;
    assert_eq!(policy.bound, Some(1024));
    assert_eq!(policy.overflow, Overflow::Wait);
    assert_eq!(policy.on_crash, OnCrash::Lose);
    assert!(!policy.blocking);

    let policy = Boxed::POLICY;
    assert_eq!(policy.bound, Some(262_144));
    assert_eq!(policy.overflow, Overflow::DropOldest);
    assert_eq!(policy.on_crash, OnCrash::Retry(3));
    assert!(policy.blocking);
    assert!(size_of::<<Boxed as Worker>::Inbox>() <= 16);

    let _ = State::Open;
    assert_eq!(State::POLICY.bound, None);
    assert_eq!(Waits::POLICY.bound, Some(1));
    assert_eq!(Waits::POLICY.overflow, Overflow::Wait);
    assert_eq!(Rejects::POLICY.overflow, Overflow::Reject);
    assert_eq!(DropsNewest::POLICY.overflow, Overflow::DropNewest);

    let identities = Boxed::MESSAGES.iter().map(|message| message.identity);
    assert_eq!(identities.collect::<Vec<_>>(), [None, Small::IDENTITY]);
    assert_eq!(
        Small::IDENTITY.map(|identity| identity.version),
        Some(u32::MAX)
    );
    assert!((Boxed::MESSAGES[0].type_name)().ends_with("Big"));
}
