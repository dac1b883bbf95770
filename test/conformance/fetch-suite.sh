#!/bin/bash
# Prints the folder of gdb's test suite, out of the source package of gdb; it is fetched once, into a cache.
# usage: fetch-suite.sh system|RELEASE
#   system   of the system's own gdb, from the package sources that the system has
#   RELEASE  of a release of Debian, as in "trixie"
# The system's own package sources and lists stay as they are.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
release=${1:?usage: fetch-suite.sh system|RELEASE}
cache=${GDB_SUITE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gdb-suite}
apt=$cache/apt-$release

suite_of() { # VERSION, as in 13.1
  echo "$cache/gdb-$1/gdb/testsuite"
}

if [ "$release" = system ]; then
  version=$(gdb --version | sed -n '1s/.* \([0-9][0-9.]*\)$/\1/p')
  known=$(suite_of "$version")
else
  known=$(cat "$apt/suite" 2> /dev/null || true)
fi
if [ -n "$known" ] && [ -f "$known/lib/gdb.exp" ]; then
  echo "$known"
  exit 0
fi

# The same sources as the system's, but of source packages.
write_sources() {
  local file mirror
  rm -rf "$apt/parts"
  mkdir -p "$apt/parts" "$apt/lists/partial"
  if [ "$release" != system ]; then
    mirror=$(bash "$here/debian-mirror.sh")
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main" \
      > "$apt/parts/$release.list"
    return
  fi
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" > "$apt/parts/${file##*/}"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -f "$file" ] || sed -n 's/^deb /deb-src /p' "$file" > "$apt/parts/$(basename "$file" .list).list"
  done
}

apt_get() {
  apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/parts" \
    -o "Dir::State::lists=$apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@" >&2
}

write_sources
cd "$apt"
# A source without source packages (other vendors') is only a warning; a missing gdb is not.
apt_get update || true
apt_get source --download-only gdb
archives=(gdb_*.orig.tar.*z)
archive=${archives[-1]}
version=${archive#gdb_}
# Debian may say in the version that something was taken out, as in 13.1+dfsg.
version=${version%%.orig.tar.*}
version=${version%%+*}
mkdir -p "$cache/gdb-$version"
tar -xf "$archive" -C "$cache/gdb-$version" --strip-components=1
suite=$(suite_of "$version")
if [ ! -f "$suite/lib/gdb.exp" ]; then
  echo "fetch-suite: no test suite in $apt/$archive" >&2
  exit 1
fi
echo "$suite" | tee suite
