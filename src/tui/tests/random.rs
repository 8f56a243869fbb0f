//! Nothing that a person or a stream does makes the screen panic.
//!
//! Owns the generators of odd Views. Invariant: every value that a View can hold may turn up.

use super::{draw, fixture};
use crate::dsp::quality::Reasons;
use crate::dsp::spectra::{Segment, Spectra};
use crate::learn::heads::ExamFigures;
use crate::learn::{Alarm, Examination, Figures, Health};
use crate::pipeline::eye::Eye;
use crate::pipeline::view::{
    EmbeddingMap, GateView, Latency, Ledger, MapPoint, NoveltyView, RecordingView, ServingView, TeachingView, Traces,
    TrainerState, TrainerView, View,
};
use crate::serve::STAGES;
use crate::signal::{Channel, ChannelKind, Event, EventKind, Montage, SourceKind, Stamp, StreamFacts, Unit};
use crate::tui::keys::TABLE;
use crate::tui::{Action, Role, State, Theme, Typed};
use proptest::prelude::*;
use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use std::sync::Arc;

/// A time, a rate, a voltage: of any size, or none.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -10.0..1e4_f64, 1 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(0.0)]
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-zA-Z0-9]{0,12}", 1 => "\\PC{0,40}", 1 => any::<String>(), 1 => Just("\u{1b}[2J脳波\n".to_owned())]
}

fn facts() -> impl Strategy<Value = StreamFacts> {
    let kind = prop::sample::select(vec![SourceKind::Lsl, SourceKind::Replay, SourceKind::Synthetic]);
    let unit = prop::sample::select(vec!["uV", "mV", "celsius", ""]);
    let channels = prop::collection::vec((words(), unit), 0..40);
    (kind, words(), channels, number(), any::<Option<u64>>()).prop_map(|(kind, name, channels, rate_hz, frames)| {
        let channel = |(at, (label, unit)): (usize, &(String, &str))| {
            let named = Channel::named(label, Unit::parse(unit));
            let kind = if at % 3 == 1 { ChannelKind::Ecog } else { named.kind };
            let y = if at % 7 == 6 { f32::NAN } else { 0.05 * (at / 2) as f32 };
            let position = (at % 4 < 3).then_some([0.3 * (at % 7) as f32 - 1.0, y]);
            Channel { kind, position, ..named }
        };
        let channels = channels.iter().enumerate().map(channel).collect();
        StreamFacts { kind, name, montage: Montage { channels }, rate_hz, frames, markers: None }
    })
}

fn event() -> impl Strategy<Value = (f64, Event)> {
    use EventKind::{Checkpoint, Error, Gap, Loss, Marker, Quality, Ready, Source, Swap, Warning};
    let kind = prop::sample::select(vec![Ready, Marker, Gap, Source, Quality, Loss, Swap, Checkpoint, Warning, Error]);
    (number(), kind, words()).prop_map(|(at, kind, text)| (at, Event { at: Stamp(at), kind, text }))
}

fn traces() -> impl Strategy<Value = Traces> {
    let values = prop::collection::vec((any::<f32>(), any::<f32>()), 0..2_000);
    let markers = prop::collection::vec((any::<usize>(), words()), 0..8);
    let bins = prop_oneof![3 => 0..200_usize, 1 => any::<usize>()];
    let bin_s = prop_oneof![3 => 0.01..0.5, 1 => number()];
    let rms = prop::collection::vec(any::<f32>(), 0..40);
    (values, markers, bins, bin_s, rms, words()).prop_map(|(envelope, markers, bins, bin_s, rms, filters)| {
        let near = (0..bins.min(6)).map(|bin| (bin, "near".to_owned()));
        let markers = markers.into_iter().chain(near).collect();
        let first = i64::from(rms.len() as u32) - if bins % 3 == 0 { i64::MAX } else { 40 };
        Traces { bin_s, bins, first, envelope, rms, markers, eye: Eye::default(), filters }
    })
}

fn spectra() -> impl Strategy<Value = Option<Arc<Spectra>>> {
    let power = prop_oneof![4 => 0.0..1e3_f32, 1 => any::<f32>()];
    let levels = prop::collection::vec(any::<u8>(), 0..400);
    let bins = prop_oneof![3 => 0..60_usize, 1 => any::<usize>()];
    let some = (prop::collection::vec(power, 0..400), levels, bins, number(), number());
    let some = some.prop_map(|(density, levels, bins, bin_hz, end_s)| {
        let newest = Arc::new(Segment { end_s, levels });
        Arc::new(Spectra { number: 1, bin_hz, bins, length_s: end_s, step_s: end_s, density, newest })
    });
    prop::option::of(some)
}

