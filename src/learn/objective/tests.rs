//! What holds for every method: it can be gone on with, its targets take no gradients, and its rows do not know each
//! other's place.

use super::online::Online;
use super::trunk::{Trunk, halves};
use super::*;
use crate::learn::nn::{Backend, Compute, Init, Kernels};
use crate::learn::{Architecture, EncoderShape, Health, Schedule, parameters};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const FRAMES: usize = 64;
const CHANNELS: usize = 2;
const ROWS: usize = 8;

pub(super) fn conv() -> EncoderShape {
    EncoderShape { channels: CHANNELS, widths: vec![8, 16], embedding: 8, ..EncoderShape::default() }
}

pub(super) fn encoders() -> [EncoderShape; 2] {
    let architecture = Architecture::PatchTransformer { patch: 8 };
    [conv(), EncoderShape { architecture, widths: vec![16, 16], embedding: 8, ..conv() }]
}

/// The other encoders, for those windows and patches that they can take.
fn further(method: Method) -> Vec<ObjectiveSettings> {
    let shape = |architecture, widths: &[usize]| EncoderShape { architecture, widths: widths.to_vec(), ..conv() };
    let shapes = [
        shape(Architecture::SpatialConv { virtual_channels: 4 }, &[8, 16]),
        shape(Architecture::Channelwise, &[8, 16]),
        shape(Architecture::Tcn, &[8, 8]),
        shape(Architecture::Eegnet { kernel: 9 }, &[4, 8]),
    ];
    let fits = |settings: &ObjectiveSettings| {
        let hides = matches!(settings.method, Method::Mae | Method::Masked);
        settings.shortest() <= FRAMES && (!hides || settings.encoder.shortest() <= settings.patch)
    };
    shapes.into_iter().map(|shape| settings(method, shape)).filter(fits).collect()
}

fn settings(method: Method, encoder: EncoderShape) -> ObjectiveSettings {
    let schedule = Schedule { learning_rate: 1e-3, warmup_steps: 1, ..Schedule::default() };
    ObjectiveSettings {
        schedule,
        queue: 20,
        near_frames: 10,
        pieces: 4,
        ahead: 2,
        autoencoder: AutoencoderSettings { latent: 2, noise: 0.1 },
        ..ObjectiveSettings::new(method, encoder, FRAMES)
    }
}

/// Waves whose frequency belongs to the row, in three noisy views.
pub(super) fn batch(number: u64, rows: usize) -> Batch {
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    let frequencies: Vec<f32> = (0..rows).map(|_| rng.random_range(0.05..0.9)).collect();
    let mut view = || -> Vec<f32> {
        let mut all = Vec::new();
        for frequency in &frequencies {
            let phase: f32 = rng.random_range(0.0..6.0);
            for t in 0..FRAMES {
                let wave = (t as f32 * frequency + phase).sin();
                all.extend((0..CHANNELS).map(|c| wave * (c + 1) as f32 + rng.random_range(-0.1..0.1)));
            }
        }
        all
    };
    let views = [(); VIEWS].map(|()| view());
    let origins = |shift: u64| {
        let origin = |row: u64| Origin { source: u32::from(row >= 6), first: number * 10_000 + row * 100 + shift };
        (0..rows as u64).map(origin).collect()
    };
    let draw = number * rows as u64;
    let origins = [0, 10, 20].map(origins);
    Batch { views, origins, frames: FRAMES, channels: CHANNELS, draw, ..Batch::default() }
}

