"""The gateway and its peers, each with one worker, set up for the same task as far as it can do it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from processes import ENVIRONMENT, LOAD_CORE, SERVER_CORE, Server, free_port

SECRET = "".join(f"{byte:02x}" for byte in range(32))
BODY = '{"posts":[{"id":1,"title":"Dark mode","votes":12}]}'
CLAIMS = {"email": "ada@example.test", "id": "42", "name": "Ada Lovelace", "company_name": "Analytical Engines"}


@dataclass
class Measured:
    """A server that is up, and where it answers."""
    server: Server
    urls: dict[str, str]
    verifies: bool = True
    resident_before: int = field(default=0)

    @property
    def name(self) -> str:
        return self.server.name


def quiet(*command: str, directory: Path) -> str:
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    if result.returncode:
        sys.exit(f"{' '.join(command[:3])} failed:\n{result.stdout}{result.stderr}")
    return result.stdout.strip()


def program(name: str) -> str:
    return shutil.which(name) or f"/usr/sbin/{name}"


def make_certificate(directory: Path) -> None:
    quiet("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
          "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost", directory=directory)
    (directory / "both.pem").write_text((directory / "cert.pem").read_text() + (directory / "key.pem").read_text())


def start_backend(directory: Path) -> tuple[Server, int]:
    port = free_port()
    (directory / "backend.cfg").write_text(f"""
global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
    timeout http-keep-alive 60s
frontend backend
    bind 127.0.0.1:{port}
    http-request return status 200 content-type application/json string '{BODY}'
""")
    return Server("backend", LOAD_CORE, [program("haproxy"), "-db", "-f", "backend.cfg"], directory, [port]), port


# MARK: Widget Gateway


def start_gateway(binary: Path, directory: Path, backend: int, more: str = "", under: list[str] | None = None) -> Measured:
    """`more` is added to its configuration; `under` is a command that runs it."""
    port, admin = free_port(), free_port()
    (directory / "gateway.yaml").write_text(f"""
listen:
  - address: 127.0.0.1:{port}
    tls: {{ certificate: cert.pem, key: key.pem }}
admin: {{ address: 127.0.0.1:{admin} }}
storage: {{ url: sqlite:gateway.db, master_key_file: master.key }}
upstreams:
  - {{ name: widgets, url: http://127.0.0.1:{backend} }}
routes:
  - {{ path: /, access: widget, upstream: widgets }}
workers: 1
log: {{ level: warning, access: false }}
{more}
""")
    (directory / "organizations.yaml").write_text(f"""
organizations:
  - id: acme
    secrets: [{{ secret: "{SECRET}" }}]
    require_identify: enforce
""")
    quiet(str(binary), "organization", "apply", "--config", "gateway.yaml", "organizations.yaml", directory=directory)
    server = Server("gateway", SERVER_CORE, [*(under or []), str(binary), "serve", "--config", "gateway.yaml"], directory,
                    [port, admin])
    base = f"https://127.0.0.1:{port}"
    return Measured(server, {"proxied": base + "/posts", "direct": base + "/_widget/state"})


def sign_token(binary: Path, directory: Path) -> str:
    (directory / "secret").write_text(SECRET)
    return quiet(str(binary), "token", "sign", "--secret-file", "secret", "--expires-in", "3500", "--claims",
                 json.dumps(CLAIMS), directory=directory)


# MARK: HAProxy: checks algorithm, MAC and expiry, and hands the claims on: the same work, but for looking a user up.


def start_haproxy(directory: Path, backend: int) -> Measured:
    port = free_port()
    (directory / "haproxy.cfg").write_text(f"""
global
    nbthread 1
    maxconn 4000
    ssl-default-bind-options ssl-min-ver TLSv1.3
    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
    tune.ssl.default-dh-param 2048
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
    timeout http-keep-alive 60s
    option forwardfor
    unique-id-format %{{+X}}o%ci%cp%fi%fp%Ts%rt%pid
frontend gateway
    bind 127.0.0.1:{port} ssl crt {directory / 'both.pem'} alpn h2,http/1.1 curves X25519
    http-request set-var(txn.token) http_auth_bearer
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_header_query('$.alg') -m str HS256 }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify("HS256","{SECRET}") -m int 1 }}
    http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
    http-request set-var(txn.left) date,neg,add(txn.exp)
    http-request deny deny_status 401 unless {{ var(txn.left) -m int gt 0 }}
    http-request del-header authorization
    http-request del-header x-widget- -m beg
    http-request set-header x-forwarded-proto https
    http-request set-header x-forwarded-host %[req.hdr(host)]
    http-request set-header forwarded for=%[src];proto=https;host="%[req.hdr(host)]"
    http-request set-header via "2 haproxy"
    http-request set-header x-request-id %[unique-id]
    http-request set-header traceparent 00-%[rand(999999999),hex,bytes(8,8)]%[rand(999999999),hex]0-%[rand(999999999),hex]-00
    http-request set-header x-widget-state identified
    http-request set-header x-widget-organization acme
    http-request set-header x-widget-user-id %[var(txn.token),jwt_payload_query('$.id')]
    http-request set-header x-widget-user-email %[var(txn.token),jwt_payload_query('$.email')]
    http-request set-header x-widget-user-name %[var(txn.token),jwt_payload_query('$.name'),url_enc]
    http-request set-header x-widget-verified-by token
    http-response set-header x-request-id %[unique-id]
    http-request return status 200 content-type application/json string '{BODY}' if {{ path /direct }}
    default_backend widgets
