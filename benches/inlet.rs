//! From a push in another process to our block, what receiving costs, what is lost, and how soon a source is back:
//! `cargo bench --bench inlet [-- SECONDS]`.
//!
//! The sender is this program again, in a process of its own on the same computer. It stamps each frame when it pushes
//! it. A latency is the clock when a pull returns, less the stamp of the oldest frame that it brings; the share of a core
//! is what this whole process uses, liblsl's threads included. Where liblsl is missing it says so and measures nothing.
//! `SENDER_UNDER="nsenter -t PID -n"` puts the sender into another network namespace, behind a router for example.
//! Run it in a network namespace with nothing but loopback (`unshare -n`, `ip link set lo up`) to keep the lab out.

use neurostream::lsl::{Inlet, Library, Outlet, SampleFormat, StreamInfo, resolve_one};
use neurostream::pipeline::MonotonicClock;
use neurostream::signal::{Block, Clock};
use neurostream::source::{LslSource, Progress, Source};
use std::error::Error;
use std::io::{self, Write};
use std::process::{Child, Command};
use std::time::Duration;

type Failed = Box<dyn Error>;

/// Seconds of signal that are measured, after one that is not.
const SECONDS: f64 = 20.0;
/// How often a sender goes away and comes back.
const TIMES: usize = 5;
/// How long it stays away at least, in seconds.
const AWAY_S: f64 = 3.0;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(["send", channels, rate_hz, block]) =
        arguments.get(..4).map(|words| [&words[0], &words[1], &words[2], &words[3]].map(String::as_str))
    {
        return send(channels.parse()?, rate_hz.parse()?, block.parse()?);
    }
    // `cargo test` runs benches too; a minute of it would be no test.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let seconds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(SECONDS);
    let library = match Library::load(None) {
        Ok(library) => library,
        Err(error) => return Ok(writeln!(io::stdout(), "skipped: {error}")?),
    };
    for (channels, rate_hz, block) in [(64, 1000.0, 1), (256, 30_000.0, 30), (1024, 1000.0, 10)] {
        receive(&library, (channels, rate_hz, block), seconds)?;
    }
    for time in 0..TIMES {
        // At another moment between two calls each time.
        come_back(&library, AWAY_S + time as f64 * 0.07)?;
    }
    Ok(())
}

/// A sender that ends with the measurement.
struct Sender(Child);

impl Sender {
    fn start((channels, rate_hz, block): (usize, f64, usize)) -> io::Result<Self> {
        let words = ["send".to_owned(), channels.to_string(), rate_hz.to_string(), block.to_string()];
        let program = std::env::current_exe()?.display().to_string();
        let under = std::env::var("SENDER_UNDER").unwrap_or_default();
        let mut all = under.split_whitespace().map(str::to_owned).chain([program]).chain(words);
        Command::new(all.next().unwrap_or_default()).args(all).spawn().map(Self)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends until it is killed. Channel 0 counts frames, so that a lost one is seen.
fn send(channels: usize, rate_hz: f64, block: usize) -> Result<(), Failed> {
    let library = Library::load(None)?;
    let info = StreamInfo::create(&library, ("bench", "EEG", "bench"), channels, rate_hz, SampleFormat::Float32)?;
    let mut outlet = Outlet::create(&info, 60)?;
    let mut samples = vec![0.5; channels * block];
    let start = library.local_clock();
    let mut sent: u64 = 0;
    loop {
        let due_s = start + sent as f64 / rate_hz - library.local_clock();
        if due_s > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(due_s));
        }
        for (frame, values) in (sent..).zip(samples.chunks_mut(channels)) {
            values[0] = (frame % (1 << 24)) as f64;
        }
        outlet.push_chunk(&samples, &vec![library.local_clock(); block])?;
        sent += block as u64;
    }
}

/// Measures one shape.
fn receive(library: &Library, shape: (usize, f64, usize), seconds: f64) -> Result<(), Failed> {
    let _sender = Sender::start(shape)?;
    let (channels, rate_hz, block) = shape;
    let mut inlet = Inlet::open(&resolve_one(library, Some("bench"), 20.0)?, 60, 0.25, 10.0)?;
    let (mut samples, mut stamps, mut latencies) = (Vec::new(), Vec::new(), Vec::new());
    let (mut expected, mut lost, mut frames): (Option<f32>, f64, u64) = (None, 0.0, 0);
    let from = library.local_clock() + 1.0;
    let mut used = None;
    while library.local_clock() < from + seconds {
        if inlet.pull(0.05, &mut samples, &mut stamps)? == 0 {
            continue;
        }
        let now = library.local_clock();
        for first in samples.iter().step_by(channels) {
            lost += f64::from(expected.map_or(0.0, |expected| first - expected));
            expected = Some((first + 1.0) % (1 << 24) as f32);
        }
        if now > from {
            used.get_or_insert_with(|| (cpu_s(), now));
            frames += stamps.len() as u64;
            latencies.push((now - stamps[0]) * 1e6);
        }
    }
    let (before, since) = used.unwrap_or((0.0, from));
    let share = 100.0 * (cpu_s() - before) / (library.local_clock() - since);
    latencies.sort_by(f64::total_cmp);
    let quantile = |q: f64| latencies.get((q * latencies.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    writeln!(
        io::stdout(),
        "{channels} ch x {rate_hz} Hz in blocks of {block}: {frames} frames, {lost} lost, p50 {:.0} µs, p99 {:.0} µs, \
         {share:.1} % of a core",
        quantile(0.5),
        quantile(0.99),
    )?;
    Ok(())
}

/// How long after it was made a stream that was away is heard again, by the source that a run has.
fn come_back(library: &Library, away_s: f64) -> Result<(), Failed> {
    let shape = (64, 1000.0, 1);
    let sender = Sender::start(shape)?;
    let clock = MonotonicClock::new();
    let mut source = LslSource::open(library, Some("bench"), 20.0, &clock)?;
    let (mut block, mut events) = (Block::default(), Vec::new());
    let mut hear = |until: f64| -> Result<Option<f64>, Failed> {
        while library.local_clock() < until {
            block.clear();
            if source.step(clock.now(), &mut block, &mut events)? == Progress::Frames {
                return Ok(Some(library.local_clock()));
            }
        }
        Ok(None)
    };
    hear(library.local_clock() + 10.0)?;
    drop(sender);
    let away = library.local_clock() + away_s;
    while library.local_clock() < away {
        hear(away)?;
    }
    let _sender = Sender::start(shape)?;
    let heard = hear(library.local_clock() + 20.0)?.ok_or("it was never heard again")?;
    let made = resolve_one(library, Some("bench"), 20.0)?.created_at();
    writeln!(io::stdout(), "back {:.3} s after it was made", heard - made)?;
    Ok(())
}

/// Seconds of processor time that this process has used.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    ticks / 100.0
}
