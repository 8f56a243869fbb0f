//! What lies on top of the panels: a label that is written, a question before quitting or before the served model changes,
//! the wait for the end, the wait for the first frame.
//!
//! Owns no state; runs on the main thread. Invariant: an overlay covers no more than it needs, in the middle.

use super::frame::{frame, inset, row, title};
use crate::pipeline::command::Command;
use crate::tui::state::{Quitting, State};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

/// Draws the question or the wait that the state calls for, if any.
pub(in crate::tui) fn render(state: &State, area: Rect, buffer: &mut Buffer) {
    match state.quitting {
        Quitting::No => match state.unsure {
            Some(Command::SwapNow) => {
                let lines = [
                    Line::raw("The weights of this moment are served without the gate."),
                    Line::raw("s again does it, any other key goes on."),
                ];
                draw(state, "Swap now?", &lines, area, buffer);
            }
            Some(Command::RollBack) => {
                let lines = [
                    Line::raw("The generation before is served and trained on."),
                    Line::raw("b again does it, any other key goes on."),
                ];
                draw(state, "Roll back?", &lines, area, buffer);
            }
            _ => {
                if let Some(label) = &state.label {
                    writing(state, label, area, buffer);
                }
            }
        },
        Quitting::AtOnce => {}
        Quitting::Asked => {
            let recording = state.view.as_deref().and_then(|view| view.recording.as_ref());
            let name = recording.map_or("the recording", |recording| recording.name.as_str());
            let lines = [
                Line::raw(format!("{name} is being recorded.")),
                Line::raw("q ends the recording and the run, any other key goes on."),
            ];
            draw(state, "Quit?", &lines, area, buffer);
        }
        Quitting::Told => {
            let lines = [Line::raw("The run ends in good order."), Line::raw("Ctrl-c again leaves at once.")];
            draw(state, "Stopping", &lines, area, buffer);
        }
    }
}

/// The label that is being written, and those that a digit sends again.
fn writing(state: &State, label: &str, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let mut lines = vec![Line::from(vec![Span::styled(label.to_owned(), theme.title), Span::styled("_", theme.key)])];
    lines.extend(state.labels.iter().enumerate().map(|(place, earlier)| {
        let key = Span::styled((place + 1).to_string(), if label.is_empty() { theme.key } else { theme.label });
        Line::from(vec![key, Span::styled(format!("  {earlier}"), theme.label)])
    }));
    lines.push(Line::styled("Enter labels this moment, Esc leaves.", theme.label));
    draw(state, "Label", &lines, area, buffer);
}

/// Says that there is nothing to draw yet.
pub(in crate::tui) fn waiting(state: &State, area: Rect, buffer: &mut Buffer) {
    draw(state, "Starting", &[Line::raw("Waiting for the first frames.")], area, buffer);
}

fn draw(state: &State, name: &str, lines: &[Line<'_>], area: Rect, buffer: &mut Buffer) {
    let inner = inset(overlay(state, name, lines, area, buffer));
    for (place, line) in lines.iter().enumerate() {
        row(inner, place as u16, line, buffer);
    }
}

/// Clears and frames room for lines in the middle of an area; returns what lies inside the frame.
pub(super) fn overlay(state: &State, name: &str, lines: &[Line<'_>], area: Rect, buffer: &mut Buffer) -> Rect {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    let width = u16::try_from(widest + 4).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let over = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(over, buffer);
    frame(&state.theme, over, title(&state.theme, width, name, []), buffer)
}
