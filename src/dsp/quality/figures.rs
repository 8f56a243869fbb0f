//! The figures behind a verdict.
//!
//! Plain values for the dashboard. Invariant: none of them is NaN or infinite.

/// What was measured of one channel last; `None` where it could not be.
///
/// Nothing is measured of an interval in which samples are not finite, spectra only from one second after a gap on, and
/// no ratio of a channel that is flat.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Highest less lowest value of the last interval, in microvolts.
    pub peak_to_peak_uv: Option<f32>,
    /// Standard deviation over the last second, in microvolts.
    pub rms_uv: Option<f32>,
    /// Share of samples in the last interval that are exactly its lowest or its highest value, whichever is more.
    pub railed_share: Option<f32>,
    /// Share of samples in the last interval that were not finite.
    pub not_finite_share: f32,
    /// RMS of the line over RMS at 1–30 Hz; 0 where the line does not stand out of its surroundings.
    pub line_ratio: Option<f32>,
    /// The line that this is of, in hertz.
    pub line_hz: Option<f32>,
    /// Power above 30 Hz over what a 1/f continuation of 4–20 Hz predicts.
    pub muscle_ratio: Option<f32>,
    /// Largest step from sample to sample in the last interval, in microvolts.
    pub largest_step_uv: Option<f32>,
    /// That step over the usual step.
    pub jump_ratio: Option<f32>,
    /// 98th percentile of the absolute correlations with other channels at 1–20 Hz over two seconds.
    pub correlation: Option<f32>,
}
