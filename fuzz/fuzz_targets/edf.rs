//! Any bytes as EDF, EDF+, BDF or BDF+: an error is as good as a value, a panic or a hang is not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neurostream::format::edf::{EdfFile, Record};
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut file) = EdfFile::from_reader("fuzz.edf", Cursor::new(bytes), bytes.len() as u64) else { return };
    let ordinary: Vec<usize> = file.ordinary_signals().collect();
    let (mut record, mut samples) = (Record::default(), Vec::new());
    for index in 0..file.header().records.min(16) {
        file.read_record(index, &mut record).expect("a record that is announced is there");
        assert!(record.onset_s().is_finite());
        for &signal in &ordinary {
            samples.clear();
            record.physical_into(signal, &mut samples).expect("an ordinary signal");
        }
    }
    file.annotations().expect("what is in memory reads");
    file.discontinuities().expect("what is in memory reads");
});
