#!/usr/bin/env bash
# Makes a Debian package of the gateway, in out/: the program with the Swift runtime inside, the unit, a configuration.
#
#   scripts/package-debian.sh                    builds the release first
#   scripts/package-debian.sh --binary PROGRAM   packs this one
set -euo pipefail
cd "$(dirname "$0")/.."

binary=""
if [ "${1:-}" = --binary ]; then
    binary=${2:?--binary needs a path}
elif [ $# -gt 0 ]; then
    echo "usage: $0 [--binary PROGRAM]" >&2
    exit 2
fi
if [ -z "$binary" ]; then
    # A folder of its own: the runtime is linked in, which the usual release build does without.
    swift build -c release --static-swift-stdlib --scratch-path .build/package --product widget-gateway
    binary=.build/package/release/widget-gateway
fi

version=$("$binary" --version | awk '{print $2}')
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

put() { install -D -m "$1" "$2" "$root/$3"; }

# Libraries of the Swift runtime that aren't linked in go beside the program, which looks for them there.
folder=usr/bin
runtime=$(ldd "$binary" | awk '$3 ~ /\/swift\// {print $3}')
if [ -n "$runtime" ]; then
    folder=usr/lib/widget-gateway
    for library in $runtime; do put 644 "$library" "$folder/$(basename "$library")"; done
    mkdir -p "$root/usr/bin"
    ln -s ../lib/widget-gateway/widget-gateway "$root/usr/bin/widget-gateway"
fi
put 755 "$binary" "$folder/widget-gateway"
strip "$root/$folder/widget-gateway"
put 644 scripts/packaging/debian/widget-gateway.service usr/lib/systemd/system/widget-gateway.service
put 644 scripts/packaging/debian/widget-gateway.socket usr/lib/systemd/system/widget-gateway.socket
put 644 scripts/packaging/debian/sysusers.conf usr/lib/sysusers.d/widget-gateway.conf
put 644 scripts/packaging/debian/tmpfiles.conf usr/lib/tmpfiles.d/widget-gateway.conf
put 640 scripts/packaging/debian/gateway.yaml etc/widget-gateway/gateway.yaml
put 644 LICENSE usr/share/doc/widget-gateway/copyright
for page in operations runbook metrics configuration command-line limits upstreams tls postgresql token-log performance \
    reliability; do
    put 644 "docs/$page.md" "usr/share/doc/widget-gateway/$page.md"
done
for file in docs/dashboards/*.json docs/dashboards/alerts.yaml; do
    put 644 "$file" "usr/share/doc/widget-gateway/dashboards/$(basename "$file")"
done

# The packages of what it names itself; what those need in turn, they say. Older systems' C library won't do.
depends=$(readelf -d "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r library; do
    path=$(ldd "$binary" | awk -v name="$library" '$1 == name && $3 !~ /\/swift\// {print $3}')
    [ -z "$path" ] || dpkg-query -S "$(basename "$(readlink -f "$path")")" 2>/dev/null
done | sed -n 's/^\([^:,]*\):.*/\1/p' | grep -v -- -dev | sort -u | paste -sd, | sed 's/,/, /g')
libc=$(dpkg-query -W -f '${Version}' libc6 | sed 's/-.*//')
depends=${depends/libc6/libc6 (>= $libc)}

mkdir -p "$root/DEBIAN"
cat > "$root/DEBIAN/control" <<END
Package: widget-gateway
Version: $version
Architecture: $architecture
Maintainer: Widget Gateway <maintainers@widget-gateway.invalid>
Section: httpd
Priority: optional
Depends: $depends, ca-certificates
Installed-Size: $(du -sk "$root" | cut -f1)
Description: HTTP/2 gateway that knows which user of which customer is calling
 Verifies the user tokens of embedded feedback, chat and changelog widgets, admits
 their users, signs visitors of portals in, and forwards what it lets through with
 identity headers that the upstream can trust.
END
echo /etc/widget-gateway/gateway.yaml > "$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do put 755 "scripts/packaging/debian/$script" "DEBIAN/$script"; done

mkdir -p out
package=out/widget-gateway_${version}_$architecture.deb
dpkg-deb -Zzstd --root-owner-group --build "$root" "$package" >/dev/null
echo "$package"
