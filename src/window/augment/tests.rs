//! What every augmentation promises.

use super::drawn::is_dropped;
use super::workspace::Workspace;
use super::*;
use proptest::prelude::*;
use std::f32::consts::TAU;

fn all() -> Vec<Augmentation> {
    use Augmentation as A;
    vec![
        A::ChannelDropout(0.0..=0.5),
        A::ChannelShuffle(0.0..=1.0),
        A::BandStop(1.0..=5.0),
        A::Surrogate(0.5..=1.0),
        A::FrequencyShift(0.0..=2.0),
        A::CropResize(0.1..=1.0),
        A::TimeShift(0.0..=0.9),
        A::Permutation(1..=8),
        A::TimeReverse,
        A::SignFlip,
        A::Amplitude(0.5..=2.0),
        A::Mixup(0.0..=0.5),
        A::TimeMask(0.0..=0.5),
        A::SmoothMask(0.0..=0.5),
        A::DcShift(0.0..=1.0),
        A::Noise(0.0..=0.5),
    ]
}

fn always(list: Vec<Augmentation>) -> Vec<AugmentationStep> {
    list.into_iter().map(|what| AugmentationStep { what, probability: 1.0 }).collect()
}

fn shape(frames: usize, channels: usize) -> WindowShape {
    WindowShape { frames, channels, rate_hz: 64.0 }
}

fn wave(samples: usize) -> Vec<f32> {
    (0..samples).map(|i| (i as f32 * 0.7).sin() + (i as f32 * 0.11).cos()).collect()
}

/// One augmentation alone on a window.
fn applied(drawn: Drawn, window: &[f32], shape: WindowShape) -> Vec<f32> {
    let mut view = window.to_vec();
    drawn.apply(&mut view, None, &mut Workspace::new(shape, true));
    view
}

/// Power of a channel at so many whole periods a window.
fn power(window: &[f32], channels: usize, channel: usize, periods: usize) -> f32 {
    let frames = window.len() / channels;
    let part = |t: usize, turn: fn(f64) -> f64| {
        f64::from(window[t * channels + channel])
            * turn(std::f64::consts::TAU * (periods * t % frames) as f64 / frames as f64)
    };
    let sum = |turn: fn(f64) -> f64| (0..frames).map(|t| part(t, turn)).sum::<f64>();
    (sum(f64::cos).powi(2) + sum(f64::sin).powi(2)) as f32
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn views_are_repeatable_finite_and_of_the_same_length(frames in 1usize..70, channels in 1usize..20, seed: u64, draw: u64) {
        let (window, partner) = (wave(frames * channels), vec![0.5; frames * channels]);
        for list in all().into_iter().map(|what| vec![what]).chain([all()]) {
            let mut augmenter = Augmenter::new(always(list), shape(frames, channels), seed);
            let mut view = |which| {
                let mut view = window.clone();
                augmenter.view(&mut view, Some(&partner), draw, which);
                (view, augmenter.drawn().to_vec())
            };
            // Another view in between leaves nothing behind.
            let (first, _) = (view(0), view(1));
            let again = view(0);
            prop_assert!(first.0.iter().all(|v| v.is_finite()), "{:?}", first.1);
            let bits = |(values, drawn): &(Vec<f32>, Vec<Drawn>)| (values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), drawn.clone());
            prop_assert_eq!(bits(&first), bits(&again));
        }
    }

    #[test]
    fn stretches_lie_in_the_window_and_in_their_range(frames in 10usize..500, draw: u64) {
        for list in [Augmentation::TimeMask(0.1..=0.4), Augmentation::SmoothMask(0.1..=0.4), Augmentation::CropResize(0.1..=0.4)] {
            let mut augmenter = Augmenter::new(always(vec![list]), shape(frames, 1), 3);
            augmenter.view(&mut wave(frames), None, draw, 0);
            let (Drawn::TimeMask { start, length } | Drawn::SmoothMask { start, length } | Drawn::CropResize { start, kept: length }) = augmenter.drawn()[0] else {
                return Err(TestCaseError::fail("another augmentation"));
            };
            prop_assert!(start + length <= frames);
            prop_assert!((0.1 * frames as f64 - 0.5..=(0.4 * frames as f64 + 0.5).max(2.0)).contains(&(length as f64)), "{length} of {frames}");
        }
    }

    #[test]
    fn a_permutation_loses_and_doubles_no_frame(frames in 1usize..100, segments in 1usize..=64, key: [u32; 2]) {
        let window: Vec<f32> = (0..2 * frames).map(|i| i as f32).collect();
        let mut view = applied(Drawn::Permutation { segments, key: Key(key) }, &window, shape(frames, 2));
        let jumps = view.windows(2).filter(|pair| pair[1] != pair[0] + 1.0).count();
        prop_assert!(jumps < segments);
        view.sort_by(f32::total_cmp);
        prop_assert_eq!(view, window);
    }

    #[test]
    fn a_shuffle_moves_whole_channels(channels in 1usize..40, probability in 0.0f32..=1.0, key: [u32; 2]) {
        let window: Vec<f32> = (0..5 * channels).map(|i| i as f32).collect();
        let view = applied(Drawn::ChannelShuffle { probability, key: Key(key) }, &window, shape(5, channels));
        let mut order: Vec<f32> = view[..channels].to_vec();
        for (frame, first) in view.chunks(channels).zip([0.0, 1.0, 2.0, 3.0, 4.0]) {
            prop_assert!(frame.iter().zip(&order).all(|(v, from)| *v == from + first * channels as f32));
        }
        order.sort_by(f32::total_cmp);
        prop_assert_eq!(&order, &window[..channels]);
    }
}

