//! What to do while nothing arrives, who comes back afterwards, and who else calls itself the same.
//!
//! Owns [`Silence`], on the acquisition thread. Invariant: a stream that comes back in another shape is an error
//! within seconds, and one that comes from another source is told. liblsl itself would wait for ever for one with another
//! channel count, and would take one with another rate, or a twin, without a word.

use crate::lsl::{ChannelNote, Inlet, Library, LslError, SampleFormat, StreamInfo, Watcher, xpath_literal};
use crate::signal::{Event, EventKind, Stamp};
use std::collections::VecDeque;

/// Nothing for this long is told, in seconds.
const SILENT_S: f64 = 2.0;
/// How often the network is asked who is there, in seconds.
const LOOK_S: f64 = 0.5;
/// How often a silent stream is called by its name, in seconds.
const CALL_EVERY_S: f64 = 0.25;
/// How long a call waits for answers, in seconds: liblsl asks `KnownPeers` half a second after it asked by multicast.
const CALL_S: f64 = 0.8;
/// How long others may still answer after the first, in seconds.
const ANSWER_S: f64 = 0.03;
/// How long a search goes on at least, in seconds: liblsl asks again and again, and some answers come late.
const SEARCH_S: f64 = 2.0;
/// How often twins are looked for while all is well, in seconds.
const TWINS_EVERY_S: f64 = 30.0;
/// How long a returned stream may stay unidentified, in seconds.
const IDENTIFY_S: f64 = 10.0;
/// How long the description of a returned stream may take, in seconds; liblsl buffers its samples meanwhile.
const DESCRIBE_S: f64 = 1.0;

/// All that must be the same when a stream returns.
struct Shape {
    channels: usize,
    rate_hz: f64,
    format: Option<SampleFormat>,
    notes: Vec<ChannelNote>,
}

impl Shape {
    /// How `other` differs in what every description has.
    fn difference(&self, other: &StreamInfo) -> Option<String> {
        let mut found = Vec::new();
        if other.channels() != self.channels {
            found.push(format!("it had {} channels and has {}", self.channels, other.channels()));
        }
        if (other.rate_hz() - self.rate_hz).abs() > 1e-6 * self.rate_hz {
            found.push(format!("it ran at {} Hz and runs at {} Hz", self.rate_hz, other.rate_hz()));
        }
        if other.format() != self.format {
            let word = |format: Option<SampleFormat>| format.map_or("undefined", SampleFormat::word);
            found.push(format!("its samples were {} and are {}", word(self.format), word(other.format())));
        }
        (!found.is_empty()).then(|| found.join(", "))
    }

    /// How the channels' notes differ in a full description.
    fn renamed(&self, full: &StreamInfo) -> Option<String> {
        let notes = full.channel_notes();
        let at = (0..self.channels).find(|at| notes.get(*at) != self.notes.get(*at))?;
        let place = |note: &ChannelNote| {
            note.location_mm.map_or_else(String::new, |[x, y, z]| format!(" at ({x}, {y}, {z}) mm"))
        };
        let words = |note: Option<&ChannelNote>| {
            note.map_or("nothing".to_owned(), |n| format!("{} [{}]{}", n.label, n.unit, place(n)))
        };
        let (was, is) = (words(self.notes.get(at)), words(notes.get(at)));
        Some(format!("channel {} was {was} and is {is}", at + 1))
    }
}

/// The search for a stream that fell silent or was connected anew.
struct Search {
    watcher: Watcher,
    next_look: Stamp,
    /// Answers may still come until then.
    open_until: Stamp,
    give_up: Option<Stamp>,
}

/// Watches the age of the data.
pub(super) struct Silence {
    library: Library,
    name: String,
    predicate: Option<String>,
    uid: String,
    shape: Shape,
    last: Stamp,
    told: bool,
    search: Option<Search>,
    next_search: Stamp,
    next_call: Stamp,
    /// Calls that wait for answers, and when each began.
    calls: VecDeque<(Stamp, Watcher)>,
    /// Who answered, and when that was seen first.
    answer: Option<(String, Stamp)>,
    /// It fell silent, or was connected anew, and who it is since then is not known yet.
    doubted: bool,
    /// Streams of this name, type and `source_id`, as told.
    same: usize,
}

