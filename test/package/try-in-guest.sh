#!/bin/bash
# Installs the package here and tries it in the aarch64 guest, which sees this folder. With the file of a Node for arm64 of
# this one's version, the single executable as well. To be run by npm, which has node-gyp:
# npm exec -c 'bash test/package/try-in-guest.sh [NODE]'
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

npm run build
npm run build:prebuilds
npm run build:native:aarch64
folder=$(mktemp -d "$PWD/test/.cache/guest-package-XXXXXX")
trap 'rm -rf "$folder"' EXIT
for program in sample spinner; do
  aarch64-linux-gnu-gcc -g -O0 -pthread -no-pie -o "$folder/$program" "fixtures/$program.c"
done
npm pack --ignore-scripts --workspace gdb-js-rsp-parser --include-workspace-root --pack-destination "$folder"
npm pack --ignore-scripts ./node_modules/@rgrove/parse-xml ./node_modules/gecko-profiler-demangle --pack-destination "$folder"
echo '{}' > "$folder/package.json"
npm install --prefix "$folder" --offline --ignore-scripts --no-audit "$folder"/*.tgz
try() { # COMMAND
  npm run guest:aarch64 -- run node dist/test/package/try.js "$folder/sample" "$folder/spinner" "$1"
}
try "$folder/node_modules/.bin/outstep"
if [ $# -gt 0 ]; then
  npm run build:single -- "$1"
  try "$PWD/dist/outstep-arm64"
fi
