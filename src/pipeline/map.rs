//! The map of embeddings: where the windows of the last minutes lie to each other.
//!
//! Owned by the telemetry thread. Invariant: it takes copies that the encoder hands over without waiting; what it draws from
//! them holds nothing up, and the plane that it draws in turns as little as it can.

use super::view::{EmbeddingMap, MapPoint};
use crate::dsp::Plane;
use crate::serve::copies::{CopyReader, CopyWriter, copies};
use crate::signal::{Marker, Stamp};
use std::collections::VecDeque;
use std::sync::Arc;

/// Windows that are shown, and the seconds that they lie in: of more, only every so many-th is.
const POINTS: usize = 1024;
const SIGHT_S: f64 = 240.0;
/// Copies that may wait.
const SLOTS: usize = 64;
/// Seconds from one fit of the plane to the next.
const FIT_EVERY_S: f64 = 0.25;
/// Different texts of markers that are told apart; those after the first so many are left out.
const TEXTS: usize = 26;
/// Markers that are remembered.
const MARKERS: usize = 512;

/// Where frames of the model's rate lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapScale {
    pub dimension: usize,
    /// Seconds from one window to the next; 0 for windows round markers.
    pub hop_s: f64,
    /// Seconds of a window.
    pub window_s: f64,
    /// Rate of the model's frames, and of the stream's.
    pub model_hz: f64,
    pub stream_hz: f64,
}

/// Collects embeddings and draws them.
pub(super) struct MapStage {
    scale: MapScale,
    copies: CopyReader,
    every: u64,
    seen: u64,
    /// The points, oldest first, and `[N, D]` their embeddings.
    points: VecDeque<MapPoint>,
    embeddings: Vec<f32>,
    plane: Plane,
    /// Onset in seconds of signal, place of the text.
    markers: VecDeque<(f64, usize)>,
    texts: Vec<String>,
    map: Option<Arc<EmbeddingMap>>,
    drawn: Option<Stamp>,
    is_new: bool,
}

impl MapStage {
    /// The stage, and the encoder's end of it.
    pub fn wire(scale: MapScale, bell: &Arc<crate::ring::Doorbell>) -> (Self, CopyWriter) {
        let (writer, reader) = copies(SLOTS, 0, scale.dimension, Arc::clone(bell));
        let windows = if scale.hop_s > 0.0 { SIGHT_S / scale.hop_s } else { 1.0 };
        let stage = Self {
            scale,
            copies: reader,
            every: (windows / POINTS as f64).ceil().max(1.0) as u64,
            seen: 0,
            points: VecDeque::new(),
            embeddings: Vec::new(),
            plane: Plane::new(scale.dimension),
            markers: VecDeque::new(),
            texts: Vec::new(),
            map: None,
            drawn: None,
            is_new: false,
        };
        (stage, writer)
    }

    /// Takes in all copies that are there.
    pub fn step(&mut self) {
        while let Some(copy) = self.copies.pop() {
            self.seen += 1;
            if self.seen.is_multiple_of(self.every) && copy.embedding.len() == self.scale.dimension {
                let told = copy.told;
                let end_s = told.first as f64 / self.scale.model_hz + self.scale.window_s;
                let point = MapPoint { end_s, generation: told.generation, class: told.class, ..MapPoint::default() };
                self.points.push_back(point);
                self.embeddings.extend_from_slice(&copy.embedding);
                self.is_new = true;
            }
            self.copies.give_back(copy);
        }
        let gone = self.points.len().saturating_sub(POINTS);
        self.points.drain(..gone);
        self.embeddings.drain(..gone * self.scale.dimension);
    }

    /// Remembers a marker: windows that end after it are told to be of it, until the next.
    pub fn mark(&mut self, marker: &Marker) {
        let known = self.texts.iter().position(|text| *text == marker.text);
        let place = known.or_else(|| {
            (self.texts.len() < TEXTS).then(|| {
                self.texts.push(marker.text.clone());
                self.texts.len() - 1
            })
        });
        let Some(place) = place else { return };
        let onset_s = marker.frame as f64 / self.scale.stream_hz;
        // Markers of other streams come late; order is that of their onsets.
        let after = self.markers.iter().rposition(|(before, _)| *before <= onset_s).map_or(0, |place| place + 1);
        self.markers.insert(after, (onset_s, place));
        while self.markers.len() > MARKERS {
            self.markers.pop_front();
        }
    }

