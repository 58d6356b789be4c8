#!/usr/bin/env bash
# Usage: scripts/test.sh [--no-install] [CTEST OPTION ...]
#
# Installs what is missing (Debian 12), builds, and runs all tests. Further
# options go to ctest, e.g. -R lit-Dialect for some of the tests.
#
#   --no-install  take the machine as it is
#   --help        print this text
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install=1
options=()
for argument in "$@"; do
  case $argument in
    --no-install) install=0 ;;
    --help | -h) print_help; exit 0 ;;
    *) options+=("$argument") ;;
  esac
done

cd "$root"
if ((install)); then
  scripts/install-dependencies.sh --tests
fi
scripts/build.sh release
say "Testing"
ctest --test-dir build --output-on-failure --no-tests=error \
  --parallel "$(nproc)" ${options[@]+"${options[@]}"}
