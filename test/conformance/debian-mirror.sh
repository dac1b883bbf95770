#!/bin/bash
# Prints where the system's own Debian packages come from: other releases are there, too. DEBIAN_MIRROR overrides it.
set -euo pipefail

# shellcheck disable=SC2016  # apt expands it
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sed -n 1p)}
if [ -z "$mirror" ]; then
  echo "debian-mirror: no package source of Debian's is known here; run apt-get update, or set DEBIAN_MIRROR" >&2
  exit 1
fi
echo "$mirror"
