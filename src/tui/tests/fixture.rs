//! Views as a running pipeline makes them, from formulas.
//!
//! Owns no state. Invariant: the same arguments give the same View.

use crate::dsp::quality::Reasons;
use crate::dsp::spectra::{Segment, Spectra};
use crate::learn::{Drift, Examination, Figures, Health};
use crate::pipeline::eye::Eye;
use crate::pipeline::view::{
    EmbeddingMap, GateView, Latency, Ledger, MapPoint, RecordingView, ServingView, Traces, TrainerState, TrainerView,
    View,
};
use crate::serve::STAGES;
use crate::signal::electrode::GridShapes;
use crate::signal::{Channel, ChannelKind, Event, EventKind, Montage, SourceKind, Stamp, StreamFacts, Unit};
use std::borrow::Cow;
use std::f64::consts::TAU;
use std::sync::Arc;

const NAMES: [&str; 16] =
    ["Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P3", "Pz", "P4", "Oz"];
const RATE_HZ: f64 = 512.0;
const BINS: usize = 500;
const BIN_S: f64 = 0.02;
/// Seconds between two markers.
const MARKER_S: f64 = 3.4;

/// A View of a live stream after `signal_s` seconds.
pub fn live(channels: usize, signal_s: f64) -> View {
    View {
        facts: Arc::new(StreamFacts {
            kind: SourceKind::Lsl,
            name: "BioSemi ActiveTwo".to_owned(),
            montage: montage(channels),
            rate_hz: RATE_HZ,
            frames: None,
            markers: None,
        }),
        wall_s: signal_s,
        signal_s,
        speed: None,
        behind_s: 0.012,
        data_age_s: 0.02,
        gaps: 1,
        recording: Some(RecordingView {
            name: "s03.xdf".to_owned(),
            bytes: (signal_s * 238_000.0) as u64,
            trouble: None,
        }),
        ledgers: ledgers(signal_s),
        latency: Latency { p50: 6.1, p99: 9.8, p99_9: 12.3, max: 14.2 },
        stages: STAGES.iter().zip([3.9, 0.21, 0.14, 0.05, 5.2, 0.32]).map(stage).collect(),
        histogram: histogram(),
        traces: traces(channels, signal_s),
        spectra: spectra(channels, signal_s),
        trainer: trainer(signal_s),
        map: map(signal_s),
        serving: ServingView {
            embeddings: (signal_s * 10.0) as u64,
            dimension: 64,
            rate_hz: 10.0,
            outlet: Some(("neurostream-embedding".to_owned(), true)),
            file: Some("s03-embeddings.npy".to_owned()),
        },
        teaching: None,
        novelty: None,
        quality: vec![Reasons::NONE; channels],
        events: events(signal_s),
        told: 0,
        viewers: None,
        ended: None,
    }
}

