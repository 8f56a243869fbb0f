//! What all encoders have in common, and what each promises.

use super::*;
use crate::learn::nn::{Compute, Init};
use crate::learn::parameters;
use burn::tensor::{Distribution, Tensor};

const CHANNELS: usize = 3;

fn site(label: &str, x: f32, y: f32) -> Site {
    Site { label: label.to_owned(), position: Some([x, y]) }
}

/// A small encoder of each architecture.
fn shapes() -> Vec<EncoderShape> {
    let shape = |architecture, widths: &[usize]| EncoderShape {
        channels: CHANNELS,
        architecture,
        widths: widths.to_vec(),
        embedding: 10,
        sites: vec![site("C3", -0.4, 0.0), site("Cz", 0.0, 0.0), Site { label: "X1".into(), position: None }],
    };
    vec![
        shape(Architecture::Conv, &[8, 16, 16]),
        shape(Architecture::SpatialConv { virtual_channels: 6 }, &[8, 16, 16]),
        shape(Architecture::Channelwise, &[8, 16, 16]),
        shape(Architecture::Tcn, &[8, 8, 12]),
        shape(Architecture::Eegnet { kernel: 9 }, &[4, 8]),
    ]
}

fn serving(shape: &EncoderShape) -> Encoder {
    Encoder::new(&mut Init::serving(7, Compute::default()), shape)
}

fn noise<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Compute::default().serving())
}

fn values<const D: usize>(x: &Tensor<D>) -> Vec<f32> {
    parameters::values_of(x.clone())
}

fn assert_near(what: &str, got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (a, b)) in got.iter().zip(want).enumerate() {
        assert!((a - b).abs() < 1e-5 * b.abs().max(1.0), "{what} {i}: {a} and {b}");
    }
}

#[test]
fn rows_do_not_depend_on_their_batch() {
    for shape in shapes() {
        let encoder = serving(&shape);
        let x = noise([5, 80, CHANNELS]);
        let together = values(&encoder.forward(x.clone()));
        for row in 0..5 {
            let alone = encoder.embed(values(&x.clone().narrow(0, row, 1)), CHANNELS);
            assert_near(shape.architecture.word(), &alone, &together[row * 10..][..10]);
        }
    }
}

#[test]
fn lengths_are_what_the_shape_says() {
    for shape in shapes() {
        let encoder = serving(&shape);
        let word = shape.architecture.word();
        for frames in [shape.shortest(), 2 * shape.shortest() + 1, 77] {
            let features = encoder.features(noise([2, frames, CHANNELS]));
            assert_eq!(features.dims(), [2, shape.features(frames), shape.width()], "{word}, {frames} frames");
            assert_eq!(encoder.readout(features).dims(), [2, 10], "{word}");
        }
    }
}

/// How far back a feature looks: the window's last feature with the frame before its receptive field changed, and the
/// frame inside. A normalisation over time carries a little of everything, which the change of the frame outside shows.
#[test]
fn a_feature_sees_its_receptive_field() {
    let shape = shapes().into_iter().find(|shape| shape.architecture == Architecture::Tcn).unwrap();
    let (encoder, frames) = (serving(&shape), 60);
    assert_eq!(shape.receptive_field(), 1 + 2 * 2 * (1 + 2 + 4));
    let x = noise([1, frames, CHANNELS]);
    let last = |x: Tensor<3>| values(&encoder.features(x).narrow(1, frames - 1, 1));
    let changed = |frame: usize| {
        let bump = Tensor::ones([1, 1, CHANNELS], &Compute::default().serving()) * noise([1, 1, CHANNELS]);
        last(x.clone().slice_assign([0..1, frame..frame + 1, 0..CHANNELS], bump)) != last(x.clone())
    };
    assert!(changed(frames - shape.receptive_field()));
    assert!(!changed(frames - shape.receptive_field() - 1));
}

#[test]
fn counts_what_it_costs() {
    let [conv, spatial, channelwise, tcn, eegnet] = shapes().try_into().unwrap();
    assert_eq!((conv.shortest(), conv.receptive_field()), (8, 29));
    let (stack, head) = (|cin: usize| (4 * 8 * 5 * cin + 2 * 16 * 40 + 16 * 80) as u64, 2 * 16 * 10);
    assert_eq!(conv.multiply_adds(8), stack(3) + head);
    assert_eq!(spatial.multiply_adds(8), 3 * 6 * (8 + 112) + stack(6) + head);
    assert_eq!(channelwise.multiply_adds(8), 3 * stack(1) + head);
    assert_eq!(tcn.multiply_adds(8), 8 * (3 * 8 + 4 * 3 * 64 + 3 * (8 * 12 + 12 * 12) + 8 * 12) + 2 * 12 * 10);
    assert_eq!((eegnet.stride(), eegnet.receptive_field()), (32, 23 * 4 + 8));
    assert_eq!(eegnet.multiply_adds(32), 32 * 8 * (3 + 9) + 8 * 8 * (16 + 8) + 2 * 8 * 10);
    assert_eq!(serving(&conv).parameters(), 3 * 5 * 8 + 40 * 16 + 80 * 16 + 3 * 40 + 32 * 10 + 10);
    assert_eq!(serving(&spatial).parameters(), serving(&conv).parameters() + 112 * 6 + 3 * 5 * 8);
}

