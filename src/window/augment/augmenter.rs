//! Draws views.
//!
//! Owned by the trainer. Invariant: nothing is allocated after it was made.

use super::workspace::Workspace;
use super::{AugmentationStep, Drawn, WindowShape};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Makes views of windows of one shape.
#[derive(Debug)]
pub struct Augmenter {
    steps: Vec<AugmentationStep>,
    shape: WindowShape,
    seed: u64,
    workspace: Workspace,
    drawn: Vec<Drawn>,
}

impl Augmenter {
    /// An augmenter that takes these steps in their order.
    ///
    /// # Panics
    /// If the shape has no frame or no channel, or a permutation's range is empty: the plan does not let that through.
    #[must_use]
    pub fn new(steps: Vec<AugmentationStep>, shape: WindowShape, seed: u64) -> Self {
        assert!(shape.frames > 0 && shape.channels > 0, "windows have at least one frame of one channel");
        let workspace = Workspace::new(shape, steps.iter().any(|step| step.what.is_spectral()));
        Self { drawn: Vec::with_capacity(steps.len()), steps, shape, seed, workspace }
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[AugmentationStep] {
        &self.steps
    }

    /// Changes `window [T, C]` into the view that belongs to `draw` and `view`.
    ///
    /// `partner` is another window of that shape, for mixup, which is left out where there is none. What was done stands in
    /// [`Augmenter::drawn`] until the next view.
    ///
    /// # Panics
    /// If a window has another shape.
    pub fn view(&mut self, window: &mut [f32], partner: Option<&[f32]>, draw: u64, view: u64) {
        let samples = self.shape.frames * self.shape.channels;
        assert!(window.len() == samples && partner.is_none_or(|other| other.len() == samples), "windows of one shape");
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ draw.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.set_stream(view);
        self.drawn.clear();
        for step in &self.steps {
            // Numbers are drawn for a step that is left out too, so that how often it is used changes no other step.
            let used = rng.random::<f32>() < step.probability;
            let drawn = step.what.draw(self.shape, &mut rng);
            if used && !(partner.is_none() && matches!(drawn, Drawn::Mixup { .. })) {
                drawn.apply(window, partner, &mut self.workspace);
                self.drawn.push(drawn);
            }
        }
    }

    /// What the last view was made with, in order.
    #[must_use]
    pub fn drawn(&self) -> &[Drawn] {
        &self.drawn
    }
}
