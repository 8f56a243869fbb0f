//! The screen in ASCII, for terminals and logs that know nothing else.
//!
//! Owns no state; runs on the main thread after the panels have drawn. Invariant: every cell holds one printable
//! ASCII character afterwards, whatever names and texts the stream brought along.

use ratatui::buffer::Buffer;

/// The first braille pattern: the eight low bits of the others are their dots (Unicode 15, U+2800 to U+28FF).
pub(super) const BRAILLE: u32 = 0x2800;

/// Replaces each character of the screen with its nearest ASCII one.
pub(super) fn fold(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let mut letters = cell.symbol().chars();
        let letter = letters.next().unwrap_or(' ');
        if !letter.is_ascii() || letters.next().is_some() {
            cell.set_char(nearest(letter));
        }
    }
}

/// The same for text.
pub(super) fn of_text(text: &str) -> String {
    text.chars().map(|letter| if letter == '\n' { letter } else { nearest(letter) }).collect()
}

/// The ASCII character that stands for this one.
fn nearest(letter: char) -> char {
    match letter {
        ' '..='~' => letter,
        '─' | '━' | '╌' | '–' | '−' | '▃' | '▄' => '-',
        '│' | '┃' | '┊' | '‖' => '|',
        '╭' | '╮' | '╰' | '╯' | '┬' | '├' | '└' | '┌' | '▒' => '+',
        '▶' | '▸' | '→' => '>',
        '←' => '<',
        '↑' | '▲' => '^',
        '↓' => 'v',
        '█' => '@',
        '▓' | '▇' => '#',
        '░' | '·' => '.',
        'δ' => 'd',
        'θ' => 't',
        'α' => 'a',
        'β' => 'b',
        'γ' => 'g',
        '²' => '2',
        '●' | '■' => '*',
        '○' => 'o',
        '•' => ':',
        '◆' => 'X',
        '×' => 'x',
        '✗' => '!',
        'µ' | 'μ' => 'u',
        '…' | '±' => '~',
        '▁' | '▂' => '_',
        '▅' | '▆' => '=',
        '\u{2800}'..='\u{28FF}' => stroke((u32::from(letter) - BRAILLE) as u8),
        _ => '?',
    }
}

/// The character that looks most like these braille dots: a bar where they span three rows, else their height.
fn stroke(dots: u8) -> char {
    let rows = [0b0000_1001, 0b0001_0010, 0b0010_0100, 0b1100_0000].map(|row| dots & row != 0);
    match (rows.iter().position(|on| *on), rows.iter().rposition(|on| *on)) {
        (Some(top), Some(bottom)) if bottom - top >= 2 => '|',
        (Some(0), _) => '\'',
        (Some(1 | 2), _) => '-',
        (Some(_), _) => '.',
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_keep_their_height() {
        assert_eq!(['⠀', '⠉', '⠒', '⠤', '⣀', '⡇', '⣿', '⠚'].map(nearest), [' ', '\'', '-', '-', '.', '|', '|', '\'']);
    }

    #[test]
    fn unknown_letters_become_question_marks() {
        let mut buffer = Buffer::with_lines(["脳 50 µV ▶ é"]);
        fold(&mut buffer);
        assert_eq!(buffer, Buffer::with_lines(["?  50 uV > ?"]));
    }
}
