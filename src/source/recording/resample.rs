//! Signals at another rate, on their way from one format to another.
//!
//! Owns [`Resampling`]; runs on the calling thread. Invariant: each run of samples without a gap is resampled by itself, and
//! its first sample stays where it was.

use super::Chunk;
use crate::dsp::{Ratio, Resampler};
use crate::format::xdf::Values;

/// One stream that is being resampled.
#[derive(Debug)]
pub(super) struct Resampling {
    stream: usize,
    channels: usize,
    ratio: Ratio,
    rate_hz: f64,
    run: Option<Run>,
    frame: Vec<f64>,
}

/// Samples that follow on.
#[derive(Debug)]
struct Run {
    resampler: Resampler,
    start_s: f64,
    given: u64,
}

impl Resampling {
    /// A stream of `channels` channels at `from_hz`.
    pub fn new(stream: usize, channels: usize, ratio: Ratio, from_hz: f64) -> Self {
        let rate_hz = ratio.rate_hz(from_hz);
        Self { stream, channels, ratio, rate_hz, run: None, frame: Vec::new() }
    }

    /// Takes a chunk in and returns what it completes: the end of the run before, and what can be given of its own.
    pub fn step(&mut self, chunk: &Chunk) -> Vec<Chunk> {
        let mut done = Vec::new();
        if !chunk.follows_on {
            done.extend(self.finish());
        }
        let follows_on = self.run.is_some();
        let start_s = chunk.stamps.first().copied().unwrap_or_default();
        let run = self.run.get_or_insert_with(|| {
            let resampler = Resampler::new(self.ratio, self.channels);
            Run { resampler, start_s, given: 0 }
        });
        let mut given = Vec::new();
        for at in 0..chunk.stamps.len() {
            self.frame.clear();
            let values = (at * self.channels..(at + 1) * self.channels).map(|i| chunk.values.number(i).unwrap_or(0.0));
            self.frame.extend(values);
            run.resampler.step(&self.frame, |frame| given.extend_from_slice(frame));
        }
        // The gap is told with the first samples behind it, which may come with a later chunk.
        let is_first = run.given == 0;
        done.extend(run.chunk(self.stream, given, self.channels, self.rate_hz, follows_on && !is_first));
        done
    }

    /// Ends the run.
    pub fn finish(&mut self) -> Option<Chunk> {
        let mut run = self.run.take()?;
        let mut given = Vec::new();
        let is_first = run.given == 0;
        run.resampler.finish(|frame| given.extend_from_slice(frame));
        run.chunk(self.stream, given, self.channels, self.rate_hz, !is_first)
    }
}

impl Run {
    fn chunk(
        &mut self,
        stream: usize,
        given: Vec<f64>,
        channels: usize,
        rate_hz: f64,
        follows_on: bool,
    ) -> Option<Chunk> {
        let frames = (given.len() / channels.max(1)) as u64;
        let stamps = (self.given..self.given + frames).map(|frame| self.start_s + frame as f64 / rate_hz).collect();
        self.given += frames;
        (frames > 0).then(|| Chunk {
            stream,
            stamps,
            values: Values::Double64(given),
            durations_s: Vec::new(),
            follows_on,
        })
    }
}
