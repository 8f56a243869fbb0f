//! What a running scale knows of a stream.
//!
//! Plain numbers that a file can hold. Invariant: a state that was taken in goes on bit for bit as the one it was taken
//! from.

use serde::{Deserialize, Serialize};

/// What is known of each channel, `[C]` each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScaleState {
    /// Median in microvolts; 0 where the spread is taken around 0.
    pub centre: Vec<f64>,
    /// Variance in µV², or median absolute deviation in µV.
    pub spread: Vec<f64>,
    /// Frames taken into account, up to the time constant.
    pub heard: Vec<f64>,
    /// Share of frames in the last second that lay far out.
    pub outlying: Vec<f64>,
}

/// Why a state cannot be taken in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StateError {
    /// It is that of another stream.
    #[error("the running scale is that of {found} channels, and there are {wanted}")]
    Channels {
        /// Channels in the state.
        found: usize,
        /// Channels of the scale.
        wanted: usize,
    },
    /// No stream leads to it.
    #[error("the running scale of channel {0} holds a value that cannot be: it is damaged")]
    Damaged(usize),
}

impl ScaleState {
    pub(super) fn new(channels: usize) -> Self {
        let zeros = vec![0.0; channels];
        Self { centre: zeros.clone(), spread: zeros.clone(), heard: zeros.clone(), outlying: zeros }
    }

    /// Checks that it can be the state of so many channels.
    pub(super) fn check(&self, channels: usize) -> Result<(), StateError> {
        for row in [&self.centre, &self.spread, &self.heard, &self.outlying] {
            if row.len() != channels {
                return Err(StateError::Channels { found: row.len(), wanted: channels });
            }
        }
        let is_possible = |c: usize| {
            let positive = [self.spread[c], self.heard[c]].iter().all(|v| v.is_finite() && *v >= 0.0);
            positive && self.centre[c].is_finite() && (0.0..=1.0).contains(&self.outlying[c])
        };
        (0..channels).find(|&c| !is_possible(c)).map_or(Ok(()), |c| Err(StateError::Damaged(c)))
    }
}
