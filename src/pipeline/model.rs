//! The encoder that a configuration asks for, on the channels of a stream.
//!
//! Pure. Invariant: values were checked before (`pipeline::validate`), so every configuration that gets here has a shape.

use crate::config::ModelConfig;
use crate::learn::{Architecture, EncoderShape};
use crate::signal::Montage;

/// The shape of the encoder for such a stream.
pub(super) fn encoder(model: &ModelConfig, montage: &Montage, rate_hz: f64) -> EncoderShape {
    let architecture = match model.encoder.as_str() {
        "patch-transformer" => {
            Architecture::PatchTransformer { patch: super::plan::frames(model.patch_s, rate_hz).max(1) }
        }
        _ => Architecture::Conv,
    };
    EncoderShape {
        channels: montage.len(),
        architecture,
        widths: model.widths.clone(),
        embedding: model.embedding,
        sites: Vec::new(),
    }
}
