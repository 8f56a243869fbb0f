//! A viewer's end of the socket.
//!
//! Owns the connection; a thread (`views`) reads Views from it, another (`orders`) writes commands. Invariant: a dashboard that
//! does not keep up misses Views here too, and never the end of the run.

use super::message::{Hello, LONGEST_COMMAND, LONGEST_VIEW, encode, read};
use crate::pipeline::command::Command;
use crate::pipeline::shutdown::Shutdown;
use crate::pipeline::stage::spawn;
use crate::pipeline::view::View;
use crossbeam_channel::{Receiver, Sender};
use std::io::{self, BufReader, Write};
use std::net;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for the run's first word.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a run cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Nobody is there.
    #[error("{path}: no run is shown here ({error})")]
    Nobody {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What answers is not of this program, or too many look already.
    #[error("{path}: what answers here is no run of neurostream, or has as many viewers as it takes ({error})")]
    Stranger {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is of another version.
    #[error("{path}: the run is of neurostream {theirs}, this is {ours}; attach with the program that runs")]
    Version {
        /// Where.
        path: PathBuf,
        /// The run's.
        theirs: String,
        /// This program's.
        ours: String,
    },
}

/// A connection to a run.
#[derive(Debug)]
pub struct Attached {
    /// Views; the channel closes when the run is over.
    pub views: Receiver<Arc<View>>,
    /// Commands; without control the run hangs up on the first.
    pub commands: Sender<Command>,
    stream: UnixStream,
}

impl Attached {
    /// Connects.
    ///
    /// # Errors
    /// [`AttachError`].
    pub fn connect(path: &Path, control: bool) -> Result<Self, AttachError> {
        let nobody = |error| AttachError::Nobody { path: path.to_owned(), error };
        let stranger = |error| AttachError::Stranger { path: path.to_owned(), error };
        let mut stream = UnixStream::connect(path).map_err(nobody)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(nobody)?;
        let hello: Hello = read(&mut stream, LONGEST_COMMAND).map_err(stranger)?;
        let own = Hello::new(control);
        if hello.program != own.program {
            return Err(stranger(io::ErrorKind::InvalidData.into()));
        }
        if hello.version != own.version {
            return Err(AttachError::Version { path: path.to_owned(), theirs: hello.version, ours: own.version });
        }
        encode(&own).and_then(|own| stream.write_all(&own)).map_err(stranger)?;
        stream.set_read_timeout(None).map_err(nobody)?;
        let (views_in, views) = crossbeam_channel::bounded(2);
        let (commands, ordered) = crossbeam_channel::bounded::<Command>(16);
        let (from, mut to) = (stream.try_clone().map_err(nobody)?, stream.try_clone().map_err(nobody)?);
        // Nothing here ends a run: the token is of this process alone.
        let own = Shutdown::default();
        let reading = move || {
            let mut from = BufReader::new(from);
            while let Ok(view) = read::<View>(&mut from, LONGEST_VIEW) {
                let _ = views_in.try_send(Arc::new(view));
            }
        };
        spawn("views", true, &own, |_, _| (), reading).map_err(nobody)?;
        let writing = move || {
            for command in &ordered {
                if encode(&command).and_then(|bytes| to.write_all(&bytes)).is_err() {
                    break;
                }
            }
        };
        spawn("orders", true, &own, |_, _| (), writing).map_err(nobody)?;
        Ok(Self { views, commands, stream })
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // Ends the reading thread, whatever it waits for.
        let _ = self.stream.shutdown(net::Shutdown::Both);
    }
}
