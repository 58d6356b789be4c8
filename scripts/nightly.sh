#!/usr/bin/env bash
# Usage: scripts/nightly.sh [--minutes N] [--variants N] [--rewritten N] [--seed S]
#                           [--no-build]
#
# What takes too long for every change: models that are random or damaged, with
# AddressSanitizer and UndefinedBehaviorSanitizer, of which the tools make one
# message or a correct result; and models that are written in other ways
# (test/Property), which must be the same models. The emulator of GPUs, whose
# threads are fibers, runs its kernels with these sanitizers, too; and all mutants
# of all our own kernels (scripts/cuda-mutants.sh), without them.
#
#   --minutes N   how long the fuzzer runs on all cores; 30
#   --variants N  damaged variants of each of two models; 200
#   --rewritten N variants of all test models; 2000
#   --seed S      of the first of these; another one each day
#   --no-build    take build-fuzz/ and build-asan/ as they are
#   --help        print this text
#
# The fuzzer starts from the models of the importer's tests, the node tests of
# onnx where scripts/install-dependencies.sh --tests fetched them, and what it
# found before (build-fuzz/corpus). Inputs that broke something are kept in
# build-fuzz/findings: fix it, and move the input to test/Import/Inputs/broken.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

minutes=30 variants=200 rewritten=2000 build=1
seed=$(($(date +%s) / 86400))000
while (($#)); do
  case $1 in
    --no-build) build=0 ;;
    --minutes | --variants | --rewritten | --seed)
      [[ ${2:-} =~ ^[0-9]+$ ]] || die "$1 needs a number"
      declare "${1#--}=$2"
      shift
      ;;
    --help | -h) print_help; exit 0 ;;
    *) die "unknown option '$1', see --help" ;;
  esac
  shift
done

cd "$root"
python=$(find_python)
if ((build)); then
  jobs=$(build_jobs)
  for preset in fuzz asan; do
    say "Configuring and building ($preset)"
    cmake --preset "$preset" -DPython3_EXECUTABLE="$python"
  done
  cmake --build --preset fuzz --parallel "$jobs" --target fuzz-import-onnx
  cmake --build --preset asan --parallel "$jobs" --target ockham ockham-translate \
    ockham-emulate ockham-cuda-emulator
  say "Configuring and building (release)"
  cmake --preset release -DPython3_EXECUTABLE="$python"
  cmake --build --preset release --parallel "$jobs" --target property-runner \
    ockham-opt ockham-emulate
fi

# Debian's LLVM is built without the sanitizer: a vector that is filled there and
# read here looks like one that overflows.
export ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

say "Damaged models ($variants variants each)"
status=0
for model in sasp_rms.op17 gpt2_preln.op13; do
  "$python" test/Import/Inputs/damage.py "test/Models/$model.onnx" "$variants" \
    build-asan/bin/ockham-translate --import-onnx INPUT -o OUTPUT || status=1
  "$python" test/Import/Inputs/damage.py "test/Models/$model.onnx" "$variants" \
    build-asan/bin/ockham compile INPUT -o OUTPUT --quiet || status=1
done

say "Kernels on the emulator of GPUs"
scripts/gpu-conformance.sh --build build-asan --form ll \
  --driver build-asan/lib/libockham-cuda-emulator.so || status=1

say "Mutants of our own kernels"
scripts/cuda-mutants.sh || status=1

say "Models written in other ways ($rewritten variants from seed $seed)"
"$python" -B test/Property/property.py build/bin/property-runner test/Models \
  build/test/Property/variants --variants "$rewritten" --seed "$seed" \
  --jobs "$(nproc)" || status=1

say "Fuzzing the importer ($minutes minutes)"
mkdir -p build-fuzz/corpus build-fuzz/findings
"$python" test/Fuzz/make_corpus.py build-fuzz/seeds .cache/onnx-node-tests-*
build-fuzz/bin/fuzz-import-onnx -fork="$(nproc)" -max_total_time=$((minutes * 60)) \
  -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1 \
  -timeout=25 -rss_limit_mb=2048 -max_len=16384 -dict=test/Fuzz/onnx.dict \
  -artifact_prefix=build-fuzz/findings/ build-fuzz/corpus build-fuzz/seeds || true
findings=$(find build-fuzz/findings -type f | wc -l)
if ((findings)); then
  say "$findings inputs in build-fuzz/findings broke something; for one of them:"
  echo "build-fuzz/bin/fuzz-import-onnx $(find build-fuzz/findings -type f | head -n 1)"
  status=1
fi
exit "$status"
