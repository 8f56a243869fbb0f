//! What can be said against a configuration before the stream is known.
//!
//! Pure. Invariant: all problems, not the first.

use super::{augmentations, metrics, reference};
use crate::config::{Config, ConfigError, Document, Problem, Speed, Streams, TrainConfig};
use crate::dsp::{Limit, Spread};
use crate::learn::nn::card::{self, CardError};
use crate::learn::nn::{Backend, Kernels};
use crate::learn::{Architecture, CpcNegatives, Forecast, MaskTarget, Method, MixupKeys, Policy};
use crate::serve::record::RecordFormat;
use crate::source::Selection;
use crate::window::{Pattern, Preset};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// The configuration in a document.
///
/// # Errors
/// With everything that is wrong with its keys and values.
pub fn configure(document: &Document) -> Result<Config, ConfigError> {
    let (config, mut problems) = document.config();
    let mut wrong = wrong_values(&config);
    // A section of a list that lacks what could not be read is told of once.
    wrong
        .retain(|p| !p.key.ends_with(']') || !problems.iter().any(|told| told.key.starts_with(&format!("{}.", p.key))));
    problems.extend(wrong);
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Problems { path: document.name().to_owned(), problems })
    }
}

/// Rates that a model can have.
const RATES_HZ: RangeInclusive<f64> = 1.0..=100_000.0;

fn wrong_values(config: &Config) -> Vec<Problem> {
    let mut found = Findings(Vec::new());
    found.source(config);
    found.signal(config);
    found.quality(config);
    found.window(config);
    found.model(config);
    found.train(config);
    found.pretrain(config);
    found.teach(config);
    found.novelty(config);
    found.rest(config);
    found.0
}

struct Findings(Vec<Problem>);

impl Findings {
    fn range<T: PartialOrd + Display>(&mut self, key: &str, value: T, range: RangeInclusive<T>) {
        if !range.contains(&value) {
            let allowed = format!("must be from {} to {}", range.start(), range.end());
            self.0.push(Problem::of(key, value, allowed));
        }
    }

