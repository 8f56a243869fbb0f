//! Convolution over time on slices as they lie, `[B, T, C]`, with its gradients.
//!
//! Owns nothing; runs on the caller's rayon pool, and on the calling thread alone for a batch of one. An output needs the
//! contiguous frames under its taps, so the left matrix of the product is the activation itself with overlapping rows: no
//! im2col, no transposition. Invariant: sums over the batch are taken in an order that depends on the number of threads
//! only.

use super::gemm::{Onto, Strided, product};
use super::geometry::{Correlation, Geometry, Phase};
use crate::dsp::vectorised;
use rayon::prelude::*;

/// Below so many outputs a window, products run over the windows of a batch instead of the outputs of a window.
const FEW: usize = 32;

/// A convolution of windows `[frames, cin]` to `[outputs, cout]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conv {
    pub g: Geometry,
    pub frames: usize,
    pub outputs: usize,
    pub cin: usize,
    pub cout: usize,
}

/// Where a correlation writes: rows `row` apart, windows `window` apart.
struct Out<'a> {
    values: &'a mut [f32],
    row: usize,
    window: usize,
}

/// Windows of a batch that one job takes.
fn share(batch: usize, jobs_a_thread: usize) -> usize {
    batch.div_ceil(rayon::current_num_threads() * jobs_a_thread).max(1)
}

/// Runs `job` on chunks of two slices, on this thread alone where there is one chunk.
fn each_chunk(out: &mut [f32], width: usize, input: &[f32], wide: usize, job: impl Fn(&mut [f32], &[f32]) + Sync) {
    if out.len() <= width {
        job(out, input);
    } else {
        out.par_chunks_mut(width).zip(input.par_chunks(wide.max(1))).for_each(|(out, input)| job(out, input));
    }
}

/// `out (+)= x * taps` for `windows` windows of `[frames, cin]`, taps `[taps * cin, cout]`.
fn correlate(c: &Correlation, x: &[f32], [cin, cout]: [usize; 2], taps: &[f32], out: &mut Out<'_>, onto: Onto) {
    let width = c.frames * cin;
    let windows = out.values.len().div_ceil(out.window);
    let interior = c.interior();
    if !interior.is_empty() && c.taps > 0 {
        let start = c.start(interior.start) as usize;
        for window in 0..windows {
            let mut onto = onto;
            for run in c.runs(0..c.taps) {
                let from = window * width + (start + run.start * c.dilation) * cin;
                let a = Strided { values: &x[from..], row: c.step * cin, column: 1 };
                let b = Strided::rows(&taps[run.start * cin * cout..], cout);
                let to = &mut out.values[window * out.window + interior.start * out.row..];
                product(onto, to, out.row, [interior.len(), cout, run.len() * cin], a, b);
                onto = Onto::Sum;
            }
        }
    }
    let all = 0..if c.taps == 0 { c.outputs } else { 0 };
    for (output, met) in c.edges().chain(all.map(|output| (output, 0..0))) {
        if met.is_empty() {
            if onto == Onto::Fresh {
                let nothing = Strided::rows(&[], 0);
                product(onto, &mut out.values[output * out.row..], out.window, [windows, cout, 0], nothing, nothing);
            }
            continue;
        }
        let mut onto = onto;
        for run in c.runs(met) {
            let from = (c.start(output) + (run.start * c.dilation) as isize) as usize * cin;
            let a = Strided { values: &x[from..], row: width, column: 1 };
            let b = Strided::rows(&taps[run.start * cin * cout..], cout);
            product(onto, &mut out.values[output * out.row..], out.window, [windows, cout, run.len() * cin], a, b);
            onto = Onto::Sum;
        }
    }
}

impl Conv {
    pub fn new(g: Geometry, frames: usize, cin: usize, cout: usize) -> Self {
        Self { g, frames, outputs: g.outputs(frames), cin, cout }
    }

    /// `y [B, outputs, cout]` from `x [B, frames, cin]`, `w [kernel * cin, cout]` and `bias [cout]`.
    pub fn forward(&self, x: &[f32], w: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        let (row, out) = (self.frames * self.cin, self.outputs * self.cout);
        if out == 0 {
            return;
        }
        let c = self.g.correlation(self.frames);
        let share = share(y.len() / out, 2);
        each_chunk(y, share * out, x, share * row, |y, x| {
            if let Some(bias) = bias {
                y.chunks_exact_mut(self.cout).for_each(|y| y.copy_from_slice(bias));
            }
            let onto = if bias.is_some() { Onto::Sum } else { Onto::Fresh };
            let mut to = Out { values: y, row: self.cout, window: out };
            correlate(&c, x, [self.cin, self.cout], w, &mut to, onto);
        });
    }

