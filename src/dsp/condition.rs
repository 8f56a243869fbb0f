//! Conditioning: what stands between the amplifier's microvolts and the model.
//!
//! Owns filter, reference and scale state of one stream; runs on the acquisition thread, once for all consumers.
//! Invariant: every output sample is finite, and a gap starts the filters afresh.

use super::{Cascade, Derivation, Deriver, RunningScale, Section};

/// How a stream is conditioned; all frequencies lie below half its rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditioning {
    /// Cut-off of the fourth-order high-pass.
    pub highpass_hz: Option<f64>,
    /// Cut-off of the fourth-order low-pass.
    pub lowpass_hz: Option<f64>,
    /// Centre of the notch (Q 30).
    pub notch_hz: Option<f64>,
    /// What the channels of the model are made of.
    pub derivation: Derivation,
    /// Time constant of the running scale; `None` leaves microvolts.
    pub scale_s: Option<f64>,
}

/// Filters, derives and scales frames: `C_in` channels go in, `C_out` come out.
#[derive(Clone, Debug)]
pub struct Conditioner {
    cascade: Cascade,
    deriver: Deriver,
    scale: Option<RunningScale>,
    /// `[C_in]`: the frame at work.
    frame: Vec<f64>,
    /// `[C_out]`: what is derived from it.
    derived: Vec<f64>,
    /// The last finite value of each channel.
    last: Vec<f64>,
    settled: bool,
    invalid: u64,
}

impl Conditioner {
    /// A conditioner at rest.
    #[must_use]
    pub fn new(how: &Conditioning, rate_hz: f64) -> Self {
        let (channels, outputs) = (how.derivation.inputs(), how.derivation.outputs());
        let mut sections = how.highpass_hz.map_or_else(Vec::new, |hz| Section::highpass(4, hz, rate_hz));
        sections.extend(how.notch_hz.map(|hz| Section::notch(hz, 30.0, rate_hz)));
        sections.extend(how.lowpass_hz.into_iter().flat_map(|hz| Section::lowpass(4, hz, rate_hz)));
        Self {
            cascade: Cascade::new(sections, channels),
            deriver: Deriver::new(how.derivation.clone()),
            scale: how.scale_s.map(|seconds| RunningScale::new(outputs, seconds, rate_hz)),
            frame: vec![0.0; channels],
            derived: vec![0.0; outputs],
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

    /// `[C_out]`: which outputs can be trusted, by the channels that they are made of, as of the last step.
    #[must_use]
    pub fn good(&self) -> &[bool] {
        self.deriver.good()
    }

    /// Conditions frames `[T, C_in]` from `samples` to the end of `out`, where they are `[T, C_out]`; `good` says of each
    /// channel that goes in whether it can be trusted.
    pub fn step(&mut self, samples: &[f32], good: &[bool], out: &mut Vec<f32>) {
        let channels = self.frame.len();
        self.deriver.trust(good);
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
            self.deriver.step(&self.frame, &mut self.derived);
            let from = out.len();
            match &mut self.scale {
                Some(scale) => {
                    out.resize(from + self.derived.len(), 0.0);
                    scale.step(&self.derived, &mut out[from..]);
                }
                None => out.extend(self.derived.iter().map(|&x| x as f32)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
            derivation: Derivation::average(channels),
            scale_s: Some(30.0),
        }
    }

    proptest! {
        #[test]
        fn block_size_does_not_matter(cuts in prop::collection::vec(1usize..40, 1..20), seed in any::<u32>()) {
            let channels = 3;
            let samples: Vec<f32> = (0..600 * channels as u32)
                .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 20) as f32 - 2048.0)
                .collect();
            let (mut whole, mut cut) = (Conditioner::new(&how(channels), 250.0), Conditioner::new(&how(channels), 250.0));
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
        let how = Conditioning {
            highpass_hz: None,
            lowpass_hz: None,
            notch_hz: None,
            scale_s: None,
            derivation: derived.derivation,
        };
        let mut conditioner = Conditioner::new(&how, 250.0);
        let mut out = Vec::new();
        conditioner.step(&[1.0, 5.0, 9.0, 2.0, 8.0, 9.0], &[true, true, false], &mut out);
        assert_eq!((&out[..], conditioner.good()), (&[4.0, 6.0][..], &[true][..]));
        conditioner.step(&[1.0, 5.0, 9.0], &[false, true, true], &mut out);
        assert_eq!((out[2], conditioner.good()), (5.0, &[false][..]), "a bad channel does not enter");
    }

    #[test]
    fn a_gap_and_an_offset_make_no_step() {
        let how = Conditioning { scale_s: None, derivation: Derivation::as_recorded(1), ..how(1) };
        let mut conditioner = Conditioner::new(&how, 250.0);
        let mut out = Vec::new();
        conditioner.step(&vec![1000.0; 500], &[true], &mut out);
        conditioner.gap();
        conditioner.step(&vec![-3000.0; 500], &[true], &mut out);
        assert!(out.iter().all(|v| v.abs() < 1e-3), "a constant passes no high-pass");
    }
}
