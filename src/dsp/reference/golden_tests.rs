//! References against those of MNE and NumPy (`tests/peers/reference_golden.py`).

use super::{Deriver, Reference};
use crate::signal::electrode::GridShapes;
use crate::signal::{ChannelKind, Montage};
use serde_json::Value;

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn frames(value: &Value) -> Vec<Vec<f64>> {
    let frame = |frame: &Value| frame.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    value.as_array().unwrap().iter().map(frame).collect()
}

#[test]
fn references_equal_those_of_mne_and_numpy() {
    let golden: Value = serde_json::from_str(include_str!("golden/references.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() >= 16);
    for case in cases {
        let (labels, bad, wanted) = (texts(&case["labels"]), texts(&case["bad"]), texts(&case["out_labels"]));
        let what = format!("{} without {bad:?}", case["reference"]);
        let mut montage = Montage::of_labels(&labels);
        if labels[0] == "G1" {
            montage.channels.iter_mut().for_each(|c| c.kind = ChannelKind::Ecog);
        }
        let montage = montage.located(&GridShapes::new());
        let reference = match case["reference"].as_str() {
            Some(word) => Reference::of_word(word, &[]).unwrap(),
            None => Reference::Named(texts(&case["reference"])),
        };
        let derived = reference.derive(&montage, &GridShapes::new()).unwrap();
        let mut deriver = Deriver::new(derived.derivation.clone());
        deriver.trust(&labels.iter().map(|label| !bad.contains(label)).collect::<Vec<_>>());
        let at: Vec<usize> = wanted.iter().map(|label| derived.montage.find(label).unwrap()).collect();
        let good: Vec<bool> = case["out_good"].as_array().unwrap().iter().map(|good| good.as_bool().unwrap()).collect();
        assert_eq!(at.iter().map(|&i| deriver.good()[i]).collect::<Vec<_>>(), good, "{what}");
        let mut out = vec![f64::NAN; derived.derivation.outputs()];
        for (frame, expected) in frames(&case["frames"]).iter().zip(frames(&case["out"])) {
            deriver.step(frame, &mut out);
            for ((&i, expected), _) in at.iter().zip(expected).zip(&good).filter(|(_, good)| **good) {
                assert!(
                    (out[i] - expected).abs() < 1e-8,
                    "{what}, {}: {}, not {expected}",
                    derived.montage.channels[i].label,
                    out[i]
                );
            }
        }
    }
}
