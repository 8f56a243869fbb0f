//! What channels are referred to.
//!
//! Pure. Invariant: a channel that is not good takes no part in what the others are referred to.

/// What the channels are referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// As recorded.
    AsRecorded,
    /// The mean of the good channels.
    Average,
}

impl Reference {
    /// Refers one frame `[C]`; `good` says of each channel whether it can be trusted. Without a good channel it stays.
    pub fn apply(self, frame: &mut [f64], good: &[bool]) {
        if self == Self::Average {
            let trusted = || frame.iter().zip(good).filter(|(_, good)| **good).map(|(x, _)| *x);
            let count = trusted().count();
            if count > 0 {
                let mean = trusted().sum::<f64>() / count as f64;
                frame.iter_mut().for_each(|x| *x -= mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_channel_does_not_move_the_others() {
        let mut frame = [1.0, 3.0, 1000.0];
        Reference::Average.apply(&mut frame, &[true, true, false]);
        assert_eq!(frame, [-1.0, 1.0, 998.0]);
        Reference::Average.apply(&mut frame, &[false; 3]);
        assert_eq!(frame, [-1.0, 1.0, 998.0]);
    }
}
