//! Run-time choice of the widest vectors that the machine has.
//!
//! Owns nothing; any thread may call it. Invariant: the choice changes no result, for it neither reorders a sum nor fuses
//! a product with an addition.

/// Runs a loop compiled for AVX2 where there is one, and as compiled otherwise; what it calls has to be inlined.
///
/// The choice costs a few nanoseconds, so a loop over channels is worth it.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
