//! Finding and loading liblsl.
//!
//! Owns the search; runs once, on the thread that asks. Invariant: a [`Library`] has every function this program
//! needs, and once loaded it is never unloaded.

use std::ffi::{CString, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::signal::Clock;

use super::LslError;
use super::raw::Api;

/// What the system's loader is asked for, newest first.
const NAMES: &[&str] = if cfg!(windows) {
    &["lsl.dll", "liblsl64.dll"]
} else if cfg!(target_os = "macos") {
    &["liblsl.2.dylib", "liblsl.dylib"]
} else {
    &["liblsl.so.2", "liblsl.so"]
};
/// Where the wheels of `pylsl` and `mne-lsl` keep it, below `site-packages`.
const WHEELS: &[&str] = &["pylsl/lib", "mne_lsl/lsl/lib"];
/// Where Homebrew keeps it.
const HOMEBREW: &[&str] = &["/opt/homebrew/lib", "/opt/homebrew/Frameworks/lsl.framework"];

/// The loaded liblsl: clones are cheap and share it.
#[derive(Clone)]
pub struct Library {
    pub(super) api: Arc<Api>,
    path: PathBuf,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl Library {
    /// Loads liblsl from `configured`, or from the first place that has it.
    ///
    /// Searched in this order: `LSL_LIB`, `PYLSL_LIB`, the system's loader path, `$CONDA_PREFIX/lib`, the
    /// `site-packages` of the active virtual or conda environment, of `~/.local` and of every `python` on `PATH`
    /// (the wheels of `pylsl` and `mne-lsl` bring it), Homebrew. liblsl reads its own settings from the file that
    /// `LSLAPICFG` names, or from `lsl_api.cfg` in the usual places.
    ///
    /// # Errors
    /// [`LslError::Unusable`] where `configured` does not load (nothing else is tried then), and
    /// [`LslError::NotFound`], which names every place, where nothing does.
    pub fn load(configured: Option<&Path>) -> Result<Self, LslError> {
        if let Some(path) = configured {
            let api = Api::load(path);
            let api = api.map_err(|why| LslError::Unusable { path: path.display().to_string(), why })?;
            return Ok(Self { api: Arc::new(api), path: path.to_owned() });
        }
        let mut searched = Vec::new();
        for place in places(&|name| std::env::var_os(name)) {
            let files = place.files();
            if files.is_empty() {
                searched.push(format!("{} (none there)", place.describe()));
            }
            for path in files {
                match Api::load(&path) {
                    Ok(api) => return Ok(Self { api: Arc::new(api), path }),
                    Err(why) => searched.push(format!("{} ({why})", path.display())),
                }
            }
        }
        Err(LslError::NotFound { searched: searched.join("; ") })
    }

    /// The file it was loaded from; a bare name where the system's loader found it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version as liblsl counts: 116 is 1.16.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.api.version()
    }

    /// Replaces liblsl's settings (`lsl_api.cfg`) by `content`; before any other call, or it has no effect.
    ///
    /// # Errors
    /// [`LslError::TooOld`] before 1.17, and [`LslError::Text`] where `content` holds a zero byte.
    pub fn configure(&self, content: &str) -> Result<(), LslError> {
        let content = c_text("the liblsl configuration", content)?;
        self.api.set_config(&content).ok_or(LslError::TooOld {
            version: self.version(),
            function: "lsl_set_config_content",
            hint: "put the settings into a file and name it in LSLAPICFG, or update with `pip install -U pylsl`",
        })
    }

    /// The time now on LSL's clock of this host, in seconds: the clock of the stamps that local outlets give.
    #[must_use]
    pub fn local_clock(&self) -> f64 {
        self.api.local_clock()
    }

    /// What to add to a stamp on LSL's clock of this host to have it on `clock`, in seconds.
    ///
    /// The closest of several readings is taken, so that a descheduled thread does no harm.
    #[must_use]
    pub fn clock_offset(&self, clock: &dyn Clock) -> f64 {
        let readings = (0..8).map(|_| {
            let before = clock.now();
            let there = self.local_clock();
            let after = clock.now();
            (after - before, (before + (after - before) / 2.0).0 - there)
        });
        readings.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0.0, |(_, offset)| offset)
    }
}

/// Turns a text into what C takes.
pub(super) fn c_text(what: &'static str, text: &str) -> Result<CString, LslError> {
    CString::new(text).map_err(|_| LslError::Text { what, text: text.to_owned(), why: "it holds a zero byte" })
}

/// Where liblsl may be.
#[derive(Debug, PartialEq)]
enum Place {
    /// A file, or a bare name for the system's loader.
    File(PathBuf),
    /// A folder that holds it under any of its names.
    Folder(PathBuf),
}

impl Place {
    fn describe(&self) -> String {
        match self {
            Self::File(path) | Self::Folder(path) => path.display().to_string(),
        }
    }

