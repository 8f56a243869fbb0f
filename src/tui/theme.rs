//! Colours by role.
//!
//! Owns [`Theme`]; a plain value on the main thread. Invariant: no panel names a colour, and colour is never the only
//! carrier: whatever a role says is also said by a word, a number or a glyph.

use ratatui::style::{Color, Modifier, Style};
use std::ffi::OsStr;

/// The style of each role on screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Theme {
    /// What is read.
    pub text: Style,
    /// What only names or measures it: labels, units, axes.
    pub label: Style,
    /// Frames round panels.
    pub border: Style,
    /// Names of panels.
    pub title: Style,
    /// Keys in the key line and in the help.
    pub key: Style,
    /// Traces, in turn, so that neighbours can be told apart.
    pub traces: [Style; 2],
    /// The label of the channel that is selected.
    pub selected: Style,
    /// Its trace.
    pub selected_trace: Style,
    /// The trace of a bad channel.
    pub bad_trace: Style,
    /// Markers, in the traces and among the events.
    pub marker: Style,
    /// The loss curve and the latency histogram.
    pub curve: Style,
    /// From little to much in a picture of cells; the cells' characters say the same.
    pub heat: [Style; 8],
    /// Kinds of things that are told apart by letters, in turn.
    pub kinds: [Style; 8],
    /// Filled parts of bars.
    pub bar: Style,
    /// The word that says what plays: live or replay.
    pub mode: Style,
    /// The banner of a frozen screen.
    pub frozen: Style,
    /// A recording being written.
    pub recording: Style,
    /// As it should be.
    pub good: Style,
    /// Worth a look.
    pub warn: Style,
    /// Wrong.
    pub bad: Style,
    /// Draw with ASCII characters only.
    pub ascii: bool,
}

impl Theme {
    /// The coloured theme: muted tones of the 256-colour palette that most terminals over SSH have.
    #[must_use]
    pub fn coloured(ascii: bool) -> Self {
        let of = |index| Style::new().fg(Color::Indexed(index));
        Self {
            text: Style::reset(),
            label: of(245),
            border: of(240),
            title: of(252).add_modifier(Modifier::BOLD),
            key: of(110),
            traces: [of(110), of(108)],
            selected: of(222).add_modifier(Modifier::BOLD),
            selected_trace: of(222),
            bad_trace: of(240),
            marker: of(176),
            curve: of(110),
            heat: [54, 61, 31, 30, 36, 77, 148, 226].map(of),
            kinds: [110, 215, 108, 204, 176, 222, 73, 180].map(of),
            bar: of(67),
            mode: of(114).add_modifier(Modifier::BOLD),
            frozen: of(222).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            recording: of(203).add_modifier(Modifier::BOLD),
            good: of(114),
            warn: of(221),
            bad: of(203).add_modifier(Modifier::BOLD),
            ascii,
        }
    }

    /// The theme without colours: weight and reversal only.
    #[must_use]
    pub fn plain(ascii: bool) -> Self {
        let text = Style::reset();
        let (bold, dim) = (text.add_modifier(Modifier::BOLD), text.add_modifier(Modifier::DIM));
        Self {
            text,
            label: text,
            border: dim,
            title: bold,
            key: bold,
            traces: [text, text],
            selected: bold,
            selected_trace: bold,
            bad_trace: dim,
            marker: text,
            curve: text,
            heat: [text; 8],
            kinds: [text; 8],
            bar: text,
            mode: bold,
            frozen: bold.add_modifier(Modifier::REVERSED),
            recording: bold,
            good: text,
            warn: bold,
            bad: bold.add_modifier(Modifier::REVERSED),
            ascii,
        }
    }

    /// The theme that the variable `NO_COLOR` asks for: plain where it is set and not empty (no-color.org).
    #[must_use]
    pub fn for_environment(no_color: Option<&OsStr>, ascii: bool) -> Self {
        if no_color.is_some_and(|value| !value.is_empty()) { Self::plain(ascii) } else { Self::coloured(ascii) }
    }
}
