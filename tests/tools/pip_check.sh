#!/bin/sh
# Installs the project with pip into a clean environment and runs what it has put there.
#
#     sh tests/tools/pip_check.sh                 # as a user would: `pip install .`, a release build
#     sh tests/tools/pip_check.sh --profile dev   # with the profile of `cargo build`, whose target directory is then taken up
#
# Needs Python 3.8 with venv, and what builds the program: Rust and a C linker. pip fetches maturin from PyPI.
set -eu
cd "$(dirname "$0")/../.."
args="$*"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
# `pip install .` itself takes no argument for the build but by this variable of maturin's.
MATURIN_PEP517_ARGS="$args" "$folder/env/bin/pip" install --quiet .
wanted=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
"$folder/env/bin/pip" show rvqscope | grep -x "Version: $wanted"
"$folder/env/bin/pip" show --files rvqscope | grep 'bin/rvqscope'
[ "$("$folder/env/bin/rvqscope" --version)" = "rvqscope $wanted" ]
"$folder/env/bin/rvqscope" report --article --codes 8 --layers 1 --steps 5 --out "$folder/report" >/dev/null
[ -s "$folder/report/report.html" ]
"$folder/env/bin/pip" uninstall --quiet --yes rvqscope
[ ! -e "$folder/env/bin/rvqscope" ]
echo "pip: version $wanted is installed, runs, and is taken away again"
