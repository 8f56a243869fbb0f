//! Electrodes: what labels mean, and where contacts lie.
//!
//! Pure; runs on no thread of its own. Two kinds of places: those of the 10-5 system on a scalp, by name, and those of
//! intracranial grids and strips, by number. Invariant: places lie in the unit disc.

mod grid;
mod label;
mod scalp;
mod table;

pub use grid::{Contact, GridShape, GridShapes, contacts};
pub use label::{plain_label, same_electrode};
pub use scalp::{Electrode, in_disc, on_sphere};

pub(super) use grid::places as grid_places;
pub(super) use label::numbered;
