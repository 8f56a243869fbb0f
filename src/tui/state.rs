//! What the screen shows and how.
//!
//! Owns [`State`], on the main thread. Invariant: it changes only through [`State::update`], [`State::on`],
//! [`State::write`], [`State::point`] and [`State::resized`], none of which reads a clock, and a View that is on screen is never changed.

use super::keys::{Action, Arrangement, MapBy};
use super::layout::{Places, channels_on_page, trace_rows};
use super::theme::Theme;
use super::topic::Topic;
use super::writing::{Wanted, Writing};
use crate::dsp::spectra::{Rhythm, Segment};
use crate::pipeline::command::Command;
use crate::pipeline::eye::Eye;
use crate::pipeline::view::View;
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::sync::Arc;

/// Seconds of signal that the traces can show.
const TIME_BASES_S: [f64; 3] = [2.0, 5.0, 10.0];
/// Hertz that spectra can reach to.
const REACHES_HZ: [f64; 4] = [30.0, 60.0, 100.0, 200.0];
/// Microvolts that the height of a channel can stand for.
const SCALES_UV: [f64; 16] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0,
    100_000.0,
];
/// A row as high as this many root mean squares holds the signal; its peaks reach into the neighbours' rows.
const RMS_IN_ROW: f64 = 5.0;

/// What a marker says that was given no text.
const MARKER: &str = "mark";

/// Whose dashboard it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// The run's own: leaving ends the run.
    #[default]
    Run,
    /// One that looks on from another process: leaving ends the dashboard alone.
    Viewer {
        /// It may ask something of the run, too.
        control: bool,
    },
}

/// How far quitting has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quitting {
    /// Nobody asked.
    #[default]
    No,
    /// Asked while a recording is written: once more to confirm.
    Asked,
    /// The pipeline was told; its end is awaited.
    Told,
    /// Told twice: leave without waiting.
    AtOnce,
}

/// What went by since the screen was frozen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Passed {
    /// Seconds of signal.
    pub(super) signal_s: f64,
    /// Frames lost.
    pub(super) lost: u64,
}

/// Everything that decides what is on screen.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) theme: Theme,
    pub(super) role: Role,
    /// The View on screen; none before the first.
    pub(super) view: Option<Arc<View>>,
    /// The newest View, which a frozen screen does not show: what the run does now.
    pub(super) newest: Option<Arc<View>>,
    pub(super) frozen: bool,
    pub(super) passed: Passed,
    /// Why the run ended, known even to a frozen screen.
    pub(super) ended: Option<String>,
    /// The selected channel; it decides the page.
    pub(super) selected: usize,
    pub(super) solo: bool,
    pub(super) auto_scale: bool,
    pub(super) training_paused: bool,
    /// True while what is served is to stay.
    pub(super) held: bool,
    /// Leaving to the shell stops the run, and waits to be asked again.
    pub(super) unsuspended: bool,
    /// What was asked of the run and waits to be asked again.
    pub(super) unsure: Option<Command>,
    pub(super) arrangement: Arrangement,
    pub(super) map_by: MapBy,
    /// What is on the scalp.
    pub(super) topic: Topic,
    pub(super) events_large: bool,
    pub(super) help: bool,
    pub(super) quitting: Quitting,
    /// What is said until the next key.
    pub(super) told: Option<String>,
    /// A recording was asked for, and neither it nor an error was seen since this many events.
    pub(super) awaits_recording: Option<u64>,
    /// What is being written, and what it is to be.
    pub(super) writing: Option<Writing>,
    /// Only events of this kind or with this word are shown; all where it is empty.
    pub(super) events_filter: String,
    /// The screen is to be written into a file once it is drawn; the loop does that.
    pub(super) saves: bool,
    /// The terminal is to be left to the shell; the loop does that.
    pub(super) suspends: bool,
    /// Labels that were sent, each once, by the digits that send them again.
    pub(super) labels: Vec<String>,
    /// Views of earlier stretches of the traces, oldest first, that a frozen screen scrolls back to.
    pub(super) past: VecDeque<Arc<View>>,
    /// Seconds that it has scrolled back.
    pub(super) back_s: f64,
    /// What spectra said lately, the newest last; it goes on behind a frozen screen.
    pub(super) segments: VecDeque<Arc<Segment>>,
    time_base: usize,
    reach: usize,
    scale: usize,
    pub(super) size: Rect,
}

