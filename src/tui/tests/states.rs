//! How the state answers to Views and keys.
//!
//! Owns nothing. Invariant: every test drives the state as the loop does, through its three entrances.

use super::{SIGNAL_S, colour, fixture, state};
use crate::dsp::quality::{Reason, Reasons};
use crate::pipeline::command::Command;
use crate::pipeline::eye::Eye;
use crate::pipeline::view::TrainerState;
use crate::signal::{Event, EventKind, Stamp};
use crate::tui::state::Quitting;
use crate::tui::{Action, Role, State, Typed};
use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use std::sync::Arc;

fn live() -> State {
    state(colour(), (80, 24), fixture::live(16, SIGNAL_S))
}

fn replay() -> State {
    state(colour(), (80, 24), fixture::replay(SIGNAL_S))
}

#[test]
fn quitting_asks_while_a_recording_is_written() {
    let mut state = live();
    assert_eq!(state.on(Action::Quit), None);
    assert_eq!(state.on(Action::ChannelDown), None);
    assert_eq!((state.quitting, state.selected), (Quitting::No, 0), "another key only goes on");
    assert_eq!(state.on(Action::Quit), None);
    assert_eq!(state.on(Action::Quit), Some(Command::Quit));
    assert_eq!(state.on(Action::Quit), None, "told once");
}

#[test]
fn quitting_does_not_ask_where_nothing_is_recorded() {
    assert_eq!(replay().on(Action::Quit), Some(Command::Quit));
}

#[test]
fn interrupting_twice_leaves_at_once() {
    let mut state = live();
    assert_eq!(state.on(Action::Interrupt), Some(Command::Quit));
    assert!(!state.leaves_at_once());
    assert_eq!(state.on(Action::Interrupt), None);
    assert!(state.leaves_at_once());
}

#[test]
fn pausing_goes_back_and_forth_while_there_is_something_to_pause() {
    let mut state = live();
    assert_eq!(state.on(Action::PauseTraining), Some(Command::PauseTraining(true)));
    assert_eq!(state.on(Action::PauseTraining), Some(Command::PauseTraining(false)));
    for stopped in [TrainerState::Off, TrainerState::Stopped] {
        let mut view = fixture::live(16, SIGNAL_S);
        view.trainer.state = stopped;
        state.update(Arc::new(view));
        assert_eq!(state.on(Action::PauseTraining), None);
    }
}

#[test]
fn what_another_dashboard_asked_for_is_taken_over_and_what_was_asked_here_is_known_at_once() {
    let mut state = live().in_role(Role::Viewer { control: true });
    let view = |paused| {
        let mut view = fixture::live(16, SIGNAL_S);
        view.trainer.paused = paused;
        Arc::new(view)
    };
    state.update(view(true));
    assert!(state.training_paused);
    assert_eq!(state.on(Action::PauseTraining), Some(Command::PauseTraining(false)));
    state.update(view(true));
    assert!(!state.training_paused, "that View is from before");
    state.update(view(false));
    assert!(!state.training_paused);
    assert_eq!((state.on(Action::Interrupt), state.leaves_at_once()), (None, true));
}

#[test]
fn the_served_model_is_held_at_once_and_swapped_or_rolled_back_when_asked_twice() {
    let mut state = live();
    assert_eq!(state.on(Action::Hold), Some(Command::HoldServing(true)));
    assert_eq!(state.on(Action::Hold), Some(Command::HoldServing(false)));
    for (action, command) in [(Action::SwapNow, Command::SwapNow), (Action::RollBack, Command::RollBack)] {
        assert_eq!(state.on(action), None, "asks");
        assert_eq!((state.on(Action::Freeze), state.frozen), (None, false), "another key only goes on");
        assert_eq!((state.on(action), state.on(action)), (None, Some(command)));
        assert_eq!(state.unsure, None);
    }
    assert_eq!((state.on(Action::SwapNow), state.on(Action::RollBack)), (None, None), "the other one asks anew");
    let mut view = fixture::live(16, SIGNAL_S);
    view.trainer.state = TrainerState::Off;
    state.update(Arc::new(view));
    for action in [Action::Hold, Action::SwapNow, Action::SwapNow] {
        assert_eq!(state.on(action), None, "there is no trainer to ask");
    }
}

