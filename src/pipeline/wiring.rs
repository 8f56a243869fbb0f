//! Wiring: a plan becomes stages that are joined by rings.
//!
//! Runs before the first frame, on the main thread. Invariant: everything that can fail for want of a file, a stream or a
//! checkpoint fails here, before anything moves.

use super::acquire::{AcquireParts, AcquireStage, Said};
use super::attach::{Attachment, BindError};
use super::card::{self, Card};
use super::display::DisplayStage;
use super::keepsake::Keepsake;
use super::lookout::LookoutStage;
use super::map::{MapScale, MapStage};
use super::memory::{self, LockError};
use super::metrics::{ListenError, MetricsServer};
use super::outgoing::Outgoing;
use super::plan::{OpenSource, Plan};
use super::priority::Priority;
use super::recorder::{Recorder, RecorderParts, record_settings};
use super::report::Report;
use super::rings::{HEADERS, Rings};
use super::serving::Serving;
use super::teach::TeachStage;
use super::teaching::Teaching;
use super::telemetry::{Gauges, Telemetry};
use super::timeline::Timeline;
use super::train::{Checkpoints, TrainParts, TrainStage};
use super::watch::Watch;
use crate::dsp::{Conditioner, Ratio, StateError};
use crate::format::disk::{Disk, OsDisk};
use crate::format::embedding::{Beside, EmbeddingFile, EmbeddingFileError};
use crate::learn::nn::Compute;
use crate::learn::nn::card::CardError;
use crate::learn::{Checkpoint, CheckpointError, Trainer};
use crate::lsl::{Library, LslError};
use crate::ring::{Doorbell, MarkerWriter, Tee, WhenFull, markers};
use crate::serve::record::RecordError;
use crate::serve::{EncodeStage, ProcessedStage, ServingSettings};
use crate::signal::{Clock, Event, EventKind};
use crate::window::{Around, Cutter, Slide};
use arc_swap::ArcSwap;
use crossbeam_channel::Sender;
use std::path::PathBuf;
use std::sync::Arc;

/// What a run is asked for beside its configuration.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Seconds of signal after which it ends.
    pub duration_s: Option<f64>,
    /// Go on from the newest checkpoint.
    pub resume: bool,
    /// liblsl, where it is needed.
    pub library: Option<Library>,
    /// Where other processes may look on.
    pub socket: Option<Socket>,
}

/// Where other processes may look on.
#[derive(Clone, Debug)]
pub struct Socket {
    /// The path.
    pub path: PathBuf,
    /// True where a person named it: a run that cannot have it does not start.
    pub is_wanted: bool,
}

/// Why a run cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file of embeddings.
    #[error(transparent)]
    Embeddings(#[from] EmbeddingFileError),
    /// The recording.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The socket for viewers.
    #[error(transparent)]
    Socket(#[from] BindError),
    /// The address for metrics.
    #[error(transparent)]
    Metrics(#[from] ListenError),
    /// Memory that is to be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The graphics card.
    #[error("compute.device = \"gpu\": {0}")]
    Card(#[from] CardError),
    /// The outgoing stream.
    #[error(transparent)]
    Lsl(#[from] LslError),
    /// The replay memory is larger than what the machine has left.
    #[error(
        "train.memory.windows = {windows}: these windows need {needed_mb} MB, and {available_mb} MB are free; take fewer"
    )]
    Memory {
        /// As configured.
        windows: usize,
        /// What they need.
        needed_mb: u64,
        /// What there is.
        available_mb: u64,
    },
}

/// All stages, joined and at rest.
pub struct Stages {
    pub(super) acquire: AcquireStage,
    pub(super) encode: EncodeStage,
    pub(super) train: Option<TrainStage>,
    pub(super) teach: Option<TeachStage>,
    pub(super) lookout: Option<LookoutStage>,
    pub(super) keepsake: Option<Keepsake>,
    pub(super) recorder: Recorder,
    pub(super) publish: Option<ProcessedStage>,
    pub(super) telemetry: Telemetry,
    pub(super) attachment: Option<Attachment>,
    pub(super) metrics: Option<MetricsServer>,
    pub(super) priority: Priority,
    pub(super) gauges: Gauges,
    pub(super) bells: Bells,
    pub(super) reports: Sender<Report>,
    /// To the recorder: what a person asks for.
    pub(super) records: Sender<bool>,
    /// To acquisition: what a person says.
    pub(super) say: Sender<Said>,
}

impl std::fmt::Debug for Stages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stages").field("gauges", &self.gauges).finish_non_exhaustive()
    }
}

