//! Sample in to embedding out, 64 channels at 1 kHz, windows of 250 frames every 50, with the trainer off and on:
//! `cargo bench --bench latency`.
//!
//! The whole pipeline runs live on a synthetic brain for half a minute each; a latency counts from the arrival of a
//! window's last frame, conditioning included, to its embedding.

use neurostream::config::Document;
use neurostream::pipeline::{MonotonicClock, Options, Plan, Shutdown, Stages, configure, start};
use neurostream::signal::Clock;
use neurostream::source::synthetic::SyntheticBrain;
use neurostream::source::{GeneratedSource, Source};
use std::error::Error;
use std::io::Write;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SECONDS: f64 = 30.0;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test` runs benches too; half a minute of it would be no test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    for training in [false, true] {
        let text = format!(
            "[source]\nsynthetic = true\n[window]\nlength_s = 0.25\nhop_s = 0.05\n[train]\nenabled = {training}\ncheckpoint = \"\"\nsteps_per_s = 1000.0"
        );
        let config = configure(&Document::parse("bench", &text)?)?;
        let clock: Arc<dyn Clock> = Arc::new(MonotonicClock::new());
        let source = Box::new(GeneratedSource::new(SyntheticBrain::new(1, 64, 1000.0), 1.0, 0.01));
        let plan = Plan::new(&config, source.facts())?;
        let options = Options { duration_s: Some(SECONDS), ..Options::default() };
        let stages = Stages::wire(&plan, source, &options, &*clock)?;
        let running = start(&plan, stages, clock, &Shutdown::default())?;
        let outcome = running.finish();
        let trainer = if training { "training" } else { "trainer off" };
        writeln!(std::io::stdout(), "64 ch x 1 kHz, {trainer}:\n{}", outcome.summary.to_text())?;
    }
    Ok(())
}
