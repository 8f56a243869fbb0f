//! The trainer and its gate on signal from a formula.

use super::*;
use crate::learn::gate::{Decision, GateSettings};
use crate::learn::objective::drill::drill;
use crate::learn::{EncoderShape, Method, ObjectiveSettings, Schedule};
use crate::window::{AugmentationStep, Preset};
use rand::RngExt;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) const FRAMES: usize = 64;
const CHANNELS: usize = 4;
pub(super) const HOP: u64 = 16;

/// A window of rhythms that come and go.
pub(super) fn window(number: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(number / 6);
    let rhythms: Vec<[f32; 3]> = (0..CHANNELS)
        .map(|_| [rng.random_range(0.05..0.9), rng.random_range(0.3..1.5), rng.random_range(0.0..6.0)])
        .collect();
    let mut noise = ChaCha8Rng::seed_from_u64(1000 + number);
    let sample = |t: usize, [turn, height, phase]: [f32; 3]| height * (turn * t as f32 + phase).sin();
    (0..FRAMES)
        .flat_map(|t| rhythms.iter().map(move |&rhythm| sample(t, rhythm)).collect::<Vec<_>>())
        .map(|v| v + noise.random_range(-0.3..0.3))
        .collect()
}

pub(super) fn settings(method: Method) -> TrainerSettings {
    let encoder = EncoderShape { channels: CHANNELS, widths: vec![8, 16], embedding: 16, ..EncoderShape::default() };
    let schedule = Schedule { learning_rate: 2e-3, warmup_steps: 5, ..Schedule::default() };
    let objective = ObjectiveSettings { seed: 1, schedule, ..ObjectiveSettings::new(method, encoder, FRAMES) };
    TrainerSettings {
        objective,
        frames: FRAMES,
        batch: 16,
        memory_windows: 128,
        policy: Policy::Minred,
        recent_fraction: 0.25,
        rate_hz: 64.0,
        augmentations: Preset::Eeg.steps(),
        publish_every: 10,
    }
}

fn gate(canary: usize) -> GateSettings {
    GateSettings { canary, probe: 24, unseen: 12, ..GateSettings::default() }
}

/// Windows come one by one, with a step each once there are enough.
pub(super) struct Stream {
    pub trainer: Trainer,
    pub next: u64,
    pub decisions: Vec<Decision>,
}

impl Stream {
    fn of(trainer: Trainer) -> Self {
        Self { trainer, next: 0, decisions: Vec::new() }
    }

    pub fn run(&mut self, windows: u64) {
        let mut batch = Batch::default();
        for _ in 0..windows {
            let samples = window(self.next);
            self.trainer.offer(Origin { source: 0, first: self.next * HOP }, &samples);
            self.decisions.extend(self.trainer.shadow(&samples, Stamp::default(), None));
            self.next += 1;
            if self.trainer.is_ready() {
                self.trainer.draw(&mut batch);
                self.trainer.step(&batch);
                if self.trainer.publishes() {
                    self.decisions.extend(self.trainer.examine(Stamp::default()));
                }
            }
        }
    }

    fn served(&self) -> u64 {
        self.trainer.gate.as_ref().unwrap().served.generation.number
    }

    fn told(&self) -> String {
        self.decisions.iter().map(Decision::text).collect::<Vec<_>>().join("\n")
    }
}

fn drilled() -> (Stream, Arc<AtomicBool>) {
    let (mut settings, collapses) = (settings(Method::Simclr), Arc::new(AtomicBool::new(false)));
    settings.objective.schedule.learning_rate = 1e-2;
    let mut trainer = Trainer::new(settings.clone());
    trainer.objective = drill(&settings.objective, &collapses);
    let mut trainer = trainer.guarded(gate(0));
    trainer.gate.as_mut().unwrap().judge = drill(&settings.objective, &collapses);
    (Stream::of(trainer), collapses)
}

