//! The bands of the EEG, and decibels.
//!
//! Pure. Invariant: bands touch and do not overlap, so that no power counts twice.

/// A band of the EEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Rhythm {
    /// 1 to 4 Hz.
    Delta,
    /// 4 to 8 Hz.
    Theta,
    /// 8 to 13 Hz.
    #[default]
    Alpha,
    /// 13 to 30 Hz.
    Beta,
    /// 30 to 80 Hz.
    Gamma,
}

impl Rhythm {
    /// All of them, from the slowest on.
    pub const ALL: [Self; 5] = [Self::Delta, Self::Theta, Self::Alpha, Self::Beta, Self::Gamma];

    /// Its letter.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::Delta => "δ",
            Self::Theta => "θ",
            Self::Alpha => "α",
            Self::Beta => "β",
            Self::Gamma => "γ",
        }
    }

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Delta => "delta",
            Self::Theta => "theta",
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Gamma => "gamma",
        }
    }

    /// Where it begins and ends, in hertz.
    #[must_use]
    pub fn hz(self) -> (f64, f64) {
        match self {
            Self::Delta => (1.0, 4.0),
            Self::Theta => (4.0, 8.0),
            Self::Alpha => (8.0, 13.0),
            Self::Beta => (13.0, 30.0),
            Self::Gamma => (30.0, 80.0),
        }
    }

    /// The one after it, the first after the last.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// Its power in µV², of a density in µV²/Hz whose bins are `bin_hz` apart from 0 Hz on; none where the density ends
    /// below the band's middle, for it would tell of another band.
    #[must_use]
    pub fn power(self, density: &[f32], bin_hz: f64) -> Option<f64> {
        let (from, to) = self.hz();
        if !(bin_hz.is_finite() && bin_hz > 0.0) || (density.len() as f64) * bin_hz <= (from + to) / 2.0 {
            return None;
        }
        let within = |bin: &usize| (from..to).contains(&(*bin as f64 * bin_hz));
        let sum: f64 = (0..density.len()).filter(within).map(|bin| f64::from(density[bin])).sum();
        Some(sum * bin_hz)
    }
}

/// Ten times the decimal logarithm: of a density in µV²/Hz, decibels above one of them.
#[must_use]
pub fn decibels(power: f64) -> f64 {
    10.0 * power.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_touch_and_a_flat_density_fills_each_by_its_width() {
        for pair in Rhythm::ALL.windows(2) {
            assert!((pair[0].hz().1 - pair[1].hz().0).abs() < 1e-12);
            assert_eq!(pair[0].next(), pair[1]);
        }
        let flat = vec![2.0; 401];
        for band in Rhythm::ALL {
            let (from, to) = band.hz();
            assert!((band.power(&flat, 0.5).unwrap() - 2.0 * (to - from)).abs() < 1e-9, "{band:?}");
        }
        assert_eq!(Rhythm::Gamma.power(&flat[..100], 0.5), None, "to 50 Hz is not gamma");
        assert!(Rhythm::Gamma.power(&flat[..120], 0.5).is_some());
        for bin_hz in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Rhythm::Alpha.power(&flat, bin_hz), None);
        }
        assert!((decibels(100.0) - 20.0).abs() < 1e-12);
    }
}
