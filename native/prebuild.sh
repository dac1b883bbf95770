#!/bin/bash
# Builds the addon and the sentinel as they are published: stripped, in prebuilds/linux-CPU. What has not changed is not
# compiled again. To be run by npm, which has node-gyp.
# usage: prebuild.sh CPU...   as Node names them: x64, arm64
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
shopt -s extglob

# What the names of another machine's tools begin with.
prefix_of() { # CPU
  [ "$1" != "$(node -p process.arch)" ] || return 0
  case $1 in
    x64) echo x86_64-linux-gnu- ;;
    arm64) echo aarch64-linux-gnu- ;;
    *) echo "prebuild.sh: no tools are known for $1" >&2 && return 1 ;;
  esac
}

prebuild() { # CPU
  local prefix staging=build-$1 place=prebuilds/linux-$1
  prefix=$(prefix_of "$1")
  # node-gyp builds where its binding.gyp lies: a folder of links keeps this machine's own build as it is.
  mkdir -p "$staging" "$place"
  find "$staging" -maxdepth 1 -type l -delete
  ln -sr ./*.@(cc|h|map|gyp) "$staging/"
  CC=${prefix}gcc CXX=${prefix}g++ AR=${prefix}ar \
    node-gyp configure build --directory "$staging" --arch="$1" --jobs "$(nproc)"
  local file
  for file in outstep.node outstep-sentinel; do
    "${prefix}strip" -o "$place/$file.new" "$staging/build/Release/$file"
    mv "$place/$file.new" "$place/$file"
  done
}

for cpu; do prebuild "$cpu"; done
