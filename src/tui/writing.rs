//! What is written on the screen: labels, filters, commands; and what a mouse points at.
//!
//! Owns [`Writing`], on the main thread. Invariant: pure, as all of [`State`]; while something is written, letters are no keys.

use super::figures::cut;
use super::keys::{Action, Typed};
use super::layout::{Places, channels_on_page, trace_rows};
use super::palette::{Deed, find};
use super::state::{Role, State};
use crate::pipeline::command::Command;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

/// Characters of a text at most: annotations of recordings hold not much more.
const LONGEST: usize = 60;
/// Labels that have a digit.
const LABELS: usize = 9;

/// What a text is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A label of this moment.
    Label,
    /// A marker of this moment.
    Marker,
    /// A word of events.
    Events,
    /// A command.
    Deed,
}

/// A text that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writing {
    pub(super) wanted: Wanted,
    pub(super) text: String,
    /// The line that is chosen, where there are lines to choose from.
    pub(super) chosen: usize,
}

impl Writing {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, text: String::new(), chosen: 0 }
    }
}

/// Marks this moment with a text.
fn marker(text: &str) -> Option<Command> {
    (!text.is_empty()).then(|| Command::Marker(text.to_owned()))
}

impl State {
    /// True while a text is written, when letters are no keys.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    pub(super) fn is_writing_a(&self, wanted: Wanted) -> bool {
        self.writing.as_ref().is_some_and(|writing| writing.wanted == wanted)
    }

    /// Does what a key does to the text that is being written; returns what the pipeline has to do for it.
    pub fn write(&mut self, typed: Typed) -> Option<Command> {
        let writing = self.writing.as_mut()?;
        match typed {
            Typed::Letter(letter) => {
                let earlier = letter.to_digit(10).and_then(|digit| self.labels.get((digit as usize).checked_sub(1)?));
                let is_first = writing.text.is_empty() && writing.wanted == Wanted::Label;
                if let Some(text) = earlier.filter(|_| is_first).cloned() {
                    self.writing = None;
                    return Some(Command::Label(text));
                }
                if writing.text.chars().count() < LONGEST && !letter.is_control() {
                    writing.text.push(letter);
                    writing.chosen = 0;
                }
            }
            Typed::Erase => {
                writing.text.pop();
                writing.chosen = 0;
            }
            Typed::Up => writing.chosen = writing.chosen.saturating_sub(1),
            Typed::Down if writing.wanted == Wanted::Deed => {
                writing.chosen = (writing.chosen + 1).min(find(&writing.text).len().saturating_sub(1));
            }
            Typed::Complete if writing.wanted == Wanted::Deed => {
                if let Some(line) = find(&writing.text).into_iter().nth(writing.chosen) {
                    (writing.text, writing.chosen) = (line.completed, 0);
                }
            }
            Typed::Down | Typed::Complete => {}
            Typed::Leave => self.writing = None,
            Typed::Done => {
                let Writing { wanted, text, chosen } = self.writing.take()?;
                match wanted {
                    Wanted::Label => return self.label(text.trim()),
                    Wanted::Marker => return marker(text.trim()),
                    Wanted::Events => text.trim().clone_into(&mut self.events_filter),
                    Wanted::Deed => return self.command(&text, chosen),
                }
            }
        }
        None
    }

    /// Labels this moment, and remembers the label.
    fn label(&mut self, text: &str) -> Option<Command> {
        if text.is_empty() {
            return None;
        }
        if self.labels.len() < LABELS && !self.labels.iter().any(|label| label == text) {
            self.labels.push(text.to_owned());
        }
        Some(Command::Label(text.to_owned()))
    }

    /// Carries out the chosen line of the palette.
    fn command(&mut self, text: &str, chosen: usize) -> Option<Command> {
        let Some(line) = find(text).into_iter().nth(chosen) else {
            self.told = Some(format!("There is no command `{}`; `:` alone lists them all.", cut(text.trim(), 30)));
            return None;
        };
        match line.deed {
            Some(Deed::Act(action)) => return self.on(action),
            Some(Deed::Label(_) | Deed::Marker(_)) if self.role == (Role::Viewer { control: false }) => {
                return self.on(Action::Label);
            }
            // The words as they were written: the palette looks for names in small letters.
            Some(Deed::Label(_)) => return self.label(text.trim_start().split_once(' ')?.1.trim()),
            Some(Deed::Marker(_)) => return marker(text.trim_start().split_once(' ')?.1.trim()),
            Some(Deed::Channel(wanted)) => self.seek(&wanted),
            Some(Deed::Events(word)) => self.events_filter = word,
            Some(Deed::Scale(microvolts)) => self.rescale_to(microvolts),
            Some(Deed::Seconds(seconds)) => self.show_seconds(seconds),
            Some(Deed::Hertz(hertz)) => self.show_hertz(hertz),
            // What is missing can still be written.
            None => {
                let mut writing = Writing::new(Wanted::Deed);
                writing.text = if text.trim_end().contains(' ') { text.to_owned() } else { line.completed };
                self.writing = Some(writing);
            }
        }
        None
    }

    /// Selects a channel by its label, the electrode that it means, or its number.
    fn seek(&mut self, wanted: &str) {
        let Some(view) = self.view.as_deref() else { return };
        let montage = &view.facts.montage;
        let number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match montage.find(wanted).or(number.filter(|place| *place < montage.len())) {
            Some(channel) => self.select(channel),
            None => self.told = Some(format!("There is no channel `{}`.", cut(wanted, 30))),
        }
    }

    /// Does what a mouse does: the wheel goes through the channels, a click on a trace selects its channel.
    pub fn point(&mut self, mouse: MouseEvent) {
        if self.is_writing() {
            return;
        }
        match mouse.kind {
            MouseEventKind::ScrollUp => drop(self.on(Action::ChannelUp)),
            MouseEventKind::ScrollDown => drop(self.on(Action::ChannelDown)),
            MouseEventKind::Down(MouseButton::Left) => {
                let traces = Places::of(self.size, self.arrangement, self.events_large).traces;
                let channels = self.view.as_ref().map_or(0, |view| view.facts.montage.len());
                let rows = trace_rows(traces);
                let row = mouse.row.saturating_sub(traces.y + 1);
                let is_on_traces = traces.contains(Position::new(mouse.column, mouse.row)) && row < rows;
                if is_on_traces && mouse.row > traces.y && !self.solo {
                    let slots = channels_on_page(rows, channels);
                    let slot = usize::from(row) * slots / usize::from(rows.max(1));
                    self.select(self.selected / slots * slots + slot);
                }
            }
            _ => {}
        }
    }
}
