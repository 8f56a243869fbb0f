//! The twins of MoCo, BYOL and SimCLR: a padded convolutional encoder with mean pooling.

use super::{Shape, Twin, normal, online, views};
use crate::learn::nn::{Activation, Compute, Conv, Geometry, GroupNorm, Init, Linear, Perceptron, Pool, Pooling};
use crate::learn::objective::online::Online;
use crate::learn::{loss, parameters};
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

/// Convolution, group normalisation, ReLU.
#[derive(Module, Debug)]
pub(super) struct Block {
    conv: Conv,
    norm: GroupNorm,
}

impl Block {
    pub fn new(init: &mut Init, [cin, cout]: [usize; 2], geometry: Geometry) -> Self {
        let conv = Conv::new(init, cin, cout, geometry);
        Self { conv, norm: GroupNorm::new(init, cout, 8, Activation::Relu) }
    }

    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.norm.forward(self.conv.forward(x))
    }
}

#[derive(Module, Debug)]
struct Encoder {
    blocks: Vec<Block>,
    pool: Pool,
    head: Linear,
}

const EMBEDDING: usize = 128;
const HIDDEN: usize = 256;

impl Encoder {
    fn new(init: &mut Init, channels: usize) -> Self {
        let widths = [[channels, 64], [64, 128], [128, 256]];
        let blocks = widths.map(|widths| Block::new(init, widths, Geometry::padded(5, 2, 2))).into();
        let pool = Pool::new(init, Pooling::Mean);
        Self { blocks, pool, head: Linear::new(init, 256, EMBEDDING) }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let features = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.head.forward(self.pool.forward(features))
    }
}

fn perceptron(init: &mut Init) -> Perceptron {
    Perceptron::new(init, [EMBEDDING, HIDDEN, EMBEDDING], Activation::Relu)
}

/// Query and key encoder with a queue, nothing masked.
pub(super) struct Moco {
    query: Online<Encoder>,
    key: Encoder,
    queue: Vec<f32>,
    next: usize,
    views: [Tensor<3>; 2],
    compute: Compute,
}

const KEYS: usize = 4096;

impl Moco {
    pub fn new(shape: Shape, seed: u64, compute: Compute) -> Self {
        let encoder = Encoder::new(&mut Init::training(seed, compute), shape.channels);
        let keys = TensorData::new(normal(seed, KEYS * EMBEDDING), [KEYS, EMBEDDING]);
        let queue = parameters::values_of(loss::unit(Tensor::<2>::from_data(keys, &compute.serving())));
        let views = views(shape, seed, &compute.serving());
        Self { key: encoder.valid(), query: online(encoder), queue, next: 0, views, compute }
    }
}

impl Twin for Moco {
    fn step(&mut self) -> f32 {
        let online = parameters::list(self.query.module());
        self.key = parameters::moved_towards(self.key.clone(), &online, 0.999);
        let keys = loss::unit(self.key.forward(self.views[1].clone()));
        let queries = self.query.module().forward(self.views[0].clone().autodiff());
        let queue = TensorData::new(self.queue.clone(), [KEYS, EMBEDDING]);
        let queue = Tensor::from_data(queue, &self.compute.training());
        let rows = loss::moco_rows(queries, keys.clone().autodiff(), queue, None, 0.2);
        let loss = self.query.descend(&rows.mean()).loss();
        for key in parameters::values_of(keys).chunks_exact(EMBEDDING) {
            self.queue[self.next * EMBEDDING..][..EMBEDDING].copy_from_slice(key);
            self.next = (self.next + 1) % KEYS;
        }
        loss
    }
}

#[derive(Module, Debug)]
struct Trunk {
    encoder: Encoder,
    projector: Perceptron,
}

impl Trunk {
    fn new(init: &mut Init, channels: usize) -> Self {
        let encoder = Encoder::new(init, channels);
        Self { encoder, projector: perceptron(init) }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        self.projector.forward(self.encoder.forward(x))
    }
}

#[derive(Module, Debug)]
struct Predicting {
    trunk: Trunk,
    predictor: Perceptron,
}

/// Online and target network; both views of a pass lie in one batch.
pub(super) struct Byol {
    online: Online<Predicting>,
    target: Trunk,
    views: Tensor<3>,
}

impl Byol {
    pub fn new(shape: Shape, seed: u64, compute: Compute) -> Self {
        let mut init = Init::training(seed, compute);
        let trunk = Trunk::new(&mut init, shape.channels);
        let (target, predictor) = (trunk.valid(), perceptron(&mut init));
        let views = Tensor::cat(views(shape, seed, &compute.serving()).into(), 0);
        Self { online: online(Predicting { trunk, predictor }), target, views }
    }
}

fn halves(x: Tensor<2>) -> [Tensor<2>; 2] {
    let rows = x.dims()[0] / 2;
    [x.clone().narrow(0, 0, rows), x.narrow(0, rows, rows)]
}

impl Twin for Byol {
    fn step(&mut self) -> f32 {
        let [t1, t2] = halves(self.target.forward(self.views.clone()).autodiff());
        let network = self.online.module();
        let [p1, p2] = halves(network.predictor.forward(network.trunk.forward(self.views.clone().autodiff())));
        // The twin takes the paper's sum, of which the loss here is the half.
        let loss = self.online.descend(&(loss::byol(p1, p2, t1, t2) * 2.0)).loss();
        let trunk = parameters::list(&self.online.module().trunk);
        self.target = parameters::moved_towards(self.target.clone(), &trunk, 0.99);
        loss
    }
}

/// Both views in one batch, one projector.
pub(super) struct Simclr {
    online: Online<Trunk>,
    views: Tensor<3>,
}

impl Simclr {
    pub fn new(shape: Shape, seed: u64, compute: Compute) -> Self {
        let trunk = Trunk::new(&mut Init::training(seed, compute), shape.channels);
        let views = Tensor::cat(views(shape, seed, &compute.serving()).into(), 0);
        Self { online: online(trunk), views }
    }
}

impl Twin for Simclr {
    fn step(&mut self) -> f32 {
        let [z1, z2] = halves(self.online.module().forward(self.views.clone().autodiff()));
        self.online.descend(&loss::nt_xent(z1, z2, 0.2)).loss()
    }
}
