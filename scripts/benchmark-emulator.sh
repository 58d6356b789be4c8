#!/usr/bin/env bash
# Usage: scripts/benchmark-emulator.sh [--build DIR] [--jobs N] [--runs N]
#
# How fast the emulator runs the kernels of its tests: the best of several runs,
# without and with race detection, and what compiling them takes, in
# milliseconds. Prints the table of docs/emulator.md.
#
#   --build DIR  where Ockham was built (default: build)
#   --jobs N     OS threads that run blocks (default: 1)
#   --runs N     of each, of which the best counts (default: 3)
#   --help       print this text
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build=$root/build
jobs=1
runs=3
while (($#)); do
  case $1 in
    --build) build=$2; shift 2 ;;
    --jobs) jobs=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --help | -h) print_help; exit 0 ;;
    *) die "unknown option $1" ;;
  esac
done
python=$(find_python)
inputs=$root/test/Emulator/Inputs
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# measure OPTIONS...: milliseconds to run and to compile, of each the best
measure() {
  for ((run = 0; run < runs; ++run)); do
    "$build/bin/ockham-emulate" "$folder/kernel.mlir" --timing --jobs "$jobs" "$@" 2>&1
  done | sed -nE 's/^([0-9.]+) ms, ([0-9.]+) ms to compile.*/\1 \2/p' |
    awk 'NR == 1 || $1 < run { run = $1 } NR == 1 || $2 < jit { jit = $2 } END { if (NR) print run, jit }'
}

# row NAME OPTIONS...: a line of the table
row() {
  local name=$1 plain races
  shift
  plain=$(measure --no-races "$@")
  races=$(measure "$@")
  [[ -n $plain && -n $races ]] || die "$name did not run"
  read -r -a a <<<"$plain"
  read -r -a b <<<"$races"
  awk -v name="$name" -v a="${a[0]}" -v b="${b[0]}" -v c="${a[1]}" -v d="${b[1]}" \
    'BEGIN { printf "| %s | %.0f | %.0f | %.2f | %.0f, %.0f |\n", name, a, b, b / a, c, d }'
}

echo "| kernel | ms | with races | ratio | to compile |"
echo "|---|---|---|---|---|"
m=1024 n=768 k=768
buffers=(--shared 49152 --buffer "a=bf16[${m}x$k]=$folder/a.npy" --buffer "c=f32[${m}x$n]"
  --grid "$((n / 64)),$((m / 64))")
"$python" "$inputs/gemm_sm80.py" "$folder" $m $n $k
row "GEMM sm_80, ${m}x${n}x$k" --chip sm_80 --block 128 "${buffers[@]}" \
  --buffer "b=bf16[${k}x$n]=$folder/b.npy" --arg a --arg b --arg c --arg i32:$n --arg i32:$k
maps=(--arg map:a:box=64x64:swizzle=128 --arg map:b:box=64x64:swizzle=128)
for form in "" registers; do
  # shellcheck disable=SC2086
  "$python" "$inputs/gemm_sm90.py" "$folder" $m $n $k $form
  row "GEMM sm_90a${form:+, A in $form}, ${m}x${n}x$k" --block 160 "${buffers[@]}" \
    --buffer "b=bf16[${n}x$k]=$folder/b.npy" "${maps[@]}" --arg c --arg i32:$n --arg i32:$k
done
heads=2 length=1024
"$python" "$inputs/attention_sm80.py" "$folder" $heads $length
parts=()
for name in q k v; do
  parts+=(--buffer "$name=bf16[${heads}x${length}x64]=$folder/$name.npy" --arg "$name")
done
row "attention sm_80, $heads heads, $length" --chip sm_80 --block 128 --shared 40960 \
  --grid $((length / 64)),$heads "${parts[@]}" --buffer "o=f32[${heads}x${length}x64]" --arg o \
  --arg i32:$length
"$python" "$inputs/attention_sm90.py" "$folder" $heads $length
parts=()
for name in q k v; do
  parts+=(--buffer "$name=bf16[$((heads * length))x64]=$folder/$name.npy"
    --arg "map:$name:box=64x64:swizzle=128")
done
row "attention sm_90a, $heads heads, $length" --block 384 --shared 49152 \
  --grid $((length / 128)),$heads "${parts[@]}" --buffer "o=bf16[$((heads * length))x64]" \
  --arg map:o:box=64x64:swizzle=128 --arg i32:$length
