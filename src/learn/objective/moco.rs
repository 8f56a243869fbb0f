//! MoCo: a query tells its own key from the keys of a queue.
//!
//! Owned by the trainer. Invariant: keys enter the queue after the loss that they could have been negatives of, and a
//! query never meets a key of its own window or of its neighbours in time.

use super::batch::rows_of;
use super::followed::Followed;
use super::mixup::blends;
use super::online::counter;
use super::single::Judgement;
use super::trunk::{PROJECTION, Trunk};
use super::{Batch, Judged, Learnt, Method, Objective, ObjectiveSettings, Origin, StepReport, loss};
use crate::learn::nn::{Compute, Init};
use crate::learn::parameters::Named;
use crate::learn::{CheckpointError, Encoder, parameters};
use burn::tensor::{Tensor, TensorData};

/// Keys first in, first out, with where each comes from.
#[derive(Clone, Debug)]
pub struct KeyQueue {
    dimension: usize,
    keys: Vec<f32>,
    origins: Vec<Option<Origin>>,
    next: usize,
}

impl KeyQueue {
    /// An empty queue for `capacity` keys.
    #[must_use]
    pub fn new(capacity: usize, dimension: usize) -> Self {
        Self { dimension, keys: vec![0.0; capacity * dimension], origins: vec![None; capacity], next: 0 }
    }

    /// A queue that holds `keys [N, D]` from its front on and writes at `next` from now on.
    ///
    /// # Panics
    /// If there are more keys than `capacity`.
    #[must_use]
    pub fn holding(capacity: usize, dimension: usize, keys: &[f32], origins: &[Origin], next: usize) -> Self {
        assert!(origins.len() <= capacity && next < capacity, "the keys fit into the queue");
        let mut queue = Self::new(capacity, dimension);
        queue.push(keys, origins);
        queue.next = next;
        queue
    }

    /// Puts in keys `[B, D]`, the oldest going out; of more keys than fit the last ones stay.
    pub fn push(&mut self, keys: &[f32], origins: &[Origin]) {
        for (key, origin) in keys.chunks_exact(self.dimension).zip(origins) {
            self.keys[self.next * self.dimension..(self.next + 1) * self.dimension].copy_from_slice(key);
            self.origins[self.next] = Some(*origin);
            self.next = (self.next + 1) % self.origins.len();
        }
    }

    /// For each query and key whether the key must not be a negative: unfilled, or near in time.
    #[must_use]
    pub fn masked(&self, queries: &[Origin], near_frames: u64) -> Vec<bool> {
        let one = |query: &Origin| {
            let query = *query;
            self.origins.iter().map(move |key| key.is_none_or(|key| query.near(key, near_frames)))
        };
        queries.iter().flat_map(one).collect()
    }

    /// Keys in it.
    #[must_use]
    pub fn filled(&self) -> usize {
        self.origins.iter().flatten().count()
    }

    /// All places `[K, D]`, zero where unfilled.
    #[must_use]
    pub fn keys(&self) -> &[f32] {
        &self.keys
    }

    /// The place that the next key goes to.
    #[must_use]
    pub fn next(&self) -> usize {
        self.next
    }
}

/// MoCo in training (He et al., 2020; projection head of Chen et al., 2020).
pub(super) struct Moco {
    /// The encoder of queries, and of keys, which is its average.
    followed: Followed<Trunk>,
    queue: KeyQueue,
    temperature: f32,
    near_frames: u64,
    /// Blends of windows as queries (MixCo; Kim et al., 2020): the seed and alpha of their shares.
    mixing: Option<(u64, f64)>,
    compute: Compute,
}

impl Moco {
    pub fn new(settings: &ObjectiveSettings) -> Self {
        let mut init = Init::training(settings.seed, settings.compute);
        let network = Trunk::new(&mut init, &settings.encoder);
        Self {
            followed: Followed::new(network, "key", settings),
            queue: KeyQueue::new(settings.queue, PROJECTION),
            temperature: settings.temperature(),
            near_frames: settings.near_frames,
            mixing: (settings.method == Method::Mixup).then_some((settings.seed, settings.mixup.alpha)),
            compute: settings.compute,
        }
    }

