//! How the loop behaves with a scripted keyboard and a screen in memory.
//!
//! Owns a keyboard made of lists. Invariant: the clock moves only when a turn asks for input.

use super::{SIGNAL_S, colour, fixture};
use crate::pipeline::command::Command;
use crate::pipeline::view::View;
use crate::signal::{Clock, ManualClock};
use crate::tui::app::{Ended, Turns};
use crate::tui::state::State;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use std::io;
use std::sync::Arc;

fn key(code: KeyCode, modifiers: KeyModifiers) -> Option<Event> {
    Some(Event::Key(KeyEvent::new(code, modifiers)))
}

fn press(letter: char) -> Option<Event> {
    key(KeyCode::Char(letter), KeyModifiers::NONE)
}

/// Runs the loop with these inputs; when they have run out, the pipeline drops its end of the Views.
fn run(
    inputs: Vec<io::Result<Option<Event>>>,
    mut views: Vec<View>,
    commands: &Sender<Command>,
    turn_s: f64,
) -> (Ended, usize) {
    let clock = ManualClock::default();
    let (sender, receiver): (_, Receiver<Arc<View>>) = unbounded();
    let mut sender = Some(sender);
    let mut inputs = inputs.into_iter();
    let hands = clock.clone();
    views.reverse();
    let mut keyboard = || {
        hands.set(hands.now() + turn_s);
        if let (Some(view), Some(sender)) = (views.pop(), &sender) {
            sender.send(Arc::new(view)).unwrap();
        }
        inputs.next().unwrap_or_else(|| {
            sender = None;
            Ok(None)
        })
    };
    let mut screen = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let turns = Turns::new(State::new(colour(), 80, 24), Size::new(80, 24), &clock);
    let ended = turns.run(&mut screen, &receiver, commands, &mut keyboard, &mut |_| Ok(()));
    (ended, screen.get_frame().count())
}

fn quiet(turns: usize) -> Vec<io::Result<Option<Event>>> {
    (0..turns).map(|_| Ok(None)).collect()
}

#[test]
fn it_ends_when_the_pipeline_sends_no_more_views() {
    let (commands, _kept) = unbounded();
    assert!(matches!(run(quiet(2), vec![], &commands, 1.0).0, Ended::RunOver));
}

#[test]
fn it_ends_when_the_terminal_goes_away() {
    let (commands, _kept) = unbounded();
    let inputs = vec![Ok(None), Err(io::ErrorKind::UnexpectedEof.into())];
    assert!(matches!(run(inputs, vec![], &commands, 1.0).0, Ended::TerminalLost(_)));
}

#[test]
fn interrupting_twice_ends_it_and_is_told_once() {
    let (commands, told) = unbounded();
    let interrupt = || Ok(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
    let (ended, _) = run(vec![interrupt(), Ok(None), interrupt()], vec![], &commands, 1.0);
    assert!(matches!(ended, Ended::AtOnce));
    drop(commands);
    assert_eq!(told.iter().collect::<Vec<_>>(), [Command::Quit]);
}

#[test]
fn commands_arrive_in_order_even_through_a_narrow_channel() {
    let (commands, told) = bounded(1);
    let views = vec![fixture::replay(SIGNAL_S)];
    // The first turn shows the View that the keys need; the pipeline takes a command in each turn.
    let mut taken = Vec::new();
    let mut script = vec![None, press('t'), press('t'), press('q')].into_iter();
    let (sender, receiver) = unbounded();
    let mut sender: Option<Sender<Arc<View>>> = Some(sender);
    for view in views {
        sender.as_ref().unwrap().send(Arc::new(view)).unwrap();
    }
    let mut rest = 8;
    let mut keyboard = || {
        if let Some(input @ Some(_)) = script.next() {
            return Ok(input);
        }
        taken.extend(told.try_recv());
        rest -= 1;
        if rest == 0 {
            sender = None;
        }
        Ok(None)
    };
    let clock = ManualClock::default();
    let mut screen = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let turns = Turns::new(State::new(colour(), 80, 24), Size::new(80, 24), &clock);
    turns.run(&mut screen, &receiver, &commands, &mut keyboard, &mut |_| Ok(()));
    assert_eq!(taken, [Command::PauseTraining(true), Command::PauseTraining(false), Command::Quit]);
}

#[test]
fn it_draws_only_when_something_changed() {
    let (commands, _kept) = unbounded();
    assert_eq!(run(quiet(9), vec![], &commands, 1.0).1, 1, "the first frame only");
    let inputs = vec![Ok(None), Ok(press('?')), Ok(None), Ok(press('y')), Ok(None)];
    assert_eq!(run(inputs, vec![], &commands, 1.0).1, 2, "one for the help, none for a key without meaning");
}

#[test]
fn it_draws_at_most_twenty_frames_a_second_and_five_without_the_focus() {
    let (commands, _kept) = unbounded();
    let views = |n| vec![fixture::live(1, SIGNAL_S); n];
    let turn_s = 0.01;
    let (_, frames) = run(quiet(100), views(100), &commands, turn_s);
    assert!((18..=21).contains(&frames), "{frames} frames in a second");
    let mut inputs = vec![Ok(Some(Event::FocusLost))];
    inputs.extend(quiet(100));
    let (_, frames) = run(inputs, views(100), &commands, turn_s);
    assert!((4..=7).contains(&frames), "{frames} frames in a second");
}