    /// `dx [B, frames, cin]` from `dy [B, outputs, cout]`, with `bias [cin]` added for the transposed convolution.
    pub fn input_gradient(&self, w: &[f32], dy: &[f32], bias: Option<&[f32]>, dx: &mut [f32]) {
        let (row, out) = (self.frames * self.cin, self.outputs * self.cout);
        if row == 0 {
            return;
        }
        let with_taps = |phase: Phase| (self.transposed(&phase, w), phase);
        let phases: Vec<(Vec<f32>, Phase)> = self.g.phases(self.frames).into_iter().map(with_taps).collect();
        let fresh = bias.is_none() && self.g.phases_are_disjoint();
        let share = share(dx.len() / row, 2);
        each_chunk(dx, share * row, dy, share * out, |dx, dy| {
            match bias {
                Some(bias) => dx.chunks_exact_mut(self.cin).for_each(|dx| dx.copy_from_slice(bias)),
                None if !fresh => dx.fill(0.0),
                None => {}
            }
            let onto = if fresh { Onto::Fresh } else { Onto::Sum };
            for (w, phase) in &phases {
                if phase.first < self.frames {
                    let values = &mut dx[phase.first * self.cin..];
                    let mut to = Out { values, row: self.g.stride * self.cin, window: row };
                    correlate(&phase.correlation, dy, [self.cout, self.cin], w, &mut to, onto);
                }
            }
        });
    }

    /// The taps of a phase, each transposed: `[taps * cout, cin]`.
    fn transposed(&self, phase: &Phase, w: &[f32]) -> Vec<f32> {
        let size = self.cin * self.cout;
        let mut transposed = vec![0.0; phase.taps.len() * size];
        for (to, &tap) in transposed.chunks_exact_mut(size.max(1)).zip(&phase.taps) {
            for (i, from) in w[tap * size..(tap + 1) * size].chunks_exact(self.cout.max(1)).enumerate() {
                from.iter().enumerate().for_each(|(o, &value)| to[o * self.cin + i] = value);
            }
        }
        transposed
    }

    /// Gradients of weight `[kernel * cin, cout]` and bias `[cout]` from `x` and `dy`.
    pub fn parameter_gradients(&self, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (row, out) = ((self.frames * self.cin).max(1), (self.outputs * self.cout).max(1));
        let (depth, cout) = (self.g.kernel * self.cin, self.cout);
        let size = (depth + 1) * cout;
        // One partial sum a thread, added up in order; weights first, then biases.
        let share = share(x.len() / row, 1);
        let mut sums = vec![0.0f32; (x.len() / row).div_ceil(share).max(1) * size];
        let c = self.g.correlation(self.frames);
        if size > 0 && !dy.is_empty() {
            let jobs = sums.par_chunks_mut(size).zip(x.par_chunks(row * share)).zip(dy.par_chunks(out * share));
            jobs.for_each(|((sum, x), dy)| {
                let (dw, db) = sum.split_at_mut(depth * cout);
                self.weight_gradient(&c, x, dy, dw);
                add_columns(dy, db);
            });
        }
        let mut weight = sums;
        let (first, others) = weight.split_at_mut(size);
        for other in others.chunks_exact(size.max(1)) {
            first.iter_mut().zip(other).for_each(|(to, from)| *to += from);
        }
        let bias = first[depth * cout..].to_vec();
        weight.truncate(depth * cout);
        (weight, bias)
    }

    /// `dw += x' dy`.
    fn weight_gradient(&self, c: &Correlation, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        let Self { cin, cout, frames, outputs, .. } = *self;
        let interior = c.interior();
        let few = interior.len() < FEW;
        // Few outputs a window, and those at its edges: a product over the windows of the batch for each.
        let alone = interior.clone().filter(|_| few).map(|output| (output, 0..c.taps)).chain(c.edges());
        let windows = dy.len() / (outputs * cout);
        for (output, met) in alone {
            let b = Strided { values: &dy[output * cout..], row: outputs * cout, column: 1 };
            for taps in c.runs(met) {
                let from = (c.start(output) + (taps.start * c.dilation) as isize) as usize * cin;
                let a = Strided { values: &x[from..], row: 1, column: frames * cin };
                let to = &mut dw[taps.start * cin * cout..];
                product(Onto::Sum, to, cout, [taps.len() * cin, cout, windows], a, b);
            }
        }
        if few {
            return;
        }
        let start = c.start(interior.start) as usize;
        for (x, dy) in x.chunks_exact(frames * cin).zip(dy.chunks_exact(outputs * cout)) {
            let b = Strided::rows(&dy[interior.start * cout..], cout);
            for taps in c.runs(0..c.taps) {
                let values = &x[(start + taps.start * c.dilation) * cin..];
                let a = Strided { values, row: 1, column: c.step * cin };
                let to = &mut dw[taps.start * cin * cout..];
                product(Onto::Sum, to, cout, [taps.len() * cin, cout, interior.len()], a, b);
            }
        }
    }
}

/// `sums[c] += rows[.., c]`.
pub(super) fn add_columns(rows: &[f32], sums: &mut [f32]) {
    vectorised(|| {
        for row in rows.chunks_exact(sums.len()) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    });
}
