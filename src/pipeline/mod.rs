//! The pipeline: a plan becomes stages, stages become threads (or one loop), and telemetry says what they do.
//!
//! `run` is the only entry. Threads are made in `stage` alone and clocks read in `clock` alone; everything below is told
//! the time.

mod acquire;
#[cfg(test)]
mod acquire_tests;
pub mod attach;
mod augmentations;
mod budget;
mod card;
mod clock;
pub mod command;
mod control;
mod display;
mod embed;
mod excerpt;
pub mod eye;
mod full_speed;
mod keepsake;
mod live;
mod lookout;
mod map;
mod memory;
mod metrics;
mod model;
mod novel;
mod objective;
mod outgoing;
mod plan;
mod pretrain;
mod priority;
mod rate;
mod record_board;
mod recorder;
#[cfg(test)]
mod recorder_tests;
mod recording;
mod reference;
mod report;
mod rings;
mod run;
mod save;
mod scale_board;
mod serving;
mod shutdown;
mod stage;
mod summary;
mod taught;
mod teach;
mod teaching;
mod telemetry;
mod timeline;
mod to_recorder;
mod train;
mod validate;
pub mod view;
mod watch;
mod windows;
mod wiring;

pub use clock::{MonotonicClock, unix_s};
pub use embed::{EmbedError, Embedding};
pub use excerpt::{Excerpt, ExcerptError, excerpt};
pub use memory::meminfo_kib;
pub use plan::{Plan, PlanError, open_source};
pub use pretrain::{
    Advance, Corpus, CorpusError, Found, Index, IndexError, Indexed, Manifest, Part, Preparation, PrepareError,
    Prepared, PretrainError, Pretraining, Shards, ShardsError, Tally, found_in,
};
pub use recording::{Recording, RecordingError};
pub use run::{Outcome, RunError, Running, start};
pub use shutdown::{Reason, Shutdown};
pub use stage::{caught, cores, own_pool, spawn};
pub use summary::{Summary, peak_mb};
pub use validate::configure;
pub use windows::{CutWindow, Windows};
pub use wiring::{Options, Socket, Stages};
