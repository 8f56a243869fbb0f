//! Sampling rates: which signals of a file go together, and which records suit a rate.
//!
//! Owns [`RateGroup`]; runs on no thread of its own. Invariant: each ordinary signal is in exactly one group.

use super::{EdfFile, SignalHeader};

/// Ordinary signals that share a sampling rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateGroup {
    /// Samples of each of them in a record.
    pub samples_per_record: usize,
    /// Their indices among all signals, in the order of the file.
    pub signals: Vec<usize>,
}

/// Groups ordinary signals by rate: the largest group first, the higher rate first among equals.
#[must_use]
pub fn rate_groups(signals: &[SignalHeader]) -> Vec<RateGroup> {
    let mut groups: Vec<RateGroup> = Vec::new();
    for (index, signal) in signals.iter().enumerate().filter(|(_, signal)| !signal.is_annotation) {
        match groups.iter_mut().find(|group| group.samples_per_record == signal.samples_per_record) {
            Some(group) => group.signals.push(index),
            None => groups.push(RateGroup { samples_per_record: signal.samples_per_record, signals: vec![index] }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse((group.signals.len(), group.samples_per_record)));
    groups
}

/// The group of signals that makes the stream of a replay; `None` where a file holds annotations only.
#[must_use]
pub fn most_common_rate<R>(file: &EdfFile<R>) -> Option<RateGroup> {
    rate_groups(file.signals()).into_iter().next()
}

/// A record duration in seconds that fits the eight characters of its field, and the samples a record, for a rate.
///
/// One second where the rate is a whole number; else the shortest record of 0.25 to 2 s whose duration can be
/// written exactly, or the one that comes closest, since a crash may cost a recorder one record. `None` for a rate that is not a number above 0, or beyond 10 MHz.
#[must_use]
pub fn record_shape(rate_hz: f64) -> Option<(f64, usize)> {
    if !(rate_hz > 0.0 && rate_hz <= 1e7) {
        return None;
    }
    if rate_hz.fract() == 0.0 {
        return Some((1.0, rate_hz as usize));
    }
    let longest = (rate_hz * 2.0).ceil().clamp(1.0, 100_000.0) as usize;
    let shortest = ((rate_hz / 4.0).ceil() as usize).clamp(1, longest);
    let mut best: Option<(f64, (f64, usize))> = None;
    for samples in shortest..=longest {
        let digits = format!("{:.6}", samples as f64 / rate_hz);
        let digits = digits.get(..8).unwrap_or(&digits);
        let Some(duration_s) = digits.parse::<f64>().ok().filter(|&d| d > 0.0) else { continue };
        let error = (samples as f64 / duration_s / rate_hz - 1.0).abs();
        if best.is_none_or(|(least, _)| error < least) {
            best = Some((error, (duration_s, samples)));
        }
        if error < 1e-12 {
            break;
        }
    }
    best.map(|(_, shape)| shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_shapes_reproduce_the_rate() {
        assert_eq!(record_shape(256.0), Some((1.0, 256)));
        for (rate_hz, within) in
            [(999.412_110_523_221_7, 1e-12), (12.8, 1e-12), (0.5, 1e-12), (487.5, 1e-12), (512.03, 1e-7)]
        {
            let (duration_s, samples) = record_shape(rate_hz).unwrap();
            assert!((samples as f64 / duration_s / rate_hz - 1.0).abs() <= within, "{rate_hz}: {duration_s} {samples}");
            assert!(duration_s.to_string().len() <= 8);
        }
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(record_shape(bad), None);
        }
    }
}
