//! What the whole screen looks like, and how the loop behaves.
//!
//! Owns the snapshots beside it; every test draws into a buffer in memory. Invariant: no clock, no terminal.

pub(super) mod fixture;
mod looping;
mod random;
mod states;

use super::keys::{Action, Arrangement, Typed};
use super::{Role, State, Theme, render};
use crate::dsp::quality::{Reason, Reasons};
use crate::learn::HeadKind;
use crate::learn::heads::ExamFigures;
use crate::pipeline::view::{TeachingView, TrainerState, View};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Color;
use std::sync::Arc;

/// Where the fixture's story stands in the snapshots.
const SIGNAL_S: f64 = 763.1;

fn state(theme: Theme, (width, height): (u16, u16), view: View) -> State {
    let mut state = State::new(theme, width, height);
    state.update(Arc::new(view));
    state
}

fn draw(state: &State, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| render(state, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let cells: Vec<&str> = buffer.content.iter().map(Cell::symbol).collect();
    let lines: Vec<String> =
        cells.chunks(buffer.area.width.into()).map(|line| line.concat().trim_end().to_owned()).collect();
    lines.join("\n")
}

fn screen(theme: Theme, size: (u16, u16), view: View, actions: &[Action]) -> String {
    let mut state = state(theme, size, view);
    for action in actions {
        state.on(*action);
    }
    text(&draw(&state, size))
}

fn colour() -> Theme {
    Theme::dark(false)
}

#[test]
fn live_at_80x24() {
    insta::assert_snapshot!(screen(colour(), (80, 24), fixture::live(16, SIGNAL_S), &[]));
}

#[test]
fn live_at_120x40() {
    insta::assert_snapshot!(screen(colour(), (120, 40), fixture::live(16, SIGNAL_S), &[]));
}

#[test]
fn live_at_200x60() {
    insta::assert_snapshot!(screen(colour(), (200, 60), fixture::live(16, SIGNAL_S), &[]));
}

#[test]
fn replay_with_events_large() {
    insta::assert_snapshot!(screen(colour(), (80, 24), fixture::replay(SIGNAL_S), &[Action::Events]));
}

#[test]
fn first_seconds() {
    insta::assert_snapshot!(screen(colour(), (120, 40), fixture::live(16, 4.0), &[]));
}

#[test]
fn one_channel() {
    insta::assert_snapshot!(screen(colour(), (120, 40), fixture::live(1, SIGNAL_S), &[Action::Shorter]));
}

#[test]
fn a_class_is_told_with_how_well_it_was_told_before() {
    let mut view = fixture::live(16, SIGNAL_S);
    let exam = ExamFigures { windows: 240, spans: 31, accuracy: 0.812, chance: 0.5, ..ExamFigures::default() };
    let classes = vec![("eyes open".to_owned(), 120), ("eyes closed".to_owned(), 98)];
    view.teaching = Some(TeachingView { classes, now: Some((1, 0.874)), head: Some(HeadKind::Linear), exam });
    let wide = screen(colour(), (200, 60), view.clone(), &[]);
    assert!(wide.contains("class    eyes closed 87 %  81 % of 240 right, chance 50 %"), "{wide}");
    let narrow = screen(colour(), (120, 40), view.clone(), &[]);
    assert!(narrow.contains("class    eyes closed 87 %  81/50 %"), "{narrow}");
    view.teaching = Some(TeachingView { classes: vec![("eyes open".to_owned(), 3)], ..TeachingView::default() });
    let asks = screen(colour(), (120, 40), view, &[]);
    assert!(asks.contains("class    1 of 2 states: press l"), "{asks}");
}

#[test]
fn asks_before_it_ends_a_recording_and_not_the_run() {
    let drawn = screen(colour(), (80, 24), fixture::live(16, SIGNAL_S), &[Action::Record]);
    assert!(drawn.contains("End the recording?") && drawn.contains("what comes then is not recorded"), "{drawn}");
}

#[test]
fn the_scalp_shows_what_the_model_looks_at_after_the_bands() {
    let actions = [Action::NextBand; 3];
    let mut view = fixture::live(16, SIGNAL_S);
    let drawn = screen(colour(), (200, 60), view.clone(), &actions);
    assert!(drawn.contains("moves the embedding") && drawn.contains("no look at the model yet"), "{drawn}");
    view.trainer.gate.saliency = Some(Arc::new((0..16).map(|c| if c == 3 { f32::NAN } else { c as f32 }).collect()));
    let drawn = screen(colour(), (200, 60), view.clone(), &actions);
    assert!(drawn.contains("% of the most") && drawn.contains('█') && !drawn.contains("no look"), "{drawn}");
    let back = screen(colour(), (200, 60), view, &[Action::NextBand; 6]);
    assert_eq!(back, screen(colour(), (200, 60), fixture::live(16, SIGNAL_S), &[]), "round to where it began");
}

#[test]
fn many_channels_second_page() {
    let view = fixture::live(256, SIGNAL_S);
    insta::assert_snapshot!(screen(colour(), (120, 40), view, &[Action::PageDown, Action::ChannelDown]));
}

#[test]
fn solo() {
    let actions = [Action::ChannelDown, Action::Solo, Action::Shorter];
    insta::assert_snapshot!(screen(colour(), (80, 24), fixture::live(16, SIGNAL_S), &actions));
}

#[test]
fn ascii() {
    let drawn = screen(Theme::plain(true), (120, 40), fixture::live(16, SIGNAL_S), &[]);
    assert!(drawn.is_ascii());
    insta::assert_snapshot!(drawn);
}

#[test]
fn learning_has_a_view_of_its_own() {
    for (name, size) in [("80x24", (80, 24)), ("140x40", (140, 40))] {
        let actions = [Action::Arrange(Arrangement::Learning)];
        insta::assert_snapshot!(name, screen(colour(), size, fixture::live(16, SIGNAL_S), &actions));
    }
}

/// A View of each segment of the last seconds, so that the waterfall has something to show.
fn watched(theme: Theme, size: (u16, u16), channels: usize, seconds: f64) -> State {
    let mut state = State::new(theme, size.0, size.1);
    for back in (0..=(seconds / fixture::SEGMENT_EVERY_S) as u32).rev() {
        let signal_s = SIGNAL_S - f64::from(back) * fixture::SEGMENT_EVERY_S;
        state.update(Arc::new(fixture::live(channels, signal_s)));
    }
    state
}

fn watched_screen(theme: Theme, size: (u16, u16), actions: &[Action]) -> String {
    let mut state = watched(theme, size, 16, 12.0);
    for action in actions {
        state.on(*action);
    }
    text(&draw(&state, size))
}

#[test]
fn a_spectrum_has_its_waterfall_below_it() {
    let to_oz = [[Action::Arrange(Arrangement::Spectrum)].as_slice(), &[Action::ChannelDown; 15]].concat();
    for (name, size) in [("spectrum_80x24", (80, 24)), ("spectrum_140x40", (140, 40)), ("spectrum_200x60", (200, 60))] {
        insta::assert_snapshot!(name, watched_screen(colour(), size, &to_oz));
    }
    let nearer = [to_oz.as_slice(), &[Action::Shorter]].concat();
    let ascii = watched_screen(Theme::plain(true), (100, 30), &nearer);
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("spectrum_ascii", ascii);
}

#[test]
fn the_waterfall_goes_on_behind_a_frozen_screen_and_shows_what_was() {
    let mut state = watched(colour(), (100, 30), 16, 6.0);
    state.on(Action::Arrange(Arrangement::Spectrum));
    let before = text(&draw(&state, (100, 30)));
    state.on(Action::Freeze);
    let kept = state.segments.len();
    for later in 1..5 {
        state.update(Arc::new(fixture::live(16, SIGNAL_S + f64::from(later) * fixture::SEGMENT_EVERY_S)));
    }
    let after = text(&draw(&state, (100, 30)));
    let inside = |text: &str| text.lines().skip(1).take(27).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((inside(&before), state.segments.len()), (inside(&after), kept + 4));
    for far in 0..200 {
        state.update(Arc::new(fixture::live(16, SIGNAL_S + 10.0 + f64::from(far))));
    }
    assert_eq!(state.segments.len(), 120, "no more are kept");
}

#[test]
fn before_a_whole_segment_there_is_no_spectrum() {
    let actions = [Action::Arrange(Arrangement::Spectrum)];
    let drawn = screen(colour(), (100, 30), fixture::live(16, 1.0), &actions);
    assert!(drawn.contains("no whole segment yet") && drawn.contains("Waterfall"), "{drawn}");
    let mut view = fixture::live(16, SIGNAL_S);
    let mut spectra = (**view.spectra.as_ref().unwrap()).clone();
    spectra.density[4] = f32::NAN;
    view.spectra = Some(Arc::new(spectra));
    let drawn = screen(colour(), (100, 30), view, &actions);
    assert!(drawn.contains("no whole segment yet"), "{drawn}");
}

#[test]
fn the_map_is_marked_by_time_marker_class_or_generation() {
    let mut view = fixture::live(16, SIGNAL_S);
    let classes = vec![("eyes open".to_owned(), 120), ("eyes closed".to_owned(), 98)];
    view.teaching = Some(TeachingView { classes, ..TeachingView::default() });
    let mut actions = vec![Action::Arrange(Arrangement::Map)];
    for name in ["map_by_time", "map_by_marker", "map_by_class", "map_by_generation"] {
        insta::assert_snapshot!(name, screen(colour(), (100, 30), view.clone(), &actions));
        actions.push(Action::MapBy);
    }
    for (name, size) in [("map_80x24", (80, 24)), ("map_200x60", (200, 60))] {
        insta::assert_snapshot!(name, screen(colour(), size, view.clone(), &actions));
    }
    let ascii = screen(Theme::plain(true), (80, 24), view, &actions[..2]);
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("map_ascii", ascii);
}

#[test]
fn grids_are_drawn_as_grids_and_channels_without_a_place_as_bars() {
    let actions = [Action::Arrange(Arrangement::Spectrum), Action::ChannelDown, Action::NextBand];
    let mut view = fixture::grids(SIGNAL_S);
    view.quality[19] = Reasons::NONE.with(Reason::Flat);
    insta::assert_snapshot!("grids", screen(colour(), (160, 40), view.clone(), &[]));
    insta::assert_snapshot!("grids_ascii", screen(Theme::plain(true), (100, 30), view, &actions));
    insta::assert_snapshot!("bars_a_channel", screen(colour(), (100, 30), fixture::live(20, SIGNAL_S), &actions));
}

#[test]
fn before_embeddings_there_is_no_map() {
    let mut view = fixture::live(16, SIGNAL_S);
    view.map = None;
    let drawn = screen(colour(), (80, 24), view, &[Action::Arrange(Arrangement::Map)]);
    assert!(drawn.contains("no embeddings yet"), "{drawn}");
}

#[test]
fn traces_may_have_the_whole_screen() {
    let actions = [Action::Arrange(Arrangement::Traces)];
    let whole = screen(colour(), (120, 40), fixture::live(16, SIGNAL_S), &actions);
    assert!(!whole.contains("Trainer") && whole.contains("Traces") && whole.contains("Fp1"), "{whole}");
}

#[test]
fn help() {
    insta::assert_snapshot!(screen(colour(), (80, 24), fixture::live(16, SIGNAL_S), &[Action::Help]));
}

#[test]
fn who_only_looks_on_is_told_so_and_leaves_without_ending_the_run() {
    let mut state = state(colour(), (80, 24), fixture::live(16, SIGNAL_S)).in_role(Role::Viewer { control: false });
    assert_eq!(state.on(Action::PauseTraining), None);
    let drawn = text(&draw(&state, (80, 24)));
    assert!(drawn.contains("looking on") && drawn.contains("attach --control"), "{drawn}");
    state.on(Action::ChannelDown);
    assert!(!text(&draw(&state, (80, 24))).contains("attach --control"), "until the next key");
    assert_eq!((state.on(Action::Quit), state.leaves_at_once()), (None, true));
}

fn typing(state: &mut State, text: &str) {
    text.chars().for_each(|letter| drop(state.write(Typed::Letter(letter))));
}

#[test]
fn commands_are_found_by_name() {
    let mut state = state(colour(), (100, 30), fixture::live(16, SIGNAL_S));
    state.on(Action::Palette);
    insta::assert_snapshot!("palette", text(&draw(&state, (100, 30))));
    typing(&mut state, "view");
    state.write(Typed::Down);
    insta::assert_snapshot!("palette_view", text(&draw(&state, (100, 30))));
}

#[test]
fn events_may_be_of_one_kind_alone() {
    let mut state = state(colour(), (80, 24), fixture::replay(SIGNAL_S));
    state.on(Action::Events);
    state.on(Action::FilterEvents);
    typing(&mut state, "Swap");
    state.write(Typed::Done);
    let drawn = text(&draw(&state, (80, 24)));
    assert!(drawn.contains("only swap, 2 of 10") && drawn.contains("generation 40"), "{drawn}");
    assert!(!drawn.contains("stim/1   ") && !drawn.contains("T7 is flat"), "{drawn}");
}

#[test]
fn every_look_draws_and_the_next_one_is_named() {
    let mut state = state(colour(), (120, 40), fixture::live(16, SIGNAL_S));
    let mut looks = Vec::new();
    for _ in 0..4 {
        state.on(Action::Theme);
        let buffer = draw(&state, (120, 40));
        assert!(text(&buffer).contains(state.theme.look.word()));
        looks.push(buffer.content.iter().map(|cell| cell.fg).collect::<Vec<_>>());
    }
    assert!((1..4).all(|place| looks[place] != looks[0]));
    let basic = |colour: &Color| !matches!(colour, Color::Indexed(_) | Color::Rgb(..));
    assert!(looks[1].iter().all(basic), "eight colours");
    assert!(looks[2].iter().all(|colour| *colour == Color::Reset), "none");
}

#[test]
fn leaving_to_the_shell_asks_where_it_stops_a_run() {
    let mut state = state(colour(), (80, 24), fixture::live(16, SIGNAL_S));
    state.on(Action::Suspend);
    let drawn = text(&draw(&state, (80, 24)));
    assert!(!state.suspends && drawn.contains("frames are lost until `fg`"), "{drawn}");
    state.on(Action::ChannelDown);
    assert_eq!((state.selected, state.suspends), (0, false), "another key only goes on");
    state.on(Action::Suspend);
    state.on(Action::Suspend);
    assert!(state.suspends);
    let mut viewer = State::new(colour(), 80, 24).in_role(Role::Viewer { control: false });
    viewer.on(Action::Suspend);
    assert!(viewer.suspends, "a viewer stops nothing");
}

#[test]
fn asks_before_it_ends_a_recording() {
    insta::assert_snapshot!(screen(colour(), (80, 24), fixture::live(16, SIGNAL_S), &[Action::Quit]));
}

#[test]
fn a_label_is_written() {
    let mut state = state(colour(), (80, 24), fixture::live(16, SIGNAL_S));
    for text in ["eyes closed", "music"] {
        state.on(Action::Label);
        text.chars().for_each(|letter| drop(state.write(Typed::Letter(letter))));
        state.write(Typed::Done);
    }
    state.on(Action::Label);
    state.write(Typed::Letter('b'));
    insta::assert_snapshot!(text(&draw(&state, (80, 24))));
}

#[test]
fn starting() {
    insta::assert_snapshot!(text(&draw(&State::new(colour(), 80, 24), (80, 24))));
}

#[test]
fn frozen() {
    let mut state = state(colour(), (80, 24), fixture::live(16, SIGNAL_S));
    let before = text(&draw(&state, (80, 24)));
    state.on(Action::Freeze);
    let mut later = fixture::live(16, SIGNAL_S + 3.2);
    later.ledgers[0].lost = 12;
    state.update(Arc::new(later));
    let after = text(&draw(&state, (80, 24)));
    let inside = |text: &str| text.lines().skip(1).take(22).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(inside(&before), inside(&after), "a frozen screen moved");
    let outer = [after.lines().next(), after.lines().last()].map(Option::unwrap);
    insta::assert_snapshot!(outer.join("\n"));
}

#[test]
fn gaps_are_blank() {
    let mut view = fixture::live(1, SIGNAL_S);
    for bin in 200..300 {
        view.traces.envelope[bin] = (f32::NAN, f32::NAN);
    }
    insta::assert_snapshot!(screen(colour(), (80, 12), view, &[]));
}

#[test]
fn trouble_is_told_in_words() {
    let mut view = fixture::live(16, SIGNAL_S);
    view.data_age_s = 4.2;
    view.behind_s = 2.3;
    view.recording.as_mut().unwrap().trouble = Some("No space left on device".to_owned());
    view.trainer.state = TrainerState::Collapsed;
    insta::assert_snapshot!(screen(Theme::plain(false), (120, 24), view, &[]));
}

/// T7 is flat and Fz, which is selected, jumps beside line noise.
fn with_bad_channels() -> View {
    let mut view = fixture::live(16, SIGNAL_S);
    view.quality[7] = Reasons::NONE.with(Reason::Flat);
    view.quality[4] = Reasons::NONE.with(Reason::LineNoise).with(Reason::Jumps);
    view
}

#[test]
fn bad_channels_are_marked_and_say_why() {
    let to_fz = [Action::ChannelDown; 4];
    insta::assert_snapshot!(screen(colour(), (120, 40), with_bad_channels(), &to_fz));
}

#[test]
fn bad_channels_are_marked_in_ascii_without_colour_and_where_there_is_little_room() {
    insta::assert_snapshot!(screen(Theme::plain(true), (60, 16), with_bad_channels(), &[]));
}

#[test]
fn the_trace_of_a_bad_channel_is_dimmed() {
    let styles = |view| {
        let buffer = draw(&state(colour(), (120, 40), view), (120, 40));
        let is_trace = |cell: &&Cell| cell.symbol().starts_with(|c| ('\u{2801}'..='\u{28FF}').contains(&c));
        buffer.content.iter().filter(is_trace).filter(|cell| cell.fg == colour().bad_trace.fg.unwrap()).count()
    };
    assert_eq!(styles(fixture::live(16, SIGNAL_S)), 0);
    assert!(styles(with_bad_channels()) > 50);
}

/// At any of these sizes the facts that are always on screen are there.
#[test]
fn vital_facts_are_on_screen_at_usual_sizes() {
    for size in [(80, 24), (100, 30), (120, 40), (150, 40), (200, 60)] {
        let drawn = screen(colour(), size, fixture::live(16, SIGNAL_S), &[]);
        for fact in [
            "LIVE",
            "BioSemi",
            "16 ch",
            "512 Hz",
            "REC s03.xdf",
            "lost 512",
            "behind 12 ms",
            "#41, 0.5 s",
            "trainer ok",
        ] {
            assert!(drawn.contains(fact), "{fact} is missing at {size:?}:\n{drawn}");
        }
    }
}

#[test]
fn without_colour_no_cell_has_one() {
    let drawn = draw(&state(Theme::plain(false), (120, 40), fixture::live(16, SIGNAL_S)), (120, 40));
    assert!(drawn.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let drawn = draw(&state(colour(), (120, 40), fixture::live(16, SIGNAL_S)), (120, 40));
    assert!(drawn.content.iter().any(|cell| cell.fg != Color::Reset));
}
