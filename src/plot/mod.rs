//! Pictures of curves, as PNG, and figures for pages, as SVG.
//!
//! Plain values and pure functions, on whichever thread calls them. Invariant: the same figure gives the same bytes
//! everywhere: letters come from a bitmap font that is built in, and nothing is asked of the system.

mod canvas;
mod chart;
mod log_plot;
pub mod svg;
mod ticks;

pub use canvas::{Canvas, Colour};
pub use chart::{Chart, Curve, Panel, PlotError};
pub use log_plot::{LogCurve, LogPlot};
pub use ticks::{nice, ticks};
