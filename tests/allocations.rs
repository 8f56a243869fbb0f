//! The data path allocates nothing in its steady state: a counting allocator proves it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use neurostream::dsp::{Conditioner, Conditioning, Ratio, Reference};
use neurostream::ring::{Branch, Doorbell, Tee, WhenFull, frames};
use neurostream::signal::Stamp;
use neurostream::window::Slide;
use std::sync::Arc;

const CHANNELS: usize = 16;
const RATE: f64 = 256.0;
const BLOCK: usize = 8;

#[test]
fn conditioning_tee_and_windows_allocate_nothing() {
    let (writers, mut readers): (Vec<_>, Vec<_>) = (0..3).map(|_| frames(CHANNELS, RATE, 2048, 512)).unzip();
    let branch = |writer| Branch { writer, when_full: WhenFull::Lose, doorbell: Arc::new(Doorbell::default()) };
    let mut tee = Tee::new(writers.into_iter().map(branch).collect());
    let mut slides: Vec<Slide> = readers.iter().map(|_| Slide::new(512, 64)).collect();
    let how = Conditioning {
        highpass_hz: Some(0.5),
        lowpass_hz: Some(45.0),
        notch_hz: Some(50.0),
        reference: Reference::Average,
        resample: Ratio::between(RATE, 200.0),
        scale_s: Some(30.0),
    };
    let mut conditioner = Conditioner::new(&how, CHANNELS, RATE);
    let (mut conditioned, mut window) = (Vec::with_capacity(64 * CHANNELS), vec![0.0; 512 * CHANNELS]);
    let samples: Vec<f32> = (0..BLOCK * CHANNELS).map(|i| (i as f32 * 0.1).sin() * 20.0).collect();
    let (mut first, mut windows) = (0u64, 0);
    let mut run = |blocks: u64| {
        for block in 0..blocks {
            conditioned.clear();
            // A gap now and then is part of the steady state.
            if block % 1000 == 0 {
                conditioner.finish(&mut conditioned);
                conditioner.gap(first + 1);
                first += 1;
            }
            conditioner.step(&samples, &[true; CHANNELS], &mut conditioned);
            let at = conditioner.end_frame() - (conditioned.len() / CHANNELS) as u64;
            tee.push(&conditioned, at, Stamp(0.0), Stamp(0.0));
            first += BLOCK as u64;
            for (slide, reader) in slides.iter_mut().zip(&mut readers) {
                while let Some(passage) = slide.next(reader) {
                    passage.copy_to(&mut window);
                    windows += 1;
                }
            }
        }
    };
    run(2000);
    let counted = allocation_counter::measure(|| run(20_000));
    assert!(windows > 1000);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
