//! `tell_bounded` and `fan_in_bounded`.

use nexosim::model::Model;
use nexosim::ports::{EventSource, Output};
use nexosim::simulation::Mailbox;
use serde::{Deserialize, Serialize};

use super::{bench, start};
use crate::meter::{Phases, Sample};
use crate::suite::Plan;
use crate::work::goal::{Goal, Tally};
use crate::work::{BOUND, PRODUCERS, sum_below};

#[derive(Default, Serialize, Deserialize)]
struct Source {
    numbers: Output<u64>,
}

#[Model]
impl Source {
    async fn send_all(&mut self, count: u64) {
        for number in 0..count {
            self.numbers.send(number).await;
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Sink {
    #[serde(skip)]
    tally: Tally,
}

#[Model]
impl Sink {
    fn add(&mut self, number: u64) {
        self.tally.add(number);
    }
}

pub fn tell(plan: Plan) -> Sample {
    from(1, plan)
}

pub fn fan_in(plan: Plan) -> Sample {
    from(PRODUCERS, plan)
}

fn from(sources: u64, plan: Plan) -> Sample {
    let goal = Goal::new();
    let mut bench = bench();
    let sink = Mailbox::with_capacity(BOUND);
    let mut send_all = EventSource::new();
    for number in 0..sources {
        let mut source = Source::default();
        source.numbers.connect(Sink::add, &sink);
        let inbox = Mailbox::new();
        send_all = send_all.connect(Source::send_all, &inbox);
        bench = bench.add_model(source, inbox, &format!("source-{number}"));
    }
    bench = bench.add_model(Sink { tally: Tally::new(&goal) }, sink, "sink");
    let send_all = send_all.register(&mut bench);
    let mut simulation = start(bench);
    let mut phases = Phases::of(plan.operations);
    while let Some(n) = phases.next() {
        let mut sum = goal.expect(n);
        let each = n / sources;
        simulation.process_event(&send_all, each).expect("it goes on");
        assert_eq!(sum.try_recv(), Ok(sources * sum_below(each)));
    }
    phases.sample()
}
