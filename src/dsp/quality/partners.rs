//! How much each channel shares with others.
//!
//! Owns the list of each channel's partners and two seconds of everyone's shared band. Invariant: the lists never change,
//! and only channels that could be measured throughout are compared.

use crate::dsp::vectorised;

/// What is known of where electrodes lie.
#[derive(Clone, Copy, Debug, Default)]
pub enum Neighbours<'a> {
    /// Nothing: each channel is compared with all others, or with 64 spread over the montage.
    #[default]
    Unknown,
    /// `[x, y]` of each channel in any unit: each is compared with the eight nearest. Where a position is not finite,
    /// or there are none for some channels, nothing is known of those.
    Positions(&'a [[f32; 2]]),
    /// The channels with which each is to be compared, by index; what is no other channel is left out.
    Lists(&'a [Vec<usize>]),
}

/// Partners where nothing is known of positions.
const SPREAD: usize = 64;
/// Partners where positions are known.
const NEAREST: usize = 8;
/// Partners below which nothing is said: of two channels that disagree, either may be the bad one.
const FEWEST: usize = 3;
/// Seconds' spectra that are compared together; with half a second from one to the next they span two seconds.
pub(super) const SPECTRA: usize = 3;
/// Norm below which rounding decides.
const LEAST_NORM: f32 = 1e-6;
/// Numbers that are multiplied side by side.
const LANES: usize = 8;

/// Partners, and what is needed to correlate with them.
#[derive(Clone, Debug)]
pub(super) struct Partners {
    lists: Vec<Vec<usize>>,
    /// Room for one spectrum's features.
    width: usize,
    /// `[channel][SPECTRA][width]`.
    features: Vec<f32>,
    /// `[channel]`: square root of the sum of squares of its features.
    norms: Vec<f32>,
    /// `[channel]`: spectra in a row that could be measured.
    measured: Vec<usize>,
    slot: usize,
    correlations: Vec<f32>,
    /// `[channel]`: what was found last.
    found: Vec<Option<f64>>,
    ordered: Vec<f64>,
}

impl Partners {
    /// Compares those of the channels that are `eligible`, of which each spectrum says `features` numbers.
    pub fn new(eligible: &[bool], neighbours: Neighbours<'_>, features: usize) -> Self {
        let channels = eligible.len();
        let width = features.next_multiple_of(LANES);
        let lists: Vec<Vec<usize>> =
            (0..channels).map(|c| if eligible[c] { partners(c, eligible, neighbours) } else { Vec::new() }).collect();
        let most = lists.iter().map(Vec::len).max().unwrap_or(0);
        Self {
            lists,
            width,
            features: vec![0.0; channels * SPECTRA * width],
            norms: vec![0.0; channels],
            measured: vec![0; channels],
            slot: 0,
            correlations: Vec::with_capacity(most),
            found: vec![None; channels],
            ordered: Vec::with_capacity(channels),
        }
    }

    /// Where the features of a channel's present spectrum go.
    pub fn place(&mut self, channel: usize, features: usize) -> &mut [f32] {
        let from = (channel * SPECTRA + self.slot) * self.width;
        &mut self.features[from..from + features]
    }

    /// Says whether the features that were put into a channel's place mean something.
    pub fn note(&mut self, channel: usize, is_measured: bool) {
        self.measured[channel] = if is_measured { (self.measured[channel] + 1).min(SPECTRA) } else { 0 };
        let own = &self.features[channel * SPECTRA * self.width..][..SPECTRA * self.width];
        self.norms[channel] = dot(own, own).sqrt();
    }

    /// Goes on to the next spectrum.
    pub fn turn(&mut self) {
        self.slot = (self.slot + 1) % SPECTRA;
    }

    /// The next spectrum does not follow on the last one.
    pub fn part(&mut self) {
        self.measured.fill(0);
    }

    /// Correlates each channel with its partners: the 98th percentile of the absolute values, as PREP takes it
    /// (Bigdely-Shamlo et al., 2015). `None` for a channel that could not be measured for two seconds, or whose partners
    /// could not but for two.
    pub fn correlate(&mut self) {
        let Self { lists, width, features, norms, measured, correlations, found, .. } = self;
        let (span, is_ready) = (SPECTRA * *width, |c: usize| measured[c] == SPECTRA && norms[c] > LEAST_NORM);
        vectorised(
            #[inline(always)]
            || {
                for (c, (found, list)) in found.iter_mut().zip(&*lists).enumerate() {
                    correlations.clear();
                    let own = &features[c * span..(c + 1) * span];
                    for &other in list.iter().filter(|&&other| is_ready(c) && is_ready(other)) {
                        let shared = dot(own, &features[other * span..(other + 1) * span]);
                        correlations.push((shared / (norms[c] * norms[other])).abs().min(1.0));
                    }
                    *found = high_percentile(correlations).map(f64::from);
                }
            },
        );
    }

    /// What [`Partners::correlate`] found of one channel.
    pub fn found(&self, channel: usize) -> Option<f64> {
        self.found[channel]
    }

    /// Median of what [`Partners::correlate`] found: how much channels of this montage share.
    pub fn typical(&mut self) -> Option<f64> {
        self.ordered.clear();
        self.ordered.extend(self.found.iter().flatten());
        let middle = self.ordered.len() / 2;
        (!self.ordered.is_empty()).then(|| *self.ordered.select_nth_unstable_by(middle, f64::total_cmp).1)
    }
}

/// The value below which 98 % lie; `None` of too few.
fn high_percentile(values: &mut [f32]) -> Option<f32> {
    let n = values.len();
    (n >= FEWEST).then(|| *values.select_nth_unstable_by(n - 1 - n / 50, f32::total_cmp).1)
}

fn partners(channel: usize, eligible: &[bool], neighbours: Neighbours<'_>) -> Vec<usize> {
    let others: Vec<usize> = (0..eligible.len()).filter(|&c| c != channel && eligible[c]).collect();
    match neighbours {
        Neighbours::Lists(lists) => {
            let mut list: Vec<usize> =
                lists.get(channel).into_iter().flatten().copied().filter(|c| others.contains(c)).collect();
            list.sort_unstable();
            list.dedup();
            list
        }
        Neighbours::Positions(at) => {
            let finite = |c: usize| at.get(c).filter(|[x, y]| x.is_finite() && y.is_finite());
            let Some(here) = finite(channel) else { return spread(channel, &others) };
            let distance = |[x, y]: &[f32; 2]| f64::from(x - here[0]).hypot(f64::from(y - here[1]));
            let mut near: Vec<(f64, usize)> =
                others.iter().filter_map(|&c| finite(c).map(|there| (distance(there), c))).collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0));
            near.truncate(NEAREST);
            if near.len() < FEWEST { spread(channel, &others) } else { near.into_iter().map(|(_, c)| c).collect() }
        }
        Neighbours::Unknown => spread(channel, &others),
    }
}

