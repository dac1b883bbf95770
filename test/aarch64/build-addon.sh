#!/bin/bash
# Builds the addon and the sentinel for aarch64 as they are built for the package, and puts them where the guest looks for
# them. To be run by npm, which has node-gyp.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../native"

bash prebuild.sh arm64
rm -rf build/aarch64
mkdir -p build/aarch64
# Not stripped: who debugs them in the guest wants names.
ln -s ../../build-arm64/build/Release build/aarch64/Release