impl Silence {
    /// Begins to watch the stream of this full description; nothing has arrived yet.
    pub(super) fn new(library: &Library, info: &StreamInfo, now: Stamp) -> Self {
        // All three, as liblsl does: devices exist that give several streams one source_id.
        let clauses = [("name", info.name()), ("type", info.content_type()), ("source_id", info.source_id())];
        let clauses = clauses.iter().filter(|(_, value)| !value.is_empty());
        let clauses: Vec<String> =
            clauses.filter_map(|(key, value)| Some(format!("{key}={}", xpath_literal(value)?))).collect();
        Self {
            library: library.clone(),
            name: info.name(),
            predicate: (!clauses.is_empty()).then(|| clauses.join(" and ")),
            uid: info.uid(),
            shape: Shape {
                channels: info.channels(),
                rate_hz: info.rate_hz(),
                format: info.format(),
                notes: info.channel_notes(),
            },
            last: now,
            told: false,
            search: None,
            next_search: now + SEARCH_S,
            next_call: now,
            calls: VecDeque::new(),
            answer: None,
            doubted: false,
            same: 1,
        }
    }

    /// Nothing arrived. Fails where the stream is back in another shape.
    pub(super) fn nothing(&mut self, now: Stamp, events: &mut Vec<Event>) -> Result<(), LslError> {
        let age_s = now - self.last;
        if age_s > SILENT_S && !self.told {
            self.told = true;
            let text = format!("no data from '{}' for {age_s:.1} s; it is looked for", self.name);
            events.push(Event { at: now, kind: EventKind::Source, text });
            self.identify(now, events);
        }
        self.look(now, events)
    }

    /// Who calls itself as the silent stream did, in its shape, and is another source: the one to connect to, which liblsl
    /// would do a second or two later. Of several none is taken, and one that only stands still is waited for.
    ///
    /// One search would come again every 1.75 s, by multicast and half a second later by `KnownPeers`, so that new ones are
    /// begun while others run.
    pub(super) fn returned(&mut self, now: Stamp) -> Option<StreamInfo> {
        let predicate = self.predicate.as_ref().filter(|_| self.told)?;
        if now >= self.next_call {
            self.next_call = now + CALL_EVERY_S;
            self.calls.retain(|(since, _)| now - *since < CALL_S);
            // Where none can be begun, liblsl's own search goes on.
            self.calls.extend(Watcher::start(&self.library, predicate).ok().map(|call| (now, call)));
        }
        let mut found: Vec<StreamInfo> =
            self.calls.iter_mut().flat_map(|(_, call)| call.found().unwrap_or_default()).collect();
        found.sort_by_cached_key(StreamInfo::uid);
        found.dedup_by_key(|stream| stream.uid());
        let only = found.pop().filter(|_| found.is_empty());
        let only = only.filter(|only| only.uid() != self.uid && self.shape.difference(only).is_none());
        let Some(only) = only else {
            self.answer = None;
            return None;
        };
        match &self.answer {
            Some((uid, since)) if *uid == only.uid() => (now - *since >= ANSWER_S).then_some(only),
            _ => {
                self.answer = Some((only.uid(), now));
                None
            }
        }
    }

    /// It is connected to the source of this full description now. Fails where that has another shape.
    pub(super) fn connected(&mut self, full: &StreamInfo, now: Stamp, events: &mut Vec<Event>) -> Result<(), LslError> {
        if let Some(what) = self.shape.difference(full).or_else(|| self.shape.renamed(full)) {
            return Err(LslError::Changed { stream: full.to_string(), what });
        }
        self.taken_over(full, now, events);
        self.doubted = false;
        Ok(())
    }