#[test]
fn views_differ_by_view_by_draw_and_by_seed() {
    for preset in [Preset::Eeg, Preset::Ecog, Preset::Sleep, Preset::Seed] {
        let view = |seed, draw, which| {
            let mut view = wave(2048);
            Augmenter::new(preset.steps(), shape(512, 4), seed).view(&mut view, None, draw, which);
            view
        };
        let views = [view(1, 5, 0), view(1, 5, 1), view(1, 6, 0), view(2, 5, 0), wave(2048)];
        for (place, one) in views.iter().enumerate() {
            assert!(views[place + 1..].iter().all(|other| one != other), "{preset:?}, {place}");
        }
    }
}

#[test]
fn a_view_does_not_depend_on_the_views_before_it() {
    let mut worn = Augmenter::new(always(all()), shape(50, 3), 9);
    for draw in 0..20 {
        worn.view(&mut [draw as f32; 150], None, draw, 0);
    }
    let (mut one, mut other) = (wave(150), wave(150));
    worn.view(&mut one, None, 77, 1);
    Augmenter::new(always(all()), shape(50, 3), 9).view(&mut other, None, 77, 1);
    assert_eq!(one, other);
}

#[test]
fn steps_are_used_as_often_as_they_should_be() {
    let list =
        [0.0, 0.1, 0.5, 0.9, 1.0].map(|probability| AugmentationStep { what: Augmentation::SignFlip, probability });
    for step in list {
        let mut augmenter = Augmenter::new(vec![step.clone()], shape(1, 1), 4);
        let mut used = 0;
        for draw in 0..10_000 {
            let mut view = [1.0];
            augmenter.view(&mut view, None, draw, draw % 2);
            assert_eq!(view[0] < 0.0, augmenter.drawn().len() == 1);
            used += augmenter.drawn().len();
        }
        // Five standard errors; none where there is no doubt.
        let spread = (step.probability * (1.0 - step.probability) * 10_000.0).sqrt();
        assert!((used as f32 - step.probability * 10_000.0).abs() <= 5.0 * spread, "{used} of {step:?}");
    }
}

#[test]
fn without_steps_and_without_a_partner_nothing_happens() {
    let mixup = always(vec![Augmentation::Mixup(0.5..=0.5)]);
    for steps in [Preset::None.steps(), mixup.clone()] {
        let mut view = wave(20);
        let mut augmenter = Augmenter::new(steps, shape(10, 2), 1);
        augmenter.view(&mut view, None, 1, 0);
        assert_eq!((view, augmenter.drawn()), (wave(20), &[][..]));
    }
    let mut view = [2.0, 4.0];
    Augmenter::new(mixup, shape(2, 1), 1).view(&mut view, Some(&[0.0, -4.0]), 1, 0);
    assert_eq!(view, [1.0, 0.0]);
}

#[test]
fn numbers_are_drawn_over_the_whole_of_their_range() {
    let mut augmenter = Augmenter::new(always(vec![Augmentation::Amplitude(0.5..=2.0)]), shape(1, 1), 1);
    let mut factors: Vec<f32> = Vec::new();
    for draw in 0..1000 {
        augmenter.view(&mut [1.0], None, draw, 0);
        let Drawn::Amplitude { factor } = augmenter.drawn()[0] else { unreachable!("another augmentation") };
        factors.push(factor);
    }
    factors.sort_by(f32::total_cmp);
    assert!(factors[0] >= 0.5 && factors[0] < 0.51 && factors[999] <= 2.0 && factors[999] > 1.99);
    assert!((factors[500] - 1.25).abs() < 0.1, "{}", factors[500]);
}

