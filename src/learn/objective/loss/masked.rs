//! Which patches are hidden, and the loss on those.
//!
//! Pure functions. Invariant: the target is the signal itself, which takes no gradient, and only hidden patches count.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Each patch less its mean and over its unbiased deviation, `(x - mean) / sqrt(var + 1e-6)` (He et al., 2022).
#[must_use]
pub fn normalised(patches: Tensor<3>) -> Tensor<3> {
    let values = patches.dims()[2];
    let centred = patches.clone() - patches.mean_dim(2);
    let variance = centred.clone().square().sum_dim(2) / values.saturating_sub(1).max(1) as f32;
    centred / (variance + 1e-6).sqrt()
}

/// Which patches of each row are seen and which are hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masking {
    /// `B`.
    pub rows: usize,
    /// `N`.
    pub patches: usize,
    /// Patches that are seen, the same number in every row.
    pub seen: usize,
    /// For each row its patches, the seen ones first: `[B, N]`.
    pub shuffled: Vec<usize>,
    /// Where in `shuffled` each patch is: `[B, N]`.
    pub places: Vec<usize>,
}

impl Masking {
    /// How many of `patches` stay seen when a share `hidden` is not: at least one, and at least one is hidden.
    #[must_use]
    pub fn seen(patches: usize, hidden: f64) -> usize {
        let gone = (patches as f64 * hidden + 0.5).floor() as usize;
        patches.saturating_sub(gone).clamp(1, patches.saturating_sub(1).max(1))
    }

    /// The `seen` patches of least `noise [B, N]` are seen; of equal ones the earlier.
    ///
    /// # Panics
    /// If there are no patches.
    #[must_use]
    pub fn of_noise(noise: &[f32], patches: usize, seen: usize) -> Self {
        let rows = noise.len() / patches;
        let (mut shuffled, mut places) = (Vec::with_capacity(noise.len()), vec![0; noise.len()]);
        for (noise, places) in noise.chunks_exact(patches).zip(places.chunks_exact_mut(patches)) {
            let mut order: Vec<usize> = (0..patches).collect();
            order.sort_by(|&a, &b| noise[a].total_cmp(&noise[b]));
            order.iter().enumerate().for_each(|(place, &patch)| places[patch] = place);
            shuffled.extend(order);
        }
        Self { rows, patches, seen, shuffled, places }
    }

    /// The patches that are seen, `[B, seen]`, in the order in which an encoder gets them.
    pub fn kept(&self) -> impl Iterator<Item = usize> {
        self.shuffled.chunks_exact(self.patches).flat_map(|row| &row[..self.seen]).copied()
    }

    /// For each patch whether it is hidden, `[B, N]`.
    #[must_use]
    pub fn hidden(&self) -> Vec<bool> {
        self.places.iter().map(|&place| place >= self.seen).collect()
    }

    /// The rows of `x [B, N, D]` that are seen: `[B, seen, D]`.
    #[must_use]
    pub fn visible(&self, x: Tensor<3>) -> Tensor<3> {
        let width = x.dims()[2];
        let kept = self.kept().enumerate().map(|(i, patch)| (i / self.seen * self.patches + patch) as i64);
        let kept = indices(kept.collect(), &x.device());
        x.reshape([self.rows * self.patches, width]).select(0, kept).reshape([self.rows, self.seen, width])
    }
}

fn indices(at: Vec<i64>, device: &Device) -> Tensor<1, Int> {
    let count = at.len();
    Tensor::from_data(TensorData::new(at, [count]), device)
}

/// The tokens that are seen, `[B, seen, D]`, in their places, and the mask token `[D]` in all others: `[B, N, D]`.
#[must_use]
pub fn restored(visible: Tensor<3>, token: Tensor<1>, masking: &Masking) -> Tensor<3> {
    let Masking { rows, patches, seen, .. } = *masking;
    let width = visible.dims()[2];
    // The mask token comes last.
    let at = masking.places.iter().enumerate().map(|(i, &place)| {
        let row = i / patches;
        if place < seen { (row * seen + place) as i64 } else { (rows * seen) as i64 }
    });
    let at = indices(at.collect(), &visible.device());
    let all = Tensor::cat(vec![visible.reshape([rows * seen, width]), token.unsqueeze()], 0);
    all.select(0, at).reshape([rows, patches, width])
}

/// Mean over the hidden patches of each one's mean squared error (He et al., 2022). `predicted` and `target` are
/// `[B, N, P]`, `hidden` says of each of the `B N` patches whether it counts.
#[must_use]
pub fn masked_patches(predicted: Tensor<3>, target: Tensor<3>, hidden: &[bool]) -> Tensor<1> {
    let [rows, patches, values] = predicted.dims();
    let count = hidden.iter().filter(|&&hidden| hidden).count().max(1);
    let weights = hidden.iter().map(|&hidden| if hidden { 1.0 / (count * values) as f32 } else { 0.0 }).collect();
    let weights = Tensor::<3>::from_data(TensorData::new::<f32, _>(weights, [rows, patches, 1]), &predicted.device());
    ((predicted - target.detach()).square() * weights).sum()
}
