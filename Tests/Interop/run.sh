#!/usr/bin/env bash
# Tests with real issuers and clients on loopback. Installs and starts them, and ends by pid only what it started.
#
# If MCPAUTH_BIN names a folder with the built programs, nothing is built.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
work="$(mktemp -d)"
cd "$root"
. "$here/lib.sh"
finish() {
    local status=$?
    for each in "${pids[@]}"; do stop "$each"; done
    if [ "$status" != 0 ]; then tail -n 8 "$work"/*.log >&2 || true; fi
    rm -rf "$work"
}
trap finish EXIT

echo "== installing the counterparts"
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
packages=(curl glewlwyd sqlite3 starman liblemonldap-ng-portal-perl libplack-perl libcrypt-openssl-rsa-perl
    libcrypt-urandom-perl libcrypt-jwt-perl libgd-securityimage-perl libimage-magick-perl libstring-random-perl
    libmime-tools-perl libemail-sender-perl libio-string-perl)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
venv="$work/venv"
python="$venv/bin/python"
python3 -m venv "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check \
    'mcp>=2.3' 'fastmcp>=4' canmcp httpx joserfc jsonschema authlib flask 'canaille[sqlite,front,oidc,server]==0.3.6'

step "the JSON Schemas accept the examples and refuse bad samples" "$python" "$here/schemas.py"

if [ -n "${MCPAUTH_BIN:-}" ]; then
    bin="$MCPAUTH_BIN"
else
    echo "== building"
    swift build --enable-all-traits
    bin="$(swift build --enable-all-traits --show-bin-path)"
fi

echo "== MCP clients against the demo"
demo_port=$(free_port)
issuer_port=$(free_port)
start demo "$demo_port" "$bin/mcp-auth-dev" demo --auto-consent --port "$demo_port" --issuer-port "$issuer_port"
notes=("http://127.0.0.1:$demo_port/notes" list_notes create_note text)
calendar=("http://127.0.0.1:$demo_port/calendar" list_events create_event title)
step "the official client, notes: sign-in, tools, step-up" \
    shown "$python" "$here/mcp_client.py" legacy "${notes[@]}"
step "… calendar: sign-in, tools, step-up, by introspection" \
    shown "$python" "$here/mcp_client.py" legacy "${calendar[@]}"
step "… notes in revision 2026-07-28: sign-in, tools, step-up, stream" \
    shown "$python" "$here/mcp_client.py" 2026-07-28 "${notes[@]}"
step "… calendar in revision 2026-07-28, by introspection" \
    shown "$python" "$here/mcp_client.py" 2026-07-28 "${calendar[@]}"
step "… notes, when it asks which revision there is" shown "$python" "$here/mcp_client.py" auto "${notes[@]}"
guestbook=("http://127.0.0.1:$demo_port/guestbook" "http://127.0.0.1:$demo_port/guestbook/results"
    list_entries sign_guestbook text)
for mode in legacy 2026-07-28 auto; do
    step "… guestbook ($mode): reads without a token, signs in when challenged, by a 401 or in a result" \
        shown "$python" "$here/public_client.py" "$mode" "${guestbook[@]}"
done
step "FastMCP's client, notes: sign-in, tools, step-up" shown "$python" "$here/fastmcp_client.py" "${notes[@]}"
step "… calendar, by introspection" shown "$python" "$here/fastmcp_client.py" "${calendar[@]}"
step "CanMCP, notes: every check of the server and of the sign-in" \
    shown "$python" "$here/canmcp_scan.py" "${notes[0]}" "http://127.0.0.1:$issuer_port"
step "… calendar, by introspection" \
    shown "$python" "$here/canmcp_scan.py" "${calendar[0]}" "http://127.0.0.1:$issuer_port"
stop "$pid"

for each in glewlwyd canaille lemonldap authlib; do . "$here/$each.sh"; done

echo "interop: $passed passed, $failed failed"
[ "$failed" = 0 ]
