//! The trainer behind its gate: windows are held to judge by, candidates examined, served, refused, rolled back.
//!
//! On the trainer's thread. Invariant: judging changes neither weights nor what is drawn next, and decisions depend on
//! windows and steps alone, but for the time that a window takes, where that counts.

use super::Trainer;
use crate::learn::gate::{
    Accepted, Alarm, Canary, Decision, Examination, Gate, GateSettings, Metrics, Probed, Seen, alarms, figures,
    mean_square, metrics,
};
use crate::learn::health::linear_cka;
use crate::learn::objective::{Batch, Judged, Learnt, Origin};
use crate::learn::{Axes, Encoder, Forecast, Generation, Health, Method, parameters};
use crate::signal::{Clock, Stamp};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Fewer held windows than this say nothing.
const LEAST_WINDOWS: usize = 8;
/// Draws of views for judging are numbered from here on, so that each window has the same ones at each look.
pub(super) const FIXED_DRAWS: u64 = 1 << 62;
/// Windows of the memory that help to find the axes, beside the probe set.
const AXES_WINDOWS: usize = 256;
/// A window is loud with so many times the power of the middle one of its batch.
const LOUD_POWER: f64 = 16.0;

impl Trainer {
    /// The same with a gate of these settings between it and what is served.
    #[must_use]
    pub fn guarded(mut self, settings: GateSettings) -> Self {
        let (generation, raw) = (self.first_generation(Stamp::default()), self.objective.encoder());
        let served = Accepted { generation, raw, learnt: self.objective.learnt() };
        let judge = (self.builder)(&self.settings.objective);
        self.gate = Some(Box::new(Gate::new(settings, served, judge, self.settings.frames)));
        self
    }

    /// Takes a window that is good enough to learn from: into the replay memory, or among those that are held back first.
    pub fn offer(&mut self, origin: Origin, samples: &[f32]) {
        let is_ready = self.is_ready();
        let memory = &mut self.memory;
        let mut learn = |origin: Origin, samples: &[f32]| memory.push(origin, samples);
        let Some(gate) = &mut self.gate else { return learn(origin, samples) };
        gate.rejected[1] += 1;
        if gate.probe.take(origin, samples) {
            return;
        }
        // Before the first batch is together there is nothing to judge.
        if is_ready { gate.unseen.pass(origin, samples, &mut learn) } else { learn(origin, samples) }
    }

    /// Takes note of a window that was no good.
    pub fn reject(&mut self) {
        if let Some(gate) = &mut self.gate {
            gate.rejected = gate.rejected.map(|count| count + 1);
        }
    }

    /// Windows that are held back from learning.
    #[must_use]
    pub fn held_windows(&self) -> usize {
        self.gate.as_ref().map_or(0, |gate| gate.probe.len() + gate.unseen.len())
    }

    /// Whether a candidate that passes is served, or what is served stays as it is.
    pub fn hold(&mut self, held: bool) {
        if let Some(gate) = &mut self.gate {
            gate.held = held;
            if held {
                gate.canary = None;
            }
        }
        self.status.held = held;
    }

    /// Takes note of a step, for the gate.
    pub(super) fn watch(&mut self, batch: &Batch, gradient_norm: f64) {
        let Some(gate) = &mut self.gate else { return };
        let window = (batch.frames * batch.channels).max(1);
        let powers: Vec<f64> = batch.views[0].chunks_exact(window).map(mean_square).collect();
        let mut sorted = powers.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let loud = powers.iter().filter(|&&power| power > LOUD_POWER * middle).count();
        gate.loud = [gate.loud[0] + loud as f64 / powers.len().max(1) as f64, gate.loud[1] + 1.0];
        gate.gradient_norm = gradient_norm;
    }

    /// Looks at the weights of this moment and decides about them; none if nothing is decided: without a gate, while a
    /// candidate is on trial, or while a person holds what is served.
    pub fn examine(&mut self, now: Stamp) -> Option<Decision> {
        let mut gate = self.gate.take()?;
        let decision = self.examined(&mut gate, now);
        self.gate = Some(gate);
        self.take_note(decision.as_ref());
        decision
    }

