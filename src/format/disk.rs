//! The disk as writers of recordings see it: a few calls, so that a test can make each of them fail.
//!
//! Owns [`OsDisk`] and [`PartialFile`]; runs on the thread of the writer. Invariant: a recording has its name only when
//! it is complete; until then it is `<name>.partial`.

use super::atomic;
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
        Ok(Box::new(options.open(path)?))
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
}

/// Why a file is not begun or not given its name.
#[derive(Debug)]
pub(super) enum Refusal {
    Exists(PathBuf),
    Partial(PathBuf),
    System { path: PathBuf, part: &'static str, source: io::Error },
}

/// A file under its temporary name.
#[derive(Debug)]
pub(super) struct PartialFile {
    disk: Box<dyn Disk>,
    file: Box<dyn DiskFile>,
    partial: PathBuf,
    path: PathBuf,
    existing: Existing,
}

impl PartialFile {
    /// Begins `<path>.partial`.
    pub fn create(disk: &dyn Disk, path: &Path, existing: Existing) -> Result<Self, Refusal> {
        if existing == Existing::Refuse && disk.exists(path) {
            return Err(Refusal::Exists(path.to_owned()));
        }
        let partial = atomic::partial(path);
        let file = disk.create(&partial, existing == Existing::Replace).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Refusal::Partial(partial.clone()),
            _ => Refusal::System { path: partial.clone(), part: "new file", source },
        })?;
        Ok(Self { disk: disk.again(), file, partial, path: path.to_owned(), existing })
    }

    /// The temporary name.
    pub fn partial(&self) -> &Path {
        &self.partial
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
        let partial = self.partial.clone();
        let failed = |part| move |source| Refusal::System { path: partial, part, source };
        self.file.sync().map_err(failed("recorded data"))?;
        if self.existing == Existing::Refuse && self.disk.exists(&self.path) {
            return Err(Refusal::Exists(self.path.clone()));
        }
        let partial = self.partial.clone();
        let failed = |source| Refusal::System { path: partial, part: "final name", source };
        self.disk.rename(&self.partial, &self.path).map_err(failed)?;
        Ok(self.path.clone())
    }
}