#[test]
fn names_of_parameters_do_not_tell_the_architecture() {
    for shape in shapes() {
        let names: Vec<String> = parameters::list(&serving(&shape)).into_iter().map(|named| named.name).collect();
        assert!(names.iter().all(|name| !name.contains(|c: char| c.is_uppercase())), "{names:?}");
        assert_eq!(names[names.len() - 1], "head.bias");
    }
    let [conv, spatial, _, _, _] = shapes().try_into().unwrap();
    assert_eq!(parameters::list(&serving(&conv))[0].name, "blocks.0.conv.weight");
    assert_eq!(parameters::list(&serving(&spatial))[0].name, "spatial.weight");
}

#[test]
fn a_shape_comes_back_from_its_card_and_an_old_one_is_a_stack() {
    for shape in shapes() {
        let text = serde_json::to_string(&shape).unwrap();
        assert_eq!(serde_json::from_str::<EncoderShape>(&text).unwrap(), shape, "{text}");
    }
    let old: EncoderShape = serde_json::from_str(r#"{"channels":16,"widths":[32,64],"embedding":128}"#).unwrap();
    assert_eq!((old.architecture, old.sites), (Architecture::Conv, Vec::new()));
}

/// Values `[T, C]` with the channels in another order, or without one.
fn picked(window: &[f32], channels: &[usize]) -> Vec<f32> {
    window.chunks_exact(CHANNELS).flat_map(|frame| channels.iter().map(|&c| frame[c])).collect()
}

#[test]
fn one_model_serves_any_montage() {
    for shape in shapes().into_iter().filter(|shape| shape.architecture.serves_any_montage()) {
        let word = shape.architecture.word();
        let (encoder, mut window) = (serving(&shape), values(&noise([1, 64, CHANNELS])));
        let weights = parameters::list(&encoder);
        let on = |channels: &[usize]| {
            let sites = channels.iter().map(|&c| shape.sites[c].clone()).collect();
            let other = serving(&EncoderShape { channels: channels.len(), sites, ..shape.clone() });
            parameters::with_values(other, &weights).unwrap()
        };
        let whole = encoder.embed(window.clone(), CHANNELS);
        assert_near(word, &on(&[2, 0, 1]).embed(picked(&window, &[2, 0, 1]), CHANNELS), &whole);
        // A channel that was masked is as if it had never been there.
        window.chunks_exact_mut(CHANNELS).for_each(|frame| frame[1] = 0.0);
        let masked = encoder.embed(window.clone(), CHANNELS);
        assert_near(word, &on(&[0, 2]).embed(picked(&window, &[0, 2]), 2), &masked);
        assert!(masked.iter().zip(&whole).any(|(a, b)| (a - b).abs() > 1e-3), "{word}: the channel had no effect");
        // With nothing left there is an embedding of silence, and no number that is none.
        assert!(encoder.embed(vec![0.0; 64 * CHANNELS], CHANNELS).iter().all(|v| v.is_finite()), "{word}");
    }
}

#[test]
fn a_stream_gives_the_features_of_a_batch_however_it_is_cut() {
    for shape in shapes() {
        let (encoder, frames, window) = (serving(&shape), 90, 40);
        let Some(mut whole) = Streaming::new(&encoder, frames) else {
            assert_ne!(shape.architecture, Architecture::Tcn);
            continue;
        };
        let x = noise([1, frames, CHANNELS]);
        let (samples, batch) = (values(&x), encoder.features(x.clone()));
        for cut in [1, 7, 64] {
            let mut streaming = Streaming::new(&encoder, window).unwrap();
            let blocks = samples.chunks(cut * CHANNELS);
            let features: Vec<f32> = blocks.flat_map(|block| streaming.step(block, CHANNELS)).collect();
            assert_near("features", &features, &values(&batch));
            let last = encoder.readout(batch.clone().narrow(1, frames - window, window));
            assert_near("embedding", &streaming.embedding().unwrap(), &values(&last));
        }
        assert!(whole.step(&samples[..CHANNELS], CHANNELS).len() == shape.width() && whole.embedding().is_none());
        whole.step(&samples[CHANNELS..], CHANNELS);
        assert_near("the first window", &whole.embedding().unwrap(), &encoder.embed(samples, CHANNELS));
    }
}
