//! A page that holds all that a probe found.
//!
//! On the main thread, once. Invariant: one file that needs no network and no script, and the same bytes for the same findings; what
//! is not known is said not to be.

use super::{Collected, ENCODER};
use bhtsne::tSNE;
use neurostream::dsp::Plane;
use neurostream::format::digest::sha256_of_file;
use neurostream::plot::svg::{Series, confusion, curves, escaped, points};
use serde_json::Value;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

/// What a page is made of.
pub struct Report<'a> {
    pub facts: &'a Value,
    /// The table as it was printed.
    pub text: &'a str,
    pub collected: &'a Collected,
    pub files: &'a [PathBuf],
    /// The folder of the model.
    pub model: Option<&'a Path>,
}

/// Windows on the maps at most, and different labels that have a colour of their own.
const POINTS: usize = 1500;
const LABELS: usize = 7;
/// Neighbours that each point of t-SNE takes account of, nearly, and its steps.
const PERPLEXITY: f32 = 30.0;
const EPOCHS: usize = 600;
/// How coarse forces are summed up.
const THETA: f32 = 0.5;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}table{border-collapse:collapse;display:block;overflow-x:auto}td,th{white-space:nowrap;border:1px solid #ccc;padding:.3rem .6rem;\
text-align:right}td:first-child,th:first-child{text-align:left}figure{margin:0;flex:1 1 26rem;max-width:36rem}.figures{display:flex;\
flex-wrap:wrap;gap:1.5rem}svg{width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:#222}figcaption{color:#555;font-size:.9rem}\
.legend span{margin-right:1rem;white-space:nowrap}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}.goal{padding:.6rem 1rem;\
border-left:.3rem solid #d55e00;background:#fdf3ec}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f5f5f5;padding:.8rem}code{overflow-wrap:anywhere}\
@media print{body{margin:0}}";

impl Report<'_> {
    /// The page.
    ///
    /// # Errors
    /// If a recording can no longer be read.
    pub fn page(&self) -> io::Result<String> {
        let task = self.facts["task"].as_str().unwrap_or_default();
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>neurostream probe: {task}</title><style>{STYLE}</style></head><body>\n<h1>What frozen embeddings tell: {task}</h1>\n"
        );
        if let Some(goal) = self.facts["goal"].as_str() {
            let _ = writeln!(page, "<p class=\"goal\">{}</p>", escaped(goal));
        }
        self.table(&mut page);
        self.confusions(&mut page);
        self.maps(&mut page);
        self.learning(&mut page);
        self.origin(&mut page)?;
        page.push_str("</body></html>\n");
        Ok(page)
    }

    /// The words and the table that were printed.
    fn table(&self, page: &mut String) {
        let goal = self.facts["goal"].as_str().unwrap_or_default();
        page.push_str("<h2>Table</h2>\n");
        let mut rows = String::new();
        for line in self.text.lines().filter(|line| *line != goal) {
            let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
                if !line.starts_with('|') {
                    let _ = writeln!(page, "<p>{}</p>", escaped(line));
                }
                continue;
            };
            let cell = if rows.is_empty() { "th" } else { "td" };
            let cells: String =
                cells.split(" | ").map(|text| format!("<{cell}>{}</{cell}>", escaped(text.trim()))).collect();
            let _ = writeln!(rows, "<tr>{cells}</tr>");
        }
        let _ = writeln!(page, "<table>\n{rows}</table>");
    }

    /// What was taken for what, by the encoder.
    fn confusions(&self, page: &mut String) {
        let rows = self.facts["rows"].as_array().into_iter().flatten();
        let Some(row) = rows.into_iter().find(|row| row["features"] == ENCODER) else { return };
        let classes: Vec<String> = self.facts["classes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let judges: Vec<&Value> = row["judges"].as_array().into_iter().flatten().collect();
        let (Some(first), Some(last)) = (judges.first(), judges.last()) else { return };
        page.push_str("<h2>What was taken for what</h2>\n<div class=\"figures\">\n");
        for judge in [first, last] {
            let counts: Vec<Vec<u64>> = serde_json::from_value(judge["confusion"].clone()).unwrap_or_default();
            let name = judge["judge"].as_str().unwrap_or_default();
            let figure = confusion(&format!("confusions of {name}"), &classes, &counts);
            let _ = writeln!(
                page,
                "<figure>{figure}<figcaption>Encoder, {}: windows over all seeds, and shares of each row.</figcaption></figure>",
                escaped(name)
            );
        }
        page.push_str("</div>\n");
    }

    /// Where embeddings lie: principal components, and t-SNE.
    fn maps(&self, page: &mut String) {
        page.push_str("<h2>Where embeddings lie</h2>\n");
        let Some((_, rows)) = self.collected.features.iter().find(|(name, _)| name == ENCODER) else {
            page.push_str("<p>There are none.</p>\n");
            return;
        };
        let every = rows.len().div_ceil(POINTS).max(1);
        let kept: Vec<usize> = (0..rows.len()).step_by(every).collect();
        let chosen: Vec<&[f32]> = kept.iter().map(|&row| rows[row].as_slice()).collect();
        let names = self.coloured();
        let dimension = chosen.first().map_or(0, |row| row.len());
        let mut plane = Plane::new(dimension);
        plane.fit(&chosen.concat());
        let placed: Vec<[f64; 2]> =
            chosen.iter().map(|row| plane.place(row).unwrap_or_default().map(f64::from)).collect();
        let series = |places: &[[f64; 2]]| -> Vec<Series> {
            let of = |name: &String| {
                let of_name = kept.iter().zip(places).filter(|(row, _)| self.name_of(**row, &names) == name);
                Series { name: name.clone(), points: of_name.map(|(_, place)| *place).collect() }
            };
            names.iter().map(of).filter(|series| !series.points.is_empty()).collect()
        };
        page.push_str("<div class=\"figures\">\n");
        let shares = plane.shares().map(|share| format!("{:.0} % of the variance", 100.0 * share));
        let [first, second] = [0, 1].map(|axis| format!("component {}, {}", axis + 1, shares[axis]));
        if let Some(figure) = points("principal components of embeddings", [&first, &second], &series(&placed)) {
            let _ = writeln!(page, "<figure>{figure}<figcaption>Principal components.</figcaption></figure>");
        }
        match neighbours(&chosen, &placed) {
            Some(places) => {
                if let Some(figure) = points("t-SNE of embeddings", ["", ""], &series(&places)) {
                    let _ = writeln!(
                        page,
                        "<figure>{figure}<figcaption>t-SNE (van der Maaten and Hinton, 2008), from the principal components on: \
                         neighbours are neighbours, distances and sizes of heaps say little.</figcaption></figure>"
                    );
                }
            }
            None => page.push_str("<p>Too few windows for t-SNE.</p>\n"),
        }
        page.push_str("</div>\n");
        let _ = writeln!(page, "<p>{} of {} windows.</p>", kept.len(), rows.len());
    }

    /// Names that have a colour: labels, or for many of them those that are most frequent and the rest.
    fn coloured(&self) -> Vec<String> {
        let mut counts = std::collections::BTreeMap::<&String, usize>::new();
        self.collected.labels.iter().for_each(|label| *counts.entry(label).or_default() += 1);
        let mut names: Vec<(&String, usize)> = counts.into_iter().collect();
        if names.len() > LABELS {
            names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            names.truncate(LABELS - 1);
            names.sort();
            return names.into_iter().map(|(name, _)| name.clone()).chain([OTHERS.to_owned()]).collect();
        }
        names.into_iter().map(|(name, _)| name.clone()).collect()
    }

    fn name_of<'b>(&self, row: usize, names: &'b [String]) -> &'b String {
        let label = &self.collected.labels[row];
        // The last one stands for those that are not there.
        names.iter().find(|name| *name == label).unwrap_or(&names[names.len() - 1])
    }

    /// How the model was learnt, as far as that lies beside it.
    fn learning(&self, page: &mut String) {
        page.push_str("<h2>How the encoder was learnt</h2>\n");
        let curve = self.model.and_then(Path::parent).map(|run| run.join("curve.csv"));
        let text = curve.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let (Some(path), Some(text)) = (&curve, text) else {
            page.push_str("<p>There is no curve.csv beside the model, as <code>pretrain</code> writes it.</p>\n");
            return;
        };
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let rows: Vec<Vec<f64>> =
            lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()).collect();
        let series = |column: &str| {
            let at = head.iter().position(|name| *name == column)?;
            let point = |row: &Vec<f64>| Some([*row.first()?, *row.get(at)?]);
            Some(Series { name: column.to_owned(), points: rows.iter().filter_map(point).collect() })
        };
        page.push_str("<div class=\"figures\">\n");
        for (title, columns) in
            [("loss", &["loss", "validation", "chance"][..]), ("std", &["std"]), ("RankMe", &["rankme"])]
        {
            let all: Vec<Series> = columns.iter().filter_map(|column| series(column)).collect();
            if let Some(figure) = curves(title, ["step", title], &all) {
                let _ = writeln!(page, "<figure>{figure}<figcaption>{title}</figcaption></figure>");
            }
        }
        let _ = writeln!(page, "</div>\n<p>From <code>{}</code>.</p>", escaped(&path.display().to_string()));
    }

    /// What made this page, of what.
    fn origin(&self, page: &mut String) -> io::Result<()> {
        let facts = self.facts;
        let _ = writeln!(page, "<h2>What this is of</h2>\n<pre>{}</pre>", escaped(&command()));
        let _ = writeln!(
            page,
            "<p>neurostream {} on {} {}; {} seeds, {} parts by group.</p>",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            facts["seeds"],
            facts["folds"]
        );
        page.push_str("<table><tr><th>file</th><th>SHA-256</th></tr>\n");
        if let Some(folder) = self.model {
            let sha256 = facts["model"]["sha256"].as_str().unwrap_or_default();
            let _ = writeln!(
                page,
                "<tr><td>{} (weights)</td><td><code>{sha256}</code></td></tr>",
                escaped(&folder.display().to_string())
            );
        }
        for path in self.files {
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td><code>{}</code></td></tr>",
                escaped(&path.display().to_string()),
                sha256_of_file(path)?
            );
        }
        page.push_str("</table>\n");
        if let Some(card) = self.model.and_then(|folder| std::fs::read_to_string(folder.join("card.toml")).ok()) {
            let _ = writeln!(page, "<h2>The model's card</h2>\n<pre>{}</pre>", escaped(&card));
        }
        Ok(())
    }
}

const OTHERS: &str = "others";

/// t-SNE of rows, from where they lie on their principal components; none of too few rows.
fn neighbours(rows: &[&[f32]], placed: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
    let perplexity = PERPLEXITY.min((rows.len() as f32 - 1.0) / 3.0 - 1.0);
    if perplexity < 2.0 {
        return None;
    }
    // Small at first, so that nothing is decided yet.
    let wide = placed.iter().map(|place| place[0] * place[0]).sum::<f64>() / placed.len() as f64;
    let small = 1e-2 / wide.sqrt().max(1e-12);
    let begin: Vec<f32> = placed.iter().flatten().map(|v| (v * small) as f32).collect();
    let mut map: tSNE<'_, f32, &[f32]> = tSNE::new(rows);
    map.perplexity(perplexity).epochs(EPOCHS).initial_embedding(begin);
    map.barnes_hut(THETA, |a, b| a.iter().zip(*b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt());
    let found = map.embedding();
    Some(found.as_chunks::<2>().0.iter().map(|place| place.map(f64::from)).collect())
}

/// The command as it could be typed again.
fn command() -> String {
    let quoted = |word: String| {
        let is_plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./=:,+@%".contains(c));
        if is_plain { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
    ["neurostream".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}
