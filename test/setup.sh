#!/bin/bash
# Installs what the tests need from Debian or Ubuntu: nothing is done where everything is there already.
set -euo pipefail

# The programs that the tests call, and the packages that bring them.
declare -A packages=(
  [gdb]=gdb
  [gdbserver]=gdbserver
  [strace]=strace
  [gcc]=gcc
  [g++]=g++
  [make]=make
  [python3]=python3
  [script]=bsdutils
  [nm]=binutils
  [i686-linux-gnu-gcc]=gcc-i686-linux-gnu
  [musl-gcc]=musl-tools
  [unshare]=util-linux
)

missing=()
for program in "${!packages[@]}"; do
  command -v "$program" > /dev/null || missing+=("${packages[$program]}")
done
# A compiler without the C library's headers compiles nothing.
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
# The same for 32-bit programs, and what runs them. Not gcc-multilib: it excludes cross compilers.
[ -e /usr/i686-linux-gnu/include/stdio.h ] || missing+=(libc6-dev-i386-cross)
[ -e /usr/lib32/libc.so.6 ] || missing+=(libc6-i386)
# gdb steps through the C library and names its functions only with the library's symbols.
dpkg-query -s libc6-dbg > /dev/null 2>&1 || missing+=(libc6-dbg)

if [ "${#missing[@]}" -eq 0 ]; then
  echo 'Everything that the tests need is installed.'
  exit 0
fi

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
