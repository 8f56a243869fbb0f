//! Colours by role.
//!
//! Owns [`Theme`]; a plain value on the main thread. Invariant: no panel names a colour, and colour is never the only
//! carrier: whatever a role says is also said by a word, a number or a glyph.

use ratatui::style::{Color, Modifier, Style};
use std::ffi::OsStr;

/// The style of each role on screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Theme {
    /// Which it is.
    pub look: Look,
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
    /// The terminal shows colours of 24 bits: pictures of cells go smoothly from colour to colour.
    pub is_smooth: bool,
}

/// Which colours a terminal has, and on what ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// 256 colours on a dark ground.
    Dark,
    /// 256 colours on a light ground.
    Light,
    /// The eight that every terminal has, on any ground.
    Basic,
    /// None: weight and reversal only.
    Plain,
}

/// What the environment says of the terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// `NO_COLOR` (no-color.org).
    pub no_color: Option<&'a OsStr>,
    /// `TERM`.
    pub term: Option<&'a OsStr>,
    /// `COLORTERM`.
    pub colorterm: Option<&'a OsStr>,
    /// `COLORFGBG`, as rxvt, Konsole and others set it: the ground comes last.
    pub colorfgbg: Option<&'a OsStr>,
}

impl Look {
    /// The look after it, the first after the last.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Basic,
            Self::Basic => Self::Plain,
            Self::Plain => Self::Dark,
        }
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Basic => "eight colours",
            Self::Plain => "without colour",
        }
    }

    /// The look that fits an environment.
    #[must_use]
    pub fn of(around: Surroundings<'_>) -> Self {
        let text = |value: Option<&OsStr>| value.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
        let (term, colorterm) = (text(around.term), text(around.colorterm));
        let ground = text(around.colorfgbg).rsplit(';').next().and_then(|last| last.parse::<u8>().ok());
        let is_few = colorterm.is_empty()
            && ["linux", "xterm", "screen", "vt100", "vt220", "ansi", "cygwin", "xterm-color"].contains(&term.as_str());
        match () {
            () if !text(around.no_color).is_empty() || term == "dumb" => Self::Plain,
            () if is_few => Self::Basic,
            () if matches!(ground, Some(7 | 9..=15)) => Self::Light,
            () => Self::Dark,
        }
    }
}

impl Theme {
    /// The same on a terminal that shows colours of 24 bits, or one that does not.
    #[must_use]
    pub fn smooth(self, is_smooth: bool) -> Self {
        Self { is_smooth, ..self }
    }

    /// The style of a part of a scale, 0 to 1, in a picture of cells.
    #[must_use]
    pub fn heat_at(&self, part: f64) -> Style {
        let last = self.heat.len() - 1;
        let near = self.heat[((part * self.heat.len() as f64) as usize).min(last)];
        let exact = if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) * last as f64 };
        let (below, share) = (exact as usize, exact.fract());
        let ends = [below, (below + 1).min(last)].map(|place| rgb(self.heat[place]));
        let (true, [Some(from), Some(to)]) = (self.is_smooth, ends) else { return near };
        let mixed = |c: usize| (f64::from(from[c]) + (f64::from(to[c]) - f64::from(from[c])) * share).round() as u8;
        near.fg(Color::Rgb(mixed(0), mixed(1), mixed(2)))
    }

    /// The theme of a look.
    #[must_use]
    pub fn of(look: Look, ascii: bool) -> Self {
        match look {
            Look::Dark => Self::dark(ascii),
            Look::Light => Self::light(ascii),
            Look::Basic => Self::basic(ascii),
            Look::Plain => Self::plain(ascii),
        }
    }

    /// Muted tones of the 256-colour palette that most terminals over SSH have, for a dark ground.
    #[must_use]
    pub fn dark(ascii: bool) -> Self {
        Self::indexed(Look::Dark, ascii, &DARK)
    }

    /// The same for a light ground.
    #[must_use]
    pub fn light(ascii: bool) -> Self {
        Self::indexed(Look::Light, ascii, &LIGHT)
    }

    /// The eight colours that every terminal has; black and white are left to its ground.
    #[must_use]
    pub fn basic(ascii: bool) -> Self {
        let of = |colour: Color| Style::new().fg(colour);
        let (text, bold) = (Style::reset(), Modifier::BOLD);
        Self {
            look: Look::Basic,
            text,
            label: text,
            border: text.add_modifier(Modifier::DIM),
            title: text.add_modifier(bold),
            key: of(Color::Cyan),
            traces: [of(Color::Cyan), of(Color::Green)],
            selected: of(Color::Yellow).add_modifier(bold),
            selected_trace: of(Color::Yellow),
            bad_trace: text.add_modifier(Modifier::DIM),
            marker: of(Color::Magenta),
            curve: of(Color::Cyan),
            heat: [
                Color::Blue,
                Color::Blue,
                Color::Cyan,
                Color::Cyan,
                Color::Green,
                Color::Green,
                Color::Yellow,
                Color::Red,
            ]
            .map(of),
            kinds: [
                Color::Cyan,
                Color::Yellow,
                Color::Green,
                Color::Magenta,
                Color::Blue,
                Color::Red,
                Color::Cyan,
                Color::Yellow,
            ]
            .map(of),
            bar: of(Color::Blue),
            mode: of(Color::Green).add_modifier(bold),
            frozen: of(Color::Yellow).add_modifier(bold | Modifier::REVERSED),
            recording: of(Color::Red).add_modifier(bold),
            good: of(Color::Green),
            warn: of(Color::Yellow),
            bad: of(Color::Red).add_modifier(bold),
            ascii,
            is_smooth: false,
        }
    }

    fn indexed(look: Look, ascii: bool, palette: &Palette) -> Self {
        let of = |index| Style::new().fg(Color::Indexed(index));
        Self {
            look,
            text: Style::reset(),
            label: of(palette.label),
            border: of(palette.border),
            title: of(palette.title).add_modifier(Modifier::BOLD),
            key: of(palette.blue),
            traces: [of(palette.blue), of(palette.green)],
            selected: of(palette.yellow).add_modifier(Modifier::BOLD),
            selected_trace: of(palette.yellow),
            bad_trace: of(palette.border),
            marker: of(palette.violet),
            curve: of(palette.blue),
            heat: palette.heat.map(of),
            kinds: palette.kinds.map(of),
            bar: of(palette.bar),
            mode: of(palette.bright_green).add_modifier(Modifier::BOLD),
            frozen: of(palette.yellow).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            recording: of(palette.red).add_modifier(Modifier::BOLD),
            good: of(palette.bright_green),
            warn: of(palette.warn),
            bad: of(palette.red).add_modifier(Modifier::BOLD),
            ascii,
            is_smooth: false,
        }
    }

    /// The theme without colours: weight and reversal only.
    #[must_use]
    pub fn plain(ascii: bool) -> Self {
        let text = Style::reset();
        let (bold, dim) = (text.add_modifier(Modifier::BOLD), text.add_modifier(Modifier::DIM));
        Self {
            look: Look::Plain,
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
            is_smooth: false,
        }
    }
}