fn map() -> impl Strategy<Value = Option<Arc<EmbeddingMap>>> {
    let place = prop_oneof![4 => -3.0..3.0_f32, 1 => any::<f32>()];
    let told = (any::<u64>(), prop::option::of(0..5_usize), prop::option::of(any::<usize>()));
    let point = ((place.clone(), place), number(), told)
        .prop_map(|((x, y), end_s, (generation, class, marker))| MapPoint { x, y, end_s, generation, class, marker });
    let some = (prop::collection::vec(point, 0..60), prop::collection::vec(words(), 0..30), number());
    prop::option::of(
        some.prop_map(|(points, markers, share)| Arc::new(EmbeddingMap { points, markers, shares: [share, -share] })),
    )
}

fn trainer() -> impl Strategy<Value = TrainerView> {
    use TrainerState::{Collapsed, Off, Ok, Stopped, Warming};
    let state = prop::sample::select(vec![Off, Warming, Ok, Collapsed, Stopped]);
    let losses = prop::collection::vec((any::<u64>(), any::<f32>()), 0..50);
    let numbers = (number(), any::<f32>(), any::<u64>(), any::<(usize, usize)>());
    (state, losses, any::<Option<f32>>(), numbers, words()).prop_map(|(state, losses, chance, numbers, method)| {
        let (value, ratio, whole, memory) = numbers;
        TrainerView {
            state,
            method,
            paused: whole.is_multiple_of(7),
            steps: whole,
            steps_per_s: value,
            losses,
            chance,
            std: ratio,
            rankme: ratio,
            learning_rate: value,
            memory,
            generation: whole,
            generation_age_s: value,
            skipped: whole,
            gate: gate(value, ratio, whole),
        }
    })
}

fn gate(value: f64, ratio: f32, whole: u64) -> GateView {
    let health = Health { std: value, rankme: f64::from(ratio), cosine: -value };
    let figures = Figures { health, participation: value, line: Some(value), ..Figures::default() };
    let alarms = (0..whole % 4).map(|i| (Alarm::Collapsed, "because ".repeat(i as usize * 9))).collect();
    let found = Examination { step: whole, windows: 9, figures, loss: Some(value), alarms, ..Examination::default() };
    let examination = (!whole.is_multiple_of(3)).then(|| Arc::new(found));
    let on_trial = (!whole.is_multiple_of(2)).then_some([usize::try_from(whole).unwrap_or(usize::MAX), 50]);
    GateView {
        held: whole.is_multiple_of(5),
        on_trial,
        refused: whole,
        rollbacks: whole,
        residual: Some(value),
        examination,
        saliency: whole.is_multiple_of(2).then(|| Arc::new(vec![ratio, f32::NAN, 0.5, -1.0])),
    }
}

type Flow = (Vec<Ledger>, Vec<u32>, Latency, ServingView);

fn flow() -> impl Strategy<Value = Flow> {
    let ledgers = prop::collection::vec((any::<u64>(), any::<u64>(), any::<f32>()), 0..7);
    let histogram = prop::collection::vec(any::<u32>(), 0..400);
    let outlet = prop::option::of((words(), any::<bool>()));
    let serving = (outlet, prop::option::of(words()), any::<usize>(), any::<u64>());
    (ledgers, histogram, [number(), number(), number()], serving).prop_map(|(ledgers, histogram, ms, serving)| {
        let ledger =
            |(acquired, lost, fill)| Ledger { consumer: "encoder".into(), acquired, lost, fill, ..Ledger::default() };
        let (outlet, file, dimension, embeddings) = serving;
        (
            ledgers.into_iter().map(ledger).collect(),
            histogram,
            Latency { p50: ms[0], p99: ms[1], p99_9: ms[1], max: ms[2] },
            ServingView { embeddings, dimension, rate_hz: ms[0], outlet, file },
        )
    })
}

