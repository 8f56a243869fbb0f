//! The keyboard: bytes of the terminal as key presses.
//!
//! Owns its own opening of the terminal, on the main thread. Invariant: it never blocks, whatever bytes arrive and
//! even when the terminal has gone away, and every byte is used once.
//!
//! crossterm 0.29 has a keyboard reader as well, but on an unknown or unfinished escape sequence it waits for the next
//! key, and at the end of a closed terminal it never returns (crossterm issue 793). A dashboard has to end when the
//! run ends, so only the types of its events are used here.

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use std::fs::File;
use std::io::{self, Read};

/// Empty reads after which an unfinished sequence is given up: a lone escape is the key, anything else is dropped.
const PATIENCE: u8 = 3;
/// No sequence that means anything is longer.
const LONGEST: usize = 32;

const ESCAPE: u8 = 0x1b;

/// The keyboard of the controlling terminal.
pub(super) struct Keyboard {
    terminal: File,
    bytes: Bytes,
}

impl Keyboard {
    /// Opens the terminal once more: on an opening of its own, reading without waiting does not make writing to
    /// standard output fail.
    ///
    /// # Errors
    /// Where the process has no terminal.
    pub(super) fn open() -> io::Result<Self> {
        let terminal = File::open("/dev/tty")?;
        rustix::io::ioctl_fionbio(&terminal, true)?;
        Ok(Self { terminal, bytes: Bytes::default() })
    }

    /// The next event, if there is one now.
    ///
    /// # Errors
    /// Once the terminal has gone away.
    pub(super) fn next(&mut self) -> io::Result<Option<Event>> {
        if let Some(event) = self.bytes.next() {
            return Ok(Some(event));
        }
        let mut room = [0; 256];
        match self.terminal.read(&mut room) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.bytes.push(room.get(..read).unwrap_or_default()),
            Err(problem) if problem.kind() == io::ErrorKind::WouldBlock => self.bytes.nothing_came(),
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            Err(problem) => return Err(problem),
        }
        Ok(self.bytes.next())
    }
}

/// Bytes that have arrived and are not yet events.
#[derive(Default)]
struct Bytes {
    waiting: Vec<u8>,
    empty_reads: u8,
}

impl Bytes {
    fn push(&mut self, read: &[u8]) {
        self.waiting.extend_from_slice(read);
        self.empty_reads = 0;
    }

    fn nothing_came(&mut self) {
        self.empty_reads = self.empty_reads.saturating_add(1);
    }

    /// Takes bytes until they make an event or what is left is unfinished.
    fn next(&mut self) -> Option<Event> {
        while !self.waiting.is_empty() {
            let (used, event) = match decode(&self.waiting) {
                Some(decoded) => decoded,
                None if self.waiting.len() > LONGEST => (self.waiting.len(), None),
                None if self.empty_reads < PATIENCE => return None,
                None => (self.waiting.len(), (self.waiting == [ESCAPE]).then(|| key(KeyCode::Esc))),
            };
            self.waiting.drain(..used.min(self.waiting.len()));
            if event.is_some() {
                return event;
            }
        }
        None
    }
}

fn key(code: KeyCode) -> Event {
    Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

/// How many of the bytes, of which there is at least one, belong together, and what they mean, if anything. None
/// while more have to come.
fn decode(bytes: &[u8]) -> Option<(usize, Option<Event>)> {
    match *bytes {
        [ESCAPE, b'[', ref rest @ ..] => control_sequence(rest).map(|(used, event)| (used + 2, event)),
        [ESCAPE, b'O', last, ..] => Some((3, arrow(last).map(key))),
        [ESCAPE] | [ESCAPE, b'O'] => None,
        // Escape pressed twice, or before a sequence: the second begins anew.
        [ESCAPE, ESCAPE, ..] => Some((1, Some(key(KeyCode::Esc)))),
        // Alt and a key, which mean nothing here.
        [ESCAPE, ref rest @ ..] => decode(rest).map(|(used, _)| (used + 1, None)),
        [b'\r' | b'\n', ..] => Some((1, Some(key(KeyCode::Enter)))),
        [b'\t', ..] => Some((1, Some(key(KeyCode::Tab)))),
        [0x7f, ..] => Some((1, Some(key(KeyCode::Backspace)))),
        [byte @ 1..=26, ..] => {
            let letter = char::from(byte - 1 + b'a');
            Some((1, Some(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)))))
        }
        [byte @ b' '..=b'~', ..] => Some((1, Some(key(KeyCode::Char(byte.into()))))),
        _ => letter(bytes),
    }
}

/// What follows `ESC [`: parameters, then one byte that ends it (ECMA-48, 5.4).
fn control_sequence(rest: &[u8]) -> Option<(usize, Option<Event>)> {
    let end = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte))?;
    let event = match (rest.get(..end)?, *rest.get(end)?) {
        // Not an end: the sequence was cut off, and something else begins.
        (_, 0..0x40 | 0x7f..) => return Some((end, None)),
        ([b'<', report @ ..], b'M') => mouse(report),
        (b"", b'I') => Some(Event::FocusGained),
        (b"", b'O') => Some(Event::FocusLost),
        (b"", last) => arrow(last).map(key),
        (b"5", b'~') => Some(key(KeyCode::PageUp)),
        (b"6", b'~') => Some(key(KeyCode::PageDown)),
        _ => None,
    };
    Some((end + 1, event))
}

