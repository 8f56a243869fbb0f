//! Rings against a plain model, and across threads.

use super::{RingShape, frames, frames_of};
use crate::signal::Stamp;
use proptest::prelude::*;
use std::collections::VecDeque;

const RATE: f64 = 100.0;

fn sample(frame: u64, channel: usize) -> f32 {
    (frame * 128 % (1 << 22) + channel as u64) as f32
}

/// Some channels are bad in some blocks.
fn bad_at(first: u64) -> u64 {
    1 << (first % 7) & 0b101
}

fn block(first: u64, count: usize, channels: usize) -> Vec<f32> {
    (0..count).flat_map(|i| (0..channels).map(move |c| sample(first + i as u64, c))).collect()
}

#[derive(Clone, Debug)]
enum Act {
    Push(usize),
    Gap(u64),
    Window { length: usize, hop: usize },
    Skip(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1usize..40).prop_map(Act::Push),
        1 => (1u64..50).prop_map(Act::Gap),
        4 => (1usize..30, 1usize..30).prop_map(|(length, hop)| Act::Window { length, hop }),
        1 => (0usize..50).prop_map(Act::Skip),
    ]
}

proptest! {
    /// Whatever is pushed, windows hold consecutive frames, in order, and every frame is accounted for.
    #[test]
    fn windows_match_a_model(acts in prop::collection::vec(act(), 1..200), channels in 1usize..4) {
        let (mut writer, mut reader) = frames(channels, RATE, 64, 16);
        let (mut next, mut model) = (0u64, VecDeque::new());
        let mut verdicts = VecDeque::new();
        for act in acts {
            match act {
                Act::Gap(frames) => next += frames,
                Act::Push(count) => {
                    let stamp = Stamp((next + count as u64 - 1) as f64 / RATE);
                    let bad = bad_at(next);
                    writer.judge(&[bad]);
                    let taken = writer.push(&block(next, count, channels), next, stamp, stamp);
                    model.extend(next..next + taken as u64);
                    verdicts.extend(std::iter::repeat_n(bad, taken));
                    next += count as u64;
                }
                Act::Window { length, hop } => {
                    let run = (1..=model.len()).take_while(|&n| model[n - 1] == model[0] + n as u64 - 1).count();
                    match reader.peek(length) {
                        None => prop_assert!(run < length),
                        Some(passage) => {
                            prop_assert!(run >= length);
                            let mut got = vec![0.0; length * channels];
                            passage.copy_to(&mut got);
                            prop_assert_eq!(got, block(model[0], length, channels));
                            prop_assert_eq!(passage.bad, [verdicts.iter().take(length).fold(0, |all, bad| all | bad)]);
                            let last = (model[0] + length as u64 - 1) as f64 / RATE;
                            prop_assert!((passage.stamp.0 - last).abs() < 1e-9);
                            let took = hop.min(run);
                            reader.commit(hop);
                            model.drain(..took);
                            verdicts.drain(..took);
                        }
                    }
                    if run < length && reader.before_gap() {
                        reader.commit(run);
                        model.drain(..run);
                        verdicts.drain(..run);
                    }
                }
                Act::Skip(keep) => {
                    let gone = model.len().saturating_sub(keep);
                    prop_assert_eq!(reader.skip_to_newest(keep), gone as u64);
                    model.drain(..gone);
                    verdicts.drain(..gone);
                }
            }
            let counts = (writer.counts(), reader.counts());
            prop_assert_eq!(reader.left(), model.len() as u64);
            let accounted = counts.0.refused() + counts.1.consumed() + counts.1.skipped() + reader.left();
            prop_assert_eq!(counts.0.offered(), accounted);
        }
    }
}

/// Two threads, a ring that is often full: every window is whole, and both ends agree on what was lost.
#[test]
fn a_fast_writer_and_a_slow_reader_agree() {
    // Two words of quality, of which the second is never the first.
    const CHANNELS: usize = 65;
    let (mut writer, mut reader) = frames(CHANNELS, RATE, 256, 32);
    let counts = (writer.counts(), reader.counts());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut first = 0;
            for round in 0..20_000u64 {
                let count = 1 + (round % 23) as usize;
                writer.judge(&[first, !first]);
                writer.push(&block(first, count, CHANNELS), first, Stamp(first as f64), Stamp(0.0));
                first += count as u64 + u64::from(round % 97 == 0);
            }
        });
        let (mut window, mut seen) = (vec![0.0; 32 * CHANNELS], None);
        loop {
            let over = reader.is_abandoned();
            while let Some(passage) = reader.peek(32) {
                passage.copy_to(&mut window);
                assert_eq!(window, block(passage.first, 32, CHANNELS), "a window spans a gap or is torn");
                assert_eq!(passage.bad[0] | passage.bad[1], u64::MAX, "words of quality are torn");
                assert!(seen.is_none_or(|s| s < passage.first), "frames come in order");
                seen = Some(passage.first);
                reader.commit(16);
            }
            if reader.before_gap() {
                let rest = reader.ready().1;
                reader.commit(rest);
            } else if over {
                break;
            }
        }
        let rest = reader.ready().1;
        reader.commit(rest);
        assert_eq!(reader.left(), 0);
    });
    assert!(counts.1.consumed() > 0);
    assert_eq!(counts.0.offered(), counts.0.refused() + counts.1.consumed() + counts.1.skipped());
}

#[test]
fn amplitudes_are_those_that_came_with_the_last_frame() {
    let shape = RingShape { channels: 3, rate_hz: 100.0, capacity: 64, headers: 8, with_amplitudes: true };
    let (mut writer, mut reader) = frames_of(shape);
    for block in 0..20u64 {
        writer.judge(&[u64::from(block % 7 == 0)]);
        writer.note_amplitudes([block as f32, -0.5, f32::MAX].into_iter());
        assert_eq!(writer.push(&[0.0; 12], 4 * block, Stamp(0.0), Stamp(0.0)), 4);
        if block % 2 == 1 {
            // From the last frame but one of the block before to the first of this one.
            assert_eq!(reader.ready(), (4 * (block - 1), 8));
            reader.commit(2);
            let window = reader.peek(3).unwrap();
            assert_eq!(window.amplitudes, [block as f32, -0.5, f32::MAX]);
            assert_eq!(window.bad, [u64::from(block % 7 == 0 || (block - 1) % 7 == 0)]);
            reader.commit(6);
        }
    }
    let (mut writer, mut reader) = frames(3, 100.0, 64, 8);
    writer.note_amplitudes([1.0; 3].into_iter());
    writer.push(&[0.0; 3], 0, Stamp(0.0), Stamp(0.0));
    assert!(reader.peek(1).unwrap().amplitudes.is_empty());
}