#[test]
fn a_frozen_screen_counts_what_goes_by() {
    let mut state = live();
    state.on(Action::Freeze);
    let mut later = fixture::live(16, SIGNAL_S + 3.2);
    later.ledgers[0].lost = 12;
    later.ended = Some("end of source".to_owned());
    state.update(Arc::new(later));
    assert!((state.passed.signal_s - 3.2).abs() < 1e-9);
    assert_eq!(state.passed.lost, 12);
    assert!(state.ended.is_some());
    assert!((state.view.as_ref().unwrap().signal_s - SIGNAL_S).abs() < 1e-9);
    state.on(Action::Freeze);
    state.update(Arc::new(fixture::live(16, SIGNAL_S + 3.3)));
    assert!((state.view.as_ref().unwrap().signal_s - SIGNAL_S - 3.3).abs() < 1e-9);
    assert_eq!(state.passed.lost, 0);
}

#[test]
fn a_frozen_screen_scrolls_back_through_what_was_shown() {
    let mut state = State::new(colour(), 80, 24);
    for step in 0..=90 {
        state.update(Arc::new(fixture::live(4, 700.0 + f64::from(step) * 0.5)));
    }
    assert_eq!((state.on(Action::Shorter), state.shown_s()), (None, 5.0));
    state.on(Action::Freeze);
    let drawn = |state: &State| super::text(&super::draw(state, (80, 24)));
    let newest = drawn(&state);
    let mut older = Vec::new();
    for _ in 0..30 {
        state.on(Action::Shorter);
        older.push(drawn(&state));
    }
    assert!(older[0].contains("−2.5 s") && older[0] != newest, "{}", older[0]);
    // As long as the screen was looked at, and the ten seconds before: 45 + 10 s, of which 5 are in sight.
    assert!((state.back_s - 50.0).abs() < 0.6, "{}", state.back_s);
    let blank =
        |screen: &String| screen.lines().skip(3).take(8).all(|line| line.chars().skip(8).take(60).all(|c| c == ' '));
    assert!(older.iter().all(|screen| !blank(screen)), "{}", older[20]);
    for _ in 0..40 {
        state.on(Action::Longer);
    }
    assert_eq!(drawn(&state), newest);
    state.on(Action::Shorter);
    state.on(Action::Freeze);
    assert!(state.back_s.abs() < 1e-9, "what goes on is the present");
}

#[test]
fn filters_and_reference_are_asked_for_by_what_is_shown() {
    let mut state = live();
    let eye = |filters, referred| Some(Command::Show(Eye { filters, referred }));
    assert_eq!((state.on(Action::Filters), state.on(Action::Reference)), (eye(1, false), eye(0, true)));
    let mut view = fixture::live(16, SIGNAL_S);
    view.traces.eye = Eye { filters: 3, referred: true };
    state.update(Arc::new(view));
    assert_eq!((state.on(Action::Filters), state.on(Action::Reference)), (eye(0, true), eye(3, false)));
    let mut only = live().in_role(Role::Viewer { control: false });
    assert_eq!((only.on(Action::Filters), only.told.is_some()), (None, true), "everybody would see it");
}

