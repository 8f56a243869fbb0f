//! The address at which a run tells how it does.
//!
//! Owns the listener and those who ask, on the thread `metrics`. Invariant: nothing here waits for anybody who asks, and
//! nobody waits for this thread: it reads counters and Views.

use super::answer::{LONGEST, answer};
use super::figures;
use crate::config::MetricsConfig;
use crate::pipeline::priority;
use crate::pipeline::telemetry::Gauges;
use crate::pipeline::view::View;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// Those who may ask at once.
const MOST: usize = 8;
/// The wait for a View while somebody asks, and while nobody does.
const BUSY: Duration = Duration::from_millis(2);
const IDLE: Duration = Duration::from_millis(60);
/// Turns in which a request must come and its answer be taken: two seconds at least.
const TURNS: usize = 1000;

/// Why there is no such address.
#[derive(Debug, thiserror::Error)]
#[error(
    "metrics.listen = \"{address}\": {}",
    if .error.kind() == io::ErrorKind::AddrInUse {
        "another program listens there; name another port, or 0 for one that is free".to_owned()
    } else {
        format!("nothing can listen there ({error}); name another port, or leave the key out")
    }
)]
pub struct ListenError {
    address: SocketAddr,
    error: io::Error,
}

/// A listener that waits for the run to begin.
#[derive(Debug)]
pub struct MetricsServer {
    listener: TcpListener,
}

impl MetricsServer {
    /// Takes the address that the configuration names, if it names one, and notes where it is.
    ///
    /// # Errors
    /// If another program has it, or the system refuses.
    pub(in crate::pipeline) fn wanted(
        config: &MetricsConfig,
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>, ListenError> {
        let Some(address) = config.listen.as_deref().and_then(super::address) else { return Ok(None) };
        let server = Self::bind(address)?;
        notes.extend(server.address().map(|address| format!("metrics at http://{address}/metrics")));
        Ok(Some(server))
    }

    /// Takes the address.
    ///
    /// # Errors
    /// If another program has it, or the system refuses.
    pub fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let listener = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        listener.map(|listener| Self { listener }).map_err(|error| ListenError { address, error })
    }

    /// Where it is, once a free port was taken.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until there are no more Views.
    pub(in crate::pipeline) fn serve(self, views: &Receiver<Arc<View>>, gauges: &Gauges) {
        priority::lower();
        let mut asking: Vec<Asking> = Vec::new();
        let mut newest: Option<Arc<View>> = None;
        loop {
            match views.recv_timeout(if asking.is_empty() { IDLE } else { BUSY }) {
                Ok(view) => newest = Some(view),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.accept(&mut asking);
            let metrics = || newest.as_ref().map(|view| figures::told(gauges, view));
            asking.retain_mut(|one| one.turn(metrics).unwrap_or(false));
        }
    }

    fn accept(&self, asking: &mut Vec<Asking>) {
        while let Ok((stream, _)) = self.listener.accept() {
            // One too many is hung up on, and asks again by itself.
            if asking.len() < MOST && stream.set_nonblocking(true).is_ok() {
                asking.push(Asking { stream, come: Vec::new(), out: None, turns: 0 });
            }
        }
    }
}

/// Somebody who asks.
struct Asking {
    stream: TcpStream,
    come: Vec<u8>,
    /// The answer, and how much of it has gone.
    out: Option<(Vec<u8>, usize)>,
    turns: usize,
}

impl Asking {
    /// Goes on as far as that is possible without waiting; false once it is over.
    fn turn(&mut self, metrics: impl FnOnce() -> Option<String>) -> io::Result<bool> {
        self.turns += 1;
        if self.out.is_none() {
            let is_whole = self.hear()?;
            self.out = answer(&self.come, metrics).map(|bytes| (bytes, 0));
            if self.out.is_none() && is_whole {
                return Ok(false);
            }
        }
        let Some((bytes, gone)) = &mut self.out else { return Ok(self.turns < TURNS) };
        while *gone < bytes.len() {
            match self.stream.write(&bytes[*gone..]) {
                Ok(0) => return Ok(false),
                Ok(sent) => *gone += sent,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(self.turns < TURNS),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.stream.shutdown(Shutdown::Write)?;
        Ok(false)
    }

    /// Takes in what has come; true if no more will.
    fn hear(&mut self) -> io::Result<bool> {
        let mut room = [0; 2048];
        while self.come.len() < LONGEST {
            match self.stream.read(&mut room) {
                Ok(0) => return Ok(true),
                Ok(read) => self.come.extend_from_slice(&room[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
