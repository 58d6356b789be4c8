#!/usr/bin/env bash
# Usage: scripts/emulator-mutants.sh [--build DIR] [--verbose]
#
# Breaks the synchronisation of all kernels of the emulator's tests in every way
# that ockham-emulate --mutants knows, and prints what noticed: the table of
# docs/emulator.md.
#
#   --build DIR  where Ockham was built (default: build)
#   --verbose    also list the mutants that nothing noticed
#   --help       print this text
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build=$root/build
verbose=0
while (($#)); do
  case $1 in
    --build) build=$2; shift 2 ;;
    --verbose) verbose=1; shift ;;
    --help | -h) print_help; exit 0 ;;
    *) die "unknown option $1" ;;
  esac
done
python=$(find_python)
tests=$root/test/Emulator
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
summary='([0-9]+) mutants: ([0-9]+) reported, ([0-9]+) fail, wrong numbers ([0-9]+) eager, ([0-9]+) lazy, '
summary+='([0-9]+) random 1, ([0-9]+) random 2, ([0-9]+) random 3, ([0-9]+) not noticed'
totals=(0 0 0 0 0 0 0 0 0)

# generate SCRIPT ARGUMENTS...: $folder/kernel.mlir and its arrays
generate() {
  "$python" "$tests/Inputs/$1.py" "$folder" "${@:2}"
}

# row NAME OPTIONS...: a line of the table
row() {
  local name=$1 line i
  shift
  "$build/bin/ockham-emulate" "$@" --mutants >"$folder/out" || die "$name did not run"
  line=$(tail -1 "$folder/out")
  [[ $line =~ $summary ]] || die "$name: expected a summary, got '$line'"
  local n=("${BASH_REMATCH[@]:1}")
  for i in "${!n[@]}"; do totals[i]=$((totals[i] + n[i])); done
  print_row "$name" "${n[@]}"
  ((!verbose)) || grep 'nothing noticed$' "$folder/out" | sed 's/^/    /' || true
}
print_row() {
  echo "| $1 | $2 | $3 | $4 | $5; $6; $7, $8, $9 | ${10} |"
}

echo "| kernel | mutants | reported by the detector | hang or break a rule | wrong numbers eager; lazy; random | not noticed |"
echo "|---|---|---|---|---|---|"
sm80=("$folder/kernel.mlir" --chip sm_80 --block 128 --shared 49152)
generate gemm_sm80 64 64 320
row "GEMM sm_80" "${sm80[@]}" --buffer "a=bf16[64x320]=$folder/a.npy" \
  --buffer "b=bf16[320x64]=$folder/b.npy" --buffer 'c=f32[64x64]' --arg a --arg b --arg c \
  --arg i32:64 --arg i32:320 --tolerance 1e-4
generate gemm_sm80 64 64 512 2
row "GEMM sm_80, split along k" "${sm80[@]}" --grid 1,1,2 --buffer "a=bf16[64x512]=$folder/a.npy" \
  --buffer "b=bf16[512x64]=$folder/b.npy" --buffer 'c=f32[64x64]=zeros' --arg a --arg b --arg c \
  --arg i32:64 --arg i32:512 --tolerance 1e-4
generate attention_sm80 2 192
parts=()
for name in q k v; do
  parts+=(--buffer "$name=bf16[2x192x64]=$folder/$name.npy" --arg "$name")
done
row "attention sm_80" "${sm80[@]}" --grid 3,2 "${parts[@]}" --buffer 'o=f32[2x192x64]' --arg o \
  --arg i32:192 --tolerance 1e-2
generate gemm_persistent 128 128
row "two products in a persistent grid" "${sm80[@]}" --grid 2 \
  --buffer "a=bf16[128x128]=$folder/a.npy" --buffer "b=bf16[128x128]=$folder/b.npy" \
  --buffer 't=bf16[128x128]' --buffer 'c=f32[128x128]' --buffer 'count=i32[1]=zeros' \
  --arg a --arg b --arg t --arg c --arg count --arg i32:128 --arg i32:128 --tolerance 2e-2
