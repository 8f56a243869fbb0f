//! Room to work in, for windows of one shape.
//!
//! Owned by an augmenter. Invariant: made once; nothing grows.

use super::WindowShape;
use super::spectral::Spectral;

/// What augmentations work in beside the window.
#[derive(Debug)]
pub(super) struct Workspace {
    /// `[T, C]`.
    pub copy: Vec<f32>,
    /// `[C]`.
    pub sums: Vec<f32>,
    /// `[C]`.
    pub squares: Vec<f32>,
    /// `[C]`.
    pub order: Vec<usize>,
    /// `[C]`.
    pub chosen: Vec<usize>,
    spectral: Option<Spectral>,
}

impl Workspace {
    pub fn new(shape: WindowShape, with_spectra: bool) -> Self {
        let WindowShape { frames, channels, .. } = shape;
        Self {
            copy: vec![0.0; frames * channels],
            sums: vec![0.0; channels],
            squares: vec![0.0; channels],
            order: vec![0; channels],
            chosen: Vec::with_capacity(channels),
            spectral: with_spectra.then(|| Spectral::new(shape)),
        }
    }

    pub fn channels(&self) -> usize {
        self.order.len()
    }

    /// Works on spectra, which is planned for where a step needs it.
    pub fn spectral(&mut self, work: impl FnOnce(&mut Spectral)) {
        if let Some(spectral) = &mut self.spectral {
            work(spectral);
        }
    }
}
