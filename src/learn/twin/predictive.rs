//! The twin of CPC: strided convolutions, a GRU, and one linear map for each of four steps ahead.

use super::contrastive::Block;
use super::{Shape, Twin, online, views};
use crate::learn::loss::{self, Negatives, Score};
use crate::learn::nn::{Compute, Geometry, Gru, Init};
use crate::learn::objective::online::Online;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

const WIDTH: usize = 128;
const AHEAD: usize = 4;

#[derive(Module, Debug)]
struct Network {
    blocks: Vec<Block>,
    context: Gru,
    heads: Vec<Param<Tensor<2>>>,
}

pub(super) struct Cpc {
    online: Online<Network>,
    windows: Tensor<3>,
}

impl Cpc {
    pub fn new(shape: Shape, seed: u64, compute: Compute) -> Self {
        let mut init = Init::training(seed, compute);
        let layers = [([shape.channels, 64], (10, 5, 3)), ([64, WIDTH], (8, 4, 2)), ([WIDTH, WIDTH], (4, 2, 1))];
        let blocks = layers.map(|(widths, (kernel, stride, padding))| {
            Block::new(&mut init, widths, Geometry::padded(kernel, stride, padding))
        });
        let context = Gru::new(&mut init, WIDTH, WIDTH);
        let heads = (0..AHEAD).map(|_| init.uniform([WIDTH, WIDTH], (1.0 / WIDTH as f32).sqrt())).collect();
        let [windows, _] = views(shape, seed, &compute.serving());
        Self { online: online(Network { blocks: blocks.into(), context, heads }), windows }
    }
}

impl Twin for Cpc {
    fn step(&mut self) -> f32 {
        let network = self.online.module();
        let z = network.blocks.iter().fold(self.windows.clone().autodiff(), |x, block| block.forward(x));
        let c = network.context.forward(z.clone());
        // The twin scores by the dot product over the root of the width, and predicts from the same steps for all heads.
        let kept = z.dims()[1] - AHEAD;
        let context = c.narrow(1, 0, kept) * (1.0 / (WIDTH as f32).sqrt());
        let one = |(i, head): (usize, &Param<Tensor<2>>)| {
            let latents = z.clone().narrow(1, i + 1, kept);
            loss::cpc_step(latents, context.clone(), head.val(), Score::Dot, &Negatives::BatchSameTime)
        };
        let losses: Vec<Tensor<1>> = network.heads.iter().enumerate().map(one).collect();
        self.online.descend(&Tensor::cat(losses, 0).mean()).loss()
    }
}