#[test]
fn twenty_steps_are_ten_and_ten_after_a_restart() {
    let all = Method::ALL.into_iter().flat_map(|m| encoders().map(|e| settings(m, e)));
    let others = [
        ObjectiveSettings { forecast: Forecast::Patch, ..settings(Method::Forecast, conv()) },
        ObjectiveSettings { negatives: CpcNegatives::AllTimes, ..settings(Method::Cpc, conv()) },
        ObjectiveSettings { negatives: CpcNegatives::OtherRecordings, ..settings(Method::Cpc, conv()) },
        ObjectiveSettings {
            mixup: MixupSettings { alpha: 0.5, share_weight: 0.0, keys: MixupKeys::Queue },
            ..settings(Method::Mixup, conv())
        },
    ];
    for settings in all.chain(others).chain(Method::ALL.into_iter().flat_map(further)) {
        let name = format!("{} with {}", settings.method.word(), settings.encoder.architecture.word());
        let mut whole = build(&settings);
        let losses: Vec<f32> = (0..20).map(|i| whole.step(&batch(i, ROWS)).loss).collect();
        assert!(losses.iter().all(|loss| loss.is_finite()) && whole.skipped() == 0, "{name}: {losses:?}");
        let mut first = build(&settings);
        (0..10).for_each(|i| drop(first.step(&batch(i, ROWS))));
        let mut second = build(&settings);
        second.restore(&first.learnt()).unwrap();
        assert!(second.learnt() == first.learnt(), "{name}");
        (10..20).for_each(|i| drop(second.step(&batch(i, ROWS))));
        assert!(second.learnt() == whole.learnt(), "{name}");
        assert_eq!((second.steps(), second.skipped()), (20, 0), "{name}");
        let missing = Learnt { tensors: second.learnt().tensors.split_off(1), ..second.learnt() };
        assert!(first.restore(&missing).is_err(), "{name}: a tensor is missing");
    }
}

#[test]
fn every_method_learns_what_it_asks_for() {
    for (method, encoder) in Method::ALL.into_iter().flat_map(|m| encoders().map(|e| (m, e))) {
        let name = format!("{} with {}", method.word(), encoder.architecture.word());
        let mut objective = build(&settings(method, encoder));
        let before = parameters::list(&objective.encoder());
        let mut losses = Vec::new();
        for i in 0..60 {
            let report = objective.step(&batch(i % 4, 16));
            let dimension = 8;
            assert_eq!(report.embeddings.len() % dimension, 0, "{name}");
            assert!(report.chance.is_some_and(|chance| chance >= 0.0), "{name}: {:?}", report.chance);
            losses.push(report.loss);
        }
        let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
        // MoCo's queue is empty at first, and grows: its loss rises with it.
        let (early, late) = (mean(&losses[4..14]), mean(&losses[50..]));
        assert!(late < early || method == Method::Moco, "{name}: {early} to {late}");
        for (old, new) in before.iter().zip(parameters::list(&objective.encoder())) {
            assert_ne!(old.values, new.values, "{name}: {} of the encoder takes part", old.name);
        }
    }
}

#[test]
fn losses_are_those_of_burns_own_layers() {
    for (method, encoder) in Method::ALL.into_iter().flat_map(|m| encoders().map(|e| (m, e))) {
        let name = format!("{} with {}", method.word(), encoder.architecture.word());
        let [own, plain] = Kernels::ALL.map(|kernels| {
            let compute = Compute::new(Backend::Flex, kernels);
            let mut objective = build(&ObjectiveSettings { compute, ..settings(method, encoder.clone()) });
            (0..3).map(|i| objective.step(&batch(i, ROWS)).loss).collect::<Vec<f32>>()
        });
        for (own, plain) in own.iter().zip(&plain) {
            assert!((own - plain).abs() <= 1e-3 * plain.abs(), "{name}: {own} and {plain}");
        }
    }
}

/// Parameters under a prefix.
fn under(objective: &dyn Objective, prefix: &str) -> Vec<Vec<f32>> {
    let tensors = objective.learnt().tensors.into_iter();
    tensors.filter(|t| t.name.starts_with(prefix)).map(|t| t.values).collect()
}

