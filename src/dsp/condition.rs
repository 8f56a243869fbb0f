//! Conditioning: what stands between the amplifier's microvolts and the model.
//!
//! Owns filter, reference and scale state of one stream; runs on the acquisition thread, once for all consumers.
//! Invariant: every output sample is finite, and a gap starts the filters afresh.

use super::{Cascade, Reference, RunningScale, Scaling, Section, vectorised};

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
    /// Reference.
    pub reference: Reference,
    /// What becomes of microvolts.
    pub scale: Scaling,
}

impl Default for Conditioning {
    /// Nothing is done, and filters that are asked for are of the fourth order.
    fn default() -> Self {
        Self {
            highpass_hz: None,
            lowpass_hz: None,
            filter_order: 4,
            notch_hz: None,
            notch_harmonics: 1,
            notch_q: 30.0,
            reference: Reference::AsRecorded,
            scale: Scaling::Microvolts,
        }
    }
}

impl Conditioning {
    /// The filters at this rate, one after the other.
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

/// Filters, refers and scales frames.
#[derive(Clone, Debug)]
pub struct Conditioner {
    cascade: Cascade,
    reference: Reference,
    scale: Option<RunningScale>,
    /// The frame at work.
    frame: Vec<f64>,
    /// The last finite value of each channel.
    last: Vec<f64>,
    settled: bool,
    invalid: u64,
}

impl Conditioner {
    /// A conditioner at rest.
    #[must_use]
    pub fn new(how: &Conditioning, channels: usize, rate_hz: f64) -> Self {
        Self {
            cascade: Cascade::new(how.sections(rate_hz), channels),
            reference: how.reference,
            scale: RunningScale::new(how.scale, channels, rate_hz),
            frame: vec![0.0; channels],
            last: vec![0.0; channels],
            settled: false,
            invalid: 0,
        }
    }

    /// Tells it that the next frame does not follow on the last one.
    pub fn gap(&mut self) {
        self.settled = false;
    }

    /// Samples so far that were not finite; each was replaced by the channel's last finite value.
    #[must_use]
    pub fn invalid(&self) -> u64 {
        self.invalid
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

    /// Conditions frames `[T, C]` from `samples` to the end of `out`; `good` says of each channel whether it can be trusted.
    pub fn step(&mut self, samples: &[f32], good: &[bool], out: &mut Vec<f32>) {
        let channels = self.frame.len();
        if let Some(scale) = &mut self.scale {
            scale.trust(good);
        }
        for frame in samples.chunks_exact(channels) {
            self.invalid += u64::from(take(frame, &mut self.last));
            self.frame.copy_from_slice(&self.last);
            if !self.settled {
                self.cascade.settle(&self.frame);
                self.settled = true;
            }
            self.cascade.step(&mut self.frame);
            self.reference.apply(&mut self.frame, good);
            let from = out.len();
            match &mut self.scale {
                Some(scale) => {
                    out.resize(from + channels, 0.0);
                    scale.step(&self.frame, &mut out[from..]);
                }
                // A filter may overshoot what single precision holds.
                None => out.extend(self.frame.iter().map(|&x| (x as f32).clamp(f32::MIN, f32::MAX))),
            }
        }
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
    use proptest::prelude::*;

    fn how() -> Conditioning {
        Conditioning {
            highpass_hz: Some(0.5),
            lowpass_hz: Some(40.0),
            notch_hz: Some(50.0),
            filter_order: 3,
            notch_harmonics: 2,
            reference: Reference::Average,
            scale: Scaling::Running { spread: Spread::Robust, seconds: 30.0, limit: Limit::SoftLog },
            ..Conditioning::default()
        }
    }

    proptest! {
        #[test]
        fn block_size_does_not_matter(cuts in prop::collection::vec(1usize..40, 1..20), seed in any::<u32>()) {
            let channels = 3;
            let samples: Vec<f32> = (0..600 * channels as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 20) as f32 - 2048.0)
                .collect();
            let (mut whole, mut cut) = (Conditioner::new(&how(), channels, 250.0), Conditioner::new(&how(), channels, 250.0));
            let (mut a, mut b) = (Vec::new(), Vec::new());
            whole.step(&samples, &[true; 3], &mut a);
            let mut rest = &samples[..];
            for n in cuts.iter().cycle() {
                let (now, later) = rest.split_at((n * channels).min(rest.len()));
                cut.step(now, &[true; 3], &mut b);
                rest = later;
                if rest.is_empty() { break; }
            }
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
    fn values_at_the_end_of_single_precision_stay_finite() {
        for scale in [Scaling::Microvolts, how().scale] {
            let mut conditioner = Conditioner::new(&Conditioning { scale, ..how() }, 1, 250.0);
            let samples: Vec<f32> = (0..500).map(|i| if i / 50 % 2 == 0 { f32::MAX } else { f32::MIN }).collect();
            let mut out = Vec::new();
            conditioner.step(&samples, &[true], &mut out);
            assert!(out.iter().all(|v| v.is_finite()), "{scale}");
        }
    }

    #[test]
    fn a_gap_and_an_offset_make_no_step() {
        let how = Conditioning { scale: Scaling::Microvolts, reference: Reference::AsRecorded, ..how() };
        let mut conditioner = Conditioner::new(&how, 1, 250.0);
        let mut out = Vec::new();
        conditioner.step(&vec![1000.0; 500], &[true], &mut out);
        conditioner.gap();
        conditioner.step(&vec![-3000.0; 500], &[true], &mut out);
        assert!(out.iter().all(|v| v.abs() < 1e-3), "a constant passes no high-pass");
    }
}
