//! Conditioning: what stands between the amplifier's microvolts and the model.
//!
//! Owns filter, reference, resampler and scale state of one stream; runs on the acquisition thread, once for all consumers.
//! Invariant: every output sample is finite, and a gap starts the filters afresh.

use super::{Cascade, Ratio, Reference, Resampler, RunningScale, Section};

/// How a stream is conditioned; all frequencies lie below half its rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditioning {
    /// Cut-off of the fourth-order high-pass.
    pub highpass_hz: Option<f64>,
    /// Cut-off of the fourth-order low-pass.
    pub lowpass_hz: Option<f64>,
    /// Centre of the notch (Q 30).
    pub notch_hz: Option<f64>,
    /// Reference.
    pub reference: Reference,
    /// From the stream's rate to the model's; `None` leaves it.
    pub resample: Option<Ratio>,
    /// Time constant of the running scale; `None` leaves microvolts.
    pub scale_s: Option<f64>,
}

/// Filters, refers, resamples and scales frames.
#[derive(Clone, Debug)]
pub struct Conditioner {
    cascade: Cascade,
    reference: Reference,
    resampler: Option<Resampler>,
    scale: Option<RunningScale>,
    /// The frame at work.
    frame: Vec<f64>,
    /// The last finite value of each channel.
    last: Vec<f64>,
    settled: bool,
    invalid: u64,
    /// Number of the frame after the newest one in.
    next: u64,
}

impl Conditioner {
    /// A conditioner at rest, before frame 0; `rate_hz` is that of the frames that come.
    #[must_use]
    pub fn new(how: &Conditioning, channels: usize, rate_hz: f64) -> Self {
        let mut sections = how.highpass_hz.map_or_else(Vec::new, |hz| Section::highpass(4, hz, rate_hz));
        sections.extend(how.notch_hz.map(|hz| Section::notch(hz, 30.0, rate_hz)));
        sections.extend(how.lowpass_hz.into_iter().flat_map(|hz| Section::lowpass(4, hz, rate_hz)));
        let scaled_hz = how.resample.map_or(rate_hz, |ratio| ratio.rate_hz(rate_hz));
        Self {
            cascade: Cascade::new(sections, channels),
            reference: how.reference,
            resampler: how.resample.map(|ratio| Resampler::new(ratio, channels)),
            scale: how.scale_s.map(|seconds| RunningScale::new(channels, seconds, scaled_hz)),
            frame: vec![0.0; channels],
            last: vec![0.0; channels],
            settled: false,
            invalid: 0,
            next: 0,
        }
    }

    /// Tells it that the next frame is number `next` and does not follow on the last one.
    pub fn gap(&mut self, next: u64) {
        self.settled = false;
        self.next = next;
        if let Some(resampler) = &mut self.resampler {
            resampler.restart(next);
        }
    }

    /// Samples in a frame that comes out.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.frame.len()
    }

    /// Number, at the rate of what comes out, of the frame after the last that came out.
    #[must_use]
    pub fn end_frame(&self) -> u64 {
        self.resampler.as_ref().map_or(self.next, Resampler::end_frame)
    }

    /// Frames that `frames` more frames in can bring out at most.
    #[must_use]
    pub fn most(&self, frames: usize) -> usize {
        self.resampler.as_ref().map_or(frames, |resampler| resampler.most(frames))
    }

    /// Frames that can wait inside at most.
    #[must_use]
    pub fn most_held(&self) -> usize {
        self.resampler.as_ref().map_or(0, Resampler::most_held)
    }

    /// Frames that wait inside for what comes after them: [`Conditioner::finish`] brings them out.
    #[must_use]
    pub fn held(&self) -> usize {
        self.resampler.as_ref().map_or(0, Resampler::held)
    }

    /// Samples so far that were not finite; each was replaced by the channel's last finite value.
    #[must_use]
    pub fn invalid(&self) -> u64 {
        self.invalid
    }

    /// Conditions frames `[T, C]` from `samples` to the end of `out`; `good` says of each channel whether it can be trusted.
    pub fn step(&mut self, samples: &[f32], good: &[bool], out: &mut Vec<f32>) {
        let channels = self.frame.len();
        for frame in samples.chunks_exact(channels) {
            for ((x, last), &sample) in self.frame.iter_mut().zip(&mut self.last).zip(frame) {
                if sample.is_finite() {
                    *last = f64::from(sample);
                } else {
                    self.invalid += 1;
                }
                *x = *last;
            }
            if !self.settled {
                self.cascade.settle(&self.frame);
                self.settled = true;
            }
            self.cascade.step(&mut self.frame);
            self.reference.apply(&mut self.frame, good);
            self.next += 1;
            let scale = &mut self.scale;
            match &mut self.resampler {
                Some(resampler) => resampler.step(&self.frame, |frame| scaled(scale, frame, out)),
                None => scaled(scale, &self.frame, out),
            }
        }
    }

    /// Adds to `out` the frames that wait inside, before a gap or the end.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(|frame| scaled(&mut self.scale, frame, out));
        }
    }
}