    /// Takes the figures of this moment without a decision, so that they are there from the first step on.
    pub fn observe(&mut self) {
        let Some(mut gate) = self.gate.take() else { return };
        let found = self.look(&mut gate, true);
        self.gate = Some(gate);
        self.note(found);
    }

    /// Keeps what was found; without held windows to judge by, the health of the last batch stands for theirs.
    fn note(&mut self, found: Examination) {
        self.status.health = if found.windows > 0 {
            found.figures.health
        } else {
            Health::of(&self.embeddings, self.settings.objective.encoder.embedding)
        };
        self.status.examination = Some(Arc::new(found));
    }

    fn examined(&mut self, gate: &mut Gate, now: Stamp) -> Option<Decision> {
        let encoder = self.objective.encoder();
        let is_finite = is_finite(&encoder);
        let found = self.look(gate, is_finite);
        self.answer(found.drift, gate.settings.drift);
        let mut reasons: Vec<String> = found.alarms.iter().map(|(_, text)| text.clone()).collect();
        // Artefacts are not the weights' fault: the candidate waits, and nothing is undone for them.
        let mut is_fault = found.alarms.iter().any(|(alarm, _)| *alarm != Alarm::Artefacts);
        if !is_finite || !found.figures.health.is_finite() {
            reasons.push("its weights or embeddings are not finite".to_owned());
            is_fault = true;
        }
        if let Some(ratio) = found.ratio.filter(|ratio| *ratio > gate.settings.loss_ratio || ratio.is_nan()) {
            reasons.push(format!("on new signal it does {ratio:.3} times as badly as what is served"));
            is_fault = true;
        }
        let showed = found.metrics();
        self.note(found);
        if !reasons.is_empty() {
            return Some(self.refuse(gate, reasons, is_fault));
        }
        if gate.held || gate.canary.is_some() {
            return None;
        }
        let step = self.status.steps;
        let candidate = Generation { number: 0, step, encoder, axes: None, health: self.status.health, made_at: now };
        let (learnt, windows) = (self.objective.learnt(), gate.settings.canary);
        if windows > 0 {
            gate.canary = Some(Canary::new(candidate, learnt, showed, windows));
            return Some(Decision::Shadowed { step, windows });
        }
        Some(self.accept(gate, candidate, learnt, showed, now))
    }

    fn refuse(&mut self, gate: &mut Gate, reasons: Vec<String>, is_fault: bool) -> Decision {
        let most = gate.settings.failures;
        gate.failures += u32::from(is_fault);
        self.status.refused += 1;
        if gate.failures < most {
            return Decision::Refused { step: self.status.steps, reasons, failures: [gate.failures, most] };
        }
        gate.went_wrong();
        self.objective.scale_rate(gate.rate);
        self.go_back(&gate.served.learnt);
        let to = Arc::new(gate.served.generation.clone());
        Decision::RolledBack { step: self.status.steps, to, reasons, rate: gate.rate }
    }

