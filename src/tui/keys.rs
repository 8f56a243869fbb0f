//! Keys and what they do.
//!
//! Owns the one table from which both the lookup and the help are made; runs on the main thread. Invariant: no key
//! stands in it twice, and what the help says is what the key does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a person can ask of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// End the run; asks first while a recording is written.
    Quit,
    /// End the run without asking; the second time leave at once.
    Interrupt,
    /// End the run from a dashboard whose leaving does not; asks first.
    EndRun,
    /// Leave the terminal to the shell until the program is called back; asks first where that stops a run.
    Suspend,
    /// Take no more Views, or take them again.
    Freeze,
    /// Select the channel above.
    ChannelUp,
    /// Select the channel below.
    ChannelDown,
    /// Show the channels before these.
    PageUp,
    /// Show the channels after these.
    PageDown,
    /// Show fewer seconds.
    Shorter,
    /// Show more seconds.
    Longer,
    /// Fewer microvolts a row.
    Magnify,
    /// More microvolts a row.
    Reduce,
    /// Let the signal choose the scale, or keep the one there is.
    AutoScale,
    /// Show the signal with other filters, on every screen.
    Filters,
    /// Show brain channels less their mean, or as recorded, on every screen.
    Reference,
    /// Show the selected channel alone, or all of them again.
    Solo,
    /// Begin to write a label for the present moment.
    Label,
    /// Mark the present moment.
    Mark,
    /// Begin to write a marker for the present moment.
    WriteMarker,
    /// Begin a recording, or end it; asks before it ends one.
    Record,
    /// Count the selected channel as bad, or only as what is measured.
    MarkBad,
    /// Pause or resume the trainer.
    PauseTraining,
    /// Keep serving what is served, or follow the gate again.
    Hold,
    /// Serve the weights of this moment; asks first.
    SwapNow,
    /// Serve and train on the generation before; asks first.
    RollBack,
    /// Show the next arrangement of panels.
    NextView,
    /// Show another arrangement of panels.
    Arrange(Arrangement),
    /// Colour the map of embeddings by something else.
    MapBy,
    /// Show the next band on the scalp, or what the model looks at.
    NextBand,
    /// Give the events more room, or less.
    Events,
    /// Begin to write which events are shown.
    FilterEvents,
    /// Take the next theme.
    Theme,
    /// Write what is on screen into a file.
    SaveScreen,
    /// Begin to write a command.
    Palette,
    /// Show or hide the help.
    Help,
    /// Close what lies on top.
    Dismiss,
}

impl Arrangement {
    /// The one after it, the first after the last.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }
}

impl Action {
    /// True for what asks something of the run, and not of the screen alone.
    #[must_use]
    pub fn is_order(self) -> bool {
        matches!(
            self,
            Self::EndRun
                | Self::Filters
                | Self::Reference
                | Self::Label
                | Self::Mark
                | Self::WriteMarker
                | Self::MarkBad
                | Self::Record
                | Self::PauseTraining
                | Self::Hold
                | Self::SwapNow
                | Self::RollBack
        )
    }
}

/// Which panels have the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// Something of everything.
    #[default]
    All,
    /// The traces alone.
    Traces,
    /// Power over frequency of the selected channel, and over time.
    Spectrum,
    /// What the trainer does, and every figure of its health.
    Learning,
    /// Where the embeddings of the last minutes lie.
    Map,
}

impl Arrangement {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 5] = [Self::All, Self::Traces, Self::Spectrum, Self::Learning, Self::Map];
}

/// What the points of the map of embeddings are marked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapBy {
    /// How old they are.
    #[default]
    Time,
    /// The last marker before them.
    Marker,
    /// The class that was told.
    Class,
    /// The generation that encoded them.
    Generation,
}

impl MapBy {
    /// The next way.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Time => Self::Marker,
            Self::Marker => Self::Class,
            Self::Class => Self::Generation,
            Self::Generation => Self::Time,
        }
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Marker => "marker",
            Self::Class => "class",
            Self::Generation => "generation",
        }
    }
}

/// What a key does to a text that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// One more character.
    Letter(char),
    /// The last one goes.
    Erase,
    /// The line above, where there are lines to choose from.
    Up,
    /// The line below.
    Down,
    /// The chosen line is taken up into the text.
    Complete,
    /// The text is done.
    Done,
    /// It is not wanted any more.
    Leave,
}

