//! A window out of a recording, conditioned as in a run.
//!
//! Pure but for the source, which plays as fast as it can. Invariant: the samples are those that a run's trainer would see:
//! the conditioner has gone through all that lies before them.

use super::plan::{OpenSource, Plan};
use crate::dsp::Conditioner;
use crate::signal::{Block, Stamp};
use crate::source::{Progress, SourceError};

/// A window and, where the recording goes on, the one behind it.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// Seconds from the start of the recording to the window's first frame.
    pub at_s: f64,
    /// `[T, C]`.
    pub window: Vec<f32>,
    /// The window that follows, `[T, C]`; none if the recording ends or has a gap there.
    pub following: Option<Vec<f32>>,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum ExcerptError {
    /// It would go beyond the end.
    #[error("no window of {window_s} s begins at {at_s} s: {name} ends at {end_s:.3} s")]
    BeyondEnd {
        /// The recording.
        name: String,
        /// Where it was to begin.
        at_s: f64,
        /// Its length.
        window_s: f64,
        /// Where the recording ends.
        end_s: f64,
    },
    /// It would span a gap.
    #[error("no window of {window_s} s begins at {at_s} s: {name} has a gap until {until_s:.3} s")]
    Gap {
        /// The recording.
        name: String,
        /// Where it was to begin.
        at_s: f64,
        /// Its length.
        window_s: f64,
        /// Where the signal goes on.
        until_s: f64,
    },
    /// The recording cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Plays the source up to the window that begins at `at_s`, and through it.
///
/// # Errors
/// If there is no such window or the source fails.
pub fn excerpt(plan: &Plan, mut source: OpenSource, at_s: f64) -> Result<Excerpt, ExcerptError> {
    let (recorded, channels) = (plan.facts.montage.len(), plan.montage.len());
    let (stream_hz, rate_hz, name) = (plan.facts.rate_hz, plan.rate_hz, plan.facts.name.clone());
    let start = (at_s * rate_hz).round() as u64;
    let (at_s, window_s) = (start as f64 / rate_hz, plan.window as f64 / rate_hz);
    let samples = plan.window * channels;
    let mut conditioner = Conditioner::new(&plan.conditioning, stream_hz);
    let good = vec![true; recorded];
    let (mut block, mut events) = (Block::with_capacity(recorded, 1024), Vec::new());
    let (mut kept, mut conditioned) = (Vec::with_capacity(2 * samples), Vec::new());
    let keep = |kept: &mut Vec<f32>, conditioned: &mut Vec<f32>, end: u64| {
        let frames = (conditioned.len() / channels) as u64;
        let before = start.saturating_sub(end - frames).min(frames) as usize;
        kept.extend_from_slice(&conditioned[before * channels..]);
        conditioned.clear();
    };
    let mut next = 0;
    while kept.len() < 2 * samples {
        block.clear();
        let is_over = matches!(source.step(Stamp::default(), &mut block, &mut events)?, Progress::End(_));
        events.clear();
        if is_over || block.first != next {
            conditioner.finish(&mut conditioned);
            keep(&mut kept, &mut conditioned, conditioner.end_frame());
        }
        if is_over {
            break;
        }
        if block.first != next {
            conditioner.gap(block.first);
            let is_beyond = conditioner.end_frame() > start;
            if is_beyond && kept.len() >= samples {
                break;
            }
            if is_beyond {
                return Err(ExcerptError::Gap { name, at_s, window_s, until_s: block.first as f64 / stream_hz });
            }
        }
        next = block.first + block.frames() as u64;
        conditioner.step(&block.samples, &good, &mut conditioned);
        keep(&mut kept, &mut conditioned, conditioner.end_frame());
    }
    if kept.len() < samples {
        return Err(ExcerptError::BeyondEnd { name, at_s, window_s, end_s: next as f64 / stream_hz });
    }
    let following = kept.get(samples..2 * samples).map(<[f32]>::to_vec);
    kept.truncate(samples);
    Ok(Excerpt { at_s, window: kept, following })
}
