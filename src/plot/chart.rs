//! Panels side by side that share their rows: one row a channel.
//!
//! A plain value that draws itself. Invariant: every panel has the same scale, so that amplitudes can be compared.

use super::canvas::{FAINT, GRID, INK, PAPER};
use super::{Canvas, Colour, nice, ticks};

/// Pixels a second panel begins behind the first, and the margin round it all.
const GAP: f32 = 24.0;
const PANEL_WIDTH: f32 = 440.0;
const ROW_HEIGHT: f32 = 56.0;
/// Rows that a curve may reach into above and below its own.
const REACH: f32 = 0.5;

/// A curve of each row in a panel.
#[derive(Clone, Debug)]
pub struct Curve {
    /// `[row][frame]`.
    pub rows: Vec<Vec<f32>>,
    /// Its colour.
    pub colour: Colour,
    /// Pixels.
    pub thickness: f32,
}

/// Curves over one axis of time.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What stands above.
    pub title: String,
    /// Later ones lie over earlier ones.
    pub curves: Vec<Curve>,
    /// What stands below, a line each; long ones are broken.
    pub notes: Vec<String>,
}

/// Panels of the same rows, the same times and the same scale.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What stands above it all.
    pub title: String,
    /// Names of the rows.
    pub labels: Vec<String>,
    /// Seconds at the first and the last frame.
    pub seconds: (f64, f64),
    /// Half of a row in the unit of the curves.
    pub half_row: f32,
    /// That unit.
    pub unit: &'static str,
    /// From left to right.
    pub panels: Vec<Panel>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[error("the picture cannot be made: {0}")]
pub struct PlotError(#[from] png::EncodingError);

impl Chart {
    /// How high a row is, for captions: `12.4 µV`.
    #[must_use]
    pub fn row_in_words(&self) -> String {
        format!("{:.3} {}", 2.0 * self.half_row, self.unit)
    }

    /// Draws it and gives the bytes of a PNG file.
    ///
    /// # Errors
    /// If it is too large for one.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        let margin = 16.0 + self.labels.iter().map(|label| Canvas::text_width(label)).fold(0.0, f32::max) + 8.0;
        let rows = ROW_HEIGHT * self.labels.len() as f32;
        let (top, notes) = (3.5 * Canvas::LINE, self.panels.iter().map(|p| broken(&p.notes)).collect::<Vec<_>>());
        let lines = notes.iter().map(Vec::len).max().unwrap_or(0) as f32;
        let width = margin + self.panels.len() as f32 * (PANEL_WIDTH + GAP);
        let height = top + rows + 2.5 * Canvas::LINE + (lines + 0.5) * Canvas::LINE;
        let mut canvas = Canvas::new(width as usize, height as usize, PAPER);
        canvas.text(16.0, 10.0, &self.title, INK);
        for (row, label) in self.labels.iter().enumerate() {
            let middle = top + (row as f32 + 0.5) * ROW_HEIGHT;
            canvas.text(margin - 8.0 - Canvas::text_width(label), middle - 9.0, label, INK);
        }
        for (place, (panel, notes)) in self.panels.iter().zip(&notes).enumerate() {
            let left = margin + place as f32 * (PANEL_WIDTH + GAP);
            self.draw(&mut canvas, panel, left, top, rows);
            for (line, text) in notes.iter().enumerate() {
                canvas.text(left, top + rows + (2.5 + line as f32) * Canvas::LINE, text, INK);
            }
        }
        self.draw_bar(&mut canvas, width, top);
        Ok(canvas.to_png()?)
    }

    fn draw(&self, canvas: &mut Canvas, panel: &Panel, left: f32, top: f32, height: f32) {
        let colour = panel.curves.last().map_or(INK, |curve| curve.colour);
        canvas.text(left, top - 1.2 * Canvas::LINE, &panel.title, colour);
        let (from, to) = self.seconds;
        let x = |seconds: f64| left + ((seconds - from) / (to - from).max(1e-9)) as f32 * PANEL_WIDTH;
        for tick in ticks(from, to, 3) {
            canvas.fill([x(tick).round().min(left + PANEL_WIDTH - 1.0), top, 1.0, height + 4.0], GRID);
            let text = format!("{}", (tick * 1e6).round() / 1e6);
            canvas.text(x(tick) - Canvas::text_width(&text) / 2.0, top + height + 6.0, &text, FAINT);
        }
        canvas.text(left + PANEL_WIDTH - Canvas::text_width("s"), top + height + 6.0, "s", FAINT);
        for row in 0..self.labels.len() {
            canvas.fill([left, (top + (row as f32 + 0.5) * ROW_HEIGHT).round(), PANEL_WIDTH, 1.0], GRID);
        }
        for edge in [[left, top, PANEL_WIDTH, 1.0], [left, top + height, PANEL_WIDTH, 1.0]] {
            canvas.fill(edge, FAINT);
        }
        for curve in &panel.curves {
            for (row, values) in curve.rows.iter().enumerate() {
                let middle = top + (row as f32 + 0.5) * ROW_HEIGHT;
                let step = PANEL_WIDTH / (values.len().max(2) - 1) as f32;
                let high = |value: f32| {
                    (value / self.half_row).clamp(-1.0 - 2.0 * REACH, 1.0 + 2.0 * REACH) * ROW_HEIGHT / 2.0
                };
                let point = |(frame, value): (usize, &f32)| {
                    let y = (middle - high(*value)).clamp(top, top + height);
                    (left + frame as f32 * step, y)
                };
                let points: Vec<(f32, f32)> = values.iter().enumerate().map(point).collect();
                canvas.line(&points, curve.thickness, curve.colour);
            }
        }
    }

    /// The bar stands in the upper right corner, above the last panel.
    fn draw_bar(&self, canvas: &mut Canvas, width: f32, top: f32) {
        let length = nice(f64::from(self.half_row)) as f32;
        let text = &format!("{length} {}", self.unit);
        let (x, tall) = (width - GAP - 4.0, length / self.half_row * ROW_HEIGHT / 2.0);
        let y = (top - 6.0 - tall).max(2.0);
        canvas.fill([x, y, 3.0, tall], INK);
        canvas.text(x - 8.0 - Canvas::text_width(text), y + tall / 2.0 - 9.0, text, INK);
    }
}

/// Lines that fit below a panel.
fn broken(notes: &[String]) -> Vec<String> {
    let most = (PANEL_WIDTH / Canvas::text_width("m")) as usize;
    let mut lines = Vec::new();
    for note in notes {
        let mut line = String::new();
        for word in note.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > most {
                lines.push(std::mem::replace(&mut line, "  ".to_owned()));
            }
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}
