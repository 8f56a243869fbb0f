//! Windows round markers against MNE's epochs (`tests/peers/epochs_golden.py`).
//!
//! Owns nothing. Invariant: bounds are equal, samples to a thousandth of a microvolt.

use crate::cli::program::recordings;
use neurostream::ring;
use neurostream::signal::{Block, Stamp};
use neurostream::source::{Progress, ReplaySource, Selection, Source};
use neurostream::window::{Around, Pattern, Span};
use serde_json::Value;

#[test]
fn windows_round_markers_are_those_of_mne() {
    let Some(root) = recordings("edf") else { return };
    let golden: Value = serde_json::from_str(include_str!("golden/epochs.json")).unwrap();
    let path = root.join("eegmmidb-S001/S001R04.edf");
    let mut source = ReplaySource::open(&path, &Selection::default(), None, 0.037, false).unwrap();
    let (channels, rate_hz) = (source.facts().montage.len(), source.facts().rate_hz);
    let (mut writer, mut reader) = ring::frames(channels, rate_hz, 512, 512);
    let (mut says, hears) = ring::markers(16);
    let span = Span { from: -32, length: 160 };
    let mut around = Around::new(span, Pattern::parse("/^T[12]$/").unwrap(), hears);
    let (mut block, mut events, mut window) = (Block::default(), Vec::new(), vec![0.0; span.length * channels]);
    let mut epochs = golden["epochs"].as_array().unwrap().iter();
    assert_eq!(golden["frames"], span.length);
    loop {
        block.clear();
        if source.step(Stamp(0.0), &mut block, &mut events).unwrap() != Progress::Frames {
            break;
        }
        block.markers.drain(..).for_each(|marker| says.push(marker));
        assert_eq!(writer.push(&block.samples, block.first, Stamp(0.0), Stamp(0.0)), block.frames());
        while let Some((passage, marker)) = around.next(&mut reader) {
            let expected = epochs.next().unwrap();
            assert_eq!((&passage.first.into(), &marker.text.into()), (&expected["first"], &expected["text"]));
            passage.copy_to(&mut window);
            for (c, values) in expected["channels"].as_object().unwrap() {
                let of_channel: Vec<f64> =
                    window.iter().skip(c.parse().unwrap()).step_by(channels).map(|&v| v.into()).collect();
                let mean = of_channel.iter().sum::<f64>() / of_channel.len() as f64;
                for (got, expected) in
                    [of_channel[0], of_channel[159], mean].into_iter().zip(values.as_array().unwrap())
                {
                    assert!((got - expected.as_f64().unwrap()).abs() < 1e-3, "channel {c}: {got}, not {expected}");
                }
            }
        }
    }
    assert!(epochs.next().is_none(), "MNE has more");
}
