//! A doorbell: wakes a consumer that sleeps because its ring is empty.
//!
//! The consumer's thread calls [`Doorbell::wait`], the acquisition thread [`Doorbell::ring`]. Invariant: a ring that
//! comes between the consumer's look into its ring and its sleep ends that sleep at once.

use std::sync::OnceLock;
use std::sync::atomic::{Ordering, fence};
use std::thread::Thread;
use std::time::Duration;

/// Wakes one thread.
#[derive(Debug, Default)]
pub struct Doorbell {
    sleeper: OnceLock<Thread>,
}

impl Doorbell {
    /// Names the calling thread as the one to wake; the consumer calls it before it first looks into its ring.
    pub fn listen(&self) {
        let _ = self.sleeper.set(std::thread::current());
        fence(Ordering::SeqCst);
    }

    /// Wakes the consumer, or makes its next [`Doorbell::wait`] return at once.
    pub fn ring(&self) {
        fence(Ordering::SeqCst);
        if let Some(thread) = self.sleeper.get() {
            thread.unpark();
        }
    }

    /// Sleeps until the bell rings or `at_most` has passed; may return early.
    pub fn wait(&self, at_most: Duration) {
        std::thread::park_timeout(at_most);
    }
}
