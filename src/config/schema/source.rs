//! `[source]`: where frames come from.
//!
//! Plain values. Invariant: keys that it does not know are refused.

use super::streams::Streams;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// `[source]`: exactly one of `replay`, `lsl`, `synthetic`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// A recording (EDF, EDF+, BDF, BDF+, XDF).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<PathBuf>,
    /// The name of the stream that is played, where an XDF recording has several that could be meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// A live stream: its name, or a predicate like `type='EEG' and hostname='amp'`; empty for the only EEG stream. Or a
    /// list of streams that are joined into one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lsl: Option<Streams>,
    /// Streams of markers beside a live stream, each by its name or a predicate; one may be written as text.
    #[serde(deserialize_with = "one_or_several", skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<String>,
    /// The generative model, live and without end.
    pub synthetic: bool,
    /// How many times real time a recording plays, or `"max"`.
    pub speed: Speed,
    /// Play the recording again and again.
    #[serde(rename = "loop")]
    pub repeat: bool,
    /// Signal in one block of a recording or of the generative model, as an amplifier's packet.
    pub block_ms: f64,
    /// How long to wait for a live stream that is not there yet.
    pub wait_s: f64,
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self {
            replay: None,
            stream: None,
            lsl: None,
            markers: Vec::new(),
            synthetic: false,
            speed: Speed::Times(1.0),
            repeat: false,
            block_ms: 10.0,
            wait_s: 10.0,
        }
    }
}

/// Reads a text as a list of one.
fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Streams::deserialize(deserializer).map(|Streams(all)| all)
}

/// How fast a recording plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// This many times real time.
    Times(f64),
    /// As fast as its consumers can take it.
    Max,
}

impl Serialize for Speed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Times(times) => serializer.serialize_f64(*times),
            Self::Max => serializer.serialize_str("max"),
        }
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Speed;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or \"max\"")
            }
            fn visit_f64<E>(self, v: f64) -> Result<Speed, E> {
                Ok(Speed::Times(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Speed, E> {
                Ok(Speed::Times(v as f64))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Speed, E> {
                Ok(Speed::Times(v as f64))
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Speed, E> {
                v.parse().map_err(|()| E::invalid_value(Unexpected::Str(v), &self))
            }
        }
        deserializer.deserialize_any(Written)
    }
}

impl std::str::FromStr for Speed {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "max" { Ok(Self::Max) } else { text.parse().map(Self::Times).map_err(|_| ()) }
    }
}
