//! Activations and their slopes on slices, written so that compilers vectorise them.
//!
//! Owns nothing. Invariant: finite for every finite input.

/// What follows a normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x sigma(1.5958 (x + 0.044715 x^3))`: GELU by its tanh formula (Hendrycks and Gimpel, 2016).
    Gelu,
    /// `x` above zero, `e^x - 1` below (Clevert et al., 2016).
    Elu,
}

const CUBIC: f32 = 0.044_715;
/// Twice the root of 2 / pi.
const SLOPE: f32 = 1.595_769;

/// `e^x` to a relative 3e-7 for |x| up to 87, clamped beyond: 2 to a whole power by its bits, the rest by a polynomial.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it leaves the nearest whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    // ln 2 in two parts, so that the product with a small whole number is exact.
    let r = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    let p =
        1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_67 + r * (0.041_666_67 + r * (0.008_333_33 + r * 0.001_388_9)))));
    p * f32::from_bits((shifted.to_bits().wrapping_add(127)) << 23)
}

#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn relu_slope(u: f32) -> f32 {
    if u > 0.0 { 1.0 } else { 0.0 }
}

#[inline(always)]
fn gelu(u: f32) -> f32 {
    u * sigmoid(SLOPE * (u + CUBIC * u * u * u))
}

#[inline(always)]
fn gelu_slope(u: f32) -> f32 {
    let s = sigmoid(SLOPE * (u + CUBIC * u * u * u));
    s + u * s * (1.0 - s) * SLOPE * (1.0 + 3.0 * CUBIC * u * u)
}

#[inline(always)]
fn elu(u: f32) -> f32 {
    u.max(0.0) + (exp(u.min(0.0)) - 1.0)
}

#[inline(always)]
fn elu_slope(u: f32) -> f32 {
    exp(u.min(0.0))
}

impl Activation {
    /// `y[i] = act(x[i])`.
    #[inline(always)]
    pub(super) fn of(self, y: &mut [f32], x: &[f32]) {
        let pairs = y.iter_mut().zip(x);
        match self {
            Self::Identity => pairs.for_each(|(y, &x)| *y = x),
            Self::Relu => pairs.for_each(|(y, &x)| *y = x.max(0.0)),
            Self::Gelu => pairs.for_each(|(y, &x)| *y = gelu(x)),
            Self::Elu => pairs.for_each(|(y, &x)| *y = elu(x)),
        }
    }

    /// `dx[i] = dy[i] act'(x[i])`.
    #[inline(always)]
    pub(super) fn slope(self, dx: &mut [f32], dy: &[f32], x: &[f32]) {
        let triples = dx.iter_mut().zip(dy.iter().zip(x));
        match self {
            Self::Identity => triples.for_each(|(dx, (dy, _))| *dx = *dy),
            Self::Relu => triples.for_each(|(dx, (dy, &x))| *dx = dy * relu_slope(x)),
            Self::Gelu => triples.for_each(|(dx, (dy, &x))| *dx = dy * gelu_slope(x)),
            Self::Elu => triples.for_each(|(dx, (dy, &x))| *dx = dy * elu_slope(x)),
        }
    }

    /// `y[i] = act(a[i] x[i] + b[i])`.
    #[inline(always)]
    pub(super) fn of_affine(self, y: &mut [f32], x: &[f32], a: &[f32], b: &[f32]) {
        let rows = y.iter_mut().zip(x).zip(a.iter().zip(b));
        match self {
            Self::Identity => rows.for_each(|((y, x), (a, b))| *y = a * x + b),
            Self::Relu => rows.for_each(|((y, x), (a, b))| *y = (a * x + b).max(0.0)),
            Self::Gelu => rows.for_each(|((y, x), (a, b))| *y = gelu(a * x + b)),
            Self::Elu => rows.for_each(|((y, x), (a, b))| *y = elu(a * x + b)),
        }
    }

    /// `g[i] = dy[i] act'(a[i] x[i] + b[i])`.
    #[inline(always)]
    pub(super) fn slope_of_affine(self, g: &mut [f32], dy: &[f32], x: &[f32], a: &[f32], b: &[f32]) {
        let rows = g.iter_mut().zip(dy).zip(x).zip(a.iter().zip(b));
        match self {
            Self::Identity => rows.for_each(|(((g, dy), _), _)| *g = *dy),
            Self::Relu => rows.for_each(|(((g, dy), x), (a, b))| *g = dy * relu_slope(a * x + b)),
            Self::Gelu => rows.for_each(|(((g, dy), x), (a, b))| *g = dy * gelu_slope(a * x + b)),
            Self::Elu => rows.for_each(|(((g, dy), x), (a, b))| *g = dy * elu_slope(a * x + b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_right_to_single_precision() {
        for i in -8700..=8700 {
            let x = i as f32 * 0.01;
            let (got, want) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((got / want - 1.0).abs() < 4e-7, "exp({x}) = {got}, not {want}");
        }
        assert!(exp(f32::MAX).is_finite() && exp(f32::MIN) >= 0.0);
    }
}
