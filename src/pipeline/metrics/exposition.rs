//! Prometheus' text format, version 0.0.4: families of samples as lines.
//!
//! Owns the text while it grows. Invariant: each family is told once, its help and type before its samples, and a histogram's
//! buckets are cumulative, its last one its count.

use crate::dsp::LatencyHistogram;
use std::fmt::Write;

/// What the text is, for `Content-Type`.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Quarters of a decade, and the decades in seconds, whose products are the bounds of a histogram's buckets.
const MANTISSAS: [&str; 4] = ["1", "1.778", "3.162", "5.623"];
const FIRST_DECADE: i32 = -5;

/// Name and value of a label.
pub(super) type Label<'a> = (&'static str, &'a str);

/// The text so far.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

/// One family that is being told.
#[derive(Debug)]
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Exposition {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { text: &mut self.text, name }
    }

    /// Something that only grows; its name ends in `_total`.
    pub fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    /// Something that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// Latencies, in seconds.
    pub fn histogram(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "histogram", help)
    }

    /// All of it.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// A sample without labels.
    pub fn is(&mut self, value: f64) -> &mut Self {
        self.of(&[], value)
    }

    /// A sample.
    pub fn of(&mut self, labels: &[Label<'_>], value: f64) -> &mut Self {
        self.sample("", labels, value)
    }

    fn sample(&mut self, ending: &str, labels: &[Label<'_>], value: f64) -> &mut Self {
        let _ = write!(self.text, "{}{ending}", self.name);
        for (place, (label, written)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"{}\"", if place == 0 { '{' } else { ',' }, escaped(written));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{end} {}", number(value));
        self
    }

    /// Buckets, sum and count of a histogram.
    pub fn histogram_of(&mut self, labels: &[Label<'_>], latency: &LatencyHistogram) -> &mut Self {
        // The sum is read first: a window that comes in between is counted and not yet in the sum, never the other way.
        let (sum_s, counts) = (latency.sum_s(), latency.cumulative());
        let (all, below) = counts.split_last().unwrap_or((&0, &[]));
        let bounds = (FIRST_DECADE..).flat_map(|decade| MANTISSAS.map(|mantissa| format!("{mantissa}e{decade}")));
        let with_bound = |bound: &str, count: u64, family: &mut Self| {
            let labels: Vec<Label<'_>> = labels.iter().copied().chain([("le", bound)]).collect();
            family.sample("_bucket", &labels, count as f64);
        };
        for (bound, count) in bounds.zip(below) {
            with_bound(&bound, *count, self);
        }
        with_bound("+Inf", *all, self);
        self.sample("_sum", labels, sum_s).sample("_count", labels, *all as f64)
    }
}

/// A value as the format writes it.
fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

/// The text of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_as_the_format_wants_them() {
        let mut told = Exposition::default();
        told.counter("a_total", "How many.").is(3.0);
        told.gauge("b", "How much.").of(&[("name", "x\\ \"y\"\nz"), ("kind", "k")], f64::NAN).is(f64::INFINITY);
        let wanted = "# HELP a_total How many.\n# TYPE a_total counter\na_total 3\n# HELP b How much.\n# TYPE b gauge\n\
                      b{name=\"x\\\\ \\\"y\\\"\\nz\",kind=\"k\"} NaN\nb +Inf\n";
        assert_eq!(told.into_text(), wanted);
    }

    #[test]
    fn buckets_are_cumulative_and_end_with_the_count() {
        let latency = LatencyHistogram::default();
        for ms in [0.5, 2.0, 2.0, 60_000.0] {
            latency.add(ms);
        }
        let mut told = Exposition::default();
        told.histogram("h", "Time.").histogram_of(&[("stage", "ring")], &latency);
        let text = told.into_text();
        for line in [
            "h_bucket{stage=\"ring\",le=\"1e-5\"} 0",
            "h_bucket{stage=\"ring\",le=\"5.623e-4\"} 1",
            "h_bucket{stage=\"ring\",le=\"1.778e-3\"} 1",
            "h_bucket{stage=\"ring\",le=\"3.162e-3\"} 3",
            "h_bucket{stage=\"ring\",le=\"1e1\"} 3",
            "h_bucket{stage=\"ring\",le=\"+Inf\"} 4",
            "h_sum{stage=\"ring\"} 60.0045",
            "h_count{stage=\"ring\"} 4",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        assert_eq!(text.matches("_bucket").count(), 26, "10 µs to 10 s in quarters, and all");
    }
}
