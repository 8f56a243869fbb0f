//! The geometry of convolutions over time: which taps of which output meet which frame.
//!
//! Owns index arithmetic only. Invariant: [`Correlation::interior`] and [`Correlation::edges`] name each output once.

use std::ops::Range;

/// The geometry of a convolution over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Taps.
    pub kernel: usize,
    /// Frames from one output to the next.
    pub stride: usize,
    /// Frames from one tap to the next.
    pub dilation: usize,
    /// Zeros before the first frame.
    pub left: usize,
    /// Zeros after the last frame.
    pub right: usize,
}

impl Geometry {
    /// Causal: output `t` sees frames up to `(t + 1) * stride - 1` and nothing later.
    ///
    /// # Panics
    /// If the stride passes over frames.
    #[must_use]
    pub fn causal(kernel: usize, stride: usize, dilation: usize) -> Self {
        let reach = (kernel.max(1) - 1) * dilation + 1;
        assert!(reach >= stride && stride > 0, "a stride beyond the kernel passes frames over");
        Self { kernel, stride, dilation, left: reach - stride, right: 0 }
    }

    /// The same number of zeros on both sides.
    #[must_use]
    pub fn padded(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel, stride, dilation: 1, left: padding, right: padding }
    }

    /// Frames from the first to the last tap, both counted.
    #[must_use]
    pub fn reach(&self) -> usize {
        self.kernel.saturating_sub(1) * self.dilation + 1
    }

    /// How many outputs `frames` frames give; 0 when the padded input is shorter than the kernel.
    #[must_use]
    pub fn outputs(&self, frames: usize) -> usize {
        let padded = frames + self.left + self.right;
        if padded < self.reach() { 0 } else { (padded - self.reach()) / self.stride + 1 }
    }

    /// How many frames the transposed convolution makes of `frames`: the fewest from which the convolution gives as many.
    #[must_use]
    pub fn transposed_outputs(&self, frames: usize) -> usize {
        (frames.saturating_sub(1) * self.stride + self.reach()).saturating_sub(self.left + self.right)
    }
}

/// A correlation of frames `[frames, cin]` with taps `[taps, cin, cout]`: output `q` starts at frame `q * step - left`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Correlation {
    pub frames: usize,
    pub outputs: usize,
    pub taps: usize,
    pub step: usize,
    pub dilation: usize,
    pub left: isize,
}

impl Correlation {
    /// The frame that the first tap of an output meets, which may lie before the first or after the last one.
    pub fn start(&self, output: usize) -> isize {
        (output * self.step) as isize - self.left
    }

    /// The taps of an output that meet frames.
    fn taps_inside(&self, output: usize) -> Range<usize> {
        let (start, dilation) = (self.start(output), self.dilation as isize);
        let first = if start < 0 { (-start + dilation - 1) / dilation } else { 0 };
        let end = (self.frames as isize - start + dilation - 1).max(0) / dilation;
        let (first, end) = ((first as usize).min(self.taps), (end as usize).min(self.taps));
        first..end.max(first)
    }

    /// The outputs whose taps all meet frames.
    pub fn interior(&self) -> Range<usize> {
        let reach = (self.taps.max(1) - 1) * self.dilation + 1;
        let first = (self.left.max(0) as usize).div_ceil(self.step).min(self.outputs);
        let room = self.frames as isize + self.left - reach as isize;
        let end = if room < 0 { 0 } else { room as usize / self.step + 1 };
        first..end.clamp(first, self.outputs)
    }

    /// Taps that are one matrix, for the frames under them are contiguous: all of them, or each alone where they are
    /// dilated.
    pub fn runs(&self, taps: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let at_once = if self.dilation == 1 { taps.len().max(1) } else { 1 };
        taps.step_by(at_once).map(move |tap| tap..tap + at_once)
    }

    /// The other outputs, each with its taps that meet frames, perhaps none.
    pub fn edges(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let interior = self.interior();
        let others = (0..interior.start).chain(interior.end..self.outputs);
        others.map(|output| (output, self.taps_inside(output)))
    }
}

