//! The encoder that a configuration asks for, on the channels that the model sees.
//!
//! Pure. Invariant: words were checked before (`pipeline::validate`); a configuration that was not gets the default's shape.

use crate::config::ModelConfig;
use crate::learn::{Architecture, Encoder, EncoderShape, Site};
use crate::signal::Montage;

/// Widths where the configuration names none.
fn widths(architecture: &Architecture) -> Vec<usize> {
    match architecture {
        Architecture::Tcn => vec![32; 6],
        Architecture::Eegnet { .. } => vec![8, 16],
        Architecture::PatchTransformer { .. } => vec![64; 4],
        _ => vec![32, 64, 128],
    }
}

/// The shape of the encoder for this montage at this rate.
pub(super) fn encoder(model: &ModelConfig, montage: &Montage, rate_hz: f64) -> EncoderShape {
    let architecture = match model.encoder.as_str() {
        "spatial-conv" => Architecture::SpatialConv { virtual_channels: model.virtual_channels },
        "channelwise" => Architecture::Channelwise,
        "tcn" => Architecture::Tcn,
        // Half a second, as in the paper.
        "eegnet" => Architecture::Eegnet { kernel: ((rate_hz / 2.0).round() as usize).max(1) },
        "patch-transformer" => {
            Architecture::PatchTransformer { patch: super::plan::frames(model.patch_s, rate_hz).max(1) }
        }
        _ => Architecture::Conv,
    };
    let site = |(label, position): (&str, Option<[f32; 2]>)| Site { label: label.to_owned(), position };
    // Only attention over electrodes looks at them.
    let sites = match architecture {
        Architecture::SpatialConv { .. } => montage.labels().zip(montage.positions()).map(site).collect(),
        _ => Vec::new(),
    };
    EncoderShape {
        channels: montage.len(),
        widths: model.widths.clone().unwrap_or_else(|| widths(&architecture)),
        architecture,
        embedding: model.embedding,
        sites,
    }
}

/// An encoder of this shape and what it costs for windows of `frames` frames.
pub(super) fn in_words(shape: &EncoderShape, encoder: &Encoder, frames: usize) -> String {
    let parameters = encoder.parameters();
    format!(
        "encoder {}: {parameters} parameters, {:.2} million multiply-adds a window, a feature every {} frames that sees {}",
        shape.architecture.word(),
        shape.multiply_adds(frames) as f64 / 1e6,
        shape.stride(),
        shape.receptive_field()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::nn::{Compute, Init};

    #[test]
    fn every_word_has_its_architecture() {
        for word in Architecture::WORDS {
            let model = ModelConfig { encoder: word.to_owned(), ..ModelConfig::default() };
            let shape = encoder(&model, &Montage::of_labels(&["C3", "C4"]), 256.0);
            assert_eq!((shape.architecture.word(), shape.channels), (word, 2));
            let made = Encoder::new(&mut Init::serving(0, Compute::default()), &shape);
            assert!(in_words(&shape, &made, 512).starts_with(&format!("encoder {word}: ")));
        }
        let of = |word: &str| {
            let model = ModelConfig { encoder: word.to_owned(), ..ModelConfig::default() };
            encoder(&model, &Montage::of_labels(&["C3", "C4"]), 256.0).sites.len()
        };
        assert_eq!((of("spatial-conv"), of("conv")), (2, 0), "only attention looks at electrodes");
    }
}
