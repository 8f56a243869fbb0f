//! Labels: what markers say of the windows beside them.
//!
//! Owned by whoever teaches. Invariant: a window has the class of the state in which more than half of it lies, whatever
//! the order in which markers and windows come.

use crate::signal::Marker;
use std::collections::VecDeque;

/// A stretch of signal in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The state, by its place among the classes.
    pub class: usize,
    /// Counts stretches, so that two of one state can be told apart.
    pub span: u64,
    /// The first frame.
    pub from: u64,
    /// The frame after the last.
    pub to: u64,
    /// True if it ends with the next marker of a class.
    is_open: bool,
}

impl Labelled {
    /// Frames of a window in it.
    fn holds(&self, first: u64, frames: u64) -> u64 {
        self.to.min(first + frames).saturating_sub(self.from.max(first))
    }
}

/// Which states markers name, and the stretches that they have named lately.
#[derive(Clone, Debug)]
pub struct Labels {
    classes: Vec<String>,
    /// Texts that are not known yet become classes as long as there are fewer than this.
    most: usize,
    hold_frames: u64,
    rate_hz: f64,
    spans: VecDeque<Labelled>,
    next: u64,
    unknown: u64,
}

/// Stretches that are kept: more than any number of late markers asks for.
const KEPT: usize = 256;

impl Labels {
    /// Labels of these classes; a text that is none of them becomes one while there are fewer than `most`. A marker without
    /// a duration holds for `hold_s`, or until the next.
    #[must_use]
    pub fn new(classes: Vec<String>, most: usize, hold_s: f64, rate_hz: f64) -> Self {
        let hold_frames = (hold_s * rate_hz).round() as u64;
        Self { classes, most, hold_frames, rate_hz, spans: VecDeque::new(), next: 0, unknown: 0 }
    }

    /// The classes in their order.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Markers that name no class.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// The place of a class, which is made where there is room for it.
    pub fn class_of(&mut self, text: &str) -> Option<usize> {
        let known = self.classes.iter().position(|class| class == text);
        if known.is_none() && self.classes.len() < self.most && !text.trim().is_empty() {
            self.classes.push(text.to_owned());
            return Some(self.classes.len() - 1);
        }
        known
    }

    /// Numbers stretches from here on.
    pub fn count_from(&mut self, span: u64) {
        self.next = self.next.max(span);
    }

    /// Takes a marker in; the stretch that it cuts short, if there is one.
    pub fn hear(&mut self, marker: &Marker) -> Option<u64> {
        let Some(class) = self.class_of(&marker.text) else {
            self.unknown += 1;
            return None;
        };
        let from = marker.frame;
        let lasts = marker.duration_s.filter(|s| *s > 0.0).map(|s| (s * self.rate_hz).round() as u64);
        let mut to = from + lasts.unwrap_or(self.hold_frames);
        // Another one may be known that begins later: markers need not come in order.
        if lasts.is_none() {
            let later = self.spans.iter().map(|span| span.from).filter(|other| *other > from).min();
            to = later.map_or(to, |later| to.min(later));
        }
        let cut = self.spans.iter_mut().rfind(|span| span.is_open && span.from <= from && span.to > from);
        let cut = cut.map(|span| {
            span.to = from;
            span.span
        });
        self.spans.push_back(Labelled { class, span: self.next, from, to, is_open: lasts.is_none() });
        self.next += 1;
        if self.spans.len() > KEPT {
            self.spans.pop_front();
        }
        cut
    }

    /// The stretch in which more than half of a window lies.
    #[must_use]
    pub fn of(&self, first: u64, frames: u64) -> Option<Labelled> {
        let most = self.spans.iter().max_by_key(|span| span.holds(first, frames))?;
        (2 * most.holds(first, frames) > frames).then_some(*most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marker(frame: u64, duration_s: Option<f64>, text: &str) -> Marker {
        Marker { frame, duration_s, text: text.to_owned() }
    }

    fn class(labels: &Labels, first: u64) -> Option<usize> {
        labels.of(first, 20).map(|found| found.class)
    }

    #[test]
    fn a_duration_ends_a_state_and_so_does_the_next_marker_or_the_hold() {
        let mut labels = Labels::new(vec!["rest".into(), "task".into()], 2, 5.0, 10.0);
        assert_eq!(labels.hear(&marker(100, Some(3.0), "task")), None);
        assert_eq!([89, 90, 91, 119, 120].map(|first| class(&labels, first)), [None, None, Some(1), Some(1), None]);
        labels.hear(&marker(200, None, "rest"));
        assert_eq!([191, 239, 240].map(|first| class(&labels, first)), [Some(0), Some(0), None], "it holds for 5 s");
        assert_eq!(labels.hear(&marker(220, None, "task")), Some(1), "the next one cuts it short");
        assert_eq!([209, 210, 211].map(|first| class(&labels, first)), [Some(0), None, Some(1)]);
        // Others change nothing.
        labels.hear(&marker(225, None, "blink"));
        assert_eq!((class(&labels, 240), labels.unknown()), (Some(1), 1));
    }

    #[test]
    fn texts_become_classes_while_there_is_room() {
        let mut labels = Labels::new(Vec::new(), 2, 1.0, 10.0);
        for (frame, text) in [(0, "b"), (10, "a"), (20, "c"), (30, "b"), (40, " ")] {
            labels.hear(&marker(frame, None, text));
        }
        assert_eq!((labels.classes(), labels.unknown()), (&["b".to_owned(), "a".to_owned()][..], 2));
    }

    proptest! {
        /// Markers may come in any order: the same windows get the same classes.
        #[test]
        fn the_order_of_coming_does_not_matter(
            frames in prop::collection::btree_set(0u64..500, 1..12), turn in 0usize..12, first in 0u64..500,
        ) {
            let mut markers: Vec<Marker> =
                frames.iter().enumerate().map(|(i, &frame)| marker(frame, None, ["x", "y"][i % 2])).collect();
            let known = || Labels::new(vec!["x".into(), "y".into()], 2, 7.0, 10.0);
            let (mut in_order, mut turned) = (known(), known());
            for marker in &markers {
                in_order.hear(marker);
            }
            let by = turn % markers.len();
            markers.rotate_left(by);
            for marker in &markers {
                turned.hear(marker);
            }
            prop_assert_eq!(class(&in_order, first), class(&turned, first));
        }
    }
}
