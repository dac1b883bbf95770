#!/bin/bash
# Prints the path of an older lldb, which is unpacked into a cache once: Debian's packages of two versions cannot be
# installed beside each other.
# usage: older-lldb.sh VERSION     (14 or 16 with Debian 12)
set -euo pipefail

version=$1
folder=${XDG_CACHE_HOME:-$HOME/.cache}/outstep/lldb-$version
if [ -x "$folder/lldb" ]; then
  echo "$folder/lldb"
  exit 0
fi

packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
(
  cd "$packages"
  apt-get download "lldb-$version" "liblldb-$version" "python3-lldb-$version" "libllvm$version" "libclang-cpp$version"
) >&2
rm -rf "$folder"
mkdir -p "$folder/root"
for package in "$packages"/*.deb; do dpkg -x "$package" "$folder/root"; done

llvm=$folder/root/usr/lib/llvm-$version
cat > "$folder/lldb" << WRAPPER
#!/bin/sh
LD_LIBRARY_PATH=$llvm/lib:$folder/root/usr/lib/$(uname -m)-linux-gnu \\
PYTHONPATH=$folder/root/usr/lib/python3/dist-packages \\
exec $llvm/bin/lldb "\$@"
WRAPPER
chmod +x "$folder/lldb"
echo "$folder/lldb"
