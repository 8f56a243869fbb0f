//! What is always on screen: mode, source, recording, samples lost, delay, model, trainer.
//!
//! Owns no state; runs on the main thread. Invariant: each fact is told by a word or a number, never by colour alone,
//! and where there is little room the source's name is cut first, because it is the only part known anyway.

use super::frame::row;
use crate::pipeline::view::{TrainerState, View};
use crate::signal::SourceKind;
use crate::tui::figures::{age, bytes, clock, count, cut, lag, setting};
use crate::tui::layout::Places;
use crate::tui::state::{Role, State, lost};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Seconds without a frame after which silence is named: loss must not look like calm.
const SILENCE_S: f64 = 1.0;
/// Seconds behind real time that are worth a look, and that are wrong.
const BEHIND_S: [f64; 2] = [0.25, 1.0];
/// A name of the source is never cut below this many cells.
const NAME: usize = 8;

/// Draws the header, and the status into its own line or, where it has none, at the right of the header.
pub(in crate::tui) fn render(state: &State, places: &Places, buffer: &mut Buffer) {
    let theme = &state.theme;
    let Some(view) = state.view.as_deref() else {
        let line = Line::from(vec![Span::raw(" "), Span::styled("▶ STARTING", theme.mode)]);
        row(places.header, 0, &line, buffer);
        return;
    };
    let mut header = places.header;
    if places.status.is_empty() {
        let mut line = status(state, view, false);
        line.spans.insert(0, Span::styled(" │", theme.border));
        line.push_span(Span::raw(" "));
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX);
        // A screen of one line may be too narrow for both; what plays comes first.
        if width < header.width / 2 {
            row(header, 0, &line.right_aligned(), buffer);
            header.width -= width;
        }
    }
    row(header, 0, &identity(state, view, header.width.into()), buffer);
    if !places.status.is_empty() {
        let line = Some(status(state, view, false)).filter(|line| line.width() < places.status.width.into());
        let mut line = line.unwrap_or_else(|| status(state, view, true));
        if places.keys.is_empty() && line.width() + 10 <= usize::from(places.status.width) {
            line.spans.extend([Span::styled(" │ ", theme.border), Span::styled("?", theme.key), Span::raw(" help")]);
        }
        row(places.status, 0, &line, buffer);
    }
}

/// Mode and time, source, recording, in `width` cells.
fn identity<'a>(state: &State, view: &View, width: usize) -> Line<'a> {
    let theme = &state.theme;
    let facts = &view.facts;
    let (word, style) = mode(state, view);
    let mut time = format!(" {}", clock(view.signal_s));
    if let Some(frames) = facts.frames.filter(|_| facts.rate_hz > 0.0) {
        time.push('/');
        time.push_str(&clock(frames as f64 / facts.rate_hz));
    }
    let stream = format!("{} ch  {} Hz", facts.montage.len(), setting(facts.rate_hz));
    let prefix = if facts.kind == SourceKind::Lsl { "LSL " } else { "" };
    let separators = 1 + 3 + 2 + 3;
    let wide = |text: &str| Span::raw(text).width();
    let room = width.saturating_sub(wide(&word) + wide(&time) + wide(prefix) + wide(&stream) + separators);
    let (recording, recording_style) = recording(theme, view, room.saturating_sub(NAME));
    let name = cut(&facts.name, room.saturating_sub(wide(&recording)).max(NAME));
    Line::from(vec![
        Span::raw(" "),
        Span::styled(word, style),
        Span::styled(time, theme.text),
        Span::styled(" │ ", theme.border),
        Span::styled(prefix, theme.label),
        Span::styled(name, theme.title),
        Span::styled(format!("  {stream}"), theme.text),
        Span::styled(" │ ", theme.border),
        Span::styled(recording, recording_style),
    ])
}

