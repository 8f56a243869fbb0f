//! A folder by its path or URL: objects are written whole, and pieces of them read.
//!
//! Runs on the calling thread, which waits; a tokio runtime of its own turns meanwhile, with one thread (`store`) for calls
//! that the disk blocks. So it is nothing for the data path. Invariant: an object has its name only when it is whole and,
//! on a disk, when it would outlast a power cut.

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use tokio::runtime::{Builder, Runtime};

/// Why a folder or an object in it cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It says what is not known here.
    #[error("{place}: {why}")]
    Place {
        /// The URL as given.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// The folder cannot be opened.
    #[error("{place}: the folder cannot be opened: {why}")]
    Folder {
        /// The URL as given.
        place: String,
        /// What the system or the service says.
        why: String,
    },
    /// An object cannot be read or written.
    #[error("{place}/{name}: {why}")]
    Object {
        /// The folder.
        place: String,
        /// The object.
        name: String,
        /// What the system or the service says.
        why: String,
    },
}

/// A folder of objects.
#[derive(Debug)]
pub struct Store {
    place: String,
    objects: Box<dyn ObjectStore>,
    /// Where it is on this machine's disk.
    folder: PathBuf,
    runtime: Runtime,
}

impl Store {
    /// True if this names a URL, and not a path.
    #[must_use]
    pub fn is_url(place: &Path) -> bool {
        place.to_str().is_some_and(|place| place.contains("://"))
    }

    /// Opens a folder: a path or `file:///…`; with `made` it is made if it is not there.
    ///
    /// # Errors
    /// If it is none of these or cannot be opened.
    pub fn open(place: &Path, made: bool) -> Result<Self, StoreError> {
        let name = place.display().to_string();
        let unopened = |why: String| StoreError::Folder { place: name.clone(), why };
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).thread_name("store").build();
        let runtime = runtime.map_err(|error| unopened(error.to_string()))?;
        let name = name.trim_end_matches('/').to_owned();
        if let Some((scheme, _)) = name.split_once("://").filter(|(scheme, _)| *scheme != "file") {
            let why = format!("`{scheme}` is not known; name a folder or file:///FOLDER");
            return Err(StoreError::Place { place: name.clone(), why });
        }
        let folder = folder_of(place, &name)?;
        if made {
            fs::create_dir_all(&folder).map_err(|error| unopened(error.to_string()))?;
        }
        let objects = LocalFileSystem::new_with_prefix(&folder).map_err(|_| {
            let error = fs::read_dir(&folder).err().map_or_else(|| "it is no folder".to_owned(), |e| e.to_string());
            unopened(error)
        })?;
        let objects = Box::new(objects.with_fsync(true));
        Ok(Self { place: name, objects, folder, runtime })
    }

    /// What it is called.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The names of the objects in it, in order, and their sizes; what lies in folders below it is not told.
    ///
    /// # Errors
    /// Whatever the system or the service says.
    pub fn names(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let listed = self.runtime.block_on(self.objects.list_with_delimiter(None));
        let listed = listed.map_err(|error| StoreError::Folder { place: self.place.clone(), why: said(&error) })?;
        let named = |object: object_store::ObjectMeta| Some((object.location.filename()?.to_owned(), object.size));
        let mut names: Vec<(String, u64)> = listed.objects.into_iter().filter_map(named).collect();
        names.sort();
        Ok(names)
    }

    /// All bytes of an object.
    ///
    /// # Errors
    /// Whatever the system or the service says.
    pub fn read(&self, name: &str) -> Result<Bytes, StoreError> {
        let read = self.runtime.block_on(async { self.objects.get(&Key::from(name)).await?.bytes().await });
        read.map_err(|error| self.refused(name, &error))
    }

    /// Some bytes of an object.
    ///
    /// # Errors
    /// Whatever the system or the service says, and if there are fewer.
    pub fn range(&self, name: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        let read = self.runtime.block_on(self.objects.get_range(&Key::from(name), range.clone()));
        let bytes = read.map_err(|error| self.refused(name, &error))?;
        if bytes.len() as u64 == range.end - range.start {
            return Ok(bytes);
        }
        let why = format!("it ends before byte {}", range.end);
        Err(StoreError::Object { place: self.place.clone(), name: name.to_owned(), why })
    }

    /// Writes an object, in place of one that has its name.
    ///
    /// # Errors
    /// Whatever the system or the service says; what was there before then stays.
    pub fn write(&self, name: &str, bytes: Bytes) -> Result<(), StoreError> {
        let written = self.runtime.block_on(self.objects.put(&Key::from(name), bytes.into()));
        written.map(|_| ()).map_err(|error| self.refused(name, &error))
    }

    /// Removes what a writer left behind that was ended in the midst of an object whose name begins so.
    pub fn sweep(&self, beginning: &str) {
        // An object is `NAME#N` until it is whole.
        for entry in fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_stump = |(_, end): (&str, &str)| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit());
            if name.starts_with(beginning) && name.rsplit_once('#').is_some_and(is_stump) {
                // One that stays takes room and nothing else.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn refused(&self, name: &str, error: &object_store::Error) -> StoreError {
        StoreError::Object { place: self.place.clone(), name: name.to_owned(), why: said(error) }
    }
}

