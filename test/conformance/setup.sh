#!/bin/bash
# Installs what a run of gdb's suite needs from Debian or Ubuntu, and fetches the suite of the installed gdb.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

# The programs that the suite and its runner call, and the packages that bring them.
declare -A packages=(
  [gdb]=gdb
  [gdbserver]=gdbserver
  [runtest]=dejagnu
  [expect]=expect
  [gcc]=gcc
  [g++]=g++
  [python3]=python3
  [xz]=xz-utils
)

missing=()
for program in "${!packages[@]}"; do
  command -v "$program" > /dev/null || missing+=("${packages[$program]}")
done
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
# The baselines were made with the C library's symbols there.
dpkg-query -s libc6-dbg > /dev/null 2>&1 || missing+=(libc6-dbg)

if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" -eq 0 ]; then
    as_root=()
  elif command -v sudo > /dev/null; then
    as_root=(sudo)
  else
    echo "Please install as root: ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update
  "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
fi

suite=$(bash "$here/fetch-suite.sh" system)
echo "gdb's suite: $suite"
