//! `probe`: what frozen embeddings tell, against scikit-learn on the same features.

use super::program::{CRATE, Desk, skip};
use crate::recordings::python;
use serde_json::Value;
use std::process::Command;

/// A desk with recordings of six people whose eyes are open and closed, and a model that has not learnt much.
fn with_people() -> Desk {
    let desk = Desk::new();
    for (at, name) in PEOPLE.iter().enumerate() {
        let seed = (at + 11).to_string();
        desk.run(&["synth", name, "--seed", &seed, "--seconds", "100"]).ends_with(0);
    }
    let small = "--steps 10 --method simclr --set model.widths=[8,16] --set model.embedding=16 --set train.batch=16 --set \
                 window.hop_s=0.5 --set pretrain.mb=20 --set compute.threads=1";
    let small: Vec<&str> = small.split_whitespace().collect();
    desk.run(&[&["pretrain"], &PEOPLE[..2], &["--out", "out"], &small].concat()).ends_with(0);
    desk
}

const PEOPLE: [&str; 6] = ["S1.edf", "S2.edf", "S3.edf", "S4.edf", "S5.edf", "S6.edf"];
const MODEL: [&str; 2] = ["--model", "out/run-0001/model"];
const STATES: [&str; 6] = ["--labels", "annotations", "--classes", "eyes open,eyes closed", "--seeds", "2"];

fn probe(desk: &Desk, files: &[&str], more: &[&str]) -> (String, Value) {
    let said = desk.run(&[&["probe"], files, more, &["--out", "o.json"]].concat()).ends_with(0);
    (said.out, desk.json("o.json"))
}

/// The row of one kind of features.
fn row<'a>(facts: &'a Value, features: &str) -> &'a Value {
    facts["rows"].as_array().unwrap().iter().find(|row| row["features"] == features).unwrap()
}

