//! Round numbers for axes.
//!
//! Pure. Invariant: steps are 1, 2 or 5 times a power of ten.

/// The largest round number that is not above `value`; 1 for what is no number above 0.
#[must_use]
pub fn nice(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let times = [5.0, 2.0, 1.0].into_iter().find(|times| times * power <= value * (1.0 + 1e-9)).unwrap_or(1.0);
    times * power
}

/// Round numbers from `from` to `to`, about `count` of them.
#[must_use]
pub fn ticks(from: f64, to: f64, count: usize) -> Vec<f64> {
    if !(from.is_finite() && to.is_finite() && from < to) {
        return Vec::new();
    }
    let step = nice((to - from) / count.max(1) as f64);
    let first = (from / step - 1e-9).ceil();
    (0..1000).map(|i| (first + f64::from(i)) * step).take_while(|tick| *tick <= to + 1e-9 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_round() {
        assert_eq!([0.03, 1.0, 4.9, 5.0, 730.0, 0.0, f64::NAN].map(nice), [0.02, 1.0, 2.0, 5.0, 500.0, 1.0, 1.0]);
        assert_eq!(ticks(0.0, 2.0, 4), [0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(ticks(59.9, 62.0, 4), [60.0, 60.5, 61.0, 61.5, 62.0]);
        assert!(ticks(1.0, 1.0, 4).is_empty());
    }
}
