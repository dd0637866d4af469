//! One candidate's samples of one workload.

use crate::candidate::{Candidate, OURS};
use crate::meter::{Pressure, Sample};

pub struct Row {
    pub candidate: Candidate,
    pub samples: Vec<Sample>,
    /// Measurements that crashed, hung, or found a wrong result.
    pub failures: usize,
}

impl Row {
    pub fn new(candidate: Candidate) -> Self {
        Self { candidate, samples: Vec::new(), failures: 0 }
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
        self.candidate.name == OURS
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
