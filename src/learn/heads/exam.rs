//! Exams: how well a classifier tells what it has not been taught yet.
//!
//! Owned by whoever teaches. Invariant: a window is asked of a classifier that was taught nothing of the stretch in which
//! the window lies (prequential, Dawid 1984): windows that overlap would tell it the answer.

use super::{Classifier, Lessons};
use serde::{Deserialize, Serialize};

/// How well it went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Windows that were asked.
    pub windows: u64,
    /// Labelled stretches that they lie in: the windows of one are not independent.
    pub spans: u64,
    /// Share that was told right.
    pub accuracy: f64,
    /// The share that the most frequent class would have had.
    pub chance: f64,
    /// The mean over the classes of the share that was told right.
    pub balanced_accuracy: f64,
    /// What guessing gives there: one over the classes that were asked.
    pub balanced_chance: f64,
}

/// Answers so far, and the classifier that is asked about the stretch of the moment.
#[derive(Clone, Debug, Default)]
pub struct Exam {
    /// `[class, answer]`.
    answers: Vec<Vec<u64>>,
    spans: u64,
    asked: Option<Asked>,
    room: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Asked {
    span: u64,
    generation: u64,
    classifier: Option<Classifier>,
    right: u64,
    windows: u64,
}

impl Exam {
    /// Asks about a window of a stretch, before it is taught. Classes that the classifier does not know are not asked about.
    pub fn ask(&mut self, lessons: &Lessons, linear_from: usize, window: (usize, u64, u64), embedding: &[f32]) {
        let (class, span, generation) = window;
        let is_new = self.asked.as_ref().is_none_or(|asked| asked.span != span);
        if is_new || self.asked.as_ref().is_some_and(|asked| asked.generation != generation) {
            let (right, windows) = self.asked.take().filter(|_| !is_new).map_or((0, 0), |a| (a.right, a.windows));
            let classifier = lessons.classifier(generation, Some(span), linear_from);
            self.asked = Some(Asked { span, generation, classifier, right, windows });
        }
        let Some(asked) = &mut self.asked else { return };
        let Some(classifier) = asked.classifier.as_ref().filter(|c| c.classes().contains(&class)) else { return };
        self.room.resize(classifier.classes().iter().max().map_or(0, |most| most + 1), 0.0);
        let Some(answer) = classifier.probabilities(embedding, &mut self.room) else { return };
        let classes = self.room.len().max(self.answers.len());
        self.answers.resize(classes, Vec::new());
        self.answers.iter_mut().for_each(|answers| answers.resize(classes, 0));
        self.answers[class][answer] += 1;
        self.spans += u64::from(asked.windows == 0);
        asked.windows += 1;
        asked.right += u64::from(answer == class);
    }

    /// Of the stretch of the moment: how many windows were told right, and how many were asked.
    #[must_use]
    pub fn of_span(&self, span: u64) -> Option<[u64; 2]> {
        let asked = self.asked.as_ref().filter(|asked| asked.span == span && asked.windows > 0)?;
        Some([asked.right, asked.windows])
    }

    /// How it went so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let of_class: Vec<u64> = self.answers.iter().map(|answers| answers.iter().sum()).collect();
        let windows: u64 = of_class.iter().sum();
        let right = |class: usize| self.answers[class][class];
        let asked: Vec<usize> = (0..of_class.len()).filter(|&class| of_class[class] > 0).collect();
        let all = windows.max(1) as f64;
        let classes = asked.len().max(1) as f64;
        Figures {
            windows,
            spans: self.spans,
            accuracy: asked.iter().map(|&class| right(class)).sum::<u64>() as f64 / all,
            chance: of_class.iter().copied().max().unwrap_or(0) as f64 / all,
            balanced_accuracy: asked.iter().map(|&c| right(c) as f64 / of_class[c] as f64).sum::<f64>() / classes,
            balanced_chance: 1.0 / classes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::heads::Lesson;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Teaches stretches of six windows that are alike among themselves; how it went.
    fn course(says_the_class: f32) -> Figures {
        let (mut exam, mut lessons) = (Exam::default(), Lessons::new(500, 1));
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for span in 0..200 {
            let class = usize::from(rng.random_bool(0.75));
            let of_span: Vec<f32> = (0..8).map(|_| rng.random_range(-1.0..1.0)).collect();
            for i in 0..6 {
                let mut embedding: Vec<f32> = of_span.iter().map(|v| v + rng.random_range(-0.01..0.01)).collect();
                embedding[0] += says_the_class * class as f32;
                exam.ask(&lessons, 1000, (class, span, 0), &embedding);
                lessons.take(Lesson { class, span, first: span * 6 + i, generation: 0, embedding, samples: None });
            }
        }
        exam.figures()
    }

    #[test]
    fn what_windows_of_one_stretch_share_helps_nobody() {
        let blind = course(0.0);
        assert!((blind.balanced_accuracy - 0.5).abs() < 0.1, "{blind:?}");
        assert!((blind.chance - 0.75).abs() < 0.1 && blind.balanced_chance == 0.5, "{blind:?}");
        assert!(blind.spans > 150 && blind.windows == 6 * blind.spans, "{blind:?}");
        let seeing = course(2.5);
        assert!(seeing.balanced_accuracy > 0.85 && seeing.accuracy > seeing.chance, "{seeing:?}");
    }
}