#[test]
fn a_target_moves_once_a_step_after_the_optimiser_and_takes_no_gradient() {
    for (method, target, online) in [
        (Method::Byol, "target.", "online.trunk."),
        (Method::Moco, "key.", "online."),
        (Method::Forecast, "target.", "online.trunk."),
    ] {
        let with = |momentum| build(&ObjectiveSettings { momentum, ..settings(method, conv()) });
        // It stays where it is with a momentum of 1, so no gradient and no decay reaches it …
        let mut fixed = with(1.0);
        let before = under(fixed.as_ref(), target);
        (0..3).for_each(|i| drop(fixed.step(&batch(i, ROWS))));
        assert_eq!(under(fixed.as_ref(), target), before, "{method:?}");
        // … is the stepped network with one of 0 …
        let mut copied = with(0.0);
        copied.step(&batch(0, ROWS));
        assert_eq!(under(copied.as_ref(), target), under(copied.as_ref(), online), "{method:?}");
        // … and goes half of the way once with one of a half.
        let mut halved = with(0.5);
        let old = under(halved.as_ref(), target);
        halved.step(&batch(0, ROWS));
        let (new, stepped) = (under(halved.as_ref(), target), under(halved.as_ref(), online));
        for ((new, old), stepped) in new.iter().flatten().zip(old.iter().flatten()).zip(stepped.iter().flatten()) {
            assert!((new - (old + stepped) * 0.5).abs() < 1e-6, "{method:?}: {old} and {stepped} to {new}");
        }
        // Looking moves nothing.
        let learnt = halved.learnt();
        let _ = (halved.encoder().forward(batch(1, ROWS).view(0, &Compute::default().serving())), halved.steps());
        assert!(halved.learnt() == learnt, "{method:?}");
    }
}

#[test]
fn a_step_that_is_not_finite_moves_neither_weights_nor_targets_nor_queue() {
    for method in Method::ALL {
        let mut objective = build(&settings(method, conv()));
        objective.step(&batch(0, ROWS));
        let before = objective.learnt();
        let mut broken = batch(1, ROWS);
        broken.views.iter_mut().for_each(|view| view[5] = f32::NAN);
        assert!(objective.step(&broken).skipped, "{method:?}");
        assert_eq!((objective.steps(), objective.skipped()), (1, 1), "{method:?}");
        assert!(objective.learnt().tensors == before.tensors, "{method:?}");
    }
}

/// The same rows in another order.
fn permuted(batch: &Batch, order: &[usize]) -> Batch {
    let window = FRAMES * CHANNELS;
    let views = batch.views.clone().map(|view| {
        order.iter().flat_map(|&row| view[row * window..(row + 1) * window].to_vec()).collect::<Vec<f32>>()
    });
    let origins = batch.origins.clone().map(|origins| order.iter().map(|&row| origins[row]).collect());
    Batch { views, origins, ..batch.clone() }
}

#[test]
fn rows_in_another_order_give_the_same_loss_and_embeddings_in_that_order() {
    let order = [3, 0, 7, 5, 1, 2, 6, 4];
    // The others draw for each row, by its number.
    for method in [Method::Byol, Method::Moco, Method::Cpc, Method::Simclr, Method::Order, Method::Forecast] {
        let mut objectives = [(); 2].map(|()| build(&settings(method, conv())));
        objectives.iter_mut().for_each(|objective| drop(objective.step(&batch(0, ROWS))));
        let [a, b] = [batch(1, ROWS), permuted(&batch(1, ROWS), &order)];
        let [a, b] = [objectives[0].step(&a), objectives[1].step(&b)];
        assert!((a.loss - b.loss).abs() < 1e-4 * a.loss.abs(), "{method:?}: {} and {}", a.loss, b.loss);
        let size = a.embeddings.len() / ROWS;
        for (row, &from) in order.iter().enumerate() {
            let (moved, was) = (&b.embeddings[row * size..][..size], &a.embeddings[from * size..][..size]);
            assert!(moved.iter().zip(was).all(|(m, w)| (m - w).abs() < 1e-5), "{method:?}: row {row}");
        }
    }
}

