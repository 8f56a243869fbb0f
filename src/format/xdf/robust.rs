//! A straight line through clock offsets that outliers do not bend.
//!
//! Pure. Invariant: the same points give the same line as `pyxdf` 1.17 to rounding.

/// Rounds of the solver; it rests earlier where nothing changes any more.
const ROUNDS: usize = 1000;

/// The line `(at 0, slope)` that minimises the Huber loss of `y - line(x)`, which is quadratic up to 1 and linear beyond.
///
/// Solved by the alternating direction method of multipliers with step 1 (Boyd et al. 2011, section 6.1.1). `None` where
/// the points do not determine a line.
pub(super) fn line(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    let shift = x.iter().copied().fold(f64::INFINITY, f64::min);
    let x: Vec<f64> = x.iter().map(|x| x - shift).collect();
    let dot = |v: &[f64]| (v.iter().sum::<f64>(), x.iter().zip(v).map(|(x, v)| x * v).sum::<f64>());
    // Cholesky factors of the normal equations of the columns 1 and x.
    let (sum, squares) = dot(&x);
    let a = (x.len() as f64).sqrt();
    let b = sum / a;
    let c = (squares - b * b).sqrt();
    if !(a > 0.0 && c > 0.0 && c.is_finite()) {
        return None;
    }
    let constant = dot(y);
    let (mut z, mut u) = (vec![0.0; y.len()], vec![0.0; y.len()]);
    let mut fitted = (0.0, 0.0);
    for _ in 0..ROUNDS {
        let moved: Vec<f64> = z.iter().zip(&u).map(|(z, u)| z - u).collect();
        let (first, second) = dot(&moved);
        let (first, second) = (constant.0 + first, constant.1 + second);
        let low = first / a;
        let high = (second - b * low) / c;
        let slope = high / c;
        fitted = ((low - b * slope) / a, slope);
        let mut rests = true;
        for (((x, y), z), u) in x.iter().zip(y).zip(&mut z).zip(&mut u) {
            let d = fitted.0 + fitted.1 * x - y + *u;
            let shrunk = if d == 0.0 { 1.0 } else { (1.0 - 2.0 / d.abs()).max(0.0) };
            let next = 0.5 * d + 0.5 * shrunk * d;
            rests &= next == *z && d - next == *u;
            (*z, *u) = (next, d - next);
        }
        if rests {
            break;
        }
    }
    Some((fitted.0 - fitted.1 * shift, fitted.1)).filter(|(at, slope)| at.is_finite() && slope.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_does_not_bend_the_line() {
        let x: Vec<f64> = (0..50).map(|i| 1e6 + f64::from(i) * 5.0).collect();
        let mut y: Vec<f64> = x.iter().map(|x| 3.0 + 0.25 * x).collect();
        y[20] += 1e4;
        let (at, slope) = line(&x, &y).unwrap();
        assert!((slope - 0.25).abs() < 1e-2, "{at} {slope}");
        assert_eq!(line(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(line(&[], &[]), None);
    }
}
