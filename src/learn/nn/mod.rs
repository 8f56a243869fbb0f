//! Layers on activations as they lie, `[B, T, C]`: what encoders and heads are built of.
//!
//! Every layer is a burn module with plain tensors; the heavy ones are operations of our own with their own gradients.
//! They run on the rayon pool of the calling thread, and on that thread alone for a batch of one.

mod activation;
mod attention_op;
mod buffer;
pub mod card;
mod conv;
mod conv_kernel;
mod conv_op;
mod cross_entropy_op;
mod depthwise;
mod depthwise_op;
mod gelu;
mod gelu_op;
mod gemm;
mod geometry;
mod gru;
mod gru_op;
mod init;
mod linear;
mod linear_op;
mod norm;
mod norm_kernel;
mod norm_op;
mod operation;
mod patches;
pub mod plain;
mod pool;
mod pool_op;
mod spatial;
mod spatial_op;
mod transformer;

pub use activation::Activation;
pub use attention_op::attention;
pub use conv::{Conv, TransposedConv};
pub use conv_op::{conv_over_time, transposed_conv_over_time};
pub use cross_entropy_op::cross_entropy;
pub use depthwise::Depthwise;
pub use depthwise_op::depthwise_over_time;
pub use gelu::Gelu;
pub use gelu_op::gelu;
pub use geometry::Geometry;
pub use gru::Gru;
pub use gru_op::gru_over_time;
pub use init::{Backend, Compute, Init, Kernels};
pub use linear::{Linear, Perceptron};
pub use linear_op::linear;
pub use norm::GroupNorm;
pub use norm_op::{Norm, group_norm};
pub use patches::patches;
pub use pool::Pool;
pub use pool_op::{Pooling, pool};
pub use spatial::SpatialAttention;
pub use spatial_op::spatial_attention;
pub use transformer::Transformer;

#[cfg(test)]
mod tests;
