//! Conditioning: what stands between the amplifier's microvolts and the model.
//!
//! Owns filter, reference, resampler and scale state of one stream; runs on the acquisition thread, once for all consumers.
//! Invariant: every output sample is finite, and a gap starts the filters afresh.

use super::{Cascade, Derivation, Deriver, Ratio, Resampler, RunningScale, Scaling, Section, vectorised};

/// How a stream is conditioned; high- and low-pass lie below half its rate, and in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditioning {
    /// Cut-off of the high-pass; with a low-pass beside it, lower edge of the band-pass.
    pub highpass_hz: Option<f64>,
    /// Cut-off of the low-pass, likewise.
    pub lowpass_hz: Option<f64>,
    /// Order of both: poles at each edge.
    pub filter_order: usize,
    /// Centre of the first notch.
    pub notch_hz: Option<f64>,
    /// Notches, at this frequency and its multiples; those at or above half the rate are left out.
    pub notch_harmonics: usize,
    /// Centre of each over its width at −3 dB.
    pub notch_q: f64,
    /// What the channels of the model are made of.
    pub derivation: Derivation,
    /// From the stream's rate to the model's; `None` leaves it.
    pub resample: Option<Ratio>,
    /// What becomes of microvolts.
    pub scale: Scaling,
}

impl Conditioning {
    /// Nothing but a derivation; filters that are asked for are of the fourth order.
    #[must_use]
    pub fn of(derivation: Derivation) -> Self {
        Self {
            highpass_hz: None,
            lowpass_hz: None,
            filter_order: 4,
            notch_hz: None,
            notch_harmonics: 1,
            notch_q: 30.0,
            derivation,
            resample: None,
            scale: Scaling::Microvolts,
        }
    }

    /// The filters at the stream's rate, one after the other.
    #[must_use]
    pub fn sections(&self, rate_hz: f64) -> Vec<Section> {
        let order = self.filter_order;
        // A band-pass by design is level between its edges and 3 dB down at both, also where they lie close together.
        let mut sections = match (self.highpass_hz, self.lowpass_hz) {
            (Some(low), Some(high)) => Section::bandpass(order, low, high, rate_hz),
            (Some(hz), None) => Section::highpass(order, hz, rate_hz),
            (None, Some(hz)) => Section::lowpass(order, hz, rate_hz),
            (None, None) => Vec::new(),
        };
        let line = self.notch_hz.into_iter();
        sections.extend(line.flat_map(|hz| Section::notches(hz, self.notch_harmonics, self.notch_q, rate_hz)));
        sections
    }

    /// Seconds until what the filters remember has faded to 1/e.
    #[must_use]
    pub fn memory_s(&self, rate_hz: f64) -> f64 {
        self.sections(rate_hz).iter().map(Section::memory).fold(0.0, f64::max) / rate_hz
    }
}