    /// From now on it is this source.
    fn taken_over(&mut self, by: &StreamInfo, now: Stamp, events: &mut Vec<Event>) {
        self.uid = by.uid();
        let text = format!(
            "'{}' comes from another source than before, on {}: it was started anew, or a twin has taken over",
            self.name,
            by.hostname()
        );
        events.push(Event { at: now, kind: EventKind::Source, text });
    }

    /// Something arrived. Fails where it comes from a stream in another shape.
    pub(super) fn something(&mut self, now: Stamp, events: &mut Vec<Event>) -> Result<(), LslError> {
        if self.told {
            self.told = false;
            self.calls.clear();
            self.answer = None;
            let text = format!("data from '{}' again after {:.1} s", self.name, now - self.last);
            events.push(Event { at: now, kind: EventKind::Source, text });
        }
        self.last = now;
        if now >= self.next_search && self.search.is_none() {
            self.search(now, events);
        }
        self.look(now, events)
    }

    /// Starts to find out who the stream is now: with a new search, since one that runs remembers who is gone.
    pub(super) fn identify(&mut self, now: Stamp, events: &mut Vec<Event>) {
        self.doubted = true;
        self.search(now, events);
    }

    /// Starts to look who calls itself so. That this host cannot search is told and does not end the run.
    fn search(&mut self, now: Stamp, events: &mut Vec<Event>) {
        self.next_search = now + TWINS_EVERY_S;
        let Some(predicate) = &self.predicate else { return };
        match Watcher::start(&self.library, predicate) {
            Ok(watcher) => {
                let (next_look, open_until) = (now + LOOK_S, now + SEARCH_S);
                self.search = Some(Search { watcher, next_look, open_until, give_up: None });
            }
            Err(error) => {
                self.predicate = None;
                let text = format!("whether '{}' comes back as it was cannot be checked: {error}", self.name);
                events.push(Event { at: now, kind: EventKind::Warning, text });
            }
        }
    }

    fn look(&mut self, now: Stamp, events: &mut Vec<Event>) -> Result<(), LslError> {
        let flows = !self.told;
        let Some(search) = self.search.as_mut().filter(|search| now >= search.next_look) else { return Ok(()) };
        search.next_look = now + LOOK_S;
        let is_complete = now >= search.open_until;
        let found = search.watcher.found().unwrap_or_default();
        if found.len() != self.same && found.len() > 1 {
            self.same = found.len();
            let text = format!(
                "{} streams are called '{}' with one type and source_id: after a loss one may be taken for another, so give \
                 each source an id of its own",
                found.len(),
                self.name
            );
            events.push(Event { at: now, kind: EventKind::Warning, text });
        }
        // One that was never lost is who it was; another that answers first is not taken for it.
        if !self.doubted {
            if is_complete {
                self.search = None;
                self.same = found.len().max(1);
            }
            return Ok(());
        }
        let known = if found.iter().any(|stream| stream.uid() == self.uid) {
            true
        } else if !is_complete {
            false
        } else if let Some(same) = found.iter().find(|stream| self.shape.difference(stream).is_none()) {
            // A source that is only just starting may not answer yet: it is asked again at the next look.
            let full = Inlet::describe(same, DESCRIBE_S).ok();
            if let Some(what) = full.as_ref().and_then(|full| self.shape.renamed(full)) {
                return Err(LslError::Changed { stream: same.to_string(), what });
            }
            if full.is_some() {
                self.taken_over(same, now, events);
            }
            full.is_some()
        } else if let Some((stream, what)) = found.iter().find_map(|s| Some((s, self.shape.difference(s)?))) {
            return Err(LslError::Changed { stream: stream.to_string(), what });
        } else {
            false
        };
        let Some(search) = self.search.as_mut() else { return Ok(()) };
        if !flows {
            search.give_up = None;
        } else if known {
            // The search itself goes on until it is complete, for twins.
            self.doubted = false;
        } else if now > *search.give_up.get_or_insert(now + IDENTIFY_S) {
            (self.search, self.doubted) = (None, false);
            let text = format!("'{}' came back, but its description could not be compared with the first", self.name);
            events.push(Event { at: now, kind: EventKind::Warning, text });
        }
        Ok(())
    }
}