fn stage((name, p50): (&&'static str, f64)) -> (Cow<'static, str>, Latency) {
    ((*name).into(), Latency { p50, p99: 1.6 * p50, p99_9: 2.0 * p50, max: 2.5 * p50 })
}

/// A View of a recording played at twice its speed, not recorded, nothing lost.
pub fn replay(signal_s: f64) -> View {
    let mut view = live(16, signal_s);
    view.facts = Arc::new(StreamFacts {
        kind: SourceKind::Replay,
        name: "chb01_03.edf".to_owned(),
        frames: Some(1_843_200),
        ..(*view.facts).clone()
    });
    view.speed = Some(2.0);
    view.recording = None;
    view.serving.outlet = None;
    view.gaps = 0;
    for ledger in &mut view.ledgers {
        ledger.lost = 0;
    }
    view
}

/// The same of grids of contacts: 8 x 8 and a strip of 4.
pub fn grids(signal_s: f64) -> View {
    let mut view = live(68, signal_s);
    let label = |n: usize| if n < 64 { format!("G{}", n + 1) } else { format!("LA{}", n - 63) };
    let channel = |n: usize| Channel { kind: ChannelKind::Ecog, ..Channel::named(&label(n), Unit::parse("uV")) };
    let montage = Montage { channels: (0..68).map(channel).collect() }.located(&GridShapes::new());
    view.facts = Arc::new(StreamFacts { montage, ..(*view.facts).clone() });
    view
}

fn montage(channels: usize) -> Montage {
    let labels: Vec<String> = (0..channels)
        .map(|channel| match (channels <= NAMES.len(), NAMES.get(channel)) {
            (true, Some(name)) => (*name).to_owned(),
            _ => format!("G{}", channel + 1),
        })
        .collect();
    Montage::of_labels(&labels).located(&GridShapes::new())
}

/// Microvolts of a channel at a time: background, an alpha rhythm that waxes and wanes, blinks at the front.
pub fn sample(channel: usize, time_s: f64) -> f64 {
    let place = channel as f64;
    let noise = |rate: f64, seed: f64| {
        let at = time_s * rate;
        let value = |n: f64| {
            let x = (n * 12.9898 + place * 78.233 + seed * 37.719).sin() * 43_758.547;
            x - x.floor() - 0.5
        };
        let part = at.fract();
        let smooth = part * part * (3.0 - 2.0 * part);
        value(at.floor()) * (1.0 - smooth) + value(at.floor() + 1.0) * smooth
    };
    let alpha = (0.5 + 0.5 * (TAU * 0.11 * time_s - place * 0.25).sin()).powi(2) * 2.0 * (place % 16.0);
    let blink = if channel < 2 { 55.0 * (-((time_s % 4.3 - 2.0) / 0.12).powi(2)).exp() } else { 0.0 };
    let dead = if channel == 7 { 0.02 } else { 1.0 };
    let rhythm = alpha * (TAU * 10.2 * time_s + place * 0.4).sin();
    dead * (22.0 * noise(2.5, 1.0) + 14.0 * noise(9.0, 2.0) + 9.0 * noise(40.0, 3.0) + rhythm) + blink
}

fn traces(channels: usize, signal_s: f64) -> Traces {
    let newest = (signal_s / BIN_S).floor();
    let mut envelope = Vec::with_capacity(channels * BINS);
    let mut rms = Vec::with_capacity(channels);
    for channel in 0..channels {
        let mut squares = 0.0;
        for bin in 0..BINS {
            let from_s = (newest - (BINS - bin) as f64) * BIN_S;
            if from_s < 0.0 {
                envelope.push((f32::NAN, f32::NAN));
                continue;
            }
            let values = [0.0, 0.25, 0.5, 0.75].map(|part| sample(channel, from_s + part * BIN_S) as f32);
            envelope.push((values.into_iter().fold(f32::MAX, f32::min), values.into_iter().fold(f32::MIN, f32::max)));
            squares += f64::from(values[0] * values[0]);
        }
        rms.push((squares / BINS as f64).sqrt() as f32);
    }
    let oldest_s = signal_s - BINS as f64 * BIN_S;
    let markers = (0..)
        .map(|n| (n, (f64::from(n) + 1.0) * MARKER_S))
        .take_while(|(_, at)| *at < signal_s)
        .filter(|(_, at)| *at >= oldest_s)
        .map(|(n, at)| (((at - oldest_s) / BIN_S) as usize, format!("stim/{}", n % 2 + 1)))
        .collect();
    let first = newest as i64 - BINS as i64;
    let filters = "HP 0.5  LP 40  notch 50".to_owned();
    Traces { bin_s: BIN_S, bins: BINS, first, envelope, rms, markers, eye: Eye::default(), filters }
}

/// Seconds from one segment of the spectra to the next.
pub const SEGMENT_EVERY_S: f64 = 0.5;

/// 1/f with an alpha rhythm that waxes and wanes, and line noise.
fn spectra(channels: usize, signal_s: f64) -> Option<Arc<Spectra>> {
    const BINS: usize = 401;
    let number = ((signal_s - 2.0) / SEGMENT_EVERY_S).floor();
    let end_s = 2.0 + number * SEGMENT_EVERY_S;
    let density: Vec<f32> = (0..channels * BINS)
        .map(|place| {
            let (channel, hz) = ((place / BINS) as f64, (place % BINS) as f64 * 0.5);
            let wax = (0.5 + 0.5 * (TAU * 0.11 * end_s - channel * 0.25).sin()).powi(2);
            let bump = |at: f64, width: f64| (-((hz - at) / width).powi(2)).exp();
            let dead = if channel as usize == 7 { 1e-4 } else { 1.0 };
            let power =
                60.0 / (1.0 + hz * hz / 4.0) + 12.0 * wax * (channel % 16.0) * bump(10.2, 1.2) + 3.0 * bump(50.0, 0.4);
            (dead * (power + 0.02 * (1.0 + (hz * 7.3 + channel).sin()))) as f32
        })
        .collect();
    let level = |power: &f32| (20.0 * power.log10() + 128.0).round() as u8;
    let newest = Arc::new(Segment { end_s, levels: density.iter().map(level).collect() });
    let spectra =
        Spectra { number: number as u64, bin_hz: 0.5, bins: BINS, length_s: 4.0, step_s: 0.5, density, newest };
    (number >= 0.0).then(|| Arc::new(spectra))
}

fn ledgers(signal_s: f64) -> Vec<Ledger> {
    let acquired = (signal_s * RATE_HZ) as u64;
    [("encoder", 0, 0.04), ("trainer", 512, 0.31), ("recorder", 0, 0.01), ("display", 0, 0.06)]
        .map(|(consumer, lost, fill)| {
            let left = 64;
            let consumer = consumer.into();
            Ledger { consumer, acquired, consumed: acquired.saturating_sub(lost + left), lost, left, fill }
        })
        .to_vec()
}

/// Two states that markers name in turn, apart along the first axis, and a drift along the second.
fn map(signal_s: f64) -> Option<Arc<EmbeddingMap>> {
    let windows = (signal_s * 4.0).min(480.0) as usize;
    let points = (0..windows).map(|window| {
        let end_s = signal_s - (windows - window) as f64 * 0.25;
        let state = (end_s / 30.0) as usize % 2;
        let wobble = |rate: f64| ((end_s * rate).sin() + (end_s * rate * 1.7).cos()) * 0.5;
        let told = if (end_s * 3.3).sin() > 0.9 { 1 - state } else { state };
        MapPoint {
            x: ((state as f64 - 0.5) * 2.4 + wobble(7.3)) as f32,
            y: ((end_s - signal_s) / 120.0 + 0.5 + 0.6 * wobble(11.9)) as f32,
            end_s,
            generation: (end_s / 18.6) as u64,
            class: (window > 40).then_some(told),
            marker: (end_s > 30.0).then_some(state),
        }
    });
    let points: Vec<MapPoint> = points.collect();
    let markers = vec!["eyes open".to_owned(), "eyes closed".to_owned()];
    (windows > 2).then(|| Arc::new(EmbeddingMap { points, markers, shares: [0.512, 0.173] }))
}

/// Latencies round 6 ms with a tail: eight bins a factor of ten from 0.01 ms on.
fn histogram() -> Vec<u32> {
    (0..40).map(|bin| (900.0 * (-((f64::from(bin) - 22.2) / 1.6).powi(2)).exp()) as u32).collect()
}

fn trainer(signal_s: f64) -> TrainerView {
    let steps = (signal_s * 24.0) as u64;
    let points = steps.min(300);
    let losses = (0..points)
        .map(|point| {
            let step = point * steps / points.max(1);
            let wobble = (step as f64 * 0.73).sin() * 0.05 + (step as f64 * 0.19).cos() * 0.04;
            (step, (1.8 + 3.0 * (-(step as f64) / 3_000.0).exp() + wobble) as f32)
        })
        .collect();
    TrainerView {
        state: TrainerState::Ok,
        method: "moco".to_owned(),
        paused: false,
        steps,
        steps_per_s: 24.1,
        losses,
        chance: Some(4.852),
        std: 0.971,
        rankme: 57.3,
        learning_rate: 3e-4,
        memory: ((signal_s * 10.0).min(8_192.0) as usize, 8_192),
        generation: (signal_s / 18.6) as u64,
        generation_age_s: signal_s % 18.6,
        skipped: 0,
        gate: gate(steps),
    }
}

/// A gate that has refused some, with a candidate on trial and one figure beyond its line.
fn gate(step: u64) -> GateView {
    let figures = Figures {
        health: Health { std: 0.971, rankme: 57.3, cosine: 0.061 },
        participation: 1.87,
        alignment: 0.214,
        uniformity: -2.91,
        positive: 0.893,
        negative: 0.058,
        accuracy: 0.734,
        chance: 1.0 / 64.0,
        contrast: 1.42,
        amplitude: 0.12,
        line: Some(0.04),
        cosines: [1.6, 0.5].map(|middle: f64| {
            std::array::from_fn(|bin| (4_000.0 * (-((bin as f64 / 10.0 - 0.4 - middle) / 0.2).powi(2)).exp()) as u32)
        }),
    };
    let found = Examination {
        step,
        windows: 64,
        figures,
        loss: Some(1.9),
        served_loss: Some(1.93),
        loss_chance: Some(4.852),
        ratio: Some(0.984),
        cka: Some(0.962),
        rejected: 0.03,
        loud: 0.008,
        gradient_norm: 0.71,
        age_s: 214.0,
        drift: Some(Drift { embedding: 0.42, power: 0.31, windows: [64, 128] }),
        saliency: Vec::new(),
        alarms: Vec::new(),
    };
    let examination = Some(Arc::new(found));
    GateView {
        held: false,
        on_trial: Some([12, 50]),
        refused: 3,
        rollbacks: 1,
        residual: Some(0.021),
        examination,
        saliency: None,
    }
}

fn events(signal_s: f64) -> Vec<(f64, Event)> {
    let story = [
        (0.2, EventKind::Ready, "4 stages"),
        (0.9, EventKind::Source, "BioSemi ActiveTwo: 16 channels at 512 Hz"),
        (31.0, EventKind::Warning, "T7 is flat"),
        (104.2, EventKind::Gap, "1.2 s are missing after frame 53 350"),
        (212.5, EventKind::Loss, "trainer lost 512 frames: its ring was full"),
        (600.1, EventKind::Checkpoint, "checkpoints/s03-0014400.safetensors"),
        (744.0, EventKind::Swap, "generation 40, loss 1.85"),
        (752.4, EventKind::Marker, "stim/2"),
        (755.8, EventKind::Marker, "stim/1"),
        (762.6, EventKind::Swap, "generation 41, loss 1.84"),
    ];
    story
        .into_iter()
        .filter(|(at, _, _)| *at <= signal_s)
        .map(|(at, kind, text)| (at, Event { at: Stamp(at), kind, text: text.to_owned() }))
        .collect()
}
