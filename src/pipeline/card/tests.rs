//! Cards that fail in every way, and what then becomes of training; on a real card too where one was built for.

use super::*;
use crate::learn::{Method, Origin};
use crate::pipeline::shutdown::Reason;
use std::sync::atomic::{AtomicU64, Ordering};

const FRAMES: usize = 64;
const CHANNELS: usize = 2;
const ROWS: u64 = 8;

fn settings(method: Method) -> ObjectiveSettings {
    let shape = EncoderShape { channels: CHANNELS, widths: vec![8, 16], embedding: 8, ..EncoderShape::default() };
    ObjectiveSettings { near_frames: 10, ..ObjectiveSettings::new(method, shape, FRAMES) }
}

/// Waves, in three views that differ by their phase.
fn batch(number: u64) -> Batch {
    let view = |which: u64| {
        let of_row = |row: u64| {
            let wave =
                move |t: usize| ((t as f32 + (3 * which) as f32) * 0.07 * (row + 1) as f32 + number as f32).sin();
            (0..FRAMES).flat_map(move |t| [wave(t), 2.0 * wave(t).powi(2) - 0.5])
        };
        (0..ROWS).flat_map(of_row).collect()
    };
    let origin = |row: u64| Origin { source: 0, first: number * 10_000 + 100 * row };
    let origins: Vec<Origin> = (0..ROWS).map(origin).collect();
    Batch {
        views: [0, 1, 2].map(view),
        origins: [origins.clone(), origins.clone(), origins],
        frames: FRAMES,
        channels: CHANNELS,
        draw: number * ROWS,
        ..Batch::default()
    }
}

/// What goes wrong with a step.
#[derive(Clone, Copy)]
enum Fault {
    Panic,
    Hang,
}

/// An objective that fails in its step of this number, counted from one.
struct Faulty {
    inner: Box<dyn Objective>,
    fault: Fault,
    at: u64,
    calls: Arc<AtomicU64>,
}

impl Objective for Faulty {
    fn step(&mut self, batch: &Batch) -> StepReport {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        match self.fault {
            Fault::Panic if call == self.at => panic!("the device was lost"),
            Fault::Hang if call == self.at => loop {
                std::thread::park();
            },
            Fault::Panic | Fault::Hang => self.inner.step(batch),
        }
    }

    fn judge(&self, batch: &Batch) -> Judged {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.judge(batch)
    }

    fn scale_rate(&mut self, share: f64) {
        self.inner.scale_rate(share);
    }

    fn encoder(&self) -> Encoder {
        self.inner.encoder()
    }

    fn steps(&self) -> u64 {
        self.inner.steps()
    }

    fn skipped(&self) -> u64 {
        self.inner.skipped()
    }

    fn learnt(&self) -> Learnt {
        self.inner.learnt()
    }

    fn restore(&mut self, learnt: &Learnt) -> Result<(), CheckpointError> {
        self.inner.restore(learnt)
    }
}

/// A card whose objectives are on the CPU and fail so, and how often they were called.
fn faulty(fault: Fault, at: u64, limit_s: u64) -> (Arc<Card>, Arc<AtomicU64>) {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let make: Builder =
        Arc::new(move |settings| Box::new(Faulty { inner: build(settings), fault, at, calls: Arc::clone(&counted) }));
    (Card::new("a card".to_owned(), Duration::from_secs(limit_s), make), calls)
}

/// What an objective on the CPU has learnt of these batches.
fn reference(batches: impl IntoIterator<Item = u64>) -> Learnt {
    let mut objective = build(&settings(Method::Moco));
    batches.into_iter().for_each(|i| drop(objective.step(&batch(i))));
    objective.learnt()
}

#[test]
fn a_card_that_works_trains_as_the_cpu_does() {
    let (card, _) = faulty(Fault::Panic, u64::MAX, 600);
    let mut objective = builder(Some(&card))(&settings(Method::Moco));
    (0..12).for_each(|i| drop(objective.step(&batch(i))));
    assert!(objective.learnt() == reference(0..12));
    assert_eq!((objective.steps(), card.failed(), card.news().count()), (12, None, 0));
    let again = reference(0..5);
    objective.restore(&again).unwrap();
    assert_eq!(objective.steps(), 5);
    assert!(objective.learnt() == again);
}

