//! The losses alone: pure functions of tensors, tested against reference values and gradients.
//!
//! Every cosine is of rows scaled to unit length as PyTorch's `normalize` does it.

mod contrastive;
mod masked;
mod mixed;
mod spread;

pub use contrastive::{
    Negatives, Score, away, byol, cpc_step, cpc_steps, moco_rows, moco_v3, nt_xent, nt_xent_rows, unit,
};
pub use masked::{Masking, masked_patches, normalised, restored};
pub use mixed::{mixed, mixed_cross_entropy, mixed_pairs};
pub use spread::{alignment, barlow_twins, uniformity, vicreg};
