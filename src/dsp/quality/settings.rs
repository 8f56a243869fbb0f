//! Thresholds of quality, with their defaults.
//!
//! Plain values. Invariant: the defaults were chosen on real recordings and are documented where they stand.

use super::verdict::Evidence;

/// Where a channel becomes bad, and where it may become good again; the two lie apart so that verdicts do not flicker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Bad from here on.
    pub enter: f64,
    /// On the good side from here on.
    pub leave: f64,
}

impl Threshold {
    /// What a value says where high values are bad.
    pub(super) fn high(self, value: Option<f64>) -> Evidence {
        match value {
            None => Evidence::Unknown,
            Some(value) if value >= self.enter => Evidence::Bad,
            Some(value) if value <= self.leave => Evidence::Good,
            Some(_) => Evidence::Between,
        }
    }

    /// What a value says where low values are bad.
    pub(super) fn low(self, value: Option<f64>) -> Evidence {
        Self { enter: -self.enter, leave: -self.leave }.high(value.map(|value| -value))
    }
}

/// How channels are judged; see [the module](super) for what the measures are.
#[derive(Clone, Debug, PartialEq)]
pub struct QualitySettings {
    /// Frequency of the mains; none watches 50 and 60 Hz both.
    pub line_hz: Option<f64>,
    /// Seconds that all measures must keep to the good side before a channel is good again. Default 2.
    pub hold_s: f64,
    /// Seconds for which masks of the past are kept. Default 60.
    pub history_s: f64,
    /// Peak to peak in microvolts, low is bad. Default 0.5, 1: amplifiers make more noise than that.
    pub flat_uv: Threshold,
    /// Share of samples at the extreme value. Default 0.1, 0.05: EEG in steps of 1 µV stays below 0.04.
    pub railed_share: Threshold,
    /// RMS of the line over RMS at 1–30 Hz. Default 2.5, 1.5: unshielded recordings reach 1, and a notch removes that.
    pub line_ratio: Threshold,
    /// Power density above 30 Hz over that of 1/f. Default 5, 2.5: EEG stays below 1 (over the temples, below 3), white
    /// noise has 4 to 5.
    pub muscle_ratio: Threshold,
    /// Microvolts RMS above 30 Hz below which nothing counts as muscle. Default 3.
    pub muscle_uv: f64,
    /// Largest step between two samples over the mean step. Default 20: EEG reaches 12.
    pub jump_ratio: f64,
    /// Microvolts below which no step counts as a jump. Default 50.
    pub jump_uv: f64,
    /// Correlation with others at 1–20 Hz, low is bad. Default 0.4 as in PREP, 0.5.
    pub correlation: Threshold,
    /// Median correlation of all channels below which no channel is blamed for its own. Default 0.7: scalp EEG reaches
    /// 0.8 and more, a grid of ECoG 0.6.
    pub correlation_typical: f64,
}

impl Default for QualitySettings {
    fn default() -> Self {
        Self {
            line_hz: None,
            hold_s: 2.0,
            history_s: 60.0,
            flat_uv: Threshold { enter: 0.5, leave: 1.0 },
            railed_share: Threshold { enter: 0.1, leave: 0.05 },
            line_ratio: Threshold { enter: 2.5, leave: 1.5 },
            muscle_ratio: Threshold { enter: 5.0, leave: 2.5 },
            muscle_uv: 3.0,
            jump_ratio: 20.0,
            jump_uv: 50.0,
            correlation: Threshold { enter: 0.4, leave: 0.5 },
            correlation_typical: 0.7,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_have_a_good_side_a_bad_side_and_room_between() {
        let (high, low) = (Threshold { enter: 5.0, leave: 2.0 }, Threshold { enter: 2.0, leave: 5.0 });
        for (value, is_high, is_low) in [
            (6.0, Evidence::Bad, Evidence::Good),
            (5.0, Evidence::Bad, Evidence::Good),
            (3.0, Evidence::Between, Evidence::Between),
            (2.0, Evidence::Good, Evidence::Bad),
            (1.0, Evidence::Good, Evidence::Bad),
        ] {
            assert_eq!(high.high(Some(value)), is_high, "{value}");
            assert_eq!(low.low(Some(value)), is_low, "{value}");
        }
        assert_eq!(high.high(None), Evidence::Unknown);
    }
}
