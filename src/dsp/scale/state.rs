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

    /// The same knowledge for other channels, by label: nothing is known yet of those that are not among `from`.
    ///
    /// # Errors
    /// If it is not the state of as many channels as there are labels.
    pub fn of(&self, from: &[String], to: &[String]) -> Result<Self, StateError> {
        self.check(from.len())?;
        let of_each: Vec<Option<usize>> = to.iter().map(|label| from.iter().position(|known| known == label)).collect();
        let row = |row: &Vec<f64>| of_each.iter().map(|known| known.map_or(0.0, |c| row[c])).collect();
        let [centre, spread, heard, outlying] = [&self.centre, &self.spread, &self.heard, &self.outlying].map(row);
        Ok(Self { centre, spread, heard, outlying })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knowledge_follows_the_label() {
        let row = |values: [f64; 2]| values.to_vec();
        let state = ScaleState {
            centre: row([1.0, 2.0]),
            spread: row([3.0, 4.0]),
            heard: row([5.0, 6.0]),
            outlying: row([0.0, 0.5]),
        };
        let labels = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>();
        let moved = state.of(&labels(&["C3", "C4"]), &labels(&["Cz", "C4", "C3"])).unwrap();
        assert_eq!((moved.centre, moved.heard), (vec![0.0, 2.0, 1.0], vec![0.0, 6.0, 5.0]));
        assert_eq!(state.of(&labels(&["C3"]), &[]).unwrap_err(), StateError::Channels { found: 2, wanted: 1 });
    }
}
