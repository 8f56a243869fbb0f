//! The encoder that a configuration asks for, on the channels of a stream.
//!
//! Pure. Invariant: values were checked before (`pipeline::validate`), so every configuration that gets here has a shape.

use crate::config::ModelConfig;
use crate::learn::{Architecture, EncoderShape};
use crate::signal::Montage;

/// The shape of the encoder for such a stream.
pub(super) fn encoder(model: &ModelConfig, montage: &Montage) -> EncoderShape {
    EncoderShape {
        channels: montage.len(),
        architecture: Architecture::Conv,
        widths: model.widths.clone(),
        embedding: model.embedding,
        sites: Vec::new(),
    }
}
