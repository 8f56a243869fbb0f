//! Weights as PyTorch names and lays them out, for files that both sides read.
//!
//! Pure. Here a convolution is `[taps * inputs, outputs]` and a linear map `[inputs, outputs]`, there they are
//! `[outputs, inputs, taps]` and `[outputs, inputs]`; normalisations call gamma and beta weight and bias. Invariant: there and
//! back gives the same values bit for bit.

use super::{Architecture, EncoderShape, conv, tcn};
use crate::learn::parameters::Named;

/// How a parameter lies there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A convolution with so many taps.
    Conv(usize),
    /// One of each channel by itself.
    Depthwise,
    Linear,
    /// The same on both sides.
    Same,
}

/// The kind of a parameter by its name here.
fn kind(shape: &EncoderShape, name: &str) -> Kind {
    let Some(layer) = name.strip_suffix(".weight").and_then(|path| path.rsplit('.').next()) else { return Kind::Same };
    match (&shape.architecture, layer) {
        (_, "conv") => Kind::Conv(conv::KERNEL),
        (_, "conv1" | "conv2") => Kind::Conv(tcn::KERNEL),
        (Architecture::Eegnet { .. }, "temporal" | "depthwise") => Kind::Depthwise,
        // Attention over electrodes is no layer of PyTorch's.
        (Architecture::SpatialConv { .. }, "spatial") => Kind::Same,
        _ => Kind::Linear,
    }
}

/// The values with the axes of `shape` in another order.
fn permuted<const D: usize>(values: &[f32], shape: [usize; D], order: [usize; D]) -> Vec<f32> {
    let mut strides = [1; D];
    (0..D - 1).rev().for_each(|axis| strides[axis] = strides[axis + 1] * shape[axis + 1]);
    let mut index = [0; D];
    let mut permuted = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        permuted.push(values[(0..D).map(|axis| index[axis] * strides[order[axis]]).sum::<usize>()]);
        for axis in (0..D).rev() {
            index[axis] += 1;
            if index[axis] < shape[order[axis]] {
                break;
            }
            index[axis] = 0;
        }
    }
    permuted
}

/// Parameters of an encoder of this shape as PyTorch has them.
pub(in crate::learn) fn to_torch(shape: &EncoderShape, named: &Named) -> Named {
    let Named { name, shape: lengths, values } = named;
    let (lengths, values) = match (kind(shape, name), lengths[..].try_into().unwrap_or([1, 1])) {
        (Kind::Conv(taps), [depth, outputs]) => {
            let inputs = depth / taps;
            (vec![outputs, inputs, taps], permuted(values, [taps, inputs, outputs], [2, 1, 0]))
        }
        (Kind::Depthwise, [taps, channels]) => (vec![channels, 1, taps], permuted(values, [taps, channels], [1, 0])),
        (Kind::Linear, [inputs, outputs]) => (vec![outputs, inputs], permuted(values, [inputs, outputs], [1, 0])),
        (Kind::Same, _) => (lengths.clone(), values.clone()),
    };
    let name = match (name.strip_suffix(".gamma"), name.strip_suffix(".beta")) {
        (Some(layer), _) => format!("{layer}.weight"),
        (_, Some(layer)) => format!("{layer}.bias"),
        _ => name.clone(),
    };
    Named { name, shape: lengths, values }
}

/// The parameter `here`, whose values do not matter, with those that PyTorch has for it; none if they are not of its size.
pub(in crate::learn) fn from_torch(shape: &EncoderShape, here: &Named, there: &Named) -> Option<Named> {
    if to_torch(shape, here).shape != there.shape {
        return None;
    }
    let values = match (kind(shape, &here.name), &there.shape[..]) {
        (Kind::Conv(_), &[outputs, inputs, taps]) => permuted(&there.values, [outputs, inputs, taps], [2, 1, 0]),
        (Kind::Depthwise, &[channels, _, taps]) => permuted(&there.values, [channels, taps], [1, 0]),
        (Kind::Linear, &[outputs, inputs]) => permuted(&there.values, [outputs, inputs], [1, 0]),
        _ => there.values.clone(),
    };
    Some(Named { values, ..here.clone() })
}
