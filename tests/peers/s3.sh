#!/usr/bin/env bash
# Prepared windows on S3, as moto's server speaks it: writing that is killed and goes on, training from there, what is refused.
#
#     tests/peers/s3.sh PROGRAM PYTHON
#
# PROGRAM is built with `--features s3`, PYTHON has moto[server]. All of it runs in a network namespace with nothing but loopback.
set -euo pipefail
if [ -z "${S3_INSIDE:-}" ]; then
    flags=-n
    unshare -n true 2>/dev/null || flags=-rn
    S3_INSIDE=1 exec unshare $flags -- bash "$0" "$(realpath "$1")" "$2"
fi
export PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
program=$1 python=$2 recording=$(realpath "$(dirname "$0")/../../recordings/synthetic-16ch.edf")
scratch=$(mktemp -d)
cd "$scratch"
export AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=us-east-1
export AWS_ENDPOINT=http://127.0.0.1:5000 AWS_ALLOW_HTTP=true
"${python%/*}/moto_server" -H 127.0.0.1 -p 5000 >moto.log 2>&1 & server=$!
trap 'kill $server 2>/dev/null; rm -rf "$scratch"' EXIT

# bucket WORD: makes the bucket, counts its shards, or fetches all that is in it.
bucket() {
    "$python" - "$1" <<'END'
import pathlib, sys, time
import boto3
s3 = boto3.client("s3", endpoint_url="http://127.0.0.1:5000")
if sys.argv[1] == "make":
    for attempt in range(100):
        try:
            s3.create_bucket(Bucket="lab")
            break
        except Exception:
            time.sleep(0.2)
    else:
        sys.exit("moto does not answer")
found = [one["Key"] for one in s3.list_objects_v2(Bucket="lab").get("Contents", [])]
if sys.argv[1] == "count":
    print(sum(key.endswith(".parquet") for key in found))
if sys.argv[1] == "fetch":
    pathlib.Path("fetched").mkdir()
    for key in found:
        assert key.startswith("some/windows/"), key
        s3.download_file("lab", key, "fetched/" + key.rsplit("/", 1)[1])
END
}

bucket make
mkdir data
for n in 1 2 3 4 5 6; do cp -p "$recording" data/S$n.edf; done
set -- prepare data --mb 1 --group 'S\d' --set window.hop_s=0.5 --set pretrain.stretch_s=20 --set train.batch=16
"$program" "$@" --to folder >whole.txt
"$program" "$@" --to s3://lab/some/windows >killed.txt 2>&1 & writer=$!
until [ "$(bucket count)" -ge 2 ]; do sleep 0.1; done
kill -9 $writer 2>/dev/null && echo "killed with $(bucket count) shards"
wait $writer || true
"$program" "$@" --to s3://lab/some/windows | tee again.txt
grep -q 'goes on behind' again.txt
bucket fetch
diff -r folder fetched
echo "the bucket holds what the folder holds: $(ls fetched | wc -l) files"

train() {
    "$program" pretrain "$1" --out "$2" --method simclr --set model.widths=[8,16] --set model.embedding=16 --set train.batch=16 \
        --set compute.threads=1 --set pretrain.windows=32 --summary "$2.json" "${@:3}"
}
train folder a --steps 40 >a.txt
train s3://lab/some/windows b --steps 20 >b.txt
train s3://lab/some/windows b --steps 40 --resume >>b.txt
cat b.txt
"$python" - <<'END'
import json
a, b = (json.load(open(name)) for name in ("a.json", "b.json"))
assert a["training"]["weights_sha256"] == b["training"]["weights_sha256"], "training from S3 is not that from the folder"
assert b["training"]["steps"] == 40 and not b["recordings"]["left_out"]
print("40 steps from S3, stopped after 20, give the weights of 40 from the folder")
END

refused() {
    if "$program" pretrain "$1" --out c >c.txt 2>&1; then echo "$1 was not refused"; exit 1; fi
    cat c.txt
    grep -q "$2" c.txt
}
refused s3://nowhere/windows 'nowhere'
refused s3://lab/empty 'no prepared windows'
kill $server
AWS_ENDPOINT=http://127.0.0.1:5001 refused s3://lab/some/windows 's3://lab/some/windows'
echo "S3: all is well"
