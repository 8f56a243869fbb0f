//! A disk in memory that fails where a test wants it to.
//!
//! Owns [`FaultyDisk`]; the test runner runs it. Invariant: it counts every call that can fail, so that a test can let
//! each of them fail in turn, and it remembers what a power cut or a killed process would have left at each of them.

use super::disk::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Half of the bytes are written, then the disk is full: what lies beyond the end of a file can no longer be written.
    Full,
    /// Half of the bytes are written, and the next call fails with an error of the device; later ones succeed.
    Short,
    /// Nothing is written, once.
    Device,
    /// Nothing is written from here on, and nothing is synced.
    Dead,
}

impl Fault {
    pub const ALL: [Self; 4] = [Self::Full, Self::Short, Self::Device, Self::Dead];
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// What survives a power cut: bytes as they were at the last sync.
    synced: BTreeMap<PathBuf, Vec<u8>>,
    calls: usize,
    fault: Option<(usize, Fault)>,
    /// What each file was after each call.
    history: Vec<BTreeMap<PathBuf, Vec<u8>>>,
}

impl State {
    /// Counts a call; how it is to fail, and whether it is the first that does.
    fn call(&mut self) -> Option<(Fault, bool)> {
        let call = self.calls;
        self.calls += 1;
        let (at, fault) = self.fault?;
        let hit = match fault {
            Fault::Dead | Fault::Full => call >= at,
            Fault::Device => call == at,
            Fault::Short => call == at || call == at + 1,
        };
        let first = call == at;
        hit.then_some((if fault == Fault::Short && !first { Fault::Device } else { fault }, first))
    }
}

/// A disk whose call of a number fails.
#[derive(Clone, Debug, Default)]
pub struct FaultyDisk(Arc<Mutex<State>>);

impl FaultyDisk {
    /// A disk whose call `at` fails.
    pub fn failing(at: usize, fault: Fault) -> Self {
        let disk = Self::default();
        disk.state().fault = Some((at, fault));
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// What a file holds.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.state().files.get(Path::new(path)).cloned()
    }

    /// What a power cut would leave of a file.
    pub fn synced(&self, path: &str) -> Option<Vec<u8>> {
        self.state().synced.get(Path::new(path)).cloned()
    }

    /// What a process that was killed after each call would have left of a file.
    pub fn after_each_call(&self, path: &str) -> Vec<Option<Vec<u8>>> {
        self.state().history.iter().map(|files| files.get(Path::new(path)).cloned()).collect()
    }
}

fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

fn device() -> io::Error {
    io::Error::other("Input/output error")
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path, replace: bool) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        match state.call() {
            Some((Fault::Full | Fault::Short, _)) => return Err(full()),
            Some(_) => return Err(device()),
            None if !replace && state.files.contains_key(path) => return Err(io::ErrorKind::AlreadyExists.into()),
            None => {}
        }
        state.files.insert(path.to_owned(), Vec::new());
        let now = state.files.clone();
        state.history.push(now);
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_owned() }))
    }

    fn exists(&self, path: &Path) -> bool {
        self.state().files.contains_key(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.call().is_some() {
            return Err(device());
        }
        let bytes = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(to.to_owned(), bytes);
        let now = state.files.clone();
        state.history.push(now);
        Ok(())
    }

    fn again(&self) -> Box<dyn Disk> {
        Box::new(self.clone())
    }
}

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
}

impl DiskFile for FaultyFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        let fault = state.call();
        let file = state.files.get_mut(&self.path).ok_or(io::ErrorKind::NotFound)?;
        let at = offset as usize;
        let taken = match fault {
            None => bytes.len(),
            // What lies inside the file has its blocks already.
            Some((Fault::Full, _)) if at < file.len() => bytes.len().min(file.len() - at),
            Some((Fault::Full | Fault::Short, true)) => bytes.len() / 2,
            Some((Fault::Full | Fault::Short, false)) => return Err(full()),
            Some((Fault::Device | Fault::Dead, _)) => return Err(device()),
        };
        if taken == 0 && !bytes.is_empty() {
            return Err(full());
        }
        if file.len() < at + taken {
            file.resize(at + taken, 0);
        }
        file[at..at + taken].copy_from_slice(&bytes[..taken]);
        let now = state.files.clone();
        state.history.push(now);
        Ok(taken)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        if let Some((Fault::Short | Fault::Device | Fault::Dead, _)) = state.call() {
            return Err(device());
        }
        let bytes = state.files.get(&self.path).cloned().unwrap_or_default();
        state.synced.insert(self.path.clone(), bytes);
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        if let Some((Fault::Device | Fault::Dead, _)) = state.call() {
            return Err(device());
        }
        if let Some(file) = state.files.get_mut(&self.path) {
            file.truncate(len as usize);
        }
        let now = state.files.clone();
        state.history.push(now);
        Ok(())
    }
}
