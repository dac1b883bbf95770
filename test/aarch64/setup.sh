#!/bin/bash
# Installs what the aarch64 guest and its tests need from Debian, and builds the guest's image.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/../install-packages.sh"

need_program make make
need_program python3 python3
need_program g++-aarch64-linux-gnu aarch64-linux-gnu-g++
need_program gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
need_program binutils-aarch64-linux-gnu aarch64-linux-gnu-ld
need_program gdb-multiarch gdb-multiarch
need_program openssh-client ssh ssh-keygen
need_program mmdebstrap mmdebstrap
need_program e2fsprogs mke2fs
need_program cpio cpio
need_program xz-utils xz

install_missing
echo "The guest's image: $(bash "$here/image.sh")"
