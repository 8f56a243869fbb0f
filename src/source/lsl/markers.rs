//! Streams of markers beside a signal: each marker finds its frame by the clock.
//!
//! Owns [`MarkerStream`] and [`MarkedSource`], on the acquisition thread, which they never hold up. Invariant: a marker
//! leaves once, with the first block that reaches its frame or, where it arrives late, with the next one; what can be put on
//! no frame is told.

use super::timing::{CLOCK_EVERY_S, FIRST_CLOCK_S, HostTime};
use crate::lsl::{Library, MarkerInlet, resolve_one};
use crate::signal::{Block, Clock, Event, EventKind, Marker, Stamp, StreamFacts};
use crate::source::{Progress, Source, SourceError};

/// How long connecting may take, in seconds.
const CONNECT_S: f64 = 10.0;
/// Markers that wait for their frames at most, while the signal is away.
const MOST_WAITING: usize = 10_000;
/// Markers of one stream that are taken in a step, so that a flood of them holds no frame up.
const AT_ONCE: usize = 1000;

/// The receiving end of a stream of markers.
pub struct MarkerStream {
    name: String,
    /// `None` once the stream is gone for good.
    inlet: Option<MarkerInlet>,
    time: HostTime,
    next_clock: Stamp,
    at_open: Vec<Event>,
}

impl MarkerStream {
    /// Waits up to `wait_s` for the one stream that matches, connects, and measures its clock.
    ///
    /// The predicate is as in [`crate::lsl::resolve_one`]; it blocks as [`super::LslSource::open`] does.
    ///
    /// # Errors
    /// Those of [`crate::lsl::resolve_one`] and [`MarkerInlet::open`].
    pub fn open(library: &Library, predicate: &str, wait_s: f64, clock: &dyn Clock) -> Result<Self, SourceError> {
        let resolved = resolve_one(library, Some(predicate), wait_s)?;
        let mut inlet = MarkerInlet::open(&resolved, CONNECT_S)?;
        let correction_s = inlet.clock_offset(FIRST_CLOCK_S).ok().map(|measured| measured.seconds);
        let mut time = HostTime::new(library.clock_offset(clock));
        time.correct(correction_s.unwrap_or(0.0));
        let (name, now) = (resolved.name(), clock.now());
        let mut at_open = Vec::new();
        let mut tell = |kind, text| at_open.push(Event { at: now, kind, text });
        tell(EventKind::Ready, format!("markers from {resolved}"));
        if correction_s.is_none() {
            let text = format!(
                "the clock of the markers '{name}' could not be measured in {FIRST_CLOCK_S} s (UDP blocked?): until it \
                 can, they are taken to be on this host's clock"
            );
            tell(EventKind::Warning, text);
        }
        if resolved.source_id().is_empty() {
            let text =
                format!("the markers '{name}' have no source_id: if their source restarts, it cannot be found again");
            tell(EventKind::Warning, text);
        }
        Ok(Self { name, inlet: Some(inlet), time, next_clock: now + CLOCK_EVERY_S, at_open })
    }

    /// Takes what has come, with the moments at which it happened.
    fn hear(&mut self, now: Stamp, heard: &mut Vec<(Stamp, String)>, events: &mut Vec<Event>) {
        events.append(&mut self.at_open);
        let Some(inlet) = &mut self.inlet else { return };
        if now >= self.next_clock {
            self.next_clock = now + CLOCK_EVERY_S;
            // After a restart there is none for some seconds: the last one holds on.
            if let Ok(measured) = inlet.clock_offset(0.0) {
                self.time.correct(measured.seconds);
            }
        }
        for _ in 0..AT_ONCE {
            match inlet.pull(0.0) {
                Ok(None) => return,
                Ok(Some(sample)) => {
                    let (at, off_s) = self.time.place(sample.stamp, now);
                    if let Some(off_s) = off_s {
                        let text = format!(
                            "the stamps of the markers '{}' are {off_s:.1} s from the present: arrival is taken for the time",
                            self.name
                        );
                        events.push(Event { at: now, kind: EventKind::Warning, text });
                    }
                    let texts: Vec<&str> = sample.texts.iter().map(|t| t.trim()).filter(|t| !t.is_empty()).collect();
                    if !texts.is_empty() {
                        heard.push((at, texts.join(", ")));
                    }
                }
                Err(error) => {
                    self.inlet = None;
                    let text = format!("no more markers from '{}': {error}", self.name);
                    events.push(Event { at: now, kind: EventKind::Warning, text });
                    return;
                }
            }
        }
    }
}

/// Markers on their way to their frames.
#[derive(Debug, Default)]
struct Waiting {
    markers: Vec<(Stamp, String)>,
    /// True once a block has come.
    has_begun: bool,
}

impl Waiting {
    /// Gives a block the markers whose frames it reaches, or that lie behind it.
    fn place(&mut self, now: Stamp, rate_hz: f64, block: &mut Block, events: &mut Vec<Event>) {
        let Some(last) = (block.first + block.frames() as u64).checked_sub(1) else { return };
        let (first, has_begun) = (block.first, std::mem::replace(&mut self.has_begun, true));
        let mut early = Vec::new();
        self.markers.retain(|(at, text)| {
            // Any frame's time follows from that of the block's last one; half a frame later it is the next one's.
            let behind = ((*at - block.stamp) * rate_hz).round();
            if behind > 0.0 {
                return true;
            }
            match last.checked_sub((-behind) as u64).filter(|frame| has_begun || *frame >= first) {
                Some(frame) => block.markers.push(Marker { frame, duration_s: None, text: text.clone() }),
                None => early.push((*at, text.clone())),
            }
            false
        });
        block.markers.sort_by_key(|marker| marker.frame);
        for (at, text) in early {
            let before_s = block.stamp - (last - first) as f64 / rate_hz - at;
            let text = format!("marker '{text}' came {before_s:.3} s before the first frame: it is left out");
            events.push(Event { at: now, kind: EventKind::Warning, text });
        }
    }

