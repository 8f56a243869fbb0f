//! Reading all that a file of any bytes holds: what the targets in `fuzz/` do, and their twin beside this.
//!
//! Pure but for its panics. Invariant: an error is as good as a value; what a reader announces is there.

use neurostream::format::edf::{EdfFile, Record};
use neurostream::format::xdf::{Place, Samples, XdfFile};
use std::io::Cursor;

/// As EDF, EDF+, BDF or BDF+.
pub fn edf(bytes: &[u8]) {
    let Ok(mut file) = EdfFile::from_reader("damaged.edf", Cursor::new(bytes), bytes.len() as u64) else { return };
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
    assert!(file.warnings().iter().all(|warning| !warning.contains('\n')));
}

/// As XDF.
pub fn xdf(bytes: &[u8]) {
    let Ok(mut file) = XdfFile::from_reader("damaged.xdf", Cursor::new(bytes), bytes.len() as u64) else { return };
    for stream in 0..file.streams().len() {
        let timeline = file.timeline(stream).expect("what is in memory reads");
        let (mut place, mut samples, mut read) = (Place::default(), Samples::default(), 0);
        while file.read(stream, &mut place, 4096, &mut samples).expect("what is in memory reads") {
            for (number, stamp) in (samples.first..).zip(&samples.stamps) {
                let _ = timeline.seconds(number, *stamp);
            }
            read += samples.stamps.len() as u64;
        }
        assert_eq!(read, timeline.samples);
    }
    assert!(file.warnings().iter().all(|warning| !warning.contains('\n')));
}
