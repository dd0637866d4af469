//! A generic worker's messages are measured where it is used.

use std::task::Poll;

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

struct Nowhere;

impl<'a, O> millhand::__private::Host<'a, O> for Nowhere {
    fn begin<F: Future + Send + 'a>(
        self,
        _: impl FnOnce() -> F,
        _: impl Fn(F::Output) -> O + Copy + Send + 'static,
    ) -> Poll<O> {
        Poll::Pending
    }
}

fn run<W: Worker>(worker: &mut W, inbox: W::Inbox, cx: &mut Context<W>) {
    drop(worker.dispatch(inbox, cx, Nowhere));
}

fn main() {
    let _fits: fn(&mut Filler<16>, _, &mut _) = run;
    let _large: fn(&mut Filler<17>, _, &mut _) = run;
}
