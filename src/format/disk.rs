//! The disk as writers of recordings see it: a few calls, so that a test can make each of them fail.
//!
//! Owns [`OsDisk`] and `NewFile`; runs on the thread of the writer. Invariant: a file that is written whole has its
//! name only when it is complete, and is `<name>.partial` until then; a recording has a name that no other file had, from
//! its first byte on, since what is written of it can be read at any moment.

use super::{atomic, run_name};
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Refuse,
    /// It is replaced when the new file is finished, not before.
    Replace,
    /// It stays, and the new file takes the next run number. It has this name from its first byte on.
    NextRun,
}

/// Where recordings are written.
pub trait Disk: Debug + Send + Sync {
    /// Opens a file for writing: a new one, or with `replace` also one that is there, emptied.
    ///
    /// # Errors
    /// Whatever the system says.
    fn create(&self, path: &Path, replace: bool) -> io::Result<Box<dyn DiskFile>>;
    /// True if something has this name.
    fn exists(&self, path: &Path) -> bool;
    /// Gives a file another name, and makes that last through a power cut.
    ///
    /// # Errors
    /// Whatever the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// The same disk once more.
    fn again(&self) -> Box<dyn Disk>;
}

/// A file that is being written.
pub trait DiskFile: Debug + Send {
    /// Writes bytes at a place; fewer than given may be taken.
    ///
    /// # Errors
    /// Whatever the system says.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Makes what was written last through a power cut.
    ///
    /// # Errors
    /// Whatever the system says.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file off.
    ///
    /// # Errors
    /// Whatever the system says.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

/// The real disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn create(&self, path: &Path, replace: bool) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.write(true);
        if replace {
            options.create(true).truncate(true)
        } else {
            options.create_new(true)
        };
        let file = options.open(path)?;
        // The data is there under this name or is not needed; not every system can sync a folder.
        let _ = atomic::sync_folder_of(path);
        Ok(Box::new(file))
    }

    fn exists(&self, path: &Path) -> bool {
        // A link that leads nowhere is a name that is taken, too.
        fs::symlink_metadata(path).is_ok()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        // The data is safe under one name or the other; not every system can sync a folder.
        atomic::sync_folder_of(to).or(Ok(()))
    }

    fn again(&self) -> Box<dyn Disk> {
        Box::new(Self)
    }
}

impl DiskFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.seek(SeekFrom::Start(offset))?;
        self.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

/// Why a file is not begun or not given its name.
#[derive(Debug)]
pub(super) enum Refusal {
    Exists(PathBuf),
    Partial(PathBuf),
    System { path: PathBuf, part: &'static str, source: io::Error },
}

/// More runs of one name are not looked for.
const MOST_RUNS: usize = 9999;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct NewFile {
    disk: Box<dyn Disk>,
    file: Box<dyn DiskFile>,
    /// The name that it has now.
    written: PathBuf,
    /// The name that it will have.
    path: PathBuf,
    existing: Existing,
}

impl NewFile {
    /// Begins `<path>.partial`, or a file of the next free run number.
    pub fn create(disk: &dyn Disk, path: &Path, existing: Existing) -> Result<Self, Refusal> {
        if existing == Existing::NextRun {
            return Self::create_run(disk, path);
        }
        if existing == Existing::Refuse && disk.exists(path) {
            return Err(Refusal::Exists(path.to_owned()));
        }
        let partial = atomic::partial(path);
        let file = disk.create(&partial, existing == Existing::Replace).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Refusal::Partial(partial.clone()),
            _ => Refusal::System { path: partial.clone(), part: "new file", source },
        })?;
        Ok(Self { disk: disk.again(), file, written: partial, path: path.to_owned(), existing })
    }

    /// That a name is free is known by having made the file: another recorder may look for one at the same time.
    fn create_run(disk: &dyn Disk, path: &Path) -> Result<Self, Refusal> {
        let mut name = path.to_owned();
        for _ in 0..MOST_RUNS {
            match disk.create(&name, false) {
                Ok(file) => {
                    let written = name.clone();
                    return Ok(Self { disk: disk.again(), file, written, path: name, existing: Existing::NextRun });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => name = run_name::next(&name),
                Err(source) => return Err(Refusal::System { path: name, part: "new file", source }),
            }
        }
        Err(Refusal::Exists(path.to_owned()))
    }

    /// The name that it has now.
    pub fn written(&self) -> &Path {
        &self.written
    }

    /// Cuts the file off.
    pub fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }

    /// Writes all of these bytes at a place.
    pub fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            match self.file.write_at(offset + done as u64, rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => done += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes what was written last through a power cut.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    /// Syncs and gives the file its name, which is returned.
    pub fn finish(&mut self) -> Result<PathBuf, Refusal> {
        let failed = |path: &Path, part| {
            let path = path.to_owned();
            move |source| Refusal::System { path, part, source }
        };
        self.file.sync().map_err(failed(&self.written, "recorded data"))?;
        if self.existing == Existing::NextRun {
            return Ok(self.path.clone());
        }
        if self.existing == Existing::Refuse && self.disk.exists(&self.path) {
            return Err(Refusal::Exists(self.path.clone()));
        }
        self.disk.rename(&self.written, &self.path).map_err(failed(&self.written, "final name"))?;
        Ok(self.path.clone())
    }
}