    /// Forgets the oldest of too many, and tells.
    fn bound(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let excess = self.markers.len().saturating_sub(MOST_WAITING);
        if excess > 0 {
            self.markers.drain(..excess);
            let text = format!("{excess} markers have waited for their frames in vain: they are left out");
            events.push(Event { at: now, kind: EventKind::Warning, text });
        }
    }
}

/// A signal with the markers of other streams.
pub struct MarkedSource<S> {
    inner: S,
    streams: Vec<MarkerStream>,
    waiting: Waiting,
}

impl<S: Source> MarkedSource<S> {
    /// Joins streams of markers, of which there may be none, to a signal.
    #[must_use]
    pub fn new(inner: S, streams: Vec<MarkerStream>) -> Self {
        Self { inner, streams, waiting: Waiting::default() }
    }
}

impl<S: Source> Source for MarkedSource<S> {
    fn facts(&self) -> &StreamFacts {
        self.inner.facts()
    }

    fn step(&mut self, now: Stamp, block: &mut Block, events: &mut Vec<Event>) -> Result<Progress, SourceError> {
        let progress = self.inner.step(now, block, events)?;
        for stream in &mut self.streams {
            stream.hear(now, &mut self.waiting.markers, events);
        }
        match &progress {
            Progress::Frames => self.waiting.place(now, self.inner.facts().rate_hz, block, events),
            Progress::End(_) => {
                for (_, text) in self.waiting.markers.drain(..) {
                    let text = format!("marker '{text}' came after the last frame: it is left out");
                    events.push(Event { at: now, kind: EventKind::Warning, text });
                }
            }
            Progress::Wait(_) | Progress::Idle => {}
        }
        self.waiting.bound(now, events);
        Ok(progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(first: u64, frames: usize, stamp: f64) -> Block {
        Block { samples: vec![0.0; frames], channels: 1, first, stamp: Stamp(stamp), ..Block::default() }
    }

    fn placed(waiting: &mut Waiting, block: &mut Block) -> (Vec<(u64, String)>, usize) {
        let mut events = Vec::new();
        waiting.place(Stamp(0.0), 100.0, block, &mut events);
        (block.markers.iter().map(|m| (m.frame, m.text.clone())).collect(), events.len())
    }

    fn waiting(markers: &[(f64, &str)]) -> Waiting {
        let markers = markers.iter().map(|(at, text)| (Stamp(*at), (*text).to_owned())).collect();
        Waiting { markers, has_begun: false }
    }

    #[test]
    fn markers_wait_for_their_frames_and_late_ones_keep_theirs() {
        // Frame n lies at 10 + n / 100 s.
        let mut waiting = waiting(&[(10.25, "ahead"), (10.052, "here"), (10.0, "first"), (9.9, "before")]);
        let (markers, told) = placed(&mut waiting, &mut block(0, 10, 10.09));
        assert_eq!(markers, [(0, "first".to_owned()), (5, "here".to_owned())]);
        assert_eq!(told, 1, "what came before the first frame is left out, and told");
        waiting.markers.push((Stamp(10.03), "late".to_owned()));
        assert_eq!(placed(&mut waiting, &mut block(10, 10, 10.19)).0, [(3, "late".to_owned())]);
        // Behind a gap: the marker lies in it.
        assert_eq!(placed(&mut waiting, &mut block(50, 10, 10.59)).0, [(25, "ahead".to_owned())]);
        assert_eq!(waiting.markers, []);
    }

    #[test]
    fn markers_without_a_signal_are_bounded_and_told() {
        let mut waiting = waiting(&[(0.0, "x"); MOST_WAITING + 7]);
        let mut events = Vec::new();
        waiting.bound(Stamp(0.0), &mut events);
        assert!(events[0].text.starts_with("7 markers"), "{events:?}");
        assert_eq!(waiting.markers.len(), MOST_WAITING);
    }

    proptest! {
        /// However frames are cut into blocks and whenever a marker arrives, it gets the frame nearest to its moment.
        #[test]
        fn the_frame_is_the_nearest_one(
            at in prop::collection::vec((0.0..4.0_f64, 0..400_u64), 0..30),
            cuts in prop::collection::vec(1_usize..60, 1..10),
        ) {
            let mut waiting = waiting(&[]);
            let (mut found, mut next, mut cuts) = (Vec::new(), 0, cuts.iter().cycle());
            while next < 500 {
                let count = *cuts.next().unwrap();
                let arrived = at.iter().enumerate().filter(|(_, (_, when))| (next..next + count as u64).contains(when));
                waiting.markers.extend(arrived.map(|(i, (at, _))| (Stamp(*at), i.to_string())));
                next += count as u64;
                let mut block = block(next - count as u64, count, (next - 1) as f64 / 100.0);
                found.extend(placed(&mut waiting, &mut block).0);
            }
            prop_assert_eq!(found.len(), at.len());
            for (frame, text) in found {
                let exact = at[text.parse::<usize>().unwrap()].0 * 100.0;
                prop_assert!((frame as f64 - exact).abs() <= 0.5 + 1e-6, "{} for {}", frame, exact);
            }
        }
    }
}
