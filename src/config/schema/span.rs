//! A range to draw from: `0.2` is from 0 to 0.2, `[0.8, 1.25]` from one to the other.
//!
//! A plain value. Invariant: it is written as it is read.

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Two numbers, in the order in which they were written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The first.
    pub from: f64,
    /// The last.
    pub to: f64,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == 0.0 { write!(f, "{}", self.to) } else { write!(f, "[{}, {}]", self.from, self.to) }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.from, self.to].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl<'de> Visitor<'de> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or [from, to]")
    }

    fn visit_f64<E: Error>(self, to: f64) -> Result<Span, E> {
        Ok(Span { from: 0.0, to })
    }

    fn visit_i64<E: Error>(self, to: i64) -> Result<Span, E> {
        self.visit_f64(to as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Span, A::Error> {
        let mut next = |place| seq.next_element()?.ok_or_else(|| Error::invalid_length(place, &self));
        let (from, to) = (next(0)?, next(1)?);
        match seq.next_element::<f64>()? {
            None => Ok(Span { from, to }),
            Some(_) => Err(Error::invalid_length(3, &self)),
        }
    }
}
