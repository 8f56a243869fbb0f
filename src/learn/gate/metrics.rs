//! What served weights showed, by name: it goes along with them into checkpoints and onto the cards of models.
//!
//! Plain values. Invariant: only what was measured is named.

use super::Figures;
use std::collections::BTreeMap;

/// Figures by name: `windows` says by how many held windows the others were measured, `loss` is that on signal that was not
/// learnt from, `loss_chance` that of guessing.
pub type Metrics = BTreeMap<String, f64>;

/// Those of weights that were judged by so many held windows.
pub(in crate::learn) fn metrics(figures: &Figures, windows: usize, loss: Option<f64>, chance: Option<f64>) -> Metrics {
    let judged = figures.named().into_iter().chain([("windows", windows as f64)]).filter(|_| windows > 0);
    let losses = loss.map(|loss| ("loss", loss)).into_iter().chain(chance.map(|chance| ("loss_chance", chance)));
    judged.chain(losses).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Counters that hold the bits of metrics, under names that begin with `prefix`.
pub(in crate::learn) fn counters(prefix: &str, metrics: &Metrics) -> Vec<(String, u64)> {
    metrics.iter().map(|(name, value)| (format!("{prefix}{name}"), value.to_bits())).collect()
}

/// Metrics from such counters.
pub(in crate::learn) fn of_counters(prefix: &str, counters: &[(String, u64)]) -> Metrics {
    let one = |(name, bits): &(String, u64)| Some((name.strip_prefix(prefix)?.to_owned(), f64::from_bits(*bits)));
    counters.iter().filter_map(one).filter(|(_, value)| value.is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_come_back_from_counters_and_name_what_was_measured_alone() {
        let figures = Figures { participation: 1.0 / 3.0, line: None, ..Figures::default() };
        let judged = metrics(&figures, 64, Some(0.1), None);
        assert_eq!((judged["windows"], judged["participation"], judged["loss"]), (64.0, 1.0 / 3.0, 0.1));
        assert!(!judged.contains_key("line") && !judged.contains_key("loss_chance"));
        let mut saved = counters("served_metric.", &judged);
        saved.extend([("steps".to_owned(), 7), ("served_metric.broken".to_owned(), f64::NAN.to_bits())]);
        assert_eq!(of_counters("served_metric.", &saved), judged);
        assert!(metrics(&figures, 0, None, None).is_empty());
    }
}
