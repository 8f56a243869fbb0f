//! The streams that a run publishes, by its plan.
//!
//! Runs before the first frame, on the main thread. Invariant: all of them go by one name and one `source_id`, each with an
//! ending of its own.

use super::plan::Plan;
use super::wiring::Options;
use crate::config::LslOutletConfig;
use crate::learn::Generation;
use crate::lsl::{Library, LslError};
use crate::ring::FrameReader;
use crate::serve::outlet::{host, source_id};
use crate::serve::{
    EmbeddingOutlet, EmbeddingStream, HeadOutlet, HeadStream, NoveltyOutlet, ProcessedStage, ProcessedStream,
    StatusOutlet,
};
use crate::signal::Clock;

/// What is published, where the configuration says so and there is a liblsl.
pub(super) struct Outgoing<'a> {
    plan: &'a Plan,
    library: &'a Library,
    pub wanted: &'a LslOutletConfig,
    clock_offset_s: f64,
}

impl<'a> Outgoing<'a> {
    pub(super) fn of(plan: &'a Plan, options: &'a Options, clock: &dyn Clock) -> Option<Self> {
        let (wanted, library) = (plan.config.serve.lsl.as_ref()?, options.library.as_ref()?);
        Some(Self { plan, library, wanted, clock_offset_s: library.clock_offset(clock) })
    }

    /// The stream of embeddings.
    pub(super) fn embeddings(&self, first: &Generation) -> Result<EmbeddingOutlet, LslError> {
        let plan = self.plan;
        let stream = EmbeddingStream {
            name: &self.wanted.name,
            dimension: plan.config.model.embedding,
            rate_hz: self.windows_hz(),
            with_quality: self.wanted.quality,
            with_amplitudes: plan.config.serve.amplitude,
            facts: &plan.facts,
            montage: &plan.montage,
            method: plan.identity.method.word(),
            window_s: plan.window as f64 / plan.rate_hz,
            hop_s: plan.hop as f64 / plan.rate_hz,
            model_hz: plan.rate_hz,
            first: (first.number, &first.weights_sha256()),
        };
        EmbeddingOutlet::open(self.library, &stream, self.clock_offset_s)
    }

    /// The stream of what heads tell, where there are any.
    pub(super) fn heads(&self) -> Result<Option<HeadOutlet>, LslError> {
        let Some(teach) = &self.plan.teach else { return Ok(None) };
        let (name, source_id) = self.named("class");
        let (classes, room, rate_hz) = (teach.classes.clone(), teach.room, self.windows_hz());
        let stream = HeadStream { name, source_id, rate_hz, classes, room };
        HeadOutlet::open(self.library, &stream, self.clock_offset_s).map(Some)
    }

    /// The stream of how unlike everything before windows are.
    pub(super) fn novelty(&self) -> Result<NoveltyOutlet, LslError> {
        let (name, source_id) = self.named("novelty");
        NoveltyOutlet::open(self.library, &name, &source_id, self.clock_offset_s)
    }

    /// Windows in a second. Markers come when they come: a stream of rate 0 is irregular.
    fn windows_hz(&self) -> f64 {
        if self.plan.around.is_some() { 0.0 } else { self.plan.rate_hz / self.plan.hop as f64 }
    }

    /// The stream of what happens, where it is wanted.
    pub(super) fn status(&self) -> Result<Option<StatusOutlet>, LslError> {
        let (name, source_id) = self.named("status");
        let open = || StatusOutlet::open(self.library, &name, &source_id, self.clock_offset_s);
        self.wanted.status.then(open).transpose()
    }

    /// The stream of the signal as the model sees it, which lies in this ring.
    pub(super) fn signal(&self, reader: FrameReader) -> Result<ProcessedStage, LslError> {
        let plan = self.plan;
        let (name, source_id) = self.named("signal");
        let signal = &plan.config.signal;
        let reference = plan.identity.reference.clone().unwrap_or_default();
        let is_scaled = signal.scale_s > 0.0;
        let stream = ProcessedStream {
            name,
            source_id,
            montage: &plan.montage,
            rate_hz: plan.rate_hz,
            unit: if is_scaled { "" } else { "microvolts" },
            steps: vec![
                ("source", plan.facts.name.clone()),
                ("source_rate_hz", plan.facts.rate_hz.to_string()),
                ("highpass_hz", signal.highpass_hz.to_string()),
                ("lowpass_hz", signal.lowpass_hz.to_string()),
                ("notch_hz", signal.notch_hz.to_string()),
                ("reference", reference),
                ("scale_s", signal.scale_s.to_string()),
            ],
        };
        ProcessedStage::open(self.library, &stream, reader, self.clock_offset_s)
    }

    /// Name and `source_id` of a stream beside the embeddings.
    fn named(&self, what: &str) -> (String, String) {
        let name = format!("{}-{what}", self.wanted.name);
        let source_id = source_id(&host(), &name, &self.plan.facts.name);
        (name, source_id)
    }
}
