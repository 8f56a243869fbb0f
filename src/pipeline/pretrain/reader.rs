//! Reads ahead: while a load of windows is dealt out the next one is filled.
//!
//! A thread `reader`, which ends with the channel that asks it. Invariant: two memories go round, so that what is read ahead
//! is bounded; a recording that breaks costs its own windows alone.

use super::super::shutdown::Shutdown;
use super::super::stage::spawn;
use super::corpus::Corpus;
use super::order::Place;
use super::shards::Footers;
use super::stretch::Stretch;
use crate::learn::ReplayMemory;
use crossbeam_channel::{Receiver, Sender};
use std::io;
use std::sync::Arc;

/// What is to be read.
pub(super) struct Wanted {
    pub at: Place,
    /// Windows of the same pass that lie before it.
    pub before: u64,
    pub stretches: Vec<Stretch>,
    /// Where it goes.
    pub memory: ReplayMemory,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Load {
    pub at: Place,
    pub memory: ReplayMemory,
    /// Windows before it, and in it, at most.
    pub share: [u64; 2],
    /// Files that it comes from.
    pub files: Vec<u32>,
    /// Windows that were no good.
    pub rejected: u64,
    /// Files that broke, and why.
    pub broken: Vec<(u32, String)>,
}

/// The other end of the thread.
pub(super) struct Reader {
    pub wanted: Sender<Wanted>,
    pub loads: Receiver<Load>,
    /// Loads that were asked for and have not come.
    pub owed: usize,
}

impl Reader {
    /// Starts the thread.
    pub fn start(corpus: &Arc<Corpus>, shutdown: &Shutdown) -> io::Result<Self> {
        let (wanted, asked) = crossbeam_channel::bounded::<Wanted>(2);
        let (done, loads) = crossbeam_channel::bounded(2);
        let (corpus, stops) = (Arc::clone(corpus), shutdown.clone());
        spawn(
            "reader",
            false,
            shutdown,
            |_, _| (),
            move || {
                let mut footers = Footers::default();
                for wanted in &asked {
                    let load = read(&corpus, &mut footers, wanted, &stops);
                    if stops.is_requested() || done.send(load).is_err() {
                        break;
                    }
                }
            },
        )?;
        Ok(Self { wanted, loads, owed: 0 })
    }
}

/// Fills a memory with the windows of stretches.
fn read(corpus: &Corpus, footers: &mut Footers, wanted: Wanted, stops: &Shutdown) -> Load {
    let Wanted { at, before, stretches, mut memory } = wanted;
    memory.clear();
    let mut files: Vec<u32> = stretches.iter().map(|stretch| stretch.file).collect();
    files.sort_unstable();
    files.dedup();
    let share = [before, stretches.iter().map(|stretch| u64::from(stretch.windows)).sum()];
    let mut load = Load { at, memory, share, files, rejected: 0, broken: Vec::new() };
    for stretch in stretches {
        let memory = &mut load.memory;
        let read = corpus.read(footers, stretch, |origin, window| {
            memory.push(origin, window);
            !stops.is_requested() && memory.len() < memory.capacity()
        });
        match read {
            Ok(rejected) => load.rejected += rejected,
            Err(error) => load.broken.push((stretch.file, error.to_string())),
        }
    }
    load
}

/// Windows to judge by: of each stretch as many, evenly, and about `wanted` of them all.
pub(super) fn read_thinned(corpus: &Corpus, stretches: &[Stretch], wanted: usize, memory: &mut ReplayMemory) {
    // Of hours of signal a few dozen stretches are enough.
    const STRETCHES: usize = 64;
    let step = stretches.len().div_ceil(STRETCHES).max(1);
    let some: Vec<Stretch> = stretches.iter().copied().step_by(step).collect();
    let all: usize = some.iter().map(|stretch| stretch.windows as usize).sum();
    let every = all.div_ceil(wanted).max(1);
    let (mut seen, mut footers) = (0, Footers::default());
    for stretch in some {
        // What broke is told when it is read again, or by whoever embeds it: here it is just fewer windows.
        let _ = corpus.read(&mut footers, stretch, |origin, window| {
            if seen % every == 0 {
                memory.push(origin, window);
            }
            seen += 1;
            memory.len() < memory.capacity()
        });
    }
}