    /// The figures of this moment.
    fn look(&mut self, gate: &mut Gate, is_finite: bool) -> Examination {
        let dimension = self.settings.objective.encoder.embedding;
        let share = |[part, all]: [f64; 2]| if all > 0.0 { part / all } else { 0.0 };
        let [bad, all] = std::mem::take(&mut gate.rejected);
        let mut found = Examination {
            step: self.status.steps,
            // A handful of windows says nothing of the signal.
            rejected: if all >= LEAST_WINDOWS as u64 { share([bad as f64, all as f64]) } else { 0.0 },
            loud: share(std::mem::take(&mut gate.loud)),
            gradient_norm: gate.gradient_norm,
            age_s: self.memory_age_s(),
            drift: self.drift(gate),
            ..Examination::default()
        };
        let mut seen = Seen { rejected: found.rejected, loud: found.loud, ..Seen::default() };
        if gate.probe.len() >= LEAST_WINDOWS && is_finite {
            let probed = self.probed(gate);
            let (candidate, new) = figures(&self.objective.encoder(), &probed, dimension);
            let (served, old) = figures(&gate.served.raw, &probed, dimension);
            gate.best.see(&served);
            found.saliency = gate.occlusion.look(&gate.served.raw, &probed, &old, dimension);
            (found.windows, found.figures) = (gate.probe.len(), candidate);
            // Comparable once the probe set stays the same.
            self.status.served_contrast = (gate.probe.len() == gate.settings.probe).then_some(served.contrast);
            found.cka = Some(linear_cka(&new, &old, [dimension, dimension])).filter(|cka| cka.is_finite());
            let judged = self.unseen(gate).map(|batch| (self.objective.judge(&batch), gate.judge.judge(&batch)));
            if let Some((new, old)) = &judged {
                (found.loss, found.served_loss) = (Some(f64::from(new.loss)), Some(f64::from(old.loss)));
                found.loss_chance = new.chance.map(f64::from);
            }
            gate.showed = metrics(&served, gate.probe.len(), found.served_loss, found.loss_chance);
            found.ratio = if self.has_moving_target() {
                Some(candidate.contrast / served.contrast.max(1e-9))
            } else {
                judged.as_ref().and_then(|(new, old)| Some(relative(new)? / relative(old)?.max(1e-9)))
            };
            let eased = judged.as_ref().filter(|_| !self.has_moving_target());
            seen = Seen {
                candidate,
                served,
                best: gate.best,
                is_trained: gate.served.generation.number > 0,
                most_rank: dimension.min(gate.probe.len() - 1),
                ease: eased.and_then(|(new, _)| relative(new)),
                served_ease: eased.and_then(|(_, old)| relative(old)),
                ..seen
            };
            found.alarms = alarms(&seen);
        } else {
            // Without figures there is no alarm but of what came in.
            found.alarms = alarms(&seen).into_iter().filter(|(alarm, _)| *alarm == Alarm::Artefacts).collect();
        }
        found
    }

    /// True if a method's loss is measured against its own moving average, so that it may rise while all goes well.
    fn has_moving_target(&self) -> bool {
        let objective = &self.settings.objective;
        objective.method == Method::Byol
            || (objective.method == Method::Forecast && objective.forecast == Forecast::Latent)
    }

    /// Held windows as they are and in their two views.
    fn probed(&mut self, gate: &Gate) -> Probed {
        let (plain, window) = (&gate.probe.windows, self.settings.frames * self.settings.objective.encoder.channels);
        let count = gate.probe.len();
        let views = [0u64, 1].map(|which| {
            let mut view = plain.clone();
            for (i, samples) in view.chunks_exact_mut(window).enumerate() {
                let partner = (i + 1 + which as usize) % count;
                let partner = (partner != i).then(|| &plain[partner * window..(partner + 1) * window]);
                self.augmenter.view(samples, partner, FIXED_DRAWS + i as u64, which);
            }
            view
        });
        Probed {
            plain: plain.clone(),
            views,
            frames: self.settings.frames,
            channels: self.settings.objective.encoder.channels,
            rate_hz: self.settings.rate_hz,
            line_hz: gate.settings.line_hz,
        }
    }

    /// A batch of windows that nothing was learnt from, with the same views whoever judges it: the newest, and with them the
    /// probe set, for a dozen windows of the present moment are a matter of luck. For methods that ask for several windows a
    /// row, one of the memory. None while there are too few.
    fn unseen(&mut self, gate: &Gate) -> Option<Batch> {
        let asks = self.drawing.asks;
        let mut batch = Batch {
            frames: self.settings.frames,
            channels: self.settings.objective.encoder.channels,
            draw: FIXED_DRAWS,
            ..Batch::default()
        };
        if !asks.is_of_one_window() {
            if gate.settings.unseen == 0 {
                return None;
            }
            let mut rng = ChaCha8Rng::seed_from_u64(self.settings.objective.seed ^ self.status.steps);
            rng.set_stream(u64::MAX - 1);
            self.drawing.draw(&self.memory, &mut rng, &mut self.drawn);
            self.fill(None, &mut batch, FIXED_DRAWS);
            batch.places.clear();
            return Some(batch);
        }
        if gate.unseen.len() < LEAST_WINDOWS {
            return None;
        }
        let all: Vec<(Origin, &[f32])> = gate.unseen.iter().chain(gate.probe.iter()).collect();
        for which in 0..asks.views() {
            batch.origins[which] = all.iter().map(|(origin, _)| *origin).collect();
            for (i, (_, samples)) in all.iter().enumerate() {
                let from = batch.views[which].len();
                batch.views[which].extend_from_slice(samples);
                if asks.is_augmented() {
                    let partner = (i + 1 + which) % all.len();
                    let partner = (partner != i).then(|| all[partner].1);
                    self.augmenter.view(&mut batch.views[which][from..], partner, FIXED_DRAWS + i as u64, which as u64);
                }
            }
        }
        Some(batch)
    }

