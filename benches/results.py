#!/usr/bin/env python3
"""What pretraining on folders is worth: makes the rows of docs/results.md. Needs only Python.

    benches/results.py METHOD… [--set eegmat|ssvep-exo]    trains by each method on half of the people, judges by the others
    benches/results.py supervised                          the same encoder taught with labels
    benches/results.py --table                             prints the tables of all that has been made

Run in the folder of Cargo.toml. What is made stays in target/results, and is not made again. NEUROSTREAM names the program;
without it the release build is taken.
"""
import argparse, glob, json, os, pathlib, subprocess, sys

DATA = "../shared/data/labelled"
SETS = {
    "eegmat": {
        "learns": ["eegmat/Subject0*.edf", "eegmat/Subject1[01]*.edf"],
        "judged": ["eegmat/Subject1[2-9]*.edf", "eegmat/Subject2*.edf"],
        "group": r"Subject\d+",
        "train": [],
        "labels": ["--labels", "docs/eegmat.csv"],
    },
    "ssvep-exo": {
        "learns": ["ssvep-exo/subject0[1-4]*.edf"],
        "judged": ["ssvep-exo/subject0[5-8]*.edf"],
        "group": r"subject\d+",
        "train": ["--set", "window.hop_s=0.25"],
        "labels": ["--labels", "annotations", "--offset", "0.74"],
    },
}
METHODS = "byol moco simclr cpc mae masked autoencoder order transform forecast mixup".split()
# Power at the lamps and at twice their pace, beside the usual bands.
LAMPS = "12.5-13.5,16.5-17.5,20.5-21.5,25.5-26.5,33.5-34.5"
WAYS = {"": [], "-by-group": ["--by-group"]}
FOLDER = pathlib.Path("target/results")


def files(patterns):
    found = sorted(path for pattern in patterns for path in glob.glob(f"{DATA}/{pattern}"))
    return found or sys.exit(f"{DATA}: no recordings {' '.join(patterns)}")


def ran(*command):
    print("+", " ".join(map(str, command)), flush=True)
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)


def train(program, name, method):
    facts, out = SETS[name], FOLDER / f"{name}-{method}"
    model = out / "run-0001" / "model"
    if not model.exists():
        ran(program, "pretrain", *files(facts["learns"]), "--config", "configs/pretrain.toml", "--method", method, "--group",
            facts["group"], *facts["train"], "--set", "compute.threads=1", "--out", out)
    return model


def judge(program, name, model, out, more):
    facts = SETS[name]
    if not out.exists():
        ran(program, "probe", *files(facts["judged"]), "--model", model, *facts["labels"], "--group", facts["group"],
            "--out", out, *more)


def make(program, name, method):
    if method == "supervised":
        # From first weights, whatever model it is.
        for way, more in WAYS.items():
            out = FOLDER / f"{name}-{method}{way}.json"
            judge(program, name, train(program, name, "simclr"), out, ["--supervised", "100", *more])
            if name == "ssvep-exo":
                out = FOLDER / f"{name}-lamps{way}.json"
                judge(program, name, train(program, name, "simclr"), out, ["--bands", LAMPS, *more])
        return
    model = train(program, name, method)
    for way, more in WAYS.items():
        judge(program, name, model, FOLDER / f"{name}-{method}{way}.json", more)


def figure(judged, what="accuracy"):
    return f"{judged[what]['mean']:.3f} ± {judged[what]['half']:.3f}"


def low(judged):
    return judged["accuracy"]["mean"] - judged["accuracy"]["half"]


def high(judged):
    return judged["accuracy"]["mean"] + judged["accuracy"]["half"]


def rows(name, way):
    """Name and judges of each row."""
    first = None
    for method in METHODS:
        path = FOLDER / f"{name}-{method}{way}.json"
        if not path.exists():
            continue
        said = json.loads(path.read_text())
        by_name = {row["features"]: row for row in said["rows"]}
        if first is None:
            first = by_name
            yield "majority", None, by_name["majority"]["accuracy"]
            for other in ["random encoder", "log band power", "log covariance", "ten slow means"]:
                yield other, by_name[other]["judges"], None
            for file, features, called in [
                ("lamps", "log band power", "log power at the lamps"),
                ("supervised", "supervised encoder", "supervised encoder"),
            ]:
                path = FOLDER / f"{name}-{file}{way}.json"
                if path.exists():
                    taught = {row["features"]: row for row in json.loads(path.read_text())["rows"]}
                    yield called, taught[features]["judges"], None
        yield method, by_name["encoder"]["judges"], None


def table(name, way):
    found = list(rows(name, way))
    if not found:
        return
    of = {row: judges for row, judges, _ in found if judges}
    rivals = {word: of[row][0] for word, row in [("first weights", "random encoder"), ("band power", "log band power")]}
    how = "standardised by person" if way else "as embeddings are"
    print(f"\n| {name}, {how} | kNN-20 | LR 1 % | LR 5 % | LR 10 % | LR 100 % | kappa | kNN-20 above |")
    print("|---|---|---|---|---|---|---|---|")
    for row, judges, flat in found:
        if judges is None:
            print(f"| {row} |" + f" {flat:.3f} |" * 5 + " | |")
            continue
        at = {judge["judge"]: judge for judge in judges}
        cells = [figure(at[j]) if j in at else "" for j in ["kNN-20", "LR 1 %", "LR 5 %", "LR 10 %", "LR 100 %"]]
        above = ""
        if row in METHODS:
            above = ", ".join(word for word, rival in rivals.items() if low(judges[0]) > high(rival)) or "neither"
        print(f"| {row} | {' | '.join(cells)} | {figure(at['LR 100 %'], 'kappa')} | {above} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", metavar="METHOD", choices=[*METHODS, "supervised", []], help=" ".join(METHODS))
    parser.add_argument("--set", choices=SETS)
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    program = os.environ.get("NEUROSTREAM", "target/release/neurostream")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for method in arguments.methods:
        for name in [arguments.set] if arguments.set else SETS:
            make(program, name, method)
    if arguments.table:
        for name in SETS:
            for way in WAYS:
                table(name, way)


main()
