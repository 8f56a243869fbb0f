//! Why a source cannot be opened or go on.

use crate::config::Problem;
use crate::format::edf::EdfError;
use crate::format::xdf::XdfError;
use crate::lsl::LslError;

/// What can be wrong with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The recording cannot be read.
    #[error(transparent)]
    Edf(#[from] EdfError),
    /// The recording of several streams cannot be read.
    #[error(transparent)]
    Xdf(#[from] XdfError),
    /// It is not clear which stream of a recording is meant.
    #[error("{name}: {problem}; name one in [source] stream: {streams}")]
    WhichStream {
        /// The recording.
        name: String,
        /// What is not clear.
        problem: String,
        /// The streams that could be meant.
        streams: String,
    },
    /// The stream cannot be found or read.
    #[error(transparent)]
    Lsl(#[from] LslError),
    /// Streams that cannot be one.
    #[error("the streams {names} cannot be joined: {why}")]
    NotJoined {
        /// The streams.
        names: String,
        /// What is in the way, and what to do.
        why: String,
    },
    /// A person did not want to wait for the stream any longer.
    #[error("stopped while waiting for the stream")]
    Interrupted,
    /// The recording holds annotations only, or no whole record.
    #[error("{name}: there are no samples in this recording ({what}); name another file")]
    NoSamples {
        /// The recording.
        name: String,
        /// What is there instead.
        what: &'static str,
    },
    /// A channel that was asked for is not there.
    #[error("{name}: there is no channel {}; its channels are {channels}", list(.unknown))]
    UnknownChannels {
        /// The source.
        name: String,
        /// What was asked for, and what was probably meant.
        unknown: Vec<(String, Option<String>)>,
        /// What there is.
        channels: String,
    },
    /// What names channels cannot be read.
    #[error("the channels that are wanted cannot be read: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Selection(Vec<Problem>),
    /// No channel is left.
    #[error(
        "{name}: no channel is left after the selection in [signal] channels and exclude; its channels are {channels}"
    )]
    NoChannels {
        /// The source.
        name: String,
        /// What there is.
        channels: String,
    },
    /// The channels that were asked for have several rates.
    #[error(
        "{name}: the chosen channels have several rates ({rates}); choose channels of one rate in [signal] channels"
    )]
    MixedRates {
        /// The source.
        name: String,
        /// Rates with their channels.
        rates: String,
    },
}

impl SourceError {
    /// True if the stream is there, with other channels or at another rate.
    #[must_use]
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Lsl(LslError::Changed { .. }))
    }

    /// True if the configuration is what has to change.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(
            self,
            Self::UnknownChannels { .. }
                | Self::NoChannels { .. }
                | Self::MixedRates { .. }
                | Self::WhichStream { .. }
                | Self::NotJoined { .. }
                | Self::Selection(_)
        )
    }
}

fn list(unknown: &[(String, Option<String>)]) -> String {
    let one = |(written, meant): &(String, Option<String>)| {
        let hint = meant.as_ref().map_or_else(String::new, |label| format!(" (did you mean `{label}`?)"));
        format!("`{written}`{hint}")
    };
    unknown.iter().map(one).collect::<Vec<_>>().join(", ")
}