/// Adds one frame to `out`, scaled where there is a scale.
fn scaled(scale: &mut Option<RunningScale>, frame: &[f64], out: &mut Vec<f32>) {
    let from = out.len();
    match scale {
        Some(scale) => {
            out.resize(from + frame.len(), 0.0);
            scale.step(frame, &mut out[from..]);
        }
        None => out.extend(frame.iter().map(|&x| x as f32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn how() -> Conditioning {
        Conditioning {
            highpass_hz: Some(0.5),
            lowpass_hz: Some(40.0),
            notch_hz: Some(50.0),
            reference: Reference::Average,
            resample: None,
            scale_s: Some(30.0),
        }
    }

    proptest! {
        #[test]
        fn block_size_does_not_matter(
            cuts in prop::collection::vec(1usize..40, 1..20),
            seed in any::<u32>(),
            rate_hz in prop::sample::select(vec![250.0, 100.0, 83.1, 30.0, 400.0]),
        ) {
            let channels = 3;
            let how = Conditioning { resample: Ratio::between(250.0, rate_hz).filter(|_| rate_hz != 250.0), ..how() };
            let samples: Vec<f32> = (0..600 * channels as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 20) as f32 - 2048.0)
                .collect();
            let (mut whole, mut cut) = (Conditioner::new(&how, channels, 250.0), Conditioner::new(&how, channels, 250.0));
            let (mut a, mut b) = (Vec::new(), Vec::new());
            whole.step(&samples, &[true; 3], &mut a);
            whole.finish(&mut a);
            prop_assert_eq!(a.len() / channels, (600.0 * rate_hz / 250.0_f64).ceil() as usize);
            let mut rest = &samples[..];
            for n in cuts.iter().cycle() {
                let (now, later) = rest.split_at((n * channels).min(rest.len()));
                cut.step(now, &[true; 3], &mut b);
                rest = later;
                if rest.is_empty() { break; }
            }
            cut.finish(&mut b);
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn bad_samples_are_counted_and_do_not_spread() {
        let mut conditioner = Conditioner::new(&how(), 2, 250.0);
        let mut out = Vec::new();
        let samples: Vec<f32> = (0..2000)
            .flat_map(|i| [if i % 100 == 7 { f32::NAN } else { (i as f32 * 0.3).sin() * 20.0 }, f32::INFINITY])
            .collect();
        conditioner.step(&samples, &[true; 2], &mut out);
        assert_eq!(out.len(), samples.len());
        assert!(out.iter().all(|v| v.is_finite()));
        assert_eq!(conditioner.invalid(), 20 + 2000);
    }

    #[test]
    fn a_gap_and_an_offset_make_no_step() {
        for resample in [None, Ratio::between(250.0, 100.0)] {
            let how = Conditioning { scale_s: None, reference: Reference::AsRecorded, resample, ..how() };
            let mut conditioner = Conditioner::new(&how, 1, 250.0);
            let mut out = Vec::new();
            conditioner.step(&vec![1000.0; 500], &[true], &mut out);
            conditioner.finish(&mut out);
            conditioner.gap(501);
            conditioner.step(&vec![-3000.0; 500], &[true], &mut out);
            conditioner.finish(&mut out);
            assert_eq!(out.len(), if resample.is_some() { 400 } else { 1000 });
            assert!(out.iter().all(|v| v.abs() < 1e-3), "a constant passes no high-pass");
        }
    }
}