#[test]
fn a_collapse_is_heard_never_served_and_undone() {
    let (mut stream, collapses) = drilled();
    stream.run(400);
    let healthy = stream.trainer.status().clone();
    assert!(healthy.generations > 10 && healthy.rollbacks <= 1, "{}", stream.told());
    let accepted = stream.trainer.gate.as_ref().unwrap().served.clone();

    collapses.store(true, Ordering::Relaxed);
    stream.decisions.clear();
    let (mut heard_after, mut rolled_back) = (None, None);
    for step in 1..=300 {
        stream.run(1);
        let status = stream.trainer.status();
        if status.examination.as_ref().is_some_and(|found| found.has_collapsed()) {
            heard_after.get_or_insert(step);
        }
        if status.rollbacks > healthy.rollbacks {
            rolled_back = Some(step);
            break;
        }
    }
    assert!(heard_after.is_some(), "no alarm in 300 steps: {}", stream.told());
    let back = rolled_back.expect("three refused candidates lead back");
    // What was served while the alarm stood had passed before it, and serves on unchanged.
    let now = stream.trainer.gate.as_ref().unwrap().served.clone();
    let values = |generation: &Generation| crate::learn::parameters::list(&generation.encoder);
    assert!(now.generation.number >= accepted.generation.number);
    assert_eq!(stream.trainer.objective.learnt(), now.learnt, "weights, target, optimiser: all of the accepted state");
    assert_eq!(values(&stream.trainer.first_generation(Stamp::default())), values(&now.generation));
    let last = stream.decisions.last().unwrap();
    assert!(matches!(last, Decision::RolledBack { rate, .. } if *rate < 1.0), "after {back}: {last:?}");

    // With its cause gone the trainer goes on from there and is served again.
    collapses.store(false, Ordering::Relaxed);
    stream.decisions.clear();
    stream.run(100);
    assert!(stream.served() > now.generation.number, "{}", stream.told());
    let found = stream.trainer.status().examination.as_ref().unwrap();
    assert!(!found.has_collapsed());
    let moved = &found.saliency;
    assert!(moved.len() == CHANNELS && moved.iter().all(|moved| *moved > 0.0), "{moved:?}");
    assert!(stream.trainer.status().steps > healthy.steps, "steps go on counting");
}

#[test]
fn a_healthy_run_is_served_again_and_again_whatever_the_method() {
    for method in Method::ALL {
        let mut settings = settings(method);
        (settings.objective.order_near, settings.objective.order_far) = (130, 200);
        let mut stream = Stream::of(Trainer::new(settings).guarded(gate(4)));
        stream.run(400);
        let status = stream.trainer.status();
        let found = status.examination.as_ref().unwrap();
        assert!(found.windows >= 16 && found.cka.is_some(), "{method:?}: {found:?}");
        assert!(
            status.generations >= 10,
            "{method:?}: {} of {} steps\n{}",
            status.generations,
            status.steps,
            stream.told()
        );
        println!(
            "{method:?} {} generations, {} refused, {} back",
            status.generations, status.refused, status.rollbacks
        );
    }
}

#[test]
fn a_candidate_is_on_trial_for_as_many_windows_as_the_canary_has() {
    let mut stream = Stream::of(Trainer::new(settings(Method::Simclr)).guarded(gate(30)));
    stream.run(100);
    let served = |stream: &Stream| stream.decisions.iter().filter(|d| matches!(d, Decision::Served { .. })).count();
    let shown = stream.decisions.iter().filter(|d| matches!(d, Decision::Shadowed { windows: 30, .. })).count();
    assert!(shown > served(&stream) - usize::from(shown == served(&stream)), "{}", stream.told());
    // A hundred windows have room for two or three trials of thirty, and for no more.
    assert!((1..=3).contains(&served(&stream)), "{}", stream.told());
}

#[test]
fn a_person_holds_swaps_and_goes_back() {
    let mut stream = Stream::of(Trainer::new(settings(Method::Byol)).guarded(gate(0)));
    stream.run(200);
    stream.trainer.hold(true);
    let served = stream.served();
    stream.run(60);
    assert_eq!(stream.served(), served, "held");
    let now = Stamp::default();
    assert!(matches!(stream.trainer.swap_now(now), Some(Decision::Served { by_hand: true, .. })));
    assert_eq!(stream.served(), served + 1, "a person's word is above the hold");
    let Some(Decision::RolledBack { to, .. }) = stream.trainer.roll_back(now) else { panic!("nothing to go back to") };
    assert_eq!((to.number, stream.served()), (served, served));
    let learnt = &stream.trainer.gate.as_ref().unwrap().served.learnt;
    assert_eq!(stream.trainer.objective.learnt(), *learnt, "and trained on");
    stream.trainer.hold(false);
    stream.run(60);
    assert!(stream.served() > served + 1, "numbers are not used twice: {}", stream.told());
}

#[test]
fn an_open_gate_serves_all_that_is_finite_at_every_turn() {
    let mut stream = Stream::of(Trainer::new(settings(Method::Byol)).guarded(GateSettings::open()));
    stream.run(100);
    let status = stream.trainer.status();
    assert_eq!((status.generations, status.refused), (status.steps / 10, 0), "{}", stream.told());
    assert_eq!(stream.trainer.held_windows(), 0);
}

