#!/usr/bin/env bash
# Usage: scripts/gpu-check.sh prepare [--build DIR] [--folder DIR] [--arch LIST] [--quick]
#        scripts/gpu-check.sh run [--folder DIR] [--device cuda|emulated] [--seconds N] [--quick]
#                                 [--only WORD] [--allow-left-out]
#                                 [--json FILE] [--markdown FILE]
#
# Checks and measures Ockham on an NVIDIA GPU, in two halves. `prepare` needs a
# build, with LLVM: it compiles kernels and whole models and puts them, without
# weights, into a folder of at most 64 MB, with the runtime. `run` needs that
# folder, an NVIDIA GPU and its driver, and a Python with NumPy and PyTorch, but
# no LLVM: every kernel against float64 references, whole models against NumPy
# and PyTorch, then times beside cuBLAS, the backends of PyTorch's attention,
# torch eager, torch.compile and the bandwidth of copies. A kernel that fails is
# a line of the table, and its message; the others go on.
#
#   --build DIR       where Ockham was built (default: build)
#   --folder DIR      between the halves (default: gpu-check); with a name that
#                     ends in .tar.xz a packed one, about a tenth as large
#   --arch LIST       architectures to compile for (default: sm_80,sm_90)
#   --device NAME     where to run; emulated needs no GPU, checks the same, and
#                     times nothing (default: cuda)
#   --seconds N       how long in all: cuts times, never checks (default: 540)
#   --quick           few and small cases, for the emulator
#   --only WORD       cases with that word in their names
#   --allow-left-out  accept checks and times that are left out for what is
#                     missing, such as PyTorch, which else fail on cuda
#   --json FILE       where to write all results, again after each one
#                     (default: DIR/results.json; of a packed one, beside it)
#   --markdown FILE   where to write the table (default: likewise, .md)
#   --help            print this text
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

half=${1:-}
case $half in
  prepare | run) shift ;;
  --help | -h) print_help; exit 0 ;;
  *) die "expected prepare or run, got '$half'" ;;
esac
build=$root/build folder=gpu-check arch=sm_80,sm_90 device=cuda json='' markdown=''
options=()
while (($#)); do
  case $1 in
    --build) build=$2; shift 2 ;;
    --folder) folder=$2; shift 2 ;;
    --arch) arch=$2; shift 2 ;;
    --device) device=$2; shift 2 ;;
    --json) json=$2; shift 2 ;;
    --markdown) markdown=$2; shift 2 ;;
    --seconds | --only) options+=("$1" "$2"); shift 2 ;;
    --quick | --allow-left-out) options+=("$1"); shift ;;
    --help | -h) print_help; exit 0 ;;
    *) die "unknown option $1" ;;
  esac
done
packed=''
if [[ $folder == *.tar.xz ]]; then
  packed=$folder
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  folder=$scratch/gpu-check
fi

if [[ $half == prepare ]]; then
  for file in "$build/bin/ockham" "$build/lib/libockham-runtime.so"; do
    [[ -e $file ]] || die "there is no $file: build Ockham first (scripts/build.sh)"
  done
  [[ -z $packed ]] || options+=(--archive "$packed")
  python=$(find_python)
  "$python" -B "$root/benchmarks/gpu/prepare.py" "$build/bin/ockham" \
    "$(readlink -f "$build/lib/libockham-runtime.so")" "$folder" --arch "$arch" "${options[@]}"
else
  python=$(if [[ $device == emulated ]]; then find_python; else find_python_with_torch; fi)
  reports=$folder/results
  [[ -z $packed ]] || reports=${packed%.tar.xz}-results
  if [[ -n $packed ]]; then
    [[ -e $packed ]] ||
      die "there is no $packed: run the first half (scripts/gpu-check.sh prepare)"
    "$python" -m tarfile -e "$packed" "$scratch"
  fi
  [[ -e $folder/manifest.json ]] ||
    die "there is no $folder/manifest.json: run the first half (scripts/gpu-check.sh prepare)"
  if [[ $device == emulated && -z ${OCKHAM_CUDA_DRIVER:-} ]]; then
    export OCKHAM_CUDA_DRIVER=$build/lib/libockham-cuda-emulator.so
  fi
  "$python" -B "$folder/run.py" --device "$device" --json "${json:-$reports.json}" \
    --markdown "${markdown:-$reports.md}" "${options[@]}"
fi
