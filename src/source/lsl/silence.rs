//! What to do while nothing arrives, and who comes back afterwards.
//!
//! Owns [`Silence`], on the acquisition thread. Invariant: a stream that comes back in another shape is an error
//! within seconds. liblsl itself would wait for ever for one with another channel count, and would take one with
//! another rate without a word.

use crate::lsl::{ChannelNote, Inlet, Library, LslError, SampleFormat, StreamInfo, Watcher, xpath_literal};
use crate::signal::{Event, EventKind, Stamp};

/// Nothing for this long is told, in seconds.
const SILENT_S: f64 = 2.0;
/// How often the network is asked who is there, in seconds.
const LOOK_S: f64 = 0.5;
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
        let words =
            |note: Option<&ChannelNote>| note.map_or("nothing".to_owned(), |n| format!("{} [{}]", n.label, n.unit));
        let (was, is) = (words(self.notes.get(at)), words(notes.get(at)));
        Some(format!("channel {} was {was} and is {is}", at + 1))
    }
}

/// The search for a stream that fell silent or was connected anew.
struct Search {
    watcher: Watcher,
    next_look: Stamp,
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

    /// Something arrived. Fails where it comes from a stream in another shape.
    pub(super) fn something(&mut self, now: Stamp, events: &mut Vec<Event>) -> Result<(), LslError> {
        if self.told {
            self.told = false;
            let text = format!("data from '{}' again after {:.1} s", self.name, now - self.last);
            events.push(Event { at: now, kind: EventKind::Source, text });
        }
        self.last = now;
        self.look(now, events)
    }

    /// Starts to find out who the stream is now. That this host cannot search is told and does not end the run.
    pub(super) fn identify(&mut self, now: Stamp, events: &mut Vec<Event>) {
        let (None, Some(predicate)) = (&self.search, &self.predicate) else { return };
        match Watcher::start(&self.library, predicate) {
            Ok(watcher) => self.search = Some(Search { watcher, next_look: now + LOOK_S, give_up: None }),
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
        let found = search.watcher.found().unwrap_or_default();
        let known = if found.iter().any(|stream| stream.uid() == self.uid) {
            true
        } else if let Some(same) = found.iter().find(|stream| self.shape.difference(stream).is_none()) {
            // A source that is only just starting may not answer yet: it is asked again at the next look.
            let full = Inlet::describe(same, DESCRIBE_S).ok();
            if let Some(what) = full.as_ref().and_then(|full| self.shape.renamed(full)) {
                return Err(LslError::Changed { stream: same.to_string(), what });
            }
            if full.is_some() {
                self.uid = same.uid();
            }
            full.is_some()
        } else if let Some((stream, what)) = found.iter().find_map(|s| Some((s, self.shape.difference(s)?))) {
            return Err(LslError::Changed { stream: stream.to_string(), what });
        } else {
            false
        };
        if !flows {
            search.give_up = None;
        } else if known {
            self.search = None;
        } else if now > *search.give_up.get_or_insert(now + IDENTIFY_S) {
            self.search = None;
            let text = format!("'{}' came back, but its description could not be compared with the first", self.name);
            events.push(Event { at: now, kind: EventKind::Warning, text });
        }
        Ok(())
    }
}
