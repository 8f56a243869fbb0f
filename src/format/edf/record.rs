//! One data record: its bytes as they are in the file, decoded on demand.
//!
//! Owns [`Record`], which a reader fills again and again; runs on the reader's thread. Invariant: once a record has
//! been filled, reading another of the same file allocates nothing but the text of annotations.

use super::signal_header::Layout;
use super::{Annotation, EdfError, SignalHeader};
use std::sync::Arc;

/// One data record of a file; [`super::EdfFile::read_record`] fills it.
#[derive(Debug, Default)]
pub struct Record {
    pub(super) layout: Arc<Layout>,
    pub(super) bytes: Vec<u8>,
    pub(super) index: u64,
    pub(super) onset_s: f64,
    pub(super) annotations: Vec<Annotation>,
    pub(super) bad_annotations: u32,
}

/// Channels and frames that are interleaved at a time: a line of the cache, and some of them.
const CHANNELS: usize = 16;
const FRAMES: usize = 64;

impl Record {
    /// Its number, counted from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// When its first samples were taken, in seconds from the start time in the header.
    ///
    /// From the time-keeping annotation in EDF+ and BDF+, else the record's number times the record duration.
    #[must_use]
    pub fn onset_s(&self) -> f64 {
        self.onset_s
    }

    /// The annotations that this record carries; they may begin at any time of the recording.
    #[must_use]
    pub fn annotations(&self) -> &[Annotation] {
        &self.annotations
    }

    /// How many annotation lists of this record could not be read and were skipped.
    #[must_use]
    pub fn bad_annotations(&self) -> u32 {
        self.bad_annotations
    }

    /// Appends the samples of a signal in its own unit, float64, never clamped.
    ///
    /// # Errors
    /// [`EdfError::NoSuchSignal`] for an index that is no ordinary signal.
    pub fn physical_into(&self, signal: usize, out: &mut Vec<f64>) -> Result<(), EdfError> {
        let (header, bytes) = self.ordinary(signal)?;
        let scale = Scale::of(header);
        match self.layout.sample_bytes {
            3 => out.extend(samples_24(bytes).map(|d| scale.physical(d))),
            _ => out.extend(samples_16(bytes).map(|d| scale.physical(d))),
        }
        Ok(())
    }

    /// Appends the samples of a signal in microvolts, or in its own unit where that is no voltage.
    ///
    /// # Errors
    /// [`EdfError::NoSuchSignal`] for an index that is no ordinary signal.
    pub fn microvolts_into(&self, signal: usize, out: &mut Vec<f32>) -> Result<(), EdfError> {
        let (header, bytes) = self.ordinary(signal)?;
        let scale = Scale::of(header).times(header.unit().factor());
        match self.layout.sample_bytes {
            3 => out.extend(samples_24(bytes).map(|d| scale.physical(d) as f32)),
            _ => out.extend(samples_16(bytes).map(|d| scale.physical(d) as f32)),
        }
        Ok(())
    }

    /// Appends frames `[T, C]` of these signals in microvolts, interleaved in the order given.
    ///
    /// # Errors
    /// [`EdfError::NoSuchSignal`] for an index that is no ordinary signal, [`EdfError::MixedRates`] where the signals
    /// do not have one rate. Nothing is appended then.
    pub fn frames_into(&self, signals: &[usize], out: &mut Vec<f32>) -> Result<(), EdfError> {
        let Some(&first) = signals.first() else { return Ok(()) };
        let expected = self.ordinary(first)?.0.samples_per_record;
        for &signal in signals {
            let samples = self.ordinary(signal)?.0.samples_per_record;
            if samples != expected {
                return Err(EdfError::MixedRates { signal, samples, expected });
            }
        }
        let (start, stride) = (out.len(), signals.len());
        out.resize(start + expected * stride, 0.0);
        let frames = out.get_mut(start..).unwrap_or_default();
        for (group, signals) in signals.chunks(CHANNELS).enumerate() {
            self.interleave(signals, group * CHANNELS, stride, frames)?;
        }
        Ok(())
    }

