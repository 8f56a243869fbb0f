//! Any bytes as EDF, EDF+, BDF or BDF+: an error is as good as a value, a panic or a hang is not.
#![no_main]

#[path = "../../tests/allocations/reading.rs"]
#[allow(dead_code, reason = "each target reads one format")]
mod reading;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| reading::edf(bytes));
