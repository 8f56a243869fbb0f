//! Windows with labels and their features: embedded from recordings, or read from a file that `embed` wrote.
//!
//! On the main thread. Invariant: windows of one recording do not overlap unless it is asked for, and what is left out is
//! counted.

use super::super::arguments::ProbeArguments;
use super::labels::{Labels, OfFile};
use super::{ENCODER, RIVALS};
use anyhow::{Context, bail};
use neurostream::dsp::BandPower;
use neurostream::evaluate::{log_covariance, slow_means};
use neurostream::learn::nn::{Compute, Init};
use neurostream::learn::{Encoder, EncoderShape, Model};
use neurostream::pipeline::{Embedding, Shutdown};
use serde_json::{Value, json};
use std::path::Path;

/// Where a window lies.
#[derive(Clone, Debug)]
pub struct Place {
    pub file: String,
    pub start_s: f64,
    pub end_s: f64,
}

/// Labelled windows.
#[derive(Debug, Default)]
pub struct Collected {
    pub windows: Vec<Place>,
    pub labels: Vec<String>,
    /// Features of all windows, by name.
    pub features: Vec<(String, Vec<Vec<f32>>)>,
    pub unlabelled: u64,
    pub bad: u64,
    pub overlapping: u64,
    pub model: Value,
    /// Conditioned samples `[T, C]` of all windows, and the encoder for them, where it is to be taught labels.
    pub samples: Vec<Vec<f32>>,
    pub encoder: Option<EncoderShape>,
}

/// All windows; none if somebody would not wait.
pub fn collect(arguments: &ProbeArguments, labels: &Labels, shutdown: &Shutdown) -> anyhow::Result<Option<Collected>> {
    let mut all = Collected::default();
    match &arguments.model {
        Some(folder) => {
            let model = Model::load(folder)?;
            all.model = json!({"folder": folder.display().to_string(), "sha256": model.card.sha256,
                               "method": model.card.method.word(), "steps": model.card.steps});
            let bands = bands(&arguments.bands, model.card.rate_hz)?;
            for path in &arguments.files {
                if !recording(&mut all, &model, path, arguments, labels, &bands, shutdown)? {
                    return Ok(None);
                }
            }
        }
        None => {
            for path in &arguments.files {
                table(&mut all, path, arguments, labels)?;
            }
        }
    }
    if all.windows.is_empty() {
        bail!(
            "no window has a label: {} were looked at without one, {} were of poor quality; see --labels, --classes and --offset",
            all.unlabelled,
            all.bad
        );
    }
    Ok(Some(all))
}

/// Whether a window is taken, which has such a label.
struct Choice<'a> {
    of_file: &'a OfFile,
    every_s: Option<f64>,
    /// Where the last one ended, or the next may begin.
    next_s: f64,
}

impl Choice<'_> {
    /// The label of a window that is taken; counts those that are not.
    fn take(&mut self, all: &mut Collected, start_s: f64, end_s: f64, is_good: bool) -> Option<String> {
        let Some(label) = self.of_file.at(start_s, end_s) else {
            all.unlabelled += 1;
            return None;
        };
        if !is_good {
            all.bad += 1;
            return None;
        }
        if start_s < self.next_s - 1e-6 {
            all.overlapping += 1;
            return None;
        }
        self.next_s = self.every_s.map_or(end_s, |every_s| start_s + every_s);
        Some(label.to_owned())
    }
}

fn push(all: &mut Collected, place: Place, label: String, features: Vec<(&str, Vec<f32>)>) {
    for (name, row) in features {
        match all.features.iter_mut().find(|(other, _)| other == name) {
            Some((_, rows)) => rows.push(row),
            None => all.features.push((name.to_owned(), vec![row])),
        }
    }
    all.windows.push(place);
    all.labels.push(label);
}

