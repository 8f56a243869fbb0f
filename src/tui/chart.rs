//! A chart as text: panels of braille curves side by side, and below them what is said of each.
//!
//! Owns no state; runs on the calling thread. Invariant: a pure function of chart, width and theme; without colour it is
//! text and nothing else.

use super::Theme;
use super::ascii;
use super::figures::{cut, setting};
use super::panel::braille::{Band, DotGrid};
use crate::plot::{Chart, Panel};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Span;

/// Rows of cells a channel.
const ROW: u16 = 2;
/// Cells between two panels.
const GAP: u16 = 2;
/// Below this width a panel goes to the next line of panels.
const NARROWEST: u16 = 24;
/// Widest name of a channel.
const LABEL: usize = 8;

/// Draws a chart at most `width` cells wide. Each panel shows its last curve, the one that it is about.
#[must_use]
pub fn chart(chart: &Chart, width: u16, theme: &Theme, coloured: bool) -> String {
    let label = chart.labels.iter().map(|label| Span::raw(cut(label, LABEL)).width()).max().unwrap_or(0) as u16 + 1;
    let room = width.saturating_sub(label);
    let count = chart.panels.len().max(1) as u16;
    let beside = ((room + GAP) / (NARROWEST + GAP)).clamp(1, count);
    let panel = ((room + GAP) / beside).saturating_sub(GAP).max(8);
    let mut text = format!("{}\n", chart.title);
    for (line, panels) in chart.panels.chunks(beside.into()).enumerate() {
        let height = chart.labels.len() as u16 * ROW + 2;
        let mut buffer = Buffer::empty(Rect::new(0, 0, label + (panel + GAP) * beside, height));
        for (row, name) in chart.labels.iter().enumerate() {
            buffer.set_string(0, 1 + row as u16 * ROW, cut(name, LABEL), theme.label);
        }
        for (place, drawn) in panels.iter().enumerate() {
            let area = Rect::new(label + place as u16 * (panel + GAP), 0, panel, height);
            let style = theme.traces[(line * usize::from(beside) + place).min(1)];
            draw(chart, drawn, area, theme, style, &mut buffer);
        }
        if theme.ascii {
            ascii::fold(&mut buffer);
        }
        text.push_str(&lines(&buffer, coloured));
    }
    text.push_str(&format!("a row is {} high\n", chart.row_in_words()));
    for panel in chart.panels.iter().filter(|panel| !panel.notes.is_empty()) {
        text.push_str(&format!("{}\n", panel.title));
        panel.notes.iter().for_each(|note| text.push_str(&format!("  {note}\n")));
    }
    if theme.ascii { ascii::of_text(&text) } else { text }
}

/// One panel: its title, a band of dots a channel, the first and the last second.
fn draw(chart: &Chart, panel: &Panel, area: Rect, theme: &Theme, style: Style, buffer: &mut Buffer) {
    buffer.set_string(area.x, area.y, cut(&panel.title, area.width.into()), theme.text);
    let plot = Rect { y: area.y + 1, height: area.height - 2, ..area };
    let mut grid = DotGrid::new(plot);
    let dots = usize::from(ROW) * 4;
    for (row, values) in panel.curves.last().iter().flat_map(|curve| curve.rows.iter().enumerate()) {
        let half = f64::from(chart.half_row);
        let band = Band { rows: row * dots..(row + 1) * dots, reach: dots / 2, upper: half, lower: -half };
        grid.curve(columns(values, grid.columns()), &band, style);
    }
    grid.render(buffer);
    let (from, to) = chart.seconds;
    buffer.set_string(area.x, plot.bottom(), setting(from), theme.label);
    let end = format!("{} s", setting(to));
    buffer.set_string(area.right().saturating_sub(end.len() as u16), plot.bottom(), end, theme.label);
}

