//! `crowd`: one half on each arbiter.

use std::sync::Arc;

use actix::prelude::*;

use super::Arbiters;
use crate::candidate::THREADS;
use crate::meter::Sample;
use crate::suite::Plan;
use crate::work::crowd::{self, CROWD, Crowd};

#[derive(Message)]
#[rtype(result = "()")]
struct Go;

struct Member(crowd::Member);

impl Actor for Member {
    type Context = Context<Self>;
}

impl Handler<Go> for Member {
    type Result = ();

    fn handle(&mut self, _: Go, cx: &mut Context<Self>) {
        if self.0.work() {
            cx.address().do_send(Go);
        }
    }
}

pub fn crowd(plan: Plan, arbiters: &Arbiters) -> Sample {
    let crowd = Crowd::new(plan);
    let members: Vec<_> = (0..CROWD)
        .map(|number| {
            let crowd = Arc::clone(&crowd);
            let arbiter = &arbiters[number as usize % THREADS];
            Member::start_in_arbiter(arbiter, move |_| Member(crowd.member(number)))
        })
        .collect();
    for member in &members {
        member.do_send(Go);
    }
    crowd.watch()
}
