//! What reading and writing of recordings cost: `cargo bench --bench edf -- FILE` makes the file unless it is there (64
//! channels at 512 Hz for 65 minutes, 258 MB) and prints one line of JSON. `benches/edf/race.py` races other readers.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and fails loudly")]

use neurostream::format::edf::{EdfFile, EdfHeader, EdfSignal, EdfWriter, Existing, Record, Resolution};
use neurostream::pipeline::MonotonicClock;
use neurostream::signal::Clock;
use std::path::{Path, PathBuf};

const CHANNELS: usize = 64;
const RATE: usize = 512;
const RECORDS: usize = 3_937;

/// Noise with a drift, a record at a time.
fn frames(record: usize) -> Vec<f32> {
    let mut state = record as u32 * 2_654_435_761 + 1;
    (0..RATE * CHANNELS)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 16_777_216.0 * 200.0 - 100.0
        })
        .collect()
}

fn write(path: &Path, resolution: Resolution, channels: usize, rate: usize, records: usize, samples: &[f32]) {
    let signals: Vec<EdfSignal> =
        (0..channels).map(|c| EdfSignal::microvolts(&format!("E{c}"), rate, 3276.8)).collect();
    let header = EdfHeader { resolution, ..EdfHeader::new(1.0) };
    let mut writer = EdfWriter::create(path, &header, &signals, Existing::Replace).unwrap();
    for record in 0..records {
        if samples.is_empty() {
            writer.write_frames(&frames(record)).unwrap();
        } else {
            writer.write_frames(samples).unwrap();
        }
    }
    writer.finish().unwrap();
}

fn main() {
    let given = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let path = given.map_or_else(|| PathBuf::from("target/bench-258mb.edf"), PathBuf::from);
    if !path.exists() {
        write(&path, Resolution::Bits16, CHANNELS, RATE, RECORDS, &[]);
    }
    let clock = MonotonicClock::new();
    // The whole file to f32, channel by channel, as the others have it.
    let started = clock.now();
    let mut file = EdfFile::open(&path).unwrap();
    let (records, samples) = (file.header().records, file.signals()[0].samples_per_record);
    let mut channels: Vec<Vec<f32>> =
        file.ordinary_signals().map(|_| Vec::with_capacity(records as usize * samples)).collect();
    let mut record = Record::default();
    for index in 0..records {
        file.read_record(index, &mut record).unwrap();
        for (signal, out) in channels.iter_mut().enumerate() {
            record.microvolts_into(signal, out).unwrap();
        }
    }
    let whole_s = clock.now() - started;
    let checksum: f64 = channels.iter().map(|c| f64::from(c[c.len() / 2])).sum();
    drop(channels);
    // One record from the cache of the disk, as interleaved frames, again and again.
    let signals: Vec<usize> = file.ordinary_signals().collect();
    let (mut frames, mut times) = (Vec::new(), Vec::new());
    for index in 0..2_000 {
        let started = clock.now();
        frames.clear();
        file.read_record(index % 16, &mut record).unwrap();
        record.frames_into(&signals, &mut frames).unwrap();
        times.push(clock.now() - started);
    }
    times.sort_by(f64::total_cmp);
    // Recording: 256 channels at 2 kHz with 24 bits, ten seconds of it.
    let second = vec![1.0; 256 * 2_000];
    let recorded = path.with_extension("recorded.bdf");
    let started = clock.now();
    write(&recorded, Resolution::Bits24, 256, 2_000, 10, &second);
    let written_s = (clock.now() - started) / 10.0;
    std::fs::remove_file(recorded).unwrap();
    println!(
        "{{\"reader\": \"neurostream\", \"seconds\": {whole_s:.4}, \"checksum\": {checksum:.6}, \"record_us\": {:.1}, \
         \"recording_share\": {written_s:.4}}}",
        times[times.len() / 2] * 1e6
    );
}
