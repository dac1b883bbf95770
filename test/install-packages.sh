# To be sourced: installs Debian's or Ubuntu's packages for what is missing.

# need PACKAGE TEST...: the package is missing when the test fails.
missing=()
need() {
  local package=$1
  shift
  "$@" > /dev/null 2>&1 || missing+=("$package")
}

# need_program PACKAGE PROGRAM...
need_program() {
  local package=$1 program
  shift
  for program; do need "$package" command -v "$program"; done
}

# Does nothing where nothing is missing.
install_missing() {
  [ "${#missing[@]}" -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
      echo "Please install as root: ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update
  "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
}

# A compiler without the C library's headers compiles nothing. gdb steps through the C library and names its functions
# only with the library's symbols, and the baselines of gdb's suite were made with them.
need_compiler() {
  need_program gcc gcc
  need_program g++ g++
  need libc6-dev test -e /usr/include/stdio.h
  need libc6-dbg dpkg-query -s libc6-dbg
}
