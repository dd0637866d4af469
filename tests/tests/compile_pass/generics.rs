//! Type and const parameters, with bounds and where-clauses, on messages and on workers.

use std::marker::PhantomData;

use millhand::prelude::*;
use millhand::{Accepts, WireMessage};

#[derive(Message)]
#[message(local, reply = Option<V>)]
struct Get<K, V>(K, PhantomData<V>)
where
    K: Send + 'static,
    V: Send + 'static;

#[derive(Message, Clone)]
#[message(local)]
struct Fill<const N: usize>([u8; N]);

/// A named generic message is a wire message for those arguments that serde knows.
#[derive(Message, Serialize, Deserialize)]
#[message(name = "cache.put", version = 2, reply = Result<T, String>)]
struct Put<T: Send + 'static>(T);

/// Not every parameter is used by a message; one of them is unsized, and one has a default.
#[derive(Worker)]
#[worker(handles(Get<K, V>, Fill<N>, Put<u8>))]
struct Cache<K, V, U: ?Sized, const N: usize = 4>
where
    K: Send + 'static,
    V: Clone + Send + 'static,
    U: 'static,
{
    last: Option<(K, V)>,
    unused: PhantomData<fn() -> Box<U>>,
}

impl<K, V, U: ?Sized, const N: usize> Handle<Get<K, V>> for Cache<K, V, U, N>
where
    K: Send + 'static,
    V: Clone + Send + 'static,
{
    async fn handle(&mut self, get: Get<K, V>, _cx: &mut Context<Self>) -> Option<V> {
        let Get(key, _) = get;
        let value = self.last.as_ref()?.1.clone();
        self.last = Some((key, value.clone()));
        Some(value)
    }
}

impl<K, V, U: ?Sized, const N: usize> Handle<Fill<N>> for Cache<K, V, U, N>
where
    K: Send + 'static,
    V: Clone + Send + 'static,
{
    async fn handle(&mut self, Fill(bytes): Fill<N>, _cx: &mut Context<Self>) {
        let _ = bytes.len();
    }
}

impl<K, V, U: ?Sized, const N: usize> Handle<Put<u8>> for Cache<K, V, U, N>
where
    K: Send + 'static,
    V: Clone + Send + 'static,
{
    async fn handle(&mut self, put: Put<u8>, _cx: &mut Context<Self>) -> Result<u8, String> {
        Ok(put.0)
    }
}

/// Copies for a retry have to get past the parameters that no message uses.
#[derive(Worker)]
#[worker(handles(Fill<2>, boxed(Fill<900>)), on_crash = retry(2))]
struct Retrying<T: Send + 'static>(T);

impl<T: Send + 'static> Handle<Fill<2>> for Retrying<T> {
    async fn handle(&mut self, _: Fill<2>, _cx: &mut Context<Self>) {}
}

impl<T: Send + 'static> Handle<Fill<900>> for Retrying<T> {
    async fn handle(&mut self, _: Fill<900>, _cx: &mut Context<Self>) {}
}

type Concrete = Cache<u64, String, dyn Fn() -> u8, 16>;

fn main() {
    fn accepts<W: Accepts<M>, M: Message>() {}
    fn travels<M: WireMessage>() {}
    accepts::<Concrete, Get<u64, String>>();
    accepts::<Concrete, Fill<16>>();
    accepts::<Concrete, Put<u8>>();
    travels::<Put<u8>>();
    assert_eq!(Concrete::MESSAGES.len(), 3);
    assert!(Put::<u8>::is_failure(&Err(String::new())));

    let big = <Retrying<u8> as Accepts<Fill<900>>>::wrap(Fill([7; 900]));
    let copy = Retrying::<u8>::copy_for_retry(&big).expect("on_crash = retry copies");
    let copy = <Retrying<u8> as Accepts<Fill<900>>>::unwrap(copy).expect("the same message");
    assert_eq!(copy.0, [7; 900]);
    assert!(<Retrying<u8> as Accepts<Fill<2>>>::unwrap(big).is_none());
}
