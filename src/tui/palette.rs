//! The command palette: every action by its name, and those that take an argument.
//!
//! Pure; runs on the main thread. Invariant: whatever a key does stands here under a name, for both are read from the table of
//! keys.

use super::keys::{Action, Arrangement, TABLE};

/// What a line in the palette does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    /// What a key does, too.
    Act(Action),
    /// Label this moment.
    Label(String),
    /// Mark this moment with a text.
    Marker(String),
    /// Select a channel by its label or its number.
    Channel(String),
    /// Show events of a kind or with a word alone; all, where there is none.
    Events(String),
    /// So many microvolts a row.
    Scale(f64),
    /// So many seconds in sight.
    Seconds(f64),
    /// So many hertz in sight.
    Hertz(f64),
}

/// A command that takes an argument.
struct Asking {
    name: &'static str,
    argument: &'static str,
    help: &'static str,
    make: fn(&str) -> Option<Deed>,
}

fn number(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)
}

fn some(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

const ASKING: [Asking; 7] = [
    Asking { name: "label", argument: "TEXT", help: "label this moment", make: |text| some(text).map(Deed::Label) },
    Asking {
        name: "marker",
        argument: "TEXT",
        help: "mark this moment with a text that teaches nothing",
        make: |text| some(text).map(Deed::Marker),
    },
    Asking {
        name: "channel",
        argument: "LABEL or NUMBER",
        help: "select a channel",
        make: |text| some(&text.to_lowercase()).map(Deed::Channel),
    },
    Asking {
        name: "events",
        argument: "WORD",
        help: "events of a kind or with a word alone; without one, all",
        make: |text| Some(Deed::Events(text.trim().to_lowercase())),
    },
    Asking { name: "scale", argument: "µV", help: "microvolts a row", make: |text| number(text).map(Deed::Scale) },
    Asking { name: "seconds", argument: "S", help: "seconds in sight", make: |text| number(text).map(Deed::Seconds) },
    Asking { name: "hertz", argument: "HZ", help: "how far spectra reach", make: |text| number(text).map(Deed::Hertz) },
];

/// Actions that no key has.
const KEYLESS: [(Action, &str); 1] = [(Action::EndRun, "end the run, for everybody who looks on; asks")];

/// A line of the palette.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// The name, and its argument where it takes one.
    pub(super) name: String,
    /// The key that does the same.
    pub(super) key: &'static str,
    /// What it does.
    pub(super) help: &'static str,
    /// What to do; none while its argument is missing, or is none.
    pub(super) deed: Option<Deed>,
    /// What the text becomes when the line is taken up without an argument.
    pub(super) completed: String,
}

/// The commands that a text may mean, those that begin with it first.
pub(super) fn find(text: &str) -> Vec<Found> {
    let text = text.trim_start();
    // A label is taken as it was written; names are found however they are.
    let (word, argument) = text.split_once(' ').map_or((text, None), |(word, rest)| (word, Some(rest)));
    let (word, typed) = (word.to_lowercase(), text.trim_end().to_lowercase());
    let mut found: Vec<(usize, Found)> = Vec::new();
    for asking in &ASKING {
        let place = if argument.is_some() { (asking.name == word).then_some(0) } else { asking.name.find(&word) };
        if let Some(place) = place {
            let line = Found {
                name: format!("{} {}", asking.name, asking.argument),
                key: "",
                help: asking.help,
                deed: argument.and_then(asking.make),
                completed: format!("{} ", asking.name),
            };
            found.push((place, line));
        }
    }
    let keyed =
        TABLE.iter().flat_map(|entry| entry.keys.iter().map(move |(_, _, action)| (*action, entry.shown, entry.help)));
    let keyless = KEYLESS.iter().map(|(action, help)| (*action, "", *help));
    let mut known: Vec<Action> = Vec::new();
    for (action, key, help) in keyed.chain(keyless) {
        let name = name(action);
        if known.contains(&action) || name.is_empty() {
            continue;
        }
        known.push(action);
        if let Some(place) = name.find(&typed) {
            let line =
                Found { name: name.to_owned(), key, help, deed: Some(Deed::Act(action)), completed: name.to_owned() };
            found.push((place, line));
        }
    }
    found.sort_by_key(|(place, _)| *place > 0);
    found.into_iter().map(|(_, line)| line).collect()
}

