#!/usr/bin/env bash
# Usage: scripts/gpu-conformance.sh [--build DIR] [--driver LIBRARY] [--form ptx|ll]
#
# Runs small kernels of each instruction family on a GPU and in the emulator and
# compares what they leave in memory: bit for bit, and within a bound where sums
# of tensor cores and approximate instructions may differ. A line per kernel says
# what came out; the exit status is that of all. Needs an sm_90 GPU and its
# driver, and LLVM's llc.
#
#   --build DIR       where Ockham was built (default: build)
#   --driver LIBRARY  with the CUDA driver's calls (default: libcuda.so.1)
#   --form FORM       what the driver takes: ptx, or ll for the emulator's own
#                     library, which shows that this script works (default: ptx)
#   --help            print this text
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build=$root/build
driver=libcuda.so.1
form=ptx
while (($#)); do
  case $1 in
    --build) build=$2; shift 2 ;;
    --driver) driver=$2; shift 2 ;;
    --form) form=$2; shift 2 ;;
    --help | -h) print_help; exit 0 ;;
    *) die "unknown option $1" ;;
  esac
done
llvm_bin=$(sed -n 's/^LLVM_DIR:PATH=\(.*\)\/lib\/cmake\/llvm$/\1\/bin/p' "$build/CMakeCache.txt" 2>/dev/null || true)
PATH=$build/bin:${llvm_bin:+$llvm_bin:}$PATH
python=$(find_python)
tests=$root/test/Emulator
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

# compile FILE: $folder/image, for the driver
compile() {
  case $1 in
    *.ll) cp "$1" "$folder/kernels.ll" ;;
    *) ockham-emulate "$1" --emit-llvm --no-debug-info | llvm-dis -o "$folder/kernels.ll" ;;
  esac
  case $form in
    ll) cp "$folder/kernels.ll" "$folder/image" ;;
    ptx) llc -mtriple=nvptx64-nvidia-cuda -mcpu=sm_90a -mattr=+ptx83 "$folder/kernels.ll" \
      -o "$folder/image" ;;
    *) die "--form is ptx or ll, got $form" ;;
  esac
}

# compare NAME FILE OPTIONS...
compare() {
  local name=$1 file=$2 status=same
  shift 2
  ockham-emulate "$file" "$@" --driver "$driver" --image "$folder/image" >"$folder/out" 2>&1 ||
    status=different
  if [[ $status == different ]]; then
    failures=$((failures + 1))
  elif grep -q differs "$folder/out"; then
    status="within the bound"
  fi
  printf '%-46s %s\n' "$name" "$status"
  [[ $status != different ]] || sed 's/^/    /' "$folder/out"
}

compile "$tests/shuffles.mlir"
compare "shuffles, votes, match, redux, elect" "$tests/shuffles.mlir" --kernel shuffle --block 32 \
  --buffer 'r=i32[288]' --arg r
compile "$tests/clusters.mlir"
compare "distributed shared memory" "$tests/clusters.mlir" --kernel exchange --grid 4 --cluster 2 \
  --block 32 --buffer 'out=i32[4]' --arg out
compare "multicast" "$tests/clusters.mlir" --kernel multicast --grid 2 --cluster 2 --block 32 \
  --buffer 'a=f32[4x4]=iota' --buffer 'out=f32[32]' --arg map:a:box=4x4 --arg out
compile "$tests/atomics.mlir"
compare "a barrier of the grid" "$tests/atomics.mlir" --kernel gridsync --grid 4 --block 64 \
  --buffer 'n=i32[1]=zeros' --buffer 'a=i32[256]' --buffer 'b=i32[256]' --arg n --arg a --arg b

"$python" "$tests/Inputs/intrinsics.py" "$folder"
for entry in exact:57:0 approximate:13:4.8e-7 sines:4:1.4e-6 tanh:1:9.8e-4; do
  IFS=: read -r name rows bound <<<"$entry"
  compile "$folder/$name.ll"
  compare "arithmetic: $name" "$folder/$name.ll" --block 32 --tolerance "$bound" \
    --buffer "x=f32[3x32]=$folder/$name-x.npy" --buffer "y=f32[${rows}x32]" --arg x --arg y
