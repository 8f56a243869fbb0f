//! The data path allocates nothing in its steady state: a counting allocator proves it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use neurostream::dsp::quality::{Neighbours, Quality, QualitySettings};
use neurostream::dsp::{Conditioner, Conditioning, Reference};
use neurostream::ring::{Branch, Doorbell, Tee, WhenFull, frames, markers};
use neurostream::signal::{ChannelKind, Marker, Stamp};
use neurostream::window::{Around, Judge, Pattern, Slide, Span};
use std::sync::Arc;

const CHANNELS: usize = 16;
const RATE: f64 = 256.0;
const BLOCK: usize = 8;

#[test]
fn quality_conditioning_tee_and_windows_allocate_nothing() {
    let (writers, mut readers): (Vec<_>, Vec<_>) = (0..4).map(|_| frames(CHANNELS, RATE, 2048, 512)).unzip();
    let branch = |writer| Branch { writer, when_full: WhenFull::Lose, doorbell: Arc::new(Doorbell::default()) };
    let mut tee = Tee::new(writers.into_iter().map(branch).collect());
    let mut slides: Vec<Slide> = readers.iter().map(|_| Slide::new(512, 64)).collect();
    let how = Conditioning {
        highpass_hz: Some(0.5),
        lowpass_hz: Some(45.0),
        notch_hz: Some(50.0),
        reference: Reference::Average,
        scale_s: Some(30.0),
    };
    let mut conditioner = Conditioner::new(&how, CHANNELS, RATE);
    let mut quality =
        Quality::new(&[ChannelKind::Eeg; CHANNELS], RATE, QualitySettings::default(), Neighbours::Unknown);
    let judge = Judge { channels: CHANNELS, clip: 20.0, max_bad_share: 0.25 };
    let (mut conditioned, mut window) = (Vec::with_capacity(BLOCK * CHANNELS), vec![0.0; 512 * CHANNELS]);
    let mut samples = vec![0.0; BLOCK * CHANNELS];
    // One reader has windows round markers instead.
    let mut by_markers = readers.pop().unwrap();
    let (mut says, hears) = markers(8);
    let mut around = Around::new(Span { from: -50, length: 200 }, Pattern::parse("/^$/").unwrap(), hears);
    let (mut first, mut windows, mut bad_windows, mut epochs) = (0u64, 0, 0, 0);
    let mut run = |blocks: u64| {
        for block in 0..blocks {
            for (i, sample) in samples.iter_mut().enumerate() {
                let (t, c) = ((first + (i / CHANNELS) as u64) as f32 / RATE as f32, (i % CHANNELS) as f32);
                *sample = 20.0 * (62.0 * t + 0.1 * c).sin() + 15.0 * (23.0 * t).sin();
                // One channel hangs now and then, and comes back.
                if i % CHANNELS == 3 && block / 500 % 2 == 0 {
                    *sample = 7.0;
                }
            }
            quality.step(&samples);
            conditioned.clear();
            conditioner.step(&samples, quality.good(), &mut conditioned);
            tee.judge(quality.bad_bits());
            if block % 100 == 50 {
                says.push(Marker { frame: first, duration_s: None, text: String::new() });
            }
            tee.push(&conditioned, first, Stamp(0.0), Stamp(0.0));
            // A gap now and then is part of the steady state.
            let gap = block % 1000 == 999;
            first += BLOCK as u64 + u64::from(gap);
            if gap {
                conditioner.gap();
                quality.gap(first);
            }
            for (slide, reader) in slides.iter_mut().zip(&mut readers) {
                while let Some(passage) = slide.next(reader) {
                    passage.copy_to(&mut window);
                    windows += 1;
                    bad_windows += u64::from(judge.quality(&mut window, passage.bad) < 1.0);
                }
            }
            while around.next(&mut by_markers).is_some() {
                epochs += 1;
            }
        }
    };
    run(2000);
    let counted = allocation_counter::measure(|| run(20_000));
    assert!(
        windows > 1000 && bad_windows > 500 && bad_windows < windows && epochs > 150,
        "{windows} {bad_windows} {epochs}"
    );
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
