//! `crowd`.

use std::sync::Arc;

use millhand::prelude::*;

use super::system;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::crowd::{self, CROWD, Crowd};

#[derive(Message)]
#[message(local)]
struct Go;

#[derive(Worker)]
#[worker(handles(Go))]
struct Member(crowd::Member);

impl Handle<Go> for Member {
    async fn handle(&mut self, _: Go, cx: &mut Context<Self>) {
        if self.0.work() {
            cx.address().try_tell(Go).expect("there is room");
        }
    }
}

pub async fn crowd(plan: Plan) -> Sample {
    let system = system().await;
    let crowd = Crowd::new(plan);
    let mut members = Vec::new();
    for number in 0..CROWD {
        let crowd = Arc::clone(&crowd);
        let member =
            system.worker(format!("member-{number}"), move || Member(crowd.member(number)));
        members.push(member.start().await.expect("a worker"));
    }
    for member in &members {
        member.tell(Go).await.expect("it lives");
    }
    crowd.watch()
}
