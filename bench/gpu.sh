#!/usr/bin/env bash
# Tests and measures rin on a machine with an NVIDIA GPU, PyTorch and a C++ compiler, without network and Node.js.
# docs/gpu.md describes how. First, where the network and the built clone are:
#     bench/gpu.sh --pack            writes gpu-carry/carry.tar.xz: Node.js, packages and built files
# Then in a copy of the clone on the other machine:
#     bench/gpu.sh --out results     writes results/report.md, results.json, log.txt and pictures
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
  cat <<'TEXT'
bench/gpu.sh --pack [--carry FOLDER]
bench/gpu.sh [OPTIONS]

  --out FOLDER     results [default: $OUT, else gpu-results]
  --carry FOLDER   holds carry.tar.xz [default: gpu-carry]
  --data SOURCE    data of the training, as for rin train [default: emoji, which is built in]
  --minutes N      the time for everything, 1 to 600 [default: 8]
  --rehearse       on the CPU, with tiny sizes: shows that every stage runs, and measures nothing
TEXT
}
wrong() {
  echo "bench/gpu.sh: $1" >&2
  exit 2
}

pack='' out=${OUT:-gpu-results} carry=gpu-carry data=emoji minutes=8 device=cuda rehearse=''
while [ $# -gt 0 ]; do
  case $1 in
    --out | --carry | --data | --minutes)
      [ $# -gt 1 ] && [ -n "$2" ] || wrong "$1 needs a value"
      case $1 in --out) out=$2 ;; --carry) carry=$2 ;; --data) data=$2 ;; --minutes) minutes=$2 ;; esac
      shift
      ;;
    --pack) pack=yes ;;
    --rehearse) rehearse=yes device=cpu ;;
    --help) usage && exit ;;
    *) wrong "unknown argument $1; --help lists the arguments" ;;
  esac
  shift
done
[[ $minutes =~ ^[0-9]{1,3}$ ]] && ((10#$minutes >= 1 && 10#$minutes <= 600)) || wrong "--minutes is \"$minutes\"; expected a whole number from 1 to 600"
case $data in emoji | bouncing | tones) ;; *) [ -e "$data" ] || wrong "--data $data is not there" ;; esac
if [ -n "$pack" ]; then exec node bench/gpu/pack.mjs "$carry"; fi
[ -f "$carry/carry.tar.xz" ] || wrong "$carry/carry.tar.xz is not there; write it with bench/gpu.sh --pack on a machine with the network"
python3 -c 'import torch' || wrong "python3 has no torch; this script needs a Python with PyTorch 2.8 or newer"

mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd)
work=$(mktemp -d)
background=''
finish() {
  [ -n "$background" ] && kill -- "-$background" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
deadline=$((SECONDS + 10#$minutes * 60))
log=$out/log.txt results=$out/results.json
: >"$log"
export -n CPATH CPLUS_INCLUDE_PATH # headers of another CUDA than libtorch's
export GPU_RESULTS=$results RIN_PYTHON=python3 TORCHINDUCTOR_CACHE_DIR=$work/inductor PYTHONUNBUFFERED=1
PATH=$work/node/bin:$PATH
# Where containers find the driver's libraries, if the linker does not.
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
  [ -e "$folder/libcuda.so.1" ] && export LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done

# stage NAME LIMIT KEPT COMMAND…: runs a command for at most LIMIT seconds, so that KEPT seconds remain for later stages. Its
# failure is written down and stops nothing.
stage() {
  local name=$1 limit=$2 left=$((deadline - SECONDS - $3)) began=$SECONDS code
  shift 3
  ((limit < left)) || limit=$left
  if ((limit < 5)); then
    code=skipped
  else
    printf '\n=== %s (at most %s s)\n' "$name" "$limit" | tee -a "$log"
    STAGE_LIMIT=$limit timeout -k 20 -s "${signal:-TERM}" "$limit" "$@" >>"$log" 2>&1 </dev/null
    code=$?
  fi
  [ "$code" = 0 ] || printf '%s: %s\n' "$name" "$code" | tee -a "$log"
  python3 bench/gpu/report.py stage "$name" "$code" $((SECONDS - began)) "$limit" >>"$log" 2>&1
  [ "$code" = 0 ]
}

python3 bench/gpu/report.py begin "$device" "$data" || exit 1
stage unpack 60 0 python3 bench/gpu/unpack.py "$carry/carry.tar.xz" "$work/node"
if [ -z "$rehearse" ]; then
  networks='cifar10 imagenet64 benchmark' setup="--device cuda --dtype bfloat16"
  limits=(150 120 60 90 60 30)
else
  networks=benchmark setup='--device cpu --dtype float32 --tiny'
  limits=(300 300 300 600 300 300)
fi
read -r build_limit test_limit peak_limit race_limit train_limit sample_limit <<<"${limits[*]}"
last=$((train_limit + sample_limit)) # is kept for the training at the end
stage build "$build_limit" 0 node packages/torch/setup/command.mjs
# Compiled PyTorch tunes its kernels for minutes. It does so while the tests run, and keeps the result in its cache.
if [ -z "$rehearse" ]; then
  # shellcheck disable=SC2086
  setsid timeout 240 node bench/gpu/warm.mjs $setup $networks >"$out/compile.txt" 2>&1 &
  background=$!
fi
stage doctor 60 0 node packages/rin/bin/rin.js doctor
stage tests "$test_limit" "$last" node bench/gpu/tests.mjs "$device"
if [ -n "$background" ]; then
  # What is tuned by then is in the cache. Tuning that went on would slow down what is measured.
  stage compile 200 $((last + 210)) tail --pid="$background" -f /dev/null
  kill -- "-$background" 2>/dev/null && echo 'the tuning of compiled PyTorch was cut off' | tee -a "$log"
  wait "$background" 2>/dev/null
  background=''
fi
# shellcheck disable=SC2086
stage peak "$peak_limit" "$last" node bench/gpu/peak.mjs $setup
for network in $networks; do
  for task in train sample; do
    # shellcheck disable=SC2086
    stage "$task-$network" "$race_limit" "$last" node bench/gpu/race.mjs --task "$task" --network "$network" $setup
  done
done
# The run ends at an interrupt, as by Ctrl-C, and writes its model. Its warm-up is shorter than that of the preset.
if [ -z "$rehearse" ]; then
  settings='--training.warmup 2560 --training.logEvery 2560' steps=100
else
  settings='--images 16 --batch 8 --training.warmup 0 --training.logEvery 8 --model.latents 8 --model.latentDim 64
    --model.interfaceDim 32 --model.depth [1]' steps=2
fi
# shellcheck disable=SC2086
signal=INT stage training "$train_limit" "$sample_limit" node packages/rin/bin/rin.js train --preset cifar10 --data "$data" \
  --size 32 --run "$work/run" --device "$device" --training.sampleEvery 0 $settings
cp "$work/run/stats.jsonl" "$out/stats.jsonl" 2>>"$log"
stage picture "$((sample_limit + 60))" 0 node packages/rin/bin/rin.js sample "$work/run" --grid "$out/samples.png" --no-show \
  --steps "$steps" --device "$device"
python3 bench/gpu/report.py end "$out/stats.jsonl" >>"$log" 2>&1
cat "$out/report.md"
