//! Buffers for activations that come back: what one training step has used, the next one uses again.
//!
//! Owns one pool a thread, of the buffers that were dropped on it; a training step drops what it allocates on the trainer's
//! own thread. Invariant: no lock; in the steady state no activation is allocated, so the process neither grows nor faults
//! pages in. What a fresh buffer holds is unspecified: whoever takes one writes all of it.

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{AllocationProperty, Bytes, DType, Shape};
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Shorter buffers are left to the allocator, which is as fast with them.
const SHORTEST: usize = 1 << 12;
/// Buffers that a thread keeps; the one that waited longest goes first.
const KEPT: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Single-precision values that return to their thread's pool when they are dropped.
#[derive(Debug)]
pub(super) struct Buffer(Vec<f32>);

impl Buffer {
    /// A buffer of this length that holds anything.
    pub fn of(length: usize) -> Self {
        let spare = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            let at = spare.iter().rposition(|buffer| buffer.len() == length)?;
            Some(spare.remove(at))
        });
        Self(spare.ok().flatten().unwrap_or_else(|| vec![0.0; length]))
    }

    /// The same as a tensor; the buffer comes back once nobody holds it any more.
    pub fn into_tensor(self, shape: &[usize]) -> FlexTensor {
        let bytes = if self.0.len() < SHORTEST {
            let mut short = self;
            Bytes::from_elems(std::mem::take(&mut short.0))
        } else {
            Bytes::from_shared(bytes::Bytes::from_owner(self), AllocationProperty::Native)
        };
        FlexTensor::new(bytes, Layout::contiguous(Shape::from(shape.to_vec())), DType::F32)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.0.len() < SHORTEST {
            return;
        }
        // A thread that ends has no pool any more: its buffers are freed.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() == KEPT {
                spare.remove(0);
            }
            spare.push(std::mem::take(&mut self.0));
        });
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_from_a_tensor() {
        let mut buffer = Buffer::of(SHORTEST + 1);
        buffer.fill(2.5);
        let at = buffer.as_ptr();
        let tensor = buffer.into_tensor(&[1, SHORTEST + 1]);
        let copy = tensor.clone();
        drop(tensor);
        let other = Buffer::of(SHORTEST + 1);
        assert_ne!(other.as_ptr(), at, "the copy still holds it");
        assert!(copy.storage::<f32>().iter().all(|&v| v == 2.5));
        drop(copy);
        assert_eq!(Buffer::of(SHORTEST + 1).as_ptr(), at);
    }

    #[test]
    fn a_pool_has_an_end() {
        for _ in 0..3 {
            let many: Vec<Buffer> = (0..2 * KEPT).map(|i| Buffer::of(SHORTEST + i)).collect();
            drop(many);
            SPARE.with(|spare| assert_eq!(spare.borrow().len(), KEPT));
        }
    }
}
