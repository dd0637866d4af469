//! `crowd`.

use super::{Channel, Receiver, Sender};
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::crowd::{CROWD, Crowd};

pub async fn crowd<C: Channel>(plan: Plan) -> Sample {
    let crowd = Crowd::new(plan);
    let mut members = Vec::new();
    for number in 0..CROWD {
        let (to_member, mut inbox) = C::small::<()>();
        let (to_itself, mut member) = (to_member.clone(), crowd.member(number));
        C::spawn(async move {
            while let Some(()) = inbox.receive().await {
                if member.work() {
                    to_itself.send(()).await;
                }
            }
        });
        members.push(to_member);
    }
    for member in &members {
        member.send(()).await;
    }
    crowd.watch()
}
