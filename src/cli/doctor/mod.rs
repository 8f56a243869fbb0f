//! `doctor`: why a stream is not found, what could train, and what to do.
//!
//! Runs its looks one after the other on the main thread. Invariant: each finding says what was seen and, unless all is
//! well, what to do; a look that fails is a finding and does not stop the next.

mod network;
mod settings;

use super::arguments::{DoctorArguments, Format};
use neurostream::learn::nn::card::{self, CardError};
use neurostream::lsl::{ClockOffset, Inlet, Library, MarkerInlet, Outlet, SampleFormat, StreamInfo, resolve, visible};
use serde_json::json;
use settings::Settings;
use std::io::{self, Write};
use std::process::ExitCode;

/// liblsl 1.16 answers on all interfaces; 1.17 takes settings from a program.
const OLDEST: i32 = 116;
/// How long our own stream may take to be found.
const OWN_S: f64 = 3.0;
/// How long streams are collected, and how long one may take to answer.
const COLLECT_S: f64 = 2.0;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    Note,
    Bad,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Bad => "bad",
        }
    }
}

/// What was seen, and what to do about it.
struct Finding {
    state: State,
    seen: String,
    advice: Option<String>,
}

impl Finding {
    fn good(seen: impl Into<String>) -> Self {
        Self { state: State::Good, seen: seen.into(), advice: None }
    }

    fn note(seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Note, seen: seen.into(), advice: Some(advice.into()) }
    }

    fn bad(seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Bad, seen: seen.into(), advice: Some(advice.into()) }
    }
}

/// Looks at everything on which finding a stream depends.
pub fn doctor(arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let places = settings::places(&|name| std::env::var_os(name));
    let (settings, mut findings) = match Settings::read(&places) {
        Ok(settings) => (settings.clone(), of_settings(&settings)),
        Err(error) => {
            let advice = "liblsl goes by its defaults then; mend the file or name another in LSLAPICFG";
            (Settings::default(), vec![Finding::bad(format!("liblsl's settings cannot be read: {error}"), advice)])
        }
    };
    findings.extend(of_network(&settings));
    match Library::load(arguments.library.as_deref()) {
        Err(error) => findings.insert(0, Finding::bad(error.to_string(), "pip install pylsl brings liblsl")),
        Ok(library) => {
            findings.insert(0, of_library(&library));
            findings.push(of_own_stream(&library, &settings));
            findings.extend(of_streams(&library, arguments.predicate.as_deref(), &settings));
        }
    }
    findings.extend(of_cards());
    print(&findings, arguments.format)?;
    let is_bad = findings.iter().any(|finding| finding.state == State::Bad);
    Ok(if is_bad { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS })
}

/// What there is to train on beside the processor.
fn of_cards() -> Vec<Finding> {
    match card::adapters() {
        Ok(adapters) => {
            let seen =
                |adapter: &card::Adapter| Finding::good(format!("compute.device = \"gpu\" can train on {adapter}"));
            adapters.iter().map(seen).collect()
        }
        // Most programs are built so, and want nothing of it.
        Err(CardError::NotBuilt) => vec![Finding::good("trains on the processor: built without graphics cards")],
        Err(error) => vec![Finding::note(error.to_string(), "compute.device = \"cpu\" trains without")],
    }
}

fn of_library(library: &Library) -> Finding {
    let (version, path) = (library.version(), library.path().display());
    let seen = format!("liblsl {}.{} from {path}", version / 100, version % 100);
    if version < OLDEST {
        return Finding::bad(seen, "it is old: `pip install -U pylsl` brings 1.17 or newer");
    }
    Finding::good(seen)
}

fn of_settings(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![match &settings.file {
        Some(file) => Finding::good(format!("settings from {}", file.display())),
        None => Finding::good("no lsl_api.cfg: liblsl goes by its defaults"),
    }];
    if settings.session != "default" {
        let seen = format!("SessionID is {}: streams of other sessions are not seen", settings.session);
        findings.push(Finding::note(seen, "the computer that sends needs the same SessionID in its lsl_api.cfg"));
    }
    if settings.scope == "machine" {
        let seen = "ResolveScope is machine: only streams of this computer are looked for";
        findings.push(Finding::note(seen, "set it to site, or name the other computers in KnownPeers"));
    }
    for peer in &settings.known_peers {
        findings.push(match network::address_of(peer) {
            Ok(address) => Finding::good(format!("KnownPeers has {peer} ({})", address.ip())),
            Err(error) => {
                let seen = format!("KnownPeers has {peer}, which cannot be found: {error}");
                Finding::bad(seen, "write its number, such as 192.168.1.20, or mend the name")
            }
        });
    }
    findings
}

