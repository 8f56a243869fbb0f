//! `replay`: a recording as streams of the Lab Streaming Layer.
//!
//! Runs on the main thread, which sends what is due. Invariant: it sleeps until the next sample is due and no longer, and at
//! full speed not at all.

use super::arguments::ReplayArguments;
use super::{interrupt, usable};
use anyhow::Context;
use neurostream::config::Speed;
use neurostream::lsl::Library;
use neurostream::pipeline::{MonotonicClock, Shutdown};
use neurostream::serve::broadcast::{Broadcast, BroadcastSettings, Played};
use neurostream::signal::Clock;
use neurostream::source::recording::Recording;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

/// The longest sleep: so late may it notice that it is asked to end.
const NAP_S: f64 = 0.05;

/// Seconds of waiting for a receiver between two looks at whether it is asked to end.
const LOOK_S: f64 = 0.2;

/// What a new receiver needs before the first sample.
const SETTLE: Duration = Duration::from_millis(300);

/// Seconds that receivers have to take in what still waits for them at full speed; nobody says when that is done.
const LINGER_S: f64 = 15.0;

/// Plays one recording.
pub fn replay(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let speed: Speed = arguments.speed.parse().unwrap_or(Speed::Times(f64::NAN));
    let times = match speed {
        Speed::Max => None,
        Speed::Times(times) => Some(times),
    };
    usable(times.is_none_or(|times| (0.01..=1000.0).contains(&times)), || {
        format!("--speed {}: must be from 0.01 to 1000, or max", arguments.speed)
    })?;
    usable(arguments.start >= 0.0 && arguments.start.is_finite(), || "--start: must be 0 or more seconds".to_owned())?;
    let ahead_s = arguments.ahead;
    usable(ahead_s.is_none_or(|ahead_s| times.is_none() && ahead_s >= 0.0 && ahead_s.is_finite()), || {
        "--ahead: must be 0 or more seconds, and goes with --speed max alone".to_owned()
    })?;
    let shutdown = Shutdown::default();
    interrupt::listen(&shutdown).context("signals cannot be waited for")?;
    let recording = Recording::open(&arguments.file)?;
    let mut out = io::stdout();
    for warning in recording.warnings() {
        writeln!(io::stderr(), "neurostream: {}: {warning}", recording.name())?;
    }
    let library = Library::load(arguments.library.as_deref())?;
    let clock = MonotonicClock::new();
    let name = arguments.name.as_deref();
    let settings = BroadcastSettings {
        name: arguments.name.clone(),
        times,
        ahead_s: arguments.ahead,
        start_s: arguments.start,
        repeat: arguments.repeat,
    };
    let mut broadcast = Broadcast::open(&library, recording, &settings, library.clock_offset(&clock))?;
    for (name, stream) in broadcast.streams(name) {
        let rate = if stream.rate_hz > 0.0 { format!("{} Hz", stream.rate_hz) } else { "irregular".to_owned() };
        let (channels, word) = (stream.channels.len(), stream.format.word());
        let _ = writeln!(out, "'{name}' ({}, {channels} channels of {word}, {rate})", stream.content_type);
    }
    // At full speed there is no later: who is not there has missed it.
    if times.is_none() || arguments.wait {
        let _ = writeln!(out, "waiting for a receiver");
        while !shutdown.is_requested() && !broadcast.wait_for_consumers(LOOK_S) {}
        std::thread::sleep(SETTLE);
    }
    while !shutdown.is_requested() {
        match broadcast.step(clock.now())? {
            Played::Sent => {}
            Played::Wait(due) => {
                std::thread::sleep(Duration::from_secs_f64((due - clock.now()).clamp(0.0, NAP_S)));
            }
            Played::End => break,
        }
    }
    std::thread::sleep(SETTLE);
    let ended = clock.now();
    while times.is_none() && !shutdown.is_requested() && broadcast.has_consumers() && clock.now() - ended < LINGER_S {
        std::thread::sleep(SETTLE);
    }
    let counts = broadcast.counts();
    let _ = write!(out, "sent {} samples and {} annotations", counts.samples, counts.texts);
    for (count, what) in [
        (counts.repeats, "times from the beginning"),
        (counts.unheard, "while nobody received"),
        (counts.beyond_buffers, "more than 360 s ahead of real time"),
        (counts.refused, "annotations that no stream can carry left out"),
    ] {
        let _ = if count > 0 { write!(out, ", {count} {what}") } else { Ok(()) };
    }
    let _ = writeln!(out);
    if counts.beyond_buffers > 0 {
        let _ = writeln!(
            out,
            "what went out so far ahead no buffer of LSL holds: a receiver that took it more slowly has lost some, which only \
             its stamps tell; `--ahead 300` leaves such a receiver time"
        );
    }
    Ok(ExitCode::SUCCESS)
}
