//! Alarms: signs that an encoder went wrong, without labels.
//!
//! Pure rules. Invariant: a figure beyond its threshold is an alarm only if it is clearly worse than what was served at
//! best: first weights crowd round a mean too, and a run must be able to leave them.

use super::Figures;
use serde::{Deserialize, Serialize};

/// What is wrong with a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Alarm {
    /// Embeddings become alike, or lie on few dimensions.
    Collapsed,
    /// The task is solved by something trivial.
    Shortcut,
    /// What was learnt from lately is artefacts for the most part.
    Artefacts,
}

impl Alarm {
    /// The word in summaries and on screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Collapsed => "collapsed",
            Self::Shortcut => "shortcut",
            Self::Artefacts => "artefacts",
        }
    }
}

/// Spread below which embeddings crowd, and the share of the best that it must have lost.
const STD: f64 = 0.3;
const KEPT_STD: f64 = 0.5;
/// Spread below which they are one point, whatever came before.
const LEAST_STD: f64 = 0.05;
/// Ranks below which few dimensions are used; a quarter of those that can be where that is less.
const RANK: f64 = 8.0;
/// Share of a rank, or of a participation ratio, that may be lost from one generation to the next.
const KEPT_RANK: f64 = 0.7;
const PARTICIPATION: f64 = 2.0;
/// Views this near to each other, and windows this crowded, together are a collapse.
const ALIGNMENT: f64 = 0.01;
const UNIFORMITY: f64 = -0.5;
const KEPT_UNIFORMITY: f64 = 0.25;
/// A loss below this share of that of guessing is a task without a challenge.
const TRIVIAL: f64 = 0.01;
/// Share of the variance that amplitude, or line noise, may explain by itself.
const EXPLAINED: f64 = 0.9;
/// Share of windows that may be artefacts.
const ARTEFACTS: f64 = 0.5;
/// Share of windows that may be far louder than those beside them.
const LOUD: f64 = 0.2;

/// The line beyond which a figure is a sign of an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// It ought to be at least so much.
    Below(f64),
    /// It ought to be at most so much.
    Above(f64),
}

impl Limit {
    /// True if a figure lies beyond it.
    #[must_use]
    pub fn is_crossed_by(self, figure: f64) -> bool {
        match self {
            Self::Below(least) => figure < least,
            Self::Above(most) => figure > most,
        }
    }
}

/// The limit of a figure by its name, as in [`Figures::named`] and in summaries. What else an alarm asks for is its rule's own.
#[must_use]
pub fn limit(figure: &str) -> Option<Limit> {
    Some(match figure {
        "std" => Limit::Below(STD),
        "rankme" => Limit::Below(RANK),
        "participation" => Limit::Below(PARTICIPATION),
        "alignment" => Limit::Below(ALIGNMENT),
        "uniformity" => Limit::Above(UNIFORMITY),
        "amplitude" | "line" => Limit::Above(EXPLAINED),
        "rejected" => Limit::Above(ARTEFACTS),
        "loud" => Limit::Above(LOUD),
        _ => return None,
    })
}

/// The best that any served generation showed on held windows: so that a slow decline is heard as well as a fall.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::learn) struct Best {
    pub std: f64,
    pub rank: f64,
    pub participation: f64,
    pub uniformity: f64,
}

impl Best {
    /// Takes note of what is served.
    pub fn see(&mut self, served: &Figures) {
        self.std = self.std.max(served.health.std);
        self.rank = self.rank.max(served.health.rankme);
        self.participation = self.participation.max(served.participation);
        self.uniformity = self.uniformity.min(served.uniformity);
    }
}

/// What a candidate is judged by.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::learn) struct Seen {
    pub candidate: Figures,
    pub served: Figures,
    pub best: Best,
    /// True if what is served has been trained.
    pub is_trained: bool,
    /// The most ranks that there could be.
    pub most_rank: usize,
    /// Loss on unseen windows over that of guessing, where a small one means that the task is too easy.
    pub ease: Option<f64>,
    pub served_ease: Option<f64>,
    /// Share of the windows since the last look that were no good, and that were far louder than others.
    pub rejected: f64,
    pub loud: f64,
}