#[test]
fn figures_are_those_of_scikit_learn_on_the_same_features() {
    let desk = with_people();
    let judge = |task: &str, out: &str, labels: &[&str], more: &[&str]| {
        let fixed = ["--task", task, "--out", out];
        desk.run(&[&["probe"], &PEOPLE[..], &MODEL, labels, &fixed, more].concat()).ends_with(0)
    };
    let said = judge("classification", "classes.json", &STATES, &["--predictions", "p.csv", "--supervised", "40"]);
    for part in [
        "| supervised encoder |",
        "| majority |",
        "| encoder |",
        "| random encoder |",
        "| log band power |",
        "| log covariance |",
        "| ten slow means |",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let facts = desk.json("classes.json");
    let accuracy = |features: &str| row(&facts, features)["judges"][0]["accuracy"]["mean"].as_f64().unwrap();
    for telling in ["log band power", "supervised encoder"] {
        assert!(accuracy(telling) > 0.8, "eyes that close make alpha waves: {}", said.out);
    }
    assert_eq!(row(&facts, "supervised encoder")["judges"].as_array().unwrap().len(), 2, "no shares of labels");
    // The seconds at which windows begin, as a table of labels.
    let predictions = std::fs::read_to_string(desk.path("p.csv")).unwrap();
    let table: String = predictions.lines().skip(1).filter(|line| line.split(',').nth(5) == Some("1")).fold(
        "file,start_s,end_s,label\n".to_owned(),
        |table, line| {
            let fields: Vec<&str> = line.split(',').collect();
            table + &format!("{},{},{},{}\n", fields[0], fields[1], fields[2], fields[1])
        },
    );
    desk.write("numbers.csv", table);
    judge("regression", "numbers.json", &["--labels", "numbers.csv", "--seeds", "2"], &[]);
    judge("clustering", "clusters.json", &STATES, &[]);
    judge("detection", "detected.json", &STATES, &["--positive", "eyes closed"]);
    desk.run(&[&["embed"], &PEOPLE[..], &MODEL, &["--out", "e.csv"]].concat()).ends_with(0);
    desk.run(&[&["embed"], &PEOPLE[..], &MODEL, &["--out", "f.npy"]].concat()).ends_with(0);
    // From files of embeddings the same figures come, without the rows that need the signal.
    for file in ["e.csv", "f.npy"] {
        let (_, again) = probe(&desk, &[file], &STATES);
        assert_eq!(row(&again, "encoder"), row(&facts, "encoder"), "{file}");
        assert_eq!(again["rows"].as_array().unwrap().len(), 2);
    }

    let Some(python) = python() else { return };
    let mut peer = Command::new(python);
    peer.arg(format!("{CRATE}/tests/peers/probe_check.py"));
    peer.args(["e.csv", "p.csv", "classes.json", "numbers.json", "clusters.json", "detected.json"]);
    let said = desk.start_as(peer).wait().ends_with(0);
    assert!(said.out.contains("worst: 0.00"), "{said:#?}");
}

#[test]
fn within_groups_it_does_not_matter_how_large_their_embeddings_are() {
    let desk = with_people();
    desk.run(&[&["embed"], &PEOPLE[..], &MODEL, &["--out", "e.csv"]].concat()).ends_with(0);
    let text = std::fs::read_to_string(desk.path("e.csv")).unwrap();
    let head: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let place = |name: &str| head.iter().position(|column| *column == name).unwrap();
    let (first, file) = (place("e0"), place("file"));
    // Powers of two, so that nothing is rounded.
    let scaled = text.lines().enumerate().map(|(at, line)| {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        let person = PEOPLE.iter().position(|name| fields[file].contains(name)).filter(|_| at > 0);
        for field in fields[first..].iter_mut().filter(|_| person.is_some()) {
            let Ok(value) = field.parse::<f32>() else { continue };
            *field = (value * [1.0, 16.0, 0.25, 8.0, 0.5, 32.0][person.unwrap_or(0)]).to_string();
        }
        fields.join(",") + "\n"
    });
    desk.write("scaled.csv", scaled.collect::<String>());
    let accuracy = |file: &str, more: &[&str]| {
        let (out, facts) = probe(&desk, &[file], &[&STATES[..], more].concat());
        assert_eq!(out.contains("standardised within each group"), !more.is_empty(), "{out}");
        row(&facts, "encoder")["judges"][0]["accuracy"]["mean"].as_f64().unwrap()
    };
    let [plain, other] = ["e.csv", "scaled.csv"].map(|file| accuracy(file, &["--by-group"]));
    assert!((plain - other).abs() < 0.01, "{plain} {other}");
    let [plain, other] = ["e.csv", "scaled.csv"].map(|file| accuracy(file, &[]));
    assert!((plain - other).abs() > 0.01, "over all groups it does: {plain} {other}");
}

#[test]
fn labels_come_from_names_and_tables_and_groups_stay_together() {
    let desk = with_people();
    let names: Vec<String> = (0..6).map(|i| format!("{}{}_{}.edf", ["a", "b", "c"][i / 2], "", i % 2)).collect();
    PEOPLE.iter().zip(&names).for_each(|(from, to)| std::fs::rename(desk.path(from), desk.path(to)).unwrap());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let by_name =
        [&MODEL[..], &["--labels", "/_(\\d)/", "--group", "^[abc]", "--seeds", "2", "--shares", "10"]].concat();
    let (out, facts) = probe(&desk, &names, &by_name);
    assert_eq!(facts["groups"], serde_json::json!(["a", "b", "c"]));
    assert_eq!(facts["folds"], 2, "with a part for each all deals would be alike");
    assert!(out.contains("LR 10 %") && out.contains("LR 100 %") && !out.contains("LR 1 %"), "{out}");
    let table: String = names.iter().map(|name| format!("{name},{}\n", &name[2..3])).collect();
    desk.write("labels.csv", format!("file,label\n{table}"));
    let by_table = [&by_name[..2], &["--labels", "labels.csv"], &by_name[4..]].concat();
    let (_, again) = probe(&desk, &names, &by_table);
    assert_eq!(again["rows"], facts["rows"]);
    // A model that learnt ten steps is no better than band power, and that is said first.
    assert_eq!(out.starts_with("Goal missed: by kNN-20"), facts["goal"].is_string(), "{out}");
}

/// What a browser without a network makes of a page: its document once it is loaded.
fn in_a_browser(desk: &Desk, page: &str) -> Option<String> {
    let name = ["chromium", "google-chrome", "chromium-browser"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|said| said.status.success()));
    let Some(name) = name else {
        skip("there is no chromium to open pages with");
        return None;
    };
    let url = format!("file://{}", desk.path(page).display());
    let profile = format!("--user-data-dir={}", desk.path("profile").display());
    let quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                 --disable-component-update --disable-sync --dump-dom";
    let said = Command::new("unshare")
        .args(["-n", name])
        .args(quiet.split_whitespace())
        .args([&profile, &url])
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    Some(String::from_utf8_lossy(&said.stdout).into_owned())
}

