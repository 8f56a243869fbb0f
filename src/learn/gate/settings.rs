//! What the gate asks for.

/// What a candidate has to show before it is served.
#[derive(Clone, Debug, PartialEq)]
pub struct GateSettings {
    /// Largest loss on new signal, relative to that of what is served.
    pub loss_ratio: f64,
    /// Windows that a candidate encodes beside what is served before it takes its place.
    pub canary: usize,
    /// Candidates refused in a row before the trainer goes back to what is served.
    pub failures: u32,
    /// Windows held out for good, to judge by.
    pub probe: usize,
    /// The newest windows that are not learnt from yet, to judge by.
    pub unseen: usize,
    /// Drift of the signal from which on batches hold more of what is new, in spreads of what was before.
    pub drift: f64,
    /// Longest time for one window, in milliseconds; none where time does not count.
    pub latency_ms: Option<f64>,
    /// Where line noise would lie.
    pub line_hz: f64,
    /// Turn embeddings onto the axes that were served before.
    pub align: bool,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            loss_ratio: 1.05,
            canary: 50,
            failures: 3,
            probe: 64,
            unseen: 32,
            drift: 1.0,
            latency_ms: None,
            line_hz: 50.0,
            align: true,
        }
    }
}

impl GateSettings {
    /// A gate that lets everything pass that is finite.
    #[must_use]
    pub fn open() -> Self {
        Self { canary: 0, probe: 0, unseen: 0, ..Self::default() }
    }
}
