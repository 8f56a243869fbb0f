//! Any bytes as XDF: an error is as good as a value, a panic or a hang is not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neurostream::format::xdf::{Place, Samples, XdfFile};
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut file) = XdfFile::from_reader("fuzz.xdf", Cursor::new(bytes), bytes.len() as u64) else { return };
    for stream in 0..file.streams().len().min(16) {
        let timeline = file.timeline(stream).expect("what is in memory reads");
        let (mut place, mut samples) = (Place::default(), Samples::default());
        let mut read = 0;
        while file.read(stream, &mut place, 1024, &mut samples).expect("what is in memory reads") {
            for (number, stamp) in (samples.first..).zip(&samples.stamps) {
                let _ = timeline.seconds(number, *stamp);
            }
            read += samples.stamps.len() as u64;
        }
        assert_eq!(read, timeline.samples);
    }
    let _ = file.warnings();
});
