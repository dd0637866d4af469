//! `crowd`.

use kameo::prelude::*;

use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::crowd::{self, CROWD, Crowd};

struct Go;

#[derive(Actor)]
struct Member(crowd::Member);

impl Message<Go> for Member {
    type Reply = ();

    async fn handle(&mut self, _: Go, cx: &mut Context<Self, ()>) {
        if self.0.work() {
            cx.actor_ref().tell(Go).try_send().expect("there is room");
        }
    }
}

pub async fn crowd(plan: Plan) -> Sample {
    let crowd = Crowd::new(plan);
    let members: Vec<_> =
        (0..CROWD).map(|number| Member::spawn(Member(crowd.member(number)))).collect();
    for member in &members {
        member.tell(Go).await.expect("it lives");
    }
    crowd.watch()
}
