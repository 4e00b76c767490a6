#!/usr/bin/env bash
# Holds the TLS listener against testssl.sh: fails on any finding above 'low'. Takes a minute or two.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh
install_missing testssl.sh openssl
binary="${WIDGET_GATEWAY_BINARY:-$PWD/.build/release/widget-gateway}"
[ -x "$binary" ] || { echo "There is no $binary: make build first." >&2; exit 1; }

work=$(mktemp -d)
gateway=
finish() {
    [ -z "$gateway" ] || { kill "$gateway" 2>/dev/null || true; wait "$gateway" 2>/dev/null || true; }
    rm -rf "$work"
}
trap finish EXIT
cd "$work"

# A chain as an operator has it: an authority of its own, and a leaf that says where revocations are told.
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${new_key[@]}" -keyout ca.key -out ca.pem -days 90 -subj "/CN=Test authority" 2>/dev/null
openssl req "${new_key[@]}" -keyout key.pem -out leaf.csr -subj /CN=localhost 2>/dev/null
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 -out leaf.pem -extfile <(
    printf '%s\n' "subjectAltName=DNS:localhost" "extendedKeyUsage=serverAuth" "keyUsage=digitalSignature" \
        "crlDistributionPoints=URI:http://localhost/none.crl") 2>/dev/null
cat leaf.pem ca.pem > cert.pem

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > gateway.yaml <<YAML
listen: [{ address: 127.0.0.1:$port, tls: { certificate: cert.pem, key: key.pem } }]
admin: { enabled: false }
storage: { url: sqlite:gateway.db, master_key_file: master.key }
upstreams: [{ name: widgets, url: http://127.0.0.1:9 }]
routes: [{ path: /, access: widget, upstream: widgets }]
workers: 1
YAML
env -u WIDGET_GATEWAY_BINARY "$binary" serve --config gateway.yaml 2>gateway.log &
gateway=$!
for _ in $(seq 100); do
    kill -0 "$gateway" 2>/dev/null || break
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.1
done

kill -0 "$gateway" 2>/dev/null || { cat gateway.log >&2; exit 1; }
timeout 600 testssl --warnings off --color 0 --quiet --ip one --add-ca ca.pem --jsonfile findings.json \
    "https://localhost:$port/" > testssl.log || true
python3 - <<'PYTHON'
import json, sys

findings = json.load(open("findings.json"))
named = [finding for finding in findings if finding["severity"] not in ("OK", "INFO", "DEBUG")]
for finding in named:
    print(f"{finding['severity']:9} {finding['id']}: {finding['finding']}")
grave = [finding for finding in named if finding["severity"] != "LOW"]
print(f"testssl.sh: {len(findings)} findings, {len(named) - len(grave)} low, {len(grave)} above low")
sys.exit(bool(grave) or len(findings) < 50)
PYTHON
