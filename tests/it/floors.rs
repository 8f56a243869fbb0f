//! The floors of the crate: imports go down only, and what is dangerous stays in its one place.
//!
//! Owns nothing; the test runner runs it. Invariant: the rules are those of `docs/ARCHITECTURE.md`, and each is shown to
//! notice a breach that is planted for it.

mod code;

use code::{Token, roots, tokens, without_tests, words};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Modules by floor, from the ground up. Those of one floor do not know each other.
const FLOORS: [&[&str]; 8] = [
    &["signal"],
    &["dsp", "ring", "format", "lsl", "config", "plot"],
    &["source", "window"],
    &["learn"],
    &["serve", "evaluate"],
    &["pipeline"],
    &["tui"],
    &["cli"],
];
const LONGEST: usize = 500;
/// Bindings of a C library, one numeric kernel, one setting of the allocator, and one call that locks memory.
const UNSAFE: [&str; 4] = ["src/lsl/raw.rs", "src/learn/nn/gemm.rs", "src/cli/allocator.rs", "src/pipeline/memory.rs"];
/// `stage` names threads and catches their panics; `run` has one that must not outlive the screen.
const THREADS: [&str; 2] = ["src/pipeline/stage.rs", "src/cli/run.rs"];
const CLOCKS: [&str; 1] = ["src/pipeline/clock.rs"];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// The path of a file's module, `src/ring/mod.rs` being that of `ring` and the program's root that of `cli`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    match path {
        "lib" => Vec::new(),
        "main" => vec!["cli".to_owned()],
        path => path.split('/').filter(|part| *part != "mod").map(str::to_owned).collect(),
    }
}

/// Imports of one file that do not go down.
fn climbing(file: &str, tokens: &[Token]) -> Vec<String> {
    let module = module_of(file);
    let Some(own) = module.first() else { return Vec::new() };
    let Some(here) = floor(own) else { return vec![format!("{file}: `{own}` has no floor yet")] };
    let mut found = Vec::new();
    for (line, other) in roots(tokens, &module).into_iter().filter(|(_, other)| other != own) {
        match floor(&other) {
            None => found.push(format!("{file}:{line}: `{other}` has no floor")),
            Some(there) if there >= here => {
                found.push(format!("{file}:{line}: `{own}` on floor {here} imports `{other}` on floor {there}"));
            }
            Some(_) => {}
        }
    }
    found
}

/// What else is wrong with one file; the code of tests may make threads and read clocks.
fn misplaced(file: &str, source: &str, tokens: &[Token], is_test: bool) -> Vec<String> {
    let mut found = Vec::new();
    let lines = source.lines().count();
    if lines > LONGEST {
        found.push(format!("{file}: {lines} lines are more than {LONGEST}"));
    }
    if !source.starts_with("//!") {
        found.push(format!("{file}: it does not begin with what it owns (//!)"));
    }
    let program = if is_test { Vec::new() } else { without_tests(tokens).0 };
    let mut only_in = |files: &[&str], tokens: &[Token], what: &[&str]| {
        for at in (0..tokens.len()).filter(|&at| !files.contains(&file) && words(tokens, at, what)) {
            found.push(format!("{file}:{}: `{}` belongs into {}", tokens[at].line, what.concat(), files.join(", ")));
        }
    };
    only_in(&UNSAFE, tokens, &["unsafe"]);
    for made in ["spawn", "scope", "Builder"] {
        only_in(&THREADS, &program, &["thread", "::", made]);
    }
    only_in(&THREADS, &program, &["ThreadPoolBuilder"]);
    for clock in ["Instant", "SystemTime"] {
        only_in(&CLOCKS, &program, &[clock, "::", "now"]);
    }
    found
}

fn breaches(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    [climbing(file, &tokens), misplaced(file, source, &tokens, false)].concat()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            all.extend(files_below(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            all.push(entry);
        }
    }
    all.sort();
    all
}

#[test]
fn imports_go_down_and_dangerous_things_stay_in_their_places() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = files_below(&root.join("src"));
    let sources: Vec<(String, String)> = files
        .iter()
        .map(|path| (path.strip_prefix(root).unwrap().display().to_string(), std::fs::read_to_string(path).unwrap()))
        .collect();
    let mut test_files = BTreeSet::new();
    for (file, source) in &sources {
        let folder =
            if file.ends_with("/mod.rs") { file.trim_end_matches("mod.rs") } else { file.trim_end_matches(".rs") };
        let names = without_tests(&tokens(source)).1;
        test_files.extend(names.iter().map(|name| format!("{}/{name}", folder.trim_end_matches('/'))));
    }
    let (mut found, mut imports) = (Vec::new(), BTreeSet::new());
    for (file, source) in &sources {
        let tokens = tokens(source);
        let is_test = test_files.iter().any(|test| file.starts_with(test.as_str()));
        found.extend(climbing(file, &tokens));
        found.extend(misplaced(file, source, &tokens, is_test));
        let module = module_of(file);
        imports.extend(roots(&tokens, &module).into_iter().map(|(_, other)| (module.first().cloned(), other)));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    // The checker sees what is there: each floor above the ground imports something from below.
    for modules in &FLOORS[1..] {
        let sees = |(own, other): &(Option<String>, String)| {
            own.as_deref().is_some_and(|own| modules.contains(&own) && own != other)
        };
        assert!(imports.iter().any(sees), "no import is seen in {modules:?}");
    }
    assert!(files.len() > 100, "{} files", files.len());
}

