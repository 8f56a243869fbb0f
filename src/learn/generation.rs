//! Generations: encoder weights that are served.
//!
//! Made by the trainer, read by serving threads through an `ArcSwap`. Invariant: a generation never changes; a window is
//! encoded by one of them, and its number travels with the embedding.

use super::{Axes, Encoder, Health};
use crate::format::digest::hex;
use crate::signal::Stamp;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// One published set of weights.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Counts up from 0, the first weights; a resumed run goes on counting.
    pub number: u64,
    /// Optimiser steps behind it.
    pub step: u64,
    /// The encoder, without gradients; its embeddings lie on the axes that were served before.
    pub encoder: Encoder,
    /// What turned them; none where they are served as the trainer has them.
    pub axes: Option<Arc<Axes>>,
    /// How healthy its embeddings were.
    pub health: Health,
    /// When it was published.
    pub made_at: Stamp,
}

impl Generation {
    /// SHA-256 of the encoder's weights, in hexadecimal.
    #[must_use]
    pub fn weights_sha256(&self) -> String {
        weights_sha256(&self.encoder)
    }
}

/// SHA-256 of an encoder's weights, in hexadecimal.
pub(super) fn weights_sha256(encoder: &Encoder) -> String {
    let mut hasher = Sha256::new();
    for parameter in super::parameters::list(encoder) {
        hasher.update(super::checkpoint::le_bytes(&parameter.values));
    }
    hex(&hasher.finalize())
}