/// What is wrong, from the outermost to the innermost cause, each once.
fn said(error: &object_store::Error) -> String {
    let mut told = match error {
        object_store::Error::NotFound { .. } => return "it is not there".to_owned(),
        other => other.to_string(),
    };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = inner.source();
    }
    told
}

/// The folder that a path or a `file` URL names.
fn folder_of(place: &Path, name: &str) -> Result<PathBuf, StoreError> {
    if !name.starts_with("file://") {
        return Ok(place.to_owned());
    }
    let url = url::Url::parse(name).ok().and_then(|url| url.to_file_path().ok());
    let why = || "is no URL of a folder here; such a one is file:///FOLDER".to_owned();
    url.ok_or_else(|| StoreError::Place { place: name.to_owned(), why: why() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_written_whole_and_read_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        // Blanks, a hash and a letter beyond ASCII in the folder's own path.
        let path = folder.path().join("a b#1/ö");
        assert!(Store::open(&path, false).unwrap_err().to_string().contains("No such file"));
        let store = Store::open(&path, true).unwrap();
        assert_eq!(store.names().unwrap(), []);
        store.write("b.txt", Bytes::from_static(b"0123456789")).unwrap();
        store.write("a.txt", Bytes::from_static(b"old")).unwrap();
        store.write("a.txt", Bytes::from_static(b"new!")).unwrap();
        assert_eq!(store.names().unwrap(), [("a.txt".to_owned(), 4), ("b.txt".to_owned(), 10)]);
        assert_eq!(&store.read("a.txt").unwrap()[..], b"new!");
        assert_eq!(&store.range("b.txt", 3..6).unwrap()[..], b"345");
        assert!(store.range("b.txt", 8..12).unwrap_err().to_string().contains("b.txt"));
        assert!(store.read("c.txt").unwrap_err().to_string().ends_with("c.txt: it is not there"));
        // What a writer leaves that is killed.
        for name in ["b.parquet#1", "b.parquet#x", "c.parquet#1"] {
            fs::write(path.join(name), "half").unwrap();
        }
        store.sweep("b");
        let left: Vec<bool> = ["b.parquet#1", "b.parquet#x", "c.parquet#1"].map(|name| path.join(name).exists()).into();
        assert_eq!(left, [false, true, true]);
        let url = url::Url::from_file_path(&path).unwrap();
        let again = Store::open(Path::new(url.as_str()), false).unwrap();
        assert_eq!(&again.read("a.txt").unwrap()[..], b"new!");
    }

    #[test]
    fn what_no_program_knows_is_refused_with_what_to_do() {
        for (place, part) in [("s3://bucket/a", "`s3` is not known"), ("file://host/a", "file:///FOLDER")] {
            let refused = Store::open(Path::new(place), true).unwrap_err().to_string();
            assert!(refused.contains(part) && refused.starts_with(place), "{refused}");
        }
    }
}