/// The name of an action; none of what only closes or opens the palette itself.
fn name(action: Action) -> &'static str {
    match action {
        Action::Quit => "quit",
        Action::Interrupt => "quit at once",
        Action::EndRun => "end run",
        Action::Suspend => "suspend",
        Action::Freeze => "freeze",
        Action::ChannelUp => "previous channel",
        Action::ChannelDown => "next channel",
        Action::PageUp => "previous page",
        Action::PageDown => "next page",
        Action::Shorter => "shorter",
        Action::Longer => "longer",
        Action::Magnify => "magnify",
        Action::Reduce => "reduce",
        Action::AutoScale => "auto scale",
        Action::Filters => "next filters",
        Action::Reference => "mean reference",
        Action::Solo => "solo",
        Action::Label => "write label",
        Action::Mark => "mark moment",
        Action::WriteMarker => "write marker",
        Action::Record => "record",
        Action::MarkBad => "mark channel bad",
        Action::PauseTraining => "pause training",
        Action::Hold => "hold model",
        Action::SwapNow => "swap now",
        Action::RollBack => "roll back",
        Action::Arrange(Arrangement::All) => "view everything",
        Action::Arrange(Arrangement::Traces) => "view traces",
        Action::Arrange(Arrangement::Spectrum) => "view spectrum",
        Action::Arrange(Arrangement::Learning) => "view learning",
        Action::Arrange(Arrangement::Map) => "view map",
        Action::NextView => "next view",
        Action::NextBand => "next band",
        Action::MapBy => "mark map by",
        Action::Events => "large events",
        Action::FilterEvents => "filter events",
        Action::Theme => "next theme",
        Action::SaveScreen => "save screen",
        Action::Help => "help",
        Action::Palette | Action::Dismiss => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        find(text).into_iter().map(|line| line.name).collect()
    }

    #[test]
    fn every_key_has_a_name_and_every_name_is_one() {
        let all = find("");
        let actions: Vec<&Deed> = all.iter().filter_map(|line| line.deed.as_ref()).collect();
        for (_, _, action) in TABLE.iter().flat_map(|entry| entry.keys) {
            let is_named = actions.contains(&&Deed::Act(*action));
            assert!(is_named || matches!(action, Action::Palette | Action::Dismiss), "{action:?} has no name");
        }
        let mut names: Vec<&str> = all.iter().map(|line| line.completed.as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn what_begins_with_the_text_comes_first() {
        assert_eq!(names("solo"), ["solo"]);
        assert_eq!(names("view m")[0], "view map");
        assert_eq!(names("ch"), ["channel LABEL or NUMBER", "previous channel", "next channel", "mark channel bad"]);
        assert_eq!(names("nothing like it"), [""; 0]);
    }

    #[test]
    fn arguments_are_read_and_what_is_none_does_nothing() {
        let deed = |text: &str| find(text).into_iter().next().and_then(|line| line.deed);
        assert_eq!(deed("channel C3"), Some(Deed::Channel("c3".to_owned())));
        assert_eq!(deed("Label Augen Zu"), Some(Deed::Label("Augen Zu".to_owned())));
        assert_eq!(deed("scale 2,5"), Some(Deed::Scale(2.5)));
        assert_eq!(deed("events "), Some(Deed::Events(String::new())));
        for nothing in ["scale", "scale x", "scale -3", "seconds 0", "hertz nan", "label   "] {
            assert_eq!(deed(nothing), None, "{nothing}");
        }
    }
}
