#!/usr/bin/env bash
# Usage: scripts/bench.sh [--setup] [--no-peers] [--build DIR] [OPTION ...]
#        scripts/bench.sh --kernels [--no-peers] [--build DIR] [OPTION ...]
#
# Builds, times models on Ockham and on ONNX Runtime, OpenVINO and IREE in turns,
# and prints tables, ratios first. Further options go to benchmarks/compare.py,
# e.g. --quick, or --models preln sasp --sequence 128 512 --threads 2.
#
# Peers come with pip, in the versions of benchmarks/peers.txt, into a Python of
# their own in .cache/. Models are generated there. Results are kept in
# build/bench/results.json and drawn in results.png beside it; what is there is
# not measured again unless --again is given.
#
#   --kernels    matrix products of GPT-2 small's shapes in turns with oneDNN's and
#                OpenBLAS's instead; further options go to benchmarks/kernels.py
#   --setup      gets the peers and builds, but measures nothing
#   --no-peers   Ockham alone, with the Python that is there (NumPy and onnx)
#   --build DIR  a build that exists, in place of build/
#   --help       print this text; benchmarks/compare.py --help prints its own
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

kernels=0 setup=0 peers=1 build='' options=()
while (($#)); do
  case $1 in
    --kernels) kernels=1 ;;
    --setup) setup=1 ;;
    --no-peers) peers=0 ;;
    --build)
      (($# > 1)) || die "$1 needs a value"
      build=$(realpath -- "$2")
      shift
      ;;
    --help | -h) print_help; exit 0 ;;
    *) options+=("$1") ;;
  esac
  shift
done

cd "$root"
python=$(find_python)
cache=$root/.cache/benchmarks
mkdir -p "$cache"

# Complete only if the list of what is in it lies there, too.
get_peers() {
  local venv=$cache/peers
  cmp -s benchmarks/peers.txt "$venv/peers.txt" && return
  say "Getting the peers"
  rm -rf "$venv"
  "$python" -m venv --without-pip "$venv" ||
    die "no virtual environment: $python has no module venv (Debian: python3-venv)"
  "$python" -m pip --python "$venv/bin/python" install --quiet \
    --disable-pip-version-check --only-binary=:all: -r benchmarks/peers.txt ||
    die "pip cannot get the peers (see above); --no-peers does without them"
  cp benchmarks/peers.txt "$venv/peers.txt"
}

# oneDNN and OpenBLAS behind the functions that kernel-bench calls.
build_kernel_peers() {
  local venv=$cache/peers blas compiler
  for compiler in clang++-22 clang++ c++; do
    command -v "$compiler" >/dev/null && break
  done
  blas=$("$venv/bin/python" -c 'import scipy_openblas32 as p; print(p.get_lib_dir())')
  local flags=(-std=c++17 -O2 -shared -fPIC)
  "$compiler" "${flags[@]}" benchmarks/peer-onednn.cpp -o "$out/peer-onednn.so" \
    -I"$venv/include" -L"$venv/lib" -Wl,-rpath,"$venv/lib" -ldnnl -l:libgomp.so.1
  "$compiler" "${flags[@]}" benchmarks/peer-openblas.cpp -o "$out/peer-openblas.so" \
    -I"$blas/../include" -L"$blas" -Wl,-rpath,"$blas" -lscipy_openblas
}

if [[ -z $build ]]; then
  scripts/build.sh release
  build=$root/build
fi
cmake --build "$build" --target machine-peak kernel-bench ockham ockham-runtime
out=$build/bench
mkdir -p "$out"
if ((peers)); then
  get_peers
  build_kernel_peers
  python=$cache/peers/bin/python
fi
((setup)) && exit 0

if ((kernels)); then
  if ((peers)); then
    options+=(--peers "$out/peer-onednn.so")
    # OpenBLAS has products of float32 only.
    [[ " ${options[*]} " == *" bf16 "* ]] || options+=("$out/peer-openblas.so")
  fi
  exec "$python" -B benchmarks/kernels.py "$build" --json "$out/kernels.json" \
    ${options[@]+"${options[@]}"}
fi

((peers)) || options+=(--sides ockham)
"$python" -B benchmarks/compare.py "$build" --cache "$cache" \
  --peak "$build/benchmarks/machine-peak" --json "$out/results.json" \
  ${options[@]+"${options[@]}"}
[[ -f $out/results.json ]] || exit 0 # --prepare
say "Results ($out/results.json)"
plot=()
"$python" -c 'import matplotlib' 2>/dev/null && plot=(--plot "$out/results.png")
"$python" -B benchmarks/tables.py "$out/results.json" ${plot[@]+"${plot[@]}"}