/// Filters, derives, resamples and scales frames: `C_in` channels go in, `C_out` come out.
#[derive(Clone, Debug)]
pub struct Conditioner {
    cascade: Cascade,
    deriver: Deriver,
    resampler: Option<Resampler>,
    scale: Option<RunningScale>,
    /// `[C_in]`: the frame at work.
    frame: Vec<f64>,
    /// `[C_out]`: what is derived from it.
    derived: Vec<f64>,
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
    pub fn new(how: &Conditioning, rate_hz: f64) -> Self {
        let (channels, outputs) = (how.derivation.inputs(), how.derivation.outputs());
        let scaled_hz = how.resample.map_or(rate_hz, |ratio| ratio.rate_hz(rate_hz));
        Self {
            cascade: Cascade::new(how.sections(rate_hz), channels),
            deriver: Deriver::new(how.derivation.clone()),
            resampler: how.resample.map(|ratio| Resampler::new(ratio, outputs)),
            scale: RunningScale::new(how.scale, outputs, scaled_hz),
            frame: vec![0.0; channels],
            derived: vec![0.0; outputs],
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
        self.derived.len()
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

    /// `[C_out]`: which outputs can be trusted, by the channels that they are made of, as of the last step.
    #[must_use]
    pub fn good(&self) -> &[bool] {
        self.deriver.good()
    }

    /// One bit a channel that comes out, set for those that could not be trusted in the last step: channel `c` is bit
    /// `c % 64` of word `c / 64`. A channel that the stream lacks is zero, and not bad: nothing is wrong with it.
    pub fn bad_bits(&self, bits: &mut [u64]) {
        bits.fill(0);
        for (c, &good) in self.deriver.good().iter().enumerate() {
            let is_bad = !good && !self.deriver.derivation().lacks(c);
            bits[c / 64] |= u64::from(is_bad) << (c % 64);
        }
    }

    /// The running scale; `None` where microvolts stay.
    #[must_use]
    pub fn scale(&self) -> Option<&RunningScale> {
        self.scale.as_ref()
    }

    /// The running scale, to give it a state.
    pub fn scale_mut(&mut self) -> Option<&mut RunningScale> {
        self.scale.as_mut()
    }

    /// Conditions frames `[T, C_in]` from `samples` to the end of `out`, where they are `[T, C_out]`; `good` says of each
    /// channel that goes in whether it can be trusted.
    pub fn step(&mut self, samples: &[f32], good: &[bool], out: &mut Vec<f32>) {
        let channels = self.frame.len();
        self.deriver.trust(good);
        if let Some(scale) = &mut self.scale {
            scale.trust(self.deriver.good());
        }
        for frame in samples.chunks_exact(channels) {
            self.invalid += u64::from(take(frame, &mut self.last));
            self.frame.copy_from_slice(&self.last);
            if !self.settled {
                self.cascade.settle(&self.frame);
                self.settled = true;
            }
            self.cascade.step(&mut self.frame);
            self.deriver.step(&self.frame, &mut self.derived);
            self.next += 1;
            let scale = &mut self.scale;
            match &mut self.resampler {
                Some(resampler) => resampler.step(&self.derived, |frame| scaled(scale, frame, out)),
                None => scaled(scale, &self.derived, out),
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
        // A filter may overshoot what single precision holds.
        None => out.extend(frame.iter().map(|&x| (x as f32).clamp(f32::MIN, f32::MAX))),
    }
}

/// Takes one frame over into `last`, but for samples that are not finite; says how many these are.
fn take(frame: &[f32], last: &mut [f64]) -> u32 {
    vectorised(
        #[inline(always)]
        || {
            let mut invalid = 0;
            for (&sample, last) in frame.iter().zip(last) {
                let is_finite = sample.is_finite();
                *last = if is_finite { f64::from(sample) } else { *last };
                invalid += u32::from(!is_finite);
            }
            invalid
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Limit, Spread};
    use super::*;
    use crate::dsp::{Pair, Reference};
    use crate::signal::Montage;
    use crate::signal::electrode::GridShapes;
    use proptest::prelude::*;

    fn how(channels: usize) -> Conditioning {
        Conditioning {
            highpass_hz: Some(0.5),
            lowpass_hz: Some(40.0),
            notch_hz: Some(50.0),
            filter_order: 3,
            notch_harmonics: 2,
            scale: Scaling::Running { spread: Spread::Robust, seconds: 30.0, limit: Limit::SoftLog },
            ..Conditioning::of(Derivation::average(channels))
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
            let how = Conditioning { resample: Ratio::between(250.0, rate_hz).filter(|_| rate_hz != 250.0), ..how(channels) };
            let samples: Vec<f32> = (0..600 * channels as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 20) as f32 - 2048.0)
                .collect();
            let make = || Conditioner::new(&how, 250.0);
            let (mut whole, mut cut) = (make(), make());
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
        let mut conditioner = Conditioner::new(&how(2), 250.0);
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
    fn pairs_come_out_as_one_channel_that_is_good_if_both_are() {
        let montage = Montage::of_labels(&["C3", "C4", "Cz"]);
        let pair = Pair { anode: "C4".to_owned(), cathode: "C3".to_owned() };
        let derived = Reference::Bipolar(vec![pair]).derive(&montage, &GridShapes::new()).unwrap();
        let mut conditioner = Conditioner::new(&Conditioning::of(derived.derivation), 250.0);
        let mut out = Vec::new();
        conditioner.step(&[1.0, 5.0, 9.0, 2.0, 8.0, 9.0], &[true, true, false], &mut out);
        assert_eq!((&out[..], conditioner.good()), (&[4.0, 6.0][..], &[true][..]));
        conditioner.step(&[1.0, 5.0, 9.0], &[false, true, true], &mut out);
        assert_eq!((out[2], conditioner.good()), (5.0, &[false][..]), "a bad channel does not enter");
    }

    #[test]
    fn values_at_the_end_of_single_precision_stay_finite() {
        for scale in [Scaling::Microvolts, how(1).scale] {
            let mut conditioner = Conditioner::new(&Conditioning { scale, ..how(1) }, 250.0);
            let samples: Vec<f32> = (0..500).map(|i| if i / 50 % 2 == 0 { f32::MAX } else { f32::MIN }).collect();
            let mut out = Vec::new();
            conditioner.step(&samples, &[true], &mut out);
            assert!(out.iter().all(|v| v.is_finite()), "{scale}");
        }
    }

    #[test]
    fn a_gap_and_an_offset_make_no_step() {
        for resample in [None, Ratio::between(250.0, 100.0)] {
            let derivation = Derivation::as_recorded(1);
            let how = Conditioning { scale: Scaling::Microvolts, derivation, resample, ..how(1) };
            let mut conditioner = Conditioner::new(&how, 250.0);
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
