#!/usr/bin/env bash
# Installs Azurite, the emulator of Azure Blob Storage that the tests run against, into .cache: nothing of the machine's
# changes. What cannot be installed here is named, and the tests that need it are skipped with a reason.
set -u

here=$(cd "$(dirname "$0")" && pwd)
place=$here/../../.cache/azurite
log=$place/install.log

left_out() {
    echo "Azurite is not installed ($1). Left out: the tests that read a real Azure server." >&2
    exit 0
}

is_new_enough() {
    [ "$("$1" --eval 'console.log(+process.versions.node.split(".")[0] >= 18)' 2>/dev/null)" = true ]
}

cmp -s "$here/azurite/package-lock.json" "$place/installed.json" && exit 0

echo "Installing Azurite (once) ..."
mkdir -p "$place" || left_out "$place cannot be written"
cp "$here/azurite/package.json" "$here/azurite/package-lock.json" "$place" || left_out "$place cannot be written"
if ! is_new_enough node || ! command -v npm >/dev/null; then
    python3 -m venv "$place/node" >"$log" 2>&1 || left_out "no virtual environment: $(tail -n 1 "$log")"
    "$place/node/bin/python" -m pip --quiet install --require-hashes -r "$here/azurite/node.lock" >"$log" 2>&1 ||
        left_out "Node could not be installed: $(tail -n 1 "$log")"
    PATH=$place/node/bin:$PATH
fi
(cd "$place" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$log" 2>&1 ||
    left_out "npm ci failed: $(tail -n 1 "$log")"
cp "$place/package-lock.json" "$place/installed.json"
