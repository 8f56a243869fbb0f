//! Figures as people read them: grouped counts, times, sizes, three digits of a measurement.
//!
//! Owns no state; runs wherever it is called. Invariant: any input gives short text; what is not finite is a dash.

/// What stands for a figure that is unknown.
pub(super) const UNKNOWN: &str = "–";

/// A count with a space between groups of three: `18 204`.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A measurement to about three digits: `0.042`, `1.84`, `12.3`, `512`, `1.2e6`.
pub(super) fn measure(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if !value.is_finite() => UNKNOWN.to_owned(),
        _ if size == 0.0 => "0".to_owned(),
        _ if !(1e-3..1e5).contains(&size) => format!("{value:.1e}"),
        _ if size < 0.1 => format!("{value:.3}"),
        _ if size < 10.0 => format!("{value:.2}"),
        _ if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// A setting without needless zeros: `512`, `0.5`, `2.048`.
pub(super) fn setting(value: f64) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    if value.abs() >= 1e9 {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Microvolts for a column of five: `0.4`, `8.2`, `15`, `1.2k`.
pub(super) fn microvolts(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => UNKNOWN.to_owned(),
        size if size < 9.95 => format!("{value:.1}"),
        size if size < 999.5 => format!("{value:.0}"),
        size if size < 99_950.0 => format!("{:.1}k", value / 1e3),
        size if size < 999_500.0 => format!("{:.0}k", value / 1e3),
        _ => "huge".to_owned(),
    }
}

/// Milliseconds without their unit: `0.42`, `6.1`, `14`, `1 204`.
pub(super) fn milliseconds(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => UNKNOWN.to_owned(),
        size if size < 0.995 => format!("{value:.2}"),
        size if size < 9.95 => format!("{value:.1}"),
        size if size < 999.5 => format!("{value:.0}"),
        _ => count(value.max(0.0) as u64),
    }
}

/// A duration with its unit, for something that ought to be short: `12 ms`, `2.1 s`, `3 min`.
pub(super) fn lag(seconds: f64) -> String {
    match seconds.max(0.0) {
        _ if !seconds.is_finite() => UNKNOWN.to_owned(),
        short if short < 0.9995 => format!("{:.0} ms", short * 1e3),
        long => age(long),
    }
}

/// How old something is, with its unit: `0.8 s`, `42 s`, `3 min`, `2.5 h`, `4 d`.
pub(super) fn age(seconds: f64) -> String {
    match seconds.max(0.0) {
        _ if !seconds.is_finite() => UNKNOWN.to_owned(),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 119.5 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{} d", count((s / 86_400.0) as u64)),
    }
}

/// Hours, minutes and seconds: `00:12:43`.
pub(super) fn clock(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "--:--:--".to_owned();
    }
    let whole = seconds.max(0.0) as u64;
    format!("{:02}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60)
}

/// A moment of the run: `12:43.1`, after an hour `1:12:43`.
pub(super) fn moment(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "--:--.-".to_owned();
    }
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let whole = tenths / 10;
    if whole >= 3_600 {
        format!("{}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60)
    } else {
        format!("{:02}:{:02}.{}", whole / 60, whole % 60, tenths % 10)
    }
}

/// A size of a file: `812 B`, `42 kB`, `182 MB`, `1.2 GB`.
pub(super) fn bytes(size: u64) -> String {
    let mut value = size as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            let digits = usize::from(value < 9.95 && unit != "B");
            return format!("{value:.digits$} {unit}");
        }
        value /= 1e3;
    }
    format!("{value:.0} PB")
}

/// Text cut to a width in cells, its end marked: `a_very_lo…`.
pub(super) fn cut(text: &str, width: usize) -> String {
    use ratatui::text::Span;
    if Span::raw(text).width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        short.push(letter);
        if Span::raw(short.as_str()).width() >= width {
            short.pop();
            break;
        }
    }
    if width > 0 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        let texts = [0, 12, 999, 1_000, 18_204, 1_234_567].map(count);
        assert_eq!(texts, ["0", "12", "999", "1 000", "18 204", "1 234 567"]);
    }

    #[test]
    fn measurements_keep_three_digits() {
        let texts = [0.0, 3e-4, 0.042, 1.84, -12.34, 512.4, 2.5e6].map(measure);
        assert_eq!(texts, ["0", "3.0e-4", "0.042", "1.84", "-12.3", "512", "2.5e6"]);
        assert_eq!([256.0, 0.5, 2.048].map(setting), ["256", "0.5", "2.048"]);
    }

    #[test]
    fn times_carry_their_unit() {
        assert_eq!([0.0, 0.012, 0.9994, 2.14].map(lag), ["0 ms", "12 ms", "999 ms", "2.1 s"]);
        assert_eq!([0.84, 42.0, 200.0, 9_000.0, 400_000.0].map(age), ["0.8 s", "42 s", "3 min", "2.5 h", "4 d"]);
        assert_eq!([0.421, 6.08, 14.2, 1_204.0].map(milliseconds), ["0.42", "6.1", "14", "1 204"]);
        assert_eq!(clock(763.9), "00:12:43");
        assert_eq!([763.14, 4_363.0].map(moment), ["12:43.1", "1:12:43"]);
    }

    #[test]
    fn sizes_carry_their_unit() {
        assert_eq!([812, 42_100, 182_000_000, 1_240_000_000].map(bytes), ["812 B", "42 kB", "182 MB", "1.2 GB"]);
        assert_eq!(bytes(u64::MAX), "18447 PB");
    }

    #[test]
    fn microvolts_fit_their_column() {
        let texts = [0.04, 8.23, 15.2, 999.4, 1_204.0, 250_000.0, 4e7].map(microvolts);
        assert_eq!(texts, ["0.0", "8.2", "15", "999", "1.2k", "250k", "huge"]);
    }

    #[test]
    fn what_is_not_finite_is_a_dash() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!([measure, setting, microvolts, milliseconds, lag, age].map(|f| f(value)), [UNKNOWN; 6]);
        }
    }

    #[test]
    fn long_text_is_cut_to_its_width() {
        assert_eq!(cut("chb01_03.edf", 12), "chb01_03.edf");
        assert_eq!(cut("chb01_03.edf", 6), "chb01…");
        assert_eq!(cut("脳波計測", 5), "脳波…");
        assert_eq!(cut("abc", 0), "");
    }
}
