//! How an operation of our own becomes one node of burn's graph.
//!
//! Owns the bridge to burn's flex backend and its autodiff; operations themselves see slices only. Invariant: inputs reach
//! an operation contiguous, from their first value on, and each gradient has the shape of its input.

use super::buffer::Buffer;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use std::fmt::Debug;
use std::sync::Arc;

/// An input as it lies: row-major values and the lengths of its dimensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lying<'a> {
    /// Its values.
    pub values: &'a [f32],
    /// Its lengths.
    pub shape: &'a [usize],
}

impl Lying<'_> {
    /// The lengths of `D` dimensions.
    pub fn lengths<const D: usize>(self) -> [usize; D] {
        let mut lengths = [1; D];
        lengths.iter_mut().zip(self.shape).for_each(|(to, &from)| *to = from);
        lengths
    }
}

/// What an operation gives.
#[derive(Debug)]
pub(super) struct Output {
    /// Its values.
    pub values: Buffer,
    /// Its lengths.
    pub shape: Vec<usize>,
    /// What the gradient needs beside the inputs.
    pub kept: Option<Buffer>,
}

/// An operation with its gradient. The same inputs give the same values bit for bit for one number of threads.
pub(super) trait Operation: Debug + Send + Sync + 'static {
    /// The output; `keep` asks for what the gradient needs.
    fn forward(&self, inputs: &[Lying<'_>], keep: bool) -> Output;

    /// The gradient of each wanted input from that of the output, `dy`.
    fn backward(&self, inputs: &[Lying<'_>], kept: &[f32], dy: &[f32], wanted: &[bool]) -> Vec<Option<Gradient>>;
}

/// Gradients of activations come from the pool; those of parameters leave for the optimiser.
#[derive(Debug)]
pub(super) enum Gradient {
    /// Of an activation.
    Activation(Buffer),
    /// Of a parameter.
    Parameter(Vec<f32>),
}

impl Gradient {
    fn into_tensor(self, shape: &[usize]) -> FlexTensor {
        match self {
            Self::Activation(buffer) => buffer.into_tensor(shape),
            Self::Parameter(values) => {
                let layout = Layout::contiguous(Shape::from(shape.to_vec()));
                FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
            }
        }
    }
}

/// An operation as a node holds it.
pub type Shared = Arc<dyn Operation>;

/// Own operations as burn sees them, by the number of their inputs.
#[backend_extension(Autodiff, Flex)]
pub trait Extension: Backend {
    /// Of one tensor.
    fn own_of_one(operation: Shared, a: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Of two tensors.
    fn own_of_two(operation: Shared, a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Of three tensors: usually an activation, weight and bias.
    fn own_of_three(
        operation: Shared,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    /// Of five tensors: an activation and two pairs of weight and bias.
    fn own_of_five(
        operation: Shared,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        e: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// One tensor through an operation.
pub(super) fn of_one<const D: usize, const O: usize>(operation: impl Operation, a: Tensor<D>) -> Tensor<O> {
    Tensor::from_dispatch(Dispatch::own_of_one(Arc::new(operation), a.into_dispatch()))
}

/// An activation and a weight through an operation.
pub(super) fn of_two<const D: usize, const O: usize>(
    operation: impl Operation,
    a: Tensor<D>,
    b: Tensor<2>,
) -> Tensor<O> {
    Tensor::from_dispatch(Dispatch::own_of_two(Arc::new(operation), a.into_dispatch(), b.into_dispatch()))
}

/// An activation, a weight and a bias through an operation.
pub(super) fn of_three<const D: usize, const W: usize, const O: usize>(
    operation: impl Operation,
    a: Tensor<D>,
    b: Tensor<W>,
    c: Tensor<1>,
) -> Tensor<O> {
    let (a, b, c) = (a.into_dispatch(), b.into_dispatch(), c.into_dispatch());
    Tensor::from_dispatch(Dispatch::own_of_three(Arc::new(operation), a, b, c))
}

/// An activation and two pairs of weight and bias through an operation.
pub(super) fn of_five<const D: usize, const O: usize>(
    operation: impl Operation,
    a: Tensor<D>,
    [b, d]: [Tensor<2>; 2],
    [c, e]: [Tensor<1>; 2],
) -> Tensor<O> {
    let (b, c, d, e) = (b.into_dispatch(), c.into_dispatch(), d.into_dispatch(), e.into_dispatch());
    Tensor::from_dispatch(Dispatch::own_of_five(Arc::new(operation), a.into_dispatch(), b, c, d, e))
}

/// What the backend below autodiff can do.
pub trait Differentiable: Extension {
    /// The output, and what the gradient needs beside the inputs.
    fn own_forward(operation: &Shared, inputs: &[FloatTensor<Self>]) -> (FloatTensor<Self>, Option<FloatTensor<Self>>);
    /// The gradients of the wanted inputs.
    fn own_backward(
        operation: &Shared,
        inputs: &[FloatTensor<Self>],
        kept: Option<FloatTensor<Self>>,
        dy: FloatTensor<Self>,
        wanted: &[bool],
    ) -> Vec<Option<FloatTensor<Self>>>;
}

/// The tensor with its values from the first on; a copy only where they do not lie so.
fn laid(tensor: &FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() && tensor.layout().start_offset() == 0 { tensor.clone() } else { tensor.to_contiguous() }
}

fn lying(tensor: &FlexTensor) -> Lying<'_> {
    let shape: &[usize] = tensor.layout().shape();
    Lying { values: &tensor.storage()[..shape.iter().product()], shape }
}

fn compute(operation: &Shared, inputs: &[FlexTensor], keep: bool) -> (FlexTensor, Option<FlexTensor>) {
    let laid: Vec<FlexTensor> = inputs.iter().map(laid).collect();
    let inputs: Vec<Lying<'_>> = laid.iter().map(lying).collect();
    let Output { values, shape, kept } = operation.forward(&inputs, keep);
    let kept = kept.map(|kept| {
        let length = kept.len();
        kept.into_tensor(&[length])
    });
    (values.into_tensor(&shape), kept)
}

impl Extension for Flex {
    fn own_of_one(operation: Shared, a: FlexTensor) -> FlexTensor {
        compute(&operation, &[a], false).0
    }

    fn own_of_two(operation: Shared, a: FlexTensor, b: FlexTensor) -> FlexTensor {
        compute(&operation, &[a, b], false).0
    }

    fn own_of_three(operation: Shared, a: FlexTensor, b: FlexTensor, c: FlexTensor) -> FlexTensor {
        compute(&operation, &[a, b, c], false).0
    }

    fn own_of_five(
        operation: Shared,
        a: FlexTensor,
        b: FlexTensor,
        c: FlexTensor,
        d: FlexTensor,
        e: FlexTensor,
    ) -> FlexTensor {
        compute(&operation, &[a, b, c, d, e], false).0
    }
}

impl Differentiable for Flex {
    fn own_forward(operation: &Shared, inputs: &[FlexTensor]) -> (FlexTensor, Option<FlexTensor>) {
        compute(operation, inputs, true)
    }

    fn own_backward(
        operation: &Shared,
        inputs: &[FlexTensor],
        kept: Option<FlexTensor>,
        dy: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>> {
        let (laid_inputs, dy): (Vec<FlexTensor>, FlexTensor) = (inputs.iter().map(laid).collect(), laid(&dy));
        let inputs: Vec<Lying<'_>> = laid_inputs.iter().map(lying).collect();
        let kept = kept.as_ref().map_or(&[][..], |kept| kept.storage());
        let gradients = operation.backward(&inputs, kept, lying(&dy).values, wanted);
        gradients.into_iter().zip(&inputs).map(|(gradient, input)| Some(gradient?.into_tensor(input.shape))).collect()
    }
}

#[derive(Debug)]
struct Node;

impl<B: Differentiable, const N: usize> Backward<B, N> for Node {
    type State = (Shared, [FloatTensor<B>; N], Option<FloatTensor<B>>);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let (operation, inputs, kept) = ops.state;
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let of_inputs = B::own_backward(&operation, &inputs, kept, dy, &wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(of_inputs) {
            if let (Some(node), Some(gradient)) = (parent, gradient) {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

/// Computes, and puts a node into the graph if an input takes gradients.
fn tracked<B: Differentiable, C: CheckpointStrategy, const N: usize>(
    operation: Shared,
    inputs: [FloatTensor<Autodiff<B, C>>; N],
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = inputs.each_ref().map(FloatTensor::<Autodiff<B, C>>::node);
    let inputs = inputs.map(FloatTensor::<Autodiff<B, C>>::into_primitive);
    match Node.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (output, kept) = B::own_forward(&operation, &inputs);
            prepared.finish((operation, inputs, kept), output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(B::own_forward(&operation, &inputs).0),
    }
}

impl<B: Differentiable, C: CheckpointStrategy> Extension for Autodiff<B, C> {
    fn own_of_one(operation: Shared, a: FloatTensor<Self>) -> FloatTensor<Self> {
        tracked::<B, C, 1>(operation, [a])
    }

    fn own_of_two(operation: Shared, a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        tracked::<B, C, 2>(operation, [a, b])
    }

    fn own_of_three(
        operation: Shared,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        tracked::<B, C, 3>(operation, [a, b, c])
    }

    fn own_of_five(
        operation: Shared,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        d: FloatTensor<Self>,
        e: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        tracked::<B, C, 5>(operation, [a, b, c, d, e])
    }
}
