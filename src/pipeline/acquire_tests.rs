//! Acquisition with a resampler, through real rings: numbers, moments and ledgers, whatever is lost and wherever gaps lie.

use super::acquire::{AcquireParts, AcquireStage, Turn};
use super::timeline::Timeline;
use super::watch::Watch;
use crate::config::Config;
use crate::dsp::{Conditioner, Conditioning, Derivation, Ratio, Resampler};
use crate::ring::{Branch, FrameReader, ReaderCounts, Tee, WhenFull, WriterCounts, frames};
use crate::signal::{Block, Event, ManualClock, Montage, SourceKind, Stamp, StreamFacts};
use crate::source::{Progress, Source, SourceError};
use crossbeam_channel::{Receiver, Sender};
use proptest::prelude::*;
use std::sync::Arc;

const CHANNELS: usize = 2;
const RING: usize = 96;

/// Plays the blocks it is told of: number of the first frame, and how many. The first channel holds the frames' numbers.
struct Script {
    facts: StreamFacts,
    blocks: Receiver<(u64, usize)>,
}

impl Source for Script {
    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn step(&mut self, _: Stamp, block: &mut Block, _: &mut Vec<Event>) -> Result<Progress, SourceError> {
        let Ok((first, frames)) = self.blocks.try_recv() else { return Ok(Progress::Idle) };
        block.samples.extend((first..first + frames as u64).flat_map(|n| [n as f32, 7.0]));
        (block.channels, block.first) = (CHANNELS, first);
        block.stamp = Stamp((first + frames as u64 - 1) as f64 / self.facts.rate_hz);
        Ok(Progress::Frames)
    }
}

#[derive(Clone, Debug)]
enum Act {
    Block { missing: u64, frames: usize },
    Window { length: usize, hop: usize },
    Skip(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let missing = prop_oneof![8 => Just(0), 1 => 1u64..4, 1 => 1u64..300];
    prop_oneof![
        6 => (missing, 1usize..60).prop_map(|(missing, frames)| Act::Block { missing, frames }),
        4 => (1usize..20, 1usize..30).prop_map(|(length, hop)| Act::Window { length, hop }),
        1 => (0usize..40).prop_map(Act::Skip),
    ]
}

/// A stretch of the source without a gap, and the frames that the model gets of it.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: u64,
    to: u64,
    first: u64,
    end: u64,
}

struct Rig {
    stage: AcquireStage,
    reader: FrameReader,
    written: Arc<WriterCounts>,
    read: Arc<ReaderCounts>,
    blocks: Sender<(u64, usize)>,
    ratio: Ratio,
    rate_hz: f64,
    next: u64,
    stretches: Vec<Stretch>,
}

impl Rig {
    fn new(rate_hz: f64, model_hz: f64, when_full: WhenFull) -> Self {
        let resample = Ratio::between(rate_hz, model_hz).filter(|ratio| *ratio != Ratio::ONE);
        let how = Conditioning { resample, ..Conditioning::of(Derivation::as_recorded(CHANNELS)) };
        let conditioner = Conditioner::new(&how, rate_hz);
        let (writer, reader) = frames(CHANNELS, model_hz, RING + conditioner.most_held(), 64);
        let (written, read) = (writer.counts(), reader.counts());
        let tee = Tee::new(vec![Branch { writer, when_full, doorbell: Arc::default() }]);
        let (blocks, told) = crossbeam_channel::unbounded();
        let montage = Montage::of_labels(&["C3", "C4"]);
        let (kind, name) = (SourceKind::Lsl, "script".to_owned());
        let facts = StreamFacts { kind, name, montage, rate_hz, frames: None, markers: None };
        let watch = Watch::new(&Config::default(), &facts);
        let source = Box::new(Script { facts, blocks: told });
        let ratio = resample.unwrap_or(Ratio::ONE);
        let timeline = Timeline::new(ratio, rate_hz);
        let reports = crossbeam_channel::bounded(1).0;
        let stage = AcquireStage::new(AcquireParts {
            said: crossbeam_channel::unbounded().1,
            recorders: crossbeam_channel::unbounded().1,
            source,
            watch,
            conditioner,
            timeline,
            recorded: Tee::default(),
            conditioned: tee,
            cutter: None,
            teacher: None,
            allowance: None,
            reports,
        });
        Self { stage, reader, written, read, blocks, ratio, rate_hz, next: 0, stretches: Vec::new() }
    }

    fn play(&mut self, missing: u64, frames: usize) {
        let first = self.next + missing;
        self.next = first + frames as u64;
        match self.stretches.last_mut().filter(|_| missing == 0) {
            Some(stretch) => stretch.to = self.next,
            None => {
                let given = self.stretches.iter().rfind(|s| s.first < s.end).map_or(0, |s| s.end + 1);
                let begin = self.ratio.first_at(first).max(given);
                self.stretches.push(Stretch { from: first, to: self.next, first: begin, end: begin });
            }
        }
        let last = self.stretches.last_mut().unwrap();
        last.end = self.ratio.first_at(last.to).max(last.first);
        self.blocks.send((first, frames)).unwrap();
        let clock = ManualClock::default();
        for _ in 0..100 {
            match self.stage.step(&clock).unwrap() {
                Turn::Frames => return,
                Turn::Full => self.take(RING / 2, RING / 2),
                turn => panic!("{turn:?}"),
            }
        }
        panic!("no room was made");
    }

