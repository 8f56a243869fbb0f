//! The data path allocates nothing in its steady state, and readers of files no more than a file is worth: a counting
//! allocator proves it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use arc_swap::ArcSwapOption;
use neurostream::dsp::quality::{Neighbours, Quality, QualitySettings};
use neurostream::dsp::{Conditioner, Conditioning, Derivation, Deriver, Limit, Ratio, Reference, Scaling, Spread};
use neurostream::learn::{Classifier, Heads, Novelty};
use neurostream::ring::{Branch, Doorbell, Tee, WhenFull, frames, markers};
use neurostream::serve::Reading;
use neurostream::serve::copies::{Encoded, copies};
use neurostream::signal::electrode::GridShapes;
use neurostream::signal::{ChannelKind, Marker, Montage, Stamp};
use neurostream::window::{
    Around, Augmentation, AugmentationStep, Augmenter, Judge, Pattern, Preset, Slide, Span, WindowShape,
};
use std::sync::Arc;

#[path = "allocations/parsers.rs"]
mod parsers;
#[path = "allocations/reading.rs"]
mod reading;

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
        resample: Ratio::between(RATE, 200.0),
        scale: Scaling::Running { spread: Spread::Robust, seconds: 30.0, limit: Limit::SoftLog },
        ..Conditioning::of(Derivation::average(CHANNELS))
    };
    let mut conditioner = Conditioner::new(&how, RATE);
    let mut quality =
        Quality::new(&[ChannelKind::Eeg; CHANNELS], RATE, QualitySettings::default(), Neighbours::Unknown);
    let judge = Judge { channels: CHANNELS, artefact: 20.0, max_bad_share: 0.25 };
    let (mut conditioned, mut window) = (Vec::with_capacity(64 * CHANNELS), vec![0.0; 512 * CHANNELS]);
    let (mut samples, mut bad) = (vec![0.0; BLOCK * CHANNELS], [0]);
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
            // A gap now and then is part of the steady state.
            if block % 1000 == 0 {
                conditioner.finish(&mut conditioned);
                conditioner.gap(first + 1);
                quality.gap(first + 1);
                first += 1;
            }
            conditioner.step(&samples, quality.good(), &mut conditioned);
            conditioner.bad_bits(&mut bad);
            tee.judge(&bad);
            let at = conditioner.end_frame() - (conditioned.len() / CHANNELS) as u64;
            if block % 100 == 50 {
                says.push(Marker { frame: at, duration_s: None, text: String::new() });
            }
            tee.push(&conditioned, at, Stamp(0.0), Stamp(0.0));
            first += BLOCK as u64;
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

#[test]
fn telling_classes_and_handing_windows_over_allocates_nothing() {
    let (dimension, samples) = (128, 64 * 512);
    let value = |i: usize, d: usize| ((d * (1 + i % 4)) as f32).sin() + 0.1 * ((i * d) as f32).cos();
    let row = |i: usize| (0..dimension).map(|d| value(i, d)).collect::<Vec<f32>>();
    let rows: Vec<(usize, Vec<f32>)> = (0..60).map(|i| (i % 4, row(i))).collect();
    let examples: Vec<(usize, &[f32])> = rows.iter().map(|(class, row)| (*class, row.as_slice())).collect();
    let heads = Arc::new(ArcSwapOption::empty());
    let mut reading = Reading::new(Arc::clone(&heads), [4, dimension]);
    let (mut writer, mut reader) = copies(4, samples, dimension, Arc::default());
    let window = vec![0.5; samples];
    let mut told = [0; 4];
    let all: Vec<f32> = rows.iter().flat_map(|(_, row)| row.iter().copied()).collect();
    let novelty = Novelty::of(&all, &all, dimension).map(Arc::new);
    for (generation, linear_from) in [(1, 1), (2, 1000)] {
        let classifier = Classifier::teach(&examples, dimension, linear_from);
        heads.store(Some(Arc::new(Heads {
            generation,
            classes: vec![String::new(); 4],
            classifier,
            novelty: novelty.clone(),
        })));
        let mut run = || {
            for (class, row) in &rows {
                writer.keep(&window);
                reading.read(row, generation);
                told[*class] += usize::from(reading.class() == Some(*class));
                assert!(reading.novelty().is_some());
                writer.push(Encoded { generation, embedding: row, ..Encoded::default() });
                let slot = reader.pop().unwrap();
                reader.give_back(slot);
            }
        };
        // Heads that came are taken up with the first window.
        run();
        let counted = allocation_counter::measure(run);
        assert_eq!(counted.count_total, 0, "{counted:?}");
    }
    assert!(told.iter().all(|right| *right > 50), "{told:?} of 60 each");
}

#[test]
fn views_allocate_nothing() {
    use Augmentation as A;
    let shape = WindowShape { frames: 300, channels: CHANNELS, rate_hz: RATE };
    let others = [
        A::ChannelShuffle(0.2..=0.5),
        A::BandStop(2.0..=5.0),
        A::FrequencyShift(0.0..=1.0),
        A::Permutation(2..=5),
        A::TimeReverse,
        A::DcShift(0.0..=0.5),
        A::Mixup(0.0..=0.2),
        A::SmoothMask(0.0..=0.2),
    ];
    let others = others.map(|what| AugmentationStep { what, probability: 0.8 });
    let lists = Preset::ALL.map(Preset::steps).into_iter().chain([others.to_vec()]);
    let window: Vec<f32> = (0..shape.frames * CHANNELS).map(|i| (i as f32 * 0.1).sin()).collect();
    let mut view = window.clone();
    for steps in lists {
        let mut augmenter = Augmenter::new(steps, shape, 1);
        let counted = allocation_counter::measure(|| {
            for draw in 0..50 {
                view.copy_from_slice(&window);
                augmenter.view(&mut view, Some(&window), draw, draw % 2);
            }
        });
        assert_eq!(counted.count_total, 0, "{counted:?} with {:?}", augmenter.steps());
    }
}

#[test]
fn every_kind_of_reference_allocates_nothing_whichever_channels_are_good() {
    let labels = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2".split(' ').collect::<Vec<_>>();
    let shapes = GridShapes::new();
    let montage = Montage::of_labels(&labels).located(&shapes);
    let frame: Vec<f64> = (0..labels.len()).map(|i| (i as f64).sin() * 20.0).collect();
    for word in ["average", "median", "double-banana", "transverse", "large-laplacian"] {
        let derived = Reference::of_word(word, &[]).unwrap().derive(&montage, &shapes).unwrap();
        let mut deriver = Deriver::new(derived.derivation);
        let mut out = vec![0.0; deriver.derivation().outputs()];
        let (mut good, mut sum) = (vec![true; labels.len()], 0.0);
        let counted = allocation_counter::measure(|| {
            for turn in 0..1000 {
                good[turn % labels.len()] ^= true;
                deriver.trust(&good);
                deriver.step(&frame, &mut out);
                sum += out[0];
            }
        });
        assert_eq!(counted.count_total, 0, "{word}: {counted:?}");
        assert!(sum.is_finite());
    }
}
