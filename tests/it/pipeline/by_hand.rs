//! What a person asks of a run while it goes on, from inside: channels marked as bad, markers, labels, recordings.
//!
//! Owns the runs that it starts. Invariant: each is asked by the commands that a dashboard sends.

use super::quality::spoilt;
use super::rows;
use crate::cli::program::{Desk, bundled};
use crate::recordings::inspect;
use neurostream::config::Document;
use neurostream::dsp::quality::Reason;
use neurostream::lsl::Library;
use neurostream::pipeline::command::Command;
use neurostream::pipeline::view::View;
use neurostream::pipeline::{MonotonicClock, Options, Plan, Running, Shutdown, Stages, configure, open_source, start};
use neurostream::signal::{Block, Clock, Stamp};
use neurostream::source::{Progress, ReplaySource, Selection, Source};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// So long a busy machine may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a run without training by its configuration; tables may follow the source's keys.
fn begin(source: &str, more: &str) -> Running {
    begin_by(&format!("[source]\n{source}\n[model]\nwidths = [4]\n[train]\nenabled = false\ncheckpoint = \"\"\n{more}"))
}

fn begin_by(configuration: &str) -> Running {
    let document = Document::parse("test", configuration).unwrap();
    let config = configure(&document).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(MonotonicClock::new());
    let opened = open_source(&config, || Library::load(None), &*clock, &|| true).unwrap();
    let plan = Plan::new(&config, opened.facts()).unwrap();
    let stages = Stages::wire(&plan, opened, &Options::default(), &*clock).unwrap();
    start(&plan, stages, clock, &Shutdown::default()).unwrap()
}

/// Takes Views until one is as wanted.
#[track_caller]
fn until(run: &Running, what: &str, wanted: impl Fn(&View) -> bool) -> Arc<View> {
    let asked = MonotonicClock::new();
    loop {
        let view = run.views.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no View that shows {what}"));
        if wanted(&view) {
            return view;
        }
        assert!(asked.now().0 < PATIENCE.as_secs_f64(), "{what} does not come: {:?}", view.events);
    }
}

fn tells(view: &View, text: &str) -> bool {
    view.events.iter().any(|(_, event)| event.text.contains(text))
}

/// The names of the classes that are taught.
fn classes(view: &View) -> impl Iterator<Item = &str> {
    view.teaching.iter().flat_map(|teaching| &teaching.classes).map(|(name, _)| name.as_str())
}

/// Ends a run and returns its summary.
#[track_caller]
fn end(run: Running) -> Value {
    run.obey(Command::Quit);
    let outcome = run.finish();
    assert_eq!(outcome.failures, [""; 0]);
    serde_json::from_str(&outcome.summary.to_json()).unwrap()
}

/// The texts of a recording's annotations.
fn annotations(desk: &Desk, name: &str) -> Vec<String> {
    let found = inspect(desk, name);
    let all = found["annotations"].as_array().unwrap();
    all.iter().map(|annotation| annotation[2].as_str().unwrap().to_owned()).collect()
}

/// Those that are neither the source's nor the writer's.
fn ours(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).filter(|text| !text.starts_with("eyes") && *text != "padding").collect()
}

#[test]
fn a_channel_that_is_marked_as_bad_moves_no_embedding() {
    let desk = Desk::new();
    let noise = |s: f64| ((s * 9973.0).sin() * 43_758.547).fract() as f32;
    for (name, size) in [("weak.edf", 100.0), ("strong.edf", 800.0)] {
        spoilt(&desk.path(name), |s, c, v| if c == 7 { size * noise(s) } else { v });
    }
    let embeddings = |name: &str, marks: bool| {
        let file = format!("{name}-{marks}.csv");
        // Nothing is measured, so nothing but the mark says that it is bad.
        let more = format!(
            "[quality]\nenabled = false\n[signal]\nscale_s = 0\n[serve]\nembeddings = \"{}\"\n",
            desk.text(&file)
        );
        let run = begin(&format!("replay = \"{}\"\nspeed = \"max\"", desk.text(name)), &more);
        run.obey(Command::MarkChannel { channel: 99, bad: true });
        if marks {
            run.obey(Command::MarkChannel { channel: 7, bad: true });
        }
        let outcome = run.finish();
        assert_eq!(outcome.failures, [""; 0]);
        let summary: Value = serde_json::from_str(&outcome.summary.to_json()).unwrap();
        let marked = if marks { serde_json::json!(["T7"]) } else { Value::Null };
        assert_eq!(summary["quality"]["marked_channels"], marked, "{summary}");
        assert_eq!(outcome.summary.to_text().contains("marked as bad by hand: T7"), marks);
        rows(&desk, &file)
    };
    let (weak, strong) = (embeddings("weak.edf", true), embeddings("strong.edf", true));
    // Windows that begin after the mark in both runs, which may have come at any time.
    let silent = |rows: &[super::Row]| rows.iter().find(|row| row.quality < 1.0).map_or(f64::MAX, |row| row.end_s);
    let from_s = silent(&weak).max(silent(&strong));
    let after = |rows: Vec<super::Row>| -> BTreeMap<u64, Vec<f32>> {
        let rows = rows.into_iter().filter(|row| row.start_s > from_s);
        rows.map(|row| (row.first, [row.quality].into_iter().chain(row.values).collect())).collect()
    };
    let (weak, strong) = (after(weak), after(strong));
    assert!(weak.len() > 50, "the mark came too late: {} windows after {from_s} s", weak.len());
    assert!(weak.values().all(|row| row[0] == 0.9375) && weak == strong);
    let (weak, strong) = (embeddings("weak.edf", false), embeddings("strong.edf", false));
    assert!(weak.iter().zip(&strong).all(|(a, b)| a.quality == 1.0 && a.values != b.values));
}