    /// Takes a window out, or what stands before a gap.
    fn take(&mut self, length: usize, hop: usize) {
        let (_, ready) = self.reader.ready();
        if let Some(passage) = self.reader.peek(length) {
            let (first, stamp) = (passage.first, passage.stamp);
            let mut samples = vec![0.0; length * CHANNELS];
            passage.copy_to(&mut samples);
            self.check(first, stamp, &samples);
            self.reader.commit(hop);
        } else {
            self.reader.commit(ready);
        }
    }

    /// Frames follow each other in one stretch, on the grid, each at its own place and moment.
    fn check(&self, first: u64, stamp: Stamp, samples: &[f32]) {
        let frames = (samples.len() / CHANNELS) as u64;
        let stretch = self.stretches.iter().find(|s| s.first <= first && first < s.end).unwrap();
        assert!(first + frames <= stretch.end, "frames {first} + {frames} span a gap: {stretch:?}");
        let place = |m: u64| m as f64 * self.ratio.down() as f64 / self.ratio.up() as f64;
        assert!((stamp.0 - place(first + frames - 1) / self.rate_hz).abs() < 1e-9, "frame {first}: {stamp:?}");
        let reach = if self.ratio == Ratio::ONE { 0.0 } else { Resampler::delay_frames(self.ratio) as f64 };
        for (m, frame) in (first..).zip(samples.chunks_exact(CHANNELS)) {
            assert!((frame[1] - 7.0).abs() < 1e-5);
            let inside = place(m) - reach >= stretch.from as f64 && place(m) + reach < stretch.to as f64;
            assert!(!inside || (f64::from(frame[0]) - place(m)).abs() < 0.05, "frame {m} is {}", frame[0]);
        }
    }

    fn lost(&self) -> u64 {
        self.written.refused() + self.read.skipped()
    }
}

const RATES: [(f64, f64); 6] =
    [(2048.0, 256.0), (512.0, 200.0), (160.0, 128.0), (999.7, 250.0), (100.0, 128.0), (250.0, 250.0)];

proptest! {
    #[test]
    fn every_frame_of_the_source_is_accounted_for(
        acts in prop::collection::vec(act(), 1..120),
        (rate_hz, model_hz) in prop::sample::select(RATES.to_vec()),
        waits in any::<bool>(),
    ) {
        let mut rig = Rig::new(rate_hz, model_hz, if waits { WhenFull::Wait } else { WhenFull::Lose });
        for act in acts {
            match act {
                Act::Block { missing, frames } => rig.play(missing, frames),
                Act::Window { length, hop } => rig.take(length, hop),
                Act::Skip(keep) => { rig.reader.skip_to_newest(keep); }
            }
            let acquired = rig.stage.counts().frames();
            prop_assert!(rig.written.offered() <= acquired);
            prop_assert!(rig.read.consumed() + rig.lost() <= rig.written.offered());
        }
        while !rig.stage.finish(Stamp(0.0)) {
            rig.take(RING / 2, RING / 2);
        }
        while rig.reader.left() > 0 {
            rig.take(1, 1);
        }
        // What no frame of the grid fell into, at the very end, waits for one that never came.
        let after = rig.stretches.iter().rev().take_while(|s| s.first == s.end).map(|s| s.to - s.from).sum::<u64>();
        let acquired: u64 = rig.stretches.iter().map(|s| s.to - s.from).sum();
        prop_assert_eq!(rig.stage.counts().frames(), acquired);
        prop_assert_eq!(rig.written.offered(), acquired - after);
        prop_assert_eq!(rig.read.consumed() + rig.lost(), acquired - after);
        if waits {
            prop_assert_eq!(rig.written.refused(), 0);
        }
        if rig.lost() == 0 {
            prop_assert_eq!(rig.reader.taken(), rig.stretches.iter().map(|s| s.end - s.first).sum::<u64>());
        }
    }
}

/// Cut into blocks in any way, the model gets the same frames with the same numbers.
#[test]
fn blocks_do_not_matter() {
    let run = |cuts: &[usize]| {
        let mut rig = Rig::new(999.7, 250.0, WhenFull::Wait);
        let (mut all, mut frames) = (Vec::new(), 0);
        let mut drain = |rig: &mut Rig| {
            while let (first, ready @ 1..) = rig.reader.ready() {
                let mut samples = vec![0.0; ready * CHANNELS];
                rig.reader.peek(ready).unwrap().copy_to(&mut samples);
                all.extend((first..).zip(samples.chunks_exact(CHANNELS).map(|frame| frame[0].to_bits())));
                rig.reader.commit(ready);
            }
        };
        for (i, &cut) in cuts.iter().cycle().enumerate() {
            // Frames 1000 to 1002 are missing.
            let cut = cut.min(if frames < 1000 { 1000 - frames } else { 2000 - frames });
            rig.play(if frames == 1000 { 3 } else { 0 }, cut);
            frames += cut;
            drain(&mut rig);
            if frames == 2000 || i > 3000 {
                break;
            }
        }
        assert!(rig.stage.finish(Stamp(0.0)));
        drain(&mut rig);
        assert_eq!(rig.read.consumed(), 2000);
        all
    };
    let whole = run(&[40]);
    assert_eq!(whole.len(), 251 + 249);
    assert_eq!(run(&[1]), whole);
    assert_eq!(run(&[7, 64, 1, 33]), whole);
}
