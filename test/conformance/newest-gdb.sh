#!/bin/bash
# Prints a folder with a newer gdb than the system's, and the gdbserver of the same version: FOLDER/bin/gdb and
# FOLDER/bin/gdbserver. Both come from a release of Debian that is unpacked once into a cache, without chroot or root's
# rights: the release's own loader starts them with the release's libraries.
# usage: newest-gdb.sh [RELEASE]     (default: trixie, with gdb 16.3)
set -euo pipefail

release=${1:-trixie}
cache=${GDB_SUITE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gdb-suite}
folder=$cache/$release
root=$folder/root
libraries=$root/usr/lib/x86_64-linux-gnu

if [ -x "$folder/bin/gdb" ]; then
  echo "$folder"
  exit 0
fi

if ! command -v mmdebstrap > /dev/null; then
  if [ "$(id -u)" -ne 0 ]; then
    echo 'newest-gdb: please install mmdebstrap' >&2
    exit 1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends mmdebstrap >&2
fi

mirror=$(bash "$(dirname "${BASH_SOURCE[0]}")/debian-mirror.sh")
mkdir -p "$folder/bin" "$folder/server-libraries"
rm -rf "$root"
mode=root
[ "$(id -u)" -eq 0 ] || mode=unshare
mmdebstrap --mode="$mode" --variant=extract --include=gdb,gdbserver,libpython3-stdlib \
  "$release" "$root" "$mirror" >&2

# gdb finds its data and Python's library beside itself, but debugs what runs here, with the symbols that are here.
rm -rf "$root/usr/lib/debug"
ln -s /usr/lib/debug "$root/usr/lib/debug"
# The server reads thread-locals of programs that use the system's C library, so with that library's libthread_db.
ln -sf /lib/x86_64-linux-gnu/libthread_db.so.1 "$folder/server-libraries/"

write_wrapper() { # PROGRAM LIBRARY-PATH
  cat > "$folder/bin/$1" << WRAPPER
#!/bin/sh
exec $libraries/ld-linux-x86-64.so.2 --argv0 $root/usr/bin/$1 --library-path $2 $root/usr/bin/$1 "\$@"
WRAPPER
  chmod +x "$folder/bin/$1"
}
write_wrapper gdbserver "$folder/server-libraries:$libraries"
write_wrapper gdb "$libraries"
echo "$folder"