    /// The files to try: the usual names first, then versioned ones (`liblsl.so.1.17.7` in the wheel of `mne-lsl`).
    fn files(&self) -> Vec<PathBuf> {
        let folder = match self {
            Self::File(path) => return vec![path.clone()],
            Self::Folder(folder) => folder,
        };
        let mut files: Vec<PathBuf> = sorted(folder).into_iter().filter(|path| is_liblsl(path)).collect();
        files.sort_by_key(|path| !NAMES.iter().any(|name| path.ends_with(name)));
        files
    }
}

fn is_liblsl(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let library = [".so", ".dylib", ".dll"].iter().any(|ending| name.contains(ending));
    (library && (name.starts_with("liblsl") || name.starts_with("lsl."))) || path.ends_with("lsl.framework/lsl")
}

/// What lies in a folder, in order; nothing where it cannot be read.
fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Every place in order of preference, each once.
fn places(environment: &dyn Fn(&str) -> Option<OsString>) -> Vec<Place> {
    let folder = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut places: Vec<Place> = ["LSL_LIB", "PYLSL_LIB"].into_iter().filter_map(folder).map(Place::File).collect();
    places.extend(NAMES.iter().map(|name| Place::File(PathBuf::from(name))));
    places.extend(folder("CONDA_PREFIX").map(|prefix| Place::Folder(prefix.join("lib"))));

    let mut prefixes: Vec<PathBuf> = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(folder).collect();
    prefixes.extend(folder("HOME").map(|home| home.join(".local")));
    let path = environment("PATH").unwrap_or_default();
    prefixes.extend(std::env::split_paths(&path).filter_map(|bin| bin.parent().map(Path::to_owned)));
    for prefix in prefixes {
        for packages in site_packages(&prefix) {
            places.extend(WHEELS.iter().map(|wheel| packages.join(wheel)).filter(|f| f.is_dir()).map(Place::Folder));
        }
    }
    places.extend(HOMEBREW.iter().filter(|_| cfg!(target_os = "macos")).map(|f| Place::Folder(PathBuf::from(f))));
    let mut seen = Vec::new();
    places.retain(|place| {
        let new = !seen.contains(&place.describe());
        seen.push(place.describe());
        new
    });
    places
}

/// The package folders of the Pythons installed under `prefix`.
fn site_packages(prefix: &Path) -> Vec<PathBuf> {
    let mut folders = vec![prefix.join("Lib/site-packages")];
    let pythons = sorted(&prefix.join("lib")).into_iter();
    let pythons =
        pythons.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3")));
    for python in pythons {
        folders.push(python.join("site-packages"));
        folders.push(python.join("dist-packages"));
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &Path)]) -> impl Fn(&str) -> Option<OsString> {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), v.as_os_str().to_owned())).collect();
        move |name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone())
    }

    #[test]
    fn wheels_are_found_in_the_active_environment_and_beside_the_python_on_the_path() {
        let (active, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let pylsl = active.path().join("lib/python3.11/site-packages/pylsl/lib");
        let mne = other.path().join("lib/python3.12/site-packages/mne_lsl/lsl/lib");
        std::fs::create_dir_all(&pylsl).unwrap();
        std::fs::create_dir_all(&mne).unwrap();
        for file in [pylsl.join(NAMES[0]), pylsl.join("__init__.py"), mne.join("liblsl.so.1.17.7")] {
            std::fs::write(file, "").unwrap();
        }
        let bin = other.path().join("bin");
        let found = places(&environment(&[("VIRTUAL_ENV", active.path()), ("PATH", &bin)]));
        let expected = [Place::Folder(pylsl.clone()), Place::Folder(mne.clone())];
        assert_eq!(found[NAMES.len()..][..2], expected);
        assert_eq!(expected[0].files(), [pylsl.join(NAMES[0])], "only libraries count");
        assert_eq!(expected[1].files(), [mne.join("liblsl.so.1.17.7")], "versioned names count");
    }

    #[test]
    fn the_environment_comes_first_and_each_place_once() {
        let wheel = Path::new("/x/liblsl.so");
        let found =
            places(&environment(&[("LSL_LIB", wheel), ("PYLSL_LIB", wheel), ("CONDA_PREFIX", Path::new("/c"))]));
        assert_eq!(found[0], Place::File(wheel.to_owned()));
        assert_eq!(found[1], Place::File(PathBuf::from(NAMES[0])), "the same file is not tried twice");
        assert!(found.contains(&Place::Folder(PathBuf::from("/c/lib"))));
    }

    #[test]
    fn a_configured_file_that_does_not_load_is_an_error_of_its_own() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Library::load(Some(file.path())).err().unwrap();
        assert!(matches!(&error, LslError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains("[lsl] library"), "{error}");
    }
}
