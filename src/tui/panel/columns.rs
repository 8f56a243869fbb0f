//! From the bins of a View to columns of dots.
//!
//! Owns no state; runs on the main thread. Invariant: a column holds the minimum and the maximum of its bins, so no
//! peak is lost at any width, and a column that touches a gap is blank, so no gap is hidden.

use crate::pipeline::view::{Traces, View};

/// As many bins as are ever looked at: protects against a View whose bins have no length.
const MOST_BINS: f64 = 1e6;

/// The bins that the time base asks for; those that no View has are gaps.
pub(super) struct Bins<'a> {
    /// Newest first.
    layers: Vec<&'a Traces>,
    shown: usize,
    /// Number of the first shown bin since the start of the stream.
    first: i64,
}

impl<'a> Bins<'a> {
    /// Of a View and of earlier ones, oldest first, from which the screen is scrolled back by so many seconds.
    pub(super) fn of(
        view: &'a View,
        past: impl DoubleEndedIterator<Item = &'a View>,
        shown_s: f64,
        back_s: f64,
    ) -> Self {
        let traces = &view.traces;
        let count = |seconds: f64| {
            let count = (seconds / traces.bin_s).round();
            // Bins without a length or without an end are as good as none.
            if (0.0..=MOST_BINS).contains(&count) { count as usize } else { 0 }
        };
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let shown = count(shown_s);
        let end = traces.first.saturating_add(signed(traces.bins)).saturating_sub(signed(count(back_s)));
        let earlier = past.rev().map(|view| &view.traces).filter(|earlier| earlier.bin_s == traces.bin_s);
        let layers = std::iter::once(traces).chain(earlier).collect();
        Self { layers, shown, first: end.saturating_sub(signed(shown)) }
    }

    /// Minimum and maximum of a shown bin; none in a gap.
    fn bin(&self, channel: usize, shown: usize) -> Option<(f64, f64)> {
        let number = self.first.checked_add(i64::try_from(shown).ok()?)?;
        let (traces, bin) = self.layers.iter().find_map(|traces| {
            let bin = usize::try_from(number.checked_sub(traces.first)?).ok()?;
            (bin < traces.bins).then_some((traces, bin))
        })?;
        let place = channel.checked_mul(traces.bins)?.checked_add(bin)?;
        let (low, high) = *traces.envelope.get(place)?;
        (low.is_finite() && high.is_finite()).then(|| (f64::from(low.min(high)), f64::from(low.max(high))))
    }

    /// Minimum and maximum of each column of dots. Many bins a column are put together; of few, the columns in
    /// between are interpolated, so that a short time base shows slopes and not steps.
    pub(super) fn columns(&self, channel: usize, columns: usize) -> Vec<Option<(f64, f64)>> {
        let column = |column: usize| -> Option<(f64, f64)> {
            if self.shown >= columns {
                let mut bins = column * self.shown / columns..(column + 1) * self.shown / columns;
                let first = self.bin(channel, bins.next()?)?;
                return bins.try_fold(first, |(low, high), bin| {
                    let (l, h) = self.bin(channel, bin)?;
                    Some((low.min(l), high.max(h)))
                });
            }
            let place = ((column as f64 + 0.5) * self.shown as f64 / columns as f64 - 0.5).max(0.0);
            let part = place.fract();
            match (self.bin(channel, place as usize), self.bin(channel, place as usize + 1)) {
                (Some((low, high)), Some((next_low, next_high))) => {
                    Some((low + (next_low - low) * part, high + (next_high - high) * part))
                }
                // A bin reaches half way to a gap.
                (left, None) => left.filter(|_| part < 0.5),
                (None, right) => right.filter(|_| part >= 0.5),
            }
        };
        (0..columns).map(column).collect()
    }

    /// The markers in sight, each once: the column of cells and the text.
    pub(super) fn markers(&self, width: u16) -> Vec<(u16, &'a str)> {
        let mut found: Vec<(i64, &str)> = Vec::new();
        for traces in &self.layers {
            for (bin, text) in &traces.markers {
                let number = i64::try_from(*bin).ok().and_then(|bin| traces.first.checked_add(bin));
                if let Some(number) = number.filter(|number| !found.contains(&(*number, text.as_str()))) {
                    found.push((number, text));
                }
            }
        }
        let cell = |(number, text): (i64, &'a str)| {
            let shown = usize::try_from(number.checked_sub(self.first)?).ok().filter(|shown| *shown < self.shown)?;
            Some(((shown as f64 * f64::from(width) / self.shown as f64) as u16, text))
        };
        found.into_iter().filter_map(cell).collect()
    }
}

/// The values at the edges of a row of `scale_uv` microvolts: around zero, or around the channel's median where
/// nothing has taken its offset away and it would hang outside.
pub(super) fn around(columns: &[Option<(f64, f64)>], scale_uv: f64) -> (f64, f64) {
    let mut middles: Vec<f64> = columns.iter().flatten().map(|(low, high)| (low + high) / 2.0).collect();
    middles.sort_by(f64::total_cmp);
    let median = middles.get(middles.len() / 2).copied().unwrap_or(0.0);
    let centre = if median.abs() > scale_uv / 2.0 { median } else { 0.0 };
    (centre - scale_uv / 2.0, centre + scale_uv / 2.0)
}

