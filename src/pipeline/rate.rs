//! The model's rate: what a configuration asks for and a stream can give.
//!
//! Pure. Invariant: a rate that is not exactly the one asked for is told.

use crate::config::{Problem, SignalConfig};
use crate::dsp::{Ratio, Resampler};

/// How far, relatively, a rate may be from the one that was asked for without a word.
const SAME_RATE: f64 = 1e-9;

/// The ratio from the stream's rate to the model's, where they differ, and the model's rate.
pub(super) fn resampling(wanted_hz: f64, stream_hz: f64) -> Result<(Option<Ratio>, f64), Problem> {
    if wanted_hz == 0.0 || wanted_hz == stream_hz {
        return Ok((None, stream_hz));
    }
    let Some(ratio) = Ratio::between(stream_hz, wanted_hz) else {
        let (lowest, highest) = Ratio::range_hz(stream_hz);
        let allowed = format!("must be from {lowest:.3} to {highest:.3} for a stream of {stream_hz} Hz");
        return Err(Problem::of("signal.rate_hz", wanted_hz, allowed).hint("0 is the stream's own rate"));
    };
    let made_hz = ratio.rate_hz(stream_hz);
    let is_same = (made_hz / wanted_hz - 1.0).abs() < SAME_RATE;
    Ok((Some(ratio), if is_same { wanted_hz } else { made_hz }))
}

/// What a person should know of a signal that is resampled.
pub(super) fn told_of(ratio: Ratio, stream_hz: f64, signal: &SignalConfig) -> Vec<String> {
    let (up, down, wanted_hz, made_hz) = (ratio.up(), ratio.down(), signal.rate_hz, ratio.rate_hz(stream_hz));
    let delay_s = Resampler::delay_frames(ratio) as f64 / stream_hz;
    let mut notes =
        vec![format!("resampled from {stream_hz} Hz to {wanted_hz} Hz ({up}/{down}), which takes {delay_s:.3} s")];
    let parts = made_hz / wanted_hz - 1.0;
    if parts.abs() >= SAME_RATE {
        notes.push(format!("{up}/{down} makes {made_hz} Hz of it, {:.2} parts in a million off", parts * 1e6));
    }
    if made_hz > stream_hz {
        notes.push(format!("the model's rate is above the stream's: nothing lies above {} Hz", stream_hz / 2.0));
    }
    if signal.lowpass_hz >= made_hz / 2.0 {
        let (cut, nyquist) = (signal.lowpass_hz, made_hz / 2.0);
        notes.push(format!("the low-pass at {cut} Hz does nothing: half the model's rate is {nyquist} Hz"));
    }
    notes
}
