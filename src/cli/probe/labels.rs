//! Labels of windows: of names of files, of a table, of annotations.
//!
//! Read before embedding begins. Invariant: a window has the label of the narrowest that holds all of it, or none.

use super::super::Unusable;
use anyhow::{Context, bail};
use neurostream::format::edf::EdfFile;
use neurostream::format::xdf::is_xdf;
use neurostream::pipeline::found_in;
use neurostream::signal::{Block, Stamp};
use neurostream::source::{Progress, Selection, Source, XdfSource};
use regex::Regex;
use std::path::Path;

/// Where labels come from.
pub struct Labels {
    kind: Kind,
    classes: Vec<String>,
    offset_s: f64,
}

enum Kind {
    Names(Regex),
    Annotations,
    Table(Vec<Line>),
}

/// A line of a table.
#[derive(Clone, Debug)]
struct Line {
    file: String,
    from_s: f64,
    to_s: f64,
    label: String,
}

/// The labels of one recording.
#[derive(Debug, Default)]
pub struct OfFile {
    spans: Vec<(f64, f64, String)>,
}

/// How much an annotation without a duration holds beyond a window, as a share of that.
const SLACK: f64 = 0.5;

impl Labels {
    /// Reads `/expression/`, `annotations` or the name of a table.
    pub fn parse(written: &str, classes: &[String], offset_s: f64) -> anyhow::Result<Self> {
        let kind = if written == "annotations" {
            Kind::Annotations
        } else if let Some(expression) =
            written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|e| !e.is_empty())
        {
            Kind::Names(Regex::new(expression).map_err(|error| Unusable(format!("--labels {written}: {error}")))?)
        } else {
            Kind::Table(table(Path::new(written))?)
        };
        Ok(Self { kind, classes: classes.to_vec(), offset_s })
    }

    /// Those of a recording, where windows are so long; none where it has none. `stream` is that of an XDF recording whose
    /// first frame seconds are counted from.
    pub fn of(&self, file: &str, stream: Option<&str>, window_s: f64) -> anyhow::Result<OfFile> {
        let whole = |label: &str| (f64::NEG_INFINITY, f64::INFINITY, label.to_owned());
        let mut spans = match &self.kind {
            Kind::Names(expression) => {
                let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
                found_in(&name, expression).map(whole).into_iter().collect()
            }
            Kind::Table(lines) => {
                let is_of = |line: &&Line| {
                    line.file == file || Path::new(file).file_name().is_some_and(|name| *name == *line.file)
                };
                lines.iter().filter(is_of).map(|line| (line.from_s, line.to_s, line.label.clone())).collect()
            }
            Kind::Annotations => {
                let span = |(onset_s, duration_s, text): (f64, Option<f64>, String)| {
                    let from_s = onset_s + self.offset_s;
                    let to_s = match duration_s {
                        Some(duration_s) if duration_s > 0.0 => onset_s + duration_s,
                        _ => from_s + (1.0 + SLACK) * window_s,
                    };
                    (from_s, to_s, text)
                };
                annotations(file, stream)?.into_iter().map(span).collect::<Vec<_>>()
            }
        };
        spans.retain(|(_, _, label)| self.classes.is_empty() || self.classes.contains(label));
        Ok(OfFile { spans })
    }
}

impl OfFile {
    /// The label of a window.
    pub fn at(&self, start_s: f64, end_s: f64) -> Option<&str> {
        const ROUNDING_S: f64 = 1e-6;
        let holds = |(from, to, _): &&(f64, f64, String)| *from <= start_s + ROUNDING_S && end_s <= *to + ROUNDING_S;
        let narrowest = self.spans.iter().filter(holds).min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
        narrowest.map(|(_, _, label)| label.as_str())
    }
}

/// Onset, duration and text of all annotations, in seconds from the first frame.
fn annotations(file: &str, stream: Option<&str>) -> anyhow::Result<Vec<(f64, Option<f64>, String)>> {
    let path = Path::new(file);
    if !is_xdf(path) {
        let mut edf = EdfFile::open(path)?;
        let mut record = neurostream::format::edf::Record::default();
        edf.read_record(0, &mut record)?;
        let origin_s = record.onset_s();
        return Ok(edf.annotations()?.iter().map(|a| (a.onset_s - origin_s, a.duration_s, a.text.clone())).collect());
    }
    let mut source = XdfSource::open(path, stream, &Selection::default(), None, 1.0, false)?;
    let (rate_hz, mut found, mut block) = (source.facts().rate_hz, Vec::new(), Block::default());
    while source.step(Stamp::default(), &mut block, &mut Vec::new())? == Progress::Frames {
        found.extend(block.markers.drain(..).map(|m| (m.frame as f64 / rate_hz, m.duration_s, m.text)));
        block.clear();
    }
    Ok(found)
}

/// Lines `file,label` or `file,start_s,end_s,label`, with the names of their columns in the first.
fn table(path: &Path) -> anyhow::Result<Vec<Line>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("--labels {name}: neither `annotations`, nor an /expression/, nor a table that can be read")
    })?;
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let head = super::rows::fields(lines.next().unwrap_or_default());
    let place = |wanted: &str| head.iter().position(|column| column.trim() == wanted);
    let (Some(file), Some(label)) = (place("file"), place("label")) else {
        bail!(
            "{name}: its first line must name the columns `file` and `label`, and `start_s` and `end_s` where labels change"
        );
    };
    let (start, end) = (place("start_s"), place("end_s"));
    let one = |(at, line): (usize, &str)| {
        let fields = super::rows::fields(line);
        let text = |place: usize| fields.get(place).map(|field| field.trim().to_owned());
        let number = |place: Option<usize>, without: f64| match place {
            None => Some(without),
            Some(place) => fields.get(place)?.trim().parse().ok(),
        };
        let read = text(file).zip(text(label)).zip(number(start, f64::NEG_INFINITY).zip(number(end, f64::INFINITY)));
        let Some(((file, label), (from_s, to_s))) = read else {
            bail!("{name}: line {} cannot be read: {line}", at + 2)
        };
        Ok(Line { file, from_s, to_s, label })
    };
    lines.enumerate().map(one).collect()
}
