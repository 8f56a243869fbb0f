//! Time-stamped annotation lists (TALs): how EDF+ and BDF+ keep events and the clock of each record.
//!
//! Owns [`Annotation`] and its bytes, `+onset [21 duration] 20 text 20 … 20 0`; runs on the thread of the reader or
//! writer. Invariant: a list that does not parse is counted and skipped, never guessed at.

use super::field::decode_text;

const END_OF_TEXT: u8 = 20;
const BEFORE_DURATION: u8 = 21;

/// An event of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// When it begins, in seconds from the start time in the header.
    pub onset_s: f64,
    /// How long it lasts in seconds, where the file says so.
    pub duration_s: Option<f64>,
    /// What it says.
    pub text: String,
}

/// What else the annotation signal of one record held.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// Onset of the record in seconds, where a time-keeping list gave it.
    pub clock_s: Option<f64>,
    /// Lists that did not parse.
    pub bad: u32,
    /// Texts that were not UTF-8 and were read as Latin-1.
    pub latin1: u32,
}

/// Appends the annotations in the bytes of one annotation signal of one record.
///
/// The clock of the record is the first list whose first text is empty.
pub(super) fn parse(bytes: &[u8], out: &mut Vec<Annotation>) -> Tally {
    let mut tally = Tally::default();
    for list in bytes.split(|&b| b == 0).filter(|list| !list.is_empty()) {
        if parse_list(list, &mut tally, out).is_none() {
            tally.bad += 1;
        }
    }
    tally
}

fn parse_list(list: &[u8], tally: &mut Tally, out: &mut Vec<Annotation>) -> Option<()> {
    let mut parts = list.strip_suffix(&[END_OF_TEXT])?.split(|&b| b == END_OF_TEXT);
    let mut stamp = parts.next()?.split(|&b| b == BEFORE_DURATION);
    let onset_s = parse_onset(stamp.next()?)?;
    let duration_s = match stamp.next() {
        Some(digits) => Some(parse_seconds(digits)?),
        None => None,
    };
    if stamp.next().is_some() {
        return None;
    }
    let mut texts = parts.peekable();
    if tally.clock_s.is_none() && texts.peek().is_none_or(|first| first.is_empty()) {
        tally.clock_s = Some(onset_s);
    }
    for text in texts.filter(|text| !text.is_empty()) {
        tally.latin1 += u32::from(std::str::from_utf8(text).is_err());
        out.push(Annotation { onset_s, duration_s, text: decode_text(text) });
    }
    Some(())
}

fn parse_onset(bytes: &[u8]) -> Option<f64> {
    let (sign, digits) = bytes.split_first()?;
    match sign {
        b'+' => parse_seconds(digits),
        b'-' => parse_seconds(digits).map(|s| -s),
        _ => None,
    }
}

fn parse_seconds(bytes: &[u8]) -> Option<f64> {
    // Digits and a point only: the standard parser would also take "inf", "nan" and exponents.
    if !bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse::<f64>().ok().filter(|s| s.is_finite())
}

/// What mending the annotations of a record came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Mended {
    /// The clock that was there.
    pub clock_s: Option<f64>,
    /// Lists that did not parse and are gone.
    pub bad: u32,
    /// Lists that had to make room for a clock.
    pub pushed_out: u32,
}

/// Leaves out the lists that do not parse; with `clock_s` the first becomes a clock of that onset where none is there.
pub(super) fn mend(room: &mut [u8], clock_s: Option<f64>) -> Mended {
    let mut tally = Tally::default();
    let good = |list: &&[u8]| parse_list(list, &mut tally, &mut Vec::new()).is_some();
    let lists: Vec<Vec<u8>> =
        room.split(|&b| b == 0).filter(|l| !l.is_empty()).filter(good).map(<[u8]>::to_vec).collect();
    let all = room.split(|&b| b == 0).filter(|list| !list.is_empty()).count();
    let mut mended = Mended { clock_s: tally.clock_s, bad: (all - lists.len()) as u32, pushed_out: 0 };
    let clock = clock_s.filter(|_| tally.clock_s.is_none()).map(clock_list);
    if mended.bad == 0 && clock.is_none() {
        return mended;
    }
    let mut whole = clock.unwrap_or_default();
    for mut list in lists {
        list.push(0);
        if whole.len() + list.len() <= room.len() {
            whole.append(&mut list);
        } else {
            mended.pushed_out += 1;
        }
    }
    room.fill(0);
    room.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    mended
}

/// The list that gives a record its onset.
pub(super) fn clock_list(onset_s: f64) -> Vec<u8> {
    let mut list = onset_digits(onset_s).into_bytes();
    list.extend([END_OF_TEXT, END_OF_TEXT, 0]);
    list
}

