//! Features of a stream frame by frame, and the embedding of its last window at any moment.
//!
//! Owned by one thread. Only `tcn` can do it: where a normalisation looks over the whole window, as in the other encoders,
//! every new frame changes every feature. Invariant: features do not depend on how the stream is cut, and are those that
//! [`Encoder::features`] gives for all of it at once; memory and work a frame are constant.

use super::Encoder;
use super::tcn::{BlockPast, TcnEncoder};
use crate::learn::nn::Pooling;
use crate::learn::parameters::values_of;
use burn::tensor::{Tensor, TensorData};

/// An encoder on a stream.
#[derive(Clone, Debug)]
pub struct Streaming {
    encoder: TcnEncoder,
    past: Vec<BlockPast>,
    /// The last features `[window, W]` in a ring, and the sums and sums of squares over them.
    ring: Vec<f32>,
    sums: Vec<[f64; 2]>,
    window: usize,
    seen: u64,
}

impl Streaming {
    /// A stream before its first frame, whose embeddings sum up `window` frames; none for an encoder that needs whole
    /// windows. The encoder has to be one that serves: one without gradients.
    #[must_use]
    pub fn new(encoder: &Encoder, window: usize) -> Option<Self> {
        let Encoder::Tcn(encoder) = encoder else { return None };
        let encoder = encoder.clone();
        Some(Self { encoder, past: Vec::new(), ring: Vec::new(), sums: Vec::new(), window: window.max(1), seen: 0 })
    }

    /// Takes the next frames `[T, C]` and returns their features `[T, W]`.
    pub fn step(&mut self, frames: &[f32], channels: usize) -> Vec<f32> {
        let count = frames.len() / channels.max(1);
        if count == 0 {
            return Vec::new();
        }
        let data = TensorData::new(frames[..count * channels].to_vec(), [1, count, channels]);
        let x = Tensor::<3>::from_data(data, &self.encoder.head.device());
        let features = self.encoder.next(&mut self.past, x);
        let width = features.dims()[2];
        let features = values_of(features);
        self.ring.resize(self.window * width, 0.0);
        self.sums.resize(width, [0.0; 2]);
        for feature in features.chunks_exact(width) {
            // Zeros leave the sums before the first window is full.
            let at = (self.seen % self.window as u64) as usize * width;
            for ((old, new), sums) in self.ring[at..at + width].iter_mut().zip(feature).zip(&mut self.sums) {
                let (before, now) = (f64::from(*old), f64::from(*new));
                *sums = [sums[0] + now - before, sums[1] + now * now - before * before];
                *old = *new;
            }
            self.seen += 1;
        }
        features
    }

    /// The embedding of the last window; none before the first is full.
    ///
    /// Its features know what came before the window, where [`Encoder::embed`] takes that for silence.
    #[must_use]
    pub fn embedding(&self) -> Option<Vec<f32>> {
        if self.seen < self.window as u64 {
            return None;
        }
        let count = self.window as f64;
        let means = self.sums.iter().map(|[sum, _]| (sum / count) as f32);
        let deviation = |[sum, squares]: &[f64; 2]| {
            let variance = (squares / count - (sum / count).powi(2)).max(0.0);
            (variance + f64::from(Pooling::FLOOR)).sqrt() as f32
        };
        let pooled: Vec<f32> = means.chain(self.sums.iter().map(deviation)).collect();
        let shape = [1, pooled.len()];
        let pooled = Tensor::<2>::from_data(TensorData::new(pooled, shape), &self.encoder.head.device());
        Some(values_of(self.encoder.head.forward(pooled)))
    }
}
