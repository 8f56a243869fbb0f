//! Several live streams as one source.
//!
//! Owns [`JoinedSource`], stepped by the acquisition thread, which it keeps for at most 50 ms a step. Invariant: samples of
//! one frame were taken at one moment, by the clocks as they are measured and free of jitter.

use super::join::{Join, Skipped};
use super::live::{LslSource, WAIT_S};
use crate::signal::{Block, Channel, ChannelKind, Event, EventKind, Montage, SourceKind, Stamp, StreamFacts};
use crate::source::{Progress, Source, SourceError};
use std::collections::HashSet;

/// Rates within this of each other are one nominal rate.
const SAME_RATE: f64 = 1e-6;

/// Live streams of one nominal rate, the channels of all in one montage. The first gives the frames and their numbers.
pub struct JoinedSource {
    members: Vec<LslSource>,
    facts: StreamFacts,
    join: Join,
    block: Block,
    told: Vec<Event>,
}

impl JoinedSource {
    /// Joins streams, at least one. Where a label is taken by a stream before it, a channel is called `LABEL@STREAM`.
    ///
    /// # Errors
    /// [`SourceError::NotJoined`] where one stream was chosen twice, or their rates differ.
    pub fn of(members: Vec<LslSource>) -> Result<Self, SourceError> {
        let all: Vec<&StreamFacts> = members.iter().map(Source::facts).collect();
        let names = all.iter().map(|facts| facts.name.as_str()).collect::<Vec<_>>().join(" + ");
        let refuse = |why: String| SourceError::NotJoined { names: names.clone(), why };
        let Some((first, others)) = all.split_first() else {
            return Err(refuse("no stream is named".to_owned()));
        };
        let mut seen = HashSet::new();
        if let Some(twice) = members.iter().find(|member| !seen.insert(member.info().uid())) {
            return Err(refuse(format!(
                "{} is chosen twice; choose each with its own name or source_id",
                twice.info()
            )));
        }
        if let Some(other) = others.iter().find(|other| (other.rate_hz / first.rate_hz - 1.0).abs() > SAME_RATE) {
            let (a, b) = (first, other);
            return Err(refuse(format!(
                "'{}' runs at {} Hz and '{}' at {} Hz, and joined streams have one nominal rate; set both amplifiers to it",
                a.name, a.rate_hz, b.name, b.rate_hz
            )));
        }
        let is_digital = |channel: &Channel| matches!(channel.kind, ChannelKind::Trigger);
        let digital = others.iter().map(|facts| facts.montage.channels.iter().map(is_digital).collect()).collect();
        let join = Join::new(first.montage.len(), digital, first.rate_hz);
        let facts = StreamFacts {
            kind: SourceKind::Lsl,
            name: names.clone(),
            montage: montage(&all),
            rate_hz: first.rate_hz,
            frames: None,
            markers: None,
        };
        Ok(Self { members, facts, join, block: Block::default(), told: Vec::new() })
    }

    /// Tells what a stream says; a gap in one is told as a gap once it is one of all.
    fn tell(&mut self, events: &mut Vec<Event>) {
        for mut event in self.told.drain(..) {
            if event.kind == EventKind::Gap {
                event.kind = EventKind::Source;
            }
            events.push(event);
        }
    }

    fn explain(&self, skipped: Skipped) -> String {
        let name = |stream: usize| self.members.get(stream).map_or("", |member| member.facts().name.as_str());
        let Skipped { missing, alone, without } = skipped;
        let mut parts = Vec::new();
        if missing > 0 {
            parts.push(format!("{missing} frames of '{}' are missing", name(0)));
        }
        if alone > 0 {
            parts.push(format!(
                "{alone} frames of '{}' are left out, for '{}' has none beside them",
                name(0),
                name(without)
            ));
        }
        parts.join(", ")
    }
}

/// The channels of all streams. What is interpolated is no whole number any more.
fn montage(all: &[&StreamFacts]) -> Montage {
    let mut taken = HashSet::new();
    let mut channels = Vec::new();
    for (place, facts) in all.iter().enumerate() {
        for channel in &facts.montage.channels {
            let mut channel = channel.clone();
            if !taken.insert(channel.label.to_lowercase()) {
                channel.label = format!("{}@{}", channel.label, facts.name);
                taken.insert(channel.label.to_lowercase());
            }
            channel.digital = channel.digital.filter(|_| place == 0);
            channels.push(channel);
        }
    }
    Montage { channels }
}

impl Source for JoinedSource {
    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn step(&mut self, now: Stamp, block: &mut Block, events: &mut Vec<Event>) -> Result<Progress, SourceError> {
        let slowest = self.join.slowest();
        // Waiting for the one that is behind costs nothing: without it no frame is whole.
        let order = std::iter::once(slowest).chain((0..self.members.len()).filter(|stream| *stream != slowest));
        for stream in order {
            let Some(member) = self.members.get_mut(stream) else { continue };
            self.block.clear();
            let wait_s = if stream == slowest { WAIT_S } else { 0.0 };
            let progress = member.step_within(wait_s, now, &mut self.block, &mut self.told);
            self.tell(events);
            match progress? {
                Progress::Frames => self.join.push(stream, &self.block),
                Progress::End(why) => return Ok(Progress::End(why)),
                Progress::Wait(_) | Progress::Idle => {}
            }
        }
        let (is_any, skipped) = self.join.take(block);
        if let Some(skipped) = skipped {
            events.push(Event { at: now, kind: EventKind::Gap, text: self.explain(skipped) });
        }
        Ok(if is_any { Progress::Frames } else { Progress::Idle })
    }
}
