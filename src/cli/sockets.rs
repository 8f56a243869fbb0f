//! Where the sockets of runs are.
//!
//! Owns nothing. Invariant: a folder that another user could have made, or can look into, is not used.

use neurostream::pipeline::Socket;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The folder: `$XDG_RUNTIME_DIR/neurostream`, or `neurostream-UID` beside other temporary files.
pub fn folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let user = rustix::process::getuid().as_raw();
    runtime.map_or_else(|| std::env::temp_dir().join(format!("neurostream-{user}")), |path| path.join("neurostream"))
}

/// The socket that a configuration asks for.
pub fn for_run(wanted: &str) -> Option<Socket> {
    match wanted {
        "off" => None,
        "auto" => {
            let folder = folder();
            let path = folder.join(format!("{}.sock", std::process::id()));
            private(&folder).is_ok().then_some(Socket { path, is_wanted: false })
        }
        path => Some(Socket { path: PathBuf::from(path), is_wanted: true }),
    }
}

/// Makes the folder for this user alone, or refuses one that is not.
fn private(folder: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let facts = fs::symlink_metadata(folder)?;
    let is_own = facts.is_dir() && facts.uid() == rustix::process::getuid().as_raw() && facts.mode() & 0o077 == 0;
    if is_own { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// The sockets of this user at which a run answers, by name; those that killed runs left behind are taken away.
pub fn answering() -> Vec<PathBuf> {
    let folder = folder();
    if private(&folder).is_err() {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut sockets: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "sock")).collect();
    sockets.retain(|path| match UnixStream::connect(path) {
        Ok(_) => true,
        Err(error) => {
            if error.kind() == io::ErrorKind::ConnectionRefused {
                let _ = fs::remove_file(path);
            }
            false
        }
    });
    sockets.sort();
    sockets
}