/// The alarms, each with its reason.
pub(in crate::learn) fn alarms(seen: &Seen) -> Vec<(Alarm, String)> {
    let Seen { candidate: new, served: old, best, .. } = *seen;
    let mut found = Vec::new();
    let mut sign = |alarm, is_heard: bool, text: String| {
        if is_heard {
            found.push((alarm, text));
        }
    };
    let std = new.health.std;
    let text = format!("the embeddings crowd: std {std:.3} after {:.3} at best", best.std);
    sign(Alarm::Collapsed, (std < STD && std < KEPT_STD * best.std) || std < LEAST_STD, text);
    let (rank, was) = (new.health.rankme, old.health.rankme);
    let least = RANK.min(seen.most_rank as f64 / 4.0);
    let text = format!("the embeddings lose dimensions: rank {rank:.1} after {was:.1}, {:.1} at best", best.rank);
    let falls = seen.is_trained && rank < KEPT_RANK * was;
    sign(Alarm::Collapsed, falls || (rank < least && rank < KEPT_RANK * best.rank), text);
    let ratio = new.participation;
    let text =
        format!("the embeddings lie on a line: participation ratio {ratio:.1} after {:.1} at best", best.participation);
    // Two states of a brain lie on a line as well, with all their ranks beside it: those must be on the wane too.
    let is_thin = ratio < PARTICIPATION && ratio < KEPT_RANK * best.participation;
    sign(Alarm::Collapsed, is_thin && rank < KEPT_RANK * best.rank, text);
    let text = format!("all windows look alike: alignment {:.4}, uniformity {:.2}", new.alignment, new.uniformity);
    let is_crowded = new.alignment < ALIGNMENT && new.uniformity > UNIFORMITY;
    sign(Alarm::Collapsed, is_crowded && new.uniformity > KEPT_UNIFORMITY * best.uniformity, text);

    let is_trivial = |ease: Option<f64>| ease.is_some_and(|ease| ease < TRIVIAL);
    let text = format!("the task is trivial: loss {:.2} % of chance", 100.0 * seen.ease.unwrap_or_default());
    sign(Alarm::Shortcut, is_trivial(seen.ease) && !is_trivial(seen.served_ease), text);
    let text = format!("amplitude alone explains {:.0} % of the embeddings", 100.0 * new.amplitude);
    sign(Alarm::Shortcut, new.amplitude > EXPLAINED && old.amplitude <= EXPLAINED, text);
    let (line, was) = (new.line.unwrap_or_default(), old.line.unwrap_or_default());
    let text = format!("line noise alone explains {:.0} % of the embeddings", 100.0 * line);
    sign(Alarm::Shortcut, line > EXPLAINED && was <= EXPLAINED, text);

    let text = format!("{:.0} % of the windows since the last look were no good", 100.0 * seen.rejected);
    sign(Alarm::Artefacts, seen.rejected > ARTEFACTS, text);
    let text = format!("{:.0} % of the windows learnt from were far louder than others", 100.0 * seen.loud);
    sign(Alarm::Artefacts, seen.loud > LOUD, text);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Health;

    fn figures(std: f64, rankme: f64) -> Figures {
        Figures {
            health: Health { std, rankme, cosine: 1.0 - std * std },
            participation: rankme / 2.0,
            alignment: 0.3,
            uniformity: -2.0,
            ..Figures::default()
        }
    }

    fn seen(candidate: Figures, served: Figures) -> Seen {
        let mut best = Best::default();
        best.see(&served);
        Seen { candidate, served, best, is_trained: true, most_rank: 64, ..Seen::default() }
    }

    fn words(seen: &Seen) -> Vec<Alarm> {
        let mut found: Vec<Alarm> = alarms(seen).into_iter().map(|(alarm, _)| alarm).collect();
        found.dedup();
        found
    }

    #[test]
    fn health_is_quiet_and_each_sign_of_a_collapse_is_heard() {
        assert!(words(&seen(figures(0.9, 30.0), figures(0.9, 32.0))).is_empty());
        let two_states = Figures { participation: 1.5, ..figures(0.9, 30.0) };
        assert!(words(&seen(two_states, figures(0.9, 32.0))).is_empty());
        for candidate in [
            figures(0.2, 30.0),
            figures(0.9, 20.0),
            figures(0.9, 6.0),
            Figures { participation: 1.5, ..figures(0.9, 20.0) },
            Figures { alignment: 0.001, uniformity: -0.1, ..figures(0.9, 30.0) },
        ] {
            assert_eq!(words(&seen(candidate, figures(0.9, 32.0))), [Alarm::Collapsed], "{candidate:?}");
        }
    }

    #[test]
    fn first_weights_may_be_left_though_they_crowd() {
        let first = Figures { alignment: 0.001, uniformity: -0.1, ..figures(0.15, 7.0) };
        let mut on = seen(Figures { health: Health { std: 0.16, ..first.health }, ..first }, first);
        on.is_trained = false;
        assert!(words(&on).is_empty(), "no worse than what is served");
        on.candidate.participation = 1.9;
        on.best.participation = 2.1;
        assert!(words(&on).is_empty(), "a threshold that is crossed by a little");
        on.candidate.health.std = 0.07;
        assert_eq!(words(&on), [Alarm::Collapsed], "half of it is worse");
    }

    #[test]
    fn shortcuts_and_artefacts_are_heard_and_forgiven_where_they_are_served_already() {
        let well = figures(0.9, 32.0);
        let mut on = seen(well, well);
        on.ease = Some(0.004);
        assert_eq!(words(&on), [Alarm::Shortcut]);
        on.served_ease = Some(0.005);
        assert!(words(&on).is_empty());
        for (amplitude, line) in [(0.95, None), (0.1, Some(0.97))] {
            on.candidate = Figures { amplitude, line, ..well };
            on.served = well;
            assert_eq!(words(&on), [Alarm::Shortcut]);
            on.served = on.candidate;
            assert!(words(&on).is_empty());
        }
        assert_eq!(words(&Seen { rejected: 0.6, ..seen(well, well) }), [Alarm::Artefacts]);
        assert_eq!(words(&Seen { loud: 0.3, ..seen(well, well) }), [Alarm::Artefacts]);
    }
}
