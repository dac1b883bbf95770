#!/bin/bash
# Installs what the tests need from Debian or Ubuntu: nothing is done where everything is there already.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install-packages.sh"

need_compiler
need_program gdb gdb
need_program gdbserver gdbserver
need_program strace strace
need_program make make
need_program python3 /usr/bin/python3
need_program sqlite3 sqlite3
need_program gzip gzip
need libssl3 test -e /usr/lib/x86_64-linux-gnu/libcrypto.so.3
need_program bsdutils script
need_program binutils nm
# Its objdump is the independent decoder of aarch64 instructions.
[ "$(uname -m)" = aarch64 ] || need_program binutils-aarch64-linux-gnu aarch64-linux-gnu-objdump
need_program musl-tools musl-gcc
need_program util-linux unshare
# For the tables of aarch64, and the prebuilt addons.
need_program gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
need_program g++-aarch64-linux-gnu aarch64-linux-gnu-g++
need libc6-dev-arm64-cross test -e /usr/aarch64-linux-gnu/include/stdio.h
need_program gdb-multiarch gdb-multiarch
# For 32-bit programs. Not gcc-multilib: it excludes cross compilers.
need_program gcc-i686-linux-gnu i686-linux-gnu-gcc
need libc6-dev-i386-cross test -e /usr/i686-linux-gnu/include/stdio.h
need libc6-i386 test -e /usr/lib32/libc.so.6

# Servers that the client is tested with.
need_program lldb-19 lldb-server-19
need_program qemu-user qemu-x86_64

install_missing
bash "$(dirname "${BASH_SOURCE[0]}")/package/setup.sh" > /dev/null
npm ci --prefix "$(dirname "${BASH_SOURCE[0]}")/../.typedoc" --silent
bash "$(dirname "${BASH_SOURCE[0]}")/conformance/newest-gdb.sh" > /dev/null
for version in 14 16; do bash "$(dirname "${BASH_SOURCE[0]}")/lldb/older-lldb.sh" "$version" > /dev/null; done
echo 'Everything that the tests need is installed.'
