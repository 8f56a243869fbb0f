//! Writing a file whole or not at all.
//!
//! Owns nothing; runs on the calling thread. Invariant: whatever happens, the path holds the old file or the new one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The temporary name beside `path`.
#[must_use]
pub fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Writes `bytes` to a temporary name beside `path`, syncs, and renames it onto `path`.
///
/// # Errors
/// Whatever the system says; the temporary file is removed then.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = partial(path);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // The first error says what is wrong; that a stump may stay behind adds nothing.
        let _ = fs::remove_file(&temporary);
        return done;
    }
    sync_folder_of(path)
}

/// Makes a rename in the folder of `path` last through a power cut.
///
/// # Errors
/// Whatever the system says.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Windows cannot open folders; there the rename alone must do.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