#[test]
fn a_mark_is_told_recorded_and_taken_back() {
    let desk = Desk::new();
    let record = format!("[record]\nfile = \"{}\"\n", desk.text("a.bdf"));
    let run = begin(&format!("replay = \"{}\"\nspeed = 4.0\nloop = true", bundled()), &record);
    until(&run, "signal", |view| view.signal_s > 1.0 && view.quality.len() == 16);
    run.obey(Command::MarkChannel { channel: 7, bad: true });
    let view = until(&run, "the mark", |view| view.quality[7].has(Reason::Marked));
    assert_eq!(view.quality.iter().filter(|reasons| reasons.has(Reason::Marked)).count(), 1);
    until(&run, "its event", |view| tells(view, "T7 is marked as bad by hand"));
    let seen = view.signal_s;
    until(&run, "two more intervals", |view| view.signal_s > seen + 1.5);
    run.obey(Command::MarkChannel { channel: 7, bad: false });
    until(&run, "it taken back", |view| {
        !view.quality[7].has(Reason::Marked) && tells(view, "T7 is no longer marked as bad")
    });
    let summary = end(run);
    assert!(summary["quality"]["bad_intervals"]["T7"].as_u64() >= Some(2), "{summary}");
    assert_eq!(summary["quality"]["marked_channels"], serde_json::json!([]));
    let texts = annotations(&desk, "a.bdf");
    let ours: Vec<&str> = texts.iter().map(String::as_str).filter(|text| text.contains("marked")).collect();
    assert_eq!(ours, ["T7 is marked as bad by hand", "T7 is no longer marked as bad"]);
}

#[test]
fn a_marker_is_recorded_and_cut_round_and_teaches_nothing() {
    let desk = Desk::new();
    let more = format!(
        "[teach]\nenabled = true\n[record]\nfile = \"{}\"\n[window]\naround = \"beep\"\nfrom_s = 0.0\nto_s = 0.5\n",
        desk.text("a.bdf")
    );
    let run = begin("synthetic = true\nspeed = 4.0", &more);
    until(&run, "signal", |view| view.signal_s > 1.0);
    run.obey(Command::Marker("beep".to_owned()));
    run.obey(Command::Label("rest".to_owned()));
    let view = until(&run, "both and a window", |view| {
        tells(view, "beep") && view.serving.embeddings > 0 && classes(view).any(|class| class == "rest")
    });
    assert!(classes(&view).all(|class| class != "beep"), "{:?}", view.teaching);
    let summary = end(run);
    assert_eq!(summary["markers"]["served"], 1, "{summary}");
    assert_eq!(summary["teaching"]["other_markers"], 0, "{summary}");
    assert_eq!(ours(&annotations(&desk, "a.bdf")), ["beep", "rest"]);
}

/// All samples of a recording's first channel, as they are read.
fn first_channel(path: &Path) -> Vec<f32> {
    let mut source = ReplaySource::open(path, &Selection::default(), None, 1.0, false).unwrap();
    let channels = source.facts().montage.len();
    let (mut block, mut events, mut all) = (Block::default(), Vec::new(), Vec::new());
    while !matches!(source.step(Stamp(1e9), &mut block, &mut events).unwrap(), Progress::End(_)) {
        all.extend(block.samples.iter().step_by(channels));
        block.clear();
    }
    all
}

