//! The gate between what is trained and what is served.
//!
//! Owned by the trainer, on its thread. Invariant: what is served changes only by an accepted candidate or a person's word;
//! each decision has its reason in words.

mod alarm;
mod canary;
mod decision;
mod drift;
mod examination;
mod figures;
mod held;
mod keeper;
mod metrics;
mod saliency;
mod settings;

pub use alarm::{Alarm, Limit, limit};
pub use decision::Decision;
pub use drift::Drift;
pub use examination::Examination;
pub use figures::{COSINE_BINS, Figures};
pub use metrics::Metrics;
pub use settings::GateSettings;

pub(super) use alarm::{Best, Seen, alarms};
pub(super) use canary::Canary;
pub(super) use drift::{distance, drifts};
pub(super) use figures::{Probed, figures, mean_square};
pub(super) use held::{Probe, Unseen};
pub(super) use keeper::{Accepted, Gate};
pub(super) use metrics::{counters, metrics, of_counters};
pub(super) use saliency::Occlusion;