#[test]
fn a_surrogate_keeps_the_amplitudes_and_what_channels_share() {
    for frames in [63, 64] {
        let mut window = wave(frames * 3);
        // The third channel is the first one doubled: it stays so.
        window.chunks_mut(3).for_each(|frame| frame[2] = 2.0 * frame[0]);
        let view = applied(Drawn::Surrogate { magnitude: 1.0, key: Key([5, 6]) }, &window, shape(frames, 3));
        for channel in 0..3 {
            for bin in 0..=frames / 2 {
                let (before, after) = (power(&window, 3, channel, bin).sqrt(), power(&view, 3, channel, bin).sqrt());
                assert!((before - after).abs() < 1e-3 * before.max(1.0), "bin {bin} of {frames}: {before}, {after}");
            }
        }
        assert!(view.chunks(3).all(|frame| (frame[2] - 2.0 * frame[0]).abs() < 1e-4));
        let moved: f32 = window.iter().zip(&view).map(|(a, b)| (a - b).powi(2)).sum();
        assert!(moved > 10.0, "{moved}");
    }
}

#[test]
fn a_frequency_shift_moves_a_sine_by_so_many_hertz() {
    let sine: Vec<f32> = (0..128).map(|t| (TAU * 16.0 * t as f32 / 128.0).sin()).collect();
    for (by_hz, bin) in [(2.0, 20), (-3.0, 10)] {
        // Bins are 64 / 128 Hz apart.
        let view = applied(Drawn::FrequencyShift { by_hz }, &sine, shape(128, 1));
        let all: f32 = (0..=64).map(|bin| power(&view, 1, 0, bin)).sum();
        assert!(power(&view, 1, 0, bin) > 0.999 * all, "{by_hz} Hz");
    }
}

#[test]
fn a_band_stop_takes_its_band_and_nothing_else() {
    let window: Vec<f32> =
        (0..256).flat_map(|t| [10.0, 20.0, 25.0].map(|hz| (TAU * hz * t as f32 / 64.0).sin())).collect();
    let view = applied(Drawn::BandStop { centre_hz: 20.0, width_hz: 4.0 }, &window, shape(256, 3));
    let ratio = |channel: usize, bin: usize| power(&view, 3, channel, bin) / power(&window, 3, channel, bin);
    assert!(ratio(1, 80) < 1e-9, "{}", ratio(1, 80));
    assert!((ratio(0, 40) - 1.0).abs() < 1e-4 && (ratio(2, 100) - 1.0).abs() < 1e-4);
}

#[test]
fn noise_has_the_deviation_that_was_drawn_and_leaves_silent_channels_silent() {
    let window: Vec<f32> = (0..4096).flat_map(|t| [1000.0 + 3.0 * (t as f32 * 0.3).sin(), 0.0]).collect();
    let view = applied(Drawn::Noise { relative: 0.2, key: Key([1, 2]) }, &window, shape(4096, 2));
    let noise: Vec<f32> = window.iter().zip(&view).step_by(2).map(|(a, b)| b - a).collect();
    let deviation = (noise.iter().map(|n| n * n).sum::<f32>() / 4096.0).sqrt();
    let expected = 0.2 * 3.0 / 2.0f32.sqrt();
    assert!((deviation / expected - 1.0).abs() < 0.05, "{deviation} instead of {expected}");
    assert!(view.iter().skip(1).step_by(2).all(|v| *v == 0.0));
}

#[test]
fn dropped_channels_are_silent_and_one_stays() {
    let drawn = Drawn::ChannelDropout { probability: 1.0, kept: 2, key: Key([0, 0]) };
    assert_eq!(applied(drawn, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], shape(2, 3)), [0.0, 0.0, 3.0, 0.0, 0.0, 6.0]);
    let dropped = (0..10_000).filter(|&channel| is_dropped(channel, 0.3, 0, Key([3, 4]))).count();
    assert!(dropped.abs_diff(3000) < 230, "{dropped}");
}

#[test]
fn everything_is_told_in_words() {
    let labels = ["Fp1", "Fp2", "C3"];
    let key = Key([1, 2]);
    let words: Vec<String> = [
        Drawn::Amplitude { factor: 1.125 },
        Drawn::TimeShift { frames: 10, later: false },
        Drawn::TimeMask { start: 64, length: 16 },
        Drawn::ChannelDropout { probability: 1.0, kept: 1, key },
        Drawn::ChannelDropout { probability: 0.0, kept: 1, key },
        Drawn::BandStop { centre_hz: 10.0, width_hz: 4.0 },
        Drawn::FrequencyShift { by_hz: -0.5 },
        Drawn::Mixup { share: 0.25 },
    ]
    .map(|drawn| drawn.in_words(64.0, &labels).to_string())
    .to_vec();
    assert_eq!(
        words,
        [
            "amplitude × 1.12",
            "time shift, 0.156 s earlier",
            "time mask, 0.250 s from 1.000 s",
            "dropped channels, Fp1, C3",
            "dropped channels, none",
            "band stop, 8.0 to 12.0 Hz",
            "frequency shift, -0.50 Hz",
            "mixed with 25 % of another window",
        ]
    );
}
