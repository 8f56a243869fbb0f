//! The run's end of the socket.
//!
//! Owns the socket and all viewers, on the thread `attach`. Invariant: nothing here waits for a viewer. A View is encoded once,
//! and only while somebody looks; a viewer that still has one to take misses the next, which is counted.

use super::message::{Hello, LONGEST_COMMAND, decode, encode};
use crate::pipeline::command::Command;
use crate::pipeline::view::View;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Viewers at once.
const MOST: usize = 16;
/// The wait for a View while a viewer takes one, and while none does.
const BUSY: Duration = Duration::from_millis(2);
const IDLE: Duration = Duration::from_millis(30);
/// Turns after the last View in which viewers may take it.
const LAST_TURNS: usize = 50;

/// What is counted of viewers, for others to read.
#[derive(Debug, Default)]
pub struct AttachCounts {
    viewers: AtomicU64,
    missed: AtomicU64,
}

impl AttachCounts {
    /// Viewers now.
    #[must_use]
    pub fn viewers(&self) -> u64 {
        self.viewers.load(Ordering::Relaxed)
    }

    /// Views that viewers missed because they had not taken the one before.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another run has it.
    #[error("{0}: another run is shown here; name another socket (--socket)")]
    Taken(PathBuf),
    /// Something else is there.
    #[error("{0}: this is there already and is no socket; name another path (--socket)")]
    NoSocket(PathBuf),
    /// The system refuses.
    #[error("{path}: no socket can be made here ({error}); name another path (--socket) or none (--socket off)")]
    Refused {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A socket that was made; it is taken away with it.
#[derive(Debug)]
pub struct Attachment {
    listener: UnixListener,
    path: PathBuf,
    counts: Arc<AttachCounts>,
}

impl Attachment {
    /// Makes a socket that nobody but this user may open. One that a run left behind when it was killed is replaced.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let refused = |error| BindError::Refused { path: path.to_owned(), error };
        match fs::symlink_metadata(path) {
            Ok(facts) if !facts.file_type().is_socket() => return Err(BindError::NoSocket(path.to_owned())),
            Ok(_) if UnixStream::connect(path).is_ok() => return Err(BindError::Taken(path.to_owned())),
            Ok(_) => fs::remove_file(path).map_err(refused)?,
            Err(_) => {}
        }
        let listener = private(path).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        Ok(Self { listener, path: path.to_owned(), counts: Arc::default() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its counts, to keep.
    #[must_use]
    pub fn counts(&self) -> Arc<AttachCounts> {
        Arc::clone(&self.counts)
    }

    /// Shows Views until there are no more, and does what viewers with control ask for.
    pub(in crate::pipeline) fn serve(self, views: &Receiver<Arc<View>>, obey: &dyn Fn(Command)) {
        let mut viewers: Vec<Viewer> = Vec::new();
        let mut is_busy = false;
        loop {
            match views.recv_timeout(if is_busy { BUSY } else { IDLE }) {
                Ok(view) => self.show(&view, &mut viewers),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.accept(&mut viewers);
            is_busy = false;
            viewers.retain_mut(|viewer| {
                let turn = viewer.hear(obey).and_then(|()| viewer.send());
                is_busy |= *turn.as_ref().unwrap_or(&false);
                turn.is_ok()
            });
            self.counts.viewers.store(viewers.len() as u64, Ordering::Relaxed);
        }
        for _ in 0..LAST_TURNS {
            viewers.retain_mut(|viewer| viewer.send().is_ok() && viewer.out.is_some());
            if viewers.is_empty() {
                break;
            }
            std::thread::sleep(BUSY);
        }
    }

    fn accept(&self, viewers: &mut Vec<Viewer>) {
        while let Ok((stream, _)) = self.listener.accept() {
            // One too many is hung up on: it sees the end before any hello.
            if viewers.len() < MOST && stream.set_nonblocking(true).is_ok() {
                let out = encode(&Hello::new(false)).ok().map(|hello| (Arc::new(hello), 0));
                viewers.push(Viewer { stream, out, come: Vec::new(), said: None });
            }
        }
    }

    fn show(&self, view: &View, viewers: &mut [Viewer]) {
        if viewers.is_empty() {
            return;
        }
        // Nothing in a View cannot be written.
        let Ok(bytes) = encode(view).map(Arc::new) else { return };
        for viewer in viewers {
            if viewer.out.is_none() {
                viewer.out = Some((Arc::clone(&bytes), 0));
            } else {
                self.counts.missed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Makes the socket in a folder that nobody else may enter, and moves it to its place once its permissions are set.
fn private(path: &Path) -> io::Result<UnixListener> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let folder = path.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let inside = folder.join("s");
    let made = UnixListener::bind(&inside).and_then(|listener| {
        fs::set_permissions(&inside, fs::Permissions::from_mode(0o600))?;
        fs::rename(&inside, path)?;
        Ok(listener)
    });
    if made.is_err() {
        let _ = fs::remove_file(&inside);
    }
    let _ = fs::remove_dir(&folder);
    made
}

impl Drop for Attachment {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

struct Viewer {
    stream: UnixStream,
    /// What is on its way, and how much of it has gone.
    out: Option<(Arc<Vec<u8>>, usize)>,
    come: Vec<u8>,
    said: Option<Hello>,
}

impl Viewer {
    /// Sends as much as is taken; true if some was and more is left.
    fn send(&mut self) -> io::Result<bool> {
        let mut has_sent = false;
        while let Some((bytes, gone)) = &mut self.out {
            match self.stream.write(&bytes[*gone..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => {
                    has_sent = true;
                    *gone += sent;
                    if *gone == bytes.len() {
                        self.out = None;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(has_sent),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Takes in what it says.
    fn hear(&mut self, obey: &dyn Fn(Command)) -> io::Result<()> {
        let mut room = [0; 4096];
        loop {
            match self.stream.read(&mut room) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.come.extend_from_slice(&room[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            self.understand(obey)?;
        }
    }

    fn understand(&mut self, obey: &dyn Fn(Command)) -> io::Result<()> {
        if self.said.is_none() {
            self.said = decode(&mut self.come, LONGEST_COMMAND)?;
        }
        let Some(hello) = &self.said else { return Ok(()) };
        while let Some(command) = decode::<Command>(&mut self.come, LONGEST_COMMAND)? {
            if !hello.control {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            obey(command);
        }
        Ok(())
    }
}
