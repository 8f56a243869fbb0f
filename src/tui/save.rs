//! The screen as a text file.
//!
//! Owns nothing; runs on the main thread when a person asks. Invariant: no file that is there is written over.

use ratatui::buffer::{Buffer, Cell};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Numbers that are tried.
const MOST: u32 = 9_999;

/// Writes a screen into the first free `neurostream-screen-NNNN.txt` of a folder; returns its path.
pub(super) fn save(buffer: &Buffer, folder: &Path) -> io::Result<PathBuf> {
    for number in 1..=MOST {
        let path = folder.join(format!("neurostream-screen-{number:04}.txt"));
        match File::options().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text(buffer).as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The characters, without the blanks at the ends of lines.
fn text(buffer: &Buffer) -> String {
    let lines = buffer.content.chunks(usize::from(buffer.area.width).max(1));
    let line = |cells: &[Cell]| cells.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned() + "\n";
    lines.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_screen_has_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let screen = Buffer::with_lines(["▶ LIVE  ", "50 µV"]);
        let paths = [1, 2].map(|_| save(&screen, folder.path()).unwrap());
        assert!(paths[0].ends_with("neurostream-screen-0001.txt") && paths[1].ends_with("neurostream-screen-0002.txt"));
        assert_eq!(std::fs::read_to_string(&paths[1]).unwrap(), "▶ LIVE\n50 µV\n");
        assert!(save(&screen, &folder.path().join("missing")).is_err());
    }
}
