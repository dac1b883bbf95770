#!/bin/bash
# Builds the addon and the sentinel for aarch64 with the cross compiler, from the sources and flags of binding.gyp, in
# native/build/aarch64; what has not changed is not compiled again. To be run by npm, which has node-gyp.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../native"

# node-gyp builds where its binding.gyp lies: a folder of links keeps this machine's own build as it is.
staging=build/aarch64/native
mkdir -p "$staging" build/aarch64/Release
find "$staging" -maxdepth 1 -type l -delete
ln -sr ./*.cc ./*.h binding.gyp "$staging/"

export CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ AR=aarch64-linux-gnu-ar
# Only where the list of sources has changed: configuring anew compiles everything again.
if ! cmp --silent binding.gyp build/aarch64/configured; then
  node-gyp configure --directory "$staging" --arch=arm64
  cp binding.gyp build/aarch64/configured
fi
node-gyp build --directory "$staging" --jobs "$(nproc)"
cp --update "$staging"/build/Release/outstep{.node,-sentinel} build/aarch64/Release/
