//! The dashboard: draws a [`View`](crate::pipeline::view::View), sends [`Command`](crate::pipeline::command::Command)s.
//!
//! Floor 5, on the main thread. It knows nothing of stages, rings or sources: it may stall or die and no consumer
//! loses a sample.
//!
//! ```text
//! Receiver<Arc<View>> ─▶ State::update ─┐
//!                                       ├─▶ render ─▶ terminal
//! keyboard ─▶ keys ─▶ State::on ────────┘
//!                       └─▶ Sender<Command>
//! ```
//!
//! [`State`] and [`render`] are pure: they read no clock and no environment, so a test decides what is on screen.

mod app;
mod ascii;
mod chart;
mod figures;
mod keyboard;
mod keys;
mod layout;
mod orders;
mod palette;
mod panel;
mod past;
mod save;
mod screen;
mod state;
pub mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod topic;
mod writing;

pub use app::{Ended, run};
pub use chart::chart;
pub use keys::{Action, Arrangement, MapBy, Typed, action, typed};
pub use screen::render;
pub use state::{Role, State};
pub use terminal::TerminalError;
pub use theme::{Look, Surroundings, Theme};
