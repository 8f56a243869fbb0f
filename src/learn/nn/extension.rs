//! What every own operation shares: tensors of the flex backend made from vectors.

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Bytes, DType, Shape};

/// A contiguous tensor of these values.
pub(super) fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(Shape::from(shape.to_vec())), DType::F32)
}

/// The lengths of its dimensions.
pub(super) fn lengths<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    let mut lengths = [1; D];
    lengths.iter_mut().zip(tensor.layout().shape().iter()).for_each(|(to, &from)| *to = from);
    lengths
}