done
for entry in bf16:16:4:2:f32 f16:16:4:2:f32 tf32:8:4:2:f32 tf32:4:2:1:f32 bf16:8:2:1:f32 \
  f16:8:2:1:f32 f16-f16:16:4:2:f16 f16-f16:8:2:1:f16; do
  IFS=: read -r kind k a b sum <<<"$entry"
  "$python" "$tests/Inputs/mma.py" "$folder" "$kind" "$k"
  compile "$folder/kernel.ll"
  # docs/emulator.md's bound for these operands.
  bound=2e-5
  [[ $sum == f32 ]] || bound=2e-3
  compare "mma.sync $kind, k $k" "$folder/kernel.ll" --block 32 --tolerance $bound \
    --buffer "a=i32[32x$a]=$folder/a.npy" --buffer "b=i32[32x$b]=$folder/b.npy" \
    --buffer "c=${sum}[32x4]=$folder/c.npy" --buffer "d=${sum}[32x4]" --arg a --arg b --arg c --arg d
done
"$python" "$tests/Inputs/matrix_moves.py" "$folder"
compile "$folder/kernel.ll"
compare "ldmatrix" "$folder/kernel.ll" --kernel load --block 32 \
  --buffer "image=i32[32x4]=$folder/image.npy" --buffer 'out=i32[448]' --arg image --arg out
compare "stmatrix" "$folder/kernel.ll" --kernel store --block 32 \
  --buffer "r=i32[32x4]=$folder/r.npy" --buffer 'out=i32[6x32x4]' --arg r --arg out
"$python" "$tests/Inputs/tensor_maps.py" "$folder"
for kernel in load store; do
  compile "$folder/$kernel.mlir"
  compare "TMA ${kernel}s of rank 1 to 5" "$folder/$kernel.mlir" --block 32 --shared 16384 \
    "@$folder/$kernel.txt"
done
for kind in "bf16 128" "bf16 64" "f16 32" "bf16 0" "f16 128 transposed" "tf32 128" "e4m3 128" \
  "e5m2 32"; do
  # shellcheck disable=SC2086
  "$python" "$tests/Inputs/wgmma.py" "$folder" $kind
  compile "$folder/kernel.mlir"
  compare "wgmma $kind" "$folder/kernel.mlir" --block 128 --shared 32768 --tolerance 1e-2 \
    --buffer "image=i32[8192]=$folder/image.npy" --buffer 'd=f32[64x32]' --arg image --arg d
done
"$python" "$tests/Inputs/gemm_sm80.py" "$folder" 128 128 320
compile "$folder/kernel.mlir"
compare "cp.async, ldmatrix, mma.sync: GEMM" "$folder/kernel.mlir" --grid 2,2 --block 128 \
  --shared 49152 --tolerance 1e-4 --buffer "a=bf16[128x320]=$folder/a.npy" \
  --buffer "b=bf16[320x128]=$folder/b.npy" --buffer 'c=f32[128x128]' --arg a --arg b --arg c \
  --arg i32:128 --arg i32:320
"$python" "$tests/Inputs/gemm_sm90.py" "$folder" 128 128 320 registers
compile "$folder/kernel.mlir"
compare "TMA, mbarrier, wgmma: GEMM" "$folder/kernel.mlir" --grid 2,2 --block 160 --shared 49152 \
  --tolerance 1e-3 --buffer "a=bf16[128x320]=$folder/a.npy" \
  --buffer "b=bf16[128x320]=$folder/b.npy" --buffer 'c=f32[128x128]' \
  --arg map:a:box=64x64:swizzle=128 --arg map:b:box=64x64:swizzle=128 --arg c --arg i32:128 \
  --arg i32:320
"$python" "$tests/Inputs/attention_sm90.py" "$folder" 1 256
compile "$folder/kernel.mlir"
parts=()
for name in q k v; do
  parts+=(--buffer "$name=bf16[256x64]=$folder/$name.npy" --arg "map:$name:box=64x64:swizzle=128")
done
compare "stmatrix, TMA stores, setmaxnreg: attention" "$folder/kernel.mlir" --grid 2 --block 384 \
  --shared 49152 --tolerance 1e-2 "${parts[@]}" --buffer 'o=bf16[256x64]' \
  --arg map:o:box=64x64:swizzle=128 --arg i32:256

((failures == 0)) || die "$failures kernels differ"
