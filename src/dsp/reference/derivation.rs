//! Derivations: each output is one channel, less the centre of some others.
//!
//! Owned by the conditioner on the acquisition thread. Invariant: sums have one order, and only good channels enter them,
//! whatever the size of blocks.

/// What is taken of the channels that something is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Centre {
    Mean,
    Median,
}

/// One output: a channel, and the list of those it is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub channel: usize,
    pub minus: Option<usize>,
}

/// From `inputs` channels to as many outputs as there are, by number.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    pub(super) inputs: usize,
    /// None where a model wants a channel that the stream lacks: zero, and never good.
    pub(super) outputs: Vec<Option<Output>>,
    /// Channels in rising order.
    pub(super) lists: Vec<Vec<usize>>,
    pub(super) centre: Centre,
}

impl Derivation {
    /// The channels as recorded.
    #[must_use]
    pub fn as_recorded(channels: usize) -> Self {
        let outputs = (0..channels).map(|channel| Some(Output { channel, minus: None })).collect();
        Self { inputs: channels, outputs, lists: Vec::new(), centre: Centre::Mean }
    }

    /// Each of the channels less the mean of the good ones.
    #[must_use]
    pub fn average(channels: usize) -> Self {
        let outputs = (0..channels).map(|channel| Some(Output { channel, minus: Some(0) })).collect();
        Self { inputs: channels, outputs, lists: vec![(0..channels).collect()], centre: Centre::Mean }
    }

    /// All channels; those of a list less the mean of the good ones among them, the others as recorded.
    #[must_use]
    pub fn average_of(channels: usize, listed: &[usize]) -> Self {
        let mut list: Vec<usize> = listed.iter().copied().filter(|channel| *channel < channels).collect();
        list.sort_unstable();
        list.dedup();
        let minus = |channel: usize| list.binary_search(&channel).is_ok().then_some(0);
        let outputs = (0..channels).map(|channel| Some(Output { channel, minus: minus(channel) })).collect();
        Self { inputs: channels, outputs, lists: vec![list], centre: Centre::Mean }
    }

    /// How many channels go in.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many come out.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// True for an output that a model wants and the stream lacks.
    #[must_use]
    pub fn lacks(&self, output: usize) -> bool {
        self.outputs.get(output).is_some_and(Option::is_none)
    }

    /// The outputs in another order: of each the number that it has now, none for one that is missing.
    #[must_use]
    pub(super) fn arranged(&self, order: &[Option<usize>]) -> Self {
        let outputs = order.iter().map(|from| from.and_then(|from| self.outputs[from])).collect();
        Self { outputs, ..self.clone() }
    }
}

/// The good ones of a list.
#[derive(Clone, Debug)]
enum Members {
    /// By number.
    Few(Vec<usize>),
    /// `[C]`: 1 for a member, 0 for others; many are summed faster side by side than one by one.
    Most(Vec<f64>),
}

/// Sums that are made side by side.
const LANES: usize = 8;

/// Applies a derivation.
#[derive(Clone, Debug)]
pub struct Deriver {
    derivation: Derivation,
    /// `[C_in]`, as it was last told.
    trusted: Vec<bool>,
    /// `[C_out]`.
    good: Vec<bool>,
    members: Vec<Members>,
    /// Good members of each list.
    counts: Vec<usize>,
    /// Centres of the lists in the frame at work.
    centres: Vec<f64>,
    /// Values of which the median is taken.
    ordered: Vec<f64>,
    /// True if output `i` is input `i`, and all are referred to the same.
    is_plain: bool,
}

impl Deriver {
    /// A deriver that trusts every channel.
    #[must_use]
    pub fn new(derivation: Derivation) -> Self {
        let lists = &derivation.lists;
        let is_long = |list: &&Vec<usize>| 2 * list.len() > derivation.inputs && derivation.centre == Centre::Mean;
        let members = |list: &Vec<usize>| {
            if is_long(&list) { Members::Most(vec![0.0; derivation.inputs]) } else { Members::Few(list.clone()) }
        };
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        let minus = derivation.outputs.first().copied().flatten().and_then(|output| output.minus);
        let plain = |(channel, output): (usize, &Option<Output>)| *output == Some(Output { channel, minus });
        let mut deriver = Self {
            trusted: vec![true; derivation.inputs],
            good: vec![false; derivation.outputs.len()],
            members: lists.iter().map(members).collect(),
            counts: vec![0; lists.len()],
            centres: vec![0.0; lists.len()],
            ordered: Vec::with_capacity(longest),
            is_plain: derivation.outputs.len() == derivation.inputs && derivation.outputs.iter().enumerate().all(plain),
            derivation,
        };
        deriver.sort_out();
        deriver
    }

    /// What it applies.
    #[must_use]
    pub fn derivation(&self) -> &Derivation {
        &self.derivation
    }

    /// `[C_out]`: outputs whose channel is good, and of those that it is referred to, one at least.
    #[must_use]
    pub fn good(&self) -> &[bool] {
        &self.good
    }

    /// Tells which of the inputs `[C_in]` can be trusted from the next frame on.
    pub fn trust(&mut self, good: &[bool]) {
        if self.trusted != good {
            self.trusted.copy_from_slice(good);
            self.sort_out();
        }
    }

    fn sort_out(&mut self) {
        let (trusted, lists) = (&self.trusted, &self.derivation.lists);
        for ((members, list), count) in self.members.iter_mut().zip(lists).zip(&mut self.counts) {
            let good = list.iter().copied().filter(|&channel| trusted[channel]);
            *count = good.clone().count();
            match members {
                Members::Few(channels) => {
                    channels.clear();
                    channels.extend(good);
                }
                Members::Most(weights) => {
                    weights.fill(0.0);
                    good.for_each(|channel| weights[channel] = 1.0);
                }
            }
        }
        for (good, output) in self.good.iter_mut().zip(&self.derivation.outputs) {
            let is_referred = |list: usize| self.counts[list] > 0;
            *good = output.is_some_and(|o| trusted[o.channel] && o.minus.is_none_or(is_referred));
        }
    }