/// All, or some that lie evenly over the montage, the next one first.
fn spread(channel: usize, others: &[usize]) -> Vec<usize> {
    let next = others.partition_point(|&c| c < channel);
    let n = others.len();
    let taken = n.min(SPREAD);
    (0..taken).map(|i| others[(next + i * n / taken) % n]).collect()
}

/// Scalar product in a fixed order.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_has_partners_and_nobody_itself() {
        for channels in [1, 2, 5, 64, 65, 66, 129, 256] {
            let mut eligible = vec![true; channels];
            if channels > 4 {
                eligible[2] = false;
            }
            let able = eligible.iter().filter(|&&e| e).count();
            for list in (0..channels).map(|c| (c, partners(c, &eligible, Neighbours::Unknown))) {
                let (c, mut list) = list;
                assert_eq!(list.len(), if eligible[c] { (able - 1).min(SPREAD) } else { able.min(SPREAD) });
                assert!(!list.contains(&c) && list.iter().all(|&p| eligible[p]));
                list.sort_unstable();
                list.dedup();
                assert_eq!(list.len(), (able - usize::from(eligible[c])).min(SPREAD), "no partner comes twice");
            }
        }
    }

    #[test]
    fn the_nearest_are_partners() {
        let at: Vec<[f32; 2]> = (0..20).map(|i| [if i == 19 { f32::NAN } else { i as f32 }, 0.0]).collect();
        let eligible = [true; 20];
        let mut near = partners(10, &eligible, Neighbours::Positions(&at));
        near.sort_unstable();
        assert_eq!(near, [6, 7, 8, 9, 11, 12, 13, 14]);
        assert_eq!(partners(19, &eligible, Neighbours::Positions(&at)).len(), 19, "its place is not known");
        assert_eq!(partners(3, &eligible, Neighbours::Positions(&[])).len(), 19);
        let lists = vec![vec![0, 5, 5, 99, 1]];
        assert_eq!(partners(0, &eligible, Neighbours::Lists(&lists)), [1, 5]);
        assert!(partners(1, &eligible, Neighbours::Lists(&lists)).is_empty());
    }

    #[test]
    fn a_correlation_needs_two_seconds_and_three_partners() {
        let mut partners = Partners::new(&[true; 4], Neighbours::Unknown, 3);
        for turn in 0..5 {
            for c in 0..4 {
                let sign = if c == 2 { -2.0 } else { 1.0 };
                partners.place(c, 3).copy_from_slice(&[sign, sign * turn as f32, 0.5 * sign]);
                partners.note(c, !(turn == 4 && c == 1));
            }
            partners.turn();
            partners.correlate();
            let got = partners.found(0);
            assert_eq!(partners.typical().is_some(), turn == 2 || turn == 3, "{turn}");
            assert_eq!(got.is_some(), turn == 2 || turn == 3, "{turn}");
            assert!(got.is_none_or(|r| (r - 1.0).abs() < 1e-6), "a channel and its negative share everything");
        }
    }
}
