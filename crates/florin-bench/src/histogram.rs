//! A histogram of durations with a relative error under 1.6 %, whatever their size.
//!
//! Every power of two of microseconds is cut into 64 equal buckets, so recording is one shift and one addition.

use std::time::Duration;

/// Buckets to a power of two, as a power of two.
const CUTS_LOG2: u32 = 6;
const CUTS: usize = 1 << CUTS_LOG2;
/// Durations from 2^36 µs, which is 19 hours, on count as that.
const BUCKETS: usize = (36 - CUTS_LOG2 as usize + 1) * CUTS;

/// Counts of durations.
#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u32>,
    total: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, longest: Duration::ZERO }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += 1;
        self.total += 1;
        self.longest = self.longest.max(took);
    }

    /// Counts all that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
    }

    /// How many durations were counted.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The duration that `permille` of a thousand do not exceed; zero if none was counted.
    pub fn quantile(&self, permille: u64) -> Duration {
        let wanted = (self.total * permille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted {
                return Duration::from_micros(upper_bound(index)).min(self.longest);
            }
        }
        self.longest
    }
}

/// The bucket of a number of microseconds.
fn bucket(micros: u64) -> usize {
    let octave = (u64::BITS - micros.leading_zeros()).saturating_sub(CUTS_LOG2 + 1);
    let cut = usize::try_from(micros >> octave).unwrap_or(usize::MAX);
    (octave as usize * CUTS + cut).min(BUCKETS - 1)
}

/// The most microseconds that the bucket counts.
fn upper_bound(index: usize) -> u64 {
    let octave = (index / CUTS).saturating_sub(1);
    let cut = (index - octave * CUTS) as u64;
    ((cut + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_lies_in_its_bucket_within_the_promised_error() {
        for micros in (0..2_000).chain([4_097, 65_535, 1_000_000, 123_456_789, 1 << 35]) {
            let upper = upper_bound(bucket(micros));
            assert!(upper >= micros, "{micros} {upper}");
            assert!(upper - micros <= micros / 64, "{micros} {upper}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let (mut one, mut two) = (Histogram::default(), Histogram::default());
        (1..=500).for_each(|millis| one.record(Duration::from_millis(millis)));
        (501..=1000).for_each(|millis| two.record(Duration::from_millis(millis)));
        one.merge(&two);
        assert_eq!(one.total(), 1000);
        for (permille, exact) in [(500, 500), (990, 990), (1000, 1000)] {
            let found = one.quantile(permille);
            assert!(found >= Duration::from_millis(exact) && found <= Duration::from_millis(exact + exact / 64), "{permille} {found:?}");
        }
        assert_eq!(Histogram::default().quantile(990), Duration::ZERO);
    }
}