#[test]
fn recordings_are_begun_and_ended_while_a_run_goes_on() {
    let desk = Desk::new();
    let record = format!("[record]\nfile = \"{}\"\n", desk.text("a.edf"));
    let run = begin(&format!("replay = \"{}\"\nspeed = 4.0", bundled()), &record);
    let is_recording = |view: &View| view.recording.is_some();
    let part = |text: &str| {
        let view = until(&run, "a recording", is_recording);
        run.obey(Command::Record(true));
        let began = view.signal_s;
        until(&run, "three seconds", |view| view.signal_s > began + 3.0);
        run.obey(Command::Marker(text.to_owned()));
        until(&run, "the marker", |view| tells(view, text));
        run.obey(Command::Record(false));
        let ended = until(&run, "the end of the recording", |view| !is_recording(view));
        until(&run, "its event", |view| tells(view, "a.edf: ") || tells(view, "a_run-02.edf: "));
        until(&run, "a second without", |view| view.signal_s > ended.signal_s + 1.0);
    };
    part("first");
    run.obey(Command::Record(false));
    run.obey(Command::Record(true));
    run.obey(Command::Record(true));
    part("second");
    let summary = end(run);
    let recordings = summary["recordings"].as_array().unwrap();
    assert_eq!((recordings.len(), &recordings[1]), (2, &summary["recording"]), "{summary}");
    let frames: Vec<u64> = recordings.iter().map(|recording| recording["frames"].as_u64().unwrap()).collect();
    let recorder = &summary["frames"]["recorder"];
    let of_both =
        serde_json::json!({"acquired": frames[0] + frames[1], "consumed": frames[0] + frames[1], "lost": 0, "left": 0});
    assert_eq!(recorder, &of_both, "{summary}");
    assert!(summary["frames"]["acquired"].as_u64() > Some(frames[0] + frames[1] + 400), "{summary}");
    assert_eq!(summary["frames"]["encoder"]["lost"], 0);

    let source = first_channel(Path::new(&bundled()));
    for (place, (name, text)) in [("a.edf", "first"), ("a_run-02.edf", "second")].into_iter().enumerate() {
        let texts = annotations(&desk, name);
        assert_eq!(ours(&texts), [text], "{name}");
        // Every sample is that of the source, one after the other, from some frame on.
        let recorded = first_channel(&desk.path(name));
        let count = frames[place] as usize;
        assert!(count > 3 * 256 && (count..count + 256).contains(&recorded.len()), "{name}: {count} frames");
        let is_there = source.windows(count).any(|stretch| stretch == &recorded[..count]);
        assert!(is_there, "{name} is no stretch of the source");
    }
}

#[test]
fn a_recording_with_embeddings_can_be_begun_and_ended_at_full_speed() {
    let desk = Desk::new();
    let record = format!("[record]\nfile = \"{}\"\n", desk.text("a.xdf"));
    let run = begin(&format!("replay = \"{}\"\nspeed = \"max\"\nloop = true", bundled()), &record);
    for name in ["a.xdf", "a_run-02.xdf"] {
        let view = until(&run, "a recording", |view| view.recording.is_some());
        until(&run, "ten seconds", |now| now.signal_s > view.signal_s + 10.0);
        run.obey(Command::Record(false));
        until(&run, "its end", |view| view.recording.is_none() && tells(view, &format!("{name}: ")));
        run.obey(Command::Record(true));
    }
    until(&run, "a third one", |view| view.recording.is_some());
    let summary = end(run);
    assert_eq!(summary["recordings"].as_array().map(Vec::len), Some(3), "{summary}");
    for (name, recorded) in
        ["a.xdf", "a_run-02.xdf", "a_run-03.xdf"].iter().zip(summary["recordings"].as_array().unwrap())
    {
        assert_eq!((&recorded["error"], &recorded["dropped"]), (&Value::Null, &0.into()), "{summary}");
        let found = desk.run(&["inspect", "--stats", "--format", "json", name]).ends_with(0).out;
        let found: Value = serde_json::from_str(&found).unwrap();
        let streams = found["streams"].as_array().unwrap();
        let of = |kind: &str| {
            let stream = streams.iter().find(|stream| stream["type"] == kind);
            stream.and_then(|stream| stream["n_samples"].as_u64()).unwrap()
        };
        assert_eq!(of("EEG"), recorded["frames"].as_u64().unwrap(), "{name}");
        // Embeddings are four a second by default; each of the first two recordings holds ten seconds and more.
        let least = if *name == "a_run-03.xdf" { 0 } else { 30 };
        assert!(of("Embedding") >= least, "{name}");
    }
}

#[test]
fn what_the_served_model_looks_at_is_told_by_the_channels_of_the_stream() {
    let run = begin_by(&format!(
        "[source]\nreplay = \"{}\"\nspeed = 8.0\nloop = true\n[signal]\nchannels = [\"O1\", \"C3\", \"Fp1\"]\n\
         [window]\nlength_s = 0.5\nhop_s = 0.1\n[model]\nwidths = [4]\nembedding = 16\n\
         [train]\nbatch = 16\npublish_every = 5\ncheckpoint = \"\"\nmemory = {{ windows = 64 }}\n",
        bundled()
    ));
    let view = until(&run, "a look", |view| view.trainer.gate.saliency.is_some());
    let moved = view.trainer.gate.saliency.clone().unwrap();
    let labels: Vec<&str> = view.facts.montage.labels().collect();
    let known: Vec<&str> = labels.iter().zip(&*moved).filter(|(_, m)| m.is_finite()).map(|(label, _)| *label).collect();
    assert_eq!((moved.len(), known), (3, vec!["Fp1", "C3", "O1"]), "in the order of the stream");
    assert!(moved.iter().filter(|moved| moved.is_finite()).all(|moved| (0.0..2.0).contains(moved)), "{moved:?}");
    assert!(moved.iter().any(|moved| *moved > 0.0), "{moved:?}");
    end(run);
}
