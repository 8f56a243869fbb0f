//! What a recording has read and not given away yet, in blocks that are due, with its markers.
//!
//! Owned by a source that plays a recording, on the acquisition thread. Invariant: frame numbers never go back, and a marker
//! leaves with the block that holds its frame.

use super::{Pace, Progress};
use crate::signal::{Block, Marker, Stamp};

/// Frames by which numbers jump at least where they do not follow on: enough that no window spans the seam.
pub(super) const SEAM_FRAMES: u64 = 1;

/// Frames and markers on their way out.
#[derive(Debug)]
pub(super) struct Playback {
    channels: usize,
    /// Frames that were read, interleaved, and how many of them are gone.
    frames: Vec<f32>,
    gone: usize,
    /// Number of the next frame.
    pub next: u64,
    /// What the present pass adds to the frame numbers of the file.
    pub pass_offset: u64,
    /// In the order of their frames.
    markers: Vec<Marker>,
    next_marker: usize,
    pub block_frames: usize,
    pace: Pace,
}

impl Playback {
    /// Before the first frame; `times` is how many times real time it plays, or none for as fast as possible.
    pub fn new(channels: usize, rate_hz: f64, times: Option<f64>, block_s: f64, markers: Vec<Marker>) -> Self {
        Self {
            channels,
            frames: Vec::new(),
            gone: 0,
            next: 0,
            pass_offset: 0,
            markers,
            next_marker: 0,
            block_frames: ((block_s * rate_hz).round() as usize).max(1),
            pace: Pace::new(rate_hz, times),
        }
    }

    /// Frames that were read and are not gone.
    pub fn waiting(&self) -> usize {
        self.frames.len() / self.channels.max(1) - self.gone
    }

    /// Room for the next frames, interleaved; those before are all gone.
    pub fn refill(&mut self) -> &mut Vec<f32> {
        self.frames.clear();
        self.gone = 0;
        &mut self.frames
    }

    /// Goes back to the first marker, behind a seam.
    pub fn start_again(&mut self) {
        self.next_marker = 0;
        self.pass_offset = self.next + SEAM_FRAMES;
        self.next = self.pass_offset;
    }

    /// Fills a block, if it is due.
    pub fn give(&mut self, now: Stamp, block: &mut Block) -> Progress {
        // A block ends with what was read: what follows may lie behind a gap.
        let frames = self.block_frames.min(self.waiting());
        let due = self.pace.due(frames, now);
        if due > now {
            return Progress::Wait(due);
        }
        let channels = self.channels;
        block.channels = channels;
        block.samples.extend_from_slice(&self.frames[self.gone * channels..(self.gone + frames) * channels]);
        block.first = self.next;
        block.stamp = due;
        self.gone += frames;
        self.next += frames as u64;
        self.pace.play(frames);
        while let Some(marker) = self.markers.get(self.next_marker).filter(|m| m.frame + self.pass_offset < self.next) {
            block.markers.push(Marker { frame: marker.frame + self.pass_offset, ..marker.clone() });
            self.next_marker += 1;
        }
        Progress::Frames
    }
}
