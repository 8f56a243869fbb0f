//! The report: what was measured, on what machine, with what.
//!
//! Plain values. Invariant: version 1 keeps the meaning of every key; new keys may come.

use super::Shape;
use crate::cli::measure::{LATE_MS, Went, build, number};
use neurostream::format::digest::sha256_of_file;
use neurostream::format::edf::StartTime;
use neurostream::pipeline::{cores, meminfo_kib, unix_s};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// A margin below this is none to rely on: another program, a warmer processor, a longer session.
const NARROW: f64 = 2.0;

/// One rung of the ladder.
pub(super) struct Rung {
    pub times: f64,
    pub went: Went,
}

impl Rung {
    /// As a line of the ladder.
    pub fn in_words(&self) -> String {
        let Self { times, went: Went { lost, p99_ms, is_sustained, .. } } = self;
        let verdict = if *is_sustained { "sustained" } else { "not sustained" };
        format!("  {times:>5} x real time: {lost} frames lost, p99 {p99_ms:.1} ms, {verdict}")
    }
}

/// The whole report.
pub(super) struct Report {
    value: Value,
}

impl Report {
    pub fn new(config: &Path, shape: &Shape, seconds: f64, own: &Value, rungs: &[Rung]) -> std::io::Result<Self> {
        let Went { lost, is_sustained, .. } = Went::of(own, seconds);
        let highest = rungs.iter().rev().find(|rung| rung.went.is_sustained).map(|rung| rung.times);
        let margin = is_sustained.then(|| highest.unwrap_or(1.0));
        let is_open = rungs.last().is_some_and(|rung| rung.went.is_sustained);
        let verdict = match margin {
            None => "not sustained",
            Some(margin) if margin < NARROW => "sustained, with little margin",
            Some(_) => "sustained",
        };
        let sha256 = sha256_of_file(config)?;
        let (channels, rate_hz) = (shape.montage.len(), shape.rate_hz);
        let rung = |rung: &Rung| {
            let Rung { times, went: Went { lost, is_sustained, p99_ms, steps_per_s } } = rung;
            json!({"times": times, "lost": lost, "sustained": is_sustained, "p99_ms": p99_ms, "steps_per_s": steps_per_s})
        };
        let value = json!({
            "version": 1,
            "certificate": {
                "verdict": verdict,
                "sustained": is_sustained,
                "margin": margin,
                "margin_is_open": is_open,
                "channels": channels,
                "rate_hz": rate_hz,
                "samples_per_s": channels as f64 * rate_hz,
                "samples_per_s_sustained": margin.map(|margin| margin * channels as f64 * rate_hz),
                "late_ms": LATE_MS,
            },
            "date": unix_s().and_then(|s| StartTime::from_unix_s(s as u64)).map(|date| format!("{date}Z")),
            "config": {"file": config.display().to_string(), "sha256": sha256},
            "signal": shape.told,
            "program": {"name": "neurostream", "version": env!("CARGO_PKG_VERSION"), "build": build()},
            "machine": machine(),
            "seconds": seconds,
            "frames": own["frames"],
            "lost": lost,
            "failures": own["failures"],
            "latency_ms": own["latency_ms"],
            "training": own.get("training").map(|training| json!({
                "method": training["method"], "steps": training["steps"], "steps_per_s": training["steps_per_s"],
                "forgone": training["forgone"],
            })),
            "priority": own["priority"],
            "memory_mb": own["memory_mb"],
            "ladder": rungs.iter().map(rung).collect::<Vec<_>>(),
        });
        Ok(Self { value })
    }

    pub fn is_sustained(&self) -> bool {
        self.value["certificate"]["sustained"] == true
    }

    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.value).unwrap_or_default();
        text.push('\n');
        text
    }

    pub fn to_line(&self) -> String {
        self.value.to_string()
    }

    pub fn to_text(&self) -> String {
        let v = &self.value;
        let word = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
        let found = &v["certificate"];
        let (machine, latency) = (&v["machine"], &v["latency_ms"]);
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}", word(&v["config"]["file"]), word(&found["verdict"]));
        let _ = writeln!(
            text,
            "  machine   {}, {} cores, {} MB, {} ({} build of neurostream {})",
            word(&machine["cpu"]),
            machine["cores"],
            machine["memory_mb"],
            word(&machine["system"]),
            word(&v["program"]["build"]),
            word(&v["program"]["version"])
        );
        let _ = writeln!(
            text,
            "  signal    {} channels at {} Hz for {:.0} s: {}",
            found["channels"],
            found["rate_hz"],
            number(&v["seconds"]),
            word(&v["signal"])
        );
        let _ = writeln!(
            text,
            "  encoder   {} frames lost; p50 {:.2} ms, p99 {:.2} ms, max {:.1} ms",
            v["lost"],
            number(&latency["p50"]),
            number(&latency["p99"]),
            number(&latency["max"])
        );
        let stages = latency["stages"].as_object().into_iter().flatten();
        let stages: Vec<String> = stages.map(|(name, stage)| format!("{name} {:.2}", number(&stage["p99"]))).collect();
        let _ = writeln!(text, "  p99 by stage, ms: {}", stages.join(", "));
        if let Some(training) = v.get("training").filter(|training| !training.is_null()) {
            let _ = writeln!(
                text,
                "  training  {:.1} steps a second beside it ({}), {} forgone",
                number(&training["steps_per_s"]),
                word(&training["method"]),
                training["forgone"]
            );
        }
        for failure in v["failures"].as_array().into_iter().flatten() {
            let _ = writeln!(text, "  failed    {}", word(failure));
        }
        let _ = writeln!(text, "  priority  {}", word(&v["priority"]));
        if let Some(margin) = found["margin"].as_f64() {
            let more = if found["margin_is_open"] == true { " or more" } else { "" };
            let _ = writeln!(
                text,
                "  margin    {margin} x{more}: {:.0} samples a second without loss, {:.0} are asked for",
                number(&found["samples_per_s_sustained"]),
                number(&found["samples_per_s"])
            );
        }
        text
    }
}

/// What it ran on, as far as the system says.
fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let system = rustix::system::uname();
    let words = [system.sysname(), system.release(), system.machine()].map(|word| word.to_string_lossy().into_owned());
    json!({
        "host": system.nodename().to_string_lossy(),
        "cpu": after(&read("/proc/cpuinfo"), "model name"),
        "cores": cores(),
        "memory_mb": meminfo_kib("MemTotal").map(|kib| kib / 1000),
        "system": words.join(" "),
    })
}
