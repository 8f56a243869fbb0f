//! Metrics: what a run tells Prometheus, read by Prometheus' own parser, and who may ask.
//!
//! Each test starts the program itself. Invariant: the names that are told are those of docs/metrics.md, and the dashboard
//! of docs/grafana.json asks for no other.

use crate::cli::program::{CRATE, Desk, SMALL, Started, bundled, skip};
use crate::lsl::rig;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

/// Starts a live run with an address for metrics; the address, once it is told.
fn start(desk: &Desk, more: &[&str]) -> (Started, String) {
    let recording = bundled();
    let fixed = ["run", "--replay", &recording, "--checkpoint", "", "--metrics", "127.0.0.1:0"];
    let mut run = desk.start(&[&fixed[..], &SMALL, more].concat());
    let address = |run: &Started| {
        let out = run.out();
        let (_, rest) = out.split_once("metrics at http://")?;
        rest.split_once("/metrics\n").map(|(address, _)| address.to_owned())
    };
    run.until("the address is told", |run| address(run).is_some());
    let address = address(&run).unwrap();
    (run, address)
}

/// The answer to one request.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // In two pieces, as a network may bring it.
    let (first, second) = request.split_at(request.len() / 2);
    stream.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    stream.write_all(second.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The metrics at this moment.
fn scrape(address: &str) -> String {
    let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    body.to_owned()
}

/// All samples, and the kind of each family, as Prometheus' parser reads them.
struct Told {
    families: BTreeMap<String, String>,
    samples: BTreeMap<(String, String), f64>,
}

impl Told {
    fn read(desk: &Desk, python: &std::path::Path, text: &str) -> Self {
        let file = desk.write("metrics.txt", text);
        let script = format!("{CRATE}/tests/peers/metrics_read.py");
        let said = Command::new(python).args([&script, &file]).output().unwrap();
        assert!(said.status.success(), "{}\n{text}", String::from_utf8_lossy(&said.stderr));
        let told: Value = serde_json::from_slice(&said.stdout).unwrap();
        let families = serde_json::from_value(told["families"].clone()).unwrap();
        let samples = told["samples"].as_array().unwrap().iter().map(|sample| {
            // With one label at most, its value says which sample it is.
            let labels = sample[1].as_object().unwrap();
            let label = labels.iter().find(|(name, _)| *name != "le").map_or("", |(_, value)| value.as_str().unwrap());
            ((sample[0].as_str().unwrap().to_owned(), label.to_owned()), sample[2].as_f64().unwrap_or(f64::NAN))
        });
        Self { families, samples: samples.collect() }
    }

    #[track_caller]
    fn of(&self, name: &str, label: &str) -> f64 {
        let key = (format!("neurostream_{name}"), label.to_owned());
        *self.samples.get(&key).unwrap_or_else(|| panic!("{key:?} is not in {:?}", self.samples.keys()))
    }
}

/// Every word in a text that could be the name of a metric.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_name = |word: &&str| word.starts_with("neurostream_") || word.starts_with("process_");
    let family = |word: &str| {
        let endings = ["_bucket", "_sum", "_count"];
        endings.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word).to_owned()
    };
    words.filter(is_name).map(family).collect()
}

