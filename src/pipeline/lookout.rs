//! The lookout: windows that are unlike everything before raise alarms.
//!
//! Owned by the lookout's thread, which loops over [`LookoutStage::step`]. Invariant: a window is asked about before it is known;
//! what it is compared with is made anew when there is half as much again as before, so that what is new stays new for a while.

use super::plan::Plan;
use super::view::NoveltyView;
use crate::learn::Learnt;
use crate::learn::novelty::{Alarms, Look, Novelty, Sample};
use crate::ring::FrameReader;
use crate::serve::NoveltyOutlet;
use crate::signal::{Event, EventKind, Stamp};
use crate::window::{Judge, Slide};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::sync::Arc;

/// What others read of it.
pub(super) type LookoutCounts = Arc<ArcSwap<NoveltyView>>;
/// What stands for all that came, for checkpoints.
pub(super) type KnownBoard = Arc<ArcSwapOption<Sample>>;

/// Looks out for novelty in the windows of one ring.
pub(super) struct LookoutStage {
    reader: FrameReader,
    slide: Slide,
    judge: Judge,
    look: Look,
    sample: Sample,
    novelty: Option<Novelty>,
    alarms: Alarms,
    rate_hz: f64,
    frames: u64,
    skip_beyond: Option<usize>,
    /// The first frame from which on windows count, and from which on the next one is known.
    settled: Option<u64>,
    next: u64,
    /// Windows that there were to choose from when it was made last.
    made_of: u64,
    window: Vec<f32>,
    numbers: Vec<f32>,
    room: Vec<f64>,
    outlet: Option<NoveltyOutlet>,
    status: LookoutCounts,
    board: KnownBoard,
}

/// Seconds at the beginning in which filters and running scale settle.
const SETTLE_S: f64 = 10.0;
/// Windows beyond the limit that lie closer than so many seconds raise one alarm together.
const APART_S: f64 = 10.0;
/// Samples of windows a second that are looked at, at most: wide fast streams are looked at less often.
const MOST_SAMPLES_HZ: f64 = 5e6;

impl LookoutStage {
    /// Of a plan, with what a checkpoint knows.
    pub fn new(
        plan: &Plan,
        reader: FrameReader,
        skip_beyond: Option<usize>,
        outlet: Option<NoveltyOutlet>,
        known: Option<&Learnt>,
    ) -> Self {
        let (config, channels, rate_hz) = (&plan.config.novelty, plan.montage.len(), plan.rate_hz);
        let least = (plan.window * channels) as f64 * rate_hz / MOST_SAMPLES_HZ;
        let hop = plan.hop.max(least.ceil() as usize);
        let look = Look::new(plan.window, channels, rate_hz);
        let sample = Sample::new(config.windows, look.dimension(), plan.config.seed);
        let frames = plan.window as u64;
        let mut stage = Self {
            slide: Slide::new(plan.window, hop),
            judge: plan.judge(),
            sample: match known {
                Some(learnt) => sample.resumed(learnt),
                None => sample,
            },
            novelty: None,
            alarms: Alarms::new(
                config.false_alarms_per_hour,
                frames.max((APART_S * rate_hz) as u64),
                hop as f64 / rate_hz,
            ),
            rate_hz,
            frames,
            skip_beyond,
            settled: None,
            next: 0,
            made_of: 0,
            window: vec![0.0; plan.window * channels],
            numbers: Vec::with_capacity(look.dimension()),
            room: vec![0.0; look.dimension()],
            look,
            reader,
            outlet,
            status: Arc::default(),
            board: Arc::default(),
        };
        stage.make(Stamp::default(), &mut Vec::new());
        stage
    }

    pub fn status(&self) -> LookoutCounts {
        Arc::clone(&self.status)
    }

    pub fn board(&self) -> KnownBoard {
        Arc::clone(&self.board)
    }

    pub fn reader(&self) -> &FrameReader {
        &self.reader
    }

    /// Looks at the next window, if there is one; false if there is none yet.
    pub fn step(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        if self.skip_beyond.is_some_and(|limit| self.reader.left() > limit as u64) {
            self.slide.catch_up(&mut self.reader, self.frames as usize);
        }
        let Some(window) = self.slide.next(&mut self.reader) else { return false };
        let (first, stamp) = (window.first, window.stamp);
        let settled = *self.settled.get_or_insert(first + (SETTLE_S * self.rate_hz) as u64);
        if first < settled {
            return true;
        }
        window.copy_to(&mut self.window);
        let quality = self.judge.quality(&mut self.window, window.bad);
        if !self.judge.is_learnable(quality) {
            return true;
        }
        self.look.at(&self.window, window.bad, window.amplitudes, &mut self.numbers);
        self.ask(first, stamp, now, events);
        // Windows that overlap say nearly the same.
        if first >= self.next {
            self.next = first + self.frames;
            self.sample.offer(&self.numbers);
            self.board.store(Some(Arc::new(self.sample.clone())));
            if self.novelty.is_none() || 2 * self.sample.seen() >= 3 * self.made_of {
                self.make(now, events);
            }
        }
        true
    }

    /// Tells how unlike everything known the window is.
    fn ask(&mut self, first: u64, stamp: Stamp, now: Stamp, events: &mut Vec<Event>) {
        let Some(novelty) = &self.novelty else { return };
        let score = novelty.score(&self.numbers, &mut self.room);
        let probability = novelty.probability(score);
        let alarm = self.alarms.hear(first, probability);
        if alarm {
            let at_s = first as f64 / self.rate_hz;
            let text = format!(
                "the window from {at_s:.2} s on is unlike all before: {score:.1} times as far away as is usual, p {probability:.1e}"
            );
            events.push(Event { at: now, kind: EventKind::Novel, text });
        }
        if let Some(outlet) = &mut self.outlet
            && let Err(error) = outlet.push(probability, score, alarm, stamp)
        {
            let text = format!("novelty is no longer published: {error}");
            events.push(Event { at: now, kind: EventKind::Warning, text });
            self.outlet = None;
        }
        self.note(Some((probability, score)));
    }

    /// Makes anew what windows are compared with, if there are enough.
    fn make(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let Some(novelty) = Novelty::of(&self.sample.in_order(), self.look.dimension()) else { return };
        if self.novelty.is_none() {
            let text = format!("novelty is looked out for, by {} windows", novelty.windows());
            events.push(Event { at: now, kind: EventKind::Ready, text });
        }
        (self.novelty, self.made_of) = (Some(novelty), self.sample.seen());
        self.note(None);
    }

    fn note(&self, last: Option<(f64, f32)>) {
        let alarms = &self.alarms;
        self.status.store(Arc::new(NoveltyView {
            last,
            alarms: alarms.raised(),
            hours: alarms.hours(),
            windows: self.novelty.as_ref().map_or(0, Novelty::windows),
            judged: alarms.windows(),
            one_in_ten: alarms.tenth(),
            limit: alarms.limit(),
        }));
    }

    /// Ends the stage once its ring's writer is gone: takes out what is left.
    pub fn finish(&mut self, now: Stamp, events: &mut Vec<Event>) {
        while self.step(now, events) {}
        self.slide.finish(&mut self.reader);
        self.outlet = None;
    }
}