#[test]
fn a_channel_is_marked_as_bad_and_unmarked_by_what_it_is_now() {
    let mut state = live();
    let mark = |channel, bad| Some(Command::MarkChannel { channel, bad });
    assert_eq!(state.on(Action::MarkBad), mark(0, true));
    state.on(Action::ChannelDown);
    state.on(Action::Freeze);
    assert_eq!((state.on(Action::MarkBad), state.told.is_some()), (mark(1, true), true), "a frozen screen says so");
    let mut view = fixture::live(16, SIGNAL_S + 1.0);
    view.quality[1] = Reasons::NONE.with(Reason::Flat).with(Reason::Marked);
    state.update(Arc::new(view));
    assert_eq!(state.on(Action::MarkBad), mark(1, false), "though the mark is not on the frozen screen");
    let mut view = fixture::live(16, SIGNAL_S + 2.0);
    view.quality.clear();
    state.update(Arc::new(view));
    assert_eq!(state.on(Action::MarkBad), mark(1, true), "where nothing is watched, too");
    assert_eq!(State::new(colour(), 80, 24).on(Action::MarkBad), None);
    let mut only = live().in_role(Role::Viewer { control: false });
    assert_eq!((only.on(Action::MarkBad), only.told.is_some()), (None, true));
}

#[test]
fn a_recording_begins_at_once_and_ends_when_asked_twice() {
    let mut state = replay();
    assert_eq!(state.on(Action::Record), Some(Command::Record(true)));
    let mut state = live();
    assert_eq!((state.on(Action::Record), state.on(Action::Freeze)), (None, None));
    assert!(!state.frozen, "another key only goes on");
    assert_eq!(state.on(Action::Record), None);
    let mut ended = fixture::live(16, SIGNAL_S);
    ended.recording = None;
    state.update(Arc::new(ended));
    assert_eq!(state.on(Action::Record), Some(Command::Record(false)), "what was asked, whatever has come meanwhile");
    assert_eq!(state.on(Action::Record), Some(Command::Record(true)));
    let mut failed = fixture::live(16, SIGNAL_S);
    failed.recording.as_mut().unwrap().trouble = Some("the disk is full".to_owned());
    state.update(Arc::new(failed));
    assert_eq!(state.on(Action::Record), Some(Command::Record(true)), "one that has failed makes room");
    let mut frozen = replay();
    frozen.on(Action::Freeze);
    frozen.update(Arc::new(fixture::live(16, SIGNAL_S + 1.0)));
    assert_eq!((frozen.on(Action::Record), frozen.unsure.clone()), (None, Some(Command::Record(false))));
    let mut only = replay().in_role(Role::Viewer { control: false });
    assert_eq!((only.on(Action::Record), only.told.is_some()), (None, true));
}

#[test]
fn why_nothing_is_recorded_is_said_over_the_panels() {
    let mut state = replay();
    let seen = state.newest.as_ref().unwrap().told;
    state.on(Action::Record);
    let view = |told: u64, errors: &[&str]| {
        let mut view = fixture::replay(SIGNAL_S);
        view.told = told;
        let event = |text: &&str| Event { at: Stamp(1.0), kind: EventKind::Error, text: (*text).to_owned() };
        view.events.extend(errors.iter().map(|text| (1.0, event(text))));
        Arc::new(view)
    };
    state.update(view(seen, &["an old one"]));
    assert_eq!(state.told, None);
    state.update(view(seen + 1, &["nothing is recorded: no such folder"]));
    assert_eq!(state.told.take().as_deref(), Some("nothing is recorded: no such folder"));
    state.update(view(seen + 2, &["another one"]));
    assert_eq!(state.told, None, "told once");
    state.on(Action::Record);
    state.update(Arc::new(fixture::live(16, SIGNAL_S)));
    assert_eq!((state.told.clone(), state.awaits_recording), (None, None), "it is there");
}

#[test]
fn a_moment_is_marked_at_once_or_with_a_text() {
    let mut state = live();
    let marker = |text: &str| Some(Command::Marker(text.to_owned()));
    assert_eq!(state.on(Action::Mark), marker("mark"));
    assert_eq!(state.on(Action::WriteMarker), None);
    "1 cough ".chars().for_each(|letter| assert_eq!(state.write(Typed::Letter(letter)), None));
    assert_eq!((state.write(Typed::Done), state.labels.len()), (marker("1 cough"), 0), "no label to repeat");
    assert_eq!(command(&mut state, "marker Deep Breath"), marker("Deep Breath"));
    assert_eq!(command(&mut state, "mark moment"), marker("mark"));
    state.on(Action::Quit);
    state.on(Action::Quit);
    assert_eq!((state.on(Action::Mark), state.on(Action::WriteMarker)), (None, None), "the run is ending");
    assert!(!state.is_writing());
}

