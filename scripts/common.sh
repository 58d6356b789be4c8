# Functions that the scripts share; to be sourced.
# shellcheck shell=bash

# shellcheck disable=SC2034  # for the scripts
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n== %s\n' "$*"; }

die() {
  printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# The comment block at the top of the script is its help.
print_help() { sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//p;}' "$0"; }

# A Python with NumPy. Debian's own comes first: that is where apt puts NumPy,
# whatever other Pythons stand before it in PATH.
find_python() {
  local candidate
  for candidate in "${PYTHON:-}" /usr/bin/python3 python3; do
    if [[ -n $candidate ]] && "$candidate" -c 'import numpy' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "no Python with NumPy found: run scripts/install-dependencies.sh, or set PYTHON to one"
}

# One that has PyTorch, too: `python3` comes first, which is the one of an active
# environment. PYTHON is taken whatever it has, and so is one without PyTorch
# where there is no other.
find_python_with_torch() {
  local candidate
  if [[ -z ${PYTHON:-} ]]; then
    for candidate in python3 /usr/bin/python3; do
      if "$candidate" -c 'import numpy, torch' 2>/dev/null; then
        command -v "$candidate"
        return
      fi
    done
  fi
  find_python
}

# Compilations to run at a time: one for each core, as long as there are 1.5 GB
# of memory for each (MLIR's headers).
build_jobs() {
  local cores megabytes
  cores=$(nproc)
  megabytes=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  local fitting=$((megabytes / 1500))
  ((fitting >= 1)) || fitting=1
  echo $((fitting < cores ? fitting : cores))
}
