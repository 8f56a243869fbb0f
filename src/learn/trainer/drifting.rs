//! Drift of the signal, as the trainer meets it: measured on its memory, answered by what it draws.
//!
//! On the trainer's thread. Invariant: it is measured where a candidate is examined, on windows that the memory holds then,
//! so that a run that goes on from a checkpoint draws what it would have drawn.

use super::Trainer;
use crate::dsp::BandPower;
use crate::learn::gate::{Drift, Gate, distance, drifts};

/// Seconds of signal that are new.
const NEW_S: f64 = 60.0;
/// New windows, and those before, that are looked at; fewer than a quarter of them say nothing.
const LOOKED_AT: [usize; 2] = [64, 128];
/// Channels whose power is measured, evenly chosen where there are more.
const CHANNELS: usize = 64;

impl Trainer {
    /// The same where what is new has at least this share of a batch while the signal drifts.
    #[must_use]
    pub fn drifting(mut self, fraction: f64) -> Self {
        self.drift_fraction = fraction;
        self
    }

    /// Takes note of a measurement: while there is drift, batches hold more of what is new.
    pub(super) fn answer(&mut self, drift: Option<Drift>, limit: f64) {
        let Some(drift) = drift else { return };
        self.let_drift(drifts(&drift, self.status.drifts, limit));
    }

    /// Share of a batch that comes from the newest windows now.
    #[must_use]
    pub fn recent_share(&self) -> f64 {
        self.drawing.recent
    }

    /// Draws as there is drift, or none.
    pub(super) fn let_drift(&mut self, is_there: bool) {
        self.status.drifts = is_there;
        let usual = self.settings.recent_fraction;
        self.drawing.recent = if is_there { usual.max(self.drift_fraction) } else { usual };
    }

    /// How far the newest minute in memory, but at most its newest quarter, lies from the rest; none while there is too
    /// little of either.
    pub(super) fn drift(&self, gate: &Gate) -> Option<Drift> {
        let (new, before) = self.memory.newest_and_rest((NEW_S * self.settings.rate_hz) as u64);
        if new.len() < LOOKED_AT[0] / 4 || before.len() < LOOKED_AT[1] / 4 {
            return None;
        }
        let [new, before] = [(new, LOOKED_AT[0]), (before, LOOKED_AT[1])].map(|(places, most)| {
            let count = most.min(places.len());
            let mut windows = Vec::new();
            (0..count).for_each(|i| self.memory.window(places[i * places.len() / count], &mut windows));
            windows
        });
        let (frames, shape) = (self.settings.frames, &self.settings.objective.encoder);
        let embedded = |windows: &Vec<f32>| gate.served.raw.embed_all(windows.clone(), frames, shape.channels);
        let embedding = distance(&embedded(&new), &embedded(&before), shape.embedding)?;
        let measured = CHANNELS.min(shape.channels);
        let mut powers = BandPower::new(frames, self.settings.rate_hz, &BandPower::EEG);
        let mut measure = |windows: &[f32]| {
            let mut told = Vec::new();
            for window in windows.chunks_exact(frames * shape.channels) {
                let channels = (0..measured).map(|i| i * shape.channels / measured);
                channels.for_each(|channel| powers.of(window, shape.channels, channel, &mut told));
            }
            told
        };
        let power = distance(&measure(&new), &measure(&before), measured * BandPower::EEG.len())?;
        let count = |windows: &[f32]| windows.len() / (frames * shape.channels);
        Some(Drift { embedding, power, windows: [count(&new), count(&before)] })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAMES, HOP, identity, settings};
    use super::*;
    use crate::learn::gate::GateSettings;
    use crate::learn::{Batch, Method, Origin, Policy, TrainerSettings};
    use crate::signal::Stamp;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Noise, in the second state under a wave in half of the channels.
    fn window(state: usize, number: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let phase: f32 = rng.random_range(0.0..6.0);
        let wave =
            |i: usize| if state == 1 && i.is_multiple_of(2) { 2.0 * (phase + i as f32 * 0.2).sin() } else { 0.0 };
        (0..FRAMES * 4).map(|i| wave(i) + rng.random_range(-1.0..1.0f32)).collect()
    }

    #[test]
    fn another_state_is_told_answered_and_in_time_the_usual_one() {
        let settings = TrainerSettings { policy: Policy::Fifo, ..settings(Method::Simclr) };
        let usual = settings.recent_fraction;
        let gate = GateSettings { canary: 0, probe: 24, unseen: 12, ..GateSettings::default() };
        let mut trainer = Trainer::new(settings).drifting(0.5).guarded(gate);
        let (mut batch, mut number) = (Batch::default(), 0);
        // Whether there was drift at each look.
        let mut run = |trainer: &mut Trainer, state: usize, windows: u64| -> Vec<bool> {
            let mut seen = Vec::new();
            for _ in 0..windows {
                trainer.offer(Origin { source: 0, first: number * HOP }, &window(state, number));
                number += 1;
                if trainer.is_ready() {
                    trainer.draw(&mut batch);
                    trainer.step(&batch);
                    if trainer.publishes() {
                        trainer.examine(Stamp::default());
                        seen.push(trainer.status().drifts);
                        assert_eq!(trainer.recent_share(), if trainer.status().drifts { 0.5 } else { usual });
                    }
                }
            }
            seen
        };
        let first = run(&mut trainer, 0, 250);
        assert!(first.len() > 10 && first.iter().all(|drifts| !drifts), "{first:?}");
        let change = run(&mut trainer, 1, 60);
        assert!(change.last() == Some(&true), "{change:?}: {:?}", trainer.status().examination);
        let checkpoint = trainer.checkpoint(&identity(&trainer.settings), true);
        let mut resumed = Trainer::new(trainer.settings.clone()).drifting(0.5);
        resumed.restore(&checkpoint).unwrap();
        assert_eq!(resumed.recent_share(), 0.5, "drift goes through a checkpoint");
        let after = run(&mut trainer, 1, 250);
        assert!(after.last() == Some(&false), "what was new is usual now: {after:?}");
        let drift = trainer.status().examination.as_ref().unwrap().drift.unwrap();
        assert!(drift.most() < 0.7 && drift.windows == [32, 96], "{drift:?}");
    }
}
