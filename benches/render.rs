//! What a frame of the dashboard costs: `cargo bench --bench render`.
//!
//! The overview and each view at 200 x 60 cells, of 64 channels x 10 s, every panel filled. A frame is drawn into a buffer in
//! memory and compared with the one before, as for a terminal; writing to one is not counted.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros write undocumented items; a bench fails loudly"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use neurostream::dsp::quality::Reasons;
use neurostream::dsp::spectra::{Segment, Spectra};
use neurostream::pipeline::eye::Eye;
use neurostream::pipeline::view::{
    EmbeddingMap, Latency, Ledger, MapPoint, ServingView, Traces, TrainerState, TrainerView, View,
};
use neurostream::signal::electrode::GridShapes;
use neurostream::signal::{Event, EventKind, Montage, SourceKind, Stamp, StreamFacts};
use neurostream::tui::{Action, Arrangement, State, Theme, render};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::hint::black_box;
use std::sync::Arc;

const LABELS: &str = "Fp1 Fpz Fp2 AF7 AF3 AFz AF4 AF8 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCz FC2 FC4 FC6 FT8 T7 C5 C3 C1 \
                      Cz C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPz CP2 CP4 CP6 TP8 P7 P5 P3 P1 Pz P2 P4 P6 P8 PO7 PO3 POz PO4 PO8 O1 Oz \
                      O2 Iz T9 T10";
const BINS: usize = 1000;
const SPECTRUM: usize = 401;

/// A View after so many seconds, from formulas.
fn view(signal_s: f64) -> View {
    let labels: Vec<&str> = LABELS.split_whitespace().collect();
    let channels = labels.len();
    let value = |channel: usize, at: f64| ((at * 61.0 + channel as f64).sin() * 30.0 + (at * 5.3).cos() * 20.0) as f32;
    let bin = |place: usize| {
        let (channel, at) = (place / BINS, signal_s - 10.0 + (place % BINS) as f64 * 0.01);
        let [a, b] = [0.0, 0.005].map(|later| value(channel, at + later));
        (a.min(b), a.max(b))
    };
    let density: Vec<f32> = (0..channels * SPECTRUM)
        .map(|place| 40.0 / (1.0 + (place % SPECTRUM) as f32) + (place as f32 * 0.7 + signal_s as f32).sin().abs())
        .collect();
    let levels = density.iter().map(|power| (20.0 * power.log10() + 128.0) as u8).collect();
    let newest = Arc::new(Segment { end_s: (signal_s * 2.0).floor() / 2.0, levels });
    let spectra = Spectra { number: 1, bin_hz: 0.5, bins: SPECTRUM, length_s: 4.0, step_s: 0.5, density, newest };
    let point = |window: usize| MapPoint {
        x: (window as f32 * 0.37).sin(),
        y: (window as f32 * 0.73).cos(),
        end_s: window as f64 * 0.25,
        ..MapPoint::default()
    };
    let map = EmbeddingMap { points: (0..960).map(point).collect(), ..EmbeddingMap::default() };
    let event = |n: u32| {
        (
            f64::from(n),
            Event { at: Stamp(f64::from(n)), kind: EventKind::Swap, text: format!("generation {n}, loss 1.84") },
        )
    };
    let ledger = |consumer: &'static str| Ledger { consumer: consumer.into(), acquired: 9_999, ..Ledger::default() };
    View {
        facts: Arc::new(StreamFacts {
            kind: SourceKind::Lsl,
            name: "amplifier".to_owned(),
            montage: Montage::of_labels(&labels).located(&GridShapes::new()),
            rate_hz: 512.0,
            frames: None,
            markers: None,
        }),
        wall_s: signal_s,
        signal_s,
        speed: None,
        behind_s: 0.01,
        data_age_s: 0.01,
        gaps: 0,
        recording: None,
        ledgers: ["encoder", "trainer", "recorder", "display"].map(ledger).to_vec(),
        latency: Latency { p50: 1.0, p99: 2.0, p99_9: 3.0, max: 4.0 },
        stages: Vec::new(),
        histogram: (0..40).collect(),
        traces: Traces {
            bin_s: 0.01,
            bins: BINS,
            envelope: (0..channels * BINS).map(bin).collect(),
            rms: vec![25.0; channels],
            markers: (0..8).map(|n| (n * 120, format!("stim/{n}"))).collect(),
            first: (signal_s * 100.0) as i64 - BINS as i64,
            eye: Eye::default(),
            filters: "HP 0.5".to_owned(),
        },
        spectra: Some(Arc::new(spectra)),
        map: Some(Arc::new(map)),
        trainer: TrainerView {
            state: TrainerState::Ok,
            losses: (0..500).map(|step| (step, 2.0 - step as f32 * 0.002)).collect(),
            ..TrainerView::default()
        },
        serving: ServingView::default(),
        teaching: None,
        novelty: None,
        quality: vec![Reasons::NONE; channels],
        events: (0..200).map(event).collect(),
        told: 200,
        viewers: None,
        ended: None,
    }
}

fn frames(c: &mut Criterion) {
    let views: Vec<Arc<View>> = (0..20).map(|n| Arc::new(view(60.0 + f64::from(n) * 0.5))).collect();
    for (name, arrangement) in [
        ("overview", Arrangement::All),
        ("traces", Arrangement::Traces),
        ("spectrum", Arrangement::Spectrum),
        ("learning", Arrangement::Learning),
        ("map", Arrangement::Map),
    ] {
        let mut state = State::new(Theme::dark(false), 200, 60);
        state.on(Action::Arrange(arrangement));
        views.iter().for_each(|view| state.update(Arc::clone(view)));
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
        let mut next = views.iter().cycle();
        c.bench_function(&format!("a frame of the {name}, 200 x 60, 64 channels x 10 s"), |b| {
            b.iter(|| {
                if let Some(view) = next.next() {
                    state.update(Arc::clone(view));
                }
                terminal.draw(|frame| render(black_box(&state), frame)).unwrap();
            });
        });
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
