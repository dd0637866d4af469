//! Ours beside the best others, and whether the target is met.

use super::Table;
use super::row::Row;
use crate::candidate::{Kind, OURS};
use crate::workload::target::Target;

#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    pub ours: f64,
    /// The best channel or framework but ours.
    pub rival: Option<Other<'a>>,
    /// The best framework but ours.
    pub framework: Option<Other<'a>>,
    /// The limit that the target names, or else the best one.
    pub limit: Option<Other<'a>>,
    pub share_of_peak: Option<f64>,
    /// How much more than its own control.
    pub over_control: Option<f64>,
    /// What it is beside the mean of the same measurement.
    pub of_mean: Option<f64>,
    /// `None`: there is no target, or nothing to compare with.
    pub met: Option<bool>,
}

/// Another row, and what ours is beside it.
#[derive(Debug, Clone, Copy)]
pub struct Other<'a> {
    pub name: &'a str,
    /// Ours divided by it.
    pub ratio: f64,
}

impl Other<'_> {
    /// Our throughput divided by its throughput, of which a time is a measure too.
    pub fn share(self, more_is_better: bool) -> f64 {
        if more_is_better { self.ratio } else { 1.0 / self.ratio }
    }
}

impl<'a> Verdict<'a> {
    /// `None`: ours was not measured.
    pub fn of(table: &'a Table) -> Option<Self> {
        let Table { workload, rows } = table;
        let ours = rows.iter().find(|row| row.is_ours())?;
        let value = ours.median()?;
        let first = |is: &dyn Fn(&Row) -> bool| {
            let other = rows.iter().find(|row| row.candidate.name != OURS && is(row))?;
            Some((other.candidate.name, other.median()?))
        };
        let beside = |(name, other)| Other { name, ratio: value / other };
        let rival = first(&|row| row.kind() != Kind::Limit).map(beside);
        let framework = first(&|row| row.kind() == Kind::Framework).map(beside);
        let target = workload.target();
        let more = workload.unit().more_is_better();
        let named = match target {
            Target::OfLimit(_, named) | Target::OfLimitAndBest(_, named) => {
                first(&|row| row.candidate.name == named)
            }
            _ => None,
        };
        let limit = named.or_else(|| first(&|row| row.candidate.kind == Kind::Limit)).map(beside);
        let share_of_peak = ours.share_of_peak();
        let control = rows.iter().find(|row| row.candidate.name == OURS && row.control);
        let over_control = control.and_then(Row::median).map(|control| value - control);
        let of_mean = ours.figure("mean").median().map(|mean| value / mean);
        let met = match target {
            Target::None => None,
            Target::OfBest(all, frameworks) => rival.map(|rival| {
                let framework = framework.zip(frameworks);
                rival.ratio <= all && framework.is_none_or(|(other, most)| other.ratio <= most)
            }),
            Target::OfLimit(least, _) => limit.map(|limit| limit.share(more) >= least),
            Target::OfLimitAndBest(least, _) => limit
                .zip(rival)
                .map(|(limit, rival)| limit.share(more) >= least && rival.share(more) > 1.0),
            Target::Within(most) => Some(value <= most),
            Target::OfPeak(least) => share_of_peak.map(|share| share >= least),
            Target::OverControl(most) => over_control.map(|more| more <= most),
            Target::OfMean(most) => of_mean.map(|times| times <= most),
        };
        Some(Self {
            ours: value,
            rival,
            framework,
            limit,
            share_of_peak,
            over_control,
            of_mean,
            met,
        })
    }