backend widgets
    http-reuse always
    server widgets 127.0.0.1:{backend}
""")
    server = Server("haproxy", SERVER_CORE, [program("haproxy"), "-db", "-f", "haproxy.cfg"], directory, [port])
    return measured(server, port)


# MARK: nginx: Debian's can't verify tokens: what HTTP/2, TLS and proxying cost without.


def start_nginx(directory: Path, backend: int) -> Measured:
    port = free_port()
    temporary = "\n".join(f"    {kind}_temp_path {directory}/nginx-{kind};"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (directory / "nginx.conf").write_text(f"""
daemon off;
master_process off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.error.log warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
{temporary}
    keepalive_timeout 60s;
    keepalive_requests 1000000000;
    upstream widgets {{ server 127.0.0.1:{backend}; keepalive 256; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} ssl http2 backlog=4096;
        ssl_certificate {directory}/cert.pem;
        ssl_certificate_key {directory}/key.pem;
        ssl_protocols TLSv1.3;
        ssl_ecdh_curve X25519;
        ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
        default_type application/json;
        location = /direct {{ return 200 '{BODY}'; }}
        location / {{
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Authorization "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Widget-State identified;
            proxy_pass http://widgets;
        }}
    }}
}}
""")
    server = Server("nginx", SERVER_CORE, [program("nginx"), "-p", str(directory), "-c", str(directory / "nginx.conf")],
                    directory, [port])
    return measured(server, port, verifies=False)


# MARK: Envoy: checks the MAC and exp, and remembers tokens it has checked.


def start_envoy(binary: Path, directory: Path, backend: int) -> Measured:
    port = free_port()
    key = base64.urlsafe_b64encode(SECRET.encode()).rstrip(b"=").decode()
    keys = json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "k": key}]})
    types = "type.googleapis.com/envoy.extensions"
    tls = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{types}.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3",
                               "ecdh_curves": ["X25519"]},
                "tls_certificates": [{"certificate_chain": {"filename": str(directory / "cert.pem")},
                                      "private_key": {"filename": str(directory / "key.pem")}}],
            },
        },
    }
    authentication = {
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": f"{types}.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"acme": {"local_jwks": {"inline_string": keys}, "forward": False,
                                   "jwt_cache_config": {"jwt_cache_size": 1000}}},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "acme"}}],
        },
    }
    routes = {
        "virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "request_headers_to_add": [{"header": {"key": "x-widget-state", "value": "identified"},
                                        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
            "routes": [
                {"match": {"path": "/direct"},
                 "direct_response": {"status": 200, "body": {"inline_string": BODY}}},
                {"match": {"prefix": "/"}, "route": {"cluster": "widgets"}},
            ],
        }],
    }
    manager = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{types}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "gateway", "codec_type": "AUTO", "use_remote_address": True, "generate_request_id": False,
            "route_config": routes,
            "http_filters": [authentication, {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{types}.filters.http.router.v3.Router"}}],
        },
    }
    cluster = {
        "name": "widgets", "type": "STATIC", "connect_timeout": "5s",
        "load_assignment": {"cluster_name": "widgets", "endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": backend}}}}]}]},
        "circuit_breakers": {"thresholds": [{"max_connections": 4096, "max_pending_requests": 8192,
                                             "max_requests": 8192}]},
    }
    (directory / "envoy.json").write_text(json.dumps({"static_resources": {
        "listeners": [{
            "name": "gateway", "tcp_backlog_size": 4096,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
            "filter_chains": [{"transport_socket": tls, "filters": [manager]}],
        }],
        "clusters": [cluster],
    }}))
    server = Server("envoy", SERVER_CORE, [str(binary), "-c", "envoy.json", "--concurrency", "1", "--log-level", "warn",
                                           "--use-dynamic-base-id"], directory, [port])
    return measured(server, port)


def measured(server: Server, port: int, verifies: bool = True) -> Measured:
    base = f"https://127.0.0.1:{port}"
    return Measured(server, {"proxied": base + "/posts", "direct": base + "/direct"}, verifies)


def versions(names: list[str], envoy: Path | None) -> str:
    """What the peers say that they are."""
    def first_line(*command: str) -> str:
        result = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return (result.stdout + result.stderr).strip().splitlines()[0]

    found = []
    if "haproxy" in names:
        found.append("HAProxy " + first_line(program("haproxy"), "-v").split()[2].split("-")[0])
    if "nginx" in names:
        found.append("nginx " + first_line(program("nginx"), "-v").rsplit("/", 1)[1])
    if "envoy" in names and envoy:
        found.append("Envoy " + first_line(str(envoy), "--version").split("/")[-4])
    return ", ".join(found)