#[test]
fn artefacts_make_a_candidate_wait_and_undo_nothing() {
    let mut stream = Stream::of(Trainer::new(settings(Method::Simclr)).guarded(gate(0)));
    stream.run(200);
    let served = stream.served();
    stream.decisions.clear();
    for _ in 0..60 {
        stream.run(1);
        (0..3).for_each(|_| stream.trainer.reject());
    }
    let status = stream.trainer.status();
    assert_eq!((stream.served(), status.rollbacks, status.failures), (served, 0, 0), "{}", stream.told());
    assert_eq!(status.examination.as_ref().unwrap().words(), ["artefacts"]);
    stream.run(60);
    assert!(stream.served() > served, "{}", stream.told());
}

#[test]
fn a_trainer_that_stopped_with_its_signal_goes_on_bit_for_bit() {
    let cases = [(Method::Moco, Policy::Minred), (Method::Byol, Policy::Reservoir), (Method::Order, Policy::Fifo)];
    for (method, policy) in cases {
        let mut settings = TrainerSettings { policy, memory_windows: 64, ..settings(method) };
        (settings.objective.order_near, settings.objective.order_far) = (130, 200);
        let fresh = || Stream::of(Trainer::new(settings.clone()).guarded(gate(7)));
        let mut whole = fresh();
        whole.run(190);
        let identity = identity(&settings);
        let written = tempfile::tempdir().unwrap();
        let path = whole.trainer.checkpoint(&identity, true).save(written.path(), 1, false).unwrap();
        let read = crate::learn::Checkpoint::load(&path).unwrap();
        let mut resumed = fresh();
        resumed.trainer.restore(&read).unwrap();
        resumed.next = whole.next;
        whole.decisions.clear();
        for (on, pair) in [3, 5, 150].into_iter().enumerate() {
            whole.run(pair);
            resumed.run(pair);
            assert_eq!(whole.trainer.weights_sha256(), resumed.trainer.weights_sha256(), "{method:?} {policy:?} {on}");
        }
        assert_eq!(whole.told(), resumed.told(), "{method:?} {policy:?}");
        let learnt = |stream: &Stream| stream.trainer.checkpoint(&identity, true).learnt;
        assert_eq!(learnt(&whole), learnt(&resumed), "{method:?} {policy:?}");
        assert!(whole.decisions.len() > 4, "{}", whole.told());

        // Without its signal it serves the same and trains on from the same weights.
        let mut bare = fresh();
        bare.trainer.restore(&whole.trainer.checkpoint(&identity, false)).unwrap();
        assert_eq!(bare.trainer.weights_sha256(), whole.trainer.weights_sha256());
        assert_eq!((bare.served(), bare.trainer.memory().len()), (whole.served(), 0));
        let tensors = whole.trainer.checkpoint(&identity, false).learnt.tensors;
        let is_signal = |name: &str| ["replay.", "probe.", "unseen."].iter().any(|prefix| name.starts_with(prefix));
        assert!(!tensors.iter().any(|named| is_signal(&named.name)), "no raw signal on the disk unless it is wanted");
    }
}

pub(super) fn identity(settings: &TrainerSettings) -> crate::learn::Identity {
    crate::learn::Identity {
        method: settings.objective.method,
        encoder: settings.objective.encoder.clone(),
        channels: (0..CHANNELS).map(|c| format!("C{c}")).collect(),
        rate_hz: settings.rate_hz,
        window: FRAMES,
        reference: None,
        scaling: None,
        settings: Vec::new(),
    }
}

/// Windows of two kinds, half of each: slow at the front and fast behind, or the other way round.
fn of_two_kinds(count: u64) -> (Vec<f32>, Vec<bool>) {
    let kinds: Vec<bool> = (0..count).map(|i| i % 2 == 0).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(77);
    let mut windows = Vec::new();
    for &kind in &kinds {
        let phases: Vec<f32> = (0..CHANNELS).map(|_| rng.random_range(0.0..6.0)).collect();
        for t in 0..FRAMES {
            for (channel, phase) in phases.iter().enumerate() {
                let turn = if (channel < 2) == kind { 0.15 } else { 0.6 };
                windows.push((turn * t as f32 + phase).sin() + rng.random_range(-2.5..2.5));
            }
        }
    }
    (windows, kinds)
}

