//! A generic worker's messages are measured where it is used.

use millhand::prelude::*;

#[derive(Message)]
#[message(local)]
struct Fill<const N: usize>([u8; N]);

#[derive(Worker)]
#[worker(handles(Fill<N>), slot = 16)]
struct Filler<const N: usize>;

impl<const N: usize> Handle<Fill<N>> for Filler<N> {
    async fn handle(&mut self, _: Fill<N>, _cx: &mut Context<Self>) {}
}

fn run<W: Worker>(worker: &mut W, inbox: W::Inbox, cx: &mut Context<W>) {
    drop(worker.dispatch(inbox, cx));
}

fn main() {
    let _fits: fn(&mut Filler<16>, _, &mut _) = run;
    let _large: fn(&mut Filler<17>, _, &mut _) = run;
}