#[test]
fn a_planted_import_upwards_is_noticed() {
    for (file, planted) in [
        ("src/dsp/filter.rs", "use crate::learn::Trainer;"),
        ("src/dsp/filter.rs", "use crate::{\n    signal::{Stamp, Frame as F},\n    pipeline::Plan,\n};"),
        ("src/ring/reader.rs", "use super::super::source::Pace;"),
        ("src/ring/mod.rs", "pub use super::{signal::Stamp, tui};"),
        ("src/ring/mod.rs", "pub(in crate::serve) fn f() {}"),
        ("src/learn/nn/gemm.rs", "fn f() -> crate::serve::EncodeCounts { todo }"),
        ("src/learn/mod.rs", "mod tests { mod deep { use super::super::super::serve::Outlet; } }"),
        ("src/window/slide.rs", "use crate::source::Pace;"),
        ("src/config/mod.rs", "use crate::lsl;"),
        ("src/pipeline/run.rs", "const C: char = '\"'; use crate::tui::App; const D: &str = \"\";"),
        ("src/pipeline/run.rs", "/* a /* b */ c */ fn f<'a>(x: &'a u8) { crate::tui::run::<u8>(x) }"),
        ("src/serve/mod.rs", "use neurostream::pipeline::Plan;"),
        ("src/signal/mod.rs", "use crate::helpers::X;"),
        ("src/helpers/mod.rs", "use crate::signal::X;"),
    ] {
        let found = climbing(file, &tokens(planted));
        assert_eq!(found.len(), 1, "{file}: {planted}: {found:?}");
    }
}

#[test]
fn what_goes_down_or_is_no_code_is_let_through() {
    for (file, fine) in [
        ("src/cli/run.rs", "use neurostream::tui; use super::arguments::X; use crate::cli::status::Y;"),
        ("src/main.rs", "mod cli; fn main() { cli::main() }"),
        ("src/lib.rs", "pub mod tui; pub use crate::tui::App;"),
        ("src/tui/app.rs", "use crate::{pipeline::view::View, signal::Stamp}; use super::state::State;"),
        ("src/ring/reader.rs", "// use crate::tui::App;\n/* crate::tui */ /// [`crate::tui`]\nuse super::Header;"),
        ("src/ring/reader.rs", r##"const A: &str = "crate::tui::\"x"; const B: &str = r#"crate::tui::"x"#;"##),
        ("src/source/replay.rs", "mod tests { use super::super::Pace; } use crate::config::suggestion;"),
        ("src/dsp/mod.rs", "pub(crate) fn f() { std::thread::sleep(d); x.unsafe_code(); }"),
    ] {
        let source = format!("//! What it owns.\n{fine}");
        assert_eq!(breaches(file, &source), [""; 0], "{file}: {fine}");
    }
}

#[test]
fn planted_misplacements_are_noticed() {
    let long = "//!\n".repeat(LONGEST + 1);
    for (file, planted) in [
        ("src/ring/reader.rs", "//! x\nfn f() { unsafe { g() } }"),
        ("src/ring/reader.rs", "//! x\n#[cfg(test)]\nmod tests { fn f() { unsafe { g() } } }"),
        ("src/ring/reader.rs", "//! x\nfn f() { std::thread::spawn(g); }"),
        ("src/ring/reader.rs", "//! x\nuse std::thread; fn f() { thread::Builder::new(); }"),
        ("src/learn/mod.rs", "//! x\nfn f() { rayon::ThreadPoolBuilder::new(); }"),
        ("src/serve/mod.rs", "//! x\nfn f() { Instant::now(); }"),
        ("src/serve/mod.rs", "//! x\n#[cfg(test)]\nmod tests { fn f() {} }\nfn g() { std::time::SystemTime::now(); }"),
        ("src/dsp/mod.rs", "use crate::signal::Stamp;"),
        ("src/dsp/mod.rs", &long),
    ] {
        let found = breaches(file, planted);
        assert_eq!(found.len(), 1, "{file}: {planted:.80}: {found:?}");
    }
    let in_tests = "//! x\n#[cfg(test)]\nmod tests { fn f() { std::thread::scope(g); Instant::now(); } }";
    assert_eq!(breaches("src/serve/mod.rs", in_tests), [""; 0]);
    assert_eq!(breaches("src/lsl/raw.rs", "//! x\nfn f() { unsafe { g() } }"), [""; 0]);
}
