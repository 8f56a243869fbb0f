//! What holds for a watched stream, whatever it carries.

use super::signals::{Draw, Fault, brain, spoil};
use super::{Figures, Neighbours, Quality, QualitySettings, Reason, Reasons};
use crate::signal::ChannelKind;
use proptest::prelude::*;

fn eeg(channels: usize, rate_hz: f64) -> Quality {
    Quality::new(&vec![ChannelKind::Eeg; channels], rate_hz, QualitySettings::default(), Neighbours::Unknown)
}

/// Feeds frames in blocks of the lengths that `cuts` gives in turn; a gap stands where `gap_at` says.
fn feed(quality: &mut Quality, samples: &[f32], channels: usize, cuts: &[usize], gap_at: usize) {
    let (before, after) = samples.split_at(gap_at * channels);
    for (i, mut rest) in [before, after].into_iter().enumerate() {
        if i == 1 {
            quality.gap(gap_at as u64 + 1000);
        }
        for frames in cuts.iter().cycle() {
            let (now, later) = rest.split_at((frames * channels).min(rest.len()));
            quality.step(now);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
    }
}

/// Everything that can be asked, with figures as bits.
fn all_of(quality: &Quality, channels: usize, frames: u64) -> (Vec<String>, Vec<Vec<u8>>) {
    let told = (0..channels).map(|c| format!("{:?} {:?}", quality.figures(c), quality.reasons()[c])).collect();
    let mut masks = Vec::new();
    let mut row = vec![Reasons::NONE; channels];
    for first in (0..frames).step_by(40) {
        quality.reasons_between(first, first + 40, &mut row);
        masks.push(row.iter().map(|reasons| reasons.bits()).collect());
    }
    masks.push(quality.bad_intervals().iter().map(|&n| n as u8).collect());
    masks.push(vec![quality.changes() as u8, quality.intervals() as u8]);
    (told, masks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_cut_into_blocks_gives_the_same(
        cuts in prop::collection::vec(1usize..300, 1..12),
        (seed, gap_at) in (any::<u32>(), 0usize..1500),
        fast in any::<bool>(),
    ) {
        let (channels, rate_hz) = (6, if fast { 1000.0 } else { 160.0 });
        let frames = if fast { 5000 } else { 1600 };
        let mut samples = brain(channels, rate_hz, frames, seed);
        for (c, fault) in [Fault::NotFinite, Fault::Muscle, Fault::Pops, Fault::OwnNoise].into_iter().enumerate() {
            spoil(&mut samples, channels, c, rate_hz, (frames / 3 + 17 * c, frames * 2 / 3), fault);
        }
        let (mut whole, mut cut) = (eeg(channels, rate_hz), eeg(channels, rate_hz));
        feed(&mut whole, &samples, channels, &[frames], gap_at);
        feed(&mut cut, &samples, channels, &cuts, gap_at);
        let end = frames as u64 + 1000;
        let whole = all_of(&whole, channels, end);
        prop_assert!(whole.1.iter().flatten().any(|&bits| bits != 0), "something was found");
        prop_assert_eq!(whole, all_of(&cut, channels, end));
    }

    #[test]
    fn nothing_panics_and_no_figure_is_nan(
        bits in prop::collection::vec(any::<u32>(), 1..60),
        scale in prop::sample::select(vec![1e-30f32, 1.0, 1e20, f32::MAX]),
        rate_hz in prop::sample::select(vec![0.0, -5.0, f64::NAN, f64::INFINITY, 0.01, 1.0, 7.3, 100.0, 999.41, 2048.0]),
        channels in 0usize..7,
        kinds in prop::collection::vec(0usize..7, 7),
        block in 1usize..2000,
        wild in any::<bool>(),
    ) {
        use ChannelKind::{Ecg, Ecog, Eeg, Emg, Eog, Other, Trigger};
        let kinds: Vec<ChannelKind> =
            kinds.iter().map(|&k| [Eeg, Ecog, Eog, Emg, Ecg, Trigger, Other][k]).take(channels).collect();
        let settings = QualitySettings { line_hz: wild.then_some(f64::NAN), ..QualitySettings::default() };
        let mut quality = Quality::new(&kinds, rate_hz, settings, Neighbours::Positions(&[[f32::NAN, 0.0], [0.0, 1.0]]));
        let mut draw = Draw(bits[0]);
        let samples: Vec<f32> = (0..4200 * channels.max(1))
            .map(|i| if wild { f32::from_bits(bits[i % bits.len()].wrapping_mul(i as u32 | 1)) } else { draw.even() as f32 * scale })
            .collect();
        for (i, block) in samples.chunks(block).enumerate() {
            quality.step(block);
            if i == 3 {
                quality.gap(u64::MAX / 2);
            }
        }
        for c in 0..channels + 1 {
            let Figures {
                peak_to_peak_uv, rms_uv, railed_share, not_finite_share, line_ratio, line_hz, muscle_ratio,
                largest_step_uv, jump_ratio, correlation,
            } = quality.figures(c);
            let shown = [peak_to_peak_uv, rms_uv, railed_share, Some(not_finite_share), line_ratio, line_hz,
                muscle_ratio, largest_step_uv, jump_ratio, correlation];
            prop_assert!(shown.iter().flatten().all(|v| v.is_finite()), "{:?}", shown);
        }
    }
}

/// Runs a fault from 10 s to 20 s in channel 2, and says when it was found, when it was over, and for which reasons.
fn course(rate_hz: f64, fault: Fault) -> (f64, f64, Reasons) {
    let (channels, seconds, at) = (8, 32.0, |s: f64| (s * rate_hz) as usize);
    let mut samples = brain(channels, rate_hz, at(seconds), 5);
    spoil(&mut samples, channels, 2, rate_hz, (at(10.05), at(20.05)), fault);
    let mut quality = eeg(channels, rate_hz);
    let (mut found, mut last, mut why) = (f64::INFINITY, 0.0, Reasons::NONE);
    for (t, frame) in samples.chunks_exact(channels).enumerate() {
        quality.step(frame);
        for (c, reasons) in quality.reasons().iter().enumerate().filter(|(_, reasons)| !reasons.is_empty()) {
            assert_eq!(c, 2, "{fault:?} at {rate_hz} Hz: {reasons} at {} s", t as f64 / rate_hz);
            found = found.min(t as f64 / rate_hz);
            last = t as f64 / rate_hz;
            why |= *reasons;
        }
        let (is_good, in_fault) = (quality.good()[2], (at(12.05)..at(20.05)).contains(&t));
        assert!(!(is_good && in_fault), "{fault:?} at {rate_hz} Hz: good at {} s", t as f64 / rate_hz);
    }
    (found - 10.05, last - 20.05, why)
}

#[test]
fn each_fault_is_found_within_two_seconds_and_over_within_four() {
    for rate_hz in [160.0, 250.0, 512.0, 999.41, 2048.0] {
        for (fault, reason) in Fault::ALL.into_iter().zip([
            Reason::Flat,
            Reason::Railed,
            Reason::NotFinite,
            Reason::LineNoise,
            Reason::Muscle,
            Reason::Jumps,
            Reason::Uncorrelated,
        ]) {
            let (found, over, why) = course(rate_hz, fault);
            assert!(why.has(reason), "{fault:?} at {rate_hz} Hz: {why}");
            assert!((0.0..=2.0).contains(&found), "{fault:?} at {rate_hz} Hz is found after {found} s");
            assert!((1.0..=4.1).contains(&over), "{fault:?} at {rate_hz} Hz is over after {over} s");
        }
    }
}

#[test]
fn a_healthy_stream_is_good_throughout() {
    for (channels, rate_hz) in [(1, 128.0), (2, 250.0), (19, 256.0), (70, 500.0)] {
        let mut quality = eeg(channels, rate_hz);
        quality.step(&brain(channels, rate_hz, (20.0 * rate_hz) as usize, 77));
        assert_eq!(quality.bad_intervals().iter().sum::<u64>(), 0, "{channels} at {rate_hz}: {quality:?}");
        assert_eq!((quality.intervals(), quality.changes()), (40, 0));
        assert_eq!(quality.figures(0).correlation.is_some(), channels > 3, "three partners are needed");
        assert!(quality.figures(0).muscle_ratio.is_some_and(|ratio| ratio < 1.0), "{:?}", quality.figures(0));
    }
}

#[test]
fn every_kind_is_judged_by_what_it_can_be_judged_by() {
    use ChannelKind::{Ecg, Ecog, Eeg, Emg, Eog, Other, Trigger};
    let kinds = [Eeg, Ecog, Eog, Emg, Ecg, Trigger, Other];
    let mut quality = Quality::new(&kinds, 250.0, QualitySettings::default(), Neighbours::Unknown);
    quality.step(&vec![3.0; 7 * 250]);
    assert_eq!(quality.good(), [false, false, false, false, false, true, true], "a trigger may rest");
    let mut draw = Draw(3);
    let white: Vec<f32> = (0..1000).flat_map(|_| [(40.0 * draw.normal()) as f32; 7]).collect();
    let mut quality = Quality::new(
        &kinds,
        250.0,
        QualitySettings { muscle_ratio: super::Threshold { enter: 3.0, leave: 1.0 }, ..QualitySettings::default() },
        Neighbours::Unknown,
    );
    quality.step(&white);
    assert_eq!(quality.good(), [false, false, true, true, true, true, true], "muscle is what EMG is for");
    quality.step(&[f32::NAN; 7]);
    let mut row = [Reasons::NONE; 7];
    quality.reasons_between(1000, 1001, &mut row);
    assert!(row.iter().all(|reasons| reasons.has(Reason::NotFinite)), "known before the interval is over: {row:?}");
}

#[test]
fn a_gap_leaves_verdicts_and_starts_measures_afresh() {
    let (channels, rate_hz) = (4, 200.0);
    let mut samples = brain(channels, rate_hz, 2000, 9);
    spoil(&mut samples, channels, 1, rate_hz, (1500, 2000), Fault::Flat);
    let mut quality = eeg(channels, rate_hz);
    quality.step(&samples);
    assert_eq!(quality.good(), [true, false, true, true]);
    quality.gap(50_000);
    // A recording that begins far from where it ended, in pieces too short to be judged.
    let mut moved = brain(channels, rate_hz, 2000, 10);
    moved.iter_mut().for_each(|v| *v += 3000.0);
    let before = quality.intervals();
    for piece in 0..20u64 {
        quality.step(&moved[..99 * channels]);
        quality.gap(50_000 + 1000 * piece);
    }
    assert_eq!((quality.intervals(), quality.good()), (before, &[true, false, true, true][..]));
    let first = 100_000;
    quality.gap(first);
    assert!(!quality.step(&moved[..99 * channels]) && quality.step(&moved[99 * channels..100 * channels]));
    assert!(quality.figures(0).jump_ratio.is_some_and(|ratio| ratio < 15.0), "a gap is no jump");
    assert_eq!((quality.figures(0).rms_uv, quality.figures(0).correlation), (None, None));
    quality.step(&moved[100 * channels..]);
    assert_eq!(quality.good(), [true; 4]);
    let mut row = [Reasons::NONE; 4];
    let mut bad_at = |from: u64, to: u64| {
        quality.reasons_between(from, to, &mut row);
        row.map(|reasons| !reasons.is_empty())
    };
    let (bad, good) = ([false, true, false, false], [false; 4]);
    assert_eq!((bad_at(0, 1500), bad_at(1300, 1700)), (good, bad));
    assert_eq!((bad_at(1999, 2000), bad_at(2000, 49_000)), (bad, good), "nothing is known of frames that never came");
    assert_eq!((bad_at(first, first + 100), bad_at(first + 1000, first + 2000)), (bad, good));
}

#[test]
fn where_channels_share_nothing_none_is_blamed_for_it() {
    let rate_hz = 250.0;
    let streams: Vec<Vec<f32>> = (0..12).map(|c| brain(1, rate_hz, 5000, 1000 + c)).collect();
    let frames: Vec<f32> = (0..5000).flat_map(|t| streams.iter().map(move |s| s[t])).collect();
    let (mut quality, mut strict) = (
        eeg(12, rate_hz),
        Quality::new(
            &[ChannelKind::Eeg; 12],
            rate_hz,
            QualitySettings { correlation_typical: 0.0, ..QualitySettings::default() },
            Neighbours::Unknown,
        ),
    );
    quality.step(&frames);
    strict.step(&frames);
    assert_eq!(quality.bad_intervals(), [0; 12]);
    assert!(quality.figures(3).correlation.is_some_and(|r| r < 0.7), "it is shown all the same");
    assert!(strict.bad_intervals().iter().sum::<u64>() > 50, "they are as different as that");
}

#[test]
fn bits_say_what_flags_say() {
    let channels = 130;
    let mut samples = brain(channels, 160.0, 800, 4);
    for c in [0, 63, 64, 129] {
        spoil(&mut samples, channels, c, 160.0, (400, 800), Fault::Flat);
    }
    let mut quality = eeg(channels, 160.0);
    quality.step(&samples);
    let from_bits: Vec<bool> = (0..channels).map(|c| quality.bad_bits()[c / 64] >> (c % 64) & 1 == 0).collect();
    assert_eq!(from_bits, quality.good());
    assert_eq!(quality.good().iter().filter(|good| !**good).count(), 4);
    assert_eq!(quality.changes(), 4);
}
