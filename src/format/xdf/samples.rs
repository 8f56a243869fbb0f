//! Samples of one stream: how they lie in a chunk, and a piece of them in memory.
//!
//! Owns [`Samples`]; runs on the thread of the reader. Invariant: a sample is taken whole or not at all.

use super::chunk::length;
use super::{StreamDescription, ValueFormat, Values};

/// Some samples of a stream that follow on; [`super::XdfFile::read`] fills it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// Number of the first of them, counted from 0.
    pub first: u64,
    /// Their stamps as recorded, in seconds on the stream's own clock.
    pub stamps: Vec<f64>,
    /// Their values `[T, C]`.
    pub values: Values,
}

/// What begins at a place inside a chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sample {
    /// A whole sample: its stamp if it has one, where its values begin, and where it ends.
    Whole { stamp: Option<f64>, values: usize, end: usize },
    /// A sample that goes on after these bytes.
    Short,
    /// No sample.
    Bad,
}

/// Looks at the sample that `bytes` begin with.
pub(super) fn sample_at(bytes: &[u8], description: &StreamDescription) -> Sample {
    let Some((&flag, rest)) = bytes.split_first() else { return Sample::Short };
    let (stamp, values) = match flag {
        0 => (None, 1),
        8 => match rest.first_chunk() {
            Some(stamp) => (Some(f64::from_le_bytes(*stamp)), 9),
            None => return Sample::Short,
        },
        _ => return Sample::Bad,
    };
    if stamp.is_some_and(|stamp| !stamp.is_finite()) {
        return Sample::Bad;
    }
    let mut end = values;
    if description.format == ValueFormat::String {
        for _ in 0..description.channels {
            let left = bytes.get(end..).unwrap_or_default();
            let Some((text, taken)) = length(left) else {
                return if left.len() < 9 && matches!(left.first(), None | Some(1 | 4 | 8)) {
                    Sample::Short
                } else {
                    Sample::Bad
                };
            };
            let next = usize::try_from(text).ok().and_then(|text| end.checked_add(taken)?.checked_add(text));
            let Some(next) = next else { return Sample::Bad };
            if next > bytes.len() {
                return Sample::Short;
            }
            end = next;
        }
    } else {
        end += description.channels * description.format.bytes();
    }
    if end > bytes.len() { Sample::Short } else { Sample::Whole { stamp, values, end } }
}

/// Appends the values of a whole sample, `bytes` being those from its values to its end.
pub(super) fn push_values(bytes: &[u8], format: ValueFormat, values: &mut Values) {
    if format == ValueFormat::String {
        let mut rest = bytes;
        while let Some((text, taken)) = length(rest) {
            let end = taken.saturating_add(usize::try_from(text).unwrap_or(usize::MAX)).min(rest.len());
            values.push_bytes(rest.get(taken..end).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default();
        }
    } else {
        bytes.chunks_exact(format.bytes()).for_each(|value| values.push_bytes(value));
    }
}

/// The fewest bytes that a sample of this stream takes.
pub(super) fn fewest_bytes(description: &StreamDescription) -> u64 {
    // A text has at least two bytes of length.
    let value = if description.format == ValueFormat::String { 2 } else { description.format.bytes() };
    1 + (description.channels * value) as u64
}
