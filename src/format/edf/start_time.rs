//! When a recording began, as headers write it.
//!
//! Owns [`StartTime`]; runs on no thread of its own. Invariant: a `StartTime` is a date and time that exists.

use std::fmt;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// The local date and time, to the second, at which a recording began; displays as `2009-08-12T16:15:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl StartTime {
    /// A date `(year, month, day)` and time `(hour, minute, second)`; `None` where there is no such moment.
    ///
    /// Years run from 1 to 9999, the four digits that EDF+ has room for.
    #[must_use]
    pub fn new((year, month, day): (u16, u8, u8), (hour, minute, second): (u8, u8, u8)) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let exists = (1..=9999).contains(&year) && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
        exists.then_some(Self { year, month, day, hour, minute, second })
    }

    /// The moment `seconds` after 1970-01-01T00:00:00, without leap seconds; `None` past the year 9999.
    #[must_use]
    pub fn from_unix_s(seconds: u64) -> Option<Self> {
        let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
        // Days since 0000-03-01 in eras of 400 years, so that the leap day ends a year (Hinnant 2013).
        days = days.checked_add(719_468)?;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = u16::try_from(era * 400 + year_of_era + u64::from(month <= 2)).ok()?;
        let byte = |value: u64| u8::try_from(value).ok();
        Self::new(
            (year, byte(month)?, byte(day)?),
            (byte(of_day / 3_600)?, byte(of_day / 60 % 60)?, byte(of_day % 60)?),
        )
    }

    /// Reads `2026-11-25T10:00:00`, as XDF has it; a zone behind it is left out, for the time is local.
    #[must_use]
    pub fn parse_datetime(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let [year, month, day] = three(date, &['-'])?;
        let [hour, minute, second] = three(time.get(..8)?, &[':'])?;
        let small = |text: &str| text.parse::<u8>().ok();
        Self::new((year.parse().ok()?, small(month)?, small(day)?), (small(hour)?, small(minute)?, small(second)?))
    }

    /// So many seconds later; the last moment that can be written where that is beyond it.
    #[must_use]
    pub fn plus_s(self, seconds: u64) -> Self {
        // Years of 400 repeat, so the count may begin with any of them; this one is past 1970.
        let shifted = Self { year: self.year + 2000, ..self };
        let days = |year: u64| year * 365 + year / 4 - year / 100 + year / 400;
        let month = (u64::from(shifted.month) + 9) % 12;
        let year = u64::from(shifted.year) - u64::from(shifted.month <= 2);
        let since_march = (153 * month + 2) / 5 + u64::from(shifted.day) - 1;
        let day = days(year) + since_march - 719_468;
        let of_day = u64::from(self.hour) * 3_600 + u64::from(self.minute) * 60 + u64::from(self.second);
        let later = Self::from_unix_s((day * 86_400 + of_day).saturating_add(seconds));
        let later = later.and_then(|t| Some(Self { year: t.year.checked_sub(2000)?, ..t }));
        later.unwrap_or(self)
    }

    /// Reads the fields `dd.mm.yy` and `hh.mm.ss`; years 85 to 99 are of the 20th century (the EDF clipping date).
    ///
    /// A `Startdate dd-MMM-yyyy` in the recording field (EDF+) gives the century where it names the same day.
    pub(super) fn parse(date: &str, time: &str, recording: &str) -> Option<Self> {
        let [day, month, short_year] = three(date, &['.'])?;
        let [hour, minute, second] = three(time, &['.', ':'])?;
        let small = |text: &str| text.parse::<u8>().ok();
        let (day, month) = (small(day)?, small(month)?);
        let full = Self::full_year(recording, day, month);
        let year = match (small(short_year), full) {
            (Some(short), Some(full)) if full % 100 == u16::from(short) => full,
            (Some(short @ 85..=99), _) => 1900 + u16::from(short),
            (Some(short @ 0..=84), _) => 2000 + u16::from(short),
            // EDF+ writes the letters yy from the year 2085 on.
            (None, Some(full)) if short_year == "yy" => full,
            _ => return None,
        };
        Self::new((year, month, day), (small(hour)?, small(minute)?, small(second)?))
    }

    fn full_year(recording: &str, day: u8, month: u8) -> Option<u16> {
        let written = recording.strip_prefix("Startdate ")?.split(' ').next()?;
        let [d, m, y] = three(written, &['-'])?;
        let named = MONTHS.iter().position(|name| m.eq_ignore_ascii_case(name))?;
        (d.parse() == Ok(day) && named + 1 == usize::from(month)).then(|| y.parse().ok()).flatten()
    }

    /// The header field `dd.mm.yy`.
    pub(super) fn date_field(&self) -> String {
        match self.year {
            1985..=2084 => format!("{:02}.{:02}.{:02}", self.day, self.month, self.year % 100),
            _ => format!("{:02}.{:02}.yy", self.day, self.month),
        }
    }

    /// The header field `hh.mm.ss`.
    pub(super) fn time_field(&self) -> String {
        format!("{:02}.{:02}.{:02}", self.hour, self.minute, self.second)
    }

    /// The date as the EDF+ recording field has it: `02-AUG-1951`.
    pub(super) fn long_date(&self) -> String {
        let month = MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or("X");
        format!("{:02}-{month}-{:04}", self.day, self.year)
    }
}

