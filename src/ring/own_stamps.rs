//! A ring of the stamps that a source itself gave, beside a ring of frames.
//!
//! The acquisition thread owns the [`StampWriter`], the recorder's thread the [`StampReader`]. Invariant: a stamp is pushed
//! before its frame and carries its number, so that frames which their own ring refused take no stamp of another; one that
//! finds no room is missing, and its frame keeps the time that is worked out for it.

use rtrb::{Consumer, Producer};

/// Makes a ring for the stamps of `capacity` frames.
#[must_use]
pub fn own_stamps(capacity: usize) -> (StampWriter, StampReader) {
    let (into, out) = rtrb::RingBuffer::new(capacity);
    (StampWriter { into }, StampReader { out })
}

/// Puts stamps in.
#[derive(Debug)]
pub struct StampWriter {
    into: Producer<(u64, f64)>,
}

impl StampWriter {
    /// Puts in the stamps of frames from number `first` on, as many as there is room for.
    pub fn push(&mut self, first: u64, stamps: &[f64]) {
        let room = self.into.slots().min(stamps.len());
        if let Ok(chunk) = self.into.write_chunk_uninit(room) {
            chunk.fill_from_iter((first..).zip(stamps.iter().copied()));
        }
    }
}

/// Takes stamps out.
#[derive(Debug)]
pub struct StampReader {
    out: Consumer<(u64, f64)>,
}

impl StampReader {
    /// The stamps of `frames` frames from number `first` on, NaN for those that have none; earlier ones are passed over.
    pub fn take(&mut self, first: u64, frames: usize, stamps: &mut Vec<f64>) {
        stamps.clear();
        stamps.resize(frames, f64::NAN);
        let end = first + frames as u64;
        while let Ok((number, stamp)) = self.out.peek().copied() {
            if number >= end {
                break;
            }
            if let Some(place) = number.checked_sub(first).and_then(|at| stamps.get_mut(at as usize)) {
                *place = stamp;
            }
            let _ = self.out.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_find_their_frames_and_what_is_missing_is_no_number() {
        let (mut writer, mut reader) = own_stamps(6);
        let mut got = Vec::new();
        writer.push(10, &[1.0, 1.1, 1.2]);
        writer.push(20, &[2.0, 2.1, 2.2, 2.3]);
        // The frames 10 and 21 never came, as their own ring says; 23 found no room here.
        reader.take(11, 2, &mut got);
        assert_eq!(got, [1.1, 1.2]);
        reader.take(13, 4, &mut got);
        assert!(got.len() == 4 && got.iter().all(|stamp| stamp.is_nan()), "{got:?}");
        reader.take(20, 4, &mut got);
        assert!(got[..3] == [2.0, 2.1, 2.2] && got[3].is_nan(), "{got:?}");
    }
}
