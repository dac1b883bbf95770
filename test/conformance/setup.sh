#!/bin/bash
# Installs what a run of gdb's suite needs from Debian or Ubuntu, and fetches the suite of the installed gdb.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/../install-packages.sh"

need_compiler
need_program gdb gdb
need_program gdbserver gdbserver
need_program dejagnu runtest
need_program expect expect
need_program python3 python3
need_program xz-utils xz

install_missing
suite=$(bash "$here/fetch-suite.sh" system)
echo "gdb's suite: $suite"