    /// The map of this moment; drawn anew when there is something new, a few times a second at most.
    pub fn map(&mut self, now: Stamp) -> Option<Arc<EmbeddingMap>> {
        if self.is_new && self.drawn.is_none_or(|drawn| now - drawn >= FIT_EVERY_S) {
            (self.drawn, self.is_new) = (Some(now), false);
            self.plane.fit(&self.embeddings);
            let rows = self.embeddings.chunks_exact(self.scale.dimension.max(1));
            let placed = self.points.iter().zip(rows).filter_map(|(point, row)| {
                let [x, y] = self.plane.place(row)?;
                Some(MapPoint { x, y, marker: self.marker_at(point.end_s), ..point.clone() })
            });
            let points: Vec<MapPoint> = placed.collect();
            let map = EmbeddingMap { points, markers: self.texts.clone(), shares: self.plane.shares() };
            self.map = (!map.points.is_empty()).then(|| Arc::new(map));
        }
        self.map.clone()
    }

    fn marker_at(&self, end_s: f64) -> Option<usize> {
        let after = self.markers.partition_point(|(onset_s, _)| *onset_s < end_s);
        Some(self.markers.get(after.checked_sub(1)?)?.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::copies::Told;

    const SCALE: MapScale = MapScale { dimension: 3, hop_s: 0.5, window_s: 1.0, model_hz: 100.0, stream_hz: 200.0 };

    fn push(writer: &mut CopyWriter, window: u64, class: Option<usize>) {
        let angle = window as f32;
        writer.keep(&[]);
        let embedding = [angle.sin(), 2.0 * angle.cos(), 0.01 * angle.sin()];
        let told = Told { first: window * 50, generation: window / 10, class, ..Told::default() };
        writer.push(told, &embedding);
    }

    #[test]
    fn windows_lie_in_the_map_with_the_marker_before_their_end() {
        let (mut stage, mut writer) = MapStage::wire(SCALE, &Arc::default());
        assert!(stage.map(Stamp(0.0)).is_none());
        let mark = |frame, text: &str| Marker { frame, duration_s: None, text: text.to_owned() };
        // Late ones come out of order: at 12 s and 5 s.
        stage.mark(&mark(2_400, "closed"));
        stage.mark(&mark(1_000, "open"));
        for window in 0..30 {
            push(&mut writer, window, (window == 3).then_some(1));
            stage.step();
        }
        let map = stage.map(Stamp(1.0)).unwrap();
        assert_eq!((map.points.len(), &map.markers[..]), (30, &["closed".to_owned(), "open".to_owned()][..]));
        let markers: Vec<Option<usize>> = [0, 8, 9, 22, 23, 29].map(|window: usize| map.points[window].marker).to_vec();
        assert_eq!(markers, [None, None, Some(1), Some(1), Some(0), Some(0)]);
        assert_eq!((map.points[2].class, map.points[3].class), (None, Some(1)));
        assert_eq!((map.points[29].generation, map.points[29].end_s), (2, 15.5));
        assert!(map.shares[0] + map.shares[1] > 0.99, "{:?}", map.shares);
        push(&mut writer, 30, None);
        stage.step();
        assert!(Arc::ptr_eq(&map, &stage.map(Stamp(1.1)).unwrap()), "not so soon again");
        assert_eq!(stage.map(Stamp(1.3)).unwrap().points.len(), 31);
    }

    #[test]
    fn no_more_is_kept_than_is_shown() {
        let dense = MapScale { hop_s: 0.01, ..SCALE };
        let (mut stage, mut writer) = MapStage::wire(dense, &Arc::default());
        let mark = |frame| Marker { frame, duration_s: None, text: format!("{frame}") };
        (0..2_000).for_each(|frame| stage.mark(&mark(frame)));
        for window in 0..30_000 {
            push(&mut writer, window, None);
            stage.step();
        }
        assert_eq!((stage.points.len(), stage.embeddings.len()), (POINTS, 3 * POINTS));
        assert!(stage.markers.len() <= MARKERS && stage.texts.len() == TEXTS);
        let spanned = stage.points.back().unwrap().end_s - stage.points.front().unwrap().end_s;
        assert!((POINTS as f64 * 0.5 * 23.0..=POINTS as f64 * 0.5 * 24.0).contains(&spanned), "every 24th: {spanned}");
    }
}