#[test]
fn nothing_to_freeze_before_the_first_view() {
    let mut state = State::new(colour(), 80, 24);
    state.on(Action::Freeze);
    assert!(!state.frozen);
}

#[test]
fn paging_depends_on_the_size() {
    let selected = |width, height| {
        let mut state = state(colour(), (width, height), fixture::live(256, SIGNAL_S));
        state.on(Action::PageDown);
        state.selected
    };
    assert_eq!(selected(80, 24), 12);
    assert!(selected(200, 60) > 12);
    let mut state = live();
    state.on(Action::PageDown);
    assert_eq!(state.selected, 15, "the last channel is the end");
}

#[test]
fn a_stream_with_fewer_channels_keeps_the_selection_inside() {
    let mut state = live();
    state.on(Action::PageDown);
    state.update(Arc::new(fixture::live(4, SIGNAL_S)));
    assert_eq!(state.selected, 3);
}

#[test]
fn scales_go_by_one_two_five() {
    let mut state = live();
    let start = state.scale_uv();
    state.on(Action::Reduce);
    let wider = state.scale_uv();
    assert!(wider > start && !state.auto_scale);
    state.on(Action::Magnify);
    assert!((state.scale_uv() - start).abs() < 1e-9);
    for _ in 0..99 {
        state.on(Action::Reduce);
    }
    assert!((state.scale_uv() - 100_000.0).abs() < 1e-9);
    state.on(Action::AutoScale);
    assert!((state.scale_uv() - start).abs() < 1e-9, "auto finds the scale again");
}

#[test]
fn the_automatic_scale_does_not_follow_small_changes() {
    let mut state = live();
    let start = state.scale_uv();
    let scaled = |factor: f32| {
        let mut view = fixture::live(16, SIGNAL_S);
        view.traces.rms.iter_mut().for_each(|rms| *rms *= factor);
        Arc::new(view)
    };
    state.update(scaled(0.9));
    assert!((state.scale_uv() - start).abs() < 1e-9);
    state.update(scaled(10.0));
    assert!(state.scale_uv() > start);
}

#[test]
fn time_bases_stop_at_both_ends() {
    let mut state = live();
    let seconds: Vec<f64> = [Action::Longer, Action::Shorter, Action::Shorter, Action::Shorter]
        .map(|action| {
            state.on(action);
            state.shown_s()
        })
        .to_vec();
    assert_eq!(seconds, [10.0, 5.0, 2.0, 2.0]);
}

#[test]
fn dismissing_closes_the_help_before_it_leaves_solo() {
    let mut state = live();
    state.on(Action::Solo);
    state.on(Action::Help);
    state.on(Action::Dismiss);
    assert!(state.solo && !state.help);
    state.on(Action::Dismiss);
    assert!(!state.solo);
}

fn command(state: &mut State, text: &str) -> Option<Command> {
    state.on(Action::Palette);
    text.chars().for_each(|letter| assert_eq!(state.write(Typed::Letter(letter)), None));
    state.write(Typed::Done)
}