impl State {
    /// An empty screen of `width` by `height` cells: ten seconds, a scale that follows the signal.
    #[must_use]
    pub fn new(theme: Theme, width: u16, height: u16) -> Self {
        Self {
            theme,
            role: Role::Run,
            told: None,
            view: None,
            newest: None,
            frozen: false,
            passed: Passed::default(),
            ended: None,
            selected: 0,
            solo: false,
            auto_scale: true,
            training_paused: false,
            held: false,
            unsuspended: false,
            unsure: None,
            arrangement: Arrangement::All,
            map_by: MapBy::Time,
            topic: Topic::Band(Rhythm::Alpha),
            events_large: false,
            help: false,
            quitting: Quitting::No,
            awaits_recording: None,
            writing: None,
            events_filter: String::new(),
            saves: false,
            suspends: false,
            labels: Vec::new(),
            past: VecDeque::new(),
            back_s: 0.0,
            segments: VecDeque::new(),
            time_base: TIME_BASES_S.len() - 1,
            reach: 1,
            scale: 6,
            size: Rect::new(0, 0, width, height),
        }
    }

    /// The same screen in another role.
    #[must_use]
    pub fn in_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The terminal has a new size in cells; how many channels make a page depends on it.
    pub fn resized(&mut self, width: u16, height: u16) {
        self.size = Rect::new(0, 0, width, height);
    }

    /// Takes a View; a frozen screen only counts what goes by.
    pub fn update(&mut self, view: Arc<View>) {
        self.ended.clone_from(&view.ended);
        if self.ended.is_some() && (self.is_writing_a(Wanted::Label) || self.is_writing_a(Wanted::Marker)) {
            self.writing = None;
        }
        self.remember(&view);
        self.await_recording(&view);
        self.newest = Some(Arc::clone(&view));
        match &self.view {
            Some(shown) if self.frozen => {
                self.passed = Passed {
                    signal_s: (view.signal_s - shown.signal_s).max(0.0),
                    lost: lost(&view).saturating_sub(lost(shown)),
                };
            }
            _ => {
                self.follow_orders(&view);
                self.keep(&view);
                self.selected = self.selected.min(view.facts.montage.len().saturating_sub(1));
                let first = self.view.replace(view).is_none();
                if first { self.fit_scale() } else { self.follow_signal() }
            }
        }
    }

    /// Takes over what somebody else, at another dashboard, asked of the trainer; what was asked here is known before a View
    /// can tell it.
    fn follow_orders(&mut self, view: &View) {
        let of = |view: &View| (view.trainer.paused, view.trainer.gate.held);
        let (paused, held) = of(view);
        let before = self.view.as_deref().map(of);
        if before.is_none_or(|before| before.0 != paused) {
            self.training_paused = paused;
        }
        if before.is_none_or(|before| before.1 != held) {
            self.held = held;
        }
    }

