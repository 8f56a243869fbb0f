//! Model folders and PyTorch: what is exported loads there, and what was trained there loads here.
//!
//! Needs a Python with `torch`, `numpy` and `safetensors`, several gigabytes, so it runs by name only. Invariant:
//! embeddings agree to 1e-5 of the largest.

use super::program::{CRATE, Desk, SMALL, bundled};
use neurostream::learn::nn::Compute;
use neurostream::learn::{Architecture, Model};
use std::process::Command;

/// Embeds windows as both sides see them, then halves all weights of the head and writes them back.
const PEER: &str = r#"
import hashlib, json, sys
import torch
from safetensors.torch import load_file, save_file
sys.path.insert(0, sys.argv[1])
from load_encoder import load
folder, x = sys.argv[2], torch.tensor(json.load(open("windows.json")))
embed = lambda: load(folder)[1](x).tolist()
before = embed()
weights = load_file(f"{folder}/encoder.safetensors")
old = hashlib.sha256(open(f"{folder}/encoder.safetensors", "rb").read()).hexdigest()
weights = {name: w.contiguous() / 2 if name.startswith("head") else w.contiguous() for name, w in weights.items()}
save_file(weights, f"{folder}/encoder.safetensors")
new = hashlib.sha256(open(f"{folder}/encoder.safetensors", "rb").read()).hexdigest()
card = open(f"{folder}/card.toml").read()
assert old in card
open(f"{folder}/card.toml", "w").write(card.replace(old, new))
print(json.dumps([before, embed()]))
"#;

fn same(what: &str, here: &[Vec<f32>], there: &[Vec<f32>]) {
    assert_eq!(here.len(), there.len(), "{what}");
    let largest = here.iter().flatten().fold(0.0f32, |a, b| a.max(b.abs()));
    for (a, b) in here.iter().flatten().zip(there.iter().flatten()) {
        assert!((a - b).abs() <= 1e-5 * largest.max(1.0), "{what}: {a} here, {b} there");
    }
}

#[test]
#[ignore = "needs PyTorch: NEUROSTREAM_TORCH=PYTHON cargo test --test it torch -- --ignored"]
fn a_model_embeds_the_same_in_pytorch_and_comes_back_from_there() {
    let python = std::env::var_os("NEUROSTREAM_TORCH").expect("NEUROSTREAM_TORCH names a Python with torch");
    for encoder in Architecture::WORDS {
        let desk = Desk::new();
        let config = desk.write("config.toml", format!("[source]\nreplay = \"{}\"\n", bundled()));
        let choice = format!("model.encoder={encoder}");
        let run = ["--set", &choice, "--speed", "max", "--duration", "12", "--checkpoint", "checkpoints"];
        desk.run(&[&["run", &config][..], &SMALL, &run].concat()).ends_with(0);
        desk.run(&["export", &config, "model", "--checkpoint", "checkpoints"]).ends_with(0);

        let model = Model::load(&desk.path("model")).unwrap();
        let channels = model.card.channels.len();
        let mut windows: Vec<f32> = (0..3 * model.card.window * channels).map(|i| (i as f32 * 0.37).sin()).collect();
        // One window misses a channel.
        windows[..model.card.window * channels].iter_mut().skip(1).step_by(channels).for_each(|v| *v = 0.0);
        let rows: Vec<&[f32]> = windows.chunks_exact(model.card.window * channels).collect();
        let nested: Vec<Vec<&[f32]>> = rows.iter().map(|row| row.chunks_exact(channels).collect()).collect();
        desk.write("windows.json", serde_json::to_string(&nested).unwrap());
        let embedded = || -> Vec<Vec<f32>> {
            let encoder = Model::load(&desk.path("model")).unwrap().encoder(Compute::default()).unwrap();
            rows.iter().map(|row| encoder.embed(row.to_vec(), channels)).collect()
        };

        let before = embedded();
        let script = desk.write("peer.py", PEER);
        let docs = format!("{CRATE}/docs");
        let peer = Command::new(&python).args([&script, &docs, "model"]).current_dir(desk.path("")).output().unwrap();
        assert!(peer.status.success(), "{encoder}: {}", String::from_utf8_lossy(&peer.stderr));
        let [of_before, of_after]: [Vec<Vec<f32>>; 2] = serde_json::from_slice(&peer.stdout).unwrap();
        same(&format!("{encoder}, exported"), &before, &of_before);
        let after = embedded();
        same(&format!("{encoder}, from PyTorch"), &after, &of_after);
        assert_ne!(before, after, "{encoder}: the weights were changed");
    }
}
