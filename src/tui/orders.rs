//! What a person asks of the run: recordings, markers, bad channels, the trainer, the end. Each asks back where something would
//! be lost, or others would notice.
//!
//! On the main thread. Invariant: pure, as all of [`State`]; what the run does now is read from the newest View and not from a
//! frozen screen.

use super::state::{Quitting, Role, State};
use crate::dsp::quality::Reason;
use crate::pipeline::command::Command;
use crate::pipeline::eye::Eye;
use crate::pipeline::view::{TrainerState, View};
use crate::signal::EventKind;

impl State {
    /// True while there is a present moment of which something can be said.
    pub(super) fn is_running(&self) -> bool {
        self.view.is_some() && self.quitting == Quitting::No && self.ended.is_none()
    }

    /// True while a file is being written, as far as is known.
    pub(super) fn is_recording(&self) -> bool {
        let recording = self.newest.as_ref().and_then(|view| view.recording.as_ref());
        recording.is_some_and(|recording| recording.trouble.is_none())
    }

    /// Begins a recording at once, and ends one when asked twice: what comes then is not kept.
    pub(super) fn record(&mut self, asked: Option<Command>) -> Option<Command> {
        if !self.is_running() {
            return None;
        }
        // Asked twice is asked, though somebody else may have ended it meanwhile.
        let ends = asked == Some(Command::Record(false)) || self.is_recording();
        if ends {
            return self.sure(asked, Command::Record(false));
        }
        self.awaits_recording = self.newest.as_ref().map(|view| view.told);
        Some(Command::Record(true))
    }

    /// Says why there is no recording that was asked for: small screens show no events.
    pub(super) fn await_recording(&mut self, view: &View) {
        let Some(before) = self.awaits_recording else { return };
        let new = usize::try_from(view.told.saturating_sub(before)).unwrap_or(usize::MAX);
        let problem = view.events.iter().rev().take(new).find(|(_, event)| event.kind == EventKind::Error);
        if let Some((_, event)) = problem {
            self.told = Some(event.text.clone());
        }
        if problem.is_some() || view.recording.is_some() {
            self.awaits_recording = None;
        }
    }

    /// Marks the selected channel as bad, or takes that back, by what it is now and not by what a frozen screen shows.
    pub(super) fn mark_bad(&mut self) -> Option<Command> {
        let view = self.newest.as_deref().filter(|_| self.is_running())?;
        let channel = self.selected;
        let label = view.facts.montage.labels().nth(channel)?;
        let bad = !view.quality.get(channel).is_some_and(|reasons| reasons.has(Reason::Marked));
        if self.frozen {
            let what = if bad { "is marked as bad from now on" } else { "is no longer marked as bad" };
            self.told = Some(format!("{label} {what}."));
        }
        Some(Command::MarkChannel { channel, bad })
    }

    /// Asks for the signal in another way than it is shown now.
    pub(super) fn show(&self, other: fn(Eye) -> Eye) -> Option<Command> {
        self.view.as_ref().map(|view| Command::Show(other(view.traces.eye)))
    }

    pub(super) fn quit(&mut self) -> Option<Command> {
        if self.role != Role::Run {
            self.quitting = Quitting::AtOnce;
            return None;
        }
        self.quitting = match self.quitting {
            Quitting::No if self.is_recording() => Quitting::Asked,
            Quitting::No | Quitting::Asked => Quitting::Told,
            Quitting::Told | Quitting::AtOnce => return None,
        };
        (self.quitting == Quitting::Told).then_some(Command::Quit)
    }

    pub(super) fn interrupt(&mut self) -> Option<Command> {
        self.writing = None;
        if self.role != Role::Run {
            self.quitting = Quitting::AtOnce;
            return None;
        }
        self.quitting = match self.quitting {
            Quitting::No | Quitting::Asked => Quitting::Told,
            Quitting::Told | Quitting::AtOnce => Quitting::AtOnce,
        };
        (self.quitting == Quitting::Told).then_some(Command::Quit)
    }

    /// True where there is a trainer to ask something of: one that is off or has failed can do nothing.
    pub(super) fn trains(&self) -> bool {
        let state = self.view.as_ref().map(|view| view.trainer.state);
        state.is_some_and(|state| !matches!(state, TrainerState::Off | TrainerState::Stopped))
    }

    pub(super) fn hold(&mut self) -> Option<Command> {
        if !self.trains() {
            return None;
        }
        self.held = !self.held;
        Some(Command::HoldServing(self.held))
    }

    /// Asks once more before what others would notice.
    pub(super) fn sure(&mut self, asked: Option<Command>, command: Command) -> Option<Command> {
        if asked.as_ref() == Some(&command) {
            return asked;
        }
        self.unsure = Some(command);
        None
    }

    /// Ends the run, for everybody.
    pub(super) fn end_run(&mut self, asked: Option<Command>) -> Option<Command> {
        if self.role == Role::Run { self.quit() } else { self.sure(asked, Command::Quit) }
    }

    /// Leaves to the shell; where that stops a run, only when asked twice.
    pub(super) fn suspend(&mut self, asked: bool) {
        let is_over = self.ended.is_some() || self.view.is_none();
        let stops_nothing = self.role != Role::Run || is_over;
        self.suspends = asked || stops_nothing;
        self.unsuspended = !self.suspends;
    }

    pub(super) fn pause_training(&mut self) -> Option<Command> {
        if !self.trains() {
            return None;
        }
        self.training_paused = !self.training_paused;
        Some(Command::PauseTraining(self.training_paused))
    }
}
