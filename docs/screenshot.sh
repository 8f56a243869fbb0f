#!/usr/bin/env bash
# Makes docs/screenshot.svg from the real program in a real terminal of 120 x 40 cells.
#
#     docs/screenshot.sh [SECONDS]
#
# Plays the bundled recording in a loop at four times real time, with training, and captures the screen after SECONDS
# (55.5: in the second pass the eyes have just closed, and generations have been swapped a few times). Needs tmux and
# python3. NEUROSTREAM names the program; without it a release build is made.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-55.5}
program=${NEUROSTREAM:-}
if [ -z "$program" ]; then
    cargo build --release
    program=target/release/neurostream
fi
program=$(realpath "$program")

scratch=$(mktemp -d)
# A server of its own, so that nobody's tmux settings or sessions take part.
tmux() { command tmux -f /dev/null -L "neurostream-$$" "$@"; }
tidy() {
    tmux kill-server 2>/dev/null || true
    rm -rf "$scratch"
}
trap tidy EXIT

command="COLORTERM=truecolor '$program' run --speed 4 --loop --checkpoint '$scratch/checkpoints'"
tmux new-session -d -x 120 -y 40 -s shot "$command"
sleep "$seconds"
# Five seconds in sight instead of ten, so that alpha can be seen as waves.
tmux send-keys -t shot Left
sleep 0.5
# The file is replaced only by a whole picture.
tmux capture-pane -e -p -t shot > "$scratch/screen"
python3 docs/screenshot.py --title "neurostream run --speed 4 --loop" < "$scratch/screen" > "$scratch/screenshot.svg"
mv "$scratch/screenshot.svg" docs/screenshot.svg

# The run ends in good order before its checkpoints are thrown away.
tmux send-keys -t shot q
for _ in $(seq 50); do
    tmux has-session -t shot 2>/dev/null || break
    sleep 0.2
done