fn odd_view() -> impl Strategy<Value = View> {
    let times = [number(), number(), number(), number()];
    let recording = (words(), any::<u64>(), prop::option::of(words()));
    let recording = recording.prop_map(|(name, bytes, trouble)| RecordingView { name, bytes, trouble });
    let recording = prop::option::of(recording);
    let events = prop::collection::vec(event(), 0..30);
    let speed = prop::option::of(number());
    let teaching =
        (prop::collection::vec((words(), any::<usize>()), 0..5), prop::option::of((0..6_usize, any::<f32>())));
    let quality = prop::collection::vec(any::<u8>().prop_map(Reasons::from_bits), 0..40);
    let run = (facts(), times, recording, events, speed, quality, prop::option::weighted(0.2, words()), any::<u64>());
    let teaching = (teaching, number(), any::<u64>()).prop_map(|((classes, now), accuracy, windows)| TeachingView {
        classes,
        now,
        head: None,
        exam: ExamFigures { windows, accuracy, ..ExamFigures::default() },
    });
    let teaching = prop::option::of(teaching);
    let shown = (traces(), spectra(), map());
    (run, shown, trainer(), flow(), teaching).prop_map(|(run, (traces, spectra, map), trainer, flow, teaching)| {
        let (facts, [wall_s, signal_s, behind_s, data_age_s], recording, events, speed, quality, ended, gaps) = run;
        let (ledgers, histogram, latency, serving) = flow;
        let facts = Arc::new(facts);
        View {
            facts,
            wall_s,
            signal_s,
            speed,
            behind_s,
            data_age_s,
            gaps,
            recording,
            ledgers,
            latency,
            stages: STAGES.iter().map(|name| ((*name).into(), latency)).collect(),
            histogram,
            traces,
            spectra,
            map,
            trainer,
            serving,
            teaching,
            novelty: (gaps % 2 > 0).then_some(NoveltyView {
                last: (gaps % 3 > 0).then_some((behind_s, data_age_s as f32)),
                windows: gaps as usize,
                judged: gaps,
                alarms: gaps,
                hours: wall_s,
                one_in_ten: None,
                limit: signal_s,
            }),
            quality,
            events,
            told: 0,
            viewers: (gaps % 3 > 0).then_some([gaps, gaps]),
            ended,
        }
    })
}

fn view() -> impl Strategy<Value = View> {
    let usual = (1..40_usize, 0.0..40.0).prop_map(|(channels, signal_s)| fixture::live(channels, signal_s));
    prop_oneof![3 => odd_view(), 1 => usual]
}

#[derive(Clone, Debug)]
enum Step {
    Look(Box<View>),
    Press(Action),
    Type(Typed),
    Point(MouseEvent),
    Resize(u16, u16),
}

fn typed() -> impl Strategy<Value = Typed> {
    let keys = vec![Typed::Erase, Typed::Up, Typed::Down, Typed::Complete, Typed::Done, Typed::Leave];
    let letters = prop_oneof![any::<char>(), prop::sample::select("abcehilnorstv 123.,".chars().collect::<Vec<_>>())];
    prop_oneof![4 => letters.prop_map(Typed::Letter), 2 => prop::sample::select(keys)]
}

fn mouse() -> impl Strategy<Value = MouseEvent> {
    use MouseEventKind::{Down, ScrollDown, ScrollUp};
    let kind = prop::sample::select(vec![ScrollUp, ScrollDown, Down(MouseButton::Left)]);
    (kind, 0..=310_u16, 0..=110_u16).prop_map(|(kind, column, row)| {
        let modifiers = KeyModifiers::NONE;
        MouseEvent { kind, column, row, modifiers }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let actions: Vec<Action> = TABLE.iter().flat_map(|entry| entry.keys).map(|(_, _, action)| *action).collect();
    prop_oneof![
        1 => view().prop_map(|view| Step::Look(Box::new(view))),
        3 => prop::sample::select(actions).prop_map(Step::Press),
        2 => typed().prop_map(Step::Type),
        1 => mouse().prop_map(Step::Point),
        1 => (0..=300_u16, 0..=100_u16).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => (0..=12_u16, 0..=8_u16).prop_map(|(width, height)| Step::Resize(width, height)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_sizes_or_views_panic(
        steps in prop::collection::vec(step(), 1..24), ascii in any::<bool>(), coloured in any::<bool>(),
        role in prop::sample::select(vec![Role::Run, Role::Viewer { control: false }, Role::Viewer { control: true }]),
    ) {
        let theme = if coloured { Theme::dark(ascii) } else { Theme::plain(ascii) };
        let (mut state, mut size) = (State::new(theme, 80, 24).in_role(role), (80, 24));
        for step in steps {
            match step {
                Step::Look(view) => state.update(Arc::new(*view)),
                Step::Press(action) => drop(state.on(action)),
                Step::Type(typed) => drop(state.write(typed)),
                Step::Point(mouse) => state.point(mouse),
                Step::Resize(width, height) => {
                    size = (width, height);
                    state.resized(width, height);
                }
            }
            let drawn = draw(&state, size);
            for cell in &drawn.content {
                prop_assert!(!cell.symbol().contains(char::is_control), "a control character on screen");
                prop_assert!(!ascii || cell.symbol().is_ascii());
            }
        }
    }
}
