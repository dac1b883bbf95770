#!/bin/bash
# Fetches the Nodes that the published package is tried with, from npm, each once, into a cache outside of this folder.
# Prints a line for each: a name, and the program's path.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

cpu=$(node -p process.arch)
for version in 20 22 24 26; do
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/outstep/nodes-$cpu/$version
  program=$folder/node_modules/node-linux-$cpu/bin/node
  if [ ! -x "$program" ]; then
    mkdir -p "$folder"
    # No install scripts: the package holds the program itself.
    npm install --prefix "$folder" --ignore-scripts --no-save "node-linux-$cpu@$version" >&2
  fi
  echo "$version $program"
done
if [ "$cpu" = x64 ]; then
  echo "musl $(bash "$here/musl-node.sh")"
fi