    /// Mean age of the windows in memory that lie in one stretch with the newest.
    fn memory_age_s(&self) -> f64 {
        let Some(newest) = self.memory.newest() else { return 0.0 };
        let ages = self.memory.origins().iter().filter(|o| o.source == newest.source);
        let (sum, count) =
            ages.fold((0.0, 0.0), |(sum, n), o| (sum + newest.first.saturating_sub(o.first) as f64, n + 1.0));
        sum / f64::max(count, 1.0) / self.settings.rate_hz
    }

    /// Shows a window to the candidate that is on trial, if there is one; a decision with the last of them. Time counts
    /// where there is a clock.
    pub fn shadow(&mut self, samples: &[f32], now: Stamp, clock: Option<&dyn Clock>) -> Option<Decision> {
        let mut gate = self.gate.take()?;
        let decision = self.shadowed(&mut gate, samples, now, clock);
        self.gate = Some(gate);
        self.take_note(decision.as_ref());
        decision
    }

    fn shadowed(
        &mut self,
        gate: &mut Gate,
        samples: &[f32],
        now: Stamp,
        clock: Option<&dyn Clock>,
    ) -> Option<Decision> {
        let canary = gate.canary.as_mut()?;
        let channels = self.settings.objective.encoder.channels;
        let began = clock.map(Clock::now);
        let new = canary.candidate.encoder.embed(samples.to_vec(), channels);
        let between = clock.map(Clock::now);
        let old = gate.served.raw.embed(samples.to_vec(), channels);
        let ended = clock.map(Clock::now);
        let ms = |from: Option<Stamp>, to: Option<Stamp>| from.zip(to).map_or(0.0, |(from, to)| (to - from) * 1e3);
        if !canary.take(&new, &old, [ms(began, between), ms(between, ended)]) {
            return None;
        }
        let canary = gate.canary.take()?;
        let budget_ms = gate.settings.latency_ms.filter(|_| clock.is_some());
        match canary.against(self.settings.objective.encoder.embedding, budget_ms) {
            Some(reason) => Some(self.refuse(gate, vec![reason], true)),
            None => Some(self.accept(gate, canary.candidate, canary.learnt, canary.showed, now)),
        }
    }

    /// Serves the weights of this moment because a person wants it; only what is not finite is refused.
    pub fn swap_now(&mut self, now: Stamp) -> Option<Decision> {
        let mut gate = self.gate.take()?;
        let encoder = self.objective.encoder();
        let is_finite = is_finite(&encoder);
        let step = self.status.steps;
        let decision = if is_finite {
            let health = Health::of(&self.embeddings, self.settings.objective.encoder.embedding);
            let candidate = Generation { number: 0, step, encoder, axes: None, health, made_at: now };
            let learnt = self.objective.learnt();
            match self.accept(&mut gate, candidate, learnt, Metrics::default(), now) {
                Decision::Served { generation, .. } => Decision::Served { generation, by_hand: true },
                other => other,
            }
        } else {
            self.status.refused += 1;
            let reasons = vec!["its weights are not finite".to_owned()];
            Decision::Refused { step, reasons, failures: [0, gate.settings.failures] }
        };
        self.gate = Some(gate);
        self.take_note(Some(&decision));
        Some(decision)
    }

