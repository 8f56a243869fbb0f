//! A transformer block as a layer.

use super::{Activation, Gelu, GroupNorm, Init, Kernels, Linear, attention, plain};
use burn::module::Module;
use burn::tensor::Tensor;

/// Attention and a two-layer map, each behind a layer normalisation and added to its input (Vaswani et al., 2017;
/// normalised first as by Xiong et al., 2020).
#[derive(Module, Debug)]
pub struct Transformer {
    before_attention: GroupNorm,
    qkv: Linear,
    out: Linear,
    before_map: GroupNorm,
    up: Linear,
    gelu: Gelu,
    down: Linear,
    heads: usize,
    #[module(skip)]
    kernels: Kernels,
}

impl Transformer {
    /// A block of tokens `width` wide, its map `hidden` wide.
    #[must_use]
    pub fn new(init: &mut Init, width: usize, heads: usize, hidden: usize) -> Self {
        Self {
            before_attention: GroupNorm::new(init, width, 1, Activation::Identity),
            qkv: Linear::new(init, width, 3 * width),
            out: Linear::new(init, width, width),
            before_map: GroupNorm::new(init, width, 1, Activation::Identity),
            up: Linear::new(init, width, hidden),
            gelu: Gelu::new(init),
            down: Linear::new(init, hidden, width),
            heads,
            kernels: init.kernels(),
        }
    }

    /// Tokens `[B, N, D]` to `[B, N, D]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let rows = |x: Tensor<3>| x.reshape([batch * tokens, width]);
        let qkv = self.qkv.forward(self.before_attention.forward_rows(rows(x.clone())));
        let qkv = qkv.reshape([batch, tokens, 3 * width]);
        let mixed = match self.kernels {
            Kernels::Own => attention(qkv, self.heads),
            Kernels::Plain => plain::attention(qkv, self.heads),
        };
        let x = rows(x) + self.out.forward(rows(mixed));
        let hidden = self.up.forward(self.before_map.forward_rows(x.clone()));
        let x = x + self.down.forward(self.gelu.forward(hidden));
        x.reshape([batch, tokens, width])
    }
}
