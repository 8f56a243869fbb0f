//! Curves in braille dots: two columns and four rows of dots a cell.
//!
//! Owns [`DotGrid`], made anew for each frame on the main thread. Invariant: a curve never leaves the reach of its
//! band of rows, and within it neighbouring columns always touch, so that a steep edge is a line and not two specks.
//!
//! Not ratatui's `Chart`: that draws points and the lines between them, while a trace is a minimum and a maximum a
//! column (the peaks of thousands of samples), stacked sixteen high.

use crate::tui::ascii::BRAILLE;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::ops::Range;

/// The bit of each dot, by row and column inside a cell (Unicode 15, braille patterns).
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A grid of dots over an area of cells.
pub(in crate::tui) struct DotGrid {
    area: Rect,
    cells: Vec<(u8, Style)>,
}

impl DotGrid {
    /// An empty grid over an area.
    pub(in crate::tui) fn new(area: Rect) -> Self {
        let cells = usize::from(area.width) * usize::from(area.height);
        Self { area, cells: vec![(0, Style::new()); cells] }
    }

    /// Columns of dots.
    pub(in crate::tui) fn columns(&self) -> usize {
        usize::from(self.area.width) * 2
    }

    /// Rows of dots.
    pub(in crate::tui) fn rows(&self) -> usize {
        usize::from(self.area.height) * 4
    }

    /// Sets the dots of one column from row `top` to row `bottom`, both included, as far as they are on the grid.
    pub(in crate::tui) fn stroke(&mut self, column: usize, top: usize, bottom: usize, style: Style) {
        if column >= self.columns() {
            return;
        }
        for row in top..=bottom.min(self.rows().saturating_sub(1)) {
            let cell = row / 4 * usize::from(self.area.width) + column / 2;
            if let Some((dots, colour)) = self.cells.get_mut(cell) {
                *dots |= DOTS[row % 4][column % 2];
                *colour = style;
            }
        }
    }

    /// Draws a curve into a band of rows: a lowest and a highest value a column, none where there is a gap.
    pub(in crate::tui) fn curve(
        &mut self,
        columns: impl IntoIterator<Item = Option<(f64, f64)>>,
        band: &Band,
        style: Style,
    ) {
        let mut before: Option<(usize, usize)> = None;
        for (column, value) in columns.into_iter().enumerate() {
            let Some((low, high)) = value else {
                before = None;
                continue;
            };
            let (top, bottom) = (band.row(high), band.row(low));
            let (mut from, mut to) = (top, bottom);
            if let Some((upper, lower)) = before {
                from = from.min(lower + 1);
                to = to.max(upper.saturating_sub(1));
            }
            before = Some((top, bottom));
            self.stroke(column, from, to, style);
        }
    }

    /// Writes the cells that have dots; the others keep what the buffer holds.
    pub(in crate::tui) fn render(&self, buffer: &mut Buffer) {
        for (place, (dots, style)) in self.cells.iter().enumerate().filter(|(_, (dots, _))| *dots != 0) {
            let width = usize::from(self.area.width);
            let x = self.area.x + (place % width) as u16;
            let y = self.area.y + (place / width) as u16;
            if let (Some(cell), Some(letter)) = (buffer.cell_mut((x, y)), char::from_u32(BRAILLE + u32::from(*dots))) {
                cell.set_char(letter).set_style(*style);
            }
        }
    }
}

/// Rows of dots that a curve lives in, and the values at their edges.
pub(in crate::tui) struct Band {
    /// Rows from the top of the grid.
    pub(in crate::tui) rows: Range<usize>,
    /// Rows above and below that peaks may reach into.
    pub(in crate::tui) reach: usize,
    /// The value at the upper edge.
    pub(in crate::tui) upper: f64,
    /// The value at the lower edge.
    pub(in crate::tui) lower: f64,
}

impl Band {
    /// The row of a value; beyond the reach of the band, the last row within it.
    pub(in crate::tui) fn row(&self, value: f64) -> usize {
        let rows = self.rows.len().max(1);
        let span = self.upper - self.lower;
        let part = if span > 0.0 { (self.upper - value) / span } else { 0.5 };
        let first = self.rows.start.saturating_sub(self.reach);
        let last = self.rows.start + rows - 1 + self.reach;
        let row = self.rows.start as f64 + (part * rows as f64).floor();
        // A cast of what is below zero or not a number gives zero.
        (row as usize).clamp(first, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::Cell;

    fn drawn(width: u16, height: u16, draw: impl FnOnce(&mut DotGrid)) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let (mut grid, mut buffer) = (DotGrid::new(area), Buffer::empty(area));
        draw(&mut grid);
        grid.render(&mut buffer);
        let cells: Vec<&str> = buffer.content.iter().map(Cell::symbol).collect();
        cells.chunks(usize::from(width)).map(<[&str]>::concat).collect()
    }

    fn band(rows: usize) -> Band {
        Band { rows: 0..rows, reach: 0, upper: 1.0, lower: -1.0 }
    }

    #[test]
    fn steep_edges_are_joined() {
        let lines = drawn(2, 2, |grid| {
            grid.curve([-1.0, -1.0, 1.0, 1.0].map(|v| Some((v, v))), &band(8), Style::new());
        });
        assert_eq!(lines, [" ⡏", "⣀⠇"]);
    }

    #[test]
    fn gaps_stay_blank_and_are_not_joined() {
        let lines = drawn(3, 1, |grid| {
            let flat = Some((0.9, 0.9));
            grid.curve([flat, flat, None, None, Some((-0.9, -0.9)), None], &band(4), Style::new());
        });
        assert_eq!(lines, ["⠉ ⡀"]);
    }

    #[test]
    fn peaks_between_columns_are_kept() {
        let lines = drawn(1, 1, |grid| grid.curve([Some((-1.0, 1.0)), None], &band(4), Style::new()));
        assert_eq!(lines, ["⡇"]);
    }

    #[test]
    fn values_beyond_the_edges_stay_in_their_band() {
        let values = [9.0, 1.0, 0.1, -0.1, -0.9, -9.0, f64::NAN];
        let band = Band { rows: 4..8, reach: 0, upper: 1.0, lower: -1.0 };
        assert_eq!(values.map(|v| band.row(v)), [4, 4, 5, 6, 7, 7, 4]);
        let band = Band { reach: 2, ..band };
        assert_eq!(values.map(|v| band.row(v)), [2, 4, 5, 6, 7, 9, 2]);
    }

    #[test]
    fn an_empty_grid_takes_strokes() {
        assert!(drawn(1, 0, |grid| grid.stroke(0, 0, 9, Style::new())).is_empty());
    }
}