    /// The loss on a batch, and the keys that it makes.
    fn judgement(&self, batch: &Batch) -> (Judgement, Tensor<2>) {
        let keys = loss::unit(self.followed.average().forward(batch.view(1, &self.compute.serving())).1);
        let device = self.compute.training();
        // Without mixing each window is a blend of itself.
        let mixing = self.mixing.map(|(seed, alpha)| blends(batch, seed, alpha));
        let windows = batch.view(0, &device);
        let windows = match &mixing {
            Some((with, shares)) => loss::mixed(windows, with, shares),
            None => windows,
        };
        let (embeddings, queries) = self.followed.network().forward(windows);
        let queue = TensorData::new(self.queue.keys().to_vec(), [self.queue.origins.len(), PROJECTION]);
        let queue = Tensor::from_data(queue, &device);
        let mut masked = self.queue.masked(&batch.origins[0], self.near_frames);
        if let Some((with, _)) = &mixing {
            // Neither of its sources is a negative of a blend.
            let of_others: Vec<Origin> = with.iter().map(|&row| batch.origins[0][row]).collect();
            let near_others = self.queue.masked(&of_others, self.near_frames);
            masked.iter_mut().zip(near_others).for_each(|(masked, near)| *masked |= near);
        }
        let negatives = masked.iter().filter(|&&masked| !masked).count() as f32 / batch.rows().max(1) as f32;
        let against = |keys: Tensor<2>, masked| {
            loss::moco_rows(queries.clone(), keys.autodiff(), queue.clone(), Some(masked), self.temperature)
        };
        let loss = match &mixing {
            None => against(keys.clone(), masked).mean(),
            Some((with, shares)) => {
                let (own, others) =
                    (against(keys.clone(), masked.clone()), against(rows_of(keys.clone(), with), masked));
                let shares = Tensor::<1>::from_data(TensorData::new(shares.clone(), [batch.rows()]), &device);
                (own * shares.clone() + others * (shares.neg() + 1.0)).mean()
            }
        };
        (Judgement { loss, chance: Some((1.0 + negatives).ln()), embeddings }, keys)
    }
}

impl Objective for Moco {
    fn step(&mut self, batch: &Batch) -> StepReport {
        let (judged, keys) = self.judgement(batch);
        let report = self.followed.learn(judged);
        if !report.skipped {
            self.queue.push(&parameters::values_of(keys), &batch.origins[0]);
        }
        report
    }

    fn judge(&self, batch: &Batch) -> Judged {
        self.judgement(batch).0.into()
    }

    fn scale_rate(&mut self, share: f64) {
        self.followed.scale_rate(share);
    }

    fn encoder(&self) -> Encoder {
        self.followed.encoder()
    }

    fn steps(&self) -> u64 {
        self.followed.steps()
    }

    fn skipped(&self) -> u64 {
        self.followed.skipped()
    }

    fn learnt(&self) -> Learnt {
        let mut learnt = self.followed.learnt();
        // Only what is filled: the keys lie at the front until the queue is full, and then all of them are.
        let filled = self.queue.filled();
        let values = self.queue.keys[..filled * PROJECTION].to_vec();
        learnt.tensors.push(Named { name: "queue".to_owned(), shape: vec![filled, PROJECTION], values });
        learnt.counters.push(("queue_next".to_owned(), self.queue.next() as u64));
        for (i, origin) in self.queue.origins.iter().flatten().enumerate() {
            learnt.counters.push((format!("queue_source.{i}"), u64::from(origin.source)));
            learnt.counters.push((format!("queue_first.{i}"), origin.first));
        }
        learnt
    }

    fn restore(&mut self, learnt: &Learnt) -> Result<(), CheckpointError> {
        let followed = self.followed.restored(learnt)?;
        let saved = learnt.tensors.iter().find(|named| named.name == "queue");
        let saved = saved.ok_or_else(|| CheckpointError::Missing("the queue".to_owned()))?;
        let counters: std::collections::HashMap<&str, u64> =
            learnt.counters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let origin = |i: usize| {
            let source = counters.get(format!("queue_source.{i}").as_str())?;
            let first = *counters.get(format!("queue_first.{i}").as_str())?;
            Some(Origin { source: u32::try_from(*source).ok()?, first })
        };
        let rows = saved.values.len() / PROJECTION;
        let origins: Option<Vec<Origin>> = (0..rows).map(origin).collect();
        let origins = origins.ok_or_else(|| CheckpointError::Missing("where the queue's keys come from".to_owned()))?;
        let (capacity, next) = (self.queue.origins.len(), counter(learnt, "queue_next")? as usize);
        if rows > capacity || next >= capacity {
            return Err(CheckpointError::Missing(format!(
                "a queue of {capacity} keys: it was made with another length"
            )));
        }
        let queue = KeyQueue::holding(capacity, PROJECTION, &saved.values, &origins, next);
        (self.followed, self.queue) = (followed, queue);
        Ok(())
    }
}
