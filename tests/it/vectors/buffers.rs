//! What makes room in a replay memory.

use super::case::family;
use neurostream::learn::replay::{Reservoir, polyak, redundant};

#[test]
fn replay_policies() {
    for case in family("buffers").unwrap_or_default() {
        if case.has("inputs", "features_unit") {
            let d = case.shape("inputs", "features_unit")[1];
            let gone = redundant(&case.singles("inputs", "features_unit"), d, case.param("n_remove") as usize);
            assert_eq!(gone, case.places("expected", "removed_in_order"), "{}", case.name());
        } else if case.has("inputs", "f") {
            let d = case.shape("inputs", "f")[1];
            let (mut old, new) = (case.singles("inputs", "f"), case.singles("inputs", "z"));
            for (old, new) in old.chunks_exact_mut(d).zip(new.chunks_exact(d)) {
                polyak(old, new, case.param("gamma") as f32);
            }
            case.check_tensor("features", &old, &case.values("expected", "f_after"));
        } else {
            let capacity = case.param("capacity") as usize;
            let (mut reservoir, mut held) = (Reservoir::new(capacity), vec![0; capacity]);
            let mut at_19 = None;
            for (number, u) in case.values("inputs", "u").into_iter().enumerate() {
                if let Some(place) = reservoir.place(u) {
                    held[place] = number;
                }
                at_19 = if number == 19 { Some(held.clone()) } else { at_19 };
            }
            assert_eq!(held, case.places("expected", "final_slots"), "{}", case.name());
            if case.has("expected", "slots_at_t19") {
                assert_eq!(at_19.unwrap(), case.places("expected", "slots_at_t19"), "{}", case.name());
            }
        }
    }
}
