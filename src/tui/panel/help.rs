//! The help and the line of keys, both made from the table of keys.
//!
//! Owns no state; runs on the main thread. Invariant: no key is named here.

use super::frame::{inset, row};
use super::notice::overlay;
use crate::tui::keys::TABLE;
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Draws the line of keys: as many as fit, from the left.
pub(in crate::tui) fn render_keys(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let mut line = Line::default();
    for entry in TABLE.iter().filter(|entry| !entry.word.is_empty()) {
        let parts = [
            Span::raw(" "),
            Span::styled(entry.shown, theme.key),
            Span::styled(format!(" {} ", entry.word), theme.label),
        ];
        if line.width() + parts.iter().map(Span::width).sum::<usize>() > usize::from(area.width) {
            break;
        }
        line.spans.extend(parts);
    }
    row(area, 0, &line, buffer);
}

/// Draws the help over the middle of the screen.
pub(in crate::tui) fn render(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let keys = TABLE.iter().map(|entry| Span::raw(entry.shown).width()).max().unwrap_or(0);
    let lines: Vec<Line<'_>> = TABLE
        .iter()
        .map(|entry| {
            let gap = keys + 2 - Span::raw(entry.shown).width();
            Line::from(vec![
                Span::styled(entry.shown, theme.key),
                Span::raw(" ".repeat(gap)),
                Span::styled(entry.help, theme.text),
            ])
        })
        .collect();
    let inner = inset(overlay(state, "Keys", &lines, area, buffer));
    for (place, line) in lines.iter().enumerate() {
        row(inner, place as u16, line, buffer);
    }
}
