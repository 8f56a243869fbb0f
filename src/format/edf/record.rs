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

/// Frames that are interleaved at a time.
const FRAMES: usize = 16;

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
        let start = out.len();
        let (header, _) = self.ordinary(signal)?;
        out.resize(start + header.samples_per_record, 0.0);
        self.strided(signal, 0, out.get_mut(start..).unwrap_or_default(), 1)
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
        // A few frames of all channels stay in the nearest cache until each channel has been there.
        let at_once = if stride == 1 { expected.max(1) } else { FRAMES };
        for (block, frames) in frames.chunks_mut(at_once * stride).enumerate() {
            for (channel, &signal) in signals.iter().enumerate() {
                self.strided(signal, block * at_once, frames.get_mut(channel..).unwrap_or_default(), stride)?;
            }
        }
        Ok(())
    }

    /// Writes the samples of a signal from number `from` on in microvolts to every `stride`-th place of `out`.
    fn strided(&self, signal: usize, from: usize, out: &mut [f32], stride: usize) -> Result<(), EdfError> {
        let (header, bytes) = self.ordinary(signal)?;
        let bytes = bytes.get(from * self.layout.sample_bytes..).unwrap_or_default();
        let scale = Scale::of(header).times(header.unit().factor());
        if stride == 1 {
            // Without steps between them the compiler takes several samples at once.
            match self.layout.sample_bytes {
                3 => out.iter_mut().zip(samples_24(bytes)).for_each(|(to, d)| *to = scale.physical(d) as f32),
                _ => out.iter_mut().zip(samples_16(bytes)).for_each(|(to, d)| *to = scale.physical(d) as f32),
            }
            return Ok(());
        }
        let targets = out.iter_mut().step_by(stride);
        match self.layout.sample_bytes {
            3 => targets.zip(samples_24(bytes)).for_each(|(to, d)| *to = scale.physical(d) as f32),
            _ => targets.zip(samples_16(bytes)).for_each(|(to, d)| *to = scale.physical(d) as f32),
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
#[derive(Clone, Copy)]
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
