#!/usr/bin/env bash
# Usage: scripts/install-dependencies.sh [--tests] [--list]
#
# Installs what is missing to build Ockham on Debian 12, with apt and from the
# package sources that the machine is set up with; without --tests nothing else
# is touched or fetched. Uses sudo unless it runs as root, and only if something
# is missing.
#
#   --tests  also what the tests need beyond that: PyTorch and ONNX for Python,
#            with which models are made and read, and onnx's node tests. These
#            are in the pip package onnx 1.22, which is not installed, only
#            unpacked to .cache/ here. Where pip cannot get it, Debian's
#            libonnx-testdata with the tests of onnx 1.12 is taken. Exported
#            models are checked by onnx 1.22 and run by ONNX Runtime 1.31, which
#            pip puts into a folder of their own in .cache/. Kernels for GPUs are
#            assembled by CUDA's ptxas 13.0 and use its libdevice, which are in
#            pip packages and unpacked to .cache/, too
#   --list   print the packages and install nothing
#   --help   print this text
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages=(
  git
  # The compiler that builds Ockham, the linker that it links with.
  cmake ninja-build ccache clang-22 lld-22
  # LLVM and MLIR; lld as a library links compiled models.
  llvm-22-dev libmlir-22-dev liblld-22-dev llvm-22-tools mlir-22-tools
  # ONNX's protobuf messages.
  libonnx-dev libprotobuf-dev protobuf-compiler
  # The Python package and the tests.
  python3 python3-numpy
)
test_packages=(python3-torch python3-onnx python3-pip)
node_tests=$root/.cache/onnx-node-tests-1.22
onnxruntime=$root/.cache/onnxruntime-1.31
cuda=$root/.cache/cuda-13.0
# What these need beyond Debian's NumPy, in versions that go with it.
onnxruntime_packages=('onnxruntime==1.31.*' 'onnx==1.22.*' 'ml_dtypes==0.5.1'
  'protobuf==6.33.*' 'typing_extensions==4.*')

list=0 tests=0
for argument in "$@"; do
  case $argument in
    --tests) packages+=("${test_packages[@]}") tests=1 ;;
    --list) list=1 ;;
    --help | -h) print_help; exit 0 ;;
    *) die "unknown option '$argument', expected --tests, --list or --help" ;;
  esac
done
if ((list)); then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

if ! command -v apt-get dpkg-query >/dev/null; then
  die "this is no Debian (no apt-get here); Ockham needs LLVM, MLIR and lld 22.1 and the counterparts of: ${packages[*]}"
fi

installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}
available() {
  local policy
  policy=$(LC_ALL=C apt-cache policy "$1")
  [[ $policy == *"Candidate: "[!\(]* ]]
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then
    echo "All $# packages are installed."
    return
  fi
  say "Installing ${#missing[@]} missing packages: ${missing[*]}"

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "packages are missing, and there is neither root nor sudo to install them with: ${missing[*]}"
    as_root=(sudo)
  fi

  "${as_root[@]}" apt-get update
  local unavailable=()
  for package in "${missing[@]}"; do
    available "$package" || unavailable+=("$package")
  done
  if ((${#unavailable[@]})); then
    case " ${unavailable[*]} " in
      *-22*) cat >&2 <<'END'

LLVM 22 is not in Debian 12 itself but in its security suite, bookworm-security,
which this machine's package sources do not list. Every standard installation of
Debian 12 has it; see "man sources.list" for how to add the suite
"bookworm-security", component "main", and run this script again.
END
        ;;
    esac
    die "not available from this machine's package sources: ${unavailable[*]}"
  fi

  # Without recommended packages: they bring manuals, debuggers and compilers that
  # nothing here uses.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "${missing[@]}"
}

# The part of the wheel with the tests, under its name only when it is whole.
fetch_node_tests() {
  local folder
  mkdir -p "$root/.cache" || return 1
  folder=$(mktemp -d "$root/.cache/fetch.XXXXXX") || return 1
  # shellcheck disable=SC2064  # this folder
  trap "rm -rf '$folder'" EXIT
  /usr/bin/python3 -m pip download --quiet --disable-pip-version-check \
    --no-deps --only-binary=:all: --dest "$folder" 'onnx==1.22.*' || return 1
  /usr/bin/python3 - "$folder" <<'END' || return 1
import glob, sys, zipfile

folder = sys.argv[1]
[wheel] = glob.glob(folder + "/onnx-1.22.*.whl")
with zipfile.ZipFile(wheel) as archive:
    names = archive.namelist()
    tests = "onnx/backend/test/data/node/"
    archive.extractall(folder, [name for name in names if name.startswith(tests)])
END
  mv -T "$folder/onnx/backend/test/data/node" "$node_tests"
}

# Seen by the tests alone, through the folder.
fetch_onnxruntime() (
  mkdir -p "$root/.cache" || exit 1
  folder=$(mktemp -d "$root/.cache/fetch.XXXXXX") || exit 1
  trap 'rm -rf "$folder"' EXIT
  /usr/bin/python3 -m pip install --quiet --disable-pip-version-check \
    --root-user-action=ignore --no-deps --only-binary=:all: \
    --target "$folder/packages" "${onnxruntime_packages[@]}" || exit 1
  PYTHONPATH=$folder/packages /usr/bin/python3 -B -c 'import onnx, onnxruntime' ||
    exit 1
  mv -T "$folder/packages" "$onnxruntime"
)

# A folder as CUDA's toolkit has it, with no more than the tests use.
fetch_cuda() (
  mkdir -p "$root/.cache" || exit 1
  folder=$(mktemp -d "$root/.cache/fetch.XXXXXX") || exit 1
  trap 'rm -rf "$folder"' EXIT
  /usr/bin/python3 -m pip download --quiet --disable-pip-version-check \
    --no-deps --only-binary=:all: --dest "$folder" \
    'nvidia-cuda-nvcc==13.0.*' 'nvidia-nvvm==13.0.*' || exit 1
  /usr/bin/python3 - "$folder" <<'END' || exit 1
import glob, os, sys, zipfile

folder = sys.argv[1]
wanted = {"ptxas": "bin", "libdevice.10.bc": "nvvm/libdevice"}
for wheel in glob.glob(folder + "/*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            base = os.path.basename(name)
            if base in wanted:
                place = os.path.join(folder, "cuda", wanted.pop(base))
                os.makedirs(place)
                with open(os.path.join(place, base), "wb") as file:
                    file.write(archive.read(name))
                os.chmod(os.path.join(place, base), 0o755)
if wanted:
    sys.exit(f"the packages lack {', '.join(wanted)}")
END
  "$folder/cuda/bin/ptxas" --version >/dev/null || exit 1
  mv -T "$folder/cuda" "$cuda"
)

install_packages "${packages[@]}"
if ((tests)) && [[ ! -d $node_tests ]]; then
  say "Getting onnx's node tests"
  if fetch_node_tests; then
    echo "They are in $node_tests."
  else
    say "pip cannot get onnx 1.22 (see above): taking the node tests of onnx 1.12 from Debian"
    install_packages libonnx-testdata
  fi
fi
if ((tests)) && [[ ! -d $onnxruntime ]]; then
  say "Getting ONNX Runtime"
  if fetch_onnxruntime; then
    echo "It is in $onnxruntime."
  else
    die "pip cannot get ONNX Runtime (see above): the tests integration-simplify-* will fail"
  fi
fi
if ((tests)) && [[ ! -d $cuda ]]; then
  say "Getting CUDA's ptxas and libdevice"
  if fetch_cuda; then
    echo "They are in $cuda."
  else
    die "pip cannot get CUDA's assembler (see above): without it or a toolkit, the tests that use ptxas are unsupported"
  fi
fi
