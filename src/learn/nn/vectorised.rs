//! Run-time choice of the widest vectors that the machine has.
//!
//! Owns nothing. Invariant: the choice changes no result, for no sum is reordered by it.

/// Runs a loop compiled for AVX2 where there is one, and as compiled otherwise; what it calls has to be inlined.
#[inline]
pub(in crate::learn) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
