//! How far a long command is: lines that stay on a terminal and redraw themselves, or lines one after the other.
//!
//! Runs on the main thread. Invariant: what is for scripts goes to stdout alone, and nothing is drawn where nobody looks.

use super::arguments::Format;
use neurostream::learn::Validation;
use neurostream::signal::Stamp;
use serde_json::json;
use std::io::{self, IsTerminal, Write};

/// Seconds between two drawings on a terminal.
const DRAW_EVERY_S: f64 = 0.2;
/// Columns and rows of the curve, and the steps of a cell.
const COLUMNS: usize = 60;
const ROWS: usize = 3;
const CELLS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is shown of a step.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Steps taken.
    pub step: u64,
    /// Steps in all, about.
    pub total: u64,
    /// Passes through all recordings.
    pub epochs: f64,
    /// Recordings that were read, of how many.
    pub files: [usize; 2],
    /// Loss of the step.
    pub loss: f32,
    /// Windows a second.
    pub windows_per_s: f64,
    /// Share of the time that was spent waiting for windows.
    pub waiting: f64,
    /// Seconds until all is done.
    pub left_s: f64,
}

/// Shows progress.
pub struct Progress {
    format: Format,
    is_terminal: bool,
    /// Lines that are drawn at the moment.
    drawn: usize,
    drawn_at: Option<Stamp>,
    curve: Curve,
}

impl Progress {
    /// On the terminal, if there is one.
    pub fn new(format: Format) -> Self {
        let is_terminal = io::stderr().is_terminal() && format == Format::Text;
        Self { format, is_terminal, drawn: 0, drawn_at: None, curve: Curve::default() }
    }

    /// True if lines are JSON.
    pub fn is_for_scripts(&self) -> bool {
        self.format == Format::Json
    }

    /// Says something that stays; scripts are not told.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.clear()?;
        if self.format == Format::Json { Ok(()) } else { writeln!(io::stdout(), "{text}") }
    }

    /// Draws lines in place of those before, on a terminal.
    pub fn show(&mut self, lines: &[String]) -> io::Result<()> {
        if !self.is_terminal {
            return Ok(());
        }
        self.clear()?;
        let mut err = io::stderr().lock();
        write!(err, "{}", lines.join("\n"))?;
        self.drawn = lines.len();
        err.flush()
    }

    /// Takes what is drawn away.
    pub fn clear(&mut self) -> io::Result<()> {
        if self.drawn == 0 {
            return Ok(());
        }
        let mut err = io::stderr().lock();
        write!(err, "\r\x1b[K")?;
        for _ in 1..self.drawn {
            write!(err, "\x1b[A\x1b[K")?;
        }
        self.drawn = 0;
        err.flush()
    }

    /// Shows a step; without a terminal only those that are a `point` of the curve.
    pub fn step(&mut self, line: &Line, validation: Option<&Validation>, is_point: bool, now: Stamp) -> io::Result<()> {
        self.curve.push(line.loss);
        if self.is_terminal {
            if self.drawn_at.is_none_or(|at| now - at >= DRAW_EVERY_S) {
                self.drawn_at = Some(now);
                let lines: Vec<String> = self.curve.rows().into_iter().chain([text(line, validation)]).collect();
                self.show(&lines)?;
            }
            return Ok(());
        }
        if !is_point {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match self.format {
            Format::Text => writeln!(out, "{}", text(line, validation))?,
            Format::Json => {
                let judged = validation.map(
                    |v| json!({"loss": v.loss, "chance": v.chance, "std": v.health.std, "rankme": v.health.rankme}),
                );
                let value = json!({"step": line.step, "steps": line.total, "epoch": line.epochs, "loss": line.loss,
                                   "validation": judged, "windows_per_s": line.windows_per_s,
                                   "waiting_share": line.waiting, "left_s": line.left_s});
                writeln!(out, "{value}")?;
            }
        }
        out.flush()
    }
}

/// Losses of all steps, as many a column as there have to be.
#[derive(Debug)]
struct Curve {
    /// Sum and number of each column.
    columns: Vec<[f64; 2]>,
    /// Steps a column.
    each: usize,
}

impl Default for Curve {
    fn default() -> Self {
        Self { columns: Vec::new(), each: 1 }
    }
}

impl Curve {
    fn push(&mut self, loss: f32) {
        let loss = f64::from(loss);
        if !loss.is_finite() {
            return;
        }
        if let Some(column) = self.columns.last_mut().filter(|column| column[1] < self.each as f64) {
            *column = [column[0] + loss, column[1] + 1.0];
            return;
        }
        if self.columns.len() == COLUMNS {
            let joined = |two: &[[f64; 2]]| two.iter().fold([0.0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]);
            self.columns = self.columns.chunks(2).map(joined).collect();
            self.each *= 2;
        }
        self.columns.push([loss, 1.0]);
    }

    /// Rows of cells from the greatest loss to the least, with the two beside them.
    fn rows(&self) -> Vec<String> {
        let means: Vec<f64> = self.columns.iter().map(|[sum, count]| sum / count).collect();
        let least = means.iter().copied().fold(f64::INFINITY, f64::min);
        let most = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let steps = CELLS.len() - 1;
        let height = |mean: f64| {
            let share = if most > least { (mean - least) / (most - least) } else { 0.5 };
            1 + (share * (ROWS * steps - 1) as f64).round() as usize
        };
        let row = |row: usize| {
            let cells: String =
                means.iter().map(|&mean| CELLS[height(mean).saturating_sub(row * steps).min(steps)]).collect();
            let label = match row {
                _ if means.is_empty() => String::new(),
                0 => format!("{least:.3}"),
                _ if row == ROWS - 1 => format!("{most:.3}"),
                _ => String::new(),
            };
            format!("{label:>8} {cells}")
        };
        (0..ROWS).rev().map(row).collect()
    }
}

fn text(line: &Line, validation: Option<&Validation>) -> String {
    let Line { step, total, epochs, files: [read, files], loss, windows_per_s, waiting, left_s } = line;
    let judged = validation.map_or_else(String::new, |validation| {
        let collapsed = if validation.health.collapsed() { ", COLLAPSED" } else { "" };
        format!(", held out {:.4}{collapsed}", validation.loss)
    });
    format!(
        "step {step}/{total}, epoch {epochs:.2}, {read}/{files} files, loss {loss:.4}{judged}, {windows_per_s:.0} windows/s, \
         waits {:.1} %, {} left",
        100.0 * waiting,
        span(*left_s)
    )
}

/// A span of time for people.
pub fn span(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 8.64e7) as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_falls_from_the_left_above_to_the_right_below() {
        let mut curve = Curve::default();
        (0..1000).for_each(|step| curve.push(2.0 - step as f32 / 1000.0));
        let rows = curve.rows();
        assert_eq!(rows.len(), ROWS);
        assert!(rows[0].trim_start().starts_with("1.9") && rows[2].trim_start().starts_with("1.0"), "{rows:?}");
        let cells: Vec<Vec<char>> = rows.iter().map(|row| row.chars().skip(9).collect()).collect();
        assert!(cells[0].len() <= COLUMNS && cells[0].len() > COLUMNS / 3, "{rows:?}");
        assert_eq!((cells[0][0], *cells[0].last().unwrap(), *cells[2].last().unwrap()), ('█', ' ', '▁'));
    }

    #[test]
    fn time_is_said_as_people_say_it() {
        assert_eq!([5.9, 61.0, 3725.0, f64::INFINITY].map(span), ["5 s", "1:01 min", "1:02 h", "24000:00 h"]);
    }
}
