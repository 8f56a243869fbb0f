//! The script: which state the synthetic brain is in at which frame.
//!
//! Owns [`SCRIPT`]; runs on no thread of its own. Invariant: stretches follow on and together last [`CYCLE_S`].

/// What the synthetic brain does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BrainState {
    /// Awake with eyes open: blinks, little alpha.
    EyesOpen,
    /// Awake with eyes closed: much occipital alpha (Berger 1929).
    EyesClosed,
    /// Falling asleep: theta instead of alpha, no blinks (AASM stage N1).
    Drowsy,
    /// Generalised 3 Hz spikes and waves, as in an absence seizure.
    Burst,
}

impl BrainState {
    /// The text of the marker at its beginning.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::EyesOpen => "eyes open",
            Self::EyesClosed => "eyes closed",
            Self::Drowsy => "drowsy",
            Self::Burst => "seizure-like burst",
        }
    }

    /// Occipital alpha in microvolts rms.
    pub(super) fn alpha_uv(self) -> f64 {
        match self {
            Self::EyesOpen => 4.0,
            Self::EyesClosed => 22.0,
            Self::Drowsy => 5.0,
            Self::Burst => 3.0,
        }
    }

    /// Fronto-central theta in microvolts rms.
    pub(super) fn theta_uv(self) -> f64 {
        if self == Self::Drowsy { 15.0 } else { 3.0 }
    }
}

/// A part of the script.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// What happens.
    pub state: BrainState,
    /// When it begins, in seconds from the start of the script.
    pub start_s: f64,
    /// When the next begins.
    pub end_s: f64,
}

const fn stretch(state: BrainState, start_s: f64, end_s: f64) -> Stretch {
    Stretch { state, start_s, end_s }
}

/// Seconds after which the script begins again.
pub const CYCLE_S: f64 = 180.0;

/// The script of three minutes, in order.
pub const SCRIPT: [Stretch; 6] = [
    stretch(BrainState::EyesOpen, 0.0, 40.0),
    stretch(BrainState::EyesClosed, 40.0, 80.0),
    stretch(BrainState::EyesOpen, 80.0, 100.0),
    stretch(BrainState::Drowsy, 100.0, 140.0),
    stretch(BrainState::Burst, 140.0, 146.0),
    stretch(BrainState::EyesClosed, 146.0, CYCLE_S),
];

/// The stretch that a frame lies in, and how many frames of it are over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub stretch: Stretch,
    pub since: u64,
    pub frames: u64,
}

/// Where `frame` lies in the endless script at this rate.
pub(super) fn moment(frame: u64, rate_hz: f64) -> Moment {
    let at = |seconds: f64| (seconds * rate_hz).round() as u64;
    let within = frame % at(CYCLE_S).max(1);
    let stretch = SCRIPT.iter().rev().find(|stretch| at(stretch.start_s) <= within).copied().unwrap_or(SCRIPT[0]);
    let (start, end) = (at(stretch.start_s), at(stretch.end_s));
    Moment { stretch, since: within - start, frames: end - start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_has_no_hole_and_repeats() {
        assert!(SCRIPT.windows(2).all(|pair| pair[0].end_s == pair[1].start_s && pair[0].state != pair[1].state));
        assert_eq!((SCRIPT[0].start_s, SCRIPT[5].end_s), (0.0, CYCLE_S));
        for (second, state) in [
            (0, BrainState::EyesOpen),
            (40, BrainState::EyesClosed),
            (143, BrainState::Burst),
            (179, BrainState::EyesClosed),
            (180, BrainState::EyesOpen),
            (360_000_143, BrainState::Burst),
        ] {
            assert_eq!(moment(second * 256, 256.0).stretch.state, state, "{second} s");
        }
        assert_eq!(moment(180 * 256 + 7, 256.0), Moment { stretch: SCRIPT[0], since: 7, frames: 40 * 256 });
    }
}
