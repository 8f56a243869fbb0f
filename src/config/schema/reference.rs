//! `[signal] reference`: a word, or labels.
//!
//! Plain values. Invariant: a list is never a word, so that a channel may have any name.

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What channels are referred to, as written.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ReferenceConfig {
    /// A word such as `average`, or the label of one channel.
    Word(String),
    /// Labels of channels whose mean is subtracted.
    Labels(Vec<String>),
}

impl<'de> Deserialize<'de> for ReferenceConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
            type Value = ReferenceConfig;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or a list of text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<ReferenceConfig, E> {
                Ok(ReferenceConfig::Word(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ReferenceConfig, A::Error> {
                let mut labels = Vec::new();
                while let Some(label) = list.next_element()? {
                    labels.push(label);
                }
                Ok(ReferenceConfig::Labels(labels))
            }
        }
        deserializer.deserialize_any(Written)
    }
}