    fn word<'a>(&mut self, key: &str, value: &str, words: impl IntoIterator<Item = &'a str>) {
        let words: Vec<&str> = words.into_iter().collect();
        if !words.contains(&value) {
            let allowed = format!("must be {}", alternatives(&words));
            self.0.push(Problem::of(key, format!("\"{value}\""), allowed).meant(value, words));
        }
    }

    fn source(&mut self, config: &Config) {
        let source = &config.source;
        let named =
            usize::from(source.replay.is_some()) + usize::from(source.lsl.is_some()) + usize::from(source.synthetic);
        if named != 1 {
            let problem = Problem::of("source", "", "must have exactly one of `replay`, `lsl` and `synthetic = true`");
            let written = if named == 0 { "none of them is there" } else { "there are several" };
            self.0.push(problem.hint(written));
        }
        if source.lsl.is_none() && !source.markers.is_empty() {
            let allowed = "is for live streams: the annotations of a recording are its markers";
            let written = format!("[\"{}\"]", source.markers.join("\", \""));
            self.0
                .push(Problem::of("source.markers", written, allowed).hint("leave it out, or name a stream in `lsl`"));
        }
        if source.markers.iter().any(|predicate| predicate.trim().is_empty()) {
            let allowed = "must be a name, or a predicate such as type='Markers' and hostname='stimuli'";
            self.0
                .push(Problem::of("source.markers", "\"\"", allowed).hint("`neurostream streams` lists what is there"));
        }
        match source.speed {
            Speed::Times(times) => self.range("source.speed", times, 0.01..=1000.0),
            Speed::Max if source.replay.is_none() && named == 1 => {
                let problem = Problem::of("source.speed", "\"max\"", "is for recordings: a live stream cannot wait");
                self.0.push(problem.hint("leave it out"));
            }
            Speed::Max => {}
        }
        if let Some(Streams(streams)) = &source.lsl
            && (streams.is_empty() || streams.len() > 1 && streams.iter().any(|stream| stream.trim().is_empty()))
        {
            let allowed = "must name each stream that is to be joined";
            self.0.push(Problem::of("source.lsl", format!("{streams:?}"), allowed));
        }
        self.range("source.block_ms", source.block_ms, 0.1..=1000.0);
        self.range("source.wait_s", source.wait_s, 0.0..=3600.0);
    }

    fn signal(&mut self, config: &Config) {
        let signal = &config.signal;
        if signal.rate_hz != 0.0 && !RATES_HZ.contains(&signal.rate_hz) {
            let allowed = format!("must be from {} to {}, or 0", RATES_HZ.start(), RATES_HZ.end());
            self.0.push(Problem::of("signal.rate_hz", signal.rate_hz, allowed).hint("0 is the stream's own rate"));
        }
        self.range("signal.highpass_hz", signal.highpass_hz, 0.0..=100_000.0);
        self.range("signal.lowpass_hz", signal.lowpass_hz, 0.0..=100_000.0);
        self.range("signal.filter_order", signal.filter_order, 1..=8);
        self.range("signal.notch_hz", signal.notch_hz, 0.0..=100_000.0);
        self.range("signal.notch_harmonics", signal.notch_harmonics, 1..=50);
        self.range("signal.notch_q", signal.notch_q, 0.5..=1000.0);
        self.range("signal.scale_s", signal.scale_s, 0.0..=3600.0);
        if config.serve.amplitude && signal.scale_s == 0.0 {
            let allowed = "needs a running scale: without one the model sees microvolts, and no amplitude is taken out";
            self.0.push(Problem::of("serve.amplitude", true, allowed).hint("signal.scale_s is 0"));
        }
        self.word("signal.scale", &signal.scale, Spread::ALL.map(Spread::word));
        self.word("signal.limit", &signal.limit, Limit::ALL.map(Limit::word));
        self.0.extend(Selection::read(signal).err().into_iter().flatten());
        self.0.extend(reference::wrong_values(signal));
        if signal.lowpass_hz > 0.0 && signal.lowpass_hz <= signal.highpass_hz {
            let allowed = format!("must lie above highpass_hz, {}", signal.highpass_hz);
            self.0.push(Problem::of("signal.lowpass_hz", signal.lowpass_hz, allowed));
        }
        if let Some(preset) = &config.augment.preset {
            self.word("augment.preset", preset, Preset::ALL.map(Preset::word));
        }
        self.0.extend(augmentations::wrong_steps(&config.augment));
    }

    fn quality(&mut self, config: &Config) {
        let quality = &config.quality;
        self.range("quality.line_hz", quality.line_hz.unwrap_or(50.0), 1.0..=1000.0);
        self.range("quality.hold_s", quality.hold_s, 0.5..=600.0);
        self.range("quality.flat_uv", quality.flat_uv, 1e-6..=1e6);
        self.range("quality.railed_share", quality.railed_share, 0.0..=1.0);
        self.range("quality.line_ratio", quality.line_ratio, 0.0..=1e6);
        self.range("quality.muscle_ratio", quality.muscle_ratio, 0.0..=1e6);
        self.range("quality.jump_ratio", quality.jump_ratio, 0.0..=1e6);
        self.range("quality.jump_uv", quality.jump_uv, 0.0..=1e9);
        self.range("quality.correlation", quality.correlation, 0.0..=1.0);
        self.range("quality.max_bad_share", quality.max_bad_share, 0.0..=1.0);
    }

    fn window(&mut self, config: &Config) {
        let window = &config.window;
        self.range("window.length_s", window.length_s.unwrap_or(2.0), 0.01..=600.0);
        self.range("window.length", window.length.unwrap_or(512), 2..=100_000_000);
        self.range("window.hop_s", window.hop_s.unwrap_or(0.25), 0.001..=600.0);
        self.range("window.hop", window.hop.unwrap_or(64), 1..=100_000_000);
        for (key, frames, seconds) in [("length", window.length, window.length_s), ("hop", window.hop, window.hop_s)] {
            if let (Some(frames), Some(_)) = (frames, seconds) {
                let allowed = format!("must not stand beside {key}_s: they say the same");
                self.0.push(Problem::of(&format!("window.{key}"), frames, allowed).hint("leave one of them out"));
            }
        }
        let Some(around) = &window.around else {
            for (key, value) in [("window.from_s", window.from_s), ("window.to_s", window.to_s)] {
                if let Some(value) = value {
                    let allowed = "needs `around`: it counts from a marker";
                    self.0.push(Problem::of(key, value, allowed));
                }
            }
            return;
        };
        let written = format!("{around:?}");
        if around.trim().is_empty() {
            self.0.push(Problem::of("window.around", written, "must be the text of a marker, or /an expression/"));
        } else if let Err(error) = Pattern::parse(around) {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let allowed = format!("is no regular expression: {why}");
            self.0.push(Problem::of("window.around", written, allowed));
        }
        self.range("window.from_s", window.from_s.unwrap_or(0.0), -600.0..=600.0);
        self.range("window.to_s", window.to_s.unwrap_or(0.0), -600.0..=600.0);
        match (window.from_s, window.to_s) {
            (Some(from_s), Some(to_s)) if from_s >= to_s => {
                self.0.push(Problem::of("window.to_s", to_s, format!("must lie after from_s, {from_s}")));
            }
            (Some(_), Some(_)) => {}
            _ => {
                let allowed = "needs `from_s` and `to_s`: seconds from the marker to the window's start and end";
                self.0.push(Problem::of("window.around", format!("{around:?}"), allowed));
            }
        }
        let lengths = [("length_s", window.length_s.is_some()), ("length", window.length.is_some())];
        for (key, _) in lengths.iter().filter(|(_, is_written)| *is_written) {
            let allowed = "must not stand beside `around`: from_s and to_s say how long windows are";
            self.0.push(Problem::of(&format!("window.{key}"), "", allowed));
        }
    }

    fn model(&mut self, config: &Config) {
        let model = &config.model;
        self.word("model.encoder", &model.encoder, Architecture::WORDS);
        self.range("model.embedding", model.embedding, 2..=4096);
        self.range("model.virtual_channels", model.virtual_channels, 1..=1024);
        self.range("model.patch_s", model.patch_s, 0.001..=60.0);
        for (at, label) in model.montage.iter().enumerate() {
            if label.trim().is_empty() || model.montage[..at].contains(label) {
                let problem = Problem::of("model.montage", format!("\"{label}\""), "must be a label that comes once");
                self.0.push(problem);
            }
        }
        let Some(widths) = &model.widths else { return };
        self.range("model.widths (how many)", widths.len(), 1..=12);
        for &width in widths {
            self.range("model.widths", width, 1..=4096);
        }
        if model.encoder == "eegnet" && !matches!(widths[..], [f1, f2] if f1 > 0 && f2 >= f1 && f2.is_multiple_of(f1)) {
            let allowed = "must be two for eegnet, [F1, F2], the second a multiple of the first";
            self.0.push(Problem::of("model.widths", format!("{widths:?}"), allowed));
        }
    }

    fn train(&mut self, config: &Config) {
        let train = &config.train;
        self.word("train.method", &train.method, Method::ALL.map(Method::word));
        self.range("train.batch", train.batch, 2..=4096);
        self.range("train.steps", train.steps, 1..=1_000_000_000);
        self.range("train.steps_per_s", train.steps_per_s, 0.0..=10_000.0);
        self.range("train.cpu_percent", train.cpu_percent, 0.1..=100.0);
        self.range("train.learning_rate", train.learning_rate, 1e-9..=1.0);
        self.range("train.warmup_steps", train.warmup_steps, 0..=1_000_000);
        self.range("train.weight_decay", train.weight_decay, 0.0..=1.0);
        self.range("train.momentum", train.momentum, 0.0..=1.0);
        self.range("train.temperature", train.temperature.unwrap_or(0.1), 0.001..=100.0);
        self.range("train.queue", train.queue, 1..=1_048_576);
        self.range("train.pieces", train.pieces, 2..=1024);
        self.range("train.ahead", train.ahead, 1..=1023);
        if train.ahead >= train.pieces {
            let allowed = format!("must be below pieces, {}: there is nothing beyond the last piece", train.pieces);
            self.0.push(Problem::of("train.ahead", train.ahead, allowed));
        }
        self.word("train.negatives", &train.negatives, CpcNegatives::ALL.map(CpcNegatives::word));
        self.methods(train);
        self.range("train.publish_every", train.publish_every, 1..=1_000_000);
        self.range("train.checkpoint_every_s", train.checkpoint_every_s, 0.1..=86_400.0);
        self.range("train.memory.windows", train.memory.windows, 2..=10_000_000);
        self.range("train.memory.mb", train.memory.mb, 0..=1_000_000);
        self.range("train.memory.uses", train.memory.uses, 1..=1_000_000_000);
        self.range("train.memory.recent_fraction", train.memory.recent_fraction, 0.0..=1.0);
        self.range("train.memory.drift_fraction", train.memory.drift_fraction, 0.0..=1.0);
        self.word("train.memory.policy", &train.memory.policy, Policy::ALL.map(Policy::word));
        let gate = &train.gate;
        self.range("train.gate.loss_ratio", gate.loss_ratio, 1.0..=100.0);
        self.range("train.gate.canary", gate.canary, 0..=100_000);
        self.range("train.gate.failures", gate.failures, 1..=1000);
        self.range("train.gate.probe", gate.probe, 0..=4096);
        self.range("train.gate.unseen", gate.unseen, 0..=4096);
        self.range("train.gate.drift", gate.drift, 0.01..=1000.0);
        self.range("train.gate.latency_ms", gate.latency_ms.unwrap_or(1.0), 0.01..=60_000.0);
        if train.memory.windows < train.batch {
            let allowed = format!("must hold at least a batch, {} windows", train.batch);
            self.0.push(Problem::of("train.memory.windows", train.memory.windows, allowed));
        }
    }

    /// What one method alone asks for.
    fn methods(&mut self, train: &TrainConfig) {
        self.range("train.mae.hidden", train.mae.hidden, 0.01..=0.99);
        self.word("train.mae.target", &train.mae.target, MaskTarget::ALL.map(MaskTarget::word));
        self.word("train.masked.target", &train.masked.target, MaskTarget::ALL.map(MaskTarget::word));
        self.range("train.masked.hidden", train.masked.hidden, 0.01..=0.99);
        self.range("train.masked.span_s", train.masked.span_s, 0.001..=60.0);
        self.range("train.autoencoder.latent", train.autoencoder.latent, 1..=4096);
        self.range("train.autoencoder.noise", train.autoencoder.noise, 0.0..=10.0);
        self.range("train.order.near_s", train.order.near_s, 0.01..=86_400.0);
        self.range("train.order.far_s", train.order.far_s, 0.01..=86_400.0);
        if train.order.far_s < train.order.near_s {
            let allowed = format!("must not be below near_s, {}", train.order.near_s);
            self.0.push(Problem::of("train.order.far_s", train.order.far_s, allowed));
        }
        self.word("train.forecast.predict", &train.forecast.predict, Forecast::ALL.map(Forecast::word));
        self.word("train.mixup.keys", &train.mixup.keys, MixupKeys::ALL.map(MixupKeys::word));
        self.range("train.mixup.alpha", train.mixup.alpha, 0.01..=100.0);
        self.range("train.mixup.share_weight", train.mixup.share_weight, 0.0..=1000.0);
    }

    fn pretrain(&mut self, config: &Config) {
        let pretrain = &config.pretrain;
        if let Err(error) = regex::Regex::new(&pretrain.group) {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let allowed = format!("is no regular expression: {why}");
            self.0.push(Problem::of("pretrain.group", format!("{:?}", pretrain.group), allowed));
        }
        self.range("pretrain.validation", pretrain.validation, 0.0..=0.9);
        self.range("pretrain.windows", pretrain.windows, 2..=100_000);
        self.range("pretrain.every", pretrain.every, 1..=1_000_000);
        self.range("pretrain.epochs", pretrain.epochs, 0..=1_000_000);
        self.range("pretrain.stretch_s", pretrain.stretch_s, 1.0..=86_400.0);
        self.range("pretrain.mb", pretrain.mb, 1..=1_000_000);
    }

    fn teach(&mut self, config: &Config) {
        let teach = &config.teach;
        for (at, class) in teach.classes.iter().enumerate() {
            if class.trim().is_empty() || teach.classes[..at].contains(class) {
                let problem = Problem::of("teach.classes", format!("\"{class}\""), "must be a text that comes once");
                self.0.push(problem);
            }
        }
        self.range("teach.classes (how many)", teach.classes.len(), 0..=64);
        if teach.classes.len() == 1 {
            let allowed = "must be two or more: with one there is nothing to tell apart";
            self.0.push(Problem::of("teach.classes", format!("{:?}", teach.classes), allowed).hint("[] takes all"));
        }
        self.range("teach.hold_s", teach.hold_s, 0.01..=86_400.0);
        self.range("teach.windows", teach.windows, 2..=100_000);
        self.range("teach.linear_from", teach.linear_from, 2..=1_000_000_000);
    }

    fn novelty(&mut self, config: &Config) {
        let novelty = &config.novelty;
        self.range("novelty.false_alarms_per_hour", novelty.false_alarms_per_hour, 0.001..=3600.0);
        // Fewer than 32 are compared with nothing.
        self.range("novelty.windows", novelty.windows, 32..=100_000);
    }

    fn rest(&mut self, config: &Config) {
        if let Some(outlet) = &config.serve.lsl
            && outlet.name.trim().is_empty()
        {
            self.0.push(Problem::of("serve.lsl.name", "\"\"", "must not be empty"));
        }
        if let Some(path) = &config.serve.embeddings {
            let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            if !["csv", "npy"].contains(&ending) {
                let problem = Problem::of("serve.embeddings", path.display(), "must end in .csv or .npy");
                self.0.push(problem);
            }
        }
        if let Some(written) = &config.metrics.listen
            && metrics::address(written).is_none()
        {
            let allowed = "must be an address of this computer alone and a port, such as \"127.0.0.1:9464\"";
            let problem = Problem::of("metrics.listen", format!("\"{written}\""), allowed);
            self.0.push(problem.hint("metrics have no password; from elsewhere take a tunnel such as `ssh -L`"));
        }
        let record = &config.record;
        self.word("record.gaps", &record.gaps, ["leave", "hold"]);
        self.range("record.range_uv", record.range_uv.unwrap_or(1.0), 0.001..=9_999_999.0);
        if let Some(ending) = record.file.as_ref().and_then(|path| RecordFormat::of_name(path).err()) {
            let allowed = "must end in .edf, .bdf or .xdf, or have no ending";
            self.0.push(Problem::of("record.file", format!("\"….{ending}\""), allowed));
        }
        self.device(&config.compute.device);
        self.word("compute.kernels", &config.compute.kernels, Kernels::ALL.map(Kernels::word));
        self.range("compute.step_limit_s", config.compute.step_limit_s, 1.0..=3600.0);
        self.range("compute.threads", config.compute.threads, 0..=1024);
        self.word("compute.priority", &config.compute.priority, ["auto", "off"]);
    }

    fn device(&mut self, device: &str) {
        let before = self.0.len();
        self.word("compute.device", device, Backend::ALL.iter().map(|backend| backend.word()));
        if device == card::WORD
            && self.0.len() > before
            && let Some(problem) = self.0.pop()
        {
            self.0.push(problem.hint(CardError::NotBuilt.to_string()));
        }
    }
}

fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("\"{w}\"")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
