//! Carrying out what a person asks of a run.
//!
//! Any thread may hold one. Invariant: nothing here waits: what finds no room is not carried out.

use super::acquire::{AcquireCounts, Said};
use super::command::Command;
use super::eye::EyeBoard;
use super::shutdown::{Reason, Shutdown};
use super::train::{Order, TrainCounts};
use super::watch::QualityCounts;
use crate::ring::Doorbell;
use crate::signal::Marker;
use crossbeam_channel::Sender;
use std::sync::Arc;

/// The levers of a run.
#[derive(Clone)]
pub(super) struct Control {
    pub shutdown: Shutdown,
    pub acquire: Arc<AcquireCounts>,
    pub train: Option<Arc<TrainCounts>>,
    pub orders: Option<Sender<Order>>,
    pub say: Sender<Said>,
    pub records: Sender<bool>,
    pub recorder: Arc<Doorbell>,
    pub quality: Arc<QualityCounts>,
    pub eye: Arc<EyeBoard>,
}

impl Control {
    /// Does what a person asked for.
    pub fn obey(&self, command: Command) {
        match command {
            Command::Quit => self.shutdown.request(Reason::User),
            Command::PauseTraining(paused) => {
                if let Some(train) = &self.train {
                    train.pause(paused);
                }
            }
            Command::Label(text) => self.say(text, true),
            Command::Marker(text) => self.say(text, false),
            Command::Record(wanted) => {
                // A queue that is full of orders makes another one pointless.
                let _ = self.records.try_send(wanted);
                self.recorder.ring();
            }
            Command::MarkChannel { channel, bad } => self.quality.mark(channel, bad),
            Command::Show(eye) => self.eye.ask(eye),
            Command::HoldServing(held) => self.order(Order::Hold(held)),
            Command::SwapNow => self.order(Order::SwapNow),
            Command::RollBack => self.order(Order::RollBack),
        }
    }

    /// Says something of the frame that comes next.
    fn say(&self, text: String, teaches: bool) {
        let frame = self.acquire.end_frame();
        // Where nobody takes it any more the run is ending.
        let _ = self.say.send(Said { marker: Marker { frame, duration_s: None, text }, teaches });
    }

    /// Passes on what the trainer is asked for; a queue that is full of orders makes another one pointless.
    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.try_send(order);
        }
    }
}