/// The consumers' doorbells.
#[derive(Clone, Debug, Default)]
pub(super) struct Bells {
    pub encode: Arc<Doorbell>,
    pub train: Arc<Doorbell>,
    pub teach: Arc<Doorbell>,
    pub lookout: Arc<Doorbell>,
    pub record: Arc<Doorbell>,
    pub publish: Arc<Doorbell>,
    pub display: Arc<Doorbell>,
}

/// Seconds of signal that a ring holds beyond two windows.
const RING_S: f64 = 4.0;
/// Seconds of signal that the recorder may fall behind, as long as a slow disk takes.
const RECORD_RING_S: f64 = 12.0;
/// Orders that may wait for the trainer.
const ORDERS: usize = 16;
/// Markers that may wait for the encoder; more in one block, or while it is busy, are lost and counted.
pub(super) const MARKERS: usize = 1024;
/// Seconds by which a marker of another stream, or a key, may come later than its frame.
pub(super) const LATE_S: f64 = 1.0;

impl Stages {
    /// Joins the stages of a plan.
    ///
    /// # Errors
    /// If a checkpoint cannot be read or its folder not made, or embeddings have nowhere to go.
    pub fn wire(plan: &Plan, source: OpenSource, options: &Options, clock: &dyn Clock) -> Result<Self, WiringError> {
        Self::wire_on(&OsDisk, plan, source, options, clock)
    }