    /// Does what a person asked; returns what the pipeline has to do for it.
    pub fn on(&mut self, action: Action) -> Option<Command> {
        self.told = None;
        if self.role == (Role::Viewer { control: false }) && action.is_order() {
            self.told = Some("Only looking on: `neurostream attach --control` may ask for this.".to_owned());
            return None;
        }
        if self.quitting == Quitting::Asked && !matches!(action, Action::Quit | Action::Interrupt) {
            self.quitting = Quitting::No;
            return None;
        }
        // Any other key than the same again takes the question back, and does nothing else.
        let unsure = self.unsure.take();
        if unsure.is_some()
            && !matches!(
                action,
                Action::SwapNow | Action::RollBack | Action::Record | Action::EndRun | Action::Interrupt
            )
        {
            return None;
        }
        let unsuspended = std::mem::take(&mut self.unsuspended);
        if unsuspended && !matches!(action, Action::Suspend | Action::Interrupt) {
            return None;
        }
        let page = self.page();
        match action {
            Action::Quit => return self.quit(),
            Action::Interrupt => return self.interrupt(),
            Action::PauseTraining => return self.pause_training(),
            Action::Hold => return self.hold(),
            Action::SwapNow if self.trains() => return self.sure(unsure, Command::SwapNow),
            Action::RollBack if self.trains() => return self.sure(unsure, Command::RollBack),
            Action::SwapNow | Action::RollBack => {}
            Action::EndRun => return self.end_run(unsure),
            Action::Suspend => self.suspend(unsuspended),
            Action::Freeze => {
                self.frozen = !self.frozen && self.view.is_some();
                self.passed = Passed::default();
                self.back_s = 0.0;
            }
            Action::ChannelUp => self.select(self.selected.saturating_sub(1)),
            Action::ChannelDown => self.select(self.selected.saturating_add(1)),
            Action::PageUp => self.select(self.selected.saturating_sub(page)),
            Action::PageDown => self.select(self.selected.saturating_add(page)),
            Action::Shorter if self.arrangement == Arrangement::Spectrum => self.reach = self.reach.saturating_sub(1),
            Action::Longer if self.arrangement == Arrangement::Spectrum => {
                self.reach = (self.reach + 1).min(REACHES_HZ.len() - 1);
            }
            Action::Shorter if self.frozen => self.scroll(self.back_s + self.shown_s() / 2.0),
            Action::Longer if self.frozen => self.scroll(self.back_s - self.shown_s() / 2.0),
            Action::Shorter => self.time_base = self.time_base.saturating_sub(1),
            Action::Longer => self.time_base = (self.time_base + 1).min(TIME_BASES_S.len() - 1),
            Action::Magnify => self.rescale(self.scale.saturating_sub(1)),
            Action::Reduce => self.rescale(self.scale + 1),
            Action::AutoScale => {
                self.auto_scale = !self.auto_scale;
                self.fit_scale();
            }
            Action::Filters => return self.show(Eye::next_filters),
            Action::Reference => return self.show(Eye::other_reference),
            Action::Solo => {
                self.solo = !self.solo;
                self.fit_scale();
            }
            Action::Label => self.writing = self.is_running().then(|| Writing::new(Wanted::Label)),
            Action::WriteMarker => self.writing = self.is_running().then(|| Writing::new(Wanted::Marker)),
            Action::Mark => return self.is_running().then(|| Command::Marker(MARKER.to_owned())),
            Action::MarkBad => return self.mark_bad(),
            Action::Record => return self.record(unsure),
            Action::Arrange(arrangement) => self.arrangement = arrangement,
            Action::NextView => self.arrangement = self.arrangement.next(),
            Action::Palette => self.writing = Some(Writing::new(Wanted::Deed)),
            Action::FilterEvents => self.writing = Some(Writing::new(Wanted::Events)),
            Action::Theme => {
                self.theme = Theme::of(self.theme.look.next(), self.theme.ascii).smooth(self.theme.is_smooth);
                self.told = Some(format!("Theme: {}", self.theme.look.word()));
            }
            Action::SaveScreen => self.saves = true,
            Action::NextBand => self.topic = self.topic.next(),
            Action::MapBy => self.map_by = self.map_by.next(),
            Action::Events => self.events_large = !self.events_large,
            Action::Help => self.help = !self.help,
            Action::Dismiss if self.help => self.help = false,
            Action::Dismiss => {
                self.solo = false;
                self.fit_scale();
            }
        }
        None
    }