#[test]
fn prometheus_reads_what_a_run_tells_and_the_figures_are_its_own() {
    let python = match rig::python("prometheus_client") {
        Ok(python) => python,
        Err(why) => return skip(&why),
    };
    let desk = Desk::new();
    let more = [
        "--record",
        "r.edf",
        "--teach",
        "--speed",
        "20",
        "--loop",
        "--set",
        "train.publish_every=2",
        "--set",
        "train.gate.canary=0",
        "--set",
        "window.around=\"/eyes/\"",
        "--set",
        "window.from_s=0",
        "--set",
        "window.to_s=2",
    ];
    let (run, address) = start(&desk, &more);
    let mut run = run;
    // Until everything has something to tell.
    let mut text = String::new();
    run.until("all is told", |_| {
        let answer = ask(&address, "GET /metrics HTTP/1.1\r\n\r\n");
        text = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        let has = |what: &str| text.lines().any(|line| line.starts_with(what));
        let asked = text.lines().any(|line| line.starts_with("neurostream_teaching_accuracy_ratio"));
        has("neurostream_health{figure=\"cka\"}") && asked
    });
    let told = Told::read(&desk, &python, &text);
    assert_eq!(told.of("channels", ""), 16.0);
    let acquired = told.of("frames_acquired_total", "");
    assert!(acquired > 0.0);
    for consumer in ["encoder", "trainer", "display", "recorder"] {
        let [consumed, lost, left, offered, fill] =
            ["consumed_frames_total", "lost_frames_total", "left_frames", "offered_frames_total", "fill_ratio"]
                .map(|name| told.of(&format!("ring_{name}"), consumer));
        // Each ledger is read a moment after the frames acquired.
        let balances = consumer == "recorder" || consumed + lost + left >= acquired;
        assert!(balances && offered + 1.0 >= consumed && offered > 0.0, "{consumer}: {text}");
        assert!((0.0..=1.0).contains(&fill), "{consumer}: {fill}");
    }
    let windows = told.of("windows_encoded_total", "");
    assert!(windows > 0.0 && told.of("embedding_latency_seconds_count", "") >= windows, "{text}");
    for stage in ["conditioning", "ring", "window", "encode", "publish"] {
        assert!(told.of("stage_latency_seconds_count", stage) >= windows, "{stage}");
    }
    assert!(told.of("embedding_latency_seconds_sum", "") > 0.0);
    assert!(!told.samples.keys().any(|(_, label)| label == "source"), "at 20 times real time stamps say nothing");
    assert!(told.of("training_steps_total", "") > 0.0 && told.of("recording_frames_total", "") > 0.0);
    let states = ["off", "warming", "ok", "collapsed", "stopped"].map(|state| told.of("training_state", state));
    assert_eq!(states.iter().sum::<f64>(), 1.0);

    // What only grows does, and the kinds of all families stay.
    let later = Told::read(&desk, &python, &scrape(&address));
    assert_eq!(later.families, told.families);
    for ((name, label), value) in told.samples.iter().filter(|((name, _), _)| name.ends_with("_total")) {
        assert!(later.samples[&(name.clone(), label.clone())] >= *value, "{name} {label}");
    }
    assert!(later.of("frames_acquired_total", "") > acquired);

    // The page lists these names, and the dashboard asks for no other.
    let [page, dashboard] =
        ["metrics.md", "grafana.json"].map(|name| std::fs::read_to_string(format!("{CRATE}/docs/{name}")).unwrap());
    let mut all: BTreeSet<String> = told.families.keys().cloned().collect();
    // The one that needs a stream of the Lab Streaming Layer.
    assert!(all.insert("neurostream_outlet_heard".to_owned()));
    assert_eq!(names(&page).symmetric_difference(&all).collect::<Vec<_>>(), [""; 0]);
    let board: Value = serde_json::from_str(&dashboard).unwrap();
    let mut asked = BTreeSet::new();
    for panel in board["panels"].as_array().unwrap() {
        assert!(panel["title"].is_string() && panel["gridPos"]["w"].is_u64(), "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            let expression = names(target["expr"].as_str().unwrap());
            assert!(!expression.is_empty(), "{target}");
            asked.extend(expression);
        }
    }
    assert!(asked.len() > 20 && asked.is_subset(&all), "{:?}", asked.difference(&all).collect::<Vec<_>>());

    run.signal("INT");
    run.wait().ends_with(0);
    assert!(TcpStream::connect(&address).is_err(), "nobody listens after the end");
}

#[test]
fn whoever_asks_badly_or_slowly_costs_nobody_anything() {
    let desk = Desk::new();
    // At full speed there is the same thread beside the only other one.
    let (mut run, address) = start(&desk, &["--speed", "max", "--loop"]);
    let silent: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for (request, status) in
        [("GET /nothing HTTP/1.1\r\n\r\n", "404"), ("POST /metrics HTTP/1.1\r\n\r\n", "405"), ("HELLO\r\n\r\n", "400")]
    {
        // Where eight sit there in silence others are hung up on until those are.
        run.until("somebody is answered", |_| {
            let Ok(mut stream) = TcpStream::connect(&address) else { return false };
            let mut answer = String::new();
            let asked = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
            asked.is_ok() && answer.starts_with(&format!("HTTP/1.1 {status}"))
        });
    }
    drop(silent);
    run.signal("INT");
    let said = run.wait().ends_with(0);
    assert!(said.out.contains("stopped") || said.out.contains("asked"), "{said:?}");
}

#[test]
fn an_address_that_cannot_be_had_is_told_before_anything_moves() {
    let (desk, recording) = (Desk::new(), bundled());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = |address: &str| {
        let fixed = ["run", "--replay", &recording, "--speed", "max", "--embeddings", "e.csv", "--checkpoint", "c"];
        desk.run(&[&fixed[..], &SMALL, &["--metrics", address]].concat())
    };
    run(&address).refuses(1, &[&format!("metrics.listen = \"{address}\""), "another program listens there"]);
    run("0.0.0.0:9464").refuses(2, &["metrics.listen = \"0.0.0.0:9464\"", "this computer alone", "ssh -L"]);
    run("9464").refuses(2, &["metrics.listen = \"9464\"", "127.0.0.1:9464"]);
    assert_eq!(desk.listing(), [], "nothing is left behind");
}