impl fmt::Display for StartTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// Three parts between two separators, each of digits or letters only.
fn three<'a>(text: &'a str, separators: &[char]) -> Option<[&'a str; 3]> {
    let mut parts = text.split(separators);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    let clean = three.iter().all(|part| part.chars().all(|c| c.is_ascii_alphanumeric()));
    (parts.next().is_none() && clean).then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(date: &str, time: &str, recording: &str) -> Option<String> {
        StartTime::parse(date, time, recording).map(|start| start.to_string())
    }

    #[test]
    fn two_digit_years_clip_at_1985() {
        assert_eq!(read("12.08.09", "16.15.00", "").as_deref(), Some("2009-08-12T16:15:00"));
        assert_eq!(read("24.04.89", "16.13.00", "").as_deref(), Some("1989-04-24T16:13:00"));
        assert_eq!(read("01.01.84", "00:00:01", "").as_deref(), Some("2084-01-01T00:00:01"));
        assert_eq!(read("29.02.yy", "00.00.00", "Startdate 29-FEB-2096 X X X").as_deref(), Some("2096-02-29T00:00:00"));
        assert_eq!(read("02.08.51", "00.00.00", "Startdate 02-AUG-1951 X X X").as_deref(), Some("1951-08-02T00:00:00"));
    }

    #[test]
    fn moments_that_do_not_exist_are_unknown() {
        for (date, time) in [
            ("04/04/09", "12.00.00"),
            ("30.02.09", "12.00.00"),
            ("01.13.09", "12.00.00"),
            ("01.01.09", "24.00.00"),
            ("01.01.yy", "12.00.00"),
            ("+1.01.09", "12.00.00"),
            ("", ""),
        ] {
            assert_eq!(read(date, time, "Startdate X X X X"), None, "{date} {time}");
        }
    }

    #[test]
    fn fields_round_trip() {
        for moment in [(1951, 8, 2), (1985, 1, 1), (2024, 2, 29), (2084, 12, 31), (2085, 3, 9)] {
            let start = StartTime::new(moment, (23, 59, 58)).unwrap();
            let recording = format!("Startdate {} X X X", start.long_date());
            assert_eq!(StartTime::parse(&start.date_field(), &start.time_field(), &recording), Some(start));
        }
    }

    #[test]
    fn unix_seconds_become_dates() {
        let iso = |s| StartTime::from_unix_s(s).map(|start| start.to_string());
        assert_eq!(iso(0).as_deref(), Some("1970-01-01T00:00:00"));
        assert_eq!(iso(951_827_696).as_deref(), Some("2000-02-29T12:34:56"));
        assert_eq!(iso(1_735_689_599).as_deref(), Some("2024-12-31T23:59:59"));
        assert_eq!(iso(u64::MAX), None);
    }
}
