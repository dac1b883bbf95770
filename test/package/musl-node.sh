#!/bin/bash
# Makes a Node for musl that runs beside glibc, once, in a cache outside of this folder, and prints its path. No package
# of npm or Debian is that Node; npm's pnpm 11 is one, with a program inside that starts instead of Node's own as long as
# a byte says so. Debian's C++ library is made for glibc, but asks for little that musl has not.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

pnpm=11.9.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/outstep/musl-node-$pnpm
work=$cache/work

if [ ! -x "$cache/program" ]; then
  mkdir -p "$work"
  npm install --prefix "$work" --ignore-scripts --no-save --force "@pnpm/linuxstatic-x64@$pnpm" >&2
  node - "$work/node_modules/@pnpm/linuxstatic-x64/pnpm" "$cache/program.new" << 'SCRIPT'
    const { readFileSync, writeFileSync } = require('node:fs');
    const [from, to] = process.argv.slice(2);
    const program = readFileSync(from);
    const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';
    const at = program.indexOf(`${fuse}1`, 0, 'latin1');
    if (at < 0) throw new Error(`${from} holds no program`);
    program.write('0', at + fuse.length, 'latin1');
    writeFileSync(to, program, { mode: 0o755 });
SCRIPT
  mv "$cache/program.new" "$cache/program"
  rm -r "$work"
fi

libraries=$cache/libraries
mkdir -p "$libraries"
for library in libstdc++.so.6 libgcc_s.so.1; do
  cp -L "$(gcc -print-file-name="$library")" "$libraries/"
done
# Under the name of a library that they need and musl has not.
musl-gcc -shared -fPIC -O2 -Wall -Wextra -o "$libraries/ld-linux-x86-64.so.2" "$here/musl-shim.c"

cat > "$cache/node.new" << SCRIPT
#!/bin/sh
exec /lib/ld-musl-x86_64.so.1 --library-path '$libraries' '$cache/program' "\$@"
SCRIPT
chmod +x "$cache/node.new"
mv "$cache/node.new" "$cache/node"
echo "$cache/node"