#[test]
fn commands_do_what_keys_do_and_take_arguments() {
    let mut state = live();
    assert_eq!(command(&mut state, "pause training"), Some(Command::PauseTraining(true)));
    assert_eq!((command(&mut state, "channel oz"), state.selected), (None, 15));
    assert_eq!((command(&mut state, "channel 3"), state.selected), (None, 2));
    assert_eq!((command(&mut state, "channel 99"), state.selected), (None, 2));
    assert!(state.told.as_ref().is_some_and(|told| told.contains("99")));
    assert_eq!((command(&mut state, "seconds 4"), state.shown_s()), (None, 5.0));
    assert_eq!((command(&mut state, "scale 70"), state.scale_uv(), state.auto_scale), (None, 100.0, false));
    assert_eq!((command(&mut state, "hertz 90"), state.reach_hz()), (None, 100.0));
    assert_eq!(command(&mut state, "label Augen zu"), Some(Command::Label("Augen zu".to_owned())));
    assert_eq!(command(&mut state, "no such thing"), None);
    assert!(state.told.as_ref().is_some_and(|told| told.contains("no such thing")));
    assert_eq!(command(&mut state, "scale"), None, "an argument is missing");
    assert!(state.is_writing(), "and can still be written");
    state.write(Typed::Leave);
    state.on(Action::Palette);
    "swap".chars().for_each(|letter| drop(state.write(Typed::Letter(letter))));
    state.write(Typed::Complete);
    assert_eq!(
        (state.write(Typed::Done), state.unsure.clone()),
        (None, Some(Command::SwapNow)),
        "asks as its key does"
    );
}

#[test]
fn ending_a_run_from_afar_asks_first() {
    let mut state = live().in_role(Role::Viewer { control: true });
    assert_eq!((command(&mut state, "end run"), state.unsure.clone()), (None, Some(Command::Quit)));
    assert_eq!(state.on(Action::ChannelDown), None);
    assert_eq!(command(&mut state, "end run"), None);
    assert_eq!(state.on(Action::EndRun), Some(Command::Quit));
    let mut only = live().in_role(Role::Viewer { control: false });
    for text in ["end run", "label x", "pause training"] {
        assert_eq!((command(&mut only, text), only.unsure.clone(), only.is_writing()), (None, None, false), "{text}");
    }
}

#[test]
fn a_click_selects_a_trace_and_the_wheel_goes_through_them() {
    let mut state = state(colour(), (80, 24), fixture::live(256, SIGNAL_S));
    let mouse = |kind, column, row| MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    let click = |row| mouse(MouseEventKind::Down(MouseButton::Left), 40, row);
    state.point(mouse(MouseEventKind::ScrollDown, 0, 0));
    assert_eq!(state.selected, 1);
    state.on(Action::PageDown);
    state.point(click(2));
    assert_eq!(state.selected, 12, "the first of its page");
    state.point(click(20));
    assert!((22..24).contains(&state.selected), "{}", state.selected);
    let before = state.selected;
    for row in [0, 1, 22, 23] {
        state.point(click(row));
        assert_eq!(state.selected, before, "row {row} is no trace");
    }
}

#[test]
fn a_label_is_written_and_a_digit_sends_it_again() {
    let mut state = live();
    let write = |state: &mut State, text: &str| {
        assert_eq!(state.on(Action::Label), None);
        text.chars().find_map(|letter| state.write(Typed::Letter(letter)))
    };
    let label = |text: &str| Some(Command::Label(text.to_owned()));
    assert_eq!(write(&mut state, "eyes closed?"), None);
    assert_eq!(state.write(Typed::Erase), None);
    assert_eq!(state.write(Typed::Done), label("eyes closed"));
    assert!(!state.is_writing());
    assert_eq!(write(&mut state, "2 beeps"), None, "no label has the digit 2 yet");
    assert_eq!(state.write(Typed::Done), label("2 beeps"));
    assert_eq!(write(&mut state, "1"), label("eyes closed"));
    assert_eq!(write(&mut state, "x2"), None, "a digit within a text is text");
    assert_eq!(state.write(Typed::Leave), None);
    assert_eq!(write(&mut state, "  "), None);
    assert_eq!(state.write(Typed::Done), None, "blanks are no label");
    assert_eq!(write(&mut state, &"long".repeat(40)), None);
    assert!(matches!(state.write(Typed::Done), Some(Command::Label(text)) if text.len() == 60));
    state.on(Action::Label);
    state.on(Action::Interrupt);
    assert!(!state.is_writing(), "the end of the run comes first");
    state.on(Action::Label);
    assert!(!state.is_writing(), "and takes no more labels");
}
