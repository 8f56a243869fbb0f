//! `export`: the encoder of a run as a folder.

use super::program::{Desk, SMALL, bundled};
use neurostream::learn::{Checkpoint, Model, parameters};

#[test]
fn a_model_holds_the_encoder_of_the_newest_checkpoint_and_replaces_nothing() {
    let desk = Desk::new();
    let config = desk.write("config.toml", format!("[source]\nreplay = \"{}\"\n", bundled()));
    let spatial = ["--set", "model.encoder=spatial-conv"];
    let short = ["--speed", "max", "--duration", "8", "--checkpoint", "checkpoints"];
    desk.run(&[&["run", &config][..], &SMALL, &spatial, &short].concat()).ends_with(0);
    let said = desk.run(&["export", &config, "model", "--checkpoint", "checkpoints"]).ends_with(0);
    assert!(said.out.starts_with("model: encoder spatial-conv of checkpoints/run-0001/step-"), "{said:?}");
    let model = Model::load(&desk.path("model")).unwrap();
    let (_, checkpoint) = Checkpoint::newest(&desk.path("checkpoints")).unwrap();
    let weight = |name: &str, all: &[parameters::Named]| {
        all.iter().find(|named| named.name.ends_with(name)).map(|named| named.values.clone()).unwrap()
    };
    let served: Vec<_> =
        checkpoint.learnt.tensors.into_iter().filter(|t| t.name.starts_with("served.online.")).collect();
    assert_eq!(weight("spatial.weight", &model.weights), weight("spatial.weight", &served));
    assert_eq!((model.card.channels.len(), model.card.rate_hz), (16, 256.0));
    let before = desk.listing();
    desk.run(&["export", &config, "model", "--checkpoint", "checkpoints"]).refuses(1, &["model", "already"]);
    desk.run(&["export", &config, "other", "--checkpoint", "nothing"]).refuses(1, &["there is no checkpoint"]);
    assert_eq!(desk.listing(), before);
}
