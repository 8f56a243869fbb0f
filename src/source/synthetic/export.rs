//! The synthetic brain as a file: EDF+C with the states as annotations.
//!
//! Owns [`SyntheticRecording`]; the thread that calls [`write_edf`] runs it. Invariant: the same recording gives the
//! same bytes, and one block of signal is all that is held in memory.

use super::SyntheticBrain;
use crate::format::edf::{
    Annotation, EdfError, EdfHeader, EdfSignal, EdfWriter, Existing, StartTime, Written, record_shape,
};
use crate::signal::Block;
use std::path::Path;

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SyntheticRecording {
    /// Which brain.
    pub seed: u64,
    /// Channels, as [`SyntheticBrain::new`] names them.
    pub channels: usize,
    /// Sampling rate in hertz.
    pub rate_hz: f64,
    /// Length in seconds; the last record is completed where it is no whole number of records.
    pub seconds: f64,
}

impl Default for SyntheticRecording {
    /// The script once: 180 s of 16 channels at 256 Hz, 1.5 MB.
    fn default() -> Self {
        Self { seed: 1, channels: SyntheticBrain::CHANNELS, rate_hz: SyntheticBrain::RATE_HZ, seconds: super::CYCLE_S }
    }
}

/// Ends of the physical range in microvolts; a digital step is 0.03 µV, and nothing in the model comes near the ends.
const RANGE_UV: f64 = 1000.0;

/// Writes a recording of the synthetic brain as EDF+C; states become annotations with durations.
///
/// It begins on 2025-01-01 at 12:00:00, a date like any other, so that the bytes do not depend on the day.
///
/// # Errors
/// Those of [`EdfWriter`]: a file that exists already, a disk that is full.
pub fn write_edf(path: &Path, recording: &SyntheticRecording, existing: Existing) -> Result<Written, EdfError> {
    let mut brain = SyntheticBrain::new(recording.seed, recording.channels, recording.rate_hz);
    let rate_hz = brain.rate_hz();
    let (record_duration_s, samples_per_record) = record_shape(rate_hz).unwrap_or((1.0, rate_hz as usize));
    let header = EdfHeader {
        recording: format!("neurostream_synthetic_seed_{}", recording.seed),
        start: StartTime::new((2025, 1, 1), (12, 0, 0)),
        ..EdfHeader::new(record_duration_s)
    };
    let signal = |label: &str| EdfSignal {
        transducer: "synthetic".to_owned(),
        ..EdfSignal::microvolts(label, samples_per_record, RANGE_UV)
    };
    let signals: Vec<EdfSignal> = brain.montage().labels().map(signal).collect();
    let mut writer = EdfWriter::create(path, &header, &signals, existing)?;

    let frames = (recording.seconds * rate_hz).round().max(0.0) as u64;
    let end_s = frames as f64 / rate_hz;
    let mut block = Block::with_capacity(signals.len(), samples_per_record);
    while brain.next_frame() < frames {
        block.clear();
        let left = usize::try_from(frames - brain.next_frame()).unwrap_or(usize::MAX);
        brain.fill(left.min(samples_per_record), &mut block);
        for marker in block.markers.drain(..) {
            let onset_s = marker.frame as f64 / rate_hz;
            let duration_s = marker.duration_s.map(|duration_s| duration_s.min(end_s - onset_s));
            writer.annotate(&Annotation { onset_s, duration_s, text: marker.text });
        }
        writer.write_frames(&block.samples)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::edf::{EdfFile, Record};

    #[test]
    fn the_file_holds_the_samples_and_the_states() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.edf");
        let recording = SyntheticRecording { seconds: 60.0, ..SyntheticRecording::default() };
        let written = write_edf(&path, &recording, Existing::Refuse).unwrap();
        assert_eq!((written.records, written.clipped_samples, written.padded_frames), (60, 0, 0));
        // A third of three minutes in a third of 3 MB.
        assert!(std::fs::metadata(&path).unwrap().len() < 1_000_000);

        let mut file = EdfFile::open(&path).unwrap();
        let states: Vec<(f64, Option<f64>, &str)> =
            file.annotations().unwrap().iter().map(|a| (a.onset_s, a.duration_s, a.text.as_str())).collect();
        assert_eq!(states, [(0.0, Some(40.0), "eyes open"), (40.0, Some(20.0), "eyes closed")]);
        let mut block = Block::default();
        SyntheticBrain::new(1, 16, 256.0).fill(60 * 256, &mut block);
        let (mut record, mut frames) = (Record::default(), Vec::new());
        for index in 0..60 {
            file.read_record(index, &mut record).unwrap();
            record.frames_into(&(0..16).collect::<Vec<_>>(), &mut frames).unwrap();
        }
        assert_eq!(frames.len(), block.samples.len());
        assert!(frames.iter().zip(&block.samples).all(|(a, b)| (a - b).abs() <= 0.016));
    }

    #[test]
    fn odd_rates_and_lengths_are_completed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.edf");
        let recording =
            SyntheticRecording { channels: 3, rate_hz: 512.03, seconds: 2.7, ..SyntheticRecording::default() };
        let written = write_edf(&path, &recording, Existing::Refuse).unwrap();
        assert!(written.padded_frames > 0);
        let file = EdfFile::open(&path).unwrap();
        assert!((file.rate_hz(0).unwrap() / 512.03 - 1.0).abs() < 1e-7);
    }
}
