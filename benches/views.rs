//! What augmented views cost: `cargo bench --bench views`.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]

use criterion::{Criterion, criterion_group, criterion_main};
use neurostream::window::{Augmentation, AugmentationStep, Augmenter, Preset, WindowShape};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SHAPE: WindowShape = WindowShape { frames: 512, channels: 64, rate_hz: 256.0 };

fn window() -> Vec<f32> {
    (0..SHAPE.frames * SHAPE.channels).map(|i| ((i * 7919) % 2003) as f32 / 1001.0 - 1.0).collect()
}

/// Two views of one window, copied as the trainer does it.
fn pair(c: &mut Criterion, group: &str, name: &str, steps: Vec<AugmentationStep>) {
    let (window, partner) = (window(), window());
    let mut views = [window.clone(), window.clone()];
    let mut augmenter = Augmenter::new(steps, SHAPE, 1);
    let mut draw = 0;
    c.benchmark_group(group).bench_function(name, |b| {
        b.iter(|| {
            draw += 1;
            for (which, view) in views.iter_mut().enumerate() {
                view.copy_from_slice(&window);
                augmenter.view(view, Some(&partner), draw, which as u64);
            }
            black_box(&views);
        });
    });
}

fn presets(c: &mut Criterion) {
    for preset in Preset::ALL {
        pair(c, "two views of 64 x 512, preset", preset.word(), preset.steps());
    }
}

fn each(c: &mut Criterion) {
    use Augmentation as A;
    for (name, what) in [
        ("amplitude", A::Amplitude(0.8..=1.25)),
        ("noise", A::Noise(0.0..=0.2)),
        ("dc_shift", A::DcShift(0.0..=0.5)),
        ("time_shift", A::TimeShift(0.0..=0.1)),
        ("crop_resize", A::CropResize(0.6..=1.0)),
        ("time_mask", A::TimeMask(0.0..=0.2)),
        ("smooth_mask", A::SmoothMask(0.0..=0.2)),
        ("channel_dropout", A::ChannelDropout(0.0..=0.2)),
        ("channel_shuffle", A::ChannelShuffle(0.0..=0.2)),
        ("sign_flip", A::SignFlip),
        ("time_reverse", A::TimeReverse),
        ("band_stop_hz", A::BandStop(2.0..=5.0)),
        ("surrogate", A::Surrogate(0.5..=0.9)),
        ("frequency_shift_hz", A::FrequencyShift(0.0..=1.0)),
        ("permutation", A::Permutation(2..=5)),
        ("mixup", A::Mixup(0.0..=0.2)),
    ] {
        pair(c, "two views of 64 x 512, only", name, vec![AugmentationStep { what, probability: 1.0 }]);
    }
}

criterion_group!(benches, presets, each);
criterion_main!(benches);
