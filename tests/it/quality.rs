//! Quality of channels on real recordings: scalp EEG is mostly good, and what is done to it is found in time.
//!
//! Owns nothing. Invariant: a recording is read as it is; faults are planted here, within the range that is said.

use crate::cli::program::{bundled, recordings};
use neurostream::dsp::quality::{Neighbours, Quality, QualitySettings, Reason, Reasons};
use neurostream::signal::{Block, Channel, Stamp};
use neurostream::source::{Progress, ReplaySource, Selection, Source};
use std::path::Path;

/// What became of the channels of a recording.
struct Judged {
    /// Share of intervals in which each channel was bad.
    shares: Vec<f64>,
    /// Everything that was ever wrong with each.
    why: Vec<Reasons>,
    /// When each channel was bad, in seconds: the ends of intervals.
    bad_at: Vec<Vec<f64>>,
    labels: Vec<String>,
}

impl Judged {
    fn mean(&self) -> f64 {
        self.shares.iter().sum::<f64>() / self.shares.len() as f64
    }

    /// The channels that were bad in more than this share of intervals.
    fn worse_than(&self, share: f64) -> Vec<&str> {
        self.labels.iter().zip(&self.shares).filter(|(_, s)| **s > share).map(|(label, _)| label.as_str()).collect()
    }
}

/// Judges a recording in which `fault(second, channel, sample)` may change samples.
fn judged(path: &Path, fault: impl Fn(f64, usize, f32) -> f32) -> Judged {
    let mut source = ReplaySource::open(path, &Selection::default(), None, 0.1, false).unwrap();
    let (montage, rate_hz) = (source.facts().montage.clone(), source.facts().rate_hz);
    let kinds: Vec<_> = montage.channels.iter().map(|channel: &Channel| channel.kind).collect();
    let mut quality = Quality::new(&kinds, rate_hz, QualitySettings::default(), Neighbours::Unknown);
    let (mut why, mut bad_at) = (vec![Reasons::NONE; kinds.len()], vec![Vec::new(); kinds.len()]);
    let (mut block, mut events) = (Block::default(), Vec::new());
    loop {
        block.clear();
        if source.step(Stamp(0.0), &mut block, &mut events).unwrap() != Progress::Frames {
            break;
        }
        for (t, frame) in block.samples.chunks_exact_mut(kinds.len()).enumerate() {
            let second = (block.first + t as u64) as f64 / rate_hz;
            frame.iter_mut().enumerate().for_each(|(c, sample)| *sample = fault(second, c, *sample));
            if quality.step(frame) {
                for (c, reasons) in quality.reasons().iter().enumerate().filter(|(_, reasons)| !reasons.is_empty()) {
                    why[c] |= *reasons;
                    bad_at[c].push(second);
                }
            }
        }
    }
    let intervals = quality.intervals() as f64;
    assert!(intervals > 10.0, "{}", path.display());
    let shares = quality.bad_intervals().iter().map(|&bad| bad as f64 / intervals).collect();
    Judged { shares, why, bad_at, labels: montage.labels().map(str::to_owned).collect() }
}

fn as_it_is(path: &Path) -> Judged {
    judged(path, |_, _, sample| sample)
}

#[test]
fn scalp_eeg_of_two_laboratories_is_mostly_good() {
    let (Some(edf), Some(labelled)) = (recordings("edf"), recordings("labelled")) else { return };
    for run in ["S001R03", "S001R04", "S001R05", "S001R06"] {
        let found = as_it_is(&edf.join(format!("eegmmidb-S001/{run}.edf")));
        assert!(found.mean() < 0.1, "{run}: {:.3}, {:?}", found.mean(), found.worse_than(0.3));
    }
    // Recordings of mental arithmetic, from which artefacts were taken out by hand; a channel was zeroed here and there.
    let mut shares = Vec::new();
    for subject in 0..24 {
        let found = as_it_is(&labelled.join(format!("eegmat/Subject{subject:02}_1.edf")));
        let why = found.why.iter().fold(Reasons::NONE, |all, reasons| all | *reasons);
        assert!(!why.has(Reason::LineNoise) && !why.has(Reason::NotFinite), "subject {subject}: {why}");
        shares.push(found.mean());
    }
    assert!(shares.iter().all(|share| *share < 0.15), "{shares:.3?}");
    assert_eq!(as_it_is(Path::new(&bundled())).mean(), 0.0, "nothing is wrong with a synthetic brain");
}