/// An annotation as one list of at most `room` bytes, and whether its text had to be shortened for that.
///
/// Control characters in the text become blanks, since some of them are the format's own separators.
pub(super) fn annotation_list(annotation: &Annotation, room: usize) -> (Vec<u8>, bool) {
    let mut list = onset_digits(annotation.onset_s).into_bytes();
    if let Some(duration_s) = annotation.duration_s.filter(|d| d.is_finite() && *d >= 0.0) {
        list.push(BEFORE_DURATION);
        list.extend(seconds_digits(duration_s).into_bytes());
    }
    list.push(END_OF_TEXT);
    let text: String = annotation.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut end = text.len().min(room.saturating_sub(list.len() + 2));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    list.extend(text.as_bytes().iter().take(end));
    list.extend([END_OF_TEXT, 0]);
    (list, end < text.len())
}

fn onset_digits(onset_s: f64) -> String {
    let sign = if onset_s < 0.0 { '-' } else { '+' };
    format!("{sign}{}", seconds_digits(onset_s.abs()))
}

/// Seconds with at most seven decimals, the resolution that other EDF+ readers keep (100 ns).
fn seconds_digits(seconds: f64) -> String {
    // A number that is not finite, or past 30 years, would not fit an annotation signal.
    let seconds = if seconds.is_finite() { seconds.clamp(0.0, 1e9) } else { 0.0 };
    let digits = format!("{seconds:.7}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<(f64, Option<f64>, String)>, Tally) {
        let mut out = Vec::new();
        let tally = parse(bytes, &mut out);
        (out.into_iter().map(|a| (a.onset_s, a.duration_s, a.text)).collect(), tally)
    }

    #[test]
    fn lists_of_the_specification() {
        let (list, tally) =
            read(b"+180\x14Lights off\x14Close door\x14\0+1800.2\x1525.5\x14Apnea\x14\0-0.5\x14\x14\0\0\0");
        assert_eq!(tally, Tally { clock_s: Some(-0.5), ..Tally::default() });
        let text = |t: &str| t.to_owned();
        assert_eq!(
            list,
            [(180.0, None, text("Lights off")), (180.0, None, text("Close door")), (1800.2, Some(25.5), text("Apnea"))]
        );
    }

    #[test]
    fn the_first_clock_counts() {
        assert_eq!(read(b"+3\x14\x14\0+9\x14\x14\0").1.clock_s, Some(3.0));
        assert_eq!(read(b"+3\x14\0").1.clock_s, Some(3.0));
        assert_eq!(read(b"+3\x14\x14Recording starts\x14\0").0.len(), 1);
        assert_eq!(read(b"").1, Tally::default());
    }

    #[test]
    fn bad_lists_are_counted_and_the_next_is_read() {
        for bad in [
            &b"\xff\xfe garbage"[..],
            b"+1\x14cut",
            b"5\x14x\x14",
            b"+\x14x\x14",
            b"+1e5\x14x\x14",
            b"+inf\x14x\x14",
            b"+1\x15-2\x14x\x14",
            b"+1\x152\x153\x14x\x14",
        ] {
            let bytes = [bad, b"\0+2\x14good\x14\0"].concat();
            let (list, tally) = read(&bytes);
            assert_eq!((list.len(), tally.bad), (1, 1), "{:?}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn texts_that_are_not_utf8_are_latin1() {
        let (list, tally) = read(b"+1\x14M\xfcde\x14\0");
        assert_eq!((list[0].2.as_str(), tally.latin1), ("Müde", 1));
    }

    #[test]
    fn written_lists_read_back() {
        let annotation = Annotation { onset_s: -1.0625, duration_s: Some(0.1), text: "α\x14\0β".to_owned() };
        let (bytes, shortened) = annotation_list(&annotation, 60);
        assert_eq!(read(&bytes).0, [(-1.0625, Some(0.1), "α  β".to_owned())]);
        assert!(!shortened);
        assert_eq!(read(&clock_list(0.1 + 0.2)).1.clock_s, Some(0.3));
    }

    #[test]
    fn mended_lists_keep_what_reads_and_gain_a_clock() {
        let mut room = b"\xff\xfe junk\0+1\x14good\x14\0+2\x14cut\0\0\0\0\0\0\0\0\0".to_vec();
        let mended = mend(&mut room, Some(7.5));
        assert_eq!(mended, Mended { clock_s: None, bad: 2, pushed_out: 0 });
        let (list, tally) = read(&room);
        assert_eq!((list.len(), list[0].2.as_str(), tally.clock_s, tally.bad), (1, "good", Some(7.5), 0));
        let whole = room.clone();
        assert_eq!(mend(&mut room, Some(9.0)), Mended { clock_s: Some(7.5), ..Mended::default() });
        assert_eq!(room, whole);
        let mut tight = b"+1\x14good\x14\0".to_vec();
        assert_eq!(mend(&mut tight, Some(2.0)).pushed_out, 1);
        assert_eq!(read(&tight).1.clock_s, Some(2.0));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let annotation = Annotation { onset_s: 2.0, duration_s: None, text: "中文测试".to_owned() };
        let (bytes, shortened) = annotation_list(&annotation, 12);
        assert!(bytes.len() <= 12 && shortened);
        assert_eq!(read(&bytes).0, [(2.0, None, "中文".to_owned())]);
    }
}