generate attention_sm90 1 256
parts=()
for name in q k v; do
  parts+=(--buffer "$name=bf16[256x64]=$folder/$name.npy" --arg "map:$name:box=64x64:swizzle=128")
done
row "attention sm_90a" "$folder/kernel.mlir" --grid 2 --block 384 --shared 49152 "${parts[@]}" \
  --buffer 'o=bf16[256x64]' --arg map:o:box=64x64:swizzle=128 --arg i32:256 --tolerance 1e-2
for form in "" registers; do
  # shellcheck disable=SC2086
  generate gemm_sm90 64 64 640 $form
  row "GEMM sm_90a, A in ${form:-shared memory}" "$folder/kernel.mlir" --block 160 --shared 49152 \
    --buffer "a=bf16[64x640]=$folder/a.npy" --buffer "b=bf16[64x640]=$folder/b.npy" \
    --buffer 'c=f32[64x64]' --arg map:a:box=64x64:swizzle=128 --arg map:b:box=64x64:swizzle=128 \
    --arg c --arg i32:64 --arg i32:640 --tolerance 1e-4
done
pair=(--cluster 2 --block 32)
row "multicast in a cluster" "$tests/clusters.mlir" --kernel multicast --grid 2 "${pair[@]}" \
  --buffer 'a=f32[4x4]=iota' --buffer 'out=f32[32]' --arg map:a:box=4x4 --arg out
row "distributed shared memory" "$tests/clusters.mlir" --kernel exchange --grid 4 "${pair[@]}" \
  --buffer 'out=i32[4]' --arg out
for kernel in message fences; do
  row "blocks: $kernel" "$tests/atomics.mlir" --kernel $kernel --grid 2 --block 1 \
    --buffer 'flag=i32[1]=zeros' --buffer 'data=i32[2]=zeros' --arg flag --arg data
done
row "blocks: barrier of the grid" "$tests/atomics.mlir" --kernel gridsync --grid 4 --block 64 \
  --buffer 'count=i32[1]=zeros' --buffer 'a=i32[256]' --buffer 'b=i32[256]' --arg count --arg a \
  --arg b
row "blocks: memory handed on" "$tests/global-reads.mlir" --kernel handed_on --grid 2 --block 32 \
  --buffer 'x=i32[32]=iota' --buffer 'y=i32[64]' --buffer 'count=i32[1]=zeros' --arg x --arg y \
  --arg count
row "cp.async: groups" "$tests/async-copy.mlir" --kernel groups --block 32 \
  --buffer 'a=i32[64]=iota' --buffer 'out=i32[64]' --arg a --arg out
row "cp.async: mbarrier" "$tests/async-copy.mlir" --kernel barrier --block 32 \
  --buffer 'a=i32[64]=iota' --buffer 'out=i32[64]=zeros' --arg a --arg out
generate tensor_maps
for kernel in load store; do
  row "TMA: ${kernel}s of all ranks" "$folder/$kernel.mlir" --block 32 --shared 16384 \
    "@$folder/$kernel.txt"
done
generate wgmma bf16 128
row "wgmma after generic stores" "$folder/kernel.mlir" --block 128 --shared 32768 \
  --buffer "image=i32[8192]=$folder/image.npy" --buffer 'd=f32[64x32]' --arg image --arg d \
  --tolerance 1e-5
generate matrix_moves
row "ldmatrix after generic stores" "$folder/kernel.ll" --kernel load --block 32 \
  --buffer "image=i32[32x4]=$folder/image.npy" --buffer 'out=i32[448]' --arg image --arg out
row "named barriers: hand-over" "$tests/producer-consumer.mlir" --kernel handover --block 64 \
  --buffer 'out=i32[32]' --arg out
"$python" "$tests/Inputs/row_reference.py" "$folder"
row "layer norm" "$tests/rows.mlir" --kernel norm --grid 4 --block 64 \
  --buffer "x=f32[4x64]=$folder/x.npy" --buffer 'y=f32[4x64]' --arg x --arg y --tolerance 1e-5
print_row "together" "${totals[@]}"
