#!/usr/bin/env bash
# Makes docs/screenshot.svg and docs/views/*.svg from the real program in a real terminal of 120 x 40 and 160 x 48 cells.
#
#     docs/screenshot.sh [SECONDS]
#
# Plays the bundled recording in a loop at four times real time, with training and teaching, and captures the screen after SECONDS
# (40: the eyes have been closed for a few seconds, and generations have been swapped a few times), then each other view.
# Needs tmux and python3. NEUROSTREAM names the program; without it a release build is made.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-40}
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

command="COLORTERM=truecolor '$program' run --speed 4 --loop --teach --socket off --checkpoint '$scratch/checkpoints'"
tmux new-session -d -x 120 -y 40 -s shot "$command"

# shot FILE KEY…: presses keys, and replaces the file by a whole picture of the screen only.
shot() {
    local file=$1
    shift
    tmux send-keys -t shot "$@"
    sleep 1
    tmux capture-pane -e -p -t shot > "$scratch/screen"
    python3 docs/screenshot.py --title "neurostream run --speed 4 --loop --teach" < "$scratch/screen" > "$scratch/screenshot.svg"
    mv "$scratch/screenshot.svg" "$file"
}

sleep "$seconds"
# Five seconds in sight instead of ten, so that alpha can be seen as waves.
shot docs/screenshot.svg Left
mkdir -p docs/views
tmux resize-window -t shot -x 160 -y 48
# Oz, where alpha is.
shot docs/views/traces.svg 2
shot docs/views/spectrum.svg 3 PageDown
shot docs/views/learning.svg 4
shot docs/views/map.svg 5 v
shot docs/views/palette.svg 1 : v i e w
tmux send-keys -t shot Escape
sleep 0.5

# The run ends in good order before its checkpoints are thrown away.
tmux send-keys -t shot q
for _ in $(seq 50); do
    tmux has-session -t shot 2>/dev/null || break
    sleep 0.2
done
