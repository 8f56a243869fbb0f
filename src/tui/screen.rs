//! The whole screen.
//!
//! Owns no state; runs on the main thread. Invariant: [`render`] is a pure function of the [`State`] and the size,
//! and draws at any size.

use super::ascii;
use super::layout::Places;
use super::panel::{
    bands, events, flow, header, health, help, map, notice, scalp, spectrum, traces, trainer, waterfall,
};
use super::state::State;
use ratatui::Frame;

/// Draws a state into a frame.
pub fn render(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let places = Places::of(area, state.arrangement, state.events_large);
    let buffer = frame.buffer_mut();
    header::render(state, &places, buffer);
    help::render_keys(state, places.keys, buffer);
    match state.view.as_deref() {
        Some(view) => {
            traces::render(state, view, places.traces, buffer);
            spectrum::render(state, view, places.spectrum, buffer);
            waterfall::render(state, view, places.waterfall, buffer);
            scalp::render(state, view, places.scalp, buffer);
            bands::render(state, view, places.bands, buffer);
            map::render(state, view, places.map, buffer);
            map::legend(state, view, places.legend, buffer);
            trainer::render(state, view, places.trainer, buffer);
            health::render(state, view, places.health, buffer);
            flow::render(state, view, places.flow, buffer);
            events::render(state, view, places.events, buffer);
        }
        None => notice::waiting(state, area, buffer),
    }
    if state.help {
        help::render(state, area, buffer);
    }
    notice::render(state, area, buffer);
    if state.theme.ascii {
        ascii::fold(buffer);
    }
}