#[test]
fn a_card_that_fails_is_told_once_and_the_cpu_goes_on_from_what_was_kept() {
    let (card, calls) = faulty(Fault::Panic, 13, 600);
    let build_on = builder(Some(&card));
    let (mut objective, judge) = (build_on(&settings(Method::Moco)), build_on(&settings(Method::Moco)));
    (0..15).for_each(|i| assert!(!objective.step(&batch(i)).skipped));
    // Steps 11 and 12 were lost with the card; the 13th was taken again.
    assert!(objective.learnt() == reference((0..10).chain(12..15)));
    assert_eq!(objective.steps(), 15, "steps that were taken are counted, lost or not");
    let news: Vec<String> = card.news().collect();
    assert_eq!(
        news,
        ["the graphics card is given up (a card: it panicked: the device was lost); the CPU goes on training"]
    );
    // Whatever else was on it is on the CPU too, and the card is left alone.
    let before = calls.load(Ordering::Relaxed);
    assert!(judge.judge(&batch(3)).loss.is_finite());
    assert_eq!((calls.load(Ordering::Relaxed), card.news().count()), (before, 0));
}

#[test]
fn a_step_that_does_not_end_is_given_up_after_its_time() {
    let (card, _) = faulty(Fault::Hang, 3, 3);
    let mut objective = builder(Some(&card))(&settings(Method::Moco));
    objective.scale_rate(0.5);
    (0..5).for_each(|i| drop(objective.step(&batch(i))));
    assert_eq!(card.failed(), Some("it did not answer for 3 s, see compute.step_limit_s"));
    let mut after = build(&settings(Method::Moco));
    after.scale_rate(0.5);
    (2..5).for_each(|i| drop(after.step(&batch(i))));
    assert!(objective.learnt() == after.learnt(), "from first weights, at the rate that was set");
}

#[test]
fn the_end_of_a_run_does_not_wait_for_a_card_that_hangs() {
    let (card, _) = faulty(Fault::Hang, 1, 1_000_000);
    let shutdown = Shutdown::default();
    card.heed(&shutdown);
    shutdown.request(Reason::User);
    let mut objective = builder(Some(&card))(&settings(Method::Moco));
    drop(objective.step(&batch(0)));
    assert_eq!(card.failed(), Some("it was still at work when the run was to end"));
    assert!(objective.learnt() == reference(0..1));
}

#[test]
fn what_is_not_to_be_on_a_card_needs_none() {
    let mut notes = Vec::new();
    let settings = TrainerSettings {
        objective: settings(Method::Byol),
        frames: FRAMES,
        batch: 8,
        memory_windows: 8,
        policy: crate::learn::Policy::Fifo,
        recent_fraction: 0.5,
        rate_hz: 100.0,
        augmentations: Vec::new(),
        publish_every: 10,
    };
    assert!(Card::wanted(&Config::default(), &settings, &mut notes).unwrap().is_none() && notes.is_empty());
}

#[cfg(feature = "gpu")]
mod on_a_card {
    use super::*;
    use crate::learn::nn::{Backend, Kernels};

    /// There is one card, and one of the tests takes it away: that is the last one.
    #[test]
    fn a_card_trains_as_the_cpu_does_until_it_is_lost() {
        let compute = Compute::new(Backend::Gpu, Kernels::default());
        let card = Card::new(card::open().unwrap().to_string(), Duration::from_secs(600), Arc::new(build));
        for method in Method::ALL {
            let on_card = ObjectiveSettings { compute, ..settings(method) };
            let (mut objective, mut on_cpu) = (builder(Some(&card))(&on_card), build(&settings(method)));
            for i in 0..3 {
                let (on_card, on_cpu) = (objective.step(&batch(i)), on_cpu.step(&batch(i)));
                let (found, wanted) = (on_card.loss, on_cpu.loss);
                assert!((found - wanted).abs() <= 2e-3 * wanted.abs().max(1.0), "{}: {found}, {wanted}", method.word());
            }
            let [found, wanted] = [objective.encoder(), on_cpu.encoder()]
                .map(|encoder| encoder.embed(batch(7).views[0][..FRAMES * CHANNELS].to_vec(), CHANNELS));
            let close = found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 5e-3);
            assert!(close, "{}: {found:?}, {wanted:?}", method.word());
            assert_eq!(card.failed(), None);
        }
        let on_card = ObjectiveSettings { compute, ..settings(Method::Byol) };
        let mut objective = builder(Some(&card))(&on_card);
        (0..2).for_each(|i| drop(objective.step(&batch(i))));
        card::lose();
        (2..5).for_each(|i| assert!(objective.step(&batch(i)).loss.is_finite()));
        let news: Vec<String> = card.news().collect();
        assert!(card.failed().is_some() && news.len() == 1, "{news:?}");
        assert_eq!(objective.steps(), 5);
    }
}
