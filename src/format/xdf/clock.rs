//! Clock offsets: how the stamps of a stream become those of the recording computer.
//!
//! Owns [`ClockOffset`] and [`ClockLine`]; runs on the thread of the reader. Invariant: the rules and thresholds are
//! those of `pyxdf` 1.17, so that both readers put a sample at the same time.

use super::robust;

/// One measurement of a stream's clock against that of the recording computer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockOffset {
    /// When it was measured, in seconds on the stream's clock.
    pub at_s: f64,
    /// What has to be added to the stream's stamps.
    pub offset_s: f64,
}

/// The correction of the stamps between two resets of a clock: `seconds + at + slope * seconds`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ClockLine {
    pub at: f64,
    pub slope: f64,
    /// Last measurement of this line, and first one of the next, where there is one.
    pub ends: Option<(f64, f64)>,
}

impl ClockLine {
    pub fn apply(&self, seconds: f64) -> f64 {
        seconds + (self.at + self.slope * seconds)
    }

    /// True for the first stamp that belongs to the next line: it is no nearer to the last measurement of this one.
    pub fn is_over(&self, seconds: f64) -> bool {
        self.ends.is_some_and(|(last, next)| {
            let nearer = (seconds - last).abs() < (seconds - next).abs();
            !nearer
        })
    }
}

/// Offsets that differ by more than this, in seconds, are treated as outliers.
const WINSOR_S: f64 = 1e-4;

/// The lines that correct a stream's stamps, one between any two resets of its clock; none without offsets.
pub(super) fn lines(offsets: &[ClockOffset]) -> Vec<ClockLine> {
    let mut starts: Vec<usize> = resets(offsets);
    starts.insert(0, 0);
    let ends = starts.iter().skip(1).copied().chain([offsets.len()]);
    let runs = starts.iter().zip(ends).filter_map(|(&from, to)| Some((offsets.get(from..to)?, offsets.get(to))));
    let fit = |(run, next): (&[ClockOffset], Option<&ClockOffset>)| {
        let last = run.last()?;
        let (at, slope) = match run {
            [only] => (only.offset_s, 0.0),
            _ => {
                let x: Vec<f64> = run.iter().map(|o| o.at_s / WINSOR_S).collect();
                let y: Vec<f64> = run.iter().map(|o| o.offset_s / WINSOR_S).collect();
                robust::line(&x, &y).map_or((0.0, 0.0), |(at, slope)| (at * WINSOR_S, slope))
            }
        };
        Some(ClockLine { at, slope, ends: next.map(|next| (last.at_s, next.at_s)) })
    };
    runs.filter_map(fit).collect()
}

/// Indices of offsets with which a clock starts anew: the computer was restarted, or another took its place.
fn resets(offsets: &[ClockOffset]) -> Vec<usize> {
    let differences = |of: fn(&ClockOffset) -> f64| -> Vec<f64> {
        offsets.iter().zip(offsets.iter().skip(1)).map(|(a, b)| of(b) - of(a)).collect()
    };
    let (times, values) = (differences(|o| o.at_s), differences(|o| o.offset_s));
    let (late, moved) = (stands_out(&times, 5.0, 5.0), stands_out(&values, 10.0, 1.0));
    let jumps = times.iter().zip(late.iter().zip(&moved)).map(|(&step, (&late, &moved))| step < 0.0 || (late && moved));
    jumps.enumerate().filter(|(_, jump)| *jump).map(|(index, _)| index + 1).collect()
}

/// Which values are further from the median than so many median deviations and so many seconds.
fn stands_out(values: &[f64], deviations: f64, seconds: f64) -> Vec<bool> {
    let middle = median(values);
    let off: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
    let spread = median(&off) + f64::EPSILON;
    off.iter().map(|off| off / spread > deviations && *off > seconds).collect()
}

/// The median; 0 of no values.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 { at(half) } else { (at(half.wrapping_sub(1)) + at(half)) / 2.0 }
}

/// True where the last offset is one that liblsl writes by mistake when an outlet goes away (pylsl issue 67): far later,
/// or far from the others. It counts only where there are also more samples than the footer says.
pub(super) fn last_is_corrupt(offsets: &[ClockOffset]) -> bool {
    let [before @ .., last] = offsets else { return false };
    if before.len() < 2 {
        return false;
    }
    let steps: Vec<f64> = offsets.iter().zip(offsets.iter().skip(1)).map(|(a, b)| b.at_s - a.at_s).collect();
    let [usual @ .., final_step] = steps.as_slice() else { return false };
    let usual = median(usual);
    let ratio = match final_step.abs() {
        step if usual > 0.0 => step / usual,
        step if step > 0.0 => f64::INFINITY,
        _ => 1.0,
    };
    let values: Vec<f64> = before.iter().map(|o| o.offset_s).collect();
    let middle = median(&values);
    let spread = median(&values.iter().map(|v| (v - middle).abs()).collect::<Vec<_>>());
    // 1.4826 turns a median deviation into a standard one.
    let score = if spread > f64::EPSILON { (last.offset_s - middle).abs() / (1.4826 * spread) } else { 0.0 };
    ratio > 10.0 || score > 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(points: &[(f64, f64)]) -> Vec<ClockOffset> {
        points.iter().map(|&(at_s, offset_s)| ClockOffset { at_s, offset_s }).collect()
    }

    #[test]
    fn a_restart_begins_a_new_line() {
        let mut points: Vec<(f64, f64)> = (0..20).map(|i| (100.0 + f64::from(i) * 5.0, -90.0)).collect();
        points.extend((0..20).map(|i| (3.0 + f64::from(i) * 5.0, 110.0)));
        let lines = lines(&offsets(&points));
        assert_eq!(lines.len(), 2);
        assert!((lines[0].apply(150.0) - 60.0).abs() < 1e-6 && (lines[1].apply(5.0) - 115.0).abs() < 1e-6, "{lines:?}");
        assert!(!lines[0].is_over(150.0) && lines[0].is_over(3.0) && !lines[1].is_over(1e9));
        assert_eq!(super::lines(&[]), []);
        assert_eq!(super::lines(&offsets(&[(1.0, 2.0)]))[0].apply(5.0), 7.0);
    }

    #[test]
    fn a_last_offset_from_elsewhere_is_noticed() {
        let mut points: Vec<(f64, f64)> = (0..9).map(|i| (f64::from(i) * 5.0, 1.0 + f64::from(i % 3) * 1e-4)).collect();
        assert!(!last_is_corrupt(&offsets(&points)));
        points.push((45.0, -1e6));
        assert!(last_is_corrupt(&offsets(&points)));
    }
}
