#!/usr/bin/env bash
# Usage: scripts/cuda-mutants.sh [--build DIR] [--jobs N] [--json FILE] [--quick]
#                                [GROUP...]
#
# Drops every barrier, wait and end of a group that --ockham-cuda-synchronize
# puts into the kernels of the tile library, one at a time, and lets waits leave
# one more group under way. Prints what noticed: the table of docs/cuda.md. A
# mutant that nothing notices is an error.
#
#   GROUP        products, fused, rows or attention, also with a type:
#                attention:bf16 or attention:tf32 (default: all of them, as f32,
#                bf16 and f16)
#   --build DIR  where Ockham was built (default: build)
#   --jobs N     cases at a time (default: one per core)
#   --json FILE  writes what became of each mutant
#   --quick      only what the tests run
#   --help       print this text
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build=$root/build
jobs=$(nproc)
options=()
groups=()
while (($#)); do
  case $1 in
    --build) build=$2; shift 2 ;;
    --jobs) jobs=$2; shift 2 ;;
    --json) options+=(--json "$2"); shift 2 ;;
    --quick) options+=(--quick); shift ;;
    --help | -h) print_help; exit 0 ;;
    -*) die "unknown option $1" ;;
    *) groups+=("$1"); shift ;;
  esac
done
[[ -x $build/bin/ockham-emulate ]] || die "no ockham-emulate in $build/bin: run scripts/build.sh first"
python=$(find_python)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
PATH=$build/bin:$PATH "$python" "$root/test/Target/CUDA/Inputs/kernel_mutants.py" "$folder" \
  ${groups[@]+"${groups[@]}"} --jobs "$jobs" --progress ${options[@]+"${options[@]}"}