    /// True once a person wants to leave without waiting for the run to end.
    #[must_use]
    pub fn leaves_at_once(&self) -> bool {
        self.quitting == Quitting::AtOnce
    }

    /// Seconds of signal that the traces show.
    pub(super) fn shown_s(&self) -> f64 {
        TIME_BASES_S[self.time_base]
    }

    /// Microvolts that the height of a channel stands for.
    pub(super) fn scale_uv(&self) -> f64 {
        SCALES_UV[self.scale]
    }

    /// Hertz that spectra reach to.
    pub(super) fn reach_hz(&self) -> f64 {
        REACHES_HZ[self.reach]
    }

    /// How many channels are on a page.
    fn page(&self) -> usize {
        let places = Places::of(self.size, self.arrangement, self.events_large);
        let channels = self.view.as_ref().map_or(0, |view| view.facts.montage.len());
        channels_on_page(trace_rows(places.traces), channels)
    }

    pub(super) fn select(&mut self, channel: usize) {
        let last = self.view.as_ref().map_or(0, |view| view.facts.montage.len().saturating_sub(1));
        self.selected = channel.min(last);
        if self.solo {
            self.fit_scale();
        }
    }

    /// Takes the smallest scale that shows so many microvolts a row.
    pub(super) fn rescale_to(&mut self, scale_uv: f64) {
        let scale = SCALES_UV.iter().position(|scale| *scale >= scale_uv);
        self.rescale(scale.unwrap_or(SCALES_UV.len() - 1));
    }

    /// Takes the shortest time base that shows so many seconds.
    pub(super) fn show_seconds(&mut self, seconds: f64) {
        let base = TIME_BASES_S.iter().position(|base| *base >= seconds);
        self.time_base = base.unwrap_or(TIME_BASES_S.len() - 1);
    }

    /// Takes the shortest axis that shows so many hertz.
    pub(super) fn show_hertz(&mut self, hertz: f64) {
        let reach = REACHES_HZ.iter().position(|reach| *reach >= hertz);
        self.reach = reach.unwrap_or(REACHES_HZ.len() - 1);
    }

    fn rescale(&mut self, scale: usize) {
        self.auto_scale = false;
        self.scale = scale.min(SCALES_UV.len() - 1);
    }

    /// The height of a row in microvolts that fits the voltages on screen, going by their root mean squares.
    fn fitting_uv(&self) -> Option<f64> {
        let view = self.view.as_deref()?;
        let channels = view.facts.montage.channels.iter().zip(&view.traces.rms).enumerate();
        let mut rms: Vec<f64> = channels
            .filter(|(place, (channel, _))| channel.unit.is_voltage() && (!self.solo || *place == self.selected))
            .map(|(_, (_, rms))| f64::from(*rms))
            .filter(|rms| rms.is_finite() && *rms > 0.0)
            .collect();
        rms.sort_by(f64::total_cmp);
        rms.get(rms.len() / 2).map(|median| median * RMS_IN_ROW)
    }

    /// Takes the scale that fits what is on screen now, where the scale is automatic.
    fn fit_scale(&mut self) {
        if let Some(fitting) = self.fitting_uv().filter(|_| self.auto_scale) {
            let scale = SCALES_UV.iter().position(|scale| *scale >= fitting);
            self.scale = scale.unwrap_or(SCALES_UV.len() - 1);
        }
    }

    /// Takes another scale only when the signal has clearly left its row or clearly shrunk in it, so that the picture
    /// stays calm.
    fn follow_signal(&mut self) {
        let calm = 0.3 * self.scale_uv()..=1.1 * self.scale_uv();
        if self.fitting_uv().is_some_and(|fitting| !calm.contains(&fitting)) {
            self.fit_scale();
        }
    }
}

/// Frames that the consumers lost, all together.
pub(super) fn lost(view: &View) -> u64 {
    view.ledgers.iter().fold(0, |sum, ledger| sum.saturating_add(ledger.lost))
}
