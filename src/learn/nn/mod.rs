//! Layers on activations as they lie, `[B, T, C]`: what encoders and heads are built of.
//!
//! Every layer is a burn module with plain tensors; the heavy ones are operations of our own with their own gradients.
//! They run on the rayon pool of the calling thread, and on that thread alone for a batch of one.

mod activation;
mod conv;
mod conv_op;
mod extension;
mod gemm;
mod gru;
mod init;
mod linear;
mod norm;
mod norm_op;

pub use activation::Activation;
pub use conv::Conv;
pub use conv_op::{Geometry, conv_over_time};
pub use gru::Gru;
pub use init::Init;
pub use linear::{Linear, Perceptron};
pub use norm::GroupNorm;
pub use norm_op::{Norm, group_norm};

#[cfg(test)]
mod tests;
