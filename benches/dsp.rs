//! What stands between the amplifier and the model, stage by stage: `cargo bench --bench dsp`.
//!
//! Blocks of 20 ms of 256 channels at 2 kHz: a stage that takes 20 ms a block takes a whole core.
//! `benches/dsp/race.py` races the filters against SciPy and says the share.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use neurostream::dsp::quality::{Neighbours, Quality, QualitySettings};
use neurostream::dsp::{Cascade, Conditioner, Conditioning, Derivation, Deriver, Limit, RunningScale, Scaling, Spread};
use neurostream::signal::ChannelKind;
use std::hint::black_box;

const CHANNELS: usize = 256;
const RATE_HZ: f64 = 2000.0;
const FRAMES: usize = 40;
/// Blocks of signal that come again and again: a second.
const BLOCKS: usize = 50;

fn how(spread: Spread, limit: Limit) -> Conditioning {
    Conditioning {
        highpass_hz: Some(0.5),
        lowpass_hz: Some(200.0),
        notch_hz: Some(50.0),
        scale: Scaling::Running { spread, seconds: 30.0, limit },
        ..Conditioning::of(Derivation::average(CHANNELS))
    }
}

/// A second of tones and noise `[T, C]` in microvolts.
fn signal() -> Vec<f32> {
    let mut draw = 1u32;
    let mut noise = || {
        draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (draw >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..FRAMES * BLOCKS * CHANNELS)
        .map(|i| 30.0 * ((i / CHANNELS) as f32 * 0.03 + (i % CHANNELS) as f32).sin() + 40.0 * noise())
        .collect()
}

fn stages(c: &mut Criterion) {
    let mut group = c.benchmark_group("dsp");
    group.throughput(Throughput::Elements((FRAMES * CHANNELS) as u64));
    let samples = signal();
    let mut at = 0;
    let mut block = || {
        at = (at + 1) % BLOCKS;
        &samples[at * FRAMES * CHANNELS..(at + 1) * FRAMES * CHANNELS]
    };
    let good = [true; CHANNELS];

    let doubles: Vec<f64> = samples.iter().copied().map(f64::from).collect();
    let mut cascade = Cascade::new(how(Spread::Ema, Limit::Clip).sections(RATE_HZ), CHANNELS);
    let (mut frame, mut from) = (vec![0.0f64; CHANNELS], 0);
    group.bench_function("filters", |b| {
        b.iter(|| {
            from = (from + 1) % BLOCKS;
            for samples in doubles[from * FRAMES * CHANNELS..][..FRAMES * CHANNELS].chunks_exact(CHANNELS) {
                frame.copy_from_slice(samples);
                cascade.step(&mut frame);
                black_box(&frame);
            }
        });
    });

    let mut frame: Vec<f64> = samples[..CHANNELS].iter().copied().map(f64::from).collect();
    let (mut deriver, mut derived) = (Deriver::new(Derivation::average(CHANNELS)), vec![0.0f64; CHANNELS]);
    deriver.trust(&good);
    group.bench_function("average reference", |b| {
        b.iter(|| (0..FRAMES).for_each(|_| deriver.step(black_box(&frame), black_box(&mut derived))));
    });

    let mut out = vec![0.0f32; CHANNELS];
    for (name, spread, limit) in [
        ("scale ema clip", Spread::Ema, Limit::Clip),
        ("scale robust clip", Spread::Robust, Limit::Clip),
        ("scale robust soft-log", Spread::Robust, Limit::SoftLog),
    ] {
        let Some(mut scale) = RunningScale::new(how(spread, limit).scale, CHANNELS, RATE_HZ) else { return };
        group.bench_function(name, |b| {
            b.iter(|| {
                for samples in block().chunks_exact(CHANNELS) {
                    frame.iter_mut().zip(samples).for_each(|(x, &sample)| *x = f64::from(sample));
                    scale.step(&frame, &mut out);
                    black_box(&out);
                }
            });
        });
    }

    let kinds = [ChannelKind::Eeg; CHANNELS];
    let judge = || Quality::new(&kinds, RATE_HZ, QualitySettings::default(), Neighbours::Unknown);
    let mut quality = judge();
    group.bench_function("quality", |b| b.iter(|| quality.step(block())));

    for (name, spread) in [("whole ema", Spread::Ema), ("whole robust", Spread::Robust)] {
        let (mut quality, mut conditioner) = (judge(), Conditioner::new(&how(spread, Limit::Clip), RATE_HZ));
        let mut out = Vec::with_capacity(FRAMES * CHANNELS);
        group.bench_function(name, |b| {
            b.iter(|| {
                let block = block();
                quality.step(block);
                out.clear();
                conditioner.step(block, quality.good(), &mut out);
                black_box(&out);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
