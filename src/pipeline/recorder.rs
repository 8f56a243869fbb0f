//! The recorder's ends in the rest of a run, and what it is asked for.
//!
//! Runs before the first frame, on the main thread. Invariant: a recorder hears from acquisition and from the encoder, or
//! there is none.

use super::acquire::AcquireStage;
use super::clock::unix_s;
use super::plan::Plan;
use super::to_recorder::{ToRecorder, to_recorder};
use super::wiring::Options;
use crate::format::disk::Disk;
use crate::format::edf::Gap;
use crate::ring::FrameReader;
use crate::serve::EncodeStage;
use crate::serve::record::{EmbeddingCopy, EmbeddingFacts, RecordError, RecordFormat, RecordSettings, RecordStage};
use crate::signal::{Clock, Stamp};
use crossbeam_channel::Sender;
use std::path::Path;

/// Embeddings that may wait for the recorder.
const RECORD_QUEUE: usize = 4096;

/// A recorder before it is joined to those that it hears from.
pub(super) struct Recorder {
    stage: RecordStage,
    told: ToRecorder,
    embeddings: Option<Sender<EmbeddingCopy>>,
}

impl Recorder {
    pub fn begin(
        disk: &dyn Disk,
        settings: &RecordSettings,
        plan: &Plan,
        (reader, capacity): (FrameReader, usize),
        now: Stamp,
    ) -> Result<Self, RecordError> {
        let (embeddings, copies) = crossbeam_channel::bounded(RECORD_QUEUE);
        let (embeddings, copies) = settings.embedding.as_ref().map(|_| (embeddings, copies)).unzip();
        let (heard, told) = to_recorder(reader, capacity, copies);
        let stage = RecordStage::create(disk, settings, &plan.facts, heard, now)?;
        let told = told(stage.counts());
        Ok(Self { stage, told, embeddings })
    }

    pub fn join(self, acquire: &mut AcquireStage, encode: &mut EncodeStage) -> RecordStage {
        acquire.record(self.told);
        self.embeddings.into_iter().for_each(|queue| encode.record(queue, self.stage.counts()));
        self.stage
    }
}

/// What is recorded, by the configuration.
pub(super) fn record_settings(
    plan: &Plan,
    path: &Path,
    options: &Options,
    clock: &dyn Clock,
) -> Result<RecordSettings, RecordError> {
    let config = &plan.config;
    let written = RecordSettings::new(path, &plan.facts)?;
    let embedding = EmbeddingFacts {
        dimension: config.model.embedding,
        rate_hz: if plan.around.is_some() { 0.0 } else { plan.rate_hz / plan.hop as f64 },
    };
    Ok(RecordSettings {
        gap: if config.record.gaps == "hold" { Gap::Hold } else { Gap::Leave },
        range_uv: config.record.range_uv,
        patient: config.record.patient.clone(),
        unix_zero_s: unix_s().map(|s| s - clock.now().0),
        clock_offset_s: options.library.as_ref().map_or(0.0, |library| library.clock_offset(clock)),
        embedding: (written.format == RecordFormat::Xdf).then_some(embedding),
        ..written
    })
}
