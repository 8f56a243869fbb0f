//! Ratios of two rates.
//!
//! Pure. Invariant: in lowest terms, both terms from 1 to [`LARGEST`], so that the frames of both rates are counted exactly
//! for as long as a stream may last.

/// The largest term: the filter has a tap for each of some 50 times as many steps.
const LARGEST: u64 = 10_000;
/// The least and the largest ratio that makes sense for a signal.
const RANGE: (f64, f64) = (1.0 / 256.0, 16.0);
/// A ratio this close is exact: one in 10^9 is a tenth of a millisecond in a day.
const EXACT: f64 = 1e-9;

/// Frames out over frames in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    up: u64,
    down: u64,
}

impl Ratio {
    /// As many frames out as in.
    pub const ONE: Self = Self { up: 1, down: 1 };

    /// The ratio that leads from one rate to another.
    ///
    /// Where whole numbers up to 10000 do not give it exactly, the closest one (by continued fractions); what it makes of
    /// the rate is then what [`Ratio::rate_hz`] says. None where the rates are no numbers above 0 or lie further apart
    /// than 256 to 1 or 1 to 16.
    #[must_use]
    pub fn between(from_hz: f64, to_hz: f64) -> Option<Self> {
        let ratio = to_hz / from_hz;
        if !(from_hz > 0.0 && to_hz > 0.0 && (RANGE.0..=RANGE.1).contains(&ratio)) {
            return None;
        }
        if ratio <= 1.0 {
            let (up, down) = closest(ratio);
            Some(Self { up, down })
        } else {
            let (down, up) = closest(1.0 / ratio);
            Some(Self { up, down })
        }
    }

    /// The lowest and the highest rate that can be made of `from_hz`.
    #[must_use]
    pub fn range_hz(from_hz: f64) -> (f64, f64) {
        (from_hz * RANGE.0, from_hz * RANGE.1)
    }

    /// Frames out of so many frames in: [`Ratio::down`].
    #[must_use]
    pub fn up(self) -> u64 {
        self.up
    }

    /// Frames in that give [`Ratio::up`] frames out.
    #[must_use]
    pub fn down(self) -> u64 {
        self.down
    }

    /// The rate that comes out.
    #[must_use]
    pub fn rate_hz(self, from_hz: f64) -> f64 {
        from_hz * self.up as f64 / self.down as f64
    }

    /// The frame in during which frame `out` comes: the last one that is not after it.
    #[must_use]
    pub fn source_frame(self, out: u64) -> u64 {
        (u128::from(out) * u128::from(self.down) / u128::from(self.up)) as u64
    }

    /// The first frame out that does not lie before frame `source` in.
    #[must_use]
    pub fn first_at(self, source: u64) -> u64 {
        (u128::from(source) * u128::from(self.up)).div_ceil(u128::from(self.down)) as u64
    }

    /// Frames in by which frame `source` lies after frame `out`; below 0 where it lies before.
    #[must_use]
    pub fn ahead(self, source: u64, out: u64) -> f64 {
        let here = i128::from(source) * i128::from(self.up) - i128::from(out) * i128::from(self.down);
        here as f64 / self.up as f64
    }
}

/// Numerator and denominator, in lowest terms, of what is closest to `value`, which is above 0 and at most 1.
fn closest(value: f64) -> (u64, u64) {
    let error = |(above, below): (u64, u64)| (above as f64 / below as f64 - value).abs();
    let (mut before, mut now, mut rest) = ((1, 0), (0, 1), value);
    while now.0 == 0 || error(now) > EXACT * value {
        rest = 1.0 / rest;
        let whole = rest.floor();
        rest -= whole;
        let most = (LARGEST - before.1) / now.1;
        let steps = (whole as u64).min(most);
        let next = (before.0 + steps * now.0, before.1 + steps * now.1);
        if steps < whole as u64 {
            // The next fraction would be too long: what lies between may still be closer than the last.
            return if now.0 == 0 || (next.0 > 0 && error(next) < error(now)) { next } else { now };
        }
        (before, now) = (now, next);
        if rest <= 0.0 {
            break;
        }
    }
    now
}
