#!/usr/bin/env bash
# Real counterparts on loopback. Installs them, starts them, and ends by pid what it started.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
work="$(mktemp -d)"
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

passed=0
failed=0
step() {
    local name="$1"
    shift
    if "$@"; then
        echo "ok    $name"
        passed=$((passed + 1))
    else
        echo "FAIL  $name" >&2
        failed=$((failed + 1))
    fi
}
wait_for() {
    for _ in $(seq 1 150); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    echo "nothing listens on 127.0.0.1:$1" >&2
    return 1
}
status() { curl -s -o "$work/body" -D "$work/head" -w '%{http_code}' "$@"; }

echo "== installing the counterparts"
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
if ! command -v glewlwyd >/dev/null || ! command -v sqlite3 >/dev/null || ! command -v curl >/dev/null; then
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends \
        glewlwyd sqlite3 curl >/dev/null
fi
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'mcp>=2' httpx joserfc jsonschema
python="$work/venv/bin/python"

step "the JSON Schemas accept the examples and refuse bad samples" "$python" "$here/schemas.py"

echo "== building"
cd "$root"
swift build --enable-all-traits
bin="$(swift build --enable-all-traits --show-bin-path)"

echo "== the official MCP Python client against the demo"
"$bin/mcp-auth-dev" demo --auto-consent >"$work/demo.log" 2>&1 &
pids+=($!)
wait_for 8901
step "notes: sign-in, tools, step-up" \
    "$python" "$here/mcp_client.py" http://127.0.0.1:8901/notes list_notes create_note text
step "calendar: sign-in, tools, step-up, by introspection" \
    "$python" "$here/mcp_client.py" http://127.0.0.1:8901/calendar list_events create_event title

echo "== Glewlwyd as the issuer"
port=9021
mkdir -p "$work/glewlwyd"
sqlite3 "$work/glewlwyd/db" </usr/share/dbconfig-common/data/glewlwyd/install/sqlite3
cat >"$work/glewlwyd.conf" <<C
port=$port
bind_address="127.0.0.1"
external_url="http://127.0.0.1:$port"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="WARNING"
cookie_secure=0
cookie_same_site="lax"
session_key="G_SID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "$work/glewlwyd/db"; };
C
cat >"$work/server.json" <<C
{ "version": 1, "server": { "listen": "127.0.0.1:8902" },
  "issuers": {
    "rsa": { "issuer": "http://127.0.0.1:$port/api/rsa" },
    "ec": { "issuer": "http://127.0.0.1:$port/api/ec" },
    "ed": { "issuer": "http://127.0.0.1:$port/api/ed" } },
  "resources": [ { "resource": "http://127.0.0.1:8902/files", "protocol": "http",
    "issuers": [ { "name": "rsa", "allowed_scopes": ["files:read"] }, { "name": "ec", "allowed_scopes": ["files:read"] },
                 { "name": "ed", "allowed_scopes": ["files:read"] } ],
    "policies": ["policy.json"] } ] }
C
echo '{ "version": 1, "required_scopes": ["files:read"] }' >"$work/policy.json"
"$bin/mcp-auth" serve --config "$work/server.json" >"$work/serve.log" 2>&1 &
pids+=($!)
wait_for 8902
resource="http://127.0.0.1:8902/files"
answers() { [ "$(status "${@:2}")" = "$1" ]; }
step "the server runs while its issuer does not; no token is 401" answers 401 "$resource"

glewlwyd --config-file="$work/glewlwyd.conf" >"$work/glewlwyd.log" 2>&1 &
glewlwyd=$!
pids+=("$glewlwyd")
wait_for "$port"
for kind in rsa:RS256 ec:ES256 ed:EdDSA; do
    token="$("$python" "$here/glewlwyd.py" "http://127.0.0.1:$port" "$resource" "${kind%%:*}" "${kind##*:}")"
    step "a token of Glewlwyd passes (${kind##*:})" answers 200 "$resource" -H "Authorization: Bearer $token"
    step "the same token, changed, does not" answers 401 "$resource" -H "Authorization: Bearer ${token%????}AAAA"
done
step "the caller is named" grep -q '"client_id":"svc"' <(curl -s "$resource" -H "Authorization: Bearer $token")
step "provider check reports on it" \
    sh -c "\"$bin/mcp-auth\" provider check http://127.0.0.1:$port/api/rsa | grep -q code_response_type_supported"

echo "interop: $passed passed, $failed failed"
if [ "$failed" != 0 ]; then
    tail -20 "$work"/*.log >&2
    exit 1
fi