#[test]
fn a_page_holds_all_of_it_and_opens_without_a_network() {
    let desk = with_people();
    let (out, facts) = probe(&desk, &PEOPLE, &[&MODEL[..], &STATES, &["--report", "report.html"]].concat());
    let page = std::fs::read_to_string(desk.path("report.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("href="), "nothing is fetched");
    // The same findings make the same page.
    probe(&desk, &PEOPLE, &[&MODEL[..], &STATES, &["--report", "report.html"]].concat());
    assert!(std::fs::read_to_string(desk.path("report.html")).unwrap() == page);
    let Some(seen) = in_a_browser(&desk, "report.html") else { return };
    let count = |what: &str| seen.matches(what).count();
    // Two confusions, two maps, and curves of loss, std and RankMe.
    assert_eq!((count("<svg"), count("<figure>"), count("<h1>")), (7, 7, 1), "{seen}");
    let windows = facts["windows"].as_u64().unwrap() as usize;
    // Each window on each map; ten steps make one point of each of the five curves.
    assert_eq!(count("<circle"), 2 * windows + 5, "{seen}");
    for cell in out.lines().filter(|line| line.starts_with("| encoder")).flat_map(|line| line.split(" | ")) {
        assert!(seen.contains(cell.trim_matches(['|', ' '])), "{cell}");
    }
    let sha256 = facts["model"]["sha256"].as_str().unwrap();
    for part in ["probe S1.edf S2.edf", "--report report.html", sha256, env!("CARGO_PKG_VERSION"), "[encoder]"] {
        assert!(seen.contains(part), "{part}");
    }
    // Other tasks have no confusions, and files of embeddings no model.
    desk.run(&[&["embed"], &PEOPLE[..], &MODEL, &["--out", "e.csv"]].concat()).ends_with(0);
    probe(&desk, &["e.csv"], &[&STATES[..], &["--task", "clustering", "--report", "c.html"]].concat());
    let page = std::fs::read_to_string(desk.path("c.html")).unwrap();
    assert!(page.matches("<svg").count() == 2 && page.contains("no curve.csv"), "{page}");
}

#[test]
fn what_cannot_be_judged_is_said() {
    let desk = with_people();
    let probe = |more: &[&str]| desk.run(&[&["probe", "S1.edf"], &MODEL[..], more].concat());
    probe(&["--labels", "gone.csv"]).refuses(1, &["gone.csv", "neither `annotations`"]);
    probe(&["--labels", "/(/"]).refuses(2, &["--labels /(/"]);
    probe(&["--labels", "annotations", "--seeds", "1"]).refuses(2, &["--seeds"]);
    probe(&["--labels", "annotations", "--classes", "asleep"]).refuses(1, &["no window has a label"]);
    probe(&["--labels", "annotations"]).refuses(1, &["of one group, S1.edf", "--group"]);
    probe(&["--labels", "annotations", "--bands", "8-"]).refuses(2, &["--bands 8-"]);
    probe(&["--labels", "annotations", "--supervised", "0"]).refuses(2, &["--supervised must be from 1"]);
    probe(&["--labels", "annotations", "--supervised", "9", "--task", "clustering"])
        .refuses(2, &["--supervised needs"]);
    desk.write("bad.csv", "file,label\nS1.edf\n");
    probe(&["--labels", "bad.csv"]).refuses(1, &["bad.csv: line 2"]);
    desk.run(&["probe", "S1.edf", "--labels", "annotations"]).refuses(1, &["recordings need --model"]);
    let two = ["probe", "S1.edf", "S2.edf", "--model", MODEL[1]];
    let judge = |more: &[&str]| desk.run(&[&two[..], more].concat());
    judge(&["--labels", "/edf/"]).refuses(1, &["nothing to tell apart"]);
    judge(&["--labels", "annotations", "--task", "regression"]).refuses(1, &["is no number"]);
    judge(&["--labels", "annotations", "--task", "detection"]).refuses(1, &["--positive LABEL"]);
}