/// The lowest and the highest value: what is no voltage has no common scale.
pub(super) fn range(columns: &[Option<(f64, f64)>]) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = columns.iter().flatten().fold(start, |(low, high), (l, h)| (low.min(*l), high.max(*h)));
    if low < high { (low, high) } else { (low - 1.0, low + 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::fixture;

    fn none() -> std::iter::Empty<&'static View> {
        std::iter::empty()
    }

    /// One channel, bins of a second, these values.
    fn view(values: &[f32]) -> View {
        let mut view = fixture::live(1, 1.0);
        view.traces.envelope = values.iter().map(|value| (*value - 0.5, *value + 0.5)).collect();
        view.traces.bins = values.len();
        view.traces.bin_s = 1.0;
        view.traces.first = 0;
        view.traces.markers.clear();
        view
    }

    fn columns(values: &[f32], shown_s: f64, columns: usize) -> Vec<Option<(f64, f64)>> {
        Bins::of(&view(values), none(), shown_s, 0.0).columns(0, columns)
    }

    #[test]
    fn many_bins_a_column_keep_their_extremes() {
        assert_eq!(columns(&[0.0, 9.0, 0.0, 1.0], 4.0, 2), [Some((-0.5, 9.5)), Some((-0.5, 1.5))]);
    }

    #[test]
    fn one_missing_bin_makes_its_column_blank() {
        assert_eq!(columns(&[0.0, f32::NAN, 0.0, 1.0], 4.0, 2), [None, Some((-0.5, 1.5))]);
    }

    #[test]
    fn few_bins_are_joined_by_slopes() {
        let middles: Vec<f64> =
            columns(&[0.0, 4.0], 2.0, 8).into_iter().flatten().map(|(low, high)| (low + high) / 2.0).collect();
        assert_eq!(middles, [0.0, 0.0, 0.5, 1.5, 2.5, 3.5, 4.0, 4.0]);
        let beside_a_gap = columns(&[0.0, f32::NAN, 4.0], 3.0, 6);
        let shown: Vec<bool> = beside_a_gap.iter().map(Option::is_some).collect();
        assert_eq!(shown, [true, true, false, false, true, true]);
    }

    #[test]
    fn what_was_before_the_first_bin_is_blank() {
        assert_eq!(columns(&[1.0, 2.0], 4.0, 4), [None, None, Some((0.5, 1.5)), Some((1.5, 2.5))]);
    }

    #[test]
    fn a_short_time_base_shows_the_newest() {
        assert_eq!(columns(&[1.0, 2.0, 3.0, 4.0], 2.0, 2), [Some((2.5, 3.5)), Some((3.5, 4.5))]);
    }

    #[test]
    fn bins_without_a_length_show_nothing() {
        for bin_s in [0.0, -1.0, 1e-300, f64::NAN, f64::INFINITY] {
            let mut view = view(&[1.0, 2.0]);
            view.traces.bin_s = bin_s;
            assert_eq!(Bins::of(&view, none(), 10.0, 0.0).columns(0, 3), [None; 3], "{bin_s}");
        }
    }

    #[test]
    fn markers_keep_their_place_when_the_time_base_changes() {
        let mut view = view(&[0.0; 10]);
        view.traces.markers = [0, 4, 9].map(|bin| (bin, format!("{bin}"))).to_vec();
        let found = |shown_s| Bins::of(&view, none(), shown_s, 0.0).markers(100);
        assert_eq!(found(10.0), [(0, "0"), (40, "4"), (90, "9")]);
        assert_eq!(found(5.0), [(80, "9")]);
    }

    #[test]
    fn earlier_views_join_on_and_their_markers_count_once() {
        let mut old = view(&[1.0, 2.0, 3.0, 4.0]);
        let mut new = view(&[3.0, 4.0, 5.0, 6.0]);
        (old.traces.first, new.traces.first) = (0, 2);
        old.traces.markers = vec![(1, "early".to_owned()), (3, "both".to_owned())];
        new.traces.markers = vec![(1, "both".to_owned())];
        let bins = |back_s| Bins::of(&new, std::iter::once(&old), 4.0, back_s);
        let middles = |back_s| -> Vec<Option<f64>> {
            bins(back_s).columns(0, 4).into_iter().map(|bin| bin.map(|(low, high)| (low + high) / 2.0)).collect()
        };
        assert_eq!(middles(0.0), [3.0, 4.0, 5.0, 6.0].map(Some));
        assert_eq!(middles(1.0), [2.0, 3.0, 4.0, 5.0].map(Some));
        assert_eq!(middles(3.0), [None, Some(1.0), Some(2.0), Some(3.0)]);
        assert_eq!(bins(1.0).markers(40), [(20, "both"), (0, "early")]);
    }

    #[test]
    fn an_offset_is_taken_away_only_where_it_hides_the_trace() {
        let flat = |value: f64| vec![Some((value - 1.0, value + 1.0)); 5];
        assert_eq!(around(&flat(10.0), 50.0), (-25.0, 25.0));
        assert_eq!(around(&flat(4_000.0), 50.0), (3_975.0, 4_025.0));
        assert_eq!(around(&[], 50.0), (-25.0, 25.0));
        assert_eq!(range(&flat(4.0)), (3.0, 5.0));
        assert_eq!(range(&[Some((4.0, 4.0))]), (3.0, 5.0));
    }
}