/// Whether a recording is written, in `width` cells if that can be done.
fn recording(theme: &Theme, view: &View, width: usize) -> (String, Style) {
    let Some(recording) = &view.recording else {
        return (if width < 15 { "○ no rec" } else { "○ not recording" }.to_owned(), theme.label);
    };
    if recording.trouble.is_some() {
        return (if width < 19 { "✗ REC" } else { "✗ RECORDING STOPPED" }.to_owned(), theme.bad);
    }
    let (name, size) = (&recording.name, bytes(recording.bytes));
    let room = width.saturating_sub("● REC  ".chars().count() + size.len());
    match room {
        0..4 => ("● REC".to_owned(), theme.recording),
        _ => (format!("● REC {} {size}", cut(name, room.min(24))), theme.recording),
    }
}

/// The word for what the screen shows now.
fn mode(state: &State, view: &View) -> (String, Style) {
    let theme = &state.theme;
    if state.frozen {
        let mut text = format!("‖ FROZEN −{:.1} s", state.passed.signal_s);
        if state.ended.is_some() {
            text.push_str(", run ended");
        }
        return (text, theme.frozen);
    }
    if let Some(reason) = &view.ended {
        return (format!("■ ENDED {}", cut(reason, 16)), theme.warn);
    }
    let speed = match view.speed {
        Some(speed) => format!("×{}", setting(speed)),
        None => "×max".to_owned(),
    };
    let looking = match state.role {
        Role::Run => "",
        Role::Viewer { control: false } => ", looking on",
        Role::Viewer { control: true } => ", attached",
    };
    let playing = match view.facts.kind {
        SourceKind::Lsl => "▶ LIVE".to_owned(),
        SourceKind::Replay => format!("▶ REPLAY {speed}"),
        SourceKind::Synthetic => format!("▶ SYNTHETIC {speed}"),
    };
    let playing = format!("{playing}{looking}");
    if view.data_age_s > SILENCE_S {
        return (format!("{playing}, silent for {}", age(view.data_age_s)), theme.bad);
    }
    (playing, theme.mode)
}

/// Losses, delay, model and trainer; in few words where there is little room.
fn status<'a>(state: &State, view: &View, brief: bool) -> Line<'a> {
    let theme = &state.theme;
    let trainer = &view.trainer;
    let lost = lost(view);
    let since = match state.passed.lost {
        0 => String::new(),
        lost => format!(" +{} since", count(lost)),
    };
    let lost_style = if lost > 0 { theme.bad } else { theme.good };
    let behind_style = match view.behind_s {
        late if late > BEHIND_S[1] => theme.bad,
        late if late > BEHIND_S[0] => theme.warn,
        _ => theme.good,
    };
    let (word, word_style) = trainer_word(state, trainer.state);
    let [behind, model, old, before] =
        if brief { ["", "#", "", ""] } else { ["behind ", "model #", " old", "trainer "] };
    let label = |text| Span::styled(text, theme.label);
    let separator = Span::styled(if brief { " " } else { " │ " }, theme.border);
    Line::from(vec![
        label(" lost "),
        Span::styled(count(lost), lost_style),
        Span::styled(since, theme.bad),
        separator.clone(),
        label(behind),
        Span::styled(lag(view.behind_s), behind_style),
        separator.clone(),
        label(model),
        Span::styled(trainer.generation.to_string(), theme.text),
        Span::styled(format!(", {}", age(trainer.generation_age_s)), theme.text),
        label(old),
        separator,
        label(before),
        Span::styled(word, word_style),
    ])
}

/// The trainer's health in a word.
pub(in crate::tui) fn trainer_word(state: &State, trainer: TrainerState) -> (&'static str, Style) {
    let Theme { label, good, warn, bad, .. } = state.theme;
    match trainer {
        TrainerState::Off => (trainer.word(), label),
        TrainerState::Stopped | TrainerState::Collapsed => (trainer.word(), bad),
        TrainerState::Warming | TrainerState::Ok if state.training_paused => ("paused", warn),
        TrainerState::Warming | TrainerState::Ok if state.held => ("held", warn),
        TrainerState::Warming => (trainer.word(), warn),
        TrainerState::Ok => (trainer.word(), good),
    }
}
