#!/usr/bin/env bash
# Usage: scripts/demo.sh [--no-install] [--model FILE.onnx] [--prompt TEXT] [--bytes N]
#
# Installs what is missing (Debian 12), builds, compiles a small language model
# with simplified blocks, and lets it continue a prompt.
#
#   --no-install  take the machine as it is
#   --model FILE  a byte-level model as examples/language_model/export.py writes
#                 it; the one that lies there by default
#   --prompt TEXT what it continues; the beginning of a Python class by default
#   --bytes N     how much it adds; 400
#   --help        print this text
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install=1
model=$root/examples/language_model/sasp_none_python.onnx
prompt=()
bytes=400
while (($#)); do
  case $1 in
    --no-install) install=0 ;;
    --model | --prompt | --bytes)
      (($# > 1)) || die "$1 needs a value"
      case $1 in
        --model) model=$(realpath -- "$2") ;;
        --prompt) prompt=(--prompt "$2") ;;
        --bytes) bytes=$2 ;;
      esac
      shift
      ;;
    --help | -h) print_help; exit 0 ;;
    *) die "unknown option '$1', see --help" ;;
  esac
  shift
done
[[ -f $model ]] || die "no model at $model"

cd "$root"
if ((install)); then
  scripts/install-dependencies.sh
fi
scripts/build.sh release

python=$(find_python)
library=build/demo/$(basename "$model" .onnx).so
mkdir -p build/demo

say "Compiling ${model#"$root"/}"
build/bin/ockham compile "$model" -o "$library"
build/bin/ockham run "$library"

say "Continuing a prompt (temperature 0.6, every byte one run of the model)"
"$python" examples/language_model/generate.py "$library" \
  "${prompt[@]}" --bytes "$bytes" --temperature 0.6

cat <<END

== What lies where
  build/bin/ockham          the compiler and the tool to run what it compiled
  build/bin/ockham-opt      the same passes, one by one, on MLIR files
  $library
                            the compiled model: weights inside, needs no other library

== What to try next
  build/bin/ockham bench $library --dim batch=1 --dim sequence=256
  build/bin/ockham compile ${model#"$root"/} --emit tfm -o - | less
  $python examples/language_model/generate.py $library --temperature 0
  scripts/test.sh           all tests
END
