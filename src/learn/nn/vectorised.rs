//! Run-time choice of the widest vectors that the machine has: the one of signal processing.
//!
//! Owns nothing. Invariant: the choice changes no result, for no sum is reordered by it.

pub(super) use crate::dsp::vectorised;
