#!/usr/bin/env bash
# Usage: scripts/build.sh [PRESET]
#
# Configures and builds Ockham with a preset of CMakePresets.json: 'release'
# (the default, in build/), 'dev' (build-dev/), 'asan' or 'tsan'. What is up to
# date is not built again. PYTHON names a Python with NumPy, if it is not
# Debian's.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
  --help | -h) print_help; exit 0 ;;
  -*) die "unknown option '$1', expected a preset or --help" ;;
esac
preset=${1:-release}

python=$(find_python)
jobs=$(build_jobs)
cd "$root"
say "Configuring ($preset)"
cmake --preset "$preset" -DPython3_EXECUTABLE="$python"
say "Building ($preset, $jobs at a time)"
cmake --build --preset "$preset" --parallel "$jobs"
