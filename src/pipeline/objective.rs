//! The objective that a configuration asks for, on windows of a stream.
//!
//! Pure. Invariant: values were checked before (`pipeline::validate`); what depends on the stream's rate, on the window's
//! length and on the memory is checked here, all of it at once.

use super::plan::frames;
use crate::config::{Config, Problem};
use crate::learn::nn::{Backend, Compute, Kernels};
use crate::learn::{
    AutoencoderSettings, CpcNegatives, EncoderShape, Forecast, MaskSettings, MaskTarget, Method, MixupKeys,
    MixupSettings, ObjectiveSettings, Schedule,
};

/// The objective on windows of `window` frames at `rate_hz`.
pub(super) fn objective(config: &Config, encoder: EncoderShape, window: usize, rate_hz: f64) -> ObjectiveSettings {
    let train = &config.train;
    let method = Method::ALL.into_iter().find(|m| m.word() == train.method).unwrap_or(Method::Byol);
    let negatives = CpcNegatives::ALL.into_iter().find(|n| n.word() == train.negatives);
    let forecast = Forecast::ALL.into_iter().find(|f| f.word() == train.forecast.predict);
    let keys = MixupKeys::ALL.into_iter().find(|k| k.word() == train.mixup.keys).unwrap_or(MixupKeys::Batch);
    let patch = frames(config.model.patch_s, rate_hz).max(1);
    let (mae, masked) = (&train.mae, &train.masked);
    let target = |word: &String| MaskTarget::ALL.into_iter().find(|target| target.word() == word).unwrap_or_default();
    let span = frames(masked.span_s, rate_hz).div_ceil(patch).max(1);
    ObjectiveSettings {
        method,
        encoder,
        compute: compute(config),
        seed: config.seed,
        schedule: Schedule {
            learning_rate: train.learning_rate,
            warmup_steps: train.warmup_steps,
            weight_decay: train.weight_decay,
            ..Schedule::default()
        },
        momentum: train.momentum as f32,
        temperature: train.temperature.map(|temperature| temperature as f32),
        queue: train.queue,
        near_frames: (2 * window).max(frames(5.0, rate_hz)) as u64,
        pieces: train.pieces,
        ahead: train.ahead,
        negatives: negatives.unwrap_or(CpcNegatives::SameTime),
        patch,
        mae: MaskSettings { hidden: mae.hidden, target: target(&mae.target), normalise: mae.normalise, span: 1 },
        masked: MaskSettings {
            hidden: masked.hidden,
            target: target(&masked.target),
            normalise: masked.normalise,
            span,
        },
        autoencoder: AutoencoderSettings { latent: train.autoencoder.latent, noise: train.autoencoder.noise as f32 },
        mixup: MixupSettings { alpha: train.mixup.alpha, share_weight: train.mixup.share_weight as f32, keys },
        forecast: forecast.unwrap_or(Forecast::Latent),
        order_near: frames(train.order.near_s, rate_hz) as u64,
        order_far: frames(train.order.far_s, rate_hz) as u64,
    }
}

/// What makes the method's task what it is, by key: a checkpoint that was made with other values is of another task.
pub(super) fn settings(config: &Config, objective: &ObjectiveSettings) -> Vec<(String, String)> {
    let train = &config.train;
    let (mae, masked, order, mixup) = (&train.mae, &train.masked, &train.order, &train.mixup);
    let temperature = match (objective.method, objective.temperature) {
        (Method::Cpc, None) => "none".to_owned(),
        _ => objective.temperature().to_string(),
    };
    let temperature = ("temperature", temperature);
    let of_method = match objective.method {
        Method::Byol | Method::Transform => vec![],
        Method::Simclr => vec![temperature],
        Method::Moco => vec![temperature, ("queue", train.queue.to_string())],
        Method::Cpc => vec![
            temperature,
            ("pieces", train.pieces.to_string()),
            ("ahead", train.ahead.to_string()),
            ("negatives", train.negatives.clone()),
        ],
        Method::Mae => vec![
            ("mae.hidden", mae.hidden.to_string()),
            ("mae.target", mae.target.clone()),
            ("mae.normalise", mae.normalise.to_string()),
        ],
        Method::Masked => vec![
            ("masked.hidden", masked.hidden.to_string()),
            ("masked.span_s", masked.span_s.to_string()),
            ("masked.target", masked.target.clone()),
            ("masked.normalise", masked.normalise.to_string()),
        ],
        Method::Autoencoder => vec![
            ("autoencoder.latent", train.autoencoder.latent.to_string()),
            ("autoencoder.noise", train.autoencoder.noise.to_string()),
        ],
        Method::Order => vec![("order.near_s", order.near_s.to_string()), ("order.far_s", order.far_s.to_string())],
        Method::Forecast => vec![("forecast.predict", train.forecast.predict.clone())],
        Method::Mixup => vec![
            temperature,
            ("mixup.alpha", mixup.alpha.to_string()),
            ("mixup.share_weight", mixup.share_weight.to_string()),
            ("mixup.keys", mixup.keys.clone()),
        ],
    };
    let hides = matches!(objective.method, Method::Mae | Method::Masked);
    let cuts = hides || objective.method == Method::Forecast && objective.forecast == Forecast::Patch;
    let patch = cuts.then(|| ("model.patch_s".to_owned(), config.model.patch_s.to_string()));
    of_method.into_iter().map(|(key, value)| (format!("train.{key}"), value)).chain(patch).collect()
}

