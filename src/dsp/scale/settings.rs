//! How channels are scaled.
//!
//! Plain values. Invariant: they define the numbers that a model sees, so a checkpoint carries them.

use serde::{Deserialize, Serialize};

/// Spreads at which values are clipped.
pub const CLIP: f32 = 20.0;

/// What becomes of microvolts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// They stay.
    #[default]
    Microvolts,
    /// Each channel is divided by its own recent spread.
    Running {
        /// What is taken as spread.
        spread: Spread,
        /// Time constant: how long an amplitude is remembered.
        seconds: f64,
        /// What becomes of values far out.
        limit: Limit,
    },
}

impl Scaling {
    /// The value that stands for [`CLIP`] spreads, at and beyond which a sample is an artefact; infinite for microvolts.
    #[must_use]
    pub fn artefact(self) -> f32 {
        match self {
            Self::Microvolts => f32::INFINITY,
            Self::Running { limit, .. } => limit.apply(CLIP),
        }
    }
}

impl std::fmt::Display for Scaling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Microvolts => write!(f, "none"),
            Self::Running { spread, seconds, limit } => {
                write!(f, "{} over {seconds} s, {}", spread.word(), limit.word())
            }
        }
    }
}

/// What is taken as a channel's spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// The standard deviation around 0, an exponential mean of winsorised squares.
    #[default]
    Ema,
    /// The median absolute deviation times 1.4826, around the median.
    Robust,
}

impl Spread {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Ema, Self::Robust];

    /// As a configuration writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ema => "ema",
            Self::Robust => "robust",
        }
    }
}

/// What becomes of values far out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// They are cut off at ±[`CLIP`].
    #[default]
    Clip,
    /// All values are compressed: `sign(x) · ln(1 + |x|)`.
    SoftLog,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Clip, Self::SoftLog];

    /// As a configuration writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::SoftLog => "soft-log",
        }
    }

    /// Limits one value.
    #[inline(always)]
    #[must_use]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Clip => x.clamp(-CLIP, CLIP),
            Self::SoftLog => x.abs().ln_1p().copysign(x),
        }
    }
}