/// One line of the help: keys that belong together.
pub(super) struct Entry {
    /// The keys and what each does.
    pub(super) keys: &'static [(KeyCode, KeyModifiers, Action)],
    /// The keys as they are printed.
    pub(super) shown: &'static str,
    /// One word for the key line; none where the key line leaves it out.
    pub(super) word: &'static str,
    /// What they do, for the help.
    pub(super) help: &'static str,
}

const NONE: KeyModifiers = KeyModifiers::NONE;

/// Every key there is.
pub(super) const TABLE: &[Entry] = &[
    Entry {
        keys: &[(KeyCode::Char('q'), NONE, Action::Quit)],
        shown: "q",
        word: "quit",
        help: "end the run in good order; asks while recording",
    },
    Entry {
        keys: &[(KeyCode::Char('c'), KeyModifiers::CONTROL, Action::Interrupt)],
        shown: "Ctrl-c",
        word: "",
        help: "end the run without asking; again: leave at once",
    },
    Entry {
        keys: &[(KeyCode::Char('?'), NONE, Action::Help)],
        shown: "?",
        word: "help",
        help: "show or hide this help",
    },
    Entry {
        keys: &[(KeyCode::Char(':'), NONE, Action::Palette)],
        shown: ":",
        word: "commands",
        help: "every command by name, some with an argument",
    },
    Entry {
        keys: &[(KeyCode::Char(' '), NONE, Action::Freeze)],
        shown: "space",
        word: "freeze",
        help: "freeze the screen; the run goes on",
    },
    Entry {
        keys: &[(KeyCode::Up, NONE, Action::ChannelUp), (KeyCode::Down, NONE, Action::ChannelDown)],
        shown: "↑ ↓",
        word: "channel",
        help: "select a channel",
    },
    Entry {
        keys: &[(KeyCode::PageUp, NONE, Action::PageUp), (KeyCode::PageDown, NONE, Action::PageDown)],
        shown: "PgUp PgDn",
        word: "",
        help: "page through the channels",
    },
    Entry {
        keys: &[(KeyCode::Enter, NONE, Action::Solo), (KeyCode::Char('x'), NONE, Action::MarkBad)],
        shown: "Enter x",
        word: "solo, bad",
        help: "the selected channel: alone; bad by hand, for model and reference",
    },
    Entry {
        keys: &[(KeyCode::Left, NONE, Action::Shorter), (KeyCode::Right, NONE, Action::Longer)],
        shown: "← →",
        word: "time",
        help: "fewer or more seconds, in view 3 hertz; frozen: scroll back",
    },
    Entry {
        keys: &[
            (KeyCode::Char('+'), NONE, Action::Magnify),
            (KeyCode::Char('='), NONE, Action::Magnify),
            (KeyCode::Char('-'), NONE, Action::Reduce),
        ],
        shown: "+ -",
        word: "scale",
        help: "larger or smaller traces: fewer or more µV a row",
    },
    Entry {
        keys: &[
            (KeyCode::Char('a'), NONE, Action::AutoScale),
            (KeyCode::Char('f'), NONE, Action::Filters),
            (KeyCode::Char('c'), NONE, Action::Reference),
        ],
        shown: "a f c",
        word: "",
        help: "scale by the signal; filters and mean reference for the eye",
    },
    Entry {
        keys: &[
            (KeyCode::Char('l'), NONE, Action::Label),
            (KeyCode::Char('m'), NONE, Action::Mark),
            (KeyCode::Char('M'), NONE, Action::WriteMarker),
        ],
        shown: "l m M",
        word: "label",
        help: "label this moment (a digit repeats one); mark it, with a text",
    },
    Entry {
        keys: &[(KeyCode::Char('r'), NONE, Action::Record)],
        shown: "r",
        word: "record",
        help: "begin a recording of the signal; asks before it ends one",
    },
    Entry {
        keys: &[(KeyCode::Char('t'), NONE, Action::PauseTraining)],
        shown: "t",
        word: "training",
        help: "pause or resume the trainer",
    },
    Entry {
        keys: &[
            (KeyCode::Char('h'), NONE, Action::Hold),
            (KeyCode::Char('s'), NONE, Action::SwapNow),
            (KeyCode::Char('b'), NONE, Action::RollBack),
        ],
        shown: "h s b",
        word: "",
        help: "the served model: hold it, swap now, roll back",
    },
    Entry {
        keys: &[
            (KeyCode::Char('1'), NONE, Action::Arrange(Arrangement::All)),
            (KeyCode::Char('2'), NONE, Action::Arrange(Arrangement::Traces)),
            (KeyCode::Char('3'), NONE, Action::Arrange(Arrangement::Spectrum)),
            (KeyCode::Char('4'), NONE, Action::Arrange(Arrangement::Learning)),
            (KeyCode::Char('5'), NONE, Action::Arrange(Arrangement::Map)),
            (KeyCode::Tab, NONE, Action::NextView),
        ],
        shown: "1-5 Tab",
        word: "view",
        help: "everything, traces, spectrum, learning, map of embeddings",
    },
    Entry {
        keys: &[(KeyCode::Char('n'), NONE, Action::NextBand)],
        shown: "n",
        word: "",
        help: "the scalp: power, delta to gamma, or what the model looks at",
    },
    Entry {
        keys: &[(KeyCode::Char('v'), NONE, Action::MapBy)],
        shown: "v",
        word: "",
        help: "mark the map by time, marker, class or generation",
    },
    Entry {
        keys: &[(KeyCode::Char('e'), NONE, Action::Events), (KeyCode::Char('E'), NONE, Action::FilterEvents)],
        shown: "e E",
        word: "events",
        help: "more or less room for the events; only those with a word",
    },
    Entry {
        keys: &[(KeyCode::Char('p'), NONE, Action::SaveScreen), (KeyCode::Char('T'), NONE, Action::Theme)],
        shown: "p T",
        word: "",
        help: "save the screen as text; the next theme",
    },
    Entry {
        keys: &[(KeyCode::Char('z'), KeyModifiers::CONTROL, Action::Suspend)],
        shown: "Ctrl-z",
        word: "",
        help: "leave to the shell until fg; asks where that stops a run",
    },
    Entry {
        keys: &[(KeyCode::Esc, NONE, Action::Dismiss)],
        shown: "Esc",
        word: "",
        help: "close this, keep running, leave solo",
    },
];