    pub fn met(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "-",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::super::row::Row;
    use crate::candidate::Candidate;
    use crate::meter::{Pressure, Sample};
    use crate::workload::{Job, Producer, Suite, Workload};

    fn row(name: &str, values: &[f64]) -> Row {
        let mut row = Row::new(Candidate::named(name, Suite::Actors).unwrap());
        row.samples = values.iter().map(|&value| Sample::new(value, 0.0)).collect();
        row.failures = usize::from(values.is_empty());
        row
    }

    fn names(table: &Table) -> Vec<&str> {
        table.rows.iter().map(|row| row.candidate.name).collect()
    }

    #[test]
    fn ours_is_compared_with_the_best_other_and_the_best_framework() {
        let rows = vec![
            row("actix", &[70.0]),
            row("kameo", &[300.0, 60.0, 301.0]),
            row("millhand", &[10.0]),
            row("kanal", &[30.0, 20.0, 25.0]),
            row("flume", &[]),
        ];
        let table = Table::ranked(Workload::Tell, rows);
        assert_eq!(names(&table), ["millhand", "kanal", "actix", "kameo", "flume"]);
        let verdict = table.verdict().unwrap();
        let (rival, framework) = (verdict.rival.unwrap(), verdict.framework.unwrap());
        assert_eq!((rival.name, rival.ratio), ("kanal", 0.4), "of the medians");
        assert_eq!((framework.name, framework.ratio), ("actix", 10.0 / 70.0));
        assert_eq!(verdict.met, Some(true));
    }

    #[test]
    fn one_of_two_conditions_is_not_enough() {
        let slower = |framework| {
            let rows =
                vec![row("millhand", &[10.0]), row("kanal", &[25.0]), row("actix", &[framework])];
            Table::ranked(Workload::Tell, rows).verdict().unwrap().met
        };
        assert_eq!(slower(70.0), Some(true));
        assert_eq!(slower(60.0), Some(false));
    }

    #[test]
    fn a_limit_is_no_rival_and_the_target_is_of_the_one_it_names() {
        let rows = vec![
            row("rayon", &[80.0]),
            row("two threads", &[90.0]),
            row("millhand", &[100.0]),
            row("kanal", &[110.0]),
        ];
        let workload = Workload::Pool(Job::Medium, Producer::Task);
        let table = Table::ranked(workload, rows);
        let verdict = table.verdict().unwrap();
        assert_eq!(verdict.rival.unwrap().name, "kanal");
        assert!(verdict.framework.is_none());
        assert_eq!(verdict.limit.unwrap().name, "two threads");
        assert_eq!(verdict.met, Some(false), "90 % is less than 96 %");
    }

    #[test]
    fn of_a_rate_more_is_better() {
        let pressed = |name, value, peak| {
            let mut row = row(name, &[value]);
            let pressure = Pressure { peak, offered: 10.0, rejected: 0.9, bytes: 0.0 };
            row.samples[0].pressure = Some(pressure);
            row
        };
        let rows = vec![
            pressed("flume", 80.0, 100.0),
            pressed("millhand", 99.0, 100.0),
            row("kanal", &[]),
        ];
        let table = Table::ranked(Workload::Overload, rows);
        assert_eq!(names(&table), ["millhand", "flume", "kanal"]);
        assert_eq!(table.verdict().unwrap().met, Some(true));
    }

    #[test]
    fn a_share_of_the_limit_is_not_enough_beside_a_better_rival() {
        let met = |ours, rival| {
            let rows = vec![
                row("two threads", &[100.0]),
                row("millhand", &[ours]),
                row("flume", &[rival]),
            ];
            let workload = Workload::named("push_pull_16_tcp", Suite::Wire).unwrap();
            Table::ranked(workload, rows).verdict().unwrap().met
        };
        assert_eq!(met(60.0, 59.0), Some(true));
        assert_eq!(met(59.0, 50.0), Some(false));
        assert_eq!(met(70.0, 71.0), Some(false));
    }

    #[test]
    fn a_control_is_no_rival_and_the_target_is_over_our_own() {
        let controlled = |name, value| Row { control: true, ..row(name, &[value]) };
        let met = |ours| {
            let rows = vec![
                row("millhand", &[ours]),
                controlled("millhand", 50_000.0),
                row("kameo", &[900_000.0]),
                controlled("kameo", 10.0),
            ];
            let table = Table::ranked(Workload::Flooded, rows);
            let verdict = table.verdict().unwrap();
            assert_eq!((verdict.ours, verdict.rival.unwrap().name), (ours, "kameo"));
            assert!(verdict.limit.is_none());
            verdict.met
        };
        assert_eq!(met(250_000.0), Some(true));
        assert_eq!(met(250_001.0), Some(false));
        let alone = Table::ranked(Workload::Flooded, vec![row("millhand", &[1.0])]);
        assert_eq!(alone.verdict().unwrap().met, None, "nothing to compare with");
    }

    #[test]
    fn the_longest_wait_is_measured_by_the_mean_of_its_measurement() {
        let met = |longest| {
            let mut row = row("millhand", &[longest]);
            row.samples[0] = row.samples[0].clone().also("mean", 10.0);
            Table::ranked(Workload::Crowd, vec![row]).verdict().unwrap().met
        };
        assert_eq!(met(100.0), Some(true));
        assert_eq!(met(101.0), Some(false));
    }

    #[test]
    fn without_ours_there_is_no_verdict_and_alone_no_ratio() {
        let absent = Table::ranked(Workload::Ask, vec![row("millhand", &[]), row("kanal", &[1.0])]);
        assert!(absent.verdict().is_none());
        let alone = Table::ranked(Workload::Ask, vec![row("millhand", &[1.0])]);
        let verdict = alone.verdict().unwrap();
        assert!(verdict.rival.is_none());
        assert_eq!(verdict.met, None);
    }
}