    /// The same with recordings on any disk.
    pub(super) fn wire_on(
        disk: &dyn Disk,
        plan: &Plan,
        source: OpenSource,
        options: &Options,
        clock: &dyn Clock,
    ) -> Result<Self, WiringError> {
        let resumed = if options.resume { Some(Checkpoint::newest(&plan.config.train.checkpoint)?) } else { None };
        // A model keeps the channels that it was trained with.
        let plan = &resumed.as_ref().map_or_else(|| plan.clone(), |(_, c)| plan.for_model_of(&c.identity.channels));
        let mut notes = plan.notes.clone();
        let attachment = attachment(options.socket.as_ref(), &mut notes)?;
        let metrics = MetricsServer::wanted(&plan.config.metrics, &mut notes)?;
        if plan.config.compute.lock_memory {
            memory::lock()?;
        }
        let rate_hz = plan.facts.rate_hz;
        let config = &plan.config;
        let now = clock.now();

        let training = config.train.enabled;
        let mut settings = plan.trainer.clone();
        if !training {
            // Only the encoder is wanted of it.
            settings.memory_windows = 0;
            settings.objective.compute = Compute::default();
        }
        memory::has_room(&settings)?;
        let card = Card::wanted(config, &settings, &mut notes)?;
        let mut trainer = Trainer::built_by(settings, card::builder(card.as_ref()))
            .using(config.train.memory.uses)
            .drifting(config.train.memory.drift_fraction)
            .guarded(plan.gate.clone());
        let mut conditioner = Conditioner::new(&plan.conditioning, rate_hz);
        let folder = &config.train.checkpoint;
        if let Some((path, checkpoint)) = &resumed {
            checkpoint.fits(path, &plan.identity)?;
            trainer.restore(checkpoint)?;
            if let (Some(scale), Some(state)) = (conditioner.scale_mut(), &checkpoint.scale) {
                let damaged =
                    |error: StateError| CheckpointError::Damaged { path: path.clone(), reason: error.to_string() };
                // Encoders that serve any montage go on with other channels; what is known of the same ones stays known.
                let state = state.of(&checkpoint.identity.channels, &plan.identity.channels).map_err(damaged)?;
                scale.restore(state).map_err(damaged)?;
            }
            notes.push(format!("resumed from {} at step {}", path.display(), trainer.status().steps));
        }
        let first = trainer.first_generation(now);
        notes.push(plan.encoder_in_words(&first.encoder));
        let first_generation = first.number;
        let served = Arc::new(ArcSwap::from_pointee(first));
        let served_too = Arc::clone(&served);
        let outgoing = Outgoing::of(plan, options, clock);
        let (outlet, status, heads_outlet) = match &outgoing {
            Some(outgoing) => (Some(outgoing.embeddings(&served.load())?), outgoing.status()?, outgoing.heads()?),
            None => (None, None, None),
        };
        let file = match &config.serve.embeddings {
            Some(path) => Some(EmbeddingFile::create(path, config.model.embedding, &columns_beside(plan))?),
            None => None,
        };
        let run = (training && !folder.as_os_str().is_empty()).then(|| Checkpoint::new_run(folder)).transpose();
        let (run, file) = match (run, file) {
            (Ok(run), file) => (run, file),
            (Err(error), file) => {
                // A run that does not start leaves nothing behind.
                file.into_iter().for_each(EmbeddingFile::discard);
                return Err(error.into());
            }
        };
        let checkpoints = run.map(|run| Checkpoints {
            run,
            every_s: config.train.checkpoint_every_s,
            with_signal: config.train.checkpoint_signal,
        });

        let (reports, reported) = crossbeam_channel::bounded(4096);
        let bells = Bells::default();
        // As long a stretch of signal in each ring, and in those of the model what its resampler lets go at once.
        let before = plan.around.as_ref().map_or(0, |(span, _)| span.before());
        let span = 2 * plan.window.max(plan.hop).max(before) + (RING_S * plan.rate_hz).ceil() as usize;
        let capacity = span + conditioner.most_held();
        let recorded = (span as f64 * rate_hz / plan.rate_hz).ceil() as usize;
        let mut rings = Rings { plan, consumers: Vec::new() };
        let (model, stream) = ((plan.montage.len(), plan.rate_hz), (plan.facts.montage.len(), rate_hz));
        let (for_encoder, encoder_branch) =
            rings.make("encoder", &bells.encode, model, capacity, config.serve.amplitude);
        let (for_trainer, trainer_branch) = rings.make("trainer", &bells.train, model, capacity, false);
        let (for_display, display_branch) = rings.make("display", &bells.display, stream, recorded, false);
        let mut conditioned = vec![encoder_branch];
        if training {
            conditioned.push(trainer_branch);
        } else {
            rings.consumers.retain(|c| c.name != "trainer");
        }
        let mut publish = None;
        if let Some(outgoing) = outgoing.as_ref().filter(|outgoing| outgoing.wanted.signal) {
            let (reader, branch) = rings.make("publisher", &bells.publish, model, capacity, false);
            conditioned.push(branch);
            publish = Some(outgoing.signal(reader)?);
        }
        // Live, a consumer that has half a ring to catch up with would show and serve the past.
        let skip_beyond = |capacity: usize| (!plan.at_full_speed).then_some(capacity / 2);
        let taught = resumed.as_ref().map(|(_, checkpoint)| &checkpoint.learnt);
        let mut lookout = None;
        if config.novelty.enabled {
            let (reader, branch) = rings.make("lookout", &bells.lookout, model, capacity, config.signal.scale_s > 0.0);
            conditioned.push(branch);
            let published = outgoing.as_ref().filter(|outgoing| outgoing.wanted.novelty);
            let outlet = published.map(Outgoing::novelty).transpose()?;
            let is_alike = |c: &&Checkpoint| c.identity.channels == plan.identity.channels;
            let known = resumed.as_ref().map(|(_, checkpoint)| checkpoint).filter(is_alike).map(|c| &c.learnt);
            lookout = Some(LookoutStage::new(plan, reader, skip_beyond(capacity), outlet, known));
        }

        let capacity_of_recorder = recorded.max((RECORD_RING_S * rate_hz).ceil() as usize);
        let (records, orders_to_record) = crossbeam_channel::bounded(ORDERS);
        let (record_acquired, recorders) = crossbeam_channel::unbounded();
        let (record_encoded, encode_recorders) = crossbeam_channel::unbounded();
        let mut recorder = Recorder::new(RecorderParts {
            disk: disk.again(),
            settings: record_settings(plan, options, clock)?,
            facts: Arc::clone(&plan.facts),
            capacity: capacity_of_recorder,
            headers: capacity_of_recorder.min(HEADERS),
            when_full: if plan.at_full_speed { WhenFull::Wait } else { WhenFull::Lose },
            bell: Arc::clone(&bells.record),
            orders: orders_to_record,
            acquire: record_acquired,
            encode: record_encoded,
        });
        if config.record.file.is_some() {
            recorder.begin(now)?;
        }
        let consumers = rings.consumers;
        let timeline = Timeline::new(plan.conditioning.resample.unwrap_or(Ratio::ONE), rate_hz);
        let allowance = options.duration_s.map(|s| (s * rate_hz).round() as u64);
        let watch = Watch::new(config, &plan.facts);
        let quality = watch.counts();
        let late = if plan.at_full_speed { 0 } else { (LATE_S * plan.rate_hz).ceil() as usize };
        let (for_cutter, cutter) = match plan.around.clone() {
            None => (None, Cutter::Slide(Slide::new(plan.window, plan.hop))),
            Some((span, pattern)) => {
                let (into, out) = markers(MARKERS);
                (Some(into), Cutter::Around(Around::new(span, pattern, out).with_late_markers(late)))
            }
        };
        let lost_markers = for_cutter.as_ref().map(MarkerWriter::lost);
        let serving = Serving { served: Arc::clone(&served), reports: reports.clone() };
        let teaching = Teaching::wire(plan, taught, &serving, &bells.teach, late, &mut notes);
        let (say, said) = crossbeam_channel::unbounded();
        let (teacher, teach, gauge, for_teacher) = match teaching {
            Some(Teaching { stage, teacher, reading, copies, markers }) => {
                let gauge = (stage.counts(), reading.counts());
                (Some(teacher), Some((stage, reading, copies)), Some(gauge), Some(markers))
            }
            None => (None, None, None, None),
        };
        let acquire = AcquireStage::new(AcquireParts {
            source,
            watch,
            conditioner,
            timeline,
            recorded: Tee::new(vec![display_branch]),
            conditioned: Tee::new(conditioned),
            cutter: for_cutter,
            teacher: for_teacher,
            allowance,
            reports: reports.clone(),
            said,
            recorders,
        });
        let judge = plan.judge();
        let keepsake =
            teacher.as_ref().filter(|_| !training && !folder.as_os_str().is_empty()).map(|teacher| Keepsake {
                folder: folder.clone(),
                step: trainer.status().steps,
                with_signal: config.train.checkpoint_signal,
                model: resumed.map_or_else(|| trainer.checkpoint(&plan.identity, false), |(_, checkpoint)| checkpoint),
                board: Arc::clone(&teacher.board),
            });
        let settings =
            ServingSettings { length: plan.window, rate_hz: plan.rate_hz, skip_beyond: skip_beyond(capacity), judge };
        let published = outlet.is_some();
        let mut encode = EncodeStage::new(settings, for_encoder, cutter, served, outlet, file);
        let teach = teach.map(|(stage, reading, copies)| {
            encode.read(reading, heads_outlet, copies);
            stage
        });
        encode.record(encode_recorders);
        let (orders, ordered) = crossbeam_channel::bounded(ORDERS);
        let train = training.then(|| {
            TrainStage::new(TrainParts {
                reader: for_trainer,
                slide: Slide::new(plan.window, plan.hop),
                trainer,
                serving,
                teacher,
                known: lookout.as_ref().map(LookoutStage::board),
                checkpoints,
                identity: plan.identity.clone(),
                steps_per_s: config.train.steps_per_s,
                judge,
                scale: acquire.scale_board(),
                at_full_speed: plan.at_full_speed,
                orders: ordered,
                rest: plan.rest(),
                card,
                reports: reports.clone(),
            })
        });
        let priority = Priority::new(config.compute.priority == "auto");
        let gauges = Gauges {
            priority: priority.clone(),
            facts: Arc::clone(&plan.facts),
            acquire: acquire.counts(),
            encode: encode.counts(),
            train: train.as_ref().map(TrainStage::counts),
            teach: gauge,
            lookout: lookout.as_ref().map(LookoutStage::status),
            orders: training.then_some(orders),
            consumers,
            method: plan.identity.method.word(),
            dimension: config.model.embedding,
            model_channels: plan
                .montage
                .labels()
                .map(|of_model| plan.facts.montage.labels().position(|l| l == of_model))
                .collect(),
            model_hz: plan.rate_hz,
            hop: plan.hop,
            around: plan.around.is_some(),
            quality,
            lost_markers,
            speed: match config.source.speed {
                crate::config::Speed::Times(times) => Some(times),
                crate::config::Speed::Max => None,
            },
            outlet: config.serve.lsl.as_ref().filter(|_| published).map(|o| o.name.clone()),
            file: config.serve.embeddings.as_ref().map(|p| p.display().to_string()),
            first_generation,
            attach: attachment.as_ref().map(Attachment::counts),
            record: recorder.board(),
        };
        notes.extend(gauges.record.newest().map(|entry| entry.begun()));
        for text in notes {
            let _ = reports.try_send(Report::Event(Event { at: now, kind: EventKind::Ready, text }));
        }
        let display = DisplayStage::new(for_display, &plan.facts, config.signal.notch_hz, skip_beyond(recorded));
        let scale = MapScale {
            dimension: config.model.embedding,
            hop_s: if plan.around.is_some() { 0.0 } else { plan.hop as f64 / plan.rate_hz },
            window_s: plan.window as f64 / plan.rate_hz,
            model_hz: plan.rate_hz,
            stream_hz: rate_hz,
        };
        let (map, shown) = MapStage::wire(scale, &bells.display);
        encode.show(shown);
        let mut telemetry = Telemetry::new(gauges.clone(), reported, display, map, now);
        if let Some(status) = status {
            telemetry.publish(status, served_too);
        }
        if config.compute.lock_memory
            && let Err(error) = memory::lock()
        {
            // What was there before the rings is locked.
            let event = Event { at: now, kind: EventKind::Warning, text: error.to_string() };
            let _ = reports.try_send(Report::Event(event));
        }
        Ok(Self {
            acquire,
            encode,
            train,
            teach,
            lookout,
            keepsake,
            recorder,
            publish,
            telemetry,
            attachment,
            metrics,
            priority,
            gauges,
            bells,
            reports,
            records,
            say,
        })
    }
}

/// The socket for viewers. Without one that nobody asked for a run goes on, and says so.
fn attachment(socket: Option<&Socket>, notes: &mut Vec<String>) -> Result<Option<Attachment>, BindError> {
    let Some(socket) = socket else { return Ok(None) };
    match Attachment::bind(&socket.path) {
        Ok(attachment) => Ok(Some(attachment)),
        Err(error) if socket.is_wanted => Err(error),
        Err(error) => {
            notes.push(format!("nobody can attach: {error}"));
            Ok(None)
        }
    }
}

/// What stands beside the embeddings in their file.
fn columns_beside(plan: &Plan) -> Beside {
    let labels = plan.montage.labels().filter(|_| plan.config.serve.amplitude);
    Beside {
        amplitudes: labels.map(str::to_owned).collect(),
        classes: plan.teach.is_some(),
        markers: plan.around.is_some(),
        files: false,
    }
}
