//! The events, the newest first.
//!
//! Owns no state; runs on the main thread. Invariant: the kind of an event is a word; its colour only repeats it.

use super::frame::{frame, inset, row, title};
use crate::pipeline::view::View;
use crate::signal::{Event, EventKind};
use crate::tui::figures::{cut, moment};
use crate::tui::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Draws the panel.
pub(in crate::tui) fn render(state: &State, view: &View, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.theme;
    let filter = state.events_filter.to_lowercase();
    let is_shown = |event: &Event| {
        filter.is_empty() || event.kind.word().contains(&filter) || event.text.to_lowercase().contains(&filter)
    };
    let shown: Vec<&(f64, Event)> = view.events.iter().rev().filter(|(_, event)| is_shown(event)).collect();
    let only = if filter.is_empty() {
        String::new()
    } else {
        format!("only {}, {} of {}", cut(&filter, 16), shown.len(), view.events.len())
    };
    let heading = title(theme, area.width, "Events", [Span::styled(only, theme.warn)]);
    let inner = inset(frame(theme, area, heading, buffer));
    for (place, (seconds, event)) in shown.into_iter().take(inner.height.into()).enumerate() {
        let time = format!("{:>7} ", moment(*seconds));
        let kind = format!("{:<8}", event.kind.word());
        let text = cut(&event.text, usize::from(inner.width).saturating_sub(time.len() + kind.len()));
        let line = Line::from(vec![
            Span::styled(time, theme.label),
            Span::styled(kind, style(state, event.kind)),
            Span::styled(text, theme.text),
        ]);
        row(inner, place as u16, &line, buffer);
    }
}

fn style(state: &State, kind: EventKind) -> Style {
    let theme = &state.theme;
    match kind {
        EventKind::Ready | EventKind::Swap | EventKind::Taught | EventKind::Checkpoint => theme.good,
        EventKind::Marker => theme.marker,
        EventKind::Gap | EventKind::Source | EventKind::Quality | EventKind::Novel | EventKind::Warning => theme.warn,
        EventKind::Loss | EventKind::Error => theme.bad,
    }
}