#[test]
fn occipital_muscle_of_people_who_look_at_flickering_lights_is_found() {
    let Some(labelled) = recordings("labelled") else { return };
    let of = |name: &str| as_it_is(&labelled.join(format!("ssvep-exo/{name}.edf")));
    assert!(of("subject08_2013.04.06-16.29.18").mean() < 0.02);
    let tense = of("subject06_2012.07.20-12.20.55");
    let worst = tense.worse_than(0.4);
    assert!(worst.contains(&"Oz") && worst.contains(&"PO8") && tense.mean() < 0.4, "{worst:?}");
    assert!(tense.why.iter().filter(|reasons| reasons.has(Reason::Muscle)).count() >= 3);
}

#[test]
fn a_grid_is_not_condemned_and_held_values_are() {
    let Some(edf) = recordings("edf") else { return };
    let ecog = as_it_is(&edf.join("mne-misc-data/sample_ecog.edf"));
    assert!(ecog.mean() < 0.35, "{:.3}, {:?}", ecog.mean(), ecog.worse_than(0.5));
    // One value a second, held: whatever its numbers mean, they are no EEG.
    let held = as_it_is(&edf.join("eeglab/test.edf"));
    assert!(held.mean() > 0.95 && held.why.iter().all(|reasons| reasons.has(Reason::Flat)), "{:?}", held.why);
}

#[test]
fn faults_planted_into_real_eeg_are_found_within_two_seconds_and_a_half() {
    let Some(edf) = recordings("edf") else { return };
    let path = edf.join("eegmmidb-S001/S001R03.edf");
    let clean = as_it_is(&path);
    // A channel that is good all round the fault, so that what is found was planted.
    let is_good = |bad_at: &Vec<f64>| !bad_at.iter().any(|s| (36.0..46.0).contains(s));
    let c = clean.bad_at.iter().position(is_good).unwrap();
    let noise = |s: f64| 2.0 * ((s * 9973.0).sin() * 43_758.547).fract() as f32;
    let wave = |s: f64, hz: f64| (std::f64::consts::TAU * hz * s).sin() as f32;
    type Fault<'a> = &'a dyn Fn(f64, f32) -> f32;
    let faults: [(Reason, Fault<'_>); 6] = [
        (Reason::Flat, &|_, _| 17.0),
        (Reason::Railed, &|s, v| (v + 2000.0 * wave(s, 3.0)).clamp(-500.0, 500.0)),
        (Reason::NotFinite, &|_, _| f32::NAN),
        (Reason::LineNoise, &|s, v| v + 400.0 * wave(s, 60.0)),
        (Reason::Muscle, &|s, v| v + 120.0 * noise(s)),
        (Reason::Jumps, &|s, v| v + if s % 2.0 < 1.0 { 900.0 } else { 0.0 }),
    ];
    for (reason, fault) in faults {
        let found = judged(&path, |s, channel, v| if channel == c && s >= 40.2 { fault(s, v) } else { v });
        let at = found.bad_at[c].iter().copied().find(|s| *s >= 40.2).unwrap_or(f64::INFINITY);
        assert!(found.why[c].has(reason) && (40.2..42.7).contains(&at), "{reason:?}: {} at {at} s", found.why[c]);
        // Others are judged as before, but by whom they resemble.
        let changed = (0..64).filter(|&other| other != c && (found.shares[other] - clean.shares[other]).abs() > 0.05);
        assert!(changed.count() <= 2, "{reason:?}");
    }
}
