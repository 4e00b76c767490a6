#!/usr/bin/env bash
# Installs the Debian package in a Debian of its own, with systemd as its first process and no network, and works with it:
# started, reloaded, killed, restarted under load, upgraded and removed. Needs root, and Debian's mirror.
#
#   scripts/test-package.sh out/widget-gateway_VERSION_ARCH.deb
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh
package=${1:?usage: $0 PACKAGE}
[ "$(id -u)" = 0 ] || { echo "Only root can boot a container." >&2; exit 2; }
install_missing debootstrap systemd-container

root=$(mktemp -d) nspawn=
chmod 755 "$root"
finish() {
    local code=$?
    if [ -n "$nspawn" ]; then
        kill "$nspawn" 2>/dev/null || true
        wait "$nspawn" 2>/dev/null || true
    fi
    rm -rf --one-file-system "$root"
    exit $code
}
trap finish EXIT

echo "Making a Debian with what the package depends on"
depends=$(dpkg-deb --field "$package" Depends | sed 's/([^)]*)//g; s/ //g')
debootstrap --variant=minbase --include="systemd,systemd-sysv,dbus,curl,$depends" bookworm "$root" >"$root.log" 2>&1 ||
    { tail -20 "$root.log" >&2; exit 1; }
rm -f "$root.log"
cp "$package" "$root/root/package.deb"
systemd-nspawn -D "$root" --boot --private-network --register=no --keep-unit --console=pipe </dev/null >/dev/null 2>&1 &
nspawn=$!

inside() {
    local first
    first=$(pgrep -P "$nspawn" | head -1)
    [ -n "$first" ] && nsenter --target "$first" --all -- "$@"
}
is_up() { inside systemctl is-system-running 2>/dev/null | grep -qE '^(running|degraded)'; }
for _ in $(seq 200); do is_up && break || sleep 0.2; done
is_up || { echo "systemd didn't come up" >&2; exit 1; }

failures=0
# check WHAT COMMAND…: the command is a line for the shell inside.
check() {
    if inside /bin/bash -euo pipefail -c "$2" >"$root/last" 2>&1; then
        echo "ok      $1"
    else
        echo "FAILED  $1"
        tail -5 "$root/last"
        failures=$((failures + 1))
    fi
}
serves='curl -sk -o /dev/null --fail https://127.0.0.1:8443/_widget/jwks.json'
ready='for i in $(seq 50); do curl -s -o /dev/null --fail http://127.0.0.1:9443/readyz && exit 0; sleep 0.2; done; exit 1'
process='systemctl show widget-gateway -p MainPID --value'

check "installs" 'dpkg -i /root/package.deb'
check "makes its user, who can't sign in" 'getent passwd widget-gateway | grep -q /usr/sbin/nologin'
check "its data is its own" '[ "$(stat -c "%U %a" /var/lib/widget-gateway)" = "widget-gateway 700" ]'
check "its configuration is root's, for it to read" \
    '[ "$(stat -c "%U %G %a" /etc/widget-gateway/gateway.yaml)" = "root widget-gateway 640" ]'
check "the units are sound" 'systemd-analyze verify /usr/lib/systemd/system/widget-gateway.{service,socket}'
check "the unit is hardened" 'systemd-analyze security --threshold=20 --no-pager widget-gateway.service >/dev/null'
check "isn't started before it is configured" '! systemctl is-active --quiet widget-gateway'
check "starts" 'systemctl start widget-gateway'
check "serves" "$serves"
check "is ready" "$ready"
check "runs as its user, with one capability, no way to more, and filtered system calls" "
    status=/proc/\$($process)/status
    grep -qE \"^Uid:(\s+\$(id -u widget-gateway)){4}\$\" \$status
    grep -qE '^CapEff:\s+0000000000000400\$' \$status
    grep -qE '^NoNewPrivs:\s+1\$' \$status
    grep -qE '^Seccomp:\s+2\$' \$status"
check "tells systemd that it reloads" 'systemctl reload widget-gateway && journalctl -u widget-gateway | grep -q "configuration reloaded"'
check "is started anew when it is killed" "
    before=\$($process); kill -9 \$before
    for i in \$(seq 50); do [ \"\$($process)\" != \$before ] && systemctl is-active --quiet widget-gateway && break; sleep 0.2; done
    [ \"\$($process)\" != \$before ]; $ready"
check "drains when it is stopped, and ends with 0" '
    systemctl stop widget-gateway
    [ "$(systemctl show widget-gateway -p Result --value) $(systemctl show widget-gateway -p ExecMainStatus --value)" = "success 0" ]'
check "is started by its socket" "systemctl enable --now widget-gateway.socket && $serves"
check "refuses nobody in a restart behind its socket" "
    for i in \$(seq 300); do $serves || exit 1; done & load=\$!
    sleep 0.3; systemctl restart widget-gateway; sleep 0.3; systemctl restart widget-gateway; wait \$load"
check "is upgraded, and runs" "dpkg -i /root/package.deb && systemctl is-active --quiet widget-gateway && $serves"
check "is removed, and leaves the data" '
    dpkg -r widget-gateway && ! systemctl is-active --quiet widget-gateway && [ -s /var/lib/widget-gateway/widget-gateway.db ]'
[ $failures = 0 ] || { inside journalctl -u widget-gateway -n 30 --no-pager -o cat | grep -v wga_ >&2; exit 1; }
echo "All well: $(basename "$package")"
