//! What a block costs on its way through the rings: `cargo bench --bench ring`.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use neurostream::ring::{Branch, Doorbell, Tee, WhenFull, frames};
use neurostream::signal::Stamp;
use neurostream::window::Slide;
use std::hint::black_box;
use std::sync::Arc;

const CHANNELS: usize = 64;
/// 32 frames of 64 channels are 8 KiB.
const FRAMES: usize = 32;
const RATE: f64 = 1000.0;

fn push_and_pop(c: &mut Criterion) {
    let mut group = c.benchmark_group("ring");
    group.throughput(Throughput::Bytes((CHANNELS * FRAMES * 4) as u64));
    let samples = vec![1.0f32; CHANNELS * FRAMES];
    let (mut writer, mut reader) = frames(CHANNELS, RATE, 4096, 512);
    let mut first = 0;
    group.bench_function("push and pop of an 8 KiB block", |b| {
        b.iter(|| {
            writer.push(black_box(&samples), first, Stamp(0.0), Stamp(0.0));
            first += FRAMES as u64;
            black_box(reader.peek(FRAMES).map(|passage| passage.samples().0[0]));
            reader.commit(FRAMES);
        });
    });

    let made: Vec<_> = (0..4).map(|_| frames(CHANNELS, RATE, 4096, 512)).collect();
    let (writers, mut readers): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let branch = |writer| Branch { writer, when_full: WhenFull::Lose, doorbell: Arc::new(Doorbell::default()) };
    let mut tee = Tee::new(writers.into_iter().map(branch).collect());
    let mut first = 0;
    group.bench_function("tee to four consumers, 8 KiB", |b| {
        b.iter(|| {
            tee.push(black_box(&samples), first, Stamp(0.0), Stamp(0.0));
            first += FRAMES as u64;
            for reader in &mut readers {
                reader.ready();
                reader.commit(FRAMES);
            }
        });
    });

    let (mut writer, mut reader) = frames(CHANNELS, RATE, 4096, 512);
    let (mut slide, mut first, mut window) = (Slide::new(250, 50), 0, vec![0.0f32; 250 * CHANNELS]);
    group.bench_function("window of 250 frames every 50, copied out, a block", |b| {
        b.iter(|| {
            writer.push(&samples, first, Stamp(0.0), Stamp(0.0));
            first += FRAMES as u64;
            while let Some(passage) = slide.next(&mut reader) {
                passage.copy_to(&mut window);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, push_and_pop);
criterion_main!(benches);
