#!/bin/sh
# Installs the menu entry into a folder of its own, has the desktop's tools judge it, and takes it back.
#
#     apt-get install desktop-file-utils shared-mime-info xdg-utils libglib2.0-bin
#     cargo build
#     sh tests/tools/desktop_check.sh target/debug/rvqscope
#
# Tools that are not installed are passed over, and said so.
set -eu
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A path that has to be quoted.
mkdir "$folder/my \$tools 100%"
ln "$program" "$folder/my \$tools 100%/rvqscope" 2>/dev/null || cp "$program" "$folder/my \$tools 100%/rvqscope"
program="$folder/my \$tools 100%/rvqscope"
export XDG_DATA_HOME="$folder/data" HOME="$folder"

have() {
  command -v "$1" >/dev/null || { echo "$1: not installed, so that it was not tried"; return 1; }
}

mkdir -p "$XDG_DATA_HOME/applications"
echo other >"$XDG_DATA_HOME/applications/other.txt"
"$program" install-desktop
entry="$XDG_DATA_HOME/applications/rvqscope.desktop"
grep -F 'Exec="' "$entry"
if have desktop-file-validate; then
  desktop-file-validate "$entry"
  echo "desktop-file-validate: nothing to say"
fi
if have update-mime-database; then
  grep -q ':\*.safetensors$' "$XDG_DATA_HOME/mime/globs2"
  echo "update-mime-database: .safetensors has a type"
fi
if have update-desktop-database; then
  grep -q 'application/x-safetensors=rvqscope.desktop' "$XDG_DATA_HOME/applications/mimeinfo.cache"
  echo "update-desktop-database: rvqscope opens .safetensors"
fi
# What the desktop would start: the Exec line as GLib reads it.
if have gio && have python3 && python3 -c 'import gi' 2>/dev/null; then
  XDG_DATA_DIRS=/usr/share python3 -c "
import gi
from gi.repository import Gio
info = Gio.DesktopAppInfo.new_from_filename('$entry')
assert info.get_executable() == r'''$program''', info.get_executable()
"
  echo "glib: reads the path as it is"
fi
cmp "$XDG_DATA_HOME/icons/hicolor/128x128/apps/rvqscope.png" "$(dirname "$0")/../../assets/icon.png"

"$program" install-desktop --remove
left=$(find "$XDG_DATA_HOME" -name '*rvqscope*')
[ -z "$left" ] || { echo "left behind: $left" >&2; exit 1; }
! grep -rq rvqscope "$XDG_DATA_HOME" || { echo "a cache still names rvqscope" >&2; exit 1; }
[ "$(cat "$XDG_DATA_HOME/applications/other.txt")" = other ]
"$program" install-desktop --remove
echo "all of it is taken back, and nothing else"