    /// Writes a group of signals in microvolts to their places in frames of `stride` channels, from channel `at` on.
    ///
    /// Some samples of each are converted side by side first, and then go into the frames together: a line of the cache is
    /// written once, not once a channel.
    fn interleave(&self, signals: &[usize], at: usize, stride: usize, frames: &mut [f32]) -> Result<(), EdfError> {
        let mut sources = [(Scale::default(), &[][..]); CHANNELS];
        for (source, &signal) in sources.iter_mut().zip(signals) {
            let (header, bytes) = self.ordinary(signal)?;
            *source = (Scale::of(header).times(header.unit().factor()), bytes);
        }
        let sources = sources.get(..signals.len()).unwrap_or_default();
        let mut converted = [[0.0f32; FRAMES]; CHANNELS];
        for (block, frames) in frames.chunks_mut(FRAMES * stride).enumerate() {
            let from = block * FRAMES * self.layout.sample_bytes;
            for (row, (scale, bytes)) in converted.iter_mut().zip(sources) {
                let bytes = bytes.get(from..).unwrap_or_default();
                match self.layout.sample_bytes {
                    3 => row.iter_mut().zip(samples_24(bytes)).for_each(|(to, d)| *to = scale.physical(d) as f32),
                    _ => row.iter_mut().zip(samples_16(bytes)).for_each(|(to, d)| *to = scale.physical(d) as f32),
                }
            }
            for (t, frame) in frames.chunks_exact_mut(stride).enumerate() {
                let places = frame.get_mut(at..).unwrap_or_default();
                for (to, row) in places.iter_mut().zip(&converted[..sources.len()]) {
                    *to = row[t];
                }
            }
        }
        Ok(())
    }

    fn ordinary(&self, signal: usize) -> Result<(&SignalHeader, &[u8]), EdfError> {
        self.layout
            .signals
            .get(signal)
            .filter(|header| !header.is_annotation)
            .and_then(|header| Some((header, self.bytes.get(header.bytes.clone())?)))
            .ok_or(EdfError::NoSuchSignal { signal, signals: self.layout.signals.len() })
    }
}

/// The scaling of a signal, its division done once.
#[derive(Clone, Copy, Default)]
struct Scale {
    physical_min: f64,
    digital_min: f64,
    gain: f64,
}

impl Scale {
    fn of(header: &SignalHeader) -> Self {
        let (physical_min, digital_min) = (header.physical_min, f64::from(header.digital_min));
        Self { physical_min, digital_min, gain: header.gain() }
    }

    fn times(self, factor: f64) -> Self {
        Self { physical_min: self.physical_min * factor, gain: self.gain * factor, ..self }
    }

    fn physical(self, digital: i32) -> f64 {
        self.physical_min + (f64::from(digital) - self.digital_min) * self.gain
    }
}

fn samples_16(bytes: &[u8]) -> impl ExactSizeIterator<Item = i32> + '_ {
    bytes.as_chunks::<2>().0.iter().map(|b| i32::from(i16::from_le_bytes(*b)))
}

fn samples_24(bytes: &[u8]) -> impl ExactSizeIterator<Item = i32> + '_ {
    // The three bytes go to the top of an i32, so that the shift back extends the sign.
    bytes.as_chunks::<3>().0.iter().map(|&[low, middle, high]| i32::from_le_bytes([0, low, middle, high]) >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_keep_their_sign() {
        assert_eq!(samples_16(&[0xff, 0x7f, 0x00, 0x80, 0xff, 0xff]).collect::<Vec<_>>(), [32_767, -32_768, -1]);
        assert_eq!(
            samples_24(&[0xff, 0xff, 0x7f, 0, 0, 0x80, 0xff, 0xff, 0xff]).collect::<Vec<_>>(),
            [8_388_607, -8_388_608, -1]
        );
    }

    #[test]
    fn a_record_that_was_never_filled_has_no_signal() {
        let message = Record::default().physical_into(0, &mut Vec::new()).unwrap_err().to_string();
        assert!(message.contains("signal 0"), "{message}");
    }
}