/// What a mouse did (SGR reports: button, column and row from 1), as far as it means something here.
fn mouse(report: &[u8]) -> Option<Event> {
    let mut numbers = std::str::from_utf8(report).ok()?.split(';').map(str::parse::<u16>);
    let (button, column, row) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    let kind = match button {
        0 => MouseEventKind::Down(MouseButton::Left),
        64 => MouseEventKind::ScrollUp,
        65 => MouseEventKind::ScrollDown,
        _ => return None,
    };
    let (column, row) = (column.checked_sub(1)?, row.checked_sub(1)?);
    Some(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

fn arrow(last: u8) -> Option<KeyCode> {
    match last {
        b'A' => Some(KeyCode::Up),
        b'B' => Some(KeyCode::Down),
        b'C' => Some(KeyCode::Right),
        b'D' => Some(KeyCode::Left),
        _ => None,
    }
}

/// A character of more than one byte (UTF-8); a byte that begins none is skipped.
fn letter(bytes: &[u8]) -> Option<(usize, Option<Event>)> {
    let first = bytes.get(..bytes.len().min(4))?;
    let whole = match std::str::from_utf8(first) {
        Ok(text) => text,
        Err(problem) if problem.valid_up_to() > 0 => {
            std::str::from_utf8(first.get(..problem.valid_up_to())?).unwrap_or_default()
        }
        Err(problem) => return problem.error_len().map(|wrong| (wrong, None)),
    };
    let letter = whole.chars().next()?;
    Some((letter.len_utf8(), (!letter.is_control()).then(|| key(KeyCode::Char(letter)))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(bytes: &mut Bytes) -> Vec<Event> {
        std::iter::from_fn(|| bytes.next()).collect()
    }

    fn typed(read: &[u8]) -> Vec<Event> {
        let mut bytes = Bytes::default();
        bytes.push(read);
        events(&mut bytes)
    }

    #[test]
    fn keys_of_the_dashboard_are_known() {
        let codes = [KeyCode::Char('q'), KeyCode::Up, KeyCode::Left, KeyCode::PageDown, KeyCode::Enter];
        assert_eq!(typed(b"q\x1b[A\x1bOD\x1b[6~\r"), codes.map(key));
        let interrupt = Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert_eq!(typed(b"\x03"), [interrupt]);
        assert_eq!(typed(b"\x1b[O\x1b[I"), [Event::FocusLost, Event::FocusGained]);
        assert_eq!(typed(b"\x7f\t"), [KeyCode::Backspace, KeyCode::Tab].map(key));
        assert_eq!(typed("µ?".as_bytes()), ['µ', '?'].map(|letter| key(KeyCode::Char(letter))));
    }

    #[test]
    fn unknown_sequences_are_skipped_whole() {
        let q = [key(KeyCode::Char('q'))];
        for unknown in ["\x1b[99~", "\x1b[1;5A", "\x1b[<0;10;10M", "\x1bx", "\x1bOP", "\0", "\x1b[12\u{e4}"] {
            let letters: Vec<Event> = typed(format!("{unknown}q").as_bytes());
            assert_eq!(letters.last(), q.last(), "{unknown:?}");
            assert!(letters.len() <= 2, "{unknown:?} gave {letters:?}");
        }
    }

    #[test]
    fn clicks_and_wheels_are_known_and_other_reports_are_not() {
        let at = |kind| Event::Mouse(MouseEvent { kind, column: 9, row: 4, modifiers: KeyModifiers::NONE });
        let seen = typed(b"\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<64;10;5M\x1b[<65;10;5M\x1b[<35;10;5M\x1b[<0;0;5M\x1b[<;M");
        let kinds = [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollUp, MouseEventKind::ScrollDown];
        assert_eq!(seen, kinds.map(at));
    }

    #[test]
    fn split_sequences_are_put_together() {
        let mut bytes = Bytes::default();
        for byte in b"\x1b[5" {
            bytes.push(&[*byte]);
            bytes.nothing_came();
            assert_eq!(bytes.next(), None);
        }
        bytes.push(b"~");
        assert_eq!(events(&mut bytes), [key(KeyCode::PageUp)]);
    }

    #[test]
    fn a_lone_escape_is_the_key_once_nothing_follows() {
        let mut bytes = Bytes::default();
        bytes.push(b"\x1b");
        assert_eq!(bytes.next(), None);
        (0..PATIENCE).for_each(|_| bytes.nothing_came());
        assert_eq!(events(&mut bytes), [key(KeyCode::Esc)]);
        bytes.push(b"\x1b[");
        (0..PATIENCE).for_each(|_| bytes.nothing_came());
        assert_eq!(events(&mut bytes), []);
        bytes.push(b"q");
        assert_eq!(events(&mut bytes), [key(KeyCode::Char('q'))]);
    }

    proptest! {
        #[test]
        fn no_bytes_are_kept_for_ever(reads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..10)) {
            let mut bytes = Bytes::default();
            for read in &reads {
                bytes.push(read);
                events(&mut bytes);
                prop_assert!(bytes.waiting.len() <= LONGEST);
            }
            (0..PATIENCE).for_each(|_| bytes.nothing_came());
            events(&mut bytes);
            prop_assert!(bytes.waiting.is_empty());
        }
    }
}
