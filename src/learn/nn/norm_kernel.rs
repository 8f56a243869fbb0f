//! Group normalisation over time with its activation, on one window `[T, C]` at a time.
//!
//! Owns nothing. Invariant: a window's result does not depend on the rest of its batch. Channels of a frame are side by
//! side, so every loop runs over them and vectorises without changing the order of a sum.

use super::activation::Activation;

const EPSILON: f32 = 1e-5;

/// Groups of neighbouring channels, and what follows the normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Norm {
    /// Groups; divides the number of channels.
    pub groups: usize,
    /// The activation.
    pub activation: Activation,
}

/// Replaces the values of each group by a function of their sum.
#[inline(always)]
fn spread(sums: &mut [f32], groups: usize, of_sum: impl Fn(f32) -> f32) {
    for group in sums.chunks_exact_mut(sums.len() / groups) {
        let value = of_sum(group.iter().sum());
        group.fill(value);
    }
}

/// Adds `map(x[i], at[i])` of every frame to `sums[i]`.
#[inline(always)]
fn accumulate(sums: &mut [f32], x: &[f32], at: &[f32], map: impl Fn(f32, f32) -> f32) {
    for frame in x.chunks_exact(sums.len()) {
        for ((sum, x), at) in sums.iter_mut().zip(frame).zip(at) {
            *sum += map(*x, *at);
        }
    }
}

/// Values a channel that a window needs for the time being.
pub(super) const SCRATCH: usize = 6;

impl Norm {
    /// `y [T, C]` from `x [T, C]`; `stats [2, C]` takes the mean and the reciprocal deviation of each channel's group.
    ///
    /// `scratch [SCRATCH, C]` is the caller's: a window may be a single frame, for which an allocation would cost most.
    #[inline(always)]
    pub(super) fn window(
        self,
        x: &[f32],
        [gamma, beta]: [&[f32]; 2],
        stats: &mut [f32],
        scratch: &mut [f32],
        y: &mut [f32],
    ) {
        let channels = gamma.len();
        let count = (x.len() / self.groups).max(1) as f32;
        let (means, scales) = stats.split_at_mut(channels);
        means.fill(0.0);
        accumulate(means, x, gamma, |x, _| x);
        spread(means, self.groups, |sum| sum / count);
        scales.fill(0.0);
        accumulate(scales, x, means, |x, mean| (x - mean) * (x - mean));
        spread(scales, self.groups, |sum| 1.0 / (sum / count + EPSILON).sqrt());
        let (a, b) = affine([gamma, beta], [means, scales], &mut scratch[..2 * channels]);
        for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            self.activation.of_affine(y, x, a, b);
        }
    }

    /// `dx [T, C]` from `dy`; adds what the window gives to the gradients of gamma and beta.
    #[inline(always)]
    pub(super) fn window_gradient(
        self,
        [x, dy, stats]: [&[f32]; 3],
        [gamma, beta]: [&[f32]; 2],
        dx: &mut [f32],
        scratch: &mut [f32],
        [of_gamma, of_beta]: [&mut [f32]; 2],
    ) {
        let channels = gamma.len();
        let count = (x.len() / self.groups).max(1) as f32;
        let (means, scales) = stats.split_at(channels);
        let (affine_scratch, sums) = scratch.split_at_mut(2 * channels);
        let (a, b) = affine([gamma, beta], [means, scales], affine_scratch);
        sums.fill(0.0);
        let (g, rest) = sums.split_at_mut(channels);
        let (gx, rest) = rest.split_at_mut(channels);
        let (offset, slope) = rest.split_at_mut(channels);
        for ((dx, dy), x) in dx.chunks_exact_mut(channels).zip(dy.chunks_exact(channels)).zip(x.chunks_exact(channels))
        {
            self.activation.slope_of_affine(dx, dy, x, a, b);
            let sums = g.iter_mut().zip(gx.iter_mut());
            for (((g, gx), dx), (x, mean)) in sums.zip(&*dx).zip(x.iter().zip(means)) {
                *g += dx;
                *gx += dx * (x - mean);
            }
        }
        gx.iter_mut().zip(scales).for_each(|(gx, scale)| *gx *= scale);
        // Per channel: dx = a g - offset - slope x.
        offset.iter_mut().zip(gamma.iter().zip(&*g)).for_each(|(o, (gamma, g))| *o = gamma * g);
        slope.iter_mut().zip(gamma.iter().zip(&*gx)).for_each(|(s, (gamma, gx))| *s = gamma * gx);
        spread(offset, self.groups, |sum| sum / count);
        spread(slope, self.groups, |sum| sum / count);
        for ((offset, slope), (mean, scale)) in offset.iter_mut().zip(slope.iter_mut()).zip(means.iter().zip(scales)) {
            *slope *= scale * scale;
            *offset = *offset * scale - *slope * mean;
        }
        for (dx, x) in dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            let affine = a.iter().zip(offset.iter().zip(&*slope));
            for ((dx, x), (a, (offset, slope))) in dx.iter_mut().zip(x).zip(affine) {
                *dx = a * *dx - offset - slope * x;
            }
        }
        of_gamma.iter_mut().zip(gx).for_each(|(to, from)| *to += *from);
        of_beta.iter_mut().zip(g).for_each(|(to, from)| *to += *from);
    }
}

/// Scale and shift of each channel, in `scratch`: `y = act(a x + b)`.
#[inline(always)]
fn affine<'a>(
    [gamma, beta]: [&[f32]; 2],
    [means, scales]: [&[f32]; 2],
    scratch: &'a mut [f32],
) -> (&'a [f32], &'a [f32]) {
    let (a, b) = scratch.split_at_mut(gamma.len());
    a.iter_mut().zip(gamma.iter().zip(scales)).for_each(|(a, (gamma, scale))| *a = gamma * scale);
    let shifts = b.iter_mut().zip(&*a).zip(beta.iter().zip(means));
    shifts.for_each(|((b, a), (beta, mean))| *b = beta - mean * a);
    (a, b)
}
