//! `probe`: what frozen embeddings tell of labels, beside features that need no learning.
//!
//! Runs on the main thread. Invariant: every table names how many windows, groups and labels it is of, and a goal that is
//! missed stands in its first line.

mod labels;
mod report;
mod rows;

use super::arguments::{Format, ProbeArguments, ProbeTask};
use super::{interrupt, usable, written};
use anyhow::{Context, bail};
use labels::Labels;
use neurostream::evaluate::probe::{Judge, Judged, Protocol};
use neurostream::evaluate::scores::Scores;
use neurostream::evaluate::{Features, Interval, recipe};
use neurostream::format::atomic;
use neurostream::learn::{Lecture, Schedule};
use neurostream::pipeline::{Shutdown, found_in, own_pool};
use report::Report;
use rows::{Collected, collect};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

/// Name of the features that the model makes.
const ENCODER: &str = "encoder";
/// Names of those that a model has to be better than.
const RIVALS: [&str; 2] = ["log band power", "random encoder"];

/// Judges, and prints a table.
pub fn probe(arguments: &ProbeArguments) -> anyhow::Result<ExitCode> {
    usable((2..=10).contains(&arguments.seeds), || "--seeds must be from 2 to 10".to_owned())?;
    usable((2..=100).contains(&arguments.folds), || "--folds must be from 2 to 100".to_owned())?;
    if let Some(steps) = arguments.supervised {
        usable((1..=100_000).contains(&steps), || "--supervised must be from 1 to 100000".to_owned())?;
        usable(arguments.model.is_some() && arguments.task == ProbeTask::Classification, || {
            "--supervised needs recordings with --model, and --task classification".to_owned()
        })?;
    }
    for share in &arguments.shares {
        usable(*share > 0.0 && *share <= 100.0, || format!("--shares {share}: must be above 0 and up to 100 percent"))?;
    }
    for path in [&arguments.out, &arguments.predictions, &arguments.report].into_iter().flatten() {
        written::refuse_no_place("--out, --predictions, --report", path)?;
    }
    let group = arguments.group.as_deref().map(regex::Regex::new).transpose();
    let group = group.map_err(|error| super::Unusable(format!("--group: {error}")))?;
    let labels = Labels::parse(&arguments.labels, &arguments.classes, arguments.offset)?;
    let shutdown = Shutdown::default();
    interrupt::listen(&shutdown).context("signals cannot be waited for")?;
    let _pool = own_pool("probe", 1, false);
    let Some(collected) = collect(arguments, &labels, &shutdown)? else {
        return Ok(ExitCode::from(interrupt::AT_ONCE));
    };
    // Whose a file is: what the expression finds in its path, or itself.
    let whose = |file: &str| group.as_ref().and_then(|group| found_in(file, group)).unwrap_or(file).to_owned();
    let names: Vec<String> = collected.windows.iter().map(|window| whose(&window.file)).collect();
    let mut groups = names.clone();
    groups.sort();
    groups.dedup();
    if groups.len() < 2 {
        bail!(
            "all {} labelled windows are of one group, {}: nobody is left to judge; --group says whose a recording is",
            names.len(),
            groups.first().map_or("", String::as_str)
        );
    }
    let subjects = names.iter().map(|name| groups.binary_search(name).unwrap_or(0)).collect();
    let mut shares: Vec<f64> = arguments.shares.iter().map(|share| share / 100.0).collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    if shares.last() != Some(&1.0) {
        shares.push(1.0);
    }
    // With a part for each group all deals would be alike, and intervals would say nothing of who is judged.
    let folds = arguments.folds.min(groups.len() / 2).max(2);
    let protocol = Protocol { seeds: arguments.seeds, folds, shares };
    let table = Table { arguments, protocol, collected: &collected, subjects, groups: &groups };
    let said = match arguments.task {
        ProbeTask::Classification => table.classification()?,
        ProbeTask::Regression => table.regression()?,
        ProbeTask::Clustering => table.clustering()?,
        ProbeTask::Detection => table.detection()?,
    };
    if let Some(path) = &arguments.out {
        let text = serde_json::to_string_pretty(&said.facts)? + "\n";
        atomic::write(path, text.as_bytes()).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &arguments.report {
        let (facts, text, model) = (&said.facts, said.text.as_str(), arguments.model.as_deref());
        let page = Report { facts, text, collected: &collected, files: &arguments.files, model }.page()?;
        atomic::write(path, page.as_bytes()).with_context(|| path.display().to_string())?;
    }
    match arguments.format {
        Format::Json => writeln!(io::stdout(), "{}", said.facts)?,
        Format::Text => write!(io::stdout(), "{}", said.text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A table, for people and for scripts.
struct Said {
    text: String,
    facts: Value,
}

struct Table<'a> {
    arguments: &'a ProbeArguments,
    protocol: Protocol,
    collected: &'a Collected,
    subjects: Vec<usize>,
    groups: &'a [String],
}

impl Table<'_> {
    /// The classes in order, and that of each window.
    fn classes(&self) -> anyhow::Result<(Vec<String>, Vec<usize>)> {
        let labels = &self.collected.labels;
        let mut classes = labels.clone();
        classes.sort();
        classes.dedup();
        match classes.len() {
            0 | 1 => bail!("all {} windows have the label {:?}: there is nothing to tell apart", labels.len(), classes),
            2..=100 => {}
            many => bail!("{many} different labels are no classes; --task regression takes numbers"),
        }
        let of = |label: &String| classes.binary_search(label).unwrap_or(0);
        let of_windows = labels.iter().map(of).collect();
        Ok((classes, of_windows))
    }

    fn features(&self, rows: &[Vec<f32>], classes: &[usize]) -> Features {
        let features = Features { rows: rows.to_vec(), classes: classes.to_vec(), subjects: self.subjects.clone() };
        if self.arguments.by_group { features.by_subject() } else { features }
    }

    /// The encoder taught labels: of each deal and part from first weights by the windows that may teach, and judged as all
    /// others are, by neighbours and by a regression that is taught all labels.
    fn supervised(&self, classes: &[usize], count: usize) -> Option<Vec<Judged>> {
        let (steps, encoder) = (self.arguments.supervised?, self.collected.encoder.as_ref()?);
        let windows = &self.collected.samples;
        let lecture = Lecture { windows, labels: classes, classes: count, encoder, steps, batch: recipe::BATCH };
        let schedule = recipe::schedule();
        let schedule = Schedule { warmup_steps: schedule.warmup_steps.min(steps), ..schedule };
        let features = |seed: u64, known: &[usize]| {
            let taught = lecture.teach(known, seed, schedule);
            let rows: Vec<Vec<f32>> =
                windows.iter().map(|window| taught.embed(window.clone(), encoder.channels)).collect();
            Cow::Owned(self.features(&rows, classes))
        };
        Some(self.protocol.classify_taught(&self.subjects, count, &[1.0], features, |_| ()))
    }

    fn facts(&self, task: &str, rows: &[Value], more: Value) -> Value {
        let (protocol, collected) = (&self.protocol, self.collected);
        let mut facts = json!({
            "version": 1, "task": task, "windows": collected.windows.len(), "groups": self.groups,
            "left_out": {"unlabelled": collected.unlabelled, "bad": collected.bad, "overlapping": collected.overlapping},
            "by_group": self.arguments.by_group, "supervised_steps": self.arguments.supervised,
            "seeds": protocol.seeds, "folds": protocol.folds, "shares": protocol.shares,
            "model": collected.model, "rows": rows,
        });
        if let (Value::Object(all), Value::Object(more)) = (&mut facts, more) {
            all.extend(more);
        }
        facts
    }

    fn head(&self, labels: &str) -> String {
        let (collected, protocol) = (self.collected, &self.protocol);
        format!(
            "{} windows of {} groups, {labels}; {} parts by group, {} seeds, 95 % intervals over them{}\nleft out: {} windows \
             without a label, {} of poor quality, {} that overlap\n",
            collected.windows.len(),
            self.groups.len(),
            protocol.folds,
            protocol.seeds,
            if self.arguments.by_group { "; features standardised within each group" } else { "" },
            collected.unlabelled,
            collected.bad,
            collected.overlapping,
        )
    }

    fn classification(&self) -> anyhow::Result<Said> {
        let (classes, of_windows) = self.classes()?;
        let mut lines = String::new();
        let majority =
            self.protocol.majority(&self.features(&vec![vec![0.0]; of_windows.len()], &of_windows), classes.len());
        let mut judged: Vec<(&str, Vec<Judged>)> = Vec::new();
        let mut predictions = "file,start_s,end_s,label,group,seed,fold,neighbours,linear\n".to_owned();
        for (name, rows) in &self.collected.features {
            let found = self.protocol.classify(&self.features(rows, &of_windows), classes.len(), |told| {
                if name == ENCODER {
                    let window = &self.collected.windows[told.row];
                    let group = &self.groups[self.subjects[told.row]];
                    let [is, near, linear] =
                        [of_windows[told.row], told.neighbours, told.linear].map(|class| classes[class].as_str());
                    let _ = writeln!(
                        predictions,
                        "\"{}\",{:.6},{:.6},{is},\"{group}\",{},{},{near},{linear}",
                        window.file, window.start_s, window.end_s, told.seed, told.fold
                    );
                }
            });
            judged.push((name, found));
        }
        judged.extend(self.supervised(&of_windows, classes.len()).map(|found| ("supervised encoder", found)));
        if let Some(path) = &self.arguments.predictions {
            atomic::write(path, predictions.as_bytes()).with_context(|| path.display().to_string())?;
        }
        let columns: Vec<String> = self.protocol.shares.iter().map(|share| format!("LR {} %", share * 100.0)).collect();
        writeln!(lines, "| features | kNN-20 | {} | balanced | macro F1 | kappa |", columns.join(" | "))?;
        writeln!(lines, "|---|---|{}---|---|---|", "---|".repeat(columns.len()))?;
        let most = Interval::of(&majority.iter().map(|scores| scores.accuracy).collect::<Vec<_>>());
        let last = majority.first().copied().unwrap_or_default();
        let cells = vec![format!("{:.3}", most.mean); 1 + columns.len()].join(" | ");
        writeln!(lines, "| majority | {cells} | {:.3} | {:.3} | {:.3} |", last.balanced, last.macro_f1, last.kappa)?;
        let mut facts = vec![json!({"features": "majority", "accuracy": most.mean})];
        for (name, found) in &judged {
            let judges = [Judge::Neighbours].into_iter().chain(self.protocol.shares.iter().map(|&s| Judge::Linear(s)));
            let accuracy = |judge: Judge| {
                let judged = found.iter().find(|judged| judged.judge == judge);
                judged.map_or_else(String::new, |judged| judged.interval(|s| s.accuracy).to_string())
            };
            let accuracies: Vec<String> = judges.map(accuracy).collect();
            let full = found.iter().find(|judged| judged.judge == Judge::Linear(1.0));
            let of =
                |figure: fn(&Scores) -> f64| full.map_or_else(String::new, |full| full.interval(figure).to_string());
            let rest = [of(|s| s.balanced), of(|s| s.macro_f1), of(|s| s.kappa)].join(" | ");
            writeln!(lines, "| {name} | {} | {rest} |", accuracies.join(" | "))?;
            facts.push(json!({"features": name, "judges": found.iter().map(of_judge).collect::<Vec<_>>()}));
        }
        let counts: Vec<String> = classes
            .iter()
            .enumerate()
            .map(|(class, name)| format!("{name} {}", of_windows.iter().filter(|&&of| of == class).count()))
            .collect();
        let goal = goal(&judged);
        let head = self.head(&counts.join(", "));
        let text = format!("{}{head}{lines}", goal.as_deref().map_or_else(String::new, |goal| format!("{goal}\n")));
        Ok(Said { text, facts: self.facts("classification", &facts, json!({"classes": classes, "goal": goal})) })
    }

    fn regression(&self) -> anyhow::Result<Said> {
        let mut targets = Vec::new();
        for label in &self.collected.labels {
            match label.parse::<f64>() {
                Ok(value) if value.is_finite() => targets.push(value),
                _ => bail!("the label {label:?} is no number; --task classification takes words"),
            }
        }
        let zeros = vec![0; targets.len()];
        let found =
            |rows: &[Vec<f32>]| self.protocol.regress(&self.features(rows, &zeros), &targets).map(|r2| vec![r2]);
        self.unlabelled("regression", "labels are numbers", &["R² of ridge"], found)
    }

    fn clustering(&self) -> anyhow::Result<Said> {
        let (classes, of_windows) = self.classes()?;
        let found = |rows: &[Vec<f32>]| {
            self.protocol.cluster(&self.features(rows, &of_windows), classes.len()).map(|found| found.to_vec())
        };
        let labels = format!("k = {} as there are labels: {}", classes.len(), classes.join(", "));
        self.unlabelled("clustering", &labels, &["silhouette", "adjusted Rand index"], found)
    }

    fn detection(&self) -> anyhow::Result<Said> {
        let (classes, of_windows) = self.classes()?;
        let Some(wanted) = &self.arguments.positive else {
            bail!("--positive LABEL says what is to be detected: {}", classes.join(", "));
        };
        let Ok(class) = classes.binary_search(wanted) else {
            bail!("--positive {wanted}: no window has this label; there are {}", classes.join(", "));
        };
        let found = |rows: &[Vec<f32>]| {
            self.protocol.detect(&self.features(rows, &of_windows), class).map(|found| found.to_vec())
        };
        let count = of_windows.iter().filter(|&&of| of == class).count();
        let labels = format!("{count} of {wanted}");
        self.unlabelled("detection", &labels, &["AUROC, taught", "AUROC, novelty"], found)
    }

    /// A table of a few figures of each kind of features.
    fn unlabelled(
        &self,
        task: &str,
        labels: &str,
        columns: &[&str],
        found: impl Fn(&[Vec<f32>]) -> Option<Vec<Vec<f64>>>,
    ) -> anyhow::Result<Said> {
        let mut text = self.head(labels);
        writeln!(text, "| features | {} |", columns.join(" | "))?;
        writeln!(text, "|---|{}", "---|".repeat(columns.len()))?;
        let mut facts = Vec::new();
        for (name, rows) in &self.collected.features {
            let Some(found) = found(rows) else {
                bail!("{name}: a part of the groups has too few windows or labels for this task");
            };
            let cells: Vec<String> = found.iter().map(|values| Interval::of(values).to_string()).collect();
            writeln!(text, "| {name} | {} |", cells.join(" | "))?;
            let figures: BTreeMap<&str, &Vec<f64>> = columns.iter().copied().zip(&found).collect();
            facts.push(json!({"features": name, "seeds": figures}));
        }
        Ok(Said { text, facts: self.facts(task, &facts, json!({})) })
    }
}

fn of_judge(judged: &Judged) -> Value {
    let interval = |of: fn(&Scores) -> f64| {
        let Interval { mean, half } = judged.interval(of);
        json!({"mean": mean, "half": half, "seeds": judged.seeds.iter().map(of).collect::<Vec<f64>>()})
    };
    let judge = match judged.judge {
        Judge::Neighbours => "kNN-20".to_owned(),
        Judge::Linear(share) => format!("LR {} %", share * 100.0),
    };
    json!({"judge": judge, "accuracy": interval(|s| s.accuracy), "balanced": interval(|s| s.balanced),
           "macro_f1": interval(|s| s.macro_f1), "kappa": interval(|s| s.kappa), "confusion": judged.confusion})
}

/// What the encoder has to reach on kNN-20, and does not.
fn goal(judged: &[(&str, Vec<Judged>)]) -> Option<String> {
    let near = |wanted: &str| {
        let (_, found) = judged.iter().find(|(name, _)| *name == wanted)?;
        found.iter().find(|judged| judged.judge == Judge::Neighbours).map(|judged| judged.interval(|s| s.accuracy))
    };
    let own = near(ENCODER)?;
    let missed: Vec<String> = RIVALS
        .iter()
        .filter_map(|rival| near(rival).map(|other| (rival, other)))
        .filter(|(_, other)| own.mean - own.half <= other.mean + other.half)
        .map(|(rival, other)| format!("{rival} ({other})"))
        .collect();
    (!missed.is_empty()).then(|| {
        format!(
            "Goal missed: by kNN-20 the encoder ({own}) is not above {} with intervals apart.",
            missed.join(" and ")
        )
    })
}
