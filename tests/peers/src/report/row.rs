//! One candidate's samples of one workload.

use crate::candidate::{Candidate, Kind, OURS};
use crate::meter::{Pressure, Sample};

pub struct Row {
    pub candidate: Candidate,
    /// Measured without the load.
    pub control: bool,
    pub samples: Vec<Sample>,
    /// Measurements that crashed, hung, or found a wrong result.
    pub failures: usize,
    /// Why the last of them failed.
    pub problem: Option<String>,
}

impl Row {
    pub fn new(candidate: Candidate) -> Self {
        Self { candidate, control: false, samples: Vec::new(), failures: 0, problem: None }
    }

    /// The same probe without the load.
    pub fn control(candidate: Candidate) -> Self {
        Self { control: true, ..Self::new(candidate) }
    }

    pub fn name(&self) -> String {
        let control = if self.control { " (control)" } else { "" };
        format!("{}{control}", self.candidate.name)
    }

    /// A control says what the machine can do.
    pub fn kind(&self) -> Kind {
        if self.control { Kind::Limit } else { self.candidate.kind }
    }

    /// The names of what else was found.
    pub fn also(&self) -> impl Iterator<Item = &str> {
        self.samples
            .first()
            .into_iter()
            .flat_map(|sample| sample.also.iter().map(|(name, _)| name.as_str()))
    }

    /// All samples of another figure, as a row of its own.
    pub fn figure(&self, name: &str) -> Self {
        let one = |sample: &Sample| {
            let (_, value) = sample.also.iter().find(|(also, _)| also == name)?;
            Some(Sample::new(*value, sample.cpu_ns))
        };
        let samples = self.samples.iter().filter_map(one).collect();
        Self {
            candidate: self.candidate,
            control: self.control,
            samples,
            failures: 0,
            problem: None,
        }
    }

    /// `None`: nothing was measured.
    pub fn median(&self) -> Option<f64> {
        median(self.samples.iter().map(|sample| sample.value))
    }

    pub fn cpu_ns(&self) -> Option<f64> {
        median(self.samples.iter().map(|sample| sample.cpu_ns))
    }

    pub fn min(&self) -> Option<f64> {
        self.samples.iter().map(|sample| sample.value).min_by(f64::total_cmp)
    }

    pub fn max(&self) -> Option<f64> {
        self.samples.iter().map(|sample| sample.value).max_by(f64::total_cmp)
    }

    /// Of `overload`: the median share of its own peak.
    pub fn share_of_peak(&self) -> Option<f64> {
        let pressed = self.samples.iter().filter_map(|sample| {
            sample.pressure.as_ref().map(|pressure| sample.value / pressure.peak)
        });
        median(pressed)
    }

    /// How it is set up, and what the value alone does not say.
    pub fn note(&self) -> String {
        let pressed = |what: fn(&Pressure) -> f64| {
            median(self.samples.iter().filter_map(|sample| sample.pressure.as_ref().map(what)))
        };
        let mut note = self.candidate.note.to_owned();
        if self.control {
            note += "; the same probe without the load";
        }
        if let Some(problem) = &self.problem {
            note += &format!("; FAILED after {} rounds: {problem}", self.samples.len());
        }
        if let (Some(share), Some(offered), Some(rejected), Some(bytes)) = (
            self.share_of_peak(),
            pressed(|pressure| pressure.offered),
            pressed(|pressure| pressure.rejected),
            pressed(|pressure| pressure.bytes),
        ) {
            note += &format!(
                "; {:.1} % of its peak, offered {offered:.1} x the peak, {:.1} % rejected, memory +{:.0} KiB",
                share * 100.0,
                rejected * 100.0,
                bytes / 1024.0,
            );
        }
        note
    }

    pub fn is_ours(&self) -> bool {
        self.candidate.name == OURS && !self.control
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[odd / 2]),
        even => Some(f64::midpoint(values[even / 2 - 1], values[even / 2])),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([3.0, 100.0, 1.0].into_iter()), Some(3.0));
        assert_eq!(median([4.0, 1.0, 2.0, 100.0].into_iter()), Some(3.0));
    }
}
