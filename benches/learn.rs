//! What an embedding and a training step cost: `cargo bench --bench learn`.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]

use criterion::{Criterion, criterion_group, criterion_main};
use neurostream::learn::{
    Batch, Encoder, EncoderShape, Method, ObjectiveSettings, Origin, build,
    nn::{Compute, Init},
};
use std::hint::black_box;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn wave(samples: usize) -> Vec<f32> {
    (0..samples).map(|i| ((i * 7919) % 2003) as f32 / 1001.0 - 1.0).collect()
}

fn shape(channels: usize, widths: &[usize]) -> EncoderShape {
    EncoderShape { channels, widths: widths.to_vec(), embedding: 128, ..EncoderShape::default() }
}

fn embedding(c: &mut Criterion) {
    let mut group = c.benchmark_group("embedding");
    for (name, widths, frames) in
        [("64 x 250, default widths", [32, 64, 128], 250), ("64 x 512, widths 64/128/256", [64, 128, 256], 512)]
    {
        let encoder = Encoder::new(&mut Init::serving(1, Compute::default()), &shape(64, &widths));
        let window = wave(frames * 64);
        group.bench_function(name, |b| b.iter(|| black_box(encoder.embed(window.clone(), 64))));
    }
    group.finish();
}

fn step(c: &mut Criterion) {
    let mut group = c.benchmark_group("training step, 64 x 64 x 512, widths 64/128/256");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    for method in Method::ALL {
        let encoder = shape(64, &[64, 128, 256]);
        let settings =
            ObjectiveSettings { seed: 1, queue: 4096, near_frames: 0, ..ObjectiveSettings::new(method, encoder, 512) };
        let mut objective = build(&settings);
        let origins: Vec<Origin> = (0..64).map(|i| Origin { source: 0, first: i * 512 }).collect();
        let views = [(); 3].map(|()| wave(64 * 64 * 512));
        let origins = [(); 3].map(|()| origins.clone());
        let batch = Batch { views, origins, frames: 512, channels: 64, ..Batch::default() };
        group.bench_function(method.word(), |b| b.iter(|| black_box(objective.step(&batch).loss)));
    }
    group.finish();
}

criterion_group!(benches, embedding, step);
criterion_main!(benches);