/// The windows of one recording; false if somebody would not wait.
fn recording(
    all: &mut Collected,
    model: &Model,
    path: &Path,
    arguments: &ProbeArguments,
    labels: &Labels,
    bands: &[[f64; 2]],
    shutdown: &Shutdown,
) -> anyhow::Result<bool> {
    let (card, file) = (&model.card, path.display().to_string());
    let window_s = card.window as f64 / card.rate_hz;
    let mut embedding = Embedding::open(model, path, arguments.stream.as_deref())?;
    let of_file = labels.of(&file, arguments.stream.as_deref(), window_s)?;
    let mut choice = Choice { of_file: &of_file, every_s: arguments.every, next_s: f64::NEG_INFINITY };
    if arguments.supervised.is_some() {
        let before = all.encoder.get_or_insert_with(|| embedding.shape().clone());
        if *before != *embedding.shape() {
            bail!(
                "{file}: it has other channels than the recordings before it; --supervised teaches one encoder, of one set of \
                 channels"
            );
        }
    }
    // The same shape with first weights, always the same ones.
    let random = Encoder::new(&mut Init::serving(0, Compute::default()), embedding.shape());
    let channels = embedding.shape().channels;
    let mut powers = BandPower::new(card.window, card.rate_hz, bands);
    while !shutdown.is_requested() {
        let step = embedding.step_seeing(|row, samples, _| {
            let Some(label) = choice.take(all, row.start_s, row.end_s, row.quality > 0.0) else { return };
            let features = vec![
                (ENCODER, row.values.to_vec()),
                (RIVALS[1], random.embed(samples.to_vec(), channels)),
                (RIVALS[0], powers.of_all(samples, channels)),
                ("log covariance", log_covariance(samples, channels)),
                ("ten slow means", slow_means(samples, channels)),
            ];
            push(all, Place { file: file.clone(), start_s: row.start_s, end_s: row.end_s }, label, features);
            if arguments.supervised.is_some() {
                all.samples.push(samples.to_vec());
            }
        })?;
        if step.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Bands as `FROM-TO,FROM-TO`, or the usual ones that the rate holds.
fn bands(written: &[String], rate_hz: f64) -> anyhow::Result<Vec<[f64; 2]>> {
    if written.is_empty() {
        return Ok(BandPower::EEG.into_iter().filter(|[_, to]| *to <= rate_hz / 2.0).collect());
    }
    let read = |text: &String| {
        let (from, to) = text.split_once('-')?;
        let band = [from.trim().parse().ok()?, to.trim().parse().ok()?];
        (0.0 < band[0] && band[0] < band[1] && band[1] <= rate_hz / 2.0).then_some(band)
    };
    let one = |text: &String| {
        let why =
            || format!("--bands {text}: must be FROM-TO in hertz, up to half the model's rate, {} Hz", rate_hz / 2.0);
        read(text).ok_or_else(|| super::super::Unusable(why()).into())
    };
    written.iter().map(one).collect()
}

/// The rows of a file that `embed` wrote.
fn table(all: &mut Collected, path: &Path, arguments: &ProbeArguments, labels: &Labels) -> anyhow::Result<()> {
    let name = path.display().to_string();
    let is_npy = path.extension().is_some_and(|ending| ending == "npy");
    let lines_of = if is_npy { path.with_extension("windows.csv") } else { path.to_owned() };
    let text = std::fs::read_to_string(&lines_of).with_context(|| {
        format!(
            "{}: no embeddings that can be read (.csv, or .npy with .windows.csv); recordings need --model",
            lines_of.display()
        )
    })?;
    let mut lines = text.lines();
    let head = fields(lines.next().unwrap_or_default());
    let place = |wanted: &str| head.iter().position(|column| column == wanted);
    let (Some(start), Some(end), Some(quality), Some(file)) =
        (place("start_s"), place("end_s"), place("quality"), place("file"))
    else {
        bail!("{}: no file of embeddings of recordings: `neurostream embed` writes one", lines_of.display());
    };
    let numbers: Vec<usize> = (0..).map_while(|i| place(&format!("e{i}"))).collect();
    let values = if is_npy { Some(npy(path)?) } else { None };
    let mut before: Option<(String, OfFile, f64)> = None;
    for (at, line) in lines.enumerate() {
        let fields = fields(line);
        let number = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok());
        let row: Option<Vec<f32>> = match &values {
            Some((values, dimension)) => values.get(at * dimension..(at + 1) * dimension).map(<[f32]>::to_vec),
            None => numbers.iter().map(|&place| fields.get(place)?.parse().ok()).collect(),
        };
        let (Some(start_s), Some(end_s), Some(quality), Some(file), Some(row)) =
            (number(start), number(end), number(quality), fields.get(file), row)
        else {
            bail!("{}: line {} cannot be read", lines_of.display(), at + 2);
        };
        if before.as_ref().is_none_or(|(other, _, _)| other != file) {
            before =
                Some((file.clone(), labels.of(file, arguments.stream.as_deref(), end_s - start_s)?, f64::NEG_INFINITY));
        }
        let Some((_, of_file, next_s)) = &mut before else { continue };
        let mut choice = Choice { of_file, every_s: arguments.every, next_s: *next_s };
        let taken = choice.take(all, start_s, end_s, quality > 0.0);
        *next_s = choice.next_s;
        if let Some(label) = taken {
            push(all, Place { file: file.clone(), start_s, end_s }, label, vec![(ENCODER, row)]);
        }
    }
    all.model = json!({"embeddings": name});
    Ok(())
}

/// Numbers of a NumPy array of `f32` with two axes, and the length of the second.
fn npy(path: &Path) -> anyhow::Result<(Vec<f32>, usize)> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let header = bytes.get(8..10).map(|n| 10 + usize::from(u16::from_le_bytes([n[0], n[1]])));
    let body = header.and_then(|from| bytes.get(from..));
    let words = header.and_then(|to| std::str::from_utf8(bytes.get(10..to)?).ok()).unwrap_or_default();
    let shape = words.split("'shape': (").nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default();
    let axes: Vec<usize> = shape.split(',').filter_map(|axis| axis.trim().parse().ok()).collect();
    match (body, &axes[..]) {
        (Some(body), [rows, dimension]) if words.contains("'<f4'") && body.len() == rows * dimension * 4 => {
            let values = body.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            Ok((values, *dimension))
        }
        _ => bail!("{}: no array of single precision with two axes, as `embed` writes it", path.display()),
    }
}

/// The fields of a line (RFC 4180).
pub fn fields(line: &str) -> Vec<String> {
    let (mut all, mut field, mut quoted, mut letters) =
        (Vec::new(), String::new(), false, line.trim_end().chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut field)),
            _ => field.push(letter),
        }
    }
    all.push(field);
    all
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn a_field_may_hold_commas_and_quotes() {
        assert_eq!(fields("a,\"b, c\",\"say \"\"ah\"\"\","), ["a", "b, c", "say \"ah\"", ""]);
    }
}
