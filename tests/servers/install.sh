#!/usr/bin/env bash
# Installs the real servers that the tests run against. What cannot be installed here is named, and the tests that
# need it are skipped with a reason.
set -u

packages=(ceph-mon ceph-osd radosgw)

is_installed() {
    local program
    for program in ceph ceph-mon ceph-osd monmaptool radosgw radosgw-admin; do
        command -v "$program" >/dev/null || return 1
    done
}

is_installed && exit 0

left_out() {
    echo "Ceph's RADOS Gateway is not installed ($1). Left out: the tests that read a real S3 server." >&2
    exit 0
}

command -v apt-get >/dev/null || left_out "there is no apt-get"
[ "$(id -u)" = 0 ] || left_out "run tests/servers/install.sh as root to install it"

export DEBIAN_FRONTEND=noninteractive
echo "Installing Ceph's RADOS Gateway (once) ..."
log=$(mktemp)
apt-get update -qq >"$log" 2>&1 || left_out "apt-get update failed: $(tail -n 1 "$log")"
apt-get install -y -qq --no-install-recommends "${packages[@]/%/=16.2.*}" >"$log" 2>&1 ||
    left_out "apt-get install failed: $(tail -n 1 "$log")"
rm -f "$log"
