//! Windows as patches.
//!
//! A pure function. Invariant: a patch lies as its frames do, so that nothing is moved.

use burn::tensor::Tensor;

/// Windows `[B, T, C]` as patches of `length` frames, `[B, N, length C]`, each as it lies. Frames at the end that fill no
/// patch are left out.
///
/// # Panics
/// If the windows are shorter than a patch.
#[must_use]
pub fn patches(x: Tensor<3>, length: usize) -> Tensor<3> {
    let [rows, frames, channels] = x.dims();
    let count = frames / length;
    assert!(count > 0, "a window holds a patch");
    x.narrow(1, 0, count * length).reshape([rows, count, length * channels])
}
