//! Filter design: second-order sections from their analog prototypes.
//!
//! Pure, in double precision. Invariant: no coefficient is a difference of nearly equal numbers, so that 0.1 Hz at 30 kHz
//! is as exact as the format allows.

use std::f64::consts::{FRAC_PI_2, PI};

/// One second-order section, `a0 = 1`: `y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''`.
///
/// The single pole of an odd order is a section whose `b2` and `a2` are 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Feed-forward coefficients.
    pub b: [f64; 3],
    /// Feedback coefficients `a1`, `a2`.
    pub a: [f64; 2],
}

impl Section {
    /// Sections of a Butterworth high-pass (Butterworth, 1930; bilinear transform with pre-warping).
    ///
    /// `order` is 1 or more; `cutoff_hz` lies between 0 and half of `rate_hz`. The gain there is −3 dB.
    #[must_use]
    pub fn highpass(order: usize, cutoff_hz: f64, rate_hz: f64) -> Vec<Self> {
        let w = warped(cutoff_hz, rate_hz);
        let mut sections: Vec<Self> =
            dampings(order).map(|d| Self::second_order([1.0, 0.0, 0.0], [d * w, w * w])).collect();
        if order % 2 == 1 {
            sections.insert(0, Self::first_order([1.0, 0.0], w));
        }
        sections
    }

    /// Sections of a Butterworth low-pass, like [`Section::highpass`].
    #[must_use]
    pub fn lowpass(order: usize, cutoff_hz: f64, rate_hz: f64) -> Vec<Self> {
        let w = warped(cutoff_hz, rate_hz);
        let mut sections: Vec<Self> =
            dampings(order).map(|d| Self::second_order([0.0, 0.0, w * w], [d * w, w * w])).collect();
        if order % 2 == 1 {
            sections.insert(0, Self::first_order([0.0, w], w));
        }
        sections
    }

    /// Sections of a Butterworth band-pass: `order` poles at each edge, as SciPy counts them.
    ///
    /// `0 < low_hz < high_hz < rate_hz / 2`; the gain at both edges is −3 dB. Each pair of the prototype becomes one pair
    /// near either edge (Geffe, 1963); those of the lower edge come first, so that an offset leaves at once.
    #[must_use]
    pub fn bandpass(order: usize, low_hz: f64, high_hz: f64, rate_hz: f64) -> Vec<Self> {
        let (low, high) = (warped(low_hz, rate_hz), warped(high_hz, rate_hz));
        let (band, centre) = (high - low, (low * high).sqrt());
        let width = band / centre;
        let mut sections = Vec::with_capacity(order);
        let mut upper = Vec::with_capacity(order / 2);
        for damping in dampings(order) {
            let d = damping * width;
            let e = width * width + 4.0;
            let q = (f64::midpoint(e, (e * e - 4.0 * d * d).max(0.0).sqrt())).sqrt() / d;
            let k = d * q / 2.0;
            let apart = k + (k * k - 1.0).max(0.0).sqrt();
            let (below, above) = (centre / apart, centre * apart);
            sections.push(Self::second_order([1.0, 0.0, 0.0], [below / q, below * below]));
            upper.push(Self::second_order([0.0, 0.0, band * band], [above / q, above * above]));
        }
        sections.append(&mut upper);
        if order % 2 == 1 {
            sections.push(Self::second_order([0.0, band, 0.0], [band, centre * centre]));
        }
        sections
    }

    /// A notch of quality `q` (centre frequency over bandwidth at −3 dB), as SciPy's `iirnotch` designs it.
    #[must_use]
    pub fn notch(centre_hz: f64, q: f64, rate_hz: f64) -> Self {
        let w0 = 2.0 * PI * centre_hz / rate_hz;
        let gain = 1.0 / (1.0 + (w0 / q / 2.0).tan());
        let middle = -2.0 * gain * w0.cos();
        Self { b: [gain, middle, gain], a: [middle, 2.0 * gain - 1.0] }
    }

    /// Notches at a line and its multiples, `harmonics` in all; those at or above half the rate are left out.
    pub fn notches(line_hz: f64, harmonics: usize, q: f64, rate_hz: f64) -> impl Iterator<Item = Self> {
        let multiples = (1..=harmonics).map(move |k| k as f64 * line_hz);
        multiples.take_while(move |&hz| hz < rate_hz / 2.0).map(move |hz| Self::notch(hz, q, rate_hz))
    }

    /// Frames until what a section remembers has faded to 1/e: the time constant of its slowest pole.
    #[must_use]
    pub fn memory(&self) -> f64 {
        let [a1, a2] = self.a;
        let spread = a1 * a1 / 4.0 - a2;
        let radius = if spread > 0.0 { a1.abs() / 2.0 + spread.sqrt() } else { a2.sqrt() };
        -1.0 / radius.ln()
    }

    /// `(n0 s² + n1 s + n2) / (s² + d0 s + d1)` under `s = (z − 1) / (z + 1)`.
    fn second_order(n: [f64; 3], d: [f64; 2]) -> Self {
        let a0 = 1.0 + d[0] + d[1];
        let b = [n[0] + n[1] + n[2], 2.0 * (n[2] - n[0]), n[0] - n[1] + n[2]];
        Self { b: b.map(|v| v / a0), a: [2.0 * (d[1] - 1.0) / a0, (1.0 - d[0] + d[1]) / a0] }
    }

    /// `(n0 s + n1) / (s + d)`, likewise.
    fn first_order(n: [f64; 2], d: f64) -> Self {
        let a0 = 1.0 + d;
        Self { b: [(n[0] + n[1]) / a0, (n[1] - n[0]) / a0, 0.0], a: [(d - 1.0) / a0, 0.0] }
    }

    /// Output over input for a constant.
    pub(super) fn gain_at_rest(&self) -> f64 {
        self.b.iter().sum::<f64>() / (1.0 + self.a[0] + self.a[1])
    }
}

/// Where the bilinear transform takes a frequency from.
fn warped(hz: f64, rate_hz: f64) -> f64 {
    (PI * hz / rate_hz).tan()
}

/// `1/Q` of each pole pair of the prototype; the sharpest comes last, as in SciPy, so that intermediate values stay small.
fn dampings(order: usize) -> impl Iterator<Item = f64> {
    let angle = move |k: usize| (2 * k + 1 + order % 2) as f64 * FRAC_PI_2 / order as f64;
    (0..order / 2).map(move |k| 2.0 * angle(k).cos())
}
