# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Compares `mcp-auth serve` with servers that verify tokens: checks per second, on one processor each.

usage: servers.py MCP_AUTH ENVOY

Each server runs on the first processor, wrk on the second, one server after the other, in turns. All get the same RS256
tokens of one issuer: one token, and 1,500 distinct ones. Every response must be a success. Nothing is asserted about time.

Then the same for our gRPC service for Envoy, with h2load and one token. Other servers with this service need Kubernetes, and
publish no rate (Authorino has a benchmark of its pipeline inside Go, without figures), so it stands alone.
"""
import base64
import http.server
import json
import os
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TURNS = 3
SECONDS = 4
CONNECTIONS = 32
DISTINCT = 1500
AUDIENCE = "https://api.example/mcp"
US = "mcp-auth serve"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def number(value):
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


class Issuer:
    """Publishes metadata and one key."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.key.public_key()
        numbers = public.public_numbers()
        self.pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        keys = {"keys": [{"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": number(numbers.n), "e": "AQAB"}]}
        self.url = f"http://127.0.0.1:{free_port()}"
        documents = {"/jwks": keys}
        metadata = {"issuer": self.url, "jwks_uri": self.url + "/jwks", "response_types_supported": ["code"]}
        for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
            documents[path] = metadata

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                document = documents.get(self.path)
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_):
                pass

        port = int(self.url.rsplit(":", 1)[1])
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def token(self, index):
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": f"user-{index}", "aud": AUDIENCE, "client_id": "c", "scope": "files:read",
            "iat": now, "exp": now + 3600, "jti": str(index),
        }
        return jwt.encode(claims, self.key, "RS256", {"kid": "1", "typ": "at+jwt"})


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def us(directory, program, issuer, port):
    file = write(directory, "mcp-auth.json", json.dumps({
        "version": 1,
        "server": {
            "listen": f"127.0.0.1:{free_port()}",
            "forward_auth": [{"listen": f"127.0.0.1:{port}", "proxy": "caddy"}],
        },
        "issuers": {"main": {"issuer": issuer.url, "discovery": "oauth"}},
        "resources": [{"resource": AUDIENCE, "issuers": ["main"], "policy": "authenticated"}],
    }))
    fields = "X-Forwarded-Method: GET\nX-Forwarded-Uri: /mcp\nX-Forwarded-Host: api.example\n"
    return [program, "serve", "--config", file, "--log-level", "error"], "/verify", fields


def grpc(directory, program, issuer, port, admin):
    """Our gRPC service; with the admin listener, which counts decisions, only where those are counted."""
    server = {"listen": f"127.0.0.1:{free_port()}", "ext_authz": {"listen": f"127.0.0.1:{port}"}}
    if admin:
        server["admin"] = {"listen": f"127.0.0.1:{admin}"}
    file = write(directory, "mcp-auth.json", json.dumps({
        "version": 1,
        "server": server,
        "issuers": {"main": {"issuer": issuer.url, "discovery": "oauth"}},
        "resources": [{"resource": AUDIENCE, "issuers": ["main"], "policy": "authenticated"}],
    }))
    return [program, "serve", "--config", file, "--log-level", "error"]


def member(field, content):
    """A member of a protobuf message with bytes."""
    length = len(content)
    size = b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([field << 3 | 2]) + size + bytes([length]) + content


def check_request(token):
    """A gRPC message with what Envoy asks for one request (envoy.service.auth.v3.CheckRequest)."""
    header = member(1, b"authorization") + member(2, b"Bearer " + token.encode())
    http = member(2, b"GET") + member(3, header) + member(4, b"/mcp") + member(5, b"api.example") + member(10, b"HTTP/1.1")
    message = member(1, member(4, member(2, http)))
    return b"\0" + struct.pack(">I", len(message)) + message


