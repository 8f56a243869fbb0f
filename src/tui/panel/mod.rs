//! The panels of the dashboard, one file each.
//!
//! Each is a pure function of the state and the View on the main thread, and draws at any size: an area too small
//! for something shows less of it.

pub(super) mod bands;
pub(super) mod braille;
mod columns;
pub(super) mod events;
pub(super) mod flow;
mod frame;
mod grid;
pub(super) mod header;
pub(super) mod health;
pub(super) mod help;
pub(super) mod map;
pub(super) mod notice;
pub(super) mod scalp;
pub(super) mod spectrum;
pub(super) mod traces;
pub(super) mod trainer;
pub(super) mod waterfall;