/// Where and by what is computed; the words were checked before.
fn compute(config: &Config) -> Compute {
    let backend = Backend::ALL.iter().find(|backend| backend.word() == config.compute.device);
    let kernels = Kernels::ALL.into_iter().find(|kernels| kernels.word() == config.compute.kernels);
    Compute::new(backend.copied().unwrap_or_default(), kernels.unwrap_or_default())
}

/// What the method cannot do with windows of `window` frames every `hop`, of a stream of `total` frames where that is
/// known.
pub(super) fn problems(
    config: &Config,
    settings: &ObjectiveSettings,
    [window, hop]: [usize; 2],
    rate_hz: f64,
    total: Option<u64>,
) -> Vec<Problem> {
    let mut found = Vec::new();
    let seconds = |frames: usize| frames as f64 / rate_hz;
    let shortest = settings.shortest();
    if window < shortest {
        let allowed = format!("must hold at least {shortest} samples for this model, {:.3} s", seconds(shortest));
        let (key, length) = config.window.length_key();
        found.push(Problem::of(key, length, allowed));
    }
    let (encoder, patch) = (&settings.encoder, settings.patch);
    match settings.method {
        Method::Mae | Method::Masked if !encoder.architecture.is_patch_transformer() && patch < encoder.shortest() => {
            let least = encoder.shortest();
            let allowed = format!("must hold at least {least} samples for this encoder, {:.3} s", seconds(least));
            found.push(Problem::of("model.patch_s", config.model.patch_s, allowed));
        }
        Method::Forecast if settings.forecast == Forecast::Patch && patch > window => {
            let allowed = format!("must not be longer than a window, {:.3} s", seconds(window));
            found.push(Problem::of("model.patch_s", config.model.patch_s, allowed));
        }
        Method::Autoencoder => {
            let (passing, samples) = (settings.autoencoder.passing(encoder, window), window * encoder.channels);
            if passing >= samples {
                let allowed =
                    format!("must make a bottleneck: {passing} numbers would pass for a window of {samples} samples");
                let problem = Problem::of("train.autoencoder.latent", settings.autoencoder.latent, allowed);
                found.push(problem.hint("a smaller `model.embedding` makes it narrower as well"));
            }
        }
        Method::Order => {
            let order = &config.train.order;
            if settings.order_near < 2 * window as u64 {
                let allowed = format!("must be at least two windows, {:.3} s", seconds(2 * window));
                found.push(Problem::of("train.order.near_s", order.near_s, allowed));
            }
            // A window that is far from both of two neighbours, and these.
            let room = (config.train.memory.windows as u64).saturating_mul(hop as u64);
            let room = total.map_or(room, |total| room.min(total)).saturating_sub(3 * window as u64);
            if settings.order_far > room {
                let allowed = format!(
                    "must be less than memory and recording reach back less three windows, {:.3} s",
                    seconds(room as usize)
                );
                found.push(Problem::of("train.order.far_s", order.far_s, allowed).hint("or a larger `train.memory`"));
            }
        }
        _ => {}
    }
    found
}
