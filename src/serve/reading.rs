//! Reading heads: what they tell of each embedding, on the encoder's thread.
//!
//! Owned by the encode stage. Invariant: an embedding is read by heads of its own generation or by none; reading neither
//! waits nor allocates.

use crate::learn::Heads;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

/// What was told last, for others to read.
#[derive(Debug)]
pub struct ReadingCounts {
    class: AtomicI64,
    confidence: AtomicU32,
    /// Score and probability; NaN without.
    novelty: [AtomicU64; 2],
}

impl ReadingCounts {
    /// How unlike everything before the last window is, and how probable that is; none before there is enough of that.
    #[must_use]
    pub fn novelty(&self) -> Option<(f64, f64)> {
        let [score, probability] = self.novelty.each_ref().map(|bits| f64::from_bits(bits.load(Ordering::Relaxed)));
        (!score.is_nan()).then_some((score, probability))
    }

    /// The class of the last window and its probability; none before there is a classifier.
    #[must_use]
    pub fn class(&self) -> Option<(usize, f32)> {
        let class = usize::try_from(self.class.load(Ordering::Relaxed)).ok()?;
        Some((class, f32::from_bits(self.confidence.load(Ordering::Relaxed))))
    }
}

/// Reads the newest heads.
#[derive(Debug)]
pub struct Reading {
    heads: Arc<ArcSwapOption<Heads>>,
    /// Those that were read last: heads are exchanged before their generation is.
    last: Option<Arc<Heads>>,
    class: Option<usize>,
    probabilities: Vec<f32>,
    /// For an embedding on other axes.
    room: Vec<f32>,
    novelty: Option<(f32, f64)>,
    counts: Arc<ReadingCounts>,
}

impl Reading {
    /// Of heads that come here, with room for so many classes and embeddings of so many numbers.
    #[must_use]
    pub fn new(heads: Arc<ArcSwapOption<Heads>>, [classes, dimension]: [usize; 2]) -> Self {
        let none = || AtomicU64::new(f64::NAN.to_bits());
        let novelty = [none(), none()];
        let counts = ReadingCounts { class: AtomicI64::new(-1), confidence: AtomicU32::new(0), novelty };
        let (probabilities, counts) = (vec![0.0; classes], Arc::new(counts));
        Self { heads, last: None, class: None, probabilities, room: vec![0.0; dimension], novelty: None, counts }
    }

    /// What was told last, to keep.
    #[must_use]
    pub fn counts(&self) -> Arc<ReadingCounts> {
        Arc::clone(&self.counts)
    }

    /// Reads an embedding of a generation.
    pub fn read(&mut self, embedding: &[f32], generation: u64) {
        let newest = self.heads.load();
        if let Some(heads) = newest.as_ref().filter(|heads| heads.generation == generation)
            && self.last.as_ref().is_none_or(|last| !Arc::ptr_eq(last, heads))
        {
            self.last = Some(Arc::clone(heads));
        }
        let heads = self.last.as_ref().filter(|heads| heads.generation == generation);
        self.class = match heads.and_then(|heads| heads.classifier.as_ref()) {
            Some(classifier) => classifier.probabilities(embedding, &mut self.probabilities),
            None => {
                self.probabilities.fill(0.0);
                None
            }
        };
        self.novelty = heads.and_then(|heads| heads.novelty.as_ref()).map(|novelty| {
            let score = novelty.score(embedding, &mut self.room);
            (score, novelty.probability(score))
        });
        let (score, probability) = self.novelty.unwrap_or((f32::NAN, f64::NAN));
        self.counts.novelty[1].store(probability.to_bits(), Ordering::Relaxed);
        self.counts.novelty[0].store(f64::from(score).to_bits(), Ordering::Relaxed);
        self.counts.confidence.store(self.confidence().to_bits(), Ordering::Relaxed);
        let class = self.class.and_then(|class| i64::try_from(class).ok()).unwrap_or(-1);
        self.counts.class.store(class, Ordering::Relaxed);
    }

    /// How unlike everything before the last embedding is, and how probable that is for one like those.
    #[must_use]
    pub fn novelty(&self) -> Option<(f32, f64)> {
        self.novelty
    }

    /// The class of the last embedding.
    #[must_use]
    pub fn class(&self) -> Option<usize> {
        self.class
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.last.as_ref()?.classes.get(self.class?).map(String::as_str)
    }

    /// Its probability; 0 without a class.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        self.class.and_then(|class| self.probabilities.get(class).copied()).unwrap_or(0.0)
    }

    /// The probabilities of all classes.
    #[must_use]
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Classifier;

    fn heads(generation: u64) -> Arc<Heads> {
        let classifier = Classifier::teach(&[(0, &[1.0, 0.0]), (1, &[-1.0, 0.0])], 2, 9);
        Arc::new(Heads { generation, classes: vec!["a".into(), "b".into()], classifier, novelty: None })
    }

    #[test]
    fn heads_of_another_generation_tell_nothing() {
        let shared = Arc::new(ArcSwapOption::empty());
        let mut reading = Reading::new(Arc::clone(&shared), [3, 2]);
        let counts = reading.counts();
        reading.read(&[-0.5, 0.1], 4);
        assert_eq!((reading.name(), counts.class()), (None, None));
        shared.store(Some(heads(4)));
        reading.read(&[-0.5, 0.1], 4);
        assert_eq!((reading.name(), reading.class(), reading.probabilities()[2]), (Some("b"), Some(1), 0.0));
        assert_eq!(counts.class(), Some((1, reading.confidence())));
        // Heads come a moment before the generation that they belong to.
        shared.store(Some(heads(5)));
        reading.read(&[0.5, 0.1], 4);
        assert_eq!(reading.name(), Some("a"));
        reading.read(&[0.5, 0.1], 5);
        assert_eq!(reading.name(), Some("a"));
        reading.read(&[0.5, 0.1], 6);
        assert_eq!((reading.name(), reading.confidence()), (None, 0.0));
    }
}
