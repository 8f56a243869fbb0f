//! A recorder that panics costs its recording and nothing else, and everybody hears of it at once.

use super::view::View;
use super::{MonotonicClock, Options, Plan, Shutdown, Stages, configure, open_source, start};
use crate::config::Document;
use crate::format::disk::{Disk, DiskFile, OsDisk};
use crate::lsl::Library;
use crate::signal::{Clock, EventKind};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A disk whose files panic from some write on.
#[derive(Clone, Debug)]
struct Trap(Arc<AtomicUsize>);

impl Disk for Trap {
    fn create(&self, path: &Path, replace: bool) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(TrapFile(OsDisk.create(path, replace)?, self.clone())))
    }

    fn exists(&self, path: &Path) -> bool {
        OsDisk.exists(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)
    }

    fn again(&self) -> Box<dyn Disk> {
        Box::new(self.clone())
    }
}

#[derive(Debug)]
struct TrapFile(Box<dyn DiskFile>, Trap);

impl DiskFile for TrapFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        assert!(self.1.0.fetch_sub(1, Ordering::Relaxed) > 1, "a bug of the recorder");
        self.0.write_at(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.0.truncate(len)
    }
}

fn tells(view: &View) -> bool {
    let trouble = view.recording.as_ref().and_then(|recording| recording.trouble.as_deref());
    let event = view.events.iter().any(|(_, e)| e.kind == EventKind::Error && e.text.contains("a bug of the recorder"));
    event && trouble.is_some_and(|trouble| trouble.contains("it panicked") && trouble.contains("repair"))
}

#[test]
fn a_recorder_that_panics_is_told_at_once_and_the_run_goes_on() {
    for speed in ["20.0", "\"max\""] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.bdf");
        let text = format!(
            "[source]\nreplay = \"{}/recordings/synthetic-16ch.edf\"\nspeed = {speed}\nloop = true\n[model]\nwidths = [4]\n\
             [train]\nenabled = false\ncheckpoint = \"\"\n[record]\nfile = \"{}\"\n",
            env!("CARGO_MANIFEST_DIR"),
            file.display()
        );
        let config = configure(&Document::parse("test", &text).unwrap()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(MonotonicClock::new());
        let source = open_source(&config, || Library::load(None), &*clock, &|| true).unwrap();
        let plan = Plan::new(&config, source.facts()).unwrap();
        let trap = Trap(Arc::new(AtomicUsize::new(8)));
        let stages = Stages::wire_on(&trap, &plan, source, &Options::default(), &*clock).unwrap();
        let shutdown = Shutdown::default();
        let mut running = start(&plan, stages, Arc::clone(&clock), &shutdown).unwrap();

        let deadline = clock.now() + 60.0;
        let mut told = None;
        while let Ok(view) = running.views.recv() {
            assert!(clock.now() < deadline, "at {speed}: it is not told, or the run stands still");
            let since = *told.get_or_insert_with(|| if tells(&view) { view.signal_s } else { f64::NAN });
            if since.is_nan() {
                told = None;
            } else if view.signal_s > since + 5.0 {
                break;
            }
        }
        assert!(told.is_some() && running.attend(), "at {speed}");
        running.obey(super::command::Command::Quit);
        let outcome = running.finish();
        assert_eq!(outcome.failures.len(), 1, "at {speed}: {:?}", outcome.failures);
        let summary: serde_json::Value = serde_json::from_str(&outcome.summary.to_json()).unwrap();
        assert_eq!(summary["reason"], "asked to stop", "at {speed}");
        assert!(summary["recording"]["error"].as_str().unwrap().contains("a bug of the recorder"), "{summary}");
        let (frames, recorder) = (&summary["frames"], &summary["frames"]["recorder"]);
        let count = |key: &str| recorder[key].as_u64().unwrap();
        assert_eq!(frames["acquired"], count("consumed") + count("lost") + count("left"), "at {speed}: {frames}");
        assert_eq!(frames["encoder"]["lost"], 0, "at {speed}: {frames}");
        assert!(crate::format::edf::EdfFile::open(&file).unwrap().header().records > 0, "at {speed}");
    }
}
