//! Both ends of a socket in one process.
//!
//! Owns sockets in folders of their own. Invariant: nothing waits for a viewer that does not read.

use super::message::{Hello, LONGEST_COMMAND, encode, read};
use super::{AttachError, Attached, Attachment, BindError};
use crate::dsp::quality::{Reason, Reasons};
use crate::dsp::spectra::{Segment, Spectra};
use crate::pipeline::command::Command;
use crate::pipeline::view::{
    EmbeddingMap, Latency, Ledger, MapPoint, ServingView, TeachingView, Traces, TrainerView, View,
};
use crate::signal::{Event, EventKind, Montage, SourceKind, Stamp, StreamFacts};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    folder: tempfile::TempDir,
    views: Option<Sender<Arc<View>>>,
    commands: Receiver<Command>,
    counts: Arc<super::AttachCounts>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let attachment = Attachment::bind(&folder.path().join("run.sock")).unwrap();
        let counts = attachment.counts();
        let (views, shown) = bounded(1);
        let (obeyed, commands) = unbounded();
        let serve = move || attachment.serve(&shown, &|command| obeyed.send(command).unwrap());
        let thread = std::thread::Builder::new().spawn(serve).unwrap();
        Self { folder, views: Some(views), commands, counts, thread: Some(thread) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("run.sock")
    }

    fn show(&self, view: &View) {
        let _ = self.views.as_ref().unwrap().send_timeout(Arc::new(view.clone()), PATIENCE);
    }

    fn until(&self, what: impl Fn(&Self) -> bool) {
        for _ in 0..2_000 {
            if what(self) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not come to that");
    }

    fn end(mut self) {
        self.views = None;
        self.thread.take().unwrap().join().unwrap();
        assert!(!self.path().exists(), "a socket goes with its run");
    }
}

/// A View with something in every part that is written in its own way.
fn view(signal_s: f64, channels: usize) -> View {
    let facts = StreamFacts {
        kind: SourceKind::Lsl,
        name: "amp".to_owned(),
        montage: Montage::of_labels(&vec!["C3"; channels]),
        rate_hz: 512.0,
        frames: None,
        markers: None,
    };
    let mut view = View {
        facts: Arc::new(facts),
        wall_s: signal_s,
        signal_s,
        speed: None,
        behind_s: f64::NAN,
        data_age_s: 0.1,
        gaps: 1,
        recording: None,
        ledgers: Vec::new(),
        latency: Latency::default(),
        stages: Vec::new(),
        histogram: vec![0, 7],
        traces: Traces::default(),
        spectra: None,
        map: Some(Arc::new(EmbeddingMap { points: vec![MapPoint::default()], ..EmbeddingMap::default() })),
        trainer: TrainerView { losses: vec![(1, 0.5)], ..TrainerView::default() },
        serving: ServingView::default(),
        teaching: Some(TeachingView::default()),
        novelty: None,
        quality: vec![Reasons::NONE.with(Reason::Flat); channels],
        events: Vec::new(),
        told: 0,
        viewers: Some([1, 2]),
        ended: None,
    };
    view.trainer.gate.examination = Some(Arc::default());
    view.traces.envelope = vec![(f32::NAN, 1.5); channels * 1000];
    view.ledgers = vec![Ledger { consumer: "encoder".into(), lost: 3, ..Ledger::default() }];
    view.events = vec![(1.0, Event { at: Stamp(2.0), kind: EventKind::Swap, text: "generation 2".to_owned() })];
    let newest = Segment { end_s: 2.0, levels: vec![1, 2, 3] };
    let spectra = Spectra { density: vec![1e-9, f32::INFINITY], newest: Arc::new(newest), ..Spectra::default() };
    view.spectra = Some(Arc::new(spectra));
    view
}

#[test]
fn a_view_arrives_as_it_was_and_commands_go_back_where_control_was_asked_for() {
    let served = Served::start();
    let mode = std::fs::metadata(served.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let viewers = [true, false].map(|control| Attached::connect(&served.path(), control).unwrap());
    served.until(|served| served.counts.viewers() == 2);
    let sent = view(1.5, 4);
    served.show(&sent);
    for viewer in &viewers {
        let got = viewer.views.recv_timeout(PATIENCE).unwrap();
        assert_eq!(format!("{got:?}"), format!("{sent:?}"), "NaN is not equal to itself, and written alike");
    }
    viewers[0].commands.send(Command::Label("eyes closed".to_owned())).unwrap();
    assert_eq!(served.commands.recv_timeout(PATIENCE), Ok(Command::Label("eyes closed".to_owned())));
    viewers[1].commands.send(Command::Quit).unwrap();
    served.until(|served| served.counts.viewers() == 1);
    assert!(served.commands.is_empty(), "who only looks on is hung up on");
    drop(viewers);
    served.until(|served| served.counts.viewers() == 0);
    served.end();
}

#[test]
fn a_viewer_that_stops_reading_misses_views_and_holds_up_nobody() {
    let served = Served::start();
    let mut stopped = UnixStream::connect(served.path()).unwrap();
    stopped.write_all(&encode(&Hello::new(false)).unwrap()).unwrap();
    let reading = Attached::connect(&served.path(), false).unwrap();
    served.until(|served| served.counts.viewers() == 2);
    for number in 0..40 {
        served.show(&view(f64::from(number), 64));
        let got = reading.views.recv_timeout(PATIENCE).unwrap();
        assert!((got.signal_s - f64::from(number)).abs() < 1e-9, "the other one misses none");
    }
    assert!(served.counts.missed() >= 30, "{} missed", served.counts.missed());
    assert_eq!(served.counts.viewers(), 2);
    served.end();
    assert!(reading.views.recv_timeout(PATIENCE).is_err(), "the end is told");
}

#[test]
fn what_is_no_run_or_another_version_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = folder.path().join("nobody");
    assert!(matches!(Attached::connect(&nobody, false), Err(AttachError::Nobody { .. })));
    let answer = |path: &Path, bytes: Vec<u8>| {
        let listener = UnixListener::bind(path).unwrap();
        std::thread::Builder::new()
            .spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(&bytes).unwrap();
                let _ = read::<Hello>(&mut stream, LONGEST_COMMAND);
            })
            .unwrap()
    };
    let old = folder.path().join("old");
    let hello = Hello { version: "0.0.1".to_owned(), ..Hello::new(false) };
    let thread = answer(&old, encode(&hello).unwrap());
    let refused = Attached::connect(&old, false).unwrap_err();
    assert!(refused.to_string().contains("0.0.1"), "{refused}");
    thread.join().unwrap();
    let other = folder.path().join("other");
    let thread = answer(&other, b"HTTP/1.1 400".to_vec());
    assert!(matches!(Attached::connect(&other, false), Err(AttachError::Stranger { .. })));
    thread.join().unwrap();
}

#[test]
fn a_socket_of_a_killed_run_is_replaced_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.sock");
    drop(UnixListener::bind(&path).unwrap());
    let attachment = Attachment::bind(&path).unwrap();
    assert!(matches!(Attachment::bind(&path), Err(BindError::Taken(_))));
    drop(attachment);
    std::fs::write(&path, "notes").unwrap();
    assert!(matches!(Attachment::bind(&path), Err(BindError::NoSocket(_))));
    assert_eq!(std::fs::read(&path).unwrap(), b"notes");
    let nowhere = folder.path().join("missing/run.sock");
    assert!(matches!(Attachment::bind(&nowhere), Err(BindError::Refused { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}