fn of_network(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let interfaces = network::interfaces();
    let carrying = |loopback: bool| {
        let names = interfaces.iter().filter(|i| i.is_up && i.loopback == loopback).map(|i| {
            if i.multicast || i.loopback { i.name.clone() } else { format!("{} (without multicast)", i.name) }
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let outward = carrying(false);
    if !interfaces.is_empty() {
        findings.push(if outward.is_empty() {
            let advice = "connect it to the lab's network; streams of this computer alone are found without";
            Finding::note(format!("no interface leads out of this computer (there is {})", carrying(true)), advice)
        } else {
            Finding::good(format!("interfaces that are up: {outward}"))
        });
    }
    findings.push(match network::multicast_echo() {
        Ok(()) => Finding::good(format!("multicast to {} comes back", network::GROUP)),
        Err(error) => {
            let seen = format!("multicast to {} does not come back: {error}", network::GROUP);
            let advice = "name the computers that send in [lab] KnownPeers of lsl_api.cfg, or allow multicast in firewall \
                          and switch (IGMP snooping)";
            if settings.known_peers.is_empty() { Finding::bad(seen, advice) } else { Finding::note(seen, advice) }
        }
    });
    let (first, count) = (settings.base_port, settings.port_range);
    let (last, free) = (first.saturating_add(count.saturating_sub(1)), network::free_ports(first, count));
    let seen = format!("{free} of the ports {first} to {last} are free");
    findings.push(match free {
        0 => Finding::bad(seen, "no stream can be published: end programs that publish, or raise PortRange"),
        free if free < usize::from(count) / 4 => {
            Finding::note(seen, "each stream takes two: raise PortRange in lsl_api.cfg")
        }
        _ => Finding::good(seen),
    });
    findings
}

/// Publishes a stream and looks for it.
fn of_own_stream(library: &Library, settings: &Settings) -> Finding {
    let source_id = format!("neurostream-doctor-{}", std::process::id());
    let names = ("neurostream-doctor", "Test", source_id.as_str());
    let published = StreamInfo::create(library, names, 1, 0.0, SampleFormat::Float32)
        .and_then(|info| Outlet::create(&info, 1).map(|outlet| (info, outlet)));
    let outlet = match published {
        Ok(outlet) => outlet,
        Err(error) => {
            return Finding::bad(format!("a stream cannot be published here: {error}"), "see the ports above");
        }
    };
    let found = resolve(library, Some(&format!("source_id='{source_id}'")), OWN_S);
    drop(outlet);
    match found {
        Ok(found) if !found.is_empty() => Finding::good("a stream that is published here is found here"),
        Ok(_) => {
            let ports = format!("UDP {} and TCP and UDP {}", settings.multicast_port, settings.base_port);
            Finding::bad(
                format!("a stream that is published here is not found here within {OWN_S} s"),
                format!(
                    "the firewall stops LSL even inside this computer: allow {ports} and the ports after it, or set \
                     KnownPeers = {{127.0.0.1}} in lsl_api.cfg"
                ),
            )
        }
        Err(error) => Finding::bad(format!("streams cannot be looked for: {error}"), "see the library above"),
    }
}

/// The streams that answer, whether they can be opened, and how their clocks stand.
fn of_streams(library: &Library, predicate: Option<&str>, settings: &Settings) -> Vec<Finding> {
    let found = match predicate {
        None => visible(library, COLLECT_S),
        Some(_) => resolve(library, predicate, COLLECT_S),
    };
    let mut found = match found {
        Ok(found) => found,
        Err(error) => return vec![Finding::bad(error.to_string(), "write the predicate as in `name='X'`")],
    };
    found.retain(|stream| !stream.source_id().starts_with("neurostream-doctor-"));
    if found.is_empty() {
        let seen = match predicate {
            None => format!("no stream answers within {COLLECT_S} s"),
            Some(predicate) => format!("no stream matches {predicate} within {COLLECT_S} s"),
        };
        let (base, last) = (settings.base_port, settings.base_port.saturating_add(settings.port_range));
        let advice = format!(
            "start it; if it runs on another computer: both need the same SessionID, that computer's firewall has to let in \
             UDP {} and TCP and UDP {base} to {last}, and where multicast is blocked its address belongs into KnownPeers here",
            settings.multicast_port
        );
        return vec![if predicate.is_some() { Finding::bad(seen, advice) } else { Finding::note(seen, advice) }];
    }
    found.iter().map(|stream| of_stream(stream, settings)).collect()
}

fn of_stream(stream: &StreamInfo, settings: &Settings) -> Finding {
    let offset = if stream.format() == Some(SampleFormat::String) {
        MarkerInlet::open(stream, COLLECT_S).and_then(|mut inlet| inlet.clock_offset(COLLECT_S))
    } else {
        Inlet::open(stream, 1, 1.0, COLLECT_S).and_then(|mut inlet| inlet.clock_offset(COLLECT_S))
    };
    let words = |clock: &ClockOffset| {
        format!("its clock is {:+.6} s from ours, known to {:.2} ms", clock.seconds, clock.uncertainty_s * 1e3)
    };
    match offset {
        Ok(clock) if stream.source_id().is_empty() => Finding::note(
            format!("{stream} answers; {}", words(&clock)),
            "it has no source_id: after a loss it is not found again; give it one where it is published",
        ),
        Ok(clock) if clock.is_unsure() => Finding::note(
            format!("{stream} answers; {}", words(&clock)),
            "the network between is slow: a cable in place of Wi-Fi, or fewer programs on it, makes stamps surer",
        ),
        Ok(clock) => Finding::good(format!("{stream} answers; {}, which is corrected", words(&clock))),
        Err(error) => Finding::bad(
            format!("{stream} is found and does not answer: {error}"),
            format!(
                "its computer's firewall lets searches through and stops the data: allow TCP and UDP {} and the ports after it on {}",
                settings.base_port,
                stream.hostname()
            ),
        ),
    }
}

fn print(findings: &[Finding], format: Format) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for Finding { state, seen, advice } in findings {
        match format {
            Format::Json => writeln!(out, "{}", json!({"state": state.word(), "seen": seen, "advice": advice}))?,
            Format::Text => {
                writeln!(out, "{:<5}{seen}", state.word())?;
                if let Some(advice) = advice {
                    writeln!(out, "     → {advice}")?;
                }
            }
        }
    }
    out.flush()
}
