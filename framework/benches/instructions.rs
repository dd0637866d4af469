//! One workload, N times, on a runtime of one thread, for a machine that counts instructions:
//!
//! ```text
//! valgrind --tool=callgrind target/release/deps/instructions-… tell 100000
//! ```
//!
//! Counts do not wobble as times do. Run it with two numbers of messages; the difference is what the
//! messages cost. `tests/instructions` does so, and compares with the record.

use millhand::prelude::*;
use tokio::sync::oneshot;

#[derive(Message, Debug, PartialEq)]
#[message(local)]
struct Number(u64);

#[derive(Message, Debug, PartialEq)]
#[message(local, reply = u64)]
struct Double(u64);

/// How many of the other messages to send.
#[derive(Message, Debug, PartialEq)]
#[message(local, reply = u64)]
struct Begin(u64);

/// Adds up what it is told, until it has been told enough.
#[derive(Worker)]
#[worker(handles(Number), unbounded)]
struct Sink {
    left: u64,
    sum: u64,
    done: Option<oneshot::Sender<u64>>,
}

impl Handle<Number> for Sink {
    async fn handle(&mut self, Number(number): Number, _: &mut Context<Self>) {
        self.sum += number;
        self.left -= 1;
        if self.left == 0 {
            finish(&mut self.done, self.sum);
        }
    }
}

fn finish(done: &mut Option<oneshot::Sender<u64>>, value: u64) {
    let told = done.take().map(|done| done.send(value));
    assert_eq!(told, Some(Ok(())), "finished twice, or nobody waits");
}

#[derive(Worker)]
#[worker(handles(Double))]
struct Doubler;

impl Handle<Double> for Doubler {
    async fn handle(&mut self, Double(number): Double, _: &mut Context<Self>) -> u64 {
        2 * number
    }
}

#[derive(Worker)]
#[worker(handles(Begin))]
struct Asker {
    doubler: Address<Doubler>,
}

impl Handle<Begin> for Asker {
    async fn handle(&mut self, Begin(count): Begin, _: &mut Context<Self>) -> u64 {
        let mut sum = 0;
        for number in 0..count {
            sum += self.doubler.ask(Double(number)).await.unwrap();
        }
        sum
    }
}

/// Passes a number on, one less each time.
#[derive(Worker)]
#[worker(handles(Number, Next))]
struct Link {
    next: Option<Address<Link>>,
    done: Option<oneshot::Sender<u64>>,
}

#[derive(Message, Debug, PartialEq)]
#[message(local)]
struct Next(Address<Link>);

impl Handle<Next> for Link {
    async fn handle(&mut self, Next(next): Next, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Handle<Number> for Link {
    async fn handle(&mut self, Number(number): Number, _: &mut Context<Self>) {
        if number == 0 {
            finish(&mut self.done, 0);
        } else if let Some(next) = &self.next {
            next.tell(Number(number - 1)).await.unwrap();
        }
    }
}

async fn run(workload: &str, count: u64) {
    let system = System::builder("instructions").start().await.unwrap();
    match workload {
        "tell" => {
            let (done, sum) = oneshot::channel();
            let done = std::sync::Mutex::new(Some(done));
            let sink = move || Sink { left: count, sum: 0, done: done.lock().unwrap().take() };
            let sink = system.worker("sink", sink).start().await.unwrap();
            for number in 0..count {
                sink.tell(Number(number)).await.unwrap();
                if number % 64 == 63 {
                    tokio::task::yield_now().await;
                }
            }
            assert_eq!(sum.await, Ok(count * (count - 1) / 2));
        }
        "ask" => {
            let doubler = system.worker("doubler", || Doubler).start().await.unwrap();
            let asker = move || Asker { doubler: doubler.clone() };
            let asker = system.worker("asker", asker).start().await.unwrap();
            assert_eq!(asker.ask(Begin(count)).no_timeout().await, Ok(count * (count - 1)));
        }
        "ask_outside" => {
            let doubler = system.worker("doubler", || Doubler).start().await.unwrap();
            let sum = tokio::spawn(async move {
                let mut sum = 0;
                for number in 0..count {
                    sum += doubler.ask(Double(number)).await.unwrap();
                }
                sum
            });
            assert_eq!(sum.await.unwrap(), count * (count - 1));
        }
        "ring_hop" => {
            let (done, end) = oneshot::channel();
            let done = std::sync::Arc::new(std::sync::Mutex::new(Some(done)));
            let mut links = Vec::new();
            for name in 0..100 {
                let done = std::sync::Arc::clone(&done);
                // The token ends at the first link, since the count is a multiple of a hundred.
                let done = move || if name == 0 { done.lock().unwrap().take() } else { None };
                let link = move || Link { next: None, done: done() };
                links.push(system.worker(name.to_string(), link).start().await.unwrap());
            }
            for (at, link) in links.iter().enumerate() {
                let next = links[(at + 1) % links.len()].clone();
                link.tell(Next(next)).await.unwrap();
            }
            links[0].tell(Number(count)).await.unwrap();
            assert_eq!(end.await, Ok(0));
        }
        "spawn" => {
            for number in 0..count {
                let doubler = system.worker(number.to_string(), || Doubler).start().await.unwrap();
                assert_eq!(doubler.ask(Double(number)).await, Ok(2 * number));
            }
        }
        _ => panic!("no such workload: {workload}"),
    }
    system.shutdown().await.unwrap();
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [workload, count] = arguments.as_slice() else {
        panic!("arguments: tell|ask|ask_outside|ring_hop|spawn COUNT");
    };
    let count = count.parse().expect("COUNT is a number");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(workload, count));
}