/// What a colour of the cube of 6 x 6 x 6 in the 256-colour palette is made of (xterm's levels); none of others.
fn rgb(style: Style) -> Option<[u8; 3]> {
    let Some(Color::Indexed(index @ 16..=231)) = style.fg else { return None };
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    Some([(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(level))
}

/// Numbers of the 256-colour palette.
struct Palette {
    label: u8,
    border: u8,
    title: u8,
    blue: u8,
    green: u8,
    bright_green: u8,
    yellow: u8,
    warn: u8,
    red: u8,
    violet: u8,
    bar: u8,
    heat: [u8; 8],
    kinds: [u8; 8],
}

const DARK: Palette = Palette {
    label: 245,
    border: 240,
    title: 252,
    blue: 110,
    green: 108,
    bright_green: 114,
    yellow: 222,
    warn: 221,
    red: 203,
    violet: 176,
    bar: 67,
    heat: [54, 61, 31, 30, 36, 77, 148, 226],
    kinds: [110, 215, 108, 204, 176, 222, 73, 180],
};

const LIGHT: Palette = Palette {
    label: 241,
    border: 248,
    title: 235,
    blue: 25,
    green: 22,
    bright_green: 28,
    yellow: 130,
    warn: 130,
    red: 160,
    violet: 90,
    bar: 67,
    // From pale to dark, so that much stands out of a light ground.
    heat: [189, 153, 110, 73, 30, 25, 54, 52],
    kinds: [25, 130, 28, 161, 90, 94, 30, 58],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_fits_the_terminal() {
        let of = |no_color: &'static str, term: &'static str, colorterm: &'static str, ground: &'static str| {
            let some = |text: &'static str| Some(OsStr::new(text));
            Look::of(Surroundings {
                no_color: some(no_color),
                term: some(term),
                colorterm: some(colorterm),
                colorfgbg: some(ground),
            })
        };
        assert_eq!(of("", "xterm-256color", "", ""), Look::Dark);
        assert_eq!(of("1", "xterm-256color", "truecolor", "0;15"), Look::Plain);
        assert_eq!(of("", "linux", "", ""), Look::Basic);
        assert_eq!(of("", "xterm", "truecolor", ""), Look::Dark);
        assert_eq!(of("", "xterm-256color", "", "0;default;15"), Look::Light);
        assert_eq!(of("", "xterm-256color", "", "15;0"), Look::Dark);
        assert_eq!((of("", "dumb", "", ""), Look::of(Surroundings::default())), (Look::Plain, Look::Dark));
    }

    #[test]
    fn pictures_go_smoothly_where_the_terminal_can() {
        let colour = |theme: &Theme, part: f64| theme.heat_at(part).fg;
        for look in [Look::Dark, Look::Light] {
            let (stepped, smooth) = (Theme::of(look, false), Theme::of(look, false).smooth(true));
            let of = |theme| (0..=700).map(|part| colour(theme, f64::from(part) / 700.0)).collect::<Vec<_>>();
            let (mut few, mut many) = (of(&stepped), of(&smooth));
            assert_eq!((few[0], few[700]), (stepped.heat[0].fg, stepped.heat[7].fg));
            few.dedup();
            many.dedup();
            assert_eq!(few.len(), 8);
            assert!(many.len() > 100 && many.iter().all(|c| matches!(c, Some(Color::Rgb(..)))), "{}", many.len());
        }
        // 54 is 95, 0, 135 and 226 is 255, 255, 0.
        let dark = Theme::dark(false).smooth(true);
        assert_eq!(
            [0.0, 1.0, 7.0].map(|part| colour(&dark, part)),
            [Some(Color::Rgb(95, 0, 135)), Some(Color::Rgb(255, 255, 0)), Some(Color::Rgb(255, 255, 0))]
        );
        assert_eq!(colour(&dark, f64::NAN), Some(Color::Rgb(95, 0, 135)));
        for look in [Look::Basic, Look::Plain] {
            assert_eq!(Theme::of(look, false).smooth(true).heat_at(0.6), Theme::of(look, false).heat_at(0.6));
        }
    }

    #[test]
    fn looks_come_round() {
        let mut look = Look::Dark;
        for _ in 0..4 {
            look = look.next();
            assert_eq!(Theme::of(look, true).look, look);
        }
        assert_eq!(look, Look::Dark);
    }
}