    /// Serves and trains on what was served before, because a person wants it; none if nothing was.
    pub fn roll_back(&mut self, now: Stamp) -> Option<Decision> {
        let mut gate = self.gate.take()?;
        let decision = gate.earlier.pop_back().map(|before| {
            gate.served = before;
            gate.judge_by_served();
            gate.showed.clear();
            (gate.failures, gate.good, gate.canary) = (0, 0, None);
            gate.served.generation.made_at = now;
            self.go_back(&gate.served.learnt);
            let (to, reasons) = (Arc::new(gate.served.generation.clone()), vec!["by hand".to_owned()]);
            Decision::RolledBack { step: self.status.steps, to, reasons, rate: gate.rate }
        });
        self.gate = Some(gate);
        self.take_note(decision.as_ref());
        decision
    }

    /// Takes up what was learnt at an accepted state. Steps and draws go on counting.
    fn go_back(&mut self, learnt: &Learnt) {
        let before = [self.objective.steps(), self.objective.skipped()];
        if let Err(error) = self.objective.restore(learnt) {
            unreachable!("what the same objective has learnt: {error}");
        }
        self.undone[0] += before[0].saturating_sub(self.objective.steps());
        self.undone[1] += before[1].saturating_sub(self.objective.skipped());
        self.status.rollbacks += 1;
    }

    fn accept(
        &mut self,
        gate: &mut Gate,
        mut candidate: Generation,
        learnt: Learnt,
        showed: Metrics,
        now: Stamp,
    ) -> Decision {
        self.status.generations += 1;
        candidate.number = self.status.generations;
        candidate.made_at = now;
        let raw = candidate.encoder.clone();
        if gate.settings.align
            && let Some(axes) = self.axes(gate, &raw)
        {
            candidate.encoder = axes.folded(&raw);
            candidate.axes = Some(Arc::new(axes));
        }
        gate.serve(Accepted { generation: candidate.clone(), raw, learnt });
        gate.showed = showed;
        gate.went_well();
        self.objective.scale_rate(gate.rate);
        Decision::Served { generation: Arc::new(candidate), by_hand: false }
    }

    /// What turns the candidate's embeddings onto the axes of what is served: by the probe set, and an even sample of the
    /// memory, so that there are more windows than dimensions.
    fn axes(&self, gate: &Gate, candidate: &Encoder) -> Option<Axes> {
        let dimension = self.settings.objective.encoder.embedding;
        if dimension > crate::learn::axes::MOST {
            return None;
        }
        let (frames, channels) = (self.settings.frames, self.settings.objective.encoder.channels);
        let mut windows = gate.probe.windows.clone();
        let held = self.memory.len();
        let count = AXES_WINDOWS.min(held);
        (0..count).for_each(|i| self.memory.window(i * held / count, &mut windows));
        let served = gate.served.generation.encoder.embed_all(windows.clone(), frames, channels);
        let new = candidate.embed_all(windows, frames, channels);
        Axes::fit(&new, &served, dimension)
    }

    /// Brings the status up to date.
    fn take_note(&mut self, decision: Option<&Decision>) {
        let Some(gate) = &self.gate else { return };
        self.status.on_trial = gate.canary.as_ref().map(|canary| [canary.seen(), canary.windows]);
        self.status.rate = gate.rate;
        self.status.failures = gate.failures;
        if let Some(Decision::Served { generation, .. } | Decision::RolledBack { to: generation, .. }) = decision {
            self.status.residual = generation.axes.as_ref().map(|axes| axes.residual);
        }
    }
}

fn is_finite(encoder: &Encoder) -> bool {
    parameters::list(encoder).iter().flat_map(|p| &p.values).all(|v| v.is_finite())
}

/// A loss as a share of that of guessing, so that a queue that fills up changes nothing.
fn relative(judged: &Judged) -> Option<f64> {
    let chance = f64::from(judged.chance?);
    (chance > 0.0).then(|| f64::from(judged.loss) / chance)
}
