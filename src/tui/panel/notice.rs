//! What lies on top of the panels: a text that is written, a question before quitting or before the served model changes,
//! the wait for the end, the wait for the first frame.
//!
//! Owns no state; runs on the main thread. Invariant: an overlay covers no more than it needs, in the middle.

use super::frame::{frame, inset, row, title};
use crate::pipeline::command::Command;
use crate::tui::palette::find;
use crate::tui::state::{Quitting, State};
use crate::tui::writing::{Wanted, Writing};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

/// Lines of the palette at most.
const COMMANDS: usize = 12;

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
            Some(Command::Record(_)) => {
                let lines = [
                    Line::raw(format!("{} is completed; what comes then is not recorded.", recorded(state))),
                    Line::raw("r again does it, any other key goes on recording."),
                ];
                draw(state, "End the recording?", &lines, area, buffer);
            }
            Some(Command::Quit) => {
                let lines = [
                    Line::raw("The run ends in good order, for everybody who looks on."),
                    Line::raw("`:end run` again does it, any other key goes on."),
                ];
                draw(state, "End the run?", &lines, area, buffer);
            }
            _ => {
                if let Some(told) = &state.told {
                    draw(state, "Note", &[Line::raw(told.clone())], area, buffer);
                } else if let Some(written) = &state.writing {
                    writing(state, written, area, buffer);
                } else if state.unsuspended {
                    let lines = [
                        Line::raw("The run stops with the program: frames are lost until `fg`."),
                        Line::raw("Ctrl-z again does it, any other key goes on."),
                    ];
                    draw(state, "Suspend?", &lines, area, buffer);
                }
            }
        },
        Quitting::AtOnce => {}
        Quitting::Asked => {
            let lines = [
                Line::raw(format!("{} is being recorded.", recorded(state))),
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

/// The file that is being recorded.
fn recorded(state: &State) -> &str {
    let recording = state.newest.as_deref().and_then(|view| view.recording.as_ref());
    recording.map_or("the recording", |recording| recording.name.as_str())
}

/// The text that is being written, and what there is to choose from.
fn writing(state: &State, written: &Writing, area: Rect, buffer: &mut Buffer) {
    let theme = &state.theme;
    let prompt = Line::from(vec![Span::styled(written.text.clone(), theme.title), Span::styled("_", theme.key)]);
    let mut lines = vec![prompt];
    let name = match written.wanted {
        Wanted::Label => {
            let key = if written.text.is_empty() { theme.key } else { theme.label };
            lines.extend(state.labels.iter().enumerate().map(|(place, earlier)| {
                let number = Span::styled((place + 1).to_string(), key);
                Line::from(vec![number, Span::styled(format!("  {earlier}"), theme.label)])
            }));
            lines.push(Line::styled("Enter labels this moment, Esc leaves.", theme.label));
            "Label"
        }
        Wanted::Marker => {
            lines.push(Line::styled(
                "Enter marks this moment, Esc leaves. A label (l) teaches, a marker does not.",
                theme.label,
            ));
            "Marker"
        }
        Wanted::Events => {
            lines.push(Line::styled("Enter shows only events with this word; none shows all.", theme.label));
            "Filter events"
        }
        Wanted::Deed => {
            commands(state, written, area, &mut lines);
            "Command"
        }
    };
    draw(state, name, &lines, area, buffer);
}

/// The lines of the palette round the chosen one, as many as there is room for.
fn commands(state: &State, written: &Writing, area: Rect, lines: &mut Vec<Line<'_>>) {
    let theme = &state.theme;
    let found = find(&written.text);
    let room = usize::from(area.height.saturating_sub(8)).clamp(1, COMMANDS);
    let first = written.chosen.saturating_sub(room - 1);
    let widest = found.iter().map(|line| Span::raw(&line.name).width()).max().unwrap_or(0);
    for (place, line) in found.into_iter().enumerate().skip(first).take(room) {
        let (pointer, style) = if place == written.chosen { ("▸", theme.selected) } else { (" ", theme.text) };
        let gap = " ".repeat(widest - Span::raw(&line.name).width() + 2);
        lines.push(Line::from(vec![
            Span::styled(format!("{pointer} {}", line.name), style),
            Span::raw(gap),
            Span::styled(line.help, theme.label),
            Span::styled(format!("  {}", line.key), theme.key),
        ]));
    }
    lines.push(Line::styled("Enter does it, Tab takes it up, ↑ ↓ choose, Esc leaves.", theme.label));
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