/// Part of the gradient towards the input: frames `first`, `first + stride`, … as a correlation over the outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phase {
    /// The first frame.
    pub first: usize,
    /// The taps of the convolution, in the order in which the correlation meets them.
    pub taps: Vec<usize>,
    /// The correlation of the output's gradient with these taps, transposed.
    pub correlation: Correlation,
}

impl Geometry {
    /// The convolution of `frames` frames as a correlation.
    pub(super) fn correlation(&self, frames: usize) -> Correlation {
        Correlation {
            frames,
            outputs: self.outputs(frames),
            taps: self.kernel,
            step: self.stride,
            dilation: self.dilation,
            left: self.left as isize,
        }
    }

    /// True if each frame is written by one phase only.
    pub(super) fn phases_are_disjoint(&self) -> bool {
        self.stride == 1 || self.dilation == 1
    }

    /// The gradient towards the input as correlations over the outputs.
    ///
    /// Frame `p` met tap `j` of output `t` where `p + left = t stride + j dilation`. So the frames of one residue by the
    /// stride share their taps, which step evenly through the outputs if stride or dilation is 1; otherwise each tap is
    /// a phase of its own.
    pub(super) fn phases(&self, frames: usize) -> Vec<Phase> {
        let (stride, dilation) = (self.stride, self.dilation);
        let groups: Vec<(Vec<usize>, usize)> = if dilation == 1 {
            (0..stride).map(|r| ((r..self.kernel).step_by(stride).collect(), r)).collect()
        } else if stride == 1 {
            vec![((0..self.kernel).collect(), 0)]
        } else {
            (0..self.kernel).map(|tap| (vec![tap], tap * dilation)).collect()
        };
        let apart = if dilation == 1 { 1 } else { dilation };
        let one = |(mut taps, offset): (Vec<usize>, usize)| {
            // The first frame p of this residue, and the output that its first tap belongs to.
            let first = (offset as isize - self.left as isize).rem_euclid(stride as isize) as usize;
            let output = (first as isize + self.left as isize - offset as isize) / stride as isize;
            taps.reverse();
            let correlation = Correlation {
                frames: self.outputs(frames),
                outputs: frames.saturating_sub(first).div_ceil(stride),
                taps: taps.len(),
                step: 1,
                dilation: apart,
                left: (taps.len().max(1) - 1) as isize * apart as isize - output,
            };
            Phase { first, taps, correlation }
        };
        groups.into_iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_tap_that_meets_a_frame_is_met_once_from_either_side(
            frames in 0usize..30, kernel in 1usize..7, stride in 1usize..5, dilation in 1usize..4,
            left in 0usize..9, right in 0usize..6,
        ) {
            let g = Geometry { kernel, stride, dilation, left, right };
            let mut want = Vec::new();
            for output in 0..g.outputs(frames) {
                for tap in 0..kernel {
                    let frame = (output * stride + tap * dilation) as isize - left as isize;
                    if (0..frames as isize).contains(&frame) { want.push((output, tap, frame as usize)); }
                }
            }
            let meets = |c: &Correlation| {
                let whole = c.interior().map(|output| (output, 0..c.taps));
                let all: Vec<_> = whole.chain(c.edges()).collect();
                assert_eq!(all.len(), c.outputs);
                all.into_iter().flat_map(|(output, taps)| {
                    let start = c.start(output);
                    let dilation = c.dilation;
                    taps.map(move |tap| (output, tap, (start + (tap * dilation) as isize) as usize))
                }).collect::<Vec<_>>()
            };
            let mut forward = meets(&g.correlation(frames));
            forward.sort_unstable();
            prop_assert_eq!(&forward, &want);
            let mut backward: Vec<_> = g.phases(frames).iter().flat_map(|phase| {
                meets(&phase.correlation).into_iter()
                    .map(|(q, tap, output)| (output, phase.taps[tap], phase.first + q * stride)).collect::<Vec<_>>()
            }).collect();
            backward.sort_unstable();
            prop_assert_eq!(&backward, &want);
        }
    }
}