/// Lowest and highest value of each column of dots; between fewer values than columns, what lies on the line.
pub(super) fn columns(values: &[f32], columns: usize) -> Vec<Option<(f64, f64)>> {
    let at = |place: f64| {
        let left = (place as usize).min(values.len() - 1);
        let right = (left + 1).min(values.len() - 1);
        f64::from(values[left]) + (f64::from(values[right]) - f64::from(values[left])) * (place - left as f64)
    };
    let column = |column: usize| {
        if values.len() >= columns {
            let some = &values[column * values.len() / columns..(column + 1) * values.len() / columns];
            let (low, high) = some.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
            return Some((low.into(), high.into()));
        }
        let value = at(column as f64 * (values.len() - 1) as f64 / (columns - 1).max(1) as f64);
        Some((value, value))
    };
    if values.is_empty() { Vec::new() } else { (0..columns).map(column).collect() }
}

/// The lines of a buffer without the blanks at their ends, with colours where they are wanted.
fn lines(buffer: &Buffer, coloured: bool) -> String {
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width).max(1)) {
        let (mut line, mut colour) = (String::new(), None);
        let used = row.iter().rposition(|cell| cell.symbol() != " ").map_or(0, |last| last + 1);
        for cell in &row[..used] {
            let wanted = if let Color::Indexed(index) = cell.fg { Some(index) } else { None };
            if coloured && wanted != colour {
                line.push_str(&wanted.map_or_else(|| "\x1b[0m".to_owned(), |index| format!("\x1b[38;5;{index}m")));
                colour = wanted;
            }
            line.push_str(cell.symbol());
        }
        if colour.is_some() {
            line.push_str("\x1b[0m");
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Curve;

    fn example(panels: usize) -> Chart {
        let panel = |place: usize| {
            let wave = |row: usize| (0..100).map(|t| ((t * (row + 1)) as f32 * 0.13 + place as f32).sin()).collect();
            let curve = Curve { rows: (0..2).map(wave).collect(), colour: [0; 3], thickness: 1.0 };
            Panel { title: format!("view {place}"), curves: vec![curve], notes: vec!["amplitude × 1.10".to_owned()] }
        };
        Chart {
            title: "example.edf".to_owned(),
            labels: vec!["Fp1".to_owned(), "a long label".to_owned()],
            seconds: (60.0, 60.5),
            half_row: 1.5,
            unit: "µV",
            panels: (0..panels).map(panel).collect(),
        }
    }

    #[test]
    fn panels_stand_side_by_side_where_they_fit() {
        insta::assert_snapshot!(chart(&example(2), 70, &Theme::plain(false), false));
    }

    #[test]
    fn narrow_terminals_have_them_below_each_other_and_ascii_is_ascii() {
        let text = chart(&example(2), 40, &Theme::plain(true), false);
        assert!(text.is_ascii(), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn colours_come_where_they_are_wanted_alone() {
        let chart_of = |coloured| chart(&example(3), 100, &Theme::dark(false), coloured);
        assert!(!chart_of(false).contains('\x1b'));
        let coloured = chart_of(true);
        assert!(coloured.contains("\x1b[38;5;110m"));
        assert!(coloured.lines().all(|line| !line.contains('\x1b') || line.ends_with("\x1b[0m")));
        let (mut plain, mut rest) = (String::new(), coloured.as_str());
        while let Some((before, code)) = rest.split_once('\x1b') {
            plain.push_str(before);
            rest = code.split_once('m').unwrap().1;
        }
        assert_eq!(plain + rest, chart_of(false));
    }

    #[test]
    fn any_width_and_any_number_of_samples_is_drawn() {
        let mut few = example(1);
        for width in [0, 1, 9, 33, 500] {
            for rows in [vec![vec![], vec![1.0]], vec![vec![f32::NAN, 1.0], vec![1e30; 7]]] {
                few.panels[0].curves[0].rows = rows;
                assert!(chart(&few, width, &Theme::plain(false), false).lines().count() > 4);
            }
        }
    }
}