#[test]
fn a_window_never_meets_its_own_key_nor_its_neighbours() {
    let mut queue = KeyQueue::new(6, 1);
    let origins = [(0, 0), (0, 50), (0, 200), (1, 0)].map(|(source, first)| Origin { source, first });
    queue.push(&[0.0; 4], &origins);
    let masked = queue.masked(&origins, 100);
    let rows: Vec<&[bool]> = masked.chunks_exact(6).collect();
    assert_eq!(rows[0], [true, true, false, false, true, true]);
    assert_eq!(rows[2], [false, false, true, false, true, true]);
    assert_eq!(rows[3], [false, false, false, true, true, true]);
}

#[test]
fn what_can_be_told_is_told() {
    // Waves go on as they were, and the spectrum of a hidden patch is that of the others.
    let mask = MaskSettings { target: MaskTarget::Spectrum, ..MaskSettings::default() };
    for method in [Method::Byol, Method::Cpc, Method::Forecast, Method::Mae, Method::Masked] {
        let schedule = Schedule { learning_rate: 5e-3, warmup_steps: 1, ..Schedule::default() };
        let mut objective = build(&ObjectiveSettings { schedule, mae: mask, masked: mask, ..settings(method, conv()) });
        let reports: Vec<StepReport> = (0..100).map(|i| objective.step(&batch(i, 32))).collect();
        let share = |report: &StepReport| report.loss / report.chance.unwrap();
        let late = reports[90..].iter().map(share).sum::<f32>() / 10.0;
        assert!(late < 0.8 && late < 0.9 * share(&reports[0]), "{method:?}: {} to {late}", share(&reports[0]));
        // A loss that falls because windows become the same is no learning.
        let [before, after] = [0, 99].map(|i| Health::of(&reports[i].embeddings, 8));
        assert!(after.std > 0.8 * before.std, "{method:?}: {before:?} to {after:?}");
    }
}

/// BYOL without what keeps it from collapsing.
fn health_without(predictor: bool, stop_gradient: bool) -> (Health, Health) {
    let schedule = Schedule { learning_rate: 1e-2, warmup_steps: 1, ..Schedule::default() };
    let whole = ObjectiveSettings { schedule, ..settings(Method::Byol, conv()) };
    let of = |embeddings: &[f32]| Health::of(embeddings, 8);
    if predictor && stop_gradient {
        let mut objective = build(&whole);
        let reports: Vec<Vec<f32>> = (0..300).map(|i| objective.step(&batch(i, 32)).embeddings).collect();
        return (of(&reports[0]), of(&reports[299]));
    }
    let device = Compute::default().training();
    let mut online = Online::new(Trunk::new(&mut Init::training(0, Compute::default()), &conv()), schedule);
    let mut healths = Vec::new();
    for i in 0..300 {
        let (embeddings, z) = online.module().forward(batch(i, 32).together(2, &device));
        healths.push(of(&parameters::values_of(halves(embeddings.detach()).0)));
        let (z1, z2) = halves(z);
        // Without a stop both sides take gradients; without a predictor a network is its own target.
        let loss = if stop_gradient {
            loss::byol(z1.clone(), z2.clone(), z1, z2)
        } else {
            (loss::unit(z1) - loss::unit(z2)).square().sum_dim(1).mean()
        };
        assert!(!online.descend(&loss).skipped);
    }
    (healths[0], healths[299])
}

#[test]
fn byol_collapses_without_its_predictor_or_its_stop_and_health_says_so() {
    let (before, after) = health_without(true, true);
    assert!(!after.collapsed() && after.std > 0.3 * before.std, "intact: {before:?} to {after:?}");
    for (predictor, stop_gradient) in [(false, true), (false, false)] {
        let (before, after) = health_without(predictor, stop_gradient);
        assert!(after.collapsed(), "predictor {predictor}, stop {stop_gradient}: {before:?} to {after:?}");
    }
}