    /// Derives a frame: `[C_in]` becomes `[C_out]`. Where none is good of those that an output is referred to, it stays.
    pub fn step(&mut self, frame: &[f64], out: &mut [f64]) {
        let Self { members, counts, centres, ordered, derivation, .. } = self;
        for ((members, &count), centre) in members.iter().zip(&*counts).zip(&mut *centres) {
            *centre = match members {
                _ if count == 0 => 0.0,
                Members::Few(channels) if derivation.centre == Centre::Median => {
                    ordered.clear();
                    ordered.extend(channels.iter().map(|&channel| frame[channel]));
                    median(ordered)
                }
                Members::Few(channels) => channels.iter().map(|&c| frame[c]).sum::<f64>() / count as f64,
                Members::Most(weights) => weighted_sum(frame, weights) / count as f64,
            };
        }
        if self.is_plain {
            let centre = self.centres.first().copied().unwrap_or_default();
            out.iter_mut().zip(frame).for_each(|(y, x)| *y = x - centre);
            return;
        }
        for (y, output) in out.iter_mut().zip(&self.derivation.outputs) {
            let referred = |o: &Output| frame[o.channel] - o.minus.map_or(0.0, |list| self.centres[list]);
            *y = output.as_ref().map_or(0.0, referred);
        }
    }
}

/// Sum of the products, in a fixed order.
#[inline]
fn weighted_sum(frame: &[f64], weights: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (frames, ends) = (frame.chunks_exact(LANES), weights.chunks_exact(LANES));
    let rest: f64 = frames.remainder().iter().zip(ends.remainder()).map(|(x, w)| x * w).sum();
    for (x, w) in frames.zip(ends) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * w[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The middle value, or the mean of the two in the middle.
fn median(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    let is_odd = values.len() % 2 == 1;
    let (below, &mut middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if is_odd { middle } else { (below.iter().copied().fold(f64::NEG_INFINITY, f64::max) + middle) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(derivation: &Derivation, frame: &[f64], good: &[bool]) -> (Vec<f64>, Vec<bool>) {
        let mut deriver = Deriver::new(derivation.clone());
        let mut out = vec![f64::NAN; derivation.outputs()];
        deriver.trust(good);
        deriver.step(frame, &mut out);
        (out, deriver.good().to_vec())
    }

    #[test]
    fn a_bad_channel_does_not_move_the_others() {
        let average = Derivation::average(3);
        let (out, good) = apply(&average, &[1.0, 3.0, 1000.0], &[true, true, false]);
        assert_eq!((out, good), (vec![-1.0, 1.0, 998.0], vec![true, true, false]));
        let (out, good) = apply(&average, &[1.0, 3.0, 5.0], &[false; 3]);
        assert_eq!((out, good), (vec![1.0, 3.0, 5.0], vec![false; 3]), "without a good channel they stay");
    }

    #[test]
    fn a_median_is_that_of_the_good_ones() {
        let median = Derivation { centre: Centre::Median, ..Derivation::average(5) };
        assert_eq!(apply(&median, &[1.0, 9.0, 4.0, 2.0, 7.0], &[true; 5]).0, [-3.0, 5.0, 0.0, -2.0, 3.0]);
        let (out, _) = apply(&median, &[1.0, 9.0, 4.0, 2.0, 1e9], &[true, true, true, true, false]);
        assert_eq!(out[..2], [-2.0, 6.0]);
    }

    #[test]
    fn an_output_that_is_missing_is_zero_and_one_without_good_neighbours_is_bad() {
        let output = |channel, list| Some(Output { channel, minus: Some(list) });
        let derivation = Derivation {
            inputs: 4,
            outputs: vec![output(0, 0), None, output(3, 1)],
            lists: vec![vec![1, 2], vec![2]],
            centre: Centre::Mean,
        };
        let (out, good) = apply(&derivation, &[10.0, 2.0, 4.0, 5.0], &[true; 4]);
        assert_eq!((out, good), (vec![7.0, 0.0, 1.0], vec![true, false, true]));
        let (out, good) = apply(&derivation, &[10.0, 2.0, 4.0, 5.0], &[true, true, false, true]);
        assert_eq!((out, good), (vec![8.0, 0.0, 5.0], vec![true, false, false]));
        let turned = derivation.arranged(&[Some(2), None, Some(0)]);
        assert_eq!(apply(&turned, &[10.0, 2.0, 4.0, 5.0], &[true; 4]).0, [1.0, 0.0, 7.0]);
    }

    #[test]
    fn a_long_sum_is_that_of_the_good_channels() {
        for channels in [1, 7, 8, 9, 64, 257] {
            let frame: Vec<f64> = (0..channels).map(|i| (i as f64 * 0.37).sin() * 50.0).collect();
            let good: Vec<bool> = (0..channels).map(|i| i % 5 != 1).collect();
            let kept: Vec<f64> = frame.iter().zip(&good).filter(|(_, good)| **good).map(|(x, _)| *x).collect();
            let mean = kept.iter().sum::<f64>() / kept.len() as f64;
            let (out, _) = apply(&Derivation::average(channels), &frame, &good);
            assert!(out.iter().zip(&frame).all(|(y, x)| (y - (x - mean)).abs() < 1e-12), "{channels}");
        }
    }
}