/// What a key does, if anything. Shift is not looked at: it already chose the character.
#[must_use]
pub fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let modifiers = key.modifiers.difference(KeyModifiers::SHIFT);
    let mut bindings = TABLE.iter().flat_map(|entry| entry.keys);
    bindings.find(|(code, with, _)| *code == key.code && *with == modifiers).map(|(_, _, action)| *action)
}

/// What a key does while a text is written; keys that do nothing to it do nothing, but for the interrupt.
#[must_use]
pub fn typed(key: KeyEvent) -> Option<Typed> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match (key.code, key.modifiers.difference(KeyModifiers::SHIFT)) {
        (KeyCode::Char('h'), KeyModifiers::CONTROL) | (KeyCode::Backspace, _) => Some(Typed::Erase),
        (KeyCode::Char(letter), NONE) => Some(Typed::Letter(letter)),
        (KeyCode::Up, _) => Some(Typed::Up),
        (KeyCode::Down, _) => Some(Typed::Down),
        (KeyCode::Tab, _) => Some(Typed::Complete),
        (KeyCode::Enter, _) => Some(Typed::Done),
        (KeyCode::Esc, _) => Some(Typed::Leave),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_in_the_table_twice() {
        let keys: Vec<_> = TABLE.iter().flat_map(|e| e.keys).map(|(code, with, _)| (*code, *with)).collect();
        for (place, key) in keys.iter().enumerate() {
            assert!(!keys[..place].contains(key), "{key:?} twice");
        }
    }

    #[test]
    fn modifiers_matter_but_for_shift() {
        let with = |code, modifiers| action(KeyEvent::new(code, modifiers));
        assert_eq!(with(KeyCode::Char('?'), KeyModifiers::SHIFT), Some(Action::Help));
        assert_eq!(with(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Interrupt));
        assert_eq!(with(KeyCode::Char('c'), NONE), Some(Action::Reference));
        assert_eq!(with(KeyCode::Char('q'), KeyModifiers::ALT), None);
    }

    #[test]
    fn while_a_text_is_written_letters_are_letters() {
        let with = |code, modifiers| typed(KeyEvent::new(code, modifiers));
        assert_eq!(with(KeyCode::Char('q'), NONE), Some(Typed::Letter('q')));
        assert_eq!(with(KeyCode::Char('h'), KeyModifiers::CONTROL), Some(Typed::Erase));
        assert_eq!(with(KeyCode::Char('c'), KeyModifiers::CONTROL), None);
        assert_eq!((with(KeyCode::Up, NONE), with(KeyCode::Left, NONE)), (Some(Typed::Up), None));
    }

    #[test]
    fn releasing_a_key_does_nothing() {
        let key = KeyEvent::new_with_kind(KeyCode::Char('q'), NONE, KeyEventKind::Release);
        assert_eq!(action(key), None);
    }
}