def grpc_rate(program, issuer, token, admin=None):
    with tempfile.TemporaryDirectory() as directory:
        body = os.path.join(directory, "request.bin")
        with open(body, "wb") as file:
            file.write(check_request(token))
        port = free_port()
        command = ["taskset", "-c", "0", *grpc(directory, program, issuer, port, admin)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_for(port)
            text = ""
            for seconds in (1, SECONDS):
                command = [
                    "taskset", "-c", "1", "h2load", "-t1", f"-c{CONNECTIONS}", "-m1", f"-D{seconds}", "-d", body,
                    "-H", "content-type: application/grpc", "-H", "te: trailers",
                    f"http://127.0.0.1:{port}/envoy.service.auth.v3.Authorization/Check",
                ]
                text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            found = re.search(r"([0-9.]+) req/s", text)
            if not found or " 0 failed" not in text:
                sys.exit(f"servers: gRPC requests failed\n{text}")
            if admin:
                with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics") as metrics:
                    check_allowed(metrics.read().decode())
            return float(found.group(1))
        finally:
            server.terminate()
            server.wait()


def check_allowed(metrics):
    lines = [line for line in metrics.splitlines() if line.startswith("mcpauth_decisions_total{")]
    if not lines or any('decision="allow"' not in line for line in lines):
        sys.exit(f"servers: the gRPC service refused tokens\n{lines}")


def envoy(cache):
    def start(directory, program, issuer, port):
        caching = ", jwt_cache_config: { jwt_cache_size: 4000 }" if cache else ""
        address = "address: { socket_address: { address: 127.0.0.1, port_value: %s } }"
        text = f"""
static_resources:
  listeners:
  - {address % port}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          route_config: {{ virtual_hosts: [ {{ name: v, domains: ["*"], routes: [ {{ match: {{ prefix: "/" }}, direct_response: {{ status: 200 }} }} ] }} ] }}
          http_filters:
          - name: envoy.filters.http.jwt_authn
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
              providers:
                p: {{ issuer: "{issuer.url}", audiences: ["{AUDIENCE}"], remote_jwks: {{ http_uri: {{ uri: "{issuer.url}/jwks", cluster: issuer, timeout: 2s }}, cache_duration: 300s }}{caching} }}
              rules: [ {{ match: {{ prefix: "/" }}, requires: {{ provider_name: p }} }} ]
          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
  - name: issuer
    type: STATIC
    connect_timeout: 1s
    load_assignment: {{ cluster_name: issuer, endpoints: [ {{ lb_endpoints: [ {{ endpoint: {{ {address % issuer.url.rsplit(":", 1)[1]} }} }} ] }} ] }}
"""
        file = write(directory, "envoy.yaml", text)
        return [program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "error"], "/mcp", ""

    return start


def haproxy(directory, program, issuer, port):
    key = write(directory, "key.pem", issuer.pem)
    refuse = "http-request return status 401 unless"
    text = f"""
global
  nbthread 1
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend f
  bind 127.0.0.1:{port}
  http-request set-var(txn.bearer) http_auth_bearer
  {refuse} {{ var(txn.bearer),jwt_header_query('$.alg') -m str RS256 }}
  {refuse} {{ var(txn.bearer),jwt_payload_query('$.iss') -m str {issuer.url} }}
  {refuse} {{ var(txn.bearer),jwt_payload_query('$.aud') -m str {AUDIENCE} }}
  {refuse} {{ var(txn.bearer),jwt_verify("RS256","{key}") 1 }}
  http-request return status 200
"""
    return [program, "-db", "-f", write(directory, "haproxy.cfg", text)], "/mcp", ""


def apache(directory, program, issuer, port):
    modules = "/usr/lib/apache2/modules"
    names = ["mpm_event", "authn_core", "authz_core", "authz_user", "oauth2", "alias"]
    loads = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names)
    write(directory, "ok.txt", "ok\n")
    text = f"""
ServerRoot {directory}
PidFile {directory}/httpd.pid
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
ErrorLog {directory}/error.log
User www-data
Group www-data
{loads}
KeepAlive On
MaxKeepAliveRequests 0
StartServers 1
ServerLimit 1
ThreadsPerChild 64
MaxRequestWorkers 64
OAuth2Cache shm max_entries=4000
OAuth2TokenVerify jwks_uri {issuer.url}/jwks
<Location "/">
  AuthType oauth2
  Require oauth2_claim iss:{issuer.url}
</Location>
Alias /mcp {directory}/ok.txt
"""
    os.chmod(directory, 0o755)
    return [program, "-d", directory, "-f", write(directory, "httpd.conf", text), "-DFOREGROUND"], "/mcp", ""


def wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"servers: nothing listens on {port}")


def rate(name, url, tokens, fields):
    command = [
        "taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s",
        os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokens.lua"), url,
    ]
    environment = {**os.environ, "TOKENS": tokens, "FIELDS": fields}
    text = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    if "Non-2xx" in text:
        sys.exit(f"servers: {name} refused tokens\n{text}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", text).group(1))


def measure(name, start, program, issuer, tokens):
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        command, path, fields = start(directory, program, issuer, port)
        fields = write(directory, "fields.txt", fields)
        with open(os.path.join(directory, "log.txt"), "w", encoding="utf-8") as log:
            server = subprocess.Popen(["taskset", "-c", "0", *command], stdout=log, stderr=log)
        try:
            wait_for(port)
            url = f"http://127.0.0.1:{port}{path}"
            rates = []
            for file in tokens:
                subprocess.run(
                    ["curl", "-s", "-o", "/dev/null", "-H", f"Authorization: Bearer {open(file).readline().strip()}", url],
                    check=False,
                )
                time.sleep(0.3)
                rates.append(rate(name, url, file, fields))
            return rates
        finally:
            server.terminate()
            try:
                server.wait(3)
            except subprocess.TimeoutExpired:
                server.kill()


def main():
    program, envoy_program = sys.argv[1], sys.argv[2]
    peers = {
        US: (us, program),
        "Envoy jwt_authn": (envoy(False), envoy_program),
        "Envoy jwt_authn, cache": (envoy(True), envoy_program),
        "HAProxy jwt_verify": (haproxy, shutil.which("haproxy")),
        "Apache mod_oauth2": (apache, shutil.which("apache2")),
    }
    issuer = Issuer()
    with tempfile.TemporaryDirectory() as directory:
        all_tokens = [issuer.token(index) for index in range(DISTINCT)]
        tokens = [write(directory, "one.txt", all_tokens[0] + "\n"), write(directory, "many.txt", "\n".join(all_tokens))]
        found = {name: [] for name in peers}
        for _ in range(TURNS):
            for name, (start, peer) in peers.items():
                found[name].append(measure(name, start, peer, issuer, tokens))
    print(f"checks per second, one processor each, {CONNECTIONS} connections, RS256; median of {TURNS} turns\n")
    print(f"{'':<26}{'1 token':>12}{f'{DISTINCT:,} tokens':>16}{'of ours':>18}")
    ours = [statistics.median(turn[column] for turn in found[US]) for column in (0, 1)]
    for name, turns in found.items():
        rates = [statistics.median(turn[column] for turn in turns) for column in (0, 1)]
        shares = " ".join(f"{rate / own:7.2f}" for rate, own in zip(rates, ours))
        print(f"{name:<26}{rates[0]:>12,.0f}{rates[1]:>16,.0f}{shares:>18}")
    grpc_rate(program, issuer, all_tokens[0], admin=free_port())
    rates = [grpc_rate(program, issuer, all_tokens[0]) for _ in range(TURNS)]
    print(f"{US + ', gRPC':<26}{statistics.median(rates):>12,.0f}")


if __name__ == "__main__":
    main()