/// Logistic regression by gradient descent on standardised rows: weights, and what standardises.
struct Regression {
    weights: Vec<f64>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Regression {
    fn fit(rows: &[f32], kinds: &[bool], dimension: usize) -> Self {
        let n = kinds.len() as f64;
        let column = |d: usize| rows[d..].iter().step_by(dimension).map(|&v| f64::from(v));
        let mean: Vec<f64> = (0..dimension).map(|d| column(d).sum::<f64>() / n).collect();
        let spread = |d: usize| (column(d).map(|v| (v - mean[d]).powi(2)).sum::<f64>() / n).sqrt().max(1e-9);
        let deviation = (0..dimension).map(spread).collect();
        let mut fitted = Self { weights: vec![0.0; dimension + 1], mean, deviation };
        for _ in 0..500 {
            let mut gradient = vec![0.0; dimension + 1];
            for (row, &kind) in rows.chunks_exact(dimension).zip(kinds) {
                let x = fitted.standard(row);
                let error = 1.0 / (1.0 + (-fitted.score(&x)).exp()) - f64::from(u8::from(kind));
                gradient.iter_mut().zip(&x).for_each(|(sum, v)| *sum += error * v / n);
            }
            fitted.weights.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= 0.5 * g);
        }
        fitted
    }

    fn standard(&self, row: &[f32]) -> Vec<f64> {
        let of = row.iter().zip(self.mean.iter().zip(&self.deviation));
        of.map(|(&v, (mean, deviation))| (f64::from(v) - mean) / deviation).chain([1.0]).collect()
    }

    fn score(&self, x: &[f64]) -> f64 {
        x.iter().zip(&self.weights).map(|(x, w)| x * w).sum()
    }

    fn accuracy(&self, rows: &[f32], kinds: &[bool]) -> f64 {
        let right = rows.chunks_exact(self.mean.len()).zip(kinds);
        right.filter(|(row, kind)| (self.score(&self.standard(row)) > 0.0) == **kind).count() as f64
            / kinds.len() as f64
    }
}

#[test]
fn a_decoder_fitted_on_the_first_generation_serves_twenty_swaps_later_with_the_axes_and_fails_without() {
    let mut settings = TrainerSettings { publish_every: 40, ..settings(Method::Simclr) };
    settings.objective.schedule.learning_rate = 3e-3;
    let mut stream = Stream::of(Trainer::new(settings).guarded(gate(0)));
    // What is served first has learnt something: before that embeddings change more than they turn.
    stream.trainer.hold(true);
    stream.run(600);
    stream.trainer.hold(false);
    let (windows, kinds) = of_two_kinds(400);
    let half = windows.len() / 2;
    let generation = |stream: &Stream| stream.trainer.gate.as_ref().unwrap().served.generation.clone();
    while stream.served() < 1 {
        stream.run(1);
    }
    let first = generation(&stream);
    let known = first.encoder.embed_all(windows[..half].to_vec(), FRAMES, CHANNELS);
    let decoder = Regression::fit(&known, &kinds[..200], 16);
    let rest = || windows[half..].to_vec();
    let at_first = decoder.accuracy(&first.encoder.embed_all(rest(), FRAMES, CHANNELS), &kinds[200..]);
    while stream.served() < 21 {
        stream.run(1);
        assert!(stream.next < 4000, "{}", stream.told());
    }
    let last = generation(&stream);
    let with = decoder.accuracy(&last.encoder.embed_all(rest(), FRAMES, CHANNELS), &kinds[200..]);
    let raw = stream.trainer.gate.as_ref().unwrap().served.raw.clone();
    let without = decoder.accuracy(&raw.embed_all(rest(), FRAMES, CHANNELS), &kinds[200..]);
    let anew = Regression::fit(&last.encoder.embed_all(windows[..half].to_vec(), FRAMES, CHANNELS), &kinds[..200], 16);
    let anew = anew.accuracy(&last.encoder.embed_all(rest(), FRAMES, CHANNELS), &kinds[200..]);
    println!(
        "accuracy {at_first:.3} at first; twenty swaps later {with:.3} with the axes, {without:.3} without, {anew:.3} fitted \
         anew\n{}",
        stream.told()
    );
    assert!(at_first > 0.62 && with > at_first - 0.03, "{at_first} to {with}");
    assert!(without < at_first - 0.03 && without < with - 0.1, "{at_first}, {with} and {without}");
}

#[test]
fn judging_changes_nothing_of_what_is_learnt() {
    // Without augmentations drawn for it, and with judging at every tenth or at every step: the same weights.
    let weights = [10, 1].map(|publish_every| {
        let settings =
            TrainerSettings { publish_every, augmentations: Vec::<AugmentationStep>::new(), ..settings(Method::Byol) };
        let mut stream = Stream::of(Trainer::new(settings).guarded(GateSettings { failures: 1000, ..gate(0) }));
        stream.run(120);
        stream.trainer.weights_sha256()
    });
    assert_eq!(weights[0], weights[1]);
}
