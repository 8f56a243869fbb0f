//! Patches, masks, and the loss on what is hidden.

use super::case::{Case, family, values};
use burn::tensor::Tensor;
use neurostream::learn::loss::{self, Masking};
use neurostream::learn::nn;

#[test]
fn masked_autoencoders_masks_losses_and_gradients() {
    for case in family("mae").unwrap_or_default() {
        let size = |name: &str| case.param(name) as usize;
        let (patches, patch) = (size("N"), size("patch"));
        assert_eq!(Masking::seen(patches, case.param("mask_ratio")), size("len_keep"), "{}", case.name());
        let masking = Masking::of_noise(&case.singles("inputs", "noise"), patches, size("len_keep"));
        let places = |name: &str| case.places("expected", name);
        assert_eq!(masking.shuffled, places("ids_shuffle"), "{}", case.name());
        assert_eq!(masking.places, places("ids_restore"), "{}", case.name());
        assert_eq!(masking.kept().collect::<Vec<_>>(), places("ids_keep"), "{}", case.name());
        let hidden = masking.hidden();
        let want: Vec<bool> = places("mask_1_is_masked").into_iter().map(|v| v == 1).collect();
        assert_eq!(hidden, want, "{}", case.name());

        check_loss(&case, patch, &hidden);
        check_restored(&case, &masking);
    }
}

fn check_loss(case: &Case, patch: usize, hidden: &[bool]) {
    // The reference lies [B, C, T], and its patches [C, patch]; ours are [patch, C].
    let (x, predicted) = (case.input::<3>("x").detach().swap_dims(1, 2), case.input::<3>("pred"));
    let ([rows, _, channels], [_, patches, values_of_patch]) = (x.dims(), predicted.dims());
    let ours = predicted.clone().reshape([rows, patches, channels, patch]).swap_dims(2, 3);
    let mut target = nn::patches(x, patch);
    if case.0["params"]["norm_pix"] == true {
        target = loss::normalised(target);
    }
    let loss = loss::masked_patches(ours.reshape([rows, patches, values_of_patch]), target, hidden);
    case.check_loss(f64::from(loss.clone().into_scalar::<f32>()), case.number("expected", "loss"));
    let gradients = loss.backward();
    case.check_tensor("pred", &values(predicted.grad(&gradients).unwrap()), &case.values("grads", "pred"));
}

fn check_restored(case: &Case, masking: &Masking) {
    let (visible, token) = (case.input::<3>("visible_tokens"), case.input::<1>("mask_token"));
    let restored = loss::restored(visible.clone(), token.clone(), masking);
    case.check_tensor("restored", &values(restored.clone()), &case.values("expected", "restored"));
    let again: Tensor<3> = masking.visible(restored.clone());
    assert_eq!(values(again), values(visible.clone()), "{}: what was seen comes back", case.name());
    let gradients = (restored * case.input::<3>("upstream_G").detach()).sum().backward();
    let want = |name: &str| case.values("grads", &format!("{name}_for_sum_restored_times_G"));
    case.check_tensor("tokens", &values(visible.grad(&gradients).unwrap()), &want("visible_tokens"));
    case.check_tensor("mask token", &values(token.grad(&gradients).unwrap()), &want("mask_token"));
}
