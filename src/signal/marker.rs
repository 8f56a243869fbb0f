//! Markers: named moments of a recording.
//!
//! Owns [`Marker`]; runs on no thread of its own. Invariant: `frame` counts like [`super::Block::first`].

use std::collections::BTreeSet;

/// A named moment: an EDF annotation, an LSL marker, a key pressed in the dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// The frame it falls on.
    pub frame: u64,
    /// How long the state lasts, where that is known.
    pub duration_s: Option<f64>,
    /// What it says.
    pub text: String,
}

impl Marker {
    /// The different texts of some markers, in alphabetical order.
    #[must_use]
    pub fn texts(markers: &[Self]) -> Vec<String> {
        markers.iter().map(|marker| marker.text.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }
}
