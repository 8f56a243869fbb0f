//! The frame round a panel, its title, and bars of fill.
//!
//! Owns no state; runs on the main thread. Invariant: all panels look alike because none draws its own frame.

use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

/// Draws a rounded frame with a title; returns what lies inside.
pub(super) fn frame(theme: &Theme, area: Rect, title: Line<'_>, buffer: &mut Buffer) -> Rect {
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border).title_top(title);
    let inner = block.inner(area);
    block.render(area, buffer);
    inner
}

/// What is left of an area with a blank column at either side.
pub(super) fn inset(area: Rect) -> Rect {
    Rect { x: area.x + area.width.min(1), width: area.width.saturating_sub(2), ..area }
}

/// A title for a frame of this width: the name, then as many parts as fit, joined by the frame's line.
pub(super) fn title<'a>(
    theme: &Theme,
    width: u16,
    name: &'a str,
    parts: impl IntoIterator<Item = Span<'a>>,
) -> Line<'a> {
    let mut line = Line::from(vec![Span::raw(" "), Span::styled(name, theme.title)]);
    for part in parts.into_iter().filter(|part| !part.content.is_empty()) {
        if line.width() + part.width() + 7 > usize::from(width) {
            break;
        }
        line.push_span(Span::styled(" ── ", theme.border));
        line.push_span(part);
    }
    line.push_span(Span::raw(" "));
    line
}

/// Writes a line into a row of an area, where the row is inside; all text of all panels passes here.
pub(super) fn row(area: Rect, row: u16, line: &Line<'_>, buffer: &mut Buffer) {
    if row >= area.height || area.width == 0 {
        return;
    }
    let place = Rect { y: area.y + row, height: 1, ..area };
    // Text aligned to the right must not write over text on the left where both do not fit.
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(place.width);
    let x = if line.alignment == Some(Alignment::Right) { place.right() - width } else { place.x };
    buffer.set_line(x, place.y, line, width);
}

/// A bar of `cells` cells filled to `part`, 0 to 1. Anything above 0 shows, and only what is full looks full.
pub(super) fn bar(theme: &Theme, style: Style, part: f64, cells: usize) -> [Span<'static>; 2] {
    let exact = part.clamp(0.0, 1.0) * cells as f64;
    let full = if part > 0.0 { (exact as usize).clamp(1, cells.max(1)) } else { 0 };
    [Span::styled("▓".repeat(full), style), Span::styled("░".repeat(cells.saturating_sub(full)), theme.border)]
}

/// Eight heights of a column.
const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// A column of a histogram whose highest holds `highest`. Anything above 0 shows.
pub(super) fn column(count: u32, highest: u32) -> &'static str {
    let height = f64::from(count) / f64::from(highest.max(1)) * LEVELS.len() as f64;
    let level = (height.ceil() as usize).checked_sub(1).map(|level| level.min(LEVELS.len() - 1));
    level.map_or(" ", |level| LEVELS[level])
}
