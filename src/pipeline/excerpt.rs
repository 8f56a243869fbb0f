//! A window out of a recording, conditioned as in a run.
//!
//! Pure but for the source, which plays as fast as it can. Invariant: the samples are those that a run's trainer would see:
//! watch and conditioner have gone through all that lies before them.

use super::plan::{OpenSource, Plan};
use super::watch::Watch;
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
    /// How good it is, 0 to 1 ([`Judge::quality`](crate::window::Judge::quality)).
    pub quality: f64,
    /// Its channels that were bad and are silenced, by number.
    pub silenced: Vec<usize>,
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
    let mut watch = Watch::new(&plan.config, &plan.facts);
    let (mut block, mut events) = (Block::with_capacity(recorded, 1024), Vec::new());
    let (mut kept, mut conditioned) = (Vec::with_capacity(2 * samples), Vec::new());
    // For each piece that was kept: the samples up to its end, and which channels were bad.
    let mut verdicts: Vec<(usize, Vec<u64>)> = Vec::new();
    let mut keep = |kept: &mut Vec<f32>, conditioned: &mut Vec<f32>, conditioner: &Conditioner| {
        let frames = (conditioned.len() / channels) as u64;
        let before = start.saturating_sub(conditioner.end_frame() - frames).min(frames) as usize;
        kept.extend_from_slice(&conditioned[before * channels..]);
        conditioned.clear();
        if !kept.is_empty() {
            let mut bad = vec![0; channels.div_ceil(64)];
            conditioner.bad_bits(&mut bad);
            verdicts.push((kept.len(), bad));
        }
    };
    let mut next = 0;
    while kept.len() < 2 * samples {
        block.clear();
        let is_over = matches!(source.step(Stamp::default(), &mut block, &mut events)?, Progress::End(_));
        events.clear();
        if is_over || block.first != next {
            conditioner.finish(&mut conditioned);
            keep(&mut kept, &mut conditioned, &conditioner);
        }
        if is_over {
            break;
        }
        if block.first != next {
            conditioner.gap(block.first);
            watch.gap(block.first);
            let is_beyond = conditioner.end_frame() > start;
            if is_beyond && kept.len() >= samples {
                break;
            }
            if is_beyond {
                return Err(ExcerptError::Gap { name, at_s, window_s, until_s: block.first as f64 / stream_hz });
            }
        }
        next = block.first + block.frames() as u64;
        let mut rest = &block.samples[..];
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(watch.piece(rest.len() / recorded) * recorded);
            watch.step(piece);
            conditioner.step(piece, watch.good(), &mut conditioned);
            keep(&mut kept, &mut conditioned, &conditioner);
            rest = later;
        }
    }
    if kept.len() < samples {
        return Err(ExcerptError::BeyondEnd { name, at_s, window_s, end_s: next as f64 / stream_hz });
    }
    let bad_in = |from: usize, to: usize| {
        let mut bad = vec![0; channels.div_ceil(64)];
        let begins = [0].into_iter().chain(verdicts.iter().map(|(end, _)| *end));
        let inside = begins.zip(&verdicts).filter(|(begin, (end, _))| *begin < to && from < *end);
        inside.for_each(|(_, (_, now))| bad.iter_mut().zip(now).for_each(|(bad, now)| *bad |= now));
        bad
    };
    let judge = plan.judge();
    let following = kept.get(samples..2 * samples).map(|following| {
        let mut following = following.to_vec();
        let _ = judge.quality(&mut following, &bad_in(samples, 2 * samples));
        following
    });
    kept.truncate(samples);
    let bad = bad_in(0, samples);
    let quality = judge.quality(&mut kept, &bad);
    let silenced = (0..channels).filter(|c| bad[c / 64] >> (c % 64) & 1 == 1).collect();
    Ok(Excerpt { at_s, window: kept, quality, silenced, following })
}
